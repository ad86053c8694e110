/* One lock around the queue of open tasks and a fixed number of slips, held for moments: the http
 * thread never waits for Kafka, and Kafka's thread never for a browser.
 *
 * An answer is accepted (202) once it is in one of LABEL_DESK_SLIPS places in memory, called slips.
 * It stays there until the labels topic has it, however often it must be sent. The page shows how
 * many answers are not confirmed yet, and why. When all slips are in use the next answer is refused
 * (503) and stays on the screen. Refuses answers to tasks that it did not offer: the page is for a
 * person, not for an import.
 *
 * Thread: http thread and label thread */
#include "label_desk.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/rng.h"
#include "terminal/answer_keys.h"
#include "terminal/event_view.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

/* HTTP's status codes (RFC 9110, section 15). */
enum {
    OK = 200,
    ACCEPTED = 202,    // on a slip, not yet on the labels topic
    BAD_REQUEST = 400, // no request that the page sends
    CONFLICT = 409,    // the task was closed meanwhile
    UNAVAILABLE = 503  // all slips are in use, or the label thread is not ready
};
enum {
    FIELDS_MOST = 500, // of an event that are shown; a person reads no more
    TROUBLE_MOST = 200 // bytes of the last error's text
};
enum slip_state { SLIP_FREE, SLIP_WAITS, SLIP_SENT };

struct label_desk {
    pthread_mutex_t lock;
    const struct list *classes;
    struct answer_keys keys;
    struct label_queue *queue;
    struct label_slip slip[LABEL_DESK_SLIPS];
    enum slip_state state[LABEL_DESK_SLIPS];
    size_t used;
    char trouble[TROUBLE_MOST];
    bool open, closed;
};

struct label_desk *label_desk_create(const struct list *classes, const struct list *sources) {
    struct label_desk *d = xcalloc(1, sizeof *d);
    pthread_mutex_init(&d->lock, NULL);
    d->classes = classes;
    answer_keys_init(&d->keys, classes);
    d->queue = label_queue_create(classes, sources);
    return d;
}

void label_desk_destroy(struct label_desk *d) {
    if (!d) return;
    label_queue_destroy(d->queue);
    answer_keys_release(&d->keys);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* ---- the next task ---- */

/* What is shown of a task, copied out, so that no event is parsed under the lock. */
struct shown {
    struct label_offer offer;
    bool any;
    struct arena arena;
};

static void label_desk_copy_out(struct shown *s, const struct label_offer *o) {
    if (!o) return;
    s->any = true;
    s->offer = *o;
    s->offer.sample_id = arena_text(&s->arena, o->sample_id);
    s->offer.event = arena_text(&s->arena, o->event);
}

static void label_desk_add_fields(struct buf *out, struct text event, struct arena *arena) {
    struct event_field *field = arena_take(arena, FIELDS_MOST * sizeof *field);
    size_t left, n = event_fields(event, field, FIELDS_MOST, &left, arena);
    buf_str(out, ",\"fields\":[");
    for (size_t i = 0; i < n; i++) {
        buf_str(out, i ? ",[" : "[");
        buf_json(out, field[i].name);
        buf_str(out, ",");
        buf_json(out, field[i].value);
        buf_str(out, "]");
    }
    buf_printf(out, "],\"left\":%zu", left);
}

/* What the model says is not told: who knows it before the answer agrees with it too often (D206).
 */
static void label_desk_add_task(struct buf *out, struct shown *s) {
    const struct label_offer *o = &s->offer;
    buf_printf(out, "{\"id\":\"%s\",\"sample_id\":", o->id);
    buf_json(out, o->sample_id);
    buf_printf(out, ",\"reason\":\"%s\",\"asked_ms\":%" PRId64, ask_name(o->reason), o->asked_ms);
    label_desk_add_fields(out, o->event, &s->arena);
    buf_str(out, "}");
}

static void label_desk_add_classes(struct buf *out, const struct label_desk *d) {
    static const struct {
        const char *outcome;
        enum answer_word word;
    } words[] = {
        {"skipped", ANSWER_SKIP}, {"cannot_tell", ANSWER_CANNOT_TELL}, {"undo", ANSWER_UNDO}};
    buf_str(out, ",\"classes\":[");
    for (size_t i = 0; i < d->classes->n; i++) {
        buf_str(out, i ? ",{\"name\":" : "{\"name\":");
        buf_json_str(out, d->classes->at[i]);
        buf_str(out, ",\"key\":");
        buf_json_str(out, d->keys.class_[i]);
        buf_str(out, "}");
    }
    buf_str(out, "],\"keys\":{");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        buf_printf(out, "%s\"%s\":", i ? "," : "", words[i].outcome);
        buf_json_str(out, d->keys.word[words[i].word]);
    }
    buf_str(out, "}");
}

