/* What the next version builds on: what was pushed from elsewhere, and what was rolled back.
 *
 * A version carries with it what the fits after it need to know, its prior and the labels that were
 * set aside, and the next fit takes both from the version that is live. So a rollback, a pin or a
 * restart needs no memory of its own: whatever is live says how to go on, and a model stays a
 * function of the labelled set and of the models topic (promise I8).
 *   push      checked, numbered and made live in the transaction that takes it off the topic; later
 *             fits shrink towards it
 *   rollback  the labels that the version gone back to had not seen, and the newest then had, are
 *             set aside; those that come later count
 * Refuses a push that does not fit this learner, aloud, and takes it off the topic all the same.
 *
 * Thread: learner thread */
#include "next_version.h"

#include "base/clock.h"
#include "base/log.h"
#include "beliefs.h"
#include "encode/features.h"
#include "estimate/alarm.h"
#include "infer/model_record.h"
#include "metrics/metrics.h"
#include "train/fit.h"
#include "train/schedule.h"

#include <inttypes.h>

enum {
    GAPS_FIRST = 64, // stretches of labels that are set aside: partitions × rollbacks; grows
    GAP_LINE = 64    // bytes of a line that says one; a longer one is not ours
};

/* ---- what every version says of itself ---- */

static struct fit_options next_version_options(const struct next_version *n) {
    const struct learning *l = n->learning;
    return fit_options_of(l->config, features_columns(l->shared->features), l->positive,
                          &l->memories);
}

/* What the next version has seen: the positions in both topics, and the digest of the labelled set.
 */
static struct text next_version_seen(const struct next_version *n,
                                     const struct store_counts *counts) {
    struct buf b = {0};
    for (enum labelled_topic t = 0; t < LABELLED_TOPICS; t++)
        for (int32_t p = 0; p < labelled_set_partitions(n->set, t); p++)
            buf_printf(&b, "%s %" PRId32 " %" PRId64 "\n", labelled_topic_name(t), p,
                       labelled_set_offset(n->set, t, p));
    buf_printf(&b, "digest %016" PRIx64 "\n", counts->digest);
    buf_string(&b);
    return (struct text){b.at, b.len};
}

static void next_version_sign(const struct next_version *n, const struct store_counts *counts,
                              struct model *m) {
    m->version = registry_next(n->registry, store_version(labelled_set_store(n->set)));
    m->fingerprint = features_fingerprint(n->learning->shared->features);
    m->created_ms = clock_wall_ms();
    m->seen = next_version_seen(n, counts);
}

/* ---- what was rolled back ---- */

/* Appends, for each partition of the labels topic, the offsets that the newer version has seen and
 * the older one has not. */
static void next_version_add_stretch(const struct model *older, const struct model *newer,
                                     int32_t partitions, struct buf *out) {
    for (int32_t p = 0; p < partitions; p++) {
        int64_t from = registry_seen(older, "labels", p), to = registry_seen(newer, "labels", p);
        if (to > from) buf_printf(out, "%" PRId32 " %" PRId64 " %" PRId64 "\n", p, from, to);
    }
}

/* A stretch by its line; false: it is none that we write. */
static bool next_version_read_gap(struct text line, struct store_gap *out) {
    char copy[GAP_LINE];
    if (line.len >= sizeof copy) return false;
    memcpy(copy, line.at, line.len);
    copy[line.len] = '\0';
    return sscanf(copy, "%" SCNd32 " %" SCNd64 " %" SCNd64, &out->partition, &out->from,
                  &out->to) == 3;
}

/* As many as the metadata of a version have room for. */
static void next_version_set_aside(const struct next_version *n, struct text lines) {
    struct store_gap *gap = NULL, one;
    struct text line;
    size_t gaps = 0, room = 0;
    while (text_line(&lines, &line)) {
        if (!next_version_read_gap(line, &one)) continue;
        if (gaps == room) {
            room = room ? 2 * room : GAPS_FIRST;
            gap = xrealloc(gap, room * sizeof *gap);
        }
        gap[gaps++] = one;
    }
    store_set_aside(labelled_set_store(n->set), gap, gaps);
    free(gap);
}

