/* Kernels of scoring for any processor, and which ones are taken (kernels.h).
 *
 * Thread: any */
#include "base/cpu.h"

enum { KERNEL_BYTES = 16 }; // of a vector: SSE2 and NEON have as many

#define KERNELS kernels_portable
#include "kernels_body.h"

const struct kernels *kernels_here(void) {
#if defined(__x86_64__)
    if (cpu_has_avx2()) return &kernels_avx2;
#endif
    return &kernels_portable;
}
