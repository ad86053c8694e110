/* An annotator's answer, read from whatever JSON the tool sent.
 *
 * {"id": TASK, "label": CLASS} is enough. Also: sample_id instead of id; annotator, time (RFC 3339
 * or ms), revision, confidence, outcome (labelled, skipped, cannot_tell), source; data (an event of
 * its own: needs no task).
 * Thread: learner thread, command line */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

enum label_outcome { LABEL_LABELLED, LABEL_SKIPPED, LABEL_CANNOT_TELL };

struct label {
    struct text id, sample_id; // at least one, or data
    struct text label;         // class name; absent for the other outcomes
    struct text annotator, source;
    struct text data; // JSON object as written, or absent
    enum label_outcome outcome;
    int64_t revision;  // 0 when absent
    int64_t time_ms;   // of the answer; the record's time when absent
    double confidence; // 1 when absent
};

int label_read(struct label *out, struct text record, struct text key, int64_t record_time_ms,
               struct arena *arena, const char **why) MUST_CHECK;
void label_write(const struct label *l, struct buf *out);
