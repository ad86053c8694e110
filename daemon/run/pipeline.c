/* Sequences the stages over a batch and keeps the partitions' selection states.
 *
 * Two passes: one reads, so that the decoder's code and tables stay warm; the other scores,
 * measures and decides a row while it is in the cache. Only what a person must see (an asked
 * sample, a bad one) leaves the columns and is written out. Samples of one partition are decided in
 * offset order, and a decision depends on its own partition's state alone, so how a batch mixes
 * partitions changes nothing (I6).
 *
 * Thread: worker thread (one pipeline each) */
#include "pipeline_private.h"

#include "base/log.h"
#include "base/rng.h"
#include "metrics/metrics.h"

#include <math.h>

enum {
    RECORD_BYTES = 1000000, // of a record, until the producer says what it takes
    EXAMPLE_BYTES = 65536,  // longest record that is kept as an example
    DEMAND_LABELS = 40      // labels that were due before demand is judged
};
enum { DEMAND_FITS, DEMAND_STARVED, DEMAND_FLOODED };

/* Bounds of a ratio: the requests that the manager wants over those that the strategy arm may pay.
 * Between them the manager follows the budget. */
static const double starved_below = 0.25, flooded_above = 4;

/* ---- life ---- */

static struct text *pipeline_texts_of(const struct list *list) {
    struct text *texts = xcalloc(list->n, sizeof *texts);
    for (size_t i = 0; i < list->n; i++) texts[i] = text_of(list->at[i]);
    return texts;
}

static int pipeline_make_strategy(struct pipeline *p, const struct config *c,
                                  struct strategy **out) {
    return strategy_create(out,
                           &(struct strategy_options){.config = c,
                                                      .topic = p->topic_hash,
                                                      .partitions = p->partitions_n,
                                                      .classes = p->k,
                                                      .positive = p->positive,
                                                      .columns = features_columns(p->features)});
}

char *classes_joined(const struct config *c, size_t *positive) {
    struct buf b = {0};
    for (size_t i = 0; i < c->model.classes.n; i++) {
        if (strcmp(c->model.classes.at[i], c->model.positive) == 0) *positive = i;
        buf_printf(&b, "%s%s", i ? "\n" : "", c->model.classes.at[i]);
    }
    buf_string(&b);
    return b.at;
}

int pipeline_create(struct pipeline **out, const struct pipeline_options *options) {
    const struct config *c = options->config;
    struct pipeline *p = xcalloc(1, sizeof *p);
    *p = (struct pipeline){.config = c,
                           .features = options->features,
                           .max_record_bytes = RECORD_BYTES,
                           .partitions_n = options->partitions,
                           .recent = options->recent,
                           .auto_labels = options->auto_labels,
                           .topic = text_of(c->topics.samples),
                           .k = c->model.classes.n};
    p->topic_hash = hash_bytes(p->topic.at, p->topic.len);
    p->classes = text_of(classes_joined(c, &p->positive));
    p->absent = (struct pipeline_absent){
        .absent = xcalloc(features_fields(p->features), sizeof *p->absent.absent),
        .example_wanted = true};
    p->value_field = *c->route.value ? features_field(p->features, c->route.value) : -1;
    p->by_value = c->route.priority == PRIORITY_VALUE_AT_RISK && p->value_field >= 0;
    p->selection =
        (struct selection){pipeline_texts_of(&c->route.fields), pipeline_texts_of(&c->route.mask),
                           c->route.fields.n, c->route.mask.n};
    p->batch = batch_create((size_t)c->admit.batch, features_columns(p->features), p->k);
    int result = sample_reader_create(&p->reader, c, p->features);
    if (result == 0) result = pipeline_make_strategy(p, c, &p->strategy);
    if (result < 0) {
        pipeline_destroy(p);
        return result;
    }
    *out = p;
    return 0;
}

void pipeline_destroy(struct pipeline *p) {
    if (!p) return;
    division_destroy(p->division);
    strategy_destroy(p->strategy);
    sample_reader_destroy(p->reader);
    batch_destroy(p->batch);
    for (size_t i = 0; i < p->partitions_cap; i++) pool_window_destroy(p->partition[i].window);
    free(p->partition);
    free(p->moved);
    free((void *)p->classes.at);
    free((void *)p->selection.fields);
    free((void *)p->selection.mask);
    free(p->scratch);
    buf_release(&p->absent.example);
    free(p->absent.absent);
    buf_release(&p->out);
    buf_release(&p->made);
    free(p);
}

