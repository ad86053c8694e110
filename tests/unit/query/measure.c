/* The measures at the points of the simplex where textbooks give their values, and what an order
 * must keep. */
#include "query/strategy.h"

#include "base/rng.h"
#include "unit/test.h"

#include <math.h>

static const enum measure doubts[] = {MEASURE_LEAST_CONFIDENCE, MEASURE_MARGIN,
                                      MEASURE_LARGEST_MARGIN, MEASURE_ENTROPY,
                                      MEASURE_LOG_ODDS_MARGIN};
enum { DOUBTS = sizeof doubts / sizeof *doubts };

static void near_(double got, double wanted) {
    if (!(fabs(got - wanted) < 1e-6 * (1 + fabs(wanted))))
        fail_msg("%.9g is not %.9g", got, wanted);
}

static double utility_of(enum measure m, const float *prob, size_t k, size_t positive) {
    return measure_utility(m, &(struct measure_input){.prob = prob, .k = k, .positive = positive});
}

static double utility2(enum measure m, float p) {
    return utility_of(m, (const float[]){1 - p, p}, 2, 1);
}

static void values_at_points_of_the_simplex(void **state) {
    (void)state;
    static const struct {
        float prob[3];
        double of[DOUBTS]; // in the order of `doubts`
    } points[] = {
        {{1.0f / 3, 1.0f / 3, 1.0f / 3}, {2.0 / 3, 1, 1, 1.0986122887, 0}},
        {{0.5f, 0.5f, 0}, {0.5, 1, 0.5, 0.6931471806, 0}},
        {{0.25f, 0.5f, 0.25f}, {0.5, 0.75, 0.75, 1.0397207708, -0.6931471806}},
        {{1, 0, 0}, {0, 0, 0, 0, -103.2789}},
        {{0.1f, 0.2f, 0.7f}, {0.3, 0.5, 0.4, 0.8018185525, -1.2527629685}},
    };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        for (size_t m = 0; m < DOUBTS; m++)
            near_(utility_of(doubts[m], points[i].prob, 3, 0), points[i].of[m]);
    for (size_t c = 0; c < 3; c++)
        near_(utility_of(MEASURE_RISK, points[4].prob, 3, c), (double)points[4].prob[c]);
}

static void a_certain_prediction_has_the_least_utility(void **state) {
    (void)state;
    static const float certain[] = {0, 1, 0}, nearly[] = {1e-30f, 1, 1e-30f};
    for (size_t m = 0; m < DOUBTS; m++) {
        double least = utility_of(doubts[m], certain, 3, 0);
        assert_true(isfinite(least));
        assert_true(least < utility_of(doubts[m], nearly, 3, 0));
        if (m < 4) near_(least, 0);
    }
}

/* The blog's entropy lost its minus: it would ask for the most confident. */
static void more_doubt_is_more_utility(void **state) {
    (void)state;
    for (size_t m = 0; m < DOUBTS; m++) {
        assert_true(utility2(doubts[m], 0.4f) > utility2(doubts[m], 0.1f));
        assert_true(utility2(doubts[m], 0.6f) > utility2(doubts[m], 0.9f));
    }
    assert_true(utility2(MEASURE_RISK, 0.9f) > utility2(MEASURE_RISK, 0.6f));
}

static void two_classes_rank_alike(void **state) {
    (void)state;
    for (int i = 1; i < 100; i++)
        for (int j = 1; j < 100; j++) {
            int nearer = (abs(i - 50) < abs(j - 50)) - (abs(i - 50) > abs(j - 50));
            if (nearer == 0) continue;
            for (size_t m = 0; m < DOUBTS; m++) {
                double a = utility2(doubts[m], (float)i / 100),
                       b = utility2(doubts[m], (float)j / 100);
                assert_int_equal((a > b) - (a < b), nearer);
            }
        }
}

static void order_survives_saturation(void **state) {
    (void)state;
    for (size_t m = 0; m < DOUBTS; m++) {
        double before = INFINITY;
        for (float p = 1e-3f; p > 1e-44f; p /= 10) {
            double u = utility_of(doubts[m], (const float[]){1, p}, 2,
                                  1); // 1 − p is 1 in float from 6e-8 on
            assert_true(u < before);
            before = u;
        }
    }
}

static void which_class_is_doubted_does_not_matter(void **state) {
    (void)state;
    static const float orders[][4] = {
        {0.4f, 0.3f, 0.2f, 0.1f}, {0.1f, 0.2f, 0.3f, 0.4f}, {0.3f, 0.1f, 0.4f, 0.2f}};
    for (size_t m = 0; m < DOUBTS; m++)
        for (size_t o = 1; o < 3; o++)
            near_(utility_of(doubts[m], orders[o], 4, 0), utility_of(doubts[m], orders[0], 4, 0));
}

