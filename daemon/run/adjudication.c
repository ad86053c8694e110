/* The third reader's task is made by the learner, who alone sees the answers. It goes out in one
 * transaction with the progress record, which names each third task that was asked and not read
 * back yet; of the others the store knows. What a crash leaves, step by step:
 *   both have answered, nothing written      the store has the answers and the second reader's
 *                                            record: this learner or the next one finds them again
 *   in the transaction                       the next one's fence aborts it: nobody was asked
 *   written, not read back                   the progress record names it
 *   outcome unknown                          the handle is fenced by a new one, and the topic tells
 *   read back, progress not written since    the store has it, and the record names it: both say so
 *   progress written behind that             positions and names are one record: whoever goes by it
 *                                            has read as far first, and so has the task
 * So nobody is asked twice, and none that is due is forgotten while the second reader's task is
 * open. A gold question is the same task, at another moment: whether a sample is to be one is drawn
 * by key, so whoever takes over draws the same, and nothing more has to be remembered. A name that
 * is never read back (the topic was made anew, or the task is of another feature map) leaves the
 * record when both tasks have closed: then nobody could be asked again.
 *
 * Thread: learner thread */
#include "adjudication.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "metrics/metrics.h"
#include "route/task.h"

#include <cjson/cJSON.h>
#include <inttypes.h>

enum {
    DUE_MOST = 16,    // tasks of one transaction
    ASKED_MOST = 256, // on their way back to us at once
    REST_MS = 60000   // after a write that failed
};

struct adjudication_due {
    uint8_t id[TASK_ID_BYTES]; // of the third reader's task
    struct text record;        // his
    char key[TASK_ID_LENGTH + 1];
    int64_t until_ms; // when it and the second reader's have closed
    bool gold;        // the sample is settled without him
};

struct adjudication {
    const struct learning *learning;
    struct arena arena;           // of what is due
    struct arena scratch;         // of one record
    size_t most;                  // what the tasks topic takes at once; 0: nobody is asked now
    size_t unreadable, too_large; // let go since it was last said
    struct adjudication_due due[DUE_MOST];
    size_t due_n, collected;
    uint8_t asked[ASKED_MOST][TASK_ID_BYTES]; // written, not read back
    char asked_text[ASKED_MOST][TASK_ID_LENGTH + 1];
    int64_t asked_until_ms[ASKED_MOST];
    size_t asked_n;
    bool full_said;
    int64_t rest_ms; // nothing is due before
};

struct adjudication *adjudication_create(const struct learning *l) {
    struct adjudication *a = xcalloc(1, sizeof *a);
    a->learning = l;
    return a;
}

void adjudication_destroy(struct adjudication *a) {
    if (!a) return;
    arena_release(&a->arena);
    arena_release(&a->scratch);
    free(a);
}

static void adjudication_drop_due(struct adjudication *a) {
    a->due_n = a->collected = 0;
    arena_reset(&a->arena);
}

void adjudication_allow(struct adjudication *a, size_t most) { a->most = most; }

/* ---- what was asked ---- */

static bool adjudication_note(struct adjudication *a, struct text id, int64_t until_ms) {
    uint8_t bytes[TASK_ID_BYTES];
    if (a->asked_n == ASKED_MOST || task_id_parse(bytes, id) < 0) return false;
    memcpy(a->asked[a->asked_n], bytes, sizeof bytes);
    memcpy(a->asked_text[a->asked_n], id.at, TASK_ID_LENGTH);
    a->asked_until_ms[a->asked_n] = until_ms;
    a->asked_text[a->asked_n++][TASK_ID_LENGTH] = '\0';
    return true;
}

/* Untrusted; where it is no time, or not there, as if he had been asked just now. */
static int64_t adjudication_until(const struct adjudication *a, const cJSON *until) {
    if (cJSON_IsNumber(until) && until->valuedouble > 0 &&
        until->valuedouble <= (double)TASK_TIME_MOST)
        return (int64_t)until->valuedouble;
    return clock_wall_ms() + a->learning->config->route.expiry;
}

