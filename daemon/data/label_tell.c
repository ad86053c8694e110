/* The best interval of a class is the part of the sorted cells with the greatest sum, where a cell
 * of the class counts 1 and any other -1 (Kadane's pass; Bentley, "Programming pearls: algorithm
 * design techniques", 1984).
 *
 * Thread: any thread (one owner at a time) */
#include "label_tell.h"

#include "base/error.h"
#include "base/rng.h"

#include <string.h>

enum { OTHERS_LEAST = 20 }; // rows that are not of the most frequent class

static int label_classes_find(struct label_classes *c, struct text label) {
    struct text inner = table_cell_trim(label);
    if (!label.at || !inner.len || table_cell_is_missing(inner)) return -1;
    uint64_t hash = hash_bytes(inner.at, inner.len);
    for (size_t i = 0; i < c->n; i++)
        if (c->hash[i] == hash) return (int)i;
    c->over |= c->n == LABEL_TELL_CLASSES;
    if (c->over) return -1;
    c->hash[c->n] = hash;
    return (int)c->n++;
}

int label_classes_take(struct label_classes *c, struct text label) {
    int class_ = label_classes_find(c, label);
    if (class_ >= 0) c->rows[class_]++;
    return class_;
}

void label_tell_release(struct label_tell *t) {
    free(t->at);
    *t = (struct label_tell){.most = t->most};
}

/* The bits of a double in the order of their numbers. */
static uint64_t label_tell_order(double number) {
    uint64_t bits, sign = UINT64_C(1) << 63;
    number = number == 0 ? 0 : number; // -0 is 0
    memcpy(&bits, &number, sizeof bits);
    return bits & sign ? ~bits : bits | sign;
}

static struct label_tell_cell *label_tell_add(struct label_tell *t, int class_) {
    if ((t->n & (t->n - 1)) == 0) t->at = xrealloc(t->at, (t->n ? 2 * t->n : 1) * sizeof *t->at);
    struct label_tell_cell *one = &t->at[t->n++];
    *one = (struct label_tell_cell){.class_ = class_};
    return one;
}

void label_tell_take(struct label_tell *t, const struct table_cell *cell, int class_) {
    if (class_ < 0 || t->n >= t->most) return;
    struct label_tell_cell *one = label_tell_add(t, class_);
    t->texts |= cell->kind == CELL_TEXT;
    if (cell->kind == CELL_NUMBER) one->value = label_tell_order(cell->number);
    if (cell->kind == CELL_TEXT) one->value = hash_bytes(cell->text.at, cell->text.len) | 1;
}

void label_tell_fill(struct label_tell *t, const struct label_classes *classes) {
    size_t own[LABEL_TELL_CLASSES] = {0};
    if (t->n >= t->most) return;
    for (size_t i = 0; i < t->n; i++) own[t->at[i].class_]++;
    for (size_t c = 0; c < classes->n; c++)
        for (size_t i = own[c]; i < classes->rows[c]; i++) label_tell_add(t, (int)c);
}

static int label_tell_by_value(const void *left, const void *right) {
    const struct label_tell_cell *a = left, *b = right;
    if (a->value != b->value) return a->value < b->value ? -1 : 1;
    return a->class_ - b->class_;
}

/* Rows from `from` on that are in one group: of one value, or filled or not. */
static size_t label_tell_group_end(const struct label_tell *t, size_t from, bool filled) {
    size_t to = from + 1;
    while (to < t->n &&
           (filled ? !t->at[to].value == !t->at[from].value : t->at[to].value == t->at[from].value))
        to++;
    return to;
}

/* Rows of the most frequent class among n cells. */
static size_t label_tell_most(const struct label_tell_cell *at, size_t n, size_t *rows) {
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        size_t own = ++rows[at[i].class_];
        if (own > most) most = own;
    }
    for (size_t i = 0; i < n; i++) rows[at[i].class_] = 0;
    return most;
}

/* Rows that are not of the most frequent class of their group; one alone in its group has no other
 * to go by, so it is taken for the most frequent of all. */
static size_t label_tell_group_errors(const struct label_tell *t, bool filled, int usual) {
    size_t rows[LABEL_TELL_CLASSES] = {0}, errors = 0;
    for (size_t from = 0, to; from < t->n; from = to) {
        to = label_tell_group_end(t, from, filled);
        errors += to - from > 1 ? to - from - label_tell_most(t->at + from, to - from, rows)
                                : t->at[from].class_ != usual;
    }
    return errors;
}

/* What the best interval for a class gains: its rows inside without the others inside. Cells of one
 * value are in it together or not at all. */
static size_t label_tell_interval(const struct label_tell *t, int class_) {
    int64_t best = 0, sum = 0;
    for (size_t i = 0; i < t->n; i++) {
        sum += t->at[i].class_ == class_ ? 1 : -1;
        if (i + 1 < t->n && t->at[i + 1].value == t->at[i].value) continue;
        if (sum > best) best = sum;
        if (sum < 0) sum = 0;
    }
    return (size_t)best;
}

static size_t label_tell_interval_errors(const struct label_tell *t, const size_t *rows,
                                         int usual) {
    size_t errors = 0;
    for (int c = 0; c < LABEL_TELL_CLASSES; c++)
        if (c != usual && rows[c]) errors += rows[c] - label_tell_interval(t, c);
    return errors;
}

bool label_tell_all(struct label_tell *t) {
    size_t rows[LABEL_TELL_CLASSES] = {0};
    int usual = 0;
    for (size_t i = 0; i < t->n; i++) rows[t->at[i].class_]++;
    for (int c = 1; c < LABEL_TELL_CLASSES; c++)
        if (rows[c] > rows[usual]) usual = c;
    const size_t others = t->n - rows[usual], allowed = others / LABEL_TELL_RIGHT;
    if (others < OTHERS_LEAST) return false;
    qsort(t->at, t->n, sizeof *t->at, label_tell_by_value);
    return label_tell_group_errors(t, true, usual) <= allowed ||
           label_tell_group_errors(t, false, usual) <= allowed ||
           (!t->texts && label_tell_interval_errors(t, rows, usual) <= allowed);
}
