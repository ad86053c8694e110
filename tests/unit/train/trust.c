/* How far boosted trees are believed: against the same sums written plainly; that they rise and
 * fall by decisions too; and what a fit and a step make of trees that are there. */
#include "labelled.h"
#include "train/boost.h"
#include "train/mixture.h"

#include <math.h>
#include <string.h>

enum { N = 400, D = 3, MEMBERS = 3 };

/* Answers of which both were recorded: what the mixture gave, and what trees made of it. */
struct record {
    struct fit_rows rows;
    size_t k;
    double given[N * 3], weight[N];
    float boosted[N * 3];
    int label[N];
};

static void record_begin(struct record *r, size_t k) {
    *r = (struct record){.k = k};
    r->rows = (struct fit_rows){.n = N, .label = r->label, .boosted = r->boosted};
    for (size_t i = 0; i < N; i++) r->label[i] = (int)(i % k), r->weight[i] = 1;
}

/* What each gave the label of row i; the other classes share the rest. */
static void record_set(struct record *r, size_t i, double given, double boosted) {
    for (size_t c = 0; c < r->k; c++) {
        bool label = c == (size_t)r->label[i];
        r->given[i * r->k + c] = label ? given : (1 - given) / (double)(r->k - 1);
        r->boosted[i * r->k + c] = (float)(label ? boosted : (1 - boosted) / (double)(r->k - 1));
    }
}

static double trust(const struct record *r, double late, double from) {
    struct fit_options o = {.k = r->k, .late = late};
    double given[N * 3];
    memcpy(given, r->given, sizeof given);
    return boost_trust(&o, &r->rows, from, given);
}

/* ---- the arithmetic ---- */

static double plain_loss(const struct record *r, size_t i, bool boosted) {
    double loss = 0, p[3];
    size_t top = 0, label = (size_t)r->label[i];
    for (size_t c = 0; c < r->k; c++) {
        p[c] = boosted ? (double)r->boosted[i * r->k + c] : r->given[i * r->k + c];
        loss += pow(p[c] - (c == label ? 1 : 0), 2);
        if (p[c] > p[top]) top = c;
    }
    return top == label ? loss : loss + 1;
}

/* corrected: (N, k) what the mixture of the two gave before it moved. */
static double plain_trust(const struct record *r, double late, double from, double *corrected) {
    double evidence = log(from / (1 - from)) - log(1.0 / 5), rate = 0.2 * fmax(1 - late, 1.0 / 3);
    memcpy(corrected, r->given, sizeof r->given);
    for (size_t i = r->rows.since; i < N; i++) {
        bool recorded = r->boosted[i * r->k] + r->boosted[i * r->k + 1] > 0;
        if (isnan(r->given[i * r->k]) || !recorded) continue;
        double won = plain_loss(r, i, false) - plain_loss(r, i, true),
               share = 1 / (1 + 5 * exp(-evidence));
        for (size_t c = i * r->k; c < (i + 1) * r->k; c++)
            corrected[c] = (1 - share) * r->given[c] + share * (double)r->boosted[c];
        evidence = 0.999 * evidence + rate * r->weight[i] * won;
    }
    return 1 / (1 + 5 * exp(-evidence));
}

/* Of the share, and of each prediction that it corrects. */
static void check_plain(const struct record *r, double late, double from) {
    struct fit_options o = {.k = r->k, .late = late};
    double given[N * 3], plain[N * 3];
    memcpy(given, r->given, sizeof given);
    double is = boost_trust(&o, &r->rows, from, given), wanted = plain_trust(r, late, from, plain);
    assert_true(fabs(is - wanted) < 1e-12);
    for (size_t i = 0; i < N * r->k; i++)
        assert_true(fabs(given[i] - plain[i]) < 1e-9 || (isnan(given[i]) && isnan(plain[i])));
}

static void it_is_the_plain_sum(void **state) {
    (void)state;
    for (size_t k = 2; k <= 3; k++) {
        struct record r;
        struct rng rng = {.seed = k};
        record_begin(&r, k);
        for (size_t i = 0; i < N; i++) {
            record_set(&r, i, rng_next_unit(&rng), 0.1 + 0.9 * rng_next_unit(&rng));
            r.weight[i] = 0.2 + 2 * rng_next_unit(&rng);
            if (i % 7 == 0) memset(r.boosted + i * k, 0, k * sizeof *r.boosted); // no trees then
            if (i % 11 == 0) r.given[i * k] = NAN;
            if (i % 5 == 0 && k == 2)
                record_set(&r, i, 0.5, 0.25), record_set(&r, i + 1, 0.75, 0.5);
        }
        r.rows.weight = r.weight;
        for (size_t since = 0; since < N; since += 150)
            for (double late = 0; late < 1; late += 0.3) {
                r.rows.since = since;
                check_plain(&r, late, 1.0 / 6);
                check_plain(&r, late, 0.9);
            }
    }
}

