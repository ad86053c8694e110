/* Appending text, numbers and JSON strings to a growing buffer.
 *
 * Numbers are printed with the fewest digits that read back to the same bits, so that what the
 * learner reads from a task is what the scorer saw (promise I8).
 *
 * Thread: any thread (one owner at a time) */
#include "base/buf.h"

#include "base/error.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>

void buf_release(struct buf *b) {
    free(b->at);
    *b = (struct buf){0};
}

char *buf_room(struct buf *b, size_t n) {
    if (b->cap - b->len < n) {
        size_t cap = b->cap ? b->cap : 256;
        while (cap - b->len < n) cap *= 2;
        b->at = xrealloc(b->at, cap);
        b->cap = cap;
    }
    return b->at + b->len;
}

void buf_add(struct buf *b, const void *data, size_t n) {
    if (!n) return;
    memcpy(buf_room(b, n), data, n);
    b->len += n;
}

void buf_text(struct buf *b, struct text t) { buf_add(b, t.at, t.len); }
void buf_str(struct buf *b, const char *string) { buf_add(b, string, strlen(string)); }

void buf_printf(struct buf *b, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    CHECK(n >= 0);
    vsnprintf(buf_room(b, (size_t)n + 1), (size_t)n + 1, format, again);
    va_end(again);
    b->len += (size_t)n;
}

/* By hand: ids are written for every sample, and printf would cost more than scoring it. */
void buf_i64(struct buf *b, int64_t value) {
    char digit[20];
    size_t n = 0;
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do digit[n++] = (char)('0' + left % 10);
    while (left /= 10);
    char *out = buf_room(b, n + 1);
    if (value < 0) *out++ = '-', b->len++;
    b->len += n;
    while (n) *out++ = digit[--n];
}

enum { NUMBER_TEXT = 32 };

/* %g drops trailing zeros, so a number of few digits comes out short at the first try; digits:
 * where to begin. */
static const char *buf_shortest(double value, int digits, int most, bool single,
                                char out[NUMBER_TEXT]) {
    for (;; digits++) {
        int n = snprintf(out, NUMBER_TEXT, "%.*g", digits > 17 ? 17 : digits, value);
        CHECK(n > 0 && n < NUMBER_TEXT);
        if (digits >= most ||
            (single ? strtof(out, NULL) == (float)value : strtod(out, NULL) == value))
            return out;
    }
}

/* digits / 10^decimals in plain notation, as %g writes it: no trailing zeros. */
static void buf_put_decimal(struct buf *b, bool minus, uint64_t digits, int decimals) {
    char text[NUMBER_TEXT], *at = text + sizeof text;
    for (; decimals > 0 && digits % 10 == 0; decimals--) digits /= 10;
    for (int n = 0; digits || n <= decimals; n++, digits /= 10) {
        if (decimals > 0 && n == decimals) *--at = '.';
        *--at = (char)('0' + digits % 10);
    }
    if (minus) *--at = '-';
    buf_add(b, at, (size_t)(text + sizeof text - at));
}

static const double power_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                      1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

/* Most numbers of a row were written by people or programs with few digits, and then the first try
 * of `buf_shortest` is all that is needed: a decimal of at most 15 digits comes back from its
 * double. Found by one multiplication and one division a try, which are exact here (Clinger 1990,
 * as in number.c), instead of by printf and strtod: a task of 30 numbers costs 1/5
 * (tests/bench/pipeline.c). */
static bool buf_put_short_double(struct buf *b, double value) {
    double size = fabs(value);
    if (size < 1e-4) return false; // %g would turn to exponents
    for (int decimals = 0; decimals < (int)(sizeof power_of_ten / sizeof *power_of_ten);
         decimals++) {
        double scaled = rint(size * power_of_ten[decimals]);
        if (scaled >= 1e15) return false;
        if (scaled / power_of_ten[decimals] != size) continue;
        buf_put_decimal(b, value < 0, (uint64_t)scaled, decimals);
        return true;
    }
    return false;
}

