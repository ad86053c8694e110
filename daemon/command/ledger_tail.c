/* A list of the newest tasks need not read a million older ones: so much of each partition's end is
 * read, and the labels that can belong to it. Whether that was enough is known afterwards, by the
 * time of the first task that was read of each partition which is longer.
 *
 * Thread: main thread */
#include "ledger_tail.h"

#include "base/error.h"

enum { ENDS_MS = 5000 }; // how long a broker may take to say where a partition begins and ends

struct ledger_part {
    bool cut, seen;   // cut: its older records are left out; seen: a task of it was read
    int64_t first_ms; // time of the first task that was read
};

static struct ledger_part *ledger_tail_part(struct ledger_tail *t, int32_t partition) {
    size_t n = (size_t)partition + 1;
    if (n > t->n) {
        t->part = xrealloc(t->part, n * sizeof *t->part);
        memset(t->part + t->n, 0, (n - t->n) * sizeof *t->part);
        t->n = n;
    }
    return &t->part[partition];
}

void ledger_tail_release(struct ledger_tail *t) {
    free(t->part);
    *t = (struct ledger_tail){0};
}

int64_t ledger_tail_task(size_t topic, int32_t partition, void *tail) {
    struct ledger_tail *t = tail;
    if (!t->span) return OFFSET_BEGINNING;
    int64_t low = reader_offset_at(t->reader, topic, partition, OFFSET_BEGINNING, ENDS_MS),
            high = reader_offset_at(t->reader, topic, partition, OFFSET_END, ENDS_MS),
            share = (int64_t)(t->span / (uint64_t)reader_partitions(t->reader, topic)) + 1;
    bool known = low >= 0 && high >= low;
    ledger_tail_part(t, partition)->cut = known && high - low > share;
    return known && high - low > share ? high - share : OFFSET_BEGINNING;
}

void ledger_tail_note(struct ledger_tail *t, int32_t partition, int64_t time_ms) {
    struct ledger_part *p = ledger_tail_part(t, partition);
    if (!p->seen) p->first_ms = time_ms;
    p->seen = true;
}

bool ledger_tail_cut(const struct ledger_tail *t, int64_t *since_ms) {
    bool cut = false;
    *since_ms = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (!t->part[i].cut) continue;
        cut = true;
        int64_t since = t->part[i].seen ? t->part[i].first_ms : INT64_MAX; // nothing but markers
        if (since > *since_ms) *since_ms = since;
    }
    return cut;
}

/* The oldest task that was read of a partition that is longer. */
static int64_t ledger_tail_oldest(const struct ledger_tail *t) {
    int64_t oldest = INT64_MAX;
    for (size_t i = 0; i < t->n; i++)
        if (t->part[i].seen && t->part[i].first_ms < oldest) oldest = t->part[i].first_ms;
    return oldest;
}

int64_t ledger_tail_label(size_t topic, int32_t partition, void *tail) {
    struct ledger_tail *t = tail;
    int64_t since;
    if (!ledger_tail_cut(t, &since) || ledger_tail_oldest(t) <= t->early_ms)
        return OFFSET_BEGINNING;
    int64_t from = ledger_tail_oldest(t) - t->early_ms,
            at = reader_offset_at(t->reader, topic, partition, from, ENDS_MS);
    if (at == OFFSET_END) at = reader_offset_at(t->reader, topic, partition, OFFSET_END, ENDS_MS);
    return at >= 0 ? at : OFFSET_BEGINNING;
}
