/* What a reading of a configuration knows beside the values: where each stood, and whether it was
 * fine.
 * Thread: main thread */
#pragma once

#include "value.h"

struct given {
    const struct node *node; // NULL: not in the file
    bool bad;                // a problem was told: say no more about it
};

struct reading {
    struct problems problems;
    struct arena arena; // of the tree and the messages; dies with the reading
    struct config *config;
    struct given options[OPTIONS], features;
    struct given *feature; // (features_n × FEATURE_KEYS)
    struct mark *entry;    // (features_n) where each feature starts
};

static inline struct mark mark_of_given(const struct given *g, struct mark otherwise) {
    return g->node ? g->node->mark : otherwise;
}

/* The checks that need more than one row: values of entries, and values that must fit each
 * other. */
void config_check(struct reading *r);
