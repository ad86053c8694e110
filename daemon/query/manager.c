/* Budget managers. A manager names the probability with which it would ask; the strategy arm draws, and the purse has the last word.
 *
 * So a manager can neither overspend nor change the propensities, and a new one is a row and a function or two.
 * quantile_window: the smoothed rank of the utility among the last W, ties broken at random, as a conformal p-value (Vovk, Gammerman,
 * Shafer 2005). For exchangeable utilities it asks exactly at the rate, whatever their distribution and however few are in the window:
 * equal ones don't flood, and an empty window is a random draw. Thread: worker thread */
#include "manager.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

static double clamp(double x, double least, double most) { return x < least ? least : x > most ? most : x; }

/* ---- random ---- */

static struct manager_answer ask_random(const struct manager_call *c) { return (struct manager_answer){.probability = c->rate}; }

/* ---- fixed ---- */

static struct manager_answer ask_fixed(const struct manager_call *c) {
    return (struct manager_answer){.probability = c->utility >= c->fixed, .threshold = c->fixed};
}

/* ---- quantile_window ---- */

/* Eight codes at a time, written out: what -O2 leaves scalar would be most of a decision's cost. */
enum { LANES = 8 };
typedef uint16_t lanes __attribute__((vector_size(2 * LANES)));

static size_t count_at_most(const uint16_t *value, size_t n, uint16_t limit) {
    lanes sums = {0};
    size_t i = 0, count = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes some;
        memcpy(&some, value + i, sizeof some);
        sums -= (lanes)(some <= limit); // true is all ones
    }
    for (size_t l = 0; l < LANES; l++) count += sums[l];
    for (; i < n; i++) count += value[i] <= limit;
    return count;
}

static size_t count_below(const uint16_t *value, size_t n, uint16_t limit) {
    return limit ? count_at_most(value, n, (uint16_t)(limit - 1)) : 0;
}

/* The nth smallest value, 1 ≤ nth ≤ n: bisection over codes needs no copy and no sorting. */
static uint16_t nth_smallest(const uint16_t *value, size_t n, size_t nth) {
    uint32_t low = 0, high = UINT16_MAX;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (count_at_most(value, n, (uint16_t)middle) >= nth) high = middle;
        else low = middle + 1;
    }
    return (uint16_t)low;
}

static struct manager_answer ask_quantile_window(const struct manager_call *c) {
    const struct window *w = &c->window;
    size_t n = *w->n, below = count_below(w->value, n, c->code), equal = count_at_most(w->value, n, c->code) - below;
    double edge = (1 - c->rate) * (double)(n + 1); // so many ranks are not asked
    struct manager_answer a = {.probability = clamp(1 - (edge - (double)below) / (double)(equal + 1), 0, 1)};
    if (n) a.threshold = utility_value(nth_smallest(w->value, n, (size_t)clamp(ceil(edge), 1, (double)n)));
    return a;
}

static void note_quantile_window(const struct manager_call *c, bool asked) {
    (void)asked;
    const struct window *w = &c->window;
    w->value[*w->at] = c->code;
    *w->at = (uint8_t)((*w->at + 1u) % w->cap);
    if (*w->n < w->cap) ++*w->n;
}

static const struct manager_row rows[MANAGERS] = {
    [MANAGER_RANDOM] = {RNG_MANAGER, ask_random, NULL},
    [MANAGER_FIXED] = {RNG_MANAGER, ask_fixed, NULL},
    [MANAGER_QUANTILE_WINDOW] = {RNG_TIE, ask_quantile_window, note_quantile_window},
};

const struct manager_row *manager_row(enum manager m) {
    CHECK(m < MANAGERS);
    return &rows[m];
}
