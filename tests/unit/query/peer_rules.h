/* The stream rules of two peers, step by step, as oracles: scikit-activeml 1.0.1 and MOA 2024.07.0,
 * each at its own defaults, faults included. peers.c replays what the libraries themselves decided;
 * defects.c shows each fault beside the rule of ours that does not have it.
 *
 * A rule that draws is said as a probability, so that the same code replays recorded draws and
 * plays on with its own. Most rules compare the confidence p1 = 1 − utility with a threshold θ that
 * moves by a hundredth at each sample that the budget lets the rule look at.
 *
 * Žliobaitė, Bifet, Pfahringer, Holmes 2014; Kottke, Krempl, Spiliopoulou 2015; Cesa-Bianchi,
 * Gentile, Zaniboni 2006. */
#pragma once

#include "base/rng.h"
#include "query/strategy.h"
#include "query/window.h"

#include <math.h>

enum peer { PEER_SCIKIT_ACTIVEML, PEER_MOA, PEERS };

enum { SK_WINDOW = 100 }; // samples that scikit-activeml's estimate and quantile look back

static const double theta_step = 0.01; // of θ, either way
static const double sk_share = 0.1;    // of the samples that Split asks at random

/* What a rule remembers between samples; each uses a part of it. */
struct peer_memory {
    double theta;
    double spent;          // scikit-activeml's estimate, which forgets a hundredth a sample
    double seen, labelled; // samples and labels so far
    uint16_t value[STATE_WINDOW];
    uint8_t n, at;
};

struct peer_call {
    double budget;  // of the rule, 0..1
    double utility; // 1 − p1
    uint16_t code;  // of that utility; utility_value(code) is the utility
    double draw;    // uniform in 0..1: the sample is asked where it is below the probability
    size_t classes;
    struct peer_memory *memory;
};

struct peer_rule {
    double (*ask)(const struct peer_call *c); // the probability of asking
    void (*note)(const struct peer_call *c,
                 bool asked); // after the decision; NULL: nothing to note
};

static inline struct peer_memory peer_memory_new(void) { return (struct peer_memory){.theta = 1}; }

static inline void peer_move_theta(const struct peer_call *c, bool asked) {
    c->memory->theta *= asked ? 1 - theta_step : 1 + theta_step;
}

static inline double peer_confidence(const struct peer_call *c) { return 1 - c->utility; }

/* P(Z < z) of the standard normal distribution. */
static inline double normal_below(double z) { return erfc(-z / sqrt(2)) / 2; }

static inline void peer_count(const struct peer_call *c, bool asked) {
    c->memory->seen++;
    c->memory->labelled += asked;
}

/* What the budget had earned with this sample, less what was spent. */
static inline double peer_earned_left(const struct peer_call *c) {
    return (c->memory->seen + 1) * c->budget - c->memory->labelled;
}

/* ---- scikit-activeml ---- */

/* StreamRandomSampling, as it comes: nothing holds it to its budget but chance. */
static inline double sk_random(const struct peer_call *c) { return c->budget; }

static inline double sk_periodic(const struct peer_call *c) { return peer_earned_left(c) >= 1; }

/* Whether there is budget. The estimate of what was spent is read before the sample at hand is
 * added to it, so it lets more pass. */
static inline bool sk_affords(const struct peer_call *c) {
    return c->memory->spent / SK_WINDOW < c->budget;
}

static inline void sk_spend(const struct peer_call *c, bool asked) {
    c->memory->spent = c->memory->spent * ((SK_WINDOW - 1) / (double)SK_WINDOW) + asked;
}

static inline double sk_fixed(const struct peer_call *c) {
    double even = 1 / (double)c->classes, least = even + c->budget * (1 - even);
    return sk_affords(c) && peer_confidence(c) <= least;
}

static inline double sk_variable(const struct peer_call *c) {
    return sk_affords(c) && peer_confidence(c) < c->memory->theta;
}

static inline void sk_note_variable(const struct peer_call *c, bool asked) {
    if (sk_affords(c)) peer_move_theta(c, asked);
    sk_spend(c, asked);
}

/* p1 < θη, η from N(1, 1): never with η below 0. */
static inline double sk_random_variable(const struct peer_call *c) {
    return sk_affords(c) ? normal_below(1 - peer_confidence(c) / c->memory->theta) : 0;
}

/* A tenth of the samples is asked at random, and these leave θ alone. The draw says which: below
 * share·B a request at random, above that and by 1 − share the threshold's, the rest refused at
 * random. */
static inline double sk_split(const struct peer_call *c) {
    double at_random = sk_share * c->budget;
    if (!sk_affords(c)) return 0;
    return peer_confidence(c) < c->memory->theta ? at_random + 1 - sk_share : at_random;
}

static inline void sk_note_split(const struct peer_call *c, bool asked) {
    double from = sk_share * c->budget;
    bool by_threshold = c->draw >= from && c->draw < from + 1 - sk_share;
    if (sk_affords(c) && by_threshold) peer_move_theta(c, asked);
    sk_spend(c, asked);
}

