/* Boosted trees of a version: what they add against the same sums written plainly, their bounds,
 * their way through a record and through an import, and what is refused. */
#include "infer/boost.h"

#include "infer/model_import.h"
#include "infer/model_record.h"
#include "models.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { D = 4, MOST = 64 }; // columns; classes

/* ---- versions with trees ---- */

static void random_trees(struct boost *b, size_t trees, size_t d, uint64_t seed) {
    struct rng r = {.seed = seed};
    boost_create(b, trees);
    *b->trust = 0.4;
    for (size_t i = 0; i < trees * BOOST_DEPTH; i++) {
        b->column[i] = (float)rng_below(rng_next(&r), d);
        b->cut[i] = rng_next_normal(&r) / 2;
    }
    for (size_t i = 0; i < trees * BOOST_LEAVES; i++) b->leaf[i] = rng_next_normal(&r) / 3;
    boost_settle(b);
}

/* Three classes, or so many of the same names; golden rows that hold with the trees. */
static struct model *boosted_model(size_t k, size_t trees, uint64_t seed) {
    struct model *m = whole_model(0, seed);
    struct rng r = {.seed = seed + 7};
    if (k == 2) {
        struct model_shape s = shape_of_layers(D, 2, 2, 0, 0);
        model_destroy(m);
        m = random_model(&s, seed);
        m->classes = owned("no\nyes");
        m->fingerprint = 0xfedcba9876543210u;
        m->lapse = xmalloc(sizeof *m->lapse);
        *m->lapse = 0.03;
        m->temperature = xmalloc(sizeof *m->temperature);
        *m->temperature = 0.8;
    }
    free(m->golden_row), free(m->golden_prob);
    random_trees(&m->boost, trees, D, seed + 5);
    add_golden(m, 3, &r);
    return m;
}

/* What it says of a row, behind what each member and the trees make of it: (MOST_OPINIONS, 3). */
enum { MOST_OPINIONS = 4 };

static void say(const struct model *m, const double *row, float *out) {
    size_t k = m->shape.k, opinions = model_opinions(m);
    float *scratch = xmalloc(model_scratch(&m->shape) * sizeof *scratch),
          *said = out + opinions * k;
    assert_true(opinions < MOST_OPINIONS);
    model_predict(m, row, scratch, out, said);
    model_say(m, said, said);
    free(scratch);
}

static void random_row(struct rng *r, double *row) {
    for (size_t c = 0; c < D; c++) row[c] = rng_next_normal(r);
}

/* ---- scoring ---- */

static double plain_leaf(const struct boost *b, size_t t, const double *row) {
    size_t leaf = 0;
    for (size_t i = 0; i < 3; i++)
        if (row[(size_t)b->column[t * 3 + i]] > b->cut[t * 3 + i]) leaf += (size_t)1 << i;
    return b->leaf[t * 8 + leaf];
}

/* Log p plus the sum of each class, and again shares. */
static void plain_boosted(const struct boost *b, const double *row, size_t k, const double *p,
                          double *out) {
    double sum = 0, odds[MOST] = {0};
    for (size_t t = 0; t < b->trees; t++) odds[k == 2 ? 1 : t % k] += plain_leaf(b, t, row);
    for (size_t c = 0; c < k; c++) sum += out[c] = exp(log(p[c]) + odds[c]);
    for (size_t c = 0; c < k; c++) out[c] /= sum;
}

static void check_corrected(size_t k, size_t trees, double trust) {
    struct boost b;
    struct rng r = {.seed = k};
    random_trees(&b, trees, D, trees);
    *b.trust = trust;
    for (int repeat = 0; repeat < 50; repeat++) {
        double row[D], sum = 0, given[MOST], plain[MOST];
        float prob[MOST], boosted[MOST];
        random_row(&r, row);
        for (size_t c = 0; c < k; c++) sum += given[c] = 0.01 + rng_next_unit(&r);
        for (size_t c = 0; c < k; c++) prob[c] = (float)(given[c] /= sum);
        plain_boosted(&b, row, k, given, plain);
        boost_correct(&b, row, k, boosted, prob);
        for (size_t c = 0; c < k; c++) {
            assert_true(fabs((double)boosted[c] - plain[c]) < 1e-6);
            assert_true(fabs((double)prob[c] - ((1 - trust) * given[c] + trust * plain[c])) < 1e-6);
        }
    }
    boost_release(&b);
}

