/* What a manager acts on, from the answers that people give anyhow: how good the model's decisions
 * are over *all* covered samples, each figure with two ranges.
 *
 * `low` to `high` is a 95 % interval: right at a look that was chosen beforehand. `always_low` to
 * `always_high` is a band: it holds the truth at all looks together, so it may be watched, and
 * alerts and automatic acts use it alone. docs/FIGURES.md has each figure, its formula and when not
 * to trust it.
 *
 * Pure: no clock, no Kafka; what it is told is all that it knows. The order in which it is told
 * changes nothing but roundings, and which answers are the last ones.
 *
 * Thread: one owner */
#pragma once

#include "base/word_list.h"
#include "estimate/forecast.h"
#include "estimate/unasked.h"

/* Constant, word, whether it is a share (0 to 1). */
#define ESTIMATE_TABLE(FIRST, NEXT)                                                                \
    FIRST(ESTIMATE_ACCURACY, "accuracy", true)                                                     \
    NEXT(ESTIMATE_PREVALENCE, "prevalence", true)                                                  \
    NEXT(ESTIMATE_PRECISION, "precision", true)                                                    \
    NEXT(ESTIMATE_RECALL, "recall", true)                                                          \
    NEXT(ESTIMATE_PRECISION_AT_CAPACITY, "precision_at_capacity", true)                            \
    NEXT(ESTIMATE_RECALL_AT_CAPACITY, "recall_at_capacity", true)                                  \
    NEXT(ESTIMATE_AVERAGE_PRECISION, "average_precision", true)                                    \
    NEXT(ESTIMATE_COST, "cost", false)                                                             \
    NEXT(ESTIMATE_LOG_LOSS, "log_loss", false)
enum estimate_name { WORDS_ENUM(ESTIMATE_TABLE) ESTIMATES };
const char *estimate_word(enum estimate_name e);
/* Digits behind the point of a percentage: the last one that its interval lets mean something. */
int estimate_digits(double low, double high);

/* What a sample turned out to be, beside what the model said of it. */
enum {
    OUTCOME_RIGHT,           // the model's decision was right
    OUTCOME_POSITIVE,        // it is of the positive class
    OUTCOME_CAUGHT,          // and was predicted to be
    OUTCOME_MISSED,          // and was not
    OUTCOME_FALSE_ALARM,     // it was predicted to be, and is not
    OUTCOME_CAPACITY_CAUGHT, // the same three of "within capacity"
    OUTCOME_CAPACITY_MISSED,
    OUTCOME_CAPACITY_FALSE,
    OUTCOME_COST, // of the decision
    OUTCOME_LOSS, // −ln of the probability of what it turned out to be
    OUTCOMES
};
struct outcome {
    double value[OUTCOMES];
    float score; // the positive class's probability
};
/* predicted_positive, positive: decision and truth; cost, loss: as above (NaN: not known). */
void outcome_of(struct outcome *out, bool right, bool positive, bool predicted_positive,
                bool in_capacity, double cost, double loss, float score);

/* The figures of samples that are all known, from the sums of their outcomes, n ≥ 0 of them; NaN
 * where there is nothing to divide by, and of average precision, which needs their ranks. */
void estimate_of_all(const double sum[OUTCOMES], double n, double out[ESTIMATES]);

enum {
    PARTS_OF_A_SAMPLE = 4 // at most
};

/* A sample that was asked, as the estimator wants it. */
struct asked {
    uint64_t key;      // of the sample: deals the draws out to groups
    double propensity; // in (0, 1]; 1: the strategy arm asked
    bool in_unasked;   // the strategy arm asked it after it was counted among the unasked (a pool)
    uint32_t term[UNASKED_SUMS];     // what the model said of it
    struct unasked unasked;          // what its task carries
    uint8_t part[PARTS_OF_A_SAMPLE]; // one more than the numbers of the parts of all samples that
                                     // it is in (estimate/parts.h); 0: of none
    int64_t asked_ms, expires_ms;    // for its cohort (estimate/cohorts.h)
    bool closed;                     // answered or skipped before it was told of
    int predicted;                   // class; -1: there was no model
    uint32_t model;                  // the version that decided, its lower half; 0: not known
    double amount;                   // at stake (config/cost.h); 0: none
};

struct estimate {
    double value, low, high; // NaN: there is none yet
    double always_low, always_high;
};
struct estimates {
    uint64_t answers, drawn; // answered tasks; of them, of the random arm alone
    struct estimate of[ESTIMATES];
};

