/* Scoring against the same sums written plainly in double; shapes that are none. */
#include "models.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void plain_member(const struct model *m, size_t member, const double *row, double *prob) {
    const struct model_shape *s = &m->shape;
    double x[64], y[64];
    for (size_t i = 0; i < s->d; i++) {
        double size = log(1 + fabs(row[i]) / m->log_unit[i]), u = row[i] < 0 ? -size : size;
        if (m->log_unit[i] == 0) u = row[i];
        x[i] = fmax(-MODEL_CLIP, fmin(MODEL_CLIP, (u - m->mean[i]) * m->scale[i]));
        if (row[i] < m->low[i] || row[i] > m->high[i]) x[i] = 0;
    }
    for (size_t l = 0; l < s->layers; l++) {
        size_t in = s->width[l], out = s->width[l + 1];
        for (size_t o = 0; o < out; o++) {
            y[o] = (double)m->bias[l][member * out + o];
            for (size_t i = 0; i < in; i++)
                y[o] += (double)m->weight[l][(member * out + o) * in + i] * x[i];
            if (l + 1 < s->layers) y[o] = fmax(0, y[o]);
        }
        memcpy(x, y, sizeof x);
    }
    double sum = 0;
    for (size_t e = 0; e < m->codes; e++) {
        size_t c = (size_t)m->code_column[e];
        bool far = row[c] < m->low[c] || row[c] > m->high[c];
        for (size_t i = 0; i < s->k && far; i++) x[i] += (double)m->code_weight[e * s->k + i];
    }
    for (size_t c = 0; c < s->k; c++) sum += exp(x[c]);
    for (size_t c = 0; c < s->k; c++) prob[c] = exp(x[c]) / sum;
}

static void check_shape(size_t d, size_t k, size_t members, size_t hidden) {
    struct model_shape s = shape_of_layers(d, k, members, hidden, 11);
    struct model *m = random_model(&s, d + k);
    struct rng r = {.seed = 3};
    double row[32], plain[8], mixed[8];
    random_columns(m, &r);
    if (d > 2) random_codes(m, &r);
    float prob[8], member[4 * 8], *scratch = xmalloc(model_scratch(&s) * sizeof *scratch);
    for (int repeat = 0; repeat < 20; repeat++) {
        for (size_t i = 0; i < d; i++)
            row[i] = 4 * rng_next_normal(&r); // some are clipped, some are far
        model_predict(m, row, scratch, member, prob);
        memset(mixed, 0, sizeof mixed);
        for (size_t j = 0; j < members; j++) {
            plain_member(m, j, row, plain);
            for (size_t c = 0; c < k; c++)
                assert_true(fabs((double)member[j * k + c] - plain[c]) < 1e-5);
            for (size_t c = 0; c < k; c++) mixed[c] += m->mix[j] * plain[c];
        }
        for (size_t c = 0; c < k; c++) assert_true(fabs((double)prob[c] - mixed[c]) < 1e-5);
        float again[8];
        model_predict(m, row, scratch, NULL, again);
        assert_memory_equal(prob, again, k * sizeof *prob);
    }
    free(scratch);
    model_destroy(m);
}

static void scores_are_the_plain_sums(void **state) {
    (void)state;
    check_shape(1, 2, 1, 0);
    check_shape(30, 2, 4, 0);
    check_shape(7, 8, 4, 0);
    check_shape(7, 3, 1, 1);
    check_shape(5, 4, 4, 4);
}

/* Of the lapse's share each class is as likely; the order of the classes stays. */
static void the_lapse_is_shared_by_all_classes(void **state) {
    (void)state;
    struct model_shape s = shape_of_layers(2, 4, 1, 0, 0);
    struct model *m = random_model(&s, 1);
    const float mixture[4] = {0.9f, 0.1f, 1e-30f, 0};
    double lapse = 0.2;
    float said[4];
    model_say(m, mixture, said);
    assert_memory_equal(said, mixture, sizeof said);
    m->lapse = &lapse;
    model_say(m, mixture, said);
    for (size_t c = 0; c < 4; c++)
        assert_true(fabs((double)said[c] - (0.8 * (double)mixture[c] + 0.05)) < 1e-7);
    m->lapse = NULL;
    model_destroy(m);
}