static void a_correction_is_the_plain_sum(void **state) {
    (void)state;
    static const double trust[] = {0, 0.3, 1};
    for (size_t t = 0; t < 3; t++) {
        check_corrected(2, 1, trust[t]);
        check_corrected(2, 20, trust[t]);
        check_corrected(3, 3, trust[t]);
        check_corrected(3, 60, trust[t]);
        check_corrected(12, 60, trust[t]);
        check_corrected(MOST, MOST, trust[t]);
    }
}

/* The members' mixture, corrected, then its lapse; what the trees make of it stands behind what the
 * members said, whether rows are scored alone or together. */
static void a_version_says_what_its_trees_correct(void **state) {
    (void)state;
    for (size_t k = 2; k <= 3; k++) {
        enum { N = 5 };
        struct model *m = boosted_model(k, 6 * k, 3);
        struct rng r = {.seed = 4};
        double row[N * D];
        float *scratch = xmalloc(N * model_scratch(&m->shape) * sizeof *scratch), member[N * 3 * 3],
              prob[N * 3];
        bool far[N];
        assert_int_equal(model_opinions(m), 3);
        for (size_t i = 0; i < N; i++) random_row(&r, row + i * D);
        model_predict_rows(m, row, N, scratch, member, 3 * k, prob, far);
        for (size_t i = 0; i < N; i++) {
            float its[MOST_OPINIONS * 3], mixture[3] = {0}, boosted[3], alone[3];
            say(m, row + i * D, its);
            for (size_t c = 0; c < k; c++)
                mixture[c] = (float)(m->mix[0] * (double)its[c] + m->mix[1] * (double)its[k + c]);
            boost_correct(&m->boost, row + i * D, k, boosted, mixture);
            model_predict(m, row + i * D, scratch, NULL, alone); // members are not wanted
            assert_memory_equal(boosted, its + 2 * k, k * sizeof *boosted);
            assert_memory_equal(mixture, alone, k * sizeof *alone);
            double of_all = 0; // lapse 0.03, and temperature 0.8 of two classes, 1.25 of three
            for (size_t c = 0; c < k; c++)
                of_all += pow(0.97 * (double)mixture[c] + 0.03 / (double)k, k == 2 ? 1.25 : 0.8);
            for (size_t c = 0; c < k; c++) {
                double said =
                    pow(0.97 * (double)mixture[c] + 0.03 / (double)k, k == 2 ? 1.25 : 0.8) / of_all;
                assert_true(fabs((double)its[3 * k + c] - said) < 1e-6);
                assert_true(fabsf(prob[i * k + c] - mixture[c]) < 1e-5f);
                assert_true(fabsf(member[(i * 3 + 2) * k + c] - boosted[c]) < 1e-5f);
            }
        }
        free(scratch);
        model_destroy(m);
    }
}

/* Nothing stands behind its members then. */
static void without_trees_nothing_is_corrected(void **state) {
    (void)state;
    struct model *m = whole_model(0, 9);
    const double row[D] = {1, 2, 3, 4};
    float *scratch = xmalloc(model_scratch(&m->shape) * sizeof *scratch),
          member[3 * 3] = {[6] = 7, [7] = 7, [8] = 7}, prob[3];
    assert_int_equal(model_opinions(m), 2);
    model_predict(m, row, scratch, member, prob);
    for (size_t c = 0; c < 3; c++) {
        double mixture = m->mix[0] * (double)member[c] + m->mix[1] * (double)member[3 + c];
        assert_true(member[6 + c] == 7 && prob[c] == (float)mixture);
    }
    free(scratch);
    model_destroy(m);
}

