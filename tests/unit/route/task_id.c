/* Ids of tasks: unlike for unlike samples, in order of time, and each reader's found from any
 * other's.
 */
#include "route/task_id.h"

#include "unit/test.h"

#include <string.h>

static void test_ids(void **state) {
    (void)state;
    char id[TASK_ID_LENGTH + 1], last[TASK_ID_LENGTH + 1] = "";
    uint8_t bytes[TASK_ID_BYTES], before[TASK_ID_BYTES] = {0};
    for (int64_t time_ms = 1; time_ms < (int64_t)1 << 48; time_ms = time_ms * 3 + 7) {
        task_id(id, TEXT("samples"), 1, 5, time_ms);
        assert_int_equal(strlen(id), TASK_ID_LENGTH);
        assert_true(strcmp(id, last) > 0);
        assert_int_equal(task_id_parse(bytes, text_of(id)), 0);
        assert_true(memcmp(bytes, before, sizeof bytes) > 0);
        memcpy(last, id, sizeof id);
        memcpy(before, bytes, sizeof bytes);
    }
    task_id(id, TEXT("samples"), 1, 5, -1);
    assert_memory_equal(id, "00000000-0000-7", 15);
    task_id(id, TEXT("samples"), 1, 5, INT64_MAX);
    assert_memory_equal(id, "ffffffff-ffff-7", 15);
}

static int by_bytes(const void *a, const void *b) { return memcmp(a, b, TASK_ID_BYTES); }

/* In one millisecond too: partitions, offsets and topics of equal numbers do not meet. */
static void test_ids_differ(void **state) {
    (void)state;
    enum { P = 50, O = 400 };
    static uint8_t ids[2 * P * O][TASK_ID_BYTES];
    char id[TASK_ID_LENGTH + 1], again[TASK_ID_LENGTH + 1];
    size_t n = 0;
    for (int topic = 0; topic < 2; topic++)
        for (int32_t p = 0; p < P; p++)
            for (int64_t o = 0; o < O; o++) {
                task_id(id, topic ? TEXT("b") : TEXT("a"), p, o, 1000);
                task_id(again, topic ? TEXT("b") : TEXT("a"), p, o, 1000);
                assert_string_equal(id, again);
                assert_int_equal(task_id_parse(ids[n++], text_of(id)), 0);
            }
    qsort(ids, n, TASK_ID_BYTES, by_bytes);
    for (size_t i = 1; i < n; i++)
        assert_int_not_equal(memcmp(ids[i - 1], ids[i], TASK_ID_BYTES), 0);
}

static void test_id_parse(void **state) {
    (void)state;
    uint8_t a[TASK_ID_BYTES], b[TASK_ID_BYTES];
    assert_int_equal(task_id_parse(a, TEXT("019abcde-f012-7abc-8def-0123456789ab")), 0);
    assert_int_equal(task_id_parse(b, TEXT("019ABCDE-F012-7ABC-8DEF-0123456789AB")), 0);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_equal(a, "\x01\x9a\xbc\xde\xf0\x12\x7a\xbc\x8d\xef\x01\x23\x45\x67\x89\xab",
                        sizeof a);
    static const char *const bad[] = {"",
                                      "019abcde-f012-7abc-8def-0123456789a",
                                      "019abcde-f012-7abc-8def-0123456789ab0",
                                      "019abcde-f012-4abc-8def-0123456789ab",
                                      "019abcde-f012-7abc-cdef-0123456789ab",
                                      "019abcdef012-7abc-8def--0123456789ab",
                                      "019abcde-f012-7abc-8def-0123456789ag"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(task_id_parse(a, text_of(bad[i])), ERR_INPUT);
    assert_int_equal(task_id_parse(a, (struct text){NULL, 0}), ERR_INPUT);
}

static void test_readers_are_found_from_each_other(void **state) {
    (void)state;
    char text[TASK_ID_LENGTH + 1];
    uint8_t id[OPINIONS_MAX + 1][TASK_ID_BYTES];
    task_id(text, TEXT("samples"), 1, 5, 1000);
    for (int reader = 1; reader <= OPINIONS_MAX; reader++) {
        if (reader > 1) task_id_text_read_by(text, reader - 1, reader);
        assert_int_equal(task_id_parse(id[reader], text_of(text)), 0);
    }
    for (int from = 1; from <= OPINIONS_MAX; from++)
        for (int to = 1; to <= OPINIONS_MAX; to++) {
            uint8_t other[TASK_ID_BYTES];
            memcpy(other, id[from], sizeof other);
            task_id_read_by(other, from, to);
            assert_memory_equal(other, id[to], sizeof other);
            if (from != to) assert_memory_not_equal(id[from], id[to], sizeof other);
        }
}

static void test_time_stands_in_it(void **state) {
    (void)state;
    char text[TASK_ID_LENGTH + 1];
    uint8_t id[TASK_ID_BYTES];
    task_id(text, TEXT("samples"), 1, 5, 1795336000123);
    assert_int_equal(task_id_parse(id, text_of(text)), 0);
    assert_int_equal(task_id_time(id), 1795336000123);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_ids_differ),
        cmocka_unit_test(test_id_parse),
        cmocka_unit_test(test_readers_are_found_from_each_other),
        cmocka_unit_test(test_time_stands_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