/* Logarithms are divided by it, with the lapse in them; the order of the classes stays. */
static void a_temperature_sharpens_or_flattens(void **state) {
    (void)state;
    static const float mixture[][4] = {
        {0.9f, 0.1f}, {0.2f, 0.8f}, {0.5f, 0.5f}, {0, 1}, {0.7f, 0.2f, 0.1f, 1e-30f}};
    double lapse = 0.1, temperature;
    for (size_t i = 0; i < sizeof mixture / sizeof *mixture; i++) {
        size_t k = i < 4 ? 2 : 4;
        struct model_shape s = shape_of_layers(2, k, 1, 0, 0);
        struct model *m = random_model(&s, 1);
        m->lapse = &lapse, m->temperature = &temperature;
        for (temperature = 1.0 / 3; temperature <= 3; temperature *= sqrt(3)) {
            float said[4];
            double power[4], sum = 0;
            for (size_t c = 0; c < k; c++) {
                power[c] = pow(0.9 * (double)mixture[i][c] + 0.1 / (double)k, 1 / temperature);
                sum += power[c];
            }
            model_say(m, mixture[i], said);
            for (size_t c = 0; c < k; c++)
                assert_true(fabs((double)said[c] - power[c] / sum) < 1e-6);
        }
        m->lapse = m->temperature = NULL;
        model_destroy(m);
    }
}

/* What nothing was fitted for may be certain: no number of it is lost. */
static void a_temperature_of_certainty(void **state) {
    (void)state;
    struct model_shape s = shape_of_layers(2, 2, 1, 0, 0);
    struct model *m = random_model(&s, 1);
    double temperature = 0.5;
    const float mixture[2] = {0, 1};
    float said[2];
    m->temperature = &temperature;
    model_say(m, mixture, said);
    assert_true(said[0] == 0 && said[1] == 1);
    m->temperature = NULL;
    model_destroy(m);
}

/* The smaller probabilities of a saturated score keep their order, which the measures need. */
static void a_saturated_score_is_finite(void **state) {
    (void)state;
    struct model_shape s = shape_of_layers(1, 3, 1, 0, 0);
    struct model *m = random_model(&s, 1);
    const float steep[3] = {30, 5, 0};
    memcpy(m->weight[0], steep, sizeof steep);
    memset(m->bias[0], 0, sizeof steep);
    m->mean[0] = 0;
    m->scale[0] = 1;
    float prob[3], *scratch = xmalloc(model_scratch(&s) * sizeof *scratch);
    model_predict(m, (const double[]){2}, scratch, NULL, prob);
    assert_true(prob[0] == 1 && prob[1] > 0 && prob[2] > 0 && prob[1] > prob[2]);
    model_predict(m, (const double[]){1e300}, scratch, NULL, prob);
    assert_true(prob[0] == 1 && prob[2] >= 0);
    model_predict(m, (const double[]){-1e300}, scratch, NULL, prob);
    assert_true(prob[2] == 1);
    free(scratch);
    model_destroy(m);
}

/* A number that is far says as much as the mean, whatever it is; the row's first one is named. */
static void a_number_that_is_far_says_nothing(void **state) {
    (void)state;
    static const double absurd[] = {3.5, -3.5, 9999, 1e30, -DBL_MAX, DBL_MAX};
    struct model_shape s = shape_of_layers(3, 2, 1, 0, 0);
    struct model *m = random_model(&s, 1);
    random_columns(m, &(struct rng){.seed = 2});
    float mean[2], far[2], *scratch = xmalloc(model_scratch(&s) * sizeof *scratch);
    double row[3] = {0.1, 0.2, 0.3};
    assert_int_equal(model_far(m, row), 3);
    row[0] = m->mean[0];
    model_predict(m, row, scratch, NULL, mean);
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        row[0] = absurd[i];
        model_predict(m, row, scratch, NULL, far);
        assert_memory_equal(mean, far, sizeof far);
        assert_int_equal(model_far(m, row), 0);
    }
    row[0] = 0, row[2] = -1e9;
    assert_int_equal(model_far(m, row), 2);
    free(scratch);
    model_destroy(m);
}

/* A model without logarithms is standardised some columns at a time, one with a logarithm column by
 * column: a last column that weighs nothing makes the same model go either way, and no bit of a
 * score may show which, nor what is far. */
