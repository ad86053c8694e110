/* I5: the stated propensity is the probability of being asked. Long-run frequencies match it,
 * nothing that the strategy arm does depends on the draw, and sums weighted by 1/propensity are
 * unbiased, through caps, pauses, switches and losses. */
#include "stream.h"
#include "unbiased.h"
#include "unit/test.h"

enum { M = 100 }; // block of rate 0.05, share 0.2

static void open_seed(struct partition *p, enum manager manager, uint64_t seed) {
    struct config c = config_of(0.05, manager);
    c.service.seed = (int64_t)seed;
    c.query.threshold = 0.96;
    c.people.double_ = (double)(seed % 2) / 4; // other readers change nothing for the first
    c.people.opinions = 2 + (int64_t)(seed / 2 % 2);
    partition_open(p, &c);
}

/* ---- the draw ---- */

static void any_place_of_a_block_is_as_likely(void **state) {
    (void)state;
    enum { SEEDS = 4000 };
    size_t place[2][M] = {0}, together = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct partition p;
        size_t drawn[2] = {0};
        open_seed(&p, MANAGER_FIXED, seed);
        for (size_t i = 0; i < 2 * M; i++)
            if (partition_take(&p, 0).by_random) place[i / M][i % M]++, drawn[i / M] = i % M;
        together += drawn[0] == drawn[1];
        partition_close(&p);
    }
    for (size_t block = 0; block < 2; block++) {
        double chi2 = 0;
        for (size_t i = 0; i < M; i++)
            chi2 += pow((double)place[block][i] - SEEDS / M, 2) / (SEEDS / M);
        assert_true(chi2 < 160 && chi2 > 50); // 99 degrees of freedom: mean 99, deviation 14
    }
    assert_in_range(together, 15, 70); // SEEDS / M if one block says nothing of the next
}

/* Inside a block nothing that the strategy arm sees may tell the draws of different seeds apart. */
static void blind_to_the_draw(bool weighted, int64_t opinions) {
    struct decision first[M];
    int64_t tokens[M];
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct config c = config_of(0.05, MANAGER_FIXED); // draws nothing itself
        struct partition p;
        c.service.seed = (int64_t)seed;
        c.budget.per_day = 4; // both caps are reached
        c.query.threshold = 0.9;
        c.people.double_ = 1;
        c.people.opinions = opinions;
        partition_open(&p, &c);
        p.policy.learner.weighted = weighted;
        for (size_t i = 0; i < M; i++) {
            struct decision d = partition_take(&p, uniform(1, (int64_t)i));
            if (!seed) first[i] = d, tokens[i] = p.state.tokens;
            assert_int_equal(d.by_strategy, first[i].by_strategy);
            assert_int_equal(d.covered, first[i].covered);
            assert_true(d.propensity == first[i].propensity &&
                        d.manager_probability == first[i].manager_probability &&
                        p.state.tokens == tokens[i]);
        }
        partition_close(&p);
    }
}

static void the_strategy_arm_is_blind_to_the_draw(void **state) {
    (void)state;
    for (int64_t opinions = 2; opinions <= OPINIONS_MAX; opinions++) {
        blind_to_the_draw(false, opinions);
        blind_to_the_draw(true, opinions);
    }
}

/* ---- frequencies ---- */

/* Requests and what was stated of them, by kind of sample. */
struct cell {
    double drawn, stated, variance;
};

/* Draws in a block exclude each other, so a cell's variance is at most that of independent ones. */
static void as_stated(const char *what, const struct cell *cell, size_t cells) {
    double chi2 = 0, n = 0;
    for (size_t i = 0; i < cells; i++) {
        if (cell[i].variance < 5) continue;
        chi2 += pow(cell[i].drawn - cell[i].stated, 2) / cell[i].variance;
        n++;
    }
    if (!(n > 8 && chi2 < n + 4 * sqrt(2 * n) && chi2 > n / 10))
        fail_msg("%s: chi2 %g of %g cells", what, chi2, n);
}

static struct cell *kind(struct cell cell[], size_t cells, double at) {
    size_t i = at > 0 ? (size_t)(at * (double)cells) : 0;
    return &cell[i < cells ? i : cells - 1];
}

static void note(struct cell *c, const struct decision *d) {
    c->drawn += d->by_random;
    c->stated += d->propensity;
    c->variance += d->propensity * (1 - d->propensity);
}

/* In doubt all that may be asked is drawn, each sample as likely as stated; caps keep their parts.
 */
