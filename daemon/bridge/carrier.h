/* Carries tasks into an annotation tool and answers back, no task twice and none missing.
 *
 * It knows no tool, no Kafka and no clock: all three are ports. Its rules of crash are in
 * carrier.c.
 *
 * Thread: main thread */
#pragma once

#include "carrier_state.h"
#include "config/config.h"
#include "said.h"
#include "store/label.h"
#include "tool.h"

/* A task that waits in the batch. */
struct carrier_task {
    char id[TASK_ID_LENGTH + 1];
    struct text record; // as it stands on the topic
    int32_t partition;
    int64_t offset, asked_ms, expires_ms;
    bool settled; // imported, there already, or not to be asked any more
    bool refused; // the tool does not take it: settled by a dead letter
};

/* A task whose answers cannot be read: a dead letter. */
struct carrier_unreadable {
    struct text id;     // of the task; at NULL: not known
    int64_t number;     // the tool's own; 0: not known
    int64_t changed_us; // when the tool last changed it, by its own clock
    struct text record; // as the tool says it, its first DEAD_LETTER_VALUE_MAX bytes
    size_t bytes;       // of all of it
};

/* What one transaction writes: all of it or nothing. */
struct carrier_commit {
    struct text state;
    const struct label *label; // (labels)
    size_t labels;
    const struct carrier_task *refused; // (tasks), of which those marked refused
    size_t tasks;
    const struct carrier_unreadable *unreadable; // (unreadables)
    size_t unreadables;
};

struct carrier_ports {
    struct tool tool;
    /* 0, or an ERR_: then it may or may not be written, and may be tried again. */
    int (*commit)(void *opaque, const struct carrier_commit *what);
    int64_t (*now_ms)(void *opaque); // wall clock
    void *opaque;
};

struct carrier_options {
    const struct config *config; // bridge, model.classes; borrowed
};

struct carrier;

/* Takes `state`, which is then empty. */
struct carrier *carrier_create(const struct carrier_options *options,
                               const struct carrier_ports *ports, struct carrier_state *state);
void carrier_destroy(struct carrier *c);

/* A label of the labels topic, in its order; before the first task. */
void carrier_label(struct carrier *c, const struct label *l);

/* Where reading the tasks topic begins. */
int64_t carrier_next(const struct carrier *c, int32_t partition);
/* So many more tasks the batch takes. */
size_t carrier_room(const struct carrier *c);
/* The next record of a partition: a task, copied, or NULL for what is none. Only with room. */
void carrier_offer(struct carrier *c, const struct task *t, struct text record, int32_t partition,
                   int64_t offset);

/* One try to bring the batch into the tool. 0: it is empty. ERR_RETRY, ERR_ABORT: again later, no
 * matter when. ERR_FULL: people have bridge.open_tasks before them. Other errors: of a port. */
int carrier_carry(struct carrier *c) MUST_CHECK;
/* Takes all that changed in the tool and writes it as labels. 0, or an error of a port: again
 * later. */
int carrier_poll(struct carrier *c) MUST_CHECK;

/* Looks through the tasks that wait in the tool and takes out what nobody needs to answer: expired
 * ones (bridge.on_expiry) and, when it is called the first time, all but one of a task that is
 * there twice. 0, or an error of a port: again later. */
int carrier_sweep(struct carrier *c) MUST_CHECK;
/* Whether the tool has sent answers that a poll would take. */
bool carrier_has_news(const struct carrier *c);
/* Whether the tool hinted, since the last call, that something changed. */
bool carrier_is_hinted(struct carrier *c);
/* Writes the figures, if nothing was written for BRIDGE_SAY_MS. away: the tool is. */
int carrier_say_figures(struct carrier *c, bool away) MUST_CHECK;

/* Valid until the next call. */
const struct bridge_figures *carrier_figures(struct carrier *c);