/* Whether the operator rolled back and no version has been fitted since. */
static bool next_version_was_rolled_back(const struct policy *p) {
    return !p->operator_.pin && p->operator_.rollback &&
           p->learner.rolled_ms != p->operator_.rolled_ms;
}

/* The time of the rollback that the next version takes account of. Under a pin a rollback waits. */
uint64_t next_version_rolled(const struct next_version *n) {
    const struct policy *p = registry_policy(n->registry);
    return p->operator_.pin ? p->learner.rolled_ms : p->operator_.rolled_ms;
}

static const struct model *next_version_newest(const struct registry *r) {
    uint64_t version[REGISTRY_HELD];
    size_t n = registry_versions(r, version, sizeof version / sizeof *version);
    return n ? registry_model(r, version[n - 1]) : NULL;
}

static struct text next_version_aside_of(const struct next_version *n, const struct model *base) {
    const struct policy *p = registry_policy(n->registry);
    struct buf b = {0};
    if (base && base->aside.len) buf_text(&b, base->aside);
    if (base && next_version_was_rolled_back(p))
        next_version_add_stretch(base, next_version_newest(n->registry),
                                 labelled_set_partitions(n->set, LABELLED_LABELS), &b);
    else if (next_version_was_rolled_back(p))
        LOG(WARNING, "rollback_blind",
            "the version gone back to is not on the topic: which labels it had not seen cannot be "
            "told",
            L_U64("version", p->operator_.rollback));
    buf_string(&b);
    return (struct text){b.at, b.len};
}

/* ---- the base of a fit ---- */

static const struct model *next_version_base(const struct next_version *n, struct model *next) {
    uint64_t live = registry_live(n->registry);
    const struct model *base = registry_model(n->registry, live);
    next->parent = live;
    next->prior = base ? base->prior : 0;
    next->aside = next_version_aside_of(n, base);
    next_version_set_aside(n, next->aside);
    const struct model *prior = next->prior ? registry_model(n->registry, next->prior) : NULL;
    const struct fit_options options = next_version_options(n);
    if (prior && fit_accepts_prior(&options, prior)) return prior;
    if (next->prior)
        LOG(WARNING, "prior_unusable",
            "the pushed model that fits should shrink towards is gone from the topic or of another "
            "shape; they shrink towards zero",
            L_U64("version", next->prior));
    next->prior = 0;
    return NULL;
}

/* ---- pushes ---- */

static int next_version_check(const struct next_version *n, const struct registry_push *push,
                              const char **why) {
    const struct fit_options options = next_version_options(n);
    if (!push->model) {
        *why = push->why;
        return ERR_CORRUPT;
    }
    TRY(model_check(push->model, options.d, n->learning->classes,
                    features_fingerprint(n->learning->shared->features), why));
    if (fit_accepts_prior(&options, push->model)) return 0;
    *why = "its hidden layers are not those of model.hidden, so the learner could not build on it";
    return ERR_MISMATCH;
}

/* A copy, made by writing the model and reading it back. NULL: the pushed model cannot be read
 * back, since its metadata become larger than we accept. */
static struct model *next_version_copied(const struct next_version *n, const struct model *from) {
    struct buf record = {0};
    struct model *to = NULL;
    const char *why;
    model_write((struct model *)from, n->learning->config->service.name, &record);
    if (model_read(&to, buf_view(&record), &why) < 0) to = NULL;
    buf_release(&record);
    return to;
}

/* Gives a pushed model the quantiles of its utilities. A swap fills the windows of the strategy
 * from them; without them the manager would ask for far too much or too little at first. */
static int next_version_describe(const struct next_version *n, struct model *m) {
    const struct fit_options options = next_version_options(n);
    struct store_rows rows;
    TRY(store_rows(labelled_set_store(n->set), n->learning->memories.largest, 0, &rows));
    if (rows.tasks_n)
        fit_describe(m, &options,
                     &(struct fit_tasks){
                         .n = rows.tasks_n, .row = rows.task_row, .weight = rows.task_weight});
    store_rows_release(&rows);
    return 0;
}

