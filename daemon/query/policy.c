/* The two records of the policy as JSON objects: {"live":41,"cold":false,"full":false,…} and
 * {"paused":false,"budget_scale":1,"pin":0,"explore_only":false,…}.
 *
 * One table for each serves writer and reader. Unknown members are ignored, so that a later version
 * can add some. A member that is missing or of another kind makes the record unreadable, and the
 * policy in force stays (promise I10); members that were added since may be missing, for records of
 * earlier versions.
 *
 * Thread: any thread */
#include "query/policy.h"

#include "base/json.h"

#include <stddef.h>

enum kind { BOOLEAN, WHOLE, SCALE, SHARE, CAP };

struct member {
    const char *key;
    enum kind kind;
    size_t offset;
    bool later; // not in the records of 0.1.0
};

static const struct member learner[] = {
    {"live", WHOLE, offsetof(struct policy_learner, live), false},
    {"cold", BOOLEAN, offsetof(struct policy_learner, cold), false},
    {"full", BOOLEAN, offsetof(struct policy_learner, full), false},
    {"rolled_ms", WHOLE, offsetof(struct policy_learner, rolled_ms), true},
    {"explore", SHARE, offsetof(struct policy_learner, explore), true},
    {"shrunken", BOOLEAN, offsetof(struct policy_learner, shrunken), true},
    {"samples_a_day", WHOLE, offsetof(struct policy_learner, samples_a_day), true},
    {"weighted", BOOLEAN, offsetof(struct policy_learner, weighted), true},
    {"rests", WHOLE, offsetof(struct policy_learner, rests), true},
    {"doubts", BOOLEAN, offsetof(struct policy_learner, doubts), true},
    {"seeks", BOOLEAN, offsetof(struct policy_learner, seeks), true},
};

static const struct member operator_[] = {
    {"paused", BOOLEAN, offsetof(struct policy_operator, paused), false},
    {"budget_scale", SCALE, offsetof(struct policy_operator, budget_scale), false},
    {"pin", WHOLE, offsetof(struct policy_operator, pin), false},
    {"explore_only", BOOLEAN, offsetof(struct policy_operator, explore_only), false},
    {"frozen", BOOLEAN, offsetof(struct policy_operator, frozen), true},
    {"rollback", WHOLE, offsetof(struct policy_operator, rollback), true},
    {"rolled_ms", WHOLE, offsetof(struct policy_operator, rolled_ms), true},
    {"accepted", WHOLE, offsetof(struct policy_operator, accepted), true},
    {"auto_off", BOOLEAN, offsetof(struct policy_operator, auto_off), true},
    {"per_hour", CAP, offsetof(struct policy_operator, per_hour), true},
    {"per_day", CAP, offsetof(struct policy_operator, per_day), true},
    {"open_tasks", CAP, offsetof(struct policy_operator, open_tasks), true},
};

enum {
    LEARNER = sizeof learner / sizeof *learner,
    OPERATOR = sizeof operator_ / sizeof *operator_
};

static bool policy_same_value(const struct member *m, const void *a, const void *b) {
    switch (m->kind) {
    case BOOLEAN: return *(const bool *)a == *(const bool *)b;
    case WHOLE: return *(const uint64_t *)a == *(const uint64_t *)b;
    case CAP: return *(const int64_t *)a == *(const int64_t *)b;
    default: return true; // a share moves with each label
    }
}

bool policy_learner_same(const struct policy_learner *a, const struct policy_learner *b) {
    bool same = true;
    for (size_t i = 0; same && i < LEARNER; i++)
        same = policy_same_value(&learner[i], (const char *)a + learner[i].offset,
                                 (const char *)b + learner[i].offset);
    return same;
}

/* ---- writing ---- */

static void policy_write_value(const struct member *m, const void *at, struct buf *out) {
    switch (m->kind) {
    case BOOLEAN: buf_str(out, *(const bool *)at ? "true" : "false"); break;
    case WHOLE: buf_printf(out, "%llu", (unsigned long long)*(const uint64_t *)at); break;
    case SCALE:
    case SHARE: buf_double(out, *(const double *)at); break;
    case CAP: buf_i64(out, *(const int64_t *)at); break;
    }
}

static void policy_write_record(const struct member *members, size_t n, const void *record,
                                struct buf *out) {
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s\"%s\":", i ? "," : "{", members[i].key);
        policy_write_value(&members[i], (const char *)record + members[i].offset, out);
    }
    buf_str(out, "}");
}

void policy_learner_write(const struct policy_learner *p, struct buf *out) {
    policy_write_record(learner, LEARNER, p, out);
}
void policy_operator_write(const struct policy_operator *p, struct buf *out) {
    policy_write_record(operator_, OPERATOR, p, out);
}

/* ---- reading ---- */

static bool policy_read_boolean(const cJSON *tree, const char *key, bool *out) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, key);
    if (!cJSON_IsBool(item)) return false;
    *out = cJSON_IsTrue(item);
    return true;
}

static bool policy_read_whole(const cJSON *tree, const char *key, uint64_t *out) {
    int64_t value;
    if (!json_integer(tree, key, &value) || value < 0) return false;
    *out = (uint64_t)value;
    return true;
}

static bool policy_read_number(const cJSON *tree, const char *key, double most, double *out) {
    double value;
    if (!json_number(tree, key, &value) || !(value >= 0 && value <= most)) return false;
    *out = value;
    return true;
}

static bool policy_read_cap(const cJSON *tree, const char *key, int64_t *out) {
    int64_t value;
    if (!json_integer(tree, key, &value) || value < -1) return false;
    *out = value;
    return true;
}

static bool policy_read_value(const cJSON *tree, const struct member *m, void *at) {
    if (m->later && !cJSON_HasObjectItem(tree, m->key)) return true;
    switch (m->kind) {
    case CAP: return policy_read_cap(tree, m->key, at);
    case BOOLEAN: return policy_read_boolean(tree, m->key, at);
    case WHOLE: return policy_read_whole(tree, m->key, at);
    case SHARE: return policy_read_number(tree, m->key, 1, at);
    default: return policy_read_number(tree, m->key, POLICY_SCALE_MAX, at);
    }
}

static int policy_read_record(const struct member *members, size_t n, void *record,
                              struct text json) {
    struct arena arena = {0};
    cJSON *tree = json_parse(json, &arena);
    bool good = cJSON_IsObject(tree);
    for (size_t i = 0; good && i < n; i++)
        good = policy_read_value(tree, &members[i], (char *)record + members[i].offset);
    cJSON_Delete(tree);
    arena_release(&arena);
    return good ? 0 : ERR_CORRUPT;
}

int policy_learner_read(struct policy_learner *out, struct text record) {
    struct policy_learner read = {0};
    TRY(policy_read_record(learner, LEARNER, &read, record));
    *out = read;
    return 0;
}

int policy_operator_read(struct policy_operator *out, struct text record) {
    struct policy_operator read = {0};
    TRY(policy_read_record(operator_, OPERATOR, &read, record));
    *out = read;
    return 0;
}
