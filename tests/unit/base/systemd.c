/* The service manager hears what it must, over real sockets and signals; a second instance is kept
 * out. */
#include "base/systemd.h"
#include "base/clock.h"
#include "unit/test.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/winnowd-service-XXXXXX";

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
    service_notify("READY=1\nSTATUS=%d of %s", 3, "four");
    assert_string_equal(next_of(fd), "READY=1\nSTATUS=3 of four");
    service_notify("WATCHDOG=1");
    service_notify("STOPPING=1");
    assert_string_equal(next_of(fd), "WATCHDOG=1"); // one datagram a call
    assert_string_equal(next_of(fd), "STOPPING=1");
    int64_t before = clock_ns() / 1000, said = 0;
    service_reloading();
    assert_int_equal(sscanf(next_of(fd), "RELOADING=1\nMONOTONIC_USEC=%" SCNd64, &said), 1);
    assert_true(said >= before && said <= clock_ns() / 1000);
    char full[3000];
    memset(full, 'x', sizeof full - 1);
    full[sizeof full - 1] = '\0';
    service_notify("STATUS=%s", full); // cut, not dropped and not overrun
    const char *cut = next_of(fd);
    assert_int_equal(strncmp(cut, "STATUS=xxx", 10), 0);
    assert_true(strlen(cut) > 500 && cut[strlen(cut) - 1] == 'x');
    unsetenv("NOTIFY_SOCKET");
    service_notify("READY=1");
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
        service_notify("READY=1");
    }
    char far[300];
    memset(far, '/', sizeof far - 1);
    far[sizeof far - 1] = '\0';
    setenv("NOTIFY_SOCKET", far, 1); // longer than an address can be
    service_notify("READY=1");
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(dup(0), next); // and no descriptor is left behind
    close(next);
}

static int64_t watchdog(const char *usec, const char *pid) {
    unsetenv("WATCHDOG_USEC"), unsetenv("WATCHDOG_PID");
    if (usec) setenv("WATCHDOG_USEC", usec, 1);
    if (pid) setenv("WATCHDOG_PID", pid, 1);
    return service_watchdog_ms();
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

/* ---- signals ---- */

static void *send_soon(void *arg) {
    clock_sleep_ms(30);
    kill(getpid(), (int)(intptr_t)arg);
    return NULL;
}

static void signals_are_events(void **state) {
    static const struct {
        int sent;
        enum service_signal got;
    } cases[] = {{SIGTERM, SERVICE_STOP}, {SIGINT, SERVICE_STOP}, {SIGHUP, SERVICE_RELOAD}};
    (void)state;
    service_block_signals();
    for (size_t i = 0; i < 3; i++) {
        kill(getpid(), cases[i].sent); // pending, so that nothing is lost before the wait
        assert_int_equal(service_wait_signal(5000), cases[i].got);
        assert_int_equal(service_wait_signal(0), SERVICE_NONE); // taken once
        pthread_t
            thread; // one that comes during the wait, taken here though another thread sends it
        pthread_create(&thread, NULL, send_soon, (void *)(intptr_t)cases[i].sent);
        int64_t before = clock_ms();
        assert_int_equal(service_wait_signal(20000), cases[i].got);
        assert_true(clock_ms() - before < 10000);
        pthread_join(thread, NULL);
    }
    int64_t before = clock_ms();
    assert_int_equal(service_wait_signal(1050), SERVICE_NONE);
    assert_true(clock_ms() - before >= 1049);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1); // and we live
    assert_int_equal(errno, EPIPE);
    close(ends[1]);
}

/* ---- the lock ---- */

/* The result of taking the lock in another process, which ends at once or when the pipe is
 * closed. */
static int lock_elsewhere(const char *where, const char *name, pid_t *holder, int *hold) {
    int result[2], stay[2], got = 1;
    assert_int_equal(pipe(result), 0);
    assert_int_equal(pipe(stay), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char c;
        close(stay[1]);
        got = service_lock(where, name);
        if (write(result[1], &got, sizeof got) != sizeof got) _exit(1);
        if (read(stay[0], &c, 1) != 0) _exit(1);
        _exit(0);
    }
    close(stay[0]), close(result[1]);
    assert_int_equal(read(result[0], &got, sizeof got), sizeof got);
    close(result[0]);
    *holder = pid, *hold = stay[1];
    return got;
}

static void let_go(pid_t holder, int hold) {
    int status = -1;
    close(hold);
    assert_int_equal(waitpid(holder, &status, 0), holder);
    assert_int_equal(status, 0);
}

