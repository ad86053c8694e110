/* An array of open tasks, and sets of what was read and answered, all of a fixed size.
 *
 * The topics hold everything, so a task that finds no room is counted and read again once the
 * others are answered; nothing is written to disk. A task is on one screen at a time: it is lent
 * for LABEL_QUEUE_LOAN_MS.
 *
 * Which task a label answers is decided by the label join (store/join_rules.h), as far as this
 * memory goes: of the last LABEL_QUEUE_KNOWN tasks that were answered, and of as many samples. An
 * older task that was answered and has not expired may be offered again; the learner calls the
 * second answer a duplicate or a revision. A task that found no room, and one that has expired, is
 * not here to be found by its sample's id. At its start the page reads all labels before all tasks;
 * a label by sample id then answers the first task of the sample that is read, as in a learner's
 * store that is rebuilt in that order.
 *
 * Thread: any thread (one owner at a time) */
#include "label_queue.h"

#include "base/key_ring.h"
#include "base/rng.h"
#include "route/classes.h"
#include "store/join_rules.h"

#include <stdlib.h>

/* An answer that was given on this page. */
struct label_given {
    uint8_t id[TASK_ID_BYTES];
    uint64_t session; // that gave it
    int64_t revision; // the largest that was seen
};

/* What is remembered of a sample: bits. */
enum {
    SAMPLE_HAS_TASK = 1,   // its newest task was read
    SAMPLE_LABEL_WAITS = 2 // a label came first: it closes the task when that comes
};

struct label_queue {
    char *classes;                               // newline-separated
    const struct list *sources;                  // train.sources
    struct label_offer *at;                      // (n of LABEL_QUEUE_TASKS) open tasks in no order
    size_t n, bytes;                             // bytes: of their texts
    size_t left_out;                             // tasks that found no room
    struct key_ring *closed;                     // ids of tasks with an answer
    struct key_ring *samples;                    // by hash of the sample id; SAMPLE_ marks
    struct label_given given[LABEL_QUEUE_GIVEN]; // a ring
    uint64_t given_n;                            // ever
};

struct label_queue *label_queue_create(const struct list *classes, const struct list *sources) {
    struct label_queue *q = xcalloc(1, sizeof *q);
    q->classes = class_list(classes);
    q->sources = sources;
    q->at = xcalloc(LABEL_QUEUE_TASKS, sizeof *q->at);
    q->closed = key_ring_create(LABEL_QUEUE_KNOWN);
    q->samples = key_ring_create(LABEL_QUEUE_KNOWN);
    return q;
}

static void label_queue_remove_at(struct label_queue *q, size_t i) {
    struct label_offer *o = &q->at[i];
    q->bytes -= o->sample_id.len + o->event.len;
    free((void *)o->sample_id.at);
    free((void *)o->event.at);
    *o = q->at[--q->n];
}

void label_queue_destroy(struct label_queue *q) {
    if (!q) return;
    while (q->n) label_queue_remove_at(q, q->n - 1);
    key_ring_destroy(q->closed);
    key_ring_destroy(q->samples);
    free(q->classes);
    free(q->at);
    free(q);
}

/* ---- what was answered ---- */

static struct label_offer *label_queue_find(const struct label_queue *q,
                                            const uint8_t id[TASK_ID_BYTES]) {
    for (size_t i = 0; i < q->n; i++)
        if (memcmp(q->at[i].id_bytes, id, TASK_ID_BYTES) == 0) return &q->at[i];
    return NULL;
}

/* The task is answered: it is offered no more. */
static void label_queue_close(struct label_queue *q, const uint8_t id[TASK_ID_BYTES]) {
    key_ring_add(q->closed, id);
    struct label_offer *o = label_queue_find(q, id);
    if (o) label_queue_remove_at(q, (size_t)(o - q->at));
}

static struct label_given *label_queue_given(struct label_queue *q,
                                             const uint8_t id[TASK_ID_BYTES]) {
    for (size_t i = 0; i < LABEL_QUEUE_GIVEN && i < q->given_n; i++)
        if (memcmp(q->given[i].id, id, TASK_ID_BYTES) == 0) return &q->given[i];
    return NULL;
}

