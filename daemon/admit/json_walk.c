/* Steps over checked JSON: skip a value, take the entries of a container, undo escapes.
 *
 * Skipping counts brackets outside strings, so it costs no stack whatever the nesting. Refuses
 * nothing: the bytes must have passed json_check.
 *
 * Thread: any thread */
#include "json_walk.h"

static bool json_walk_is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static const char *json_walk_skip_space(const char *p) {
    while (json_walk_is_space(*p)) p++;
    return p;
}

static const char *json_walk_string_end(const char *p) {
    for (p++; *p != '"'; p++)
        if (*p == '\\') p++;
    return p + 1;
}

static const char *json_walk_scalar_end(const char *p) {
    while (*p != ',' && *p != '}' && *p != ']' && !json_walk_is_space(*p)) p++;
    return p;
}

const char *json_end(const char *value) {
    const char *p = value;
    if (*p == '"') return json_walk_string_end(p);
    if (*p != '{' && *p != '[') return json_walk_scalar_end(p);
    size_t depth = 0;
    do {
        if (*p == '"') {
            p = json_walk_string_end(p);
            continue;
        }
        if (*p == '{' || *p == '[') depth++;
        else if (*p == '}' || *p == ']') depth--;
        p++;
    } while (depth);
    return p;
}

struct json_walk json_enter(const char *value) {
    return (struct json_walk){.at = value + 1, .object = *value == '{'};
}

bool json_next(struct json_walk *w, struct json_entry *e) {
    const char *p = json_walk_skip_space(w->at);
    if (*p == ',') p = json_walk_skip_space(p + 1);
    if (*p == '}' || *p == ']') {
        w->at = p + 1;
        return false;
    }
    *e = (struct json_entry){.index = w->entries++};
    if (w->object) {
        const char *end = json_walk_string_end(p);
        e->key = (struct text){p + 1, (size_t)(end - p - 2)};
        p = json_walk_skip_space(json_walk_skip_space(end) + 1); // over the colon
    }
    w->at = e->value = p;
    return true;
}

static unsigned json_walk_hex_unit(const char *p) {
    unsigned unit = 0;
    for (int i = 0; i < 4; i++)
        unit = unit << 4 | (unsigned)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
    return unit;
}

static size_t json_walk_put_utf8(unsigned point, char *out) {
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t n = 2 + (point >= 0x800) + (point >= 0x10000);
    for (size_t i = n - 1; i > 0; i--, point >>= 6) out[i] = (char)(0x80 | (point & 0x3F));
    out[0] = (char)(lead[n] | point);
    return n;
}

/* The escape at p, its backslash; gives the byte behind it. */
static const char *json_walk_put_escape(const char *p, char **out) {
    static const char names[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    const char *name = strchr(names, p[1]);
    if (p[1] != 'u') {
        *(*out)++ = name ? bytes[name - names] : p[1];
        return p + 2;
    }
    unsigned unit = json_walk_hex_unit(p + 2);
    p += 6;
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        unit = 0x10000 + ((unit - 0xD800) << 10) + (json_walk_hex_unit(p + 2) - 0xDC00);
        p += 6;
    }
    *out += json_walk_put_utf8(unit, *out);
    return p;
}

size_t json_unescape(struct text raw, char *out) {
    char *start = out;
    for (const char *p = raw.at, *end = raw.at + raw.len; p < end;) {
        const char *escape = memchr(p, '\\', (size_t)(end - p));
        size_t n = (size_t)((escape ? escape : end) - p);
        memmove(out, p, n);
        out += n;
        p = escape ? json_walk_put_escape(escape, &out) : end;
    }
    return (size_t)(out - start);
}
