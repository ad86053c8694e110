/* libFuzzer target: a sequence of samples goes through the pipeline, which is restarted from the
 * state it committed in between, under policies and models that change.
 *
 * Each sample has one outcome. What is written can be read: a task by task_read, to the same place
 * and the same shape, with a propensity that is a probability; a prediction; a state. The bucket is
 * never below zero, whatever the state it began from.
 * clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/samples_topic.c */
#include "base/log.h"
#include "base/position.h"
#include "grammar.h"
#include "infer/model_record.h"
#include "query/selection_state.h"
#include "route/prediction.h"
#include "route/task.h"
#include "run/pipeline.h"

#include <math.h>

enum { PARTITIONS = 2, BATCH = 16, STEPS = 40, SAMPLE_BYTES = 400 };
static const int64_t now_ms = 1700000000000;
static const char yaml[] = "model: {classes: [good, bad]}\n"
                           "features:\n"
                           "  - {name: x}\n"
                           "  - {name: y, missing: true}\n"
                           "  - {name: kind, type: category, values: [a, b]}\n"
                           "admit: {id: /id, max_bytes: 2000, blocked: [/other=true]}\n"
                           "budget: {rate: 0.3, burst: 4, upfront: 3, per_day: 50}\n"
                           "route: {priority: utility}\n"
                           "topics: {predictions: predictions}\n"
                           "service: {instance: fuzz, state_dir: /tmp}\n";
static const char pool_yaml[] = "pool: {window: 8, candidates: 4}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct config *config;
    struct features *features;
    struct pipeline *pipeline;
    struct model *model; // NULL: none yet
    struct snapshot snapshot;
    struct cycle cycle;
    struct arena arena;
    int64_t next[PARTITIONS], now_ms;
    char metadata[PARTITIONS][STATE_TEXT_MAX + MARK_TEXT + 1];
    size_t read, dead;
};

static void silence(const char *line, size_t len, void *opaque) {
    (void)line, (void)len, (void)opaque;
}

/* ---- a sample ---- */

static void add_value(struct grammar *g, struct buf *out) {
    static const char *const values[] = {"null",  "true",   "\"a\"",       "\"b\"",
                                         "\"c\"", "[]",     "{\"x\":1}",   "1e400",
                                         "-0",    "0.1",    "\"\\u0000\"", "\"\\ud800\"",
                                         "1e308", "-1e308", "\"\"",        "12345678901234567890"};
    size_t kind = grammar_below(g, sizeof values / sizeof *values + 4);
    if (kind < sizeof values / sizeof *values) buf_str(out, values[kind]);
    else if (kind % 4 == 0) buf_double(out, grammar_real(g));
    else if (kind % 4 == 1) buf_i64(out, grammar_number(g));
    else if (kind % 4 == 2) buf_json(out, grammar_bytes(g));
    else buf_i64(out, (int64_t)grammar_byte(g) - 128);
}

static void write_sample(struct grammar *g, struct buf *out) {
    static const char *const keys[] = {"x", "kind", "y", "id", "x", "other"};
    size_t members = grammar_below(g, 7);
    buf_str(out, "{");
    for (size_t i = 0; i < members; i++) {
        buf_printf(out, "%s\"%s\":", i ? "," : "", keys[i % 6]);
        if (i == 0 && grammar_below(g, 2)) buf_i64(out, (int64_t)grammar_byte(g) - 128);
        else if (i == 1 && grammar_below(g, 2)) buf_str(out, "\"a\"");
        else add_value(g, out);
    }
    buf_str(out, "}");
    if (grammar_below(g, 4) == 0) grammar_change(g, out);
}

static struct record make_record(struct world *w, struct grammar *g, struct buf *value) {
    int32_t p = (int32_t)grammar_below(g, PARTITIONS);
    size_t kind = grammar_below(g, 8);
    if (kind == 0) buf_text(value, grammar_bytes(g));
    else if (kind > 1) write_sample(g, value);
    w->next[p] += 1 + (kind == 2 ? grammar_byte(g) : 0); // a compacted or transactional topic
    struct record r = {.key = {"k", 1},
                       .value = {value->len ? value->at : NULL, value->len},
                       .partition = p,
                       .offset = w->next[p] - 1,
                       .time_ms = kind == 3 ? grammar_number(g) : w->now_ms + grammar_byte(g)};
    return r;
}

/* ---- what is written ---- */

