/* The member of the base rates: its numbers by hand, whose answers they are of, and when the
 * mixture goes by it. */
#include "labelled.h"

#include <math.h>

enum { D = 3, BASE = 1 }; // columns; the member behind one memory

static const size_t memory[] = {1000};

static struct fit_options options(size_t k) {
    return (struct fit_options){.d = D,
                                .k = k,
                                .memories_n = 1,
                                .memories = memory,
                                .base_rates = true,
                                .l2 = 10,
                                .shrinkage = 1,
                                .mix_memory = 100,
                                .seed = 1,
                                .measure = MEASURE_LOG_ODDS_MARGIN};
}

/* What it says of class c, of any row. */
static double said(const struct model *m, size_t c) {
    float *scratch = xmalloc(model_scratch(&m->shape) * sizeof *scratch), member[16 * 8], prob[16];
    double row[D], first = 0;
    assert_true(m->shape.k <= 16 && m->shape.members <= 8);
    for (int repeat = 0; repeat < 5; repeat++) {
        for (size_t i = 0; i < D; i++) row[i] = repeat * (double)(i + 1) - 4;
        model_predict(m, row, scratch, member, prob);
        double here = (double)member[BASE * m->shape.k + c];
        if (repeat) assert_true(here == first);
        first = here;
    }
    free(scratch);
    return first;
}

static void assert_says(const struct model *m, size_t c, double expected) {
    double is = said(m, c);
    if (!(fabs(is - expected) < 1e-6)) fail_msg("class %zu: %.9g, not %.9g", c, is, expected);
}

/* Root of 1/propensity: 4 and 1. Ten answers of 4 and thirty of 1 are worth 70² / 190. */
static void a_class_is_as_frequent_as_its_answers_weigh(void **state) {
    (void)state;
    struct labelled s = labelled_random(40, D, 2, 0, 1);
    struct fit_options o = options(2);
    for (size_t i = 0; i < 40; i++) {
        s.propensity[i] = i < 10 ? 1.0 / 16 : 1;
        s.label[i] = i < 4 || i >= 30; // four of the ten, and ten of the thirty
    }
    struct model *m = fitted(&o, &s);
    double worth = 70.0 * 70 / 190;
    assert_int_equal(m->shape.members, 2);
    assert_says(m, 1, (26.0 / 70 * worth + 1) / (worth + 2));
    assert_says(m, 0, (44.0 / 70 * worth + 1) / (worth + 2));
    model_destroy(m);
    o.base_rates = false;
    m = fitted(&o, &s);
    assert_int_equal(m->shape.members, 1);
    model_destroy(m);
    labelled_release(&s);
}

/* A label that is believed by half counts by half, and one of unknown propensity as one. */
static void a_label_counts_as_far_as_it_is_believed(void **state) {
    (void)state;
    enum { N = 20 };
    struct labelled s = labelled_random(N, D, 2, 0, 1);
    struct fit_options o = options(2);
    double believed[N];
    for (size_t i = 0; i < N; i++) {
        s.propensity[i] = i % 2; // 0: unknown
        s.label[i] = i < 10;
        believed[i] = i < 10 ? 0.5 : 1;
    }
    s.rows.weight = believed;
    struct model *m = fitted(&o, &s);
    double worth = 15.0 * 15 / 12.5;
    assert_says(m, 1, (worth / 3 + 1) / (worth + 2));
    model_destroy(m);
    labelled_release(&s);
}

static void what_was_before_a_turn_does_not_count(void **state) {
    (void)state;
    struct labelled s = labelled_random(30, D, 2, 0, 1);
    struct fit_options o = options(2);
    for (size_t i = 0; i < 30; i++) s.label[i] = i < 20, s.propensity[i] = 1;
    s.rows.since = 18;
    struct model *m = fitted(&o, &s);
    assert_says(m, 1, 3.0 / 14); // two of twelve, and one more of each class
    model_destroy(m);
    s.rows.since = 30;
    m = fitted(&o, &s);
    assert_says(m, 1, 0.5);
    model_destroy(m);
    labelled_release(&s);
}

/* Classes without a label share one output of the fit; here each has its part of it. */
static void classes_without_a_label_are_alike(void **state) {
    (void)state;
    enum { K = 12 };
    struct labelled s = labelled_random(40, D, 3, 0, 1);
    struct fit_options o = options(K);
    for (size_t i = 0; i < 40; i++) s.label[i] = i % 4 ? 2 : 7, s.propensity[i] = 1;
    struct model *m = fitted(&o, &s);
    for (size_t c = 0; c < K; c++) assert_says(m, c, (c == 2 ? 31.0 : c == 7 ? 11.0 : 1.0) / 52);
    model_destroy(m);
    labelled_release(&s);
}

static void it_stands_beside_hidden_layers(void **state) {
    (void)state;
    struct labelled s = labelled_random(50, D, 2, 0, 1);
    struct fit_options o = options(2);
    o.hidden_n = 1, o.hidden[0] = 4;
    for (size_t i = 0; i < 50; i++) s.label[i] = i % 5 == 0, s.propensity[i] = 1;
    struct model *m = fitted(&o, &s);
    assert_says(m, 1, 11.0 / 52);
    model_destroy(m);
    labelled_release(&s);
}

