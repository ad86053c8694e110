/* Two e-detectors on the places of utilities.
 *
 * Thread: one owner */
#include "estimate/shift.h"

#include <stdbool.h>

static const double slack = 0.1; // three standard errors of a mean place among 75 tasks

enum shift_way shift_look(struct shift *s, double looks, double place) {
    if (!(looks > 0)) {
        *s = (struct shift){0};
        return SHIFT_NONE;
    }
    s->more = (1 + s->more) * (1 + (place - 0.5 - slack));
    s->less = (1 + s->less) * (1 + (0.5 - place - slack));
    if (shift_evidence(s) < looks) return SHIFT_NONE;
    enum shift_way way = s->more > s->less ? SHIFT_MORE : SHIFT_LESS;
    *s = (struct shift){0};
    return way;
}

double shift_evidence(const struct shift *s) { return (s->more + s->less) / 2; }

/* How many of n ascending quantiles are below the utility; or_equal: or are equal to it. */
static size_t shift_below(const float *quantiles, size_t n, double utility, bool or_equal) {
    size_t low = 0;
    while (low < n) {
        size_t middle = low + (n - low) / 2;
        double q = (double)quantiles[middle];
        if (q < utility || (or_equal && q == utility)) low = middle + 1;
        else n = middle;
    }
    return low;
}

double shift_place(const float *quantiles, size_t n, double utility) {
    return (double)(shift_below(quantiles, n, utility, false) +
                    shift_below(quantiles, n, utility, true)) /
           (2 * (double)n);
}
