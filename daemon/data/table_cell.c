/* Decimal numbers as tables write them, with spaces around them or not: 5, -0.5, +5, .5, 5., 007,
 * 1e-3.
 *
 * What strtod would take besides (hexadecimal, inf, nan, and numbers beyond a double) is text.
 *
 * Thread: any thread */
#include "table_cell.h"

#include "base/number.h"

#include <math.h>
#include <string.h>
#include <strings.h>

static struct text table_cell_trimmed(struct text t) {
    while (t.len && (*t.at == ' ' || *t.at == '\t')) t = (struct text){t.at + 1, t.len - 1};
    while (t.len && (t.at[t.len - 1] == ' ' || t.at[t.len - 1] == '\t')) t.len--;
    return t;
}

static size_t table_cell_digits(struct text t, size_t from) {
    size_t n = 0;
    while (from + n < t.len && t.at[from + n] >= '0' && t.at[from + n] <= '9') n++;
    return n;
}

/* Whether t is a decimal number; *json: by JSON's narrower grammar too. */
static bool table_cell_is_decimal(struct text t, bool *json) {
    size_t at = t.len && (t.at[0] == '-' || t.at[0] == '+'), whole = table_cell_digits(t, at),
           part = 0;
    *json = whole && t.at[0] != '+' && (whole == 1 || t.at[at] != '0');
    at += whole;
    if (at < t.len && t.at[at] == '.') {
        part = table_cell_digits(t, at + 1);
        *json &= part > 0;
        at += 1 + part;
    }
    if (!whole && !part) return false;
    if (at < t.len && (t.at[at] == 'e' || t.at[at] == 'E')) {
        at++;
        at += at < t.len && (t.at[at] == '-' || t.at[at] == '+');
        size_t n = table_cell_digits(t, at);
        if (!n) return false;
        at += n;
    }
    return at == t.len;
}

struct table_cell table_cell_read(struct text raw) {
    struct table_cell c = {.kind = CELL_TEXT, .text = raw};
    struct text inner = table_cell_trimmed(raw);
    if (!inner.len) {
        c.kind = CELL_EMPTY;
    } else if (table_cell_is_decimal(inner, &c.json)) {
        c.number = number_read(inner);
        if (isfinite(c.number)) {
            c.kind = CELL_NUMBER;
            c.text = inner;
        }
    }
    return c;
}

bool table_cell_is_missing(struct text raw) {
    static const char *const words[] = {"NA", "N/A", "NaN", "null", "none", "?", "inf", "-inf"};
    struct text inner = table_cell_trimmed(raw);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (inner.len == strlen(words[i]) && strncasecmp(inner.at, words[i], inner.len) == 0)
            return true;
    return false;
}

void table_cell_write_number(const struct table_cell *c, struct buf *out) {
    if (c->json) buf_text(out, c->text);
    else buf_double(out, c->number);
}
