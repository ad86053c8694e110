/* Versions with and without boosted trees through a pipeline, of which some have more members, and
 * what its tasks record of them. Thread: any thread */
#pragma once

#include "committed.h"

#include "route/task.h"

enum { BATCH = 100, MEMBERS = 3, FIRST_AT = 200, NEXT_AT = 450, LAST_AT = 700 };

/* trees 0: it has none. */
static struct model *version_of(const struct stream *s, uint64_t version, size_t members,
                                size_t trees) {
    size_t d = features_columns(s->features);
    struct model_shape shape = {.d = d, .k = 2, .members = members, .layers = 1, .width = {d, 2}};
    struct model *m;
    struct rng r = {.seed = version};
    assert_int_equal(model_create(&m, &shape), 0);
    m->version = version;
    for (size_t i = 0; i < members * 2 * d; i++) m->weight[0][i] = (float)rng_next_normal(&r) / 4;
    m->lapse = xmalloc(sizeof *m->lapse);
    *m->lapse = 0.1;
    m->temperature = xmalloc(sizeof *m->temperature);
    *m->temperature = 0.7;
    if (!trees) return m;
    boost_create(&m->boost, trees);
    *m->boost.trust = 0.7;
    for (size_t i = 0; i < trees * BOOST_DEPTH; i++)
        m->boost.column[i] = (float)rng_below(rng_next(&r), d),
        m->boost.cut[i] = rng_next_normal(&r) / 2;
    for (size_t i = 0; i < trees * BOOST_LEAVES; i++) m->boost.leaf[i] = rng_next_normal(&r) / 4;
    boost_settle(&m->boost);
    return m;
}

/* What the version that asked says of the row now. */
static void check_task(const struct task *t, struct model *const *version) {
    const struct model *m = version[t->model];
    if (!m) {
        assert_true(!t->boosted && !t->members);
        return;
    }
    float *scratch = xmalloc(model_scratch(&m->shape) * sizeof *scratch), member[(MEMBERS + 1) * 2],
          said[2];
    model_predict(m, t->row, scratch, member, said);
    model_say(m, said, said);
    assert_int_equal(t->members, m->shape.members);
    assert_memory_equal(t->prob, said, sizeof said);
    assert_memory_equal(t->member, member, t->members * sizeof said);
    assert_int_equal(t->boosted != NULL, m->boost.trees > 0);
    if (t->boosted) assert_memory_equal(t->boosted, member + t->members * 2, sizeof said);
    free(scratch);
}

static void check_tasks(const struct cycle *c, struct model *const *version, size_t *seen) {
    struct arena arena = {0};
    for (size_t i = 0; i < c->records; i++) {
        struct task t;
        const char *why;
        if (c->record[i].topic != CYCLE_TASKS) continue;
        assert_int_equal(task_read(&t, c->record[i].value, &arena, &why), 0);
        check_task(&t, version);
        seen[t.model]++;
    }
    arena_release(&arena);
}

static void tasks_record_what_trees_made_of_them(void **state) {
    struct stream *s = *state;
    struct model *version[4] = {NULL, version_of(s, 1, 2, 0), version_of(s, 2, 2, 20),
                                version_of(s, 3, MEMBERS, 64)};
    static const int64_t from[4] = {0, FIRST_AT, NEXT_AT, LAST_AT};
    struct snapshot in_force[4];
    struct committed committed[PARTITIONS] = {0};
    struct cycle cycle = {0};
    size_t seen[4] = {0};
    for (uint64_t v = 0; v < 4; v++) {
        in_force[v] = v ? s->after : s->before;
        in_force[v].model = version[v], in_force[v].policy.number += v;
    }
    struct pipeline *p = committed_start(s, committed, 1700000000000);
    for (size_t i = 0; i < SAMPLES;) {
        struct batch *b = pipeline_batch(p);
        for (; b->n < BATCH && i < SAMPLES; i++, b->n++) {
            size_t v = 3;
            while (s->record[i].offset < from[v]) v--;
            b->record[b->n] = s->record[i], b->in_force[b->n] = &in_force[v];
        }
        pipeline_run(p, b, 1700000000000, &cycle);
        check_tasks(&cycle, version, seen);
        batch_reset(b);
        committed_take(committed, p, &cycle);
        cycle_reset(&cycle);
    }
    for (size_t v = 1; v < 4; v++) assert_true(seen[v] > 10);
    pipeline_destroy(p);
    cycle_release(&cycle);
    for (size_t v = 1; v < 4; v++) model_destroy(version[v]);
}
