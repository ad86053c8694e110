/* How far a version believes itself: what it learns of its own errors, in a fit of plain rows. */
#include "train/calibration.h"
#include "labelled.h"

#include <math.h>

enum { D = 2, K = 2, MEMBERS = 2 }; // one memory and SGD

static struct fit_options options(void) {
    static const size_t memories[] = {1000};
    return (struct fit_options){.d = D,
                                .k = K,
                                .memories_n = 1,
                                .memories = memories,
                                .sgd_rate = 0.05,
                                .l2 = 1,
                                .shrinkage = 1,
                                .mix_memory = 100,
                                .seed = 1,
                                .measure = MEASURE_LOG_ODDS_MARGIN};
}

/* Both members gave the label of row i this much. */
static void say(struct labelled *s, size_t i, double given) {
    for (size_t m = 0; m < MEMBERS; m++) {
        float *said = s->member + (i * MEMBERS + m) * K;
        said[s->label[i]] = (float)given;
        said[1 - s->label[i]] = (float)(1 - given);
    }
}

static double lapse(const struct labelled *s) {
    struct fit_options o = options();
    struct model *m = fitted(&o, s);
    double is = *m->lapse;
    model_destroy(m);
    return is;
}

static double temperature(const struct labelled *s) {
    struct fit_options o = options();
    struct model *m = fitted(&o, s);
    double is = *m->temperature;
    model_destroy(m);
    return is;
}

/* Sure, and wrong each tenth time: a fifth of the samples are a coin's, less what the answers
 * before the first say. */
static void planted_boldness_is_found(void **state) {
    (void)state;
    struct labelled s = labelled_random(1000, D, K, MEMBERS, 1);
    for (size_t i = 0; i < 1000; i++) {
        s.propensity[i] = 1;
        say(&s, i, i % 10 ? 0.9999 : 0.0001);
    }
    double is = lapse(&s);
    assert_true(is > 0.16 && is < 0.17); // where 100.2 / ε = 450 / (1 − ε/2) + 99.8 / (1 − ε)
    labelled_release(&s);
}

/* As often right as it says: nothing to correct. */
static void honest_probabilities_stay(void **state) {
    (void)state;
    struct labelled s = labelled_random(1000, D, K, MEMBERS, 2);
    for (size_t i = 0; i < 1000; i++) {
        s.propensity[i] = 1;
        say(&s, i, i % 10 ? 0.9 : 0.1);
    }
    assert_true(lapse(&s) < 0.01);
    labelled_release(&s);
}

/* One of the few answers may be wrong: that is not a third of all samples. */
static void few_answers_move_it_little(void **state) {
    (void)state;
    struct labelled s = labelled_random(6, D, K, MEMBERS, 3);
    for (size_t i = 0; i < 6; i++) {
        s.propensity[i] = 1;
        say(&s, i, 0.9999);
    }
    double all_right = lapse(&s);
    assert_true(all_right > 0 && all_right < 0.0021);
    say(&s, 3, 0.0001);
    assert_true(lapse(&s) > all_right && lapse(&s) < 0.02);
    labelled_release(&s);
}

/* Chosen answers are doubtful by choice; one that was drawn stands for the hundred others. */
static void answers_count_by_their_propensity(void **state) {
    (void)state;
    struct labelled s = labelled_random(1000, D, K, MEMBERS, 4);
    for (size_t i = 0; i < 1000; i++) {
        s.propensity[i] = i % 5 ? 1 : 0.01;
        say(&s, i, i % 5 && i % 2 ? 0.0001 : 0.9999); // wrong only where it was chosen
    }
    assert_true(lapse(&s) < 0.025);
    for (size_t i = 0; i < 1000; i++) s.propensity[i] = 1;
    assert_true(lapse(&s) > 0.4);
    for (size_t i = 0; i < 1000; i++) s.propensity[i] = 0; // labels with their own events
    assert_true(lapse(&s) > 0.4);
    labelled_release(&s);
}

