/* Budget managers. A manager names the probability with which it would ask; the strategy arm draws,
 * and the purse has the last word.
 *
 * So a manager can neither overspend nor change the propensities, and a new one is a row and a
 * function or two. All work on ranks or on codes of utilities, and a step of so many codes is a
 * step by a factor, so none cares which measure it serves. Each remembers at most one word beside
 * the window.
 *
 * Thread: worker thread */
#include "manager.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

static double manager_clamp(double x, double least, double most) {
    return x < least ? least : x > most ? most : x;
}

static double manager_word(const struct manager_call *c) {
    float x;
    memcpy(&x, c->own, sizeof x);
    return (double)x;
}

static void manager_put_word(uint32_t *own, double value) {
    float x = (float)value;
    memcpy(own, &x, sizeof x);
}

/* ---- random, periodic, fixed ---- */

static struct manager_answer manager_ask_random(const struct manager_call *c) {
    return (struct manager_answer){.probability = c->rate};
}

/* Each time a whole label has been saved up; the word is what has been, at most two. */
static struct manager_answer manager_ask_periodic(const struct manager_call *c) {
    return (struct manager_answer){.probability = manager_word(c) + c->rate >= 1};
}

static void manager_note_periodic(const struct manager_call *c, double named, bool asked) {
    (void)named;
    manager_put_word(c->own, fmin(manager_word(c) + c->rate, 2) - asked);
}

static struct manager_answer manager_ask_fixed(const struct manager_call *c) {
    return (struct manager_answer){.probability = c->utility >= c->fixed, .threshold = c->fixed};
}

/* ---- quantile_window ---- */

/* The smoothed rank of the utility among the last W, ties broken at random, as a conformal p-value
 * (Vovk, Gammerman, Shafer 2005). For exchangeable utilities it asks exactly at the rate, whatever
 * their distribution and however few are in the window: equal ones don't flood, and an empty window
 * is a random draw. */
static inline double manager_rank_probability(const struct manager_call *c) {
    double not_asked = (1 - c->rate) * (*c->window.n + 1.0),
           most = (double)window_at_most(&c->window, c->code); // ranks
    if (most + 1 <= not_asked) return 0; // nearly all samples: one look at the window
    double below = (double)window_below(&c->window, c->code);
    return manager_clamp(1 - (not_asked - below) / (most - below + 1), 0, 1);
}

static struct manager_answer manager_ask_quantile_window(const struct manager_call *c) {
    return (struct manager_answer){.probability = manager_rank_probability(c)};
}

static double manager_window_threshold(const struct manager_call *c) {
    return *c->window.n ? utility_value(window_edge(&c->window, c->rate)) : 0;
}

static void manager_note_window(const struct manager_call *c, double named, bool asked) {
    (void)named, (void)asked;
    window_note(&c->window, c->code);
}

/* ---- a threshold that steps ---- */

enum { OCTAVE = 512 }; // codes from a utility to its double (query/state.c)

static const double step_small = 0.0144 * OCTAVE; // 1 %: Žliobaitė, Bifet, Pfahringer, Holmes 2014
static const double step_large = 0.5 * OCTAVE;

/* The threshold, as a code with a fraction; it starts at the first utility. */
static double manager_edge(const struct manager_call *c) {
    double e = manager_word(c);
    return e > 0 ? e : c->code;
}

static struct manager_answer manager_over(const struct manager_call *c, double probability) {
    return (struct manager_answer){.probability = probability,
                                   .threshold = utility_value((uint16_t)manager_edge(c))};
}

/* Up by the share of asking above the rate, down by that below: the fixed point is the rate itself,
 * where the paper's equal steps settle at one half and leave the rest to the purse. */
static void manager_step(const struct manager_call *c, double size, double named) {
    manager_put_word(c->own,
                     manager_clamp(manager_edge(c) + size * (named - c->rate), 1, UINT16_MAX - 1));
    window_note(&c->window, c->code);
}

static void manager_step_slowly(const struct manager_call *c, double named, bool asked) {
    (void)asked;
    manager_step(c, step_small, named);
}

/* Robbins and Monro 1951, on the pinball loss; steps of half an octave forget a drifted scale
 * within a few labels. */
static void manager_step_fast(const struct manager_call *c, double named, bool asked) {
    (void)asked;
    manager_step(c, step_large, named);
}

static void manager_rescale_edge(uint32_t *own, int codes) {
    float e;
    memcpy(&e, own, sizeof e);
    if (e > 0) manager_put_word(own, manager_clamp((double)e + codes, 1, UINT16_MAX - 1));
}

/* Variable: the threshold follows at a fixed relative step. Quantile tracker: the same rule with a
 * large one. */
static struct manager_answer manager_ask_variable(const struct manager_call *c) {
    return manager_over(c, c->code > manager_edge(c));
}

static double manager_normal_below(double z) { return erfc(-z / sqrt(2)) / 2; }

/* Randomised variable (same paper): what the sample may be sure of is the threshold times max(0,
 * N(1, 1)), its chance worked out, not drawn. A factor of 0 asks for nobody, on either side of
 * zero; the peers disagree there, and one of them then always asks. */
static struct manager_answer manager_ask_random_variable(const struct manager_call *c) {
    double e = utility_value((uint16_t)manager_edge(c)),
           sureness = c->utility > 0 ? e / c->utility : c->utility / e; // over what is allowed
    bool comparable =
        sureness > 0 && isfinite(sureness); // of one sign; else the threshold alone decides
    return manager_over(c, comparable ? manager_normal_below(1 - sureness)
                                      : c->code > manager_edge(c));
}

/* Split (same paper): a share of the samples is asked at random, so that change far from the
 * boundary is seen too. */
