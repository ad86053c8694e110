/* What happened last: tasks, decisions that asked nobody, dead letters, each with why; for /recent
 * and the dashboard.
 *
 * Bounded rings (watch.recent entries each). Workers write only about what was asked or refused,
 * and one decision a batch, so the one lock is taken rarely; a writer that does not get it at once
 * forgets what it wanted to say. No event's content is kept, only ids and figures.
 *
 * Thread: any thread */
#pragma once

#include "admit/reason.h"
#include "base/buf.h"
#include "query/strategy.h"
#include "route/task.h"

#include <stdint.h>

struct recent;

/* most: entries of each ring, 0: none; classes: k names, newline-separated, borrowed. */
struct recent *recent_create(size_t most, struct text classes, size_t k);
void recent_destroy(struct recent *r);

/* r may be NULL in all that follow: nobody wants to know. */
void recent_task(struct recent *r, const struct task *t);
/* A sample that nobody was asked about. */
struct recent_sample {
    struct text id;
    int32_t partition;
    int64_t offset, time_ms, now_ms;
    const float *prob; // (k)
    uint64_t model, policy;
    const struct decision *decision;
};
void recent_decision(struct recent *r, const struct recent_sample *s);
void recent_dead_letter(struct recent *r, int32_t partition, int64_t offset, int64_t now_ms,
                        enum reason reason, struct text found);

/* Members of a JSON object, without its braces: "tasks", "decisions", "dead_letters", newest
 * first. */
void recent_json(struct recent *r, struct buf *out);
/* {"class": tasks asked since the start with that prediction}; "": no model yet. */
void recent_classes_json(struct recent *r, struct buf *out);
