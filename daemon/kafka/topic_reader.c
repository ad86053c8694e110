/* Plain reading of whole topics: assigned by hand, from offsets that the caller keeps (in LMDB, or
 * none at all).
 *
 * "Caught up" means that every partition has been at its end; partition-EOF events tell, because
 * the last offsets of a transactional topic are markers that no reader sees. An offset that does
 * not belong to its partition (places.c) is never read from: with an owner of the positions that
 * partition stands still, without one the topic is read again from its beginning.
 *
 * Thread: the thread that owns it */
#include "kafka/topic_reader.h"

#include "base/clock.h"
#include "base/log.h"
#include "client_private.h"
#include "metrics/metrics.h"
#include "places.h"
#include "refusal.h"

#include <inttypes.h>

enum {
    METADATA_TIMEOUT_MS = 5000,
    IDS_TIMEOUT_MS = 1000, // for the ids of topic and cluster, which are not needed
    CHUNKS_DIGITS = 9      // of a count of chunks
};

struct source {
    const char *name;
    int32_t partitions;
    bool *at_end; // (partitions) has reached the end once
    struct places places;
    struct refusal refusal;
    struct position *own; // (partitions) where reading is, without an owner
};

struct reader {
    rd_kafka_t *rk;
    const struct config *config;
    struct position_owner owner; // .position NULL: the reader itself
    size_t n;
    struct source source[READER_TOPICS];
    size_t waiting; // partitions that have not been at the end yet
    bool grown;     // partitions were found that are not assigned yet
    bool started;
    size_t rereads; // without an owner: begun again at the beginning
    int64_t now_ms; // of the present poll's first message
};

int reader_create(struct reader **out, const struct config *c, const char *const *names, size_t n,
                  struct buf *why) {
    CHECK(n <= READER_TOPICS);
    const char *owned[] = {KAFKA_READER_OWNS(c->service.name), NULL};
    struct reader *r = xcalloc(1, sizeof *r);
    r->n = n;
    r->config = c;
    for (size_t i = 0; i < n; i++) {
        r->source[i].name = r->source[i].places.topic = names[i];
        r->source[i].places.index = i;
    }
    int result = kafka_create(
        &r->rk, c, &(struct kafka_settings){.type = RD_KAFKA_CONSUMER, .owned = owned, .opaque = r},
        why);
    if (result < 0) {
        free(r);
        return result;
    }
    rd_kafka_poll_set_consumer(r->rk);
    *out = r;
    return 0;
}

void reader_destroy(struct reader *r) {
    if (!r) return;
    rd_kafka_consumer_close(r->rk);
    kafka_destroy(r->rk);
    for (size_t i = 0; i < r->n; i++) {
        free(r->source[i].at_end);
        free(r->source[i].own);
        places_release(&r->source[i].places);
    }
    free(r);
}

void reader_keep(struct reader *r, const struct position_owner *owner) { r->owner = *owner; }

/* ---- positions without an owner ---- */

static struct position reader_position(size_t topic, int32_t partition, void *opaque) {
    const struct reader *r = opaque;
    return r->source[topic].own[partition];
}

static void reader_moved(size_t topic, int32_t partition, int64_t to, void *opaque) {
    struct reader *r = opaque;
    r->source[topic].own[partition] = (struct position){.next = to, .mark = mark_none()};
    r->rereads++;
}

static struct position_owner reader_owner(struct reader *r) {
    return r->owner.position ? r->owner : (struct position_owner){reader_position, reader_moved, r};
}

/* ---- starting ---- */

static int reader_find(struct reader *r, struct source *s) {
    int n = kafka_partitions(r->rk, s->name, METADATA_TIMEOUT_MS);
    if (n <= 0) {
        kafka_topic_unavailable(s->name, n);
        return ERR_RETRY;
    }
    s->places.verify |= r->started && n < s->partitions; // made anew with fewer
    if (n <= s->partitions) return 0;
    s->at_end = xrealloc(s->at_end, (size_t)n * sizeof *s->at_end);
    s->own = xrealloc(s->own, (size_t)n * sizeof *s->own);
    for (int32_t p = s->partitions; p < n; p++) {
        s->at_end[p] = false;
        s->own[p] = (struct position){.next = RD_KAFKA_OFFSET_BEGINNING, .mark = mark_none()};
    }
    r->waiting += (size_t)(n - s->partitions);
    r->grown = true;
    s->partitions = n;
    return 0;
}

_Static_assert(OFFSET_BEGINNING == RD_KAFKA_OFFSET_BEGINNING, "as the library has it");
_Static_assert(OFFSET_END == RD_KAFKA_OFFSET_END, "as the library has it");
_Static_assert(OFFSET_UNKNOWN == RD_KAFKA_OFFSET_INVALID, "as the library has it");

int64_t reader_offset_at(struct reader *r, size_t topic, int32_t partition, int64_t time_ms,
                         int timeout_ms) {
    return kafka_offset_at(r->rk, r->source[topic].name, partition, time_ms, timeout_ms);
}

int reader_ask(struct reader *r, const char *topic, int timeout_ms) {
    int n = kafka_partitions(r->rk, topic, timeout_ms);
    return n < 0 ? n : 0;
}

