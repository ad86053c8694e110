/* Boosted trees: each number of a small fit against the same Newton steps written plainly; what
 * they learn that lines do not; which rows they look at; and when there are none. */
#include "train/boost.h"

#include "labelled.h"

#include <float.h>
#include <math.h>
#include <string.h>

static struct fit_options wants(size_t d, size_t k, size_t trees) {
    return (struct fit_options){.d = d, .k = k, .trees = trees};
}

/* Rows of numbers, labels, and what the mixture gave each class. */
struct answers {
    struct fit_rows rows;
    size_t d, k;
    double *row, *given, *weight;
    int *label;
};

/* Every class as likely; all numbers and labels 0. */
static struct answers answers_create(size_t n, size_t d, size_t k) {
    struct answers a = {.d = d,
                        .k = k,
                        .row = xcalloc(n * d, sizeof *a.row),
                        .given = xcalloc(n * k, sizeof *a.given),
                        .weight = xcalloc(n, sizeof *a.weight),
                        .label = xcalloc(n, sizeof *a.label)};
    for (size_t i = 0; i < n * k; i++) a.given[i] = 1 / (double)k;
    for (size_t i = 0; i < n; i++) a.weight[i] = 1;
    a.rows = (struct fit_rows){.n = n, .row = a.row, .label = a.label};
    return a;
}

static void answers_release(struct answers *a) {
    free(a->row), free(a->given), free(a->weight), free(a->label);
}

/* Normal numbers, of which the first moves with the class, which the mixture only guesses. */
static struct answers answers_random(size_t n, size_t d, size_t k, uint64_t seed) {
    struct answers a = answers_create(n, d, k);
    struct rng r = {.seed = seed};
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        a.label[i] = (int)rng_below(rng_next(&r), k);
        for (size_t c = 0; c < d; c++) a.row[i * d + c] = rng_next_normal(&r);
        a.row[i * d] += a.label[i] * 2;
        for (size_t c = 0; c < k; c++) sum += a.given[i * k + c] = 0.2 + rng_next_unit(&r);
        for (size_t c = 0; c < k; c++) a.given[i * k + c] /= sum;
    }
    return a;
}

static struct boost fit(const struct answers *a, size_t trees) {
    struct fit_options o = wants(a->d, a->k, trees);
    struct boost out = {0};
    boost_fit(&o, &a->rows, a->given, &out);
    assert_null(boost_fault(&out, a->d, a->k));
    return out;
}

static size_t trees_of(const struct answers *a, size_t trees) {
    struct boost b = fit(a, trees);
    size_t n = b.trees;
    boost_release(&b);
    return n;
}

static bool same_trees(const struct boost *a, const struct boost *b) {
    return a->trees == b->trees &&
           memcmp(a->column, b->column, a->trees * BOOST_DEPTH * sizeof *a->column) == 0 &&
           memcmp(a->cut, b->cut, a->trees * BOOST_DEPTH * sizeof *a->cut) == 0 &&
           memcmp(a->leaf, b->leaf, a->trees * BOOST_LEAVES * sizeof *a->leaf) == 0;
}

static void assert_trees(const struct answers *a, const struct answers *b, bool same) {
    struct boost x = fit(a, 10), y = fit(b, 10);
    assert_true(x.trees && y.trees);
    assert_int_equal(same_trees(&x, &y), same);
    boost_release(&x), boost_release(&y);
}

/* Log odds that the trees add to a class of the row. */
static double added(const struct boost *b, const double *row, size_t k, size_t class_) {
    float prob[16], out[16];
    for (size_t c = 0; c < k; c++) prob[c] = 1 / (float)k;
    boost_correct(b, row, k, out, prob);
    size_t other = class_ ? 0 : 1;
    return log((double)out[class_] / (double)out[other]);
}

/* ---- the arithmetic ---- */

/* What the mixture gave a class, when it gave the first one so much and the others the same. */
static double given_to(size_t class_, size_t k, double first) {
    return class_ ? (1 - first) / (double)(k - 1) : first;
}

