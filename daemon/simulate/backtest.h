/* The backtest: one strategy over a labelled file, decided and learned by the daemon's own core,
 * with a virtual clock and labels that come a stated number of samples late.
 *
 * Predictions are scored before their labels are learned (test-then-train, or prequential: Gama et
 * al. 2013, On evaluating stream learning algorithms).
 *
 * Thread: the thread that calls; backtests of one file may run side by side */
#pragma once

#include "encoded_file.h"
#include "estimate/annotators.h"
#include "estimate/by_class.h"
#include "estimate/estimator.h"
#include "estimate/lateness.h"
#include "estimate/prequential.h"
#include "estimate/score.h"

enum baseline {
    BASELINE_NONE, // the strategy of the configuration
    BASELINE_ALL,  // every label is asked
    BASELINE_LAST  // every label is asked; predicts the last one that came, and fits no model
};

/* One point of the learning curve. */
struct curve_point {
    size_t sample, asked, labelled; // so far
    double accuracy, kappa;         // so far
    double threshold, utility;      // at that sample
};

/* A model switch as a daemon made it: from `sample` on, the model fitted on the first `labels`
 * answers, when `tasks` requests were known, is in force. Of a run of switches with equal `labels`
 * the first one makes the version; the others only set the rest. */
struct backtest_switch {
    size_t sample, tasks, labels;
    bool cold;
    double explore;
    bool weighted, doubts, seeks;
};

/* What became of each sample, for --predictions. Arrays of the file's length, the caller's. */
struct backtest_trail {
    float *prob;        // (n, k)
    double *propensity; // (n) of being asked, whether it was or not; 0: outside the estimate
    enum trail_arm { TRAIL_NONE, TRAIL_STRATEGY, TRAIL_RANDOM } * arm; // (n) that asked it
};

/* Everything is borrowed until backtest_run returns. */
struct backtest_options {
    const struct config *config;
    const struct encoded_file *file;
    enum baseline baseline;
    size_t delay;      // a label is learned before the sample that stands delay + 1 behind its own
    double noise;      // share of labels that name another class
    double unanswered; // share of the random arm's requests that nobody answers, and nobody waits
                       // for
    uint64_t seed;     // of everything random
    size_t points;     // of the curve
    uint64_t samples_a_day;                 // as a learner would have seen them; 0: not known
    const struct backtest_switch *switches; // (switches_n), ascending by sample; they replace delay
                                            // and the learner's schedule; NULL: none
    size_t switches_n;
    struct backtest_trail *trail; // filled; NULL: nobody wants it
    _Atomic uint64_t *done;       // counts samples up while it runs; NULL: nobody looks
};

/* What is said of one class at the end, beside what is true; by class_figure. */
struct backtest_class {
    double truth[CLASS_FIGURES];
    struct estimate estimate[CLASS_FIGURES];
};

/* What is said of one segment at the end, beside what is true. */
struct backtest_segment {
    size_t samples;
    double truth[ESTIMATES]; // but average precision
    struct estimates estimate;
};

/* How the strategy arm rested, where budget.target is given. */
struct backtest_target {
    bool rests;            // at the end
    size_t times;          // that the target was reached
    size_t woken;          // by an alarm
    size_t sample, labels; // when it was reached first
    bool missed; // at one of these times it was in truth not reached: over the samples of the
                 // figure that said so
};

/* An alarm that labels have turned (estimate/alarm.h). */
struct backtest_turn {
    size_t sample; // behind which it came
    size_t labels; // by then
    size_t draws;  // answers of the random arm since the alarm before, or the start
    size_t since;  // sample since when labels have turned, as it seems
};
enum { BACKTEST_TURNS = 16 }; // that are told, at most

struct backtest_result {
    size_t turns;                              // alarms
    struct backtest_turn turn[BACKTEST_TURNS]; // the first of them
    double evidence;                           // that labels have turned since, at the end
    double lateness[LATENESS_NUMBERS]; // what it cost that labels came late, by the last fit;
                                       // without one no draws
    double explore;                    // at the end
    struct backtest_target target;
    struct forecast forecast[ESTIMATES]; // at the end, where budget.target wants something
    struct score_figures score;
    struct score_tenth tenth[SCORE_TENTHS]; // the reliability, over all samples
    struct score_figures upstream;          // of the score that events bring; without one all NaN
    double truth[ESTIMATES];                // over all samples
    struct estimates estimate;              // of the same, at the end, from the answers
    struct estimate
        corrected[ESTIMATES]; // freed of the readers' errors, by what two of them agree on
    struct readers readers;
    size_t disputed, thirds;  // samples whose two readers disagree; third readers asked of these
    size_t golds;             // third readers asked to check them (people.gold)
    struct disputes disputes; // what became of them, at the end
    struct estimates now;     // of the last watch.window answers of the random arm
    struct prequential_figures plain[ESTIMATES]; // the same by the plain ratio, where it is a share
    size_t looks;                                // one after each answer
    bool missed[ESTIMATES]; // at one of them the truth so far lay outside the figure's band
    struct backtest_segment *segment; // (segments) of watch.segments; owned
    size_t segments;
    struct backtest_class *by_class; // (classes); owned
    size_t classes;                  // the first of them, at most BY_CLASS_MAX
    size_t samples, asked, asked_random, labelled, models;
    size_t auto_labelled, auto_wrong; // samples that the model would have answered by itself
    size_t auto_ended;                // certificates
    double overspend;                 // labels asked beyond B·n and the up-front grant, at the end
    double worst_window_overspend; // the most labels that any stretch of the stream got beyond its
                                   // share, the burst, one label and the grant (promise I4)
    double seconds;
    char decisions_sha256[65]; // of every request, in order: sample, reason, propensity, threshold,
                               // 8 bytes each, least significant first
    size_t *per_class;         // (k) labels by true class; owned
    struct curve_point *curve; // (points); owned
    size_t points;
};

/* Fills *out, which backtest_result_release frees, also after an error. ERR_INPUT: a switch wants
 * more answers or requests than there were by then. */
int backtest_run(struct backtest_result *out, const struct backtest_options *o) MUST_CHECK;
void backtest_result_release(struct backtest_result *r);
