/* A new model version neither floods nor starves the queue: the window is refilled from the
 * version's own quantiles. */
#include "stream.h"
#include "unit/test.h"

#include <string.h>

enum { WARM = 1000, AFTER = 2000 };

/* Utilities before the swap are below 0.1; the new version's are `scale` times as large. */
static double before_swap(uint64_t seed, int64_t i) { return 0.1 * uniform(seed, i); }

static void quantiles_of(double scale, float *out) {
    for (size_t i = 0; i < STATE_WINDOW; i++)
        out[i] = (float)(scale * 0.1 * ((double)i + 0.5) / STATE_WINDOW);
}

struct after {
    double first; // mean of what the manager would ask with, over the first window's length
    double asked; // by the strategy arm, per sample
};

static struct after swap_to(double scale, bool quantiles, bool told) {
    struct after a = {0};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW);
        struct partition p;
        float q[STATE_WINDOW];
        c.service.seed = (int64_t)seed;
        partition_open(&p, &c);
        for (int64_t i = 0; i < WARM; i++) partition_take(&p, before_swap(seed, i));
        quantiles_of(scale, q);
        if (told) strategy_swap(p.strategy, 8, quantiles ? q : NULL, &p.state);
        for (int64_t i = WARM; i < WARM + AFTER; i++) {
            struct decision d = partition_take(&p, scale * before_swap(seed, i));
            if (i < WARM + STATE_WINDOW) a.first += d.manager_probability / STATE_WINDOW / 20;
            a.asked += d.by_strategy / (20.0 * AFTER);
        }
        partition_close(&p);
    }
    return a;
}

static void near_rate(double got) {
    if (!(got > 0.85 * 0.04 && got < 1.15 * 0.04))
        fail_msg("%g is not near the strategy arm's rate of 0.04", got);
}

static void weights_ten_times_as_large_change_nothing(void **state) {
    (void)state;
    static const double scales[] = {1, 10, 0.1};
    for (size_t i = 0; i < 3; i++) {
        struct after a = swap_to(scales[i], true, true);
        near_rate(a.first);
        near_rate(a.asked);
    }
}

static void without_quantiles_the_first_ones_are_drawn(void **state) {
    (void)state;
    struct after a = swap_to(10, false, true);
    near_rate(a.first);
    near_rate(a.asked);
}

/* What the refill is for: the old window would take all for the best, or none. */
static void an_old_window_would_flood_or_starve(void **state) {
    (void)state;
    assert_true(swap_to(10, false, false).first > 0.1);
    assert_true(swap_to(0.1, false, false).first < 0.02);
}

static void the_version_is_noted_and_the_tokens_untouched(void **state) {
    (void)state;
    struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW);
    struct partition p;
    float q[STATE_WINDOW];
    quantiles_of(1, q);
    partition_open(&p, &c);
    for (int64_t i = 0; i < 333; i++) partition_take(&p, uniform(1, i));
    struct partition_state was = p.state;
    strategy_swap(p.strategy, 41, q, &p.state);
    assert_int_equal(p.state.model, 41);
    assert_true(p.state.tokens == was.tokens && p.state.admitted == was.admitted &&
                p.state.block_start == was.block_start);
    assert_int_equal(p.state.window_n[0], STATE_WINDOW);
    strategy_swap(p.strategy, 42, NULL, &p.state);
    assert_int_equal(p.state.window_n[0], 0);
    partition_close(&p);
}

/* Any stretch of the ring, in the order in which it will be overwritten, is spread over all
 * quantiles. */
static void the_refill_ages_evenly(void **state) {
    (void)state;
    struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW);
    struct partition p;
    float q[STATE_WINDOW];
    quantiles_of(1, q);
    partition_open(&p, &c);
    strategy_swap(p.strategy, 1, q, &p.state);
    for (size_t from = 0; from + 16 <= STATE_WINDOW; from++) {
        size_t high = 0;
        for (size_t i = from; i < from + 16; i++) high += utility_value(p.state.window[i]) > 0.05;
        assert_in_range(high, 7, 9);
    }
    partition_close(&p);
}

/* A small step of the model: what the partition saw itself is kept, to the bit. */
static void a_window_like_the_quantiles_stays(void **state) {
    (void)state;
    struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW);
    struct partition p;
    float q[STATE_WINDOW];
    partition_open(&p, &c);
    for (int64_t i = 0; i < 1000; i++)
        partition_take(&p, 0.1 * ((double)(i * 79 % 128) + 0.5) / 128);
    uint16_t was[STATE_WINDOW];
    memcpy(was, p.state.window, sizeof was);
    quantiles_of(1.02, q);
    strategy_swap(p.strategy, 5, q, &p.state);
    assert_int_equal(p.state.model, 5);
    assert_memory_equal(was, p.state.window, sizeof was);
    quantiles_of(1.5, q);
    strategy_swap(p.strategy, 6, q, &p.state);
    assert_memory_not_equal(was, p.state.window, sizeof was);
    partition_close(&p);
}

static void a_mix_has_no_quantiles(void **state) {
    (void)state;
    static const char *keys[] = {"risk", "entropy"}, *shares[] = {"0.5", "0.5"};
    struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW);
    struct partition p;
    float q[STATE_WINDOW];
    quantiles_of(1, q);
    c.query.measure = MEASURE_MIX;
    c.query.mix = (struct map){(char **)keys, (char **)shares, 2};
    partition_open(&p, &c);
    for (int64_t i = 0; i < 300; i++) partition_take(&p, uniform(1, i));
    assert_int_equal(p.state.window_n[0], STATE_WINDOW / 2);
    assert_int_equal(p.state.window_n[1], STATE_WINDOW / 2);
    strategy_swap(p.strategy, 41, q, &p.state);
    assert_int_equal(p.state.window_n[0] + p.state.window_n[1], 0);
    partition_close(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_ten_times_as_large_change_nothing),
        cmocka_unit_test(without_quantiles_the_first_ones_are_drawn),
        cmocka_unit_test(an_old_window_would_flood_or_starve),
        cmocka_unit_test(the_version_is_noted_and_the_tokens_untouched),
        cmocka_unit_test(the_refill_ages_evenly),
        cmocka_unit_test(a_window_like_the_quantiles_stays),
        cmocka_unit_test(a_mix_has_no_quantiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