/* That, of which a fit takes a hundredth to know nothing. */
static double doubted(size_t class_, size_t k, double first) {
    return 0.99 * given_to(class_, k, first) + 0.01 / (double)k;
}

/* A place of n, so that what is written one behind the other comes in any order. */
static size_t shuffled(size_t i, size_t n) {
    static const size_t prime = 10007;
    return i * prime % n;
}

/* Two sides of one column, with side[s][c] rows of class c. */
static struct answers answers_of_sides(size_t k, const size_t side[2][3], double first,
                                       double weight) {
    size_t n = 0, i = 0;
    for (size_t s = 0; s < 2; s++)
        for (size_t c = 0; c < k; c++) n += side[s][c];
    struct answers a = answers_create(n, 1, k);
    for (size_t s = 0; s < 2; s++)
        for (size_t c = 0; c < k; c++)
            for (size_t j = 0; j < side[s][c]; j++, i++) {
                size_t at = shuffled(i, n);
                a.row[at] = (double)s * 4 - 1, a.label[at] = (int)c, a.weight[at] = weight;
                for (size_t e = 0; e < k; e++) a.given[at * k + e] = given_to(e, k, first);
            }
    a.rows.weight = a.weight;
    return a;
}

/* Of rows of such numbers, whose classes have these log odds. */
static double plain_step(size_t k, const size_t *rows, const double *sum, size_t class_,
                         double first, double weight) {
    double all = 0, slope = 0, curve = 0;
    for (size_t c = 0; c < k; c++) all += doubted(c, k, first) * exp(sum[c]);
    double p = doubted(class_, k, first) * exp(sum[class_]) / all;
    for (size_t c = 0; c < k; c++) {
        slope += weight * (double)rows[c] * (p - (c == class_));
        curve += weight * (double)rows[c] * p * (1 - p);
    }
    return 0.12 * fmax(-4, fmin(4, -slope / (curve + 1)));
}

/* A tree is then one question, and a leaf one step. */
static void check_steps(size_t k, const size_t side[2][3], double first, double weight) {
    size_t outputs = boost_outputs(k);
    struct answers a = answers_of_sides(k, side, first, weight);
    struct boost b = fit(&a, 5);
    double sum[2][3] = {{0}}, next[2][3] = {{0}};
    assert_int_equal(b.trees, 5 * outputs);
    for (size_t t = 0; t < b.trees; t++) {
        const double *cut = b.cut + t * BOOST_DEPTH, *leaf = b.leaf + t * BOOST_LEAVES;
        size_t class_ = k == 2 ? 1 : t % k;
        if (t % outputs == 0) memcpy(sum, next, sizeof sum); // a round's trees begin alike
        assert_true(b.column[t * BOOST_DEPTH] == 0 && cut[0] == 1);
        assert_true(cut[1] == DBL_MAX && cut[2] == DBL_MAX);
        for (size_t s = 0; s < 2; s++) {
            double step = plain_step(k, side[s], sum[s], class_, first, weight);
            assert_true(fabs(leaf[s] - step) < 1e-12);
            next[s][class_] += step;
        }
        for (size_t l = 2; l < BOOST_LEAVES; l++) assert_true(leaf[l] == 0);
    }
    boost_release(&b);
    answers_release(&a);
}

static void a_leaf_is_a_newton_step(void **state) {
    (void)state;
    check_steps(2, (const size_t[2][3]){{40, 10}, {12, 30}}, 0.5, 1);
    check_steps(2, (const size_t[2][3]){{40, 10}, {12, 30}}, 0.8, 1);
    check_steps(2, (const size_t[2][3]){{40, 10}, {12, 30}}, 0.3, 2.5);
    check_steps(3, (const size_t[2][3]){{40, 10, 3}, {12, 30, 20}}, 0.2, 1);
    check_steps(3, (const size_t[2][3]){{40, 10, 3}, {12, 30, 20}}, 0.6, 0.5);
}

/* Where the mixture was sure and wrong, the line is all but straight and a step would be long. */
static void a_step_is_bounded(void **state) {
    (void)state;
    check_steps(2, (const size_t[2][3]){{0, 40}, {40, 0}}, 1 - 1e-9, 1);
    check_steps(2, (const size_t[2][3]){{0, 40}, {40, 0}}, 1e-9, 1);
    check_steps(3, (const size_t[2][3]){{0, 40, 40}, {40, 0, 0}}, 1 - 1e-9, 1);
}