void adjudication_resume(struct adjudication *a, struct text progress) {
    cJSON *json = progress.len ? cJSON_ParseWithLength(progress.at, progress.len) : NULL;
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "opinions"), *item;
    const cJSON *until = cJSON_GetObjectItemCaseSensitive(json, "opinions_until_ms");
    until = cJSON_IsArray(until) ? until->child : NULL;
    a->asked_n = 0;
    adjudication_drop_due(a);
    cJSON_ArrayForEach(item, list) {
        if (cJSON_IsString(item))
            (void)adjudication_note(a, text_of(item->valuestring), adjudication_until(a, until));
        until = until ? until->next : NULL;
    }
    cJSON_Delete(json);
}

/* What was read back the store knows; what has closed nobody could be asked again. */
static void adjudication_forget(struct adjudication *a, struct store *s, int64_t now_ms) {
    size_t kept = 0, closed = 0;
    for (size_t i = 0; i < a->asked_n; i++) {
        if (store_has_task(s, a->asked[i])) continue;
        if (a->asked_until_ms[i] <= now_ms) {
            closed++;
            continue;
        }
        memmove(a->asked[kept], a->asked[i], sizeof *a->asked);
        memmove(a->asked_text[kept], a->asked_text[i], sizeof *a->asked_text);
        a->asked_until_ms[kept++] = a->asked_until_ms[i];
    }
    a->asked_n = kept;
    a->full_said &= kept == ASKED_MOST;
    if (closed)
        LOG(WARNING, "third_readers_lost",
            "tasks of third readers were written and closed before they could be read back",
            L_U64("tasks", closed));
}

static void adjudication_write_untils(const struct adjudication *a, struct buf *out) {
    buf_str(out, ",\"opinions_until_ms\":[");
    for (size_t i = 0; i < a->asked_n; i++)
        buf_printf(out, "%s%" PRId64, i ? "," : "", a->asked_until_ms[i]);
    for (size_t i = 0; i < a->collected; i++)
        buf_printf(out, "%s%" PRId64, i || a->asked_n ? "," : "", a->due[i].until_ms);
    buf_str(out, "]");
}

void adjudication_write_asked(struct adjudication *a, struct store *s, int64_t now_ms,
                              struct buf *out) {
    adjudication_forget(a, s, now_ms);
    if (!a->asked_n && !a->collected) return;
    buf_str(out, ",\"opinions\":[");
    for (size_t i = 0; i < a->asked_n; i++)
        buf_printf(out, "%s\"%s\"", i ? "," : "", a->asked_text[i]);
    for (size_t i = 0; i < a->collected; i++)
        buf_printf(out, "%s\"%s\"", i || a->asked_n ? "," : "", a->due[i].key);
    buf_str(out, "]");
    adjudication_write_untils(a, out);
}

/* ---- what is due ---- */

static bool adjudication_knows(const struct adjudication *a, const uint8_t third[TASK_ID_BYTES]) {
    for (size_t i = 0; i < a->asked_n; i++)
        if (memcmp(a->asked[i], third, TASK_ID_BYTES) == 0) return true;
    for (size_t i = 0; i < a->due_n; i++)
        if (memcmp(a->due[i].id, third, TASK_ID_BYTES) == 0) return true;
    return false;
}

/* The same question again, of somebody else, who sees what the second reader saw. */
static bool adjudication_ask(struct adjudication *a, struct text second,
                             struct adjudication_due *due, struct buf *out) {
    const struct config *c = a->learning->config;
    const struct task_style style = {c->route.label_control, c->route.label_object};
    struct task t;
    const char *why;
    if (task_read(&t, second, &a->scratch, &why) < 0) return false;
    task_id_text_read_by(t.id, 2, 3);
    memcpy(due->key, t.id, sizeof due->key);
    due->until_ms = t.expires_ms;
    t.reason = ASK_THIRD;
    t.opinions = 0;
    t.asked_ms = clock_wall_ms();
    t.expires_ms = t.asked_ms + c->route.expiry;
    if (t.expires_ms > due->until_ms) due->until_ms = t.expires_ms;
    task_write(&t, &style, out);
    return true;
}

