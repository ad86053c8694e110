/* libFuzzer target: any bytes as a value of the label store are refused, or read to what, written,
 * reads back the same. clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/store_record.c */
#include "store/store_record.h"

enum { D = 2, K = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The head that was read, written and read again, is written to the same bytes. */
static void check_entry(struct text value, uint8_t kind) {
    struct entry e, again;
    unsigned char first[ENTRY_BYTES], second[ENTRY_BYTES];
    struct buf whole = {0};
    if (!store_record_read_entry(&e, value, kind, D, K)) return;
    CHECK(value.len ==
          ENTRY_BYTES + D * 8 + ((size_t)e.members + e.boosted) * K * 4 + e.sample_len);
    store_record_write_entry(first, &e);
    buf_add(&whole, first, sizeof first);
    buf_add(&whole, value.at + ENTRY_BYTES, value.len - ENTRY_BYTES);
    CHECK(store_record_read_entry(&again, buf_view(&whole), kind, D, K));
    store_record_write_entry(second, &again);
    CHECK(memcmp(first, second, sizeof first) == 0);
    buf_release(&whole);
}

static void check_answer(struct text value) {
    struct task_answer a, again;
    unsigned char bytes[ANSWER_BYTES];
    if (!store_record_read_answer(&a, value, K)) return;
    store_record_write_answer(bytes, &a);
    CHECK(store_record_read_answer(&again, (struct text){(char *)bytes, sizeof bytes}, K));
    CHECK(join_compare(&a, &again) == 0 && a.class_ == again.class_ && a.outcome == again.outcome);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text value = {(const char *)data, size};
    static struct tally tally;
    struct coverage coverage[COVERAGE_TASKS];
    struct versions versions;
    int64_t offset;
    for (uint8_t kind = 0; kind < KINDS; kind++) check_entry(value, kind);
    check_answer(value);
    if (store_record_read_tally(&tally, value, K)) CHECK(tally.open <= tally.tasks);
    size_t tasks = store_record_read_coverage(coverage, value);
    if (tasks) CHECK(size == tasks * COVERAGE_BYTES);
    if (store_record_read_versions(&versions, value))
        CHECK(versions.published < STORE_VERSION_MOST && versions.in_tasks < STORE_VERSION_MOST);
    if (store_record_read_offset(&offset, value)) CHECK(offset >= 0);
    return 0;
}
