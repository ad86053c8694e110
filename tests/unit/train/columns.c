/* The unit of a column: what codes, absurd samples and long tails do to it, and what stays as it
 * was without them. */
#include "labelled.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { N = 2000, TASKS_MOST = 5000, FEW = 20 };

static const size_t memory = 5000;

static struct fit_options options(size_t d, size_t k) {
    return (struct fit_options){.d = d,
                                .k = k,
                                .memories_n = 1,
                                .memories = &memory,
                                .sgd_rate = 0.05,
                                .l2 = 10,
                                .mix_memory = 100,
                                .seed = 1,
                                .measure = MEASURE_LOG_ODDS_MARGIN};
}

/* n rows of two columns: the first says the class (its sign, mostly), the second is noise. */
static struct labelled rows_of(size_t labelled, size_t n) {
    struct labelled s = labelled_create(labelled, n, 2, 2, 0);
    struct rng r = {.seed = 5};
    for (size_t i = 0; i < n; i++) {
        s.row[2 * i] = rng_next_normal(&r);
        s.row[2 * i + 1] = rng_next_normal(&r);
        if (i < labelled) s.label[i] = s.row[2 * i] + 0.3 * rng_next_normal(&r) > 0;
    }
    return s;
}

static struct model *model_of(const struct labelled *s) {
    struct fit_options o = options(2, 2);
    return fitted(&o, s);
}

static float yes(const struct model *m, double x, double noise) {
    float prob[2], *scratch = xmalloc(model_scratch(&m->shape) * sizeof *scratch);
    model_predict(m, (const double[]){x, noise}, scratch, NULL, prob);
    free(scratch);
    return prob[1];
}

/* The largest difference of two models' predictions over sound samples. */
static double apart(const struct model *a, const struct model *b) {
    double most = 0;
    struct rng r = {.seed = 9};
    for (size_t i = 0; i < 1000; i++) {
        double x = rng_next_normal(&r), noise = rng_next_normal(&r);
        most = fmax(most, fabs((double)(yes(a, x, noise) - yes(b, x, noise))));
    }
    return most;
}

static void sound_columns_have_plain_units(void **state) {
    (void)state;
    struct labelled s = rows_of(N, N);
    struct model *m = model_of(&s);
    for (size_t c = 0; c < 2; c++) {
        double mean = 0, variance = 0;
        for (size_t i = 0; i < N; i++) mean += s.row[2 * i + c] / N;
        for (size_t i = 0; i < N; i++) variance += pow(s.row[2 * i + c] - mean, 2) / N;
        assert_true(fabs(m->mean[c] - mean) < 1e-12);
        assert_true(fabs(m->scale[c] * sqrt(variance) - 1) < 1e-12);
        assert_true(m->log_unit[c] == 0 && m->low[c] < -20 && m->high[c] > 20);
    }
    model_destroy(m);
    labelled_release(&s);
}

/* In 0.2 % and in 1 % of the rows of either column. */
static void codes_do_not_set_the_unit(void **state) {
    (void)state;
    static const double codes[] = {98, 9999, -9999, 1e30, 9e18, -DBL_MAX, DBL_MAX};
    static const size_t every[] = {500, 100};
    struct labelled s = rows_of(N, N);
    struct model *clean = model_of(&s);
    for (size_t k = 0; k < sizeof codes / sizeof *codes; k++)
        for (size_t e = 0; e < 2; e++) {
            struct labelled harmed = rows_of(N, N);
            for (size_t i = 0; i < N; i += every[e]) {
                harmed.row[2 * i] = codes[k];
                harmed.row[2 * (i + 7) + 1] = codes[k];
            }
            struct model *m = model_of(&harmed);
            for (size_t c = 0; c < 2; c++) {
                assert_true(fabs(m->scale[c] / clean->scale[c] - 1) < 0.05);
                assert_true(model_is_far(m, c, codes[k]) && !model_is_far(m, c, 3));
                assert_true(model_standardised(m, c, codes[k]) == 0);
            }
            assert_true(apart(clean, m) < 0.05);
            model_destroy(m);
            labelled_release(&harmed);
        }
    model_destroy(clean);
    labelled_release(&s);
}

/* One of ten thousand samples, unanswered, in the few tasks that an early fit knows or in many. */
static void an_absurd_sample_changes_no_other_prediction(void **state) {
    (void)state;
    static const double absurd[] = {1e30, -1e30, 9999, 1e300, DBL_MAX};
    static const size_t tasks[] = {FEW, 100, TASKS_MOST};
    for (size_t t = 0; t < sizeof tasks / sizeof *tasks; t++) {
        struct labelled s = rows_of(tasks[t] / 2, tasks[t] + 1);
        s.tasks.n = tasks[t];
        struct model *without = model_of(&s);
        s.tasks.n++;
        for (size_t k = 0; k < sizeof absurd / sizeof *absurd; k++) {
            s.row[2 * tasks[t]] = s.row[2 * tasks[t] + 1] = absurd[k];
            struct model *with = model_of(&s);
            if (apart(with, without) > 0.02)
                fail_msg("%zu tasks, %g: %g", tasks[t], absurd[k], apart(with, without));
            model_destroy(with);
        }
        model_destroy(without);
        labelled_release(&s);
    }
}

