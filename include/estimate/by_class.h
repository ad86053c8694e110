/* Prevalence, precision and recall of every class, not of the positive one alone: which class is
 * missed, and which one is named where it is not.
 *
 * Thread: one owner */
#pragma once

#include "estimate/estimator.h"

#define CLASS_FIGURE_TABLE(FIRST, NEXT)                                                            \
    FIRST(CLASS_PREVALENCE, "prevalence", ESTIMATE_PREVALENCE)                                     \
    NEXT(CLASS_PRECISION, "precision", ESTIMATE_PRECISION)                                         \
    NEXT(CLASS_RECALL, "recall", ESTIMATE_RECALL)
enum class_figure { WORDS_ENUM(CLASS_FIGURE_TABLE) CLASS_FIGURES };
/* Which figure of the estimator it is, of the class in the positive one's place. */
enum estimate_name class_figure_of(enum class_figure f);

enum {
    BY_CLASS_MAX = 20,         // classes: the first so many
    BY_CLASS_WINDOW_MAX = 1000 // answers of the random arm that "now" is over, at most
};

struct by_class;

/* k: classes; beyond BY_CLASS_MAX they are not told. window: as of the estimator of all samples,
 * `whole`, which is borrowed; beyond BY_CLASS_WINDOW_MAX it is cut, so that memory is bounded: 12
 * to 300 KiB a class. The caller destroys it. */
struct by_class *by_class_create(size_t k, size_t window, const struct estimator *whole);
void by_class_destroy(struct by_class *b);
size_t by_class_n(const struct by_class *b); // classes that are told
/* As estimator_ask and estimator_answer, behind them; truth: class. */
void by_class_ask(struct by_class *b, const struct asked *a);
void by_class_answer(struct by_class *b, const struct asked *a, int truth);
/* Of class c < by_class_n, by class_figure; *drawn (or NULL): answers of the random arm. */
void by_class_read(const struct by_class *b, size_t c, enum estimate_span span,
                   struct estimate out[CLASS_FIGURES], uint64_t *drawn);
