/* Where the demo's samples come from: the generator, or a labelled file.
 * Thread: the thread that owns it */
#pragma once

#include "data/dataset.h"

struct demo_source;

struct demo_source_options {
    struct dataset_options data; // data.file NULL: the generator
    uint64_t seed, samples;      // samples 0: DEMO_SAMPLES, or the whole file
};

enum { DEMO_SAMPLES = 20000 };

/* ERR_INPUT / ERR_IO with *why. */
int demo_source_open(struct demo_source **out, const struct demo_source_options *o,
                     struct buf *why) MUST_CHECK;
void demo_source_close(struct demo_source *s);
/* As dataset_next: 1 a sample, 0 the end, ERR_INPUT with *why. */
int demo_source_next(struct demo_source *s, struct dataset_sample *out, struct buf *why) MUST_CHECK;
uint64_t demo_source_total(const struct demo_source *s);
/* Appends the part of the configuration that belongs to the data: admit.id, model, features. */
int demo_source_config(struct demo_source *s, struct buf *yaml, struct buf *why) MUST_CHECK;
/* What the samples are called, for people: "card payments", "rows of FILE". */
const char *demo_source_words(const struct demo_source *s);
/* Partitions that suit it: a file keeps its order, so one. */
int demo_source_partitions(const struct demo_source *s);
