/* Who asked for a reload reads a whole answer, or none. */
#include "run/reload_outcome.h"

#include "unit/test.h"

#include <unistd.h>

static char dir[] = "/tmp/winnowd-reload-XXXXXX";

static void an_outcome_is_read_whole(void **state) {
    (void)state;
    struct reload_outcome o;
    char *file = xasprintf("%s/out.reload", dir);
    assert_int_equal(reload_outcome_read(dir, "out", &o), ERR_MISSING);
    assert_int_equal(reload_outcome_write(
                         dir, "out",
                         &(struct reload_outcome){
                             .started_ns = 42, .taken = true, .said = (char *)"changed: a\nb\n"}),
                     0);
    assert_int_equal(reload_outcome_read(dir, "out", &o), 0);
    assert_true(o.started_ns == 42 && o.taken);
    assert_string_equal(o.said, "changed: a\nb\n");
    free(o.said);
    assert_int_equal(
        reload_outcome_write(dir, "out",
                             &(struct reload_outcome){.started_ns = 43, .said = (char *)""}),
        0);
    assert_int_equal(reload_outcome_read(dir, "out", &o), 0);
    assert_true(o.started_ns == 43 && !o.taken && !*o.said);
    free(o.said);
    FILE *f = fopen(file, "w");
    fputs("nonsense", f);
    fclose(f);
    assert_int_equal(reload_outcome_read(dir, "out", &o), ERR_MISSING);
    remove(file);
    free(file);
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
        cmocka_unit_test(an_outcome_is_read_whole),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