int pipeline_reload(struct pipeline *p, const struct config *config) {
    struct strategy *fresh;
    TRY(pipeline_make_strategy(p, config, &fresh));
    strategy_destroy(p->strategy);
    p->strategy = fresh;
    p->config = config;
    pipeline_shift_anew(p);
    return 0;
}

struct batch *pipeline_batch(struct pipeline *p) {
    return p->batch;
}
struct decoder *pipeline_decoder(struct pipeline *p) {
    return sample_decoder(p->reader);
}
void pipeline_limit(struct pipeline *p, size_t max_record_bytes) {
    p->max_record_bytes = max_record_bytes;
}

/* ---- partitions ---- */

static enum selection_label pipeline_state_kind(int result, bool fresh) {
    if (result == 0) return SELECTION_RESTORED;
    if (fresh) return SELECTION_FRESH;
    return result == ERR_CORRUPT ? SELECTION_CORRUPT : SELECTION_WIPED;
}

static void pipeline_begin(struct pipeline *p, struct partition *at) {
    if (!at->window) at->window = pool_window_create(p);
    if (at->window)
        pool_window_begin(at->window, &(struct position){at->next, at->mark}, &at->state);
}

void pipeline_own(struct pipeline *p, int32_t number, int64_t offset, bool fresh,
                  struct text metadata, int64_t now_ms) {
    struct partition *at = pipeline_partition(p, number);
    *at =
        (struct partition){.owned = true, .next = offset, .moved = at->moved, .window = at->window};
    at->newest_ms = now_ms;
    if (mark_read(&at->mark, offset, &metadata) < 0) at->mark = mark_none(); // behind the state
    enum selection_label kind = pipeline_state_kind(
        fresh ? ERR_MISSING : state_read(&at->state, p->topic_hash, offset, metadata), fresh);
    metric_add_by(METRIC_states, kind, 1);
    if (kind == SELECTION_RESTORED) {
        LOG(INFO, "partition_owned", "goes on where the committed state stopped",
            L_I64("partition", number), L_I64("offset", offset),
            L_U64("admitted", at->state.admitted), L_U64("asked", at->state.asked),
            L_U64("policy", at->state.policy));
    } else {
        strategy_begin(p->strategy, number, kind == SELECTION_FRESH, now_ms, &at->state);
        pipeline_move(p, number);
        if (kind == SELECTION_FRESH)
            LOG(INFO, "partition_owned", "starts its life here", L_I64("partition", number),
                L_I64("offset", offset));
        else
            LOG(WARNING, kind == SELECTION_CORRUPT ? "state_corrupt" : "state_wiped",
                "the selection state of the committed offset is lost; selection restarts with an "
                "empty token bucket, inside the budget",
                L_I64("partition", number), L_I64("offset", offset));
    }
    pipeline_begin(p, at);
}

/* An open window of the pool is dropped: its samples are not committed, so the partition's next
 * owner reads them again. */
void pipeline_disown_all(struct pipeline *p) {
    for (size_t i = 0; i < p->partitions_cap; i++) {
        pool_window_destroy(p->partition[i].window);
        p->partition[i] = (struct partition){0};
    }
    p->moved_n = 0;
}

bool pipeline_moved(const struct pipeline *p) { return p->moved_n > 0; }

void pipeline_positions(const struct pipeline *p, void (*visit)(int32_t, int64_t, int64_t, void *),
                        void *opaque) {
    for (size_t i = 0; i < p->partitions_cap; i++)
        if (p->partition[i].owned)
            visit((int32_t)i, p->partition[i].next, p->partition[i].newest_ms, opaque);
}

/* ---- admit and encode ---- */

/* The id of a sample that has none: its place. */
static struct text pipeline_place(struct pipeline *p, const struct record *r) {
    buf_reset(&p->out);
    buf_text(&p->out, p->topic);
    buf_str(&p->out, "/");
    buf_i64(&p->out, r->partition);
    buf_str(&p->out, "/");
    buf_i64(&p->out, r->offset);
    return buf_view(&p->out);
}

