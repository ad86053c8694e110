/* Writes to the models topic as the one who may: opening it fences whoever wrote before.
 *
 * A producer that died is not made anew by itself: between its death and the next one a rival may
 * have published, so whoever calls reads the topic in between (version_log.h). The limits of the
 * topics outlive a producer, for what a topic has refused it would refuse again.
 *
 * Thread: learner thread */
#include "publisher.h"

#include "base/log.h"
#include "kafka/rights.h"
#include "kafka/transaction.h"

enum {
    LIMITS_MS = 5000,    // how long the broker may take to tell the topics' limits
    SEND_AGAIN_MS = 100, // before a publication that failed is sent again
    RIGHTS_MS = 1000     // before that, where the broker refuses us the right
};

struct publisher {
    struct learning *learning;
    struct producer *producer; // NULL: not open
    struct topic_limit limit[PUBLISHED_TOPICS];
};

struct publisher *publisher_create(struct learning *learning) {
    struct publisher *p = xcalloc(1, sizeof *p);
    p->learning = learning;
    return p;
}

static void publisher_close(struct publisher *p) {
    producer_destroy(p->producer);
    p->producer = NULL;
}

void publisher_destroy(struct publisher *p) {
    if (!p) return;
    publisher_close(p);
    free(p);
}

static int publisher_create_producer(struct publisher *p) {
    const struct config *c = p->learning->config;
    const char *const topic[PUBLISHED_TOPICS] = {[PUBLISHED_MODELS] = c->topics.models,
                                                 [PUBLISHED_TASKS] =
                                                     c->people.opinions > 2 ? c->topics.tasks : ""};
    char *id = xasprintf("%s-learner", c->service.name);
    struct buf why = {0};
    int result =
        producer_create(&p->producer,
                        &(struct producer_options){.config = c,
                                                   .topics = topic,
                                                   .topics_n = PUBLISHED_TOPICS,
                                                   .transactional_id = id,
                                                   .transaction_timeout_ms = RARE_TRANSACTION_MS,
                                                   .attempt_ms = RARE_TRANSACTION_MS,
                                                   .limits = p->limit},
                        &why);
    if (result < 0) LOG(ERROR, "producer_refused", buf_string(&why));
    buf_release(&why);
    free(id);
    return result;
}

int publisher_open(struct publisher *p) {
    publisher_close(p);
    TRY(publisher_create_producer(p));
    TRY(producer_heed_limits(p->producer, LIMITS_MS));
    return producer_init(p->producer);
}

size_t publisher_room(const struct publisher *p, enum publication_topic topic) {
    return producer_room(p->producer, topic);
}

int publisher_add_version(const struct publisher *p, struct publication *to, struct model *m,
                          size_t *bytes) {
    size_t most = publisher_room(p, PUBLISHED_MODELS);
    int result = publication_add_version(to, m, most, bytes);
    if (result == ERR_FULL)
        LOG(ERROR, "version_too_large",
            "the new version is not published: the models topic takes too small batches for it; "
            "raise max.message.bytes of the topic, or make the model smaller (model.hidden, hash)",
            L_STR("topic", p->learning->config->topics.models), L_U64("bytes", *bytes),
            L_U64("batch_most", most));
    return result;
}

int publisher_try(struct publisher *p, const struct publication *what) {
    return transaction_commit(p->producer, what->at, what->n, NULL, 0);
}

int publisher_send(struct publisher *p, const struct publication *what) {
    for (;;) {
        int result = publisher_try(p, what);
        if (result == 0 || result == ERR_FENCED || learning_stopping(p->learning)) return result;
        if (rights_missing()) learning_wait(p->learning, RIGHTS_MS);
        if (publisher_dead(p)) return ERR_RETRY;
        learning_wait(p->learning, SEND_AGAIN_MS);
    }
}

bool publisher_dead(const struct publisher *p) { return producer_dead(p->producer); }
const char *publisher_trouble(const struct publisher *p) { return producer_trouble(p->producer); }
