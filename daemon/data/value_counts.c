/* A sorted array with binary search: bounds are small, and looking up is what happens a million
 * times.
 *
 * Thread: any thread (one owner at a time) */
#include "value_counts.h"

#include "base/error.h"

#include <math.h>

void tally_release(struct tally *t) {
    for (size_t i = 0; i < t->n; i++) free(t->at[i].text);
    free(t->at);
    *t = (struct tally){.most = t->most};
}

static void value_counts_insert(struct tally *t, size_t place, struct text text) {
    if (!t->at) t->at = xcalloc(t->most, sizeof *t->at);
    memmove(t->at + place + 1, t->at + place, (t->n - place) * sizeof *t->at);
    char *copy = xmalloc(text.len + 1);
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    t->at[place] = (struct tally_entry){copy, 1};
    t->n++;
}

void tally_add(struct tally *t, struct text text) {
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

static bool is_number(const char *text) {
    char *end;
    return isfinite(strtod(text, &end)) && end != text && !*end;
}

static int by_letters(const void *left, const void *right) {
    const struct tally_entry *a = left, *b = right;
    int order = strverscmp(a->text, b->text);
    return order ? order : strcmp(a->text, b->text);
}

static int by_number(const void *left, const void *right) {
    const struct tally_entry *a = left, *b = right;
    double x = strtod(a->text, NULL), y = strtod(b->text, NULL);
    return x != y ? (x > y) - (x < y) : strcmp(a->text, b->text);
}

void tally_sort(struct tally *t) {
    bool numbers = true;
    for (size_t i = 0; i < t->n; i++) numbers &= is_number(t->at[i].text);
    if (t->n) qsort(t->at, t->n, sizeof *t->at, numbers ? by_number : by_letters);
}