/* For a person who must see what events look like; rarely wanted. */
static void pipeline_keep_example(struct pipeline *p, struct text value) {
    p->absent.example_wanted = false;
    buf_reset(&p->absent.example);
    struct text event = sample_select(p->reader, value, &(struct selection){0});
    if (event.len <= EXAMPLE_BYTES) buf_text(&p->absent.example, event);
}

static enum reason pipeline_read_sample(struct pipeline *p, struct batch *b, size_t i) {
    struct record *r = &b->record[i];
    struct sample sample;
    b->found[i] = b->where[i] = (struct text){0};
    if (r->time_ms < 0 || r->time_ms > TASK_TIME_MOST) r->time_ms = 0; // a task could not be read
    enum reason fate =
        sample_read(p->reader, r->value, r->time_ms, b->raw + i * b->d, &sample, p->absent.absent);
    p->absent.records += sample.decoded;
    if (sample.decoded && p->absent.example_wanted) pipeline_keep_example(p, r->value);
    if (reason_is_sample(fate)) {
        b->id[i] = arena_text(&b->arena, sample.id.at ? sample.id : pipeline_place(p, r));
    } else if (sample.found.len) {
        b->found[i] = b->where[i] = arena_text(&b->arena, sample.found);
        b->where[i].len = sample.where.len;
    }
    return fate;
}

static size_t pipeline_admit(struct pipeline *p, struct batch *b) {
    size_t bytes = 0, admitted = 0, ignored = 0, blocked = 0;
    for (size_t i = 0; i < b->n; i++) {
        bytes += b->record[i].value.len;
        b->fate[i] = pipeline_read_sample(p, b, i);
        admitted += b->fate[i] == REASON_NONE;
        ignored += b->fate[i] == REASON_IGNORED;
        blocked += b->fate[i] == REASON_BLOCKED;
    }
    metric_add(METRIC_samples, b->n);
    metric_add(METRIC_sample_bytes, bytes);
    metric_add(METRIC_ignored, ignored);
    metric_add(METRIC_blocked, blocked);
    return admitted;
}

/* ---- infer ---- */

/* Samples from i on that are scored together: one, or with `infer.exact: false` those behind it of
 * the same model (a bad one among them has a row, of no meaning, and nobody looks at its score). */
static size_t pipeline_together(const struct pipeline *p, const struct batch *b, size_t i) {
    size_t most = p->config->infer.exact ? 1 : model_together(&b->in_force[i]->model->shape), n = 1;
    while (n < most && i + n < b->n && b->in_force[i + n] == b->in_force[i]) n++;
    return n;
}

static void pipeline_infer(struct pipeline *p, struct batch *b, size_t i) {
    const struct model *m = b->in_force[i]->model;
    float *mixed = b->mixed + i * b->k, *prob = b->prob + i * b->k;
    if (i < p->scored) return;
    p->scored = i + 1;
    if (!m) {
        b->far[i] = false;
        for (size_t c = 0; c < b->k; c++) mixed[c] = prob[c] = 1.0f / (float)b->k;
        return;
    }
    pipeline_make_room(p, m);
    batch_opinions(b, model_opinions(m));
    size_t n = pipeline_together(p, b, i), stride = b->opinions * b->k;
    p->scored = i + n;
    if (n == 1)
        b->far[i] = model_predict(m, b->raw + i * b->d, p->scratch, b->member + i * stride, mixed);
    else
        model_predict_rows(m, b->raw + i * b->d, n, p->scratch, b->member + i * stride, stride,
                           mixed, b->far + i);
    for (size_t j = 0; j < n; j++) model_say(m, mixed + j * b->k, prob + j * b->k);
}

/* ---- query ---- */

