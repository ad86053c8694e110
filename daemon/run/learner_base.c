/* What the learner's next version builds on: what was pushed from elsewhere, and what was rolled
 * back.
 *
 * The one idea: a version carries with it what the fits after it need to know, its prior and the
 * labels that were set aside, and the next fit takes both from the version that is live. So a
 * rollback, a pin or a restart needs no memory of its own: whatever is live says how to go on, and
 * a model stays a function of the labelled set and of the models topic (promise I8).
 *   push      checked, numbered and made live in the transaction that takes it off the topic; later
 *             fits shrink towards it
 *   rollback  the labels that the version gone back to had not seen, and the newest then had, are
 *             set aside; those that come later count
 * Refuses a push that does not fit this learner, aloud, and takes it off the topic all the same.
 *
 * Thread: learner thread */
#include "learner_private.h"

#include "base/log.h"
#include "encode/features.h"
#include "infer/model_record.h"
#include "metrics/metrics.h"

#include <inttypes.h>

/* ---- what was rolled back ---- */

/* The stretch of labels between two versions, behind what is there. */
static void add_stretch(const struct model *older, const struct model *newer, int32_t partitions,
                        struct buf *out) {
    for (int32_t p = 0; p < partitions; p++) {
        int64_t from = registry_seen(older, "labels", p), to = registry_seen(newer, "labels", p);
        if (to > from) buf_printf(out, "%" PRId32 " %" PRId64 " %" PRId64 "\n", p, from, to);
    }
}

static void set_aside(struct learner *l, struct text lines) {
    struct store_gap gap[1024];
    size_t n = 0;
    for (const char *at = lines.at, *end; at && *at && n < sizeof gap / sizeof *gap;
         at = end ? end + 1 : NULL) {
        end = strchr(at, '\n');
        if (sscanf(at, "%" SCNd32 " %" SCNd64 " %" SCNd64, &gap[n].partition, &gap[n].from,
                   &gap[n].to) == 3)
            n++;
    }
    store_set_aside(l->store, gap, n);
}

/* Whether a rollback is in force that no version was made after. */
static bool rolled_back(const struct policy *p) {
    return !p->operator_.pin && p->operator_.rollback &&
           p->learner.rolled_ms != p->operator_.rolled_ms;
}

/* What the next version's policy says of it. Under a pin the rollback waits. */
uint64_t learner_rolled(const struct learner *l) {
    const struct policy *p = registry_policy(l->registry);
    return p->operator_.pin ? p->learner.rolled_ms : p->operator_.rolled_ms;
}

static const struct model *learner_base_newest(const struct registry *r) {
    uint64_t version[REGISTRY_VERSIONS + 8];
    size_t n = registry_versions(r, version, sizeof version / sizeof *version);
    return n ? registry_model(r, version[n - 1]) : NULL;
}

static struct text aside_of(struct learner *l, const struct model *base) {
    const struct policy *p = registry_policy(l->registry);
    struct buf b = {0};
    if (base && base->aside.len) buf_text(&b, base->aside);
    if (base && rolled_back(p))
        add_stretch(base, learner_base_newest(l->registry), reader_partitions(l->reader, 1), &b);
    else if (rolled_back(p))
        LOG(WARNING, "rollback_blind",
            "the version gone back to is not on the topic: which labels it had not seen cannot be "
            "told",
            L_U64("version", p->operator_.rollback));
    buf_string(&b);
    return (struct text){b.at, b.len};
}

/* ---- the base of a fit ---- */

const struct model *learner_base(struct learner *l, struct model *next) {
    uint64_t live = policy_live(registry_policy(l->registry));
    const struct model *base = registry_model(l->registry, live);
    next->parent = live;
    next->prior = base ? base->prior : 0;
    next->aside = aside_of(l, base);
    set_aside(l, next->aside);
    const struct model *prior = next->prior ? registry_model(l->registry, next->prior) : NULL;
    const struct fit_options options = learner_options(l);
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

static int learner_base_check(struct learner *l, const struct registry_push *push,
                              const char **why) {
    const struct fit_options options = learner_options(l);
    *why = push->why;
    if (!push->model) return ERR_CORRUPT;
    TRY(model_check(push->model, options.d, l->classes, features_fingerprint(l->shared->features),
                    why));
    if (fit_accepts_prior(&options, push->model)) return 0;
    *why = "its hidden layers are not those of model.hidden, so the learner could not build on it";
    return ERR_MISMATCH;
}

/* A copy of our own, by the record. */
static struct model *learner_base_copied(const struct learner *l, const struct model *from) {
    struct buf record = {0};
    struct model *to = NULL;
    const char *why;
    model_write((struct model *)from, l->config->service.name, &record);
    CHECK(model_read(&to, buf_view(&record), &why) == 0);
    buf_release(&record);
    return to;
}

/* A swap fills the windows from the version's quantiles: with none, the queue would be flooded or
 * starve. */
static int learner_base_describe(struct learner *l, struct model *m) {
    const struct fit_options options = learner_options(l);
    struct store_rows rows;
    TRY(store_rows(l->store, l->largest_memory, 0, &rows));
    if (rows.tasks_n)
        fit_describe(m, &options,
                     &(struct fit_tasks){rows.tasks_n, rows.task_row, rows.task_weight});
    store_rows_release(&rows);
    return 0;
}

struct model *learner_adopt(struct learner *l, const struct store_counts *counts,
                            const struct registry_push *push) {
    const char *why = NULL;
    if (learner_base_check(l, push, &why) < 0) {
        metric_add(METRIC_models_loaded, 1, 1);
        LOG(ERROR, "push_refused", why, L_STR("push", push->id));
        return NULL;
    }
    struct model *m = learner_base_copied(l, push->model);
    if (learner_base_describe(l, m) < 0)
        LOG(WARNING, "push_undescribed",
            "the label store could not be read for the quantiles of the pushed model",
            L_STR("push", push->id));
    struct model made = {0};
    (void)learner_base(l, &made);
    free((void *)m->seen.at);
    free((void *)m->aside.at);
    learner_sign(l, counts, m);
    m->parent = made.parent;
    m->aside = made.aside;
    m->prior = m->version;
    m->rows = 0;
    memcpy(m->pushed, push->id, sizeof m->pushed);
    LOG(NOTICE, "push_taken", "a pushed model becomes a version and the prior of the fits after it",
        L_STR("push", push->id), L_U64("version", m->version));
    return m;
}
