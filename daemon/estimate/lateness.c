/* The two learners learn equal numbers of labels: the prompt one leaves out as many of the oldest
 * as the late one does of the newest. So where nothing moves neither is better, however few there
 * are.
 *
 * They are softmax regressions by SGD, which cost a multiplication for each weight and label, and
 * forget at the pace of the SGD member.
 *
 * For each value g of a grid two bets are under way, that the mean is above g and that it is below.
 * Each stakes a share of its wealth by what was seen before, and a wealth of 20 refutes the
 * contrary. A draw counts by 1/propensity, in units of the least propensity of the draws before it,
 * so that no bet can lose more than its stake; one that was rarer still counts as one.
 *
 * Thread: any thread */
#include "estimate/lateness.h"

#include "base/error.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    FIRST = 20,              // labels that each learner has before it is judged
    UNIT_DRAWS = 16,         // that the unit of the weights is of
    GRID = 101,              // values of g
    GRID_ZERO = 20,          // the place of 0
    GRID_LEAST = 22,         // of a cost that is next to nothing
    WORK = 100 * 1000 * 1000 // rows · columns · classes, at most
};
static const double rate = 0.05; // of SGD, as train.sgd_rate
static const double grid_step = 0.005;
static const double stake_most = 0.7; // of the wealth: a draw loses less than it
static const double before = 0.02;    // sum of squares before the first draw
/* Shares of the open questions' worth that are lost: from one to the other evidence that lateness
 * costs something counts more and more. */
static const double worn_little = 0.05;
static const double worn_much = 0.12;
static const double drawn_most = 0.9;  // the others tell how far they are worn
static const double wealth_told = 1e9; // at most

/* ---- a learner ---- */

struct lateness_learner {
    size_t d, k;
    double *weight; // (k, d + 1), the bias last
    double *prob;   // (k)
};

static struct lateness_learner lateness_learner_of(size_t d, size_t k) {
    return (struct lateness_learner){d, k, xcalloc(k * (d + 1), sizeof(double)),
                                     xcalloc(k, sizeof(double))};
}
static void lateness_learner_free(struct lateness_learner *l) {
    free(l->weight);
    free(l->prob);
}

static void lateness_predict(struct lateness_learner *l, const double *x) {
    double most = -INFINITY, sum = 0;
    for (size_t c = 0; c < l->k; c++) {
        const double *w = l->weight + c * (l->d + 1);
        double score = w[l->d];
        for (size_t i = 0; i < l->d; i++) score += w[i] * x[i];
        l->prob[c] = score;
        most = fmax(most, score);
    }
    for (size_t c = 0; c < l->k; c++) sum += l->prob[c] = exp(l->prob[c] - most);
    for (size_t c = 0; c < l->k; c++) l->prob[c] /= sum;
}

static void lateness_teach(struct lateness_learner *l, const double *x, int label) {
    lateness_predict(l, x);
    for (size_t c = 0; c < l->k; c++) {
        double *w = l->weight + c * (l->d + 1), step = rate * (l->prob[c] - (c == (size_t)label));
        for (size_t i = 0; i < l->d; i++) w[i] -= step * x[i];
        w[l->d] -= step;
    }
}

/* Half the Brier loss, 0 to 1. */
static double lateness_loss(struct lateness_learner *l, const double *x, int label) {
    double loss = 0;
    lateness_predict(l, x);
    for (size_t c = 0; c < l->k; c++) {
        double miss = l->prob[c] - (c == (size_t)label);
        loss += miss * miss / 2;
    }
    return loss;
}

/* ---- bets on the mean of a difference ---- */

struct lateness_bets {
    double above[GRID], below[GRID]; // wealth
    double n, sum, squares, weight;
    double recent[UNIT_DRAWS]; // propensities
};

static double lateness_value(size_t place) { return ((double)place - GRID_ZERO) * grid_step; }

static double lateness_stake(double edge, double variance) {
    return fmax(0, fmin(stake_most, edge / (variance + edge * edge)));
}

/* Weight of a draw, at most 1. */
static double lateness_weigh(struct lateness_bets *b, double propensity) {
    size_t seen = (size_t)b->n < UNIT_DRAWS ? (size_t)b->n : UNIT_DRAWS;
    double least = seen ? 1 : propensity;
    for (size_t i = 0; i < seen; i++) least = fmin(least, b->recent[i]);
    b->recent[(size_t)b->n % UNIT_DRAWS] = propensity;
    return fmin(1, least / propensity);
}

