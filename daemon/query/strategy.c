/* The decision: measure → manager → strategy arm, beside it the random arm, and one step of the
 * partition's state.
 *
 * Everything random is keyed by (seed, topic, partition, offset) and everything remembered is in
 * the state, so a stream that is cut anywhere and carried on by another process is decided the same
 * (promise I6). Utilities are rounded to their 16-bit codes before anything looks at them, so a
 * window that travelled through Kafka decides as one that did not. Neither arm knows what the other
 * does: they meet only in that a sample is asked once.
 *
 * Utilities are in scoring.c, tokens and caps in budget.c; a window of the pool ends in flush.c.
 *
 * Thread: worker thread (one strategy each), simulation */
#include "strategy_private.h"

#include "draw_weight.h"
#include "estimate/design.h"
#include "measure.h"

#include <math.h>
#include <string.h>

_Static_assert(MODEL_QUANTILES == (int)STATE_WINDOW, "a swap fills a window with quantiles");

static const double cold_labels = 20;   // the cold start ends with so many budgeted labels
static const double share_slack = 1e-6; // that the shares of a mix may miss 1 by
static const double odd_share = 0.5;    // of what is asked while the positive class is sought
static const uint32_t of_oddness = 0x6f646421; // tells a window of oddness from one of utilities

/* ---- life ---- */

static int strategy_measure_named(const char *name) {
    for (int m = 0; m < MEASURES; m++)
        if (strcmp(measure_name((enum measure)m), name) == 0) return m;
    return -1;
}

/* The shares were checked with the configuration; the last one takes what rounding leaves. */
static int strategy_read_mix(struct strategy *s, const struct map *mix) {
    double until = 0;
    if (mix->n < 1 || mix->n > STATE_SHARES) return ERR_CONFIG;
    for (size_t i = 0; i < mix->n; i++) {
        int m = strategy_measure_named(mix->key[i]);
        double share = strtod(mix->value[i], NULL);
        if (m < 0 || m == MEASURE_MIX || !(share > 0)) return ERR_CONFIG;
        s->part[i] = (struct part){(enum measure)m, until += share};
    }
    if (fabs(until - 1) > share_slack) return ERR_CONFIG;
    s->part[mix->n - 1].until = 1;
    s->parts = mix->n;
    return 0;
}

static int strategy_read_measures(struct strategy *s, const struct config *c) {
    if (c->query.measure == MEASURE_MIX) return strategy_read_mix(s, &c->query.mix);
    s->part[0] = (struct part){(enum measure)c->query.measure, 1};
    s->parts = 1;
    return 0;
}

static uint64_t strategy_hash_name(uint64_t h, const char *name) {
    return rng_mix(h ^ hash_bytes(name, strlen(name)));
}

/* What names the manager and the measures in a state. The word "none" keeps the fingerprints of
 * 0.1.0, which had one option more: a daemon that is updated goes on with its windows. */
static uint32_t strategy_fingerprint(const struct strategy *s, const struct config *c) {
    uint64_t h = strategy_hash_name(
        strategy_hash_name(s->parts, manager_name((enum manager)c->query.manager)), "none");
    for (size_t i = 0; i < s->parts; i++)
        h = strategy_hash_name(h, measure_name(s->part[i].measure));
    return (uint32_t)h;
}

int strategy_create(struct strategy **out, const struct strategy_options *options) {
    const struct config *c = options->config;
    CHECK(options->columns > 0 && options->classes >= 2 && options->positive < options->classes);
    struct strategy *s = xcalloc(1, sizeof *s);
    *s = (struct strategy){.seed = (uint64_t)c->service.seed,
                           .topic = options->topic,
                           .classes = options->classes,
                           .positive = options->positive,
                           .columns = options->columns,
                           .manager = manager_row((enum manager)c->query.manager),
                           .fixed = c->query.threshold,
                           .density = c->query.density,
                           .discount = c->query.pending_discount,
                           .capacity = c->watch.capacity,
                           .capacity_per_day = (uint64_t)c->watch.capacity_per_day,
                           .budget = budget_of(c, options->topic, options->partitions)};
    if (s->discount > 0) s->direction = pending_directions(s->seed, s->columns);
    if (s->budget.pool_share > 0) s->buffers = flush_buffers_create(c, s->classes, s->columns);
    int result = strategy_read_measures(s, c);
    if (result < 0) {
        strategy_destroy(s);
        return result;
    }
    s->memory_of = strategy_fingerprint(s, c);
    *out = s;
    return 0;
}