/* ---- where it goes ---- */

static void what_was_right_is_trusted(void **state) {
    (void)state;
    for (size_t k = 2; k <= 3; k++) {
        struct record r;
        record_begin(&r, k);
        for (size_t i = 0; i < N; i++) record_set(&r, i, 0.3, 0.9);
        assert_true(trust(&r, 0, boost_trust_first) > 0.999);
        for (size_t i = 0; i < N; i++) record_set(&r, i, 0.9, 0.3);
        assert_true(trust(&r, 0, boost_trust_first) < 0.001);
        for (size_t i = 0; i < N; i++) record_set(&r, i, 0.7, 0.8); // right, and a little surer
        assert_true(trust(&r, 0, boost_trust_first) > 0.5);
    }
}

/* Surer where both are right, and on the wrong side of a half each tenth time: less Brier loss, and
 * worse decisions. */
static void decisions_count_beside_the_brier_loss(void **state) {
    (void)state;
    struct record r;
    double brier = 0;
    record_begin(&r, 2);
    for (size_t i = 0; i < N; i++) {
        record_set(&r, i, i % 10 ? 0.8 : 0.51, i % 10 ? 0.95 : 0.49);
        for (size_t c = 0; c < 2; c++) {
            double truth = c == (size_t)r.label[i];
            brier +=
                pow((double)r.boosted[2 * i + c] - truth, 2) - pow(r.given[2 * i + c] - truth, 2);
        }
    }
    assert_true(brier < -10);
    assert_true(trust(&r, 0, boost_trust_first) < 0.1);
}

static void without_a_record_it_stays(void **state) {
    (void)state;
    struct record r;
    record_begin(&r, 2);
    for (size_t i = 0; i < N; i++) record_set(&r, i, 0.3, 0.9);
    r.rows.boosted = NULL;
    assert_true(fabs(trust(&r, 0, boost_trust_first) - 1.0 / 6) < 1e-12);
    assert_true(fabs(trust(&r, 0, 0.7) - 0.7) < 1e-12);
    r.rows.boosted = r.boosted;
    r.rows.since = N;
    assert_true(fabs(trust(&r, 0, 0.7) - 0.7) < 1e-12);
    r.rows.since = 0;
    memset(r.boosted, 0, sizeof r.boosted);
    assert_true(fabs(trust(&r, 0, 0.7) - 0.7) < 1e-12);
    for (size_t i = 0; i < N; i++) record_set(&r, i, NAN, 0.9);
    assert_true(fabs(trust(&r, 0, 0.7) - 0.7) < 1e-12);
}

/* What came before a turn of the labels says nothing of the trees of today. */
static void before_a_turn_nothing_counts(void **state) {
    (void)state;
    struct record r;
    record_begin(&r, 2);
    for (size_t i = 0; i < N; i++) record_set(&r, i, i < 390 ? 0.1 : 0.9, i < 390 ? 0.9 : 0.1);
    assert_true(trust(&r, 0, boost_trust_first) > 0.99);
    r.rows.since = 390;
    assert_true(trust(&r, 0, boost_trust_first) < 0.01);
}

/* To a third of the rate at most. */
static void late_labels_slow_it(void **state) {
    (void)state;
    struct record r;
    record_begin(&r, 2);
    for (size_t i = 0; i < N; i++) record_set(&r, i, 0.6, 0.65);
    double on_time = trust(&r, 0, boost_trust_first), late = trust(&r, 0.4, boost_trust_first),
           latest = trust(&r, 2.0 / 3, boost_trust_first);
    assert_true(on_time > late && late > latest && latest > boost_trust_first);
    assert_true(fabs(trust(&r, 0.99, boost_trust_first) - latest) < 1e-12);
}

/* However long trees were wrong, or right, what comes later moves it; a version that was made
 * elsewhere may say 0 or 1. */