/* The pushed model as a version with its number and what it has seen. NULL: such a version could
 * not be read back. */
static struct model *next_version_made_of(const struct next_version *n,
                                          const struct store_counts *counts,
                                          const struct registry_push *push) {
    struct model made = {0}, *m = next_version_copied(n, push->model), *readable = NULL;
    if (!m) return NULL;
    if (next_version_describe(n, m) < 0)
        LOG(WARNING, "push_undescribed",
            "the label store could not be read for the quantiles of the pushed model",
            L_STR("push", push->id));
    (void)next_version_base(n, &made);
    free((void *)m->seen.at);
    free((void *)m->aside.at);
    next_version_sign(n, counts, m);
    m->parent = made.parent;
    m->aside = made.aside;
    m->prior = m->version;
    m->rows = 0;
    free(m->lateness); // of another stream
    m->lateness = NULL;
    memcpy(m->pushed, push->id, sizeof m->pushed);
    readable = next_version_copied(n, m);
    if (!readable) model_destroy(m);
    model_destroy(readable);
    return readable ? m : NULL;
}

struct model *next_version_adopt(const struct next_version *n, const struct store_counts *counts,
                                 const struct registry_push *push) {
    const char *why = "written again as a version its metadata would be larger than is accepted";
    struct model *m = NULL;
    if (next_version_check(n, push, &why) == 0) m = next_version_made_of(n, counts, push);
    if (!m) {
        metric_add_by(METRIC_models_loaded, MODEL_REFUSED, 1);
        LOG(ERROR, "push_refused", why, L_STR("push", push->id));
        return NULL;
    }
    LOG(NOTICE, "push_taken", "a pushed model becomes a version and the prior of the fits after it",
        L_STR("push", push->id), L_U64("version", m->version));
    return m;
}

/* ---- a fit ---- */

static int next_version_solve(const struct next_version *n, const struct fit_options *options,
                              struct model **out, int64_t *took_ms) {
    struct store_rows rows;
    TRY(store_rows(labelled_set_store(n->set), n->learning->memories.largest, fit_members(options),
                   &rows));
    double *weight;
    int result = beliefs_of(labelled_set_store(n->set), &rows, n->learning->config, &weight);
    if (result < 0) {
        store_rows_release(&rows);
        return result;
    }
    struct fit_rows labelled = {.n = rows.n,
                                .weight = weight,
                                .row = rows.row,
                                .label = rows.label,
                                .propensity = rows.propensity,
                                .key = rows.key,
                                .members = rows.members,
                                .member = rows.member,
                                .boosted = rows.boosted,
                                .since = alarm_since((double)n->learning->config->query.alarm,
                                                     rows.said, rows.label, rows.n)};
    struct fit_tasks tasks = {.n = rows.tasks_n,
                              .row = rows.task_row,
                              .weight = rows.task_weight,
                              .open = rows.task_open};
    int64_t started_ns = clock_ns();
    result = fit_model(out, options, &labelled, &tasks);
    int64_t took_ns = clock_ns() - started_ns;
    metric_observe(METRIC_fit_seconds, (double)took_ns * 1e-9);
    *took_ms = took_ns / 1000000;
    store_rows_release(&rows);
    free(weight);
    return result;
}

int next_version_fit(const struct next_version *n, const struct store_counts *counts,
                     struct model **out, int64_t *took_ms) {
    struct fit_options options = next_version_options(n);
    struct model made = {0};
    fit_take_prior(&options, next_version_base(n, &made));
    options.open = counts->open;
    options.late = schedule_late(counts->open);
    int result = next_version_solve(n, &options, out, took_ms);
    if (result < 0) {
        free((void *)made.aside.at);
        bool nothing_left = result == ERR_INPUT; // every label was set aside
        return nothing_left ? 0 : result;
    }
    struct model *m = *out;
    m->parent = made.parent;
    m->prior = made.prior;
    m->aside = made.aside;
    m->rows = counts->labelled;
    m->classes = text_of(xstrdup(n->learning->classes.at));
    next_version_sign(n, counts, m);
    return 0;
}