static void in_doubt_chance_asks(void **state) {
    (void)state;
    enum { SAMPLES = 20000 };
    for (int capped = 0; capped < 2; capped++) {
        struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW);
        struct partition p;
        size_t drawn = 0, chosen = 0;
        if (capped) c.budget.per_day = 100000;
        partition_open(&p, &c);
        p.policy.learner.weighted = p.policy.learner.doubts = true;
        for (int64_t i = 0; i < SAMPLES; i++) {
            struct decision d = partition_take(&p, uniform(4, i));
            drawn += d.by_random;
            chosen += d.by_strategy;
            if (!capped && i > 1000 && !d.by_strategy) assert_true(d.propensity == 0.05);
        }
        if (capped) assert_true(drawn < SAMPLES / 80 && chosen > SAMPLES / 30);
        else assert_true(drawn >= SAMPLES / 20 - 20 && chosen < 20);
        partition_close(&p);
    }
}

/* A million samples of a stream with a rare class, through restarts, swaps of the design and of the
 * rate: by utility, by place in the block, by propensity, and those that reach into a next block.
 */
static void weighted_draws_are_as_likely_as_stated(void **state) {
    (void)state;
    enum { CELLS = 25, FEW = 12, LIVES = 25, SAMPLES = 40000 };
    struct cell by_utility[CELLS] = {0}, by_place[CELLS] = {0}, by_propensity[CELLS] = {0},
                within[CELLS] = {0}, across[FEW] = {0};
    double samples = 0, largest = 0, least = 1;
    for (uint64_t seed = 1; seed <= LIVES; seed++) {
        struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW);
        struct partition p;
        c.service.seed = (int64_t)seed;
        c.watch.capacity = 0.05;
        if (seed % 2) c.query.measure = MEASURE_LEAST_CONFIDENCE; // with risk nothing is explored
        partition_open(&p, &c);
        for (int64_t i = 0; i < SAMPLES; i++) {
            double u = pow(uniform(7, i), 5), place = 0;
            p.policy.learner.weighted = uniform(seed + 1000, i / 4000) < 0.9;
            p.policy.operator_.budget_scale = i / 9000 % 2 ? 0.7 : 1;
            p.policy.learner.explore = i / 3000 % 2 ? uniform(seed + 3000, i / 1500) / 2 : 0;
            if (uniform(seed + 2000, i) < 0.002) partition_move(&p, 1);
            if (p.state.block_size)
                place = (double)p.state.block_passed / (double)STATE_PIECES / p.state.block_size;
            uint64_t start = p.state.block_start;
            struct decision d = partition_take(&p, u);
            samples++;
            if (d.by_strategy || !d.covered) continue;
            largest = fmax(largest, d.propensity), least = fmin(least, d.propensity);
            note(kind(by_utility, CELLS, u), &d);
            note(kind(by_place, CELLS, place), &d);
            note(kind(by_propensity, CELLS, d.propensity / 0.06), &d);
            bool reached = p.state.block_start != start && p.state.block_passed &&
                           p.state.admitted - p.state.block_start == 1 && place > 0 && place < 1;
            if (reached) note(kind(across, FEW, uniform(11, i)), &d);
            else note(kind(within, CELLS, u), &d);
        }
        partition_close(&p);
    }
    assert_true(samples == 1e6 && largest > 0.018 && least < 0.006);
    as_stated("by utility", by_utility, CELLS);
    as_stated("by place", by_place, CELLS);
    as_stated("by propensity", by_propensity, CELLS);
    as_stated("within a block", within, CELLS);
    as_stated("across two blocks", across, FEW);
}

static void frequencies_match_what_was_stated(void **state) {
    (void)state;
    for (enum manager manager = 0; manager < MANAGERS; manager++) {
        double random_excess[10] = {0}, random_variance[10] = {0}, asked_excess = 0,
               asked_variance = 0;
        for (uint64_t seed = 0; seed < 40; seed++) {
            struct partition p;
            open_seed(&p, manager, seed);
            for (int64_t i = 0; i < 5000; i++) {
                double u = uniform(seed, i);
                struct decision d = partition_take(&p, u);
                assert_true(d.covered && d.propensity > 0 &&
                            d.ask == (d.by_strategy || d.by_random));
                assert_true(d.by_strategy ? d.propensity == 1 : d.propensity == 1.0 / M);
                size_t tenth = (size_t)(u * 10); // the random arm must not care for utility
                random_excess[tenth] += d.by_random - 1.0 / M;
                random_variance[tenth] += (1 - 1.0 / M) / M;
                asked_excess += d.ask - d.propensity;
                asked_variance += d.propensity * (1 - d.propensity);
            }
            partition_close(&p);
        }
        for (size_t i = 0; i < 10; i++)
            assert_true(fabs(random_excess[i]) < 4 * sqrt(random_variance[i]));
        assert_true(fabs(asked_excess) < 4 * sqrt(asked_variance));
    }
}

/* ---- sums ---- */

