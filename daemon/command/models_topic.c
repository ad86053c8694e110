/* What `winnowd policy` and `winnowd model` do with the models topic.
 *
 * Every wait has an end, so a broker that is away becomes a sentence and an exit code. What is
 * written is read back before the command says that it is done; then every process that follows the
 * topic gets it too. No transactional id is used, so no other process is fenced. When two operators
 * write at the same moment, the later record is in force, whole.
 *
 * Thread: main thread */
#include "models_topic.h"

#include "base/clock.h"
#include "encode/features.h"
#include "kafka/topic_reader.h"
#include "kafka/transaction.h"
#include "run/pipeline.h"
#include "run/upstream.h"
#include "terminal/cli.h"
#include "terminal/console.h"
#include "terminal/listing.h"

#include <inttypes.h>

enum {
    READ_RECORDS = 64, // taken at once
    POLL_MS = 100,     // wait for records, and between two tries to start
    START_MS = 10000,  // for the topic to be there
    END_MS = 60000,    // to read it to its end
    LIMITS_MS = 5000,  // for the topic's limits
    WRITE_MS = 20000,  // to write a publication
    BACK_MS = 20000    // to read back what was written
};

/* ---- reading ---- */

static int models_topic_read_some(struct models_topic *m) {
    struct reader_record record[READ_RECORDS];
    int n = reader_poll(m->reader, record, READ_RECORDS, POLL_MS);
    if (n < 0) return n;
    for (int i = 0; i < n; i++)
        registry_apply(m->registry, record[i].key, record[i].value, record[i].chunks,
                       record[i].offset);
    reader_release(m->reader, record, (size_t)n);
    return 0;
}

int models_topic_until(struct models_topic *m,
                       bool (*holds)(const struct models_topic *, const void *),
                       const void *argument, int64_t timeout_ms) {
    int64_t end = clock_ms() + timeout_ms;
    while (!holds(m, argument)) {
        if (clock_ms() > end) return ERR_RETRY;
        if (atomic_load(m->stop)) return ERR_STOPPED;
        TRY(models_topic_read_some(m));
    }
    return 0;
}

static bool models_topic_at_end(const struct models_topic *m, const void *unused) {
    (void)unused;
    console_progress("reading %s", m->config->topics.models);
    return reader_caught_up(m->reader);
}

int models_topic_open(struct models_topic *m, const struct config *c) {
    const char *topic = c->topics.models;
    *m = (struct models_topic){.config = c, .stop = console_stop()};
    size_t positive;
    m->classes = text_of(classes_joined(c, &positive));
    TRY(features_of(&m->features, c));
    m->registry =
        registry_create(&(struct registry_options){.name = c->service.name,
                                                   .quiet = true,
                                                   .pushes = true,
                                                   .classes = m->classes,
                                                   .classes_n = c->model.classes.n,
                                                   .fingerprint = features_fingerprint(m->features),
                                                   .bytes = (size_t)c->infer.versions,
                                                   .base = upstream_model(c, m->features)});
    TRY(reader_create(&m->reader, c, &topic, 1, &m->why));
    int result;
    for (int64_t end = clock_ms() + START_MS;
         (result = reader_start(m->reader, NULL, NULL)) == ERR_RETRY && clock_ms() < end &&
         !atomic_load(m->stop);)
        clock_sleep_ms(POLL_MS);
    if (result < 0)
        buf_printf(&m->why, "topic %s is not there, or no broker answers at %s", topic,
                   c->kafka.brokers);
    TRY(result);
    result = models_topic_until(m, models_topic_at_end, NULL, END_MS);
    console_clear();
    if (result < 0) buf_printf(&m->why, "topic %s could not be read to its end", topic);
    return result;
}

void models_topic_close(struct models_topic *m) {
    producer_destroy(m->producer);
    reader_destroy(m->reader);
    registry_destroy(m->registry);
    features_destroy(m->features);
    free((void *)m->classes.at);
    buf_release(&m->why);
}

/* ---- versions ---- */

const char *models_topic_unfit(const struct models_topic *m, uint64_t version) {
    const struct model *v = registry_model(m->registry, version);
    const char *why = NULL;
    if (!v) return "it is not on the topic, or not whole";
    int result = model_check(v, features_columns(m->features), m->classes,
                             features_fingerprint(m->features), &why);
    return result < 0 ? why : NULL;
}

int models_topic_refuse(const struct models_topic *m, uint64_t version, const char *why) {
    uint64_t there[REGISTRY_HELD];
    size_t n = registry_versions(m->registry, there, sizeof there / sizeof *there);
    struct buf fit = {0};
    for (size_t i = 0; i < n; i++)
        if (!models_topic_unfit(m, there[i]))
            buf_printf(&fit, "%s%" PRIu64, fit.len ? ", " : "", there[i]);
    int code =
        console_fail(EX_DATAERR, "version %" PRIu64 " cannot go live: %s. Those that can: %s",
                     version, why, fit.len ? buf_string(&fit) : "none");
    buf_release(&fit);
    return code;
}

