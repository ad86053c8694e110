/* Whose a position is: what a mark survives, and what each finding makes of a position. */
#include "base/position.h"

#include "unit/test.h"

#include <stdlib.h>

static struct position position_at(int64_t next, int64_t record) {
    struct position p = {.next = next, .mark = mark_none()};
    mark_record(&p.mark, record, 1700000000123, TEXT("key"), TEXT("the value of the record"));
    p.mark.born = 4;
    return p;
}

static void a_mark_comes_back_as_it_was(void **state) {
    (void)state;
    const struct {
        int64_t next, record;
    } cases[] = {{1, 0}, {100, 99}, {153, 99}, {INT64_C(1) << 40, (INT64_C(1) << 40) - 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct position p = position_at(cases[i].next, cases[i].record);
        p.mark.topic = 0xFEDCBA98u;
        p.mark.cluster = 7;
        char text[4 + MARK_TEXT + 1] = "w2..";
        mark_write(&p.mark, p.next, text + 4);
        struct text all = text_of(text);
        assert_int_equal(all.len, 4 + MARK_TEXT);
        struct position_mark read;
        assert_int_equal(mark_read(&read, p.next, &all), 0);
        assert_memory_equal(&read, &p.mark, sizeof read);
        assert_int_equal(all.len, 4); // what stands before it stays
        unsigned char bytes[MARK_BYTES];
        mark_pack(&p.mark, bytes);
        assert_true(mark_unpack(&read, (struct text){(char *)bytes, sizeof bytes}));
        assert_memory_equal(&read, &p.mark, sizeof read);
    }
}

static void a_mark_without_a_record_keeps_the_rest(void **state) {
    (void)state;
    struct position_mark m = mark_none(), read;
    m.born = 6;
    m.topic = 3;
    char text[MARK_TEXT + 1];
    mark_write(&m, 0, text);
    struct text all = text_of(text);
    assert_int_equal(mark_read(&read, 0, &all), 0);
    assert_int_equal(read.record, -1);
    assert_int_equal(read.born, 6);
    assert_int_equal(read.topic, 3);
}

static void metadata_of_others_is_no_mark(void **state) {
    (void)state;
    struct position_mark m;
    char note[] =
        "somebody else's note, which is longer than a mark would be, and has nothing of it";
    struct text t = text_of(note), none = {0};
    assert_int_equal(mark_read(&m, 5, &t), ERR_MISSING);
    assert_int_equal(t.len, sizeof note - 1);
    assert_int_equal(mark_read(&m, 5, &none), ERR_MISSING);
    assert_int_equal(m.record, -1);
}

/* One wrong character, or an offset that a tool moved: the mark speaks for nothing any more. */
static void a_damaged_mark_is_taken_off_and_not_believed(void **state) {
    (void)state;
    struct position p = position_at(100, 99);
    char text[MARK_TEXT + 1];
    mark_write(&p.mark, p.next, text);
    for (size_t i = 2; i < MARK_TEXT; i++) {
        char kept = text[i];
        text[i] = kept == '0' ? '1' : '0';
        struct text t = text_of(text);
        struct position_mark read;
        assert_int_equal(mark_read(&read, p.next, &t), ERR_CORRUPT);
        assert_int_equal(t.len, 0);
        assert_int_equal(read.record, -1);
        text[i] = kept;
    }
    struct text t = text_of(text);
    struct position_mark read;
    assert_int_equal(mark_read(&read, p.next - 1, &t), ERR_CORRUPT);
    assert_false(mark_unpack(&read, TEXT("short")));
}

static void another_record_has_another_mark(void **state) {
    (void)state;
    const struct text key = TEXT("key"), value = TEXT("12345678abc");
    struct position_mark a = mark_none(), b = mark_none();
    mark_record(&a, 5, 100, key, value);
    mark_record(&b, 5, 100, key, value);
    assert_true(mark_same_record(&a, &b));
    const struct text others[] = {TEXT("12345678abd"),
                                  TEXT("02345678abc"),
                                  TEXT("12345678ab"),
                                  TEXT("12345678abc\0"),
                                  {0},
                                  TEXT("")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        mark_record(&b, 5, 100, key, others[i]);
        assert_false(mark_same_record(&a, &b));
        mark_record(&b, 5, 100, others[i], value);
        assert_false(mark_same_record(&a, &b));
    }
    mark_record(&b, 5, 101, key, value);
    assert_false(mark_same_record(&a, &b));
    mark_record(&b, 5, 0, key, value); // a time that is not known says nothing
    assert_true(mark_same_record(&a, &b));
    assert_true(mark_same_record(&b, &a));
    mark_record(&a, 5, 100, (struct text){0}, value); // no key is not an empty one
    mark_record(&b, 5, 100, TEXT(""), value);
    assert_false(mark_same_record(&a, &b));
}

enum { SAME = 1, OTHER, ABSENT }; // what stands at the mark's record; 0: not looked for

static void each_finding_has_its_verdict(void **state) {
    (void)state;
    const struct {
        const char *what;
        int64_t next, record, low, high;
        int at;            // of the record
        uint32_t was, is;  // topic's id
        uint32_t from, in; // cluster's id
        bool compacted;
        enum lost verdict;
    } cases[] = {
        {"the same record is there", 100, 99, 0, 200, SAME, 0, 0, 0, 0, false, LOST_NONE},
        {"at the end", 100, 99, 0, 100, SAME, 0, 0, 0, 0, false, LOST_NONE},
        {"behind a marker, the log emptied", 101, 99, 101, 101, 0, 0, 0, 0, 0, false, LOST_NONE},
        {"no record is known", 100, -1, 0, 100, 0, 0, 0, 0, 0, false, LOST_NONE},
        {"a restored copy elsewhere", 100, 99, 0, 200, SAME, 1, 2, 3, 4, false, LOST_NONE},
        {"retention went past it", 100, 99, 150, 200, 0, 0, 0, 0, 0, false, LOST_GONE},
        {"retention, the topic's id is the same", 100, 99, 150, 200, 0, 5, 5, 0, 0, false,
         LOST_GONE},
        {"retention of another topic", 100, 99, 150, 200, 0, 5, 6, 0, 0, false, LOST_ANEW},
        {"another record stands there", 100, 99, 0, 200, OTHER, 0, 0, 0, 0, false, LOST_ANEW},
        {"another record, fewer of them", 100, 40, 0, 60, OTHER, 0, 0, 0, 0, false, LOST_ANEW},
        {"as many, another topic's id", 100, -1, 0, 100, 0, 5, 6, 0, 0, false, LOST_ANEW},
        {"another cluster, no record to compare", 100, -1, 0, 200, 0, 0, 0, 3, 4, false, LOST_ANEW},
        {"another cluster, the topic's id the same", 100, -1, 0, 200, 0, 5, 5, 3, 4, false,
         LOST_NONE},
        {"past the end", 100, 99, 0, 60, 0, 0, 0, 0, 0, false, LOST_AHEAD},
        {"past the end of another topic", 100, 99, 0, 60, 0, 5, 6, 0, 0, false, LOST_ANEW},
        {"the marker behind it was lost", 102, 99, 0, 100, SAME, 0, 0, 0, 0, false, LOST_AHEAD},
        {"a marker where the record was", 100, 99, 0, 200, ABSENT, 0, 0, 0, 0, false, LOST_ANEW},
        {"compacted away", 100, 99, 0, 200, ABSENT, 0, 0, 0, 0, true, LOST_NONE},
        {"compacted away, the topic's id known", 100, 99, 0, 200, ABSENT, 5, 5, 0, 0, false,
         LOST_NONE},
        {"looked for behind the end", 100, 99, 0, 99, ABSENT, 0, 0, 0, 0, false, LOST_AHEAD},
        {"an empty log made anew", 100, 99, 0, 0, 0, 0, 0, 0, 0, false, LOST_AHEAD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct position p = position_at(cases[i].next, cases[i].record);
        p.mark.topic = cases[i].was;
        p.mark.cluster = cases[i].from;
        struct evidence e = {.low = cases[i].low,
                             .high = cases[i].high,
                             .looked = cases[i].at != 0,
                             .found = cases[i].at == SAME || cases[i].at == OTHER,
                             .same = cases[i].at == SAME,
                             .compacted = cases[i].compacted,
                             .topic = cases[i].is,
                             .cluster = cases[i].in};
        if (position_judge(&p, &e) != cases[i].verdict)
            fail_msg("%s: %s", cases[i].what, lost_name(position_judge(&p, &e)));
    }
}

/* `admit.start: latest` is for the group's first life: a partition that came later has no past that
 * anybody chose to leave out. */
static void latest_is_for_the_first_life(void **state) {
    (void)state;
    assert_true(position_first_life(0, UINT32_MAX)); // nobody has committed anything
    assert_true(position_first_life(3, 4));          // born together with the others
    assert_false(position_first_life(4, 4));         // added to a topic of four
    assert_false(position_first_life(0, 0));         // a group of 0.1.0, which does not say
}

static void an_added_partition_is_one_that_came_later(void **state) {
    (void)state;
    assert_false(position_added(0, UINT32_MAX));
    assert_false(position_added(3, 4));
    assert_true(position_added(4, 4));
    assert_false(position_added(4, 0)); // not known, so the log's beginning is all there is
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_comes_back_as_it_was),
        cmocka_unit_test(a_mark_without_a_record_keeps_the_rest),
        cmocka_unit_test(metadata_of_others_is_no_mark),
        cmocka_unit_test(a_damaged_mark_is_taken_off_and_not_believed),
        cmocka_unit_test(another_record_has_another_mark),
        cmocka_unit_test(each_finding_has_its_verdict),
        cmocka_unit_test(latest_is_for_the_first_life),
        cmocka_unit_test(an_added_partition_is_one_that_came_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
