/* An array of open tasks, and a set of what was answered; both of a fixed size.
 *
 * One idea: the topics hold everything, so what finds no room is counted and read again once the
 * rest is answered; nothing spills to disk. A task is on one screen at a time (a loan that ends by
 * itself). An id among the last KNOWN answered is not offered again; beyond that a task that was
 * answered and has not expired may be, and the learner calls the second answer a duplicate or a
 * revision. A label by sample id answers the newest open task of that sample; if none is here,
 * those of that sample that are read later.
 *
 * Thread: any thread (one owner at a time) */
#include "label_queue.h"

#include "base/rng.h"
#include "route/classes.h"
#include "store/task_id_queue.h"

#include <stdlib.h>
#include <strings.h>

enum { KNOWN = 1 << 18 };

/* An answer that went out from here. */
struct given {
    uint8_t key[TASK_ID_BYTES];
    int64_t revision; // the largest that was seen
};

struct label_queue {
    const struct list *classes;
    struct label_offer *at; // (n of LABEL_QUEUE_TASKS) in no order
    size_t n, bytes, left_out;
    struct id_ring *answered; // tasks, and samples answered by name
    struct given given[LABEL_QUEUE_GIVEN];
    uint64_t given_n; // ever
};

struct label_queue *label_queue_create(const struct list *classes) {
    struct label_queue *q = xcalloc(1, sizeof *q);
    q->classes = classes;
    q->at = xcalloc(LABEL_QUEUE_TASKS, sizeof *q->at);
    q->answered = id_ring_create(KNOWN);
    return q;
}

static void label_queue_remove_at(struct label_queue *q, size_t i) {
    struct label_offer *o = &q->at[i];
    q->bytes -= o->sample_id.len + o->event.len + o->predicted.len;
    free((void *)o->sample_id.at);
    free((void *)o->event.at);
    free((void *)o->predicted.at);
    *o = q->at[--q->n];
}

void label_queue_destroy(struct label_queue *q) {
    if (!q) return;
    while (q->n) label_queue_remove_at(q, q->n - 1);
    id_ring_destroy(q->answered);
    free(q->at);
    free(q);
}

/* ---- what was answered ---- */

/* No task has such an id: its version is 7. */
static void sample_key(uint8_t out[TASK_ID_BYTES], struct text sample) {
    uint64_t hash = hash_bytes(sample.at, sample.len);
    memset(out, 0xff, TASK_ID_BYTES);
    memcpy(out, &hash, sizeof hash);
}

static bool was_answered(const struct label_queue *q, const uint8_t key[TASK_ID_BYTES],
                         struct text sample) {
    uint8_t by_sample[TASK_ID_BYTES];
    sample_key(by_sample, sample);
    return id_ring_has(q->answered, key) || id_ring_has(q->answered, by_sample);
}

static struct label_offer *label_queue_find(const struct label_queue *q,
                                            const uint8_t key[TASK_ID_BYTES]) {
    uint8_t other[TASK_ID_BYTES];
    for (size_t i = 0; i < q->n; i++)
        if (task_id_parse(other, text_of(q->at[i].id)) == 0 &&
            memcmp(key, other, TASK_ID_BYTES) == 0)
            return &q->at[i];
    return NULL;
}

static struct label_offer *newest_of(const struct label_queue *q, struct text sample) {
    struct label_offer *newest = NULL;
    for (size_t i = 0; i < q->n; i++)
        if (text_equal(q->at[i].sample_id, sample) &&
            (!newest || q->at[i].asked_ms > newest->asked_ms))
            newest = &q->at[i];
    return newest;
}

static struct given *given_here(struct label_queue *q, const uint8_t key[TASK_ID_BYTES]) {
    for (size_t i = 0; i < LABEL_QUEUE_GIVEN && i < q->given_n; i++)
        if (memcmp(q->given[i].key, key, TASK_ID_BYTES) == 0) return &q->given[i];
    return NULL;
}

static bool is_answer(const struct label_queue *q, const struct label *l) {
    if (l->outcome != LABEL_LABELLED) return true;
    for (size_t i = 0; i < q->classes->n; i++)
        if (text_equal(text_of(q->classes->at[i]), l->label)) return true;
    return false;
}

static void label_queue_by_name(struct label_queue *q, const struct label *l) {
    uint8_t key[TASK_ID_BYTES];
    struct label_offer *o = newest_of(q, l->sample_id);
    if (o && task_id_parse(key, text_of(o->id)) == 0) label_queue_remove_at(q, (size_t)(o - q->at));
    else sample_key(key, l->sample_id);
    id_ring_add(q->answered, key);
}

void label_queue_label(struct label_queue *q, const struct label *l) {
    uint8_t key[TASK_ID_BYTES];
    if (!is_answer(q, l)) return;
    if (!l->id.at) {
        if (l->sample_id.at && !l->data.at) label_queue_by_name(q, l);
        return;
    }
    if (task_id_parse(key, l->id) < 0) return;
    struct given *g = given_here(q, key);
    if (g && l->revision > g->revision) g->revision = l->revision;
    struct label_offer *o = label_queue_find(q, key);
    if (o) label_queue_remove_at(q, (size_t)(o - q->at));
    id_ring_add(q->answered, key);
}

