/* What the estimator knows of its answers, as sums: so its memory does not grow with them. And the
 * total of an outcome over all samples that they tell. Private to the room.
 *
 * Thread: one owner */
#pragma once

#include "estimate/estimator.h"
#include "interval.h"

#define SUMS_LAMBDA_MOST 1.2 // of what the model says, that is taken for true

enum { HALVES = 2 };

/* Exponents of z and f in a moment, and of the weight: w, w(w−1), w³. */
#define MOMENTS_TABLE(M)                                                                           \
    M(ONE, 0, 0)                                                                                   \
    M(Z, 1, 0)                                                                                     \
    M(F, 0, 1)                                                                                     \
    M(ZZ, 2, 0) M(ZF, 1, 1) M(FF, 0, 2) M(ZZZ, 3, 0) M(ZZF, 2, 1) M(ZFF, 1, 2) M(FFF, 0, 3)
enum {
#define M(name, i, j) MOMENT_##name,
    MOMENTS_TABLE(M)
#undef M
        MOMENTS
};
enum { WEIGHT, WEIGHT_VARIANCE, WEIGHT_CUBE, WEIGHTS };

struct moments {
    double of[WEIGHTS][MOMENTS];
};

struct half {
    double n;
    struct moments outcome[OUTCOMES];
};

struct answers {
    double n, sum[OUTCOMES], square[OUTCOMES];
};

/* One draw, and what the strategy arm answered and the tasks carried since the one before. */
struct stretch {
    double weight;
    bool half;
    double z[OUTCOMES], f[OUTCOMES];
    struct answers known;
    double rest_n, rest[UNASKED_SUMS];
};

struct sums {
    struct answers known; // of the strategy arm
    double asked_n;       // its requests
    double drawn_n;       // what the random arm's requests stand for
    double rest_n, rest[UNASKED_SUMS];
    struct half half[HALVES];
};

/* What the model said of a sample as numbers, and of an outcome as a sum of them: f. */
void sums_terms(const struct asked *a, double out[UNASKED_SUMS]);
double sums_said(const double term[UNASKED_SUMS], size_t outcome);

/* sign: 1 adds, -1 takes out again. A draw: the answer of the random arm alone. */
void sums_add_draw(struct sums *s, const struct stretch *d, double sign);
void sums_add_stretch(struct sums *s, const struct stretch *d, double sign);
void answers_add(struct answers *a, const struct outcome *o);

size_t sums_draws(const struct sums *s);
/* What the draws' weights add up to. */
double sums_weight(const struct sums *s);
/* Whether tasks said how many the rest are. */
bool sums_know_rest(const struct sums *s);
/* How many the rest are: what was counted, or what all requests of the random arm stand for. */
double sums_rest(const struct sums *s);
/* What an answer of the strategy arm stands for: its requests that were not answered are as those
 * that were. */
double sums_known_weight(const struct sums *s);
/* λ of an outcome, from all draws. */
double sums_lambda(const struct sums *s, size_t outcome);
/* The samples that the answers stand for. */
double sums_samples(const struct sums *s);
/* The total of an outcome over all samples. regression: what the model says is used. centred: for a
 * mean over all of them, whose error is of what is measured about its mean: that of the rest, whose
 * number is known; or, where it is not, that of all. */
struct total sums_total(const struct sums *s, size_t outcome, bool regression, bool centred);
