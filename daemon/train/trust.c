/* How far boosted trees are believed beside the mixture that they correct: a mixture of the two, by
 * what was recorded of both before each label was learned (promise I7), as members are mixed
 * (mixture.c).
 *
 * A loss counts a wrong decision besides the Brier loss. Trees spread over years what a short
 * memory knows of today: on electricity their probabilities are better by Brier and log loss, and
 * their decisions worse (docs/DECISIONS.md, D208). The evidence fades slowly, and fades to a belief
 * that trees must have earned: two that are nearly alike differ by chance for hundreds of labels.
 *
 * Thread: learner thread, simulation */
#include "boost.h"

#include "mixture.h"

#include <math.h>

/* The mixture counts five times as much as trees that nobody has tried. */
const double boost_trust_first = 1.0 / 6;

static const double rate = 0.2;       // of the losses' difference
static const double memory = 1000;    // labels over which it fades
static const double odds_most = 20.7; // log odds, either way: 10⁻⁹, from which trees come back

static double trust_log_odds(double share) { return log(share / (1 - share)); }
static double trust_share(double log_odds) { return 1 / (1 + exp(-log_odds)); }
static double trust_bounded(double log_odds) { return fmin(fmax(log_odds, -odds_most), odds_most); }

/* Brier loss, and 1 where the decision was wrong. prob: (k). */
static double trust_loss(const double *prob, size_t k, size_t label) {
    size_t top = 0;
    double loss = 0;
    for (size_t c = 0; c < k; c++) {
        double miss = prob[c] - (c == label);
        loss += miss * miss;
        if (prob[c] > prob[top]) top = c;
    }
    return loss + (top != label);
}

/* Whether trees said anything: out (k). */
static bool trust_boosted(const struct fit_rows *rows, size_t i, size_t k, double *out) {
    double sum = 0;
    for (size_t c = 0; c < k; c++) sum += out[c] = (double)rows->boosted[i * k + c];
    return sum > 0;
}

double boost_trust(const struct fit_options *o, const struct fit_rows *rows, double trust,
                   double *given) {
    const double first = trust_log_odds(boost_trust_first), keep = 1 - 1 / memory,
                 step = rate * mixture_pace(o);
    double odds = trust_log_odds(trust), *boosted = xmalloc(o->k * sizeof *boosted);
    for (size_t i = rows->since; rows->boosted && i < rows->n; i++) {
        const size_t label = (size_t)rows->label[i];
        double *prob = given + i * o->k, share = trust_share(odds);
        if (isnan(prob[0]) || !trust_boosted(rows, i, o->k, boosted)) continue;
        double lost = trust_loss(prob, o->k, label) - trust_loss(boosted, o->k, label);
        odds = first + keep * (odds - first) + step * (rows->weight ? rows->weight[i] : 1) * lost;
        odds = trust_bounded(odds); // as a step has it
        for (size_t c = 0; c < o->k; c++) prob[c] += share * (boosted[c] - prob[c]);
    }
    free(boosted);
    return trust_share(odds);
}
