/* A record's value to the mapped fields of one sample: the only way from the wire to a row. Several
 * readers of JSON can do the work (admit.json_reader); they differ in nothing but the time they
 * take. Behind the header of a schema registry stands JSON or Avro (admit.format); a pointer then
 * addresses the JSON that decoder_select makes of the record.
 *
 * JSON is read strictly (RFC 8259): one object, nothing behind it, UTF-8, depth and range of
 * numbers as configured. A path names a field by JSON pointer, nested too; where a step is absent
 * the field is missing, which is no error. Of equal keys the first counts.
 *
 * Thread: worker thread (one decoder each) */
#pragma once

#include "admit/reason.h"
#include "admit/schema.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "config/config.h"

#include <stdint.h>

enum value_kind {
    VALUE_MISSING,
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_NUMBER,
    VALUE_TEXT,
    VALUE_OTHER, // object or array
};

struct value {
    enum value_kind kind;
    double number;    // VALUE_NUMBER: finite. VALUE_BOOL: 0 or 1
    struct text text; // VALUE_TEXT: unescaped, may hold NUL. VALUE_NUMBER: as written; of Avro
                      // the digits of an integer, and empty for any other
};

struct decoder_options {
    const struct text *paths; // (n) JSON pointers of the fields; borrowed by decoder_create
    size_t n;
    size_t max_depth; // brackets that may be open: admit.max_depth
    size_t max_bytes; // of a sample: admit.max_bytes
    enum json_reader kind;
    enum admit_format format;
    bool registry; // what is unknown can be asked: decoder_lacks
};

struct decoder;

/* 0: *out is the caller's, for decoder_destroy. ERR_CONFIG: a path is no pointer, or the processor
 * lacks what options->kind needs. */
int decoder_create(struct decoder **out, const struct decoder_options *options) MUST_CHECK;
/* By the limits and the reader of the configuration, for what stands on the samples topic.
 * paths: (n), as in the options, from the record's root; the event is at admit.event. */
int decoder_of_samples(struct decoder **out, const struct config *c, const struct text *paths,
                       size_t n) MUST_CHECK;
/* The same for events that stand in labels and files: JSON, whatever samples are. */
int decoder_of_events(struct decoder **out, const struct config *c, const struct text *paths,
                      size_t n) MUST_CHECK;
void decoder_destroy(struct decoder *d);

/* Reads one sample; not one byte beyond it is looked at. values: (n) in the order of the paths,
 * valid until the next call and while `value` is; unspecified unless REASON_NONE or
 * REASON_NOT_FINITE is returned. Of several faults the leftmost is the reason; REASON_NOT_FINITE
 * only where nothing else is wrong. */
enum reason decoder_read(struct decoder *d, struct text value, struct value *values);
/* What was found in the value that was read last, where it was refused for its header or for what
 * stands behind that: "schema id 33: a boolean is neither 0 nor 1, at byte 17"; else empty. Valid
 * until the next call. */
struct text decoder_found(const struct decoder *d);

/* Whether the value can not be read before the decoder was taught schema *id. */
bool decoder_lacks(struct decoder *d, struct text value, uint32_t *id);
/* Teaches it, from now on: what the id stands for (source is borrowed for the call), or why nothing
 * with that id can be read. A schema that is not sound is a refusal too. */
void decoder_learn(struct decoder *d, uint32_t id, const struct schema_source *source);
void decoder_refuse(struct decoder *d, uint32_t id, enum reason reason, const char *why);
/* Between two batches: what was refused by decoder_refuse is forgotten, so that it is asked about
 * again, and of very many schemas those not used for long. */
void decoder_tidy(struct decoder *d);

/* Whether what it was taught since decoder_tidy weighs as much as is kept at all. */
bool decoder_is_full(const struct decoder *d);

/* A value as JSON, which can be read when its schema is forgotten: itself where it has no header.
 * "null" where that can not be done. Valid until the next call, and while `value` is. */
struct text decoder_record(struct decoder *d, struct text value);

/* What annotators may see of an event. Borrowed. */
struct selection {
    const struct text *fields; // (fields_n) pointers that are shown, nested as in the event; 0: all
    const struct text *mask;   // (mask_n) pointers whose values are replaced by "***"
    size_t fields_n, mask_n;
};

/* The part of the event in a value that annotators may see, as JSON; valid until the next call, and
 * while `value` is. All of it when nothing is selected and nothing masked: the event itself, what
 * stands behind its header, or the Avro record written anew. "null" when there is no event. Called
 * for asked samples only. */
struct text decoder_select(struct decoder *d, struct text value, const struct selection *s);