/* Bit i of a leaf's number is the answer to question i; equal is not above. */
static void a_leaf_is_found_by_three_questions(void **state) {
    (void)state;
    struct boost b;
    boost_create(&b, 1);
    for (size_t i = 0; i < BOOST_DEPTH; i++) b.column[i] = (float)(i + 1), b.cut[i] = (double)i;
    for (size_t i = 0; i < BOOST_LEAVES; i++) b.leaf[i] = (double)i - 3.5;
    boost_settle(&b);
    for (size_t l = 0; l < BOOST_LEAVES; l++) {
        double row[D] = {1e300};
        float prob[2] = {0.5f, 0.5f}, boosted[2];
        for (size_t i = 0; i < BOOST_DEPTH; i++)
            row[i + 1] = l >> i & 1 ? nextafter((double)i, 9) : (double)i;
        if (!(l & 1)) row[1] = l & 2 ? -0.0 : 0; // neither is above a cut at 0
        boost_correct(&b, row, 2, boosted, prob);
        assert_true(fabs(log((double)boosted[1] / (double)boosted[0]) - b.leaf[l]) < 1e-5);
    }
    for (size_t i = 0; i < BOOST_DEPTH; i++) b.cut[i] = DBL_MAX; // of a question that nobody asked
    boost_settle(&b);
    const double all[D] = {DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX};
    float one[2], prob[2] = {0.5f, 0.5f};
    boost_correct(&b, all, 2, one, prob);
    assert_true(fabs(log((double)one[1] / (double)one[0]) - b.leaf[0]) < 1e-5);
    boost_release(&b);
}

static void assert_shares(const float *p, size_t k) {
    double sum = 0;
    for (size_t c = 0; c < k; c++) {
        assert_true(p[c] >= 0 && p[c] <= 1);
        sum += (double)p[c];
    }
    assert_true(fabs(sum - 1) < 1e-5);
}

/* A mixture of certainty, corrected by trees of which all are as sure, with it and against it. */
static void correct_certainty(const struct boost *b, size_t k) {
    const double row[D] = {0};
    for (size_t sure = 0; sure < k; sure++)
        for (int tiny = 0; tiny < 2; tiny++) {
            float prob[MOST] = {0}, boosted[MOST];
            prob[(sure + 1) % k] = tiny ? 1e-45f : 0;
            prob[sure] = 1;
            boost_correct(b, row, k, boosted, prob);
            assert_shares(boosted, k);
            assert_shares(prob, k);
        }
}

static void leaves_at_their_bounds_make_shares(void **state) {
    (void)state;
    static const size_t classes[] = {2, 3, 12, MOST};
    for (size_t i = 0; i < 4; i++) {
        size_t k = classes[i], outputs = boost_outputs(k), trees = 64 / outputs * outputs;
        for (unsigned signs = 0; signs < 8; signs++) {
            struct boost b;
            boost_create(&b, trees);
            boost_settle(&b);
            for (size_t l = 0; l < trees * BOOST_LEAVES; l++) {
                bool first = l / BOOST_LEAVES % outputs == 0;
                b.leaf[l] = signs >> first & 1 ? 10 : -10;
            }
            *b.trust = signs >> 2;
            assert_null(boost_fault(&b, D, k));
            correct_certainty(&b, k);
            boost_release(&b);
        }
    }
}

/* ---- bounds ---- */

