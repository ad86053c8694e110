/* The view of the models topic: versions put together from chunks (drafts.h), checked, and the
 * policy paired with the model it wants.
 *
 * Nothing on the topic is trusted: who may write there can write anything. A version is ready once
 * it was read whole and checked. Only ready versions can go live, are numbered against and use up
 * room. A refused one is counted and logged with the reason, and does not block its number: a good
 * version of the same number that comes later is taken. The model in force stays until another one
 * is ready, whatever the policy says (promise I9). Versions are counted references: a snapshot
 * keeps its model alive after the version is gone. Memory: the versions and pushes by
 * registry_options.bytes, which only those that are needed may exceed, and the drafts by
 * DRAFT_BYTES (promise I11).
 *
 * Thread: one owner at a time; snapshots are read by any thread */
#include "run/registry.h"

#include "base/log.h"
#include "certified.h"
#include "drafts.h"
#include "infer/model_record.h"
#include "infer/score_model.h"
#include "metrics/metrics.h"

#include <inttypes.h>

enum {
    PUSHES = 4,                 // that wait for the learner; the oldest leaves
    PROGRESS_BYTES = 64 * 1024, // of a progress record: thousands of partitions
    SEEN_LINE = 64              // bytes of a line that a version has seen; a longer one is not ours
};

/* The largest version: JSON readers keep whole numbers exactly up to here. */
#define VERSION_MOST ((uint64_t)1 << 53)
/* A version's number may exceed the newest by at most this, so that a forged record cannot use up
 * all numbers. */
#define VERSION_AHEAD ((uint64_t)1 << 32)

struct version {
    uint64_t number;
    size_t chunks; // on the topic
    size_t bytes;  // of its record
    struct model *model;
    int references;
    char push[MODEL_PUSH_ID + 1]; // of a push, which has no number yet
    const char *why;              // a push that cannot be read: model is NULL
};

struct registry {
    struct registry_options options;
    struct drafts *drafts;
    struct version *slot[REGISTRY_HELD]; // (n) ascending by number
    size_t n;
    struct version *pushed[PUSHES]; // (pushes) in the order in which they became whole
    size_t pushes;
    struct version *current;
    struct policy policy;
    bool spoke[2]; // the operator's half of it is of a record, the learner's is
    struct certified *certified;
    struct buf progress;
    uint64_t newest;   // of those that were taken
    uint64_t numbered; // of those that could be read: the same for every reader of the topic, also
                       // for one that takes no models of another feature map
};

/* The base stands among the versions, with no chunk on the topic. */
static void registry_take_base(struct registry *r, struct model *base) {
    struct version *v = xcalloc(1, sizeof *v);
    *v = (struct version){.number = base->version, .model = base, .references = 2};
    r->slot[r->n++] = r->current = v;
    r->newest = r->numbered = v->number;
    r->policy.learner.cold = false;
}

struct registry *registry_create(const struct registry_options *options) {
    struct registry *r = xcalloc(1, sizeof *r);
    *r = (struct registry){.options = *options, .policy = POLICY_DEFAULT};
    r->policy.number = 0;
    r->drafts = drafts_create();
    r->certified = certified_create(options);
    if (options->base) registry_take_base(r, options->base);
    return r;
}

static void registry_unreference(struct version *v) {
    if (!v || --v->references > 0) return;
    model_destroy(v->model);
    free(v);
}

void registry_destroy(struct registry *r) {
    if (!r) return;
    for (size_t i = 0; i < r->n; i++) registry_unreference(r->slot[i]);
    for (size_t i = 0; i < r->pushes; i++) registry_unreference(r->pushed[i]);
    registry_unreference(r->current);
    drafts_destroy(r->drafts);
    buf_release(&r->progress);
    certified_destroy(r->certified);
    free(r);
}

/* ---- versions ---- */

static size_t registry_position(const struct registry *r, uint64_t number) {
    size_t i = 0;
    while (i < r->n && r->slot[i]->number < number) i++;
    return i;
}

