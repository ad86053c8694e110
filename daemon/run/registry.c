/* The view of the models topic: assembles versions from chunks, checks them, and pairs the policy
 * with the model it wants.
 *
 * A version is drafted while its chunks arrive, ready when it was read and checked, refused when
 * not, gone when tombstoned; only ready ones go live. The model in force stays until another one is
 * ready, whatever the policy says. Versions are counted references: a snapshot keeps its model
 * alive after the version is gone. Memory: versions × their size, bounded (I11).
 *
 * Thread: one owner at a time; snapshots are read by any thread */
#include "run/registry.h"

#include "base/log.h"
#include "infer/model_record.h"
#include "metrics/metrics.h"

#include <inttypes.h>

enum {
    CHUNKS_MAX = 300, // of a version or a push: 270 MB
    PUSHES = 4        // that are assembled at once
};
#define VERSION_MOST ((uint64_t)1 << 53) // JSON readers count exactly up to here

struct version {
    uint64_t number;
    size_t chunks, got;
    struct buf *chunk; // (chunks) while drafted
    struct model *model;
    int references;
    bool refused;
    char push[MODEL_PUSH_ID + 1]; // of a push, which has no number yet
    const char *why;              // it was refused
};

struct registry {
    struct registry_options options;
    struct version *slot[REGISTRY_HELD]; // ascending by number, NULL-terminated when not full
    size_t n;
    struct version
        *pushed[PUSHES]; // in the order in which they came, NULL-terminated when not full
    struct version *current;
    struct policy policy;
    struct buf progress;
    uint64_t newest;
};

struct registry *registry_create(const struct registry_options *options) {
    struct registry *r = xcalloc(1, sizeof *r);
    *r = (struct registry){.options = *options, .policy = POLICY_DEFAULT};
    r->policy.number = 0;
    return r;
}

static void drop_chunks(struct version *v) {
    for (size_t i = 0; v->chunk && i < v->chunks; i++) buf_release(&v->chunk[i]);
    free(v->chunk);
    v->chunk = NULL;
}

static void registry_unreference(struct version *v) {
    if (!v || --v->references > 0) return;
    drop_chunks(v);
    model_destroy(v->model);
    free(v);
}

void registry_destroy(struct registry *r) {
    if (!r) return;
    for (size_t i = 0; i < r->n; i++) registry_unreference(r->slot[i]);
    for (size_t i = 0; i < PUSHES; i++) registry_unreference(r->pushed[i]);
    registry_unreference(r->current);
    buf_release(&r->progress);
    free(r);
}

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

/* A new draft in its place; the oldest leaves when there is no room. */
static struct version *registry_insert(struct registry *r, uint64_t number, size_t chunks) {
    if (r->n == REGISTRY_HELD) registry_remove_at(r, 0);
    size_t i = registry_position(r, number);
    struct version *v = xcalloc(1, sizeof *v);
    *v = (struct version){.number = number,
                          .chunks = chunks,
                          .references = 1,
                          .chunk = xcalloc(chunks, sizeof *v->chunk)};
    memmove(&r->slot[i + 1], &r->slot[i], (r->n++ - i) * sizeof *r->slot);
    r->slot[i] = v;
    if (number > r->newest) r->newest = number;
    return v;
}

