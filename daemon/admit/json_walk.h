/* Walking JSON that json_check has passed: brackets match and strings end, so nothing here looks
 * for the end.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"

/* One entry of an object or array. */
struct json_entry {
    struct text key;   // of an object: the bytes between the quotes, as written; else at NULL
    size_t index;      // of an array
    const char *value; // its first byte
};

struct json_walk {
    const char *at; // the caller moves it behind each value: json_end, or where an inner walk ended
    bool object;
    size_t entries; // so far
};

/* Over the object or array at `value`. */
struct json_walk json_enter(const char *value);
/* false: there is no more, and w->at is behind the closing bracket. */
bool json_next(struct json_walk *w, struct json_entry *e);

/* Behind the value at `value`. */
const char *json_end(const char *value);
/* Writes the text that the bytes between the quotes stand for, never more bytes than those; gives
 * their number. out may be raw.at. */
size_t json_unescape(struct text raw, char *out);
