/* The one driver of commits: exactly once through Kafka's transactions, at least once without.
 *
 * The transaction is opened only when all of it is in memory, so its life is a few round trips and
 * never waits for samples. What a crash leaves, step by step: before begin, nothing; between begin
 * and commit, an open transaction that no read_committed reader sees and that the next
 * producer_init with the same id aborts (or the broker, after the transaction's timeout); after
 * commit, everything. Nothing lies between, since records, offsets and their metadata are one
 * transaction (I1, I2).
 *
 * A commit whose outcome is unknown kills the handle: a later transaction must not be ended by the
 * late request of an earlier one.
 *
 * Thread: the thread that owns the producer */
#include "kafka/transaction.h"

#include "base/clock.h"
#include "base/log.h"
#include "consumer_private.h"
#include "kafka/rights.h"
#include "metrics/metrics.h"
#include "producer_private.h"
#include "transaction_private.h"

#include <stdatomic.h>

enum {
    PAUSE_MS = 10,          // before a call is repeated
    OFFSETS_BYTES = 700000, // most that one request commits: the broker writes it as one batch of
                            // its offsets topic, and refuses one beyond 1 MB for ever
    OFFSET_ADDED = 320      // what the broker adds to each: group, topic, framing
};

struct transaction {
    struct producer_record *record;
    size_t records;
    const struct producer_offset *offset;
    size_t offsets;
};

/* Whether a call that answered so is to be made again: Kafka says so and time is left. */
static bool transaction_again(struct producer *p, int result) {
    const _Atomic bool *stop = p->options.stop;
    if (result != ERR_RETRY || clock_ms() >= p->deadline_ms || (stop && atomic_load(stop)))
        return false;
    rd_kafka_poll(p->rk, PAUSE_MS);
    return true;
}

static int transaction_until_done(struct producer *p, rd_kafka_error_t *(*call)(rd_kafka_t *, int),
                                  const char *doing) {
    int result;
    do result = kafka_error(call(p->rk, CALL_MS), doing, p->identity);
    while (transaction_again(p, result));
    return result;
}

/* ---- records ---- */

static int transaction_write(struct producer *p, struct producer_record *r) {
    for (;;) {
        rd_kafka_resp_err_t err = producer_enqueue(p, r, r);
        if (!err) return 0;
        if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL || clock_ms() > p->deadline_ms)
            return producer_refused(p, r, err);
        rd_kafka_poll(p->rk, PAUSE_MS);
    }
}

static int transaction_write_all(struct producer *p, const struct transaction *t) {
    for (size_t i = 0; i < t->records; i++)
        if (!t->record[i].sent) TRY(transaction_write(p, &t->record[i]));
    return 0;
}

/* ---- offsets ---- */

size_t transaction_part(const struct producer_offset *offset, size_t offsets, size_t from) {
    size_t bytes = 0, end = from;
    while (end < offsets && (bytes += offset[end].metadata.len + OFFSET_ADDED) <= OFFSETS_BYTES)
        end++;
    return end == from && from < offsets ? from + 1 : end;
}

/* From the *at-th on, as many as one request may carry; moves *at. */
static rd_kafka_topic_partition_list_t *transaction_list(struct producer *p,
                                                         const struct transaction *t, size_t *at) {
    size_t end = transaction_part(t->offset, t->offsets, *at);
    const char *topic = p->options.config->topics.samples;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)(end - *at));
    for (; *at < end; ++*at) {
        const struct producer_offset *o = &t->offset[*at];
        rd_kafka_topic_partition_t *e =
            rd_kafka_topic_partition_list_add(list, topic, o->partition);
        e->offset = o->next;
        e->metadata_size = o->metadata.len;
        e->metadata = malloc(o->metadata.len + 1); // the list frees it, with free
        CHECK(e->metadata);
        if (o->metadata.len) memcpy(e->metadata, o->metadata.at, o->metadata.len);
    }
    return list;
}