static void nan_stays_nan(void **state) {
    (void)state;
    for (int m = 0; m < MEASURE_MIX; m++)
        for (size_t place = 0; place < 3; place++) {
            float prob[3] = {0.2f, 0.3f, 0.5f};
            prob[place] = NAN;
            assert_true(isnan(utility_of((enum measure)m, prob, 3, 0)));
        }
}

/* ---- measures that look at row and model ---- */

/* Two columns, raw = 10 + 2z and -3 + z/2; members' shares of the mixture as given. */
static struct model *model_of(size_t members, const double *mix) {
    struct model *m;
    assert_int_equal(
        model_create(&m,
                     &(struct model_shape){
                         .d = 2, .k = 3, .members = members, .layers = 1, .width = {2, 3}}),
        0);
    m->mean[0] = 10, m->mean[1] = -3, m->scale[0] = 0.5, m->scale[1] = 2;
    for (size_t i = 0; i < members; i++) m->mix[i] = mix[i];
    return m;
}

static void the_gradient_has_its_length(void **state) {
    (void)state;
    struct model *m = model_of(1, (const double[]){1});
    const float prob[] = {0.5f, 0.3f, 0.2f}, even[] = {0.5f, 0.5f, 0}, sure[] = {1, 0, 0};
    const double row[] = {12, -2}; // z = (1, 2)
    struct measure_input in = {.prob = prob, .k = 3, .row = row, .model = m};
    double expected = 0.5 * sqrt(0.25 + 0.09 + 0.04) + 0.3 * sqrt(0.25 + 0.49 + 0.04) +
                      0.2 * sqrt(0.25 + 0.09 + 0.64);
    near_(measure_utility(MEASURE_GRADIENT_LENGTH, &in), expected * sqrt(1 + 1 + 4));
    near_(measure_utility(MEASURE_GRADIENT_LENGTH_RAW, &in), expected * sqrt(1 + 144 + 4));
    in.prob = even; // Σ p_c √(1 − 2 p_c + Σ p²): √½
    near_(measure_utility(MEASURE_GRADIENT_LENGTH, &in), sqrt(0.5 * 6));
    in.prob = sure;
    near_(measure_utility(MEASURE_GRADIENT_LENGTH, &in), 0);
    model_destroy(m);
}

/* A row with a far number is no question by any measure, unless its column has a say of its own. */
static void a_row_that_is_far_has_the_least_utility(void **state) {
    (void)state;
    struct model *m = model_of(2, (const double[]){0.5, 0.5});
    const float prob[] = {0.4f, 0.35f, 0.25f}, member[] = {0.7f, 0.2f, 0.1f, 0.1f, 0.5f, 0.4f};
    const double row[] = {12, 999};
    double code = 1;
    float weight[3] = {0};
    m->high[1] = 50;
    for (int i = 0; i < MEASURE_MIX; i++) {
        enum measure one = (enum measure)i;
        struct measure_input in = {.prob = prob, .k = 3, .member = member, .row = row, .model = m};
        double usual = measure_utility(one, &in);
        in.far = true;
        assert_true(measure_utility(one, &in) < usual);
        m->codes = 1, m->code_column = &code, m->code_weight = weight;
        assert_true(measure_utility(one, &in) == usual);
        m->codes = 0, m->code_column = NULL, m->code_weight = NULL;
    }
    model_destroy(m);
}

static const enum measure committees[] = {MEASURE_VOTE_ENTROPY, MEASURE_CONSENSUS_ENTROPY,
                                          MEASURE_KL_DIVERGENCE, MEASURE_MUTUAL_INFORMATION};

static void a_committee_disagrees(void **state) {
    (void)state;
    struct model *m = model_of(2, (const double[]){0.9, 0.1});
    const float apart[] = {1, 0, 0, 0, 1, 0}, alike[] = {0.5f, 0.3f, 0.2f, 0.5f, 0.3f, 0.2f},
                prob[] = {0.9f, 0.1f, 0};
    struct measure_input in = {.prob = prob, .k = 3, .member = apart, .model = m};
    for (size_t i = 0; i < 4; i++)
        near_(measure_utility(committees[i], &in), log(2)); // one vote each, whatever their shares
    in.member = alike;
    near_(measure_utility(MEASURE_VOTE_ENTROPY, &in), 0);
    near_(measure_utility(MEASURE_KL_DIVERGENCE, &in), 0);
    near_(measure_utility(MEASURE_MUTUAL_INFORMATION, &in), 0);
    near_(measure_utility(MEASURE_CONSENSUS_ENTROPY, &in), 1.0296530140);
    model_destroy(m);
}

