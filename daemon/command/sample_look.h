/* Records of the samples topic, or of a file, as the daemon would read them: for those who want to
 * see it (`winnowd check --online`, `winnowd check --sample`).
 *
 * Values come from whoever writes the topic, so what is shown of them is safe for a terminal; those
 * that route.mask hides from annotators are "***" here too.
 *
 * Thread: main thread */
#pragma once

#include "encode/sample.h"

struct sample_look {
    const struct config *config;
    struct features *features;
    struct sample_reader *reader;
    struct schema_client *schemas; // NULL: nobody is to be asked
    double *row;                   // (columns) of the record that was read last
    uint64_t *absent;              // (fields) in how many records each was absent
};

/* c is borrowed. An ERR_ has *why; also then the caller gives it to sample_look_close. */
int sample_look_open(struct sample_look *l, const struct config *c, struct buf *why) MUST_CHECK;
void sample_look_close(struct sample_look *l);
/* As sample_read. */
enum reason sample_look_record(struct sample_look *l, struct text value, int64_t time_ms,
                               struct sample *out);
/* As sample_decode. */
bool sample_look_decode(struct sample_look *l, struct text value);
/* Whether the i-th feature's field was in that record, and not null. */
bool sample_look_has(const struct sample_look *l, size_t i);
/* Appends what stands there, and the numbers that it becomes, of which at most `most` are shown. */
void sample_look_value(const struct sample_look *l, size_t i, size_t characters, struct buf *out);
void sample_look_numbers(const struct sample_look *l, size_t i, size_t most, struct buf *out);

/* Calls visit for the newest records of the samples topic, about `most` of them; commits nothing
 * and disturbs no group. Their number, or an ERR_ with *why. */
int sample_look_newest(const struct config *c, size_t most,
                       void (*visit)(struct text value, int64_t time_ms, void *opaque),
                       void *opaque, struct buf *why) MUST_CHECK;
