/* Trying the operator's properties of the library before anything depends on them.
 *
 * Each is tried by itself, so that all mistakes are told at once; and with the others and our own,
 * since some are refused only together: `linger.ms` beyond the time of a transaction, or `retries:
 * 0` where nothing may be written twice. So the very handles of the daemon are made. Making one
 * asks no broker.
 *
 * Thread: any thread */
#include "client_private.h"
#include "kafka/consumer.h"
#include "kafka/transaction.h"

/* The library's own property nearest to a word, as "; did you mean X?". */
static void property_suggest(rd_kafka_conf_t *conf, const char *word, struct buf *out) {
    size_t n;
    const char **dump = rd_kafka_conf_dump(conf, &n); // name, value, name, value
    struct buf names = {0};
    for (size_t i = 0; i < n; i += 2) buf_printf(&names, "%s%s", i ? "|" : "", dump[i]);
    struct text near = word_list_nearest(buf_string(&names), text_of(word));
    if (near.at && !text_equal(near, text_of(word)))
        buf_printf(out, "; did you mean %.*s?", (int)near.len, near.at);
    buf_release(&names);
    rd_kafka_conf_dump_free(dump, n);
}

/* Every property of a map by itself, so that all mistakes are told at once. */
static int property_try_map(const struct map *map, const char *where, struct buf *errors) {
    int result = 0;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < map->n; i++) {
        struct map one = {&map->key[i], &map->value[i], 1};
        if (kafka_set_map(conf, &one, where, errors) == 0) continue;
        property_suggest(conf, map->key[i], errors);
        buf_str(errors, "\n");
        result = ERR_CONFIG;
    }
    rd_kafka_conf_destroy(conf);
    return result;
}

static int property_try_consumer(const struct config *c, struct buf *why) {
    struct consumer *consumer;
    TRY(consumer_create(&consumer, c, "check", why));
    consumer_destroy(consumer);
    return 0;
}

/* As workers and learner make it, with the shorter of their times; as the page /label and the
 * commands do, without transactions. */
static int property_try_producer(const struct config *c, const char *transactional_id,
                                 struct buf *why) {
    struct producer *producer;
    int64_t patience_ms = c->kafka.session_timeout / 2;
    struct producer_options options = {.config = c,
                                       .transactional_id = transactional_id,
                                       .transaction_timeout_ms = patience_ms < RARE_TRANSACTION_MS
                                                                     ? patience_ms
                                                                     : RARE_TRANSACTION_MS};
    TRY(producer_create(&producer, &options, why));
    producer_destroy(producer);
    return 0;
}

int kafka_check(const struct config *c, struct buf *errors) {
    const struct {
        const struct map *map;
        const char *where;
    } maps[] = {{&c->kafka.common, "kafka.common."},
                {&c->kafka.consumer, "kafka.consumer."},
                {&c->kafka.producer, "kafka.producer."}};
    int result = 0;
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        if (property_try_map(maps[i].map, maps[i].where, errors) < 0) result = ERR_CONFIG;
    TRY(result);
    result = property_try_consumer(c, errors);
    if (result == 0) result = property_try_producer(c, "check", errors);
    if (result == 0) result = property_try_producer(c, NULL, errors);
    if (result < 0) buf_str(errors, "\n");
    return result;
}
