/* A run of bytes that someone else owns: the one string type that crosses room borders. Not
 * NUL-terminated.
 *
 * Thread: any thread */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct text {
    const char *at; // NULL: there is none (unlike an empty one)
    size_t len;
};

/* Of a string literal. */
#define TEXT(literal) ((struct text){literal, sizeof(literal) - 1})

/* The bytes of a C string, borrowed; at NULL for NULL. */
static inline struct text text_of(const char *string) {
    return (struct text){string, string ? strlen(string) : 0};
}

/* Same bytes; a text that is not there equals an empty one only if that is not there either. */
static inline bool text_equal(struct text a, struct text b) {
    return a.len == b.len && (a.at == b.at || (a.at && b.at && memcmp(a.at, b.at, a.len) == 0));
}

/* As bytes; a prefix comes first. Below, at or above 0. */
static inline int text_order(struct text a, struct text b) {
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.at, b.at, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* The value of a hexadecimal digit of either case; -1: it is none. */
static inline int text_hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20; // to lower case
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Cuts *t in two at the first such byte: *t is what stands before it, *rest what stands behind it.
 * false: there is none. */
bool text_cut(struct text *t, char at, struct text *rest);
/* Takes the first line, without its end, from the front of *rest; false: nothing is left. */
bool text_line(struct text *rest, struct text *line);
/* Bytes of the well-formed UTF-8 character (RFC 3629) at the start of t; 0: there is none. */
size_t text_utf8(struct text t);
/* The code point of a well-formed UTF-8 character of n bytes. */
unsigned text_code_point(const char *at, size_t n);
/* Whether a character moves the cursor, or the order in which others are shown: controls (C0, DEL,
 * C1), line and paragraph separators, and what steers writing directions (Unicode Standard Annex 9;
 * "Trojan Source", Boucher and Anderson 2021). Strangers' text is shown without them. */
bool text_steers(unsigned code_point);
/* As much of t, which is UTF-8, as so many bytes hold: whole characters. */
struct text text_first(struct text t, size_t bytes);
/* Whether all of t is UTF-8. */
bool text_is_utf8(struct text t);
