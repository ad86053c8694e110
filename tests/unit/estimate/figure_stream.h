/* A stream of two classes for tests of the figures: what is true of each sample, what the model
 * says of it, who asks it and whether anybody answers. The strategy arm asks of the doubtful
 * samples, the random arm one of each block; sums over the unasked leave with the next task, as the
 * daemon's do.
 *
 * Thread: one owner */
#pragma once

#include "estimate/estimator.h"

#include "base/rng.h"

#include <math.h>

struct figure_stream_kind {
    double odds;                             // mean log-odds of the positive class
    bool bad;                                // the model's probabilities say nothing
    double picked;                           // share of the doubtful that the strategy arm asks
    double strategy_answers, random_answers; // shares of the requests
    size_t block;                            // samples of one of the random arm
};

struct figure_stream {
    struct figure_stream_kind kind;
    double capacity; // share that is within; may be changed on the way
    double turned; // share of the samples whose truth is another than the model could know; as well
    struct rng rng;
    struct unasked unasked;
    uint16_t level;
    size_t at, drawn;
};

struct figure_sample {
    struct asked asked;
    struct outcome outcome;
    bool requested, answered;
};

static inline struct figure_stream figure_stream_of(const struct figure_stream_kind *kind,
                                                    uint64_t seed) {
    return (struct figure_stream){.kind = *kind, .capacity = 0.05, .rng = {.seed = seed}};
}

/* What became of one: a wrong decision costs 1, a missed positive 3. */
static inline void figure_stream_outcome(struct figure_stream *s, struct figure_sample *out,
                                         bool positive, float score) {
    bool predicted = score > 0.5f,
         within = unasked_within(&s->level, s->capacity, unasked_code(score), s->at);
    outcome_of(&out->outcome, positive == predicted, positive, predicted, within,
               (positive != predicted) + 2 * (positive && !predicted),
               -log(positive ? score : 1 - score), score);
    unasked_terms_of(predicted ? score : 1 - score, score, predicted, within, out->asked.term);
}

/* more: added to the sample's log-odds. */
static inline void figure_stream_next(struct figure_stream *s, double more,
                                      struct figure_sample *out) {
    const struct figure_stream_kind *k = &s->kind;
    struct rng *r = &s->rng;
    if (s->at % k->block == 0) s->drawn = s->at + (size_t)rng_below(rng_next(r), k->block);
    double odds = k->odds + more + 2 * rng_next_normal(r), chance = 1 / (1 + exp(-odds));
    float score = (float)(k->bad ? rng_next_unit(r) : chance);
    bool turned = rng_next_unit(r) < s->turned, positive = (rng_next_unit(r) < chance) != turned,
         strategy = fabs(odds) < 1 && rng_next_unit(r) < k->picked;
    *out = (struct figure_sample){
        .asked = {.key = rng_mix(s->at), .propensity = strategy ? 1 : 1.0 / (double)k->block},
        .requested = strategy || s->at == s->drawn};
    figure_stream_outcome(s, out, positive, score);
    if (!strategy) unasked_add(&s->unasked, out->asked.term);
    s->at++;
    if (!out->requested) return;
    out->asked.unasked = s->unasked;
    s->unasked = (struct unasked){0};
    out->answered = rng_next_unit(r) < (strategy ? k->strategy_answers : k->random_answers);
}
