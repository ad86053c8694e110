/* Why a sample became a dead letter. One table: enum, metric label, dead-letter header, docs.
 *
 * Thread: any thread */
#pragma once

#include "base/word_list.h"

#include <stdbool.h>
#include <stddef.h>

#define REASON_TABLE(FIRST, NEXT)                                                                  \
    FIRST(REASON_EMPTY, "empty", "the record has no value (a tombstone) or an empty one")          \
    NEXT(REASON_TOO_LARGE, "too_large", "the value is longer than admit.max_bytes")                \
    NEXT(REASON_NOT_JSON, "not_json", "the value is not one well-formed JSON object")              \
    NEXT(REASON_NOT_AVRO, "not_avro", "the value is not what its Avro schema says")                \
    NEXT(REASON_UNKNOWN_SCHEMA, "unknown_schema", "the schema of the value is not known")          \
    NEXT(REASON_BAD_SCHEMA, "bad_schema", "the schema of the value can not be used")               \
    NEXT(REASON_TOO_DEEP, "too_deep", "the value nests deeper than admit.max_depth")               \
    NEXT(REASON_NOT_UTF8, "not_utf8", "the value is not UTF-8")                                    \
    NEXT(REASON_NOT_FINITE, "not_finite", "a mapped number is NaN, infinite or beyond a double")   \
    NEXT(REASON_WRONG_TYPE, "wrong_type",                                                          \
         "a mapped field has another type than the configuration says")                            \
    NEXT(REASON_NOT_PROBABILITY, "not_probability", "a mapped probability is below 0 or above 1")  \
    NEXT(REASON_MISSING_FIELD, "missing_field", "a required field is absent or null")              \
    NEXT(REASON_BAD_ID, "bad_id",                                                                  \
         "the sample id is not a string or an integer, or longer than 255 bytes")                  \
    NEXT(REASON_NO_FEATURE, "no_feature",                                                          \
         "the record has none of the mapped fields, not even null")                                \
    NEXT(REASON_LABEL_UNREADABLE, "label_unreadable",                                              \
         "a record of the labels topic that is no answer")                                         \
    NEXT(REASON_TASK_TOO_LARGE, "task_too_large",                                                  \
         "asked, but its task is larger than the tasks topic takes, even without the event")

/* REASON_NONE is no reason: the sample is fine. Nor are the last two. REASON_IGNORED: the
 * configuration passes the record over (admit.ignore, admit.tombstones). REASON_BLOCKED: the sample
 * is fine, but its outcome will never be seen (admit.blocked). */
enum reason {
    REASON_NONE,
    WORDS_ENUM(REASON_TABLE) REASONS,
    REASON_IGNORED = REASONS,
    REASON_BLOCKED
};

/* Whether the sample has an id and a row, so that it is scored. */
static inline bool reason_is_sample(enum reason r) {
    return r == REASON_NONE || r == REASON_BLOCKED;
}

/* Place of a reason among the words of the table. */
static inline size_t reason_place(enum reason r) { return (size_t)r - 1; }

/* "not_json"; "admitted", "ignored", "blocked" for what is no reason; "?" else. Static storage. */
const char *reason_name(enum reason r);
/* The sentence; "" for what is no reason. Static storage. */
const char *reason_text(enum reason r);