/* So many of the rows on the right of a column; none of the others tells anything. */
static size_t trees_of_sides(size_t n, size_t right) {
    struct answers a = answers_create(n, 1, 2);
    for (size_t i = 0; i < right; i++) a.row[shuffled(i, n)] = a.label[shuffled(i, n)] = 1;
    size_t trees = trees_of(&a, 5);
    answers_release(&a);
    return trees;
}

/* From nine answers nothing is concluded, on either side: the larger leaf alone steps. */
static void a_leaf_has_ten_answers(void **state) {
    (void)state;
    struct answers a = answers_create(60, 1, 2);
    for (size_t i = 0; i < 60; i++) a.row[i] = i < 9, a.label[i] = i < 9 || i % 2;
    struct boost b = fit(&a, 5);
    for (size_t t = 0; t < b.trees; t++)
        for (size_t l = 1; l < BOOST_LEAVES; l++) assert_true(b.leaf[t * BOOST_LEAVES + l] == 0);
    boost_release(&b);
    a.row[9] = a.label[9] = 1;
    b = fit(&a, 5);
    assert_int_equal(b.trees, 5);
    assert_true(b.leaf[1] > 0.1);
    boost_release(&b);
    answers_release(&a);
    assert_int_equal(trees_of_sides(60, 0), 0);
    assert_int_equal(trees_of_sides(60, 10), 5);
    assert_int_equal(trees_of_sides(60, 50), 5);
}

/* ---- what is learned ---- */

/* The label is whether the two columns of nine that count are on the same side. */
static struct labelled crossed(size_t n, uint64_t seed) {
    enum { D = 9, MEMBERS = 2 };
    struct labelled s = labelled_create(n, n, D, 2, MEMBERS);
    struct rng r = {.seed = seed};
    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < D; c++) s.row[i * D + c] = rng_next_normal(&r);
        s.label[i] = (s.row[i * D + 3] > 0) == (s.row[i * D + 7] > 0.1);
        for (size_t m = 0; m < MEMBERS * 2; m++) s.member[i * MEMBERS * 2 + m] = 0.5f;
    }
    return s;
}

static struct fit_options lines(size_t d, size_t k, size_t trees) {
    static const size_t memories[] = {5000};
    return (struct fit_options){.d = d,
                                .k = k,
                                .memories_n = 1,
                                .memories = memories,
                                .sgd_rate = 0.05,
                                .trees = trees,
                                .l2 = 10,
                                .shrinkage = 1,
                                .mix_memory = 1000,
                                .seed = 1,
                                .measure = MEASURE_LOG_ODDS_MARGIN};
}

/* The share of rows of which the version decides rightly. boosted: (n, 2) what its trees made of
 * each, or NULL. */
static double accuracy(const struct model *m, const struct labelled *s, float *boosted) {
    float *scratch = xmalloc(model_scratch(&m->shape) * sizeof *scratch), member[3 * 2], prob[2];
    size_t right = 0;
    for (size_t i = 0; i < s->rows.n; i++) {
        model_predict(m, s->row + i * m->shape.d, scratch, member, prob);
        right += (prob[1] > prob[0]) == s->label[i];
        if (boosted) memcpy(boosted + 2 * i, member + 2 * 2, 2 * sizeof *boosted);
    }
    free(scratch);
    return (double)right / (double)s->rows.n;
}

