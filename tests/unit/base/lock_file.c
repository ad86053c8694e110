/* A second instance is kept out, and is told who holds the lock. */
#include "base/lock_file.h"

#include "unit/test.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/winnowd-lock-XXXXXX";

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
        got = lock_file_take(where, name);
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
    assert_int_equal(lock_file_take(where, "a"), ERR_FENCED);
    assert_int_equal(lock_elsewhere(where, "b", &other, &hold_other),
                     0); // another name, another lock
    let_go(other, hold_other);
    kill(holder, SIGKILL); // however it ends
    waitpid(holder, NULL, 0);
    close(hold);
    assert_int_equal(lock_file_take(where, "a"), 0);
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
    assert_int_equal(lock_file_holder(dir, "held"), ERR_MISSING);
    assert_int_equal(lock_elsewhere(dir, "held", &holder, &hold), 0);
    assert_int_equal(lock_file_holder(dir, "held"), holder);
    let_go(holder, hold);
    assert_int_equal(lock_file_holder(dir, "held"), 0); // the file stays, the holder is gone
    char *file = xasprintf("%s/held.lock", dir);
    remove(file);
    free(file);
}

static void a_place_that_cannot_be_locked(void **state) {
    (void)state;
    char *where = xasprintf("%s/no/such", dir), *link = xasprintf("%s/link.lock", dir),
         *file = xasprintf("%s/file", dir), *target = xasprintf("%s/elsewhere", dir);
    assert_int_equal(lock_file_take(where, "a"), ERR_IO);
    assert_int_equal(symlink("elsewhere", link), 0); // never through a link that someone has laid
    assert_int_equal(lock_file_take(dir, "link"), ERR_IO);
    assert_int_equal(access(target, F_OK), -1);
    FILE *f = fopen(file, "w");
    fclose(f);
    assert_int_equal(lock_file_take(file, "a"), ERR_IO);
    assert_int_equal(errno, ENOTDIR);
    free(where), free(link), free(file), free(target);
}

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_process_holds_the_lock),
        cmocka_unit_test(the_holder_is_known),
        cmocka_unit_test(a_place_that_cannot_be_locked),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
