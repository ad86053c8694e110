/* One producer without transactions, made when there is something to write.
 *
 * Whoever runs the learner may have no right to write dead letters, or the topic may be missing;
 * neither is a reason not to learn.
 *
 * Thread: learner thread */
#include "label_letters.h"

#include "base/clock.h"
#include "base/log.h"
#include "kafka/transaction.h"
#include "metrics/metrics.h"
#include "progress.h"
#include "route/dead_letter.h"

enum {
    KEPT_MOST = 1000,
    ATTEMPT_MS = 5000, // of one write
    LIMITS_MS = 2000,  // for the broker to tell what the topic takes
    REST_MS = 60000    // after a write that failed
};

struct label_letters {
    struct learning *learning;
    struct cycle cycle;        // the dead letters
    int64_t offset[KEPT_MOST]; // of each on the labels topic
    int64_t *written;          // (partitions) next offset by partition: those before are written
    bool *anew;                // (partitions) `before` says nothing of it
    size_t partitions;
    struct producer *producer; // NULL: not made yet
    struct buf before;         // the progress record of who wrote them before this process
    uint32_t topic;            // id of the labels topic; 0: not known
    bool open;
    int64_t rest_ms; // no write before
};

struct label_letters *label_letters_create(struct learning *learning) {
    struct label_letters *l = xcalloc(1, sizeof *l);
    l->learning = learning;
    return l;
}

static void label_letters_disconnect(struct label_letters *l) {
    producer_destroy(l->producer);
    l->producer = NULL;
}

void label_letters_destroy(struct label_letters *l) {
    if (!l) return;
    label_letters_disconnect(l);
    cycle_release(&l->cycle);
    buf_release(&l->before);
    free(l->written);
    free(l->anew);
    free(l);
}

/* ---- what is kept ---- */

static void label_letters_grow(struct label_letters *l, int32_t partition) {
    size_t n = (size_t)partition + 1;
    if (n <= l->partitions) return;
    l->written = xrealloc(l->written, n * sizeof *l->written);
    l->anew = xrealloc(l->anew, n * sizeof *l->anew);
    for (; l->partitions < n; l->partitions++) {
        l->written[l->partitions] = 0;
        l->anew[l->partitions] = false;
    }
}

static void label_letters_note_written(struct label_letters *l, int32_t partition, int64_t offset) {
    label_letters_grow(l, partition);
    if (l->written[partition] <= offset) l->written[partition] = offset + 1;
}

/* A round whose commit failed is read again, and so is all that stood in a store that is lost. */
static bool label_letters_is_written(const struct label_letters *l, int32_t partition,
                                     int64_t offset) {
    bool known = (size_t)partition < l->partitions;
    if (known && offset < l->written[partition]) return true;
    return !(known && l->anew[partition]) &&
           offset < progress_next(buf_view(&l->before), LABELLED_LABELS, l->topic, partition);
}

/* Whether this very record waits to be written: its partition was read anew, or its round. */
static bool label_letters_is_kept(const struct label_letters *l, const struct reader_record *r) {
    for (size_t i = 0; i < l->cycle.records; i++)
        if (l->offset[i] == r->offset && l->cycle.record[i].source == r->partition &&
            text_equal(l->cycle.record[i].value, r->value))
            return true;
    return false;
}

void label_letters_topic(struct label_letters *l, uint32_t id) {
    if (id && l->topic && id != l->topic) l->partitions = 0;
    if (id) l->topic = id;
}

void label_letters_moved(struct label_letters *l, int32_t partition, int64_t to) {
    label_letters_grow(l, partition);
    if (l->written[partition] > to) l->written[partition] = to;
    l->anew[partition] = true;
}

