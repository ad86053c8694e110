/* The learner's second half: what to publish, under which number (when: train/schedule.c).
 *
 * A version's number is one more than the newest on the topic, which was read to its end after the
 * predecessor was fenced, so numbers never repeat. Weights, the policy that makes them live, and
 * progress are one transaction (I9). Whether a version is due is decided from the topic and the
 * store alone, so a restart publishes neither twice nor less (I8).
 *
 * Thread: learner thread */
#include "learner_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "infer/model_record.h"
#include "metrics/metrics.h"
#include "train/schedule.h"

#include <cjson/cJSON.h>
#include <inttypes.h>

enum { PROGRESS_MS = 100, POLL_RECORDS = 64, PUBLICATIONS_MAX = 1024, RETRY_MS = 1000 };

/* ---- catching up ---- */

static int open_publisher(struct learner *l) {
    char *id = xasprintf("%s-learner", l->config->service.name);
    struct buf why = {0};
    int result = publisher_create(&l->publisher, l->config, id, &why);
    if (result < 0) LOG(ERROR, "producer_refused", buf_string(&why));
    buf_release(&why);
    free(id);
    return result;
}

static int open_models(struct learner *l) {
    struct buf why = {0};
    const char *topic = l->config->topics.models;
    int result = reader_create(&l->models, l->config, &topic, 1, &why);
    if (result < 0) LOG(ERROR, "reader_refused", buf_string(&why));
    buf_release(&why);
    return result < 0 ? result : reader_start(l->models, NULL, NULL);
}

static int read_models(struct learner *l, int wait_ms) {
    struct reader_record record[POLL_RECORDS];
    int n = reader_poll(l->models, record, POLL_RECORDS, wait_ms);
    TRY(n);
    for (int i = 0; i < n; i++)
        registry_apply(l->registry, record[i].key, record[i].value, record[i].chunks,
                       record[i].offset);
    reader_release(l->models, record, (size_t)n);
    return 0;
}

/* Which labelled set is behind the newest version: its count is in the version, its digest in the
 * progress record. */
static void learner_publish_recall(struct learner *l) {
    const struct model *m = registry_model(l->registry, registry_newest(l->registry));
    l->published_rows = m ? m->rows : 0;
    struct text progress = registry_progress(l->registry);
    cJSON *json = progress.len ? cJSON_ParseWithLength(progress.at, progress.len) : NULL;
    const char *digest =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "published_digest"));
    l->published_digest = digest ? strtoull(digest, NULL, 16) : 0;
    cJSON_Delete(json);
    l->policy = registry_policy(l->registry)->learner;
    l->policy_known = registry_policy(l->registry)->number > 0;
}

int learner_catch_up(struct learner *l) {
    registry_destroy(l->registry);
    reader_destroy(l->models);
    publisher_destroy(l->publisher);
    l->models = NULL;
    l->publisher = NULL;
    l->registry = registry_create(
        &(struct registry_options){.name = l->config->service.name, .quiet = true, .pushes = true});
    TRY(open_publisher(l));
    TRY(publisher_init(l->publisher)); // from here on a predecessor can write no more
    TRY(open_models(l));
    while (!reader_caught_up(l->models)) {
        if (atomic_load(&l->shared->stopping)) return ERR_STOPPED;
        atomic_fetch_add(&l->progress, 1);
        TRY(read_models(l, 20));
    }
    learner_publish_recall(l);
    return 0;
}

static struct schedule schedule_of(const struct learner *l, const struct store_counts *c) {
    return (struct schedule){.labelled = c->labelled,
                             .open = c->open,
                             .open_tasks = registry_policy(l->registry)->operator_.open_tasks,
                             .per_class = c->per_class,
                             .changed = c->digest != l->published_digest,
                             .published_rows = l->published_rows,
                             .since_ms = clock_ms() - l->published_ms,
                             .cost_ms = l->fit_ms,
                             .bytes = l->version_bytes};
}

/* ---- fitting ---- */

