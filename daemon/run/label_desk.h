/* Where the label page meets the topics: what is open, and answers on their way out.
 *
 * Thread: http thread asks and answers; label thread (daemon/run/label_courier.c) fills and
 * empties */
#pragma once

#include "base/buf.h"
#include "label_queue.h"

enum {
    LABEL_DESK_SLIPS = 256,    // answers that wait for Kafka: minutes of several people's work
    LABEL_ANNOTATOR_MOST = 127 // bytes of an annotator's name
};

/* An answer on its way to the labels topic. */
struct label_slip {
    char id[TASK_ID_LENGTH + 1], annotator[LABEL_ANNOTATOR_MOST + 1];
    enum label_outcome outcome;
    size_t class_; // of model.classes
    int64_t revision, time_ms;
};

struct label_desk;

/* Both are borrowed; sources: train.sources. */
struct label_desk *label_desk_create(const struct list *classes, const struct list *sources);
void label_desk_destroy(struct label_desk *d);

/* ---- the page's requests; JSON in *body, the HTTP status is returned ---- */

/* {"session"} → {"ready","waiting","more","unconfirmed","trouble","classes","keys","task"}: the
 * task for that session's screen, or null, and which key gives which answer. */
unsigned label_desk_next(struct label_desk *d, struct text sent, struct buf *body);
/* {"id","outcome","label","annotator"} → 202 {"revision"}. 409: closed meanwhile, or too long ago
 * to be replaced; 503: LABEL_DESK_SLIPS answers wait for Kafka, or we are stopping. */
unsigned label_desk_answer(struct label_desk *d, struct text sent, struct buf *body);

/* ---- the label thread ---- */

void label_desk_task(struct label_desk *d, const struct task *t);
void label_desk_label(struct label_desk *d, const struct label *l);
/* Both topics have been read to their end once: from now on tasks are offered. */
void label_desk_open(struct label_desk *d);
/* No answer is taken any more. */
void label_desk_close(struct label_desk *d);
/* Whether the tasks topic should be read anew: all tasks held are answered, and others found no
 * room. True once. */
bool label_desk_wants_reread(struct label_desk *d);
/* The next answer to send, and its number; false: none. It is ours until label_desk_settle. */
bool label_desk_take(struct label_desk *d, struct label_slip *slip, size_t *number);
/* Kafka has it (why NULL); else it waits to be sent again and the page says why. */
void label_desk_settle(struct label_desk *d, size_t number, const char *why);
/* Answers that Kafka has not confirmed. */
size_t label_desk_unconfirmed(struct label_desk *d);