/* How a version stands, in a word or two; NULL: nothing is special about it. */
static const char *models_topic_standing(const struct registry *r, uint64_t version,
                                         enum tone *tone) {
    const struct policy *p = registry_policy(r);
    bool live = version == registry_live(r), pinned = version == p->operator_.pin;
    *tone = live ? TONE_GOOD : TONE_PLAIN;
    if (pinned) return "live, pinned";
    if (live)
        return version == p->learner.live || !policy_live(p) ? "live" : "live, rolled back to";
    return version == p->learner.live ? "the learner's" : NULL;
}

/* The score that events bring is on no topic. */
static struct text models_topic_origin(const struct models_topic *m, const struct model *v) {
    if (!registry_chunks(m->registry, v->version)) return TEXT("upstream");
    return *v->pushed ? TEXT("pushed") : TEXT("fitted");
}

static void models_topic_add_version(struct listing *l, const struct models_topic *m,
                                     const struct model *v) {
    enum tone tone;
    const char *stands = models_topic_standing(m->registry, v->version, &tone);
    if (models_topic_unfit(m, v->version)) {
        stands = "cannot go live here";
        tone = TONE_DOUBT;
    }
    listing_count(l, v->version);
    listing_time(l, v->created_ms);
    listing_text(l, models_topic_origin(m, v));
    listing_count(l, v->rows);
    listing_count(l, v->parent);
    listing_count(l, v->shape.members);
    if (v->prior) listing_count(l, v->prior);
    else listing_text(l, (struct text){0});
    listing_text(l, stands ? text_of(stands) : TEXT(""));
    listing_tone(l, tone);
}

void models_topic_versions(const struct models_topic *m, bool json) {
    static const struct column columns[] = {
        {"version", "version", COLUMN_NUMBER, 0}, {"created_ms", "made (UTC)", COLUMN_TIME, 0},
        {"origin", "origin", COLUMN_TEXT, 0},     {"labels", "labels", COLUMN_NUMBER, 0},
        {"parent", "parent", COLUMN_NUMBER, 0},   {"members", "members", COLUMN_NUMBER, 0},
        {"prior", "prior", COLUMN_NUMBER, 0},     {"standing", "", COLUMN_TEXT, 0}};
    struct listing l;
    uint64_t version[REGISTRY_HELD];
    size_t n = registry_versions(m->registry, version, sizeof version / sizeof *version);
    listing_begin(&l, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < n; i++)
        models_topic_add_version(&l, m, registry_model(m->registry, version[i]));
    listing_print(&l, stdout, json, "no version yet");
    listing_end(&l);
}

/* ---- writing ---- */

static int models_topic_need_producer(struct models_topic *m) {
    const char *const topic = m->config->topics.models;
    if (m->producer) return 0;
    TRY(producer_create(
        &m->producer,
        &(struct producer_options){
            .config = m->config, .topics = &topic, .topics_n = 1, .attempt_ms = WRITE_MS},
        &m->why));
    return producer_heed_limits(m->producer, LIMITS_MS);
}

int models_topic_room(struct models_topic *m, size_t *out) {
    TRY(models_topic_need_producer(m));
    *out = producer_room(m->producer, 0);
    return 0;
}

int models_topic_write(struct models_topic *m, struct producer_record *list, size_t n) {
    TRY(models_topic_need_producer(m));
    int result = transaction_commit(m->producer, list, n, NULL, 0);
    if (result < 0)
        buf_printf(&m->why,
                   "the broker did not take the record (%s); look with `show` or `list` before you "
                   "try again",
                   producer_trouble(m->producer));
    return result;
}

struct models_topic_wanted {
    struct policy_operator operator_;
    uint64_t after; // number of the policy before
};

static bool models_topic_same_operator(const struct policy_operator *a,
                                       const struct policy_operator *b) {
    struct buf x = {0}, y = {0};
    policy_operator_write(a, &x);
    policy_operator_write(b, &y);
    bool same = text_equal(buf_view(&x), buf_view(&y));
    buf_release(&x);
    buf_release(&y);
    return same;
}

static bool models_topic_read_back(const struct models_topic *m, const void *argument) {
    const struct models_topic_wanted *w = argument;
    const struct policy *p = registry_policy(m->registry);
    return p->number > w->after && models_topic_same_operator(&p->operator_, &w->operator_);
}

int models_topic_operate(struct models_topic *m, const struct policy_operator *operator_) {
    struct models_topic_wanted w = {*operator_, registry_policy(m->registry)->number};
    struct buf key = {0}, value = {0};
    registry_key(&key, m->config->service.name, "operator");
    policy_operator_write(operator_, &value);
    int result = models_topic_write(
        m, &(struct producer_record){.key = buf_view(&key), .value = buf_view(&value)}, 1);
    buf_release(&key);
    buf_release(&value);
    TRY(result);
    result = models_topic_until(m, models_topic_read_back, &w, BACK_MS);
    if (result < 0)
        buf_str(&m->why, "the record was written but not read back in time; look with `show`");
    return result;
}
