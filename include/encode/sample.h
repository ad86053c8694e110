/* What becomes of a record of the samples topic: passed over, a dead letter, or an id and a row of
 * numbers. Said here once, for the daemon, `winnowd check` and `winnowd dead-letters retry`.
 *
 * A record may be an envelope: then the event is what stands at admit.event, and all that features
 * and people see is inside it.
 *
 * Thread: worker thread (one reader each) */
#pragma once

#include "admit/decoder.h"
#include "encode/features.h"

enum { SAMPLE_ID_MAX = 255 }; // bytes of a sample id

struct sample {
    struct text id;    // at NULL: the record has none, its place stands in for it
    struct text found; // why it is a dead letter: what was found (admit/found.h); may be empty
    struct text where; // the part of that which may be shown to anyone
    bool decoded;      // the record was JSON that could be read, whatever became of it
};

struct sample_reader;

/* By section admit of the configuration. c and f are borrowed for the reader's life. 0: *out is the
 * caller's, for sample_reader_destroy. ERR_CONFIG: as decoder_create. */
int sample_reader_create(struct sample_reader **out, const struct config *c,
                         const struct features *f) MUST_CHECK;
void sample_reader_destroy(struct sample_reader *r);

/* REASON_NONE, REASON_BLOCKED: row (d) is written whole. REASON_IGNORED: no sample. Else a dead
 * letter. value at NULL: a tombstone. time_ms: of the record, 0: not known. *out is valid until the
 * next call and while `value` is. absent: as in features_encode. No allocation after warm-up but
 * for a dead letter. */
enum reason sample_read(struct sample_reader *r, struct text value, int64_t time_ms, double *row,
                        struct sample *out, uint64_t *absent);
/* The reader's own, to be taught schemas (run/schema_client.h) and tidied between batches. */
struct decoder *sample_decoder(struct sample_reader *r);
/* The fields of the record that was read last, in the order of the features; valid like *out. */
const struct value *sample_values(const struct sample_reader *r);
/* Reads a record only as far as its fields: those of sample_values. false: it cannot be read. */
bool sample_decode(struct sample_reader *r, struct text value);
/* The record as JSON, as in decoder_record. */
struct text sample_record(struct sample_reader *r, struct text value);
/* What annotators may see of the event in a record that could be read, as JSON; valid until the
 * next call. */
struct text sample_select(struct sample_reader *r, struct text value,
                          const struct selection *shown);
