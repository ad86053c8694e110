/* Members that bend: what they learn that a straight line cannot, where they must be silent, and
 * what a prior with hinges leaves. */
#include "labelled.h"

#include <math.h>
#include <string.h>

enum { D = 3, K = 2, ROWS = 600 };

static const size_t memories[] = {50, 2000}, hinges[] = {200, 2000};
enum { MEMORIES = 2, HINGES = 2, FIRST = MEMORIES + 1, MEMBERS = MEMORIES + 1 + HINGES };

static struct fit_options options(size_t d) {
    return (struct fit_options){.d = d,
                                .k = K,
                                .memories_n = MEMORIES,
                                .memories = memories,
                                .hinges_n = HINGES,
                                .hinges = hinges,
                                .sgd_rate = 0.02,
                                .l2 = 1,
                                .shrinkage = 1,
                                .mix_memory = 100,
                                .seed = 1,
                                .measure = MEASURE_LOG_ODDS_MARGIN};
}

/* The label says whether column 0 is far from the middle: no straight line tells it. */
static struct labelled bent(size_t n, size_t d) {
    struct labelled s = labelled_create(n, n, d, K, 0);
    struct rng r = {.seed = 3};
    for (size_t i = 0; i < n * d; i++) s.row[i] = rng_next_normal(&r);
    for (size_t i = 0; i < n; i++) s.label[i] = fabs(s.row[i * d]) > 0.7;
    return s;
}

static double predicted(const struct model *m, const double *row, size_t member) {
    float *scratch = xmalloc((model_scratch(&m->shape) + (1 + MEMBERS) * K) * sizeof *scratch),
          *prob = scratch + model_scratch(&m->shape), *all = prob + K;
    model_predict(m, row, scratch, all, prob);
    double p = (double)(member == SIZE_MAX ? prob[1] : all[member * K + 1]);
    free(scratch);
    return p;
}

static double share_right(const struct model *m, const struct labelled *s, size_t member) {
    size_t right = 0;
    for (size_t i = 0; i < s->rows.n; i++)
        right += (predicted(m, s->row + i * m->shape.d, member) > 0.5) == (s->label[i] == 1);
    return (double)right / (double)s->rows.n;
}

static void assert_sound(const struct model *m) {
    const char *why = NULL;
    struct model named = *m;
    named.classes = TEXT("a\nb");
    if (model_check(&named, m->shape.d, named.classes, 0, &why) < 0) fail_msg("%s", why);
}

static void what_bends_is_learned(void **state) {
    (void)state;
    struct labelled s = bent(ROWS, D);
    struct fit_options o = options(D);
    struct model *m = fitted(&o, &s);
    assert_int_equal(m->shape.members, MEMBERS);
    assert_int_equal(m->shape.hinges, 5 * D);
    assert_int_equal(m->straight, FIRST);
    assert_true(share_right(m, &s, MEMORIES - 1) < 0.7); // a straight line
    for (size_t h = 0; h < HINGES; h++)
        if (!(share_right(m, &s, FIRST + h) > 0.93))
            fail_msg("member %zu with hinges: %g", h, share_right(m, &s, FIRST + h));
    assert_sound(m);
    model_destroy(m);
    labelled_release(&s);
}

static void knots_are_quantiles_whatever_codes_there_are(void **state) {
    (void)state;
    struct labelled s = bent(ROWS, D);
    struct fit_options o = options(D);
    struct model *clean = fitted(&o, &s);
    for (size_t i = 0; i < ROWS; i += 97) s.row[i * D] = 1e30, s.row[i * D + 1] = -9999;
    struct model *m = fitted(&o, &s);
    assert_int_equal(m->shape.hinges, clean->shape.hinges);
    for (size_t h = 0; h < m->shape.hinges; h++) {
        size_t c = h % D;
        double knot = (double)model_hinge(m, h).knot, q = (double)(1 + h / D) / 6;
        size_t below = 0;
        assert_true(model_hinge(m, h).column == c && model_hinge(m, h).slope > 0);
        assert_true(fabs(knot - (double)model_hinge(clean, h).knot) < 0.05);
        for (size_t i = 0; i < ROWS; i++)
            below += model_standardised(clean, c, s.row[i * D + c]) < knot;
        assert_true(fabs((double)below / ROWS - q) < 0.05);
    }
    model_destroy(clean);
    model_destroy(m);
    labelled_release(&s);
}

