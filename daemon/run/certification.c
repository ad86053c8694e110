/* See the header. What a crash leaves: a certificate that was granted and not written yet was never
 * in force, and the next learner grants it from the same answers; one that was revoked and not
 * written yet is revoked by the next learner from the same answers, or stands still unwatched, and
 * then workers do not use it (daemon/run/follower.c). What was said on the topic is gone on from:
 * an attempt is never begun anew for free.
 *
 * Thread: learner thread */
#include "certification.h"

#include "base/clock.h"
#include "base/log.h"
#include "encode/features.h"
#include "estimate/certificate_record.h"
#include "estimate/unasked.h"
#include "metrics/metrics.h"
#include "route/classes.h"

#include <inttypes.h>

enum {
    SIGN_MS = 20000,     // at least so often a granted certificate is said again
    PROGRESS_MS = 20000, // at most so often how an attempt stands
    TELL_MS = 1000       // how often the figures are told
};

struct certification_class {
    struct certificate said; // as it was written last; attempt 0: never
    int64_t said_ms;         // when
    bool collected;          // it is on its way
};

struct certification {
    struct learning *learning;
    struct certifier *certifier;
    double error, confidence; // of the certifier
    size_t k;
    uint64_t terms;
    int64_t told_ms;
    struct certification_class class_[]; // (k)
};

/* ---- life ---- */

static void certification_tell_answer(struct certifier *certifier, const struct answered *a) {
    if (!a->evaluate || a->predicted < 0) return;
    certifier_tell(certifier, &(struct certificate_answer){.predicted = (size_t)a->predicted,
                                                           .term = a->said.term[UNASKED_RIGHT],
                                                           .propensity = a->said.propensity,
                                                           .wrong = a->truth != a->predicted,
                                                           .asked_ms = a->said.asked_ms});
}

static int certification_answer_again(const struct answered *a, void *opaque) {
    struct certification *c = opaque;
    certification_tell_answer(c->certifier, a);
    learning_wait(c->learning, 0);
    return 0;
}

bool certification_outdated(const struct certification *c) {
    const struct config *config = c->learning->config;
    return c->error != config->auto_.error || c->confidence != config->auto_.confidence;
}

/* A certifier of the terms that the configuration has now, told all answers of the store. */
static int certification_begin(struct certification *c, struct store *store) {
    const struct config *config = c->learning->config;
    c->error = config->auto_.error;
    c->confidence = config->auto_.confidence;
    c->certifier = certifier_create(c->k, c->error, c->confidence);
    for (size_t i = 0; i < c->k; i++)
        if (c->class_[i].said.attempt)
            certifier_resume(c->certifier, i, &c->class_[i].said, clock_wall_ms());
    return store_answered(store, certification_answer_again, c);
}

int certification_create(struct certification **out, struct learning *learning,
                         const struct registry *registry, struct store *store) {
    size_t k = learning->config->model.classes.n;
    struct certification *c = xcalloc(1, sizeof *c + k * sizeof *c->class_);
    c->learning = learning;
    c->k = k;
    c->terms =
        certificate_terms_of(features_fingerprint(learning->shared->features), learning->classes);
    for (size_t i = 0; i < k; i++) {
        const struct certificate *said = registry_certificate(registry, i);
        if (said) c->class_[i].said = *said;
    }
    *out = c;
    return certification_begin(c, store);
}

void certification_destroy(struct certification *c) {
    if (!c) return;
    certifier_destroy(c->certifier);
    metric_set_named(METRIC_auto_needed, NULL, 0);
    free(c);
}

void certification_answer(struct certification *c, const struct answered *a) {
    certification_tell_answer(c->certifier, a);
}

/* ---- deciding ---- */

static struct text certification_name(const struct certification *c, size_t class_) {
    return text_of(c->learning->config->model.classes.at[class_]);
}

