/* Intervals that keep their word where a few heavy, skewed draws carry them.
 *
 * The ends of a total are quantiles of a Pearson III distribution (a shifted gamma) with the
 * variance of the draws and twice their skewness: for a plain count that is the exact interval of a
 * Poisson total (Garwood 1936; Fay and Feuer 1997 with weights), for many draws the normal one. To
 * each end a part of one draw more is added, which could have come and did not; so a handful of
 * draws that were all alike does not claim certainty. The part is less than the whole draw of the
 * exact interval, which is for counts and covers too much where errors are not whole
 * (`scripts/bench coverage` measures what is left). The quantile is that of Wilson and Hilferty
 * (1931). A share of two totals gets the square-and-add interval of Donner and Zou (2012).
 *
 * The band is the same with the deviate of an asymptotic confidence sequence: Waudby-Smith, Arbour,
 * Sinha, Kennedy and Ramdas (2021), Time-uniform central limit theory, arXiv 2103.06476, equation
 * (4), narrowest at 500 draws.
 *
 * Thread: any thread */
#include "interval.h"

#include <math.h>

static const double one_look = 1.959964; // of the standard normal distribution, 2.5 % above it
static const double miss = 0.05;         // what a band may miss, ever
static const double narrowest = 500;     // draws at which the band is narrowest

static const double more = 0.7;        // of a draw: in variance and skewness
static const double shift = 0.35;      // of a draw: in the mean
static const double skew_most = 4;     // beyond it Wilson and Hilferty are far off
static const double skew_least = 1e-6; // below it the quantile is the normal one

double interval_deviate(void) { return one_look; }

/* Where nothing is drawn, and the error is of answers that are still open, each exchange of these
 * is a new chance to miss. */
double interval_deviate_always(size_t draws, double renewed) {
    double t = (double)draws, rho = (-2 * log(miss) + log(-2 * log(miss) + 1)) / narrowest,
           x = t * rho;
    return sqrt(2 * (x + 1) / x * log(sqrt(x + 1) / miss) + 4 * log1p(renewed));
}

/* How far that end is from the total; side: 1 above, -1 below. */
static double interval_reach(const struct total *t, double side, double deviate) {
    bool open = side > 0 || !t->counts;
    double one = open ? more * t->draw : 0, variance = t->variance + one * one,
           skew = 2 * (side * t->skew + one * one * one) / (variance * sqrt(variance)), reach;
    if (!(variance > 0)) return 0;
    skew = fmax(-skew_most, fmin(skew, skew_most));
    if (fabs(skew) < skew_least) {
        reach = deviate;
    } else {
        double root = fmax(0, 1 + skew * deviate / 6 - skew * skew / 36);
        reach = 2 / skew * (root * root * root - 1);
    }
    return fmax(0, (open ? shift * t->draw : 0) + sqrt(variance) * reach);
}

struct range interval_of_total(const struct total *t, double deviate) {
    return (struct range){t->is - interval_reach(t, -1, deviate),
                          t->is + interval_reach(t, 1, deviate)};
}

/* Lower end of a / (a + b), from that of the ratio a / b. */
static double interval_share_low(double a, double a_low, double b, double b_high) {
    double over = a_low * (2 * a - a_low), product = a * b;
    double under = product + sqrt(fmax(0, product * product - over * b_high * (2 * b - b_high)));
    return over > 0 ? over / (over + under) : 0;
}

struct range interval_of_share(const struct total *a, double a_least, const struct total *b,
                               double b_least, double deviate) {
    struct range x = interval_of_total(a, deviate), y = interval_of_total(b, deviate);
    double is_a = fmax(a->is, a_least), is_b = fmax(b->is, b_least);
    if (!(is_a + is_b > 0)) return (struct range){0, 1};
    double share = is_a / (is_a + is_b);
    double low = interval_share_low(is_a, fmin(is_a, fmax(x.low, a_least)), is_b, y.high),
           high = 1 - interval_share_low(is_b, fmin(is_b, fmax(y.low, b_least)), is_a, x.high);
    return (struct range){fmin(low, share), fmax(high, share)};
}