static void what_counts_together_is_learned(void **state) {
    (void)state;
    struct labelled s = crossed(1000, 1), other = crossed(2000, 2);
    struct fit_options o = lines(9, 2, 0);
    float *boosted = xcalloc(2 * 1000, sizeof *boosted);
    struct model *m = fitted(&o, &s);
    double straight = accuracy(m, &other, NULL);
    assert_true(m->boost.trees == 0 && straight < 0.6);
    model_destroy(m);
    o.trees = 20;
    m = fitted(&o, &s);
    assert_int_equal(m->boost.trees, 20);
    assert_true(fabs(*m->boost.trust - boost_trust_first) < 1e-12); // nobody has tried them
    accuracy(m, &s, boosted);
    model_destroy(m);
    s.rows.boosted = boosted;
    m = fitted(&o, &s);
    double with = accuracy(m, &other, NULL);
    if (!(*m->boost.trust > 0.99 && with > 0.85))
        fail_msg("trust %f, accuracy %f and %f", *m->boost.trust, straight, with);
    model_destroy(m);
    free(boosted);
    labelled_release(&s), labelled_release(&other);
}

/* The classes that a column tells apart, of four. */
static void each_class_has_its_trees(void **state) {
    (void)state;
    struct answers a = answers_create(400, 2, 4);
    for (size_t i = 0; i < 400; i++) {
        a.label[i] = (int)(i % 4);
        a.row[2 * i] = a.label[i], a.row[2 * i + 1] = (double)(i / 4 % 5);
    }
    struct boost b = fit(&a, 20);
    assert_int_equal(b.trees, 64);
    for (size_t c = 0; c < 4; c++) {
        float out[4], alike[4] = {0.25f, 0.25f, 0.25f, 0.25f};
        boost_correct(&b, (const double[]){(double)c, 2}, 4, out, alike);
        assert_true(out[c] > 0.7f);
    }
    boost_release(&b);
    answers_release(&a);
}

/* ---- when there are none ---- */

static void few_answers_make_no_trees(void **state) {
    (void)state;
    struct answers a = answers_random(31, 3, 2, 1);
    for (size_t i = 0; i < 31; i++) a.label[i] = (int)(i % 2), a.row[i * 3] = a.label[i];
    assert_int_equal(trees_of(&a, 5), 5);
    a.given[2 * 4] = a.given[2 * 4 + 1] = NAN; // nothing is recorded of one
    assert_int_equal(trees_of(&a, 5), 5);
    a.given[2 * 30] = a.given[2 * 30 + 1] = NAN;
    assert_int_equal(trees_of(&a, 5), 0);
    for (size_t i = 0; i < 31 * 2; i++) a.given[i] = NAN;
    assert_int_equal(trees_of(&a, 5), 0);
    for (size_t i = 0; i < 31 * 2; i++) a.given[i] = 0.5;
    a.rows.since = 1;
    assert_int_equal(trees_of(&a, 5), 5);
    a.rows.since = 2;
    assert_int_equal(trees_of(&a, 5), 0);
    a.rows.since = 31; // a turn at the newest label
    assert_int_equal(trees_of(&a, 5), 0);
    answers_release(&a);
}

