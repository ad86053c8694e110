/* Answers by score stand for samples by score: whatever arm asked them. */
#include "estimate/estimator.h"

#include "base/rng.h"
#include "unit/test.h"

#include <math.h>

/* The strategy arm asks half of those above 0.4, the random arm a twentieth of the rest; of a model
 * that says half of what is true the bins say twice its mean. */
static void bins_say_what_is_true_of_their_samples(void **state) {
    enum { N = 400000 };
    (void)state;
    struct estimator *e = estimator_create(0);
    struct rng r = {.seed = 4};
    double samples[SCORE_BINS] = {0}, positives[SCORE_BINS] = {0};
    static const double ends[] = {0.001, 0.003, 0.01, 0.02, 0.05, 0.1,  0.2,  0.3, 0.4,
                                  0.5,   0.6,   0.7,  0.8,  0.9,  0.95, 0.98, 1};
    struct unasked unasked = {0};
    for (size_t i = 0; i < N; i++) {
        float score = (float)(rng_next_unit(&r) / 2);
        bool positive =
            rng_next_unit(&r)<2 * (double)score, strategy = score> 0.4f && rng_next_unit(&r) < 0.5;
        size_t bin = 0;
        while ((double)score >= ends[bin]) bin++;
        samples[bin]++, positives[bin] += positive;
        struct asked a = {.key = rng_mix(i), .propensity = strategy ? 1 : 0.05};
        struct outcome o;
        unasked_terms_of(1 - score, score, false, false, a.term);
        if (!strategy) unasked_add(&unasked, a.term);
        if (!strategy && rng_next_unit(&r) >= 0.05) continue;
        a.unasked = unasked, unasked = (struct unasked){0};
        outcome_of(&o, !positive, positive, false, false, 0, 0, score);
        estimator_ask(e, &a);
        estimator_answer(e, &a, &o);
    }
    struct score_bin is[SCORE_BINS];
    estimator_scores(e, is);
    for (size_t i = 0; i < SCORE_BINS; i++) {
        if (ends[i] < 0.04) continue; // few are there
        if (ends[i] > 0.5) {
            assert_true(is[i].answers == 0 && is[i].samples == 0 && isnan(is[i].score));
            continue;
        }
        double share = is[i].positives / is[i].samples;
        assert_true(fabs(is[i].samples / samples[i] - 1) < 0.1);
        assert_true(fabs(share - positives[i] / samples[i]) < 0.04);
        assert_true(fabs(share - 2 * is[i].score) < 0.04);
    }
    estimator_destroy(e);
}

/* What is no probability is in the lowest bin. */
static void any_score_has_its_bin(void **state) {
    (void)state;
    struct estimator *e = estimator_create(0);
    static const float scores[] = {NAN, -1, 0, 1, 2, INFINITY};
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++) {
        struct asked a = {.key = i, .propensity = 1};
        struct outcome o;
        outcome_of(&o, true, true, true, false, 0, 0, scores[i]);
        estimator_ask(e, &a);
        estimator_answer(e, &a, &o);
    }
    struct score_bin is[SCORE_BINS];
    estimator_scores(e, is);
    assert_int_equal(is[0].answers, 3);
    assert_int_equal(is[SCORE_BINS - 1].answers, 3);
    estimator_destroy(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bins_say_what_is_true_of_their_samples),
        cmocka_unit_test(any_score_has_its_bin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
