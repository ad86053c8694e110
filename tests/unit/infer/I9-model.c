/* I9: every defect of a version is found before a worker may see it, and named. */
#include "models.h"

#include <math.h>
#include <string.h>

static void nan_weight(struct model *m) { m->weight[0][7] = NAN; }
static void infinite_weight(struct model *m) { m->weight[1][0] = -INFINITY; }
static void nan_bias(struct model *m) { m->bias[1][5] = NAN; }
static void nan_mean(struct model *m) { m->mean[3] = NAN; }
static void infinite_scale(struct model *m) { m->scale[0] = INFINITY; }
static void negative_scale(struct model *m) { m->scale[2] = -1; }
static void nan_bound(struct model *m) { m->low[1] = NAN; }
static void infinite_bound(struct model *m) { m->high[3] = INFINITY; }
static void crossed_bounds(struct model *m) { m->low[0] = 1, m->high[0] = -1; }
static void negative_log_unit(struct model *m) { m->log_unit[1] = -1; }
static void nan_log_unit(struct model *m) { m->log_unit[0] = NAN; }
static void code_of_no_column(struct model *m) { m->code_column[1] = 4; }
static void code_between_columns(struct model *m) { m->code_column[0] = 0.5; }
static void code_twice(struct model *m) { m->code_column[1] = m->code_column[0]; }
static void nan_code(struct model *m) { m->code_column[0] = NAN; }
static void huge_code(struct model *m) { m->code_weight[2] = -1e9f; }
static void nan_code_weight(struct model *m) { m->code_weight[0] = NAN; }
static void negative_share(struct model *m) { m->mix[0] = -0.5, m->mix[1] = 1.5; }
static void short_mixture(struct model *m) { m->mix[0] *= 0.9; }
static void nan_share(struct model *m) { m->mix[1] = NAN; }
static void negative_lapse(struct model *m) { *m->lapse = -0.01; }
static void huge_lapse(struct model *m) { *m->lapse = 0.51; }
static void nan_lapse(struct model *m) { *m->lapse = NAN; }
static void another_lapse(struct model *m) { *m->lapse = 0.04; }
static void cold(struct model *m) { *m->temperature = 0.3; }
static void hot(struct model *m) { *m->temperature = 3.1; }
static void nan_temperature(struct model *m) { *m->temperature = NAN; }
static void another_temperature(struct model *m) { *m->temperature = 1.3; }
static void nan_lateness(struct model *m) { m->lateness[MODEL_LATENESS - 1] = NAN; }
static void huge_lateness(struct model *m) { m->lateness[0] = -2e9; }
static void falling_quantiles(struct model *m) { m->utility[64] = m->utility[63] - 1; }
static void nan_quantile(struct model *m) { m->utility[127] = NAN; }
static void huge_weight(struct model *m) { m->weight[0][0] = 3e38f; }
static void huge_bias(struct model *m) { m->bias[1][0] = -3e38f; }
static void huge_together(struct model *m) {
    m->weight[0][0] = 1e20f;
    for (size_t i = 0; i < m->shape.members * m->shape.width[2] * m->shape.width[1]; i++)
        m->weight[1][i] = 1e18f;
}
static void huge_within(struct model *m) { // infinite times zero
    m->weight[0][0] = 3e38f;
    memset(m->weight[1], 0,
           m->shape.members * m->shape.width[2] * m->shape.width[1] * sizeof **m->weight);
}
static void another_answer(struct model *m) { m->golden_prob[8] += 2e-4f; }
static void nan_answer(struct model *m) { m->golden_prob[0] = NAN; }
static void nan_golden_row(struct model *m) { m->golden_row[2] = NAN; }
static void another_weight(struct model *m) {
    m->weight[0][0] += 0.5f, m->weight[1][0] += 0.5f, m->bias[1][0] += 0.5f;
}
static void another_fingerprint(struct model *m) { m->fingerprint ^= 1; }
static void another_class(struct model *m) { memcpy((char *)m->classes.at, "on", 2); }
static void fewer_classes(struct model *m) { m->classes.len = 6; }

