/* Trees as a prior: what is fitted begins as they say, keeps them as a member, and learns from
 * labels where they are wrong. */
#include "labelled.h"

#include "infer/score_model.h"

#include <math.h>

enum { D = 4, K = 2, MEMORIES = 2 };

static const size_t memories[MEMORIES] = {50, 2000};

static struct fit_options options(void) {
    return (struct fit_options){.d = D,
                                .k = K,
                                .memories_n = MEMORIES,
                                .memories = memories,
                                .sgd_rate = 0.02,
                                .committee = 1,
                                .l2 = 1,
                                .shrinkage = 1,
                                .mix_memory = 100,
                                .seed = 1,
                                .measure = MEASURE_LOG_ODDS_MARGIN};
}

/* One stump: column 0 above 1 has log odds 2, else −2. */
static struct model *stump(size_t members) {
    float rule[FOREST_RULES] = {0}, root[] = {0}, output[] = {0}, slot[] = {0, -1, -1},
          child[] = {1, 0, 0}, place[] = {0, -1, FOREST_RIGHT};
    double threshold[] = {1, -2, 2}, base[] = {0};
    const struct forest_parts parts = {1,      3,         1,    1,     rule,  root,
                                       output, threshold, slot, child, place, base};
    struct forest *f;
    struct model *m;
    const char *why;
    assert_int_equal(forest_create(&f, &parts, D, K, &why), 0);
    const struct score_columns columns = {.d = D,
                                          .first = D,
                                          .n = 1,
                                          .k = K,
                                          .positive = 1,
                                          .members = members,
                                          .classes = TEXT("a\nb"),
                                          .forest = f};
    assert_int_equal(score_model_create(&m, &columns), 0);
    forest_destroy(f);
    return m;
}

static double predicted(const struct model *m, const double *row, size_t member) {
    float scratch[512], prob[K], all[16 * K];
    assert_true(model_scratch(&m->shape) <= 512 && m->shape.members <= 16);
    model_predict(m, row, scratch, all, prob);
    return (double)(member == SIZE_MAX ? prob[1] : all[member * K + 1]);
}

/* Labels by the stump's own odds, and `slope` times column 1 besides. */
static struct labelled labels(size_t n, double slope, size_t members) {
    struct labelled s = labelled_random(n, D, K, members, 9);
    struct rng r = {.seed = 10};
    for (size_t i = 0; i < n; i++) {
        double z = (s.row[i * D] > 1 ? 2 : -2) + slope * s.row[i * D + 1];
        s.label[i] = rng_next_unit(&r) < 1 / (1 + exp(-z));
    }
    return s;
}

static const double above[D] = {1.5, 0, 0, 0}, below[D] = {0.5, 0, 0, 0}, more[D] = {0.5, 2, 0, 0};

static void few_labels_leave_it_as_it_was(void **state) {
    (void)state;
    struct model *prior = stump(1);
    struct labelled s = labels(4, 0, 0);
    struct fit_options o = options();
    assert_true(fit_accepts_prior(&o, prior));
    o.l2 = o.shrinkage = 10;
    fit_take_prior(&o, prior);
    struct model *m = fitted(&o, &s);
    assert_int_equal(m->shape.members, MEMORIES + 3); // SGD, the trees themselves, the committee
    assert_true(m->forest && m->forest != prior->forest && m->shape.width[0] == D + 1);
    const double rows[][D] = {{1.5, 0, 0, 0}, {0.5, 0, 0, 0}};
    for (size_t i = 0; i < 2; i++) {
        double wanted = predicted(prior, rows[i], SIZE_MAX);
        assert_true(fabs(wanted - 1 / (1 + exp(i ? 2 : -2))) < 1e-6);
        double now = predicted(m, rows[i], SIZE_MAX);
        if (!(fabs(now - wanted) < 0.1)) fail_msg("%g became %g", wanted, now);
        assert_true(fabs(predicted(m, rows[i], MEMORIES + 1) - wanted) < 1e-6); // the trees
    }
    model_destroy(m);
    model_destroy(prior);
    labelled_release(&s);
}

static void labels_teach_what_the_trees_do_not_know(void **state) {
    (void)state;
    struct model *prior = stump(1);
    struct labelled s = labels(2000, 1.5, 0);
    struct fit_options o = options();
    fit_take_prior(&o, prior);
    struct model *m = fitted(&o, &s);
    size_t longest = MEMORIES - 1;
    assert_true(fabs(predicted(m, above, longest) - 1 / (1 + exp(-2))) < 0.08); // a jump stays
    assert_true(fabs(predicted(m, below, longest) - 1 / (1 + exp(2))) < 0.08);
    assert_true(fabs(predicted(m, more, longest) - 1 / (1 + exp(2 - 3))) < 0.1);
    assert_true(predicted(prior, more, SIZE_MAX) < 0.12);
    model_destroy(m);
    model_destroy(prior);
    labelled_release(&s);
}

/* Members that said, before each label, what the trees say, and one that said the opposite. */
static void the_mixture_falls_back_on_the_trees(void **state) {
    (void)state;
    struct model *prior = stump(1);
    struct fit_options o = options();
    fit_take_prior(&o, prior);
    size_t members = fit_members(&o), trees = MEMORIES + 1;
    struct labelled s = labels(300, 0, members);
    for (size_t i = 0; i < 300; i++)
        for (size_t j = 0; j < members; j++) {
            double p = predicted(prior, s.row + i * D, SIZE_MAX);
            s.member[(i * members + j) * K + 1] = (float)(j == trees ? p : 1 - p);
            s.member[(i * members + j) * K] = (float)(j == trees ? 1 - p : p);
        }
    struct model *m = fitted(&o, &s);
    assert_true(m->mix[trees] > 0.99);
    model_destroy(m);
    model_destroy(prior);
    labelled_release(&s);
}

static void hidden_layers_are_no_home_for_trees(void **state) {
    (void)state;
    struct model *prior = stump(2);
    struct fit_options o = options();
    o.hidden_n = 1, o.hidden[0] = 3;
    assert_false(fit_accepts_prior(&o, prior));
    o = options();
    o.d = D + 1; // as many inputs as with the score, but another map
    assert_false(fit_accepts_prior(&o, prior));
    model_destroy(prior);
}

static void units_come_from_the_tasks(void **state) {
    (void)state;
    struct model *prior = stump(2);
    struct labelled s = labels(200, 0, 0);
    struct fit_options o = options();
    double before = predicted(prior, above, SIZE_MAX);
    assert_true(prior->scale[0] == 0);
    fit_describe(prior, &o, &s.tasks);
    for (size_t c = 0; c < D; c++) assert_true(prior->scale[c] > 0);
    assert_true(predicted(prior, above, SIZE_MAX) == before && prior->utility && prior->golden);
    model_destroy(prior);
    labelled_release(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_labels_leave_it_as_it_was),
        cmocka_unit_test(labels_teach_what_the_trees_do_not_know),
        cmocka_unit_test(the_mixture_falls_back_on_the_trees),
        cmocka_unit_test(hidden_layers_are_no_home_for_trees),
        cmocka_unit_test(units_come_from_the_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
