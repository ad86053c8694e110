/* The group is asked who learns, in a thread of its own: a group waits for every member when it
 * shares out anew, and a learner that fits for a minute must not hold up the others.
 *
 * The verdict is Kafka's, and nothing is assigned to the fetcher: the partition is ours in the
 * group, but no record is asked for. What a crash leaves: the group gives the partition away when
 * the session of the dead member ends (kafka.session_timeout). The members are dynamic: one with
 * group.instance.id would keep its place over a stop, and nobody else would be elected meanwhile.
 *
 * Thread: its own; the state is read by the learner thread */
#include "kafka/election.h"

#include "base/clock.h"
#include "base/log.h"
#include "client_private.h"
#include "metrics/metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    POLL_MS = 100,     // how long the thread sleeps in the library: as late as a stop is seen
    METADATA_MS = 1000 // for the broker's answer whether the topic is there, and before it is asked
                       // again
};

struct election {
    pthread_t thread;
    rd_kafka_t *rk;
    const struct config *config;
    _Atomic int state; // enum election_state
    _Atomic int trouble;
    _Atomic bool stop;
};

/* ---- verdicts ---- */

static bool election_lost(const struct election *e) {
    return atomic_load(&e->state) == ELECTION_LOST;
}

/* What was lost stays lost: the library joins again under the old id, which stands first in the
 * row, and would take the office back from who was elected meanwhile. */
static void election_set(struct election *e, enum election_state state) {
    if (!election_lost(e)) atomic_store(&e->state, (int)state);
}

/* Nothing is assigned to the fetcher, whatever the group says: an empty list acknowledges it. */
static void election_acknowledge(rd_kafka_t *rk) {
    rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);
    kafka_assign(rk, none);
    rd_kafka_topic_partition_list_destroy(none);
}

static void election_rebalance_cb(rd_kafka_t *rk, rd_kafka_resp_err_t err,
                                  rd_kafka_topic_partition_list_t *list, void *opaque) {
    struct election *e = opaque;
    if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        election_acknowledge(rk);
        atomic_store(&e->trouble, 0);
        election_set(e, list->cnt ? ELECTION_ELECTED : ELECTION_STANDBY);
        return;
    }
    bool had = atomic_load(&e->state) == ELECTION_ELECTED;
    election_set(e, had && rd_kafka_assignment_lost(rk) ? ELECTION_LOST : ELECTION_OPEN);
    kafka_assign(rk, NULL);
}

/* A message that is no record: the group's or the topic's trouble. */
static void election_event(struct election *e, const rd_kafka_message_t *m) {
    bool refused = m->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
                   m->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    metric_add_by(METRIC_kafka_errors, KAFKA_ERROR_RETRIABLE, 1);
    if (!refused) {
        LOG(WARNING, "consume_error", rd_kafka_message_errstr(m),
            L_STR("error", rd_kafka_err2name(m->err)), L_STR("handle", rd_kafka_name(e->rk)));
        return;
    }
    if (atomic_exchange(&e->trouble, ERR_CONFIG)) return; // said
    char *group = election_group(e->config);
    LOG(ERROR, "election_refused",
        "the broker does not let us join the group that elects the learner: nobody learns here. "
        "It needs the right Read on this group",
        L_STR("group", group), L_STR("error", rd_kafka_err2name(m->err)));
    free(group);
}

/* ---- its thread ---- */

/* One subscribed to a topic that is not there would hear of it a minute later. */
static bool election_find_topic(struct election *e) {
    while (!atomic_load(&e->stop)) {
        if (kafka_partitions(e->rk, e->config->topics.models, METADATA_MS) > 0) return true;
        for (int64_t until = clock_ms() + METADATA_MS;
             clock_ms() < until && !atomic_load(&e->stop);)
            clock_sleep_ms(POLL_MS);
    }
    return false;
}

static void election_subscribe(struct election *e) {
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, e->config->topics.models, RD_KAFKA_PARTITION_UA);
    CHECK(rd_kafka_subscribe(e->rk, topics) == RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(topics);
}

static void *election_main(void *arg) {
    struct election *e = arg;
    if (election_find_topic(e)) election_subscribe(e);
    while (!atomic_load(&e->stop) && !election_lost(e)) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(e->rk, POLL_MS);
        if (m && m->err) election_event(e, m);
        if (m) rd_kafka_message_destroy(m);
    }
    rd_kafka_consumer_close(e->rk);
    return NULL;
}

/* ---- life ---- */

char *election_group(const struct config *c) { return xasprintf("%s-learner", c->service.name); }

/* The broker makes the member's id of the client's: who stands longest is the first. */
static char *election_client(const struct config *c) {
    return xasprintf("%s-learner-%013" PRId64 "-%s", c->service.name, clock_wall_ms(),
                     c->service.instance);
}

static int election_open(struct election *e, struct buf *why) {
    char *group = election_group(e->config), *client = election_client(e->config);
    const char *owned[] = {"group.id",
                           group,
                           "client.id",
                           client,
                           "enable.auto.commit",
                           "false",
                           "enable.auto.offset.store",
                           "false",
                           "partition.assignment.strategy",
                           "range",
                           NULL};
    int result = kafka_create(&e->rk, e->config,
                              &(struct kafka_settings){.type = RD_KAFKA_CONSUMER,
                                                       .owned = owned,
                                                       .opaque = e,
                                                       .rebalance_cb = election_rebalance_cb},
                              why);
    free(group);
    free(client);
    if (result == 0) rd_kafka_poll_set_consumer(e->rk);
    return result;
}

int election_create(struct election **out, const struct config *c, struct buf *why) {
    struct election *e = xcalloc(1, sizeof *e);
    e->config = c;
    int result = election_open(e, why);
    if (result == 0 && pthread_create(&e->thread, NULL, election_main, e) != 0) {
        buf_str(why, "there is no thread for the election of the learner");
        kafka_destroy(e->rk);
        result = ERR_FATAL;
    }
    if (result < 0) free(e);
    else *out = e;
    return result;
}

enum election_state election_state(const struct election *e) {
    return (enum election_state)atomic_load(&e->state);
}

int election_trouble(const struct election *e) { return atomic_load(&e->trouble); }

void election_leave(struct election *e) {
    if (!e) return;
    atomic_store(&e->stop, true);
    pthread_join(e->thread, NULL);
    kafka_destroy(e->rk);
    free(e);
}
