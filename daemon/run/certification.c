/* See the header. Each answer is told and then decided upon, in a life as when a store is gone
 * through again: so a change of long ago ends in the test what it would have ended then, and an old
 * proof is none of today. What a crash leaves: a certificate that was granted and not written yet
 * was never in force, and the next learner grants it from the same answers; one that was revoked
 * and not written yet is revoked by the next learner from the same answers, or stands still
 * unwatched, and then workers do not use it (daemon/run/follower.c). What was said on the topic is
 * gone on from: an attempt is never begun anew for free.
 *
 * Thread: learner thread */
#include "certification.h"

#include "base/clock.h"
#include "base/log.h"
#include "encode/features.h"
#include "estimate/certificate_record.h"
#include "estimate/estimator.h"
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
    struct certificate said;   // as it was written last; attempt 0: never
    int64_t said_ms;           // when
    bool collected;            // it is on its way
    struct certificate logged; // as the log has it
    int64_t loose_ms;          // since_ms of the one that the log calls loose
};

struct certification {
    struct learning *learning;
    struct certifier *certifier;
    bool enabled;
    double error, confidence; // of the certifier
    uint64_t version, prior;  // of the model in force; 0: there is none
    int64_t again_ms;         // newest task so far, while the store is gone through again
    size_t k;
    uint64_t terms;
    int64_t told_ms;
    struct certification_class class_[]; // (k)
};

/* ---- life ---- */

static void certification_tell_answer(struct certification *c, const struct answered *a,
                                      int64_t now_ms) {
    if (!c->enabled || !a->evaluate || a->predicted < 0) return;
    const size_t class_ = (size_t)a->predicted;
    certifier_tell(c->certifier, &(struct certificate_answer){.predicted = class_,
                                                              .term = a->said.term[UNASKED_RIGHT],
                                                              .propensity = a->said.propensity,
                                                              .wrong = a->truth != a->predicted,
                                                              .asked_ms = a->said.asked_ms});
    if (c->version) (void)certifier_decide(c->certifier, class_, now_ms, c->version, c->prior);
}

/* The time of an answer that was given before is not kept: no answer came before it was asked for.
 */
static int certification_answer_again(const struct answered *a, void *opaque) {
    struct certification *c = opaque;
    if (a->said.asked_ms > c->again_ms) c->again_ms = a->said.asked_ms;
    certification_tell_answer(c, a, c->again_ms);
    learning_wait(c->learning, 0);
    return 0;
}

/* Whether it is one of another descent than the one before. */
static bool certification_note_model(struct certification *c, const struct registry *registry) {
    const struct model *in_force = registry_model(registry, registry_live(registry));
    if (!in_force) return false;
    bool other = c->version && (in_force->version < c->version || in_force->prior != c->prior);
    c->version = in_force->version;
    c->prior = in_force->prior;
    return other;
}

/* When the descent of the version in force began, as far as the topic tells: answers before are to
 * other models. */
static int64_t certification_descent_ms(const struct certification *c,
                                        const struct registry *registry) {
    const struct model *pushed = c->prior ? registry_model(registry, c->prior) : NULL;
    int64_t rolled_ms = (int64_t)registry_policy(registry)->operator_.rolled_ms;
    return pushed && pushed->created_ms > rolled_ms ? pushed->created_ms : rolled_ms;
}

bool certification_outdated(const struct certification *c) {
    const struct config *config = c->learning->config;
    return c->enabled != config->auto_.enabled || c->error != config->auto_.error ||
           c->confidence != config->auto_.confidence;
}

/* From what was said of each class on; where nothing is granted, from the descent on at most. */
static void certification_resume(struct certification *c, const struct registry *registry) {
    const int64_t descent_ms = certification_descent_ms(c, registry);
    for (size_t i = 0; i < c->k; i++) {
        const struct certificate *said = registry_certificate(registry, i);
        struct certificate from = {.error = c->error, .confidence = c->confidence, .attempt = 1};
        if (said) c->class_[i].said = from = *said;
        if (!from.granted && from.from_ms < descent_ms) from.from_ms = descent_ms;
        certifier_resume(c->certifier, i, &from, clock_wall_ms());
        c->class_[i].logged = *certifier_look(c->certifier, i);
        if (said) c->class_[i].logged.granted = said->granted;
    }
}

