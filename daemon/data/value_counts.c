/* A sorted array with binary search: the bounds are small, so inserting is cheap, and almost every
 * call finds a text that is there.
 *
 * Thread: any thread (one owner at a time) */
#include "value_counts.h"

#include "base/error.h"

#include <math.h>

void value_counts_release(struct value_counts *t) {
    for (size_t i = 0; i < t->n; i++) free(t->at[i].text);
    free(t->at);
    *t = (struct value_counts){.most = t->most};
}

static void value_counts_insert(struct value_counts *t, size_t place, struct text text) {
    if (!t->at) t->at = xcalloc(t->most, sizeof *t->at);
    memmove(t->at + place + 1, t->at + place, (t->n - place) * sizeof *t->at);
    char *copy = xmalloc(text.len + 1);
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    t->at[place] = (struct value_count){copy, 1};
    t->n++;
}

void value_counts_add(struct value_counts *t, struct text text) {
    size_t low = 0, high = t->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = text_order(text, text_of(t->at[middle].text));
        if (order == 0) {
            t->at[middle].count++;
            return;
        }
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    if (t->n == t->most) t->over = true;
    else value_counts_insert(t, low, text);
}

static bool value_counts_is_number(const char *text) {
    char *end;
    return isfinite(strtod(text, &end)) && end != text && !*end;
}

static int value_counts_by_letters(const void *left, const void *right) {
    const struct value_count *a = left, *b = right;
    int order = strverscmp(a->text, b->text);
    return order ? order : strcmp(a->text, b->text);
}

static int value_counts_by_number(const void *left, const void *right) {
    const struct value_count *a = left, *b = right;
    double x = strtod(a->text, NULL), y = strtod(b->text, NULL);
    return x != y ? (x > y) - (x < y) : strcmp(a->text, b->text);
}

void value_counts_sort(struct value_counts *t) {
    bool numbers = true;
    for (size_t i = 0; i < t->n; i++) numbers &= value_counts_is_number(t->at[i].text);
    if (t->n)
        qsort(t->at, t->n, sizeof *t->at,
              numbers ? value_counts_by_number : value_counts_by_letters);
}
