/* Figures of each class: their intervals keep their word, whatever class is the positive one. */
#include "estimate/by_class.h"

#include "base/rng.h"
#include "unit/test.h"

#include <math.h>

enum { N = 20000, BLOCK = 40, RUNS = 200, K = 3 };
#define NOMINAL 0.91

/* Classes of which one in two, three and six are; the model takes one for another in a quarter. The
 * strategy arm asks where it is wrong more often than elsewhere. */
static void play(struct by_class *b, uint64_t seed, double truth[K][CLASS_FIGURES]) {
    double is[K] = {0}, named[K] = {0}, right[K] = {0};
    struct rng r = {.seed = seed};
    size_t drawn = 0;
    for (size_t i = 0; i < N; i++) {
        double u = rng_next_unit(&r);
        int class_ = u < 3 / 6.0   ? 0
                     : u < 5 / 6.0 ? 1
                                   : 2,
            predicted = rng_next_unit(&r) < 0.75 ? class_ : (int)rng_below(rng_next(&r), K);
        bool strategy = rng_next_unit(&r) < (predicted == class_ ? 0.02 : 0.1);
        if (i % BLOCK == 0) drawn = i + (size_t)rng_below(rng_next(&r), BLOCK);
        is[class_]++, named[predicted]++, right[class_] += predicted == class_;
        struct asked a = {
            .key = rng_mix(i), .propensity = strategy ? 1 : 1.0 / BLOCK, .predicted = predicted};
        if (!strategy && i != drawn) continue;
        by_class_ask(b, &a);
        by_class_answer(b, &a, class_);
    }
    for (size_t c = 0; c < K; c++) {
        truth[c][CLASS_PREVALENCE] = is[c] / N;
        truth[c][CLASS_PRECISION] = right[c] / named[c];
        truth[c][CLASS_RECALL] = right[c] / is[c];
    }
}

static void each_class_holds_its_truth(void **state) {
    (void)state;
    double covered[K][CLASS_FIGURES] = {{0}}, bias[K][CLASS_FIGURES] = {{0}};
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        double truth[K][CLASS_FIGURES];
        struct estimator *whole = estimator_create(0);
        struct by_class *b = by_class_create(K, 0, whole);
        play(b, seed, truth);
        for (size_t c = 0; c < K; c++) {
            struct estimate of[CLASS_FIGURES];
            uint64_t drawn;
            by_class_read(b, c, ESTIMATE_SINCE_START, of, &drawn);
            assert_true(drawn > 300);
            for (size_t f = 0; f < CLASS_FIGURES; f++) {
                covered[c][f] +=
                    (of[f].low <= truth[c][f] && truth[c][f] <= of[f].high) / (double)RUNS;
                bias[c][f] += (of[f].value - truth[c][f]) / RUNS;
            }
        }
        by_class_destroy(b);
        estimator_destroy(whole);
    }
    for (size_t c = 0; c < K; c++)
        for (size_t f = 0; f < CLASS_FIGURES; f++) {
            print_message("class %zu %s: covered %.3f, bias %+.4f\n", c,
                          estimate_word(class_figure_of((enum class_figure)f)), covered[c][f],
                          bias[c][f]);
            if (covered[c][f] < NOMINAL || fabs(bias[c][f]) > 0.02)
                fail_msg("class %zu, figure %zu: %g, %g", c, f, covered[c][f], bias[c][f]);
        }
}

/* What was asked without an answer bounds a class by the decision for it, not by the positive
 * class's. All was asked, so the range is the worst case's. */
static void an_open_request_counts_by_its_own_decision(void **state) {
    (void)state;
    struct estimator *whole = estimator_create(0);
    struct by_class *b = by_class_create(2, 0, whole);
    for (uint64_t i = 0; i < 200; i++) {
        struct asked a = {.key = i, .propensity = 1, .predicted = i % 2};
        by_class_ask(b, &a);
        by_class_answer(b, &a, (int)(i % 2));
    }
    const struct asked open = {.key = 999, .propensity = 1, .predicted = 1};
    struct estimate of[CLASS_FIGURES];
    for (int i = 0; i < 100; i++) by_class_ask(b, &open);
    by_class_read(b, 0, ESTIMATE_SINCE_START, of, NULL);
    assert_true(of[CLASS_PRECISION].always_low > 0.7); // not one was decided for class 0
    assert_true(of[CLASS_RECALL].always_low == 0.5);
    by_class_read(b, 1, ESTIMATE_SINCE_START, of, NULL);
    assert_true(of[CLASS_PRECISION].always_low == 0.5);
    assert_true(of[CLASS_RECALL].always_low > 0.7);
    by_class_destroy(b);
    estimator_destroy(whole);
}

static void the_first_classes_are_told(void **state) {
    (void)state;
    struct estimator *whole = estimator_create(0);
    struct by_class *b = by_class_create(1000, 100000, whole);
    struct estimate of[CLASS_FIGURES];
    assert_int_equal(by_class_n(b), BY_CLASS_MAX);
    for (uint64_t i = 0; i < 3000; i++) {
        struct asked a = {.key = i, .propensity = 0.5, .predicted = (int)(i % 1000)};
        by_class_ask(b, &a);
        by_class_answer(b, &a, (int)(i % 1000));
    }
    uint64_t drawn;
    by_class_read(b, 7, ESTIMATE_NOW, of, &drawn);
    assert_int_equal(drawn, BY_CLASS_WINDOW_MAX);
    assert_true(of[CLASS_RECALL].value == 1 && fabs(of[CLASS_PREVALENCE].value - 0.001) < 1e-9);
    by_class_destroy(b);
    estimator_destroy(whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_class_holds_its_truth),
        cmocka_unit_test(an_open_request_counts_by_its_own_decision),
        cmocka_unit_test(the_first_classes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
