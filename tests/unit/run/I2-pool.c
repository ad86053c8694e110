/* I1, I2 and I6 with a pool, without a broker: whatever is committed is what one undisturbed run
 * commits, once, wherever the run was ended and its open windows read again. */
#define STREAM_MORE "pool: {window: 60, share: 0.6, rule: mmr}\n"
#define STREAM_BURST "8"
#include "committed.h"

#include "route/prediction.h"
#include "route/task.h"

#define NOW 1700000000000

/* What a reader of the topics has. */
struct seen {
    uint64_t records, hash, tasks, pool, random, predicted, asked;
    char id[SAMPLES][TASK_ID_LENGTH + 1]; // of tasks
};

static void see_task(struct seen *o, const struct producer_record *r) {
    struct arena arena = {0};
    struct task t;
    const char *why;
    assert_int_equal(task_read(&t, r->value, &arena, &why), 0);
    for (size_t i = 0; i < o->tasks; i++)
        assert_string_not_equal(o->id[i], t.id); // nobody is asked twice
    memcpy(o->id[o->tasks++], t.id, sizeof t.id);
    o->pool += t.reason == ASK_POOL;
    o->random += t.reason == ASK_RANDOM;
    assert_true(t.propensity == (t.reason == ASK_RANDOM ? 1.0 / 100 : 1));
    arena_release(&arena);
}

static void see_prediction(struct seen *o, const struct producer_record *r) {
    struct arena arena = {0};
    struct prediction p;
    const char *why;
    assert_int_equal(prediction_read(&p, r->value, &arena, &why), 0);
    o->predicted++;
    o->asked += p.asked;
    arena_release(&arena);
}

static void see(struct seen *o, const struct cycle *c) {
    for (size_t i = 0; i < c->records; i++) {
        const struct producer_record *r = &c->record[i];
        o->records++;
        o->hash += rng_mix(hash_bytes(r->key.at, r->key.len) ^
                           rng_mix(hash_bytes(r->value.at, r->value.len) + r->topic)); // order-free
        if (r->topic == CYCLE_TASKS) see_task(o, r);
        if (r->topic == CYCLE_PREDICTIONS) see_prediction(o, r);
    }
}

static void commit(struct pipeline *p, struct cycle *cycle, struct committed *c, struct seen *o) {
    committed_take(c, p, cycle);
    see(o, cycle);
    cycle_reset(cycle);
}

struct way {
    size_t batch, commit,
        lives; // samples a batch, batches between commits, batches a life; 0: one life
};

static size_t fill(struct stream *s, struct batch *b, const struct committed *from, size_t i,
                   size_t batch) {
    for (; b->n < batch && i < SAMPLES; i++) {
        const struct record *r = &s->record[i];
        if (r->offset < from[r->partition].next) continue;
        b->record[b->n] = *r;
        b->in_force[b->n++] = r->offset < 300 ? &s->before : &s->after;
    }
    return i;
}

static struct seen *go(struct stream *s, const struct way *w) {
    struct committed committed[PARTITIONS] = {0}, from[PARTITIONS] = {0};
    struct seen *o = xcalloc(1, sizeof *o);
    struct cycle cycle = {0};
    struct pipeline *p = committed_start(s, committed, NOW);
    for (size_t i = 0, batches = 0; i < SAMPLES;) {
        struct batch *b = pipeline_batch(p);
        i = fill(s, b, from, i, w->batch);
        pipeline_run(p, b, NOW, &cycle);
        batch_reset(b);
        if (++batches % w->commit == 0) commit(p, &cycle, committed, o);
        if (!w->lives || batches % w->lives) continue;
        pipeline_destroy(p); // and what was not committed is gone
        cycle_reset(&cycle);
        p = committed_start(s, committed, NOW);
        memcpy(from, committed, sizeof from);
        i = 0;
    }
    pipeline_end_windows(p, &s->after, NOW + 1, 0, &cycle);
    commit(p, &cycle, committed, o);
    int64_t all = 0;
    for (size_t i = 0; i < PARTITIONS; i++) all += committed[i].next;
    assert_int_equal(all, SAMPLES);
    pipeline_destroy(p);
    cycle_release(&cycle);
    return o;
}

