/* See the header. What is in force is judged by this file's section auto, as a worker does.
 *
 * Thread: main thread */
#include "policy_certificates.h"

#include "encode/features.h"
#include "estimate/certificate_record.h"
#include "estimate/unasked.h"
#include "route/classes.h"
#include "terminal/console.h"
#include "terminal/listing.h"

#include <inttypes.h>

/* Why the class has none in force, for people; NULL: it has. */
static const char *policy_certificates_why(const struct models_topic *m, size_t class_,
                                           struct buf *out) {
    const struct config *c = m->config;
    const struct auto_terms terms = {c->auto_.error, c->auto_.confidence};
    const struct certificate *s = registry_certificate(m->registry, class_);
    if (!c->auto_.enabled) buf_str(out, "auto.enabled is false in this file");
    else if (registry_policy(m->registry)->operator_.auto_off)
        buf_str(out, "the operator said `auto off`");
    else if (registry_certified(m->registry, class_, &terms)) return NULL;
    else if (s && s->granted && (s->error > terms.error || s->confidence > terms.confidence))
        buf_str(out, "it promises less than this file wants");
    else if (s && s->granted) buf_str(out, "the version in force is not of its descent");
    else if (!s)
        buf_printf(out, "no answer yet: it needs %.0f or more of the random arm",
                   certificate_least(terms.error, terms.confidence));
    else if (s->end != CERTIFICATE_NEVER)
        buf_printf(out, "ended (%s); at least %.0f right answers to the next",
                   certificate_end_word(s->end), s->needed);
    else buf_printf(out, "at least %.0f right answers more", s->needed);
    return buf_string(out);
}

static void policy_certificates_add(struct listing *l, const struct models_topic *m,
                                    size_t class_) {
    const struct certificate *s = registry_certificate(m->registry, class_);
    struct buf out = {0};
    const char *why = policy_certificates_why(m, class_, &out);
    bool granted = s && s->granted;
    const uint64_t seen = s ? s->seen : 0;
    const uint64_t missed = s ? s->missed : 0;
    char threshold[24] = "";
    if (granted) snprintf(threshold, sizeof threshold, "%.4f", (double)s->threshold / UNASKED_ONE);
    listing_text(l, text_of(m->config->model.classes.at[class_]));
    listing_text(l, why ? TEXT("no") : TEXT("yes"));
    listing_text(l, text_of(threshold));
    listing_count(l, granted ? s->answers : seen);
    listing_count(l, granted ? s->wrong : missed);
    if (granted) listing_time(l, s->since_ms);
    else listing_text(l, (struct text){0});
    listing_text(l, why ? text_of(why) : TEXT(""));
    listing_tone(l, why ? TONE_PLAIN : TONE_GOOD);
    buf_release(&out);
}

static bool policy_certificates_any(const struct models_topic *m) {
    for (size_t i = 0; i < m->config->model.classes.n; i++)
        if (registry_certificate(m->registry, i)) return true;
    return m->config->auto_.enabled;
}

/* What is to be said of one that promises little; empty: nothing. */
static void policy_certificates_loose(const struct models_topic *m, size_t class_,
                                      struct buf *out) {
    const struct config *c = m->config;
    const struct certificate *s = registry_certificate(m->registry, class_);
    if (s && certificate_is_loose(s))
        certificate_write_loose(s, text_of(c->model.classes.at[class_]), text_of(c->model.positive),
                                out);
}

static void policy_certificates_print_loose(const struct models_topic *m) {
    struct buf words = {0}, safe = {0};
    for (size_t i = 0; i < m->config->model.classes.n; i++) {
        buf_reset(&words);
        buf_reset(&safe);
        policy_certificates_loose(m, i, &words);
        if (!words.len) continue;
        buf_shown(&safe, buf_view(&words));
        console_word(stdout, TONE_DOUBT, 0, buf_string(&safe));
        putchar('\n');
    }
    buf_release(&words);
    buf_release(&safe);
}

void policy_certificates_print(const struct models_topic *m) {
    static const struct column columns[] = {{"class", "class", COLUMN_TEXT, 0},
                                            {"in_force", "auto", COLUMN_TEXT, 0},
                                            {"threshold", "from", COLUMN_TEXT, 0},
                                            {"answers", "answers", COLUMN_NUMBER, 0},
                                            {"wrong", "wrong", COLUMN_NUMBER, 0},
                                            {"since_ms", "since (UTC)", COLUMN_TIME, 0},
                                            {"why", "", COLUMN_TEXT, 0}};
    struct listing l;
    if (!policy_certificates_any(m)) return;
    putchar('\n');
    listing_begin(&l, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < m->config->model.classes.n; i++) policy_certificates_add(&l, m, i);
    listing_print(&l, stdout, false, "no class");
    listing_end(&l);
    policy_certificates_print_loose(m);
}

void policy_certificates_json(const struct models_topic *m, struct buf *out) {
    const uint64_t terms = certificate_terms_of(features_fingerprint(m->features), m->classes);
    buf_str(out, "[");
    for (size_t i = 0; i < m->config->model.classes.n; i++) {
        const struct certificate *s = registry_certificate(m->registry, i);
        struct buf reason = {0}, loose = {0};
        const char *why = policy_certificates_why(m, i, &reason);
        policy_certificates_loose(m, i, &loose);
        buf_str(out, i ? ",{\"class\":" : "{\"class\":");
        buf_json_str(out, m->config->model.classes.at[i]);
        buf_printf(out, ",\"in_force\":%s,\"why\":", why ? "false" : "true");
        if (why) buf_json_str(out, why);
        else buf_str(out, "null");
        buf_str(out, ",\"loose\":");
        if (loose.len) buf_json(out, buf_view(&loose));
        else buf_str(out, "null");
        buf_str(out, ",\"certificate\":");
        if (s) certificate_write(s, terms, 0, out);
        else buf_str(out, "null");
        buf_str(out, "}");
        buf_release(&reason);
        buf_release(&loose);
    }
    buf_str(out, "]");
}