static void it_comes_back_from_the_ends(void **state) {
    (void)state;
    struct record r;
    for (double from = 0; from <= 1; from++) {
        record_begin(&r, 2);
        for (size_t i = 0; i < N; i++)
            record_set(&r, i, from > 0 ? 0.1 : 0.9, from > 0 ? 0.9 : 0.1);
        double end = trust(&r, 0, from);
        assert_true(end > 0 && end < 1 && fabs(end - from) < 1e-6);
        for (size_t i = 0; i < N; i++)
            record_set(&r, i, from > 0 ? 0.9 : 0.1, from > 0 ? 0.1 : 0.9);
        end = trust(&r, 0, from);
        assert_true(end > 0 && end < 1 && fabs(end - from) > 0.9);
    }
}

/* ---- in a fit, and step by step ---- */

static struct fit_options options(size_t trees, const struct model *prior) {
    static const size_t memories[] = {50, 200};
    struct fit_options o = {.d = D,
                            .k = 3,
                            .memories_n = 2,
                            .memories = memories,
                            .sgd_rate = 0.05,
                            .trees = trees,
                            .l2 = 1,
                            .shrinkage = 1,
                            .mix_memory = 100,
                            .seed = 1,
                            .measure = MEASURE_LOG_ODDS_MARGIN};
    fit_take_prior(&o, prior);
    return o;
}

static bool same_trees(const struct boost *a, const struct boost *b) {
    if (!a->trees) return !b->trees;
    return a->trees == b->trees &&
           memcmp(a->column, b->column, a->trees * BOOST_DEPTH * sizeof *a->column) == 0 &&
           memcmp(a->cut, b->cut, a->trees * BOOST_DEPTH * sizeof *a->cut) == 0 &&
           memcmp(a->leaf, b->leaf, a->trees * BOOST_LEAVES * sizeof *a->leaf) == 0;
}

static void a_priors_trees_stay_until_there_are_own_ones(void **state) {
    (void)state;
    struct labelled s = labelled_random(200, D, 3, MEMBERS, 1),
                    new = labelled_random(40, D, 3, MEMBERS, 2);
    struct fit_options o = options(10, NULL), with, without;
    struct model *prior = fitted(&o, &s), *m;
    assert_true(prior->boost.trees > 0);
    *prior->boost.trust = 0.625;
    with = options(10, prior), without = options(0, prior);
    new.rows.n = 29;
    m = fitted(&with, &new);
    assert_true(same_trees(&m->boost, &prior->boost) && m->boost.leaf != prior->boost.leaf);
    assert_true(fabs(*m->boost.trust - 0.625) < 1e-12);
    model_destroy(m);
    m = fitted(&without, &new);
    assert_true(!m->boost.trees && !m->boost.leaf);
    model_destroy(m);
    new.rows.n = 40;
    m = fitted(&with, &new);
    assert_true(m->boost.trees > 0 && !same_trees(&m->boost, &prior->boost));
    assert_true(fabs(*m->boost.trust - boost_trust_first) < 1e-12);
    model_destroy(m);
    model_destroy(prior);
    labelled_release(&s), labelled_release(&new);
}

/* What trees may have made of each row: any shares, a little more to the label. */
static float *any_boosted(const struct labelled *s) {
    float *out = xcalloc(s->rows.n * 3, sizeof *out);
    struct rng r = {.seed = 8};
    for (size_t i = 0; i < s->rows.n; i++) {
        double sum = 0, e[3];
        for (size_t c = 0; c < 3; c++)
            sum += e[c] = rng_next_unit(&r) + (c == (size_t)s->label[i] ? 0.15 : 0.05);
        for (size_t c = 0; c < 3; c++) out[3 * i + c] = (float)(e[c] / sum);
    }
    return out;
}

/* Answers past the end of what is counted: 150 that trees had right, and 50 that they had wrong. */
static void sure_boosted(const struct labelled *s, float *boosted) {
    for (size_t i = 0; i < 200; i++)
        for (size_t c = 0; c < 3; c++)
            if (i < 150) boosted[3 * i + c] = c == (size_t)s->label[i] ? 0.9f : 0.05f;
            else boosted[3 * i + c] = c == (size_t)s->label[i] ? 0.05f : 0.475f;
}