static void one_process_holds_the_lock(void **state) {
    (void)state;
    char *where = xasprintf("%s/state", dir);
    pid_t holder, other;
    int hold, hold_other;
    mode_t before = umask(0);
    assert_int_equal(lock_elsewhere(where, "a", &holder, &hold), 0);
    umask(before);
    struct stat st;
    assert_int_equal(stat(where, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(service_lock(where, "a"), ERR_FENCED);
    assert_int_equal(lock_elsewhere(where, "b", &other, &hold_other),
                     0); // another name, another lock
    let_go(other, hold_other);
    kill(holder, SIGKILL); // however it ends
    waitpid(holder, NULL, 0);
    close(hold);
    assert_int_equal(service_lock(where, "a"), 0);
    assert_int_equal(lock_elsewhere(where, "a", &other, &hold_other), ERR_FENCED);
    let_go(other, hold_other);
    char *file = xasprintf("%s/a.lock", where);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    free(file), free(where);
}

static void the_holder_is_known(void **state) {
    (void)state;
    pid_t holder;
    int hold;
    assert_int_equal(service_holder(dir, "held"), ERR_MISSING);
    assert_int_equal(lock_elsewhere(dir, "held", &holder, &hold), 0);
    assert_int_equal(service_holder(dir, "held"), holder);
    let_go(holder, hold);
    assert_int_equal(service_holder(dir, "held"), 0); // the file stays, the holder is gone
    char *file = xasprintf("%s/held.lock", dir);
    remove(file);
    free(file);
}

static void an_outcome_is_read_whole(void **state) {
    (void)state;
    struct service_outcome o;
    char *file = xasprintf("%s/out.reload", dir);
    assert_int_equal(service_outcome_read(dir, "out", &o), ERR_MISSING);
    assert_int_equal(service_outcome_write(
                         dir, "out",
                         &(struct service_outcome){
                             .started_ns = 42, .taken = true, .said = (char *)"changed: a\nb\n"}),
                     0);
    assert_int_equal(service_outcome_read(dir, "out", &o), 0);
    assert_true(o.started_ns == 42 && o.taken);
    assert_string_equal(o.said, "changed: a\nb\n");
    free(o.said);
    assert_int_equal(
        service_outcome_write(dir, "out",
                              &(struct service_outcome){.started_ns = 43, .said = (char *)""}),
        0);
    assert_int_equal(service_outcome_read(dir, "out", &o), 0);
    assert_true(o.started_ns == 43 && !o.taken && !*o.said);
    free(o.said);
    FILE *f = fopen(file, "w");
    fputs("nonsense", f);
    fclose(f);
    assert_int_equal(service_outcome_read(dir, "out", &o), ERR_MISSING);
    remove(file);
    free(file);
}

static void a_place_that_cannot_be_locked(void **state) {
    (void)state;
    char *where = xasprintf("%s/no/such", dir), *link = xasprintf("%s/link.lock", dir),
         *file = xasprintf("%s/file", dir), *target = xasprintf("%s/elsewhere", dir);
    assert_int_equal(service_lock(where, "a"), ERR_IO);
    assert_int_equal(symlink("elsewhere", link), 0); // never through a link that someone has laid
    assert_int_equal(service_lock(dir, "link"), ERR_IO);
    assert_int_equal(access(target, F_OK), -1);
    FILE *f = fopen(file, "w");
    fclose(f);
    assert_int_equal(service_lock(file, "a"), ERR_IO);
    assert_int_equal(errno, ENOTDIR);
    free(where), free(link), free(file), free(target);
}

/* ---- one BLAS thread ---- */

/* Runs this program again in a child: with "blas" as argument it says the count it was started
 * with. */
static void blas_is_told_before_it_loads(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        int ends[2];
        char said[32] = "";
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
            char *argv[] = {(char[]){"service"}, (char[]){"blas"}, NULL};
            dup2(ends[1], STDOUT_FILENO);
            if (i == 0) unsetenv("OPENBLAS_NUM_THREADS");
            else setenv("OPENBLAS_NUM_THREADS", i == 1 ? "8" : "1", 1);
            execv("/proc/self/exe", argv);
            _exit(1);
        }
        close(ends[1]);
        size_t n = 0;
        for (ssize_t got;
             n < sizeof said - 1 && (got = read(ends[0], said + n, sizeof said - 1 - n)) > 0;)
            n += (size_t)got;
        close(ends[0]);
        waitpid(pid, NULL, 0);
        assert_string_equal(said, "blas 1\n");
    }
}

/* ---- ---- */

static int make_dir(void **state) {
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state) {
    static const char *const left[] = {"state/a.lock", "state/b.lock", "state",
                                       "link.lock",    "file",         ""};
    (void)state;
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        char *path = xasprintf("%s/%s", dir, left[i]);
        remove(path);
        free(path);
    }
    return access(dir, F_OK) == 0; // all that we made is gone
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "blas") == 0) {
        service_single_blas_thread(argv);
        printf("%s %s\n", argv[1], getenv("OPENBLAS_NUM_THREADS"));
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notify_by_path),
        cmocka_unit_test(notify_by_abstract_name),
        cmocka_unit_test(notify_never_fails),
        cmocka_unit_test(the_watchdog_is_for_us_only),
        cmocka_unit_test(one_process_holds_the_lock), // forks: before signals are blocked
        cmocka_unit_test(the_holder_is_known),
        cmocka_unit_test(an_outcome_is_read_whole),
        cmocka_unit_test(a_place_that_cannot_be_locked),
        cmocka_unit_test(blas_is_told_before_it_loads),
        cmocka_unit_test(signals_are_events),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
