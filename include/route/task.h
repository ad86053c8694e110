/* The request for a label: one struct, one writer, one reader.
 *
 * The record is also a Label Studio import task (data, predictions, meta). Field by field:
 * docs/FORMATS.md.
 * Thread: workers write; learner, oracle and command line read */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "config/choices.h"

#include <stdbool.h>
#include <stdint.h>

enum { TASK_ID_LENGTH = 36, TASK_ID_BYTES = 16 };

struct task {
    char id[TASK_ID_LENGTH + 1];
    struct text sample_id;
    struct text
        event; // JSON, as annotators may see it (fields chosen, masked); passed on byte for byte
    const double *row; // (d) raw features
    size_t d;
    const float *prob;   // (k) prediction; NULL: none
    const float *member; // (members, k), NULL without model
    size_t k, members;
    struct text classes;  // k names, newline-separated
    uint64_t fingerprint; // of the feature map
    enum ask reason;
    enum measure measure;
    enum manager manager;
    bool by_strategy; // arm: strategy, else random
    double utility, threshold, propensity, manager_probability, priority;
    uint64_t model, policy; // versions; model 0: none
    struct text topic;      // source coordinates
    int32_t partition;
    int64_t offset;
    int64_t time_ms, asked_ms,
        expires_ms; // record time of the sample; wall clock when asked; when the task closes
    uint64_t admitted, covered; // of the partition, this sample included: coverage of the estimate
};

/* UUID version 7 shape: 48 bits of record time, then 74 bits of a hash of (topic, partition,
 * offset). The same sample always has the same id; ids sort by time. */
void task_id(char out[TASK_ID_LENGTH + 1], struct text topic, int32_t partition, int64_t offset,
             int64_t time_ms);
/* The 16 bytes that an id (of whatever case) stands for; they order as the ids do. ERR_INPUT: not
 * the id of a task. */
int task_id_parse(uint8_t out[TASK_ID_BYTES], struct text id) MUST_CHECK;

/* Index of the predicted class (largest probability, the first of equals), or -1 without a
 * model. */
int task_predicted(const struct task *t);

struct task_style {
    const char *from_name, *to_name; // Label Studio control and object
};

/* Figures that are not finite become null, and NaN when read; rows and probabilities must be
 * finite. */
void task_write(const struct task *t, const struct task_style *style, struct buf *out);
/* Everything in *out is allocated from `arena`. ERR_INPUT: not a task of ours, *why says. */
int task_read(struct task *out, struct text record, struct arena *arena,
              const char **why) MUST_CHECK;
