/* Confusion matrix and ranking of a whole stream.
 *
 * All figures but average precision come from counts. For that one every score of the positive
 * class is kept, 4 bytes a sample, and sorted by radix when asked: the bits of a float between 0
 * and 1 order as the float does, and leave one bit for the truth.
 *
 * Thread: one owner */
#include "estimate/score.h"

#include "base/error.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
    RADIX_BITS = 11, // sorted by a pass: 2,048 counters stay in the first cache
    RADIX = 1 << RADIX_BITS,
    PASSES = 3, // 3 · 11 bits are at least the 31 of a score and its truth
    RANKED_FIRST = 1024,
};

struct score {
    size_t k, positive;
    uint64_t *count;  // (k, k) truth by prediction
    uint64_t *seen;   // (k) truths
    uint64_t n, same; // same: truth equals the truth before
    int last;
    double loss, prevalence_loss;
    struct score_tenth tenth[SCORE_TENTHS];
    uint32_t *ranked; // (n) bits of the score · 2 + whether it was the positive class
    size_t cap;
};

struct score *score_create(size_t k, size_t positive) {
    struct score *s = xcalloc(1, sizeof *s);
    *s = (struct score){.k = k,
                        .positive = positive,
                        .count = xcalloc(k * k, sizeof *s->count),
                        .seen = xcalloc(k, sizeof *s->seen),
                        .last = -1};
    return s;
}

void score_destroy(struct score *s) {
    if (!s) return;
    free(s->count);
    free(s->seen);
    free(s->ranked);
    free(s);
}

/* The bits of a probability, which order as it does. NaN, which no model gives, ranks last. */
static uint32_t score_rank(float prob) {
    uint32_t bits;
    prob = prob > 0 ? fminf(prob, 1) : 0;
    memcpy(&bits, &prob, sizeof bits);
    return bits;
}

/* NaN, which no model gives, is in the lowest. */
static void score_add_tenth(struct score *s, bool positive, float prob) {
    double p = prob > 0 ? fmin((double)prob, 1) : 0;
    struct score_tenth *t = &s->tenth[p < 1 ? (size_t)(p * SCORE_TENTHS) : SCORE_TENTHS - 1];
    t->sum += p;
    t->n++;
    t->positive += positive;
}

void score_add(struct score *s, int truth, int predicted, const float *prob) {
    CHECK(truth >= 0 && (size_t)truth < s->k && predicted >= 0 && (size_t)predicted < s->k);
    s->count[(size_t)truth * s->k + (size_t)predicted]++;
    s->same += truth == s->last;
    s->last = truth;
    s->loss -= log(fmax((double)prob[truth], SCORE_CLIP));
    s->prevalence_loss -= log((double)(++s->seen[truth]) / (double)(s->n + s->k));
    score_add_tenth(s, (size_t)truth == s->positive, prob[s->positive]);
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : RANKED_FIRST;
        s->ranked = xrealloc(s->ranked, s->cap * sizeof *s->ranked);
    }
    s->ranked[s->n++] = score_rank(prob[s->positive]) << 1 | ((size_t)truth == s->positive);
}

/* One pass of the radix sort, ascending. */
static void score_sort_pass(const uint32_t *from, uint32_t *to, size_t n, int shift) {
    size_t start[RADIX + 1] = {0};
    for (size_t i = 0; i < n; i++) start[(from[i] >> shift & (RADIX - 1)) + 1]++;
    for (size_t r = 0; r < RADIX; r++) start[r + 1] += start[r];
    for (size_t i = 0; i < n; i++) to[start[from[i] >> shift & (RADIX - 1)]++] = from[i];
}

/* A sorted copy; the caller frees. */
static uint32_t *score_sorted(const struct score *s) {
    uint32_t *a = xcalloc(s->n, sizeof *a), *b = xcalloc(s->n, sizeof *b);
    memcpy(a, s->ranked, s->n * sizeof *a);
    for (int pass = 0; pass < PASSES; pass++) {
        score_sort_pass(a, b, s->n, pass * RADIX_BITS);
        uint32_t *swap = a;
        a = b;
        b = swap;
    }
    free(b);
    return a;
}

/* Sum over thresholds of precision × gain in recall; samples of equal score enter together. */
static double score_average_precision(const struct score *s) {
    uint32_t *rank = score_sorted(s);
    double sum = 0, hits = 0;
    for (size_t left = s->n; left > 0;) {
        double gained = 0;
        uint32_t score = rank[left - 1] >> 1;
        for (; left > 0 && rank[left - 1] >> 1 == score; left--) gained += rank[left - 1] & 1;
        hits += gained;
        sum += gained * hits / (double)(s->n - left);
    }
    free(rank);
    return hits > 0 ? sum / hits : NAN;
}

/* What the margins of the confusion matrix give. */
struct margins {
    double right;      // samples that were predicted right
    double chance;     // expected agreement by chance
    double recall, f1; // summed over classes
    size_t occurred;   // classes that did
    size_t named;      // classes that occurred or were predicted
};

static struct margins score_margins(const struct score *s) {
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

/* The gain over a reference, as a share of the gain that was possible. */
static double score_gain(double reached, double reference) {
    return reference < 1 ? (reached - reference) / (1 - reference) : 0;
}

static double score_calibration_error(const struct score *s) {
    double sum = 0;
    for (size_t i = 0; i < SCORE_TENTHS; i++)
        sum += fabs(s->tenth[i].sum - (double)s->tenth[i].positive);
    return sum / (double)s->n;
}

void score_counts(const struct score *s, struct score_figures *out) {
    *out = (struct score_figures){0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    if (!s->n) return;
    struct margins m = score_margins(s);
    double n = (double)s->n, accuracy = m.right / n;
    *out = (struct score_figures){.n = s->n,
                                  .accuracy = accuracy,
                                  .balanced_accuracy = m.recall / (double)m.occurred,
                                  .kappa = score_gain(accuracy, m.chance),
                                  .kappa_temporal = score_gain(accuracy, (double)s->same / n),
                                  .macro_f1 = m.f1 / (double)m.named,
                                  .average_precision = NAN,
                                  .log_loss = s->loss / n,
                                  .prevalence_log_loss = s->prevalence_loss / n,
                                  .calibration_error = score_calibration_error(s)};
}

void score_tenths(const struct score *s, struct score_tenth out[SCORE_TENTHS]) {
    memcpy(out, s->tenth, sizeof s->tenth);
}

void score_read(const struct score *s, struct score_figures *out) {
    score_counts(s, out);
    if (s->n) out->average_precision = score_average_precision(s);
}