static const struct defect {
    const char *name;
    void (*make)(struct model *m);
    int error;
    const char *why;
} defects[] = {
    {"nan_weight", nan_weight, ERR_CORRUPT, "weight is not finite"},
    {"infinite_weight", infinite_weight, ERR_CORRUPT, "weight is not finite"},
    {"nan_bias", nan_bias, ERR_CORRUPT, "weight is not finite"},
    {"nan_mean", nan_mean, ERR_CORRUPT, "standardisation"},
    {"infinite_scale", infinite_scale, ERR_CORRUPT, "standardisation"},
    {"negative_scale", negative_scale, ERR_CORRUPT, "standardisation"},
    {"nan_bound", nan_bound, ERR_CORRUPT, "standardisation"},
    {"infinite_bound", infinite_bound, ERR_CORRUPT, "standardisation"},
    {"crossed_bounds", crossed_bounds, ERR_CORRUPT, "standardisation"},
    {"negative_log_unit", negative_log_unit, ERR_CORRUPT, "standardisation"},
    {"nan_log_unit", nan_log_unit, ERR_CORRUPT, "standardisation"},
    {"code_of_no_column", code_of_no_column, ERR_CORRUPT, "codes"},
    {"code_between_columns", code_between_columns, ERR_CORRUPT, "codes"},
    {"code_twice", code_twice, ERR_CORRUPT, "codes"},
    {"nan_code", nan_code, ERR_CORRUPT, "codes"},
    {"huge_code", huge_code, ERR_CORRUPT, "codes"},
    {"nan_code_weight", nan_code_weight, ERR_CORRUPT, "codes"},
    {"negative_share", negative_share, ERR_CORRUPT, "mixture"},
    {"short_mixture", short_mixture, ERR_CORRUPT, "mixture"},
    {"nan_share", nan_share, ERR_CORRUPT, "mixture"},
    {"negative_lapse", negative_lapse, ERR_CORRUPT, "lapse"},
    {"huge_lapse", huge_lapse, ERR_CORRUPT, "lapse"},
    {"nan_lapse", nan_lapse, ERR_CORRUPT, "lapse"},
    {"cold", cold, ERR_CORRUPT, "temperature"},
    {"hot", hot, ERR_CORRUPT, "temperature"},
    {"nan_temperature", nan_temperature, ERR_CORRUPT, "temperature"},
    {"another_temperature", another_temperature, ERR_CORRUPT, "golden rows"},
    {"nan_lateness", nan_lateness, ERR_CORRUPT, "lateness"},
    {"huge_lateness", huge_lateness, ERR_CORRUPT, "lateness"},
    {"another_lapse", another_lapse, ERR_CORRUPT, "golden rows"},
    {"falling_quantiles", falling_quantiles, ERR_CORRUPT, "quantiles"},
    {"nan_quantile", nan_quantile, ERR_CORRUPT, "quantiles"},
    {"huge_weight", huge_weight, ERR_CORRUPT, "overflow"},
    {"huge_bias", huge_bias, ERR_CORRUPT, "overflow"},
    {"huge_together", huge_together, ERR_CORRUPT, "overflow"},
    {"huge_within", huge_within, ERR_CORRUPT, "overflow"},
    {"another_answer", another_answer, ERR_CORRUPT, "golden rows"},
    {"nan_answer", nan_answer, ERR_CORRUPT, "golden rows"},
    {"nan_golden_row", nan_golden_row, ERR_CORRUPT, "golden rows"},
    {"another_weight", another_weight, ERR_CORRUPT, "golden rows"},
    {"another_fingerprint", another_fingerprint, ERR_MISMATCH, "feature map"},
    {"another_class", another_class, ERR_MISMATCH, "other classes"},
    {"fewer_classes", fewer_classes, ERR_MISMATCH, "other classes"},
};