/* The quantile between two order statistics, by the arithmetic of numpy: equal ones give that value
 * to the bit. */
static inline double numpy_quantile(const struct window *w, double q) {
    double at = (double)(*w->n - 1) * q, part = at - floor(at);
    size_t next = (size_t)fmin((double)(size_t)at + 2, *w->n);
    double low = utility_value(window_nth_smallest(w, (size_t)at + 1)),
           high = utility_value(window_nth_smallest(w, next));
    return part >= 0.5 ? high - (high - low) * (1 - part) : low + (high - low) * part;
}

/* The sample at hand is in the window too, and a NaN in it silences the rule until it has left. */
static inline double sk_biqf(const struct peer_call *c) {
    static const double tolerance = 50;
    const struct peer_memory *m = c->memory;
    uint16_t value[SK_WINDOW] = {c->code};
    uint8_t n = 1, at = 0;
    for (size_t i = 0; i < m->n && n < SK_WINDOW; i++)
        value[n++] = m->value[(m->at + STATE_WINDOW - 1 - i) % STATE_WINDOW];
    struct window last = {value, &n, &at, SK_WINDOW};
    double least = utility_value(window_nth_smallest(&last, 1)),
           most = utility_value(window_nth_smallest(&last, n));
    if (isnan(least)) return 0;
    double threshold =
        numpy_quantile(&last, 1 - c->budget) - (most - least) * (peer_earned_left(c) / tolerance);
    return c->utility >= threshold;
}

static inline void sk_note_biqf(const struct peer_call *c, bool asked) {
    struct peer_memory *m = c->memory;
    peer_count(c, asked);
    window_note(&(struct window){m->value, &m->n, &m->at, STATE_WINDOW}, c->code);
}

/* ---- MOA ---- */

/* Whether there is budget: labels over samples, this one included. Exact in the long run, but an
 * idle stretch banks credit without end. */
static inline bool moa_affords(const struct peer_call *c) {
    return c->memory->labelled / (c->memory->seen + 1) < c->budget;
}

static inline double moa_fixed(const struct peer_call *c) {
    static const double most = 0.9; // whatever the number of classes
    return moa_affords(c) && peer_confidence(c) < most;
}

static inline double moa_variable(const struct peer_call *c) {
    return moa_affords(c) && peer_confidence(c) < c->memory->theta;
}

/* p1 / η < θ, η from N(1, 1): always with η below 0. */
static inline double moa_random_variable(const struct peer_call *c) {
    if (!moa_affords(c)) return 0;
    return normal_below(1 - peer_confidence(c) / c->memory->theta) + normal_below(-1);
}

static inline void moa_note(const struct peer_call *c, bool asked) {
    if (moa_affords(c)) peer_move_theta(c, asked);
    peer_count(c, asked);
}

/* SelSampling. */
static inline double moa_margin_probability(const struct peer_call *c) {
    double margin = fabs(peer_confidence(c) - 1 / (double)c->classes);
    return moa_affords(c) ? c->budget / (c->budget + margin) : 0;
}

/* ---- the table ---- */

/* The peer's rule of that name; NULL: it has none. */
static inline const struct peer_rule *peer_rule(enum peer peer, enum manager m) {
    static const struct peer_rule rules[PEERS][MANAGERS] = {
        [PEER_SCIKIT_ACTIVEML] = {[MANAGER_RANDOM] = {sk_random, NULL},
                                  [MANAGER_PERIODIC] = {sk_periodic, peer_count},
                                  [MANAGER_FIXED] = {sk_fixed, sk_spend},
                                  [MANAGER_VARIABLE] = {sk_variable, sk_note_variable},
                                  [MANAGER_RANDOM_VARIABLE] = {sk_random_variable,
                                                               sk_note_variable},
                                  [MANAGER_SPLIT] = {sk_split, sk_note_split},
                                  [MANAGER_BIQF] = {sk_biqf, sk_note_biqf}},
        [PEER_MOA] = {[MANAGER_FIXED] = {moa_fixed, peer_count},
                      [MANAGER_VARIABLE] = {moa_variable, moa_note},
                      [MANAGER_RANDOM_VARIABLE] = {moa_random_variable, moa_note},
                      [MANAGER_MARGIN_PROBABILITY] = {moa_margin_probability, peer_count}}};
    return rules[peer][m].ask ? &rules[peer][m] : NULL;
}

/* The probability with which the rule asks about a sample of that utility. */
static inline double peer_probability(const struct peer_rule *rule, struct peer_call *c,
                                      double utility) {
    c->code = utility_code(utility);
    c->utility = utility_value(c->code);
    return rule->ask(c);
}

/* Decides by c->draw and moves the memory past the sample. */
static inline bool peer_step(const struct peer_rule *rule, struct peer_call *c, double utility) {
    bool asked = c->draw < peer_probability(rule, c, utility);
    if (rule->note) rule->note(c, asked);
    return asked;
}
