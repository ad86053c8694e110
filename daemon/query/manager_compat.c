/* The peers' rules, step by step, for who must repeat their figures: scikit-activeml 1.0.1 and MOA
 * 2024.07.0, each at its own defaults. Their faults are kept, and are ours in no other place:
 * tests/unit/query/defects.c shows each. Only tests call them.
 *
 * One idea: a rule that draws is said as a probability, like any other manager's, so the purse and
 * the propensities do not know that it is there. What the peer would have labelled is what was
 * asked; a request that the purse refuses counts as not made, as in the peers' own update(). The
 * budget of the rule is what the strategy arm gets in the long run. Most compare the sureness p1 =
 * 1 − utility with a threshold θ. Words of the state: two doubles, or one and two counts. A new
 * model moves none of them: the peers know no swap.
 *
 * Žliobaitė, Bifet, Pfahringer, Holmes 2014; Kottke, Krempl, Spiliopoulou 2015; Cesa-Bianchi,
 * Gentile, Zaniboni 2006. Thread: worker thread */
#include "manager_compat.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

static const double step = 0.01; // of θ, at each sample that the gate lets through

static double compat_word(const struct manager_call *c, size_t i) {
    double x;
    memcpy(&x, c->own + 2 * i, sizeof x);
    return x;
}

static void compat_put_word(const struct manager_call *c, size_t i, double x) {
    memcpy(c->own + 2 * i, &x, sizeof x);
}

/* θ starts at 1; the state starts at zeros. */
static double compat_theta(const struct manager_call *c) {
    double x = compat_word(c, 0);
    return x > 0 ? x : 1;
}

static void move_theta(const struct manager_call *c, bool asked) {
    compat_put_word(c, 0, compat_theta(c) * (asked ? 1 - step : 1 + step));
}

static double compat_sureness(const struct manager_call *c) { return 1 - c->utility; }

static double compat_normal_below(double z) { return erfc(-z / sqrt(2)) / 2; }

static struct manager_answer compat_below(const struct manager_call *c, double probability) {
    return (struct manager_answer){.probability = probability, .threshold = 1 - compat_theta(c)};
}

/* Samples and labels so far, the two halves of the second word. A ratio is all that is asked of
 * them, so they are halved before they run over. */
struct counts {
    uint32_t seen, labelled;
};

static struct counts compat_counts(const struct manager_call *c) {
    return (struct counts){c->own[2], c->own[3]};
}

static void compat_count(const struct manager_call *c, bool asked) {
    struct counts n = compat_counts(c);
    if (n.seen == UINT32_MAX) n.seen /= 2, n.labelled /= 2;
    c->own[2] = n.seen + 1;
    c->own[3] = n.labelled + asked;
}

static void note_count(const struct manager_call *c, double named, bool asked) {
    (void)named;
    compat_count(c, asked);
}

/* What the budget had earned with this sample, less what was spent. */
static double earned_left(const struct manager_call *c) {
    struct counts n = compat_counts(c);
    return ((double)n.seen + 1) * c->budget - n.labelled;
}

/* ---- scikit-activeml ---- */

enum { SK_WINDOW = 100 };

/* StreamRandomSampling, as it comes: nothing holds it to its budget but chance. */
static struct manager_answer sk_random(const struct manager_call *c) {
    return (struct manager_answer){.probability = c->budget};
}

static struct manager_answer sk_periodic(const struct manager_call *c) {
    return (struct manager_answer){.probability = earned_left(c) >= 1};
}

/* Their estimate of what was spent forgets a hundredth a sample; the second word. Read before the
 * sample at hand is added, it lets more pass. */
static bool sk_gate(const struct manager_call *c) {
    return compat_word(c, 1) / SK_WINDOW < c->budget;
}

static void sk_spend(const struct manager_call *c, bool asked) {
    compat_put_word(c, 1, compat_word(c, 1) * ((SK_WINDOW - 1) / (double)SK_WINDOW) + asked);
}

static struct manager_answer sk_fixed(const struct manager_call *c) {
    double even = 1 / (double)c->classes, least = even + c->budget * (1 - even);
    return (struct manager_answer){.probability = sk_gate(c) && compat_sureness(c) <= least,
                                   .threshold = 1 - least};
}

static void sk_note_fixed(const struct manager_call *c, double named, bool asked) {
    (void)named;
    sk_spend(c, asked);
}

static struct manager_answer sk_variable(const struct manager_call *c) {
    return compat_below(c, sk_gate(c) && compat_sureness(c) < compat_theta(c));
}

static void sk_note_variable(const struct manager_call *c, double named, bool asked) {
    (void)named;
    if (sk_gate(c)) move_theta(c, asked);
    sk_spend(c, asked);
}

/* p1 < θη, η from N(1, 1): never with η below 0. */
static struct manager_answer sk_random_variable(const struct manager_call *c) {
    return compat_below(
        c, sk_gate(c) ? compat_normal_below(1 - compat_sureness(c) / compat_theta(c)) : 0);
}

/* A tenth of the samples is asked at random, and these leave θ alone. The draw says which: below
 * v·B a request at random, above that and by 1 − v the threshold's, the rest refused at random. */
static const double sk_share = 0.1;

static struct manager_answer sk_split(const struct manager_call *c) {
    double at_random = sk_share * c->budget;
    return compat_below(c, !sk_gate(c)                            ? 0
                           : compat_sureness(c) < compat_theta(c) ? at_random + 1 - sk_share
                                                                  : at_random);
}

