/* A stream of 4,000 samples on three partitions, some of them broken, with a model: what tests send
 * through the pipeline. */
#pragma once

#include "run/pipeline.h"

#include "base/rng.h"
#include "unit/test.h"

enum { SAMPLES = 4000, PARTITIONS = 3, BAD_EVERY = 97 };

#ifndef STREAM_MORE
#define STREAM_MORE "" // options of the test's own
#endif
#ifndef STREAM_TOPICS
#define STREAM_TOPICS "" // more of section topics
#endif
#ifndef STREAM_BURST
#define STREAM_BURST "3"
#endif

static const char yaml[] =
    "model: {classes: [good, bad]}\n"
    "features:\n"
    "  - {name: x}\n"
    "  - {name: y, missing: true}\n"
    "  - {name: kind, type: category, values: [a, b]}\n"
    "budget: {rate: 0.05, burst: " STREAM_BURST ", upfront: 10}\n" STREAM_MORE
    "topics: {predictions: predictions" STREAM_TOPICS "}\n"
    "service: {instance: test, state_dir: /tmp}\n";

struct stream {
    struct config *config;
    struct features *features;
    struct model *model;
    struct snapshot before, after;
    char event[SAMPLES][96];
    struct record record[SAMPLES];
};

static void make_model(struct stream *s) {
    struct model_shape shape = {.d = features_columns(s->features),
                                .k = 2,
                                .members = 1,
                                .layers = 1,
                                .width = {features_columns(s->features), 2}};
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
        else
            snprintf(s->event[i], sizeof s->event[i], "{\"x\":%.3f,\"kind\":\"%s\"%s}",
                     rng_next_normal(&r), i % 2 ? "a" : "c", i % 7 ? ",\"y\":2" : "");
        s->record[i] = (struct record){.value = text_of(s->event[i]),
                                       .partition = p,
                                       .offset = offset[p]++,
                                       .time_ms = 1700000000000 + i};
    }
}

static int setup(void **state) {
    struct stream *s = xcalloc(1, sizeof *s);
    struct buf errors = {0};
    if (config_parse(&s->config, "test", TEXT(yaml), &errors) < 0)
        fail_msg("%s", buf_string(&errors));
    assert_int_equal(features_create(&s->features, s->config->features, s->config->features_n), 0);
    make_model(s);
    make_records(s);
    s->before = (struct snapshot){.policy = POLICY_DEFAULT};
    s->after = (struct snapshot){
        .policy = {.number = 4, .learner = {.live = 7}, .operator_ = {.budget_scale = 1}},
        .model = s->model};
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
