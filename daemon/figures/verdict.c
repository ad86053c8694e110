/* Two curves are compared at the highest level that both reach with the whole budget, so neither
 * has to be extrapolated.
 *
 * Where one ends below half of the other that level says nothing, and both ends are told.
 *
 * The sentence also says when random sampling needs fewer labels, and when the difference is within
 * the noise of the seeds.
 *
 * Thread: any thread */
#include "figures/verdict.h"

#include <math.h>

/* Labels at a level between points i and i + 1, on a logarithmic axis of labels: learning curves
 * are close to straight there. */
static double verdict_between(const struct verdict_curve *c, size_t i, double level) {
    double share = (level - c->level[i]) / (c->level[i + 1] - c->level[i]);
    if (c->labels[i] <= 0) return c->labels[i + 1];
    return c->labels[i] * pow(c->labels[i + 1] / c->labels[i], share);
}

double verdict_labels(const struct verdict_curve *c, double level, bool *at_most) {
    size_t i = c->n;
    while (i > 0 && c->level[i - 1] >= level) i--;
    *at_most = c->n && i == 0;
    if (i == c->n) return NAN;
    return i ? verdict_between(c, i - 1, level) : c->labels[0];
}

static double verdict_write_labels(struct buf *out, const struct verdict_curve *c, double level) {
    bool at_most;
    double labels = verdict_labels(c, level, &at_most);
    buf_printf(out, "%s%.0f", at_most ? "at most " : "", labels);
    return labels;
}

static void verdict_write_doubt(struct buf *out, size_t seeds, double difference, double error) {
    if (seeds < 2)
        buf_str(out,
                " That is one seed: repeat it with --seeds 10 before you trust the difference.");
    else if (fabs(difference) < 2 * error)
        buf_printf(out, " The difference is within the noise of %zu seeds.", seeds);
}

void verdict_write(const char *what, const struct verdict_curve *mine,
                   const struct verdict_curve *random, size_t seeds, double error,
                   struct buf *out) {
    double own = mine->n ? mine->level[mine->n - 1] : NAN,
           other = random->n ? random->level[random->n - 1] : NAN, level = fmin(own, other);
    if (!isfinite(own) || !isfinite(other)) {
        buf_printf(out, "The %s cannot be told on this file, so there is nothing to compare.",
                   what);
        return;
    }
    if (level < fmax(own, other) / 2) { // what the one ends with the other had all along
        buf_printf(
            out, "With the same %.0f labels random sampling comes to %.1f %% %s, this to %.1f %%.",
            mine->labels[mine->n - 1], 100 * other, what, 100 * own);
        verdict_write_doubt(out, seeds, own - other, error);
        return;
    }
    buf_printf(out, "To reach %.1f %% %s you need ", 100 * level, what);
    double at_random = verdict_write_labels(out, random, level);
    buf_str(out, " labels at random, ");
    double with_this = verdict_write_labels(out, mine, level);
    buf_str(out, with_this > at_random ? " with this: here, random sampling is the better buy."
                                       : " with this.");
    verdict_write_doubt(out, seeds, own - other, error);
}
