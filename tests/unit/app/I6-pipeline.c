/* I1 and I6 on the whole path of a sample, without a broker: every record ends in exactly one outcome, and how the stream is cut into
 * batches, cycles, restarts and owners changes no decision. */
#include "app/pipeline.h"

#include "base/rng.h"
#include "route/task.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SAMPLES = 4000, PARTITIONS = 3, BAD_EVERY = 97 };

static const char yaml[] = "model: {classes: [good, bad]}\n"
                           "features:\n"
                           "  - {name: x}\n"
                           "  - {name: y, missing: true}\n"
                           "  - {name: kind, type: category, values: [a, b]}\n"
                           "budget: {rate: 0.05, burst: 3, upfront: 10}\n"
                           "topics: {predictions: predictions}\n"
                           "service: {instance: test, state_dir: /tmp}\n";

/* ---- a stream ---- */

struct stream {
    struct config *config;
    struct features *features;
    struct model *model;
    struct snapshot before, after;
    char event[SAMPLES][96];
    struct record record[SAMPLES];
};

static void make_model(struct stream *s) {
    struct model_shape shape = {.d = features_columns(s->features), .k = 2, .members = 1, .layers = 1, .width = {features_columns(s->features), 2}};
    assert_int_equal(model_create(&s->model, &shape), 0);
    s->model->version = 7;
    for (size_t i = 0; i < shape.d; i++) s->model->weight[0][i] = 0.3f * (float)(i + 1);
}

static void make_records(struct stream *s) {
    int64_t offset[PARTITIONS] = {0};
    struct rng r = {.seed = 12};
    for (int i = 0; i < SAMPLES; i++) {
        int32_t p = (int32_t)rng_below(rng_next(&r), PARTITIONS);
        if (i % BAD_EVERY == 5) snprintf(s->event[i], sizeof s->event[i], "{\"x\":tru");
        else snprintf(s->event[i], sizeof s->event[i], "{\"x\":%.3f,\"kind\":\"%s\"%s}", rng_next_normal(&r), i % 2 ? "a" : "c", i % 7 ? ",\"y\":2" : "");
        s->record[i] = (struct record){.value = text_of(s->event[i]), .partition = p, .offset = offset[p]++, .time_ms = 1700000000000 + i};
    }
}

static int setup(void **state) {
    struct stream *s = xcalloc(1, sizeof *s);
    struct buf errors = {0};
    if (config_parse(&s->config, "test", TEXT(yaml), &errors) < 0) fail_msg("%s", buf_string(&errors));
    assert_int_equal(features_create(&s->features, s->config->features, s->config->features_n), 0);
    make_model(s);
    make_records(s);
    s->before = (struct snapshot){.policy = POLICY_DEFAULT};
    s->after = (struct snapshot){.policy = {.number = 4, .learner = {.live = 7}, .operator_ = {.budget_scale = 1}}, .model = s->model};
    *state = s;
    return 0;
}

static int teardown(void **state) {
    struct stream *s = *state;
    model_destroy(s->model);
    features_destroy(s->features);
    config_destroy(s->config);
    free(s);
    return 0;
}

/* ---- one way through it ---- */

struct way {
    size_t batch;    // samples a batch
    size_t commit;   // batches between commits
    size_t restart;  // commits between restarts: states then go through their text; 0: never
    size_t swap_at;  // offset in each partition from which the model decides
};

struct outcome {
    uint64_t tasks, dead, predictions, hash;
};

struct committed {
    int64_t next;
    size_t metadata_len;
    char metadata[STATE_TEXT_MAX + 1];
};

static struct pipeline *start(struct stream *s, const struct committed *c) {
    struct pipeline *p;
    assert_int_equal(pipeline_create(&p, &(struct pipeline_options){.config = s->config, .features = s->features, .partitions = PARTITIONS}), 0);
    for (int32_t i = 0; i < PARTITIONS; i++)
        pipeline_own(p, i, c[i].next, c[i].metadata_len == 0, (struct text){c[i].metadata_len ? c[i].metadata : NULL, c[i].metadata_len}, 1700000000000);
    return p;
}

