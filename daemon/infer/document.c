/* The two grammars behind document.h.
 *
 * Every length is compared with what is left of the file before it is believed, and an array that
 * says its type and its count beforehand must have the bytes for all of them.
 *
 * Thread: command line */
#include "document.h"

#include "base/json.h"
#include "base/number.h"

#include <math.h>

enum { NUMBER_BYTES = 64 }; // of a number that is written in decimal

static const char cut_short[] = "it ends in the middle";

void document_open(struct document *d, struct text file, bool binary) {
    *d = (struct document){
        .begin = file.at, .at = file.at, .end = file.at + file.len, .binary = binary};
}

void document_close(struct document *d) { arena_release(&d->arena); }

void document_refuse(struct document *d, const char *why) {
    if (!d->why) d->why = why;
    d->at = d->end;
    d->depth = 0;
}

static size_t document_left(const struct document *d) { return (size_t)(d->end - d->at); }

static void document_skip_blanks(struct document *d) {
    while (d->at < d->end && json_is_space(*d->at)) d->at++;
}

/* The next byte, which stays; 0: there is none. */
static char document_peek(struct document *d) {
    if (d->binary)
        while (d->at < d->end && *d->at == 'N') d->at++; // no operation
    else document_skip_blanks(d);
    return d->at < d->end ? *d->at : '\0';
}

static enum document_kind document_enter(struct document *d, struct document_frame frame) {
    if (d->depth == DOCUMENT_DEPTH) {
        document_refuse(d, "it is nested too deeply");
        return DOCUMENT_FAULT;
    }
    d->frame[d->depth++] = frame;
    return frame.object ? DOCUMENT_OBJECT : DOCUMENT_ARRAY;
}

/* ---- JSON ---- */

/* Digits from `at` on; how many. */
static size_t document_digits(const struct document *d, const char *at) {
    size_t n = 0;
    while (at + n < d->end && at[n] >= '0' && at[n] <= '9') n++;
    return n;
}

/* Bytes of the JSON number at the reader's place; 0: it is none. */
static size_t document_decimal(const struct document *d) {
    const char *at = d->at + (d->at < d->end && *d->at == '-');
    size_t n = document_digits(d, at);
    if (!n || (n > 1 && *at == '0')) return 0;
    at += n;
    if (at < d->end && *at == '.') {
        n = document_digits(d, at + 1);
        if (!n) return 0;
        at += 1 + n;
    }
    if (at < d->end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < d->end && (*at == '+' || *at == '-');
        n = document_digits(d, at);
        if (!n) return 0;
        at += n;
    }
    return (size_t)(at - d->at);
}

static enum document_kind document_json_number(struct document *d) {
    char copy[NUMBER_BYTES];
    size_t n = document_decimal(d);
    if (!n || n >= sizeof copy) {
        document_refuse(d, "something is no number");
        return DOCUMENT_FAULT;
    }
    memcpy(copy, d->at, n);
    copy[n] = '\0';
    d->at += n;
    d->number = number_read((struct text){copy, n});
    d->narrow = strtof(copy, NULL);
    return DOCUMENT_NUMBER;
}

static const struct {
    struct text word;
    enum document_kind kind;
    double number;
} literals[] = {{TEXT("true"), DOCUMENT_NUMBER, 1},
                {TEXT("false"), DOCUMENT_NUMBER, 0},
                {TEXT("NaN"), DOCUMENT_NUMBER, NAN}, // these three are no JSON, but XGBoost's
                {TEXT("Infinity"), DOCUMENT_NUMBER, INFINITY},
                {TEXT("-Infinity"), DOCUMENT_NUMBER, -INFINITY},
                {TEXT("null"), DOCUMENT_NULL, 0}};

static enum document_kind document_json_literal(struct document *d) {
    for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
        struct text word = literals[i].word;
        if (document_left(d) < word.len || memcmp(d->at, word.at, word.len) != 0) continue;
        d->at += word.len;
        d->number = literals[i].number;
        d->narrow = (float)d->number;
        return literals[i].kind;
    }
    document_refuse(d, "something is no JSON value");
    return DOCUMENT_FAULT;
}