/* What nobody believes moves nothing. */
static void answers_count_by_their_weight(void **state) {
    (void)state;
    struct labelled s = labelled_random(1000, D, K, MEMBERS, 5);
    double *believed = xmalloc(1000 * sizeof *believed);
    for (size_t i = 0; i < 1000; i++) {
        s.propensity[i] = 1;
        believed[i] = i % 2 ? 1e-6 : 1;
        say(&s, i, i % 2 ? 0.0001 : 0.9999);
    }
    s.rows.weight = believed;
    assert_true(lapse(&s) < 0.005);
    free(believed);
    labelled_release(&s);
}

/* However wrong it is, its order of samples can still be told. */
static void the_model_keeps_half_of_the_word(void **state) {
    (void)state;
    struct labelled s = labelled_random(1000, D, K, MEMBERS, 6);
    for (size_t i = 0; i < 1000; i++) say(&s, i, 0.0001);
    double is = lapse(&s);
    assert_true(is > 0.499 && is <= MODEL_LAPSE_MOST);
    for (size_t i = 0; i < 1000; i++) say(&s, i, i % 2); // 0 and 1 to the bit
    is = lapse(&s);
    assert_true(is > 0.4 && is <= MODEL_LAPSE_MOST);
    labelled_release(&s);
}

static void nothing_recorded_corrects_nothing(void **state) {
    (void)state;
    struct labelled s = labelled_random(1000, D, K, 0, 7);
    assert_true(lapse(&s) == 0 && temperature(&s) == 1);
    labelled_release(&s);
    s = labelled_random(1000, D, K, MEMBERS, 7);
    for (size_t i = 0; i < 1000 * MEMBERS * K; i++) s.member[i] = 0;
    assert_true(lapse(&s) == 0);
    labelled_release(&s);
}

static void one_class_only(void **state) {
    (void)state;
    struct labelled s = labelled_random(200, D, K, MEMBERS, 8);
    for (size_t i = 0; i < 200; i++) {
        s.label[i] = 1;
        say(&s, i, 1);
    }
    double is = lapse(&s);
    assert_true(is > 0 && is < 0.002);
    labelled_release(&s);
}

/* Log odds of 0.5 to 4 are given to a class that has `truth` times as many. */
static struct labelled tempered(size_t n, double truth, uint64_t seed) {
    static const double odds[] = {0.5, 1, 2, 3, 4};
    struct labelled s = labelled_random(n, D, K, MEMBERS, seed);
    struct rng r = {.seed = seed};
    for (size_t i = 0; i < n; i++) {
        double is = odds[i % 5], given = 1 / (1 + exp(-is)), right = 1 / (1 + exp(-truth * is));
        s.propensity[i] = 1;
        say(&s, i, rng_next_unit(&r) < right ? given : 1 - given);
    }
    return s;
}

static void what_is_too_sure_gets_warm(void **state) {
    (void)state;
    struct labelled s = tempered(1000, 0.5, 9);
    double is = temperature(&s); // 2, less what the lapse has taken and what holds it at 1
    assert_true(is > 1.15 && is < 2);
    labelled_release(&s);
}

static void what_is_not_sure_enough_gets_cold(void **state) {
    (void)state;
    struct labelled s = tempered(1000, 2, 10);
    double is = temperature(&s);
    assert_true(is > 0.5 && is < 0.7);
    labelled_release(&s);
}

static void what_is_as_sure_as_right_stays(void **state) {
    (void)state;
    struct labelled s = tempered(1000, 1, 11);
    double is = temperature(&s);
    assert_true(is > 0.93 && is < 1.07);
    labelled_release(&s);
}

/* Of six answers nobody knows. */
static void few_answers_move_the_temperature_little(void **state) {
    (void)state;
    struct labelled s = labelled_random(6, D, K, MEMBERS, 12);
    for (size_t i = 0; i < 6; i++) s.propensity[i] = 1, say(&s, i, i ? 0.7 : 0.3);
    double is = temperature(&s);
    assert_true(is > 0.97 && is < 1.03);
    labelled_release(&s);
}

/* Right half the time where it was chosen, and always, though it says so little, where it was
 * drawn. */
