/* The pictures as files: each is whole, no coordinate is NaN, and what is drawn is what the text
 * around it says. */
#include "figures/pictures.h"

#include "base/buf.h"
#include "unit/capture.h"
#include "unit/test.h"

#include <stdlib.h>

static char directory[] = "/tmp/winnowd-pictures-XXXXXX";
static const char *const files[] = {"two-gaussians.svg", "simplex.svg", "learning-curve.svg",
                                    "growth.svg"};
enum { FILES = sizeof files / sizeof *files };
static struct buf picture[FILES];

static void read_picture(size_t i) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, files[i]);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (size_t n; (n = fread(buf_room(&picture[i], 1 << 16), 1, 1 << 16, f)) > 0;)
        picture[i].len += n;
    buf_string(&picture[i]);
    fclose(f);
    unlink(path);
}

static int setup(void **state) {
    (void)state;
    char said[1024];
    struct capture c;
    if (!mkdtemp(directory)) return -1;
    capture_begin(&c);
    int code = pictures_write(directory, 1);
    capture_end(&c, said, sizeof said);
    if (code) fail_msg("exit code %d: %s", code, said);
    for (size_t i = 0; i < FILES; i++) {
        assert_non_null(strstr(said, files[i]));
        read_picture(i);
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    for (size_t i = 0; i < FILES; i++) buf_release(&picture[i]);
    return rmdir(directory);
}

static size_t count(size_t i, const char *what) {
    size_t n = 0;
    for (const char *at = picture[i].at; (at = strstr(at, what)); at++) n++;
    return n;
}

static void test_each_is_whole(void **state) {
    (void)state;
    for (size_t i = 0; i < FILES; i++) {
        assert_true(count(i, "<svg") > 0);
        assert_int_equal(count(i, "<svg"), count(i, "</svg"));
        assert_int_equal(count(i, "nan"), 0);
    }
}

static void test_the_simplex_shows_the_classic_measures(void **state) {
    (void)state;
    assert_int_equal(count(1, ">entropy<"), 1);
    assert_int_equal(count(1, ">margin<"), 1);
    assert_int_equal(count(1, ">least_confidence<"), 1);
    /* The lightest colour: entropy and least confidence, at least, have a best cell. */
    assert_true(count(1, "fill='#fce896'") >= 2);
}

static void test_the_labelled_set_grows_by_five(void **state) {
    (void)state;
    assert_int_equal(count(3, "<svg"), 7); // six charts in one file
    assert_int_equal(count(3, "class='d s0 r'") + count(3, "class='d s1 r'"),
                     5 + 10 + 15 + 20 + 25 + 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_whole),
        cmocka_unit_test(test_the_simplex_shows_the_classic_measures),
        cmocka_unit_test(test_the_labelled_set_grows_by_five)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
