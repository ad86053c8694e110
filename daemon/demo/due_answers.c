/* A binary min-heap of answers by due time, then by arrival.
 *
 * Thread: any thread (one owner at a time) */
#include "due_answers.h"

static bool due_answers_before(const struct due_answer *a, const struct due_answer *b) {
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->number < b->number;
}

static void due_answers_exchange(struct due_answer *a, struct due_answer *b) {
    struct due_answer kept = *a;
    *a = *b;
    *b = kept;
}

void due_answers_push(struct due_answers *h, int64_t due_ms, const char *id, int reader,
                      struct text label) {
    if (h->n == h->cap)
        h->at = xrealloc(h->at, (h->cap = h->cap ? 2 * h->cap : 64) * sizeof *h->at);
    struct due_answer p = {.due_ms = due_ms,
                           .number = h->numbers++,
                           .reader = reader,
                           .label = xmalloc(label.len + 1)};
    memcpy(p.id, id, sizeof p.id);
    memcpy(p.label, label.at, label.len);
    p.label[label.len] = '\0';
    size_t i = h->n++;
    h->at[i] = p;
    for (; i && due_answers_before(&h->at[i], &h->at[(i - 1) / 2]); i = (i - 1) / 2)
        due_answers_exchange(&h->at[i], &h->at[(i - 1) / 2]);
}

const struct due_answer *due_answers_first(const struct due_answers *h) {
    return h->n ? h->at : NULL;
}

void due_answers_pop(struct due_answers *h) {
    CHECK(h->n);
    free(h->at[0].label);
    h->at[0] = h->at[--h->n];
    for (size_t i = 0, child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && due_answers_before(&h->at[child + 1], &h->at[child])) child++;
        if (!due_answers_before(&h->at[child], &h->at[i])) return;
        due_answers_exchange(&h->at[child], &h->at[i]);
    }
}

void due_answers_release(struct due_answers *h) {
    while (h->n) due_answers_pop(h);
    free(h->at);
    *h = (struct due_answers){0};
}