static void pipeline_decide_sample(struct pipeline *p, struct batch *b, size_t i,
                                   struct partition *at, int64_t now_ms) {
    const struct record *r = &b->record[i];
    const struct snapshot *s = b->in_force[i];
    pipeline_switch(p, r->partition, at, s);
    double amount = 0;
    if (p->by_value)
        amount = features_amount(p->features, (size_t)p->value_field, b->raw + i * b->d);
    struct candidate candidate = {.amount = p->by_value ? &amount : NULL,
                                  .partition = r->partition,
                                  .offset = r->offset,
                                  .mixed = b->mixed + i * b->k,
                                  .prob = b->prob + i * b->k,
                                  .member = s->model ? b->member + i * b->opinions * b->k : NULL,
                                  .row = b->raw + i * b->d,
                                  .model = s->model,
                                  .far = b->far[i],
                                  .scored = s->model != NULL};
    strategy_decide(p->strategy, &s->policy, now_ms, &candidate, &at->state, &b->decision[i]);
    if (s->model)
        p->utility[p->utilities++ % PIPELINE_UTILITIES] =
            (struct utility_seen){(float)b->decision[i].utility, b->decision[i].measure};
}

/* ---- figures ---- */

/* Logs a change of demand. Starved: the manager wants far less than it may have. Flooded: far more,
 * so the token bucket decides and what is asked is no longer the best. */
static void pipeline_say_demand(struct pipeline *p) {
    static const char *const said[] = {
        "the manager's wishes fit the budget again",
        "the budget manager asks for far less than its budget: its threshold is too high for these "
        "utilities",
        "the budget manager asks for far more than its budget, and the token bucket refuses: "
        "its threshold is too low for these utilities"};
    static const char *const event[] = {"queue_fits", "queue_starved", "queue_flooded"};
    struct demand *d = &p->demand;
    if (d->due < DEMAND_LABELS) return;
    double ratio = d->named / d->due;
    int now = DEMAND_FITS;
    if (ratio < starved_below) now = DEMAND_STARVED;
    if (ratio > flooded_above) now = DEMAND_FLOODED;
    metric_set(METRIC_demand, ratio);
    if (now != d->state) LOG(NOTICE, event[now], said[now], L_F64("demand", ratio));
    d->state = now;
    d->named /= 2;
    d->due /= 2;
}

/* What a batch's decisions came to. */
struct batch_sums {
    size_t asked[ASKS], uncovered, decided;
    double utility, threshold;
};

static void pipeline_add_decision(struct pipeline *p, struct batch_sums *t,
                                  const struct decision *d, bool held) {
    if (d->ask && !held) t->asked[d->reason]++; // a window counts its own
    if (!held) t->asked[ASK_SECOND] += d->more > 0;
    if (d->ask) t->threshold = d->threshold;
    if (d->ask && d->threshold != 0) p->threshold[d->measure] = d->threshold;
    t->uncovered += !d->covered;
    t->decided++;
    t->utility += d->utility;
    p->demand.named += d->manager_probability;
    p->demand.due += d->rate;
}

static void pipeline_say_tally(struct pipeline *p, const struct batch_sums *t) {
    for (size_t a = 0; a < ASKS; a++)
        if (t->asked[a]) metric_add_by(METRIC_asked, a, t->asked[a]);
    metric_add(METRIC_uncovered, t->uncovered);
    if (!t->decided) return;
    metric_set(METRIC_utility_mean, t->utility / (double)t->decided);
    if (t->threshold != 0) metric_set(METRIC_threshold, t->threshold);
    pipeline_say_demand(p);
}

/* ---- sample by sample ---- */

/* The window may be over before this sample: then it ends by what is in force at the sample. */
static bool pipeline_ends_before(struct pipeline *p, struct batch *b, size_t i, int64_t now_ms,
                                 struct cycle *cycle) {
    const struct record *r = &b->record[i];
    struct partition *at = pipeline_partition(p, r->partition);
    CHECK(at->owned && r->offset >= at->next);
    enum window_end end = at->window ? pool_window_before(p, at->window, r->time_ms) : WINDOW_OPEN;
    if (end != WINDOW_OPEN) pool_window_end(p, r->partition, end, b->in_force[i], now_ms, cycle);
    return end != WINDOW_OPEN;
}

/* Scores, and decides. A blocked sample passes selection as if it were not in the stream: it earns
 * nothing, takes no place in a block, and no sum has it. So requests among the others and their
 * propensities are what they would be without it (promises I4, I5). */