/* The character that a backslash and this one stand for; 0: none. */
static char document_escaped(char c) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found = c ? strchr(from, c) : NULL;
    return found ? to[found - from] : '\0';
}

/* A string that has escapes, n bytes between its quotes. \u stays as it is written: XGBoost does
 * not double a backslash before a u, and no name in a model needs it. */
static struct text document_unescaped(struct document *d, const char *from, size_t n) {
    char *to = arena_take(&d->arena, n + 1);
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        bool escape = from[i] == '\\' && from[i + 1] != 'u';
        to[len] = escape ? document_escaped(from[++i]) : from[i];
        if (!to[len++]) document_refuse(d, "a string has an escape that is not read here");
    }
    return (struct text){to, len};
}

/* The string whose quote is next. */
static struct text document_json_string(struct document *d) {
    const char *from = ++d->at;
    bool escapes = false;
    for (; d->at < d->end && *d->at != '"'; d->at++) {
        if ((unsigned char)*d->at < ' ') break;
        if (*d->at != '\\') continue;
        escapes = true;
        if (++d->at == d->end) break;
    }
    if (d->at >= d->end || *d->at != '"') {
        document_refuse(d, "a string does not end, or holds a control character");
        return (struct text){"", 0};
    }
    size_t n = (size_t)(d->at++ - from);
    return escapes ? document_unescaped(d, from, n) : (struct text){from, n};
}

static enum document_kind document_json_value(struct document *d) {
    char c = document_peek(d);
    if (c == '{' || c == '[') {
        d->at++;
        return document_enter(d, (struct document_frame){.object = c == '{'});
    }
    if (c == '"') {
        d->text = document_json_string(d);
        return d->why ? DOCUMENT_FAULT : DOCUMENT_TEXT;
    }
    bool number = (c == '-' && document_left(d) > 1 && d->at[1] != 'I') || (c >= '0' && c <= '9');
    return number ? document_json_number(d) : document_json_literal(d);
}

/* ---- UBJSON ---- */

/* Bytes of a number of that type; 0: it is none. */
static size_t document_width(char type) {
    switch (type) {
    case 'i':
    case 'U': return 1;
    case 'I': return 2;
    case 'l':
    case 'd': return 4;
    case 'L':
    case 'D': return 8;
    default: return 0;
    }
}

/* Takes so many bytes as one big-endian number; false: there are not so many. */
static bool document_bits(struct document *d, size_t width, uint64_t *out) {
    if (document_left(d) < width) {
        document_refuse(d, cut_short);
        return false;
    }
    *out = 0;
    for (size_t i = 0; i < width; i++) *out = *out << 8 | (unsigned char)*d->at++;
    return true;
}

static enum document_kind document_binary_number(struct document *d, char type) {
    uint64_t bits;
    float single;
    if (!document_bits(d, document_width(type), &bits)) return DOCUMENT_FAULT;
    uint32_t half = (uint32_t)bits;
    switch (type) {
    case 'i': d->number = (int8_t)bits; break;
    case 'U': d->number = (double)bits; break;
    case 'I': d->number = (int16_t)bits; break;
    case 'l': d->number = (int32_t)bits; break;
    case 'L': d->number = (double)(int64_t)bits; break;
    case 'd':
        memcpy(&single, &half, sizeof single);
        d->number = (double)single;
        break;
    default: memcpy(&d->number, &bits, sizeof d->number);
    }
    d->narrow = (float)d->number;
    return DOCUMENT_NUMBER;
}

static bool document_take_byte(struct document *d, char *out) {
    if (d->at < d->end) {
        *out = *d->at++;
        return true;
    }
    document_refuse(d, cut_short);
    return false;
}

