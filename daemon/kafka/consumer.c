/* Kafka in: one member of the consumer group, whose rebalances wait for the worker.
 *
 * The callback only notes what is wanted. The worker, between two polls, first commits what it has,
 * then lets go or takes over: there is no moment in which a partition is ours and not ours. When an
 * assignment is taken, the committed offsets are fetched before reading starts (the broker holds
 * the answer back while another member's transaction on them is open), so the selection state and
 * the position always come from the same commit (I1, I2).
 *
 * Refuses to jump: an offset that does not belong to its partition stops that partition, for a
 * person to decide (places.c).
 *
 * Thread: the worker thread that owns it */
#include "kafka/consumer.h"

#include "assigned.h"
#include "base/clock.h"
#include "base/log.h"
#include "client_private.h"
#include "consumer_private.h"
#include "kafka/rights.h"
#include "metrics/metrics.h"
#include "places.h"
#include "refusal.h"
#include "waker.h"

enum {
    IDS_TIMEOUT_MS = 1000, // for the ids of topic and cluster, which are not needed
    GONE_MS = 10000        // a partition that was given to us and is not there for so long is gone
};

struct consumer {
    rd_kafka_t *rk;
    const struct config *config;
    enum rebalance pending;
    bool paused;                                 // nothing is fetched
    rd_kafka_topic_partition_list_t *wanted;     // of the pending assignment
    int64_t wanted_ms;                           // since when
    rd_kafka_topic_partition_list_t *assignment; // in force; entries keep the metadata text
    struct assignment *list;
    rd_kafka_consumer_group_metadata_t *group; // of the generation that gave us the assignment
    bool take_next; // what is wanted was assigned before the assignment in force was let go
    bool *owned;    // (owned_n) by partition number: asked for each partition of each cycle
    size_t owned_n;
    rd_kafka_queue_t *queue;
    rd_kafka_message_t **message; // (message_cap) room for one batch
    size_t message_cap;
    struct waker *waker;
    struct places places;
    struct refusal refusal;
    struct position_owner owner;
    struct kafka_stats stats;
    bool closing;
};

static int consumer_stats_cb(rd_kafka_t *rk, char *json, size_t n, void *opaque) {
    (void)rk;
    kafka_stats_read(&((struct consumer *)opaque)->stats, (struct text){json, n});
    return 0; // the library frees it
}

static void consumer_note_group(struct consumer *c) {
    if (c->group) rd_kafka_consumer_group_metadata_destroy(c->group);
    c->group = rd_kafka_consumer_group_metadata(c->rk);
}

/* An assignment may come while another one is in force: when the topic's partitions change while we
 * are to give ours back, the library joins anew without waiting for that. Then the group has gone
 * on without us, and what we have is lost. */
static void consumer_rebalance_cb(rd_kafka_t *rk, rd_kafka_resp_err_t err,
                                  rd_kafka_topic_partition_list_t *list, void *opaque) {
    struct consumer *c = opaque;
    if (c->closing || (err != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS &&
                       err != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)) {
        kafka_assign(rk, NULL);
        return;
    }
    if (err == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
        c->pending = rd_kafka_assignment_lost(rk) ? REBALANCE_LOST : REBALANCE_REVOKED;
        c->take_next = false;
        return;
    }
    if (c->wanted) rd_kafka_topic_partition_list_destroy(c->wanted);
    c->wanted = rd_kafka_topic_partition_list_copy(list);
    c->wanted_ms = clock_ms();
    rights_granted(RIGHT_READ_GROUP, c->config->service.name);
    consumer_note_group(c);
    c->take_next = c->assignment != NULL;
    c->pending = c->take_next ? REBALANCE_LOST : REBALANCE_ASSIGNED;
}

void consumer_keep(struct consumer *c, const struct position_owner *owner) { c->owner = *owner; }

int consumer_partitions(struct consumer *c) {
    return kafka_partitions(c->rk, c->config->topics.samples, ASSIGNED_ASK_MS);
}