/* ---- what is open ---- */

/* Larger priority first, then the older one, as the terminal has it. */
static bool worth_more(const struct label_offer *a, const struct label_offer *b) {
    if (a->priority != b->priority) return a->priority > b->priority;
    return a->asked_ms != b->asked_ms ? a->asked_ms < b->asked_ms : strcmp(a->id, b->id) < 0;
}

static bool on_loan(const struct label_offer *o, int64_t now_ms) {
    return o->session && now_ms - o->loaned_ms < LABEL_QUEUE_LOAN_MS;
}

/* What nobody looks at and is least worth an answer. */
static struct label_offer *label_queue_worst(const struct label_queue *q, int64_t now_ms) {
    struct label_offer *worst = NULL;
    for (size_t i = 0; i < q->n; i++)
        if (!on_loan(&q->at[i], now_ms) && (!worst || worth_more(worst, &q->at[i])))
            worst = &q->at[i];
    return worst;
}

/* False: what is here is worth more. */
static bool label_queue_make_room(struct label_queue *q, const struct label_offer *fresh,
                                  size_t bytes, int64_t now_ms) {
    while (q->n == LABEL_QUEUE_TASKS || q->bytes + bytes > LABEL_QUEUE_BYTES) {
        struct label_offer *least = label_queue_worst(q, now_ms);
        q->left_out++;
        if (!least || !worth_more(fresh, least)) return false;
        label_queue_remove_at(q, (size_t)(least - q->at));
    }
    return true;
}

static struct text label_queue_own(struct text t) {
    if (!t.at) return t;
    char *copy = xmalloc(t.len + 1);
    memcpy(copy, t.at, t.len);
    copy[t.len] = '\0';
    return (struct text){copy, t.len};
}

static bool label_queue_over(int64_t expires_ms, int64_t now_ms) {
    return expires_ms && now_ms > expires_ms;
}

void label_queue_task(struct label_queue *q, const struct task *t, int64_t now_ms) {
    uint8_t key[TASK_ID_BYTES];
    if (label_queue_over(t->expires_ms, now_ms) || task_id_parse(key, text_of(t->id)) < 0 ||
        was_answered(q, key, t->sample_id) || label_queue_find(q, key))
        return;
    int predicted = t->model ? task_predicted(t) : -1;
    struct label_offer o = {.sample_id = t->sample_id,
                            .event = t->event,
                            .reason = t->reason,
                            .priority = t->priority,
                            .model = t->model,
                            .asked_ms = t->asked_ms,
                            .expires_ms = t->expires_ms};
    memcpy(o.id, t->id, sizeof o.id);
    if (predicted >= 0) {
        o.predicted = class_name(t->classes, (size_t)predicted);
        o.probability = (double)t->prob[predicted];
    }
    size_t bytes = o.sample_id.len + o.event.len + o.predicted.len;
    if (!label_queue_make_room(q, &o, bytes, now_ms)) return;
    o.sample_id = label_queue_own(o.sample_id);
    o.event = label_queue_own(o.event);
    o.predicted = label_queue_own(o.predicted);
    q->bytes += bytes;
    q->at[q->n++] = o;
}

const struct label_offer *label_queue_next(struct label_queue *q, uint64_t session,
                                           int64_t now_ms) {
    struct label_offer *best = NULL;
    for (size_t i = q->n; i-- > 0;)
        if (label_queue_over(q->at[i].expires_ms, now_ms)) label_queue_remove_at(q, i);
    for (size_t i = 0; i < q->n; i++) {
        struct label_offer *o = &q->at[i];
        if (o->session == session) {
            best = o;
            break;
        }
        if (!on_loan(o, now_ms) && (!best || worth_more(o, best))) best = o;
    }
    if (!best) return NULL;
    best->session = session;
    best->loaned_ms = now_ms;
    return best;
}

/* ---- an answer from here ---- */

int label_queue_answer(struct label_queue *q, struct text id, int64_t *revision) {
    uint8_t key[TASK_ID_BYTES];
    if (task_id_parse(key, id) < 0) return ERR_MISSING;
    struct given *g = given_here(q, key);
    if (g) {
        *revision = ++g->revision;
        return 0;
    }
    struct label_offer *o = label_queue_find(q, key);
    if (!o) return ERR_MISSING;
    label_queue_remove_at(q, (size_t)(o - q->at));
    g = &q->given[q->given_n++ % LABEL_QUEUE_GIVEN];
    *g = (struct given){.revision = 0};
    memcpy(g->key, key, sizeof key);
    id_ring_add(q->answered, key);
    *revision = 0;
    return 0;
}

size_t label_queue_waiting(const struct label_queue *q) { return q->n; }
size_t label_queue_left_out(const struct label_queue *q) { return q->left_out; }
void label_queue_reread(struct label_queue *q) { q->left_out = 0; }
