/* How old the last decision is where samples wait: known from the first moment on, also of a
 * partition that brings nothing (an open transaction of its writer, a leader that is gone), and of
 * records without a time. */
#include "stream.h"

static const int64_t now_ms = 1700000005000;

static void hear(int32_t partition, int64_t next, int64_t newest_ms, void *opaque) {
    (void)next;
    if (partition == 0) *(int64_t *)opaque = newest_ms;
}

static int64_t newest(const struct pipeline *p) {
    int64_t newest_ms = -1;
    pipeline_positions(p, hear, &newest_ms);
    return newest_ms;
}

static struct pipeline *owner(struct stream *s) {
    struct pipeline *p;
    assert_int_equal(pipeline_create(&p, &(struct pipeline_options){.config = s->config,
                                                                    .features = s->features,
                                                                    .partitions = PARTITIONS}),
                     0);
    pipeline_own(p, 0, 10, true, (struct text){0}, now_ms);
    return p;
}

static void decide(struct stream *s, struct pipeline *p, int64_t offset, int64_t time_ms) {
    struct cycle cycle = {0};
    struct batch *b = pipeline_batch(p);
    b->record[0] = s->record[0];
    b->record[0].partition = 0;
    b->record[0].offset = offset;
    b->record[0].time_ms = time_ms;
    b->in_force[0] = &s->after;
    b->n = 1;
    pipeline_run(p, b, now_ms, &cycle);
    batch_reset(b);
    pipeline_offsets(p, &cycle);
    cycle_release(&cycle);
}

static void it_is_known_from_the_start(void **state) {
    struct stream *s = *state;
    struct pipeline *p = owner(s);
    struct position_mark mark = mark_none();
    assert_int_equal(newest(p), now_ms); // nothing was decided: since it is ours
    pipeline_mark(p, 0, &mark, 0, 0);
    assert_int_equal(newest(p), now_ms);
    mark_record(&mark, 9, now_ms - 60000, TEXT(""), TEXT("x"));
    pipeline_mark(p, 0, &mark, 0, 0); // a start: the record before the position
    assert_int_equal(newest(p), now_ms - 60000);
    pipeline_destroy(p);
}

static void a_record_without_a_time_counts_as_of_now(void **state) {
    struct stream *s = *state;
    struct pipeline *p = owner(s);
    decide(s, p, 10, now_ms - 7000);
    assert_int_equal(newest(p), now_ms - 7000);
    decide(s, p, 11, 0);
    assert_int_equal(newest(p), now_ms);
    decide(s, p, 12, -1);
    assert_int_equal(newest(p), now_ms);
    pipeline_destroy(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_known_from_the_start),
        cmocka_unit_test(a_record_without_a_time_counts_as_of_now),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
