/* Writes again what somebody has deleted from the models topic, as far as this process still holds
 * it.
 *
 * What can be made again is not written for its own sake: a version is, because labels that it
 * learned may be forgotten since, and because people can go back to it; the operator's half of the
 * policy is, because nobody else has it. Each record is a publication of its own, so one that is
 * too large for the topic keeps nothing else away, and a crash between two leaves what a later
 * reader can add to: what stands there is never written over.
 *
 * Thread: learner thread */
#include "version_held.h"

#include "base/log.h"

static bool version_held_lost_half(const struct version_held *h, const struct registry *now,
                                   bool learner) {
    bool known = learner ? h->policy_known : registry_spoke(h->registry, false);
    return known && !registry_spoke(now, learner);
}

static bool version_held_lost_version(const struct version_held *h, const struct registry *now,
                                      uint64_t version) {
    return registry_chunks(h->registry, version) && !registry_chunks(now, version);
}

bool version_held_is_lost(const struct version_held *h, const struct registry *now) {
    uint64_t version[REGISTRY_HELD];
    size_t n = registry_versions(h->registry, version, sizeof version / sizeof *version);
    while (n && !version_held_lost_version(h, now, version[n - 1])) n--;
    return n || version_held_lost_half(h, now, false) || version_held_lost_half(h, now, true);
}

/* ERR_FULL: it does not fit, as was said; the rest does. */
static int version_held_write_version(const struct version_held *h, struct publisher *to,
                                      uint64_t version) {
    struct publication p = {.name = h->config->service.name};
    size_t bytes;
    struct model *m = (struct model *)registry_model(h->registry, version); // its digest stays
    int result = publisher_add_version(to, &p, m, &bytes);
    if (result == 0) result = publisher_send(to, &p);
    publication_release(&p);
    return result;
}

static int version_held_write_operator(const struct version_held *h, struct publisher *to) {
    struct publication p = {.name = h->config->service.name};
    struct buf b = {0};
    policy_operator_write(&registry_policy(h->registry)->operator_, &b);
    publication_add_named(&p, "operator", &b);
    int result = publisher_send(to, &p);
    publication_release(&p);
    buf_release(&b);
    return result;
}

/* The learner's policy, and progress where it is wanted. */
static int version_held_write_rest(const struct version_held *h, struct publisher *to,
                                   bool progress) {
    struct publication p = {.name = h->config->service.name};
    struct buf b = {0};
    buf_text(&b, registry_progress(h->registry));
    publication_add_policy(&p, &h->policy);
    if (progress && b.len) publication_add_named(&p, "progress", &b);
    int result = publisher_send(to, &p);
    publication_release(&p);
    buf_release(&b);
    return result;
}

/* *written and *full: how many went out, and how many the topic does not take. */
static int version_held_write_versions(const struct version_held *h, const struct registry *now,
                                       struct publisher *to, size_t *written, size_t *full) {
    uint64_t version[REGISTRY_HELD];
    size_t n = registry_versions(h->registry, version, sizeof version / sizeof *version);
    for (size_t i = 0; i < n; i++) {
        if (!version_held_lost_version(h, now, version[i])) continue;
        int result = version_held_write_version(h, to, version[i]);
        if (result < 0 && result != ERR_FULL) return result;
        *written += result == 0;
        *full += result < 0;
    }
    return 0;
}

int version_held_write(const struct version_held *h, const struct registry *now,
                       struct publisher *to) {
    size_t written = 0, full = 0;
    if (version_held_lost_half(h, now, false)) TRY(version_held_write_operator(h, to));
    TRY(version_held_write_versions(h, now, to, &written, &full));
    bool progress = !full && !registry_progress(now).len; // without its version it would keep the
                                                          // labels from being learned again
    if (version_held_lost_half(h, now, true)) TRY(version_held_write_rest(h, to, progress));
    LOG(WARNING, "versions_restored",
        "the models topic had lost what is in force: it was written again as this process holds it",
        L_STR("topic", h->config->topics.models), L_U64("versions", written),
        L_U64("live", registry_live(h->registry)));
    return 0;
}
