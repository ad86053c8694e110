/* A system that has no more threads to give. Loaded with LD_PRELOAD: as many as $WINNOWD_THREADS
 * says can be started, each further one is refused.
 *
 * Thread: any */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

static _Atomic long left;

__attribute__((constructor)) static void no_threads_begin(void) {
    const char *most = getenv("WINNOWD_THREADS");
    left = most ? atol(most) : 1000000;
}

int pthread_create(pthread_t *out, const pthread_attr_t *how, void *(*run)(void *), void *arg) {
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
        (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(
            RTLD_NEXT, "pthread_create");
    return left-- > 0 ? real(out, how, run, arg) : EAGAIN;
}

int thrd_create(thrd_t *out, thrd_start_t run, void *arg) {
    int (*real)(thrd_t *, thrd_start_t, void *) =
        (int (*)(thrd_t *, thrd_start_t, void *))dlsym(RTLD_NEXT, "thrd_create");
    if (left-- > 0) return real(out, run, arg);
    errno = EAGAIN;
    return thrd_error;
}