void strategy_destroy(struct strategy *s) {
    if (!s) return;
    flush_buffers_destroy(s->buffers);
    free(s->direction);
    free(s);
}

/* ---- the window ---- */

static void strategy_empty_window(struct partition_state *state) {
    memset(state->window_n, 0, sizeof state->window_n);
    memset(state->window_at, 0, sizeof state->window_at);
    memset(state->window, 0, sizeof state->window);
}

/* Empties what another manager or other measures remembered. */
static void strategy_forget(uint32_t memory_of, struct partition_state *state) {
    state->memory_of = memory_of;
    memset(state->own, 0, sizeof state->own);
    strategy_empty_window(state);
}

static struct window strategy_window(const struct strategy *s, struct partition_state *state,
                                     size_t part) {
    size_t cap = STATE_WINDOW / s->parts;
    struct window w = {state->window + part * cap, &state->window_n[part], &state->window_at[part],
                       cap};
    if (*w.n > cap || *w.at >= cap)
        *w.n = *w.at = 0; // two fingerprints may be equal by chance: stay inside the window
    return w;
}

void strategy_begin(const struct strategy *s, int32_t partition, bool fresh, int64_t now_ms,
                    struct partition_state *state) {
    *state = (struct partition_state){0};
    strategy_forget(s->memory_of, state);
    budget_begin(&s->budget, partition, fresh, now_ms, state);
}

double strategy_explored_share(const struct config *c, const struct policy *p) {
    if (p->learner.rests || p->operator_.explore_only) return 0;
    return p->learner.explore * budget_not_of_risk(c) * (1 - budget_pool_share(c));
}

struct strategy_caps strategy_caps_left(const struct strategy *s, const struct policy *policy,
                                        int32_t partition, int64_t now_ms,
                                        const struct partition_state *state) {
    return (struct strategy_caps){
        budget_cap_left(&s->budget, policy, partition, now_ms, false, state),
        budget_cap_left(&s->budget, policy, partition, now_ms, true, state)};
}

/* A small step of the model leaves the window as it is: what the partition itself saw last is the
 * better sample. Else the window is refilled. Its oldest value is overwritten next. In ascending
 * order the small ones would all go first and the quantile would climb for a window's length, so
 * neighbours are laid STRIDE places apart: any run of the ring is then spread evenly over the
 * quantiles. */
void strategy_swap(const struct strategy *s, uint64_t version, const float *quantiles,
                   struct partition_state *state) {
    enum { STRIDE = 79 }; // odd, so that each place is met once; near 128 / the golden ratio
    state->model = version;
    pending_halve(state);
    if (state->memory_of == (s->memory_of ^ of_oddness)) return; // they know no oddness
    if (state->memory_of != s->memory_of) strategy_forget(s->memory_of, state);
    struct window own = strategy_window(s, state, 0);
    if (quantiles && s->parts == 1 && window_plausible(&own, quantiles)) return;
    double rate = budget_strategy_rate(&s->budget);
    uint16_t before = *own.n ? window_edge(&own, rate) : 0;
    strategy_empty_window(state);
    if (!quantiles || s->parts > 1) return; // quantiles are of one measure
    for (size_t i = 0; i < STATE_WINDOW; i++)
        state->window[i * STRIDE % STATE_WINDOW] = utility_code((double)quantiles[i]);
    state->window_n[0] = STATE_WINDOW;
    if (s->manager->rescale && before)
        s->manager->rescale(state->own, window_edge(&own, rate) - before);
}

/* ---- a sample ---- */

/* One decision under way. */
struct step {
    const struct strategy *s;
    const struct candidate *c;
    struct partition_state *state;
    struct allowance allowed;
    struct draw draw;
    size_t part;    // index of the measure that the sample drew
    double explore; // share of the strategy arm's requests that is drawn at random
    bool cold;      // draw at random: there is no model yet, or not every class has labels
    bool seeks;     // look among what is odd: no label names the positive class yet
};

