/* The end of a window: what is chosen, by which model, at what price. */
#include "pool_stream.h"

static double stream_at(int64_t i) { return logit_of(0.01 + 0.98 * uniform(4, i)); }

static void open_rich(struct pooled *w, enum pool_rule rule, bool synthetic) {
    struct config c = pool_config(0.05, 40);
    c.pool.rule = (int)rule;
    c.pool.synthetic = synthetic;
    c.pool.share = 1; // nothing is asked sample by sample
    pooled_open(w, &c);
    w->p.state.tokens = 8 * TOKEN_ONE, w->p.state.saving = 4 * TOKEN_ONE;
}

static void the_best_of_the_window_are_asked(void **state) {
    (void)state;
    struct pooled w;
    open_rich(&w, POOL_PLAIN, false);
    for (int64_t i = 0; i < 40; i++) pooled_take(&w, stream_at(i));
    assert_in_range(w.picked, 4, 5);
    for (size_t i = 0; i < w.picked; i++) {
        const struct decision *d = &w.picks[i].decision;
        size_t better = 0;
        for (int64_t j = 0; j < 40; j++)
            better += uniform(4, j) > uniform(4, (int64_t)d->admitted_n - 1);
        assert_int_equal(better, i);
        assert_true(d->ask && d->by_strategy && d->reason == ASK_POOL && d->propensity == 1 &&
                    d->utility >= d->threshold);
        assert_true(w.picks[i].row[0] == stream_at((int64_t)d->admitted_n - 1) &&
                    w.picks[i].prob[1] > 0.5f && !w.picks[i].synthetic);
    }
    assert_true(w.picks[w.picked - 1].decision.threshold == w.picks[w.picked - 1].decision.utility);
    pooled_close(&w);
}

/* The model that is in force when the window ends says what is best, whoever scored the samples
 * when they came. */
static void a_new_model_scores_anew(void **state) {
    (void)state;
    struct pooled w;
    open_rich(&w, POOL_PLAIN, false);
    for (int64_t i = 0; i < 39; i++) pooled_take(&w, stream_at(i));
    model_destroy(w.model);
    w.model = logit_model(2, -1);
    pooled_take(&w, stream_at(39));
    assert_in_range(w.picked, 4, 5);
    for (size_t i = 0; i < w.picked; i++)
        assert_true(uniform(4, (int64_t)w.picks[i].decision.admitted_n - 1) < 0.3 &&
                    w.picks[i].prob[1] > 0.5f);
    pooled_close(&w);
}

/* A number far outside all that the model's fit saw makes a sample the last that is chosen. */
static void samples_that_are_far_are_not_chosen(void **state) {
    (void)state;
    struct pooled w;
    open_rich(&w, POOL_PLAIN, false);
    for (int64_t i = 0; i < 39; i++) pooled_take(&w, stream_at(i));
    w.model->high[0] = 0; // half of them, and the best ones
    pooled_take(&w, stream_at(39));
    assert_in_range(w.picked, 4, 5);
    for (size_t i = 0; i < w.picked; i++) assert_true(w.picks[i].row[0] <= 0);
    pooled_close(&w);
}

static void without_a_model_nothing_is_chosen(void **state) {
    (void)state;
    struct pooled w;
    const struct pick *picks;
    open_rich(&w, POOL_PLAIN, false);
    for (int64_t i = 0; i < 39; i++) pooled_take(&w, stream_at(i));
    struct flush f = {.policy = &w.p.policy, .pool = w.pool, .held = w.held};
    assert_int_equal(strategy_flush(w.p.strategy, &f, &w.p.state, &picks), 0);
    assert_int_equal(pool_held(w.pool), 0);
    pooled_close(&w);
}

static void what_is_asked_is_paid(void **state) {
    (void)state;
    struct pooled w;
    open_rich(&w, POOL_PLAIN, false);
    for (int64_t i = 0; i < 39; i++) pooled_take(&w, stream_at(i));
    int64_t tokens = w.p.state.tokens, saving = w.p.state.saving;
    uint64_t asked = w.p.state.asked;
    size_t n = pooled_flush(&w), new = pooled_new(&w);
    assert_true(n >= 4 && w.p.state.tokens == tokens - (int64_t)n * TOKEN_ONE);
    assert_true(saving - (int64_t)n * TOKEN_ONE - w.p.state.saving <
                SAVED_ONE); // but for the rounding of what travels
    assert_int_equal(w.p.state.asked, asked + new);
    pooled_close(&w);
}

