/* A prior: what fits shrink towards, in whatever standardisation it was said; and what a model from
 * elsewhere is given. */
#include "labelled.h"

#include <math.h>

enum { D = 4, K = 2 };

static struct fit_options options(const size_t *memories, size_t n, const struct model *prior,
                                  double l2) {
    return (struct fit_options){.d = D,
                                .k = K,
                                .memories_n = n,
                                .memories = memories,
                                .l2 = l2,
                                .shrinkage = l2,
                                .mix_memory = 100,
                                .seed = 1,
                                .measure = MEASURE_LOG_ODDS_MARGIN,
                                .prior = prior};
}

static double predicted(const struct model *m, const double *row) {
    float scratch[256], prob[K];
    assert_true(model_scratch(&m->shape) <= sizeof scratch / sizeof *scratch);
    model_predict(m, row, scratch, NULL, prob);
    return (double)prob[1];
}

/* One member with weights and a standardisation of its own. */
static struct model *elsewhere(double scale, double slope) {
    struct model *m;
    struct model_shape shape = {.d = D, .k = K, .members = 1, .layers = 1, .width = {D, K}};
    assert_int_equal(model_create(&m, &shape), 0);
    for (size_t c = 0; c < D; c++) {
        m->mean[c] = 0.25 * (double)c;
        m->scale[c] = scale;
        m->weight[0][D + c] = (float)(slope * (double)(c + 1) / scale);
    }
    m->bias[0][1] = -0.5f;
    return m;
}

/* Whether no column of the row is clipped: two standardisations can agree on nothing else. */
static bool inside(const struct model *m, const double *row) {
    for (size_t c = 0; c < D; c++)
        if (fabs(model_standardised(m, c, row[c])) >= MODEL_CLIP) return false;
    return true;
}

static void a_strong_prior_is_kept_in_any_standardisation(void **state) {
    (void)state;
    static const double scales[] = {1, 0.01, 0x1p-60};
    const size_t memories[] = {50, 200};
    struct labelled s = labelled_random(120, D, K, 0, 5);
    for (size_t i = 0; i < 120; i++)
        s.row[i * D + 2] = 3; // a constant column: it says nothing now, and its part is in the bias
    for (size_t i = 0; i < 3; i++) {
        struct model *prior = elsewhere(scales[i], 0.1);
        struct fit_options o = options(memories, 2, prior, 1e9);
        struct model *m = fitted(&o, &s);
        size_t compared = 0;
        for (size_t r = 0; r < 120; r++) {
            if (!inside(m, s.row + r * D) || !inside(prior, s.row + r * D)) continue;
            compared++;
            if (fabs(predicted(m, s.row + r * D) - predicted(prior, s.row + r * D)) > 1e-4)
                fail_msg("row %zu: %g, the prior says %g", r, predicted(m, s.row + r * D),
                         predicted(prior, s.row + r * D));
        }
        assert_true(compared > 100);
        model_destroy(m);
        model_destroy(prior);
    }
    labelled_release(&s);
}

/* Mean log loss of a model on rows that it was not fitted on. */
static double loss(const struct model *m, const struct labelled *s, size_t from) {
    double sum = 0;
    for (size_t i = from; i < s->tasks.n; i++) {
        double p = predicted(m, s->row + i * D);
        sum -= log(fmax(s->label[i] ? p : 1 - p, 1e-9));
    }
    return sum / (double)(s->tasks.n - from);
}

