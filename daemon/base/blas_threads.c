/* One thread in OpenBLAS, by running the program again.
 *
 * Our workers are the threads. OpenBLAS makes its own when it is loaded, which is before main, and
 * takes their number from the environment.
 *
 * Thread: main thread, before any other */
#include "base/blas_threads.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void blas_single_thread(char **argv) {
    const char *now = getenv("OPENBLAS_NUM_THREADS");
    if (now && strcmp(now, "1") == 0) return;
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    char self[PATH_MAX]; // run as /proc/self/exe, it would be called "exe" by ps and top
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return;
    self[n] = '\0';
    execv(self, argv); // on failure we go on, with more threads than we use
}
