/* True labels by sample id: an id is put once or replaced, one that is not there is unknown, and
 * each sample is judged once. */
#include "data/true_labels.h"

#include "unit/test.h"

#include <stdio.h>

static void test_an_id_is_put_once(void **state) {
    (void)state;
    struct true_labels *t = true_labels_create();
    assert_int_equal(true_labels_put(t, TEXT("a"), 2), 0);
    assert_int_equal(true_labels_put(t, TEXT("a"), 1), ERR_MISMATCH);
    assert_int_equal(true_labels_get(t, TEXT("a")), 2);
    assert_int_equal(true_labels_get(t, TEXT("b")), TRUE_LABEL_UNKNOWN);
    assert_int_equal(true_labels_put(t, TEXT("b"), TRUE_LABEL_UNKNOWN), 0);
    assert_int_equal(true_labels_get(t, TEXT("b")), TRUE_LABEL_UNKNOWN);
    true_labels_destroy(t);
}

static void test_a_later_class_replaces(void **state) {
    (void)state;
    struct true_labels *t = true_labels_create();
    assert_true(true_labels_replace(t, TEXT("a"), 0));
    assert_false(true_labels_replace(t, TEXT("a"), 1));
    assert_int_equal(true_labels_get(t, TEXT("a")), 1);
    true_labels_destroy(t);
}

static void test_each_sample_is_judged_once(void **state) {
    (void)state;
    enum { N = 1000 };
    struct true_labels *t = true_labels_create();
    char id[16];
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "s-%d", i);
        assert_int_equal(true_labels_put(t, text_of(id), i % 7), 0);
    }
    for (int i = N; i-- > 0;) {
        snprintf(id, sizeof id, "s-%d", i);
        assert_int_equal(true_labels_judge(t, text_of(id)), i % 7);
        assert_int_equal(true_labels_judge(t, text_of(id)), TRUE_LABEL_JUDGED);
        assert_int_equal(true_labels_get(t, text_of(id)), i % 7);
    }
    assert_int_equal(true_labels_judge(t, TEXT("other")), TRUE_LABEL_UNKNOWN);
    true_labels_destroy(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_id_is_put_once),
        cmocka_unit_test(test_a_later_class_replaces),
        cmocka_unit_test(test_each_sample_is_judged_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