int certification_create(struct certification **out, struct learning *learning,
                         const struct registry *registry, struct store *store) {
    const struct config *config = learning->config;
    size_t k = config->model.classes.n;
    struct certification *c = xcalloc(1, sizeof *c + k * sizeof *c->class_);
    c->learning = learning;
    c->k = k;
    c->terms =
        certificate_terms_of(features_fingerprint(learning->shared->features), learning->classes);
    c->enabled = config->auto_.enabled;
    c->error = config->auto_.error;
    c->confidence = config->auto_.confidence;
    c->certifier = certifier_create(k, c->error, c->confidence);
    *out = c;
    (void)certification_note_model(c, registry);
    certification_resume(c, registry);
    return c->enabled ? store_answered(store, certification_answer_again, c) : 0;
}

void certification_destroy(struct certification *c) {
    if (!c) return;
    certifier_destroy(c->certifier);
    metric_set_named(METRIC_auto_needed, NULL, 0);
    free(c);
}

void certification_answer(struct certification *c, const struct answered *a) {
    certification_tell_answer(c, a, clock_wall_ms());
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

/* As it is to be written: with how often the other classes come at most, which no answer of this
 * one tells.
 */
static struct certificate certification_told(const struct certification *c, size_t class_) {
    struct certificate told = *certifier_look(c->certifier, class_);
    const double most = metric_get_by(METRIC_estimate_high, ESTIMATE_PREVALENCE),
                 least = metric_get_by(METRIC_estimate_low, ESTIMATE_PREVALENCE);
    if (!(metric_get(METRIC_estimate_draws) >= ESTIMATE_DRAWS_LEAST)) return told;
    told.others = class_ == c->learning->positive ? 1 - least : most;
    return told;
}

/* Once of each certificate. */
static void certification_say_loose(struct certification *c, size_t class_) {
    const struct certificate now = certification_told(c, class_);
    struct buf words = {0};
    if (!certificate_is_loose(&now) || c->class_[class_].loose_ms == now.since_ms) return;
    c->class_[class_].loose_ms = now.since_ms;
    certificate_write_loose(&now, certification_name(c, class_),
                            text_of(c->learning->config->model.positive), &words);
    LOG(WARNING, "certificate_loose", buf_string(&words),
        L_TEXT("class", certification_name(c, class_)), L_F64("error", now.error),
        L_F64("others", now.others), L_F64("hides", certificate_hides(&now)));
    buf_release(&words);
}

/* What has changed since the log said it. */
static void certification_say_news(struct certification *c, size_t class_) {
    struct certificate *was = &c->class_[class_].logged;
    const struct certificate *now = certifier_look(c->certifier, class_);
    bool granted = now->granted && (!was->granted || now->since_ms != was->since_ms),
         ended = !now->granted && (was->granted || now->ended_ms != was->ended_ms);
    if (granted || ended) certification_say(c, class_, now);
    *was = *now;
}

/* The certificate ends for a reason that is no answer's. */
static void certification_end(struct certification *c, size_t class_) {
    const struct certificate *now = certifier_look(c->certifier, class_);
    enum certificate_end why = CERTIFICATE_NEVER;
    if (!now->granted) return;
    if (c->version && !certificate_covers(now, c->version, c->prior)) why = CERTIFICATE_MODEL;
    if (!c->enabled) why = CERTIFICATE_OFF;
    if (why != CERTIFICATE_NEVER) certifier_end(c->certifier, class_, why, clock_wall_ms());
}

static void certification_decide_class(struct certification *c, size_t class_) {
    certifier_heed_clock(c->certifier, class_, clock_wall_ms());
    certification_end(c, class_);
    if (c->version && c->enabled)
        (void)certifier_decide(c->certifier, class_, clock_wall_ms(), c->version, c->prior);
    certification_say_news(c, class_);
    certification_say_loose(c, class_);
}

static void certification_tell(struct certification *c) {
    struct metric_named list[METRIC_NAMED_MAX];
    size_t n = 0;
    if (clock_ms() - c->told_ms < TELL_MS) return;
    c->told_ms = clock_ms();
    for (size_t i = 0; c->enabled && i < c->k && n < METRIC_NAMED_MAX; i++)
        list[n++] = (struct metric_named){certification_name(c, i),
                                          {certifier_look(c->certifier, i)->needed}};
    metric_set_named(METRIC_auto_needed, list, n);
}

void certification_decide(struct certification *c, const struct registry *registry) {
    bool other = certification_note_model(c, registry);
    for (size_t i = 0; i < c->k; i++) {
        if (other) certifier_end(c->certifier, i, CERTIFICATE_MODEL, clock_wall_ms());
        certification_decide_class(c, i);
    }
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
    const struct certificate now = certification_told(c, class_);
    s->collected = certification_is_due(s, &now, registry, class_);
    if (s->collected) certificate_write(&now, c->terms, clock_wall_ms(), out);
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