static void wide_rows_and_many_classes_make_no_trees(void **state) {
    (void)state;
    static const struct {
        size_t d, k, trees, made;
    } cases[] = {{3, 2, 0, 0},  {3, 2, 1, 1},    {3, 8, 20, 64},  {3, 8, 3, 24},
                 {3, 9, 20, 0}, {1024, 2, 3, 3}, {1025, 2, 20, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answers a = answers_random(400, cases[i].d, cases[i].k, i);
        assert_int_equal(trees_of(&a, cases[i].trees), cases[i].made);
        answers_release(&a);
    }
}

static void equal_rows_make_no_trees(void **state) {
    (void)state;
    struct answers a = answers_random(100, 3, 2, 1);
    for (size_t i = 0; i < 300; i++) a.row[i] = (double)(i % 3) * 1e30;
    assert_int_equal(trees_of(&a, 5), 0);
    for (size_t i = 0; i < 100; i++) a.row[3 * i] = i % 2 ? 0.0 : -0.0; // equal, too
    assert_int_equal(trees_of(&a, 5), 0);
    answers_release(&a);
}

/* Columns that are cut, and no cut that gains: as many of each class on either side. */
static void what_tells_nothing_makes_no_trees(void **state) {
    (void)state;
    struct answers a = answers_create(160, 2, 2);
    for (size_t i = 0; i < 160; i++) {
        a.label[i] = (int)(i % 2);
        a.row[2 * i] = (double)(i / 2 % 2), a.row[2 * i + 1] = (double)(i / 4 % 4);
    }
    assert_int_equal(trees_of(&a, 5), 0);
    answers_release(&a);
}

/* A round goes on where the tree of one class has nothing to gain; it stays empty. */
static void a_class_may_have_an_empty_tree(void **state) {
    (void)state;
    struct answers a = answers_of_sides(3, (const size_t[2][3]){{40, 10, 5}, {12, 30, 7}}, 0.2, 1);
    struct boost b = fit(&a, 5);
    assert_int_equal(b.trees, 15);
    assert_true(b.cut[0] == 1 && b.cut[BOOST_DEPTH] == 1 && b.cut[2 * BOOST_DEPTH] == DBL_MAX);
    for (size_t l = 0; l < BOOST_LEAVES; l++) assert_true(b.leaf[2 * BOOST_LEAVES + l] == 0);
    boost_release(&b);
    answers_release(&a);
}

/* A mixture of certainty, which is wrong on one side of a column, is corrected there. */
static void certainty_is_corrected(void **state) {
    (void)state;
    struct answers a = answers_create(100, 1, 2);
    for (size_t i = 0; i < 100; i++) {
        a.row[i] = i % 2, a.label[i] = (int)(i % 2);
        a.given[2 * i] = 1, a.given[2 * i + 1] = 0;
    }
    struct boost b = fit(&a, 10);
    assert_int_equal(b.trees, 10);
    assert_true(added(&b, (const double[]){1}, 2, 1) > 3);
    assert_true(added(&b, (const double[]){0}, 2, 1) <= 0);
    boost_release(&b);
    answers_release(&a);
}

/* A counter, in either direction, says only when; a column beside it is learned all the same. */
static void clocks_are_not_cut(void **state) {
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        struct answers clock = answers_create(200, 1, 2), a = answers_create(200, 2, 2);
        for (size_t i = 0; i < 200; i++) {
            clock.label[i] = i >= 100, a.label[i] = (int)(i % 2) ^ (i % 10 == 0);
            clock.row[i] = a.row[2 * i] = sign * (1e9 + (double)i);
            a.row[2 * i + 1] = (double)(i % 2);
        }
        assert_int_equal(trees_of(&clock, 5), 0);
        struct boost b = fit(&a, 5);
        assert_int_equal(b.trees, 5);
        for (size_t q = 0; q < b.trees * BOOST_DEPTH; q++)
            assert_true(b.column[q] == 1 || b.cut[q] == DBL_MAX);
        boost_release(&b);
        answers_release(&clock), answers_release(&a);
    }
}

