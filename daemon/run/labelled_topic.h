/* The two topics that the labelled set is made of; the order of their positions wherever they are
 * written.
 *
 * Thread: any thread */
#pragma once

enum labelled_topic { LABELLED_TASKS, LABELLED_LABELS, LABELLED_TOPICS };

/* "tasks", "labels". Static storage. */
static inline const char *labelled_topic_name(enum labelled_topic t) {
    return t == LABELLED_TASKS ? "tasks" : "labels";
}
