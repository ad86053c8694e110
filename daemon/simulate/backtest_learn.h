/* What the two halves of a backtest share: the stream (backtest.c) and the learner
 * (backtest_learn.c). Private to them.
 *
 * Thread: the thread that calls */
#pragma once

#include "backtest.h"
#include "backtest_answers.h"
#include "backtest_auto.h"
#include "backtest_figures.h"
#include "backtest_questions.h"
#include "estimate/alarm.h"
#include "run/pipeline.h"
#include "train/schedule.h"

struct backtest {
    const struct backtest_options *o;
    const struct config *config;
    struct pipeline *pipeline;
    struct fit_options fit;
    struct fit_memories memories;
    struct backtest_questions asked;
    struct policy policy;
    struct model *base;  // that of model.upstream, or NULL
    struct model *model; // in force: the base, or one that was fitted
    struct snapshot snapshot;
    size_t published_rows; // labels behind the version
    size_t fitted_rows;    // labels behind it and the short fits since
    size_t *per_class;     // (k) labels by class
    struct score *score;
    struct score *upstream; // of the base; NULL without one
    float *scratch;         // for its predictions
    struct backtest_figures figures;
    struct backtest_auto auto_;
    struct alarm *alarm;
    struct backtest_result *out;
    EVP_MD_CTX *digest;
    double threshold; // of the last request
    double balance;   // asked − B·n so far
    double lowest;    // its minimum so far: the stretch that overspends most begins there
    int last_label;
    float *prob;     // (samples, k) with a pool: what was predicted of each; else NULL
    size_t turns;    // of the labels, that the model knows of
    size_t since;    // the first answer behind a turn that the model knows of; 0: none
    size_t switched; // switches that are in force
};

/* Learns the labels that are due before this sample. */
int backtest_learn(struct backtest *t, size_t sample) MUST_CHECK;
/* In place of that, where a daemon's switches are given: those up to this sample. ERR_INPUT: one
 * wants what was not there yet. */
int backtest_follow_switches(struct backtest *t, size_t sample) MUST_CHECK;