static struct version *registry_find(const struct registry *r, uint64_t number) {
    size_t i = registry_position(r, number);
    return i < r->n && r->slot[i]->number == number ? r->slot[i] : NULL;
}

static void registry_remove_at(struct registry *r, size_t i) {
    registry_unreference(r->slot[i]);
    memmove(&r->slot[i], &r->slot[i + 1], (--r->n - i) * sizeof *r->slot);
}

/* The live one, the pinned one, what fits shrink towards while it is live, the newest, which is
 * about to go live, and the score that samples bring, which is on no topic. */
static bool registry_needs(const struct registry *r, uint64_t number) {
    const struct version *live = registry_find(r, policy_live(&r->policy));
    return (r->options.base && number == SCORE_MODEL_VERSION) ||
           number == policy_live(&r->policy) || number == r->policy.operator_.pin ||
           number == r->newest || (live && number == live->model->prior);
}

/* Gives up the oldest version that is not needed; false: each one is. */
static bool registry_make_room(struct registry *r) {
    size_t i = 0;
    while (i < r->n && registry_needs(r, r->slot[i]->number)) i++;
    if (i == r->n) return false;
    registry_remove_at(r, i);
    return true;
}

static size_t registry_held(const struct registry *r) {
    size_t sum = 0;
    for (size_t i = 0; i < r->n; i++) sum += r->slot[i]->bytes;
    for (size_t i = 0; i < r->pushes; i++) sum += r->pushed[i]->bytes;
    return sum;
}

static void registry_fit(struct registry *r) {
    while (r->options.bytes && registry_held(r) > r->options.bytes && registry_make_room(r))
        continue;
}

static void registry_insert(struct registry *r, struct version *v) {
    if (r->n == REGISTRY_HELD) CHECK(registry_make_room(r)); // five are needed at most
    size_t i = registry_position(r, v->number);
    memmove(&r->slot[i + 1], &r->slot[i], (r->n++ - i) * sizeof *r->slot);
    r->slot[i] = v;
    if (v->number > r->newest) r->newest = v->number;
}

static void registry_put_in_force(struct registry *r) {
    uint64_t wanted = policy_live(&r->policy);
    struct version *v = wanted ? registry_find(r, wanted) : NULL;
    if (!wanted || v == r->current) return;
    if (!v) {
        if (!r->options.quiet)
            LOG(WARNING, "model_not_there",
                "the policy wants a version that is not on the topic or was refused; the one in "
                "force stays",
                L_U64("version", wanted));
        return;
    }
    v->references++;
    registry_unreference(r->current);
    r->current = v;
}

static void registry_refuse(struct registry *r, uint64_t number, const char *why) {
    if (r->options.quiet) return;
    metric_add_by(METRIC_models_loaded, MODEL_REFUSED, 1);
    LOG(ERROR, "model_refused", why, L_U64("version", number));
}

/* Whether the whole record is a version that could go live here. */
static int registry_check(const struct registry *r, const struct model *m, uint64_t number,
                          const char **why) {
    const struct registry_options *o = &r->options;
    if (m->version != number) {
        *why = "the record holds another version than its key says";
        return ERR_MISMATCH;
    }
    return o->d ? model_check(m, o->d, o->classes, o->fingerprint, why) : 0;
}

static enum registry_change registry_take(struct registry *r, uint64_t number, struct text whole,
                                          size_t chunks, int64_t offset) {
    struct model *m = NULL;
    const char *why = NULL;
    int result = model_read(&m, whole, &why);
    if (result == 0 && m->version == number && number > r->numbered) r->numbered = number;
    if (result == 0) result = registry_check(r, m, number, &why);
    if (result < 0) {
        model_destroy(m);
        registry_refuse(r, number, why);
        return CHANGE_NONE;
    }
    struct version *v = xcalloc(1, sizeof *v);
    *v = (struct version){
        .number = number, .chunks = chunks, .bytes = whole.len, .model = m, .references = 1};
    registry_insert(r, v);
    if (!r->options.quiet) {
        metric_add_by(METRIC_models_loaded, MODEL_LOADED, 1);
        LOG(DEBUG, "model_loaded", "a version was read and checked", L_U64("version", number),
            L_U64("rows", m->rows));
    }
    const struct version *before = r->current;
    registry_put_in_force(r);
    if (r->current != before) r->policy.number = (uint64_t)offset + 1;
    registry_fit(r);
    return CHANGE_MODEL;
}