static double strategy_draw(const struct step *t, enum rng_stream stream) {
    return rng_unit(rng_keyed(stream, t->s->seed, t->s->topic, (uint64_t)t->c->partition,
                              (uint64_t)t->c->offset));
}

/* The manager's probability, mixed with the plain rate: while labels are late the utility is that
 * of an old model, so part of the requests is drawn at random (query.explore), here where the
 * random arm does not draw it. Not with the measure RISK, which looks for one class and not for
 * doubt. */
static double strategy_explored(const struct step *t, double rate, double named) {
    bool risk = t->s->part[t->part].measure == MEASURE_RISK;
    double share = risk ? 0 : fmin(t->explore, 1);
    if (t->seeks) share = 1 - odd_share;
    return (1 - share) * named + share * rate;
}

/* The doubt of the figures about a sample. */
static float strategy_doubt(const struct step *t) {
    const float *prob = t->c->mixed;
    float most = prob[0];
    for (size_t c = 1; c < t->s->classes; c++)
        if (prob[c] > most) most = prob[c];
    return design_doubt(most, prob[t->s->positive]);
}

/* By what people see samples first. */
static uint16_t strategy_capacity_code(const struct strategy *s, const struct candidate *c) {
    float score = c->prob[s->positive];
    return c->amount ? unasked_code_of_value(*c->amount * (double)score) : unasked_code(score);
}

/* The random arm draws, blind to what the strategy arm makes of it. by_strategy: that one asks, or
 * the grant does. */
static void strategy_draw_on(struct step *t, const struct policy *policy, bool by_strategy) {
    const uint32_t most = t->state->weighted ? budget_pieces(&t->s->budget, policy, t->state)
                                             : t->s->budget.piece_most;
    uint32_t pieces = STATE_PIECES;
    if (most && t->c->scored) {
        uint32_t *level = &t->state->doubt;
        bool within = unasked_above(t->state->capacity, strategy_capacity_code(t->s, t->c));
        pieces = by_strategy ? 0 : draw_weight(*level, strategy_doubt(t), within, most);
        *level = draw_weight_level(*level, pieces);
    }
    if (!t->state->weighted || !most) pieces = STATE_PIECES;
    if (t->state->weighted && by_strategy) pieces = 0;
    t->draw = budget_draw(&t->s->budget, policy, t->c->partition, &t->allowed, pieces, t->state);
}

/* Whether the strategy arm asks; the random arm draws behind it. Scored samples go into the
 * manager's memory even while cold, so that the manager starts with a filled window. */
static bool strategy_asks(struct step *t, const struct policy *policy, uint16_t code,
                          struct decision *out) {
    const struct manager_row *row = t->s->manager;
    struct manager_call call = {.rate = t->allowed.rate,
                                .utility = out->utility,
                                .code = code,
                                .fixed = t->s->fixed,
                                .seen = t->state->admitted,
                                .window = strategy_window(t->s, t->state, t->part),
                                .own = &t->state->own[t->part]};
    struct manager_answer answer = {0};
    enum rng_stream stream = row->stream;
    if (isnan(call.utility)) answer.probability = 0;
    else if (t->cold) {
        answer.probability = call.rate;
        stream = RNG_COLD;
    } else {
        answer = row->ask(&call);
        answer.probability = strategy_explored(t, call.rate, answer.probability);
    }
    if (t->seeks) answer.threshold = 0; // of no utility
    bool asks = t->allowed.strategy && answer.probability > 0 &&
                strategy_draw(t, stream) < answer.probability;
    strategy_draw_on(t, policy, asks || t->allowed.upfront);
    bool asked = asks || t->draw.drawn || t->allowed.upfront;
    bool told = asked && row->threshold && !t->cold && !t->seeks;
    out->threshold = told ? row->threshold(&call) : answer.threshold;
    if (t->c->scored && row->note) row->note(&call, answer.probability, asks);
    out->manager_probability = answer.probability;
    out->rate = call.rate;
    return asks;
}

