/* Three rings under one lock. Texts are built when somebody asks, not when something happens.
 *
 * Thread: any thread; workers write, the http thread reads */
#include "run/recent.h"

#include "base/error.h"
#include "route/classes.h"

#include <inttypes.h>
#include <pthread.h>

enum {
    ID_MOST = 96,    // bytes that are kept of a sample id
    FOUND_MOST = 160 // bytes that are kept of what was found in a dead letter
};
enum ring_kind { RING_TASKS, RING_DECISIONS, RING_DEAD_LETTERS, RINGS };

struct recent_entry {
    char task[TASK_ID_LENGTH + 1], sample[ID_MOST], found[FOUND_MOST];
    int32_t partition;
    int64_t offset, time_ms, sample_ms;
    int predicted; // -1: no model
    float prob;
    bool by_strategy, covered;
    enum ask ask;
    enum measure measure;
    enum reason reason; // of a dead letter
    double utility, threshold, propensity;
    uint64_t model, policy;
};

struct ring {
    struct recent_entry *at; // (most)
    uint64_t n;              // ever written
};

struct recent {
    pthread_mutex_t lock;
    size_t most, k;
    struct text classes;
    struct ring ring[RINGS];
    uint64_t *asked; // (k + 1) by predicted class; the last: without a model
};