/* To commit a position wants Read on the group and on the topic. */
static rd_kafka_error_t *transaction_note_offsets(const struct config *c, rd_kafka_error_t *error) {
    rd_kafka_resp_err_t code = error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        rights_refused(RIGHT_READ_TOPIC, c->topics.samples);
    if (code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        rights_refused(RIGHT_READ_GROUP, c->service.name);
    return error;
}

/* Of records the delivery reports tell. */
static void transaction_note_rights(const struct producer *p, const struct transaction *t) {
    const struct config *c = p->options.config;
    if (!rights_missing()) return;
    rights_granted(RIGHT_WRITE_TRANSACTIONS, p->identity);
    if (!t->offsets) return;
    rights_granted(RIGHT_READ_TOPIC, c->topics.samples);
    rights_granted(RIGHT_READ_GROUP, c->service.name);
}

/* Several requests are still one transaction. */
static int transaction_send_offsets(struct producer *p, const struct transaction *t) {
    if (!t->offsets) return 0;
    const rd_kafka_consumer_group_metadata_t *group = consumer_group_metadata(p->options.consumer);
    int result = 0;
    for (size_t at = 0; result == 0 && at < t->offsets;) {
        rd_kafka_topic_partition_list_t *list = transaction_list(p, t, &at);
        do
            result = kafka_error(
                transaction_note_offsets(p->options.config, rd_kafka_send_offsets_to_transaction(
                                                                p->rk, list, group, CALL_MS)),
                "send_offsets", p->identity);
        while (transaction_again(p, result));
        rd_kafka_topic_partition_list_destroy(list);
    }
    return result;
}

static int transaction_commit_offsets(struct producer *p, const struct transaction *t) {
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t at = 0; !err && at < t->offsets;) {
        rd_kafka_topic_partition_list_t *list = transaction_list(p, t, &at);
        err = rd_kafka_commit(consumer_handle(p->options.consumer), list, 0);
        rd_kafka_topic_partition_list_destroy(list);
    }
    if (!err) return 0;
    if (err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        rights_refused(RIGHT_READ_GROUP, p->options.config->service.name);
    metric_add_by(METRIC_kafka_errors, KAFKA_ERROR_RETRIABLE, 1);
    LOG(WARNING, "commit_failed", rd_kafka_err2str(err), L_STR("error", rd_kafka_err2name(err)));
    if (err == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) return ERR_FENCED;
    bool fatal = err == RD_KAFKA_RESP_ERR__FATAL;
    return fatal ? kafka_fatal(consumer_handle(p->options.consumer)) : ERR_RETRY;
}

/* ---- exactly once ---- */

static int transaction_end(struct producer *p, struct conclusion v) {
    metric_add_by(METRIC_transactions, v.outcome, 1);
    producer_become(p, v.next, v.death);
    return v.result;
}

/* Whether the transaction is left to the handle that a worker makes next: its init_transactions
 * ends it. This one would be dead after an abort too, and 2.0.2 ends the process by an assertion
 * (txn_req_cnt) when a request of an aborted transaction fails late: one is still on its way while
 * records are unacknowledged, or when a call has not come to its end. */
static bool transaction_left(const struct producer *p, int failure) {
    bool open = failure == ERR_RETRY || (failure == ERR_ABORT && producer_unacknowledged(p));
    return open && p->options.consumer;
}

/* After a call that failed. The abort purges what is on its way and reports it, so what is still
 * unacknowledged then will stay so. */
static int transaction_abort(struct producer *p, int failure) {
    rd_kafka_poll(p->rk, 0);
    if (transaction_left(p, failure))
        return transaction_end(p, conclusion_of_leaving(producer_unacknowledged(p)));
    if (failure == ERR_ABORT || failure == ERR_RETRY)
        failure = transaction_until_done(p, rd_kafka_abort_transaction, "abort_transaction");
    rd_kafka_poll(p->rk, 0);
    return transaction_end(p, conclusion_of_abort(failure, producer_unacknowledged(p)));
}

static int transaction_not_begun(struct producer *p, int failure) {
    struct conclusion v = conclusion_of_commit(failure == ERR_FENCED ? ERR_FENCED : ERR_FATAL);
    producer_become(p, v.next, v.death);
    return v.result;
}

static int transaction_exactly_once(struct producer *p, const struct transaction *t) {
    for (size_t i = 0; i < t->records; i++) t->record[i].sent = false;
    int result = kafka_error(rd_kafka_begin_transaction(p->rk), "begin_transaction", p->identity);
    if (result < 0) return transaction_not_begun(p, result);
    producer_become(p, PRODUCER_OPEN, DEATH_NONE);
    result = transaction_write_all(p, t);
    if (result == 0) result = transaction_send_offsets(p, t);
    if (result < 0) return transaction_abort(p, result);
    producer_become(p, PRODUCER_SENT, DEATH_NONE);
    result = transaction_until_done(p, rd_kafka_commit_transaction, "commit_transaction");
    rd_kafka_poll(p->rk, 0); // delivery reports
    if (result != ERR_ABORT) return transaction_end(p, conclusion_of_commit(result));
    producer_become(p, PRODUCER_OPEN, DEATH_NONE); // the broker refused: it must be aborted
    return transaction_abort(p, result);
}

/* ---- at least once ---- */

static int transaction_left_ms(const struct producer *p) {
    int64_t left = p->deadline_ms - clock_ms();
    return left > 0 ? (int)left : 0;
}

/* What the broker has not acknowledged in time is dropped and written again, through a new handle.
 * No delivery report may come after the next attempt has begun: it would speak of another cycle's
 * record. */
static int transaction_purge(struct producer *p, int failure) {
    rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(p->rk, CALL_MS);
    if (!p->trouble) p->trouble = RD_KAFKA_RESP_ERR__TIMED_OUT;
    struct conclusion v = conclusion_of_purge(failure, producer_unacknowledged(p));
    producer_become(p, v.next, v.death);
    return v.result;
}

static int transaction_at_least_once(struct producer *p, const struct transaction *t) {
    producer_become(p, PRODUCER_OPEN, DEATH_NONE);
    int result = transaction_write_all(p, t);
    if (result == 0) rd_kafka_flush(p->rk, transaction_left_ms(p));
    if (result < 0 || producer_unacknowledged(p)) return transaction_purge(p, result);
    producer_become(p, PRODUCER_SENT, DEATH_NONE);
    result = transaction_commit_offsets(p, t);
    producer_become(p, PRODUCER_READY, DEATH_NONE);
    return result;
}

/* Kafka accepts a live member's commit for a partition it has lost. The CHECK below refuses it
 * (I2). */
int transaction_commit(struct producer *p, struct producer_record *record, size_t records,
                       const struct producer_offset *offset, size_t offsets) {
    struct transaction t = {record, records, offset, offsets};
    CHECK(p->state == PRODUCER_READY && !p->options.settled);
    for (size_t i = 0; i < offsets; i++)
        CHECK(consumer_owns(p->options.consumer, offset[i].partition));
    p->deadline_ms = clock_ms() + p->options.attempt_ms;
    p->trouble = RD_KAFKA_RESP_ERR_NO_ERROR;
    int result = p->options.transactional_id ? transaction_exactly_once(p, &t)
                                             : transaction_at_least_once(p, &t);
    if (result == 0) transaction_note_rights(p, &t);
    if (result < 0) producer_note_refusals(p);
    return result;
}