static unsigned label_desk_refuse(struct buf *body, unsigned status, const char *why) {
    buf_str(body, "{\"error\":");
    buf_json_str(body, why);
    buf_str(body, "}\n");
    return status;
}

static struct label_now label_desk_now(void) {
    return (struct label_now){clock_wall_ms(), clock_ms()};
}

unsigned label_desk_next(struct label_desk *d, struct text sent, struct buf *body) {
    struct shown shown = {.any = false};
    cJSON *tree = json_parse(sent, &shown.arena);
    struct text session = json_text(tree, "session");
    uint64_t key = session.len ? hash_bytes(session.at, session.len) | 1 : 0;
    cJSON_Delete(tree);
    if (!key) {
        arena_release(&shown.arena);
        return label_desk_refuse(body, BAD_REQUEST, "wants {\"session\": TEXT}");
    }
    pthread_mutex_lock(&d->lock);
    if (d->open && !d->closed)
        label_desk_copy_out(&shown, label_queue_next(d->queue, key, label_desk_now()));
    buf_printf(body, "{\"ready\":%s,\"waiting\":%zu,\"more\":%s,\"unconfirmed\":%zu,\"trouble\":",
               d->open && !d->closed ? "true" : "false", label_queue_waiting(d->queue),
               label_queue_left_out(d->queue) ? "true" : "false", d->used);
    if (d->used && *d->trouble) buf_json_str(body, d->trouble);
    else buf_str(body, "null");
    pthread_mutex_unlock(&d->lock);
    label_desk_add_classes(body, d);
    buf_str(body, ",\n\"task\":");
    if (shown.any) label_desk_add_task(body, &shown);
    else buf_str(body, "null");
    buf_str(body, "}\n");
    arena_release(&shown.arena);
    return OK;
}

/* ---- an answer ---- */

static bool label_desk_class_of(const struct list *classes, struct text label, size_t *out) {
    for (size_t i = 0; i < classes->n; i++) {
        if (!text_equal(text_of(classes->at[i]), label)) continue;
        *out = i;
        return true;
    }
    return false;
}

/* What is wrong with the request, or NULL. */
static const char *label_desk_read_answer(const struct label_desk *d, const cJSON *tree,
                                          struct label_slip *slip) {
    struct text id = json_text(tree, "id"), outcome = json_text(tree, "outcome"),
                annotator = json_text(tree, "annotator");
    if (id.len != TASK_ID_LENGTH) return "id is not a task's";
    if (!annotator.len || annotator.len > LABEL_ANNOTATOR_MOST)
        return "annotator must have 1 to 127 bytes";
    memcpy(slip->id, id.at, id.len);
    memcpy(slip->annotator, annotator.at, annotator.len);
    slip->outcome = LABEL_LABELLED;
    if (text_equal(outcome, TEXT("skipped"))) slip->outcome = LABEL_SKIPPED;
    else if (text_equal(outcome, TEXT("cannot_tell"))) slip->outcome = LABEL_CANNOT_TELL;
    else if (!text_equal(outcome, TEXT("labelled")))
        return "outcome must be labelled, skipped or cannot_tell";
    if (slip->outcome == LABEL_LABELLED &&
        !label_desk_class_of(d->classes, json_text(tree, "label"), &slip->class_))
        return "label is not one of model.classes";
    return NULL;
}

