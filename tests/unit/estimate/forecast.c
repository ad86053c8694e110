/* A forecast holds what comes to pass as often as it says; says "not reachable" only where that is
 * known, and nothing where nothing is; and says it in words of no more digits than it knows. */
#include "estimate/forecast.h"
#include "estimate/estimator.h"

#include "base/rng.h"
#include "unit/test.h"

#include <math.h>
#include <string.h>

enum { POINTS = 20, RUNS = 200 };
#define MOST 1e9

struct curve {
    double a, b, c;
};
static const struct curve usual = {0.05, 1.2, 0.5};

static double error_at(const struct curve *k, double n) { return k->a + k->b * pow(n, -k->c); }
static double reached_at(const struct curve *k, double error) {
    return pow((error - k->a) / k->b, -1 / k->c);
}

/* Points up to n labels, each of so many trials. */
static void draw(const struct curve *k, double n, size_t trials, struct rng *r,
                 struct forecast_point out[POINTS]) {
    for (size_t i = 0; i < POINTS; i++) {
        double labels = n * ((double)i + 0.5) / POINTS;
        size_t errors = 0;
        for (size_t t = 0; t < trials; t++) errors += rng_next_unit(r) < error_at(k, labels);
        out[i] = (struct forecast_point){labels, (double)errors / (double)trials, (double)trials};
    }
}

static struct forecast forecast_of(const struct forecast_point *p, double n, double error,
                                   double most) {
    struct forecast f;
    forecast_make(&(struct forecast_question){p, POINTS, n, most, error}, &f);
    return f;
}

static void it_holds_what_comes_to_pass(void **state) {
    (void)state;
    static const struct curve curves[] = {{0.05, 1.2, 0.5}, {0.02, 2, 0.6}, {0.1, 1, 0.4}};
    for (size_t k = 0; k < 3; k++) {
        const double n = 600, error = error_at(&curves[k], 2 * n);
        size_t held = 0;
        struct rng r = {.seed = k + 1};
        for (size_t run = 0; run < RUNS; run++) {
            struct forecast_point p[POINTS];
            draw(&curves[k], n, 60, &r, p);
            struct forecast f = forecast_of(p, n, error, MOST);
            double more = reached_at(&curves[k], error) - n;
            held += f.outcome == FORECAST_LABELS && f.low <= more && more <= f.high;
        }
        if (held < 0.85 * RUNS) fail_msg("curve %zu: %zu of %d held", k, held, RUNS);
    }
}

/* With many answers it becomes narrow, and knows what stays. */
static void many_answers_make_it_sure(void **state) {
    (void)state;
    struct rng r = {.seed = 3};
    struct forecast_point p[POINTS];
    const double n = 2000, error = error_at(&usual, 3000);
    draw(&usual, n, 100000, &r, p);
    struct forecast f = forecast_of(p, n, error, MOST);
    assert_int_equal(f.outcome, FORECAST_LABELS);
    assert_true(f.low > 400 && f.high < 1500 && f.low <= f.labels && f.labels <= f.high);
    f = forecast_of(p, n, 0.03, MOST);
    assert_int_equal(f.outcome, FORECAST_NEVER);
    assert_true(isinf(f.low) && isinf(f.labels) && isinf(f.high));
    f = forecast_of(p, n, error, 2500); // a fit sees no more
    assert_int_equal(f.outcome, FORECAST_NEVER);
    f = forecast_of(p, n, 0.2, MOST); // it is that good already
    assert_true(f.outcome == FORECAST_LABELS && f.high == 0);
}

static void few_answers_say_nothing(void **state) {
    (void)state;
    struct forecast_point p[POINTS] = {{0}};
    struct rng r = {.seed = 4};
    assert_int_equal(forecast_of(p, 100, 0.1, MOST).outcome, FORECAST_TOO_FEW);
    for (size_t i = 0; i < POINTS; i++) p[i] = (struct forecast_point){10.0 + (double)i, 0, 3};
    assert_int_equal(forecast_of(p, 30, 0.1, MOST).outcome, FORECAST_TOO_FEW);
    draw(&usual, 300, 1, &r, p);
    struct forecast f = forecast_of(p, 300, 0.1, MOST);
    assert_true(f.outcome == FORECAST_TOO_FEW && isnan(f.low) && isnan(f.labels));
}

/* Labels with a figure that strays are worth less. */
static void a_figure_that_strays_is_less_sure(void **state) {
    (void)state;
    struct rng r = {.seed = 5};
    struct forecast_point p[POINTS];
    const double n = 2000, error = error_at(&usual, 3000);
    draw(&usual, n, 5000, &r, p);
    struct forecast calm = forecast_of(p, n, error, MOST);
    for (size_t i = 0; i < POINTS; i++) p[i].error *= i % 2 ? 1.3 : 0.7;
    struct forecast strays = forecast_of(p, n, error, MOST);
    assert_true(isfinite(calm.high));
    assert_true(strays.high - strays.low > 2 * (calm.high - calm.low));
}