int reader_cluster(struct reader *r, struct buf *out, int timeout_ms) {
    if (reader_ask(r, r->source[0].name, timeout_ms) == ERR_RETRY) return ERR_RETRY;
    char *id = rd_kafka_clusterid(r->rk, timeout_ms); // known by the answer, if at all
    if (id) buf_str(out, id);
    if (id) rd_kafka_mem_free(r->rk, id);
    return 0;
}

/* The smallest `born` of what the owner keeps of the topic: position_added. */
static uint32_t reader_least_born(const struct reader *r, size_t topic) {
    uint32_t least = UINT32_MAX;
    for (int32_t p = 0; p < r->source[topic].partitions; p++) {
        struct position at = r->owner.position(topic, p, r->owner.opaque);
        if (at.next >= 0 && at.mark.born < least) least = at.mark.born;
    }
    return least;
}

/* Where a partition starts that is not read yet. One that was added, while we read or while we did
 * not, is due from its first record on. */
static struct position reader_begin_at(struct reader *r, size_t topic, int32_t partition,
                                       int64_t (*start)(size_t, int32_t, void *), void *opaque) {
    if (r->owner.position) {
        bool added = r->started || position_added(partition, reader_least_born(r, topic));
        return places_first(&r->source[topic].places, partition, added, &r->owner);
    }
    struct position *own = &r->source[topic].own[partition];
    int64_t at = start ? start(topic, partition, opaque) : -1;
    if (at >= 0 && own->next < 0) own->next = at;
    return *own;
}

static void reader_add_source(struct reader *r, size_t topic,
                              int64_t (*start)(size_t, int32_t, void *), void *opaque,
                              rd_kafka_topic_partition_list_t *list) {
    struct source *s = &r->source[topic];
    s->places.ids = place_ids_of(r->rk, s->name, IDS_TIMEOUT_MS);
    for (int32_t p = 0; p < s->partitions; p++) {
        if ((size_t)p < s->places.n && s->places.place[p].lost != LOST_NONE) continue;
        struct position at = reader_begin_at(r, topic, p, start, opaque);
        if (at.next < 0) at.next = RD_KAFKA_OFFSET_BEGINNING;
        rd_kafka_topic_partition_list_add(list, s->name, p)->offset =
            places_begin(&s->places, p, &at);
    }
}

int reader_find_topics(struct reader *r) {
    for (size_t i = 0; i < r->n; i++) TRY(reader_find(r, &r->source[i]));
    return 0;
}

