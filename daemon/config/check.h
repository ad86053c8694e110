/* What the reading of a file knows beside the values: where each stood, and whether it was fine.
 * Private to the room.
 *
 * Thread: main thread */
#pragma once

#include "value.h"

/* An option, or a key of a feature, in the file. */
struct given {
    const struct node *node; // NULL: not in the file
    bool bad;                // a problem was told: say no more about it
};

/* One reading of one file. */
struct config_reading {
    struct problems problems;
    struct arena arena; // of the tree and the messages; dies with the reading
    struct config *config;
    struct given options[OPTIONS], features;
    struct given *feature; // (features_n × FEATURE_KEYS)
    struct mark *entry;    // (features_n) where each feature starts
};

/* Where it stands; otherwise: for what is not in the file. */
static inline struct mark mark_of_given(const struct given *g, struct mark otherwise) {
    return g->node ? g->node->mark : otherwise;
}

/* Empty; the caller destroys it. */
struct config *config_create(void);

/* The checks that need more than one row: values of entries, and values that must fit each
 * other. */
void config_check(struct config_reading *r);