static void check_task(struct world *w, const struct producer_record *r) {
    struct task t;
    const char *why = NULL;
    if (task_read(&t, r->value, &w->arena, &why) < 0) {
        fprintf(stderr, "%s: %.*s\n", why, (int)r->value.len, r->value.at);
        CHECK(!"a task that we wrote can be read");
    }
    CHECK(t.d == features_columns(w->features) && t.k == 2);
    CHECK(t.fingerprint == features_fingerprint(w->features));
    CHECK(t.propensity >= 0 && t.propensity <= 1 && t.covered <= t.admitted); // 0: capped
    CHECK(t.partition == r->source && text_equal(r->key, text_of(t.id)));
    CHECK(t.sample_id.len > 0);
}

static void check_record(struct world *w, const struct producer_record *r) {
    struct prediction p;
    const char *why = NULL;
    if (r->topic == CYCLE_TASKS) check_task(w, r);
    else if (r->topic == CYCLE_PREDICTIONS)
        CHECK(prediction_read(&p, r->value, &w->arena, &why) == 0 && !(p.blocked && p.asked));
    else w->dead++;
}

static void check_cycle(struct world *w) {
    for (size_t i = 0; i < w->cycle.records; i++) check_record(w, &w->cycle.record[i]);
    for (size_t i = 0; i < w->cycle.offsets; i++) {
        const struct producer_offset *o = &w->cycle.offset[i];
        CHECK(o->next <= w->next[o->partition] && o->metadata.len <= STATE_TEXT_MAX + MARK_TEXT);
        memcpy(w->metadata[o->partition], o->metadata.at, o->metadata.len);
        w->metadata[o->partition][o->metadata.len] = '\0';
        w->next[o->partition] = o->next; // a window of the pool that is open is read again
    }
    cycle_reset(&w->cycle);
    arena_reset(&w->arena);
}

static void check_bucket(struct world *w) {
    struct pipeline_bucket b;
    pipeline_bucket(w->pipeline, &w->snapshot.policy, w->now_ms, &b);
    CHECK(b.tokens >= 0 && b.hour_left >= 0 && b.day_left >= 0);
    CHECK(b.propensity >= 0 && b.propensity <= 1);
}

/* ---- steps ---- */

static void run_batch(struct world *w, struct grammar *g) {
    struct batch *b = pipeline_batch(w->pipeline);
    struct buf value[BATCH] = {0};
    size_t n = 1 + grammar_below(g, BATCH), bad = 0, dead = w->dead;
    for (; b->n < n; b->n++) {
        b->record[b->n] = make_record(w, g, &value[b->n]);
        b->in_force[b->n] = &w->snapshot;
    }
    w->read += n;
    pipeline_run(w->pipeline, b, w->now_ms, &w->cycle);
    for (size_t i = 0; i < n; i++) bad += !reason_is_sample(b->fate[i]);
    for (size_t i = 0; i < n; i++) {
        const struct decision *d = &b->decision[i];
        if (b->fate[i] != REASON_NONE) continue;
        CHECK(d->covered ? d->propensity > 0 && d->propensity <= 1 : d->propensity == 0);
        CHECK(isfinite(b->prob[2 * i]) && isfinite(b->prob[2 * i + 1]));
    }
    batch_reset(b);
    for (size_t i = 0; i < BATCH; i++) buf_release(&value[i]);
    if (w->config->pool.window == 0) {
        pipeline_offsets(w->pipeline, &w->cycle);
        check_cycle(w);
        CHECK(w->dead - dead == bad);
    }
    check_bucket(w);
}

static void own_all(struct world *w, struct grammar *g, bool fresh) {
    for (int32_t p = 0; p < PARTITIONS; p++) {
        struct text metadata = text_of(w->metadata[p]);
        if (!fresh && grammar_below(g, 4) == 0) metadata = grammar_bytes(g);
        pipeline_own(w->pipeline, p, w->next[p], fresh, metadata, w->now_ms);
    }
}

static void restart(struct world *w, struct grammar *g) {
    pipeline_offsets(w->pipeline, &w->cycle);
    check_cycle(w);
    pipeline_disown_all(w->pipeline);
    own_all(w, g, false);
}