/* Before any label names the positive class the model knows nothing of it, and what it is unsure of
 * is noise: rare ones are sooner among the odd samples. Not where the manager knows the
 * utility's unit. */
static bool strategy_seeks(const struct strategy *s, const struct policy *policy,
                           const struct candidate *c) {
    return policy->learner.seeks && c->scored && c->model && s->manager->ranks;
}

/* The window is of utilities, or of oddness; after a reload or restart of what another
 * configuration made of it. */
static void strategy_remember(const struct strategy *s, bool seeks, struct partition_state *state) {
    uint32_t wanted = seeks ? s->memory_of ^ of_oddness : s->memory_of;
    if (state->memory_of != wanted) strategy_forget(wanted, state);
}

static enum ask strategy_reason(const struct step *t, const struct charge *charge) {
    if (charge->upfront) return ASK_UPFRONT;
    if (!charge->strategy) return ASK_RANDOM;
    if (t->cold || t->seeks) return ASK_COLD;
    return t->s->part[t->part].measure == MEASURE_RISK ? ASK_RISK : ASK_UNCERTAIN;
}

/* The probability with which this sample is asked, whatever the random arm drew (promise I5). */
static double strategy_propensity(const struct decision *d, double drawn) {
    if (!d->covered) return 0;
    return d->by_strategy ? 1 : drawn;
}

/* What the figures want to know: the sums go with the task that comes next. */
static void strategy_account(const struct strategy *s, const struct policy *policy,
                             const struct candidate *c, struct partition_state *state,
                             struct decision *out) {
    if (out->covered) {
        uint32_t term[UNASKED_SUMS];
        double share = policy_capacity(policy, s->capacity, s->capacity_per_day);
        out->in_capacity =
            unasked_within(&state->capacity, share, strategy_capacity_code(s, c), state->admitted);
        unasked_terms(c->prob, s->classes, s->positive, out->in_capacity, term);
        if (!out->by_strategy) unasked_add(&state->unasked, term);
    }
    if (!out->ask) return;
    out->unasked = state->unasked;
    state->unasked = (struct unasked){0};
}

void strategy_decide(const struct strategy *s, const struct policy *policy, int64_t now_ms,
                     const struct candidate *c, struct partition_state *state,
                     struct decision *out) {
    struct step t = {.s = s, .c = c, .state = state, .explore = policy->learner.explore};
    if (t.explore > 0 && budget_explores(&s->budget, policy)) t.explore = 0; // the random arm does
    t.part = scoring_part(s, c->partition, c->offset);
    t.cold = !c->scored ||
             (policy->learner.cold &&
              (double)state->admitted * budget_total_rate(&s->budget, policy) < cold_labels);
    t.seeks = strategy_seeks(s, policy, c) && !t.cold;
    strategy_remember(s, t.seeks, state);
    t.allowed = budget_open(&s->budget, policy, c->partition, now_ms, !t.cold, state);
    uint16_t code = scoring_utility(s, c, t.part, state);
    *out = (struct decision){.measure = s->part[t.part].measure, .utility = utility_value(code)};
    struct charge charge = {.upfront = t.allowed.upfront};
    if (t.seeks) code = utility_code(measure_oddness(c->model, c->row));
    charge.strategy = strategy_asks(&t, policy, code, out) && !charge.upfront;
    charge.random_ = t.draw.drawn, charge.own = t.draw.own, charge.more = t.draw.more;
    out->covered = t.allowed.covered || t.draw.propensity > 0;
    budget_charge(state, &charge);
    if (charge.strategy || charge.upfront) scoring_pend(s, c->model, c->row, state);
    state->admitted++;
    state->covered += out->covered;
    out->by_strategy = charge.strategy || charge.upfront;
    out->by_random = charge.random_;
    out->more = charge.more;
    out->ask = out->by_strategy || out->by_random;
    out->reason = strategy_reason(&t, &charge);
    out->for_pool =
        s->buffers && out->covered && !out->by_strategy && c->scored && !isnan(out->utility);
    out->propensity = strategy_propensity(out, t.draw.propensity);
    out->admitted_n = state->admitted;
    out->covered_n = state->covered;
    strategy_account(s, policy, c, state, out);
}
