/* Workers count, main judges once a second.
 *
 * A field that stays away for 300 records is told as a warning, once until a tenth of them has it
 * again. Rare fields of a wide, sparse record stay away that long in honest streams too, so single
 * warnings are few and the rest is one number. When no record has any field at all, 100 of them are
 * enough at the start, and it is an error: nothing can be decided, and nobody is asked
 * (REASON_NO_FEATURE).
 *
 * Shares are of the block that fills or, while it is small, of the last full one. A crash loses
 * both; they are counted anew.
 *
 * Thread: each worker adds; main judges; the http thread reads */
#include "absences.h"

#include "admit/outline.h"
#include "base/log.h"
#include "metrics/metrics.h"

#include <pthread.h>

enum {
    BLOCK = 1000,       // records after which a block is full
    JUDGED = 300,       // records after which a field counts as absent
    JUDGED_ALL = 100,   // the same for all fields at once
    WARNED_SINGLY = 8,  // fields that get a warning of their own
    NAMED = 3,          // fields that a note names
    POINTERS = 200,     // of an example, for the nearest one
    SHOWN_BYTES = 300,  // of an example's pointers in a log line
    EXAMPLE_DEPTH = 64, // deepest nesting of an example
    METRIC_FIELDS = 20, // that the metric names
};
static const double back_below = 0.9; // share without a field at which it is there again

/* Records, and in how many of them each field was not. */
struct absence_block {
    uint64_t records, *absent; // absent: (n)
};

struct absences {
    const struct features *features;
    size_t n;
    pthread_mutex_t lock;                    // of all that follows
    struct absence_block fresh, fills, full; // fresh: since the last look
    bool *warned;                            // (n)
    size_t warned_n;
    bool all;           // none of the last records had any field
    struct buf example; // a record, as it came
};

struct absences *absences_create(const struct features *f) {
    struct absences *a = xcalloc(1, sizeof *a);
    a->features = f;
    a->n = features_fields(f);
    a->fresh.absent = xcalloc(a->n, sizeof *a->fresh.absent);
    a->fills.absent = xcalloc(a->n, sizeof *a->fills.absent);
    a->full.absent = xcalloc(a->n, sizeof *a->full.absent);
    a->warned = xcalloc(a->n, sizeof *a->warned);
    pthread_mutex_init(&a->lock, NULL);
    return a;
}

void absences_destroy(struct absences *a) {
    if (!a) return;
    pthread_mutex_destroy(&a->lock);
    buf_release(&a->example);
    free(a->fresh.absent);
    free(a->fills.absent);
    free(a->full.absent);
    free(a->warned);
    free(a);
}

void absences_take(struct absences *a, struct pipeline_absent *counted) {
    bool some = false;
    pthread_mutex_lock(&a->lock);
    a->fresh.records += counted->records;
    for (size_t i = 0; i < a->n && counted->records; i++) {
        a->fresh.absent[i] += counted->absent[i];
        some |= counted->absent[i] == counted->records;
        counted->absent[i] = 0;
    }
    if (counted->example.len) {
        buf_reset(&a->example);
        buf_text(&a->example, buf_view(&counted->example));
        buf_reset(&counted->example);
    }
    counted->example_wanted |= some || !a->example.len;
    counted->records = 0;
    pthread_mutex_unlock(&a->lock);
}

/* The block that shares are of. */
static const struct absence_block *absences_judged(const struct absences *a) {
    return a->fills.records >= JUDGED || !a->full.records ? &a->fills : &a->full;
}

/* ---- what is said ---- */

/* The example's pointers; their number. */
static size_t absences_outline(const struct absences *a, struct text *pointers,
                               struct arena *arena) {
    return outline_read(buf_view(&a->example), EXAMPLE_DEPTH, pointers, POINTERS, arena);
}

static void absences_show(const struct text *pointers, size_t n, struct buf *out) {
    size_t i = 0;
    for (; i < n && out->len + pointers[i].len < SHOWN_BYTES; i++) {
        if (i) buf_str(out, " ");
        buf_text(out, pointers[i]);
    }
    if (i < n) buf_printf(out, " and %zu more", n - i);
}

static void absences_say_field(const struct absences *a, size_t i, const struct text *pointers,
                               size_t n, struct text shown) {
    struct text path = features_paths(a->features)[i], near = outline_near(pointers, n, path);
    LOG(WARNING, "feature_absent",
        "no record of late has this feature's field, or only a null: its columns are zeros and "
        "teach nothing",
        L_TEXT("feature", features_name(a->features, i)), L_TEXT("path", path),
        L_U64("records", absences_judged(a)->records), L_TEXT("nearest", near),
        L_TEXT("example", shown));
}

static void absences_say_all(const struct absences *a, struct text near, struct text shown) {
    LOG(ERROR, "features_absent",
        "no record of late has any of the mapped fields, or only nulls: they have another shape. "
        "Those without any are not scored, nobody is asked about them, and they go to the dead "
        "letters (no_feature)",
        L_TEXT("path", features_paths(a->features)[0]),
        L_U64("records", absences_judged(a)->records), L_TEXT("nearest", near),
        L_TEXT("example", shown));
}

