/* Nothing is assumed of a request that was not answered but what its task says: which decision the
 * model took. So the range is no interval of chance: what was answered is taken as the figure takes
 * it, and with nothing open the range is the figure.
 *
 * Thread: one owner */
#include "response.h"

#include "recipe.h"

#include <math.h>

/* By the model's decision, or by the capacity: which requests may be for a figure, and which
 * against it. */
enum side { UNKNOWN, ALL, ALARMS, QUIET, WITHIN, BEYOND };
static const struct {
    enum side in_favour, against;
} side[ESTIMATES] = {
    [ESTIMATE_ACCURACY] = {ALL, ALL},
    [ESTIMATE_PREVALENCE] = {ALL, ALL},
    [ESTIMATE_PRECISION] = {ALARMS, ALARMS},
    [ESTIMATE_RECALL] = {ALARMS, QUIET},
    [ESTIMATE_PRECISION_AT_CAPACITY] = {WITHIN, WITHIN},
    [ESTIMATE_RECALL_AT_CAPACITY] = {WITHIN, BEYOND},
};

static void response_add(double to[2][2][2], const struct asked *a) {
    to[a->propensity < 1][a->term[UNASKED_CAUGHT] > 0][a->term[UNASKED_CAPACITY] > 0] +=
        1 / a->propensity;
}

void response_ask(struct response *r, const struct asked *a) {
    double term[UNASKED_SUMS];
    if (a->propensity <= 0) return;
    response_add(r->asked, a);
    if (a->propensity >= 1) return;
    sums_terms(a, term);
    for (size_t i = 0; i < UNASKED_SUMS; i++) r->said[i] += term[i] / a->propensity;
}

void response_answer(struct response *r, const struct asked *a) { response_add(r->answered, a); }

static bool response_is(enum side wanted, size_t positive, size_t within) {
    const bool is[] = {[ALL] = true,
                       [ALARMS] = positive,
                       [QUIET] = !positive,
                       [WITHIN] = within,
                       [BEYOND] = !within};
    return is[wanted];
}

/* What the requests without an answer stand for; scale: of a draw. */
static double response_open(const struct response *r, double scale, enum side wanted) {
    double open = 0;
    for (size_t cell = 0; cell < 8; cell++) {
        size_t arm = cell >> 2, positive = cell >> 1 & 1, within = cell & 1;
        double left = r->asked[arm][positive][within] - r->answered[arm][positive][within];
        if (response_is(wanted, positive, within)) open += left * (arm ? scale : 1);
    }
    return fmax(0, open);
}

/* What the total of an outcome takes the requests without an answer for: what their arm's answers
 * say, and of draws also how far what the model said of them is from what it said of those. */
static double response_filled(const struct response *r, const struct sums *s, double scale,
                              bool regression, int outcome) {
    double weight = sums_weight(s), all = weight > 0 ? sums_rest(s) / weight : 0, z = 0, f = 0;
    double filled = (sums_known_weight(s) - 1) * s->known.sum[outcome];
    for (size_t h = 0; h < HALVES; h++) {
        z += s->half[h].outcome[outcome].of[WEIGHT][MOMENT_Z];
        f += s->half[h].outcome[outcome].of[WEIGHT][MOMENT_F];
    }
    filled += (all - scale) * z;
    if (!regression || !sums_know_rest(s)) return filled;
    return filled + sums_lambda(s, (size_t)outcome) *
                        (scale * sums_said(r->said, (size_t)outcome) - all * f);
}

/* Of an outcome's total, what was answered. */
static double response_answered(const struct response *r, const struct sums *s, double scale,
                                bool regression, int outcome) {
    double total = sums_total(s, (size_t)outcome, regression, false).is,
           open = response_open(r, scale, ALL);
    double filled = fmax(0, fmin(response_filled(r, s, scale, regression, outcome), open));
    return fmax(s->known.sum[outcome], total - filled);
}

void response_worst(const struct response *r, const struct sums *s, enum estimate_name name,
                    double out[2]) {
    const struct recipe *made = &estimate_recipe[name];
    double drawn = fmax(sums_weight(s), s->drawn_n), scale = drawn > 0 ? sums_rest(s) / drawn : 0;
    out[0] = out[1] = NAN;
    if (side[name].against == UNKNOWN) return;
    double in_favour = response_open(r, scale, side[name].in_favour),
           against = response_open(r, scale, side[name].against),
           is = response_answered(r, s, scale, made->regression, made->of), all;
    if (made->other < 0) all = sums_samples(s) - in_favour;
    else all = is + response_answered(r, s, scale, made->regression, made->other);
    if (all + against > 0) out[0] = fmin(1, is / (all + against));
    if (all + in_favour > 0) out[1] = fmin(1, (is + in_favour) / (all + in_favour));
}
