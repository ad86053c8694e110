/* Do the pointers of `features:` find anything? The newest samples go through the daemon's own
 * decoder and feature map, and each feature tells how many of them have its field, what stands
 * there and which numbers it becomes.
 *
 * Nothing else shows a misspelt pointer before people are asked about rows of zeros.
 *
 * Thread: main thread */
#include "check.h"

#include "admit/outline.h"
#include "sample_look.h"
#include "terminal/listing.h"

enum {
    SAMPLES = 100,         // that are looked at
    SHOWN = 60,            // features that get a row
    EXAMPLES = 2,          // values a feature shows
    VALUE_CHARACTERS = 24, // of a value
    NUMBERS = 6,           // columns of a value
    POINTERS = 200         // of a record, for the nearest one
};

struct look {
    struct findings *findings;
    struct sample_look at;
    struct buf *shown; // (fields) example values
    size_t *examples;  // (fields) how many
    size_t n, decoded; // records read; of them such as could be decoded
    size_t fate[REASONS], ignored, blocked;
    struct buf unread;  // what was found in the first that can not be read
    struct buf example; // the event of the first record that could be decoded
};

/* ---- one record ---- */

static void check_samples_example(struct look *l, size_t i) {
    struct buf *out = &l->shown[i];
    if (!sample_look_has(&l->at, i) || l->examples[i] == EXAMPLES) return;
    buf_str(out, l->examples[i]++ ? "; " : ": ");
    sample_look_value(&l->at, i, VALUE_CHARACTERS, out);
    buf_str(out, " becomes ");
    sample_look_numbers(&l->at, i, NUMBERS, out);
}

static void check_samples_record(struct text value, int64_t time_ms, void *opaque) {
    struct look *l = opaque;
    struct sample sample;
    enum reason fate = sample_look_record(&l->at, value, time_ms, &sample);
    l->n++;
    if (sample.decoded && !l->decoded++)
        buf_text(&l->example, sample_select(l->at.reader, value, &(struct selection){0}));
    l->blocked += fate == REASON_BLOCKED;
    if (fate == REASON_IGNORED) l->ignored++;
    else l->fate[reason_is_sample(fate) ? REASON_NONE : fate]++;
    if (!reason_is_sample(fate) && !l->unread.len) buf_text(&l->unread, sample.where);
    for (size_t i = 0; reason_is_sample(fate) && i < features_fields(l->at.features); i++)
        check_samples_example(l, i);
}

/* ---- what is said ---- */

static void check_samples_say_fates(struct look *l) {
    struct buf refused = {0};
    for (size_t r = 1; r < REASONS; r++)
        if (l->fate[r])
            buf_printf(&refused, "%s%zu %s", refused.len ? ", " : "; dead letters: ", l->fate[r],
                       reason_name((enum reason)r));
    if (l->ignored) buf_printf(&refused, "; %zu are passed over", l->ignored);
    if (l->blocked) buf_printf(&refused, "; %zu were blocked", l->blocked);
    size_t fine = l->fate[REASON_NONE];
    enum tone tone = TONE_GOOD;
    if (fine + l->ignored < l->n) tone = fine ? TONE_DOUBT : TONE_BAD;
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
    buf_shown(&name, features_name(l->at.features, i));
    buf_shown(&path, features_paths(l->at.features)[i]);
    snprintf(what, sizeof what, "feature %s", buf_string(&name));
    size_t there = l->decoded - (size_t)l->at.absent[i];
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
    size_t fields = features_fields(l->at.features), shown = 0, gone = 0;
    size_t pointers =
        outline_read(buf_view(&l->example), (size_t)l->findings->config->admit.max_depth, pointer,
                     POINTERS, &arena);
    for (size_t i = 0; i < fields; i++) {
        bool absent = l->at.absent[i] >= l->decoded;
        gone += absent;
        if (shown == SHOWN || (!absent && fields > SHOWN)) continue;
        check_samples_say_feature(
            l, i, outline_near(pointer, pointers, features_paths(l->at.features)[i]));
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

static int check_samples_read(struct look *l, struct buf *why) {
    const struct config *c = l->findings->config;
    TRY(sample_look_open(&l->at, c, why));
    size_t fields = features_fields(l->at.features);
    l->shown = xcalloc(fields, sizeof *l->shown);
    l->examples = xcalloc(fields, sizeof *l->examples);
    return sample_look_newest(c, SAMPLES, check_samples_record, l, why);
}

static void check_samples_close(struct look *l) {
    for (size_t i = 0; l->shown && i < features_fields(l->at.features); i++)
        buf_release(&l->shown[i]);
    sample_look_close(&l->at);
    buf_release(&l->unread);
    buf_release(&l->example);
    free(l->shown);
    free(l->examples);
}

void check_samples(struct findings *f) {
    struct look l = {.findings = f};
    struct buf why = {0};
    int result = check_samples_read(&l, &why);
    if (result < 0) check_finding(f, TONE_DOUBT, "samples", "not to be read: %s", buf_string(&why));
    else if (!l.n) check_finding(f, TONE_PLAIN, "samples", "none is there to be looked at");
    else check_samples_say_fates(&l);
    if (l.decoded) check_samples_say_features(&l);
    check_samples_close(&l);
    buf_release(&why);
}
