/* The service manager hears what it must, over real sockets. */
#include "base/systemd.h"

#include "base/clock.h"
#include "unit/test.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char dir[] = "/tmp/winnowd-systemd-XXXXXX";

/* ---- notify ---- */

static int listen_at(const char *name) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    memcpy(at.sun_path, name, strlen(name));
    if (name[0] == '@') at.sun_path[0] = '\0';
    assert_int_equal(bind(fd, (struct sockaddr *)&at,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                     0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

/* The next datagram; "" where there is none. Local datagrams are there as soon as they are sent. */
static const char *next_of(int fd) {
    static char text[4096];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void check_notify(const char *name) {
    int fd = listen_at(name);
    systemd_notify("READY=1\nSTATUS=%d of %s", 3, "four");
    assert_string_equal(next_of(fd), "READY=1\nSTATUS=3 of four");
    systemd_notify("WATCHDOG=1");
    systemd_notify("STOPPING=1");
    assert_string_equal(next_of(fd), "WATCHDOG=1"); // one datagram a call
    assert_string_equal(next_of(fd), "STOPPING=1");
    int64_t before = clock_ns() / 1000, said = 0;
    systemd_reloading();
    assert_int_equal(sscanf(next_of(fd), "RELOADING=1\nMONOTONIC_USEC=%" SCNd64, &said), 1);
    assert_true(said >= before && said <= clock_ns() / 1000);
    char full[3000];
    memset(full, 'x', sizeof full - 1);
    full[sizeof full - 1] = '\0';
    systemd_notify("STATUS=%s", full); // cut, not dropped and not overrun
    const char *cut = next_of(fd);
    assert_int_equal(strncmp(cut, "STATUS=xxx", 10), 0);
    assert_true(strlen(cut) > 500 && cut[strlen(cut) - 1] == 'x');
    unsetenv("NOTIFY_SOCKET");
    systemd_notify("READY=1");
    assert_string_equal(next_of(fd), "");
    close(fd);
}

static void notify_by_path(void **state) {
    (void)state;
    char *path = xasprintf("%s/notify", dir);
    check_notify(path);
    unlink(path);
    free(path);
}

static void notify_by_abstract_name(void **state) {
    (void)state;
    char *name = xasprintf("@winnowd-test-%d", (int)getpid());
    check_notify(name);
    free(name);
}

static void notify_never_fails(void **state) {
    int next = dup(0);
    close(next);
    static const char *const names[] = {"", "relative", "/no/such/socket",
                                        "@winnowd-no-one-listens"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        systemd_notify("READY=1");
    }
    char far[300];
    memset(far, '/', sizeof far - 1);
    far[sizeof far - 1] = '\0';
    setenv("NOTIFY_SOCKET", far, 1); // longer than an address can be
    systemd_notify("READY=1");
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(dup(0), next); // and no descriptor is left behind
    close(next);
}

static int64_t watchdog(const char *usec, const char *pid) {
    unsetenv("WATCHDOG_USEC"), unsetenv("WATCHDOG_PID");
    if (usec) setenv("WATCHDOG_USEC", usec, 1);
    if (pid) setenv("WATCHDOG_PID", pid, 1);
    return systemd_watchdog_ms();
}

static void the_watchdog_is_for_us_only(void **state) {
    char *ours = xasprintf("%d", (int)getpid()), *other = xasprintf("%d", (int)getppid());
    (void)state;
    assert_int_equal(watchdog(NULL, NULL), 0);
    assert_int_equal(watchdog(NULL, ours), 0);
    assert_int_equal(watchdog("60000000", NULL), 30000); // half of it
    assert_int_equal(watchdog("60000000", ours), 30000);
    assert_int_equal(watchdog("60000000", other), 0);
    assert_int_equal(watchdog("rubbish", ours), 0);
    assert_int_equal(watchdog("-60000000", ours), 0);
    watchdog(NULL, NULL);
    free(ours), free(other);
}

static int make_dir(void **state) {
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    return rmdir(dir); // all that we made is gone
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notify_by_path),
        cmocka_unit_test(notify_by_abstract_name),
        cmocka_unit_test(notify_never_fails),
        cmocka_unit_test(the_watchdog_is_for_us_only),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
