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
#include "feed_envelope.h"
#include "feed_look.h"
#include "kafka/client.h"
#include "kafka/producer.h"
#include "terminal/console.h"

enum {
    TOPIC_MS = 10000, // for the topic to be found, before the broker counts as away
    FLUSH_MS = 60000, // for the last samples to be acknowledged
    PACE_MS = 20      // the longest pause between two samples or before a full queue is tried again
};

struct feed {
    struct dataset_options data;
    const char *file;
    double rate; // samples a second; 0: as fast as it goes
    int64_t limit;
    const struct config *config;
    const _Atomic bool *stop;
    struct feed_envelope envelope;
    struct producer *producer;
    struct producer_counts counts;
    int64_t start_ms;
};

static void feed_progress(const struct feed *f) {
    double seconds = (double)(clock_ms() - f->start_ms) / 1000;
    console_progress("%llu samples, %.0f/s", (unsigned long long)f->counts.acknowledged,
                     seconds > 0 ? (double)f->counts.acknowledged / seconds : 0);
}

static bool feed_stopped(const struct feed *f) { return atomic_load(f->stop) || f->counts.failed; }

static void feed_serve(struct feed *f, int wait_ms) {
    producer_serve(f->producer, wait_ms);
    f->counts = producer_counts(f->producer);
    feed_progress(f);
}

/* Waits until the rate allows the next sample. */
static void feed_pace(struct feed *f) {
    while (f->rate > 0 && !feed_stopped(f)) {
        double due = (double)f->start_ms + 1000 * (double)f->counts.sent / f->rate,
               left = due - (double)clock_ms();
        if (left <= 0) return;
        feed_serve(f, left < PACE_MS ? (int)left + 1 : PACE_MS);
    }
}

static int feed_send_one(struct feed *f, const struct dataset_sample *s) {
    const struct producer_record r = {.key = s->id,
                                      .value = feed_envelope_put(&f->envelope, s->event, s->id)};
    int result;
    do {
        result = producer_send(f->producer, &r, NULL);
        feed_serve(f, result == ERR_FULL ? PACE_MS : 0);
    } while (result == ERR_FULL && !feed_stopped(f));
    return result;
}

/* Why not all that was read has arrived, if so. refused: a row that the producer did not take. */
static void feed_account(struct feed *f, int refused, uint64_t row, bool flushed, struct buf *why) {
    const struct producer_counts *n = &f->counts;
    const char *trouble = producer_trouble(f->producer);
    if (refused < 0 && refused != ERR_FULL)
        buf_printf(why, "row %llu: %s", (unsigned long long)row, trouble);
    else if (n->failed)
        buf_printf(why, "%llu samples were not delivered: %s", (unsigned long long)n->failed,
                   trouble);
    else if (!flushed)
        buf_printf(why, "%llu samples were not confirmed in time",
                   (unsigned long long)(n->sent - n->acknowledged));
}

/* All rows, or until told to stop. The exit code; what was sent is delivered or failed when it
 * returns. */
static int feed_send_all(struct feed *f, struct dataset *d, struct buf *why) {
    struct dataset_sample s = {0};
    int result = 0, refused = 0;
    while (!feed_stopped(f) && refused == 0 && (result = dataset_next(d, &s, why)) > 0) {
        feed_pace(f);
        if (feed_stopped(f)) break;
        refused = feed_send_one(f, &s);
    }
    bool flushed = producer_flush(f->producer, FLUSH_MS);
    f->counts = producer_counts(f->producer);
    if (result < 0) return console_exit(result);
    feed_account(f, refused, s.row, flushed, why);
    return why->len ? EX_UNAVAILABLE : EX_OK;
}

static int feed_open_producer(struct feed *f, struct buf *why) {
    const char *const topic = f->config->topics.samples, *which;
    TRY(producer_create(
        &f->producer,
        &(struct producer_options){.config = f->config, .topics = &topic, .topics_n = 1}, why));
    int result = producer_find_topics(f->producer, TOPIC_MS, &which);
    if (result < 0) kafka_topic_trouble(f->config, which, result, "--create --samples", why);
    return result < 0 ? result : producer_heed_limits(f->producer, TOPIC_MS);
}

static int feed_data(struct feed *f, struct dataset *d, struct buf *why) {
    struct buf remarks = {0};
    console_remarks(f->data.file, dataset_remarks(d));
    int result = feed_look(f->config, d, &f->data, &remarks, why);
    console_remarks(f->data.file, buf_string(&remarks));
    buf_release(&remarks);
    if (result == 0) result = feed_open_producer(f, why);
    f->start_ms = clock_ms();
    int code = result < 0 ? console_exit(result) : feed_send_all(f, d, why);
    producer_destroy(f->producer);
    console_remarks(f->data.file, dataset_remarks(d));
    return code;
}

static int feed_file(struct feed *f, struct buf *why) {
    struct dataset *d;
    if (feed_envelope_open(&f->envelope, f->config, why) < 0) return EX_CONFIG;
    int result = dataset_open(&d, &f->data, why);
    if (result < 0) return result == ERR_IO ? EX_NOINPUT : console_exit(result);
    int code = feed_data(f, d, why);
    dataset_close(d);
    return code;
}

int command_feed(int argc, char **argv) {
    struct feed f = {0};
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &f.file, "FILE", "the configuration", true},
        {"data", 0, FLAG_TEXT, &f.data.file, "FILE", COMMAND_DATA_WORDS, true},
        {"rate", 0, FLAG_NUMBER, &f.rate, "N",
         "samples a second; 0, the default: as fast as it goes", false},
        {"label", 0, FLAG_TEXT, &f.data.label, "COLUMN",
         "the label, which is left out of the samples", false},
        {"id", 0, FLAG_TEXT, &f.data.id, "COLUMN",
         "the sample id and key; default: the row's number, put in as \"row\"", false},
        {"drop", 0, FLAG_TEXT, &f.data.drop, "A,B", "columns to leave out", false},
        {"limit", 0, FLAG_COUNT, &f.limit, "N", "stop after so many rows; 0, the default: all",
         false},
        COMMAND_DATA_FLAGS(f.data),
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
    if (f.counts.sent)
        printf("%llu samples in %.1f s, %.0f/s\n", (unsigned long long)f.counts.acknowledged,
               seconds, seconds > 0 ? (double)f.counts.acknowledged / seconds : 0);
    if (code) console_fail(code, "%s", buf_string(&why));
    buf_release(&why);
    feed_envelope_close(&f.envelope);
    config_destroy(c);
    return code;
}