static void rounds_are_bounded(void **state) {
    (void)state;
    static const struct {
        size_t wanted, d, k, rounds;
    } cases[] = {{20, 5, 2, 20},   {0, 5, 2, 0},      {64, 5, 2, 64},      {1000, 5, 2, 64},
                 {3, 5, 3, 3},     {64, 5, 3, 21},    {20, 1, 8, 8},       {4, 1, 8, 4},
                 {20, 1, 9, 0},    {20, 1024, 2, 20}, {20, 1025, 2, 0},    {20, 1024, 8, 8},
                 {20, 5, 1000, 0}, {20, 5, 64, 0},    {20, 1025, 1000, 0}, {20, 1, 2, 20}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(boost_rounds(cases[i].wanted, cases[i].d, cases[i].k), cases[i].rounds);
}

static void assert_same_trees(const struct boost *a, const struct boost *b) {
    assert_int_equal(a->trees, b->trees);
    if (!a->trees) return;
    assert_memory_equal(a->column, b->column, a->trees * BOOST_DEPTH * sizeof *a->column);
    assert_memory_equal(a->cut, b->cut, a->trees * BOOST_DEPTH * sizeof *a->cut);
    assert_memory_equal(a->leaf, b->leaf, a->trees * BOOST_LEAVES * sizeof *a->leaf);
    assert_memory_equal(a->trust, b->trust, sizeof *a->trust);
}

static void a_copy_owns_what_it_has(void **state) {
    (void)state;
    struct boost b = {0}, copy = {0};
    boost_copy(&b, &copy);
    assert_true(!copy.trees && !copy.leaf);
    random_trees(&b, 7, D, 1);
    boost_copy(&b, &copy);
    assert_same_trees(&b, &copy);
    assert_true(b.column != copy.column && b.cut != copy.cut && b.leaf != copy.leaf &&
                b.trust != copy.trust && b.at != copy.at);
    assert_memory_equal(b.at, copy.at, 7 * BOOST_DEPTH * sizeof *b.at);
    boost_release(&b);
    assert_true(!b.trees && !b.leaf);
    boost_release(&b);
    boost_release(&copy);
}

static void column_behind_all(struct boost *b) { b->column[4] = D; }
static void column_before_all(struct boost *b) { b->column[4] = -1; }
static void column_between(struct boost *b) { b->column[4] = 0.5f; }
static void column_nan(struct boost *b) { b->column[0] = NAN; }
static void column_endless(struct boost *b) { b->column[0] = INFINITY; }
static void last_column(struct boost *b) { b->column[b->trees * BOOST_DEPTH - 1] = 1e9f; }
static void cut_nan(struct boost *b) { b->cut[2] = NAN; }
static void cut_endless(struct boost *b) { b->cut[b->trees * BOOST_DEPTH - 1] = -INFINITY; }
static void leaf_nan(struct boost *b) { b->leaf[5] = NAN; }
static void leaf_above(struct boost *b) { b->leaf[5] = nextafter(10, 11); }
static void leaf_below(struct boost *b) { b->leaf[b->trees * BOOST_LEAVES - 1] = -10.5; }
static void trust_above(struct boost *b) { *b->trust = nextafter(1, 2); }
static void trust_below(struct boost *b) { *b->trust = -1e-9; }
static void trust_nan(struct boost *b) { *b->trust = NAN; }

static const struct fault {
    void (*make)(struct boost *b);
    const char *says;
} faults[] = {{column_behind_all, "column"},
              {column_before_all, "column"},
              {column_between, "column"},
              {column_nan, "column"},
              {column_endless, "column"},
              {last_column, "column"},
              {cut_nan, "cut"},
              {cut_endless, "cut"},
              {leaf_nan, "leaf"},
              {leaf_above, "leaf"},
              {leaf_below, "leaf"},
              {trust_above, "trust"},
              {trust_below, "trust"},
              {trust_nan, "trust"}};
enum { FAULTS = sizeof faults / sizeof *faults };

static void every_fault_is_named(void **state) {
    (void)state;
    for (size_t i = 0; i < FAULTS; i++) {
        struct boost b;
        random_trees(&b, 6, D, 2);
        assert_null(boost_fault(&b, D, 3));
        faults[i].make(&b);
        const char *why = boost_fault(&b, D, 3);
        if (!why || !strstr(why, faults[i].says)) fail_msg("%zu: %s", i, why ? why : "taken");
        boost_release(&b);
    }
}

static void numbers_of_trees_that_cannot_be_are_faults(void **state) {
    (void)state;
    struct boost b, part;
    random_trees(&b, BOOST_TREES_MAX, D, 2);
    assert_null(boost_fault(&(struct boost){0}, D, 3));
    assert_null(boost_fault(&b, D, 2));
    assert_null(boost_fault(&b, D, 64));
    assert_non_null(strstr(boost_fault(&b, D, 3), "too many"));  // 64 are not as many for each
    assert_non_null(strstr(boost_fault(&b, D, 65), "too many")); // more classes than trees
    assert_non_null(strstr(boost_fault(&b, D, 1000), "too many"));
    b.trees++;
    assert_non_null(strstr(boost_fault(&b, D, 2), "too many"));
    b.trees = SIZE_MAX;
    assert_non_null(strstr(boost_fault(&b, D, 2), "too many"));
    b.trees = BOOST_TREES_MAX;
    for (int i = 0; i < 4; i++) {
        part = b;
        if (i == 0) part.column = NULL;
        if (i == 1) part.cut = NULL;
        if (i == 2) part.leaf = NULL;
        if (i == 3) part.trust = NULL;
        assert_non_null(strstr(boost_fault(&part, D, 2), "missing"));
    }
    boost_release(&b);
}

/* ---- records ---- */

static void what_is_written_says_the_same(void **state) {
    (void)state;
    for (size_t k = 2; k <= 3; k++) {
        struct model *m = boosted_model(k, 6 * k, 9), *read = NULL;
        struct buf bytes = {0}, again = {0};
        struct rng r = {.seed = 1};
        const char *why = NULL;
        m->boost.cut[0] = DBL_MAX;
        boost_settle(&m->boost);
        model_write(m, "fraud", &bytes);
        if (model_read(&read, buf_view(&bytes), &why) < 0) fail_msg("%s", why);
        assert_same_trees(&m->boost, &read->boost);
        model_write(read, "fraud", &again);
        assert_true(text_equal(buf_view(&bytes), buf_view(&again)));
        for (int repeat = 0; repeat < 50; repeat++) {
            double row[D];
            float ours[MOST_OPINIONS * 3] = {0}, its[MOST_OPINIONS * 3] = {0};
            random_row(&r, row);
            say(m, row, ours);
            say(read, row, its);
            assert_memory_equal(ours, its, sizeof ours);
        }
        model_destroy(m), model_destroy(read);
        buf_release(&bytes), buf_release(&again);
    }
}

/* So whoever has no trees notices nothing of them. */
static void a_record_without_trees_has_no_tensor_of_them(void **state) {
    (void)state;
    struct model *m = whole_model(1, 9);
    struct buf before = {0}, with = {0}, after = {0};
    model_write(m, "fraud", &before);
    assert_null(memmem(before.at, before.len, "boost", 5));
    random_trees(&m->boost, 3, D, 1);
    model_write(m, "fraud", &with);
    assert_non_null(memmem(with.at, with.len, "boost", 5));
    boost_release(&m->boost);
    model_write(m, "fraud", &after);
    assert_true(text_equal(buf_view(&before), buf_view(&after)));
    model_destroy(m);
    buf_release(&before), buf_release(&with), buf_release(&after);
}

static const char *refused(struct model *m, const char *from, const char *to) {
    struct buf bytes = {0};
    struct model *read = NULL;
    const char *why = NULL;
    model_write(m, "fraud", &bytes);
    char *at = from ? memmem(bytes.at, bytes.len, from, strlen(from)) : NULL;
    if (from) assert_non_null(at);
    if (at) memcpy(at, to, strlen(to));
    int result = model_read(&read, buf_view(&bytes), &why);
    model_destroy(read);
    buf_release(&bytes);
    model_destroy(m);
    if (result < 0) assert_int_equal(result, ERR_CORRUPT);
    return result < 0 ? why : "taken";
}

static void records_that_lie_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *from, *to, *says; // `to` is as long
    } lies[] = {{"\"boost.column\"", "\"boost.columm\"", "missing"},
                {"\"boost.cut\"", "\"boost.cat\"", "missing"},
                {"\"boost.leaf\"", "\"boost.beef\"", "no model has"},
                {"\"boost.trust\"", "\"boost.treat\"", "missing"},
                {"[12,3]", "[18,2]", "another shape"},
                {"[12,3]", "[36]  ", "another shape"},
                {"[12,8]", "[24,4]", "another shape"},
                {"[12,8]", "[96]  ", "another shape"},
                {"[12,8]", "[3,32]", "another shape"}};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        const char *why = refused(boosted_model(3, 12, 9), lies[i].from, lies[i].to);
        if (!strstr(why, lies[i].says)) fail_msg("%s: %s", lies[i].to, why);
    }
    for (size_t i = 0; i < FAULTS; i++) {
        struct model *m = boosted_model(3, 12, 9);
        faults[i].make(&m->boost);
        const char *why = refused(m, NULL, NULL);
        if (!strstr(why, faults[i].says)) fail_msg("%zu: %s", i, why);
    }
}