/* As it comes from the topic: written, changed, read. */
static void change_policy(struct world *w, struct grammar *g) {
    struct buf record = {0};
    struct policy_operator o = {.paused = grammar_below(g, 8) == 0,
                                .budget_scale = grammar_below(g, 2) ? 1 : grammar_real(g),
                                .explore_only = grammar_below(g, 4) == 0,
                                .per_hour = grammar_number(g),
                                .per_day = grammar_number(g)};
    struct policy_learner l = {
        .cold = grammar_below(g, 2), .full = grammar_below(g, 8) == 0, .explore = grammar_real(g)};
    struct policy *p = &w->snapshot.policy;
    policy_operator_write(&o, &record);
    grammar_change(g, &record);
    p->number += policy_operator_read(&p->operator_, buf_view(&record)) == 0;
    buf_reset(&record);
    policy_learner_write(&l, &record);
    p->number += policy_learner_read(&p->learner, buf_view(&record)) == 0;
    buf_release(&record);
}

/* Any that are sound, of columns that there are. */
static void add_trees(struct grammar *g, struct model *m) {
    boost_create(&m->boost, 1 + grammar_below(g, 4));
    *m->boost.trust = (double)grammar_byte(g) / 255;
    for (size_t i = 0; i < m->boost.trees * BOOST_DEPTH; i++) {
        m->boost.column[i] = (float)grammar_below(g, m->shape.d);
        m->boost.cut[i] = grammar_byte(g);
    }
    for (size_t i = 0; i < m->boost.trees * BOOST_LEAVES; i++)
        m->boost.leaf[i] = (double)grammar_byte(g) / 16 - 8;
    boost_settle(&m->boost);
}

/* A model that a follower would let through. */
static void change_model(struct world *w, struct grammar *g) {
    struct model *m = NULL, *before = w->model;
    const char *why = NULL;
    size_t d = features_columns(w->features), many = grammar_byte(g), members = 1 + many % 3;
    CHECK(model_create(&m,
                       &(struct model_shape){
                           .d = d, .k = 2, .members = members, .layers = 1, .width = {d, 2}}) == 0);
    for (size_t i = 0; i < members * 2 * d; i++) m->weight[0][i] = (float)grammar_real(g);
    for (size_t i = 0; i < d; i++) m->mean[i] = grammar_real(g), m->scale[i] = grammar_real(g);
    if (many >= 192) add_trees(g, m);
    m->classes = text_of(xstrdup("good\nbad"));
    m->version = (before ? before->version : 0) + 1;
    if (model_check(m, d, m->classes, 0, &why) < 0) {
        model_destroy(m);
        return;
    }
    restart(w, g); // an open window has the former model's scores
    w->model = m;
    w->snapshot.model = m;
    w->snapshot.policy.number++;
    model_destroy(before);
}

static void step(struct world *w, struct grammar *g) {
    switch (grammar_below(g, 8)) {
    case 0: restart(w, g); break;
    case 1: change_policy(w, g); break;
    case 2: change_model(w, g); break;
    case 3: w->now_ms += grammar_byte(g) * INT64_C(1000000); break;
    case 4: pipeline_end_windows(w->pipeline, &w->snapshot, w->now_ms, 0, &w->cycle); break;
    default: run_batch(w, g);
    }
}

static void create(struct world *w, bool pool) {
    char text[sizeof yaml + sizeof pool_yaml];
    struct buf errors = {0};
    snprintf(text, sizeof text, "%s%s", yaml, pool ? pool_yaml : "");
    if (config_parse(&w->config, "fuzz", text_of(text), &errors) < 0) {
        fprintf(stderr, "%s\n", buf_string(&errors));
        abort();
    }
    CHECK(features_create(&w->features, w->config->features, w->config->features_n) == 0);
    CHECK(pipeline_create(&w->pipeline, &(struct pipeline_options){.config = w->config,
                                                                   .features = w->features,
                                                                   .partitions = PARTITIONS}) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct grammar g = {data, data + size};
    struct world w = {.now_ms = now_ms, .snapshot = {.policy = POLICY_DEFAULT}};
    log_redirect(silence, NULL);
    create(&w, grammar_below(&g, 4) == 3);
    own_all(&w, &g, true);
    for (size_t i = 0; i < STEPS && grammar_goes_on(&g); i++) step(&w, &g);
    restart(&w, &g);
    pipeline_destroy(w.pipeline);
    cycle_release(&w.cycle);
    arena_release(&w.arena);
    features_destroy(w.features);
    config_destroy(w.config);
    model_destroy(w.model);
    return 0;
}