/* fresh: (fresh_n) fields that are absent since this look. */
static void absences_say(const struct absences *a, const size_t *fresh, size_t fresh_n, bool all) {
    struct arena arena = {0};
    struct text pointers[POINTERS];
    struct buf shown = {0};
    size_t n = absences_outline(a, pointers, &arena);
    absences_show(pointers, n, &shown);
    if (all)
        absences_say_all(a, outline_near(pointers, n, features_paths(a->features)[0]),
                         buf_view(&shown));
    for (size_t i = 0; i < fresh_n && !a->all; i++)
        absences_say_field(a, fresh[i], pointers, n, buf_view(&shown));
    buf_release(&shown);
    arena_release(&arena);
}

/* ---- what is judged ---- */

static double absences_share(const struct absence_block *b, size_t i) {
    return b->records ? (double)b->absent[i] / (double)b->records : 0;
}

static bool absences_of_all(const struct absences *a) {
    const struct absence_block *b = absences_judged(a);
    if (b->records < JUDGED_ALL) return false;
    for (size_t i = 0; i < a->n; i++)
        if (b->absent[i] < b->records) return false;
    return true;
}

/* Those that are newly absent, to be warned of one by one, in fresh (WARNED_SINGLY); their
 * number. */
static size_t absences_find_fresh(struct absences *a, size_t *fresh) {
    const struct absence_block *b = absences_judged(a);
    size_t n = 0;
    a->warned_n = 0;
    for (size_t i = 0; i < a->n; i++) {
        double share = absences_share(b, i);
        bool gone = share >= 1 || (a->warned[i] && share >= back_below);
        if (gone && !a->warned[i] && n < WARNED_SINGLY) fresh[n++] = i;
        a->warned[i] = gone;
        a->warned_n += gone;
    }
    return n;
}

/* The shares of the fields that stay away most, named in the metric; ties by their order. */
static void absences_set_metric(const struct absences *a) {
    struct metric_named worst[METRIC_FIELDS];
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++) {
        double share = absences_share(absences_judged(a), i);
        size_t at = n;
        if (n < METRIC_FIELDS) n++;
        else if (share <= worst[--at].number[0]) continue;
        for (; at > 0 && worst[at - 1].number[0] < share; at--) worst[at] = worst[at - 1];
        worst[at] = (struct metric_named){features_name(a->features, i), {share}};
    }
    metric_set_named(METRIC_feature_absent, worst, n);
    metric_set(METRIC_features_absent, (double)a->warned_n);
}

static void absences_empty(struct absences *a, struct absence_block *b) {
    b->records = 0;
    memset(b->absent, 0, a->n * sizeof *b->absent);
}

/* The block is the last full one, and its place is free again. */
static void absences_turn(struct absences *a, struct absence_block *block) {
    struct absence_block full = *block;
    *block = a->full;
    a->full = full;
    absences_empty(a, block);
}

/* What came since the last look is a block by itself where it is large enough, so that what was
 * before does not hide it. */
static void absences_gather(struct absences *a) {
    if (a->fresh.records >= BLOCK) {
        absences_turn(a, &a->fresh);
        absences_empty(a, &a->fills);
        return;
    }
    a->fills.records += a->fresh.records;
    for (size_t i = 0; i < a->n && a->fresh.records; i++) a->fills.absent[i] += a->fresh.absent[i];
    absences_empty(a, &a->fresh);
}

void absences_judge(struct absences *a) {
    size_t fresh[WARNED_SINGLY], n = 0;
    pthread_mutex_lock(&a->lock);
    absences_gather(a);
    bool all = absences_of_all(a), newly = all && !a->all;
    a->all = all;
    if (absences_judged(a)->records >= JUDGED) n = absences_find_fresh(a, fresh);
    if (n || newly) absences_say(a, fresh, n, newly);
    absences_set_metric(a);
    if (a->fills.records >= BLOCK) absences_turn(a, &a->fills);
    pthread_mutex_unlock(&a->lock);
}

bool absences_all(struct absences *a) {
    pthread_mutex_lock(&a->lock);
    bool all = a->all;
    pthread_mutex_unlock(&a->lock);
    return all;
}

void absences_note(struct absences *a, struct buf *notes) {
    size_t named = 0;
    pthread_mutex_lock(&a->lock);
    if (a->all)
        buf_str(notes, "no sample has any of the mapped fields, or only nulls: nothing is learned "
                       "from them, and those without any are dead letters (no_feature)\n");
    for (size_t i = 0; i < a->n && !a->all && named < NAMED; i++) {
        if (!a->warned[i]) continue;
        buf_str(notes, named++ ? ", " : "no sample of late has a value of: ");
        buf_json(notes, features_name(a->features, i));
    }
    if (named && a->warned_n > named) buf_printf(notes, " and %zu more", a->warned_n - named);
    if (named) buf_str(notes, "\n");
    pthread_mutex_unlock(&a->lock);
}