/* A length: a whole number with its type before it. At most what is left of the file. */
static bool document_length(struct document *d, uint64_t *out) {
    char type;
    if (!document_take_byte(d, &type)) return false;
    if (!document_width(type) || type == 'd' || type == 'D') document_refuse(d, "a length is none");
    else if (document_binary_number(d, type) == DOCUMENT_NUMBER) {
        if (d->number >= 0 && d->number <= (double)document_left(d)) *out = (uint64_t)d->number;
        else document_refuse(d, "a length is longer than the file");
    }
    return !d->why;
}

static struct text document_binary_string(struct document *d) {
    uint64_t n;
    if (!document_length(d, &n)) return (struct text){"", 0};
    d->at += n;
    return (struct text){d->at - n, (size_t)n};
}

/* A container; it may say the type of all entries, and how many there are. */
static enum document_kind document_binary_container(struct document *d, bool object) {
    struct document_frame frame = {.object = object};
    if (d->at < d->end && *d->at == '$') {
        d->at++;
        if (!document_take_byte(d, &frame.type)) return DOCUMENT_FAULT;
        if (!document_width(frame.type) || d->at == d->end || *d->at != '#')
            document_refuse(d, "an array of one type is not of numbers, or does not say how many");
    }
    if (d->at < d->end && *d->at == '#') {
        d->at++;
        frame.counted = true;
        if (!document_length(d, &frame.left)) return DOCUMENT_FAULT;
        if (frame.type && !object && frame.left > document_left(d) / document_width(frame.type))
            document_refuse(d, cut_short);
    }
    return d->why ? DOCUMENT_FAULT : document_enter(d, frame);
}

static enum document_kind document_binary_value(struct document *d) {
    char type = d->depth ? d->frame[d->depth - 1].type : '\0';
    if (!type) {
        document_peek(d);
        if (!document_take_byte(d, &type)) return DOCUMENT_FAULT;
    }
    if (document_width(type)) return document_binary_number(d, type);
    switch (type) {
    case '{':
    case '[': return document_binary_container(d, type == '{');
    case 'S': d->text = document_binary_string(d); return d->why ? DOCUMENT_FAULT : DOCUMENT_TEXT;
    case 'T':
    case 'F': d->number = type == 'T', d->narrow = (float)d->number; return DOCUMENT_NUMBER;
    case 'Z': return DOCUMENT_NULL;
    default: document_refuse(d, "something is no UBJSON value"); return DOCUMENT_FAULT;
    }
}

/* ---- both ---- */

enum document_kind document_value(struct document *d) {
    if (d->why) return DOCUMENT_FAULT;
    return d->binary ? document_binary_value(d) : document_json_value(d);
}

bool document_more(struct document *d) {
    if (d->why || !d->depth) return false;
    struct document_frame *f = &d->frame[d->depth - 1];
    if (f->counted) {
        d->depth -= f->left == 0;
        return f->left && f->left--;
    }
    char c = document_peek(d);
    if (c == (f->object ? '}' : ']')) {
        d->at++;
        d->depth--;
        return false;
    }
    if (!d->binary && f->started) {
        if (c == ',') d->at++;
        else document_refuse(d, "there is no comma where one should be");
    }
    f->started = true;
    return !d->why;
}

bool document_key(struct document *d, struct text *key) {
    if (!document_more(d)) return false;
    if (d->binary) {
        *key = document_binary_string(d);
        return !d->why;
    }
    if (document_peek(d) != '"') document_refuse(d, "a key is no string");
    else *key = document_json_string(d);
    if (!d->why && document_peek(d) != ':') document_refuse(d, "there is no colon behind a key");
    d->at += !d->why;
    return !d->why;
}

void document_skip(struct document *d) {
    struct text key;
    size_t depth = d->depth;
    document_value(d);
    while (d->depth > depth) {
        if (d->frame[d->depth - 1].object ? document_key(d, &key) : document_more(d))
            document_value(d);
    }
}

bool document_ended(struct document *d) {
    document_peek(d);
    if (d->at < d->end) document_refuse(d, "something stands behind the model");
    return !d->why;
}
