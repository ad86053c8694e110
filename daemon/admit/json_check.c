/* A state machine over the bytes: what may come next, and a stack of the brackets that are open.
 *
 * The stack is the caller's, one byte a level, so nesting costs no C stack and no allocation. What
 * passes can be walked without looking for the end (json_walk.h). Refuses what cJSON would let
 * through: NUL, control characters, words that only start with true, bad UTF-8.
 *
 * Thread: any thread */
#include "json_check.h"

enum expect { VALUE, FIRST_VALUE, KEY, FIRST_KEY, NEXT };

struct check {
    const char *at, *end;
    char *open; // (max) the bracket of each level
    size_t depth, max;
    enum expect expect;
};

/* Bytes that a string may hold as they are, UTF-8 aside. */
static const bool plain[256] = {
    [0x20 ... 0x21] = true, [0x23 ... 0x5B] = true, [0x5D ... 0x7F] = true};

static void json_check_skip_space(struct check *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

static bool json_check_skip_byte(struct check *c, char byte) {
    if (c->at == c->end || *c->at != byte) return false;
    c->at++;
    return true;
}

/* The four digits of a \u escape; -1: they are none. */
static int json_check_hex_unit(struct check *c) {
    int unit = 0;
    for (int i = 0; i < 4; i++, c->at++) {
        int digit = c->at < c->end ? text_hex_digit(*c->at) : -1;
        if (digit < 0) return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static enum reason json_check_unicode(struct check *c) {
    int unit = json_check_hex_unit(c);
    if (unit < 0) return REASON_NOT_JSON;
    if (unit < 0xD800 || unit > 0xDFFF) return REASON_NONE;
    if (unit > 0xDBFF || !json_check_skip_byte(c, '\\') || !json_check_skip_byte(c, 'u'))
        return REASON_NOT_UTF8;
    unit = json_check_hex_unit(c);
    if (unit < 0) return REASON_NOT_JSON;
    return unit >= 0xDC00 && unit <= 0xDFFF ? REASON_NONE : REASON_NOT_UTF8;
}

static enum reason json_check_escape(struct check *c) {
    c->at++;
    if (json_check_skip_byte(c, 'u')) return json_check_unicode(c);
    if (c->at == c->end || !*c->at || !strchr("\"\\/bfnrt", *c->at)) return REASON_NOT_JSON;
    c->at++;
    return REASON_NONE;
}

static enum reason json_check_wide(struct check *c) {
    size_t n = text_utf8((struct text){c->at, (size_t)(c->end - c->at)});
    c->at += n;
    return n ? REASON_NONE : REASON_NOT_UTF8;
}

static enum reason json_check_string(struct check *c) {
    if (!json_check_skip_byte(c, '"')) return REASON_NOT_JSON;
    for (;;) {
        while (c->at < c->end && plain[(unsigned char)*c->at]) c->at++;
        if (json_check_skip_byte(c, '"')) return REASON_NONE;
        if (c->at == c->end || (unsigned char)*c->at < 0x20) return REASON_NOT_JSON;
        enum reason fault = *c->at == '\\' ? json_check_escape(c) : json_check_wide(c);
        if (fault) return fault;
    }
}

static bool json_check_skip_digits(struct check *c) {
    const char *from = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') c->at++;
    return c->at > from;
}

static bool json_check_skip_number(struct check *c) {
    json_check_skip_byte(c, '-');
    if (!json_check_skip_byte(c, '0') && !json_check_skip_digits(c)) return false;
    if (json_check_skip_byte(c, '.') && !json_check_skip_digits(c)) return false;
    if (!json_check_skip_byte(c, 'e') && !json_check_skip_byte(c, 'E')) return true;
    if (!json_check_skip_byte(c, '+')) json_check_skip_byte(c, '-');
    return json_check_skip_digits(c);
}

static bool json_check_skip_word(struct check *c, struct text word) {
    if ((size_t)(c->end - c->at) < word.len || memcmp(c->at, word.at, word.len) != 0) return false;
    c->at += word.len;
    return true;
}

static enum reason json_check_open(struct check *c) {
    if (c->depth == c->max) return REASON_TOO_DEEP;
    c->expect = *c->at == '{' ? FIRST_KEY : FIRST_VALUE;
    c->open[c->depth++] = *c->at++;
    return REASON_NONE;
}

/* A word or number; first: its first byte. */
static bool json_check_scalar(struct check *c, char first) {
    switch (first) {
    case 't': return json_check_skip_word(c, TEXT("true"));
    case 'f': return json_check_skip_word(c, TEXT("false"));
    case 'n': return json_check_skip_word(c, TEXT("null"));
    default: return json_check_skip_number(c);
    }
}

static enum reason json_check_value(struct check *c) {
    char first = c->at < c->end ? *c->at : '\0';
    if (first == '{' || first == '[') return json_check_open(c);
    c->expect = NEXT;
    if (first == '"') return json_check_string(c);
    return json_check_scalar(c, first) ? REASON_NONE : REASON_NOT_JSON;
}

static enum reason json_check_key(struct check *c) {
    enum reason fault = json_check_string(c);
    if (fault) return fault;
    json_check_skip_space(c);
    c->expect = VALUE;
    return json_check_skip_byte(c, ':') ? REASON_NONE : REASON_NOT_JSON;
}

static bool json_check_close(struct check *c) {
    if (!json_check_skip_byte(c, c->open[c->depth - 1] == '{' ? '}' : ']')) return false;
    c->depth--;
    c->expect = NEXT;
    return true;
}

static enum reason json_check_next(struct check *c) {
    if (json_check_close(c)) return REASON_NONE;
    c->expect = c->open[c->depth - 1] == '{' ? KEY : VALUE;
    return json_check_skip_byte(c, ',') ? REASON_NONE : REASON_NOT_JSON;
}

static enum reason json_check_step(struct check *c) {
    json_check_skip_space(c);
    switch (c->expect) {
    case FIRST_KEY: return json_check_close(c) ? REASON_NONE : json_check_key(c);
    case FIRST_VALUE: return json_check_close(c) ? REASON_NONE : json_check_value(c);
    case KEY: return json_check_key(c);
    case NEXT: return json_check_next(c);
    default: return json_check_value(c);
    }
}

const char *json_special(const char *at, const char *end, enum reason *fault) {
    struct check c = {.at = at, .end = end};
    if ((unsigned char)*at < 0x20) *fault = REASON_NOT_JSON;
    else *fault = *at == '\\' ? json_check_escape(&c) : json_check_wide(&c);
    return *fault ? NULL : c.at;
}

static enum reason json_check_object(struct check *c) {
    json_check_skip_space(c);
    if (c->at == c->end || *c->at != '{') return REASON_NOT_JSON;
    enum reason fault = json_check_open(c);
    while (!fault && c->depth) fault = json_check_step(c);
    if (fault) return fault;
    json_check_skip_space(c);
    return c->at == c->end ? REASON_NONE : REASON_NOT_JSON;
}

enum reason json_check_place(struct text json, size_t max_depth, char *open, size_t *at) {
    struct check c = {.at = json.at, .end = json.at + json.len, .open = open, .max = max_depth};
    enum reason fault = json_check_object(&c);
    *at = (size_t)(c.at - json.at);
    return fault;
}

enum reason json_check(struct text json, size_t max_depth, char *open) {
    size_t at;
    return json_check_place(json, max_depth, open, &at);
}
