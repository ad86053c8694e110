/* Do the pointers of `features:` find anything? The newest samples go through the daemon's own
 * decoder and feature map, and each feature tells how many of them have its field, what stands
 * there and which numbers it becomes.
 *
 * Nothing else shows a misspelt pointer before people are asked about rows of zeros. Reads without
 * a group, commits nothing. Values come from the topic, so they are made safe for a terminal, and
 * those that route.mask hides from annotators are not shown here either.
 *
 * Thread: main thread */
#include "check.h"

#include "admit/outline.h"
#include "base/clock.h"
#include "encode/features.h"
#include "kafka/topic_reader.h"
#include "run/schema_client.h"
#include "terminal/listing.h"

enum {
    SAMPLES = 100,         // that are looked at
    LOOKED_AT = 16,        // partitions whose newest records are read
    OFFSET_MS = 2000,      // for the end of a partition
    READ_MS = 10000,       // for all of the reading
    POLL_MS = 100,         // a wait for records
    SHOWN = 60,            // features that get a row
    EXAMPLES = 2,          // values a feature shows
    VALUE_CHARACTERS = 24, // of a value
    NUMBERS = 6,           // columns of a value
    POINTERS = 200         // of a record, for the nearest one
};

struct look {
    struct findings *findings;
    struct features *features;
    struct decoder *decoder;
    struct schema_client *schemas; // NULL: nobody is to be asked
    struct buf unread;             // what was found in the first that can not be read
    struct reader *reader;
    struct value *value; // (fields)
    double *row;
    uint64_t *absent;  // (fields)
    struct buf *shown; // (fields) example values
    size_t *examples;  // (fields) how many
    size_t n, decoded; // records read; of them such as could be decoded
    size_t fate[REASONS];
    struct buf example; // the first record that could be decoded
};

/* ---- one record ---- */

static void check_samples_value(const struct value *v, struct buf *out) {
    struct buf whole = {0};
    struct arena arena = {0};
    if (v->kind == VALUE_TEXT) buf_json(&whole, v->text);
    else if (v->kind == VALUE_NUMBER && !v->text.len) buf_double(&whole, v->number);
    else if (v->kind == VALUE_NUMBER) buf_text(&whole, v->text);
    else if (v->kind == VALUE_BOOL) buf_str(&whole, v->number == 1 ? "true" : "false");
    else buf_str(&whole, "an object or array");
    listing_safe(out, listing_cut(&arena, buf_view(&whole), VALUE_CHARACTERS));
    arena_release(&arena);
    buf_release(&whole);
}

static bool check_samples_masked(const struct look *l, size_t i) {
    const struct list *mask = &l->findings->config->route.mask;
    for (size_t m = 0; m < mask->n; m++)
        if (text_equal(text_of(mask->at[m]), features_paths(l->features)[i])) return true;
    return false;
}

static void check_samples_example(struct look *l, size_t i) {
    const struct value *v = &l->value[i];
    struct buf *out = &l->shown[i];
    size_t columns, first = features_first(l->features, i, &columns);
    if (v->kind == VALUE_MISSING || v->kind == VALUE_NULL || l->examples[i] == EXAMPLES) return;
    buf_str(out, l->examples[i]++ ? "; " : ": ");
    if (check_samples_masked(l, i)) {
        buf_str(out, "***");
        return;
    }
    check_samples_value(v, out);
    buf_str(out, " becomes");
    for (size_t c = 0; c < columns && c < NUMBERS; c++) buf_printf(out, " %g", l->row[first + c]);
    if (columns > NUMBERS) buf_str(out, " ...");
}

static void check_samples_record(struct look *l, struct text value) {
    size_t field;
    l->n++;
    schema_client_teach(l->schemas, l->decoder, value);
    enum reason fate = decoder_read(l->decoder, value, l->value);
    if (fate == REASON_NONE) {
        if (!l->decoded++) buf_text(&l->example, decoder_event(l->decoder, value));
        fate = features_encode(l->features, l->value, l->row, &field, l->absent);
    }
    if (fate && !l->unread.len) buf_text(&l->unread, decoder_found(l->decoder));
    l->fate[fate]++;
    for (size_t i = 0; fate == REASON_NONE && i < features_fields(l->features); i++)
        check_samples_example(l, i);
}

/* ---- reading ---- */

/* Near the end, so that the partitions that are looked at give SAMPLES together. */
static int64_t check_samples_from(size_t topic, int32_t partition, void *opaque) {
    struct look *l = opaque;
    int32_t n = reader_partitions(l->reader, 0);
    int64_t each = SAMPLES / (n < LOOKED_AT ? n : LOOKED_AT);
    int64_t end = reader_offset_at(l->reader, topic, partition, OFFSET_END, OFFSET_MS);
    if (partition >= LOOKED_AT) return end;
    int64_t begin = reader_offset_at(l->reader, topic, partition, OFFSET_BEGINNING, OFFSET_MS);
    return end - each > begin ? end - each : begin;
}

