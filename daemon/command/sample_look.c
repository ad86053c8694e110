/* The daemon's own reader of samples, and a reader of the topic that is in no group.
 *
 * Thread: main thread */
#include "sample_look.h"

#include "base/clock.h"
#include "kafka/topic_reader.h"
#include "run/schema_client.h"
#include "terminal/listing.h"
#include "topic_scan.h"

enum {
    LOOKED_AT = 16,   // partitions whose newest records are read
    AT_ONCE = 100,    // records that are read at once
    OFFSET_MS = 2000, // for the end of a partition
    READ_MS = 10000,  // for all of the reading
    POLL_MS = 100     // a wait for records
};

/* ---- one record ---- */

static int sample_look_make(struct sample_look *l, struct buf *why) {
    TRY(features_of(&l->features, l->config));
    l->row = xcalloc(features_columns(l->features), sizeof *l->row);
    l->absent = xcalloc(features_fields(l->features), sizeof *l->absent);
    TRY(sample_reader_create(&l->reader, l->config, l->features));
    return schema_client_create(&l->schemas, l->config, NULL, why);
}

int sample_look_open(struct sample_look *l, const struct config *c, struct buf *why) {
    *l = (struct sample_look){.config = c};
    int result = sample_look_make(l, why);
    if (result < 0 && !why->len) buf_str(why, error_text(result));
    return result;
}

void sample_look_close(struct sample_look *l) {
    schema_client_destroy(l->schemas);
    sample_reader_destroy(l->reader);
    features_destroy(l->features);
    free(l->row);
    free(l->absent);
}

/* A command has no batches: what it was taught is forgotten where it is too much. */
static void sample_look_teach(struct sample_look *l, struct text value) {
    struct decoder *d = sample_decoder(l->reader);
    if (decoder_is_full(d)) decoder_tidy(d);
    schema_client_teach(l->schemas, d, value);
}

enum reason sample_look_record(struct sample_look *l, struct text value, int64_t time_ms,
                               struct sample *out) {
    sample_look_teach(l, value);
    return sample_read(l->reader, value, time_ms, l->row, out, l->absent);
}

bool sample_look_decode(struct sample_look *l, struct text value) {
    sample_look_teach(l, value);
    return sample_decode(l->reader, value);
}

bool sample_look_has(const struct sample_look *l, size_t i) {
    enum value_kind kind = sample_values(l->reader)[i].kind;
    return kind != VALUE_MISSING && kind != VALUE_NULL;
}

/* Whether one of the masked pointers leads to the field, or to something around it. */
static bool sample_look_masked(const struct sample_look *l, size_t i) {
    const struct list *mask = &l->config->route.mask;
    struct text path = features_paths(l->features)[i];
    for (size_t m = 0; m < mask->n; m++) {
        struct text masked = text_of(mask->at[m]);
        if (path.len >= masked.len && memcmp(path.at, masked.at, masked.len) == 0 &&
            (path.len == masked.len || path.at[masked.len] == '/'))
            return true;
    }
    return false;
}

void sample_look_value(const struct sample_look *l, size_t i, size_t characters, struct buf *out) {
    const struct value *v = &sample_values(l->reader)[i];
    struct buf whole = {0};
    struct arena arena = {0};
    if (v->kind == VALUE_MISSING) buf_str(&whole, "nothing");
    else if (v->kind == VALUE_NULL) buf_str(&whole, "null");
    else if (sample_look_masked(l, i)) buf_str(&whole, "***");
    else if (v->kind == VALUE_TEXT) buf_json(&whole, v->text);
    else if (v->kind == VALUE_NUMBER && !v->text.len) buf_double(&whole, v->number);
    else if (v->kind == VALUE_NUMBER) buf_text(&whole, v->text);
    else if (v->kind == VALUE_BOOL) buf_str(&whole, v->number == 1 ? "true" : "false");
    else buf_str(&whole, "an object or array");
    buf_shown(out, listing_cut(&arena, buf_view(&whole), characters));
    arena_release(&arena);
    buf_release(&whole);
}

void sample_look_numbers(const struct sample_look *l, size_t i, size_t most, struct buf *out) {
    size_t columns, first = features_first(l->features, i, &columns);
    if (sample_look_masked(l, i)) {
        buf_str(out, "***");
        return;
    }
    for (size_t c = 0; c < columns && c < most; c++)
        buf_printf(out, "%s%g", c ? " " : "", l->row[first + c]);
    if (columns > most) buf_str(out, " ...");
}

/* ---- the newest ---- */

struct newest {
    struct reader *reader;
    size_t most;
};

/* Near the end, so that the partitions that are looked at give so many together. */
static int64_t sample_look_from(size_t topic, int32_t partition, void *opaque) {
    const struct newest *w = opaque;
    int32_t n = reader_partitions(w->reader, 0), looked_at = n < LOOKED_AT ? n : LOOKED_AT;
    int64_t each = ((int64_t)w->most + looked_at - 1) / looked_at;
    int64_t end = reader_offset_at(w->reader, topic, partition, OFFSET_END, OFFSET_MS);
    if (partition >= LOOKED_AT) return end;
    int64_t begin = reader_offset_at(w->reader, topic, partition, OFFSET_BEGINNING, OFFSET_MS);
    return end - each > begin ? end - each : begin;
}

static int sample_look_read(struct newest *w,
                            void (*visit)(struct text value, int64_t time_ms, void *opaque),
                            void *opaque) {
    struct reader_record record[AT_ONCE];
    size_t read = 0;
    int64_t until = clock_ms() + READ_MS;
    while (read < w->most && clock_ms() < until && !reader_caught_up(w->reader)) {
        size_t left = w->most - read;
        int n = reader_poll(w->reader, record, left < AT_ONCE ? left : AT_ONCE, POLL_MS);
        TRY(n);
        for (int i = 0; i < n; i++) visit(record[i].value, record[i].time_ms, opaque);
        reader_release(w->reader, record, (size_t)n);
        read += (size_t)n;
    }
    return (int)read;
}

int sample_look_newest(const struct config *c, size_t most,
                       void (*visit)(struct text value, int64_t time_ms, void *opaque),
                       void *opaque, struct buf *why) {
    const char *topic = c->topics.samples;
    struct newest w = {.most = most};
    TRY(reader_create(&w.reader, c, &topic, 1, why));
    int result = topic_scan_start(w.reader, c, topic, sample_look_from, &w, why);
    if (result == 0) {
        result = sample_look_read(&w, visit, opaque);
        if (result < 0) buf_printf(why, "topic %s: %s", topic, error_text(result));
    }
    reader_destroy(w.reader);
    return result;
}