/* Numbers that are rarely another one are all that a column says: they are no codes. */
static void a_rare_flag_is_no_code(void **state) {
    (void)state;
    struct labelled s = rows_of(N, N);
    for (size_t i = 0; i < N; i++) {
        s.row[2 * i] = i % 400 == 3;
        s.row[2 * i + 1] = i % 50 == 3 ? (double)(1 + i % 3) : 0;
    }
    struct model *m = model_of(&s);
    assert_true(!model_is_far(m, 0, 1) && model_standardised(m, 0, 1) == MODEL_CLIP);
    assert_true(!model_is_far(m, 1, 3) && model_standardised(m, 1, 1) > 1);
    model_destroy(m);
    labelled_release(&s);
}

/* Counts that are mostly zero keep their unit when a code comes in. */
static void a_code_among_rare_counts_is_far(void **state) {
    (void)state;
    struct labelled s = rows_of(N, N);
    for (size_t i = 0; i < N; i++)
        s.row[2 * i] = i % 500 == 9 ? 9999 : i % 50 == 3 ? (double)(1 + i % 3) : 0;
    struct model *m = model_of(&s);
    assert_true(model_is_far(m, 0, 9999) && !model_is_far(m, 0, 3));
    assert_true(model_standardised(m, 0, 1) > 1);
    model_destroy(m);
    labelled_release(&s);
}

/* A log-normal of sigma 3 spreads over the clip's range, order kept; so does one with its sign. */
static void a_long_tail_is_taken_by_its_logarithm(void **state) {
    (void)state;
    struct labelled s = rows_of(N, N);
    struct rng r = {.seed = 2};
    for (size_t i = 0; i < N; i++) {
        s.row[2 * i] = exp(3 * rng_next_normal(&r));
        s.row[2 * i + 1] *= exp(3 * rng_next_normal(&r));
    }
    struct model *m = model_of(&s);
    assert_true(m->log_unit[0] > 0 && m->log_unit[1] > 0);
    double low = model_standardised(m, 0, exp(-3)), middle = model_standardised(m, 0, 1),
           high = model_standardised(m, 0, exp(3)), top = model_standardised(m, 0, exp(9));
    assert_true(middle - low > 0.2 && high - middle > 0.5 && top - high > 0.5);
    assert_true(model_standardised(m, 1, -20) < -0.3 && model_standardised(m, 1, 20) > 0.3);
    assert_true(!model_is_far(m, 0, exp(9)) && model_is_far(m, 0, 1e30));
    model_destroy(m);
    labelled_release(&s);
}

/* A column that is constant, all missing (zeros), or a code alone says nothing, and hides nothing
 * of the other one. */
static void columns_without_content_harm_nobody(void **state) {
    (void)state;
    static const double only[] = {0, 7, 9999, 1e30, -DBL_MAX};
    for (size_t k = 0; k < sizeof only / sizeof *only; k++) {
        struct labelled s = rows_of(N, N);
        for (size_t i = 0; i < N; i++) s.row[2 * i + 1] = only[k];
        struct model *m = model_of(&s);
        assert_true(m->scale[1] == 0 && yes(m, 2, only[k]) > 0.9f && yes(m, -2, only[k]) < 0.1f);
        assert_true(yes(m, 2, only[k]) == yes(m, 2, 1e9));
        model_destroy(m);
        labelled_release(&s);
    }
}

/* One class only, and a thousand of which few have labels; both with codes. */
static void few_and_many_classes_bear_codes(void **state) {
    (void)state;
    static const size_t classes[] = {2, 1000};
    for (size_t k = 0; k < 2; k++) {
        struct labelled s = rows_of(N / 10, N / 10);
        struct fit_options o = options(2, classes[k]);
        for (size_t i = 0; i < N / 10; i++) s.label[i] = classes[k] == 2 ? 1 : (int)(i % 37);
        s.row[6] = 1e30, s.row[9] = 9999;
        struct model *m = fitted(&o, &s);
        float *prob = xmalloc((classes[k] + model_scratch(&m->shape)) * sizeof *prob);
        for (size_t i = 0; i < N / 10; i++) {
            double sum = 0;
            model_predict(m, s.row + 2 * i, prob + classes[k], NULL, prob);
            for (size_t c = 0; c < classes[k]; c++) sum += (double)prob[c];
            assert_true(fabs(sum - 1) < 1e-4);
        }
        assert_true(model_is_far(m, 0, 1e30) && m->scale[0] > 0.5 && m->scale[1] > 0.5);
        free(prob);
        model_destroy(m);
        labelled_release(&s);
    }
}

