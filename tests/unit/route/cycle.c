/* A cycle holds what one commit writes; losing a partition takes out exactly what is about it. */
#include "route/cycle.h"
#include "unit/test.h"

static void fill(struct cycle *c) {
    for (int i = 0; i < 1000; i++) {
        struct producer_record *r = cycle_add(c);
        assert_null(r->value.at);
        r->source = i % 3;
        r->value = arena_text(&c->arena, TEXT("value"));
    }
    for (int32_t p = 0; p < 40; p++) {
        struct producer_offset *o = cycle_add_offset(c);
        o->partition = p;
        o->next = 1000 + p;
    }
}

static void dropping_a_partition_leaves_the_others(void **state) {
    (void)state;
    struct cycle c = {0};
    fill(&c);
    cycle_drop(&c, 1);
    assert_int_equal(c.records, 667);
    assert_int_equal(c.offsets, 39);
    for (size_t i = 0; i < c.records; i++) {
        assert_int_equal(c.record[i].source, i % 2 ? 2 : 0); // order kept
        assert_true(text_equal(c.record[i].value, TEXT("value")));
    }
    for (size_t i = 0; i < c.offsets; i++)
        assert_int_equal(c.offset[i].next, 1000 + c.offset[i].partition);
    cycle_release(&c);
}

static void a_reset_cycle_is_empty(void **state) {
    (void)state;
    struct cycle c = {0};
    fill(&c);
    assert_true(cycle_bytes(&c) > 0);
    cycle_reset(&c);
    assert_int_equal(c.records + c.offsets + cycle_bytes(&c), 0);
    fill(&c);
    assert_int_equal(c.records, 1000);
    cycle_release(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropping_a_partition_leaves_the_others),
        cmocka_unit_test(a_reset_cycle_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
