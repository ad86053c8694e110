/* I5 with a pool: what is chosen does not depend on the draws, and the stated propensities are the
 * frequencies. I6: a window that is read again from the committed state is decided again. */
#include "pool_stream.h"
#include "unbiased.h"

enum { M = 100 }; // block of rate 0.05, share 0.2

static double stream_at(int64_t i) { return logit_of(0.01 + 0.98 * uniform(9, i)); }

/* Inside a block nothing that the pool does may tell the draws of different seeds apart. (badge
 * draws by the seed itself.) */
static void the_pool_is_blind_to_the_draw(void **state) {
    (void)state;
    static const enum pool_rule rules[] = {POOL_PLAIN,    POOL_DISTINCT, POOL_MMR,
                                           POOL_K_CENTRE, POOL_BALANCED, POOL_SYNTHESIS};
    size_t both = 0;
    for (size_t rule = 0; rule < sizeof rules / sizeof *rules; rule++) {
        size_t slots[2][8] = {{0}}, n[2] = {0};
        for (uint64_t seed = 0; seed < 200; seed++) {
            struct config c = pool_config(0.05, M / 2);
            struct pooled w;
            c.service.seed = (int64_t)seed;
            c.query.manager = MANAGER_FIXED; // draws nothing itself
            c.query.threshold = 0.9;
            c.pool.rule = (int)rules[rule];
            c.budget.burst = 8;
            c.budget.per_day = 7; // and a cap is reached
            pooled_open(&w, &c);
            w.p.state.tokens = 6 * TOKEN_ONE, w.p.state.saving = 2 * TOKEN_ONE;
            for (int64_t i = 0; i < M; i++) {
                pooled_take(&w, stream_at(i));
                if (w.samples) continue;
                size_t *of = slots[w.windows - 1];
                if (!seed) n[w.windows - 1] = w.picked;
                assert_int_equal(w.picked, n[w.windows - 1]);
                for (size_t j = 0; j < w.picked; j++) {
                    size_t sample = w.picks[j].decision.admitted_n;
                    both += w.picks[j].decision.by_random;
                    if (!seed) of[j] = sample;
                    assert_int_equal(of[j], sample);
                }
            }
            assert_true(n[0] > 0);
            pooled_close(&w);
        }
    }
    assert_true(both > 5); // some draws fell on what was chosen
}

/* Nor draws of blocks that are over, before the window ends: who was chosen would tell of them. */
static void a_window_of_many_blocks_is_blind_to_all_draws(void **state) {
    (void)state;
    uint64_t first = 0, asked_twice = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct config c = pool_config(0.05, 5 * M / 2);
        struct pooled w;
        uint64_t hash = 0;
        c.service.seed = (int64_t)seed;
        c.query.manager = MANAGER_FIXED;
        c.query.threshold = 0.8;
        c.budget.burst = 12;
        pooled_open(&w, &c);
        for (int64_t i = 0; i < 5 * M / 2; i++) {
            struct decision d = pooled_take(&w, stream_at(i));
            asked_twice += d.by_random && d.by_strategy;
            hash = rng_mix(hash ^ d.by_strategy);
        }
        for (size_t j = 0; j < w.picked; j++) hash = rng_mix(hash ^ w.picks[j].decision.admitted_n);
        assert_true(w.picked > 0);
        if (!seed) first = hash;
        assert_true(hash == first);
        pooled_close(&w);
    }
    assert_true(asked_twice > 5);
}

struct sums {
    double n, right, covered_n, covered_right;
};

static void add(struct sums *s, double u, double propensity) {
    s->n += 1 / propensity;
    s->right += (u < 0.85) / propensity;
}

