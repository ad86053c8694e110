/* I11 on the whole path of a sample: once the largest batch and cycle were seen, nothing is
 * allocated any more, whatever the stream holds. */
#include "stream.h"

#include <malloc.h>

enum { BATCH = 256, ROUNDS = 40 };

static void go_once(struct stream *s, struct pipeline *p, struct cycle *cycle, int64_t *offset) {
    for (size_t i = 0; i < SAMPLES;) {
        struct batch *b = pipeline_batch(p);
        for (; b->n < BATCH && i < SAMPLES; i++, b->n++) {
            b->record[b->n] = s->record[i];
            b->record[b->n].offset = offset[s->record[i].partition]++;
            b->in_force[b->n] = &s->after;
        }
        pipeline_run(p, b, 1700000000000, cycle);
        batch_reset(b);
        pipeline_offsets(p, cycle);
        cycle_reset(cycle);
    }
}

static size_t allocated(void) {
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static void memory_is_flat_after_warm_up(void **state) {
    struct stream *s = *state;
    struct pipeline *p;
    struct cycle cycle = {0};
    int64_t offset[PARTITIONS] = {0};
    assert_int_equal(pipeline_create(&p, &(struct pipeline_options){.config = s->config,
                                                                    .features = s->features,
                                                                    .partitions = PARTITIONS}),
                     0);
    for (int32_t i = 0; i < PARTITIONS; i++) pipeline_own(p, i, 0, true, (struct text){0}, 0);
    for (int i = 0; i < 5; i++) go_once(s, p, &cycle, offset);
    size_t warm = allocated();
    for (int i = 0; i < ROUNDS; i++) go_once(s, p, &cycle, offset);
    assert_int_equal(allocated(), warm);
    assert_true(warm < 64 << 20);
    pipeline_destroy(p);
    cycle_release(&cycle);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_is_flat_after_warm_up)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
