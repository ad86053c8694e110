/* I1 and I6 on the whole path of a sample, without a broker: every record ends in exactly one
 * outcome, and how the stream is cut into batches, cycles, restarts and owners changes no
 * decision. */
#include "committed.h"

#include "route/task.h"

/* ---- one way through it ---- */

struct way {
    size_t batch;   // samples a batch
    size_t commit;  // batches between commits
    size_t restart; // commits between restarts: states then go through their text; 0: never
    size_t swap_at; // offset in each partition from which the model decides
};

struct outcome {
    uint64_t tasks, dead, predictions, hash;
};

static void count(struct outcome *o, const struct cycle *c) {
    uint64_t *of[] = {&o->tasks, &o->dead, &o->predictions};
    for (size_t i = 0; i < c->records; i++) {
        const struct producer_record *r = &c->record[i];
        ++*of[r->topic];
        o->hash += rng_mix(hash_bytes(r->key.at, r->key.len) ^
                           rng_mix(hash_bytes(r->value.at, r->value.len) + r->topic)); // order-free
    }
}

static void commit(struct pipeline *p, struct cycle *cycle, struct committed *c,
                   struct outcome *o) {
    committed_take(c, p, cycle);
    count(o, cycle);
    cycle_reset(cycle);
}

static struct outcome go(struct stream *s, const struct way *w) {
    struct committed committed[PARTITIONS] = {0};
    struct outcome o = {0};
    struct cycle cycle = {0};
    struct pipeline *p = committed_start(s, committed, 1700000000000);
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
        p = committed_start(s, committed, 1700000000000);
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
    struct outcome whole =
        go(*state,
           &(struct way){.batch = SAMPLES > 1024 ? 1024 : SAMPLES, .commit = 1, .swap_at = 500});
    static const struct way ways[] = {
        {.batch = 1, .commit = 1, .restart = 1, .swap_at = 500},
        {.batch = 7, .commit = 3, .restart = 2, .swap_at = 500},
        {.batch = 100, .commit = 1, .restart = 5, .swap_at = 500},
        {.batch = 333, .commit = 2, .restart = 1, .swap_at = 500},
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
    struct outcome a = go(*state, &(struct way){.batch = 100, .commit = 1, .swap_at = 500}),
                   b = go(*state, &(struct way){.batch = 100, .commit = 1, .swap_at = 501});
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