static void pipeline_judge(struct pipeline *p, struct batch *b, size_t i, struct partition *at,
                           int64_t now_ms, struct batch_sums *t) {
    if (!reason_is_sample(b->fate[i])) return;
    pipeline_infer(p, b, i);
    if (b->fate[i] == REASON_BLOCKED) {
        pipeline_switch(p, b->record[i].partition, at, b->in_force[i]);
        b->decision[i] = (struct decision){.utility = NAN};
        return;
    }
    pipeline_decide_sample(p, b, i, at, now_ms);
    pipeline_look_for_shift(p, b, i);
    pipeline_add_decision(p, t, &b->decision[i], at->window != NULL);
}

/* Judges, routes (with a cycle), and ends the window if that filled it. */
static bool pipeline_take(struct pipeline *p, struct batch *b, size_t i, int64_t now_ms,
                          struct cycle *cycle, struct batch_sums *t) {
    const struct record *r = &b->record[i];
    struct partition *at = &p->partition[r->partition];
    struct pool_window *w = at->window;
    struct written written = WRITTEN_NOWHERE;
    at->next = r->offset;
    pipeline_judge(p, b, i, at, now_ms, t);
    at->next++;
    at->newest_ms = r->time_ms > 0 ? r->time_ms : now_ms;
    if (cycle) {
        if (reason_is_sample(b->fate[i])) pipeline_note_far(p, b, i, now_ms);
        at->latest = i + 1;
        written = pipeline_route(p, b, i, now_ms, w ? pool_window_cycle(w) : cycle);
    }
    if (!w) pipeline_move(p, r->partition);
    enum window_end end = w ? pool_window_take(p, w, b, i, &written, now_ms) : WINDOW_OPEN;
    if (end != WINDOW_OPEN) pool_window_end(p, r->partition, end, b->in_force[i], now_ms, cycle);
    return end != WINDOW_OPEN;
}

/* One of a batch: the last that nobody was asked about. */
static void pipeline_show_decision(struct pipeline *p, const struct batch *b, int64_t now_ms) {
    size_t i = p->recent ? b->n : 0;
    while (i > 0 && (b->fate[i - 1] != REASON_NONE || b->decision[i - 1].ask)) i--;
    if (i-- == 0) return;
    const struct record *r = &b->record[i];
    const struct snapshot *s = b->in_force[i];
    recent_decision(p->recent,
                    &(struct recent_sample){b->id[i], r->partition, r->offset, r->time_ms, now_ms,
                                            b->prob + i * b->k, s->model ? s->model->version : 0,
                                            s->policy.number, &b->decision[i]});
}

void pipeline_run(struct pipeline *p, struct batch *b, int64_t now_ms, struct cycle *cycle) {
    struct batch_sums t = {0};
    size_t admitted = pipeline_admit(p, b);
    p->scored = 0;
    for (size_t i = 0; i < b->n; i++) {
        pipeline_ends_before(p, b, i, now_ms, cycle);
        pipeline_take(p, b, i, now_ms, cycle, &t);
    }
    for (size_t i = 0; i < b->n; i++)
        pipeline_settle_mark(p, &p->partition[b->record[i].partition]);
    pipeline_say_tally(p, &t);
    pipeline_show_decision(p, b, now_ms);
    decoder_tidy(sample_decoder(p->reader));
    metric_add(
        METRIC_admitted,
        admitted); // after `asked`, so that who reads it first sees no sample without its request
}

size_t pipeline_decide(struct pipeline *p, struct batch *b, size_t from, int64_t now_ms) {
    struct batch_sums t = {0};
    bool ended = false;
    size_t i = from;
    if (from == 0) p->scored = 0;
    p->flushed = (struct flushed){0};
    for (; i < b->n && !ended && !(ended = pipeline_ends_before(p, b, i, now_ms, NULL)); i++)
        ended = pipeline_take(p, b, i, now_ms, NULL, &t);
    pipeline_say_tally(p, &t);
    return i;
}

void pipeline_end_windows(struct pipeline *p, const struct snapshot *s, int64_t now_ms,
                          int64_t idle_ms, struct cycle *cycle) {
    p->flushed = (struct flushed){0};
    for (size_t i = 0; i < p->partitions_cap; i++) {
        struct partition *at = &p->partition[i];
        if (at->owned && at->window && pool_window_idle(at->window, now_ms, idle_ms))
            pool_window_end(p, (int32_t)i, WINDOW_IDLE, s, now_ms, cycle);
    }
}

const struct flushed *pipeline_flushed(const struct pipeline *p) { return &p->flushed; }
