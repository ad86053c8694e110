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
#include "encode/own_event.h"
#include "kafka/transaction.h"
#include "sample_look.h"
#include "store/label.h"
#include "terminal/console.h"

#include <inttypes.h>

enum {
    ATTEMPT_MS = 30000,     // how long one transaction may try
    LIMITS_MS = 5000,       // for the limits of the topics
    TRANSACTION_MS = 60000, // the broker aborts it after so long
    AT_ONCE = 200,          // samples in one transaction
    PLACE_MOST = 40         // "PARTITION/OFFSET"
};
enum { TO_SAMPLES, TO_LABELS, TO_DEAD_LETTERS, TOPICS };

/* ---- judging ---- */

struct retry_check {
    const struct config *config;
    struct sample_look look;
    struct own_events *events;
};

static void retry_check_close(struct retry_check *j) {
    sample_look_close(&j->look);
    own_events_destroy(j->events);
}

static int retry_check_open(struct retry_check *j, const struct config *c, struct buf *why) {
    *j = (struct retry_check){.config = c};
    TRY(sample_look_open(&j->look, c, why));
    return own_events_create(&j->events, c, j->look.features);
}

/* Labels and samples share the topic; a letter says which it was. */
static bool retry_is_label(const struct config *c, const struct letter *l) {
    return text_equal(l->source, text_of(c->topics.labels));
}

/* Whether the sample can be read now; else *why says why not. */
static bool retry_reads_sample(struct retry_check *j, struct text value, struct buf *why) {
    struct sample sample;
    enum reason fate = sample_look_record(&j->look, value, 0, &sample);
    if (reason_is_sample(fate)) return true;
    if (fate == REASON_IGNORED) buf_str(why, "would be passed over (admit.ignore)");
    else buf_printf(why, "would be a dead letter again: %s", reason_text(fate));
    if (sample.found.len) buf_printf(why, ": %.*s", (int)sample.found.len, sample.found.at);
    return false;
}

/* The same of a label, as the learner would read it. */
static bool retry_reads_label(struct retry_check *j, const struct retry *r, struct buf *why) {
    struct label label;
    struct arena arena = {0};
    const char *wrong;
    bool read = label_read(&label, j->config, r->value, r->letter->key, r->letter->time_ms, &arena,
                           &wrong) == 0;
    if (read && label.data.at)
        read = own_events_row(j->events, label.data, label.time_ms, &wrong) != NULL;
    if (!read) buf_printf(why, "would be a dead letter again: %s", wrong);
    arena_release(&arena);
    return read;
}

static void retry_check_one(struct retry_check *j, struct retry *r, bool again,
                            struct arena *arena) {
    bool repaired = r->value.at != r->letter->value.at;
    if (r->letter->retried && !again) {
        r->verdict = RETRY_DONE;
        r->why = TEXT("was fed again before; --again feeds it once more");
    } else if (text_equal(r->letter->reason, TEXT("bridge_refused"))) {
        r->verdict = RETRY_HOPELESS;
        r->why = TEXT("is a task that the annotation tool did not take, and no sample");
    } else if ((r->letter->whole_bytes.at && !repaired) || r->letter->key_cut) {
        r->verdict = RETRY_CUT;
        r->why = r->letter->key_cut
                     ? TEXT("its key was too long to be kept whole")
                     : TEXT("its value was too long to be kept whole; give the whole with --edit");
    } else {
        struct buf why = {0};
        bool read = retry_is_label(j->config, r->letter) ? retry_reads_label(j, r, &why)
                                                         : retry_reads_sample(j, r->value, &why);
        r->verdict = read ? RETRY_FEED : RETRY_HOPELESS;
        if (!read) r->why = arena_text(arena, buf_view(&why));
        buf_release(&why);
    }
}

int retry_judge(struct retry *r, size_t n, const struct config *c, bool again, struct arena *arena,
                struct buf *why) {
    struct retry_check j;
    int result = retry_check_open(&j, c, why);
    for (size_t i = 0; result == 0 && i < n; i++) retry_check_one(&j, &r[i], again, arena);
    retry_check_close(&j);
    return result;
}

/* ---- feeding ---- */

struct retrier {
    struct producer *producer;
    const struct config *config;
    struct arena arena; // of the present transaction
    struct producer_record record[2 * AT_ONCE];
};

static int retrier_init(struct retrier *r) {
    int result;
    int64_t end = clock_ms() + ATTEMPT_MS;
    do result = producer_init(r->producer);
    while (result == ERR_RETRY && clock_ms() < end && !atomic_load(console_stop()));
    return result;
}