static struct manager_answer manager_ask_split(const struct manager_call *c) {
    static const double at_random = 0.2;
    return manager_over(c, at_random * c->rate + (1 - at_random) * (c->code > manager_edge(c)));
}

/* ---- balanced incremental quantile filter ---- */

/* Kottke, Krempl, Spiliopoulou 2015: the window's quantile, lowered by what was left unspent. The
 * word is that, within ten labels, so an old debt is not paid for ever; ties are drawn, so equal
 * utilities don't flood. */
static double manager_balanced_edge(const struct manager_call *c) {
    static const double tolerance = 50;
    size_t n = *c->window.n;
    double least = utility_value(window_nth_smallest(&c->window, 1)),
           most = utility_value(window_nth_smallest(&c->window, n));
    return utility_value(window_edge(&c->window, c->rate)) -
           (most - least) * manager_word(c) / tolerance;
}

static struct manager_answer manager_ask_biqf(const struct manager_call *c) {
    if (!*c->window.n) return manager_ask_random(c);
    double e = manager_balanced_edge(c);
    return (struct manager_answer){.probability = c->utility > e   ? 1
                                                  : c->utility < e ? 0
                                                                   : manager_rank_probability(c),
                                   .threshold = e};
}

static void manager_note_biqf(const struct manager_call *c, double named, bool asked) {
    (void)named;
    manager_put_word(c->own, manager_clamp(manager_word(c) + c->rate - asked, -10, 10));
    window_note(&c->window, c->code);
}

/* ---- probabilities of the margin ---- */

/* How far the utility lies below the best of the window, in units of the way from the best to the
 * median: 0 at the boundary, 1 in the middle. */
static double manager_distance(const struct manager_call *c) {
    size_t n = *c->window.n;
    if (!n) return 1;
    double best = utility_value(window_nth_smallest(&c->window, n)),
           middle = utility_value(window_nth_smallest(&c->window, (n + 1) / 2));
    if (!(best > middle)) return 1;
    return manager_clamp((best - c->utility) / (best - middle), 0, 1e6);
}

/* The word is the logarithm of the rule's constant; it moves so that the mean probability is the
 * rate. */
static void manager_control(const struct manager_call *c, double named, bool asked) {
    (void)asked;
    manager_put_word(c->own, manager_clamp(manager_word(c) +
                                               0.05 * (c->rate - named) / sqrt(fmax(c->rate, 1e-6)),
                                           -30, 30));
    window_note(&c->window, c->code);
}

/* b/(b + |m|): Cesa-Bianchi, Gentile, Zaniboni 2006. */
static struct manager_answer manager_ask_margin_probability(const struct manager_call *c) {
    double b = 0.05 * exp(manager_word(c));
    return (struct manager_answer){.probability = b / (b + manager_distance(c))};
}

/* Importance-weighted active learning (Beygelzimer, Hsu, Langford, Zhang 2010): ask if the gap G in
 * error that a change of mind would cost is within √ε + ε, else with the probability s that solves
 * G = √(ε/s) + ε/s, so s = ((√ε + √(ε + 4εG)) / 2G)². ε = c₀ ln(t + 1)/t; c₀ is controlled, because
 * with the paper's constant the rate falls like ln t / t and a drift finds it asleep. */
static struct manager_answer manager_ask_iwal(const struct manager_call *c) {
    double t = fmin((double)c->seen + 1, 1000), gap = tanh(manager_distance(c) / 2),
           e = exp(manager_word(c)) * log(t + 1) / t;
    if (gap <= sqrt(e) + e) return (struct manager_answer){.probability = 1};
    double root = (sqrt(e) + sqrt(e + 4 * e * gap)) / (2 * gap);
    return (struct manager_answer){.probability = fmin(1, root * root)};
}

static const struct manager_row rows[MANAGERS] = {
    [MANAGER_RANDOM] = {.stream = RNG_MANAGER, .ask = manager_ask_random},
    [MANAGER_PERIODIC] = {.stream = RNG_MANAGER,
                          .ask = manager_ask_periodic,
                          .note = manager_note_periodic},
    [MANAGER_FIXED] = {.stream = RNG_MANAGER, .ask = manager_ask_fixed},
    [MANAGER_VARIABLE] = {.stream = RNG_MANAGER,
                          .ask = manager_ask_variable,
                          .note = manager_step_slowly,
                          .rescale = manager_rescale_edge},
    [MANAGER_RANDOM_VARIABLE] = {.stream = RNG_MANAGER,
                                 .ask = manager_ask_random_variable,
                                 .note = manager_step_slowly,
                                 .rescale = manager_rescale_edge},
    [MANAGER_SPLIT] = {.stream = RNG_MANAGER,
                       .ask = manager_ask_split,
                       .note = manager_step_slowly,
                       .rescale = manager_rescale_edge},
    [MANAGER_QUANTILE_WINDOW] = {.stream = RNG_TIE,
                                 .ask = manager_ask_quantile_window,
                                 .note = manager_note_window,
                                 .threshold = manager_window_threshold},
    [MANAGER_QUANTILE_TRACKER] = {.stream = RNG_MANAGER,
                                  .ask = manager_ask_variable,
                                  .note = manager_step_fast,
                                  .rescale = manager_rescale_edge},
    [MANAGER_BIQF] = {.stream = RNG_TIE, .ask = manager_ask_biqf, .note = manager_note_biqf},
    [MANAGER_MARGIN_PROBABILITY] = {.stream = RNG_MANAGER,
                                    .ask = manager_ask_margin_probability,
                                    .note = manager_control},
    [MANAGER_IWAL] = {.stream = RNG_MANAGER, .ask = manager_ask_iwal, .note = manager_control},
};

const struct manager_row *manager_row(enum manager m) {
    CHECK(m < MANAGERS);
    return &rows[m];
}
