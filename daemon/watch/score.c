/* Confusion matrix and ranking of a whole stream.
 *
 * Everything but average precision comes from counts; for that one every score of the positive class is kept (5 bytes a sample) and
 * sorted when asked.
 *
 * Thread: one owner */
#include "watch/score.h"

#include "base/error.h"

#include <math.h>
#include <stdbool.h>

struct ranked {
    float prob;
    bool hit;
};

struct score {
    size_t k, positive;
    uint64_t *count; // (k, k) truth by prediction
    uint64_t n, same; // same: truth equals the truth before
    int last;
    double loss;
    struct ranked *ranked; // (n)
    size_t cap;
};

struct score *score_create(size_t k, size_t positive) {
    struct score *s = xcalloc(1, sizeof *s);
    *s = (struct score){.k = k, .positive = positive, .count = xcalloc(k * k, sizeof *s->count), .last = -1};
    return s;
}

void score_destroy(struct score *s) {
    if (!s) return;
    free(s->count);
    free(s->ranked);
    free(s);
}

void score_add(struct score *s, int truth, int predicted, const float *prob) {
    CHECK(truth >= 0 && (size_t)truth < s->k && predicted >= 0 && (size_t)predicted < s->k);
    s->count[(size_t)truth * s->k + (size_t)predicted]++;
    s->same += truth == s->last;
    s->last = truth;
    s->loss -= log(fmax((double)prob[truth], SCORE_CLIP));
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 1024;
        s->ranked = xrealloc(s->ranked, s->cap * sizeof *s->ranked);
    }
    s->ranked[s->n++] = (struct ranked){prob[s->positive], (size_t)truth == s->positive};
}

static int by_prob(const void *a, const void *b) {
    float x = ((const struct ranked *)a)->prob, y = ((const struct ranked *)b)->prob;
    return (x < y) - (x > y);
}

/* Sum over thresholds of precision × gain in recall; samples of equal score enter together. */
static double average_precision(const struct score *s) {
    qsort(s->ranked, s->n, sizeof *s->ranked, by_prob);
    double sum = 0, hits = 0;
    for (size_t i = 0; i < s->n;) {
        double gained = 0;
        size_t j = i;
        for (; j < s->n && s->ranked[j].prob == s->ranked[i].prob; j++) gained += s->ranked[j].hit;
        hits += gained;
        sum += gained * hits / (double)j;
        i = j;
    }
    return hits > 0 ? sum / hits : NAN;
}

struct margins {
    double right, chance, recall, f1;
    size_t occurred, named;
};

static struct margins margins_of(const struct score *s) {
    struct margins m = {0};
    double n = (double)s->n;
    for (size_t c = 0; c < s->k; c++) {
        double truth = 0, said = 0, hit = (double)s->count[c * s->k + c];
        for (size_t o = 0; o < s->k; o++) {
            truth += (double)s->count[c * s->k + o];
            said += (double)s->count[o * s->k + c];
        }
        m.right += hit;
        m.chance += truth / n * (said / n);
        m.occurred += truth > 0;
        m.named += truth > 0 || said > 0;
        if (truth > 0) m.recall += hit / truth;
        if (truth + said > 0) m.f1 += 2 * hit / (truth + said);
    }
    return m;
}

/* Share of the possible gain over a reference that was made. */
static double gain(double reached, double reference) { return reference < 1 ? (reached - reference) / (1 - reference) : 0; }

void score_counts(const struct score *s, struct score_figures *out) {
    *out = (struct score_figures){0, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    if (!s->n) return;
    struct margins m = margins_of(s);
    double n = (double)s->n, accuracy = m.right / n;
    *out = (struct score_figures){.n = s->n, .accuracy = accuracy, .balanced_accuracy = m.recall / (double)m.occurred, .kappa = gain(accuracy, m.chance),
                                  .kappa_temporal = gain(accuracy, (double)s->same / n), .macro_f1 = m.f1 / (double)m.named,
                                  .average_precision = NAN, .log_loss = s->loss / n};
}

void score_read(const struct score *s, struct score_figures *out) {
    score_counts(s, out);
    if (s->n) out->average_precision = average_precision(s);
}
