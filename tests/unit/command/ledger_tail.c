/* How much of the tasks topic a list of the newest reads: a share of each partition's end, the
 * labels that can belong to it, and whether that was enough. The broker is played. */
#include "command/ledger_tail.h"

#include "unit/test.h"

enum { PARTITIONS = 2, EARLY_MS = 1000 };

static struct {
    int64_t low[PARTITIONS], high[PARTITIONS], asked_ms;
    bool answers;
} broker;

int64_t reader_offset_at(struct reader *r, size_t topic, int32_t partition, int64_t time_ms,
                         int timeout_ms) {
    (void)r, (void)topic, (void)timeout_ms;
    if (!broker.answers) return OFFSET_UNKNOWN;
    if (time_ms == OFFSET_BEGINNING) return broker.low[partition];
    if (time_ms == OFFSET_END) return broker.high[partition];
    broker.asked_ms = time_ms;
    return partition ? OFFSET_END : 7; // nothing is as late in the second partition
}

int32_t reader_partitions(const struct reader *r, size_t topic) {
    (void)r, (void)topic;
    return PARTITIONS;
}

static void begin(struct ledger_tail *t, uint64_t span) {
    *t = (struct ledger_tail){.span = span, .early_ms = EARLY_MS};
    broker.low[0] = 100;
    broker.high[0] = 1000;
    broker.low[1] = 0;
    broker.high[1] = 30;
    broker.answers = true;
}

static void a_share_of_each_end_is_read(void **state) {
    (void)state;
    struct ledger_tail t;
    int64_t since;
    begin(&t, 100);
    assert_int_equal(ledger_tail_task(0, 0, &t), 1000 - 51);
    assert_int_equal(ledger_tail_task(0, 1, &t), OFFSET_BEGINNING); // it is shorter than that
    assert_true(ledger_tail_cut(&t, &since));
    assert_true(since == INT64_MAX); // no task of it was read: nobody knows
    ledger_tail_note(&t, 1, 5000);   // of the partition that is whole
    ledger_tail_note(&t, 0, 9000);
    ledger_tail_note(&t, 0, 9500);
    assert_true(ledger_tail_cut(&t, &since));
    assert_int_equal(since, 9000);
    assert_int_equal(ledger_tail_label(0, 0, &t), 7);
    assert_int_equal(broker.asked_ms, 5000 - EARLY_MS);
    assert_int_equal(ledger_tail_label(0, 1, &t), 30);
    ledger_tail_release(&t);
}

static void short_topics_are_read_whole(void **state) {
    (void)state;
    struct ledger_tail t;
    int64_t since;
    begin(&t, 4000);
    for (int32_t p = 0; p < PARTITIONS; p++)
        assert_int_equal(ledger_tail_task(0, p, &t), OFFSET_BEGINNING);
    ledger_tail_note(&t, 0, 9000);
    assert_false(ledger_tail_cut(&t, &since));
    assert_int_equal(ledger_tail_label(0, 0, &t), OFFSET_BEGINNING);
    ledger_tail_release(&t);
    begin(&t, 0); // all of it, whatever its length
    assert_int_equal(ledger_tail_task(0, 0, &t), OFFSET_BEGINNING);
    assert_false(ledger_tail_cut(&t, &since));
    ledger_tail_release(&t);
}

static void without_an_answer_nothing_is_left_out(void **state) {
    (void)state;
    struct ledger_tail t;
    int64_t since;
    begin(&t, 10);
    broker.answers = false;
    assert_int_equal(ledger_tail_task(0, 0, &t), OFFSET_BEGINNING);
    assert_false(ledger_tail_cut(&t, &since));
    ledger_tail_release(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_share_of_each_end_is_read),
                                       cmocka_unit_test(short_topics_are_read_whole),
                                       cmocka_unit_test(without_an_answer_nothing_is_left_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
