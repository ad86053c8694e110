/* `infer.exact: false` through the pipeline: rows that are scored together get what each alone
 * would get but for last bits, where policies and models change within a batch and where samples
 * between them are broken. */
#define STREAM_MORE "infer: {exact: false}\n"
#include "stream.h"

#include <math.h>

enum { WIDTH = 2000, MEMBERS = 3, SWAP_AT = 500 };

/* Large enough to score rows together. */
static struct model *large_model(size_t d, size_t members, uint64_t version) {
    struct model_shape shape = {
        .d = d, .k = 2, .members = members, .layers = 2, .width = {d, WIDTH, 2}};
    struct model *m;
    struct rng r = {.seed = version};
    assert_int_equal(model_create(&m, &shape), 0);
    assert_true(model_together(&shape) > 1);
    m->version = version;
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < members * shape.width[l + 1] * shape.width[l]; i++)
            m->weight[l][i] = (float)(rng_next_normal(&r) / sqrt((double)shape.width[l]));
    return m;
}

/* What corrects a row is of its own columns, also where it stands among others. */
static void add_trees(struct model *m) {
    boost_create(&m->boost, 8);
    *m->boost.trust = 1;
    for (size_t i = 0; i < 8 * BOOST_DEPTH; i++) m->boost.column[i] = (float)(i % m->shape.d);
    for (size_t i = 0; i < 8 * BOOST_LEAVES; i++) m->boost.leaf[i] = (double)(i % 5) / 4 - 0.5;
    boost_settle(&m->boost);
}

static size_t check_batch(const struct batch *b, float *scratch) {
    size_t scored = 0;
    for (size_t i = 0; i < b->n; i++) {
        float alone[2];
        if (b->fate[i] != REASON_NONE) continue;
        model_predict(b->in_force[i]->model, b->raw + i * b->d, scratch, NULL, alone);
        for (size_t c = 0; c < 2; c++) assert_true(fabsf(b->prob[i * 2 + c] - alone[c]) < 1e-5f);
        scored++;
    }
    return scored;
}

static void rows_together_decide_as_each_alone(void **state) {
    struct stream *s = *state;
    struct pipeline *p;
    struct cycle cycle = {0};
    struct model *one = large_model(features_columns(s->features), 1, 8),
                 *more = large_model(features_columns(s->features), MEMBERS, 9);
    struct snapshot first = {.policy = s->after.policy, .model = one},
                    second = {.policy = s->after.policy, .model = more};
    float *scratch = xcalloc(model_scratch(&more->shape), sizeof *scratch);
    size_t scored = 0;
    add_trees(more);
    second.policy.number++;
    assert_int_equal(pipeline_create(&p, &(struct pipeline_options){.config = s->config,
                                                                    .features = s->features,
                                                                    .partitions = PARTITIONS}),
                     0);
    for (int32_t i = 0; i < PARTITIONS; i++) pipeline_own(p, i, 0, true, (struct text){0}, 0);
    for (size_t i = 0; i < SAMPLES;) {
        struct batch *b = pipeline_batch(p);
        for (; b->n < 100 && i < SAMPLES; i++, b->n++) {
            b->record[b->n] = s->record[i];
            b->in_force[b->n] = s->record[i].offset < SWAP_AT ? &first : &second;
        }
        pipeline_run(p, b, 1700000000000, &cycle);
        scored += check_batch(b, scratch);
        batch_reset(b);
        pipeline_offsets(p, &cycle);
        cycle_reset(&cycle);
    }
    assert_int_equal(scored, SAMPLES - (SAMPLES - 5 + BAD_EVERY - 1) / BAD_EVERY);
    pipeline_destroy(p);
    cycle_release(&cycle);
    model_destroy(one);
    model_destroy(more);
    free(scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_together_decide_as_each_alone)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