/* Under the lock. */
static unsigned label_desk_put_slip(struct label_desk *d, struct label_slip *slip,
                                    struct buf *body) {
    if (!d->open || d->closed)
        return label_desk_refuse(body, UNAVAILABLE, "winnowd takes no answers just now");
    if (d->used == LABEL_DESK_SLIPS)
        return label_desk_refuse(body, UNAVAILABLE,
                                 "too many answers wait for Kafka; try again in a moment");
    if (label_queue_answer(d->queue, text_of(slip->id), &slip->revision) < 0)
        return label_desk_refuse(
            body, CONFLICT, "this task is closed: answered elsewhere, expired, or too long ago");
    size_t i = 0;
    while (d->state[i] != SLIP_FREE) i++;
    d->slip[i] = *slip;
    d->state[i] = SLIP_WAITS;
    d->used++;
    buf_printf(body, "{\"revision\":%" PRId64 "}\n", slip->revision);
    return ACCEPTED;
}

unsigned label_desk_answer(struct label_desk *d, struct text sent, struct buf *body) {
    struct arena arena = {0};
    struct label_slip slip = {.time_ms = clock_wall_ms()};
    cJSON *tree = json_parse(sent, &arena);
    const char *wrong =
        cJSON_IsObject(tree) ? label_desk_read_answer(d, tree, &slip) : "wants a JSON object";
    cJSON_Delete(tree);
    arena_release(&arena);
    if (wrong) return label_desk_refuse(body, BAD_REQUEST, wrong);
    pthread_mutex_lock(&d->lock);
    unsigned status = label_desk_put_slip(d, &slip, body);
    pthread_mutex_unlock(&d->lock);
    return status;
}

/* ---- the label thread ---- */

void label_desk_task(struct label_desk *d, const struct task *t) {
    pthread_mutex_lock(&d->lock);
    label_queue_task(d->queue, t, label_desk_now());
    pthread_mutex_unlock(&d->lock);
}

void label_desk_label(struct label_desk *d, const struct label *l) {
    pthread_mutex_lock(&d->lock);
    label_queue_label(d->queue, l);
    pthread_mutex_unlock(&d->lock);
}

void label_desk_open(struct label_desk *d) {
    pthread_mutex_lock(&d->lock);
    d->open = true;
    pthread_mutex_unlock(&d->lock);
}

void label_desk_close(struct label_desk *d) {
    pthread_mutex_lock(&d->lock);
    d->closed = true;
    pthread_mutex_unlock(&d->lock);
}

bool label_desk_wants_reread(struct label_desk *d) {
    pthread_mutex_lock(&d->lock);
    bool wants = !label_queue_waiting(d->queue) && label_queue_left_out(d->queue);
    if (wants) label_queue_reread(d->queue);
    pthread_mutex_unlock(&d->lock);
    return wants;
}

bool label_desk_take(struct label_desk *d, struct label_slip *slip, size_t *number) {
    size_t i = 0;
    pthread_mutex_lock(&d->lock);
    while (i < LABEL_DESK_SLIPS && d->state[i] != SLIP_WAITS) i++;
    if (i < LABEL_DESK_SLIPS) {
        d->state[i] = SLIP_SENT;
        *slip = d->slip[i];
        *number = i;
    }
    pthread_mutex_unlock(&d->lock);
    return i < LABEL_DESK_SLIPS;
}

void label_desk_settle(struct label_desk *d, size_t number, const char *why) {
    pthread_mutex_lock(&d->lock);
    CHECK(number < LABEL_DESK_SLIPS && d->state[number] == SLIP_SENT);
    d->state[number] = why ? SLIP_WAITS : SLIP_FREE;
    d->used -= !why;
    snprintf(d->trouble, sizeof d->trouble, "%s", why ? why : "");
    pthread_mutex_unlock(&d->lock);
}

size_t label_desk_unconfirmed(struct label_desk *d) {
    pthread_mutex_lock(&d->lock);
    size_t n = d->used;
    pthread_mutex_unlock(&d->lock);
    return n;
}
