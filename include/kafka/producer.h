/* Kafka out: the one kind of producer that all writers use.
 *
 * A writer hands over records in one of two ways. As a whole, with transaction_commit
 * (kafka/transaction.h): all records are written or none is, and consumed offsets with them. Or one
 * by one, with producer_send: they go out as a stream, and the writer counts what has arrived.
 *
 * A producer can die: fenced, at a fatal error, when the outcome of a commit is unknown, or by THE
 * RULE: *a handle that aborted or purged while a record was unacknowledged is dead*. (Why: the
 * answer to that record may have been lost and not the record, and then the library, 2.0.2 to
 * 2.8.0 at least, gives its sequence number to the next record, which the broker drops as a
 * repeat and acknowledges: a lost record that nobody hears of. A new handle has a new epoch or
 * producer id. Promises I2, I3.) A dead producer is destroyed by its owner, who makes a new one.
 * It does not make itself anew, because the owners that write alone (the learner, a retry) must
 * first look what a rival has written since.
 *
 * Thread: the thread that owns it */
#pragma once

#include "base/record.h"
#include "config/config.h"
#include "kafka/consumer.h"
#include "kafka/stats.h"
#include "kafka/topic_limit.h"

struct producer;

enum { PRODUCER_TOPICS = 4 };

struct producer_options {
    const struct config *config;    // borrowed
    const char *const *topics;      // (topics_n) names that records index, strings
    size_t topics_n;                // borrowed until the end; an empty one is not used
    const char *transactional_id;   // NULL: without transactions
    int64_t transaction_timeout_ms; // the broker aborts one that is open for so long
    int64_t attempt_ms;             // how long one transaction_commit may try
    struct topic_limit *limits;     // (topics_n) what is known of the topics, kept up to date and
                                    // borrowed until the end; NULL: known to this producer only
    struct consumer *consumer;      // whose offsets are committed; NULL: none. Borrowed
    const _Atomic bool *stop;       // once set, no call is repeated; NULL: never
    bool repeatable;                // repeats and order do not matter: not idempotent,
                                    // and so ended by no error
    bool figures;                   // producer_stats is asked for
    void (*settled)(void *tag, const char *error, void *opaque); // of each record of producer_send,
                                                                 // within a later call; error NULL:
                                                                 // acknowledged
    void *opaque;                                                // for settled
};

/* Connects when it is first used. Without a transactional id it is ready, else after
 * producer_init. ERR_CONFIG with *why. */
int producer_create(struct producer **out, const struct producer_options *options,
                    struct buf *why) MUST_CHECK;
/* Drops what was not acknowledged. NULL is fine. */
void producer_destroy(struct producer *p);
/* Asks for each topic's metadata, so that a missing topic is known by name, and the first record
 * does not wait a second for the library's own question. ERR_MISSING, ERR_CONFIG (not to be
 * described) or ERR_RETRY (no answer in timeout_ms), with the topic's name in *which. */
int producer_find_topics(struct producer *p, int timeout_ms, const char **which) MUST_CHECK;
/* Asks for the limits of the topics, in at most timeout_ms, and sees to it that no batch of several
 * records passes the smallest of them (one handle has one size of batches). Before producer_init.
 * Where the broker does not say, all stays as it is. ERR_CONFIG, ERR_FATAL: the handle could not be
 * made anew. */
int producer_heed_limits(struct producer *p, int timeout_ms) MUST_CHECK;
/* Fences an earlier holder of the transactional id, which ends its orphaned transaction. ERR_RETRY:
 * call again; ERR_FENCED, ERR_FATAL: dead. */
int producer_init(struct producer *p) MUST_CHECK;
/* Whether it can write no more: see THE RULE above. */
bool producer_dead(const struct producer *p);

/* Hands over one record of a stream, which is copied; only without transactions. tag: for settled.
 * ERR_FULL: the queue is full, call producer_serve and try again; ERR_ABORT: refused, see
 * producer_trouble. */
int producer_send(struct producer *p, const struct producer_record *r, void *tag) MUST_CHECK;
/* Lets acknowledgements come in; waits timeout_ms for them. */
void producer_serve(struct producer *p, int timeout_ms);
/* Waits until all records are acknowledged or have failed; false: not in timeout_ms. */
bool producer_flush(struct producer *p, int timeout_ms);

/* Since it was created; what is neither acknowledged nor failed is on its way. */
struct producer_counts {
    uint64_t sent, acknowledged, failed;
};
struct producer_counts producer_counts(const struct producer *p);
/* Why a record was last refused or not delivered, in words (static); NULL: none was, in the present
 * or last attempt of a transaction. */
const char *producer_trouble(const struct producer *p);

/* The library's figures, of the last 15 s; zeros before. Also serves: between commits, about once a
 * second. */
const struct kafka_stats *producer_stats(struct producer *p);
/* Largest batch, as record_batch_bytes counts, that the client accepts and that the topic takes, as
 * far as is known. */
size_t producer_room(const struct producer *p, size_t topic);
