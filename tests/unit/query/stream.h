/* A partition for tests of the query room: a strategy with chosen options, and utilities made to
 * order (measure risk: the probability of the positive class is the utility). */
#pragma once

#include "query/strategy.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

enum { TOPIC = 77 };

struct partition {
    struct config config;
    struct policy policy;
    struct strategy *strategy;
    struct partition_state state;
    int32_t number;
    int64_t offset, now_ms;
};

/* Options of the daemon's defaults, but the measure. */
static inline struct config config_of(double rate, enum manager manager) {
    struct config c = {0};
    c.service.seed = 1;
    c.query.measure = MEASURE_RISK;
    c.query.manager = (int)manager;
    c.query.threshold = 0.5;
    c.query.cold_labels = 5;
    c.budget.rate = rate;
    c.budget.random_share = 0.2;
    c.budget.burst = 10;
    c.people.opinions = 2;
    return c;
}

static inline int partition_open_of(struct partition *p, const struct config *c, size_t partitions,
                                    int32_t number) {
    *p = (struct partition){.config = *c, .policy = POLICY_DEFAULT, .number = number};
    p->policy.learner = (struct policy_learner){.live = 1};
    int result = strategy_create(&p->strategy, &(struct strategy_options){.config = &p->config,
                                                                          .topic = TOPIC,
                                                                          .partitions = partitions,
                                                                          .classes = 2,
                                                                          .positive = 1,
                                                                          .columns = 1});
    if (result == 0) strategy_begin(p->strategy, number, true, p->now_ms, &p->state);
    return result;
}

static inline void partition_open(struct partition *p, const struct config *c) {
    CHECK(partition_open_of(p, c, 1, 0) == 0);
}

static inline void partition_close(struct partition *p) { strategy_destroy(p->strategy); }

static inline struct decision partition_take(struct partition *p, double utility) {
    const float prob[2] = {1 - (float)utility, (float)utility};
    const struct candidate c = {
        .partition = p->number, .offset = p->offset++, .mixed = prob, .prob = prob, .scored = true};
    struct decision d;
    strategy_decide(p->strategy, &p->policy, p->now_ms, &c, &p->state, &d);
    return d;
}

/* Goes where the log goes: the state through its text, everything else made anew. */
static inline void partition_move(struct partition *p, size_t partitions) {
    char text[STATE_TEXT_MAX + 1];
    size_t n = state_write(&p->state, TOPIC, p->offset, text);
    memset(&p->state, 0xA5, sizeof p->state);
    strategy_destroy(p->strategy);
    CHECK(strategy_create(&p->strategy, &(struct strategy_options){.config = &p->config,
                                                                   .topic = TOPIC,
                                                                   .partitions = partitions,
                                                                   .classes = 2,
                                                                   .positive = 1,
                                                                   .columns = 1}) == 0);
    CHECK(state_read(&p->state, TOPIC, p->offset, (struct text){text, n}) == 0);
}

static inline double uniform(uint64_t seed, int64_t i) {
    return rng_unit(rng_keyed(RNG_TEST, seed, 0, 0, (uint64_t)i));
}
