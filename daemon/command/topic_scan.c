/* Reading for a person who waits: progress on the terminal, and an end to every wait.
 *
 * Thread: main thread */
#include "topic_scan.h"

#include "base/clock.h"
#include "terminal/console.h"

enum {
    START_MS = 10000, // for the topic's partitions and ends, before the broker counts as away
    STALL_MS = 20000, // without one record, before the reading is given up
    POLL_MS = 100,    // a wait for records: Ctrl-C is heard that soon
    RECORDS = 256     // read at a time
};

int topic_scan_start(struct reader *r, const struct config *c, const char *topic,
                     int64_t (*start)(size_t topic, int32_t partition, void *opaque), void *opaque,
                     struct buf *why) {
    const _Atomic bool *stop = console_stop();
    int result;
    for (int64_t end = clock_ms() + START_MS;
         (result = reader_start(r, start, opaque)) == ERR_RETRY && clock_ms() < end &&
         !atomic_load(stop);)
        clock_sleep_ms(POLL_MS);
    if (result < 0)
        buf_printf(why, "topic %s is not there, may not be read, or no broker answers at %s", topic,
                   c->kafka.brokers);
    return result;
}

static int topic_scan_batch(struct reader *r,
                            int (*visit)(const struct reader_record *r, void *opaque), void *opaque,
                            int *got) {
    struct reader_record record[RECORDS];
    int result = 0;
    *got = reader_poll(r, record, RECORDS, POLL_MS);
    TRY(*got);
    for (int i = 0; i < *got && result == 0; i++) result = visit(&record[i], opaque);
    reader_release(r, record, (size_t)*got);
    return result;
}

int topic_scan_to_end(struct reader *r, const char *topic,
                      int (*visit)(const struct reader_record *r, void *opaque), void *opaque,
                      struct buf *why) {
    const _Atomic bool *stop = console_stop();
    uint64_t read = 0;
    int result = 0, got;
    for (int64_t end = clock_ms() + STALL_MS; result == 0 && !reader_caught_up(r);) {
        if (atomic_load(stop)) result = ERR_STOPPED;
        else if (clock_ms() > end) result = ERR_RETRY;
        else result = topic_scan_batch(r, visit, opaque, &got);
        if (result == 0 && got > 0) end = clock_ms() + STALL_MS;
        if (result == 0) read += (uint64_t)got;
        console_progress("reading %s: %llu records", topic, (unsigned long long)read);
    }
    console_clear();
    if (result < 0 && !why->len)
        buf_printf(why,
                   result == ERR_STOPPED ? "stopped while reading topic %s"
                                         : "topic %s could not be read to its end",
                   topic);
    return result;
}

int topic_scan(const struct config *c, const char *topic,
               int (*visit)(const struct reader_record *r, void *opaque), void *opaque,
               struct buf *why) {
    struct reader *r;
    TRY(reader_create(&r, c, &topic, 1, why));
    int result = topic_scan_start(r, c, topic, NULL, NULL, why);
    if (result == 0) result = topic_scan_to_end(r, topic, visit, opaque, why);
    reader_destroy(r);
    return result;
}
