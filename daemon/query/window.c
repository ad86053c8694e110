/* A ring of utility codes: ranks by counting, quantiles by bisection over codes, so no copy is made
 * and nothing is sorted. 128 codes are 256 bytes: reading all of them, eight at a time, is cheaper
 * than keeping them in order.
 *
 * Thread: worker thread, simulation */
#include "window.h"

#include "query/selection_state.h"

#include <math.h>
#include <string.h>

/* Eight codes at a time by the compiler's vector extension: -O2 would leave a plain loop scalar,
 * which would be most of a decision's cost. */
enum { LANES = 8 };
typedef uint16_t lanes __attribute__((vector_size(2 * LANES)));

/* The sum of all lanes, which must fit into one: four of them are added by a multiplication whose
 * top lane is their sum. */
static size_t window_across(lanes sums) {
    uint64_t half[2];
    memcpy(half, &sums, sizeof half);
    return (half[0] + half[1]) * 0x0001000100010001u >> 48;
}

/* How many of n codes, a multiple of LANES, are at most that one, lane by lane. */
static inline lanes window_scan(const uint16_t *value, size_t n, uint16_t code) {
    lanes sums = {0}, some;
#pragma GCC unroll 16
    for (size_t i = 0; i < n; i += LANES) {
        memcpy(&some, value + i, sizeof some);
        sums -= (lanes)(some <= code); // true is all ones
    }
    return sums;
}

size_t window_at_most(const struct window *w, uint16_t code) {
    size_t n = *w->n, whole = n - n % LANES;
    if (n == STATE_WINDOW)
        return window_across(
            window_scan(w->value, STATE_WINDOW, code)); // nearly always: a loop without a jump
    size_t count = window_across(window_scan(w->value, whole, code));
    for (size_t i = whole; i < n; i++) count += w->value[i] <= code;
    return count;
}

size_t window_below(const struct window *w, uint16_t code) {
    return code ? window_at_most(w, (uint16_t)(code - 1)) : 0;
}

struct window_range {
    uint16_t least, most;
};

static lanes window_choose(lanes mask, lanes yes, lanes no) { return (yes & mask) | (no & ~mask); }

static struct window_range window_least_most(const struct window *w) {
    struct window_range r = {w->value[0], w->value[0]};
    size_t i = 0, n = *w->n;
    if (n >= LANES) {
        lanes least, most, some;
        memcpy(&least, w->value, sizeof least);
        most = least;
        for (; i + LANES <= n; i += LANES) {
            memcpy(&some, w->value + i, sizeof some);
            least = window_choose((lanes)(some <= least), some, least);
            most = window_choose((lanes)(some <= most), most, some);
        }
        for (size_t l = 0; l < LANES; l++)
            r = (struct window_range){least[l] < r.least ? least[l] : r.least,
                                      most[l] > r.most ? most[l] : r.most};
    }
    for (; i < n; i++)
        r = (struct window_range){w->value[i] < r.least ? w->value[i] : r.least,
                                  w->value[i] > r.most ? w->value[i] : r.most};
    return r;
}

uint16_t window_nth_smallest(const struct window *w, size_t nth) {
    struct window_range r = window_least_most(w);
    if (nth == 1) return r.least;
    if (nth == *w->n) return r.most;
    uint32_t low = r.least, high = r.most;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (window_at_most(w, (uint16_t)middle) >= nth) high = middle;
        else low = middle + 1;
    }
    return (uint16_t)low;
}

uint16_t window_edge(const struct window *w, double rate) {
    double nth = ceil((1 - rate) * (double)(*w->n + 1));
    return window_nth_smallest(w, (size_t)fmax(1, fmin(nth, *w->n)));
}

void window_note(const struct window *w, uint16_t code) {
    w->value[*w->at] = code;
    *w->at = (uint8_t)(*w->at + 1u < w->cap ? *w->at + 1u : 0);
    if (*w->n < w->cap) ++*w->n;
}

/* By the shares above the median and above the top eighth, within three standard errors. */
bool window_plausible(const struct window *w, const float *quantiles) {
    static const double above[] = {0.5, 0.125};
    double n = *w->n;
    for (size_t i = 0; i < sizeof above / sizeof *above; i++) {
        uint16_t limit = utility_code((double)quantiles[(size_t)((1 - above[i]) * STATE_WINDOW)]);
        double over = n - (double)window_at_most(w, limit),
               reached = n - (double)window_below(w, limit);
        double expected = n * above[i], slack = 3 * sqrt(n * above[i] * (1 - above[i]));
        if (reached < expected - slack || over > expected + slack) return false;
    }
    return *w->n == w->cap;
}
