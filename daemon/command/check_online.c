/* Does the broker suit this configuration? Each question is one row of a table: what was asked, and
 * what was found.
 *
 * Nothing is written but an empty transactional id (NAME-INSTANCE-check) that the broker forgets by
 * itself; no group is joined and no offset committed. Rights show where Kafka shows them without an
 * attempt: describing, reading, the group, transactions. Whether a topic may be written shows only
 * when something is written.
 *
 * Thread: main thread */
#include "check.h"

#include "kafka/admin.h"
#include "kafka/probe.h"
#include "query/selection_state.h"
#include "run/registry.h"
#include "terminal/cli.h"
#include "terminal/console.h"

/* ---- topics ---- */

/* What is not as the daemon wants it; NULL: fine. */
static const char *check_online_topic_trouble(const struct topic_plan *plan,
                                              const struct topic_facts *facts, enum tone *tone) {
    *tone = TONE_BAD;
    if (plan->compacted && facts->partitions != 1)
        return "must have one partition: versions and policy are ordered by it";
    if (plan->compacted && facts->described && !strstr(facts->cleanup, "compact"))
        return "should be compacted, or the versions to go back to are lost with its age";
    if (!plan->compacted && facts->described && strstr(facts->cleanup, "compact"))
        return "is compacted: records with one key would be lost";
    *tone = TONE_DOUBT;
    if (plan->retention_ms && facts->described && facts->retention_ms >= 0 &&
        facts->retention_ms < plan->retention_ms)
        return "is kept shorter than topics.retention: a lost label store could not be rebuilt so "
               "far back";
    return NULL;
}

static void check_topic(struct findings *f, const struct topic_plan *plan,
                        const struct topic_facts *facts) {
    struct buf kept = {0};
    enum tone tone;
    if (facts->error == ERR_MISSING)
        check_finding(f, TONE_BAD, plan->option,
                      "%s does not exist; `winnowd topics --create%s` makes it", plan->name,
                      plan->ours ? "" : " --samples");
    else if (facts->error == ERR_CONFIG)
        check_finding(f, TONE_BAD, plan->option, "%s may not be described by us", plan->name);
    else if (facts->error)
        check_finding(f, TONE_BAD, plan->option, "%s: the broker gives no answer", plan->name);
    if (facts->error) return;
    const char *trouble = check_online_topic_trouble(plan, facts, &tone);
    const char *joint = trouble ? "; it " : "";
    if (!trouble) tone = TONE_GOOD;
    admin_kept(facts, &kept);
    check_finding(f, tone, plan->option, "%s: %d partitions, %d replicas, cleanup %s, kept %s%s%s",
                  plan->name, facts->partitions, facts->replicas,
                  facts->described ? facts->cleanup : "?", buf_string(&kept), joint,
                  trouble ? trouble : "");
    if (!facts->described)
        check_finding(f, TONE_DOUBT, plan->option, "%s: its settings may not be described by us",
                      plan->name);
    buf_release(&kept);
}

/* ---- the broker's own limits ---- */

static void check_limit(struct findings *f, struct admin *a, const char *name, int64_t least,
                        const char *why_it_matters) {
    int64_t value = 0;
    struct buf why = {0};
    int result = admin_broker_property(a, name, &value, &why);
    if (result == ERR_MISSING) buf_str(&why, "the broker has no such property");
    if (result < 0)
        check_finding(f, TONE_DOUBT, name, "not to be seen (%s); it must be at least %lld: %s",
                      buf_string(&why), (long long)least, why_it_matters);
    else if (value < least)
        check_finding(f, TONE_BAD, name, "%lld; it must be at least %lld: %s", (long long)value,
                      (long long)least, why_it_matters);
    else
        check_finding(f, TONE_GOOD, name, "%lld (at least %lld is needed)", (long long)value,
                      (long long)least);
    buf_release(&why);
}

/* ---- reading, the group, transactions ---- */

static void check_online_tell_read(struct findings *f, const char *topic, const char *refused) {
    char what[300];
    snprintf(what, sizeof what, "read %s", topic);
    if (refused) check_finding(f, TONE_BAD, what, "%s", refused);
    else check_finding(f, TONE_GOOD, what, "allowed");
}