static struct text learner_publish_seen(struct learner *l, const struct store_counts *counts) {
    struct buf b = {0};
    const char *role[] = {"tasks", "labels"};
    for (size_t t = 0; t < 2; t++)
        for (int32_t p = 0; p < reader_partitions(l->reader, t); p++)
            buf_printf(&b, "%s %" PRId32 " %" PRId64 "\n", role[t], p,
                       store_offset(l->store, role[t], p));
    buf_printf(&b, "digest %016" PRIx64 "\n", counts->digest);
    buf_string(&b);
    return (struct text){b.at, b.len};
}

struct fit_options learner_options(const struct learner *l) {
    return fit_options_of(l->config, features_columns(l->shared->features), l->positive,
                          l->memories);
}

void learner_sign(struct learner *l, const struct store_counts *counts, struct model *m) {
    m->version = registry_newest(l->registry) + 1;
    m->fingerprint = features_fingerprint(l->shared->features);
    m->created_ms = clock_wall_ms();
    m->seen = learner_publish_seen(l, counts);
}

static int learner_publish_fit(struct learner *l, const struct store_counts *counts,
                               struct model **out) {
    struct fit_options options = learner_options(l);
    struct model made = {0};
    struct store_rows rows;
    options.prior = learner_base(l, &made);
    options.late = schedule_late(counts->open);
    TRY(store_rows(l->store, l->largest_memory, fit_members(&options), &rows));
    struct fit_rows labelled = {.n = rows.n,
                                .row = rows.row,
                                .label = rows.label,
                                .propensity = rows.propensity,
                                .key = rows.key,
                                .members = rows.members,
                                .member = rows.member};
    struct fit_tasks tasks = {.n = rows.tasks_n, .row = rows.task_row, .weight = rows.task_weight};
    int64_t started = clock_ns();
    int result = fit_model(out, &options, &labelled, &tasks);
    int64_t took = clock_ns() - started;
    metric_observe(METRIC_fit_seconds, (double)took * 1e-9);
    l->fit_ms = took / 1000000;
    store_rows_release(&rows);
    if (result < 0) free((void *)made.aside.at);
    if (result < 0)
        return result == ERR_INPUT ? 0
                                   : result; // all that there is was set aside: nothing to fit yet
    struct model *m = *out;
    m->parent = made.parent;
    m->prior = made.prior;
    m->aside = made.aside;
    m->rows = counts->labelled;
    m->classes = text_of(xstrdup(l->classes.at));
    learner_sign(l, counts, m);
    return 0;
}

/* ---- publishing ---- */

struct edition {
    struct arena arena;
    struct publication list[PUBLICATIONS_MAX];
    size_t n;
};

static void learner_publish_put(struct edition *e, struct text key, struct text value,
                                size_t chunks) {
    CHECK(e->n < PUBLICATIONS_MAX);
    e->list[e->n++] = (struct publication){
        .key = arena_text(&e->arena, key), .value = arena_text(&e->arena, value), .chunks = chunks};
}

static void put_named(struct edition *e, const char *name, const char *what,
                      const struct buf *value) {
    struct buf key = {0};
    registry_key(&key, name, what);
    learner_publish_put(e, buf_view(&key), buf_view(value), 0);
    buf_release(&key);
}

static size_t put_version(struct edition *e, const char *name, struct model *m) {
    struct buf record = {0}, key = {0};
    model_write(m, name, &record);
    size_t chunks = (record.len + REGISTRY_CHUNK_BYTES - 1) / REGISTRY_CHUNK_BYTES;
    for (size_t i = 0; i < chunks; i++) {
        size_t from = i * REGISTRY_CHUNK_BYTES, n = record.len - from < REGISTRY_CHUNK_BYTES
                                                        ? record.len - from
                                                        : REGISTRY_CHUNK_BYTES;
        buf_reset(&key);
        registry_chunk_key(&key, name, m->version, i);
        learner_publish_put(e, buf_view(&key), (struct text){record.at + from, n}, chunks);
    }
    size_t bytes = record.len;
    buf_release(&record);
    buf_release(&key);
    return bytes;
}

