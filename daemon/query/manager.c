/* Budget managers. A manager names the probability with which it would ask; the strategy arm draws,
 * and the token bucket has the last word.
 *
 * So a manager can neither overspend nor change the propensities, and a new one is a row and a
 * function or two. All work on ranks or on codes of utilities, where a step of so many codes is a
 * step by a factor, so none depends on the scale of a measure. Each remembers at most one word
 * beside the window.
 *
 * Thread: worker thread, simulation */
#include "manager.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

static double manager_clamp(double x, double least, double most) {
    if (!(x > least)) return least;
    return x > most ? most : x;
}

/* The manager's word as a number. */
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

/* Asks each time a whole label has been saved. The word is what was saved, at most two labels. */
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

/* The smoothed rank of the utility among the window's, ties broken at random: a conformal p-value
 * (Vovk, Gammerman, Shafer 2005). For exchangeable utilities it asks exactly at the rate, whatever
 * their distribution and however few are in the window. So equal utilities do not flood, and with
 * an empty window it is a random draw. */
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

enum { OCTAVE = 512 }; // codes from a utility to its double (query/selection_state.c)

/* Codes that a threshold moves. */
static const double step_small = 0.0144 * OCTAVE; // 1 %: Žliobaitė, Bifet, Pfahringer, Holmes 2014
static const double step_large = 0.5 * OCTAVE;    // half an octave

/* The threshold, as a code with a fraction; it starts at the first utility. */
static double manager_edge(const struct manager_call *c) {
    double e = manager_word(c);
    return e > 0 ? e : c->code;
}

static struct manager_answer manager_over(const struct manager_call *c, double probability) {
    return (struct manager_answer){.probability = probability,
                                   .threshold = utility_value((uint16_t)manager_edge(c))};
}

/* Moves the threshold up by the share of asking above the rate, down by the share below. Its fixed
 * point is the rate itself; the paper's equal steps settle where one half is asked, which then the
 * token bucket refuses. */
static void manager_step(const struct manager_call *c, double size, double named) {
    manager_put_word(c->own,
                     manager_clamp(manager_edge(c) + size * (named - c->rate), 1, UINT16_MAX - 1));
    window_note(&c->window, c->code);
}

static void manager_step_slowly(const struct manager_call *c, double named, bool asked) {
    (void)asked;
    manager_step(c, step_small, named);
}

/* Stochastic approximation (Robbins and Monro 1951) on the pinball loss; steps of half an octave
 * follow a scale that drifts within a few labels. */
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

/* Randomised variable threshold (same paper): the threshold is multiplied by a factor η from
 * max(0, N(1, 1)); the probability that the sample passes is computed, not drawn. Where η is 0 the
 * sample is not asked. (Implementations differ there: tests/unit/query/defects.c.) */
static struct manager_answer manager_ask_random_variable(const struct manager_call *c) {
    double e = utility_value((uint16_t)manager_edge(c)),
           ratio = c->utility > 0 ? e / c->utility : c->utility / e; // the least η that asks
    if (!(ratio > 0 && isfinite(ratio))) // of two signs: a factor says nothing
        return manager_over(c, c->code > manager_edge(c));
    return manager_over(c, manager_normal_below(1 - ratio));
}

/* Split (same paper): a share of the samples is drawn at random, so that a change far from the
 * decision boundary is seen too. */
static struct manager_answer manager_ask_split(const struct manager_call *c) {
    static const double at_random = 0.2;
    return manager_over(c, at_random * c->rate + (1 - at_random) * (c->code > manager_edge(c)));
}

/* ---- balanced incremental quantile filter ---- */

static const double biqf_tolerance =
    50;                             // of the paper: labels unspent that lower by the whole range
static const double biqf_most = 10; // labels unspent or overspent that are remembered

/* Balanced incremental quantile filter (Kottke, Krempl, Spiliopoulou 2015): the window's quantile,
 * lowered by what was left unspent. The word is that, bounded, so that an old debt is not paid for
 * ever; ties are drawn, so that equal utilities do not flood. */
static double manager_balanced_edge(const struct manager_call *c) {
    size_t n = *c->window.n;
    double least = utility_value(window_nth_smallest(&c->window, 1)),
           most = utility_value(window_nth_smallest(&c->window, n));
    return utility_value(window_edge(&c->window, c->rate)) -
           (most - least) * manager_word(c) / biqf_tolerance;
}

static struct manager_answer manager_ask_biqf(const struct manager_call *c) {
    if (!*c->window.n) return manager_ask_random(c);
    double e = manager_balanced_edge(c);
    struct manager_answer answer = {.probability = c->utility > e, .threshold = e};
    if (c->utility == e) answer.probability = manager_rank_probability(c);
    return answer;
}

static void manager_note_biqf(const struct manager_call *c, double named, bool asked) {
    (void)named;
    manager_put_word(c->own,
                     manager_clamp(manager_word(c) + c->rate - asked, -biqf_most, biqf_most));
    window_note(&c->window, c->code);
}

/* ---- probabilities of the margin ---- */

static const double distance_most = 1e6;       // beyond it no probability changes
static const double control_gain = 0.05;       // of the constant's logarithm, by sample
static const double control_rate_least = 1e-6; // below it the gain would grow without bound
static const double iwal_samples_most = 1000;  // t of IWAL, at most
static const double control_most = 30;         // bound of that logarithm, either way

/* The distance from the decision boundary, |m|: how far the utility lies below the best of the
 * window, in units of the way from the best to the median. 0 at the boundary, 1 in the middle. */
static double manager_distance(const struct manager_call *c) {
    size_t n = *c->window.n;
    if (!n) return 1;
    double best = utility_value(window_nth_smallest(&c->window, n)),
           middle = utility_value(window_nth_smallest(&c->window, (n + 1) / 2));
    if (!(best > middle)) return 1;
    return manager_clamp((best - c->utility) / (best - middle), 0, distance_most);
}

/* The word is the logarithm of the rule's constant; it moves so that the mean probability is the
 * rate. */
static void manager_control(const struct manager_call *c, double named, bool asked) {
    (void)asked;
    double step = control_gain * (c->rate - named) / sqrt(fmax(c->rate, control_rate_least));
    manager_put_word(c->own, manager_clamp(manager_word(c) + step, -control_most, control_most));
    window_note(&c->window, c->code);
}

/* b/(b + |m|), |m| the margin's size (Cesa-Bianchi, Gentile, Zaniboni 2006). */
static struct manager_answer manager_ask_margin_probability(const struct manager_call *c) {
    double b = 0.05 * exp(manager_word(c));
    return (struct manager_answer){.probability = b / (b + manager_distance(c))};
}

/* Importance-weighted active learning (Beygelzimer, Hsu, Langford, Zhang 2010): with the gap G in
 * error between the best hypothesis and the best that predicts another class, ask if G ≤ √ε + ε,
 * else with the probability s that solves G = √(ε/s) + ε/s, so s = ((√ε + √(ε + 4εG)) / 2G)². ε =
 * c₀ ln(t + 1)/t; c₀ is controlled and t bounded, because with the paper's constant the rate falls
 * like ln t / t and a drift would be missed. */
static struct manager_answer manager_ask_iwal(const struct manager_call *c) {
    double t = fmin((double)c->seen + 1, iwal_samples_most), gap = tanh(manager_distance(c) / 2),
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
                                 .threshold = manager_window_threshold,
                                 .ranks = true},
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
