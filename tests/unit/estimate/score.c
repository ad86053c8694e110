/* Golden numbers by hand (and by scikit-learn 1.2: cohen_kappa_score, average_precision_score,
 * f1_score, balanced_accuracy_score, log_loss). */
#include "estimate/score.h"
#include "unit/test.h"

#include <math.h>

static void near_(double a, double b) {
    if (!(fabs(a - b) < 1e-6)) fail_msg("%.9g is not %.9g", a, b);
}

/* truth 0 0 1 1 0 1 0 0 1 0; p(1) below; said 1 above one half. */
static void binary_stream(void **state) {
    (void)state;
    static const int truth[] = {0, 0, 1, 1, 0, 1, 0, 0, 1, 0};
    static const float p[] = {0.1f, 0.6f, 0.8f, 0.4f, 0.3f, 0.9f, 0.6f, 0.2f, 0.6f, 0.05f};
    struct score *s = score_create(2, 1);
    for (int i = 0; i < 10; i++)
        score_add(s, truth[i], p[i] > 0.5f, (const float[]){1 - p[i], p[i]});
    struct score_figures f;
    score_read(s, &f);
    assert_int_equal(f.n, 10);
    near_(f.accuracy, 0.7);
    near_(f.balanced_accuracy, (4.0 / 6 + 3.0 / 4) / 2);
    near_(f.kappa, (0.7 - 0.5) / 0.5);
    near_(f.kappa_temporal, (0.7 - 3.0 / 10) / (1 - 3.0 / 10));
    near_(f.macro_f1, (2 * 4.0 / 11 + 2 * 3.0 / 9) / 2);
    /* thresholds: .9 (1 hit of 1), .8 (2 of 2), .6 (3 of 5, tied), .4 (4 of 6) */
    near_(f.average_precision, (1 + 1 + 3.0 / 5 + 4.0 / 6) / 4);
    double loss = 0;
    for (int i = 0; i < 10; i++) loss -= log(truth[i] ? (double)p[i] : 1 - (double)p[i]);
    assert_true(fabs(f.log_loss - loss / 10) < 1e-5);
    /* each class by the rule of succession: one more than so far, of n + 2 */
    near_(exp(-10 * f.prevalence_log_loss),
          1. / 2 * 2 / 3 * 1 / 4 * 2 / 5 * 3 / 6 * 3 / 7 * 4 / 8 * 5 / 9 * 4 / 10 * 6 / 11);
    /* bins: .05 | .1 | .2 | .3 | .4, 1 positive | .6 thrice, 1 | .8 and .9f (below .9), 2 */
    near_(f.calibration_error, (0.05 + 0.1 + 0.2 + 0.3 + 0.6 + 0.8 + 0.3) / 10);
    score_destroy(s);
}

/* A random case with four classes, one of which never occurs, probabilities in steps of 0.05 (many
 * ties), drawn by numpy; figures by scikit-learn 1.9.1. */