int reader_start(struct reader *r, int64_t (*start)(size_t, int32_t, void *), void *opaque) {
    TRY(reader_find_topics(r));
    if (r->started && !r->grown && !r->owner.position) return 0;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (size_t i = 0; i < r->n; i++) reader_add_source(r, i, start, opaque, list);
    rd_kafka_resp_err_t err = kafka_assign(r->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (err) return ERR_RETRY; // what was found stays to be assigned
    r->started = true;
    r->grown = false;
    return 0;
}

/* ---- reading ---- */

static size_t topic_index(const struct reader *r, const char *name) {
    size_t i = 0;
    while (i < r->n && strcmp(r->source[i].name, name) != 0) i++;
    return i;
}

static void reader_note_at_end(struct reader *r, struct source *s, int32_t partition) {
    if (partition < 0 || partition >= s->partitions || s->at_end[partition]) return;
    s->at_end[partition] = true;
    r->waiting--;
}

/* What stands still is as far as it will be read. */
static void reader_note_lost(struct reader *r, struct source *s) {
    for (int32_t p = 0; p < s->partitions && (size_t)p < s->places.n; p++)
        if (s->places.place[p].lost != LOST_NONE) reader_note_at_end(r, s, p);
}

/* Digits and nothing else: "-1" would be the largest number. */
static size_t reader_chunks(struct text header) {
    size_t n = 0;
    for (size_t i = 0; i < header.len; i++) {
        if (header.at[i] < '0' || header.at[i] > '9' || i >= CHUNKS_DIGITS) return 0;
        n = 10 * n + (size_t)(header.at[i] - '0');
    }
    return n;
}

static struct reader_record reader_describe(const struct reader *r, rd_kafka_message_t *m) {
    rd_kafka_timestamp_type_t type;
    struct reader_record record = {
        .topic = topic_index(r, rd_kafka_topic_name(m->rkt)),
        .partition = m->partition,
        .offset = m->offset,
        .time_ms = rd_kafka_message_timestamp(m, &type),
        .key = {m->key, m->key_len},
        .value = {m->payload, m->len},
        .message = m,
    };
    record.chunks = reader_chunks(reader_header(&record, "chunks"));
    return record;
}

static void reader_event(struct reader *r, struct source *s, const rd_kafka_message_t *m) {
    if (s) refusal_note(&s->refusal, s->name, m);
    bool known = s && places_event(&s->places, m);
    if (s && m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && places_sure(&s->places, m->partition))
        reader_note_at_end(r, s, m->partition);
    if (known) return;
    if (m->err == RD_KAFKA_RESP_ERR__BAD_COMPRESSION) {
        kafka_batch_unreadable(m);
        return;
    }
    metric_add_by(METRIC_kafka_errors, KAFKA_ERROR_RETRIABLE, 1);
    LOG(WARNING, "consume_error", rd_kafka_message_errstr(m), L_STR("topic", s ? s->name : ""),
        L_I64("partition", m->partition), L_STR("error", rd_kafka_err2name(m->err)));
}

/* Judges what is in doubt; without an owner whatever does not fit is read again from its
 * beginning. */
static void reader_settle(struct reader *r) {
    const struct position_owner owner = reader_owner(r);
    bool again = false, keeps = r->owner.position != NULL,
         earliest = !keeps || r->config->kafka.lost_position == LOST_POSITION_EARLIEST;
    for (size_t i = 0; i < r->n; i++) {
        struct source *s = &r->source[i];
        again |= places_settle(&s->places, r->rk, r->config, earliest, &owner) > 0;
        again |= refusal_ask(&s->refusal);
        reader_note_lost(r, s);
    }
    if (!again) return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (size_t i = 0; i < r->n; i++) places_restart(&r->source[i].places, &owner, list);
    if (kafka_assign(r->rk, list)) r->source[0].places.verify = true; // once more
    rd_kafka_topic_partition_list_destroy(list);
}

static void reader_follow_own(struct source *s, const struct reader_record *record) {
    struct position *own = &s->own[record->partition];
    own->next = record->offset + 1;
    mark_record(&own->mark, record->offset, record->time_ms, record->key, record->value);
}

/* Takes over a message of the library: 1 where it is a record to hand out, which *out then owns. */
static int reader_take(struct reader *r, rd_kafka_message_t *m, struct reader_record *out) {
    size_t topic = m->rkt ? topic_index(r, rd_kafka_topic_name(m->rkt)) : r->n;
    struct source *s = topic < r->n ? &r->source[topic] : NULL;
    if (!m->err && s) {
        const struct position_owner owner = reader_owner(r);
        places_wake(&s->places, r->rk, r->config, &m, 1, r->now_ms, &owner);
    }
    if (!m->err && s) refusal_over(&s->refusal, s->name);
    if (!m->err && s && places_take(&s->places, m)) {
        *out = reader_describe(r, m);
        places_move(&s->places, m);
        if (!r->owner.position && m->partition < s->partitions) reader_follow_own(s, out);
        return 1;
    }
    if (m->err) reader_event(r, s, m);
    rd_kafka_message_destroy(m);
    return 0;
}

int reader_poll(struct reader *r, struct reader_record *out, size_t most, int timeout_ms) {
    size_t n = 0;
    if (r->started) reader_settle(r);
    while (n < most) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(r->rk, n ? 0 : timeout_ms);
        if (!m) {
            for (size_t i = 0; i < r->n; i++) places_drained(&r->source[i].places, clock_ms());
            break;
        }
        if (n == 0) r->now_ms = clock_ms();
        bool end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        n += (size_t)reader_take(r, m, &out[n]);
        if (end) break; // the caller may be waiting for just this
    }
    return (int)n;
}

bool reader_next_end(struct reader *r, size_t *topic, int32_t *partition, int64_t *end) {
    for (*topic = 0; *topic < r->n; ++*topic)
        if (places_next_end(&r->source[*topic].places, partition, end)) return true;
    return false;
}

int64_t reader_high(const struct reader *r, size_t topic, int32_t partition) {
    int64_t low, high;
    rd_kafka_resp_err_t err =
        rd_kafka_get_watermark_offsets(r->rk, r->source[topic].name, partition, &low, &high);
    return err || high < 0 ? OFFSET_UNKNOWN : high;
}

int64_t reader_held_up(struct reader *r, size_t topic) {
    return places_held_up(&r->source[topic].places, r->rk, clock_ms());
}

void reader_lost_positions(const struct reader *r, size_t out[LOST_NONE]) {
    for (size_t i = 0; i < r->n; i++) places_count(&r->source[i].places, out);
}

bool reader_position_known(const struct reader *r, size_t topic, int32_t partition,
                           enum lost *lost) {
    const struct places *s = &r->source[topic].places;
    if (partition < 0 || (size_t)partition >= s->n || !s->reading[partition]) return false;
    const struct place *p = &s->place[partition];
    *lost = p->lost;
    return p->lost != LOST_NONE || (!p->doubt && p->probe != PLACE_RECORD);
}

void reader_ids(const struct reader *r, size_t topic, uint32_t *topic_id, uint32_t *cluster_id) {
    *topic_id = r->source[topic].places.ids.topic;
    *cluster_id = r->source[topic].places.ids.cluster;
}

void reader_release(struct reader *r, struct reader_record *records, size_t n) {
    (void)r;
    for (size_t i = 0; i < n; i++) rd_kafka_message_destroy(records[i].message);
}

size_t reader_rereads(const struct reader *r) { return r->rereads; }
bool reader_caught_up(const struct reader *r) { return r->started && r->waiting == 0; }
int32_t reader_partitions(const struct reader *r, size_t topic) {
    return r->source[topic].partitions;
}
