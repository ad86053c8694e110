/* The pool's window of a partition: holds back what its samples write, chooses when it ends, then
 * lets all of it go at once.
 *
 * Everything of an open window is in memory only, and the offset that may be committed is the one
 * it began at, with the state of then. So there is nothing to repair after a crash, a stop or a
 * rebalance: the next owner reads the window again and decides it again, the same way (promises I1,
 * I2, I6). What it costs: tasks of the stream's arms wait for the window's end too.
 *
 * Memory is bounded (I11): candidates by pool.candidates, what is held back by pool.bytes and the
 * last sample. A window ends when it is full, when the samples' own time has moved on
 * (pool_clock.h), when it
 * holds too much, or when the stream is idle (the worker's wall clock says so).
 *
 * Thread: worker thread */
#include "pipeline_private.h"
#include "pool_clock.h"

#include "base/log.h"
#include "metrics/metrics.h"

enum {
    SAMPLE_BYTES = 256,    // what a held sample costs beside its records
    EVENT_KEPT = 64 * 1024 // bytes of an event that are kept for a task of the window's end
};
#define NO_TRACE SIZE_MAX

/* A candidate, by the pool's slot. */
struct kept {
    struct buf bytes;           // the record, the same as JSON, the id, then the trace context
    size_t came, json, id;      // lengths; json 0: it came so
    size_t trace[TRACE_FIELDS]; // lengths; NO_TRACE: it had none
    int64_t offset, time_ms;
    struct written at;
};

struct pool_window {
    struct pool *pool;
    size_t candidates;
    struct decision *decision; // (candidates)
    struct kept *kept;         // (candidates)
    struct cycle held;
    size_t asked[ASKS]; // by reason, counted when they go out
    struct position start;
    struct partition_state state;   // at start
    size_t records, samples, bytes; // so far; samples: admitted
    struct pool_clock clock;        // by its records' times
    int64_t latest_ms;              // wall clock of its latest record
};

/* ---- life ---- */

struct pool_window *pool_window_create(const struct pipeline *p) {
    const struct config *c = p->config;
    if (!c->pool.window && !c->pool.time) return NULL;
    struct pool_window *w = xcalloc(1, sizeof *w);
    w->candidates = (size_t)c->pool.candidates;
    w->pool = pool_create(w->candidates, features_columns(p->features));
    w->decision = xcalloc(w->candidates, sizeof *w->decision);
    w->kept = xcalloc(w->candidates, sizeof *w->kept);
    return w;
}

void pool_window_destroy(struct pool_window *w) {
    if (!w) return;
    for (size_t i = 0; i < w->candidates; i++) buf_release(&w->kept[i].bytes);
    pool_destroy(w->pool);
    cycle_release(&w->held);
    free(w->decision);
    free(w->kept);
    free(w);
}

void pool_window_begin(struct pool_window *w, const struct position *at,
                       const struct partition_state *state) {
    pool_reset(w->pool);
    cycle_reset(&w->held);
    memset(w->asked, 0, sizeof w->asked);
    for (size_t i = 0; i < w->candidates; i++)
        if (w->kept[i].bytes.cap > EVENT_KEPT) buf_release(&w->kept[i].bytes);
    w->start = *at;
    w->state = *state;
    w->records = w->samples = w->bytes = 0;
    w->clock = (struct pool_clock){0};
}

const struct partition_state *pool_window_start(const struct pool_window *w, struct position *at) {
    *at = w->start;
    return &w->state;
}

bool pool_window_empty(const struct pool_window *w) { return w->records == 0; }

struct cycle *pool_window_cycle(struct pool_window *w) {
    return &w->held;
}

/* ---- a sample ---- */

enum window_end pool_window_before(const struct pipeline *p, const struct pool_window *w,
                                   int64_t time_ms) {
    int64_t most = p->config->pool.time;
    bool over = most && w->records && pool_clock_passed(&w->clock, time_ms) >= most;
    return over ? WINDOW_TIME : WINDOW_OPEN;
}

static void pool_window_keep_trace(struct kept *k, const struct record *r) {
    struct trace t = trace_of(r);
    for (size_t f = 0; f < TRACE_FIELDS; f++) {
        buf_text(&k->bytes, t.field[f]);
        k->trace[f] = t.field[f].at ? t.field[f].len : NO_TRACE;
    }
}

static struct trace pool_window_kept_trace(const struct kept *k) {
    struct trace t = {0};
    const char *at = k->bytes.at + k->came + k->json + k->id;
    for (size_t f = 0; f < TRACE_FIELDS; f++) {
        if (k->trace[f] == NO_TRACE) continue;
        t.field[f] = (struct text){at, k->trace[f]};
        at += k->trace[f];
    }
    return t;
}

/* The schema of a record may be forgotten before the window's end, so it is kept as JSON too. */
static void pool_window_keep(struct pipeline *p, struct pool_window *w, size_t slot,
                             const struct batch *b, size_t i, const struct written *at) {
    const struct record *r = &b->record[i];
    struct kept *k = &w->kept[slot];
    w->decision[slot] = b->decision[i];
    buf_reset(&k->bytes);
    buf_text(&k->bytes, r->value);
    struct text json = sample_record(p->reader, r->value);
    k->came = r->value.len;
    k->json = json.at == r->value.at ? 0 : json.len;
    if (k->json) buf_text(&k->bytes, json);
    buf_text(&k->bytes, b->id[i]);
    k->id = b->id[i].len;
    pool_window_keep_trace(k, r);
    k->offset = r->offset;
    k->time_ms = r->time_ms;
    k->at = *at;
}

/* Sums of what came, not of what is held: the same log ends the same windows, whatever memory looks
 * like. */