static void count(struct outcome *o, const struct cycle *c) {
    uint64_t *of[] = {&o->tasks, &o->dead, &o->predictions};
    for (size_t i = 0; i < c->records; i++) {
        const struct cycle_record *r = &c->record[i];
        ++*of[r->topic];
        o->hash += rng_mix(hash_bytes(r->key.at, r->key.len) ^ rng_mix(hash_bytes(r->value.at, r->value.len) + r->topic)); // order-free
    }
}

static void commit(struct pipeline *p, struct cycle *cycle, struct committed *c, struct outcome *o) {
    pipeline_offsets(p, cycle);
    for (size_t i = 0; i < cycle->offsets; i++) {
        struct committed *at = &c[cycle->offset[i].partition];
        *at = (struct committed){.next = cycle->offset[i].next, .metadata_len = cycle->offset[i].metadata_len};
        memcpy(at->metadata, cycle->offset[i].metadata, at->metadata_len);
    }
    count(o, cycle);
    cycle_reset(cycle);
}

static struct outcome go(struct stream *s, const struct way *w) {
    struct committed committed[PARTITIONS] = {0};
    struct outcome o = {0};
    struct cycle cycle = {0};
    struct pipeline *p = start(s, committed);
    size_t batches = 0, commits = 0;
    for (size_t i = 0; i < SAMPLES;) {
        struct batch *b = pipeline_batch(p);
        for (; b->n < w->batch && i < SAMPLES; i++, b->n++) {
            b->record[b->n] = s->record[i];
            b->in_force[b->n] = (size_t)s->record[i].offset < w->swap_at ? &s->before : &s->after;
        }
        pipeline_run(p, b, 1700000000000, &cycle);
        batch_reset(b);
        if (++batches % w->commit) continue;
        commit(p, &cycle, committed, &o);
        if (!w->restart || ++commits % w->restart) continue;
        pipeline_destroy(p);
        p = start(s, committed);
    }
    commit(p, &cycle, committed, &o);
    pipeline_destroy(p);
    cycle_release(&cycle);
    return o;
}

/* ---- tests ---- */

static void each_record_has_one_outcome(void **state) {
    struct outcome o = go(*state, &(struct way){.batch = 100, .commit = 3, .swap_at = 300});
    uint64_t bad = (SAMPLES - 5 + BAD_EVERY - 1) / BAD_EVERY;
    assert_int_equal(o.dead, bad);
    assert_int_equal(o.predictions, SAMPLES - bad);
    assert_true(o.tasks > 100 && o.tasks <= (uint64_t)(0.05 * SAMPLES) + 10 + PARTITIONS * 4);
}

static void cuts_change_nothing(void **state) {
    struct outcome whole = go(*state, &(struct way){.batch = SAMPLES > 1024 ? 1024 : SAMPLES, .commit = 1, .swap_at = 500});
    static const struct way ways[] = {
        {.batch = 1, .commit = 1, .restart = 1, .swap_at = 500},   {.batch = 7, .commit = 3, .restart = 2, .swap_at = 500},
        {.batch = 100, .commit = 1, .restart = 5, .swap_at = 500}, {.batch = 333, .commit = 2, .restart = 1, .swap_at = 500},
        {.batch = 64, .commit = 50, .restart = 0, .swap_at = 500},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct outcome o = go(*state, &ways[i]);
        assert_int_equal(o.tasks, whole.tasks);
        assert_int_equal(o.predictions, whole.predictions);
        assert_int_equal(o.dead, whole.dead);
        assert_true(o.hash == whole.hash);
    }
}

static void another_swap_point_is_another_run(void **state) {
    struct outcome a = go(*state, &(struct way){.batch = 100, .commit = 1, .swap_at = 500}), b = go(*state, &(struct way){.batch = 100, .commit = 1, .swap_at = 501});
    assert_true(a.hash != b.hash);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record_has_one_outcome),
        cmocka_unit_test(cuts_change_nothing),
        cmocka_unit_test(another_swap_point_is_another_run),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
