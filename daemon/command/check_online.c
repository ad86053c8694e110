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

#include "base/position.h"
#include "kafka/admin.h"
#include "kafka/election.h"
#include "kafka/probe.h"
#include "kafka/topic_limit.h"
#include "kafka/transaction.h"
#include "query/selection_state.h"
#include "route/dead_letter.h"
#include "run/registry.h"
#include "terminal/cli.h"
#include "terminal/console.h"
#include "worst_size.h"

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
    check_finding(
        f, tone, plan->option,
        "%s: %d partitions, %d replicas, cleanup %s, kept %s, batches up to %zu bytes%s%s",
        plan->name, facts->partitions, facts->replicas, facts->described ? facts->cleanup : "?",
        buf_string(&kept), facts->batch_bytes, joint, trouble ? trouble : "");
    if (!facts->described)
        check_finding(f, TONE_DOUBT, plan->option, "%s: its settings may not be described by us",
                      plan->name);
    buf_release(&kept);
}

/* ---- how large records may be ---- */

/* Largest batch that a topic takes; what brokers take by default where that is not told. */
static size_t check_online_room(const struct findings *f, const struct topic_facts *facts) {
    size_t topic = facts->batch_bytes ? facts->batch_bytes : TOPIC_LIMIT_DEFAULT,
           client = worst_size_client_limit(f->config);
    return topic < client ? topic : client;
}

static void check_online_task_size(struct findings *f, size_t room) {
    size_t widest, task = worst_size_task(f->config, &widest);
    if (task <= room) {
        check_finding(f, TONE_GOOD, "size of tasks",
                      "at most %zu bytes without the event; a record may have %zu", task, room);
        return;
    }
    check_finding(
        f, TONE_DOUBT, "size of tasks",
        "up to %zu bytes without the event (the widest feature is %s), and a record may have "
        "%zu: larger ones become dead letters (task_too_large). Raise max.message.bytes of %s",
        task, worst_size_widest(f->config, widest), room, f->config->topics.tasks);
}

static void check_online_version_size(struct findings *f, size_t room) {
    const struct config *c = f->config;
    size_t bytes = worst_size_version(c),
           chunk = registry_chunk_bytes(c->service.name, bytes, room);
    if (chunk)
        check_finding(f, TONE_GOOD, "size of versions", "about %zu bytes, in %zu records", bytes,
                      (bytes + chunk - 1) / chunk);
    else
        check_finding(f, TONE_BAD, "size of versions",
                      "about %zu bytes, and %d records of at most %zu would not hold them: "
                      "no model could be published. Raise max.message.bytes of %s",
                      bytes, REGISTRY_CHUNKS, room, c->topics.models);
}

static void check_sizes(struct findings *f, const struct topic_facts facts[ROLES]) {
    size_t letter = check_online_room(f, &facts[ROLE_DEAD_LETTERS]),
           largest = DEAD_LETTER_VALUE_MAX + DEAD_LETTER_KEY_MAX + DEAD_LETTER_HEADERS_MAX;
    if (!facts[ROLE_TASKS].error)
        check_online_task_size(f, check_online_room(f, &facts[ROLE_TASKS]));
    if (!facts[ROLE_MODELS].error && f->config->service.learner != LEARNER_FALSE)
        check_online_version_size(f, check_online_room(f, &facts[ROLE_MODELS]));
    if (!facts[ROLE_DEAD_LETTERS].error && letter < largest)
        check_finding(f, TONE_DOUBT, "size of dead letters",
                      "at most %zu bytes: large records are cut shorter than the %d bytes "
                      "of value, key and headers that are kept otherwise",
                      letter, DEAD_LETTER_VALUE_MAX);
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
    size_t n = 0,
           roles = f->config->service.learner != LEARNER_FALSE || f->config->watch.label ? 4 : 2;
    for (size_t i = 0; i < roles; i++)
        if (!facts[read[i]].error) topic[n++] = plan[read[i]].name;
    probe_read(p, topic, n, refused);
    for (size_t i = 0; i < n; i++) check_online_tell_read(f, topic[i], refused[i]);
}

static void check_group(struct findings *f, struct probe *p) {
    const char *refused, *group = f->config->service.name;
    int64_t offset = probe_group(p, f->config->topics.samples, &refused);
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
    if (probe_open(&p, f->config, f->config->service.name, &why) == 0) {
        check_reading(f, p, plan, facts);
        check_group(f, p);
        probe_close(p);
    } else check_finding(f, TONE_BAD, "consumer", "%s", buf_string(&why));
    buf_release(&why);
}

/* The group in which the learner is elected: the right to read for it shows in the answer about the
 * offset that nobody ever commits there. */
static void check_election(struct findings *f) {
    struct probe *p;
    struct buf why = {0};
    const char *refused = NULL;
    char *group = election_group(f->config);
    if (probe_open(&p, f->config, group, &why) == 0) {
        if (probe_group(p, f->config->topics.models, &refused) == ERR_MISSING)
            refused = NULL; // of the topic another row tells
        probe_close(p);
    } else refused = buf_string(&why);
    if (refused)
        check_finding(f, TONE_BAD, "learner's group",
                      "%s: %s; without it this process never learns", group, refused);
    else check_finding(f, TONE_GOOD, "learner's group", "%s: allowed to stand for election", group);
    free(group);
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
    check_sizes(&f, facts);
    check_limit(&f, a, "offset.metadata.max.bytes", STATE_TEXT_MAX + MARK_TEXT,
                "the selection state and the position's mark travel with the offset");
    if (c->service.delivery == DELIVERY_EXACTLY_ONCE || c->service.learner != LEARNER_FALSE) {
        int64_t longest = c->kafka.session_timeout / 2 > RARE_TRANSACTION_MS
                              ? c->kafka.session_timeout / 2
                              : RARE_TRANSACTION_MS;
        check_limit(&f, a, "transaction.max.timeout.ms", longest,
                    "our transactions may take so long");
        check_transactions(&f);
    }
    check_consumer(&f, plan, facts);
    if (c->service.learner == LEARNER_AUTO) check_election(&f);
    if (!facts[ROLE_SAMPLES].error) check_samples(&f);
    admin_close(a);
    printf("\n%zu wrong, %zu not to be seen or doubtful\n", f.wrong, f.doubts);
    return f.wrong ? EX_CONFIG : EX_OK;
}