static void lateness_bet(struct lateness_bets *b, double difference, double propensity) {
    double w = lateness_weigh(b, propensity), mean = b->sum / (b->weight + 1),
           variance = (b->squares + before) / (b->n + 1);
    for (size_t i = 0; i < GRID; i++) {
        double g = lateness_value(i), won = w * (difference - g);
        b->above[i] *= 1 + lateness_stake(mean - g, variance) * won;
        b->below[i] *= 1 - lateness_stake(g - mean, variance) * won;
    }
    b->n++;
    b->weight += w;
    b->sum += w * difference;
    b->squares += w * difference * w * difference;
}

static void lateness_read(const struct lateness_bets *b, double out[LATENESS_NUMBERS]) {
    out[LATENESS_DRAWS] = b->n;
    out[LATENESS_COST] = b->weight > 0 ? b->sum / b->weight : 0;
    out[LATENESS_LOW] = -1;
    out[LATENESS_HIGH] = 1;
    out[LATENESS_FOR] = fmin(b->above[GRID_ZERO], wealth_told);
    out[LATENESS_AGAINST] = fmin(b->below[GRID_LEAST], wealth_told);
    out[LATENESS_WORN] = -1;
    for (size_t i = 0; i < GRID; i++)
        if (b->above[i] >= LATENESS_SURE) out[LATENESS_LOW] = lateness_value(i);
    for (size_t i = GRID; i-- > 0;)
        if (b->below[i] >= LATENESS_SURE) out[LATENESS_HIGH] = lateness_value(i);
}

/* ---- the rows ---- */

/* The first row that is looked at. */
static size_t lateness_from(const struct lateness_rows *r) {
    size_t most = WORK / (r->d + 1) / r->k;
    return r->n > most ? r->n - most : 0;
}

static bool lateness_drawn(double propensity) { return propensity > 0 && propensity < 1; }

void lateness_of(const struct lateness_rows *r, double out[LATENESS_NUMBERS]) {
    struct lateness_learner prompt = lateness_learner_of(r->d, r->k),
                            late = lateness_learner_of(r->d, r->k);
    struct lateness_bets *b = xcalloc(1, sizeof *b);
    for (size_t i = 0; i < GRID; i++) b->above[i] = b->below[i] = 1;
    const size_t from = lateness_from(r);
    for (size_t i = from, known = from; i < r->n; i++) {
        const double *x = r->x + i * r->d;
        for (; known + r->open < i; known++)
            lateness_teach(&late, r->x + known * r->d, r->label[known]);
        if (lateness_drawn(r->propensity[i]) && known - from >= FIRST) {
            double loss = lateness_loss(&late, x, r->label[i]);
            lateness_bet(b, loss - lateness_loss(&prompt, x, r->label[i]), r->propensity[i]);
        }
        if (i - from >= r->open) lateness_teach(&prompt, x, r->label[i]);
    }
    lateness_read(b, out);
    lateness_learner_free(&prompt);
    lateness_learner_free(&late);
    free(b);
}

/* In parts of the evidence that is sure: 0 to 1. */
static double lateness_part(double wealth) {
    return fmax(0, fmin(1, log(wealth) / log(LATENESS_SURE)));
}

enum lateness_verdict lateness_verdict(const double *numbers) {
    if (!numbers) return LATENESS_UNKNOWN;
    if (numbers[LATENESS_FOR] >= LATENESS_SURE) return LATENESS_COSTS;
    return numbers[LATENESS_AGAINST] >= LATENESS_SURE ? LATENESS_FREE : LATENESS_UNKNOWN;
}

double lateness_steer(const double *numbers, double between) {
    const enum lateness_verdict verdict = lateness_verdict(numbers);
    if (verdict == LATENESS_FREE) return 0;
    if (!numbers || numbers[LATENESS_WORN] < 0) return between;
    double leans = lateness_part(numbers[LATENESS_FOR]) - lateness_part(numbers[LATENESS_AGAINST]),
           worn = (numbers[LATENESS_WORN] - worn_little) / (worn_much - worn_little);
    if (leans < 0) return between + leans * between;
    return between + leans * fmax(0, fmin(1, worn)) * fmax(0, drawn_most - between);
}