/* A sample that the random arm asked too, in a block that is over, is one label: the second token
 * comes back. */
static void what_both_asked_is_paid_once(void **state) {
    (void)state;
    struct pooled w;
    open_rich(&w, POOL_PLAIN, false);
    for (int64_t i = 0; i < 39; i++) pooled_take(&w, stream_at(i));
    for (size_t i = 0; i < CANDIDATES; i++) w.held[i].by_random = true;
    w.p.state.block_start = w.p.state.admitted;
    int64_t tokens = w.p.state.tokens;
    uint64_t asked = w.p.state.asked;
    assert_true(pooled_flush(&w) >= 4);
    assert_true(w.p.state.tokens == tokens && w.p.state.asked == asked);
    pooled_close(&w);
}

/* A point beside its nearest sample: two labels. It is no sample, so outside the estimate. */
static void synthetic_points_are_asked_beside_their_samples(void **state) {
    (void)state;
    struct pooled w;
    open_rich(&w, POOL_SYNTHESIS, true);
    for (int64_t i = 0; i < 39; i++) pooled_take(&w, stream_at(i));
    for (size_t i = 0; i < CANDIDATES; i++)
        w.held[i].by_random = true; // the samples, not the points
    pooled_flush(&w);
    assert_in_range(w.picked, 4, 5);
    for (size_t i = 0; i < w.picked; i++) {
        const struct pick *p = &w.picks[i];
        assert_int_equal(p->synthetic, i % 2);
        assert_int_equal(p->decision.reason, i % 2 ? ASK_SYNTHETIC : ASK_POOL);
        assert_true(p->decision.propensity == (i % 2 ? 0 : 1));
        if (i % 2)
            assert_true(fabs(p->row[0]) < 1e-3 && !p->decision.by_random); // logit 0: the boundary
        if (i % 2) assert_int_equal(p->slot, p[-1].slot);
    }
    pooled_close(&w);
}

static void where_all_look_alike_the_best_are_asked(void **state) {
    (void)state;
    struct pooled w;
    open_rich(&w, POOL_SYNTHESIS, false);
    for (int64_t i = 0; i < 40; i++) pooled_take(&w, 1 + uniform(4, i)); // one class
    assert_in_range(w.picked, 4, 5);
    for (size_t i = 1; i < w.picked; i++) assert_true(w.picks[i].row[0] <= w.picks[i - 1].row[0]);
    pooled_close(&w);
}

/* A mix draws the measure by the sample, so a sample keeps its own at the window's end. */
static void a_mix_keeps_its_draws(void **state) {
    (void)state;
    struct config c = pool_config(0.05, 40);
    struct pooled w;
    char risk[] = "risk", entropy[] = "entropy", half[] = "0.5", *names[] = {risk, entropy},
         *shares[] = {half, half};
    c.query.measure = MEASURE_MIX;
    c.query.mix = (struct map){names, shares, 2};
    c.pool.share = 1;
    pooled_open(&w, &c);
    w.p.state.tokens = 8 * TOKEN_ONE, w.p.state.saving = 4 * TOKEN_ONE;
    for (int64_t i = 0; i < 40; i++) pooled_take(&w, stream_at(i));
    assert_true(w.picked >= 4);
    for (size_t i = 0; i < w.picked; i++)
        assert_true(w.picks[i].decision.utility == w.held[w.picks[i].slot].utility);
    pooled_close(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_of_the_window_are_asked),
        cmocka_unit_test(a_new_model_scores_anew),
        cmocka_unit_test(samples_that_are_far_are_not_chosen),
        cmocka_unit_test(without_a_model_nothing_is_chosen),
        cmocka_unit_test(what_is_asked_is_paid),
        cmocka_unit_test(what_both_asked_is_paid_once),
        cmocka_unit_test(synthetic_points_are_asked_beside_their_samples),
        cmocka_unit_test(where_all_look_alike_the_best_are_asked),
        cmocka_unit_test(a_mix_keeps_its_draws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