static void certification_say(const struct certification *c, size_t class_,
                              const struct certificate *now) {
    if (now->granted) {
        LOG(NOTICE, "certificate_granted",
            "from this probability on the model answers for the class by itself",
            L_TEXT("class", certification_name(c, class_)),
            L_F64("threshold", (double)now->threshold / UNASKED_ONE),
            L_U64("answers", now->answers), L_U64("wrong", now->wrong), L_F64("error", now->error),
            L_F64("confidence", now->confidence), L_I64("certificate", now->since_ms),
            L_U64("version", now->version));
        return;
    }
    metric_add_by(METRIC_auto_ended, now->end, 1);
    LOG(WARNING, "certificate_ended", "the model does not answer for the class by itself any more",
        L_TEXT("class", certification_name(c, class_)),
        L_STR("why", certificate_end_word(now->end)), L_I64("certificate", now->since_ms),
        L_U64("attempt", now->attempt));
}

/* The certificate ends for a reason that is no answer's. */
static bool certification_end(struct certification *c, size_t class_,
                              const struct model *in_force) {
    const struct certificate *now = certifier_look(c->certifier, class_);
    enum certificate_end why = CERTIFICATE_NEVER;
    if (in_force && !certificate_covers(now, in_force->version, in_force->prior))
        why = CERTIFICATE_MODEL;
    if (!c->learning->config->auto_.enabled) why = CERTIFICATE_OFF;
    return why != CERTIFICATE_NEVER && certifier_end(c->certifier, class_, why, clock_wall_ms());
}

static void certification_decide_class(struct certification *c, size_t class_,
                                       const struct model *in_force) {
    bool changed = certification_end(c, class_, in_force);
    if (!changed && in_force && c->learning->config->auto_.enabled)
        changed = certifier_decide(c->certifier, class_, clock_wall_ms(), in_force->version,
                                   in_force->prior);
    if (changed) certification_say(c, class_, certifier_look(c->certifier, class_));
}

static void certification_tell(struct certification *c) {
    struct metric_named list[METRIC_NAMED_MAX];
    size_t n = 0;
    if (clock_ms() - c->told_ms < TELL_MS) return;
    c->told_ms = clock_ms();
    for (size_t i = 0; c->learning->config->auto_.enabled && i < c->k && n < METRIC_NAMED_MAX; i++)
        list[n++] = (struct metric_named){certification_name(c, i),
                                          {certifier_look(c->certifier, i)->needed}};
    metric_set_named(METRIC_auto_needed, list, n);
}

void certification_decide(struct certification *c, const struct registry *registry) {
    const struct model *in_force = registry_model(registry, registry_live(registry));
    for (size_t i = 0; i < c->k; i++) certification_decide_class(c, i, in_force);
    certification_tell(c);
}

/* ---- saying ---- */

static bool certification_changed(const struct certificate *was, const struct certificate *now) {
    return was->granted != now->granted || was->attempt != now->attempt || was->end != now->end ||
           (now->granted && (was->threshold != now->threshold || was->since_ms != now->since_ms));
}

/* A class of which nothing was ever said, and nothing is to say, is on no topic. */
static bool certification_is_due(const struct certification_class *s, const struct certificate *now,
                                 const struct registry *registry, size_t class_) {
    const int64_t since = clock_ms() - s->said_ms;
    bool known = s->said.attempt != 0;
    if (known && (certification_changed(&s->said, now) || !registry_certificate(registry, class_)))
        return true;
    if (now->granted) return !known || since >= SIGN_MS;
    return now->seen != s->said.seen && since >= PROGRESS_MS;
}

bool certification_due(struct certification *c, const struct registry *registry, size_t class_,
                       struct buf *out) {
    struct certification_class *s = &c->class_[class_];
    const struct certificate *now = certifier_look(c->certifier, class_);
    s->collected = certification_is_due(s, now, registry, class_);
    if (s->collected) certificate_write(now, c->terms, clock_wall_ms(), out);
    return s->collected;
}

size_t certification_classes(const struct certification *c) { return c->k; }

void certification_written(struct certification *c) {
    for (size_t i = 0; i < c->k; i++) {
        struct certification_class *s = &c->class_[i];
        if (!s->collected) continue;
        s->said = *certifier_look(c->certifier, i);
        s->said_ms = clock_ms();
        s->collected = false;
    }
}