/* The trees of a model as so many as there may not be. */
static struct model *crowded_model(size_t k, size_t trees) {
    struct model *m = boosted_model(k, boost_outputs(k), 9);
    struct boost *b = &m->boost;
    b->trees = trees;
    b->column = xrealloc(b->column, trees * BOOST_DEPTH * sizeof *b->column);
    b->cut = xrealloc(b->cut, trees * BOOST_DEPTH * sizeof *b->cut);
    b->leaf = xrealloc(b->leaf, trees * BOOST_LEAVES * sizeof *b->leaf);
    memset(b->column, 0, trees * BOOST_DEPTH * sizeof *b->column);
    memset(b->cut, 0, trees * BOOST_DEPTH * sizeof *b->cut);
    memset(b->leaf, 0, trees * BOOST_LEAVES * sizeof *b->leaf);
    return m;
}

static void too_many_trees_are_refused(void **state) {
    (void)state;
    assert_string_equal(refused(crowded_model(2, 64), NULL, NULL), "taken");
    assert_non_null(strstr(refused(crowded_model(2, 65), NULL, NULL), "too many"));
    assert_string_equal(refused(crowded_model(3, 63), NULL, NULL), "taken");
    assert_non_null(strstr(refused(crowded_model(3, 66), NULL, NULL), "too many"));
    assert_non_null(strstr(refused(crowded_model(3, 64), NULL, NULL), "too many"));
    assert_non_null(strstr(refused(crowded_model(2, 100000), NULL, NULL), "too many"));
}

