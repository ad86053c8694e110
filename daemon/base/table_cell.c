/* Decimal numbers as tables write them, with spaces around them or not: 5, -0.5, +5, .5, 5., 007,
 * 1e-3; and as people write them: 1,234.50 or 1.234,50, $12, 12 and a currency sign, EUR 12,
 * 12%, (0.35) for -0.35, and 0.35- for it, as ledgers print.
 *
 * A percent sign is left off and the number stays: 12% is 12, as everywhere in that column. What
 * strtod would take besides (hexadecimal, inf, nan, and numbers beyond a double) is text.
 *
 * Thread: any thread */
#include "base/table_cell.h"

#include "base/number.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

struct text table_cell_trim(struct text t) {
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

/* ---- as people write them ---- */

enum { DRESSED_BYTES = 64 }; // of a number with signs and groups, at most

struct dressed {
    char bytes[DRESSED_BYTES]; // as a plain decimal
    size_t n;
};

/* Cuts one of these off the front or the end. */
static bool table_cell_cut(struct text *t, const char *const *words, size_t n, bool front) {
    for (size_t i = 0; i < n; i++) {
        size_t bytes = strlen(words[i]);
        if (t->len <= bytes) continue;
        const char *at = front ? t->at : t->at + t->len - bytes;
        if (memcmp(at, words[i], bytes) != 0) continue;
        const struct text rest = {front ? t->at + bytes : t->at, t->len - bytes},
                          trimmed = table_cell_trim(rest);
        if (isalpha((unsigned char)*words[i]) && trimmed.len == rest.len) continue; // a code
        *t = trimmed;
        return true;
    }
    return false;
}

/* Takes signs of currency, the percent sign and accountants' brackets off; *minus: they said it. */
static struct text table_cell_undress(struct text t, bool *minus) {
    static const char *const currencies[] = {
        "$",   "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5", "EUR", "USD", "GBP", "CHF",
        "JPY", "CNY",          "INR",      "SEK",      "NOK", "DKK", "PLN", "CZK"};
    static const char *const percent[] = {"%"};
    enum { CURRENCIES = sizeof currencies / sizeof *currencies };
    *minus = t.len > 2 && t.at[0] == '(' && t.at[t.len - 1] == ')';
    if (*minus) t = table_cell_trim((struct text){t.at + 1, t.len - 2});
    bool sign = !*minus && t.len > 1 && *t.at == '-';
    struct text inner = sign ? (struct text){t.at + 1, t.len - 1} : t;
    if (table_cell_cut(&inner, currencies, CURRENCIES, true)) {
        t = inner;
        *minus |= sign;
    } else {
        table_cell_cut(&t, currencies, CURRENCIES, false);
    }
    table_cell_cut(&t, percent, 1, false);
    bool amount = memchr(t.at, '.', t.len) || memchr(t.at, ',', t.len); // 2- is a grade
    if (!*minus && amount && t.at[t.len - 1] == '-' && !strchr("+-", *t.at)) {
        *minus = true;
        t.len--;
    }
    return t;
}

/* Copies the whole part without what groups its digits by three; false: they are not by three. */
static bool table_cell_copy_whole(struct dressed *d, struct text t, const char *groups) {
    size_t run = 0;
    bool grouped = false;
    for (size_t i = 0; i < t.len; i++) {
        bool digit = t.at[i] >= '0' && t.at[i] <= '9', group = strchr(groups, t.at[i]) != NULL;
        if (!digit && !group && !(i == 0 && (t.at[i] == '-' || t.at[i] == '+'))) return false;
        if (group && (run == 0 || run > 3 || (grouped && run != 3))) return false;
        grouped |= group;
        if (digit) run++;
        if (group) run = 0;
        else d->bytes[d->n++] = t.at[i];
    }
    return !grouped || run == 3;
}

static bool table_cell_plain(struct dressed *d, struct text t, enum table_cell_style style) {
    static const char *const groups[] = {[CELL_POINT] = ",'", [CELL_COMMA] = ".' "};
    static const char marks[] = {[CELL_POINT] = '.', [CELL_COMMA] = ','};
    d->n = 0;
    if (!t.len) return false;
    const char *mark = memrchr(t.at, marks[style], t.len);
    struct text whole = {t.at, mark ? (size_t)(mark - t.at) : t.len};
    if (t.len >= DRESSED_BYTES || memchr(t.at, '\0', t.len)) return false;
    if (!table_cell_copy_whole(d, whole, groups[style])) return false;
    if (mark) {
        d->bytes[d->n++] = '.';
        memcpy(d->bytes + d->n, mark + 1, t.len - whole.len - 1);
        d->n += t.len - whole.len - 1;
    }
    d->bytes[d->n] = '\0';
    return true;
}

static void table_cell_read_dressed(struct table_cell *c, struct text inner,
                                    enum table_cell_style style) {
    struct dressed d;
    bool minus, unused;
    struct text bare = table_cell_undress(inner, &minus);
    if (!table_cell_plain(&d, bare, style)) return;
    struct text plain = {d.bytes, d.n};
    if (!table_cell_is_decimal(plain, &unused) || (minus && *d.bytes == '-')) return;
    double value = number_read(plain);
    if (!isfinite(value)) return;
    *c = (struct table_cell){.kind = CELL_NUMBER, .number = minus ? -value : value, .text = inner};
}

struct table_cell table_cell_read(struct text raw, enum table_cell_style style) {
    struct table_cell c = {.kind = CELL_TEXT, .text = raw};
    struct text inner = table_cell_trim(raw);
    if (!inner.len) {
        c.kind = CELL_EMPTY;
    } else if (table_cell_is_decimal(inner, &c.json) &&
               (style == CELL_POINT || !memchr(inner.at, '.', inner.len))) {
        c.number = number_read(inner);
        if (isfinite(c.number)) {
            c.kind = CELL_NUMBER;
            c.text = inner;
        }
    } else {
        c.json = false;
        table_cell_read_dressed(&c, inner, style);
    }
    return c;
}

bool table_cell_is_missing(struct text raw) {
    static const char *const words[] = {"NA",   "N/A",   "NaN",     "null",     "none",
                                        "nil",  "?",     "-",       "--",       ".",
                                        "inf",  "-inf",  "+inf",    "Infinity", "-Infinity",
                                        "#N/A", "#NUM!", "#DIV/0!", "#VALUE!",  "\\N"};
    struct text inner = table_cell_trim(raw);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (inner.len == strlen(words[i]) && strncasecmp(inner.at, words[i], inner.len) == 0)
            return true;
    return false;
}

void table_cell_write_number(const struct table_cell *c, struct buf *out) {
    if (c->json) buf_text(out, c->text);
    else buf_double(out, c->number);
}
