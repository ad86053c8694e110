/* What the answers of a backtest say of all its samples, beside what is true of them: of the whole,
 * and of each segment.
 *
 * Thread: the thread of their backtest */
#pragma once

#include "backtest.h"
#include "backtest_questions.h"
#include "backtest_readers.h"

#include "encode/segments.h"
#include "estimate/by_class.h"
#include "estimate/design.h"
#include "estimate/parts.h"

struct backtest_figures {
    struct estimator *estimator;
    struct design *design;
    struct prequential *plain[ESTIMATES];
    struct backtest_truth truth;
    size_t window;               // of now
    struct backtest_truth *draw; // (window + 1) as a ring: of all samples up to each of the last
                                 // answered draws
    size_t draws;                // ever
    const struct segment_list *segments; // NULL: there are none
    struct parts *parts;                 // (segments)
    struct backtest_truth *part;         // (segments)
    struct by_class *by_class;
    struct backtest_readers readers;
    uint64_t true_[BY_CLASS_MAX], named[BY_CLASS_MAX], right[BY_CLASS_MAX]; // samples, by class
};

/* window: as of estimator_create. */
void backtest_figures_open(struct backtest_figures *f, const struct encoded_file *file,
                           size_t window);
void backtest_figures_close(struct backtest_figures *f);

/* A sample that was scored; said: of it, whether it was asked or not. truth: class. */
void backtest_figures_sample(struct backtest_figures *f, const struct asked *said, int truth,
                             const struct outcome *o);
/* A request, and its answer. After each answer all bands are looked at, as who watches them does:
 * r->looks, r->missed. until: what is true of all samples up to that one. */
void backtest_figures_ask(struct backtest_figures *f, const struct asked *a);
/* Whether the random arm's draws should be weighted; weighted: they are. */
bool backtest_figures_weigh(const struct backtest_figures *f, bool weighted);
void backtest_figures_answer(struct backtest_figures *f, const struct asked *a, int label,
                             const struct outcome *o, const struct backtest_truth *until,
                             struct backtest_result *r);
/* As target_rests. */
uint64_t backtest_figures_rests(const struct backtest_figures *f, const struct config *c,
                                uint64_t rests);
/* Whether what budget.target wants is true of the samples that the figures of now are of, or of
 * average precision, which is since the start. */
bool backtest_figures_target_true(const struct backtest_figures *f, const struct config *c,
                                  double average_precision);
/* Of each figure of which budget.target wants something, behind so many labels; of the others
 * FORECAST_TOO_FEW. */
void backtest_figures_forecast(const struct backtest_figures *f, const struct config *c,
                               size_t labels, size_t most, struct forecast out[ESTIMATES]);
/* Into truth, estimate, corrected, readers, now, plain, segment and by_class of the result. */
void backtest_figures_read(const struct backtest_figures *f, struct backtest_result *r);
