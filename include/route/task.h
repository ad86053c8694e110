/* The request for a label: one struct, one writer, one reader.
 *
 * The record is also a Label Studio import task (data, predictions, meta). Field by field:
 * docs/FORMATS.md.
 *
 * Letters: d columns, k classes, m members.
 *
 * Thread: workers write; learner, oracle and command line read */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "config/choices.h"
#include "estimate/unasked.h"
#include "route/task_id.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    TASK_SAMPLE_MAX = 512, // bytes of a sample id that is read; those that we write have 300
};

/* Smallest propensity other than 0 that is read: a weight of 1e12 is beyond any budget. */
#define TASK_PROPENSITY_LEAST 1e-12
/* Largest time that is read: the end of the year 9999, in ms since 1970. */
#define TASK_TIME_MOST INT64_C(253402300799999)

/* Borrows what it points to. */
struct task {
    char id[TASK_ID_LENGTH + 1];
    struct text sample_id;
    struct text event;   // JSON, as annotators may see it (fields chosen, masked); byte for byte
    bool event_left_out; // it would have made the record too large; `event` is not there
    const double *row;   // (d) raw features
    size_t d;
    const float *prob;    // (k) prediction; NULL: no model yet
    const float *member;  // (m, k) of each member; NULL: no model yet
    const float *boosted; // (k) what the model's boosted trees make of that; NULL: it has none
    size_t k, members;
    struct text classes;        // k names, newline-separated
    uint64_t fingerprint;       // of the feature map
    enum ask reason;            // why it is asked
    enum measure measure;       // of the utility
    enum manager manager;       // budget manager
    bool by_strategy;           // the strategy arm or the pool asked; else the random arm alone
    double utility, threshold;  // as decided on; threshold 0: the manager has none
    double propensity;          // probability of being asked; 0: outside the estimate
    double manager_probability; // of the strategy arm's asking, as the manager named it
    double priority;            // for the queue of people: larger first
    uint64_t model, policy;     // version, number; 0: none
    struct text topic;          // of the sample; with partition and offset where it stands
    int32_t partition;
    int64_t offset;
    int64_t time_ms;            // record time of the sample
    int64_t asked_ms;           // wall clock when it was asked
    int64_t expires_ms;         // when the task closes
    uint64_t admitted, covered; // of the partition, this sample included: coverage of the estimate
    bool in_capacity;           // within watch.capacity
    int opinions;           // of a second reader's: labels that are paid for the sample, at most
                            // OPINIONS_MAX; 0: as many as have been asked
    struct unasked unasked; // of the partition since its last task, for the estimate
};

/* Who is to answer: 1, or a later number where others were asked about the same sample before. */
int ask_reader(enum ask reason);
int task_reader(const struct task *t);

/* The predicted class (largest probability, the first of equals); -1: there was no model. */
int task_predicted(const struct task *t);

/* What the pre-annotation is written for. */
struct task_style {
    const char *from_name, *to_name; // Label Studio control and object
};

/* Appends the record. Figures that are not finite become null, and NaN when read; rows and
 * probabilities must be finite. */
void task_write(const struct task *t, const struct task_style *style, struct buf *out);
/* Appends a record that task_write wrote, with null in place of its event, and `meta` says so.
 * false, and nothing appended: it has no event. */
bool task_drop_event(struct text record, struct buf *out);
/* Reads untrusted bytes; everything in *out is allocated from `arena`. What is read holds its
 * contract: at most COLUMNS_MAX columns, CLASSES_MAX classes, MEMBERS_MAX members and
 * TASK_SAMPLE_MAX bytes of a sample id, at most OPINIONS_MAX opinions, propensity 0 or
 * TASK_PROPENSITY_LEAST to 1, probabilities 0 to 1, row finite, covered at most admitted, times 0
 * to TASK_TIME_MOST (of the sample -1, where it had none), sums over the unasked such as a state
 * may hold. ERR_INPUT: it is not a task of ours, *why is one sentence, static. */
int task_read(struct task *out, struct text record, struct arena *arena,
              const char **why) MUST_CHECK;
