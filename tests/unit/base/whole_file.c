/* Whatever stands at a path is read to its end, or refused: nothing is waited for for ever, and
 * nothing is taken beyond the bound. */
#include "base/whole_file.h"

#include "unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGE = 200000 }; // more than a pipe holds

static char dir[] = "/tmp/winnowd-file-XXXXXX";

static char *at(const char *name) { return xasprintf("%s/%s", dir, name); }

static void expect(const char *path, size_t most, int error, size_t len) {
    struct buf b = {0};
    buf_str(&b, "before ");
    assert_int_equal(whole_file_read(path, most, &b), error);
    assert_int_equal(b.len, len + 7);
    assert_memory_equal(b.at, "before ", 7);
    buf_release(&b);
}

static void a_file_is_read_up_to_the_bound(void **state) {
    (void)state;
    char *path = at("file");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < LARGE; i++) fputc('x', f);
    fclose(f);
    expect(path, LARGE + 1, 0, LARGE);
    expect(path, LARGE, 0, LARGE);
    expect(path, LARGE - 1, EFBIG, LARGE - 1);
    expect(path, 0, EFBIG, 0);
    expect("/dev/zero", LARGE, EFBIG, LARGE);
    expect("/dev/null", 0, 0, 0);
    unlink(path);
    free(path);
}

static void what_is_no_file_is_refused(void **state) {
    (void)state;
    char *loop = at("loop"), *absent = at("absent");
    assert_int_equal(symlink("loop", loop), 0);
    expect(dir, LARGE, EISDIR, 0);
    expect(loop, LARGE, ELOOP, 0);
    expect(absent, LARGE, ENOENT, 0);
    unlink(loop);
    free(loop);
    free(absent);
}

static void *write_it(void *path) {
    int fd = open(path, O_WRONLY); // once somebody reads
    for (int i = 0; i < LARGE; i++)
        if (write(fd, "y", 1) != 1) break;
    close(fd);
    return NULL;
}

static void a_pipe_is_read_to_its_end(void **state) {
    (void)state;
    pthread_t writer;
    char *path = at("pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_it, path), 0);
    expect(path, LARGE, 0, LARGE);
    pthread_join(writer, NULL);
    unlink(path);
    free(path);
}

static void a_pipe_that_nobody_writes_is_given_up(void **state) {
    (void)state;
    char *path = at("silent");
    assert_int_equal(mkfifo(path, 0600), 0);
    expect(path, LARGE, ETIMEDOUT, 0);
    int fd = open(path, O_RDWR); // one that has it open and says half of it
    assert_int_equal(write(fd, "half", 4), 4);
    expect(path, LARGE, ETIMEDOUT, 4);
    close(fd);
    unlink(path);
    free(path);
}

static int make_dir(void **state) {
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    return rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_up_to_the_bound),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(a_pipe_is_read_to_its_end),
        cmocka_unit_test(a_pipe_that_nobody_writes_is_given_up),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
