/* Reads the positions, the ends of the logs, and whether each position fits its partition: by the
 * same rules as the daemon (base/position.h), and by looking at the same record.
 *
 * What a crash leaves: each position that was set is one commit; nothing else is written.
 *
 * Thread: main thread */
#include "offsets.h"

#include "base/clock.h"
#include "base/lock_file.h"
#include "base/rng.h"
#include "query/selection_state.h"
#include "run/run.h"
#include "terminal/console.h"

#include <unistd.h>

enum {
    CALL_MS = 10000,  // one question to the broker
    START_MS = 10000, // for all topics to be there
    LOOK_MS = 10000,  // to look at the record before each position
    POLL_MS = 100,
    HELD_MS = 2000, // for a transaction to end
    RECORDS = 64    // taken at once, and not looked at
};

const char *offsets_topic_name(enum offsets_topic t) {
    static const char *const names[OFFSETS_TOPICS] = {"samples", "tasks", "labels"};
    return names[t];
}

/* ---- reading the positions ---- */

static struct offsets_row *offsets_table_find(const struct offsets_table *t, size_t topic,
                                              int32_t partition) {
    for (size_t i = 0; i < t->n; i++)
        if (t->row[i].topic == topic && t->row[i].partition == partition) return &t->row[i];
    return NULL;
}

static int offsets_table_read_group(struct offsets_table *t, struct offsets_row *row) {
    row->at.next = group_committed(t->group, row->partition, &row->metadata, &t->why);
    if (row->at.next == ERR_RETRY) return ERR_RETRY;
    struct text metadata = buf_view(&row->metadata);
    if (mark_read(&row->at.mark, row->at.next, &metadata) < 0) row->at.mark = mark_none();
    row->metadata.len = metadata.len;
    return 0;
}

static void offsets_table_read_store(struct offsets_table *t, struct offsets_row *row) {
    unsigned char mark[MARK_BYTES];
    bool marked;
    if (!t->store) return;
    row->at.next = store_positions_get(t->store, offsets_topic_name(row->topic), row->partition,
                                       mark, sizeof mark, &marked);
    if (marked && !mark_unpack(&row->at.mark, (struct text){(char *)mark, sizeof mark}))
        row->at.mark = mark_none();
}

/* The verdict as far as the ends of the log say it. */
static int offsets_table_read_ends(struct offsets_table *t, struct offsets_row *row) {
    row->low = reader_offset_at(t->reader, row->topic, row->partition, OFFSET_BEGINNING, CALL_MS);
    row->high = reader_offset_at(t->reader, row->topic, row->partition, OFFSET_END, CALL_MS);
    if (row->low < 0 || row->high < 0) {
        buf_printf(&t->why, "no answer for partition %d of %s", (int)row->partition,
                   offsets_topic_name(row->topic));
        return ERR_RETRY;
    }
    if (row->at.next < 0) return 0;
    struct evidence e = {.low = row->low, .high = row->high};
    row->lost = position_judge(&row->at, &e);
    row->known = row->lost != LOST_NONE || row->at.mark.record < row->low;
    return 0;
}

static int offsets_table_add(struct offsets_table *t, enum offsets_topic topic, int32_t partition) {
    struct offsets_row *row = &t->row[t->n++];
    *row = (struct offsets_row){.topic = topic,
                                .partition = partition,
                                .at = {.next = -1, .mark = mark_none()},
                                .known = true,
                                .lost = LOST_NONE};
    console_progress("asking for partition %d of %s", (int)partition, offsets_topic_name(topic));
    if (topic == OFFSETS_SAMPLES) TRY(offsets_table_read_group(t, row));
    else offsets_table_read_store(t, row);
    return offsets_table_read_ends(t, row);
}

/* ---- looking at the record before ---- */

