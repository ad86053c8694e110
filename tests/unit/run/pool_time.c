/* Windows of the pool by their samples' own time (pool.time): records that lie about the time do
 * not stop them, nor end them one after another. */
#define STREAM_MORE "pool: {time: 10s, share: 0.6, idle: 0s}\n"
#define STREAM_BURST "8"
#include "stream.h"

#include "run/pool_clock.h"

#define NOW 1700000000000

enum { MINUTE = 60000, RECORDS = 3000, STEP_MS = 100 }; // 100 records a window, and eight

/* Windows that end when the stream has those times: the state is committed at their ends. */
static size_t windows(struct stream *s, int64_t (*time_of)(int64_t i)) {
    struct pipeline *p;
    struct cycle cycle = {0};
    size_t ended = 0;
    assert_int_equal(pipeline_create(&p, &(struct pipeline_options){.config = s->config,
                                                                    .features = s->features,
                                                                    .partitions = 1}),
                     0);
    pipeline_own(p, 0, 0, true, (struct text){0}, NOW);
    pipeline_offsets(p, &cycle);
    for (int64_t i = 0; i < RECORDS; i++) {
        struct batch *b = pipeline_batch(p);
        b->record[0] = s->record[i];
        b->record[0].partition = 0;
        b->record[0].offset = i;
        b->record[0].time_ms = time_of(i);
        b->in_force[0] = &s->after;
        b->n = 1;
        pipeline_run(p, b, NOW, &cycle);
        batch_reset(b);
        ended += pipeline_moved(p);
        cycle_reset(&cycle);
        pipeline_offsets(p, &cycle);
    }
    cycle_release(&cycle);
    pipeline_destroy(p);
    return ended;
}

static int64_t honest(int64_t i) { return NOW + i * STEP_MS; }
static int64_t one_ahead(int64_t i) { return honest(i) + (i == 150 ? 55 * MINUTE : 0); }
static int64_t first_ahead(int64_t i) { return honest(i) + (i == 0 ? 55 * MINUTE : 0); }
static int64_t one_behind(int64_t i) { return i == 150 ? 0 : honest(i); }
static int64_t hundredth(int64_t i) {
    uint64_t draw = rng_mix((uint64_t)i + 77) % 200;
    if (draw == 0) return honest(i) + 55 * MINUTE;
    return draw == 1 ? 1000 : honest(i);
}
static int64_t lagging(int64_t i) { return honest(i) - 100000 * (int64_t)MINUTE; }
static int64_t burst(int64_t i) { return honest(i) + (i / 30 == 40 ? 55 * MINUTE : 0); }
static int64_t disordered(int64_t i) { return honest(i) + (int64_t)(rng_mix((uint64_t)i) % 3000); }
static int64_t none(int64_t i) { return (void)i, 0; }

static void lies_do_not_move_the_time(void **state) {
    size_t usual = windows(*state, honest);
    assert_in_range(usual, RECORDS / 110, RECORDS / 100);
    assert_int_equal(windows(*state, one_ahead), usual);
    assert_int_equal(windows(*state, first_ahead), usual);
    assert_int_equal(windows(*state, one_behind), usual);
    assert_int_equal(windows(*state, lagging), usual);
    assert_in_range(windows(*state, hundredth), usual - 1, usual + 1);
    assert_in_range(windows(*state, burst), usual - 1, usual + 2);
    assert_in_range(windows(*state, disordered), usual - 2, usual + 5);
    assert_int_equal(windows(*state, none), 0);
}

static int compare(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void the_median_is_that_of_the_last_records(void **state) {
    (void)state;
    struct rng r = {.seed = 5};
    struct pool_clock c = {0};
    int64_t time[400];
    for (size_t i = 0; i < 400; i++) {
        time[i] = (int64_t)rng_below(rng_next(&r), i % 3 ? 20 : INT64_MAX);
        pool_clock_add(&c, time[i]);
        int64_t last[POOL_CLOCK_RECORDS];
        size_t n = i < POOL_CLOCK_RECORDS ? i + 1 : POOL_CLOCK_RECORDS;
        memcpy(last, time + i + 1 - n, n * sizeof *last);
        qsort(last, n, sizeof *last, compare);
        assert_true(c.now_ms == last[(n - 1) / 2] && c.begin_ms <= c.now_ms);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lies_do_not_move_the_time, setup, teardown),
        cmocka_unit_test(the_median_is_that_of_the_last_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
