/* Which design the draws speak for: weighted where the model's doubt is where its errors are, plain
 * where it is not; the same by whatever design they were drawn. */
#include "estimate/design.h"

#include "base/rng.h"
#include "unit/test.h"

#include <math.h>
#include <string.h>

/* A stream: of ten samples one is in doubt. honest: the model means what it says; else positives
 * are where it is surest that there are none. */
struct stream {
    struct rng rng;
    struct design *design;
    struct estimator *estimator;
};

static struct stream stream_open(uint64_t seed) {
    return (struct stream){{.seed = seed}, design_create(), estimator_create(0)};
}

static void stream_close(struct stream *s) {
    design_destroy(s->design);
    estimator_destroy(s->estimator);
}

static void take(struct stream *s, bool honest, bool weighted) {
    bool doubt = rng_next_unit(&s->rng) < 0.1;
    float p = doubt ? 0.4f : 0.002f;
    double chance = honest  ? (double)p
                    : doubt ? 0.002
                            : 0.1,
           propensity = 0.01 * (!weighted ? 1
                                : doubt   ? 3
                                          : 0.8);
    bool positive = rng_next_unit(&s->rng) < chance;
    struct asked a = {.key = rng_next(&s->rng), .propensity = propensity};
    struct outcome o;
    if (rng_next_unit(&s->rng) >= propensity * 20) return; // 20: all is drawn as often
    unasked_terms_of(1 - p, p, false, false, a.term);
    outcome_of(&o, !positive, positive, false, false, positive, (double)NAN, p);
    estimator_ask(s->estimator, &a);
    estimator_answer(s->estimator, &a, &o);
    design_answer(s->design, &a, &o);
}

static struct design_figures after(bool honest, bool weighted, size_t n, bool now) {
    struct stream s = stream_open(n + 10 * honest + weighted);
    struct design_figures f;
    for (size_t i = 0; i < n; i++) take(&s, honest, weighted);
    design_read(s.design, s.estimator, now, &f);
    stream_close(&s);
    return f;
}

static void the_model_is_taken_at_its_word_at_first(void **state) {
    (void)state;
    assert_true(after(true, false, 0, false).pays);
    assert_true(after(true, false, 30, false).pays);
    assert_true(after(false, false, 5, true).pays);
}

static void draws_say_what_pays(void **state) {
    (void)state;
    for (int weighted = 0; weighted < 2; weighted++)
        for (int now = 0; now < 2; now++) {
            struct design_figures honest = after(true, weighted, 4000, now),
                                  blind = after(false, weighted, 4000, now);
            assert_true(honest.draws > 400 && blind.draws > 400);
            assert_true(honest.pays && honest.ratio[ESTIMATE_PREVALENCE] < 0.8);
            assert_true(!blind.pays && blind.ratio[ESTIMATE_PREVALENCE] > 1.1);
            assert_true(isnan(honest.ratio[ESTIMATE_LOG_LOSS]));
        }
}

/* Importance: the ratio of both designs is the same from draws of either. */
static void either_design_says_the_same(void **state) {
    (void)state;
    for (int honest = 0; honest < 2; honest++) {
        double plain = after(honest, false, 9000, true).ratio[ESTIMATE_PREVALENCE],
               weighted = after(honest, true, 9000, true).ratio[ESTIMATE_PREVALENCE];
        assert_true(fabs(log(plain / weighted)) < 0.25);
    }
}

static void the_strategy_arm_says_nothing(void **state) {
    (void)state;
    struct stream s = stream_open(1);
    struct asked a = {.propensity = 1};
    struct outcome o = {0};
    struct design_figures f;
    for (int i = 0; i < 100; i++) design_answer(s.design, &a, &o);
    design_read(s.design, s.estimator, false, &f);
    assert_true(f.pays && f.draws == 0);
    stream_close(&s);
}

static void doubt_is_largest_in_the_middle(void **state) {
    (void)state;
    assert_true(design_doubt(0.5f, 0.5f) == 1);
    assert_true(design_doubt(1, 0) == 0 && design_doubt(1, 1) == 0);
    assert_true(design_doubt(0.9f, 0.1f) > design_doubt(0.99f, 0.01f));
    assert_true(design_doubt(0.9f, 0.1f) > design_doubt(0.9f, 0)); // a third class
    assert_true(design_doubt(1.5f, -1) >= 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_is_taken_at_its_word_at_first),
        cmocka_unit_test(draws_say_what_pays),
        cmocka_unit_test(either_design_says_the_same),
        cmocka_unit_test(the_strategy_arm_says_nothing),
        cmocka_unit_test(doubt_is_largest_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