/* Whether a version that stays was fitted towards this one. */
static bool is_prior(const struct registry *r, const uint64_t *version, size_t n, uint64_t of) {
    for (size_t i = 0; i < n; i++)
        if (version[i] != of && registry_model(r, version[i])->prior == of) return true;
    return false;
}

/* What was pushed is gone from the topic in the transaction that makes a version of it: it is taken
 * once. */
static void put_taken(struct edition *e, struct learner *l, const struct registry_push *push) {
    struct buf key = {0};
    for (size_t i = 0; i < push->chunks; i++) {
        buf_reset(&key);
        registry_push_key(&key, l->config->service.name, push->id, i);
        learner_publish_put(e, buf_view(&key), (struct text){0}, 0);
    }
    buf_release(&key);
}

/* The oldest versions leave the topic; never the live one, a pinned one, or one that later ones
 * build on. */
static void put_tombstones(struct edition *e, struct learner *l) {
    uint64_t version[REGISTRY_VERSIONS + 8];
    size_t n = registry_versions(l->registry, version, sizeof version / sizeof *version);
    struct buf key = {0};
    for (size_t i = 0; n >= REGISTRY_VERSIONS && i <= n - REGISTRY_VERSIONS; i++) {
        if (version[i] == policy_live(registry_policy(l->registry)) ||
            is_prior(l->registry, version, n, version[i]))
            continue;
        for (size_t c = 0; c < registry_chunks(l->registry, version[i]); c++) {
            buf_reset(&key);
            registry_chunk_key(&key, l->config->service.name, version[i], c);
            learner_publish_put(e, buf_view(&key), (struct text){0}, 0);
        }
    }
    buf_release(&key);
}

static void put_progress(struct edition *e, struct learner *l, const struct store_counts *counts,
                         uint64_t version, uint64_t published) {
    const char *role[] = {"tasks", "labels"};
    struct buf b = {0};
    for (size_t t = 0; t < 2; t++) {
        buf_printf(&b, "%s\"%s\":{", t ? "}," : "{", role[t]);
        for (int32_t p = 0; p < reader_partitions(l->reader, t); p++)
            buf_printf(&b, "%s\"%" PRId32 "\":%" PRId64, p ? "," : "", p,
                       store_offset(l->store, role[t], p));
    }
    buf_printf(&b,
               "},\"version\":%" PRIu64 ",\"labelled\":%zu,\"digest\":\"%016" PRIx64
               "\",\"published_digest\":\"%016" PRIx64 "\",\"time_ms\":%" PRId64 "}",
               version, counts->labelled, counts->digest, published, clock_wall_ms());
    put_named(e, l->config->service.name, "progress", &b);
    buf_release(&b);
}

static void put_policy(struct edition *e, struct learner *l, const struct policy_learner *policy) {
    struct buf b = {0};
    policy_learner_write(policy, &b);
    put_named(e, l->config->service.name, "policy", &b);
    buf_release(&b);
}

/* How much to explore moves with each task and label; it goes out with what else changed, at the
 * latest with the next version. */
static bool policy_changed(const struct learner *l, const struct policy_learner *wanted) {
    const struct policy_learner *now = &l->policy;
    return !l->policy_known || now->live != wanted->live || now->cold != wanted->cold ||
           now->full != wanted->full || now->rolled_ms != wanted->rolled_ms;
}

/* Until it is out: the outcome of a broken attempt is learnt from the topic itself, after fencing
 * our own late requests. */
static int learner_publish_send(struct learner *l, struct edition *e) {
    for (;;) {
        int result = publisher_publish(l->publisher, l->config->topics.models, e->list, e->n);
        if (result == 0 || result == ERR_FENCED || atomic_load(&l->shared->stopping)) return result;
        if (result == ERR_FATAL) return ERR_RETRY;
        atomic_fetch_add(&l->progress, 1);
        clock_sleep_ms(RETRY_MS / 10);
    }
}