/* ---- from the answers ---- */

/* Draws whose error falls as the curve; the labels before the first prediction count too. */
static struct forecast learned(const struct curve *k, size_t n, size_t before,
                               enum estimate_name name, double wanted, uint64_t seed) {
    struct estimator *e = estimator_create(100);
    struct rng r = {.seed = seed};
    struct forecast f;
    for (size_t i = 1; i <= n; i++) {
        struct asked a = {.key = rng_next(&r), .propensity = 0.02, .unasked = {.n = 50}};
        struct outcome o;
        bool right = rng_next_unit(&r) >= error_at(k, (double)(i + before)),
             positive = rng_next(&r) & 1;
        unasked_terms_of(0.8f, positive == right ? 0.8f : 0.2f, positive == right, false, a.term);
        for (size_t t = 0; t < UNASKED_SUMS; t++) a.unasked.sum[t] = 50 * a.term[t];
        outcome_of(&o, right, positive, positive == right, false, 3 * !right, NAN, 0.5f);
        estimator_ask(e, &a);
        estimator_answer(e, &a, &o);
    }
    estimator_forecast(e, name, wanted, (double)(n + before), MOST, &f);
    estimator_destroy(e);
    return f;
}

static void the_course_of_the_answers_tells_it(void **state) {
    (void)state;
    static const enum estimate_name names[] = {ESTIMATE_ACCURACY, ESTIMATE_RECALL,
                                               ESTIMATE_PRECISION, ESTIMATE_COST};
    enum { N = 2000, TIMES = 50 };
    const double error = error_at(&usual, 2 * N), more = 2 * N - N - 50;
    for (size_t i = 0; i < 4; i++) {
        size_t held = 0;
        double wanted = names[i] == ESTIMATE_COST ? 3 * error : 1 - error;
        for (uint64_t seed = 0; seed < TIMES; seed++) {
            struct forecast f = learned(&usual, N, 50, names[i], wanted, seed);
            held += f.outcome == FORECAST_LABELS && f.low <= more && more <= f.high;
        }
        if (held < 0.8 * TIMES)
            fail_msg("%s: %zu of %d held", estimate_word(names[i]), held, TIMES);
    }
    assert_int_equal(learned(&usual, N, 50, ESTIMATE_AVERAGE_PRECISION, 0.9, 1).outcome,
                     FORECAST_TOO_FEW);
    assert_int_equal(learned(&usual, N, 50, ESTIMATE_ACCURACY, 0.999, 1).outcome, FORECAST_NEVER);
    /* Behind a pushed model, say: all draws are of the curve's end. */
    assert_int_equal(learned(&usual, 400, 4000, ESTIMATE_ACCURACY, 0.9, 1).outcome,
                     FORECAST_LABELS);
}

/* ---- words ---- */

/* Of an interval that is no answer it is said what would make it one. */
#define REMEDY "; more answers of the random arm narrow it (time, or a larger budget.random_share)"

static void says(struct forecast f, const char *words) {
    struct buf b = {0};
    forecast_write(&f, "recall 80 %", &b);
    assert_string_equal(buf_string(&b), words);
    buf_release(&b);
}

static void it_is_told_in_words(void **state) {
    (void)state;
    says((struct forecast){FORECAST_LABELS, 1312, 903, 2444},
         "about 1,300 more labels to recall 80 % (900 to 2,400)");
    says((struct forecast){FORECAST_LABELS, 1234567, 95.4, INFINITY},
         "about 1,200,000 more labels to recall 80 % (95 or many more)" REMEDY);
    says((struct forecast){FORECAST_LABELS, INFINITY, 903, INFINITY},
         "at least 900 more labels to recall 80 %, if they get there at all" REMEDY);
    says((struct forecast){FORECAST_LABELS, 0, 0, 1006},
         "at most 1,000 more labels to recall 80 %");
    says((struct forecast){FORECAST_LABELS, 0, 0, 0},
         "recall 80 % is reached as it seems, not surely yet" REMEDY);
    says((struct forecast){FORECAST_LABELS, 70, 0, INFINITY},
         "no labels or many more to recall 80 %: the answers do not tell yet" REMEDY);
    says((struct forecast){FORECAST_NEVER, INFINITY, INFINITY, INFINITY},
         "recall 80 % is not reachable with these columns");
    says((struct forecast){FORECAST_TOO_FEW, NAN, NAN, NAN},
         "too few answers to say when recall 80 % is reached" REMEDY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_what_comes_to_pass),
        cmocka_unit_test(many_answers_make_it_sure),
        cmocka_unit_test(few_answers_say_nothing),
        cmocka_unit_test(a_figure_that_strays_is_less_sure),
        cmocka_unit_test(the_course_of_the_answers_tells_it),
        cmocka_unit_test(it_is_told_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
