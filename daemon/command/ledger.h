/* Tasks and their answers, joined from the two topics: what `tasks` lists and the terminal's
 * annotator works through.
 * Thread: main thread */
#pragma once

#include "base/arena.h"
#include "route/task.h"
#include "store/label.h"
#include "topic_scan.h"

#include <stdbool.h>

struct ledger_answer {
    struct ledger_answer *next; // the one before it on the topic
    int32_t partition;
    int64_t offset, time_ms, revision;
    enum label_outcome outcome;
    struct text label, annotator, source;
    double confidence;
};

struct ledger_task {
    char id[TASK_ID_LENGTH + 1];
    struct text sample_id, predicted; // predicted: at NULL without a model
    enum ask reason;
    double probability, propensity, priority;
    uint64_t model;
    int64_t time_ms, asked_ms, expires_ms;
    int32_t partition; // of the tasks topic
    int64_t offset;
    bool known;                             // else only answers to it have been seen
    struct text record;                     // the whole task, where it was wanted; else at NULL
    struct ledger_answer *answers, *counts; // newest first; the one that counts by the winner rule
                                            // (daemon/store/store_answer.c)
    struct ledger_task *older;              // of the same sample
};

enum ledger_state { LEDGER_OPEN, LEDGER_ANSWERED, LEDGER_SKIPPED, LEDGER_EXPIRED, LEDGER_STATES };

struct ledger {
    const struct config *config;
    struct reader *tasks, *labels;
    struct rd_kafka_s *pen; // made by the first answer
    int trouble;            // Kafka's code of the last answer that was not taken
    struct arena arena, scratch;
    void *by_id, *by_sample;   // trees
    struct ledger_task **task; // (n) in the order in which they were read
    size_t n, cap;
    uint64_t unreadable;                                       // records of either topic
    bool (*wanted)(const struct ledger_task *t, void *opaque); // whose record is kept; NULL: none
    void *opaque;
    struct buf why;
};

/* Reads both topics, labels first. Set wanted before. 0, or an ERR_ with l->why. ledger_close in
 * any case. */
int ledger_open(struct ledger *l, const struct config *c) MUST_CHECK;
void ledger_close(struct ledger *l);
/* Takes what has come since; waits timeout_ms for it. Whether anything came, or an ERR_. */
int ledger_poll(struct ledger *l, int timeout_ms) MUST_CHECK;

/* Puts an answer on the labels topic, with its id as the key, and waits until it is taken. ERR_
 * with l->why. */
int ledger_answer(struct ledger *l, const struct label *label) MUST_CHECK;

struct ledger_task *ledger_find(const struct ledger *l, struct text id);
/* The newest task of a sample. */
struct ledger_task *ledger_of_sample(const struct ledger *l, struct text sample);
enum ledger_state ledger_state(const struct ledger_task *t, int64_t now_ms);
const char *ledger_state_name(enum ledger_state s);
/* "fraud", "skipped", "cannot tell". */
struct text ledger_answer_text(const struct ledger_answer *a);
