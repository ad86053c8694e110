/* JSON bytes to the mapped fields of one sample. The only door between the wire and the rows;
 * several readers stand behind it, and which one does its work shows in nothing but the time it
 * takes.
 *
 * Strict (RFC 8259): one object, nothing behind it, UTF-8, depth and number range as configured. A
 * path names a field by JSON pointer, nested too; an absent step is a missing field, not an error.
 * Of duplicate keys the first counts.
 * Thread: worker thread (one decoder each) */
#pragma once

#include "admit/reason.h"
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
    VALUE_OTHER /* object or array */
};

struct value {
    enum value_kind kind;
    double number;    // VALUE_NUMBER; VALUE_BOOL: 0 or 1. Finite.
    struct text text; // VALUE_TEXT: unescaped, may hold NUL. VALUE_NUMBER: as written
};

struct decoder_options {
    const struct text
        *paths; // (n) JSON pointers of the fields to extract; borrowed until decoder_create returns
    size_t n;
    size_t max_depth, max_bytes;
    enum json_reader kind; // auto: the fastest that this processor can do
};

struct decoder;

/* ERR_CONFIG: a path is no pointer, or the processor lacks what options->kind takes. */
int decoder_create(struct decoder **out, const struct decoder_options *options) MUST_CHECK;
/* By the limits and the reader of the configuration, for what stands on the samples topic.
 * paths: (n), as in the options. */
int decoder_of_samples(struct decoder **out, const struct config *c, const struct text *paths,
                       size_t n) MUST_CHECK;
/* The same for events that stand in labels and files: JSON, whatever samples are. */
int decoder_of_events(struct decoder **out, const struct config *c, const struct text *paths,
                      size_t n) MUST_CHECK;
void decoder_destroy(struct decoder *d);

/* Reads one sample; not one byte beyond it is looked at. values: (n) in the order of the paths,
 * valid until the next call and while `json` is; unspecified unless REASON_NONE is returned. Else
 * why not: of several reasons, the one met first from the left; REASON_NOT_FINITE only where
 * nothing else is wrong. */
enum reason decoder_read(struct decoder *d, struct text json, struct value *values);

/* The part of `event` that annotators may see, as JSON: only the pointers of `fields` when there
 * are any (nested as in the event), with the values at `mask` replaced by "***". Valid until the
 * next call; `event` itself when neither is given. Called for asked samples only. */
struct selection {
    const struct text *fields, *mask;
    size_t fields_n, mask_n;
};
struct text decoder_select(struct decoder *d, struct text event, const struct selection *s);
