/* Reading a partition from a position that must first prove to be its own (place.h).
 *
 * Nothing is kept here: a crash between any two steps leaves the position as it was committed, and
 * the next start looks again.
 *
 * Thread: the thread that owns the handle */
#include "place.h"

#include "base/log.h"
#include "base/rng.h"
#include "kafka/admin.h"

#include <inttypes.h>

enum {
    ASK_MS = 5000,   // for the ends of a log, and for the topic's id
    AHEAD_LOOKS = 10 // a second apart (places.c): longer than a broker that is back takes to hear
                     // what it leads
};

/* ---- ids ---- */

static uint32_t place_short(const char *id) {
    uint64_t h = hash_bytes(id, strlen(id));
    uint32_t folded = (uint32_t)(h ^ h >> 32);
    return folded ? folded : 1; // 0: not known
}

static uint32_t place_cluster_id(rd_kafka_t *rk, int timeout_ms) {
    char *id = rd_kafka_clusterid(rk, timeout_ms);
    uint32_t out = id && *id ? place_short(id) : 0;
    if (id) rd_kafka_mem_free(rk, id);
    return out;
}

/* From 2.3 on the library can ask for a topic's id, which is new whenever a topic is made. */
#if RD_KAFKA_VERSION >= 0x020300ff
static uint32_t place_id_in(rd_kafka_event_t *e) {
    size_t n;
    const rd_kafka_DescribeTopics_result_t *result = rd_kafka_event_DescribeTopics_result(e);
    const rd_kafka_TopicDescription_t **topics =
        result ? rd_kafka_DescribeTopics_result_topics(result, &n) : NULL;
    if (!topics || n != 1 || rd_kafka_error_code(rd_kafka_TopicDescription_error(topics[0])))
        return 0;
    const char *id = rd_kafka_Uuid_base64str(rd_kafka_TopicDescription_topic_id(topics[0]));
    return id && *id ? place_short(id) : 0;
}

static uint32_t place_topic_id(rd_kafka_t *rk, const char *topic, int timeout_ms) {
    char ignored[128];
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
    (void)rd_kafka_AdminOptions_set_request_timeout(o, timeout_ms, ignored, sizeof ignored);
    rd_kafka_TopicCollection_t *names = rd_kafka_TopicCollection_of_topic_names(&topic, 1);
    rd_kafka_DescribeTopics(rk, names, o, queue);
    rd_kafka_event_t *e = rd_kafka_queue_poll(queue, timeout_ms);
    uint32_t out = e && !rd_kafka_event_error(e) ? place_id_in(e) : 0;
    if (e) rd_kafka_event_destroy(e);
    rd_kafka_TopicCollection_destroy(names);
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_queue_destroy(queue);
    return out;
}
#else
static uint32_t place_topic_id(rd_kafka_t *rk, const char *topic, int timeout_ms) {
    (void)rk, (void)topic, (void)timeout_ms;
    return 0;
}
#endif

struct place_ids place_ids_of(rd_kafka_t *rk, const char *topic, int timeout_ms) {
    return (struct place_ids){.topic = place_topic_id(rk, topic, timeout_ms),
                              .cluster = place_cluster_id(rk, timeout_ms)};
}

/* ---- the stream ---- */

int64_t place_begin(struct place *p, const struct position *at) {
    bool record = at->mark.record >= 0 && at->mark.record < at->next;
    *p = (struct place){
        .at = *at, .probe = record ? PLACE_RECORD : PLACE_SURE, .lost = LOST_NONE, .untold = -1};
    return record ? at->mark.record : at->next;
}

static bool place_is_same(const struct place *p, const rd_kafka_message_t *m) {
    rd_kafka_timestamp_type_t type;
    int64_t time_ms = rd_kafka_message_timestamp(m, &type);
    struct position_mark seen = mark_none();
    mark_record(&seen, m->offset, type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? 0 : time_ms,
                (struct text){m->key, m->key_len}, (struct text){m->payload, m->len});
    return mark_same_record(&seen, &p->at.mark);
}

