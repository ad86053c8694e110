/* Rows go through the daemon's own decoder and feature map.
 *
 * Rows that a daemon would have dead-lettered, or whose label is no class of the model, are counted
 * and left out; so are those that were blocked, for they play no part in what is decided.
 *
 * Thread: main thread */
#include "encoded_file.h"

#include "config/cost.h"
#include "encode/sample.h"
#include "route/classes.h"
#include "run/pipeline.h"

#include <unistd.h>

enum {
    FIRST_ROWS = 4096 // room at first; it doubles
};
static const double memory_share = 0.75; // of the machine's memory that the rows may take

/* A file holds events; or records as they stand on the topic, with their envelopes (admit.event),
 * or with a field that says they were blocked (admit.blocked). */
struct row_reader {
    struct decoder *decoder;
    struct value *values;
    struct sample_reader *records; // NULL: records say no more than events
    bool envelope;                 // a row may have one
};

static int row_reader_open(struct row_reader *r, const struct config *c, const struct features *f) {
    r->values = xcalloc(features_values(f), sizeof *r->values);
    r->envelope = *c->admit.event != '\0';
    TRY(decoder_of_events(&r->decoder, c, features_paths(f), features_values(f)));
    return r->envelope || c->admit.blocked.n ? sample_reader_create(&r->records, c, f) : 0;
}

static void row_reader_close(struct row_reader *r) {
    sample_reader_destroy(r->records);
    decoder_destroy(r->decoder);
    free(r->values);
}

/* REASON_NONE, REASON_BLOCKED, or why it is no sample. */
static enum reason row_reader_read(struct row_reader *r, const struct features *f,
                                   struct text event, double *row) {
    struct sample sample;
    size_t field;
    enum reason fate =
        r->records ? sample_read(r->records, event, 0, row, &sample, NULL) : REASON_EMPTY;
    if (reason_is_sample(fate) || (r->records && !r->envelope)) return fate;
    fate = decoder_read(r->decoder, event, r->values);
    return fate == REASON_NONE ? features_encode(f, r->values, row, &field, NULL) : fate;
}

/* The row is appended, or counted as left out. */
static void encoded_file_read_row(struct encoded_file *s, size_t cap, struct row_reader *reader,
                                  const struct dataset_sample *sample, int truth) {
    CHECK(s->n < cap);
    enum reason fate = row_reader_read(reader, s->features, sample->event, s->raw + s->n * s->d);
    s->blocked += fate == REASON_BLOCKED;
    s->unreadable += !reason_is_sample(fate) || (fate == REASON_NONE && truth < 0);
    if (fate != REASON_NONE || truth < 0) return;
    if (s->id) s->id[s->n] = xasprintf("%.*s", (int)sample->id.len, sample->id.at);
    s->truth[s->n++] = truth;
}

/* Rows that fit into memory. A file that is too large is refused with a sentence; otherwise the
 * kernel would kill the process. */
static size_t encoded_file_rows_most(size_t d) {
    double bytes = memory_share * (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    return (size_t)(bytes / (double)(d * sizeof(double) + sizeof(int)));
}

static int encoded_file_make_room(struct encoded_file *s, size_t *cap, struct buf *why) {
    if (s->n < *cap) return 0;
    size_t most = encoded_file_rows_most(s->d);
    if (s->n >= most) {
        buf_printf(why,
                   "the file is larger than this machine's memory: %zu samples of %zu columns are "
                   "all that fit; take fewer with --limit",
                   s->n, s->d);
        return ERR_INPUT;
    }
    *cap = *cap ? *cap * 2 : FIRST_ROWS;
    if (*cap > most) *cap = most;
    s->raw = xrealloc(s->raw, *cap * s->d * sizeof *s->raw);
    s->truth = xrealloc(s->truth, *cap * sizeof *s->truth);
    if (s->id) s->id = xrealloc(s->id, *cap * sizeof *s->id);
    return 0;
}

int encoded_file_load(struct encoded_file *s, struct dataset *d, const struct config *c, bool ids,
                      struct buf *why) {
    *s = (struct encoded_file){.k = c->model.classes.n,
                               .id = ids ? xcalloc(1, sizeof *s->id) : NULL};
    TRY(features_of(&s->features, c));
    s->segments = segments_create(s->features, c);
    s->amount_field = features_field(s->features, cost_feature(c));
    s->d = features_columns(s->features);
    free(classes_joined(c, &s->positive)); // for the positive one only
    struct row_reader reader = {0};
    int result = row_reader_open(&reader, c, s->features);
    size_t cap = 0;
    struct dataset_sample sample;
    while (result == 0 && (result = dataset_next(d, &sample, why)) == 1) {
        if ((result = encoded_file_make_room(s, &cap, why)) == 0)
            encoded_file_read_row(s, cap, &reader, &sample,
                                  dataset_class(d, &c->model.classes, sample.label));
    }
    row_reader_close(&reader);
    return result;
}

void encoded_file_describe(const struct encoded_file *s, const double *row, struct asked *a) {
    segments_of(s->segments, row, a->part);
    if (s->amount_field >= 0)
        a->amount = features_amount(s->features, (size_t)s->amount_field, row);
}

void encoded_file_release(struct encoded_file *s) {
    for (size_t i = 0; s->id && i < s->n; i++) free(s->id[i]);
    free(s->id);
    segments_destroy(s->segments);
    features_destroy(s->features);
    free(s->raw);
    free(s->truth);
}
