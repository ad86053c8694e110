/* An annotator's answer, read from whatever JSON the tool sent.
 *
 * {"id": TASK, "label": CLASS} is enough. Also: sample_id instead of id; annotator, time (RFC 3339
 * or ms), revision, confidence, outcome (labelled, skipped, cannot_tell), source; data (an event of
 * its own: needs no task). Which task it answers: store/join_rules.h.
 *
 * Thread: any thread */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "config/config.h"

#include <stdint.h>

enum { LABEL_NAME_MAX = 512 }; // bytes of an id, a label, an annotator, a source

/* A larger one is refused. */
#define LABEL_REVISION_MOST ((int64_t)1 << 52)
/* Of an answer that is to come after that one; at the end of the numbers time decides. */
static inline int64_t label_next_revision(int64_t revision) {
    return revision < LABEL_REVISION_MOST ? revision + 1 : LABEL_REVISION_MOST;
}

enum label_outcome { LABEL_LABELLED, LABEL_SKIPPED, LABEL_CANNOT_TELL };

struct label {
    struct text id, sample_id;     // at least one, or data
    struct text label;             // class name; at NULL for the other outcomes
    struct text annotator, source; // at NULL when absent
    struct text data;              // JSON object, its bytes as written; at NULL when absent
    enum label_outcome outcome;
    int64_t revision;  // 0 when absent; at most LABEL_REVISION_MOST
    int64_t time_ms;   // of the answer; the record's time when absent
    double confidence; // 1 when absent
};

/* Reads a labels record: one JSON object (docs/FORMATS.md says which members), also behind a schema
 * registry's header. `key`: the record's
 * key, which stands in for a missing id when it is the id of a task; record_time_ms: taken when the
 * answer gives no time, or one that cannot be: before the year 2000 (seconds), before the sample
 * of the task that it names by id, or more than a day after the record (microseconds, a wrong
 * clock). A task of ours that was sent back with a label in
 * it names its task by `meta.id`. Texts are copies in `arena`. ERR_INPUT with *why for people: it
 * is not an object, a member has the wrong type or is longer than LABEL_NAME_MAX, or it names
 * neither a task nor a class. The record is anyone's; what is read holds its contract: times 0 to
 * TASK_TIME_MOST, confidence 0 to 1. c: section labels tells the record's shape; NULL: it is our
 * own. ERR_MISSING with *why: a record of Label Studio that tells of no answer. */
int label_read(struct label *out, const struct config *c, struct text record, struct text key,
               int64_t record_time_ms, struct arena *arena, const char **why) MUST_CHECK;
/* Appends the label as one JSON object that label_read reads back to the same label. */
void label_write(const struct label *l, struct buf *out);
