/* What the answers of a backtest say of all its samples, beside what is true of them: of the whole,
 * and of each segment.
 *
 * Thread: the thread of their backtest */
#pragma once

#include "backtest.h"

#include "encode/segments.h"
#include "estimate/annotators.h"
#include "estimate/by_class.h"
#include "estimate/parts.h"

/* Sums over samples that are all known. */
struct backtest_truth {
    double sum[OUTCOMES];
    size_t samples;
};

struct backtest_figures {
    struct estimator *estimator;
    struct prequential *plain[ESTIMATES];
    struct backtest_truth truth;
    const struct segment_list *segments; // NULL: there are none
    struct parts *parts;                 // (segments)
    struct backtest_truth *part;         // (segments)
    struct by_class *by_class;
    struct annotators *annotators;
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
 * r->looks, r->missed. */
void backtest_figures_ask(struct backtest_figures *f, const struct asked *a);
void backtest_figures_answer(struct backtest_figures *f, const struct asked *a, int label,
                             const struct outcome *o, struct backtest_result *r);
/* Two readers answered that sample: two of four who are alike. */
void backtest_figures_pair(struct backtest_figures *f, size_t sample, bool agree);
/* Into truth, estimate, corrected, readers, now, plain, segment and by_class of the result. */
void backtest_figures_read(const struct backtest_figures *f, struct backtest_result *r);