struct recent *recent_create(size_t most, struct text classes, size_t k) {
    struct recent *r = xcalloc(1, sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
    r->most = most;
    r->k = k;
    r->classes = classes;
    for (size_t i = 0; most && i < RINGS; i++) r->ring[i].at = xcalloc(most, sizeof *r->ring[i].at);
    r->asked = xcalloc(k + 1, sizeof *r->asked);
    return r;
}

void recent_destroy(struct recent *r) {
    if (!r) return;
    for (size_t i = 0; i < RINGS; i++) free(r->ring[i].at);
    free(r->asked);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* ---- writing ---- */

/* What is cut is cut between characters. */
static void recent_copy(char *to, size_t room, struct text t) {
    size_t n = 0, next;
    while (n < t.len && (next = text_utf8((struct text){t.at + n, t.len - n})) && n + next < room)
        n += next;
    if (n) memcpy(to, t.at, n);
    to[n] = '\0';
}

static void recent_put(struct recent *r, enum ring_kind kind, const struct recent_entry *e) {
    if (!r->most) return;
    r->ring[kind].at[r->ring[kind].n++ % r->most] = *e;
}

void recent_task(struct recent *r, const struct task *t) {
    if (!r || pthread_mutex_trylock(&r->lock)) return;
    int predicted = t->model ? task_predicted(t) : -1;
    struct recent_entry e = {.partition = t->partition,
                             .offset = t->offset,
                             .time_ms = t->asked_ms,
                             .sample_ms = t->time_ms,
                             .predicted = predicted,
                             .prob = predicted < 0 ? 0 : t->prob[predicted],
                             .by_strategy = t->by_strategy,
                             .covered = true,
                             .ask = t->reason,
                             .measure = t->measure,
                             .utility = t->utility,
                             .threshold = t->threshold,
                             .propensity = t->propensity,
                             .model = t->model,
                             .policy = t->policy};
    memcpy(e.task, t->id, sizeof e.task);
    recent_copy(e.sample, sizeof e.sample, t->sample_id);
    recent_put(r, RING_TASKS, &e);
    r->asked[predicted < 0 ? r->k : (size_t)predicted]++;
    pthread_mutex_unlock(&r->lock);
}

void recent_decision(struct recent *r, const struct recent_sample *s) {
    if (!r || pthread_mutex_trylock(&r->lock)) return;
    const struct decision *d = s->decision;
    int predicted = s->model ? class_predicted(s->prob, r->k) : -1;
    struct recent_entry e = {.partition = s->partition,
                             .offset = s->offset,
                             .time_ms = s->now_ms,
                             .sample_ms = s->time_ms,
                             .predicted = predicted,
                             .prob = predicted < 0 ? 0 : s->prob[predicted],
                             .covered = d->covered,
                             .measure = d->measure,
                             .utility = d->utility,
                             .propensity = d->propensity,
                             .model = s->model,
                             .policy = s->policy};
    recent_copy(e.sample, sizeof e.sample, s->id);
    recent_put(r, RING_DECISIONS, &e);
    pthread_mutex_unlock(&r->lock);
}

void recent_dead_letter(struct recent *r, int32_t partition, int64_t offset, int64_t now_ms,
                        enum reason reason, struct text found) {
    if (!r || pthread_mutex_trylock(&r->lock)) return;
    struct recent_entry e = {
        .partition = partition, .offset = offset, .time_ms = now_ms, .reason = reason};
    recent_copy(e.found, sizeof e.found, found);
    recent_put(r, RING_DEAD_LETTERS, &e);
    pthread_mutex_unlock(&r->lock);
}

/* ---- reading ---- */

static void recent_add_number(struct buf *out, const char *key, double value) {
    buf_printf(out, ",\"%s\":", key);
    buf_double(out, value);
}

static void recent_add_why_asked(struct buf *out, const struct recent_entry *e) {
    switch (e->ask) {
    case ASK_RANDOM:
        buf_printf(out, "drawn by the random arm, 1 in %.0f",
                   e->propensity > 0 ? 1 / e->propensity : 0);
        break;
    case ASK_COLD: buf_str(out, "drawn at random: not every class has labels yet"); break;
    case ASK_UPFRONT: buf_str(out, "part of the up-front grant"); break;
    case ASK_POOL: buf_str(out, "chosen from its window"); break;
    case ASK_SECOND: buf_str(out, "for a second reader, who does not see the first answer"); break;
    case ASK_THIRD: buf_str(out, "for a third reader, who does not see the answers before"); break;
    case ASK_SYNTHETIC: buf_str(out, "a point made on the decision boundary"); break;
    default:
        if (e->threshold != 0)
            buf_printf(out, "utility %.4g is among the largest of late (threshold %.4g)",
                       e->utility, e->threshold);
        else buf_printf(out, "utility %.4g, and the budget manager said yes", e->utility);
    }
}

static void recent_add_why_not(struct buf *out, const struct recent_entry *e) {
    if (!e->covered)
        buf_str(out, "paused, capped, or the token bucket is empty: nobody could be asked");
    else if (e->predicted < 0) buf_str(out, "no model yet, and not drawn");
    else
        buf_printf(out, "utility %.4g was not worth a label, and the random arm did not draw it",
                   e->utility);
}

static void recent_add_subject(struct recent *r, struct buf *out, const struct recent_entry *e) {
    buf_str(out, ",\"sample\":");
    buf_json_str(out, e->sample);
    buf_printf(out, ",\"sample_ms\":%" PRId64 ",\"predicted\":", e->sample_ms);
    if (e->predicted < 0) buf_str(out, "null");
    else buf_json(out, class_name(r->classes, (size_t)e->predicted));
    buf_str(out, ",\"probability\":");
    buf_float(out, e->prob);
    recent_add_number(out, "utility", e->utility);
    recent_add_number(out, "propensity", e->propensity);
    buf_printf(out, ",\"measure\":\"%s\",\"model\":%" PRIu64 ",\"policy\":%" PRIu64,
               measure_name(e->measure), e->model, e->policy);
}

static void recent_add_entry(struct recent *r, struct buf *out, enum ring_kind kind,
                             const struct recent_entry *e) {
    struct buf why = {0};
    buf_printf(out, "{\"time_ms\":%" PRId64 ",\"partition\":%" PRId32 ",\"offset\":%" PRId64,
               e->time_ms, e->partition, e->offset);
    if (kind == RING_DEAD_LETTERS) {
        buf_printf(out, ",\"reason\":\"%s\",\"found\":", reason_name(e->reason));
        buf_json_str(out, e->found);
        buf_str(&why, reason_text(e->reason));
    } else {
        recent_add_subject(r, out, e);
        if (kind == RING_TASKS)
            buf_printf(out, ",\"id\":\"%s\",\"reason\":\"%s\",\"arm\":\"%s\"", e->task,
                       ask_name(e->ask), e->by_strategy ? "strategy" : "random");
        if (kind == RING_TASKS) recent_add_number(out, "threshold", e->threshold);
        if (kind == RING_TASKS) recent_add_why_asked(&why, e);
        else recent_add_why_not(&why, e);
    }
    buf_str(out, ",\"why\":");
    buf_json(out, buf_view(&why));
    buf_str(out, "}");
    buf_release(&why);
}

void recent_json(struct recent *r, struct buf *out) {
    static const char *const name[RINGS] = {"tasks", "decisions", "dead_letters"};
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < RINGS; i++) {
        const struct ring *ring = &r->ring[i];
        size_t n = ring->n < r->most ? (size_t)ring->n : r->most;
        buf_printf(out, "%s\"%s\":[", i ? "],\n" : "", name[i]);
        for (size_t j = 0; j < n; j++) {
            if (j) buf_str(out, ",\n");
            recent_add_entry(r, out, (enum ring_kind)i, &ring->at[(ring->n - 1 - j) % r->most]);
        }
    }
    buf_str(out, "]");
    pthread_mutex_unlock(&r->lock);
}

void recent_classes_json(struct recent *r, struct buf *out) {
    pthread_mutex_lock(&r->lock);
    buf_str(out, "{");
    for (size_t c = 0; c <= r->k; c++) {
        buf_str(out, c ? "," : "");
        buf_json(out, c < r->k ? class_name(r->classes, c) : TEXT(""));
        buf_printf(out, ":%" PRIu64, r->asked[c]);
    }
    buf_str(out, "}");
    pthread_mutex_unlock(&r->lock);
}