/* Mutual information and mean divergence are one number, and none of it is negative. */
static void two_ways_to_one_number(void **state) {
    (void)state;
    struct model *m = model_of(4, (const double[]){0.25, 0.25, 0.25, 0.25});
    struct rng r = {.seed = 5};
    for (int n = 0; n < 1000; n++) {
        float member[12], prob[3] = {0.2f, 0.3f, 0.5f};
        for (size_t i = 0; i < 4; i++) {
            double a = rng_next_unit(&r), b = rng_next_unit(&r) * (1 - a);
            member[3 * i] = (float)a, member[3 * i + 1] = (float)b,
                       member[3 * i + 2] = (float)(1 - a - b);
        }
        struct measure_input in = {.prob = prob, .k = 3, .member = member, .model = m};
        double kl = measure_utility(MEASURE_KL_DIVERGENCE, &in);
        assert_true(kl >= 0 && kl <= log(3));
        near_(measure_utility(MEASURE_MUTUAL_INFORMATION, &in), kl);
    }
    model_destroy(m);
}

/* Two or more members without a share are the committee; the mixture's members then have no
 * vote. */
static void bootstrap_members_are_the_committee(void **state) {
    (void)state;
    struct model *m = model_of(4, (const double[]){0.5, 0.5, 0, 0});
    const float member[] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1}, prob[] = {0.5f, 0.5f, 0};
    struct measure_input in = {.prob = prob, .k = 3, .member = member, .model = m};
    for (size_t i = 0; i < 4; i++) near_(measure_utility(committees[i], &in), 0);
    m->mix[3] = 0.1;
    near_(measure_utility(MEASURE_VOTE_ENTROPY, &in), 1.0397207708);
    model_destroy(m);
}

/* Where the others are sure it would disagree most; alone it is the committee. */
static void who_says_the_same_of_all_has_no_vote(void **state) {
    (void)state;
    struct model *m = model_of(3, (const double[]){0.4, 0.3, 0.3});
    const float member[] = {1, 0, 0, 0.5f, 0.3f, 0.2f, 1, 0, 0}, prob[] = {0.9f, 0.1f, 0};
    struct measure_input in = {.prob = prob, .k = 3, .member = member, .model = m};
    assert_true(measure_utility(MEASURE_MUTUAL_INFORMATION, &in) > 0.1);
    m->constant = 1;
    for (size_t i = 0; i < 4; i++) near_(measure_utility(committees[i], &in), 0);
    model_destroy(m);
    m = model_of(1, (const double[]){1});
    in.model = m, m->constant = 0;
    for (size_t i = 0; i < 4; i++) near_(measure_utility(committees[i], &in), 0);
    model_destroy(m);
}

static void outliers_are_worth_less(void **state) {
    (void)state;
    struct model *m = model_of(1, (const double[]){1});
    const float prob[] = {0.5f, 0.3f, 0.2f};
    const double row[] = {12, -2}; // z² = 1, 4
    struct measure_input in = {.prob = prob, .k = 3, .row = row, .model = m, .density = 2};
    near_(measure_utility(MEASURE_LEAST_CONFIDENCE, &in), 0.5 * exp(-2.5));
    near_(measure_utility(MEASURE_LOG_ODDS_MARGIN, &in), log(0.3 / 0.5) - 2.5);
    model_destroy(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_at_points_of_the_simplex),
        cmocka_unit_test(a_certain_prediction_has_the_least_utility),
        cmocka_unit_test(more_doubt_is_more_utility),
        cmocka_unit_test(two_classes_rank_alike),
        cmocka_unit_test(order_survives_saturation),
        cmocka_unit_test(which_class_is_doubted_does_not_matter),
        cmocka_unit_test(nan_stays_nan),
        cmocka_unit_test(the_gradient_has_its_length),
        cmocka_unit_test(a_row_that_is_far_has_the_least_utility),
        cmocka_unit_test(a_committee_disagrees),
        cmocka_unit_test(two_ways_to_one_number),
        cmocka_unit_test(bootstrap_members_are_the_committee),
        cmocka_unit_test(who_says_the_same_of_all_has_no_vote),
        cmocka_unit_test(outliers_are_worth_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
