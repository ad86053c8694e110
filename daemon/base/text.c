/* What bytes are UTF-8: the one table of RFC 3629, for every reader of text from outside.
 *
 * The second byte decides what is overlong, a surrogate or beyond U+10FFFF, so its range hangs on
 * the first; all later bytes are 80..BF.
 *
 * Thread: any thread */
#include "base/text.h"

struct lead {
    unsigned char first, last; // lead bytes of this row
    unsigned char least, most; // allowed second byte
    size_t bytes;
};

static const struct lead leads[] = {
    {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
    {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
    {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

static bool text_utf8_fits(const struct lead *l, struct text t) {
    const unsigned char *p = (const unsigned char *)t.at;
    if (t.len < l->bytes || p[1] < l->least || p[1] > l->most) return false;
    for (size_t i = 2; i < l->bytes; i++)
        if ((p[i] & 0xC0) != 0x80) return false;
    return true;
}

size_t text_utf8(struct text t) {
    if (!t.len) return 0;
    unsigned char c = (unsigned char)t.at[0];
    if (c < 0x80) return 1;
    for (size_t i = 0; i < sizeof leads / sizeof *leads; i++)
        if (c >= leads[i].first && c <= leads[i].last)
            return text_utf8_fits(&leads[i], t) ? leads[i].bytes : 0;
    return 0;
}

unsigned text_code_point(const char *at, size_t n) {
    unsigned point = (unsigned char)at[0] & (n == 1 ? 0x7F : 0xFF >> (n + 1));
    for (size_t i = 1; i < n; i++) point = point << 6 | ((unsigned char)at[i] & 0x3F);
    return point;
}

struct steering {
    unsigned first, last;
};

static const struct steering steering[] = {
    {0x0000, 0x001F}, // C0
    {0x007F, 0x009F}, // DEL and C1
    {0x061C, 0x061C}, // Arabic letter mark
    {0x200E, 0x200F}, // left-to-right and right-to-left mark
    {0x2028, 0x2029}, // separators of lines and paragraphs
    {0x202A, 0x202E}, // embeddings and overrides
    {0x2066, 0x2069}, // isolates
};

bool text_steers(unsigned code_point) {
    for (size_t i = 0; i < sizeof steering / sizeof *steering; i++)
        if (code_point >= steering[i].first && code_point <= steering[i].last) return true;
    return false;
}

struct text text_first(struct text t, size_t bytes) {
    if (t.len <= bytes) return t;
    while (bytes && ((unsigned char)t.at[bytes] & 0xC0) == 0x80) bytes--;
    return (struct text){t.at, bytes};
}

bool text_is_utf8(struct text t) {
    while (t.len) {
        size_t n = text_utf8(t);
        if (!n) return false;
        t = (struct text){t.at + n, t.len - n};
    }
    return true;
}

bool text_cut(struct text *t, char at, struct text *rest) {
    const char *found = t->len ? memchr(t->at, at, t->len) : NULL;
    if (!found) return false;
    size_t n = (size_t)(found - t->at);
    *rest = (struct text){found + 1, t->len - n - 1};
    t->len = n;
    return true;
}

bool text_line(struct text *rest, struct text *line) {
    if (!rest->at || !rest->len) return false;
    const char *end = memchr(rest->at, '\n', rest->len);
    size_t n = end ? (size_t)(end - rest->at) : rest->len, taken = n + (end != NULL);
    *line = (struct text){rest->at, n};
    *rest = (struct text){rest->at + taken, rest->len - taken};
    return true;
}