static void as_scikit_learn_says(void **state) {
    (void)state;
    static const int truth[40] = {2, 1, 2, 2, 1, 2, 2, 0, 0, 0, 0, 2, 2, 0, 1, 2, 0, 2, 0, 1,
                                  2, 0, 1, 0, 2, 0, 2, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 2};
    static const float prob[40][4] = {
        {0.05f, 0.25f, 0.25f, 0.45f}, {0.3f, 0.55f, 0, 0.15f},      {0.3f, 0.35f, 0.2f, 0.15f},
        {0.05f, 0.05f, 0.85f, 0.05f}, {0.1f, 0.75f, 0.05f, 0.1f},   {0.3f, 0.25f, 0.2f, 0.25f},
        {0.35f, 0, 0.55f, 0.1f},      {0.15f, 0.65f, 0.2f, 0},      {0.4f, 0.25f, 0.1f, 0.25f},
        {0.3f, 0.2f, 0.45f, 0.05f},   {0.6f, 0.1f, 0.2f, 0.1f},     {0.05f, 0.05f, 0.6f, 0.3f},
        {0.05f, 0.05f, 0.85f, 0.05f}, {0.2f, 0.1f, 0.45f, 0.25f},   {0.1f, 0.25f, 0.1f, 0.55f},
        {0.1f, 0.1f, 0.65f, 0.15f},   {0.55f, 0.1f, 0.25f, 0.1f},   {0.35f, 0.2f, 0.25f, 0.2f},
        {0.25f, 0.4f, 0.15f, 0.2f},   {0.05f, 0.85f, 0.05f, 0.05f}, {0.05f, 0.05f, 0.25f, 0.65f},
        {0.25f, 0.1f, 0.25f, 0.4f},   {0.1f, 0.35f, 0.3f, 0.25f},   {0.3f, 0.3f, 0.3f, 0.1f},
        {0.15f, 0.05f, 0.7f, 0.1f},   {0.65f, 0.1f, 0.2f, 0.05f},   {0.05f, 0.35f, 0.05f, 0.55f},
        {0, 0.7f, 0.05f, 0.25f},      {0.1f, 0.05f, 0.35f, 0.5f},   {0.2f, 0.5f, 0.2f, 0.1f},
        {0.5f, 0.25f, 0.15f, 0.1f},   {0.1f, 0.15f, 0.6f, 0.15f},   {0.4f, 0.4f, 0.1f, 0.1f},
        {0.15f, 0.25f, 0.45f, 0.15f}, {0, 0.05f, 0.9f, 0.05f},      {0.05f, 0.1f, 0.85f, 0},
        {0.2f, 0.15f, 0.1f, 0.55f},   {0.15f, 0.5f, 0.1f, 0.25f},   {0.15f, 0.65f, 0.1f, 0.1f},
        {0.4f, 0.05f, 0.4f, 0.15f}};
    struct score *s = score_create(4, 2);
    for (size_t i = 0; i < 40; i++) {
        int said = 0;
        for (int c = 1; c < 4; c++)
            if (prob[i][c] > prob[i][said]) said = c;
        score_add(s, truth[i], said, prob[i]);
    }
    struct score_figures f;
    score_read(s, &f);
    near_(f.accuracy, 0.55);
    near_(f.balanced_accuracy, 0.5482654600301659);
    near_(f.kappa, 0.37554206418039904);
    near_(f.kappa_temporal, (0.55 - 0.375) / (1 - 0.375));
    near_(f.macro_f1, 0.44683908045977005);
    near_(f.average_precision, 0.773200818789054);
    near_(f.log_loss, 1.0219021179385521);
    score_destroy(s);
}

static void a_constant_answer_has_no_kappa(void **state) {
    (void)state;
    struct score *s = score_create(3, 2);
    for (int i = 0; i < 9; i++) score_add(s, 0, 0, (const float[]){1, 0, 0});
    struct score_figures f;
    score_read(s, &f);
    near_(f.accuracy, 1);
    near_(f.kappa, 0);
    assert_true(isnan(f.average_precision));
    score_add(s, 1, 0, (const float[]){1, 0, 0});
    score_read(s, &f);
    near_(f.kappa, 0);
    near_(f.balanced_accuracy, 0.5);
    near_(f.log_loss, -log(SCORE_CLIP) / 10);
    near_(f.calibration_error, 0); // of class 2, which neither is said nor occurs
    score_destroy(s);
}

static void nothing_is_not_a_number(void **state) {
    (void)state;
    struct score *s = score_create(2, 1);
    struct score_figures f;
    score_read(s, &f);
    assert_true(isnan(f.accuracy) && isnan(f.kappa) && isnan(f.log_loss));
    assert_true(isnan(f.prevalence_log_loss) && isnan(f.calibration_error));
    score_destroy(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binary_stream),
        cmocka_unit_test(as_scikit_learn_says),
        cmocka_unit_test(a_constant_answer_has_no_kappa),
        cmocka_unit_test(nothing_is_not_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
