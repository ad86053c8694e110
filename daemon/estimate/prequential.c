/* Accuracy by test-then-train (prequential), from labels that were not sampled evenly.
 *
 * The samples are two strata. What the strategy arm asked (propensity 1) is known in full. The rest
 * is seen through the random arm, where each draw stands for 1/propensity samples. The estimate is
 * Hájek's ratio (1971): the weighted sum of right predictions over the weighted sum of all.
 *
 * Both sums of the ratio are uncertain: a few draws say neither how many of the rest are wrong nor
 * how many the rest are, and the second matters as much where the strategy arm has asked many hard
 * samples. So right and wrong predictions of the rest each get the interval of a Poisson total with
 * weights (a gamma distribution: Fay and Feuer 1997; its quantile by Wilson and Hilferty 1931), the
 * known counts are added, and the two intervals are combined to one of their ratio by the
 * square-and-add rule of Donner and Zou (2012). So a handful of draws, or none that was wrong,
 * gives a wide interval, where a normal approximation would claim certainty (promise I7). Before
 * the first draw nothing is known of the rest, and the interval is 0 to 1.
 *
 * Thread: learner thread */
#include "estimate/prequential.h"

#include "base/error.h"

#include <math.h>
#include <stdbool.h>

static const double z = 1.959964; // of the standard normal distribution, 2.5 % above it

/* Of fewer answers, all of them asked for, nothing is claimed. */
enum { CENSUS = 100 };

/* Sums over the answers whose prediction was right, or over those where it was wrong. */
struct prequential_sums {
    double n;        // unweighted
    double known;    // propensity 1
    double drawn;    // weights of the others
    double variance; // of that sum: each draw adds w(w-1)
};

struct prequential {
    struct prequential_sums sums[2]; // wrong, right
};

struct prequential *prequential_create(void) {
    return xcalloc(1, sizeof(struct prequential));
}

void prequential_destroy(struct prequential *p) { free(p); }

void prequential_add(struct prequential *p, int truth, int predicted, double propensity) {
    CHECK(propensity > 0 && propensity <= 1);
    if (predicted < 0) return;
    struct prequential_sums *s = &p->sums[truth == predicted];
    double weight = 1 / propensity;
    s->n++;
    if (weight <= 1) {
        s->known++;
    } else {
        s->drawn += weight;
        s->variance += weight * (weight - 1);
    }
}

/* ---- the interval ---- */

/* A total with its own 95 % interval. */
struct prequential_total {
    double is, low, high;
};

/* The quantile of the gamma distribution of this mean and variance at a standard normal deviate. */
static double prequential_gamma_quantile(double mean, double variance, double deviate) {
    if (!(mean > 0)) return 0;
    if (!(variance > 0)) return mean;
    double shape = mean * mean / variance, root = 1 - 1 / (9 * shape) + deviate / (3 * sqrt(shape));
    return root > 0 ? mean * root * root * root : 0;
}

/* weight: of one draw more, which could have come and did not; 1: there is no random arm. */
static struct prequential_total prequential_total_of(const struct prequential_sums *s,
                                                     double weight) {
    double drawn = s->drawn, variance = s->variance,
           low = prequential_gamma_quantile(drawn, variance, -z);
    double high =
        weight > 1 ? prequential_gamma_quantile(drawn + weight, variance + weight * (weight - 1), z)
                   : 0;
    return (struct prequential_total){s->known + drawn, s->known + fmin(low, drawn),
                                      s->known + fmax(high, drawn)};
}

/* Lower end of a / (a + b), from that of the ratio a / b. */
static double prequential_share_low(const struct prequential_total *a,
                                    const struct prequential_total *b) {
    double over = a->low * (2 * a->is - a->low), product = a->is * b->is;
    double under =
        product + sqrt(fmax(0, product * product - over * b->high * (2 * b->is - b->high)));
    return over > 0 ? over / (over + under) : 0;
}

void prequential_read(const struct prequential *p, bool chosen, struct prequential_figures *out) {
    const struct prequential_sums *wrong = &p->sums[0], *right = &p->sums[1];
    double n = wrong->n + right->n, drawn = wrong->drawn + right->drawn;
    *out = (struct prequential_figures){(uint64_t)(n + 0.5), NAN, NAN, NAN, NAN};
    if (!out->n) return;
    double weight =
        drawn > 0 ? 1 + (wrong->variance + right->variance) / drawn : 1; // Kish's mean weight
    struct prequential_total r = prequential_total_of(right, weight),
                             w = prequential_total_of(wrong, weight);
    bool undrawn = !(drawn > 0), unheard = undrawn && (chosen || n < CENSUS);
    double share = r.is / (r.is + w.is);
    out->naive = right->n / n;
    out->accuracy = undrawn && chosen ? NAN : share;
    out->low = unheard ? 0 : fmin(share, prequential_share_low(&r, &w));
    out->high = unheard ? 1 : fmax(share, 1 - prequential_share_low(&w, &r));
}
