/* The weights with which members are mixed: exponential weights by their discounted Brier loss on
 * labels (Vovk and Zhdanov 2009, "Prediction with expert advice for the Brier game").
 *
 * Each loss is taken from the prediction that was recorded when the sample was asked, so before its
 * label was learned (promise I7). Old losses fade, for streams whose best member changes (the
 * concern of Herbster and Warmuth 1998). The Brier loss is bounded: asked labels are the doubtful
 * ones, and the log loss of a few bold errors among them would silence the member that is best on
 * all others.
 *
 * Thread: learner thread, simulation */
#include "mixture.h"

#include "member.h"

#include <math.h>

size_t mixture_members(const struct fit_options *o) {
    return member_first_hinged(o) + o->hinges_n + o->anchored;
}

/* Below 1, the rate for independent labels: asked labels come in runs and are doubtful, so each
 * carries less evidence. */
static const double mix_rate = 0.3;
/* The least log weight, beside that of the best member: a share above 0, since members without a
 * share are a committee's. Members with hinges have it where nothing bends. */
static const double silent = -600;
/* The least share of that rate that is left when labels come late. */
static const double late_share = 1.0 / 3;

double mixture_pace(const struct fit_options *o) { return fmax(1 - o->late, late_share); }

size_t fit_members(const struct fit_options *o) { return mixture_members(o) + o->committee; }

static bool mixture_recorded(const float *member, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (member[i] > 0) return true;
    return false;
}

static double mixture_brier(const float *prob, size_t k, int label) {
    double loss = 0;
    for (size_t c = 0; c < k; c++) {
        double miss = (double)prob[c] - (c == (size_t)label);
        loss += miss * miss;
    }
    return loss;
}

/* Log weights to shares that sum to 1. out may be log_weight. */
static void mixture_shares(const double *log_weight, size_t members, double *out) {
    double most = -INFINITY, sum = 0;
    for (size_t m = 0; m < members; m++) most = fmax(most, log_weight[m]);
    for (size_t m = 0; m < members; m++) sum += out[m] = exp(fmax(log_weight[m] - most, silent));
    for (size_t m = 0; m < members; m++) out[m] /= sum;
}

/* What the mixture gave each class: given (k). member: (members, k) as recorded; share: (members)
 * room. */
static void mixture_gave(const double *log_weight, const float *member, size_t members, size_t k,
                         double *share, double *given) {
    mixture_shares(log_weight, members, share);
    for (size_t c = 0; c < k; c++) given[c] = 0;
    for (size_t m = 0; m < members; m++)
        for (size_t c = 0; c < k; c++) given[c] += share[m] * (double)member[m * k + c];
}

/* ---- the base rates, against all others ---- */

/* Whether columns tell anything does not change from one day to the next. Over as few labels as the
 * others are weighed, the base rates would lead behind each turn of the world, and what is soft
 * hides it from the alarm. */
static const double base_memory = 10; // times that of the others
/* What the log odds begin with, and fade to, where a given model is built upon: it has been
 * trained, and is not to be doubted before the first answer. */
static const double base_beside_prior = -4;

/* Log odds, either way: a share of 10⁻⁹ is left, from which the others, or they, come back. */
static const double base_odds_most = 20.7;

static double base_bounded(double odds) {
    return fmin(fmax(odds, -base_odds_most), base_odds_most);
}

static double base_first(const struct fit_options *o) {
    return o->prior ? base_beside_prior : -log((double)mixture_members(o) - 1);
}

/* The log odds of the base rates, which leave the log weights; −∞: there is no such member. */
static double base_odds(const struct fit_options *o, size_t members, double *log_weight) {
    double most = -INFINITY, sum = 0, own;
    if (!o->base_rates || members < 2) return -INFINITY;
    own = log_weight[member_base(o)];
    log_weight[member_base(o)] = -INFINITY;
    for (size_t m = 0; m < members; m++) most = fmax(most, log_weight[m]);
    for (size_t m = 0; m < members; m++) sum += exp(log_weight[m] - most);
    return base_bounded(own - most - log(sum));
}

/* The odds behind a label; given: what the others said, and from here on all. */
static double base_weigh(const struct fit_options *o, double odds, double rate, const float *base,
                         int label, double *given) {
    double share = 1 / (1 + exp(-odds)), first = base_first(o), gain = 0;
    if (odds == -INFINITY) return odds;
    for (size_t c = 0; c < o->k; c++) {
        double truth = c == (size_t)label, other = given[c] - truth, own = (double)base[c] - truth;
        gain += other * other - own * own;
        given[c] += share * ((double)base[c] - given[c]);
    }
    return base_bounded(first + (1 - 1 / (base_memory * o->mix_memory)) * (odds - first) +
                        rate * gain);
}

/* ---- all ---- */

/* Lowers the log weights by each label's loss. Losses of labels asked longer ago count less, those
 * of before a turn not at all. A common offset of the weights does not matter. Returns the log odds
 * of the base rates. */
static double mixture_weigh(const struct fit_options *o, const struct fit_rows *rows,
                            size_t members, double odds, double *log_weight, double *given) {
    double keep = 1 - 1 / o->mix_memory, rate = mix_rate * mixture_pace(o), share[MEMBERS_MAX];
    for (size_t i = rows->since; rows->members == fit_members(o) && i < rows->n; i++) {
        const float *member = rows->member + i * rows->members * o->k;
        if (!mixture_recorded(member, members * o->k)) continue;
        double believed = rows->weight ? rate * rows->weight[i] : rate;
        mixture_gave(log_weight, member, members, o->k, share, given + i * o->k);
        odds = base_weigh(o, odds, believed, member + member_base(o) * o->k, rows->label[i],
                          given + i * o->k);
        for (size_t m = 0; m < members; m++) {
            if (log_weight[m] == -INFINITY) continue;
            log_weight[m] = keep * log_weight[m] -
                            believed * mixture_brier(member + m * o->k, o->k, rows->label[i]);
        }
    }
    return odds;
}

void mixture_begin(const struct fit_options *o, double *mix) {
    size_t members = mixture_members(o);
    for (size_t m = 0; m < members; m++) mix[m] = 0;
    if (o->base_rates) mix[member_base(o)] = base_first(o) + log((double)members - 1);
}

void mixture_of(const struct fit_options *o, const struct fit_rows *rows, bool bends, double *mix,
                double *given) {
    size_t members = mixture_members(o);
    for (size_t i = 0; i < rows->n * o->k; i++) given[i] = NAN;
    for (size_t m = 0; !bends && m < o->hinges_n; m++) mix[member_first_hinged(o) + m] = -INFINITY;
    double odds = base_odds(o, members, mix);
    odds = mixture_weigh(o, rows, members, odds, mix, given);
    mixture_shares(mix, members, mix);
    if (odds == -INFINITY) return;
    double base = 1 / (1 + exp(-odds));
    for (size_t m = 0; m < members; m++) mix[m] *= 1 - base;
    mix[member_base(o)] = base;
}
