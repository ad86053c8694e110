/* Where the demo's samples come from: the generator, or a labelled file.
 *
 * Thread: the thread that owns it */
#pragma once

#include "data/dataset.h"

struct samples;

enum {
    SAMPLES_GENERATED = 20000 // samples of the generator, unless another number is asked for
};

struct samples_options {
    struct dataset_options data; // data.file NULL: the generator
    uint64_t seed;               // of the generator
    uint64_t samples;            // 0: SAMPLES_GENERATED, or the whole file
};

/* Gives *out, which samples_close takes. ERR_INPUT or ERR_IO with *why. */
int samples_open(struct samples **out, const struct samples_options *o, struct buf *why) MUST_CHECK;
/* NULL is allowed. */
void samples_close(struct samples *s);
/* As dataset_next: 1: a sample; 0: the end; ERR_INPUT or ERR_IO with *why. */
int samples_next(struct samples *s, struct dataset_sample *out, struct buf *why) MUST_CHECK;
/* Tells on standard error what was remarked of the file since the last call. NULL is allowed. */
void samples_tell(struct samples *s);
/* How many samples there are in all. */
uint64_t samples_total(const struct samples *s);
/* Appends the part of the configuration that belongs to the data: admit.id, model, features. */
int samples_config(struct samples *s, struct buf *yaml, struct buf *why) MUST_CHECK;
/* What the samples are called, for people: "card payments", "rows of FILE". Borrowed. */
const char *samples_words(const struct samples *s);
/* Partitions that suit them: one for a file, which keeps its order there. */
int samples_partitions(const struct samples *s);
