/* Where the store of a test lives: a directory of its own, in which there is room beside the store
 * for what is set aside, and the options of pipeline "fraud". Thread: any thread */
#pragma once

#include "store/store.h"

#include "unit/test.h"

#include <stdlib.h>
#include <unistd.h>

struct home {
    char parent[64], dir[80];
    struct store_options options;
};

static inline int home_make(struct home *h, size_t d) {
    snprintf(h->parent, sizeof h->parent, "/tmp/winnowd-store-XXXXXX");
    if (!mkdtemp(h->parent)) return -1;
    snprintf(h->dir, sizeof h->dir, "%s/labels", h->parent);
    h->options = (struct store_options){
        .dir = h->dir,
        .map_bytes = 4 << 20,
        .d = d,
        .k = 2,
        .fingerprint = 9,
        .classes = TEXT("no\nyes"),
        .park_ms = 1000,
        .keep_ms = 1000000,
        .owner = {.service = "fraud", .tasks = "t", .labels = "l", .models = "m", .cluster = "c"}};
    return 0;
}

static inline int home_remove(const struct home *h) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", h->parent); // it was made by mkdtemp
    return system(command);
}
