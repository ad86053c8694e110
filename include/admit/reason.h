/* Why a sample was not admitted. One table: enum, metric label, dead-letter header, docs.
 * Thread: any thread */
#pragma once

/* The first is not a reason: the sample is fine. Values of the metric label follow the same
 * order. */
#define REASON_TABLE(R)                                                                            \
    R(NONE, "admitted", "")                                                                        \
    R(EMPTY, "empty", "the record has no value (a tombstone) or an empty one")                     \
    R(TOO_LARGE, "too_large", "the value is longer than admit.max_bytes")                          \
    R(NOT_JSON, "not_json", "the value is not one well-formed JSON object")                        \
    R(TOO_DEEP, "too_deep", "the JSON nests deeper than admit.max_depth")                          \
    R(NOT_UTF8, "not_utf8", "the value is not UTF-8")                                              \
    R(NOT_FINITE, "not_finite", "a mapped number is NaN, infinite or beyond a double")             \
    R(WRONG_TYPE, "wrong_type", "a mapped field has another type than the configuration says")     \
    R(MISSING_FIELD, "missing_field", "a required field is absent or null")                        \
    R(BAD_ID, "bad_id", "the sample id is not a string or an integer, or longer than 255 bytes")

enum reason {
#define R(name, label, text) REASON_##name,
    REASON_TABLE(R)
#undef R
        REASONS
};

#define REASON_VALUES                                                                              \
    "admitted|empty|too_large|not_json|too_deep|not_utf8|not_finite|wrong_type|missing_field|bad_" \
    "id"

const char *reason_name(enum reason r); // "not_json"
const char *reason_text(enum reason r); // the sentence
