/* Reading JSON where speed does not matter: cJSON's tree, and the few questions that our readers
 * ask it.
 *
 * A member can also be had as the bytes it was written with: an event is handed on as it came,
 * never printed anew.
 *
 * Thread: any thread */
#pragma once

#include "base/arena.h"

#include <cjson/cJSON.h>
#include <stdint.h>

#define JSON_INTEGER_MAX ((int64_t)1 << 53) // beyond it a double skips integers

/* Values of a tree, containers and scalars alike. A tree takes 30 times the bytes of "[0,0,0", and
 * those may have come compressed a thousandfold: so the values are counted before one is made. */
enum { JSON_VALUES_MAX = 1 << 17 };

/* Whether JSON takes it for white space between tokens. */
static inline bool json_is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* The tree of one whole JSON value from anyone, nothing behind it; NULL: it is none, has more than
 * JSON_VALUES_MAX values, or is deeper than 1,000. Its strings hold no NUL: U+FFFD stands for one.
 * The caller gives it to cJSON_Delete. */
cJSON *json_parse(struct text json, struct arena *arena);
/* The same with another bound. */
cJSON *json_parse_most(struct text json, size_t values, struct arena *arena);

/* The value of a member of the object, as it is written; at NULL: no such member, or no object. Of
 * equal keys the first counts; a key written with escapes is not found. Only brackets and strings
 * are understood: what they enclose may still not be JSON. */
struct text json_member(struct text object, const char *key);

/* Members of a tree. A string, borrowed from the tree; at NULL: absent or not a string. */
struct text json_text(const cJSON *object, const char *key);
/* Whether there is a whole number within ±JSON_INTEGER_MAX; it goes to *out, which else is
 * untouched. */
bool json_integer(const cJSON *object, const char *key, int64_t *out);
/* The same for any number; null is NaN, as buf_double writes it. */
bool json_number(const cJSON *object, const char *key, double *out);
/* The value that a JSON pointer (RFC 6901) leads to, of equal keys the first; NULL: there is none.
 */
const cJSON *json_at(const cJSON *value, struct text pointer);
