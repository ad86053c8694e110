/* Files that are there whole or as they were: on a full disk, through a link, into a device. */
#include "base/atomic_file.h"
#include "unit/test.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/winnowd-outfile-XXXXXX", file[64], other[64];
static struct buf why;

static int make_directory(void **state) {
    (void)state;
    if (!mkdtemp(directory)) return -1;
    snprintf(file, sizeof file, "%s/file", directory);
    snprintf(other, sizeof other, "%s/link", directory);
    return 0;
}

static int remove_directory(void **state) {
    (void)state;
    unlink(file);
    unlink(other);
    buf_release(&why);
    return rmdir(directory); // nothing else was left in it
}

static void holds(const char *name, const char *text) {
    char got[64] = "";
    FILE *f = fopen(name, "r");
    assert_non_null(f);
    got[fread(got, 1, sizeof got - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(got, text);
}

static int files(void) {
    DIR *d = opendir(directory);
    int n = 0;
    for (struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void a_new_one_and_an_old_one(void **state) {
    (void)state;
    struct stat s;
    assert_int_equal(atomic_file_check(file, &why), 0);
    assert_int_equal(access(file, F_OK), -1); // asking makes nothing
    assert_int_equal(atomic_file_write(file, TEXT("one"), &why), 0);
    holds(file, "one");
    assert_int_equal(chmod(file, 0640), 0);
    assert_int_equal(atomic_file_check(file, &why), 0);
    assert_int_equal(atomic_file_write(file, TEXT("two"), &why), 0);
    holds(file, "two");
    assert_int_equal(stat(file, &s), 0);
    assert_int_equal(s.st_mode & 07777, 0640);
    assert_int_equal(files(), 1);
}

static void a_full_disk_leaves_what_was_there(void **state) {
    (void)state;
    struct rlimit before, small = {4, RLIM_INFINITY};
    assert_int_equal(atomic_file_write(file, TEXT("old"), &why), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int result = atomic_file_write(file, TEXT("longer than four bytes"), &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(result, ERR_IO);
    assert_non_null(strstr(buf_string(&why), "cannot write"));
    holds(file, "old");
    assert_int_equal(files(), 1);
}

static void links_are_followed_and_devices_written_into(void **state) {
    (void)state;
    struct stat s;
    assert_int_equal(atomic_file_write(file, TEXT("old"), &why), 0);
    assert_int_equal(symlink(file, other), 0);
    assert_int_equal(atomic_file_write(other, TEXT("new"), &why), 0);
    holds(file, "new");
    assert_int_equal(lstat(other, &s), 0);
    assert_true(S_ISLNK(s.st_mode));
    assert_int_equal(atomic_file_write("/dev/null", TEXT("x"), &why), 0);
    assert_int_equal(atomic_file_write("/dev/full", TEXT("x"), &why), ERR_IO);
    assert_int_equal(stat("/dev/null", &s), 0);
    assert_true(S_ISCHR(s.st_mode));
    unlink(other);
}

static void what_cannot_be_written_is_known_before(void **state) {
    (void)state;
    char below[96];
    snprintf(below, sizeof below, "%s/none/file", directory);
    assert_int_equal(atomic_file_check(below, &why), ERR_IO);
    assert_int_equal(atomic_file_check(directory, &why), ERR_IO);
    assert_int_equal(atomic_file_write(directory, TEXT("x"), &why), ERR_IO);
    assert_int_equal(atomic_file_write(below, TEXT("x"), &why), ERR_IO);
}

static void one_file_by_two_names(void **state) {
    (void)state;
    char roundabout[128], new[128], same[128];
    snprintf(roundabout, sizeof roundabout, "%s/./file", directory);
    snprintf(new, sizeof new, "%s/new", directory);
    snprintf(same, sizeof same, "%s/../%s/new", directory, strrchr(directory, '/') + 1);
    assert_int_equal(atomic_file_write(file, TEXT("x"), &why), 0);
    assert_true(atomic_file_same(file, roundabout));
    assert_true(atomic_file_same(new, same)); // neither is there yet
    assert_false(atomic_file_same(file, new));
    assert_false(atomic_file_same("/dev/null", "/dev/null")); // nothing to overwrite
    assert_false(atomic_file_same(NULL, file));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_one_and_an_old_one),
        cmocka_unit_test(a_full_disk_leaves_what_was_there),
        cmocka_unit_test(links_are_followed_and_devices_written_into),
        cmocka_unit_test(what_cannot_be_written_is_known_before),
        cmocka_unit_test(one_file_by_two_names),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