static void each_way_of_standardising_gives_the_same_bits(void **state) {
    (void)state;
    static const double odd[] = {0, -0.0, 1e-320, 3.5, -9999, DBL_MAX, -DBL_MAX, INFINITY, NAN};
    enum { ODD = sizeof odd / sizeof *odd };
    struct rng r = {.seed = 4};
    for (size_t d = 2; d <= 9; d++) {
        struct model_shape s = shape_of_layers(d, 3, 2, d % 2, 4);
        struct model *m = random_model(&s, d);
        random_columns(m, &r);
        memset(m->log_unit, 0, d * sizeof *m->log_unit);
        m->scale[d / 2] = 0, m->scale[0] = 100; // constant; clipped
        for (size_t o = 0; o < s.members * s.width[1]; o++) m->weight[0][o * d + d - 1] = 0;
        float pairs[3], single[3], *scratch = xmalloc(model_scratch(&s) * sizeof *scratch);
        for (size_t i = 0; i < 200; i++) {
            double row[9];
            for (size_t c = 0; c < d; c++)
                row[c] = i % 3 && rng_next_unit(&r) < 0.3 ? odd[rng_next(&r) % ODD]
                                                          : rng_next_normal(&r);
            m->log_unit[d - 1] = 0;
            assert_int_equal(model_predict(m, row, scratch, NULL, pairs), model_far_any(m, row));
            m->log_unit[d - 1] = 0.5;
            assert_int_equal(model_predict(m, row, scratch, NULL, single), model_far_any(m, row));
            assert_memory_equal(pairs, single, sizeof pairs);
        }
        free(scratch);
        model_destroy(m);
    }
}

/* Also where raw - mean leaves the doubles, and infinity times zero would be NaN. */
static void a_constant_column_says_nothing(void **state) {
    (void)state;
    struct model_shape s = shape_of_layers(2, 2, 1, 0, 0);
    struct model *m = random_model(&s, 1);
    float here[2], there[2], *scratch = xmalloc(model_scratch(&s) * sizeof *scratch);
    m->scale[1] = 0;
    m->mean[1] = -1.7e308;
    model_predict(m, (const double[]){1, -1.7e308}, scratch, NULL, here);
    model_predict(m, (const double[]){1, 1.7e308}, scratch, NULL, there);
    assert_memory_equal(here, there, sizeof here);
    assert_true(isfinite(here[0]));
    free(scratch);
    model_destroy(m);
}

static void a_new_model_says_all_classes_alike(void **state) {
    (void)state;
    struct model_shape s = shape_of_layers(3, 4, 2, 1, 6);
    struct model *m = NULL;
    float prob[4], *scratch = xmalloc(model_scratch(&s) * sizeof *scratch);
    assert_int_equal(model_create(&m, &s), 0);
    model_predict(m, (const double[]){1, 2, 3}, scratch, NULL, prob);
    for (int c = 0; c < 4; c++) assert_true(prob[c] == 0.25f);
    free(scratch);
    model_destroy(m);
    model_destroy(NULL);
}

static void shapes_that_are_none_are_refused(void **state) {
    (void)state;
    const struct model_shape good = shape_of_layers(3, 2, 1, 1, 4);
    struct model_shape bad[] = {good, good, good, good, good, good, good, good, good, good};
    bad[0].d = 0, bad[0].width[0] = 0;
    bad[1].k = 1, bad[1].width[2] = 1;
    bad[2].members = 0;
    bad[3].layers = 0;
    bad[4].layers = MODEL_LAYERS_MAX + 1;
    bad[5].width[1] = 0;
    bad[6].width[0] = 4;
    bad[7].width[2] = 3;
    bad[8].width[1] = SIZE_MAX / 2;
    bad[9].members = (size_t)1 << 62; // 2^62 times any even width is 0 again
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct model *m = NULL;
        assert_int_equal(model_create(&m, &bad[i]), ERR_MISMATCH);
        assert_null(m);
    }
}

/* Linear and deep, members and one: what sgemm makes of rows together is what is made of each,
 * but for last bits. */
static void rows_together_score_as_each_alone(void **state) {
    (void)state;
    enum { N = 9, MEMBERS = 3 };
    for (size_t hidden = 0; hidden <= 2; hidden++) {
        struct model_shape s = shape_of_layers(7, 4, MEMBERS, hidden, 6);
        struct model *m = random_model(&s, 5 + hidden);
        struct rng r = {.seed = 9};
        double row[N * 7];
        float *scratch = xmalloc(N * model_scratch(&s) * sizeof *scratch),
              member[N * (MEMBERS * 4 + 2)], prob[N * 4], alone[4], its[MEMBERS * 4];
        bool far[N];
        for (size_t i = 0; i < N * 7; i++) row[i] = rng_next_normal(&r);
        random_columns(m, &r);
        row[4 * 7 + 3] = 1e9;
        model_predict_rows(m, row, N, scratch, member, MEMBERS * 4 + 2, prob, far);
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(model_predict(m, row + i * 7, scratch, its, alone), far[i]);
            assert_true(i != 4 || far[i]);
            for (size_t c = 0; c < 4; c++) assert_true(fabsf(prob[i * 4 + c] - alone[c]) < 1e-5f);
            for (size_t c = 0; c < MEMBERS * 4; c++)
                assert_true(fabsf(member[i * (MEMBERS * 4 + 2) + c] - its[c]) < 1e-5f);
        }
        free(scratch);
        model_destroy(m);
    }
}