struct sums {
    double n, right;                 // weighted by 1/propensity
    double covered_n, covered_right; // what they estimate
};

static void cap_the_hours(struct partition *p, int64_t i) {
    p->now_ms = i * 7000;
} // 514 samples an hour
static void pause_now_and_then(struct partition *p, int64_t i) {
    p->policy.operator_.paused = i / 37 % 3 == 1;
}
static void change_the_scale(struct partition *p, int64_t i) {
    p->policy.operator_.budget_scale = (const double[]){1, 2, 0.3, 0}[i / 450 % 4];
}
static void start_cold(struct partition *p, int64_t i) { p->policy.learner.cold = i < 1000; }
static void explore_only(struct partition *p, int64_t i) {
    p->policy.operator_.explore_only = i / 250 % 2;
}
static void rest(struct partition *p, int64_t i) { p->policy.learner.rests = i / 250 % 2; }
static void explore(struct partition *p, int64_t i) {
    p->policy.learner.explore = i / 250 % 2 ? uniform(17, i / 250) : 0;
}
static void doubt(struct partition *p, int64_t i) { p->policy.learner.doubts = i / 250 % 2; }
static void lose_the_state(struct partition *p, int64_t i) {
    if (i % 700 == 650) strategy_begin(p->strategy, p->number, false, p->now_ms, &p->state);
}
static void nothing(struct partition *p, int64_t i) { (void)p, (void)i; }

static struct sums one_life(const struct config *c, uint64_t seed,
                            void (*event)(struct partition *, int64_t), bool weighted) {
    struct config own = *c;
    struct partition p;
    struct sums s = {0};
    own.service.seed = (int64_t)seed;
    partition_open(&p, &own);
    p.policy.learner.weighted = weighted;
    for (int64_t i = 0; i < 2050; i++) {
        event(&p, i);
        double u = uniform(9, i); // the stream is one; only the draws differ
        bool right = u < 0.85;
        struct decision d = partition_take(&p, u);
        assert_true(d.covered ? d.propensity > 0 : d.propensity == 0);
        if (!d.covered) continue;
        s.covered_n++;
        s.covered_right += right;
        if (d.ask) s.n += 1 / d.propensity, s.right += right / d.propensity;
    }
    partition_close(&p);
    return s;
}

/* With measure risk nothing is explored. */
static void doubts_are_asked(struct config *c) {
    c->query.measure = MEASURE_LEAST_CONFIDENCE;
    c->query.threshold = 0.4;
}

static void weighted_sums_are_unbiased(void **state) {
    (void)state;
    static const struct {
        const char *name;
        void (*event)(struct partition *, int64_t);
        int64_t per_hour, upfront;
    } lives[] = {{"plain", nothing, 0, 0},
                 {"capped", cap_the_hours, 6, 0},
                 {"capped, granted", cap_the_hours, 12, 30},
                 {"paused", pause_now_and_then, 0, 0},
                 {"scaled", change_the_scale, 0, 0},
                 {"cold", start_cold, 0, 0},
                 {"explored", explore_only, 0, 0},
                 {"rested", rest, 0, 0},
                 {"rested, granted", rest, 0, 30},
                 {"in doubt", doubt, 0, 0},
                 {"draws more", explore, 0, 0},
                 {"lost", lose_the_state, 0, 0}};
    enum { SEEDS = 120 };
    for (size_t life = 0; life < sizeof lives / sizeof *lives; life++)
        for (enum manager manager = MANAGER_FIXED; manager < MANAGERS; manager++) {
            struct config c = config_of(0.05, manager);
            c.query.threshold = 0.9;
            if (lives[life].event == explore) doubts_are_asked(&c);
            c.budget.per_hour = lives[life].per_hour;
            c.budget.upfront = lives[life].upfront;
            c.budget.loan = 5; // lent in doubt, owed by a lost state
            double n[SEEDS], right[SEEDS], covered = 0;
            for (uint64_t seed = 0; seed < SEEDS; seed++) {
                struct sums s = one_life(&c, seed + 1, lives[life].event, manager % 2);
                n[seed] = s.n - s.covered_n;
                right[seed] = s.right - s.covered_right;
                covered += s.covered_n / SEEDS;
            }
            assert_true(covered > 300);
            unbiased(lives[life].name, n, SEEDS);
            unbiased(lives[life].name, right, SEEDS);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_place_of_a_block_is_as_likely),
        cmocka_unit_test(the_strategy_arm_is_blind_to_the_draw),
        cmocka_unit_test(in_doubt_chance_asks),
        cmocka_unit_test(weighted_draws_are_as_likely_as_stated),
        cmocka_unit_test(frequencies_match_what_was_stated),
        cmocka_unit_test(weighted_sums_are_unbiased),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
