/* The tasks that the label page can offer, and which of them were answered. Bounded, whatever the
 * topics hold (promise I11).
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "config/config.h"
#include "route/task.h"
#include "store/label.h"

enum {
    LABEL_QUEUE_TASKS = 1000,     // open tasks at most: hours of one person's work
    LABEL_QUEUE_BYTES = 32 << 20, // bytes of their texts at most
    LABEL_QUEUE_EVENT = 1 << 20,  // of one event: a larger one is not shown
    LABEL_QUEUE_KNOWN = 1 << 18,  // answered tasks, and samples, that are remembered: 14 MB
    LABEL_QUEUE_GIVEN = 256,      // answers of this page that can still be replaced
    LABEL_QUEUE_LOAN_MS = 120000  // how long a task stays on a screen that says nothing
};

/* A task as a person is to see it. Texts are owned by the queue, valid until its next call. */
struct label_offer {
    char id[TASK_ID_LENGTH + 1];
    uint8_t id_bytes[TASK_ID_BYTES];
    struct text sample_id, event;
    enum ask reason;
    double priority;
    int64_t asked_ms, expires_ms;
    uint64_t session;  // whose screen it is on, 0: nobody's
    int64_t loaned_ms; // monotonic
};

struct label_queue;

/* classes: of the model, copied; sources: train.sources, borrowed. */
struct label_queue *label_queue_create(const struct list *classes, const struct list *sources);
void label_queue_destroy(struct label_queue *q);

/* Now, by the clock of the tasks, and by one that nobody sets: a loan lasts as long as it should,
 * whatever happens to the first. */
struct label_now {
    int64_t wall_ms, steady_ms;
};

/* A task read from the topic: it is offered unless it has an answer, has expired, or is here. When
 * there is no room the one least worth an answer is left out. */
void label_queue_task(struct label_queue *q, const struct task *t, struct label_now now);
/* A label read from the topic, whoever gave it. A label of a class that the model does not have is
 * no answer. */
void label_queue_label(struct label_queue *q, const struct label *l);
/* The task that this session should answer: the one that it has, else what is most worth an answer
 * and on nobody's screen, and of no sample of which this session answered another reader's task.
 * NULL: none. */
const struct label_offer *label_queue_next(struct label_queue *q, uint64_t session,
                                           struct label_now now);
/* The task is answered here, now or anew: *revision of the answer. ERR_MISSING: neither open nor
 * among the last LABEL_QUEUE_GIVEN that were answered here. */
int label_queue_answer(struct label_queue *q, struct text id, int64_t *revision) MUST_CHECK;

size_t label_queue_waiting(const struct label_queue *q);
/* Open tasks that found no room since label_queue_reread. */
size_t label_queue_left_out(const struct label_queue *q);
/* What was left out will be read again. */
void label_queue_reread(struct label_queue *q);