static uint8_t *label_queue_sample(struct label_queue *q, struct text sample) {
    uint8_t key[KEY_RING_BYTES] = {0};
    uint64_t hash = hash_bytes(sample.at, sample.len);
    memcpy(key, &hash, sizeof hash);
    key_ring_add(q->samples, key);
    return key_ring_mark(q->samples, key);
}

/* What is here is open, so the join looks no further than at the ids. */
static struct label_offer *label_queue_newest(const struct label_queue *q, struct text sample) {
    struct label_offer *newest = NULL;
    for (size_t i = 0; i < q->n; i++)
        if (ask_reader(q->at[i].reason) == 1 && text_equal(q->at[i].sample_id, sample) &&
            (!newest || join_prefers(q->at[i].id_bytes, false, newest->id_bytes, false)))
            newest = &q->at[i];
    return newest;
}

static void label_queue_answer_sample(struct label_queue *q, struct text sample) {
    struct label_offer *o = label_queue_newest(q, sample);
    uint8_t *mark = label_queue_sample(q, sample);
    if (o) label_queue_close(q, o->id_bytes);
    else if (!(*mark & SAMPLE_HAS_TASK)) *mark |= SAMPLE_LABEL_WAITS;
}

void label_queue_label(struct label_queue *q, const struct label *l) {
    uint8_t id[TASK_ID_BYTES];
    struct task_answer unused;
    if (!join_accepts(q->sources, l->source)) return;
    if (!join_answer(&unused, l, text_of(q->classes), 0, 0)) return;
    switch (join_target(l, id)) {
    case JOIN_NOTHING: return;
    case JOIN_SAMPLE: label_queue_answer_sample(q, l->sample_id); return;
    case JOIN_TASK: break;
    }
    struct label_given *g = label_queue_given(q, id);
    if (g && l->revision > g->revision) g->revision = l->revision;
    label_queue_close(q, id);
}

/* ---- what is open ---- */

/* By priority, then the older one first: the order in which `winnowd annotate --terminal` asks,
 * too. */
static bool label_queue_worth_more(const struct label_offer *a, const struct label_offer *b) {
    if (a->priority != b->priority) return a->priority > b->priority;
    return a->asked_ms != b->asked_ms ? a->asked_ms < b->asked_ms : strcmp(a->id, b->id) < 0;
}

/* Whether another reader of the sample was that session: the same person is asked once. */
static bool label_queue_read_before(struct label_queue *q, const struct label_offer *o,
                                    uint64_t session) {
    for (int reader = 1; reader <= OPINIONS_MAX; reader++) {
        uint8_t other[TASK_ID_BYTES];
        memcpy(other, o->id_bytes, sizeof other);
        task_id_read_by(other, ask_reader(o->reason), reader);
        const struct label_given *g = label_queue_given(q, other);
        if (g && g->session == session) return true;
    }
    return false;
}

static bool label_queue_on_loan(const struct label_offer *o, struct label_now now) {
    return o->session && now.steady_ms - o->loaned_ms < LABEL_QUEUE_LOAN_MS;
}

/* The task least worth an answer among those that are on nobody's screen. */
static struct label_offer *label_queue_worst(const struct label_queue *q, struct label_now now) {
    struct label_offer *worst = NULL;
    for (size_t i = 0; i < q->n; i++)
        if (!label_queue_on_loan(&q->at[i], now) &&
            (!worst || label_queue_worth_more(worst, &q->at[i])))
            worst = &q->at[i];
    return worst;
}

/* Removes tasks that are worth less than the fresh one until it fits. False: it does not fit, since
 * the others are worth more or are on a screen. */
static bool label_queue_make_room(struct label_queue *q, const struct label_offer *fresh,
                                  size_t bytes, struct label_now now) {
    while (q->n == LABEL_QUEUE_TASKS || q->bytes + bytes > LABEL_QUEUE_BYTES) {
        struct label_offer *least = label_queue_worst(q, now);
        q->left_out++;
        if (!least || !label_queue_worth_more(fresh, least)) return false;
        label_queue_remove_at(q, (size_t)(least - q->at));
    }
    return true;
}

