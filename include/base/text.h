/* A run of bytes that someone else owns: the one string type that crosses room borders. Not NUL-terminated.
 * Thread: any thread */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct text {
    const char *at; // NULL: there is none (unlike an empty one)
    size_t len;
};

#define TEXT(literal) ((struct text){literal, sizeof(literal) - 1})

static inline struct text text_of(const char *string) {
    return (struct text){string, string ? strlen(string) : 0};
}

static inline bool text_equal(struct text a, struct text b) {
    return a.len == b.len && (a.at == b.at || (a.at && b.at && memcmp(a.at, b.at, a.len) == 0));
}
