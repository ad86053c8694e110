/* A list of spellings in the order in which they were met, and for each the group that it is in: a
 * file has few classes, and a table with more than SPELLINGS_MOST entries is refused as a number to
 * predict anyway.
 *
 * Letters are compared without case in ASCII only: what case is elsewhere depends on the language.
 *
 * Thread: any thread (one owner at a time) */
#include "label_spellings.h"

#include "base/rng.h"
#include "base/table_cell.h"
#include "value_counts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    SPELLINGS_MOST = 8192, // that are remembered: eight times the classes of a model
    SLOTS = 2 * SPELLINGS_MOST,
    NONE_MOST = 50 // words for no label that are told; each has its own capitals
};

struct spelling {
    char *text; // NUL-terminated
    size_t len;
    uint64_t count;
    size_t group; // index of the first spelling of its group; there, `called` is the best one
    size_t called;
};

struct label_spellings {
    bool exact;
    bool settled, plus;  // plus: "+" is a label, so "-" is one too
    struct spelling *at; // (n)
    size_t n;
    struct value_counts none; // words that were taken for no label, without the blanks around them
    uint16_t slot[SLOTS];     // by the text: index + 1
    uint16_t group[SLOTS];    // by what spellings share: index of the group's first + 1
};

struct label_spellings *label_spellings_create(bool exact) {
    struct label_spellings *s = xcalloc(1, sizeof *s);
    s->exact = exact;
    s->none.most = NONE_MOST;
    return s;
}

void label_spellings_destroy(struct label_spellings *s) {
    if (!s) return;
    for (size_t i = 0; i < s->n; i++) free(s->at[i].text);
    free(s->at);
    value_counts_release(&s->none);
    free(s);
}

/* ---- what is the same ---- */

static bool label_spellings_number(struct text label, double *out) {
    struct table_cell c = table_cell_read(label, CELL_POINT);
    *out = c.number;
    return c.kind == CELL_NUMBER && memchr("0123456789+-.", *c.text.at, 13);
}

/* label: with a NUL behind it. */
bool label_spellings_same(struct text a, struct text b) {
    double x, y;
    bool numbers = label_spellings_number(a, &x);
    if (numbers != label_spellings_number(b, &y)) return false;
    if (numbers) return x == y;
    a = table_cell_trim(a);
    b = table_cell_trim(b);
    return a.len == b.len && strncasecmp(a.at, b.at, a.len) == 0;
}

/* Equal for labels that are the same. */
static size_t label_spellings_hash_shared(struct text label) {
    double number;
    uint64_t h = 0xCBF29CE484222325u; // FNV-1a, as everywhere
    if (label_spellings_number(label, &number)) {
        if (number == 0) number = 0; // of -0 too
        return hash_bytes(&number, sizeof number) % SLOTS;
    }
    label = table_cell_trim(label);
    for (size_t i = 0; i < label.len; i++) {
        unsigned char c = (unsigned char)label.at[i];
        if (c >= 'A' && c <= 'Z') c = (unsigned char)(c | 0x20);
        h = (h ^ c) * 0x100000001B3u;
    }
    return h % SLOTS;
}

static size_t label_spellings_hash(struct text label) {
    return hash_bytes(label.at, label.len) % SLOTS;
}

static struct text spelling_text(const struct spelling *s) {
    return (struct text){s->text, s->len};
}

/* ---- the table ---- */

/* The group of a spelling that is at index `own` of the list: its own when it is the first. */
static size_t label_spellings_group(struct label_spellings *s, struct text label, size_t own) {
    size_t at = label_spellings_hash_shared(label);
    if (s->exact) return own;
    for (; s->group[at]; at = (at + 1) % SLOTS)
        if (label_spellings_same(spelling_text(&s->at[s->group[at] - 1]), label))
            return s->group[at] - 1;
    s->group[at] = (uint16_t)(own + 1);
    return own;
}

