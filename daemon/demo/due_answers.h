/* The oracle's answers that wait for their time, the one that is due first at the top.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/text.h"
#include "route/task.h"

struct due_answer {
    int64_t due_ms;
    uint64_t number; // order of arrival: of answers due at the same time the earlier comes first
    char id[TASK_ID_LENGTH + 1];
    int reader;  // whose it is: the first, second or third one's
    char *label; // owned
};

struct due_answers {
    struct due_answer *at; // (n of cap) owned; a binary min-heap
    size_t n, cap;
    uint64_t numbers; // answers ever added
};

/* Copies id and label. */
void due_answers_push(struct due_answers *h, int64_t due_ms, const char *id, int reader,
                      struct text label);
/* The one that is due first, or NULL. Borrowed until the next push or pop. */
const struct due_answer *due_answers_first(const struct due_answers *h);
/* Removes the first; there must be one. */
void due_answers_pop(struct due_answers *h);
void due_answers_release(struct due_answers *h);
