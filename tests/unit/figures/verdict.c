/* The sentence is right when this is better, when it is worse, when nothing is known, and when the
 * seeds cannot tell. */
#include "figures/verdict.h"
#include "unit/test.h"

#include <math.h>

static const double labels[] = {25, 50, 100, 200, 400};

static void expect(const double *mine, const double *random, size_t seeds, double error,
                   const char *sentence) {
    struct buf out = {0};
    struct verdict_curve own = {5, labels, mine}, other = {5, labels, random};
    verdict_write("accuracy", &own, &other, seeds, error, &out);
    assert_string_equal(buf_string(&out), sentence);
    buf_release(&out);
}

static void better(void **state) {
    (void)state;
    expect((const double[]){0.6, 0.7, 0.8, 0.85, 0.9}, (const double[]){0.5, 0.6, 0.7, 0.75, 0.8},
           5, 0.01, "To reach 80.0 % accuracy you need 400 labels at random, 100 with this.");
}

static void worse(void **state) {
    (void)state;
    expect((const double[]){0.5, 0.6, 0.7, 0.75, 0.8}, (const double[]){0.6, 0.7, 0.8, 0.85, 0.9},
           5, 0.01,
           "To reach 80.0 % accuracy you need 100 labels at random, 400 with this: here, random "
           "sampling is the better buy.");
}

/* What random sampling ends with, this has from the first label on. */
static void never_below(void **state) {
    (void)state;
    expect((const double[]){0.9, 0.9, 0.9, 0.9, 0.95}, (const double[]){0.5, 0.6, 0.7, 0.75, 0.8},
           5, 0.01,
           "To reach 80.0 % accuracy you need 400 labels at random, at most 25 with this.");
}

/* A level that is reached and lost again doesn't count. */
static void lost_again(void **state) {
    (void)state;
    expect((const double[]){0.9, 0.7, 0.7, 0.7, 0.8}, (const double[]){0.5, 0.6, 0.7, 0.75, 0.8}, 5,
           0.01,
           "To reach 80.0 % accuracy you need 400 labels at random, 400 with this. The difference "
           "is within the noise of 5 seeds.");
}

/* Of a rare class random sampling learns nothing. */
static void far_apart(void **state) {
    (void)state;
    expect((const double[]){0.001, 0.3, 0.5, 0.8, 0.89},
           (const double[]){0.001, 0.001, 0.001, 0.001, 0.001}, 5, 0.01,
           "With the same 400 labels random sampling comes to 0.1 % accuracy, this to 89.0 %.");
    expect(
        (const double[]){0.1, 0.1, 0.1, 0.1, 0.1}, (const double[]){0.1, 0.2, 0.3, 0.4, 0.5}, 1, 0,
        "With the same 400 labels random sampling comes to 50.0 % accuracy, this to 10.0 %. That "
        "is one seed: repeat it with --seeds 10 before you trust the difference.");
}

static void one_seed(void **state) {
    (void)state;
    expect((const double[]){0.6, 0.7, 0.8, 0.85, 0.9}, (const double[]){0.5, 0.6, 0.7, 0.75, 0.8},
           1, 0,
           "To reach 80.0 % accuracy you need 400 labels at random, 100 with this. That is one "
           "seed: repeat it with --seeds 10 before you trust the difference.");
}

static void unknown(void **state) {
    (void)state;
    expect((const double[]){NAN, NAN, NAN, NAN, NAN}, (const double[]){0.5, 0.6, 0.7, 0.75, 0.8}, 5,
           0, "The accuracy cannot be told on this file, so there is nothing to compare.");
}

/* Between two points as the straight line on a logarithmic axis says. */
static void between_points(void **state) {
    (void)state;
    bool at_most;
    struct verdict_curve c = {5, labels, (const double[]){0.5, 0.6, 0.7, 0.8, 0.9}};
    assert_true(fabs(verdict_labels(&c, 0.75, &at_most) - 100 * sqrt(2)) < 1e-9);
    assert_false(at_most);
    assert_true(isnan(verdict_labels(&c, 0.91, &at_most)));
    assert_true(verdict_labels(&c, 0.4, &at_most) == 25);
    assert_true(at_most);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(better),      cmocka_unit_test(worse),
        cmocka_unit_test(never_below), cmocka_unit_test(lost_again),
        cmocka_unit_test(far_apart),   cmocka_unit_test(one_seed),
        cmocka_unit_test(unknown),     cmocka_unit_test(between_points)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