/* NULL: there is no room for it. */
static struct spelling *label_spellings_entry(struct label_spellings *s, struct text label) {
    size_t at = label_spellings_hash(label);
    for (; s->slot[at]; at = (at + 1) % SLOTS)
        if (text_equal(spelling_text(&s->at[s->slot[at] - 1]), label))
            return &s->at[s->slot[at] - 1];
    if (s->n == SPELLINGS_MOST) return NULL;
    if ((s->n & (s->n - 1)) == 0) s->at = xrealloc(s->at, (s->n ? 2 * s->n : 1) * sizeof *s->at);
    char *copy = xmalloc(label.len + 1);
    memcpy(copy, label.at, label.len);
    copy[label.len] = '\0';
    s->slot[at] = (uint16_t)(s->n + 1);
    s->at[s->n] = (struct spelling){.text = copy, .len = label.len, .called = s->n};
    size_t group = label_spellings_group(s, (struct text){copy, label.len}, s->n);
    s->at[s->n].group = group;
    return &s->at[s->n++];
}

static bool label_spellings_none(const struct label_spellings *s, struct text label) {
    struct text inner = table_cell_trim(label);
    if (s->exact) return !inner.len;
    if (text_equal(inner, TEXT("-"))) return s->settled && !s->plus;
    return !inner.len || table_cell_is_missing(label);
}

bool label_spellings_meet_none(struct label_spellings *s, struct text label) {
    const size_t before = s->none.n;
    struct text inner = table_cell_trim(label);
    if (inner.len) value_counts_add(&s->none, inner);
    return s->none.n > before;
}

void label_spellings_add(struct label_spellings *s, struct text label) {
    if (!label.at) return;
    if (label_spellings_none(s, label)) {
        label_spellings_meet_none(s, label);
        return;
    }
    struct spelling *one = label_spellings_entry(s, label);
    if (one) one->count++;
}

void label_spellings_settle(struct label_spellings *s) {
    s->settled = true;
    for (size_t i = 0; i < s->n; i++) {
        s->plus |= text_equal(table_cell_trim(spelling_text(&s->at[i])), TEXT("+"));
        struct spelling *first = &s->at[s->at[i].group];
        if (s->at[i].count > s->at[first->called].count) first->called = i;
    }
    for (size_t i = 0; i < s->n; i++) // "-", of which only now is known that it is none
        if (label_spellings_none(s, spelling_text(&s->at[i])))
            for (uint64_t n = s->at[i].count; n; n--)
                label_spellings_meet_none(s, spelling_text(&s->at[i]));
}

struct text label_spellings_of(struct label_spellings *s, struct text label) {
    if (!label.at || label_spellings_none(s, label)) return (struct text){0};
    const struct spelling *one = label_spellings_entry(s, label);
    if (!one) return label;
    struct text called = spelling_text(&s->at[s->at[one->group].called]);
    return s->exact ? called : table_cell_trim(called);
}

/* ---- telling ---- */

static void label_spellings_tell_group(const struct label_spellings *s, size_t first,
                                       struct buf *out) {
    const struct spelling *called = &s->at[s->at[first].called];
    bool any = false;
    for (size_t i = first; i < s->n; i++) {
        if (s->at[i].group != first || i == s->at[first].called) continue;
        if (!any)
            buf_printf(out, "%s\"%s\" (%llu rows) also stands for", out->len ? "; " : "",
                       called->text, (unsigned long long)called->count);
        buf_printf(out, "%s \"%s\" (%llu)", any ? "," : "", s->at[i].text,
                   (unsigned long long)s->at[i].count);
        any = true;
    }
}

void label_spellings_tell(const struct label_spellings *s, struct buf *out) {
    struct buf told = {0};
    for (size_t i = 0; i < s->n; i++)
        if (s->at[i].group == i && !label_spellings_none(s, spelling_text(&s->at[i])))
            label_spellings_tell_group(s, i, &told);
    if (told.len) buf_text(out, buf_view(&told));
    buf_release(&told);
}

void label_spellings_tell_none(const struct label_spellings *s, struct buf *out) {
    for (size_t i = 0; i < s->none.n; i++)
        buf_printf(out, "%s\"%s\" (%llu)", i ? ", " : "", s->none.at[i].text,
                   (unsigned long long)s->none.at[i].count);
}
