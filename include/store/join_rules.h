/* The label join: which task a label belongs to, and which of a task's answers counts.
 *
 * Whoever joins tasks and labels asks these rules: the learner's store (daemon/store/label_join.c),
 * `winnowd tasks` and `annotate --terminal` (daemon/command/ledger.c), and the page /label
 * (daemon/run/label_queue.c).
 *
 *   1. A label of a class that the model does not have is no answer, nor is one whose `source` is
 *      none of train.sources where those are given, nor one with an event of its own that is no row
 *      (encode/own_event.h). Its task stays as it was.
 *   2. A label with an `id` belongs to the task of that id.
 *   3. A label with a `sample_id` instead belongs to the newest task of that sample that has no
 *      answer when the label is read; when all have one, to the newest. Newest is the largest task
 *      id. A task that has expired without an answer has none: a late answer counts all the same.
 *   4. A label that is read before its task waits. The task of its id, or the first task of its
 *      sample, takes all labels that wait for it. A label with an event of its own is learned while
 *      it waits.
 *   5. Of all answers to a task the largest (certain, revision, time, partition, offset) counts;
 *      certain: its source is one of people.certain. `skipped`
 *      and `cannot_tell` are answers: they close the task, and a later revision may name a class.
 *
 * Rules 1, 2, 4 and 5 make the joined set a function of what the topics hold, whatever the order of
 * reading (promise I8). So does rule 3 as long as a sample has one task; of several tasks of one
 * sample the order of reading says which one a label by sample_id answers.
 *
 * Thread: any thread */
#pragma once

#include "config/config.h"
#include "route/task.h"
#include "store/label.h"
#include "store/label_fate.h"

#include <stdbool.h>

/* A label as the rules see it. */
struct task_answer {
    int64_t revision, time_ms; // as the annotator says
    int32_t partition;         // where it stands on the labels topic
    int64_t offset;
    int32_t class_; // index into the model's classes; -1: skipped or cannot tell
    enum label_outcome outcome;
    bool certain;       // its source knows the truth, and names a class
    uint64_t annotator; // hash of the name; 0: none is given
};

/* Whether labels of this source are taken (rule 1). sources: train.sources; none: all are. */
bool join_accepts(const struct list *sources, struct text source);

/* Whether an answer with a class of that source is the truth (rule 5). certain: people.certain. */
bool join_is_certain(const struct list *certain, struct text source);

/* The answer that a label gives. `classes`: the model's, newline-separated. False: its class is
 * none of them (rule 1). */
bool join_answer(struct task_answer *out, const struct label *l, struct text classes,
                 int32_t partition, int64_t offset);

/* What a label names: its task, the sample of its task, or neither (an id that no task can have, or
 * nothing but an event of its own). */
enum join_target { JOIN_TASK, JOIN_SAMPLE, JOIN_NOTHING };
/* Fills `id` for JOIN_TASK. A malformed id is not replaced by the sample id beside it. */
enum join_target join_target(const struct label *l, uint8_t id[TASK_ID_BYTES]);

/* Rule 3: whether a label by sample_id goes to task `a` rather than to task `b` of that sample. */
bool join_prefers(const uint8_t a[TASK_ID_BYTES], bool a_answered, const uint8_t b[TASK_ID_BYTES],
                  bool b_answered);

/* Rule 5: above 0 when `a` counts rather than `b`, below 0 when `b` does, 0 for the same record. */
int join_compare(const struct task_answer *a, const struct task_answer *b);

/* What becomes of answer `a` to a task that so far has the answer `counts` (NULL: none) and closes
 * at expires_ms (0: never). own: it stands for an event of its own and not for a task. */
enum label_fate join_fate(const struct task_answer *counts, bool own, int64_t expires_ms,
                          const struct task_answer *a);

enum task_state { TASK_OPEN, TASK_ANSWERED, TASK_SKIPPED, TASK_EXPIRED, TASK_STATES };
/* A task's state by the answer that counts (NULL: none). Skipped: its answer names no class. */
enum task_state join_state(const struct task_answer *counts, int64_t expires_ms, int64_t now_ms);
/* "open", "answered", "skipped", "expired". */
const char *join_state_name(enum task_state state);
