/* Tasks and their answers, joined from the two topics: what `tasks` lists and the terminal's
 * annotator works through.
 *
 * Thread: main thread */
#pragma once

#include "base/arena.h"
#include "estimate/estimator.h"
#include "ledger_tail.h"
#include "store/join_rules.h"
#include "topic_scan.h"

#include <stdbool.h>

struct ledger_answer {
    struct ledger_answer *next; // the one before it on the topic
    struct task_answer is;      // as the join sees it
    bool known_class;           // else it is listed, but is no answer
    int64_t read_ms;            // time of its record
    struct text sample_id;      // what it names when it names no task
    struct text label, annotator, source;
    double confidence;
};

struct ledger_task {
    char id[TASK_ID_LENGTH + 1];
    uint8_t id_bytes[TASK_ID_BYTES];
    struct text sample_id, predicted; // predicted: at NULL without a model
    enum ask reason;
    double probability, propensity, priority;
    uint64_t model;
    int64_t time_ms, asked_ms, expires_ms;
    int32_t partition; // of the tasks topic
    int64_t offset;
    int64_t read_ms;      // time of its record
    bool known;           // else only answers to it have been seen
    bool foreign;         // of other classes than the configuration's
    uint64_t fingerprint; // of the feature map
    int predicted_class;  // -1: there was no model
    bool in_capacity;
    struct asked said;             // as the estimator wants it; without a model not filled
    struct text record;            // the whole task, where it was wanted; else at NULL
    struct ledger_answer *answers; // newest first
    struct ledger_answer *counts;  // of them, by the rules of the join (store/join_rules.h)
    struct ledger_task *sibling;   // another task of the same sample
};

struct ledger {
    const struct config *config;
    struct features *features; // NULL: not needed yet
    struct own_events *events; // the same
    int amount_field;          // that is at stake (config/cost.h); -1: none
    struct reader *tasks, *labels;
    struct producer *producer; // made by the first answer
    struct arena arena, scratch;
    struct text classes;        // newline-separated; made by the first label
    void *by_id, *by_sample;    // trees of ledger_task and of ledger_sample
    bool caught_up;             // both topics have been read to the end that they had
    struct ledger_answer *held; // until then: labels that name a sample
    struct ledger_task **task;  // (n) in the order in which they were read
    size_t n, cap;
    struct ledger_tail tail; // of ledger_open_newest
    uint64_t unreadable;     // records of either topic
    uint64_t contradicting;  // records of a task that was there and said another thing
    bool (*wanted)(const struct ledger_task *t, void *opaque); // whose record is kept; NULL: none
    void *opaque;
    struct buf why;
};

/* Reads both topics, labels first. Set wanted before. 0, or an ERR_ with l->why. ledger_close in
 * any case. */
int ledger_open(struct ledger *l, const struct config *c) MUST_CHECK;
/* The same for the newest `span` records of the tasks topic and the labels that can belong to them;
 * no record is wanted. l->tail says what was left out. Of several tasks of one sample those that
 * are left out can answer for none: a label by sample id is then joined among the others. */
int ledger_open_newest(struct ledger *l, const struct config *c, uint64_t span) MUST_CHECK;
void ledger_close(struct ledger *l);
/* Takes what has come since; waits timeout_ms for it. Whether anything came, or an ERR_. */
int ledger_poll(struct ledger *l, int timeout_ms) MUST_CHECK;

/* Puts an answer on the labels topic, with its id as the key, and waits until it is taken. ERR_
 * with l->why. */
int ledger_answer(struct ledger *l, const struct label *label) MUST_CHECK;

/* What ledger_open and ledger_poll do with each record. Copies what it keeps. `record`: the task as
 * it stands on the topic; read_ms: the record's time. A repeated task changes nothing. */
void ledger_add_task(struct ledger *l, const struct task *task, struct text record,
                     int32_t partition, int64_t offset, int64_t read_ms);
void ledger_add_label(struct ledger *l, const struct label *label, int32_t partition,
                      int64_t offset, int64_t read_ms);
/* Both topics have been read: what came so far is joined in the order of its records' times, what
 * comes from now on in the order in which it comes. */
void ledger_caught_up(struct ledger *l);

/* NULL: neither the task nor an answer to it has been read. */
struct ledger_task *ledger_find(const struct ledger *l, struct text id);
/* That reader's task of the same sample; NULL: nothing is known of one. */
struct ledger_task *ledger_read_by(const struct ledger *l, const struct ledger_task *t, int reader);
/* The newest task of a sample, or NULL. */
struct ledger_task *ledger_of_sample(const struct ledger *l, struct text sample);
enum task_state ledger_state(const struct ledger_task *t, int64_t now_ms);
/* "fraud", "skipped", "cannot tell". */
struct text ledger_answer_text(const struct ledger_answer *a);
