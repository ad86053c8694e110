/* A topic that is deleted and made anew within a second shows in nothing that the library tells its
 * reader: it fetches on at the old offset. So when records come after a pause, which such an act
 * needs, the record that was read last is read once more before they are handed out. Newer
 * libraries can ask for the topic's id instead (place.c).
 *
 * Thread: the thread that owns it */
#include "witness.h"

#include "base/clock.h"
#include "base/log.h"
#include "client_private.h"

enum { ANSWER_MS = 3000 };

struct witness {
    rd_kafka_t *rk;
};

static struct witness *witness_create(const struct config *c) {
    const char *owned[] = {KAFKA_READER_OWNS(c->service.name), NULL};
    struct buf why = {0};
    rd_kafka_t *rk;
    struct kafka_settings settings = {.type = RD_KAFKA_CONSUMER, .owned = owned};
    int result = kafka_create(&rk, c, &settings, &why);
    if (result < 0) LOG(WARNING, "witness_refused", buf_string(&why));
    buf_release(&why);
    if (result < 0) return NULL;
    rd_kafka_poll_set_consumer(rk);
    struct witness *w = xcalloc(1, sizeof *w);
    w->rk = rk;
    return w;
}

void witness_destroy(struct witness *w) {
    if (!w) return;
    rd_kafka_consumer_close(w->rk);
    kafka_destroy(w->rk);
    free(w);
}

static enum witness_says witness_judge(const rd_kafka_message_t *m,
                                       const struct position_mark *mark) {
    if (m->err) return WITNESS_OTHER;
    rd_kafka_timestamp_type_t type;
    struct position_mark seen = mark_none();
    mark_record(&seen, m->offset, rd_kafka_message_timestamp(m, &type),
                (struct text){m->key, m->key_len}, (struct text){m->payload, m->len});
    return mark_same_record(&seen, mark) ? WITNESS_SAME : WITNESS_OTHER;
}

static enum witness_says witness_look(struct witness *w, const struct position_mark *mark) {
    for (int64_t end = clock_ms() + ANSWER_MS; clock_ms() < end;) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(w->rk, ANSWER_MS);
        if (!m) continue;
        bool gone = m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET,
             end_or_record = !m->err || m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        enum witness_says says = witness_judge(m, mark);
        rd_kafka_message_destroy(m);
        if (gone) return WITNESS_GONE;
        if (end_or_record) return says;
    }
    return WITNESS_OTHER;
}

enum witness_says witness_ask(struct witness **w, const struct config *c, const char *topic,
                              int32_t partition, const struct position_mark *mark) {
    if (!*w) *w = witness_create(c);
    if (!*w) return WITNESS_OTHER;
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(one, topic, partition)->offset = mark->record;
    rd_kafka_resp_err_t err = kafka_assign((*w)->rk, one);
    enum witness_says says = err ? WITNESS_OTHER : witness_look(*w, mark);
    kafka_assign((*w)->rk, NULL);
    rd_kafka_topic_partition_list_destroy(one);
    return says;
}
