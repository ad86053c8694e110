/* Nothing is assumed of a request that was not answered but what its task says: which decision the
 * model took. So the range is no interval of chance: what was answered is taken as it is.
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

void response_add(double to[2][2][2], const struct asked *a) {
    if (a->propensity <= 0) return;
    to[a->propensity < 1][a->term[UNASKED_CAUGHT] > 0][a->term[UNASKED_CAPACITY] > 0] +=
        1 / a->propensity;
}

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

static double response_answered(const struct sums *s, double scale, int outcome) {
    double drawn = 0;
    for (size_t h = 0; h < HALVES; h++) drawn += s->half[h].outcome[outcome].of[WEIGHT][MOMENT_Z];
    return s->known.sum[outcome] + scale * drawn;
}

void response_worst(const struct response *r, const struct sums *s, enum estimate_name name,
                    double out[2]) {
    const struct recipe *made = &estimate_recipe[name];
    double drawn = fmax(sums_weight(s), s->drawn_n), scale = drawn > 0 ? sums_rest(s) / drawn : 0;
    out[0] = out[1] = NAN;
    if (side[name].against == UNKNOWN) return;
    double in_favour = response_open(r, scale, side[name].in_favour),
           against = response_open(r, scale, side[name].against),
           is = response_answered(s, scale, made->of), all;
    if (made->other < 0) all = sums_samples(s) - in_favour;
    else all = is + response_answered(s, scale, made->other);
    if (all + against > 0) out[0] = is / (all + against);
    if (all + in_favour > 0) out[1] = (is + in_favour) / (all + in_favour);
}
