/* The newest record of each class's certificate, as the topic has it.
 *
 * Thread: that of its registry */
#include "certified.h"

#include "base/log.h"
#include "estimate/certificate_record.h"
#include "metrics/metrics.h"
#include "route/classes.h"

struct certified {
    struct text classes;
    size_t n;
    uint64_t terms; // of feature map and class list
    bool quiet;
    struct certificate at[]; // (n) attempt 0: nothing was said
};

struct certified *certified_create(const struct registry_options *options) {
    struct certified *c = xcalloc(1, sizeof *c + options->classes_n * sizeof *c->at);
    c->classes = options->classes;
    c->n = options->classes_n;
    c->quiet = options->quiet;
    if (c->n) c->terms = certificate_terms_of(options->fingerprint, options->classes);
    return c;
}

void certified_destroy(struct certified *c) { free(c); }

static bool certified_same(const struct certificate *a, const struct certificate *b) {
    return a->granted == b->granted &&
           (!a->granted ||
            (a->threshold == b->threshold && a->since_ms == b->since_ms && a->error == b->error &&
             a->confidence == b->confidence && a->version == b->version && a->prior == b->prior &&
             certificate_is_loose(a) == certificate_is_loose(b)));
}

/* NULL: it can be taken. */
static const char *certified_fault(const struct certified *c, int index, struct text value,
                                   struct certificate *out) {
    uint64_t terms = 0;
    if (index < 0) return "a certificate of a class that the model does not have";
    if (!value.at) return NULL;
    if (certificate_read(out, &terms, value) < 0)
        return "a certificate that is none, or that no answers could have earned";
    if (terms != c->terms) return "a certificate of another feature map or class list";
    return NULL;
}

enum registry_change certified_apply(struct certified *c, struct text class_, struct text value) {
    struct certificate fresh = {0};
    int index = c->n ? class_index(c->classes, class_) : -1;
    if (!c->n || (index < 0 && !value.at)) return CHANGE_NONE;
    const char *why = certified_fault(c, index, value, &fresh);
    if (why && !c->quiet) {
        metric_add(METRIC_certificates_refused, 1);
        LOG(ERROR, "certificate_refused", why, L_TEXT("class", class_));
    }
    if (index < 0) return CHANGE_NONE;
    if (why) fresh = (struct certificate){0};
    bool same = certified_same(&c->at[index], &fresh);
    c->at[index] = fresh;
    return same ? CHANGE_WATCH : CHANGE_CERTIFICATE;
}

const struct certificate *certified_look(const struct certified *c, size_t class_) {
    return class_ < c->n && c->at[class_].attempt ? &c->at[class_] : NULL;
}