/* ERR_RETRY: nobody knows whether it went through; the topic was read again and tells what is
 * published now. */
static int send_edition(struct learner *l, struct edition *e) {
    int result = learner_publish_send(l, e);
    if (result != ERR_RETRY) return result;
    LOG(WARNING, "publish_unknown",
        "whether the last publication went through is not known; reading the models topic again");
    while ((result = learner_catch_up(l)) == ERR_RETRY && !atomic_load(&l->shared->stopping)) {
        atomic_fetch_add(&l->progress, 1);
        clock_sleep_ms(RETRY_MS);
    }
    return result < 0 ? result : ERR_RETRY;
}

/* Reads back what was published, so that the registry knows it before the next decision. */
static int await_own(struct learner *l, uint64_t version) {
    int64_t until = clock_ms() + 5000;
    while (registry_newest(l->registry) < version && clock_ms() < until) TRY(read_models(l, 5));
    return 0;
}

static int await_taken(struct learner *l, const char *id) {
    int64_t until = clock_ms() + 5000;
    struct registry_push push;
    while (registry_push(l->registry, &push) && strcmp(push.id, id) == 0 && clock_ms() < until)
        TRY(read_models(l, 5));
    return 0;
}

/* m: a new version, or NULL; push: what was taken from the topic, or NULL. */
static int publish_edition(struct learner *l, const struct store_counts *counts, struct model *m,
                           const struct registry_push *push) {
    struct edition *e = xcalloc(1, sizeof *e);
    uint64_t live = m ? m->version : l->policy.live;
    struct schedule schedule = schedule_of(l, counts);
    struct policy_learner policy = schedule_policy(l->config, &schedule, live);
    policy.rolled_ms = m ? learner_rolled(l) : l->policy.rolled_ms;
    if (push) put_taken(e, l, push);
    if (m) {
        l->version_bytes = put_version(e, l->config->service.name, m);
        put_tombstones(e, l);
    }
    bool changed = policy_changed(l, &policy);
    if (changed) put_policy(e, l, &policy);
    bool progress = m || changed || (l->moved && clock_ms() - l->progress_ms >= PROGRESS_MS);
    if (progress)
        put_progress(e, l, counts, live, m && !*m->pushed ? counts->digest : l->published_digest);
    int result = e->n ? send_edition(l, e) : 0;
    if (result == 0 && changed) {
        l->policy = policy;
        l->policy_known = true;
    }
    if (result == 0 && progress) {
        l->moved = false;
        l->progress_ms = clock_ms();
    }
    arena_release(&e->arena);
    free(e);
    return result;
}

static int version_done(struct learner *l, const struct store_counts *counts,
                        const struct model *m) {
    l->published_rows = m->rows;
    if (!*m->pushed)
        l->published_digest = counts->digest; // a pushed one has learned nothing of ours
    l->published_ms = clock_ms();
    metric_add(METRIC_published, 0, 1);
    LOG(INFO, "model_published", "a new version goes live", L_U64("version", m->version),
        L_U64("labelled", counts->labelled), L_U64("parent", m->parent));
    return await_own(l, m->version);
}

int learner_publish(struct learner *l, const struct store_counts *counts) {
    TRY(read_models(l, 0));
    struct model *m = NULL;
    struct registry_push push;
    struct schedule schedule = schedule_of(l, counts);
    bool pushed = registry_push(l->registry, &push);
    if (pushed) m = learner_adopt(l, counts, &push);
    else if (!registry_policy(l->registry)->operator_.frozen && schedule_due(l->config, &schedule))
        TRY(learner_publish_fit(l, counts, &m));
    int result = publish_edition(l, counts, m, pushed ? &push : NULL);
    if (result == 0 && m) result = version_done(l, counts, m);
    if (result == 0 && pushed) result = await_taken(l, push.id);
    model_destroy(m);
    return result == ERR_RETRY ? 0
                               : result; // tried again in the next round, from what the topic says
}
