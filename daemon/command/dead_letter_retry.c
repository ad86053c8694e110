/* Feeding again without feeding twice.
 *
 * A sample and its receipt on the dead-letters topic are one transaction under one fixed
 * transactional id: a crash leaves both or neither, and of two retries at the same time the later
 * one fences the first before it reads which letters are done. What winnowd could still not read is
 * found out here, by the decoder and feature map of the daemon itself, and not sent round again.
 *
 * Thread: main thread */
#include "dead_letter_retry.h"

#include "base/clock.h"
#include "encode/features.h"
#include "kafka/client.h"
#include "terminal/console.h"

#include <inttypes.h>

enum { CALL_MS = 5000, ATTEMPT_MS = 30000, AT_ONCE = 200, ID_MOST = 255 };

/* ---- judging ---- */

struct retry_check {
    const struct config *config;
    struct features *features;
    struct decoder *decoder;
    struct value *values;
    double *row;
    bool has_id;
};

static void retry_check_close(struct retry_check *j) {
    decoder_destroy(j->decoder);
    features_destroy(j->features);
    free(j->values);
    free(j->row);
}

static int retry_check_open(struct retry_check *j, const struct config *c) {
    *j = (struct retry_check){.config = c, .has_id = *c->admit.id};
    TRY(features_create(&j->features, c->features, c->features_n));
    size_t fields = features_fields(j->features), n = fields + j->has_id;
    struct text *paths = xcalloc(n, sizeof *paths);
    memcpy(paths, features_paths(j->features), fields * sizeof *paths);
    if (j->has_id) paths[fields] = text_of(c->admit.id);
    j->values = xcalloc(n, sizeof *j->values);
    j->row = xcalloc(features_columns(j->features), sizeof *j->row);
    int result = decoder_of_samples(&j->decoder, c, paths, n);
    free(paths);
    return result;
}

static bool retry_bad_id(const struct value *v) {
    if (v->kind == VALUE_MISSING || v->kind == VALUE_NULL) return false;
    bool integer = v->kind == VALUE_NUMBER && !memchr(v->text.at, '.', v->text.len) &&
                   !memchr(v->text.at, 'e', v->text.len) && !memchr(v->text.at, 'E', v->text.len);
    return (v->kind != VALUE_TEXT && !integer) || v->text.len == 0 || v->text.len > ID_MOST;
}

static enum reason letter_retry_fate_of(struct retry_check *j, struct text value,
                                        const char **field) {
    size_t guilty = 0;
    *field = NULL;
    if (!value.at || !value.len) return REASON_EMPTY;
    if (value.len > (size_t)j->config->admit.max_bytes) return REASON_TOO_LARGE;
    enum reason fate = decoder_read(j->decoder, value, j->values);
    if (fate != REASON_NONE) return fate;
    fate = features_encode(j->features, j->values, j->row, &guilty);
    if (fate != REASON_NONE) {
        *field = j->config->features[guilty].path;
        return fate;
    }
    return j->has_id && retry_bad_id(&j->values[features_fields(j->features)]) ? REASON_BAD_ID
                                                                               : REASON_NONE;
}

static void retry_check_one(struct retry_check *j, struct retry *r, bool again,
                            struct arena *arena) {
    const char *field;
    bool repaired = r->value.at != r->letter->value.at;
    if (r->letter->retried && !again) {
        r->verdict = RETRY_DONE;
        r->why = TEXT("was fed again before; --again feeds it once more");
    } else if ((r->letter->whole_bytes.at && !repaired) || r->letter->key_cut) {
        r->verdict = RETRY_CUT;
        r->why = r->letter->key_cut
                     ? TEXT("its key was too long to be kept whole")
                     : TEXT("its value was too long to be kept whole; give the whole with --edit");
    } else {
        enum reason fate = letter_retry_fate_of(j, r->value, &field);
        struct buf why = {0};
        r->verdict = fate == REASON_NONE ? RETRY_FEED : RETRY_HOPELESS;
        buf_printf(&why, "would be a dead letter again: %s%s%s", reason_text(fate),
                   field ? ": " : "", field ? field : "");
        if (fate != REASON_NONE) r->why = arena_text(arena, buf_view(&why));
        buf_release(&why);
    }
}

int retry_judge(struct retry *r, size_t n, const struct config *c, bool again,
                struct arena *arena) {
    struct retry_check j;
    int result = retry_check_open(&j, c);
    for (size_t i = 0; result == 0 && i < n; i++) retry_check_one(&j, &r[i], again, arena);
    retry_check_close(&j);
    return result;
}

/* ---- feeding ---- */

struct retrier {
    rd_kafka_t *rk;
    const struct config *config;
    rd_kafka_resp_err_t trouble;
};

static void letter_retry_delivery_cb(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    (void)rk;
    if (m->err) ((struct retrier *)opaque)->trouble = m->err;
}

static int letter_retry_until_done(struct retrier *r, rd_kafka_error_t *(*call)(rd_kafka_t *, int),
                                   const char *doing) {
    int result;
    int64_t end = clock_ms() + ATTEMPT_MS;
    do {
        result = kafka_error(call(r->rk, CALL_MS), doing);
        rd_kafka_poll(r->rk, 20);
    } while (result == ERR_RETRY && clock_ms() < end && !atomic_load(console_stop()));
    return result;
}

