/* Where the store of a test lives: a directory of its own, in which there is room beside the store
 * for its lock and for what is set aside; all of it goes with home_remove. Thread: any thread */
#pragma once

#include "store/store.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOME_MS INT64_C(1700000000000) // when the sample at offset 0 was written

struct home {
    char parent[64], dir[80];
    struct store_options options; // of pipeline "fraud"; a test may have its own
};

/* In $TMPDIR, else in `base`. -1: there is no room. */
static inline int home_make_in(struct home *h, const char *base, size_t d) {
    const char *wanted = getenv("TMPDIR");
    if (wanted && *wanted) base = wanted;
    snprintf(h->parent, sizeof h->parent, "%s/winnowd-store-XXXXXX", base);
    if (!mkdtemp(h->parent)) return -1;
    snprintf(h->dir, sizeof h->dir, "%s/labels", h->parent);
    if (mkdir(h->dir, 0700) < 0) return -1;
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

static inline int home_make(struct home *h, size_t d) { return home_make_in(h, "/tmp", d); }

/* A task of `options`, about the sample at that offset, open for an hour; prob (2).
 * What else matters to a test it changes. Texts and arrays are borrowed. */
static inline struct task home_task(struct text sample, int64_t offset, const double *row, size_t d,
                                    const float *prob) {
    struct task t = {.sample_id = sample,
                     .event = TEXT("{}"),
                     .row = row,
                     .d = d,
                     .k = 2,
                     .prob = prob,
                     .classes = TEXT("no\nyes"),
                     .fingerprint = 9,
                     .propensity = 0.25,
                     .model = 3,
                     .topic = TEXT("samples"),
                     .offset = offset,
                     .time_ms = HOME_MS + offset,
                     .asked_ms = HOME_MS + offset,
                     .expires_ms = HOME_MS + offset + 3600000};
    task_id(t.id, t.topic, t.partition, t.offset, t.time_ms);
    return t;
}

static inline int home_remove_one(const char *path, const struct stat *of, int kind,
                                  struct FTW *at) {
    (void)of, (void)kind, (void)at;
    return remove(path);
}

static inline int home_remove(const struct home *h) {
    return nftw(h->parent, home_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Empty, as it was made: a store that is opened there begins anew. */
static inline int home_clear(const struct home *h) {
    bool clear = home_remove(h) == 0 && mkdir(h->parent, 0700) == 0 && mkdir(h->dir, 0700) == 0;
    return clear ? 0 : -1;
}