void label_letters_add(struct label_letters *l, const struct reader_record *r, const char *why) {
    const struct record record = {.key = r->key,
                                  .value = r->value,
                                  .partition = r->partition,
                                  .offset = r->offset,
                                  .time_ms = r->time_ms};
    if (label_letters_is_written(l, r->partition, r->offset) || label_letters_is_kept(l, r)) return;
    if (l->cycle.records == KEPT_MOST) {
        if (l->open)
            LOG(WARNING, "label_letters_lost",
                "so many labels cannot be read and not be written to the dead letters that some "
                "are given up",
                L_U64("labels", KEPT_MOST));
        cycle_reset(&l->cycle);
    }
    l->offset[l->cycle.records] = r->offset;
    dead_letter_add(&l->cycle, text_of(l->learning->config->topics.labels), &record,
                    REASON_LABEL_UNREADABLE, text_of(why), NULL);
}

size_t label_letters_kept(const struct label_letters *l) { return l->cycle.records; }

void label_letters_rewind(struct label_letters *l, size_t kept) {
    if (l->cycle.records > kept) l->cycle.records = kept;
}

void label_letters_open(struct label_letters *l, struct text progress) {
    size_t kept = 0;
    buf_reset(&l->before);
    buf_text(&l->before, progress);
    for (size_t p = 0; p < l->partitions; p++) l->anew[p] = false;
    for (size_t i = 0; i < l->cycle.records; i++) {
        const struct producer_record *r = &l->cycle.record[i];
        if (label_letters_is_written(l, r->source, l->offset[i])) continue;
        l->offset[kept] = l->offset[i];
        l->cycle.record[kept++] = *r;
    }
    l->cycle.records = kept;
    l->open = true;
    l->rest_ms = 0;
}

void label_letters_close(struct label_letters *l) {
    l->open = false;
    label_letters_disconnect(l);
}

/* ---- writing ---- */

static int label_letters_connect(struct label_letters *l) {
    const struct config *c = l->learning->config;
    const char *const topics[CYCLE_TOPICS] = {[CYCLE_TASKS] = "",
                                              [CYCLE_DEAD_LETTERS] = c->topics.dead_letters,
                                              [CYCLE_PREDICTIONS] = "",
                                              [CYCLE_AUTO_LABELS] = ""};
    struct buf why = {0};
    if (l->producer) return 0;
    int result = producer_create(&l->producer,
                                 &(struct producer_options){.config = c,
                                                            .topics = topics,
                                                            .topics_n = CYCLE_TOPICS,
                                                            .attempt_ms = ATTEMPT_MS,
                                                            .stop = &l->learning->shared->stopping},
                                 &why);
    if (result < 0) LOG(ERROR, "producer_refused", buf_string(&why));
    buf_release(&why);
    TRY(result);
    return producer_heed_limits(l->producer, LIMITS_MS);
}

static int label_letters_send(struct label_letters *l) {
    TRY(label_letters_connect(l));
    size_t most = producer_room(l->producer, CYCLE_DEAD_LETTERS);
    for (size_t i = 0; i < l->cycle.records; i++)
        dead_letter_shorten(&l->cycle, &l->cycle.record[i], most);
    return transaction_commit(l->producer, l->cycle.record, l->cycle.records, NULL, 0);
}

void label_letters_write(struct label_letters *l) {
    if (!l->open || !l->cycle.records || clock_ms() < l->rest_ms) return;
    learning_wait(l->learning, 0); // it may take as long as an attempt
    int result = label_letters_send(l);
    if (result == 0) {
        for (size_t i = 0; i < l->cycle.records; i++)
            label_letters_note_written(l, l->cycle.record[i].source, l->offset[i]);
        metric_add_by(METRIC_dead_letters, reason_place(REASON_LABEL_UNREADABLE), l->cycle.records);
        cycle_reset(&l->cycle);
        return;
    }
    const char *trouble = l->producer ? producer_trouble(l->producer) : NULL;
    LOG(WARNING, "label_letters_refused",
        "labels that cannot be read do not get to the dead letters; learning goes on, and it is "
        "tried again in a minute",
        L_STR("topic", l->learning->config->topics.dead_letters),
        L_STR("error", trouble ? trouble : error_text(result)), L_U64("labels", l->cycle.records));
    label_letters_disconnect(l);
    l->rest_ms = clock_ms() + REST_MS;
}
