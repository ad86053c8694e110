/* What a backtest asked: the requests in their order, with all that is learned and estimated from
 * them.
 *
 * Thread: the thread of their backtest */
#pragma once

#include "config/choices.h"
#include "estimate/estimator.h"
#include "train/fit.h"

#include <openssl/evp.h>

/* What the digest takes of one request: sample, reason, propensity, threshold. */
struct backtest_mark {
    uint64_t word[4];
};

/* Sums over samples that are all known. */
struct backtest_truth {
    double sum[OUTCOMES];
    size_t samples;
};

/* Asked samples in the order of asking, which is also the order of answers: the first `labelled` of
 * them have their answer. Those behind `released` wait in the pool's open window. */
struct backtest_questions {
    size_t n, cap, released, labelled;
    size_t d, k;                       // columns, classes
    size_t members;                    // of the models that are fitted
    uint64_t *sample;                  // (n)
    struct backtest_mark *mark;        // (n)
    size_t *at;                        // (n) sample at which the request went out
    double *row, *weight, *propensity; // (n, d), (n), (n)
    int *label, *predicted;            // (n)
    int *second;                       // (n) a second reader's answer; -1: nobody else was asked
    struct asked *said;                // (n) what the estimator is told
    struct outcome *outcome;           // (n)
    struct backtest_truth *truth;      // (n) of all samples up to that one
    float *member;                     // (n, members, k) probabilities that members gave
    float *boosted;                    // (n, k) what boosted trees made of them; 0: there were none
};

/* One request. predicted, prob: the class that was predicted, and scored, when the sample came; so
 * the estimate is of the same accuracy as the score. */
struct backtest_question {
    size_t sample;
    int predicted;
    const float *prob; // (k)
    double propensity, threshold;
    enum ask reason;
    const float *member; // (model_opinions, k) of the model in force
    bool in_capacity;
    struct unasked unasked;
    uint8_t
        more; // labels that are paid for other readers: a second one is asked, and a third may be
};

/* Room for one more. */
void backtest_questions_grow(struct backtest_questions *q);
/* The decision as its task record says it. The digest of all marks identifies the whole run: two
 * runs that decide alike have the same digest (promise I6). */
struct backtest_mark backtest_questions_mark(const struct backtest_question *q);
/* Takes the requests that were not released yet. */
void backtest_questions_digest(struct backtest_questions *q, EVP_MD_CTX *digest);
/* One takes the place of another, `to` at most `from`; marks stay. */
void backtest_questions_move(struct backtest_questions *q, size_t from, size_t to);
/* Those with an answer, from there on; borrowed. per_class: (k) labels by class. */
struct fit_rows backtest_questions_from(const struct backtest_questions *q, size_t from,
                                        const size_t *per_class);
void backtest_questions_release(struct backtest_questions *q);