static struct text label_queue_copy(struct text t) {
    if (!t.at) return t;
    char *copy = xmalloc(t.len + 1);
    memcpy(copy, t.at, t.len);
    copy[t.len] = '\0';
    return (struct text){copy, t.len};
}

static bool label_queue_expired(const struct label_offer *o, struct label_now now) {
    return join_state(NULL, o->expires_ms, now.wall_ms) == TASK_EXPIRED;
}

/* The first task of a sample takes the labels that wait for it. */
static void label_queue_join_sample(struct label_queue *q, const struct label_offer *o) {
    uint8_t *mark = label_queue_sample(q, o->sample_id);
    if (*mark & SAMPLE_LABEL_WAITS) key_ring_add(q->closed, o->id_bytes);
    *mark = SAMPLE_HAS_TASK;
}

static struct label_offer label_queue_offer(const struct task *t) {
    struct label_offer o = {.sample_id = t->sample_id,
                            .event = t->event,
                            .reason = t->reason,
                            .priority = t->priority,
                            .asked_ms = t->asked_ms,
                            .expires_ms = t->expires_ms};
    memcpy(o.id, t->id, sizeof o.id);
    if (o.event.len > LABEL_QUEUE_EVENT) o.event = (struct text){0};
    return o;
}

/* Takes copies of the texts; there is room. */
static void label_queue_add(struct label_queue *q, const struct label_offer *o, size_t bytes) {
    struct label_offer *to = &q->at[q->n++];
    *to = *o;
    to->sample_id = label_queue_copy(o->sample_id);
    to->event = label_queue_copy(o->event);
    q->bytes += bytes;
}

void label_queue_task(struct label_queue *q, const struct task *t, struct label_now now) {
    struct label_offer o = label_queue_offer(t);
    if (task_id_parse(o.id_bytes, text_of(t->id)) < 0 || label_queue_find(q, o.id_bytes)) return;
    if (ask_reader(o.reason) == 1) label_queue_join_sample(q, &o);
    if (key_ring_mark(q->closed, o.id_bytes) || label_queue_expired(&o, now)) return;
    size_t bytes = o.sample_id.len + o.event.len;
    if (label_queue_make_room(q, &o, bytes, now)) label_queue_add(q, &o, bytes);
}

const struct label_offer *label_queue_next(struct label_queue *q, uint64_t session,
                                           struct label_now now) {
    struct label_offer *best = NULL;
    for (size_t i = q->n; i-- > 0;)
        if (label_queue_expired(&q->at[i], now)) label_queue_remove_at(q, i);
    for (size_t i = 0; i < q->n; i++) {
        struct label_offer *o = &q->at[i];
        if (o->session == session) {
            best = o;
            break;
        }
        if (!label_queue_on_loan(o, now) && (!best || label_queue_worth_more(o, best)) &&
            !label_queue_read_before(q, o, session))
            best = o;
    }
    if (!best) return NULL;
    best->session = session;
    best->loaned_ms = now.steady_ms;
    return best;
}

/* ---- an answer from here ---- */

int label_queue_answer(struct label_queue *q, struct text id, int64_t *revision) {
    uint8_t bytes[TASK_ID_BYTES];
    if (task_id_parse(bytes, id) < 0) return ERR_MISSING;
    struct label_given *g = label_queue_given(q, bytes);
    if (g) {
        *revision = g->revision = label_next_revision(g->revision);
        return 0;
    }
    const struct label_offer *o = label_queue_find(q, bytes);
    if (!o) return ERR_MISSING;
    uint64_t session = o->session;
    label_queue_close(q, bytes);
    g = &q->given[q->given_n++ % LABEL_QUEUE_GIVEN];
    *g = (struct label_given){.session = session};
    memcpy(g->id, bytes, sizeof bytes);
    *revision = 0;
    return 0;
}

size_t label_queue_waiting(const struct label_queue *q) { return q->n; }
size_t label_queue_left_out(const struct label_queue *q) { return q->left_out; }
void label_queue_reread(struct label_queue *q) { q->left_out = 0; }