int retrier_create(struct retrier **out, const struct config *c, struct buf *why) {
    char *id = xasprintf("%s-retry", c->service.name);
    const char *owned[] = {"acks",
                           "all",
                           "enable.idempotence",
                           "true",
                           "partitioner",
                           "murmur2_random",
                           "transactional.id",
                           id,
                           "transaction.timeout.ms",
                           "60000",
                           NULL};
    struct retrier *r = xcalloc(1, sizeof *r);
    r->config = c;
    int result = kafka_create(&r->rk, c,
                              &(struct kafka_settings){.type = RD_KAFKA_PRODUCER,
                                                       .owned = owned,
                                                       .opaque = r,
                                                       .delivery_cb = letter_retry_delivery_cb},
                              why);
    free(id);
    if (result < 0) {
        free(r);
        return result;
    }
    result = letter_retry_until_done(r, rd_kafka_init_transactions, "init_transactions (retry)");
    if (result == 0) {
        *out = r;
        return 0;
    }
    buf_printf(why,
               "no transaction can be opened as %s-retry at %s (rights to that transactional id? "
               "is the broker there?)",
               c->service.name, c->kafka.brokers);
    retrier_destroy(r);
    return result;
}

void retrier_destroy(struct retrier *r) {
    if (!r) return;
    rd_kafka_destroy(r->rk);
    free(r);
}

static void add_header(rd_kafka_headers_t *to, const char *name, struct text value) {
    rd_kafka_header_add(to, name, -1, value.at, (ssize_t)value.len);
}

static rd_kafka_resp_err_t send_sample(struct retrier *r, const struct retry *one,
                                       struct text place) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(one->letter->headers_n + 1);
    for (size_t i = 0; i < one->letter->headers_n; i++)
        add_header(headers, one->letter->header[i].name.at, one->letter->header[i].value);
    add_header(headers, RETRY_OF, place);
    rd_kafka_resp_err_t err =
        rd_kafka_producev(r->rk, RD_KAFKA_V_TOPIC(r->config->topics.samples),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_KEY(one->letter->key.at, one->letter->key.len),
                          RD_KAFKA_V_VALUE((void *)one->value.at, one->value.len),
                          RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (err) rd_kafka_headers_destroy(headers);
    return err;
}

static rd_kafka_resp_err_t send_receipt(struct retrier *r, const struct retry *one,
                                        struct text place) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
    add_header(headers, RETRY_RECEIPT, place);
    rd_kafka_resp_err_t err = rd_kafka_producev(
        r->rk, RD_KAFKA_V_TOPIC(r->config->topics.dead_letters),
        RD_KAFKA_V_PARTITION(one->letter->partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(one->letter->key.at, one->letter->key.len), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_END);
    if (err) rd_kafka_headers_destroy(headers);
    return err;
}

static int letter_retry_send_one(struct retrier *r, const struct retry *one) {
    char place[40];
    snprintf(place, sizeof place, "%" PRId32 "/%" PRId64, one->letter->partition,
             one->letter->offset);
    rd_kafka_resp_err_t err = send_sample(r, one, text_of(place));
    if (!err) err = send_receipt(r, one, text_of(place));
    if (err) r->trouble = err;
    return err ? ERR_ABORT : 0;
}

/* From *i on, as many as one transaction takes; *i moves past them. */
static int letter_retry_transaction(struct retrier *r, const struct retry *list, size_t n,
                                    size_t *i, size_t *fed) {
    size_t sent = 0;
    TRY(kafka_error(rd_kafka_begin_transaction(r->rk), "begin_transaction (retry)"));
    int result = 0;
    for (; result == 0 && *i < n && sent < AT_ONCE; ++*i) {
        if (list[*i].verdict != RETRY_FEED) continue;
        result = letter_retry_send_one(r, &list[*i]);
        sent++;
    }
    if (result == 0)
        result =
            letter_retry_until_done(r, rd_kafka_commit_transaction, "commit_transaction (retry)");
    if (result == 0) {
        *fed += sent;
        return 0;
    }
    if (result == ERR_ABORT &&
        letter_retry_until_done(r, rd_kafka_abort_transaction, "abort_transaction (retry)") < 0)
        return ERR_FATAL;
    return result;
}

int retrier_feed(struct retrier *r, const struct retry *list, size_t n, size_t *fed,
                 struct buf *why) {
    int result = 0;
    *fed = 0;
    for (size_t i = 0; result == 0 && i < n;) {
        result = letter_retry_transaction(r, list, n, &i, fed);
        console_progress("fed again: %zu", *fed);
    }
    console_clear();
    if (result == ERR_FENCED)
        buf_printf(why, "another retry of %s has begun; this one fed %zu", r->config->service.name,
                   *fed);
    else if (result < 0)
        buf_printf(
            why,
            "the broker did not take them (%s); %zu were fed, the rest was not: look with `list`",
            r->trouble ? rd_kafka_err2str(r->trouble) : error_text(result), *fed);
    return result;
}