/* Flags, a constant, and a column that is all codes have no room for a knot. */
static void where_nothing_bends_they_are_silent(void **state) {
    (void)state;
    struct labelled s = bent(ROWS, D);
    for (size_t i = 0; i < ROWS; i++) {
        double *row = s.row + i * D;
        s.label[i] = row[1] > 0;
        row[0] = row[0] > 0.5, row[1] = row[1] > 0, row[2] = 7;
    }
    struct fit_options o = options(D);
    struct model *m = fitted(&o, &s);
    assert_int_equal(m->shape.hinges, 0);
    assert_null(m->hinge);
    for (size_t h = 0; h < HINGES; h++) {
        assert_true(m->mix[FIRST + h] > 0 && m->mix[FIRST + h] < 1e-200);
        for (size_t i = 0; i < 20; i++)
            assert_true(predicted(m, s.row + i * D, FIRST + h) ==
                        predicted(m, s.row + i * D, MEMORIES - 1));
    }
    assert_sound(m);
    model_destroy(m);
    labelled_release(&s);
}

static void many_columns_have_fewer_knots_and_too_many_none(void **state) {
    (void)state;
    static const struct {
        size_t d, hinges;
    } cases[] = {{20, 100}, {26, 130}, {27, 108}, {80, 80}, {81, 0}, {159, 0}, {160, 0}, {200, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct labelled s = bent(300, cases[i].d);
        struct fit_options o = options(cases[i].d);
        struct model *m = fitted(&o, &s);
        if (m->shape.hinges != cases[i].hinges)
            fail_msg("%zu columns: %zu hinges", cases[i].d, m->shape.hinges);
        assert_sound(m);
        model_destroy(m);
        labelled_release(&s);
    }
}

/* One class only, one row only, a column of 1e300: whatever comes, the version is sound. */
static void poor_sets_make_sound_versions(void **state) {
    (void)state;
    struct labelled s = bent(ROWS, D);
    for (size_t i = 0; i < ROWS; i++) {
        s.label[i] = 0;
        s.row[i * D + 1] *= i % 5 ? 1e300 : 1e-300;
    }
    struct fit_options o = options(D);
    for (size_t n = 1; n <= ROWS; n = n * 5 + 1) {
        s.rows.n = s.tasks.n = n;
        struct model *m = fitted(&o, &s);
        assert_sound(m);
        model_destroy(m);
    }
    labelled_release(&s);
}

/* The set again, each number said in another unit. */
static void restate(struct labelled *s, double factor, double offset) {
    for (size_t i = 0; i < s->rows.n * D; i++) s->row[i] = s->row[i] * factor + offset;
}

/* A member's weights are bounded, so where classes are many columns bend less. */
static void many_classes_have_fewer_knots_and_too_many_none(void **state) {
    (void)state;
    static const struct {
        size_t k, d, hinges;
    } cases[] = {{2, 3, 15}, {100, 3, 15}, {500, 3, 6}, {1000, 3, 0}, {1000, 8, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct labelled s = bent(300, cases[i].d);
        struct fit_options o = options(cases[i].d);
        o.k = cases[i].k;
        struct model *m = fitted(&o, &s);
        if (m->shape.hinges != cases[i].hinges)
            fail_msg("%zu classes: %zu hinges", cases[i].k, m->shape.hinges);
        model_destroy(m);
        labelled_release(&s);
    }
}

static void a_prior_with_hinges_is_kept_and_departed_from(void **state) {
    (void)state;
    struct labelled s = bent(ROWS, D);
    struct fit_options o = options(D);
    struct model *prior = fitted(&o, &s);
    o.l2 = o.shrinkage = 1e9;
    assert_true(fit_accepts_prior(&o, prior));
    fit_take_prior(&o, prior);
    for (size_t i = 0; i < ROWS; i++) s.row[i * D] = s.row[i * D] / 2 + 0.2; // another unit now
    struct model *m = fitted(&o, &s);
    assert_int_equal(m->shape.hinges, prior->shape.hinges);
    size_t best = prior->mix[FIRST] >= prior->mix[FIRST + 1] ? FIRST : FIRST + 1;
    for (size_t i = 0; i < ROWS; i++) {
        const double *row = s.row + i * D;
        bool inside = true;
        for (size_t c = 0; c < D; c++)
            inside &= fabs(model_standardised(m, c, row[c])) < MODEL_CLIP &&
                      fabs(model_standardised(prior, c, row[c])) < MODEL_CLIP;
        if (inside && fabs(predicted(m, row, FIRST + 1) - predicted(prior, row, best)) > 1e-3)
            fail_msg("row %zu: %g, the prior says %g", i, predicted(m, row, FIRST + 1),
                     predicted(prior, row, best));
    }
    model_destroy(m);
    o.l2 = o.shrinkage = 0.1; // with a weak one the labels win
    m = fitted(&o, &s);
    assert_true(share_right(m, &s, FIRST) > 0.85);
    model_destroy(m);
    model_destroy(prior);
    labelled_release(&s);
}

/* A bend of the raw number is none of its logarithm. */
static void what_a_prior_bends_in_another_kind_of_unit_is_flat(void **state) {
    (void)state;
    struct labelled s = bent(ROWS, D);
    struct fit_options o = options(D);
    struct model *prior = fitted(&o, &s);
    fit_take_prior(&o, prior);
    for (size_t i = 0; i < ROWS; i++) s.row[i * D] = exp(5 * s.row[i * D]);
    struct model *m = fitted(&o, &s);
    assert_true(m->log_unit[0] && !prior->log_unit[0]);
    for (size_t h = 0; h < m->shape.hinges; h++) {
        const struct hinge e = model_hinge(m, h);
        assert_true((e.slope > 0) == (e.column != 0));
    }
    model_destroy(m);
    model_destroy(prior);
    labelled_release(&s);
}

static void a_straight_prior_may_bend(void **state) {
    (void)state;
    struct labelled s = bent(ROWS, D);
    struct fit_options o = options(D);
    o.hinges_n = 0;
    struct model *prior = fitted(&o, &s);
    o.hinges_n = HINGES;
    assert_true(fit_accepts_prior(&o, prior));
    fit_take_prior(&o, prior);
    struct model *m = fitted(&o, &s);
    assert_int_equal(m->shape.hinges, 5 * D);
    assert_true(share_right(m, &s, FIRST) > 0.93);
    model_destroy(m);
    o.hinges_n = 0; // and one with hinges is a prior of a configuration that has none
    struct fit_options bends = options(D);
    struct model *bending = fitted(&bends, &s);
    assert_true(fit_accepts_prior(&o, bending));
    fit_take_prior(&o, bending);
    m = fitted(&o, &s);
    assert_int_equal(m->shape.hinges, 0);
    assert_sound(m);
    model_destroy(m);
    model_destroy(bending);
    model_destroy(prior);
    labelled_release(&s);
}

/* Labels turn after two thirds: only what came since then is seen. */
static void labels_of_before_a_turn_are_not_seen(void **state) {
    (void)state;
    struct labelled s = bent(ROWS, D);
    for (size_t i = 0; i < 2 * ROWS / 3; i++) s.label[i] = !s.label[i];
    s.rows.since = 2 * ROWS / 3;
    struct fit_options o = options(D);
    struct model *m = fitted(&o, &s);
    for (size_t h = 0; h < HINGES; h++) {
        size_t right = 0;
        for (size_t i = s.rows.since; i < ROWS; i++)
            right += (predicted(m, s.row + i * D, FIRST + h) > 0.5) == (s.label[i] == 1);
        if (!(right > (ROWS - s.rows.since) * 9 / 10)) fail_msg("member %zu: %zu", h, right);
    }
    model_destroy(m);
    labelled_release(&s);
}

static void equal_sets_give_equal_bytes(void **state) {
    (void)state;
    struct labelled s = bent(ROWS, D);
    struct fit_options o = options(D);
    struct model *one = fitted(&o, &s), *other = fitted(&o, &s);
    size_t n = one->shape.members * K * one->shape.width[0];
    assert_memory_equal(one->weight[0], other->weight[0], n * sizeof *one->weight[0]);
    assert_memory_equal(one->hinge, other->hinge,
                        HINGE_NUMBERS * one->shape.hinges * sizeof *one->hinge);
    model_destroy(one);
    model_destroy(other);
    restate(&s, 3, 10); // the unit of a column is no matter
    other = fitted(&o, &s);
    assert_true(share_right(other, &s, FIRST + 1) > 0.93);
    model_destroy(other);
    labelled_release(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_bends_is_learned),
        cmocka_unit_test(knots_are_quantiles_whatever_codes_there_are),
        cmocka_unit_test(where_nothing_bends_they_are_silent),
        cmocka_unit_test(many_columns_have_fewer_knots_and_too_many_none),
        cmocka_unit_test(poor_sets_make_sound_versions),
        cmocka_unit_test(many_classes_have_fewer_knots_and_too_many_none),
        cmocka_unit_test(a_prior_with_hinges_is_kept_and_departed_from),
        cmocka_unit_test(what_a_prior_bends_in_another_kind_of_unit_is_flat),
        cmocka_unit_test(a_straight_prior_may_bend),
        cmocka_unit_test(labels_of_before_a_turn_are_not_seen),
        cmocka_unit_test(equal_sets_give_equal_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