static void sk_note_split(const struct manager_call *c, double named, bool asked) {
    (void)named;
    double from = sk_share * c->budget;
    bool by_threshold = c->draw >= from && c->draw < from + 1 - sk_share;
    if (sk_gate(c) && by_threshold) move_theta(c, asked);
    sk_spend(c, asked);
}

/* The quantile between two order statistics, by the arithmetic of numpy: equal ones give that value
 * to the bit. */
static double compat_quantile(const struct window *w, double q) {
    double at = (double)(*w->n - 1) * q, part = at - floor(at);
    double low = utility_value(window_nth_smallest(w, (size_t)at + 1)),
           high =
               utility_value(window_nth_smallest(w, (size_t)fmin((double)(size_t)at + 2, *w->n)));
    return part >= 0.5 ? high - (high - low) * (1 - part) : low + (high - low) * part;
}

/* Their window holds the sample at hand too, and a NaN in it silences the rule until it has
 * left. */
static struct manager_answer sk_biqf(const struct manager_call *c) {
    static const double tolerance = 50;
    uint16_t value[SK_WINDOW] = {c->code};
    uint8_t n = 1, at = 0;
    for (size_t i = 0; i < *c->window.n && n < SK_WINDOW; i++)
        value[n++] = c->window.value[(*c->window.at + c->window.cap - 1 - i) % c->window.cap];
    struct window last = {value, &n, &at, SK_WINDOW};
    double least = utility_value(window_nth_smallest(&last, 1)),
           most = utility_value(window_nth_smallest(&last, n));
    if (isnan(least)) return (struct manager_answer){0};
    double edge =
        compat_quantile(&last, 1 - c->budget) - (most - least) * (earned_left(c) / tolerance);
    return (struct manager_answer){.probability = c->utility >= edge, .threshold = edge};
}

static void sk_note_biqf(const struct manager_call *c, double named, bool asked) {
    (void)named;
    compat_count(c, asked);
    window_note(&c->window, c->code);
}

/* ---- MOA ---- */

/* Labels over samples, this one included: exact in the long run, and an idle stretch banks credit
 * without end. */
static bool moa_gate(const struct manager_call *c) {
    struct counts n = compat_counts(c);
    return n.labelled / ((double)n.seen + 1) < c->budget;
}

static struct manager_answer moa_fixed(const struct manager_call *c) {
    static const double most = 0.9; // whatever the number of classes
    return (struct manager_answer){.probability = moa_gate(c) && compat_sureness(c) < most,
                                   .threshold = 1 - most};
}

static struct manager_answer moa_variable(const struct manager_call *c) {
    return compat_below(c, moa_gate(c) && compat_sureness(c) < compat_theta(c));
}

/* p1 / η < θ, η from N(1, 1): always with η below 0. */
static struct manager_answer moa_random_variable(const struct manager_call *c) {
    return compat_below(c, moa_gate(c)
                               ? compat_normal_below(1 - compat_sureness(c) / compat_theta(c)) +
                                     compat_normal_below(-1)
                               : 0);
}

static void moa_note(const struct manager_call *c, double named, bool asked) {
    (void)named;
    if (moa_gate(c)) move_theta(c, asked);
    compat_count(c, asked);
}

/* SelSampling. */
static struct manager_answer moa_margin_probability(const struct manager_call *c) {
    double margin = fabs(compat_sureness(c) - 1 / (double)c->classes);
    return (struct manager_answer){.probability =
                                       moa_gate(c) ? c->budget / (c->budget + margin) : 0};
}

static const struct manager_row rows[COMPATS][MANAGERS] = {
    [COMPAT_SCIKIT_ACTIVEML] =
        {
            [MANAGER_RANDOM] = {.stream = RNG_MANAGER, .ask = sk_random},
            [MANAGER_PERIODIC] = {.stream = RNG_MANAGER, .ask = sk_periodic, .note = note_count},
            [MANAGER_FIXED] = {.stream = RNG_MANAGER, .ask = sk_fixed, .note = sk_note_fixed},
            [MANAGER_VARIABLE] = {.stream = RNG_MANAGER,
                                  .ask = sk_variable,
                                  .note = sk_note_variable},
            [MANAGER_RANDOM_VARIABLE] = {.stream = RNG_MANAGER,
                                         .ask = sk_random_variable,
                                         .note = sk_note_variable},
            [MANAGER_SPLIT] = {.stream = RNG_MANAGER, .ask = sk_split, .note = sk_note_split},
            [MANAGER_BIQF] = {.stream = RNG_MANAGER, .ask = sk_biqf, .note = sk_note_biqf},
        },
    [COMPAT_MOA] =
        {
            [MANAGER_FIXED] = {.stream = RNG_MANAGER, .ask = moa_fixed, .note = note_count},
            [MANAGER_VARIABLE] = {.stream = RNG_MANAGER, .ask = moa_variable, .note = moa_note},
            [MANAGER_RANDOM_VARIABLE] = {.stream = RNG_MANAGER,
                                         .ask = moa_random_variable,
                                         .note = moa_note},
            [MANAGER_MARGIN_PROBABILITY] = {.stream = RNG_MANAGER,
                                            .ask = moa_margin_probability,
                                            .note = note_count},
        },
};

const char *compat_name(enum compat peer) {
    static const char *const names[COMPATS] = {WORDS_TEXT(COMPAT_TABLE)};
    return peer < COMPATS ? names[peer] : "?";
}

const struct manager_row *manager_compat_row(enum compat peer, enum manager m) {
    CHECK(peer < COMPATS && m < MANAGERS);
    return rows[peer][m].ask ? &rows[peer][m] : NULL;
}