/* The first column holds a code in a tenth of the rows: nearly all of these are of class 1, or a
 * class like the others'. */
static struct model *model_of_code(bool speaks, struct labelled *s) {
    *s = rows_of(N, N);
    struct rng r = {.seed = 4};
    for (size_t i = 0; i < N; i += 10) {
        s->row[2 * i] = 999;
        s->label[i] = rng_next_unit(&r) < (speaks ? 0.95 : 0.5);
    }
    return model_of(s);
}

static void a_frequent_code_has_its_own_say(void **state) {
    (void)state;
    struct labelled s, silent;
    struct model *m = model_of_code(true, &s), *other = model_of_code(false, &silent);
    assert_true(model_is_far(m, 0, 999) && !model_is_far(m, 0, 5));
    assert_true(m->scale[0] > 0.9 && m->codes == 1 && m->code_column[0] == 0);
    assert_true(yes(m, 999, 0) > 0.9f && yes(m, 2, 0) > 0.9f && yes(m, -2, 0) < 0.1f);
    assert_true(fabsf(yes(other, 999, 0) - 0.5f) < 0.1f);
    assert_int_equal(model_far(m, (const double[]){999, 0}), 2); // a known one is a question
    assert_int_equal(model_far(m, (const double[]){0, 999}), 1);
    model_destroy(m);
    model_destroy(other);
    labelled_release(&s);
    labelled_release(&silent);
}

/* Windows are filled with the utilities that samples will have: the least, where one is far. */
static void far_rows_have_the_least_of_the_quantiles(void **state) {
    (void)state;
    struct labelled s = rows_of(N / 2, N);
    for (size_t i = N / 2; i < N; i += 10) s.row[2 * i + 1] = 999; // a twentieth, none is labelled
    struct model *m = model_of(&s);
    assert_true(m->codes == 0 && m->utility[0] < -100 && m->utility[4] < -100);
    assert_true(m->utility[8] > -50);
    model_destroy(m);
    labelled_release(&s);
}

/* Half of the rows, both ends, several codes. */
static void frequent_codes_do_not_set_the_unit(void **state) {
    (void)state;
    struct labelled s = rows_of(N, N);
    struct model *clean = model_of(&s);
    for (size_t i = 0; i < N; i++) {
        if (i % 5 == 1) s.row[2 * i] = i % 2 ? 9998 : 9999;
        if (i % 20 == 2) s.row[2 * i] = -9999;
        if (i % 3 == 0) s.row[2 * i + 1] = 1e30;
    }
    struct model *m = model_of(&s);
    for (size_t c = 0; c < 2; c++) assert_true(fabs(m->scale[c] / clean->scale[c] - 1) < 0.1);
    assert_true(model_is_far(m, 0, 9998) && model_is_far(m, 0, -9999) && model_is_far(m, 1, 1e30));
    model_destroy(m);
    model_destroy(clean);
    labelled_release(&s);
}

/* The unit follows the column's: no threshold is of an absolute size. */
static void bounds_follow_the_unit(void **state) {
    (void)state;
    static const double units[] = {1e-100, 1e-3, 1e6, 1e100};
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        struct labelled s = rows_of(N, N);
        s.row[0] = 1e9;
        struct model *plain = model_of(&s);
        for (size_t i = 0; i < N; i++) s.row[2 * i] *= units[u];
        struct model *m = model_of(&s);
        assert_true(fabs(m->high[0] / units[u] / plain->high[0] - 1) < 1e-9);
        assert_true(apart(plain, plain) == 0 &&
                    fabs((double)(yes(m, units[u], 0) - yes(plain, 1, 0))) < 1e-6);
        model_destroy(m);
        model_destroy(plain);
        labelled_release(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_columns_have_plain_units),
        cmocka_unit_test(codes_do_not_set_the_unit),
        cmocka_unit_test(an_absurd_sample_changes_no_other_prediction),
        cmocka_unit_test(a_rare_flag_is_no_code),
        cmocka_unit_test(a_code_among_rare_counts_is_far),
        cmocka_unit_test(a_long_tail_is_taken_by_its_logarithm),
        cmocka_unit_test(columns_without_content_harm_nobody),
        cmocka_unit_test(few_and_many_classes_bear_codes),
        cmocka_unit_test(a_frequent_code_has_its_own_say),
        cmocka_unit_test(far_rows_have_the_least_of_the_quantiles),
        cmocka_unit_test(frequent_codes_do_not_set_the_unit),
        cmocka_unit_test(bounds_follow_the_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
