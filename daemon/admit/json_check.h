/* Whether bytes are exactly one JSON object, strictly by RFC 8259, in one pass and without
 * recursion.
 *
 * What is refused, and as what; of several faults the leftmost speaks:
 *   NOT_JSON   anything outside the grammar, a control character or a bad escape in a string, bytes
 *              behind the object
 *   TOO_DEEP   an object or array inside `max_depth` others; the outer object is depth 1
 *   NOT_UTF8   in a string: bytes that are not UTF-8, and escapes that stand for none (a lone
 *              surrogate, \uD800)
 * Numbers are checked as text only: their range matters where they are used.
 *
 * Thread: any thread */
#pragma once

#include "admit/reason.h"
#include "base/text.h"

/* open: (max_depth) bytes of working space. REASON_NONE or one of the above. */
enum reason json_check(struct text json, size_t max_depth, char *open);
/* The same; *at: how many bytes were as they should be, where any is wrong. */
enum reason json_check_place(struct text json, size_t max_depth, char *open, size_t *at);
/* In a string, behind what is not plain ASCII there: one escape, or one character of UTF-8. NULL:
 * *fault says why it is none. */
const char *json_special(const char *at, const char *end, enum reason *fault);