static void both_arms_and_the_pool_ask(void **state) {
    struct seen *o = go(*state, &(struct way){.batch = 500, .commit = 1});
    uint64_t bad = (SAMPLES - 5 + BAD_EVERY - 1) / BAD_EVERY;
    assert_true(o->pool > 30 && o->random > 15 && o->tasks > o->pool + o->random);
    assert_true(o->tasks <= (uint64_t)(0.05 * SAMPLES) + 10 + PARTITIONS * 9);
    assert_int_equal(o->predicted, SAMPLES - bad);
    assert_int_equal(o->asked, o->tasks); // the prediction of a sample that the pool chose says so
    assert_int_equal(o->records, o->tasks + SAMPLES);
    free(o);
}

static void lost_windows_are_decided_again(void **state) {
    static const struct way ways[] = {
        {7, 3, 50}, {1, 1, 997}, {100, 2, 5}, {333, 1, 0}, {64, 5, 5}};
    struct seen *whole = go(*state, &(struct way){.batch = 1000, .commit = 1});
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct seen *o = go(*state, &ways[i]);
        assert_int_equal(o->tasks, whole->tasks);
        assert_int_equal(o->records, whole->records);
        assert_true(o->hash == whole->hash);
        free(o);
    }
    free(whole);
}

/* ---- what ends a window ---- */

struct ended {
    size_t windows, tasks;
    int64_t next;
};

/* One partition's first n samples, a batch each; the offset that could be committed then. */
static struct ended run(struct stream *s, struct pipeline *p, size_t n) {
    struct cycle cycle = {0};
    struct ended e = {0};
    for (size_t i = 0, taken = 0; taken < n; i++) {
        if (s->record[i].partition != 0) continue;
        struct batch *b = pipeline_batch(p);
        b->record[0] = s->record[i];
        b->in_force[0] = &s->after;
        b->n = 1;
        pipeline_run(p, b, NOW, &cycle);
        batch_reset(b);
        taken++;
        e.windows += pipeline_moved(p);
        pipeline_offsets(p, &cycle);
        if (cycle.offsets) e.next = cycle.offset[0].next;
        for (size_t r = 0; r < cycle.records; r++) e.tasks += cycle.record[r].topic == CYCLE_TASKS;
        cycle_reset(&cycle);
    }
    cycle_release(&cycle);
    return e;
}

static struct pipeline *one_partition(struct stream *s, int64_t window, int64_t time_ms,
                                      int64_t bytes) {
    const struct committed nothing[PARTITIONS] = {0};
    struct cycle cycle = {0};
    s->config->pool.window = window;
    s->config->pool.time = time_ms;
    s->config->pool.bytes = bytes;
    struct pipeline *p = committed_start(s, nothing, NOW);
    pipeline_offsets(p, &cycle); // of the new states
    cycle_release(&cycle);
    return p;
}

static void number_ends_a_window(void **state) {
    struct pipeline *p = one_partition(*state, 60, 0, 8 << 20);
    struct ended e = run(*state, p, 200);
    assert_int_equal(e.windows, 3);
    assert_in_range(e.next, 180, 190); // the bad ones don't count
    pipeline_destroy(p);
}

/* Samples are 3 ms apart or so: what ends the window is the sample that comes too late for it. */
static void time_ends_a_window(void **state) {
    struct stream *s = *state;
    struct pipeline *p = one_partition(s, 0, 150, 8 << 20);
    struct ended e = run(s, p, 200);
    int64_t first = -1, second = -1;
    for (size_t i = 0; i < SAMPLES && second < 0; i++) {
        if (s->record[i].partition != 0) continue;
        if (first < 0) first = s->record[i].time_ms;
        if (s->record[i].time_ms - first >= 150 && second < 0) second = s->record[i].offset;
    }
    assert_in_range(e.windows, 3, 4);
    assert_true(e.next > second && second > 20);
    pipeline_destroy(p);
    p = one_partition(s, 0, 150, 8 << 20);
    assert_int_equal(run(s, p, (size_t)second).windows, 0);
    pipeline_destroy(p);
}