/* Where nothing was recorded yet the base rates have an equal share, and hardly any beside a prior,
 * which has been trained. Where they are better they lead, prior or not. */
static void it_leads_where_columns_tell_nothing(void **state) {
    (void)state;
    enum { N = 200 };
    struct labelled s = labelled_random(N, D, 2, 2, 1);
    struct fit_options o = options(2);
    struct model *prior = fitted(&o, &s);
    for (int with = 0; with < 2; with++) {
        fit_take_prior(&o, with ? prior : NULL);
        s.rows.members = 0;
        struct model *m = fitted(&o, &s);
        double odds = with ? exp(-4) : 1, share = odds / (1 + odds);
        assert_true(fabs(m->mix[BASE] - share) < 1e-9);
        model_destroy(m);
        s.rows.members = 2;
        for (size_t i = 0; i < N; i++) {
            float *member = s.member + i * 4;
            s.label[i] = i % 5 == 0;
            member[0] = i % 3 ? 0.9f : 0.3f, member[1] = 1 - member[0]; // bold, and of nothing
            member[2] = 0.8f, member[3] = 0.2f;
        }
        m = fitted(&o, &s);
        assert_true(m->mix[BASE] > 0.8);
        model_destroy(m);
    }
    model_destroy(prior);
    labelled_release(&s);
}

/* Ten times as many labels as the others are weighed over, three tenths of a loss each: what was
 * told long ago still counts, so that a turn of the world does not make the base rates lead. */
static void they_are_weighed_over_more_labels(void **state) {
    (void)state;
    enum { N = 300, TURN = 20 };
    struct labelled s = labelled_random(N, D, 2, 2, 1);
    struct fit_options o = options(2);
    double odds = 0; // of the one against the other
    for (size_t i = 0; i < N; i++) {
        float *member = s.member + i * 4;
        bool right = i < N - TURN;
        double of_truth = right ? 0.9 : 0.1;
        member[s.label[i]] = (float)of_truth, member[1 - s.label[i]] = (float)(1 - of_truth);
        member[2] = member[3] = 0.5f;
        odds = (1 - 1 / (10 * o.mix_memory)) * odds +
               0.3 * (2 * (1 - of_truth) * (1 - of_truth) - 0.5);
        odds = fmax(odds, -20.7); // a share of 10⁻⁹ is left
    }
    struct model *m = fitted(&o, &s);
    assert_true(odds > -15 && odds < -10);
    assert_true(fabs(log(m->mix[BASE] / m->mix[0]) - odds) < 1e-4);
    model_destroy(m);
    s.rows.since = N - TURN; // a turn that is known of: they begin anew, too
    m = fitted(&o, &s);
    assert_true(m->mix[BASE] > 0.9);
    model_destroy(m);
    labelled_release(&s);
}

/* A fit on a version in which they lead begins at what the best of the others knows. */
static void they_are_no_beginning(void **state) {
    (void)state;
    enum { N = 200 };
    struct labelled s = labelled_random(N, D, 2, 2, 1);
    struct fit_options o = options(2);
    for (size_t i = 0; i < N; i++) {
        float *member = s.member + i * 4;
        member[0] = member[1] = 0.5f;
        member[2 + s.label[i]] = 0.8f, member[3 - s.label[i]] = 0.2f;
    }
    struct model *live = fitted(&o, &s);
    assert_true(live->mix[BASE] > 0.99 && live->constant == BASE);
    fit_take_prior(&o, live);
    o.l2 = 1e9;
    struct labelled more = labelled_random(60, D, 2, 0, 9);
    struct model *m = fitted(&o, &more);
    for (size_t c = 0; c < D; c++) { // the same slope of the raw number
        double was = (double)live->weight[0][D + c] * live->scale[c],
               is = (double)m->weight[0][D + c] * m->scale[c];
        assert_true(was != 0 && fabs(is - was) < 1e-3 * (1 + fabs(was)));
    }
    model_destroy(m);
    model_destroy(live);
    labelled_release(&more);
    labelled_release(&s);
}

/* A memory of one label, and a member without weight: nothing becomes no number. */
static void a_mixture_of_one_label_is_one(void **state) {
    (void)state;
    struct labelled s = labelled_random(60, D, 2, 3, 1);
    const size_t hinges[] = {1000};
    struct fit_options o = options(2);
    o.mix_memory = 1, o.hinges_n = 1, o.hinges = hinges;
    for (size_t i = 0; i < 60 * D; i++) s.row[i] = i % 2; // two values: nothing bends
    struct model *m = fitted(&o, &s);
    double sum = 0;
    for (size_t i = 0; i < 3; i++) sum += m->mix[i];
    assert_true(fabs(sum - 1) < 1e-9);
    model_destroy(m);
    labelled_release(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_class_is_as_frequent_as_its_answers_weigh),
        cmocka_unit_test(a_label_counts_as_far_as_it_is_believed),
        cmocka_unit_test(what_was_before_a_turn_does_not_count),
        cmocka_unit_test(classes_without_a_label_are_alike),
        cmocka_unit_test(it_stands_beside_hidden_layers),
        cmocka_unit_test(it_leads_where_columns_tell_nothing),
        cmocka_unit_test(they_are_weighed_over_more_labels),
        cmocka_unit_test(they_are_no_beginning),
        cmocka_unit_test(a_mixture_of_one_label_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