/* Where there is nothing to look for, reading starts at the end and brings nothing. */
static struct position offsets_table_position(size_t topic, int32_t partition, void *opaque) {
    const struct offsets_table *t = opaque;
    const struct offsets_row *row = offsets_table_find(t, topic, partition);
    if (row && !row->known) return row->at;
    return (struct position){.next = row ? row->high : OFFSET_END, .mark = mark_none()};
}

static void offsets_table_moved(size_t topic, int32_t partition, int64_t to, void *opaque) {
    (void)topic, (void)partition, (void)to, (void)opaque; // never: lost_position is pause here
}

/* A position that is lost is not read from, so nothing tells. */
static void offsets_table_count_held(const struct offsets_table *t, struct offsets_row *row) {
    int64_t high = reader_high(t->reader, row->topic, row->partition);
    row->counted = high >= 0 || (row->known && row->lost != LOST_NONE);
    row->held = high > row->high ? high - row->high : 0;
}

static bool offsets_table_all_known(struct offsets_table *t) {
    bool all = true;
    for (size_t i = 0; i < t->n; i++) {
        struct offsets_row *row = &t->row[i];
        if (!row->known)
            row->known = reader_position_known(t->reader, row->topic, row->partition, &row->lost);
        if (!row->counted) offsets_table_count_held(t, row);
        all &= row->known && row->counted;
    }
    return all;
}

/* Transactions of those who run are over in a moment: what is still held back then is held up. */
static int offsets_table_judge_held(struct offsets_table *t) {
    int64_t since = clock_ms();
    for (size_t i = 0; i < t->n; i++) {
        struct offsets_row *row = &t->row[i];
        if (!row->held) continue;
        while (clock_ms() - since < HELD_MS) {
            if (atomic_load(console_stop())) return ERR_STOPPED;
            console_progress("waiting for transactions that are open to end");
            clock_sleep_ms(POLL_MS);
        }
        int64_t now = reader_offset_at(t->reader, row->topic, row->partition, OFFSET_END, CALL_MS);
        if (now <= row->high) continue;
        row->high = now;
        row->held = 0;
    }
    return 0;
}

static int offsets_table_look(struct offsets_table *t) {
    struct reader_record record[RECORDS];
    TRY(reader_start(t->reader, NULL, NULL));
    for (int64_t end = clock_ms() + LOOK_MS; !offsets_table_all_known(t) && clock_ms() < end;) {
        if (atomic_load(console_stop())) return ERR_STOPPED;
        console_progress("looking whether the positions fit");
        int n = reader_poll(t->reader, record, RECORDS, POLL_MS);
        TRY(n);
        reader_release(t->reader, record, (size_t)n);
    }
    return offsets_table_judge_held(t);
}

/* ---- life ---- */

static int offsets_table_open_reader(struct offsets_table *t) {
    const struct config *c = &t->config;
    const char *names[OFFSETS_TOPICS] = {c->topics.samples, c->topics.tasks, c->topics.labels};
    TRY(reader_create(&t->reader, c, names, OFFSETS_TOPICS, &t->why));
    int result;
    for (int64_t end = clock_ms() + START_MS;
         (result = reader_find_topics(t->reader)) == ERR_RETRY && clock_ms() < end &&
         !atomic_load(console_stop());)
        clock_sleep_ms(POLL_MS);
    if (result < 0)
        buf_printf(&t->why, "the topics are not there, or no broker answers at %s",
                   c->kafka.brokers);
    return result;
}

static int offsets_table_read(struct offsets_table *t) {
    size_t n = 0;
    for (size_t topic = 0; topic < OFFSETS_TOPICS; topic++)
        n += (size_t)reader_partitions(t->reader, topic);
    t->row = xcalloc(n, sizeof *t->row);
    for (enum offsets_topic topic = 0; topic < OFFSETS_TOPICS; topic++)
        for (int32_t p = 0; p < reader_partitions(t->reader, topic); p++)
            TRY(offsets_table_add(t, topic, p));
    reader_keep(t->reader,
                &(struct position_owner){offsets_table_position, offsets_table_moved, t});
    return offsets_table_look(t);
}

