/* The event of a label: a row as that of a sample, or a reason why the label cannot be read. */
#include "encode/own_event.h"

#include "unit/config/config_file.h"

static void an_event_is_a_row_or_a_reason(void **state) {
    (void)state;
    struct config *c = parsed("model: {classes: [a, b]}\nfeatures: [{name: x}, {name: y}]\n");
    struct features *f;
    struct own_events *o;
    const char *why = NULL;
    assert_int_equal(features_of(&f, c), 0);
    assert_int_equal(own_events_create(&o, c, f), 0);
    const double *row = own_events_row(o, TEXT("{\"x\":2,\"y\":3}"), 0, &why);
    assert_true(row && row[0] == 2 && row[1] == 3);
    assert_null(own_events_row(o, TEXT("{\"x\":\"much\"}"), 0, &why));
    assert_non_null(strstr(why, "can not be read"));
    assert_null(own_events_row(o, TEXT("{\"z\":1}"), 0, &why));
    assert_non_null(strstr(why, "none of the fields"));
    own_events_destroy(o);
    features_destroy(f);
    config_destroy(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_event_is_a_row_or_a_reason)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
