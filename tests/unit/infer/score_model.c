/* A score that events bring as a model: it predicts that score, whatever else a row holds. */
#include "infer/score_model.h"

#include "unit/test.h"

#include <math.h>

enum { D = 7, K = 3 };

static struct score_columns columns(size_t first, size_t n, size_t k, size_t members) {
    static const char *const classes[] = {"a\nb", "a\nb\nc"};
    return (struct score_columns){.d = D,
                                  .first = first,
                                  .n = n,
                                  .k = k,
                                  .positive = 0,
                                  .members = members,
                                  .classes = text_of(classes[k - 2]),
                                  .fingerprint = 5};
}

static void expect(const struct model *m, const double *row, const double *wanted) {
    float scratch[512], member[64], prob[K];
    assert_true(model_scratch(&m->shape) <= 512);
    model_predict(m, row, scratch, member, prob);
    for (size_t c = 0; c < m->shape.k; c++) {
        assert_true(fabs((double)prob[c] - wanted[c]) <= 2e-6 * fmax(wanted[c], 1e-3));
        for (size_t i = 0; i < m->shape.members; i++)
            assert_true(member[i * m->shape.k + c] == member[c]);
    }
}

static void log_odds_are_those_of_the_positive_class(void **state) {
    (void)state;
    static const double p[] = {1e-12, 1e-6, 0.01, 0.3, 0.5, 0.9, 0.999999, 1 - 1e-12};
    struct model *m;
    const struct score_columns c = columns(4, 1, 2, 1);
    assert_int_equal(score_model_create(&m, &c), 0);
    for (size_t i = 0; i < sizeof p / sizeof *p; i++) {
        const double row[D] = {1e300, -3, 7, 0, log(p[i]) - log1p(-p[i]), -1e9, 1};
        expect(m, row, (double[]){p[i], 1 - p[i]});
    }
    const char *why = NULL;
    assert_int_equal(model_check(m, D, TEXT("a\nb"), 5, &why), 0);
    model_destroy(m);
}

static void log_probabilities_are_those_of_all(void **state) {
    (void)state;
    struct model *m;
    const struct score_columns c = columns(3, K, K, 4);
    assert_int_equal(score_model_create(&m, &c), 0);
    expect(m, (double[]){9, 9, 9, log(0.2), log(0.7), log(0.1), 9}, (double[]){0.2, 0.7, 0.1});
    expect(m, (double[]){9, 9, 9, log(1e-12), log(1), log(1e-12), 9}, (double[]){0, 1, 0});
    expect(m, (double[]){9, 9, 9, log(0.4), log(1.4), log(0.2), 9}, (double[]){0.2, 0.7, 0.1});
    model_destroy(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_odds_are_those_of_the_positive_class),
        cmocka_unit_test(log_probabilities_are_those_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