static void the_temperature_is_of_all_samples(void **state) {
    (void)state;
    struct labelled s = labelled_random(1000, D, K, MEMBERS, 13);
    for (size_t i = 0; i < 1000; i++) {
        s.propensity[i] = i % 2 ? 1 : 0.01;
        say(&s, i, i % 2 == 0 ? 0.65 : i % 4 == 1 ? 0.2 : 0.8);
    }
    assert_true(temperature(&s) < 0.7);
    for (size_t i = 0; i < 1000; i++) s.propensity[i] = i % 2 ? 1 : 1e-9; // some that count for all
    assert_true(isfinite(temperature(&s)));
    labelled_release(&s);
}

/* Many blunders are the lapse's, and leave what is between as it is. */
static void blunders_are_no_doubt_of_everything(void **state) {
    (void)state;
    struct labelled s = tempered(1000, 1, 14);
    for (size_t i = 0; i < 1000; i += 50) say(&s, i, 1e-9);
    double is = temperature(&s);
    assert_true(is > 0.9 && is < 1.1);
    labelled_release(&s);
}

static void the_temperature_is_bounded(void **state) {
    (void)state;
    struct labelled s = tempered(4000, -20, 15); // always wrong
    assert_true(temperature(&s) == MODEL_TEMPERATURE_MOST);
    labelled_release(&s);
    s = tempered(4000, 200, 16); // always right
    for (size_t i = 0; i < 4000; i++) say(&s, i, 0.6);
    assert_true(fabs(temperature(&s) - 1 / MODEL_TEMPERATURE_MOST) < 1e-12);
    labelled_release(&s);
}

/* Of a hundred classes the newest 2,000 answers tell; the older ones, all blunders, are the lapse's
 * alone. */
static void the_temperature_is_of_the_newest_answers(void **state) {
    (void)state;
    enum { N = 3000, CLASSES = 100, OLD = 1000 };
    double *given = xmalloc(N * CLASSES * sizeof *given), *propensity = xmalloc(N * sizeof *given);
    int *label = xmalloc(N * sizeof *label);
    struct rng r = {.seed = 17};
    for (size_t i = 0; i < N; i++) {
        const double top = 0.7, rest = (1 - top) / (CLASSES - 1);
        bool right = rng_next_unit(&r) < (i < OLD ? 0.05 : top);
        for (size_t c = 0; c < CLASSES; c++) given[i * CLASSES + c] = c ? rest : top;
        label[i] = right ? 0 : 1 + (int)rng_below(rng_next(&r), CLASSES - 1);
        propensity[i] = 1;
    }
    struct fit_rows rows = {.n = N - OLD, .label = label + OLD, .propensity = propensity + OLD};
    double *copy = xmalloc(N * CLASSES * sizeof *copy);
    memcpy(copy, given + OLD * CLASSES, (N - OLD) * CLASSES * sizeof *copy);
    struct calibration newest = calibrate(&rows, copy, CLASSES);
    memcpy(copy, given, N * CLASSES * sizeof *copy);
    rows = (struct fit_rows){.n = N, .label = label, .propensity = propensity};
    struct calibration all = calibrate(&rows, copy, CLASSES);
    assert_true(all.lapse > 0.2 && newest.lapse < 0.02);
    assert_true(fabs(newest.temperature - 1) < 0.05);
    assert_true(all.temperature < newest.temperature); // it makes up for the lapse
    free(copy), free(label), free(propensity), free(given);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_boldness_is_found),
        cmocka_unit_test(honest_probabilities_stay),
        cmocka_unit_test(few_answers_move_it_little),
        cmocka_unit_test(answers_count_by_their_propensity),
        cmocka_unit_test(answers_count_by_their_weight),
        cmocka_unit_test(the_model_keeps_half_of_the_word),
        cmocka_unit_test(nothing_recorded_corrects_nothing),
        cmocka_unit_test(one_class_only),
        cmocka_unit_test(what_is_too_sure_gets_warm),
        cmocka_unit_test(what_is_not_sure_enough_gets_cold),
        cmocka_unit_test(what_is_as_sure_as_right_stays),
        cmocka_unit_test(few_answers_move_the_temperature_little),
        cmocka_unit_test(the_temperature_is_of_all_samples),
        cmocka_unit_test(blunders_are_no_doubt_of_everything),
        cmocka_unit_test(the_temperature_is_bounded),
        cmocka_unit_test(the_temperature_is_of_the_newest_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
