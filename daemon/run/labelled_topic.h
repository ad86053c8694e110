/* The two topics that the labelled set is made of; the order of their positions wherever they are
 * written.
 *
 * Thread: any thread */
#pragma once

#include "metrics/label_values.h"

/* "tasks", "labels". Static storage. */
static inline const char *labelled_topic_name(enum labelled_topic t) {
    return t == LABELLED_TASKS ? "tasks" : "labels";
}
