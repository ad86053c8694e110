/* The notify protocol of sd_notify(3) in a few lines, instead of a library.
 *
 * Thread: main thread */
#include "base/systemd.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void systemd_send(const char *state, size_t len) {
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

void systemd_notify(const char *format, ...) {
    char state[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(state, sizeof state, format, args);
    va_end(args);
    if (n > 0) systemd_send(state, (size_t)n < sizeof state ? (size_t)n : sizeof state - 1);
}

void systemd_reloading(void) {
    systemd_notify("RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_ns() / 1000);
}

int64_t systemd_watchdog_ms(void) {
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (!usec || (pid && strtoll(pid, NULL, 10) != (long long)getpid())) return 0;
    long long ms = strtoll(usec, NULL, 10) / 2000;
    return ms > 0 ? ms : 0;
}
