/* Where the reading of tasks and labels stands, as the store keeps it. What a crash leaves:
 *   before the store's commit  the records behind the kept position are read again
 *   after it                   nothing to do
 * An end that was reached behind the last record (transaction markers) is written within a second:
 * a crash before that reads the markers again.
 *
 * Thread: learner thread */
#include "labelled_positions.h"

#include "base/error.h"
#include "labelled_topic.h"

#include <stdlib.h>

/* Ends of partitions that were reached and are not in the store yet; -1: none. */
struct ends {
    int64_t *at; // (n) by partition
    size_t n;
};

struct labelled_positions {
    struct reader *reader;
    struct store *store;
    struct label_letters *letters;
    struct ends ends[LABELLED_TOPICS];
};

static struct position labelled_positions_of(size_t topic, int32_t partition, void *opaque) {
    struct labelled_positions *p = opaque;
    const char *name = labelled_topic_name((enum labelled_topic)topic);
    unsigned char mark[MARK_BYTES];
    struct position at = {.next = store_offset(p->store, name, partition), .mark = mark_none()};
    if (at.next >= 0 && store_mark(p->store, name, partition, mark, sizeof mark) &&
        !mark_unpack(&at.mark, (struct text){(char *)mark, sizeof mark}))
        at.mark = mark_none();
    return at;
}

/* Its mark keeps how many partitions there were when this one was first read. */
static int labelled_positions_keep(struct labelled_positions *p, enum labelled_topic topic,
                                   int32_t partition, const struct position *at) {
    const char *name = labelled_topic_name(topic);
    unsigned char mark[MARK_BYTES];
    struct position_mark kept = at->mark, before = labelled_positions_of(topic, partition, p).mark;
    kept.born = before.born ? before.born : (uint32_t)reader_partitions(p->reader, topic);
    mark_pack(&kept, mark);
    TRY(store_set_offset(p->store, name, partition, at->next));
    return store_set_mark(p->store, name, partition, (struct text){(char *)mark, sizeof mark});
}

/* The record is the last one of its partition for now. */
int labelled_positions_keep_record(struct labelled_positions *p, const struct reader_record *r) {
    struct position at = {.next = r->offset + 1, .mark = mark_none()};
    mark_record(&at.mark, r->offset, r->time_ms, r->key, r->value);
    reader_ids(p->reader, r->topic, &at.mark.topic, &at.mark.cluster);
    return labelled_positions_keep(p, (enum labelled_topic)r->topic, r->partition, &at);
}

/* Should the store refuse, the next records move the position. */
static void labelled_positions_moved(size_t topic, int32_t partition, int64_t to, void *opaque) {
    struct labelled_positions *p = opaque;
    struct position at = {.next = to, .mark = mark_none()};
    if (topic == LABELLED_LABELS) label_letters_moved(p->letters, partition, to);
    reader_ids(p->reader, topic, &at.mark.topic, &at.mark.cluster);
    if (store_begin(p->store) < 0) return;
    if (labelled_positions_keep(p, (enum labelled_topic)topic, partition, &at) < 0 ||
        store_commit(p->store) < 0)
        store_abort(p->store);
}

void labelled_positions_note_ends(struct labelled_positions *p) {
    size_t topic;
    int32_t partition;
    int64_t end;
    while (reader_next_end(p->reader, &topic, &partition, &end)) {
        struct ends *e = &p->ends[topic];
        if ((size_t)partition >= e->n) {
            e->at = xrealloc(e->at, ((size_t)partition + 1) * sizeof *e->at);
            while (e->n <= (size_t)partition) e->at[e->n++] = -1;
        }
        e->at[partition] = end;
    }
}

int labelled_positions_keep_ends(struct labelled_positions *p) {
    for (enum labelled_topic t = 0; t < LABELLED_TOPICS; t++)
        for (size_t i = 0; i < p->ends[t].n; i++) {
            int64_t end = p->ends[t].at[i];
            p->ends[t].at[i] = -1;
            if (end < 0) continue;
            struct position at = labelled_positions_of(t, (int32_t)i, p);
            if (end <= at.next) continue;
            at.next = end;
            TRY(labelled_positions_keep(p, t, (int32_t)i, &at));
        }
    return 0;
}

struct labelled_positions *labelled_positions_create(struct reader *reader, struct store *store,
                                                     struct label_letters *letters) {
    struct labelled_positions *p = xcalloc(1, sizeof *p);
    *p = (struct labelled_positions){.reader = reader, .store = store, .letters = letters};
    reader_keep(reader,
                &(struct position_owner){labelled_positions_of, labelled_positions_moved, p});
    return p;
}

void labelled_positions_destroy(struct labelled_positions *p) {
    if (!p) return;
    for (size_t t = 0; t < LABELLED_TOPICS; t++) free(p->ends[t].at);
    free(p);
}
