/* `winnowd feed`: sends a file into the samples topic, row by row.
 *
 * The key is the sample id, so that one sample always goes to the same partition. The producer is
 * idempotent: nothing is sent twice or out of order. Memory is that of librdkafka's queue, whatever
 * the size of the file. Refuses a topic that is not there.
 *
 * Thread: main thread */
#include "command.h"

#include "base/clock.h"
#include "base/log.h"
#include "data/dataset.h"
#include "kafka/client.h"
#include "terminal/console.h"

enum { TOPIC_MS = 10000, FLUSH_MS = 60000, PACE_MS = 20 };

struct feed {
    struct dataset_options data;
    const char *file;
    double rate; // samples a second; 0: as fast as it goes
    int64_t limit;
    const struct config *config;
    const _Atomic bool *stop;
    rd_kafka_t *rk;
    uint64_t sent, delivered, failed;
    int64_t start_ms;
    char reason[256]; // of the last failure
};

static void feed_delivery_cb(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    (void)rk;
    struct feed *f = opaque;
    f->delivered += !m->err;
    f->failed += m->err != 0;
    if (m->err) snprintf(f->reason, sizeof f->reason, "%s", rd_kafka_err2str(m->err));
}

static void feed_progress(const struct feed *f) {
    double seconds = (double)(clock_ms() - f->start_ms) / 1000;
    console_progress("%llu samples, %.0f/s", (unsigned long long)f->delivered,
                     seconds > 0 ? (double)f->delivered / seconds : 0);
}

static bool feed_stopped(const struct feed *f) { return atomic_load(f->stop) || f->failed; }

/* Waits until the rate allows the next sample. */
static void feed_pace(struct feed *f) {
    while (f->rate > 0 && !feed_stopped(f)) {
        double due = (double)f->start_ms + 1000 * (double)f->sent / f->rate,
               left = due - (double)clock_ms();
        if (left <= 0) return;
        rd_kafka_poll(f->rk, left < PACE_MS ? (int)left + 1 : PACE_MS);
        feed_progress(f);
    }
}

static rd_kafka_resp_err_t feed_send_one(struct feed *f, const struct dataset_sample *s) {
    rd_kafka_resp_err_t err;
    do {
        err = rd_kafka_producev(
            f->rk, RD_KAFKA_V_TOPIC(f->config->topics.samples),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(s->id.at, s->id.len),
            RD_KAFKA_V_VALUE((void *)s->event.at, s->event.len), RD_KAFKA_V_END);
        rd_kafka_poll(f->rk, err == RD_KAFKA_RESP_ERR__QUEUE_FULL ? PACE_MS : 0);
        feed_progress(f);
    } while (err == RD_KAFKA_RESP_ERR__QUEUE_FULL && !feed_stopped(f));
    return err;
}

/* All rows, or until told to stop. The exit code; what was sent is delivered or failed when it
 * returns. */
static int feed_send_all(struct feed *f, struct dataset *d, struct buf *why) {
    struct dataset_sample s;
    int result = 0;
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
    while (!feed_stopped(f) && !err && (result = dataset_next(d, &s, why)) > 0) {
        feed_pace(f);
        if (feed_stopped(f)) break;
        err = feed_send_one(f, &s);
        f->sent += !err;
    }
    bool flushed = rd_kafka_flush(f->rk, FLUSH_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (result < 0) return console_exit(result);
    if (err && err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
        buf_printf(why, "row %llu: %s", (unsigned long long)s.row, rd_kafka_err2str(err));
    else if (f->failed)
        buf_printf(why, "%llu samples were not delivered: %s", (unsigned long long)f->failed,
                   f->reason);
    else if (!flushed)
        buf_printf(why, "%llu samples were not confirmed in time",
                   (unsigned long long)(f->sent - f->delivered));
    return why->len ? EX_UNAVAILABLE : EX_OK;
}

static int feed_open_producer(struct feed *f, struct buf *why) {
    static const char *const owned[] = {
        "acks", "all", "enable.idempotence", "true", "partitioner", "murmur2_random", NULL};
    TRY(kafka_create(&f->rk, f->config,
                     &(struct kafka_settings){.type = RD_KAFKA_PRODUCER,
                                              .owned = owned,
                                              .opaque = f,
                                              .delivery_cb = feed_delivery_cb},
                     why));
    const char *topic = f->config->topics.samples;
    int partitions = kafka_partitions(f->rk, topic, TOPIC_MS);
    if (partitions > 0) return 0;
    if (partitions == ERR_MISSING)
        buf_printf(why, "topic %s does not exist; `winnowd topics --create --samples` makes it",
                   topic);
    else if (partitions == ERR_CONFIG) buf_printf(why, "topic %s may not be described", topic);
    else buf_printf(why, "no broker answers for topic %s at %s", topic, f->config->kafka.brokers);
    rd_kafka_destroy(f->rk);
    f->rk = NULL;
    return partitions < 0 ? partitions : ERR_RETRY;
}

static int feed_file(struct feed *f, struct buf *why) {
    struct dataset *d;
    int result = dataset_open(&d, &f->data, why), code = EX_OK;
    if (result < 0) return result == ERR_IO ? EX_NOINPUT : console_exit(result);
    result = feed_open_producer(f, why);
    f->start_ms = clock_ms();
    code = result < 0 ? console_exit(result) : feed_send_all(f, d, why);
    if (f->rk) rd_kafka_destroy(f->rk);
    dataset_close(d);
    return code;
}

int command_feed(int argc, char **argv) {
    struct feed f = {0};
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &f.file, "FILE", "the configuration", true},
        {"data", 0, FLAG_TEXT, &f.data.file, "FILE", "CSV with a header (also .gz), or JSON lines",
         true},
        {"rate", 0, FLAG_NUMBER, &f.rate, "N",
         "samples a second; 0, the default: as fast as it goes", false},
        {"label", 0, FLAG_TEXT, &f.data.label, "COLUMN",
         "the label, which is left out of the samples", false},
        {"id", 0, FLAG_TEXT, &f.data.id, "COLUMN",
         "the sample id and key; default: the row's number, put in as \"row\"", false},
        {"drop", 0, FLAG_TEXT, &f.data.drop, "A,B", "columns to leave out", false},
        {"limit", 0, FLAG_COUNT, &f.limit, "N", "stop after so many rows; 0, the default: all",
         false},
    };
    struct usage usage = {"feed", NULL, "Sends a file into the samples topic.", flags,
                          sizeof flags / sizeof *flags};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code != CLI_GO) return code;
    struct config *c;
    code = cli_config(&c, f.file);
    if (code != CLI_GO) return code;
    log_init(LOG_LOGFMT, LOG_WARNING);
    f.config = c;
    f.data.limit = (uint64_t)f.limit;
    f.stop = console_stop();
    struct buf why = {0};
    code = feed_file(&f, &why);
    console_clear();
    double seconds = (double)(clock_ms() - f.start_ms) / 1000;
    if (f.sent)
        printf("%llu samples in %.1f s, %.0f/s\n", (unsigned long long)f.delivered, seconds,
               seconds > 0 ? (double)f.delivered / seconds : 0);
    if (code) console_fail(code, "%s", buf_string(&why));
    buf_release(&why);
    config_destroy(c);
    return code;
}