static void hinge_of_no_column(struct model *m) { m->hinge[2] = 4; }
static void hinge_between_columns(struct model *m) { m->hinge[0] = 0.5f; }
static void hinge_before_all(struct model *m) { m->hinge[0] = -1; }
static void nan_hinge(struct model *m) { m->hinge[1] = NAN; }
static void nan_knot(struct model *m) { m->hinge[3 + 1] = NAN; }
static void far_knot(struct model *m) { m->hinge[3 + 1] = 5; }
static void nan_slope(struct model *m) { m->hinge[6 + 2] = NAN; }
static void falling_slope(struct model *m) { m->hinge[6 + 2] = -1; }
static void steep_slope(struct model *m) { m->hinge[6 + 2] = 1e30f; }
static void huge_weight_of_a_hinge(struct model *m) {
    m->weight[0][m->shape.width[0] * 5 - 1] = 3e37f;
}

/* Of versions with hinges. */
static const struct defect hinge_defects[] = {
    {"hinge_of_no_column", hinge_of_no_column, ERR_CORRUPT, "a hinge"},
    {"hinge_between_columns", hinge_between_columns, ERR_CORRUPT, "a hinge"},
    {"hinge_before_all", hinge_before_all, ERR_CORRUPT, "a hinge"},
    {"nan_hinge", nan_hinge, ERR_CORRUPT, "a hinge"},
    {"nan_knot", nan_knot, ERR_CORRUPT, "a hinge"},
    {"far_knot", far_knot, ERR_CORRUPT, "a hinge"},
    {"nan_slope", nan_slope, ERR_CORRUPT, "a hinge"},
    {"falling_slope", falling_slope, ERR_CORRUPT, "a hinge"},
    {"steep_slope", steep_slope, ERR_CORRUPT, "a hinge"},
    {"huge_weight_of_a_hinge", huge_weight_of_a_hinge, ERR_CORRUPT, "overflow"},
};

static int check(const struct model *m, const char **why) {
    *why = NULL;
    return model_check(m, 4, TEXT(CLASSES_OF_3), 0xfedcba9876543210u, why);
}

static void a_sound_model_passes(void **state) {
    (void)state;
    for (size_t hidden = 0; hidden < MODEL_LAYERS_MAX; hidden++) {
        struct model *m = whole_model(hidden, hidden);
        const char *why;
        assert_int_equal(check(m, &why), 0);
        free(m->utility);
        m->utility = NULL; // of a mix of measures there are none
        m->golden = 0;
        assert_int_equal(check(m, &why), 0);
        model_destroy(m);
    }
}

static void assert_named(const struct defect *d, size_t hidden) {
    struct model *m = whole_model(hidden, 5);
    const char *why;
    d->make(m);
    int result = check(m, &why);
    if (result != d->error || !why || !strstr(why, d->why))
        fail_msg("%s: %s, %s", d->name, error_name(result), why ? why : "no reason");
    model_destroy(m);
}

static void every_defect_is_named(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof defects / sizeof *defects; i++) assert_named(&defects[i], 1);
    for (size_t i = 0; i < sizeof hinge_defects / sizeof *hinge_defects; i++)
        assert_named(&hinge_defects[i], 0);
}

static void another_number_of_columns_or_outputs_is_refused(void **state) {
    (void)state;
    struct model *m = whole_model(0, 5);
    const char *why = NULL;
    assert_int_equal(model_check(m, 5, TEXT(CLASSES_OF_3), m->fingerprint, &why), ERR_MISMATCH);
    assert_non_null(strstr(why, "columns"));
    free((char *)m->classes.at);
    m->classes = owned("no\nyes"); // the configuration agrees, the outputs do not: a worker would
                                   // read beyond its classes
    assert_int_equal(model_check(m, 4, TEXT("no\nyes"), m->fingerprint, &why), ERR_MISMATCH);
    assert_non_null(strstr(why, "output"));
    model_destroy(m);
}

/* What another CPU type rounds otherwise still passes. */
static void golden_rows_leave_room_for_rounding(void **state) {
    (void)state;
    struct model *m = whole_model(1, 5);
    const char *why;
    for (size_t i = 0; i < m->golden * m->shape.k; i++) m->golden_prob[i] += 5e-5f;
    assert_int_equal(check(m, &why), 0);
    model_destroy(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_model_passes),
        cmocka_unit_test(every_defect_is_named),
        cmocka_unit_test(another_number_of_columns_or_outputs_is_refused),
        cmocka_unit_test(golden_rows_leave_room_for_rounding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