static int retrier_open(struct retrier *r, const char *id, struct buf *why) {
    const char *const topics[TOPICS] = {[TO_SAMPLES] = r->config->topics.samples,
                                        [TO_LABELS] = r->config->topics.labels,
                                        [TO_DEAD_LETTERS] = r->config->topics.dead_letters};
    TRY(producer_create(&r->producer,
                        &(struct producer_options){.config = r->config,
                                                   .topics = topics,
                                                   .topics_n = TOPICS,
                                                   .transactional_id = id,
                                                   .transaction_timeout_ms = TRANSACTION_MS,
                                                   .attempt_ms = ATTEMPT_MS,
                                                   .stop = console_stop()},
                        why));
    TRY(producer_heed_limits(r->producer, LIMITS_MS));
    int result = retrier_init(r);
    if (result < 0)
        buf_printf(why,
                   "no transaction can be opened as %s at %s (rights to that transactional id? is "
                   "the broker there?)",
                   id, r->config->kafka.brokers);
    return result;
}

int retrier_create(struct retrier **out, const struct config *c, struct buf *why) {
    char *id = xasprintf("%s-retry", c->service.name);
    struct retrier *r = xcalloc(1, sizeof *r);
    r->config = c;
    int result = retrier_open(r, id, why);
    free(id);
    if (result == 0) *out = r;
    else retrier_destroy(r);
    return result;
}

void retrier_destroy(struct retrier *r) {
    if (!r) return;
    producer_destroy(r->producer);
    arena_release(&r->arena);
    free(r);
}

/* The sample or label as it came, with where its letter is. */
static void retry_sample(struct retrier *r, const struct retry *one, struct text place,
                         struct producer_record *out) {
    size_t n = one->letter->headers_n;
    struct header *header = arena_take(&r->arena, (n + 1) * sizeof *header);
    if (n) memcpy(header, one->letter->header, n * sizeof *header);
    header[n] = (struct header){TEXT(RETRY_OF), place};
    bool label = retry_is_label(r->config, one->letter);
    *out = (struct producer_record){.topic = label ? TO_LABELS : TO_SAMPLES,
                                    .key = one->letter->key,
                                    .value = one->value,
                                    .header = header,
                                    .headers = n + 1};
}

/* The receipt, beside the letter. */
static void retry_receipt(struct retrier *r, const struct retry *one, struct text place,
                          struct producer_record *out) {
    struct header *header = arena_take(&r->arena, sizeof *header);
    *header = (struct header){TEXT(RETRY_RECEIPT), place};
    *out = (struct producer_record){.topic = TO_DEAD_LETTERS,
                                    .placed = true,
                                    .partition = one->letter->partition,
                                    .key = one->letter->key,
                                    .header = header,
                                    .headers = 1};
}

static void retry_pair(struct retrier *r, const struct retry *one, struct producer_record out[2]) {
    char place[PLACE_MOST];
    snprintf(place, sizeof place, "%" PRId32 "/%" PRId64, one->letter->partition,
             one->letter->offset);
    struct text kept = arena_text(&r->arena, text_of(place));
    retry_sample(r, one, kept, &out[0]);
    retry_receipt(r, one, kept, &out[1]);
}

/* From *i on, as many as one transaction takes; *i moves past them. A transaction that failed is
 * not tried again: another retry may have begun meanwhile and fed the same letters. */
static int retry_transaction(struct retrier *r, const struct retry *list, size_t n, size_t *i,
                             size_t *fed) {
    size_t samples = 0;
    arena_reset(&r->arena);
    for (; *i < n && samples < AT_ONCE; ++*i)
        if (list[*i].verdict == RETRY_FEED) retry_pair(r, &list[*i], &r->record[2 * samples++]);
    TRY(transaction_commit(r->producer, r->record, 2 * samples, NULL, 0));
    *fed += samples;
    return 0;
}

int retrier_feed(struct retrier *r, const struct retry *list, size_t n, size_t *fed,
                 struct buf *why) {
    int result = 0;
    *fed = 0;
    for (size_t i = 0; result == 0 && i < n;) {
        result = retry_transaction(r, list, n, &i, fed);
        console_progress("fed again: %zu", *fed);
    }
    console_clear();
    if (result == ERR_FENCED)
        buf_printf(why, "another retry of %s has begun; this one fed %zu", r->config->service.name,
                   *fed);
    else if (result == ERR_FATAL)
        buf_printf(
            why,
            "no answer says whether the next %d of them were fed; %zu before them were: look "
            "with `list` before you feed any again",
            AT_ONCE, *fed);
    else if (result < 0) {
        const char *trouble = producer_trouble(r->producer);
        buf_printf(
            why,
            "the broker did not take them (%s); %zu were fed, the rest was not: look with `list`",
            trouble ? trouble : error_text(result), *fed);
    }
    return result;
}