static enum registry_change registry_apply_chunk(struct registry *r, uint64_t number, size_t index,
                                                 struct text value, size_t chunks, int64_t offset) {
    char name[DRAFT_NAME];
    const char *why = NULL;
    struct buf whole = {0};
    snprintf(name, sizeof name, "model/%" PRIu64, number);
    if (!value.at) { // gone: what is in force keeps its own reference
        drafts_drop(r->drafts, name);
        if (registry_chunks(r, number)) registry_remove_at(r, registry_position(r, number));
        return CHANGE_NONE;
    }
    if (registry_find(r, number)) return CHANGE_NONE; // ready: versions never change
    if (number > r->numbered + VERSION_AHEAD) {       // also the first: else none could follow it
        registry_refuse(r, number, "its number is too far ahead of the newest version's");
        return CHANGE_NONE;
    }
    int result = drafts_put(r->drafts, name, index, chunks, value, &whole, &why);
    enum registry_change change = CHANGE_NONE;
    if (result < 0) registry_refuse(r, number, why);
    if (result > 0) change = registry_take(r, number, buf_view(&whole), chunks, offset);
    buf_release(&whole);
    return change;
}

/* ---- pushes ---- */

static size_t registry_push_position(const struct registry *r, const char *id) {
    size_t i = 0;
    while (i < r->pushes && strcmp(r->pushed[i]->push, id) != 0) i++;
    return i;
}

static void registry_remove_push(struct registry *r, size_t i) {
    if (i >= r->pushes) return;
    registry_unreference(r->pushed[i]);
    memmove(&r->pushed[i], &r->pushed[i + 1], (--r->pushes - i) * sizeof *r->pushed);
}

static void registry_crowd_out(struct registry *r) {
    LOG(WARNING, "push_crowded_out", "more pushes wait than are kept; the oldest is forgotten",
        L_STR("push", r->pushed[0]->push));
    registry_remove_push(r, 0);
}

/* A push that cannot be read is kept too: the learner takes it off the topic and says why. */
static void registry_take_push(struct registry *r, const char *id, struct text whole,
                               size_t chunks) {
    struct version *v = xcalloc(1, sizeof *v);
    *v = (struct version){.chunks = chunks, .references = 1};
    snprintf(v->push, sizeof v->push, "%s", id);
    if (model_read(&v->model, whole, &v->why) < 0) v->model = NULL;
    else v->bytes = whole.len;
    if (r->pushes == PUSHES) registry_crowd_out(r);
    r->pushed[r->pushes++] = v;
    registry_fit(r);
    while (r->options.bytes && r->pushes > 1 && registry_held(r) > r->options.bytes)
        registry_crowd_out(r);
}

static enum registry_change registry_apply_push(struct registry *r, const char *id, size_t index,
                                                struct text value, size_t chunks) {
    char name[DRAFT_NAME];
    const char *why = NULL;
    struct buf whole = {0};
    if (!r->options.pushes) return CHANGE_NONE;
    snprintf(name, sizeof name, "pushed/%s", id);
    size_t at = registry_push_position(r, id);
    if (!value.at) {
        drafts_drop(r->drafts, name);
        registry_remove_push(r, at);
        return CHANGE_NONE;
    }
    if (at < r->pushes) return CHANGE_NONE; // whole: it waits for the learner
    int result = drafts_put(r->drafts, name, index, chunks, value, &whole, &why);
    if (result < 0) LOG(ERROR, "push_refused", why, L_STR("push", id));
    if (result > 0) registry_take_push(r, id, buf_view(&whole), chunks);
    buf_release(&whole);
    return CHANGE_NONE; // only the learner makes something of it
}

