/* The service manager's side of a daemon: 60 lines of notify protocol instead of a library, signals
 * as events, one lock file.
 *
 * Thread: main thread */
#include "base/systemd.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- notify ---- */

static void send_state(const char *state, size_t len) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof to.sun_path) return;
    memcpy(to.sun_path, path, strlen(path));
    if (path[0] == '@') to.sun_path[0] = '\0'; // abstract
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    ssize_t sent = sendto(fd, state, len, MSG_NOSIGNAL, (struct sockaddr *)&to,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
    (void)sent; // a manager that does not listen is no reason to stop
    close(fd);
}

void service_notify(const char *format, ...) {
    char state[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(state, sizeof state, format, args);
    va_end(args);
    if (n > 0) send_state(state, (size_t)n < sizeof state ? (size_t)n : sizeof state - 1);
}

void service_reloading(void) {
    service_notify("RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_ns() / 1000);
}

int64_t service_watchdog_ms(void) {
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (!usec || (pid && strtoll(pid, NULL, 10) != (long long)getpid())) return 0;
    long long ms = strtoll(usec, NULL, 10) / 2000;
    return ms > 0 ? ms : 0;
}

/* ---- signals ---- */

static sigset_t systemd_handled(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

void service_block_signals(void) {
    sigset_t set = systemd_handled();
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    signal(SIGPIPE, SIG_IGN);
}

enum service_signal service_wait_signal(int64_t timeout_ms) {
    sigset_t set = systemd_handled();
    struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000};
    switch (sigtimedwait(&set, NULL, &timeout)) {
    case SIGTERM:
    case SIGINT: return SERVICE_STOP;
    case SIGHUP: return SERVICE_RELOAD;
    default: return SERVICE_NONE;
    }
}

/* ---- one instance ---- */

int service_lock(const char *dir, const char *name) {
    if (mkdir(dir, 0700) < 0 && errno != EEXIST) return ERR_IO;
    char *path = xasprintf("%s/%s.lock", dir, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    free(path);
    if (fd < 0) return ERR_IO;
    struct flock named = {.l_type = F_WRLCK,
                          .l_whence = SEEK_SET}; // this one says to others who holds it
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fcntl(fd, F_SETLK, &named) == 0)
        return 0; // held, with the descriptor, until the process ends
    int result = errno == EWOULDBLOCK ? ERR_FENCED : ERR_IO;
    close(fd);
    return result;
}

int service_holder(const char *dir, const char *name) {
    char *path = xasprintf("%s/%s.lock", dir, name);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    free(path);
    if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? ERR_MISSING : ERR_IO;
    struct flock held = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int result = fcntl(fd, F_GETLK, &held) < 0 ? ERR_IO : held.l_type == F_UNLCK ? 0 : held.l_pid;
    close(fd);
    return result;
}

/* ---- outcome of a reload ---- */

int service_outcome_write(const char *dir, const char *name, const struct service_outcome *o) {
    char *path = xasprintf("%s/%s.reload", dir, name), *fresh = xasprintf("%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool written =
        fd >= 0 && dprintf(fd, "%" PRId64 " %d\n%s", o->started_ns, o->taken, o->said) > 0;
    if (fd >= 0) written &= close(fd) == 0;
    int result = written && rename(fresh, path) == 0 ? 0 : ERR_IO;
    free(path);
    free(fresh);
    return result;
}

int service_outcome_read(const char *dir, const char *name, struct service_outcome *o) {
    char *path = xasprintf("%s/%s.reload", dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), taken = 0, at = 0;
    free(path);
    if (fd < 0) return ERR_MISSING;
    char text[16384];
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    if (sscanf(text, "%" SCNd64 " %d%n", &o->started_ns, &taken, &at) != 2 || text[at] != '\n')
        return ERR_MISSING;
    o->taken = taken;
    o->said = xstrdup(text + at + 1);
    return 0;
}

void service_single_blas_thread(char **argv) {
    const char *now = getenv("OPENBLAS_NUM_THREADS");
    if (now && strcmp(now, "1") == 0) return;
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    char
        self[4096]; // by its own name: run as /proc/self/exe it would be called "exe" by ps and top
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return;
    self[n] = '\0';
    execv(self, argv); // on failure we go on, with more threads than we use
}