/* More than three of four of the newest tenth, or of five, lie outside all of the older half. */
static void a_clock_is_told_by_the_newest_answers(void **state) {
    (void)state;
    static const struct {
        size_t n, outside;
        bool clock;
    } cases[] = {{100, 7, false}, {100, 8, true}, {100, 10, true},  {30, 3, false},
                 {30, 4, true},   {59, 4, true},  {200, 15, false}, {200, 16, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (double far = -1; far <= 2; far += 3) {
            size_t n = cases[i].n, newest = n < 50 ? 5 : n / 10;
            struct answers a = answers_create(n, 1, 2);
            for (size_t j = 0; j < n; j++) a.row[j] = a.label[j] = (int)(j % 2);
            for (size_t j = 0; j < cases[i].outside; j++) a.row[n - newest + j] = far;
            assert_int_equal(trees_of(&a, 5), cases[i].clock ? 0 : 5);
            a.row[n / 2 - 1] = far; // it was there before
            assert_int_equal(trees_of(&a, 5), 5);
            answers_release(&a);
        }
}

/* ---- which rows ---- */

static void rows_before_a_turn_are_not_looked_at(void **state) {
    (void)state;
    struct answers a = answers_random(300, 3, 2, 1), b = answers_random(300, 3, 2, 1), tail;
    a.rows.since = b.rows.since = 200;
    for (size_t i = 0; i < 200; i++) {
        for (size_t c = 0; c < 3; c++) b.row[3 * i + c] = 1e9 * (double)i;
        b.label[i] ^= 1, b.given[2 * i] = 0.99, b.given[2 * i + 1] = 0.01;
    }
    assert_trees(&a, &b, true);
    tail = a; // and all of those behind it are
    tail.rows = (struct fit_rows){.n = 100, .row = a.row + 3 * 200, .label = a.label + 200};
    tail.given = a.given + 2 * 200;
    assert_trees(&a, &tail, true);
    b.rows.since = 199;
    assert_trees(&a, &b, false);
    b.rows.since = 0;
    assert_trees(&a, &b, false);
    answers_release(&a), answers_release(&b);
}

static void only_the_newest_answers_are_looked_at(void **state) {
    (void)state;
    struct answers a = answers_random(BOOST_ROWS + 50, 2, 2, 1), tail = a;
    tail.rows = (struct fit_rows){.n = BOOST_ROWS, .row = a.row + 2 * 50, .label = a.label + 50};
    tail.given = a.given + 2 * 50;
    assert_trees(&a, &tail, true);
    a.label[50] ^= 1;
    struct answers whole = answers_random(BOOST_ROWS + 50, 2, 2, 1);
    assert_trees(&a, &whole, false);
    answers_release(&a), answers_release(&whole);
}

/* Rows of which nothing is recorded are as if they were not there. */
static void rows_without_a_prediction_are_left_out(void **state) {
    (void)state;
    struct answers a = answers_random(200, 3, 3, 1), b = answers_create(300, 3, 3);
    a.rows.weight = a.weight, b.rows.weight = b.weight;
    for (size_t i = 0, j = 0; i < 300; i++) {
        if (i % 3 == 1) {
            for (size_t c = 0; c < 3; c++) b.given[3 * i + c] = NAN, b.row[3 * i + c] = 1e9;
            continue;
        }
        memcpy(b.row + 3 * i, a.row + 3 * j, 3 * sizeof *a.row);
        memcpy(b.given + 3 * i, a.given + 3 * j, 3 * sizeof *a.given);
        b.weight[i] = a.weight[j] = 0.5 + (double)(j % 5);
        b.label[i] = a.label[j++];
    }
    assert_trees(&a, &b, true);
    answers_release(&a), answers_release(&b);
}

/* As long as no leaf has so few that its rows are counted, 2 of weight 1 are one of weight 2. */
static void a_row_of_weight_two_is_two_rows(void **state) {
    (void)state;
    struct answers once = answers_create(200, 2, 2), twice = answers_create(400, 2, 2);
    for (size_t i = 0; i < 400; i++) {
        size_t j = i / 2;
        twice.row[2 * i] = once.row[2 * j] = (double)(j % 4);
        twice.row[2 * i + 1] = once.row[2 * j + 1] = (double)(j / 4 % 2);
        twice.label[i] = once.label[j] = (j % 4 == 2 || j / 4 % 2) != (j / 8 % 5 == 0);
        once.weight[j] = 2;
    }
    once.rows.weight = once.weight;
    struct boost a = fit(&once, 10), b = fit(&twice, 10);
    once.rows.weight = NULL;
    struct boost light = fit(&once, 10);
    assert_true(a.trees == 10 && b.trees == 10 && light.trees == 10);
    double most = 0;
    for (size_t i = 0; i < 200; i++) {
        const double *row = once.row + 2 * i;
        assert_true(fabs(added(&a, row, 2, 1) - added(&b, row, 2, 1)) < 1e-5);
        most = fmax(most, fabs(added(&a, row, 2, 1) - added(&light, row, 2, 1)));
    }
    assert_true(most > 1e-3);
    boost_release(&a), boost_release(&b), boost_release(&light);
    answers_release(&once), answers_release(&twice);
}

/* ---- odd numbers ---- */

/* Constants, codes, both zeros, the ends of the doubles: each question parts the rows, and those on
 * either side of the codes are told apart. */
static void odd_columns_are_cut_between_their_values(void **state) {
    (void)state;
    static const double odd[11][2] = {{7, 7},
                                      {-1, 1e30},
                                      {-1, 9e18},
                                      {-0.0, 0.0},
                                      {-DBL_MAX, DBL_MAX},
                                      {0, 5e-324},
                                      {1, 1 + DBL_EPSILON},
                                      {9e15, 9e15 + 2},
                                      {1 + DBL_EPSILON, 1 + 2 * DBL_EPSILON},
                                      {1e308, DBL_MAX},
                                      {-DBL_MAX, -1e308}};
    enum { N = 200, D = 11 };
    for (size_t tells = 0; tells < D; tells++) {
        struct answers a = answers_create(N, D, 2);
        bool can = odd[tells][0] < odd[tells][1];
        for (size_t i = 0; i < N; i++) {
            a.label[i] = (int)(i % 2);
            for (size_t c = 0; c < D; c++)
                a.row[i * D + c] = odd[c][c == tells ? i % 2 : (i >> (c % 4 + 1)) % 2];
        }
        struct boost b = fit(&a, 10);
        if (can) assert_int_equal(b.trees, 10);
        for (size_t q = 0; q < b.trees * BOOST_DEPTH; q++) {
            size_t c = (size_t)b.column[q];
            if (b.cut[q] == DBL_MAX) continue;
            assert_true(odd[c][0] <= b.cut[q] && b.cut[q] < odd[c][1]);
        }
        for (size_t i = 0; can && i < N; i++)
            assert_true((added(&b, a.row + i * D, 2, 1) > 1) == (a.label[i] == 1));
        boost_release(&b);
        answers_release(&a);
    }
}

/* 32 bins: neighbours of a column of 32 values are told apart, and of more values none is lost. */
static void a_column_is_cut_at_its_quantiles(void **state) {
    (void)state;
    struct answers a = answers_create(3200, 1, 2);
    for (size_t alone = 1; alone < 32; alone += 10) {
        for (size_t i = 0; i < 3200; i++) {
            a.row[i] = (double)(i % 32);
            a.label[i] = i % 32 >= alone;
        }
        struct boost b = fit(&a, 20);
        assert_true(b.cut[0] == (double)alone - 0.5);
        boost_release(&b);
    }
    for (size_t i = 0; i < 3200; i++)
        a.row[shuffled(i, 3200)] = (double)i, a.label[shuffled(i, 3200)] = i >= 1600;
    struct boost b = fit(&a, 1);
    assert_true(fabs(b.cut[0] - 1599.5) < 3200.0 / 32);
    boost_release(&b);
    answers_release(&a);
}

/* I8. */
static void equal_rows_give_equal_trees(void **state) {
    (void)state;
    for (size_t k = 2; k <= 4; k++) {
        struct answers a = answers_random(700, 6, k, 3), b = answers_random(700, 6, k, 3),
                       c = answers_random(700, 6, k, 4);
        assert_trees(&a, &b, true);
        assert_trees(&a, &c, false);
        answers_release(&a), answers_release(&b), answers_release(&c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leaf_is_a_newton_step),
        cmocka_unit_test(a_step_is_bounded),
        cmocka_unit_test(a_leaf_has_ten_answers),
        cmocka_unit_test(what_counts_together_is_learned),
        cmocka_unit_test(each_class_has_its_trees),
        cmocka_unit_test(few_answers_make_no_trees),
        cmocka_unit_test(wide_rows_and_many_classes_make_no_trees),
        cmocka_unit_test(equal_rows_make_no_trees),
        cmocka_unit_test(what_tells_nothing_makes_no_trees),
        cmocka_unit_test(a_class_may_have_an_empty_tree),
        cmocka_unit_test(certainty_is_corrected),
        cmocka_unit_test(clocks_are_not_cut),
        cmocka_unit_test(a_clock_is_told_by_the_newest_answers),
        cmocka_unit_test(rows_before_a_turn_are_not_looked_at),
        cmocka_unit_test(only_the_newest_answers_are_looked_at),
        cmocka_unit_test(rows_without_a_prediction_are_left_out),
        cmocka_unit_test(a_row_of_weight_two_is_two_rows),
        cmocka_unit_test(odd_columns_are_cut_between_their_values),
        cmocka_unit_test(a_column_is_cut_at_its_quantiles),
        cmocka_unit_test(equal_rows_give_equal_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