/* The topic took the second reader's, which was no shorter; but its limit may have been lowered. */
static bool adjudication_fit(const struct adjudication *a, struct adjudication_due *due,
                             const struct buf *whole, struct buf *out) {
    struct producer_record r = {.key = {due->key, TASK_ID_LENGTH}, .value = buf_view(whole)};
    if (record_batch_bytes(&r) > a->most && !task_drop_event(r.value, out)) return false;
    if (out->len) r.value = buf_view(out);
    due->record = r.value;
    return record_batch_bytes(&r) <= a->most;
}

static bool adjudication_make(struct adjudication *a, struct text second,
                              struct adjudication_due *due) {
    struct buf whole = {0}, without = {0};
    bool readable = adjudication_ask(a, second, due, &whole),
         made = readable && adjudication_fit(a, due, &whole, &without);
    a->unreadable += !readable;
    a->too_large += readable && !made;
    if (made) due->record = arena_text(&a->arena, due->record);
    buf_release(&whole);
    buf_release(&without);
    arena_reset(&a->scratch);
    return made;
}

static bool adjudication_has_room(struct adjudication *a) {
    if (a->asked_n + a->due_n < ASKED_MOST) return true;
    if (!a->full_said)
        LOG(WARNING, "third_readers_full",
            "no third reader is asked: as many of their tasks as are remembered were written and "
            "could not be read back yet",
            L_U64("tasks", a->asked_n));
    a->full_said = true;
    return false;
}

bool adjudication_draws_gold(const struct config *c, const uint8_t id[TASK_ID_BYTES]) {
    uint64_t bits =
        rng_keyed(RNG_GOLD, (uint64_t)c->service.seed, hash_bytes(id, TASK_ID_BYTES), 0, 0);
    return rng_unit(bits) < c->people.gold;
}

/* A question to settle a class, where it is not; a gold question, where it is. */
static bool adjudication_wants(struct annotators *known, const struct dispute *d) {
    double probability;
    if (d->certain) return true;
    (void)annotators_likeliest(known, d->said, d->n, &probability);
    return d->settled == (probability >= ANNOTATORS_SETTLED);
}

bool adjudication_consider(struct adjudication *a, struct annotators *known,
                           const struct dispute *d) {
    struct adjudication_due *new = &a->due[a->due_n];
    uint8_t third[TASK_ID_BYTES];
    if (!a->most || a->due_n == DUE_MOST || clock_ms() < a->rest_ms) return true;
    memcpy(third, d->id, sizeof third);
    task_id_read_by(third, 2, 3);
    if (adjudication_knows(a, third)) return true;
    if (!adjudication_wants(known, d) || !adjudication_has_room(a)) return true;
    memcpy(new->id, third, sizeof third);
    new->gold = d->settled;
    bool made = adjudication_make(a, d->record, new);
    a->due_n += made;
    return made;
}

static void adjudication_say_let_go(struct adjudication *a) {
    if (a->too_large)
        LOG(WARNING, "third_reader_too_large",
            "a third reader is not asked: his task is larger than the tasks topic takes",
            L_U64("samples", a->too_large), L_U64("most", a->most));
    if (a->unreadable)
        LOG(WARNING, "third_reader_unreadable",
            "a third reader is not asked: the second reader's task, as it was kept, can not be "
            "read",
            L_U64("samples", a->unreadable));
    a->too_large = a->unreadable = 0;
}

size_t adjudication_collect(struct adjudication *a) {
    adjudication_say_let_go(a);
    if (!a->most || clock_ms() < a->rest_ms) adjudication_drop_due(a);
    a->collected = a->due_n;
    return a->collected;
}

size_t adjudication_golds(const struct adjudication *a) {
    size_t n = 0;
    for (size_t i = 0; i < a->collected; i++) n += a->due[i].gold;
    return n;
}

struct producer_record adjudication_task(const struct adjudication *a, size_t i) {
    CHECK(i < a->collected);
    return (struct producer_record){.key = {a->due[i].key, TASK_ID_LENGTH},
                                    .value = a->due[i].record};
}

void adjudication_written(struct adjudication *a, bool written) {
    for (size_t i = 0; i < a->collected && written; i++)
        CHECK(adjudication_note(a, text_of(a->due[i].key), a->due[i].until_ms));
    if (written) metric_add_by(METRIC_asked, ASK_THIRD, a->collected);
    else a->rest_ms = clock_ms() + REST_MS;
    adjudication_drop_due(a);
}