static void place_doubt(struct place *p, bool looked, bool found) {
    p->doubt = true;
    p->looked = looked;
    p->found = found;
}

bool place_record(struct place *p, const rd_kafka_message_t *m) {
    if (p->doubt || p->lost != LOST_NONE) return false;
    if (p->probe == PLACE_RECORD) {
        if (m->offset == p->at.mark.record && place_is_same(p, m)) p->probe = PLACE_SKIP;
        else place_doubt(p, true, m->offset == p->at.mark.record);
        return false;
    }
    if (m->offset < p->at.next) return false;
    p->probe = PLACE_SURE;
    return true;
}

void place_end(struct place *p, int64_t end) {
    if (p->doubt || p->lost != LOST_NONE) return;
    if (p->probe == PLACE_RECORD) place_doubt(p, end > p->at.mark.record, false);
    else if (p->probe == PLACE_SKIP && end < p->at.next) place_doubt(p, false, false);
    else p->probe = PLACE_SURE;
}

void place_out_of_range(struct place *p) {
    if (!p->doubt && p->lost == LOST_NONE) place_doubt(p, false, false);
}

/* ---- the judgement ---- */

static bool place_compacted(const struct config *c, const char *topic) {
    struct admin *a;
    struct buf why = {0};
    struct topic_facts facts = {0};
    if (admin_open(&a, c, &why) == 0) {
        admin_topic(a, topic, &facts);
        admin_close(a);
    }
    buf_release(&why);
    return facts.described && strstr(facts.cleanup, "compact");
}

bool place_conclude(struct place *p, const struct evidence *e) {
    enum lost found = position_judge(&p->at, e);
    if (found == LOST_AHEAD && ++p->ahead < AHEAD_LOOKS) return false;
    p->lost = found;
    p->doubt = false;
    p->probe = PLACE_SURE;
    return true;
}

struct position place_where(const struct place *p, int64_t low) {
    struct position at = p->at;
    if (p->looked || at.mark.record < low) at.mark.record = -1;
    return at;
}

int place_ask(const struct place *p, rd_kafka_t *rk, const struct config *c, const char *topic,
              int32_t partition, struct evidence *out) {
    if (p->ahead && kafka_partitions(rk, topic, ASK_MS) < 0) return ERR_RETRY; // who leads it now
    int64_t high = kafka_offset_at(rk, topic, partition, RD_KAFKA_OFFSET_END, ASK_MS),
            low = kafka_offset_at(rk, topic, partition, RD_KAFKA_OFFSET_BEGINNING, ASK_MS);
    if (low < 0 || high < 0) return ERR_RETRY;
    struct place_ids ids = place_ids_of(rk, topic, ASK_MS);
    *out = (struct evidence){.low = low,
                             .high = high,
                             .looked = p->looked,
                             .found = p->found,
                             .topic = ids.topic,
                             .cluster = ids.cluster};
    if (out->looked && !out->found && position_judge(&p->at, out) == LOST_ANEW)
        out->compacted = place_compacted(c, topic);
    return 0;
}

void place_say(const struct place *p, const char *topic, int32_t partition, int64_t low,
               bool moved) {
    if (moved)
        LOG(WARNING, "position_moved",
            "the position did not fit its partition; reading goes on at its earliest record",
            L_STR("topic", topic), L_I64("partition", partition),
            L_STR("state", lost_name(p->lost)), L_STR("because", lost_text(p->lost)),
            L_I64("from", p->at.next), L_I64("to", low));
    else
        LOG(ERROR, "position_lost",
            "the position does not fit its partition, which stands still until it is set; the "
            "others go on",
            L_STR("topic", topic), L_I64("partition", partition),
            L_STR("state", lost_name(p->lost)), L_STR("because", lost_text(p->lost)),
            L_I64("position", p->at.next), L_I64("low", low));
}