enum {
    ESTIMATE_DRAWS_LEAST = 10 // answers of the random arm: below them nothing is claimed
};

/* Bins of the positive class's probability: constant, word, upper end (excluded, but of the last).
 */
#define SCORE_TABLE(FIRST, NEXT)                                                                   \
    FIRST(SCORE_0001, "0.001", 0.001)                                                              \
    NEXT(SCORE_0003, "0.003", 0.003)                                                               \
    NEXT(SCORE_001, "0.01", 0.01)                                                                  \
    NEXT(SCORE_002, "0.02", 0.02)                                                                  \
    NEXT(SCORE_005, "0.05", 0.05)                                                                  \
    NEXT(SCORE_01, "0.1", 0.1)                                                                     \
    NEXT(SCORE_02, "0.2", 0.2)                                                                     \
    NEXT(SCORE_03, "0.3", 0.3)                                                                     \
    NEXT(SCORE_04, "0.4", 0.4)                                                                     \
    NEXT(SCORE_05, "0.5", 0.5)                                                                     \
    NEXT(SCORE_06, "0.6", 0.6)                                                                     \
    NEXT(SCORE_07, "0.7", 0.7)                                                                     \
    NEXT(SCORE_08, "0.8", 0.8)                                                                     \
    NEXT(SCORE_09, "0.9", 0.9)                                                                     \
    NEXT(SCORE_095, "0.95", 0.95)                                                                  \
    NEXT(SCORE_098, "0.98", 0.98)                                                                  \
    NEXT(SCORE_1, "1", 1)
enum score_bin_name { WORDS_ENUM(SCORE_TABLE) SCORE_BINS };
struct score_bin {
    uint64_t answers;
    double samples, positives; // that these stand for
    double score;              // mean over the samples; NaN: there are none
};

struct estimator;

/* window: "now" is the last so many answers of the random arm and what the strategy arm asked
 * between them; 0: as since the start. Memory: about 300 bytes an answer of the window, and 90
 * KiB. The caller destroys it. */
struct estimator *estimator_create(size_t window);
/* Without average precision: of a part of the samples that `whole`, borrowed, is of. What tasks
 * carry of the unasked is of all of them and says nothing of a part, so its tasks are told without
 * (`unasked` of n 0, in_unasked false), and its figures are plain ratios. whole NULL: of a stretch
 * of the stream, whose tasks are told as they are. Some 12 KiB and the window. */
struct estimator *estimator_create_part(size_t window, const struct estimator *whole);
void estimator_destroy(struct estimator *e);

/* Each task once, whether answered or not, with its version's prediction; and once more, with its
 * outcome, when it is answered. */
void estimator_ask(struct estimator *e, const struct asked *a);
void estimator_answer(struct estimator *e, const struct asked *a, const struct outcome *o);

/* Whether the figure is a share whose parts are counted, so that estimate_hit says something. */
bool estimate_counts(enum estimate_name e);
/* Whether the sample counts for a figure that is a share: 1 for it, 0 against it; -1: not at all.
 */
int estimate_hit(enum estimate_name e, const struct outcome *o);

enum estimate_span { ESTIMATE_SINCE_START, ESTIMATE_NOW, ESTIMATE_SPANS };
/* One figure alone, for who looks often. Average precision is of the start alone. */
void estimator_read_one(const struct estimator *e, enum estimate_span span, enum estimate_name name,
                        struct estimate *out);
/* When the figure will be as good as that, from its course since the start. labels: so many there
 * are, those without a prediction included; most: of which a fit uses the last so many. Nothing is
 * said of parts, of average precision, and of what no answer tells. */
void estimator_forecast(const struct estimator *e, enum estimate_name name, double wanted,
                        double labels, double most, struct forecast *out);
/* By score, since the start. Not of a part: then all is 0. */
void estimator_scores(const struct estimator *e, struct score_bin out[SCORE_BINS]);
/* Whether some samples were not asked on purpose, so that draws alone tell what they are like. */
bool estimator_chooses(const struct estimator *e);
/* Since the start, as if all requests without an answer were against the figure (out[0]), and for
 * it (out[1]): no interval, what was answered is taken as it is. NaN: cannot be said (of a cost, of
 * average precision). */
void estimator_worst(const struct estimator *e, enum estimate_name name, double out[2]);
void estimator_read(const struct estimator *e, enum estimate_span span, struct estimates *out);