static struct sums one_life(uint64_t seed, const struct config *base) {
    struct config c = *base;
    struct pooled w;
    struct sums s = {0};
    double asked[4096] = {0}; // propensity by sample; 0: not asked
    c.service.seed = (int64_t)seed;
    pooled_open(&w, &c);
    for (int64_t i = 0; i < 2000; i++) {
        w.p.now_ms = i * 7000; // 514 samples an hour
        double u = uniform(9, i);
        struct decision d = pooled_take(&w, stream_at(i));
        if (!d.covered) continue;
        s.covered_n++;
        s.covered_right += u < 0.85;
        if (d.ask) asked[i] = d.propensity;
        for (size_t j = 0; j < w.picked; j++) {
            assert_true(w.picks[j].decision.propensity == 1 && w.picks[j].decision.covered);
            asked[w.picks[j].decision.admitted_n - 1] = 1;
        }
    }
    for (int64_t i = 0; i < 2000; i++)
        if (asked[i] > 0) add(&s, uniform(9, i), asked[i]);
    pooled_close(&w);
    return s;
}

static void weighted_sums_are_unbiased(void **state) {
    (void)state;
    enum { SEEDS = 200 };
    for (int capped = 0; capped < 2; capped++)
        for (int rule = 0; rule < POOL_RULES; rule++) {
            struct config c = pool_config(0.05, 60);
            double n[SEEDS], right[SEEDS];
            c.pool.rule = rule;
            c.budget.per_hour = capped ? 12 : 0;
            for (uint64_t seed = 0; seed < SEEDS; seed++) {
                struct sums s = one_life(seed + 1, &c);
                n[seed] = s.n - s.covered_n;
                right[seed] = s.right - s.covered_right;
                assert_true(s.covered_n > 300);
            }
            unbiased(pool_rule_name((enum pool_rule)rule), n, SEEDS);
            unbiased(pool_rule_name((enum pool_rule)rule), right, SEEDS);
        }
}

/* ---- I6 ---- */

/* Asked samples of 600, going through the state's text wherever `restart` windows ended, with the
 * open window's samples lost and read again. */
static uint64_t decisions(enum pool_rule rule, size_t restart, bool reread) {
    struct config c = pool_config(0.1, 50);
    struct pooled w;
    uint64_t hash = 0;
    int64_t boundary = 0;
    char text[STATE_TEXT_MAX + 1];
    size_t len = 0, rereads = 0;
    c.pool.rule = (int)rule;
    pooled_open(&w, &c);
    for (int64_t i = 0; i < 600; i++) {
        struct decision d = pooled_take(&w, stream_at(w.p.offset));
        uint64_t window = 0;
        if (w.samples) {
            if (reread && w.samples == 31 &&
                rereads < w.windows) { // a crash: only what was committed is known
                rereads = w.windows;
                pool_reset(w.pool);
                w.samples = 0;
                assert_int_equal(state_read(&w.p.state, TOPIC, boundary, (struct text){text, len}),
                                 0);
                i -= w.p.offset - boundary;
                w.p.offset = boundary;
            }
            continue;
        }
        for (size_t j = 0; j < w.picked; j++)
            window = rng_mix(window ^ w.picks[j].decision.admitted_n);
        hash = rng_mix(hash ^ window ^ (uint64_t)w.p.state.tokens ^ w.p.state.asked << 32 ^
                       (uint64_t)(d.utility * 1e6));
        boundary = w.p.offset;
        len = state_write(&w.p.state, TOPIC, boundary, text);
        if (restart && w.windows % restart == 0)
            assert_int_equal(state_read(&w.p.state, TOPIC, boundary, (struct text){text, len}), 0);
    }
    pooled_close(&w);
    return hash;
}

static void restarts_and_rereads_change_nothing(void **state) {
    (void)state;
    for (int rule = 0; rule < POOL_RULES; rule++) {
        uint64_t whole = decisions((enum pool_rule)rule, 0, false);
        assert_true(decisions((enum pool_rule)rule, 1, false) == whole);
        assert_true(decisions((enum pool_rule)rule, 3, true) == whole);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pool_is_blind_to_the_draw),
        cmocka_unit_test(a_window_of_many_blocks_is_blind_to_all_draws),
        cmocka_unit_test(weighted_sums_are_unbiased),
        cmocka_unit_test(restarts_and_rereads_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