/* A float between 1e-4 and 1 times 10^12 has at most 24 + 28 bits, so the product is exact and
 * rounding it is what printf does. Whether so many digits read back is then a comparison with half
 * the distance to the next float; what is undecided by it (ties, powers of two) is left to
 * `buf_shortest`. */
static bool buf_put_short_float(struct buf *b, float value) {
    double size = fabs((double)value),
           half = ((double)nextafterf(value, INFINITY) - (double)value) / 2;
    int exponent, point = (size < 0.1) + (size < 0.01) + (size < 0.001); // zeros behind the point
    if (value < 1e-4f || value >= 1 || frexp(size, &exponent) == 0.5) return false;
    for (int decimals = point + 6; decimals <= point + 9; decimals++) {
        double exact = size * power_of_ten[decimals], rounded = rint(exact),
               limit = half * power_of_ten[decimals];
        if (fabs(rounded - exact) == limit) return false;
        if (fabs(rounded - exact) > limit) continue;
        buf_put_decimal(b, false, (uint64_t)rounded, decimals);
        return true;
    }
    return false;
}

void buf_double(struct buf *b, double value) {
    char out[NUMBER_TEXT];
    if (!isfinite(value)) {
        buf_str(b, "null");
    } else if (value == rint(value) && fabs(value) < 1e15) {
        buf_i64(b, (int64_t)value);
    } else if (!buf_put_short_double(b, value)) {
        buf_str(b, buf_shortest(value, 15, 17, false, out));
    }
}

void buf_float(struct buf *b, float value) {
    char out[NUMBER_TEXT];
    if (!isfinite(value)) buf_str(b, "null");
    else if (!buf_put_short_float(b, value))
        buf_str(b, buf_shortest((double)value, 6, 9, true, out));
}

static void buf_json_ascii(struct buf *b, unsigned char c) {
    switch (c) {
    case '"': buf_str(b, "\\\""); break;
    case '\\': buf_str(b, "\\\\"); break;
    case '\n': buf_str(b, "\\n"); break;
    case '\r': buf_str(b, "\\r"); break;
    case '\t': buf_str(b, "\\t"); break;
    default:
        if (c < 0x20 || c == 0x7F) buf_printf(b, "\\u%04x", c);
        else buf_add(b, &c, 1);
    }
}

/* Of two bytes or more. */
static void buf_json_character(struct buf *b, const char *at, size_t n) {
    unsigned point = text_code_point(at, n);
    if (text_steers(point)) buf_printf(b, "\\u%04x", point);
    else buf_add(b, at, n);
}

void buf_json(struct buf *b, struct text t) {
    buf_add(b, "\"", 1);
    while (t.len) {
        size_t n = text_utf8(t), taken = n ? n : 1;
        if (n > 1) buf_json_character(b, t.at, n);
        else if (n == 1) buf_json_ascii(b, (unsigned char)*t.at);
        else buf_str(b, "\xEF\xBF\xBD");
        t = (struct text){t.at + taken, t.len - taken};
    }
    buf_add(b, "\"", 1);
}

void buf_shown(struct buf *b, struct text t) {
    while (t.len) {
        size_t n = text_utf8(t), taken = n ? n : 1;
        unsigned point = n ? text_code_point(t.at, n) : 0;
        if (!n) buf_str(b, "?");
        else if (text_steers(point)) buf_printf(b, point < 0x100 ? "\\x%02x" : "\\u%04x", point);
        else buf_add(b, t.at, n);
        t = (struct text){t.at + taken, t.len - taken};
    }
}

void buf_json_str(struct buf *b, const char *string) { buf_json(b, text_of(string)); }

const char *buf_string(struct buf *b) {
    *buf_room(b, 1) = '\0';
    return b->at;
}

void buf_json_shown(struct buf *b, struct text json) {
    while (json.len) {
        size_t n = text_utf8(json), taken = n ? n : 1;
        if (n > 1) buf_json_character(b, json.at, n);
        else if (n == 1) buf_add(b, json.at, 1);
        else buf_str(b, "\xEF\xBF\xBD");
        json = (struct text){json.at + taken, json.len - taken};
    }
}