/* Hinges in any order, so in runs of any length; members with and without weight for them. */
static void hinges_bend_the_columns_that_they_name(void **state) {
    (void)state;
    enum { COLUMNS = 11, HINGES = 40, MEMBERS = 3, N = 5, WIDTH = COLUMNS + HINGES };
    struct model_shape plain = shape_of_layers(COLUMNS, 2, MEMBERS, 0, 0);
    struct model *m = random_model(&plain, 3);
    struct rng r = {.seed = 8};
    struct hinge hinge[HINGES];
    for (size_t h = 0; h < HINGES; h++)
        hinge[h] = (struct hinge){h < 22 ? h % COLUMNS : rng_below(rng_next(&r), COLUMNS),
                                  near_zero(&r), 0.1f + fabsf(near_zero(&r))};
    model_bend(m, hinge, HINGES);
    random_weights(m, &r);
    for (size_t o = 0; o < 2; o++)
        memset(m->weight[0] + o * WIDTH + COLUMNS, 0, HINGES * sizeof(float));
    model_settle_hinges(m);
    assert_true(m->straight == 1 && m->runs < HINGES);
    float *scratch = xmalloc(N * model_scratch(&m->shape) * sizeof *scratch), member[MEMBERS * 2],
          prob[2], together[N * MEMBERS * 2], all[N * 2];
    double row[N * COLUMNS];
    bool far[N];
    for (size_t i = 0; i < N * COLUMNS; i++) row[i] = rng_next_normal(&r);
    model_predict_rows(m, row, N, scratch, together, MEMBERS * 2, all, far);
    for (size_t i = 0; i < N; i++) {
        model_predict(m, row + i * COLUMNS, scratch, member, prob);
        for (size_t j = 0; j < MEMBERS; j++) {
            double logit[2];
            for (size_t o = 0; o < 2; o++) {
                const float *w = m->weight[0] + (j * 2 + o) * WIDTH;
                logit[o] = (double)m->bias[0][j * 2 + o];
                for (size_t c = 0; c < COLUMNS; c++)
                    logit[o] += (double)w[c] * model_standardised(m, c, row[i * COLUMNS + c]);
                for (size_t h = 0; h < HINGES; h++) {
                    size_t c = hinge[h].column;
                    double above =
                        model_standardised(m, c, row[i * COLUMNS + c]) - (double)hinge[h].knot;
                    logit[o] += (double)w[COLUMNS + h] * fmax(above, 0) * (double)hinge[h].slope;
                }
            }
            double wanted = 1 / (1 + exp(logit[0] - logit[1]));
            assert_true(fabs((double)member[j * 2 + 1] - wanted) < 1e-5);
            assert_true(fabs((double)together[(i * MEMBERS + j) * 2 + 1] - wanted) < 1e-5);
        }
    }
    free(scratch);
    model_destroy(m);
}

static void only_large_models_score_rows_together(void **state) {
    (void)state;
    struct model_shape small = shape_of_layers(30, 2, 5, 0, 0),
                       large = shape_of_layers(784, 100, 1, 0, 0),
                       huge = shape_of_layers(4096, 1000, 1, 0, 0);
    assert_int_equal(model_together(&small), 1);
    assert_int_equal(model_together(&large), 12); // 12 · 784 · 100 ≤ 10^6
    assert_int_equal(model_together(&huge), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_together_score_as_each_alone),
        cmocka_unit_test(hinges_bend_the_columns_that_they_name),
        cmocka_unit_test(only_large_models_score_rows_together),
        cmocka_unit_test(scores_are_the_plain_sums),
        cmocka_unit_test(the_lapse_is_shared_by_all_classes),
        cmocka_unit_test(a_temperature_sharpens_or_flattens),
        cmocka_unit_test(a_temperature_of_certainty),
        cmocka_unit_test(a_saturated_score_is_finite),
        cmocka_unit_test(a_number_that_is_far_says_nothing),
        cmocka_unit_test(a_constant_column_says_nothing),
        cmocka_unit_test(each_way_of_standardising_gives_the_same_bits),
        cmocka_unit_test(a_new_model_says_all_classes_alike),
        cmocka_unit_test(shapes_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
