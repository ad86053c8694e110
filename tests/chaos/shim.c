/* What a machine does to a process: its clock is stepped, its disk is full. Loaded with LD_PRELOAD
 * into a daemon under test; the harness writes both into a file that is mapped here.
 *
 * A step moves CLOCK_REALTIME only, as settimeofday does; waits until a moment of that clock wait
 * as long as they were meant to (the kernel's own clock has not moved). libfaketime knows no
 * cnd_timedwait, by which librdkafka waits, so a step of days would put its threads to sleep for
 * days.
 *
 * While the disk is full, writes that may need room fail in regular files: pipes and sockets work.
 *
 * Thread: any */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

struct world {
    _Atomic int64_t ahead_s; // the wall clock is so many seconds ahead
    _Atomic int64_t full;    // 1: the disk is full
};

enum {
    REALTIME_S = 1000000000
}; // a later moment is one of the wall clock: no machine is up so long

static struct world *world;

__attribute__((constructor)) static void shim_open(void) {
    const char *path = getenv("WINNOWD_CHAOS_WORLD");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *at = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at != MAP_FAILED) world = at;
}

static int64_t shim_ahead(void) { return world ? world->ahead_s : 0; }

/* The function of that name that would have been called. */
static void *shim_real(void **cache, const char *name) {
    if (!*cache) *cache = dlsym(RTLD_NEXT, name);
    return *cache;
}

#define REAL(result, name, ...)                                                                    \
    static void *cache_##name;                                                                     \
    result (*real)(__VA_ARGS__) = (result(*)(__VA_ARGS__))shim_real(&cache_##name, #name)

/* ---- the clock ---- */

int clock_gettime(clockid_t clock, struct timespec *out) {
    REAL(int, clock_gettime, clockid_t, struct timespec *);
    int result = real(clock, out);
    bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    if (result == 0 && wall) out->tv_sec += shim_ahead();
    return result;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    REAL(int, gettimeofday, struct timeval *, void *);
    int result = real(out, zone);
    if (result == 0) out->tv_sec += shim_ahead();
    return result;
}

int timespec_get(struct timespec *out, int base) {
    REAL(int, timespec_get, struct timespec *, int);
    int result = real(out, base);
    if (result == TIME_UTC) out->tv_sec += shim_ahead();
    return result;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

static struct timespec shim_moment(const struct timespec *until) {
    struct timespec out = *until;
    if (out.tv_sec > REALTIME_S) out.tv_sec -= shim_ahead();
    return out;
}

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict until) {
    REAL(int, cnd_timedwait, cnd_t *, mtx_t *, const struct timespec *);
    struct timespec moment = shim_moment(until);
    return real(c, m, &moment);
}

int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m,
                           const struct timespec *restrict until) {
    REAL(int, pthread_cond_timedwait, pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    struct timespec moment = shim_moment(until);
    return real(c, m, &moment);
}

/* ---- the disk ---- */

static bool shim_full(int fd) {
    struct stat s;
    if (!world || !world->full || fstat(fd, &s) != 0 || !S_ISREG(s.st_mode)) return false;
    errno = ENOSPC;
    return true;
}

ssize_t write(int fd, const void *data, size_t n) {
    REAL(ssize_t, write, int, const void *, size_t);
    return shim_full(fd) ? -1 : real(fd, data, n);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    return shim_full(fd) ? -1 : real(fd, data, n, at);
}

ssize_t writev(int fd, const struct iovec *part, int n) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    return shim_full(fd) ? -1 : real(fd, part, n);
}

ssize_t pwritev(int fd, const struct iovec *part, int n, off_t at) {
    REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t);
    return shim_full(fd) ? -1 : real(fd, part, n, at);
}

int ftruncate(int fd, off_t size) {
    REAL(int, ftruncate, int, off_t);
    return shim_full(fd) ? -1 : real(fd, size);
}
