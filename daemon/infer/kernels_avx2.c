/* Kernels of scoring for x86-64 processors with AVX2 (2013 and later). Compiled with -mavx2 and
 * called only where the processor has it (kernels.h).
 *
 * Thread: any */
#if defined(__AVX2__)

enum { KERNEL_BYTES = 32 }; // of a vector

#define KERNELS kernels_avx2
#include "kernels_body.h"

#else
typedef int kernels_avx2_not_here; // a file of ISO C is not empty
#endif
