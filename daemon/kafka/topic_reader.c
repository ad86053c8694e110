/* Plain reading of whole topics: assigned by hand, from offsets that the caller keeps (in LMDB, or
 * none at all).
 *
 * The end of each partition is asked for at the start and "caught up" means that every partition
 * has passed it; partition-EOF events tell, because the last offsets of a transactional topic are
 * markers that no reader sees. An offset that is no longer in the log is fatal: what was lost there
 * must not be lost in silence.
 *
 * Thread: the thread that owns it */
#include "kafka/topic_reader.h"

#include "base/log.h"
#include "client_private.h"
#include "metrics/metrics.h"

#include <inttypes.h>

enum { METADATA_TIMEOUT_MS = 5000 };

struct source {
    const char *name;
    int32_t partitions;
    bool *at_end; // (partitions) has reached the end once
};

struct reader {
    rd_kafka_t *rk;
    size_t n;
    struct source source[READER_TOPICS];
    size_t waiting; // partitions that have not been at the end yet
    bool grown;     // partitions were found that are not assigned yet
    bool started;
};

int reader_create(struct reader **out, const struct config *c, const char *const *names, size_t n,
                  struct buf *why) {
    CHECK(n <= READER_TOPICS);
    /* group.id is required by the library even where no group is used; nothing is ever committed
     * under it. */
    const char *owned[] = {"group.id",
                           c->service.name,
                           "enable.auto.commit",
                           "false",
                           "enable.auto.offset.store",
                           "false",
                           "isolation.level",
                           "read_committed",
                           "auto.offset.reset",
                           "error",
                           "enable.partition.eof",
                           "true",
                           NULL};
    struct reader *r = xcalloc(1, sizeof *r);
    r->n = n;
    for (size_t i = 0; i < n; i++) r->source[i].name = names[i];
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
    rd_kafka_destroy(r->rk);
    for (size_t i = 0; i < r->n; i++) free(r->source[i].at_end);
    free(r);
}

static int reader_find(struct reader *r, struct source *s) {
    int n = kafka_partitions(r->rk, s->name, METADATA_TIMEOUT_MS);
    if (n <= 0) {
        kafka_topic_unavailable(s->name, n);
        return ERR_RETRY;
    }
    if (n <= s->partitions) return 0;
    s->at_end = xrealloc(s->at_end, (size_t)n * sizeof *s->at_end);
    for (int32_t p = s->partitions; p < n; p++) s->at_end[p] = false;
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

bool reader_answers(struct reader *r, int timeout_ms) {
    return kafka_partitions(r->rk, r->source[0].name, timeout_ms) != ERR_RETRY;
}

int reader_cluster(struct reader *r, struct buf *out, int timeout_ms) {
    if (!reader_answers(r, timeout_ms)) return ERR_RETRY;
    char *id = rd_kafka_clusterid(r->rk, timeout_ms); // known by the answer, if at all
    if (id) buf_str(out, id);
    if (id) rd_kafka_mem_free(r->rk, id);
    return 0;
}

int reader_start(struct reader *r, int64_t (*start)(size_t, int32_t, void *), void *opaque) {
    for (size_t i = 0; i < r->n; i++) TRY(reader_find(r, &r->source[i]));
    if (r->started && !r->grown) return 0;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (size_t i = 0; i < r->n; i++) {
        for (int32_t p = 0; p < r->source[i].partitions; p++) {
            int64_t at = start ? start(i, p, opaque) : -1;
            rd_kafka_topic_partition_list_add(list, r->source[i].name, p)->offset =
                at < 0 ? RD_KAFKA_OFFSET_BEGINNING : at;
        }
    }
    rd_kafka_resp_err_t err = rd_kafka_assign(r->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (err) return ERR_RETRY; // what was found stays to be assigned
    r->started = true;
    r->grown = false;
    return 0;
}

static size_t topic_index(const struct reader *r, const char *name) {
    size_t i = 0;
    while (i < r->n && strcmp(r->source[i].name, name) != 0) i++;
    return i;
}

static void reader_at_end(struct reader *r, const rd_kafka_message_t *m) {
    size_t i = topic_index(r, rd_kafka_topic_name(m->rkt));
    if (i == r->n || m->partition >= r->source[i].partitions || r->source[i].at_end[m->partition])
        return;
    r->source[i].at_end[m->partition] = true;
    r->waiting--;
}

static size_t chunks_of(const rd_kafka_message_t *m) {
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    char text[16];
    if (rd_kafka_message_headers(m, &headers) ||
        rd_kafka_header_get_last(headers, "chunks", &value, &size) || size >= sizeof text)
        return 0;
    memcpy(text, value, size);
    text[size] = '\0';
    return strtoul(text, NULL, 10);
}

static struct reader_record reader_describe(const struct reader *r, rd_kafka_message_t *m) {
    rd_kafka_timestamp_type_t type;
    return (struct reader_record){
        .topic = topic_index(r, rd_kafka_topic_name(m->rkt)),
        .partition = m->partition,
        .offset = m->offset,
        .time_ms = rd_kafka_message_timestamp(m, &type),
        .key = {m->key, m->key_len},
        .value = {m->payload, m->len},
        .chunks = chunks_of(m),
        .message = m,
    };
}

static int reader_event(struct reader *r, const rd_kafka_message_t *m) {
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        reader_at_end(r, m);
        return 0;
    }
    if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        LOG(ERROR, "offset_out_of_range",
            "records that were not read yet are not in the log any more; remove the label store to "
            "rebuild it from what is left",
            L_STR("topic", rd_kafka_topic_name(m->rkt)), L_I64("partition", m->partition));
        return ERR_FATAL;
    }
    metric_add_by(METRIC_kafka_errors, KAFKA_ERROR_RETRIABLE, 1);
    LOG(WARNING, "consume_error", rd_kafka_message_errstr(m),
        L_STR("error", rd_kafka_err2name(m->err)));
    return 0;
}

int reader_poll(struct reader *r, struct reader_record *out, size_t most, int timeout_ms) {
    size_t n = 0;
    while (n < most) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(r->rk, n ? 0 : timeout_ms);
        if (!m) break;
        if (!m->err) {
            out[n++] = reader_describe(r, m);
            continue;
        }
        int result = reader_event(r, m);
        bool end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        rd_kafka_message_destroy(m);
        if (result < 0) {
            reader_release(r, out, n);
            return result;
        }
        if (end) break; // the caller may be waiting for just this
    }
    return (int)n;
}

void reader_release(struct reader *r, struct reader_record *records, size_t n) {
    (void)r;
    for (size_t i = 0; i < n; i++) rd_kafka_message_destroy(records[i].message);
}

void reader_headers(const struct reader_record *r, void (*visit)(struct text, struct text, void *),
                    void *opaque) {
    kafka_headers(r->message, visit, opaque);
}

struct text reader_header(const struct reader_record *r, const char *name) {
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    if (rd_kafka_message_headers(r->message, &headers) ||
        rd_kafka_header_get_last(headers, name, &value, &size))
        return (struct text){0};
    return (struct text){value, size};
}

bool reader_caught_up(const struct reader *r) { return r->started && r->waiting == 0; }
int32_t reader_partitions(const struct reader *r, size_t topic) {
    return r->source[topic].partitions;
}
