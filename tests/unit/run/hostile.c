/* Samples whose times or ids no later reader could take: the task that asks about one can be read
 * back, or there is none. */
#define STREAM_MORE "admit: {id: /id}\n"
#include "stream.h"

#include "base/log.h"
#include "route/task.h"

static const char no_id[] = "{\"x\":1,\"kind\":\"a\"}";

static void silence(const char *line, size_t len, void *opaque) {
    (void)line, (void)len, (void)opaque;
}

/* One sample through a pipeline whose grant asks about it; what became of it. */
static enum reason decide(struct stream *s, const char *event, int64_t time_ms,
                          struct cycle *cycle) {
    struct pipeline *p;
    log_redirect(silence, NULL);
    assert_int_equal(pipeline_create(&p, &(struct pipeline_options){.config = s->config,
                                                                    .features = s->features,
                                                                    .partitions = PARTITIONS}),
                     0);
    pipeline_own(p, 0, 0, true, (struct text){0}, 0);
    struct batch *b = pipeline_batch(p);
    b->record[0] = (struct record){.value = text_of(event), .time_ms = time_ms};
    b->in_force[0] = &s->after;
    b->n = 1;
    pipeline_run(p, b, 1700000000000, cycle);
    enum reason fate = b->fate[0];
    batch_reset(b);
    pipeline_destroy(p);
    return fate;
}

static size_t tasks_read(const struct cycle *cycle) {
    struct arena arena = {0};
    size_t n = 0;
    for (size_t i = 0; i < cycle->records; i++) {
        struct task t;
        const char *why = NULL;
        if (cycle->record[i].topic != CYCLE_TASKS) continue;
        if (task_read(&t, cycle->record[i].value, &arena, &why) < 0) fail_msg("%s", why);
        assert_true(t.sample_id.len > 0);
        n++;
    }
    arena_release(&arena);
    return n;
}

static void a_time_that_can_be_none_makes_no_unreadable_task(void **state) {
    struct stream *s = *state;
    static const int64_t times[] = {INT64_MIN,          -5,       -1, 0, TASK_TIME_MOST,
                                    TASK_TIME_MOST + 1, INT64_MAX};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct cycle cycle = {0};
        assert_int_equal(decide(s, no_id, times[i], &cycle), REASON_NONE);
        assert_int_equal(tasks_read(&cycle), 1);
        cycle_release(&cycle);
    }
}

/* Readers of tasks and labels end at a NUL: two samples would have one name, or none. */
static void an_id_with_a_nul_is_refused(void **state) {
    struct stream *s = *state;
    static const char *const ids[] = {"\\u0000", "a\\u0000b", "a\\u0000"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct cycle cycle = {0};
        char event[96];
        snprintf(event, sizeof event, "{\"x\":1,\"kind\":\"a\",\"id\":\"%s\"}", ids[i]);
        assert_int_equal(decide(s, event, 1700000000000, &cycle), REASON_BAD_ID);
        assert_int_equal(tasks_read(&cycle), 0);
        cycle_release(&cycle);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_that_can_be_none_makes_no_unreadable_task),
        cmocka_unit_test(an_id_with_a_nul_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