static bool pool_window_offer(struct pipeline *p, struct pool_window *w, const struct batch *b,
                              size_t i, const struct written *at) {
    const struct decision *d = &b->decision[i];
    int slot =
        d->for_pool ? pool_offer(w->pool, b->record[i].offset, d->utility, b->raw + i * b->d) : -1;
    if (slot >= 0) pool_window_keep(p, w, (size_t)slot, b, i, at);
    if (d->ask) w->asked[d->reason]++;
    w->asked[ASK_SECOND] += d->more > 0;
    w->samples++;
    bool answers = p->config->auto_.enabled; // whether or not this one is, which no log tells
    return slot >= 0 || answers || at->task != NOWHERE || at->prediction != NOWHERE;
}

enum window_end pool_window_take(struct pipeline *p, struct pool_window *w, const struct batch *b,
                                 size_t i, const struct written *at, int64_t now_ms) {
    const struct record *r = &b->record[i];
    w->records++;
    if (p->config->pool.time) pool_clock_add(&w->clock, r->time_ms);
    w->latest_ms = now_ms;
    bool held = b->fate[i] != REASON_NONE || pool_window_offer(p, w, b, i, at);
    if (held) w->bytes += r->value.len + SAMPLE_BYTES;
    if (p->config->pool.window && w->samples >= (size_t)p->config->pool.window) return WINDOW_FULL;
    return w->bytes >= (size_t)p->config->pool.bytes ? WINDOW_BYTES : WINDOW_OPEN;
}

/* ---- its end ---- */

static const float *pool_window_predict(struct pipeline *p, const struct model *m,
                                        const double *row) {
    pipeline_make_room(p, m);
    float *prob = p->scratch + model_scratch(&m->shape);
    model_predict(m, row, p->scratch, NULL, prob);
    model_say(m, prob, prob);
    return prob;
}

/* The point becomes an event that a person can read; its row, what that event says; its prediction,
 * that row's. */
static void pool_window_make_event(struct pipeline *p, const struct pick *pick,
                                   const struct model *m, struct subject *s) {
    buf_reset(&p->made);
    features_decode(p->features, pick->row, &p->made);
    size_t event = p->made.len;
    buf_text(&p->made, s->id);
    buf_str(&p->made, "/synthetic");
    s->value = s->came = (struct text){p->made.at, event};
    s->id = (struct text){p->made.at + event, p->made.len - event};
    s->prob = pool_window_predict(p, m, pick->row);
    s->member = NULL;
}

static void pool_window_route_pick(struct pipeline *p, int32_t number, struct pool_window *w,
                                   const struct pick *pick, const struct snapshot *in_force,
                                   int64_t now_ms) {
    static const struct written nowhere = WRITTEN_NOWHERE;
    const struct kept *k = &w->kept[pick->slot];
    const char *json = k->bytes.at + k->came;
    struct text came = {k->bytes.at, k->came};
    struct subject s = {.id = {json + k->json, k->id},
                        .value = k->json ? (struct text){json, k->json} : came,
                        .came = came,
                        .partition = number,
                        .offset = k->offset,
                        .time_ms = k->time_ms,
                        .asked_ms = now_ms,
                        .row = pick->row,
                        .prob = pick->prob,
                        .member = pick->member,
                        .model = in_force->model,
                        .policy = in_force->policy.number,
                        .decision = &pick->decision,
                        .trace = pool_window_kept_trace(k)};
    if (pick->synthetic) pool_window_make_event(p, pick, in_force->model, &s);
    pipeline_reroute(p, &s, pick->synthetic ? &nowhere : &k->at, &w->held);
}

static void pool_window_count(struct pool_window *w, const struct pick *picks, size_t n,
                              enum window_end why) {
    for (size_t i = 0; i < n; i++) {
        w->asked[picks[i].decision.reason]++;
        if (picks[i].decision.by_random) w->asked[ASK_RANDOM]--; // both asked it: one task
    }
    for (size_t a = 0; a < ASKS; a++)
        if (w->asked[a]) metric_add_by(METRIC_asked, a, w->asked[a]);
    metric_add_by(METRIC_pool_windows, why, 1);
}

void pool_window_end(struct pipeline *p, int32_t number, enum window_end why,
                     const struct snapshot *s, int64_t now_ms, struct cycle *cycle) {
    struct partition *at = &p->partition[number];
    struct pool_window *w = at->window;
    pipeline_switch(p, number, at, s);
    struct flush flush = {.partition = number,
                          .policy = &s->policy,
                          .model = s->model,
                          .now_ms = now_ms,
                          .pool = w->pool,
                          .held = w->decision};
    struct flushed *f = &p->flushed;
    f->ended = true;
    f->n = strategy_flush(p->strategy, &flush, &at->state, &f->picks);
    for (size_t i = 0; cycle && i < f->n; i++)
        pool_window_route_pick(p, number, w, &f->picks[i], s, now_ms);
    pool_window_count(w, f->picks, f->n, why);
    if (why == WINDOW_IDLE) // an act of the clock: whoever looks for a difference to a replay finds
                            // it here
        LOG(INFO, "pool_idle", "no sample came for a while: the pool's window ends here",
            L_I64("partition", number), L_I64("offset", at->next), L_U64("asked", f->n));
    if (cycle) cycle_append(cycle, &w->held);
    pool_window_begin(w, &(struct position){at->next, *pipeline_settle_mark(p, at)}, &at->state);
    pipeline_move(p, number);
}

bool pool_window_idle(const struct pool_window *w, int64_t now_ms, int64_t idle_ms) {
    return w->records && now_ms - w->latest_ms >= idle_ms;
}