static void check_reading(struct findings *f, struct probe *p, const struct topic_plan plan[ROLES],
                          const struct topic_facts facts[ROLES]) {
    static const enum topic_role read[] = {
        ROLE_SAMPLES, ROLE_MODELS, ROLE_TASKS,
        ROLE_LABELS}; // the last two by the learner and the label page
    const char *topic[ROLES], *refused[ROLES];
    size_t n = 0, roles = f->config->service.learner || f->config->watch.label ? 4 : 2;
    for (size_t i = 0; i < roles; i++)
        if (!facts[read[i]].error) topic[n++] = plan[read[i]].name;
    probe_read(p, topic, n, refused);
    for (size_t i = 0; i < n; i++) check_online_tell_read(f, topic[i], refused[i]);
}

static void check_group(struct findings *f, struct probe *p) {
    const char *refused, *group = f->config->service.name;
    int64_t offset = probe_group(p, &refused);
    if (offset == ERR_MISSING)
        check_finding(f, TONE_DOUBT, "consumer group",
                      "%s: not to be seen without the samples topic", group);
    else if (refused) check_finding(f, TONE_BAD, "consumer group", "%s: %s", group, refused);
    else if (offset < 0)
        check_finding(f, TONE_GOOD, "consumer group", "%s: allowed, nothing committed yet", group);
    else
        check_finding(f, TONE_GOOD, "consumer group",
                      "%s: allowed, partition 0 committed up to %lld", group, (long long)offset);
}

static void check_consumer(struct findings *f, const struct topic_plan plan[ROLES],
                           const struct topic_facts facts[ROLES]) {
    struct probe *p;
    struct buf why = {0};
    if (probe_open(&p, f->config, &why) == 0) {
        check_reading(f, p, plan, facts);
        check_group(f, p);
        probe_close(p);
    } else check_finding(f, TONE_BAD, "consumer", "%s", buf_string(&why));
    buf_release(&why);
}

static void check_transactions(struct findings *f) {
    char id[300];
    struct buf why = {0};
    snprintf(id, sizeof id, "%s-%s-check", f->config->service.name, f->config->service.instance);
    if (probe_transactions(f->config, id, &why) == 0)
        check_finding(f, TONE_GOOD, "transactions", "possible, with ids %s-*",
                      f->config->service.name);
    else check_finding(f, TONE_BAD, "transactions", "%s", buf_string(&why));
    buf_release(&why);
}

int check_online(const struct config *c) {
    struct findings f = {.config = c};
    struct topic_plan plan[ROLES];
    struct topic_facts facts[ROLES];
    struct admin *a;
    struct buf why = {0};
    int result = admin_open(&a, c, &why);
    if (result < 0) {
        int code = console_fail(console_exit(result), "%s", buf_string(&why));
        buf_release(&why);
        return code;
    }
    printf("\n");
    check_finding(&f, TONE_GOOD, "broker", "answers at %s", c->kafka.brokers);
    admin_plan(c, plan);
    for (size_t i = 0; i < ROLES; i++) {
        if (!*plan[i].name) continue;
        admin_topic(a, plan[i].name, &facts[i]);
        check_topic(&f, &plan[i], &facts[i]);
    }
    check_limit(&f, a, "offset.metadata.max.bytes", STATE_TEXT_MAX,
                "the selection state travels with the offset");
    if (c->service.delivery == DELIVERY_EXACTLY_ONCE || c->service.learner) {
        int64_t longest = c->kafka.session_timeout / 2 > REGISTRY_TRANSACTION_MS
                              ? c->kafka.session_timeout / 2
                              : REGISTRY_TRANSACTION_MS;
        check_limit(&f, a, "transaction.max.timeout.ms", longest,
                    "our transactions may take so long");
        check_transactions(&f);
    }
    check_consumer(&f, plan, facts);
    if (!facts[ROLE_SAMPLES].error) check_samples(&f);
    admin_close(a);
    printf("\n%zu wrong, %zu not to be seen or doubtful\n", f.wrong, f.doubts);
    return f.wrong ? EX_CONFIG : EX_OK;
}