int consumer_subscribe(struct consumer *c) {
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, c->config->topics.samples, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t err = rd_kafka_subscribe(c->rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return err ? ERR_FATAL : 0;
}

static int consumer_without_waker(struct consumer *c, struct buf *why) {
    buf_str(why, "there is no thread that wakes the consumer");
    consumer_destroy(c);
    return ERR_FATAL;
}

int consumer_create(struct consumer **out, const struct config *config, const char *member,
                    struct buf *why) {
    const char *owned[] = {KAFKA_READER_OWNS(config->service.name),
                           "group.instance.id",
                           member,
                           "partition.assignment.strategy",
                           "range",
                           NULL};
    struct consumer *c = xcalloc(1, sizeof *c);
    c->config = config;
    c->places.topic = config->topics.samples;
    struct kafka_settings settings = {.type = RD_KAFKA_CONSUMER,
                                      .owned = owned,
                                      .opaque = c,
                                      .rebalance_cb = consumer_rebalance_cb,
                                      .stats_cb = consumer_stats_cb};
    int result = kafka_create(&c->rk, config, &settings, why);
    if (result < 0) {
        free(c);
        return result;
    }
    rd_kafka_poll_set_consumer(c->rk);
    c->queue = rd_kafka_queue_get_consumer(c->rk);
    c->waker = waker_create(c->rk, config->topics.samples);
    if (!c->waker) return consumer_without_waker(c, why);
    *out = c;
    return 0;
}

void consumer_destroy(struct consumer *c) {
    if (!c) return;
    c->closing = true;
    waker_destroy(c->waker);
    rd_kafka_queue_destroy(c->queue);
    if (c->pending != REBALANCE_NONE)
        kafka_assign(c->rk, NULL); // noted but not carried out: close would wait for it for ever
    rd_kafka_consumer_close(c->rk);
    kafka_destroy(c->rk);
    if (c->wanted) rd_kafka_topic_partition_list_destroy(c->wanted);
    if (c->assignment) rd_kafka_topic_partition_list_destroy(c->assignment);
    if (c->group) rd_kafka_consumer_group_metadata_destroy(c->group);
    places_release(&c->places);
    free(c->list);
    free(c->owned);
    free(c->message);
    free(c);
}

static int consumer_fatal_kind(struct consumer *c) {
    char text[256];
    rd_kafka_resp_err_t err = rd_kafka_fatal_error(c->rk, text, sizeof text);
    LOG(ERROR, "consumer_fatal", text, L_STR("error", rd_kafka_err2name(err)));
    return err == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ? ERR_FENCED : ERR_FATAL;
}

/* A message that is no record: what must be done about it. */
static int consumer_event(struct consumer *c, const rd_kafka_message_t *m) {
    refusal_note(&c->refusal, c->config->topics.samples, m);
    if (places_event(&c->places, m)) return 0;
    if (m->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        rights_refused(RIGHT_READ_GROUP, c->config->service.name);
    switch (m->err) {
    case RD_KAFKA_RESP_ERR__FATAL: return consumer_fatal_kind(c);
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
        LOG(WARNING, "poll_too_late",
            "the group gave our partitions away because a cycle took too long",
            L_I64("partition", m->partition));
        return 0;
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION: kafka_batch_unreadable(m); return 0;
    default:
        metric_add_by(METRIC_kafka_errors, KAFKA_ERROR_RETRIABLE, 1);
        LOG(WARNING, "consume_error", rd_kafka_message_errstr(m),
            L_STR("topic", c->config->topics.samples), L_I64("partition", m->partition),
            L_STR("error", rd_kafka_err2name(m->err)));
        return 0;
    }
}

static struct record consumer_record_of(rd_kafka_message_t *m) {
    rd_kafka_timestamp_type_t type;
    int64_t time_ms = rd_kafka_message_timestamp(m, &type);
    return (struct record){
        .key = {m->key, m->key_len},
        .value = {m->payload, m->len},
        .partition = m->partition,
        .offset = m->offset,
        .time_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || time_ms < 0 ? 0 : time_ms,
        .message = m,
    };
}

/* Hands out the messages that are records and handles the others, which are events. Returns the
 * first error after which the consumer cannot go on. */
static int consumer_take_messages(struct consumer *c, struct record *out, size_t *n,
                                  rd_kafka_message_t **message, ssize_t messages) {
    int result = 0;
    places_wake(&c->places, c->rk, c->config, message, messages, clock_ms(), &c->owner);
    for (ssize_t i = 0; i < messages; i++) {
        if (!message[i]->err) refusal_over(&c->refusal, c->config->topics.samples);
        if (!message[i]->err && places_take(&c->places, message[i])) {
            places_move(&c->places, message[i]);
            out[(*n)++] = consumer_record_of(message[i]);
            continue;
        }
        int error = message[i]->err ? consumer_event(c, message[i]) : 0;
        rd_kafka_message_destroy(message[i]);
        if (result == 0) result = error;
    }
    return result;
}

/* Waits for the first record alone, in a call that also serves the group. The records behind it
 * come in a second call, which takes one lock for all of them. */
int consumer_poll(struct consumer *c, struct record *out, size_t cap, size_t *n, int timeout_ms) {
    if (c->pending != REBALANCE_NONE || *n == cap) return 0;
    if (c->message_cap < cap) {
        c->message = xrealloc(c->message, cap * sizeof *c->message);
        c->message_cap = cap;
    }
    rd_kafka_message_t *first = rd_kafka_consumer_poll(c->rk, *n ? 0 : timeout_ms);
    if (!first && !c->paused) places_drained(&c->places, clock_ms());
    if (!first) return 0;
    TRY(consumer_take_messages(c, out, n, &first, 1));
    if (c->pending != REBALANCE_NONE || *n == cap) return 0;
    ssize_t messages = rd_kafka_consume_batch_queue(c->queue, 0, c->message, cap - *n);
    waker_note(c->waker, messages > 0 ? (size_t)messages + 1 : 1);
    return consumer_take_messages(c, out, n, c->message, messages);
}

void consumer_release(struct consumer *c, struct record *records, size_t n) {
    (void)c;
    for (size_t i = 0; i < n; i++) {
        rd_kafka_message_destroy(records[i].message);
        records[i].message = NULL;
    }
}

enum rebalance consumer_pending(const struct consumer *c) { return c->pending; }

/* Each partition is read from the record before its position, where one is known. */
static int consumer_assign(struct consumer *c, const rd_kafka_topic_partition_list_t *list,
                           const struct assignment *described) {
    rd_kafka_topic_partition_list_t *from = rd_kafka_topic_partition_list_new(list->cnt);
    places_leave(&c->places);
    for (int i = 0; i < list->cnt; i++) {
        struct position at = {described[i].offset, described[i].mark};
        int32_t partition = list->elems[i].partition;
        rd_kafka_topic_partition_list_add(from, list->elems[i].topic, partition)->offset =
            places_begin(&c->places, partition, &at);
    }
    rd_kafka_resp_err_t err = kafka_assign(c->rk, from);
    rd_kafka_topic_partition_list_destroy(from);
    return err ? ERR_RETRY : 0;
}

static void consumer_note_owned(struct consumer *c, const rd_kafka_topic_partition_list_t *list) {
    c->owned_n = 0;
    for (int i = 0; list && i < list->cnt; i++)
        if ((size_t)list->elems[i].partition >= c->owned_n)
            c->owned_n = (size_t)list->elems[i].partition + 1;
    free(c->owned);
    c->owned = xcalloc(c->owned_n, sizeof *c->owned);
    for (int i = 0; list && i < list->cnt; i++) c->owned[list->elems[i].partition] = true;
}

int consumer_take(struct consumer *c, const struct assignment **out, size_t *n) {
    CHECK(c->pending == REBALANCE_ASSIGNED);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(c->wanted);
    struct assignment *described = xcalloc((size_t)list->cnt, sizeof *described);
    int result = assigned_exist(c->rk, c->config, list, clock_ms() - c->wanted_ms > GONE_MS);
    if (result == 0) result = assigned_resolve(c->rk, c->config, list, described);
    if (result == 0) c->places.ids = place_ids_of(c->rk, c->places.topic, IDS_TIMEOUT_MS);
    if (result == 0) result = consumer_assign(c, list, described);
    if (result < 0) {
        rd_kafka_topic_partition_list_destroy(list);
        free(described);
        return result;
    }
    if (c->assignment) rd_kafka_topic_partition_list_destroy(c->assignment);
    free(c->list);
    c->assignment = list;
    c->list = described;
    c->pending = REBALANCE_NONE;
    consumer_note_owned(c, list);
    waker_watch(c->waker, list);
    *out = described;
    *n = (size_t)list->cnt;
    return 0;
}

void consumer_leave(struct consumer *c) {
    CHECK(c->pending == REBALANCE_REVOKED || c->pending == REBALANCE_LOST);
    c->pending = c->take_next ? REBALANCE_ASSIGNED : REBALANCE_NONE;
    c->take_next = false;
    if (c->assignment) rd_kafka_topic_partition_list_destroy(c->assignment);
    c->assignment = NULL;
    consumer_note_owned(c, NULL);
    places_leave(&c->places);
    waker_watch(c->waker, NULL);
    kafka_assign(c->rk, NULL);
}

void consumer_rewind(struct consumer *c) {
    CHECK(c->pending == REBALANCE_NONE);
    if (!c->assignment) return;
    if (c->wanted) rd_kafka_topic_partition_list_destroy(c->wanted);
    c->wanted = rd_kafka_topic_partition_list_new(c->assignment->cnt);
    for (int i = 0; i < c->assignment->cnt; i++)
        rd_kafka_topic_partition_list_add(c->wanted, c->assignment->elems[i].topic,
                                          c->assignment->elems[i].partition);
    c->wanted_ms = clock_ms();
    c->pending = REBALANCE_ASSIGNED;
}

bool consumer_next_end(struct consumer *c, int32_t *partition, int64_t *end) {
    return places_next_end(&c->places, partition, end);
}

void consumer_settle(struct consumer *c) {
    bool earliest = c->config->kafka.lost_position == LOST_POSITION_EARLIEST;
    if (c->pending != REBALANCE_NONE || !c->assignment) return;
    if (!places_unsettled(&c->places) && !c->refusal.refused) return;
    if (consumer_lost(c)) return; // assigned anew, the library would forget to tell
    bool again = places_settle(&c->places, c->rk, c->config, earliest, &c->owner) > 0;
    if (!refusal_ask(&c->refusal) && !again) return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(c->assignment->cnt);
    places_restart(&c->places, &c->owner, list);
    if (kafka_assign(c->rk, list)) c->places.verify = true; // once more
    rd_kafka_topic_partition_list_destroy(list);
}

void consumer_lost_positions(const struct consumer *c, size_t out[LOST_NONE]) {
    places_count(&c->places, out);
}

void consumer_ids(const struct consumer *c, uint32_t *topic, uint32_t *cluster) {
    *topic = c->places.ids.topic;
    *cluster = c->places.ids.cluster;
}

bool consumer_owns(const struct consumer *c, int32_t partition) {
    return partition >= 0 && (size_t)partition < c->owned_n && c->owned[partition];
}

/* Generation, member and instance, as bytes. */
static bool consumer_same_group(const rd_kafka_consumer_group_metadata_t *a,
                                const rd_kafka_consumer_group_metadata_t *b) {
    void *one = NULL, *other = NULL;
    size_t n, m;
    rd_kafka_error_t *error = rd_kafka_consumer_group_metadata_write(a, &one, &n);
    if (!error) error = rd_kafka_consumer_group_metadata_write(b, &other, &m);
    bool same = !error && n == m && memcmp(one, other, n) == 0;
    if (error) rd_kafka_error_destroy(error);
    if (one) rd_kafka_mem_free(NULL, one);
    if (other) rd_kafka_mem_free(NULL, other);
    return same;
}

bool consumer_lost(const struct consumer *c) {
    if (!c->assignment) return false;
    if (rd_kafka_assignment_lost(c->rk)) return true;
    rd_kafka_consumer_group_metadata_t *now = rd_kafka_consumer_group_metadata(c->rk);
    bool lost = !consumer_same_group(now, c->group);
    rd_kafka_consumer_group_metadata_destroy(now);
    return lost;
}

const rd_kafka_consumer_group_metadata_t *consumer_group_metadata(const struct consumer *c) {
    return c->group;
}

int64_t consumer_lag(struct consumer *c, int32_t partition, int64_t next) {
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(c->rk, c->config->topics.samples, partition, &low, &high) ||
        high < 0)
        return 0;
    if (next < low) next = low; // retention has deleted what is between: that is no lag
    return high > next ? high - next : 0;
}

int64_t consumer_held_up(struct consumer *c) {
    return places_held_up(&c->places, c->rk, clock_ms());
}

const struct kafka_stats *consumer_stats(const struct consumer *c) { return &c->stats; }

void consumer_pause(struct consumer *c, bool paused) {
    if (!c->assignment) return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(c->assignment);
    c->paused = paused;
    if (paused) {
        rd_kafka_pause_partitions(c->rk, list);
        places_stay(&c->places, c->rk);
    } else rd_kafka_resume_partitions(c->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

int consumer_committed(struct consumer *c, int32_t partition, int64_t next, struct text metadata) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, c->config->topics.samples, partition);
    int result = assigned_committed(c->rk, c->config, list);
    const rd_kafka_topic_partition_t *at = &list->elems[0];
    bool same = at->offset == next && at->metadata_size == metadata.len &&
                (!metadata.len || memcmp(at->metadata, metadata.at, metadata.len) == 0);
    rd_kafka_topic_partition_list_destroy(list);
    TRY(result);
    return same;
}

int consumer_group(struct consumer *c, size_t partitions,
                   void (*visit)(const struct assignment *, void *), void *opaque) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)partitions);
    for (size_t i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(list, c->config->topics.samples, (int32_t)i);
    int result = assigned_committed(c->rk, c->config, list);
    for (int i = 0; result == 0 && i < list->cnt; i++) {
        struct assignment committed = assigned_describe(&list->elems[i], list->elems[i].offset < 0);
        visit(&committed, opaque);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return result;
}

rd_kafka_t *consumer_handle(const struct consumer *c) { return c->rk; }