bool registry_push(const struct registry *r, struct registry_push *out) {
    if (!r->pushes) return false;
    const struct version *v = r->pushed[0];
    *out = (struct registry_push){.chunks = v->chunks, .model = v->model, .why = v->why};
    memcpy(out->id, v->push, sizeof out->id);
    return true;
}

/* ---- records ---- */

static enum registry_change registry_apply_policy(struct registry *r, bool learner,
                                                  struct text value, int64_t offset) {
    if (!value.at) return CHANGE_NONE;
    int result = learner ? policy_learner_read(&r->policy.learner, value)
                         : policy_operator_read(&r->policy.operator_, value);
    if (result < 0) {
        LOG(ERROR, "policy_refused", "a policy record that is none; the one in force stays",
            L_I64("offset", offset), L_STR("service", r->options.name),
            L_STR("record", learner ? "policy" : "operator"));
        return CHANGE_NONE;
    }
    r->spoke[learner] = true;
    registry_put_in_force(r);
    r->policy.number = (uint64_t)offset + 1;
    return CHANGE_POLICY;
}

static enum registry_change registry_apply_progress(struct registry *r, struct text value,
                                                    int64_t offset) {
    if (value.len > PROGRESS_BYTES) {
        LOG(ERROR, "progress_refused", "a progress record larger than any that is written",
            L_I64("offset", offset), L_U64("bytes", value.len));
        return CHANGE_NONE;
    }
    buf_reset(&r->progress);
    buf_text(&r->progress, value);
    return CHANGE_PROGRESS;
}

/* ---- certificates ---- */

const struct certificate *registry_certificate(const struct registry *r, size_t class_) {
    return certified_look(r->certified, class_);
}

bool registry_certified(const struct registry *r, size_t class_, const struct auto_terms *terms) {
    const struct certificate *c = registry_certificate(r, class_);
    const struct model *m = r->current ? r->current->model : NULL;
    return c && m && !r->policy.operator_.auto_off && certificate_covers(c, m->version, m->prior) &&
           c->error <= terms->error && c->confidence <= terms->confidence;
}

/* Behind the snapshot, in one piece with it. NULL: nothing is certified. */
static const struct auto_rule *registry_rules(const struct registry *r, struct auto_rule *out,
                                              const struct auto_terms *terms) {
    bool any = false;
    for (size_t i = 0; terms && i < r->options.classes_n; i++) {
        out[i] = (struct auto_rule){UINT32_MAX, 0};
        if (!registry_certified(r, i, terms)) continue;
        const struct certificate *c = registry_certificate(r, i);
        out[i] = (struct auto_rule){c->threshold, c->since_ms};
        any = true;
    }
    return any ? out : NULL;
}

/* Whether the key is written as ours are. "+7" or "07" would be read as 7, and no tombstone of ours
 * would take that record off the topic. */
static bool registry_is_chunk_key(struct text key, const struct registry *r, uint64_t version,
                                  size_t index) {
    struct buf ours = {0};
    registry_chunk_key(&ours, r->options.name, version, index);
    bool same = text_equal(buf_view(&ours), key);
    buf_release(&ours);
    return same;
}

static bool registry_is_push_key(struct text key, const struct registry *r, const char *id,
                                 size_t index) {
    struct buf ours = {0};
    registry_push_key(&ours, r->options.name, id, index);
    bool same = text_equal(buf_view(&ours), key);
    buf_release(&ours);
    return same;
}