/* From 100 rows on, so many at a time; the fits stand. */
static double stepped(const struct fit_options *o, const struct labelled *s, size_t at_once) {
    struct labelled first = *s;
    first.rows.n = 100;
    struct model *m = fitted(o, &first);
    for (first.rows.n += at_once; first.rows.n <= 200; first.rows.n += at_once)
        fit_step(m, o, &first.rows, at_once, false);
    double is = *m->boost.trust;
    model_destroy(m);
    return is;
}

/* The same by the whole replay. */
static double replayed(const struct fit_options *o, const struct labelled *s) {
    double mix[MEMBERS] = {0}, *given = xmalloc(200 * 3 * sizeof *given);
    mixture_of(o, &s->rows, false, mix, given);
    double is = boost_trust(o, &s->rows, boost_trust_first, given);
    struct model *m = fitted(o, s);
    assert_true(fabs(*m->boost.trust - is) < 1e-15);
    model_destroy(m);
    free(given);
    return is;
}

static void a_step_goes_on_where_the_fit_stopped(void **state) {
    (void)state;
    struct labelled s = labelled_random(200, D, 3, MEMBERS, 3);
    struct fit_options o = options(10, NULL);
    double *weight = xmalloc(200 * sizeof *weight);
    for (size_t i = 0; i < 200; i++) weight[i] = 0.5 + (double)(i % 3) / 2;
    float *boosted = any_boosted(&s);
    memset(boosted + 3 * 150, 0, 30 * sizeof *boosted); // a while without trees
    s.rows.boosted = boosted;
    for (int weighted = 0; weighted < 2; weighted++) {
        double whole = replayed(&o, &s), alone = stepped(&o, &s, 1);
        assert_true(fabs(alone - whole) < 1e-12);
        assert_true(fabs(stepped(&o, &s, 25) - whole) < 1e-12);
        assert_true(fabs(whole - boost_trust_first) > 0.1 && whole < 0.999);
        s.rows.weight = weight;
    }
    for (size_t i = 0; i < 200; i++) weight[i] = 2;
    sure_boosted(&s, boosted);
    double whole = replayed(&o, &s);
    assert_true(whole > 0.001 && whole < 0.999); // as soon as it is lost, however long it was had
    assert_true(fabs(stepped(&o, &s, 1) - whole) < 1e-6);
    free(boosted), free(weight);
    labelled_release(&s);
}

/* A version without trees, of an option turned to 0, is the one of answers of which no trees were
 * ever recorded: its lapse too, which is of what it says itself. */
static void without_trees_no_record_of_them_counts(void **state) {
    (void)state;
    struct labelled s = labelled_random(200, D, 3, MEMBERS, 3);
    struct fit_options o = options(0, NULL);
    float *boosted = any_boosted(&s);
    sure_boosted(&s, boosted);
    struct model *never = fitted(&o, &s);
    s.rows.boosted = boosted;
    struct model *m = fitted(&o, &s);
    assert_true(!m->boost.trees && *m->lapse == *never->lapse);
    assert_memory_equal(m->mix, never->mix, MEMBERS * sizeof *m->mix);
    model_destroy(m), model_destroy(never);
    free(boosted);
    labelled_release(&s);
}

/* A step leaves the trees, and a version that has none. */
static void a_step_fits_no_trees(void **state) {
    (void)state;
    struct labelled s = labelled_random(100, D, 3, MEMBERS, 3);
    for (size_t trees = 0; trees <= 5; trees += 5) {
        struct fit_options o = options(trees, NULL);
        struct model *m = fitted(&o, &s), *before = fitted(&o, &s);
        fit_step(m, &o, &s.rows, 10, true);
        assert_true(same_trees(&m->boost, &before->boost));
        assert_int_equal(m->boost.trees, trees * 3);
        model_destroy(m), model_destroy(before);
    }
    labelled_release(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_plain_sum),
        cmocka_unit_test(what_was_right_is_trusted),
        cmocka_unit_test(decisions_count_beside_the_brier_loss),
        cmocka_unit_test(without_a_record_it_stays),
        cmocka_unit_test(before_a_turn_nothing_counts),
        cmocka_unit_test(late_labels_slow_it),
        cmocka_unit_test(it_comes_back_from_the_ends),
        cmocka_unit_test(a_priors_trees_stay_until_there_are_own_ones),
        cmocka_unit_test(a_step_goes_on_where_the_fit_stopped),
        cmocka_unit_test(without_trees_no_record_of_them_counts),
        cmocka_unit_test(a_step_fits_no_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
