/* A ring of utility codes: ranks by counting, quantiles by bisection over codes, so no copy is made and nothing is sorted.
 *
 * One idea: 128 codes are 256 bytes, so reading all of them eight at a time is cheaper than keeping them in order.
 *
 * Thread: worker thread */
#include "window.h"

#include "query/state.h"

#include <math.h>
#include <string.h>

/* Eight codes at a time, written out: what -O2 leaves scalar would be most of a decision's cost. */
enum { LANES = 8 };
typedef uint16_t lanes __attribute__((vector_size(2 * LANES)));

size_t window_at_most(const struct window *w, uint16_t code) {
    lanes sums = {0};
    size_t i = 0, count = 0, n = *w->n;
    for (; i + LANES <= n; i += LANES) {
        lanes some;
        memcpy(&some, w->value + i, sizeof some);
        sums -= (lanes)(some <= code); // true is all ones
    }
    for (size_t l = 0; l < LANES; l++) count += sums[l];
    for (; i < n; i++) count += w->value[i] <= code;
    return count;
}

size_t window_below(const struct window *w, uint16_t code) { return code ? window_at_most(w, (uint16_t)(code - 1)) : 0; }

void window_rank(const struct window *w, uint16_t code, size_t *below, size_t *equal) {
    lanes less = {0}, same = {0};
    size_t i = 0, n = *w->n;
    *below = *equal = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes some;
        memcpy(&some, w->value + i, sizeof some);
        less -= (lanes)(some < code); // true is all ones
        same -= (lanes)(some == code);
    }
    for (size_t l = 0; l < LANES; l++) *below += less[l], *equal += same[l];
    for (; i < n; i++) *below += w->value[i] < code, *equal += w->value[i] == code;
}

uint16_t window_nth_smallest(const struct window *w, size_t nth) {
    uint32_t low = 0, high = UINT16_MAX;
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
    *w->at = (uint8_t)((*w->at + 1u) % w->cap);
    if (*w->n < w->cap) ++*w->n;
}

/* Shares above the median and above the top eighth, within three standard errors. */
bool window_plausible(const struct window *w, const float *quantiles) {
    static const double above[] = {0.5, 0.125};
    double n = *w->n;
    for (size_t i = 0; i < sizeof above / sizeof *above; i++) {
        uint16_t limit = utility_code((double)quantiles[(size_t)((1 - above[i]) * STATE_WINDOW)]);
        double over = n - (double)window_at_most(w, limit), reached = n - (double)window_below(w, limit);
        double expected = n * above[i], slack = 3 * sqrt(n * above[i] * (1 - above[i]));
        if (reached < expected - slack || over > expected + slack) return false;
    }
    return *w->n == w->cap;
}