enum registry_change registry_apply(struct registry *r, struct text key, struct text value,
                                    size_t chunks, int64_t offset) {
    char copy[512];
    size_t name = strlen(r->options.name);
    if (key.len >= sizeof copy || key.len <= name || memcmp(key.at, r->options.name, name) != 0 ||
        key.at[name] != '/' || memchr(key.at, '\0', key.len))
        return CHANGE_NONE;
    memcpy(copy, key.at, key.len);
    copy[key.len] = '\0';
    const char *what = copy + name + 1;
    uint64_t number;
    size_t index;
    int end = 0;
    if (strcmp(what, "policy") == 0) return registry_apply_policy(r, true, value, offset);
    if (strcmp(what, "operator") == 0) return registry_apply_policy(r, false, value, offset);
    if (strcmp(what, "progress") == 0) return registry_apply_progress(r, value, offset);
    if (strcmp(what, "bridge") == 0) return CHANGE_BRIDGE; // its reader knows what to do with it
    if (sscanf(what, "model/%" SCNu64 "/%zu%n", &number, &index, &end) == 2 && what[end] == '\0' &&
        number > 0 && number < VERSION_MOST && registry_is_chunk_key(key, r, number, index))
        return registry_apply_chunk(r, number, index, value, chunks, offset);
    if (strncmp(what, "certificate/", strlen("certificate/")) == 0)
        return certified_apply(r->certified, text_of(what + strlen("certificate/")), value);
    char id[MODEL_PUSH_ID + 1];
    if (sscanf(what, "pushed/%16[0-9a-f]/%zu%n", id, &index, &end) == 2 && what[end] == '\0' &&
        registry_is_push_key(key, r, id, index))
        return registry_apply_push(r, id, index, value, chunks);
    return CHANGE_NONE;
}

struct snapshot *registry_snapshot(struct registry *r, const struct auto_terms *auto_) {
    size_t rules = auto_ ? r->options.classes_n : 0;
    struct snapshot *s = xmalloc(sizeof *s + rules * sizeof(struct auto_rule));
    *s = (struct snapshot){
        .policy = r->policy, .model = r->current ? r->current->model : NULL, .version = r->current};
    s->auto_ = registry_rules(r, (struct auto_rule *)(s + 1), auto_);
    if (r->current) r->current->references++;
    return s;
}

void registry_release(struct registry *r, struct snapshot *s) {
    (void)r;
    if (!s) return;
    registry_unreference(s->version);
    free(s);
}

const struct policy *registry_policy(const struct registry *r) { return &r->policy; }
bool registry_spoke(const struct registry *r, bool learner) { return r->spoke[learner]; }
uint64_t registry_newest(const struct registry *r) { return r->newest; }

uint64_t registry_next(const struct registry *r, uint64_t seen) {
    uint64_t newest = seen > r->newest ? seen : r->newest;
    bool believed = newest - r->newest < VERSION_AHEAD;
    return (believed && newest < VERSION_MOST - 1 ? newest : r->newest) + 1;
}

uint64_t registry_live(const struct registry *r) {
    uint64_t wanted = policy_live(&r->policy);
    return wanted || !r->options.base ? wanted : SCORE_MODEL_VERSION;
}

const struct model *registry_model(const struct registry *r, uint64_t version) {
    const struct version *v = registry_find(r, version);
    return v ? v->model : NULL;
}

size_t registry_versions(const struct registry *r, uint64_t out[], size_t most) {
    size_t n = 0;
    for (size_t i = 0; i < r->n && n < most; i++) out[n++] = r->slot[i]->number;
    return n;
}

size_t registry_chunks(const struct registry *r, uint64_t version) {
    const struct version *v = registry_find(r, version);
    return v ? v->chunks : 0;
}

size_t registry_bytes(const struct registry *r, uint64_t version) {
    const struct version *v = registry_find(r, version);
    return v ? v->bytes : 0;
}

/* Line by line: sscanf of a text looks for its end first, and this one may have half a million
 * lines. */
int64_t registry_seen(const struct model *m, const char *role, int32_t partition) {
    struct text rest = m->seen, line;
    char copy[SEEN_LINE], said[16];
    int32_t p;
    int64_t next;
    while (text_line(&rest, &line)) {
        if (line.len >= sizeof copy) continue;
        memcpy(copy, line.at, line.len);
        copy[line.len] = '\0';
        if (sscanf(copy, "%15s %" SCNd32 " %" SCNd64, said, &p, &next) == 3 && p == partition &&
            strcmp(said, role) == 0)
            return next > 0 ? next : 0;
    }
    return 0;
}

struct text registry_progress(const struct registry *r) {
    return buf_view(&r->progress);
}