static void few_labels_are_led_and_many_lead(void **state) {
    (void)state;
    const size_t memories[] = {2000};
    struct labelled s = labelled_random(2000, D, K, 0, 6);
    struct fit_options o = options(memories, 1, NULL, 1);
    struct model *good = fitted(&o, &s); // what a long history taught
    for (size_t n = 4; n <= 1000; n *= 250) {
        struct labelled few = s;
        few.rows.n = n;
        struct model *bad = elsewhere(1, -3), *alone = fitted(&o, &few), *led, *misled;
        o.prior = good;
        led = fitted(&o, &few);
        o.prior = bad;
        misled = fitted(&o, &few);
        o.prior = NULL;
        double apart = loss(misled, &s, 1000) - loss(led, &s, 1000);
        if (n == 4) assert_true(loss(led, &s, 1000) < loss(alone, &s, 1000) && apart > 0.3);
        else assert_true(apart < 0.05);
        struct model *made[] = {bad, alone, led, misled};
        for (size_t i = 0; i < 4; i++) model_destroy(made[i]);
    }
    model_destroy(good);
    labelled_release(&s);
}

static void all_of_one_class_do_not_carry_the_bias_away(void **state) {
    (void)state;
    const size_t memories[] = {50};
    struct labelled s = labelled_random(3, D, K, 0, 7);
    struct model *prior = elsewhere(1, 0.1);
    struct fit_options o = options(memories, 1, prior, 1);
    for (size_t i = 0; i < 3; i++) s.label[i] = 0;
    struct model *m = fitted(&o, &s);
    assert_true(predicted(m, s.row) > 0.02);
    model_destroy(m);
    model_destroy(prior);
    labelled_release(&s);
}

static void another_shape_is_no_prior(void **state) {
    (void)state;
    const size_t memories[] = {50};
    struct model *m = elsewhere(1, 1);
    struct fit_options o = options(memories, 1, NULL, 1);
    assert_true(fit_accepts_prior(&o, m));
    o.hidden_n = 1, o.hidden[0] = 3;
    assert_false(fit_accepts_prior(&o, m));
    o.hidden_n = 0, o.d = D + 1;
    assert_false(fit_accepts_prior(&o, m));
    model_destroy(m);
}

static void what_a_model_lacks_is_measured(void **state) {
    (void)state;
    const size_t memories[] = {50};
    struct labelled s = labelled_random(60, D, K, 0, 8);
    struct model *m = elsewhere(1, 1);
    struct fit_options o = options(memories, 1, NULL, 1);
    fit_describe(m, &o, &s.tasks);
    assert_non_null(m->utility);
    for (size_t i = 1; i < MODEL_QUANTILES; i++) assert_true(m->utility[i] >= m->utility[i - 1]);
    assert_true(m->golden > 0 && m->golden_prob);
    const float *before = m->utility;
    fit_describe(m, &o, &s.tasks);
    assert_ptr_equal(m->utility, before); // what it has stays
    model_destroy(m);
    labelled_release(&s);
}

/* A recalibration looks at the score alone: a code in another column makes no row absurd. */
static void a_recalibration_knows_no_other_column(void **state) {
    (void)state;
    const size_t memories[] = {50, 200};
    struct labelled s = labelled_random(200, D, K, 0, 6);
    struct model *prior = elsewhere(1, 0.1);
    struct fit_options o = options(memories, 2, prior, 1);
    o.from = D - 1;
    o.columns = 1;
    for (int recalibrates = 0; recalibrates < 2; recalibrates++) {
        o.recalibrates = recalibrates;
        struct model *m = fitted(&o, &s);
        double row[D] = {1e30, 0, 0, 0.5}, other[D] = {-0.1, 0, 0, 0.5};
        assert_int_equal(model_far(m, row), recalibrates ? D : 0);
        if (recalibrates) assert_true(predicted(m, row) == predicted(m, other));
        model_destroy(m);
    }
    model_destroy(prior);
    labelled_release(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recalibration_knows_no_other_column),
        cmocka_unit_test(a_strong_prior_is_kept_in_any_standardisation),
        cmocka_unit_test(few_labels_are_led_and_many_lead),
        cmocka_unit_test(all_of_one_class_do_not_carry_the_bias_away),
        cmocka_unit_test(another_shape_is_no_prior),
        cmocka_unit_test(what_a_model_lacks_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
