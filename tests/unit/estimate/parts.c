/* Figures of parts of the samples: their intervals keep their word, though nobody says how large a
 * part is; also where one arm is answered less often than the other. */
#include "estimate/parts.h"

#include "figure_stream.h"
#include "unit/test.h"

#include <math.h>
#include <string.h>

enum { N = 20000, BLOCK = 40, RUNS = 200, PARTS = 3 };
#define NOMINAL 0.91

struct truth {
    double sum[OUTCOMES], n;
};

/* Three parts of different odds: two thirds, a quarter, a twelfth of the samples. */
static void play(struct estimator *whole, struct parts *p, uint64_t seed, double random_answers,
                 struct truth truth[PARTS]) {
    static const double odds[PARTS] = {-1, 0, 1};
    const struct figure_stream_kind kind = {0, false, 0.5, 1, random_answers, BLOCK};
    struct figure_stream stream = figure_stream_of(&kind, seed);
    struct rng r = {.seed = ~seed};
    memset(truth, 0, PARTS * sizeof *truth);
    for (size_t i = 0; i < N; i++) {
        double u = rng_next_unit(&r);
        size_t part = u < 8 / 12.0 ? 0 : u < 11 / 12.0 ? 1 : 2;
        struct figure_sample s;
        figure_stream_next(&stream, odds[part], &s);
        for (size_t j = 0; j < OUTCOMES; j++) truth[part].sum[j] += s.outcome.value[j];
        truth[part].n++;
        if (!s.requested) continue;
        s.asked.part[0] = (uint8_t)(part + 1);
        estimator_ask(whole, &s.asked);
        parts_ask(p, &s.asked);
        if (!s.answered) continue;
        estimator_answer(whole, &s.asked, &s.outcome);
        parts_answer(p, &s.asked, &s.outcome);
    }
}

static void covers(double random_answers) {
    static const enum estimate_name names[] = {ESTIMATE_ACCURACY, ESTIMATE_PREVALENCE,
                                               ESTIMATE_PRECISION, ESTIMATE_RECALL, ESTIMATE_COST};
    enum { NAMES = sizeof names / sizeof *names };
    double covered[PARTS][NAMES] = {{0}}, bias[PARTS][NAMES] = {{0}};
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        struct estimator *whole = estimator_create(0);
        struct parts *p = parts_create(PARTS, 0, whole);
        struct truth truth[PARTS];
        play(whole, p, seed, random_answers, truth);
        for (size_t i = 0; i < PARTS; i++) {
            struct estimates f;
            double is[ESTIMATES];
            parts_read(p, i, ESTIMATE_SINCE_START, &f);
            estimate_of_all(truth[i].sum, truth[i].n, is);
            for (size_t e = 0; e < NAMES; e++) {
                const struct estimate *of = &f.of[names[e]];
                covered[i][e] +=
                    (of->low <= is[names[e]] && is[names[e]] <= of->high) / (double)RUNS;
                bias[i][e] += (of->value - is[names[e]]) / RUNS;
            }
        }
        parts_destroy(p);
        estimator_destroy(whole);
    }
    for (size_t i = 0; i < PARTS; i++)
        for (size_t e = 0; e < NAMES; e++) {
            print_message("part %zu %s: covered %.3f, bias %+.4f\n", i, estimate_word(names[e]),
                          covered[i][e], bias[i][e]);
            double most = names[e] == ESTIMATE_COST ? 3 : 1; // of one sample
            if (covered[i][e] < NOMINAL || fabs(bias[i][e]) > 0.02 * most)
                fail_msg("part %zu %s: %g, %g", i, estimate_word(names[e]), covered[i][e],
                         bias[i][e]);
        }
}

static void each_part_holds_its_truth(void **state) {
    (void)state;
    covers(1);
}

static void unequal_answers_bend_no_part(void **state) {
    (void)state;
    covers(0.6);
}

/* All was asked: then a part is known, too. But not where only its own requests were of one arm. */
static void a_part_is_exact_where_all_is_asked(void **state) {
    (void)state;
    for (size_t left = 0; left < 2; left++) {
        struct estimator *whole = estimator_create(0);
        struct parts *p = parts_create(1, 0, whole);
        struct estimates f;
        for (uint64_t i = 0; i < 200; i++) {
            struct asked a = {.key = i, .propensity = 1, .part = {1}};
            struct outcome o;
            outcome_of(&o, i % 4, i % 2, false, false, 0, 0.5, 0.1f);
            estimator_ask(whole, &a), parts_ask(p, &a);
            estimator_answer(whole, &a, &o), parts_answer(p, &a, &o);
        }
        const struct asked other = {.key = 7, .propensity = 1, .unasked = {(uint32_t)left, {0}}};
        estimator_ask(whole, &other), parts_ask(p, &other);
        parts_read(p, 0, ESTIMATE_SINCE_START, &f);
        if (left) assert_true(isnan(f.of[ESTIMATE_ACCURACY].value));
        else assert_true(f.of[ESTIMATE_ACCURACY].value == 0.75);
        assert_true(f.of[ESTIMATE_ACCURACY].low == (left ? 0 : 0.75));
        assert_true(f.of[ESTIMATE_ACCURACY].high == (left ? 1 : 0.75));
        parts_destroy(p);
        estimator_destroy(whole);
    }
}

/* Parts may overlap, and a sample may be in none. */
static void a_sample_counts_in_each_of_its_parts(void **state) {
    (void)state;
    struct estimator *whole = estimator_create(0);
    struct parts *p = parts_create(4, 0, whole);
    const struct asked both = {.key = 1, .propensity = 0.1, .part = {2, 4}},
                       none = {.key = 2, .propensity = 0.1};
    struct outcome o;
    outcome_of(&o, true, true, true, false, 0, 0.5, 0.9f);
    parts_ask(p, &both), parts_answer(p, &both, &o);
    parts_ask(p, &none), parts_answer(p, &none, &o);
    for (size_t i = 0; i < 4; i++) {
        struct estimates f;
        parts_read(p, i, ESTIMATE_SINCE_START, &f);
        assert_int_equal(f.drawn, i == 1 || i == 3);
    }
    parts_destroy(p);
    estimator_destroy(whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_holds_its_truth),
        cmocka_unit_test(unequal_answers_bend_no_part),
        cmocka_unit_test(a_part_is_exact_where_all_is_asked),
        cmocka_unit_test(a_sample_counts_in_each_of_its_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
