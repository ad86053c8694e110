/* What this processor can do, asked when the process runs: one binary serves all.
 *
 * Thread: any thread */
#pragma once

#include <stdbool.h>

/* AVX2, BMI1 and BMI2 (x86-64-v3). */
static inline bool cpu_has_avx2(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
#else
    return false;
#endif
}
