/* A successor waits until its store has read what the predecessor had; a record that is none says
 * nothing, and holds up nobody. */
#include "run/progress.h"

#include "base/error.h"
#include "unit/test.h"

#include <stdlib.h>

static int64_t next[LABELLED_TOPICS][2];
static const int32_t partitions[LABELLED_TOPICS] = {2, 2};

static int64_t next_offset(enum labelled_topic t, int32_t partition, const void *opaque) {
    (void)opaque;
    assert_in_range(partition, 0, 1);
    return next[t][partition];
}

static bool reached(const char *record) {
    return progress_reached(text_of(record), partitions, next_offset, NULL);
}

static void each_partition_counts(void **state) {
    (void)state;
    static const char record[] = "{\"tasks\":{\"0\":10,\"1\":20},\"labels\":{\"0\":-1,\"1\":7}}";
    next[LABELLED_TASKS][0] = 10;
    next[LABELLED_TASKS][1] = 20;
    next[LABELLED_LABELS][0] = -1; // neither had read anything of it
    next[LABELLED_LABELS][1] = 7;
    assert_true(reached(record));
    next[LABELLED_TASKS][1] = 21;
    assert_true(reached(record));
    next[LABELLED_LABELS][1] = 6;
    assert_false(reached(record));
    next[LABELLED_LABELS][1] = -1;
    assert_false(reached(record));
    next[LABELLED_LABELS][1] = 7;
    next[LABELLED_TASKS][0] = 9;
    assert_false(reached(record));
    memset(next, 0x7f, sizeof next);
    assert_true(reached(record));
    assert_false(reached("{\"labels\":{\"2\":1}}")); // a partition that we do not know yet
    assert_true(reached("{\"labels\":{\"2\":0}}"));  // nobody has read of it
}

static void what_says_nothing_holds_up_nobody(void **state) {
    (void)state;
    static const char *const records[] = {
        "",
        "null",
        "not json",
        "[1]",
        "{\"tasks\":7,\"labels\":[9,9]}",
        "{\"tasks\":{\"-1\":9,\"x\":9,\"\":9,\"0x1\":9,\"99999999999999999999\":9}}",
        "{\"tasks\":{\"0\":\"9\",\"1\":{\"0\":9}},\"labels\":{\"0\":null,\"1\":0}}",
    };
    memset(next, -1, sizeof next);
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        if (!reached(records[i])) fail_msg("%s", records[i]);
}

static void the_writer_is_named(void **state) {
    (void)state;
    struct buf out = {0};
    progress_by(TEXT("{\"by\":\"one\"}"), &out);
    assert_string_equal(buf_string(&out), "one");
    buf_reset(&out);
    progress_by(TEXT("{\"by\":1}"), &out);
    progress_by(TEXT("{\"tasks\":{}}"), &out); // of 0.1.0
    progress_by(TEXT("\"by\""), &out);
    char *longer = xasprintf("{\"by\":\"%0*d\"}", PROGRESS_BY_BYTES + 1, 0);
    progress_by(text_of(longer), &out);
    assert_int_equal(out.len, 0);
    free(longer);
    buf_release(&out);
}

static void the_next_offset_is_told_or_none(void **state) {
    (void)state;
    const struct text record =
        TEXT("{\"tasks\":{\"0\":9},\"labels\":{\"0\":7,\"2\":\"x\",\"3\":1e300}}");
    assert_int_equal(progress_next(record, LABELLED_LABELS, 0, 0), 7);
    assert_int_equal(progress_next(record, LABELLED_TASKS, 0, 0), 9);
    assert_int_equal(progress_next(record, LABELLED_LABELS, 0, 1), 0);
    assert_int_equal(progress_next(record, LABELLED_LABELS, 0, 2), 0);
    assert_int_equal(progress_next(record, LABELLED_LABELS, 0, 3), 0);
    assert_int_equal(progress_next(TEXT("{"), LABELLED_LABELS, 0, 0), 0);
    assert_int_equal(progress_next((struct text){0}, LABELLED_LABELS, 0, 0), 0);
}

/* A topic that was made anew begins at 0: what was read of the old one says nothing of it. */
static void offsets_are_of_one_topic(void **state) {
    (void)state;
    const struct text record =
        TEXT("{\"labels\":{\"0\":7},\"topic_ids\":{\"tasks\":5,\"labels\":4294967295}}");
    assert_int_equal(progress_next(record, LABELLED_LABELS, UINT32_MAX, 0), 7);
    assert_int_equal(progress_next(record, LABELLED_LABELS, 5, 0), 0);
    assert_int_equal(progress_next(record, LABELLED_LABELS, 0, 0), 7); // the broker tells none
    assert_int_equal(progress_next(TEXT("{\"labels\":{\"0\":7},\"topic_ids\":{\"labels\":0}}"),
                                   LABELLED_LABELS, 5, 0),
                     7); // nor did it then
    assert_int_equal(
        progress_next(TEXT("{\"labels\":{\"0\":7},\"topic_ids\":[5]}"), LABELLED_LABELS, 5, 0), 7);
}

static bool tasks_reached(const char *record, uint32_t id) {
    return progress_reached_topic(text_of(record), LABELLED_TASKS, id, 2, next_offset, NULL);
}

/* A partition that can not be read holds up; the one of a topic that is gone does not. */
static void one_topic_may_be_waited_for(void **state) {
    (void)state;
    static const char record[] =
        "{\"tasks\":{\"0\":10,\"1\":20},\"labels\":{\"0\":9},\"topic_ids\":{\"tasks\":5}}";
    memset(next, -1, sizeof next);
    next[LABELLED_TASKS][0] = 10;
    assert_false(tasks_reached(record, 5));
    next[LABELLED_TASKS][1] = 19;
    assert_false(tasks_reached(record, 5));
    assert_true(tasks_reached(record, 6));
    next[LABELLED_TASKS][1] = 20;
    assert_true(tasks_reached(record, 5));
    next[LABELLED_TASKS][0] = -1;
    assert_false(tasks_reached(record, 0));
    assert_true(tasks_reached("", 5) && tasks_reached("{\"tasks\":[]}", 5));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_of_one_topic),
        cmocka_unit_test(the_next_offset_is_told_or_none),
        cmocka_unit_test(each_partition_counts),
        cmocka_unit_test(what_says_nothing_holds_up_nobody),
        cmocka_unit_test(the_writer_is_named),
        cmocka_unit_test(one_topic_may_be_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
