/* What a decision costs: by a matrix, by an amount, and never absurdly. */
#include "config/cost.h"

#include "config_file.h"
#include "unit/test.h"

#include <math.h>

#define HEAD "model: {classes: [ok, fraud]}\nfeatures: [{name: amount}]\n"

static void without_a_matrix_each_error_costs_one(void **state) {
    (void)state;
    struct config *c = parsed(HEAD);
    for (size_t i = 0; i < 4; i++) assert_true(cost_of(c, i / 2, i % 2, 7) == (i / 2 != i % 2));
    assert_string_equal(cost_feature(c), "");
    config_destroy(c);
}

static void a_pair_costs_what_is_said(void **state) {
    (void)state;
    struct config *c = parsed(HEAD "watch: {cost: {fraud.ok: 100, ok.fraud: 2.5}}\n");
    assert_true(cost_of(c, 1, 0, 7) == 100 && cost_of(c, 0, 1, 7) == 2.5);
    assert_true(cost_of(c, 0, 0, 7) == 0 && cost_of(c, 1, 1, 7) == 0);
    assert_string_equal(cost_feature(c), "");
    config_destroy(c);
}

static void a_pair_costs_what_the_sample_has(void **state) {
    (void)state;
    struct config *c = parsed(HEAD "watch: {cost: {ok.fraud: 3, fraud.ok: amount}}\n");
    assert_string_equal(cost_feature(c), "amount");
    assert_true(cost_of(c, 1, 0, 81.5) == 81.5 && cost_of(c, 0, 1, 81.5) == 3);
    assert_true(cost_of(c, 1, 0, -4) == 0 && cost_of(c, 1, 0, 1e300) == 1e9);
    assert_true(cost_of(c, 1, 0, INFINITY) == 1e9 && isfinite(cost_of(c, 1, 0, NAN)));
    config_destroy(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_matrix_each_error_costs_one),
        cmocka_unit_test(a_pair_costs_what_is_said),
        cmocka_unit_test(a_pair_costs_what_the_sample_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
