/* A labelled file, read and encoded once by the daemon's own decoder and features; then only read.
 *
 * Rows that a daemon would have dead-lettered, or whose label is no class of the model, are counted
 * and left out.
 * Thread: main thread */
#include "backtest.h"

#include "route/classes.h"
#include "run/pipeline.h"

#include <unistd.h>

static int series_read_row(struct series *s, size_t cap, struct decoder *decoder,
                           struct value *values, const struct dataset_sample *sample,
                           struct text classes) {
    size_t field;
    CHECK(s->n < cap);
    int truth = sample->label.at ? class_index(classes, sample->label) : -1;
    bool fine = truth >= 0 && decoder_read(decoder, sample->event, values) == REASON_NONE &&
                features_encode(s->features, values, s->raw + s->n * s->d, &field) == REASON_NONE;
    if (!fine) return 0;
    s->truth[s->n++] = truth;
    return 1;
}

/* Rows that fit into three quarters of the machine's memory: a file that is too large is said to
 * be, not killed for it. */
static size_t rows_most(size_t d) {
    double bytes = 0.75 * (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    return (size_t)(bytes / (double)(d * sizeof(double) + sizeof(int)));
}

static int series_make_room(struct series *s, size_t *cap, struct buf *why) {
    if (s->n < *cap) return 0;
    size_t most = rows_most(s->d);
    if (s->n >= most) {
        buf_printf(why,
                   "the file is larger than this machine's memory: %zu samples of %zu columns are "
                   "all that fit; take fewer with --limit",
                   s->n, s->d);
        return ERR_INPUT;
    }
    *cap = *cap ? *cap * 2 : 4096;
    if (*cap > most) *cap = most;
    s->raw = xrealloc(s->raw, *cap * s->d * sizeof *s->raw);
    s->truth = xrealloc(s->truth, *cap * sizeof *s->truth);
    return 0;
}

int series_load(struct series *s, struct dataset *d, const struct config *c, struct buf *why) {
    *s = (struct series){.k = c->model.classes.n};
    TRY(features_create(&s->features, c->features, c->features_n));
    s->d = features_columns(s->features);
    struct text classes = text_of(classes_joined(c, &s->positive));
    struct decoder *decoder;
    int result = decoder_create(
        &decoder, &(struct decoder_options){.paths = features_paths(s->features),
                                            .n = features_fields(s->features),
                                            .max_depth = (size_t)c->admit.max_depth,
                                            .max_bytes = (size_t)c->admit.max_bytes,
                                            .kind = (enum json_reader)c->admit.json_reader});
    struct value *values = xcalloc(features_fields(s->features), sizeof *values);
    size_t cap = 0;
    struct dataset_sample sample;
    while (result == 0 && (result = dataset_next(d, &sample, why)) == 1) {
        if ((result = series_make_room(s, &cap, why)) == 0)
            s->unreadable += !series_read_row(s, cap, decoder, values, &sample, classes);
    }
    decoder_destroy(decoder);
    free(values);
    free((void *)classes.at);
    return result;
}

void series_release(struct series *s) {
    features_destroy(s->features);
    free(s->raw);
    free(s->truth);
}
