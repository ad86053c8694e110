/* A score that events bring is the model: in force from the first sample, with its own figures and
 * without a bias; what is learned from it or beside it is better where there is something to learn,
 * and hardly worse where there is not. */
#include "simulate/backtest.h"

#include "base/log.h"
#include "base/rng.h"
#include "unit/test.h"

#include <math.h>

enum { N = 6000, D = 3 };

static struct config *config_of(const char *learn) {
    struct config *c;
    struct buf yaml = {0}, why = {0};
    buf_printf(&yaml,
               "model: {classes: [\"0\", \"1\"], upstream: {probability: /p}, learn: %s}\n"
               "features: [{name: x}, {name: y}]\nbudget: {rate: 0.05}\n",
               learn);
    if (config_parse(&c, "test", buf_view(&yaml), &why) < 0) fail_msg("%s", buf_string(&why));
    buf_release(&yaml);
    return c;
}

/* What the score knows: the whole truth; all but y; the truth, but 2 too high in log-odds. */
enum knows { ALL, HALF, SHIFTED };

static struct encoded_file stream(const struct config *c, enum knows knows) {
    struct encoded_file f = {.n = N,
                             .d = D,
                             .k = 2,
                             .positive = 1,
                             .raw = xcalloc(N * D, sizeof(double)),
                             .truth = xcalloc(N, sizeof(int))};
    struct rng r = {.seed = rng_keyed(RNG_TEST, 3, 0, 0, 0)};
    assert_int_equal(features_of(&f.features, c), 0);
    for (size_t i = 0; i < N; i++) {
        double x = rng_next_normal(&r), y = rng_next_normal(&r), odds = 2 * x + 2 * y;
        f.truth[i] = rng_next_unit(&r) < 1 / (1 + exp(-odds));
        f.raw[i * D] = x;
        f.raw[i * D + 1] = y;
        f.raw[i * D + 2] = knows == HALF ? 2 * x : odds + 2 * (knows == SHIFTED);
    }
    return f;
}

static struct backtest_result run(const char *learn, enum knows knows) {
    struct backtest_result r;
    struct config *c = config_of(learn);
    struct encoded_file f = stream(c, knows);
    const struct backtest_options o = {.config = c, .file = &f, .seed = 2, .points = 10};
    log_init(LOG_LOGFMT, LOG_WARNING);
    assert_int_equal(backtest_run(&r, &o), 0);
    const struct estimate *accuracy = &r.estimate.of[ESTIMATE_ACCURACY];
    print_message("%s: %.4f, the score %.4f; estimate %.4f, %.4f to %.4f; %zu asked\n", learn,
                  r.score.accuracy, r.upstream.accuracy, accuracy->value, accuracy->low,
                  accuracy->high, r.asked);
    assert_true(r.asked >= 0.045 * N && r.asked <= 0.05 * N + 6);
    assert_true(accuracy->low <= r.score.accuracy && r.score.accuracy <= accuracy->high);
    backtest_result_release(&r);
    encoded_file_release(&f);
    config_destroy(c);
    return r;
}

static void the_score_is_the_model(void **state) {
    (void)state;
    struct backtest_result r = run("false", HALF);
    assert_int_equal(r.models, 0);
    assert_true(r.score.accuracy == r.upstream.accuracy && r.score.kappa == r.upstream.kappa);
    assert_true(r.score.log_loss == r.upstream.log_loss);
}

static void a_model_beside_it_learns_what_it_does_not_know(void **state) {
    (void)state;
    struct backtest_result better = run("beside", HALF), same = run("beside", ALL);
    assert_true(better.models > 0 && better.score.accuracy > better.upstream.accuracy + 0.05);
    assert_true(same.score.accuracy > same.upstream.accuracy - 0.01);
}

static void it_is_corrected_from_itself_alone(void **state) {
    (void)state;
    struct backtest_result r = run("recalibrate", SHIFTED), blind = run("recalibrate", HALF),
                           fine = run("recalibrate", ALL);
    assert_true(r.score.accuracy > r.upstream.accuracy + 0.03);
    assert_true(r.score.log_loss < r.upstream.log_loss - 0.05);
    assert_true(fabs(blind.score.accuracy - blind.upstream.accuracy) < 0.01); // y is not looked at
    assert_true(fine.score.accuracy > fine.upstream.accuracy - 0.01);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_score_is_the_model),
        cmocka_unit_test(a_model_beside_it_learns_what_it_does_not_know),
        cmocka_unit_test(it_is_corrected_from_itself_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