static void size_ends_a_window(void **state) {
    struct pipeline *p = one_partition(*state, 100000, 0, 65536);
    struct ended e = run(*state, p, 500);
    assert_in_range(e.windows, 2, 3); // about 300 bytes each
    pipeline_destroy(p);
}

static void silence_ends_a_window(void **state) {
    struct stream *s = *state;
    struct pipeline *p = one_partition(s, 60, 0, 8 << 20);
    struct cycle cycle = {0};
    assert_int_equal(run(s, p, 40).windows, 0);
    pipeline_end_windows(p, &s->after, NOW + 999, 1000, &cycle);
    assert_false(pipeline_moved(p));
    pipeline_end_windows(p, &s->after, NOW + 1000, 1000, &cycle);
    assert_true(pipeline_moved(p) && cycle.records >= 40);
    pipeline_end_windows(p, &s->after, NOW + 2000, 1000, &cycle); // nothing came since
    pipeline_offsets(p, &cycle);
    assert_int_equal(cycle.offsets, 1);
    assert_int_equal(cycle.offset[0].next, 40);
    cycle_release(&cycle);
    pipeline_destroy(p);
}

/* ---- synthetic points ---- */

static void synthetic_points_are_events_that_people_can_read(void **state) {
    struct stream *s = *state;
    s->config->pool.rule = POOL_SYNTHESIS;
    s->config->pool.synthetic = true;
    s->model->bias[0][0] = -2; // both classes are predicted
    struct pipeline *p = one_partition(s, 300, 0, 8 << 20);
    struct cycle cycle = {0};
    size_t found = 0;
    struct batch *b = pipeline_batch(p);
    for (size_t i = 0; i < SAMPLES && b->n < b->cap; i++) {
        if (s->record[i].partition != 0) continue;
        b->record[b->n] = s->record[i];
        b->in_force[b->n++] = &s->after;
    }
    pipeline_run(p, b, NOW, &cycle);
    batch_reset(b);
    for (size_t i = 0; i < cycle.records; i++) {
        struct arena arena = {0};
        struct task t;
        const char *why;
        if (cycle.record[i].topic != CYCLE_TASKS) continue;
        assert_int_equal(task_read(&t, cycle.record[i].value, &arena, &why), 0);
        if (t.reason == ASK_SYNTHETIC) {
            found++;
            assert_true(memmem(t.event.at, t.event.len, "\"synthetic\":true", 16) &&
                        memmem(t.event.at, t.event.len, "\"kind\":\"", 8));
            assert_true(t.propensity == 0 && t.sample_id.len > 10 &&
                        memcmp(t.sample_id.at + t.sample_id.len - 10, "/synthetic", 10) == 0);
            assert_true(t.row[2] == 0 ||
                        t.row[2] == 1); // the indicator of a missing y: what the event says
        }
        arena_release(&arena);
    }
    assert_true(found >= 3);
    cycle_release(&cycle);
    pipeline_destroy(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_arms_and_the_pool_ask, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_windows_are_decided_again, setup, teardown),
        cmocka_unit_test_setup_teardown(number_ends_a_window, setup, teardown),
        cmocka_unit_test_setup_teardown(time_ends_a_window, setup, teardown),
        cmocka_unit_test_setup_teardown(size_ends_a_window, setup, teardown),
        cmocka_unit_test_setup_teardown(silence_ends_a_window, setup, teardown),
        cmocka_unit_test_setup_teardown(synthetic_points_are_events_that_people_can_read, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