int offsets_table_open(struct offsets_table *t, const struct config *c) {
    *t = (struct offsets_table){.config = *c};
    t->config.kafka.lost_position = LOST_POSITION_PAUSE;
    t->dir = xasprintf("%s/labels", c->service.state_dir);
    int result = store_positions_open(&t->store, t->dir);
    if (result < 0 && result != ERR_MISSING)
        buf_printf(&t->why, "the label store in %s cannot be read: %s", t->dir, error_text(result));
    if (result == ERR_MISSING) result = 0;
    if (result == 0) result = group_open(&t->group, &t->config, &t->why);
    if (result == 0) result = offsets_table_open_reader(t);
    if (result == 0) result = offsets_table_read(t);
    console_clear();
    return result;
}

void offsets_table_close(struct offsets_table *t) {
    for (size_t i = 0; i < t->n; i++) buf_release(&t->row[i].metadata);
    reader_destroy(t->reader);
    group_close(t->group);
    store_positions_close(t->store);
    buf_release(&t->why);
    free(t->row);
    free(t->dir);
}

/* ---- setting ---- */

/* The mark of a position that a person chose: no record before it is known. */
static struct position_mark offsets_table_mark(struct offsets_table *t,
                                               const struct offsets_row *row) {
    struct position_mark m = mark_none();
    m.born = row->at.mark.born;
    reader_ids(t->reader, row->topic, &m.topic, &m.cluster);
    return m;
}

/* The selection state goes along, so that budget and caps stay as they are. */
static int offsets_table_set_group(struct offsets_table *t, const struct offsets_row *row,
                                   int64_t offset, const struct position_mark *mark) {
    char text[STATE_TEXT_MAX + MARK_TEXT + 1];
    const char *topic = t->config.topics.samples;
    uint64_t hash = hash_bytes(topic, strlen(topic));
    struct partition_state state;
    size_t n = 0;
    if (state_read(&state, hash, row->at.next, buf_view(&row->metadata)) == 0)
        n = state_write(&state, hash, offset, text);
    mark_write(mark, offset, text + n);
    return group_commit(t->group, row->partition, offset, (struct text){text, n + MARK_TEXT},
                        &t->why);
}

/* As a learner holds it, whatever its service.instance. */
static int offsets_table_hold_store(const struct offsets_table *t) {
    char *path = xasprintf("%s.lock", t->dir);
    int lock = lock_file_hold(path);
    free(path);
    return lock;
}

static int offsets_table_set_store(struct offsets_table *t, const struct offsets_row *row,
                                   int64_t offset, const struct position_mark *mark) {
    unsigned char bytes[MARK_BYTES];
    if (!t->store) {
        buf_printf(&t->why, "there is no label store in %s: run this where the learner runs",
                   t->dir);
        return ERR_MISSING;
    }
    mark_pack(mark, bytes);
    int lock = offsets_table_hold_store(t);
    if (lock < 0) {
        buf_printf(&t->why, "another process has the label store in %s open", t->dir);
        return lock;
    }
    int result = store_positions_set(t->store, offsets_topic_name(row->topic), row->partition,
                                     offset, (struct text){(char *)bytes, sizeof bytes});
    close(lock); // the next partition is set under a lock of its own
    if (result < 0) buf_printf(&t->why, "the label store in %s refuses", t->dir);
    return result;
}

int offsets_table_lock(const struct offsets_table *t) {
    char *name = instance_of(&t->config);
    int result = lock_file_take(t->config.service.state_dir, name);
    free(name);
    return result;
}

int offsets_table_set(struct offsets_table *t, const struct offsets_row *row, int64_t offset) {
    struct position_mark mark = offsets_table_mark(t, row);
    if (row->topic == OFFSETS_SAMPLES) return offsets_table_set_group(t, row, offset, &mark);
    return offsets_table_set_store(t, row, offset, &mark);
}
