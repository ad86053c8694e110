/* An idempotent producer (nothing is sent twice or out of order) that waits while it has sent all
 * that it may.
 *
 * demo.c decides how much that is, because it sees how far the model is. Refuses a label that is no
 * class, and an id that comes twice.
 *
 * Thread: the feeder's; figures are atomics */
#include "feeder.h"

#include "kafka/producer.h"

#include <pthread.h>

enum {
    WAIT_MS = 2,     // between two looks at what is allowed
    FLUSH_MS = 30000 // for the last samples to be confirmed
};

struct feeder {
    struct feeder_options o;
    pthread_t thread;
    struct producer *producer;
    struct buf why;
    int result;
    _Atomic uint64_t allowed, samples, bytes;
    _Atomic bool ended;
};

static bool feeder_stopped(const struct feeder *f) {
    return atomic_load(f->o.stop) || producer_trouble(f->producer);
}

/* A sample without a label is fed like any other; nobody can answer for it. */
static int feeder_note_label(struct feeder *f, const struct dataset_sample *s) {
    int class_ = s->label.at ? config_class(f->o.config, s->label) : TRUE_LABEL_UNKNOWN;
    if (s->label.at && class_ < 0) {
        buf_printf(&f->why, "row %llu: the label '%.*s' is not one of the classes",
                   (unsigned long long)s->row, (int)s->label.len, s->label.at);
        return ERR_INPUT;
    }
    if (true_labels_put(f->o.truth, s->id, class_) == 0) return 0;
    buf_printf(
        &f->why,
        "row %llu: there was a row of id '%.*s' before; the demo needs an id of its own for each",
        (unsigned long long)s->row, (int)s->id.len, s->id.at);
    return ERR_INPUT;
}

static int feeder_send_one(struct feeder *f, const struct dataset_sample *s) {
    const struct producer_record r = {.key = s->id, .value = s->event};
    int result;
    TRY(feeder_note_label(f, s));
    do {
        result = producer_send(f->producer, &r, NULL);
        producer_serve(f->producer, result == ERR_FULL ? WAIT_MS : 0);
    } while (result == ERR_FULL && !feeder_stopped(f));
    if (result < 0) return ERR_STOPPED;
    atomic_fetch_add(&f->bytes, s->event.len);
    atomic_fetch_add(&f->samples, 1);
    return 0;
}

static int feeder_send_all(struct feeder *f) {
    struct dataset_sample s;
    int result = 0;
    while (!feeder_stopped(f) && (result = samples_next(f->o.samples, &s, &f->why)) > 0) {
        while (!feeder_stopped(f) && atomic_load(&f->samples) >= atomic_load(&f->allowed))
            producer_serve(f->producer, WAIT_MS);
        if (feeder_stopped(f)) return ERR_STOPPED;
        TRY(feeder_send_one(f, &s));
    }
    return feeder_stopped(f) ? ERR_STOPPED : result;
}

static void *feeder_main(void *arg) {
    struct feeder *f = arg;
    int result = feeder_send_all(f);
    bool flushed = producer_flush(f->producer, FLUSH_MS);
    const char *trouble = producer_trouble(f->producer);
    if (f->why.len && (trouble || !flushed)) buf_str(&f->why, "; ");
    if (trouble) buf_printf(&f->why, "a sample was not delivered: %s", trouble);
    else if (!flushed) buf_str(&f->why, "samples were not confirmed in time");
    f->result = result == ERR_STOPPED ? 0 : result;
    if (trouble || !flushed) f->result = ERR_RETRY;
    atomic_store(&f->ended, true);
    return NULL;
}

int feeder_start(struct feeder **out, const struct feeder_options *o, struct buf *why) {
    const char *const topic = o->config->topics.samples;
    struct feeder *f = xcalloc(1, sizeof *f);
    f->o = *o;
    int result = producer_create(
        &f->producer,
        &(struct producer_options){.config = o->config, .topics = &topic, .topics_n = 1}, why);
    if (result == 0 && pthread_create(&f->thread, NULL, feeder_main, f) != 0) {
        buf_str(why, "the system has no thread that feeds samples");
        producer_destroy(f->producer);
        result = ERR_FATAL;
    }
    if (result < 0) free(f);
    else *out = f;
    return result;
}

void feeder_allow(struct feeder *f, uint64_t samples) { atomic_store(&f->allowed, samples); }

/* ended first: who sees it sees all that was fed. */
struct feeder_figures feeder_read(struct feeder *f) {
    struct feeder_figures fed = {.ended = atomic_load(&f->ended)};
    fed.samples = atomic_load(&f->samples);
    fed.bytes = atomic_load(&f->bytes);
    return fed;
}

int feeder_join(struct feeder *f, struct buf *why) {
    pthread_join(f->thread, NULL);
    int result = f->result;
    if (result < 0) buf_text(why, buf_view(&f->why));
    producer_destroy(f->producer);
    buf_release(&f->why);
    free(f);
    return result;
}
