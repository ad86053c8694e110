/* The area under precision over recall, from counts by bins of the score: a bin of a quarter octave
 * of the odds enters as one threshold. The error is a jackknife's over groups of the draws, on the
 * scale of log-odds, which keeps the range within 0 and 1.
 *
 * Thread: one owner */
#include "ranking.h"

#include "estimate/unasked.h"
#include "interval.h"

#include <math.h>

enum {
    BIN_SHIFT = 8,                    // of a score's code: 16 bits to a bin
    DRAWS_LEAST = 32,                 // two a group: with fewer the jackknife knows nothing
    GROUPS_LEAST = RANKING_GROUPS / 2 // that drew a positive
};
_Static_assert(RANKING_BINS << BIN_SHIFT == UINT16_MAX + 1, "each code has its bin");
static const double student = 1.088; // 97.5 % of Student's t with 15 degrees over the normal one

void ranking_add(struct ranking *r, uint64_t key, double weight, float score, bool positive) {
    size_t bin = (size_t)unasked_code(score) >> BIN_SHIFT;
    if (weight > 1) r->drawn[key % RANKING_GROUPS][bin][positive] += weight;
    else r->known[bin][positive] += 1;
}

/* skip: group to leave out, or RANKING_GROUPS. */
static double ranking_area(const struct ranking *r, double known, double drawn, size_t skip) {
    double area = 0, hits = 0, named = 0;
    for (size_t bin = RANKING_BINS; bin-- > 0;) {
        double n[2];
        for (size_t c = 0; c < 2; c++) {
            n[c] = known * r->known[bin][c];
            for (size_t g = 0; g < RANKING_GROUPS; g++)
                if (g != skip) n[c] += drawn * r->drawn[g][bin][c];
        }
        hits += n[1];
        named += n[0] + n[1];
        if (n[1] > 0) area += n[1] * hits / named;
    }
    return hits > 0 ? area / hits : NAN;
}

static double ranking_group(const struct ranking *r, size_t g) {
    double sum = 0;
    for (size_t bin = 0; bin < RANKING_BINS; bin++)
        sum += r->drawn[g][bin][0] + r->drawn[g][bin][1];
    return sum;
}

/* Groups that drew a positive: without them the jackknife would see no error where it is largest.
 */
static size_t ranking_groups_with_positives(const struct ranking *r) {
    size_t groups = 0;
    for (size_t g = 0; g < RANKING_GROUPS; g++) {
        double positives = 0;
        for (size_t bin = 0; bin < RANKING_BINS; bin++) positives += r->drawn[g][bin][1];
        groups += positives > 0;
    }
    return groups;
}

static double ranking_log_odds(double p) { return log(p) - log1p(-p); }
static double ranking_share(double x) { return 1 / (1 + exp(-x)); }

void ranking_read(const struct ranking *r, double known_weight, double drawn_weight, size_t draws,
                  struct estimate *out) {
    double is = ranking_area(r, known_weight, drawn_weight, RANKING_GROUPS), all = 0, mean = 0,
           square = 0, part[RANKING_GROUPS];
    *out = (struct estimate){is, 0, 1, 0, 1};
    if (draws < DRAWS_LEAST || !(is > 0 && is < 1)) return;
    if (ranking_groups_with_positives(r) < GROUPS_LEAST) return;
    for (size_t g = 0; g < RANKING_GROUPS; g++) all += ranking_group(r, g);
    for (size_t g = 0; g < RANKING_GROUPS; g++) {
        double left = all - ranking_group(r, g);
        part[g] = ranking_area(r, known_weight, left > 0 ? drawn_weight * all / left : 0, g);
        if (!(part[g] > 0 && part[g] < 1)) return;
        part[g] = ranking_log_odds(part[g]);
        mean += part[g] / RANKING_GROUPS;
    }
    for (size_t g = 0; g < RANKING_GROUPS; g++) square += (part[g] - mean) * (part[g] - mean);
    double error = student * sqrt(square * (RANKING_GROUPS - 1) / RANKING_GROUPS),
           at = ranking_log_odds(is), look = error * interval_deviate(),
           always = error * interval_deviate_always(draws);
    *out = (struct estimate){is, ranking_share(at - look), ranking_share(at + look),
                             ranking_share(at - always), ranking_share(at + always)};
}