static void registry_put_in_force(struct registry *r) {
    uint64_t wanted = policy_live(&r->policy);
    struct version *v = wanted ? registry_find(r, wanted) : NULL;
    if (!wanted || v == r->current) return;
    if (!v || !v->model) {
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

static void registry_refuse(struct registry *r, struct version *v, const char *why) {
    v->refused = true;
    model_destroy(v->model);
    v->model = NULL;
    if (r->options.quiet) return;
    metric_add_by(METRIC_models_loaded, MODEL_REFUSED, 1);
    LOG(ERROR, "model_refused", why, L_U64("version", v->number));
}

static int registry_assemble(struct version *v, const char **why) {
    struct buf whole = {0};
    for (size_t i = 0; i < v->chunks; i++) buf_text(&whole, buf_view(&v->chunk[i]));
    drop_chunks(v);
    int result = model_read(&v->model, buf_view(&whole), why);
    buf_release(&whole);
    return result;
}

static void registry_build(struct registry *r, struct version *v) {
    const char *why = NULL;
    int result = registry_assemble(v, &why);
    if (result == 0 && r->options.d)
        result =
            model_check(v->model, r->options.d, r->options.classes, r->options.fingerprint, &why);
    if (result == 0 && v->model->version != v->number)
        result = ERR_MISMATCH, why = "the record holds another version than its key says";
    if (result < 0) {
        registry_refuse(r, v, why);
        return;
    }
    if (r->options.quiet) return;
    metric_add_by(METRIC_models_loaded, MODEL_LOADED, 1);
    LOG(DEBUG, "model_loaded", "a version was read and checked", L_U64("version", v->number),
        L_U64("rows", v->model->rows));
}

static enum registry_change apply_chunk(struct registry *r, uint64_t number, size_t index,
                                        struct text value, size_t chunks, int64_t offset) {
    struct version *v = registry_find(r, number);
    if (!value.at) { // gone: what is in force keeps its own reference
        if (v) registry_remove_at(r, registry_position(r, number));
        return CHANGE_NONE;
    }
    if (chunks == 0 || chunks > CHUNKS_MAX || index >= chunks) {
        LOG(ERROR, "model_refused", "a chunk without a sensible count", L_U64("version", number),
            L_U64("chunks", chunks));
        metric_add_by(METRIC_models_loaded, MODEL_REFUSED, 1);
        return CHANGE_NONE;
    }
    if (!v) v = registry_insert(r, number, chunks);
    if (!v->chunk || v->chunks != chunks || v->chunk[index].len)
        return CHANGE_NONE; // ready or refused: versions never change
    buf_text(&v->chunk[index], value);
    if (++v->got < v->chunks) return CHANGE_NONE;
    registry_build(r, v);
    const struct version *before = r->current;
    registry_put_in_force(r);
    if (r->current != before) r->policy.number = (uint64_t)offset + 1;
    return CHANGE_MODEL;
}

/* ---- pushes ---- */

static size_t push_position(const struct registry *r, const char *id) {
    size_t i = 0;
    while (i < PUSHES && r->pushed[i] && strcmp(r->pushed[i]->push, id) != 0) i++;
    return i;
}

static void remove_push(struct registry *r, size_t i) {
    if (i == PUSHES || !r->pushed[i]) return;
    registry_unreference(r->pushed[i]);
    memmove(&r->pushed[i], &r->pushed[i + 1], (PUSHES - i - 1) * sizeof *r->pushed);
    r->pushed[PUSHES - 1] = NULL;
}

/* One that was cut short stays a draft until it is pushed again, or others need its place. */
static struct version *draft_push(struct registry *r, const char *id, size_t chunks) {
    if (r->pushed[PUSHES - 1]) remove_push(r, 0);
    size_t i = push_position(r, id);
    r->pushed[i] = xcalloc(1, sizeof **r->pushed);
    *r->pushed[i] = (struct version){
        .chunks = chunks, .references = 1, .chunk = xcalloc(chunks, sizeof(struct buf))};
    memcpy(r->pushed[i]->push, id, sizeof r->pushed[i]->push);
    return r->pushed[i];
}

static enum registry_change apply_push(struct registry *r, const char *id, size_t index,
                                       struct text value, size_t chunks) {
    size_t i = push_position(r, id);
    struct version *v = i < PUSHES ? r->pushed[i] : NULL;
    if (!r->options.pushes) return CHANGE_NONE;
    if (!value.at) remove_push(r, i);
    if (!value.at || chunks == 0 || chunks > CHUNKS_MAX || index >= chunks) return CHANGE_NONE;
    if (!v) v = draft_push(r, id, chunks);
    if (!v->chunk || v->chunks != chunks || v->chunk[index].len) return CHANGE_NONE;
    buf_text(&v->chunk[index], value);
    if (++v->got == v->chunks) registry_assemble(v, &v->why);
    return CHANGE_NONE; // only the learner makes something of it
}

bool registry_push(const struct registry *r, struct registry_push *out) {
    size_t i = 0;
    while (i < PUSHES && r->pushed[i] && r->pushed[i]->chunk) i++; // drafts
    if (i == PUSHES || !r->pushed[i]) return false;
    const struct version *v = r->pushed[i];
    *out = (struct registry_push){.chunks = v->chunks, .model = v->model, .why = v->why};
    memcpy(out->id, v->push, sizeof out->id);
    return true;
}

/* ---- records ---- */

static enum registry_change apply_policy(struct registry *r, bool learner, struct text value,
                                         int64_t offset) {
    if (!value.at) return CHANGE_NONE;
    int result = learner ? policy_learner_read(&r->policy.learner, value)
                         : policy_operator_read(&r->policy.operator_, value);
    if (result < 0) {
        LOG(ERROR, "policy_refused", "a policy record that is none; the one in force stays",
            L_I64("offset", offset), L_BOOL("learner", learner));
        return CHANGE_NONE;
    }
    registry_put_in_force(r);
    r->policy.number = (uint64_t)offset + 1;
    return CHANGE_POLICY;
}

enum registry_change registry_apply(struct registry *r, struct text key, struct text value,
                                    size_t chunks, int64_t offset) {
    char copy[512];
    size_t name = strlen(r->options.name);
    if (key.len >= sizeof copy || key.len <= name || memcmp(key.at, r->options.name, name) != 0 ||
        key.at[name] != '/')
        return CHANGE_NONE;
    memcpy(copy, key.at, key.len);
    copy[key.len] = '\0';
    const char *what = copy + name + 1;
    uint64_t number;
    size_t index;
    int end = 0;
    if (strcmp(what, "policy") == 0) return apply_policy(r, true, value, offset);
    if (strcmp(what, "operator") == 0) return apply_policy(r, false, value, offset);
    if (strcmp(what, "progress") == 0) {
        buf_reset(&r->progress);
        buf_text(&r->progress, value);
        return CHANGE_PROGRESS;
    }
    if (sscanf(what, "model/%" SCNu64 "/%zu%n", &number, &index, &end) == 2 && what[end] == '\0' &&
        number > 0 && number < VERSION_MOST)
        return apply_chunk(r, number, index, value, chunks, offset);
    char id[MODEL_PUSH_ID + 1];
    if (sscanf(what, "pushed/%16[0-9a-f]/%zu%n", id, &index, &end) == 2 && what[end] == '\0')
        return apply_push(r, id, index, value, chunks);
    return CHANGE_NONE;
}

struct snapshot *registry_snapshot(struct registry *r) {
    struct snapshot *s = xmalloc(sizeof *s);
    *s = (struct snapshot){
        .policy = r->policy, .model = r->current ? r->current->model : NULL, .version = r->current};
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
uint64_t registry_newest(const struct registry *r) { return r->newest; }

const struct model *registry_model(const struct registry *r, uint64_t version) {
    const struct version *v = registry_find(r, version);
    return v ? v->model : NULL;
}

size_t registry_versions(const struct registry *r, uint64_t out[], size_t most) {
    size_t n = 0;
    for (size_t i = 0; i < r->n && n < most; i++)
        if (r->slot[i]->model) out[n++] = r->slot[i]->number;
    return n;
}

size_t registry_chunks(const struct registry *r, uint64_t version) {
    const struct version *v = registry_find(r, version);
    return v ? v->chunks : 0;
}

int64_t registry_seen(const struct model *m, const char *role, int32_t partition) {
    char said[16];
    int32_t p;
    int64_t next;
    for (const char *at = m->seen.at; at && *at;
         at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (sscanf(at, "%15s %" SCNd32 " %" SCNd64, said, &p, &next) == 3 && p == partition &&
            strcmp(said, role) == 0)
            return next > 0 ? next : 0;
    return 0;
}

struct text registry_progress(const struct registry *r) {
    return buf_view(&r->progress);
}

void registry_key(struct buf *out, const char *name, const char *what) {
    buf_printf(out, "%s/%s", name, what);
}

void registry_chunk_key(struct buf *out, const char *name, uint64_t version, size_t index) {
    buf_printf(out, "%s/model/%" PRIu64 "/%zu", name, version, index);
}

void registry_push_key(struct buf *out, const char *name, const char *id, size_t index) {
    buf_printf(out, "%s/pushed/%s/%zu", name, id, index);
}