static int check(const struct model *m, const char **why) {
    *why = NULL;
    return model_check(m, D, m->classes, m->fingerprint, why);
}

/* I9 with trees: the golden rows hold with them, and not without or with others. */
static void golden_rows_hold_with_trees(void **state) {
    (void)state;
    struct model *m = boosted_model(3, 12, 5);
    struct boost none = {0}, its = m->boost;
    const char *why;
    assert_int_equal(check(m, &why), 0);
    *m->boost.trust = 0.7;
    assert_true(check(m, &why) == ERR_CORRUPT && strstr(why, "golden rows"));
    *m->boost.trust = 0.4;
    for (size_t i = 0; i < BOOST_LEAVES; i++) its.leaf[i] += 0.5;
    assert_true(check(m, &why) == ERR_CORRUPT && strstr(why, "golden rows"));
    for (size_t i = 0; i < BOOST_LEAVES; i++) its.leaf[i] -= 0.5;
    assert_int_equal(check(m, &why), 0);
    m->boost = none;
    assert_true(check(m, &why) == ERR_CORRUPT && strstr(why, "golden rows"));
    m->boost = its;
    for (size_t i = 0; i < FAULTS; i++) {
        struct model *bad = boosted_model(3, 12, 5);
        faults[i].make(&bad->boost);
        assert_true(check(bad, &why) == ERR_CORRUPT && strstr(why, faults[i].says));
        model_destroy(bad);
    }
    model_destroy(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_correction_is_the_plain_sum),
        cmocka_unit_test(a_version_says_what_its_trees_correct),
        cmocka_unit_test(without_trees_nothing_is_corrected),
        cmocka_unit_test(a_leaf_is_found_by_three_questions),
        cmocka_unit_test(leaves_at_their_bounds_make_shares),
        cmocka_unit_test(rounds_are_bounded),
        cmocka_unit_test(a_copy_owns_what_it_has),
        cmocka_unit_test(every_fault_is_named),
        cmocka_unit_test(numbers_of_trees_that_cannot_be_are_faults),
        cmocka_unit_test(what_is_written_says_the_same),
        cmocka_unit_test(a_record_without_trees_has_no_tensor_of_them),
        cmocka_unit_test(records_that_lie_are_refused),
        cmocka_unit_test(too_many_trees_are_refused),
        cmocka_unit_test(golden_rows_hold_with_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