static void check_samples_read(struct look *l) {
    struct reader_record record[SAMPLES];
    int64_t until = clock_ms() + READ_MS;
    if (reader_start(l->reader, check_samples_from, l) < 0) return;
    while (l->n < SAMPLES && clock_ms() < until && !reader_caught_up(l->reader)) {
        int n = reader_poll(l->reader, record, SAMPLES - l->n, POLL_MS);
        for (int i = 0; i < n; i++) check_samples_record(l, record[i].value);
        if (n < 0) return; // said in the log
        reader_release(l->reader, record, (size_t)n);
    }
}

/* ---- what is said ---- */

static void check_samples_say_fates(struct look *l) {
    struct buf refused = {0};
    for (size_t r = 1; r < REASONS; r++)
        if (l->fate[r])
            buf_printf(&refused, "%s%zu %s", refused.len ? ", " : "; dead letters: ", l->fate[r],
                       reason_name((enum reason)r));
    size_t fine = l->fate[REASON_NONE];
    enum tone tone = TONE_GOOD;
    if (fine < l->n) tone = fine ? TONE_DOUBT : TONE_BAD;
    check_finding(l->findings, tone, "samples", "%zu of the newest %zu can be read%s", fine, l->n,
                  buf_string(&refused));
    if (l->unread.len)
        check_finding(l->findings, TONE_DOUBT, "samples", "the first that can not be read: %s",
                      buf_string(&l->unread));
    buf_release(&refused);
}

static void check_samples_say_feature(const struct look *l, size_t i, struct text nearest) {
    char what[40];
    struct buf name = {0}, path = {0};
    listing_safe(&name, features_name(l->features, i));
    listing_safe(&path, features_paths(l->features)[i]);
    snprintf(what, sizeof what, "feature %s", buf_string(&name));
    size_t there = l->decoded - (size_t)l->absent[i];
    if (there)
        check_finding(l->findings, TONE_GOOD, what, "%s is in %zu of %zu%s", buf_string(&path),
                      there, l->decoded, buf_string(&l->shown[i]));
    else
        check_finding(l->findings, TONE_DOUBT, what, "%s is in none of %zu%s%.*s",
                      buf_string(&path), l->decoded,
                      nearest.at ? "; nearest is " : "; nothing is near it", (int)nearest.len,
                      nearest.at ? nearest.at : "");
    buf_release(&name);
    buf_release(&path);
}

/* Those that no record has come first, where not all get a row. */
static void check_samples_say_features(const struct look *l) {
    struct arena arena = {0};
    struct text pointer[POINTERS];
    size_t fields = features_fields(l->features), shown = 0, gone = 0;
    size_t pointers =
        outline_read(buf_view(&l->example), (size_t)l->findings->config->admit.max_depth, pointer,
                     POINTERS, &arena);
    for (size_t i = 0; i < fields; i++) {
        bool absent = l->absent[i] >= l->decoded;
        gone += absent;
        if (shown == SHOWN || (!absent && fields > SHOWN)) continue;
        check_samples_say_feature(l, i,
                                  outline_near(pointer, pointers, features_paths(l->features)[i]));
        shown++;
    }
    if (shown < fields)
        check_finding(l->findings, TONE_PLAIN, "features", "%zu more, %zu of all are in no sample",
                      fields - shown, gone);
    if (gone == fields)
        check_finding(l->findings, TONE_BAD, "features",
                      "none is in any sample: the records have another shape");
    arena_release(&arena);
}

/* ---- life ---- */

static int check_samples_open(struct look *l, struct buf *why) {
    const struct config *c = l->findings->config;
    const char *topic = c->topics.samples;
    TRY(features_of(&l->features, c));
    size_t fields = features_fields(l->features);
    l->value = xcalloc(fields, sizeof *l->value);
    l->row = xcalloc(features_columns(l->features), sizeof *l->row);
    l->absent = xcalloc(fields, sizeof *l->absent);
    l->shown = xcalloc(fields, sizeof *l->shown);
    l->examples = xcalloc(fields, sizeof *l->examples);
    TRY(decoder_of_samples(&l->decoder, c, features_paths(l->features), fields));
    const char *unreadable = NULL;
    if (schema_client_create(&l->schemas, c, NULL, &unreadable) < 0) {
        buf_printf(why, "admit.registry: token_file: %s", unreadable);
        return ERR_CONFIG;
    }
    return reader_create(&l->reader, c, &topic, 1, why);
}

static void check_samples_close(struct look *l) {
    for (size_t i = 0; l->shown && i < features_fields(l->features); i++) buf_release(&l->shown[i]);
    reader_destroy(l->reader);
    decoder_destroy(l->decoder);
    schema_client_destroy(l->schemas);
    buf_release(&l->unread);
    features_destroy(l->features);
    buf_release(&l->example);
    free(l->value);
    free(l->row);
    free(l->absent);
    free(l->shown);
    free(l->examples);
}

void check_samples(struct findings *f) {
    struct look l = {.findings = f};
    struct buf why = {0};
    int result = check_samples_open(&l, &why);
    if (result == 0) check_samples_read(&l);
    if (result < 0) check_finding(f, TONE_DOUBT, "samples", "not to be read: %s", buf_string(&why));
    else if (!l.n) check_finding(f, TONE_PLAIN, "samples", "none is there to be looked at");
    else check_samples_say_fates(&l);
    if (l.decoded) check_samples_say_features(&l);
    check_samples_close(&l);
    buf_release(&why);
}
