/* libFuzzer target: a sequence of records of the models topic, as the follower and the learner read
 * it: versions in chunks, pushes, policies, certificates, progress, tombstones, some of them
 * forged.
 *
 * After each record: what is in force was checked and scores; numbers of versions and of policies
 * only grow; what is held is ordered and bounded; and the next version that a learner of ours
 * publishes is read by both. clang -fsanitize=fuzzer,address,undefined ...
 * tests/fuzz/models_topic.c
 */
#include "base/log.h"
#include "estimate/certificate_record.h"
#include "estimate/unasked.h"
#include "grammar.h"
#include "infer/model_record.h"
#include "run/drafts.h"
#include "run/registry.h"
#include "train/fit.h"

#include <inttypes.h>
#include <math.h>

enum { D = 2, K = 2, PRINT = 99, CHUNKS = 4, STEPS = 60 };
static const struct text classes = TEXT("no\nyes");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct topic {
    struct registry *follower, *learner;
    int64_t offset; // of the next record
    uint64_t newest[2], number;
};

static void silence(const char *line, size_t len, void *opaque) {
    (void)line, (void)len, (void)opaque;
}

/* ---- records ---- */

/* Both read each record; it lies in a block of its own, so that a byte read beyond it is seen. */
static void put(struct topic *t, struct text key, struct text value, size_t chunks) {
    char *exact = value.at ? xmalloc(value.len ? value.len : 1) : NULL;
    if (value.len) memcpy(exact, value.at, value.len);
    registry_apply(t->follower, key, (struct text){exact, value.len}, chunks, t->offset);
    registry_apply(t->learner, key, (struct text){exact, value.len}, chunks, t->offset);
    free(exact);
    t->offset++;
}

/* Some of numbers that no reader lets through. */
static void add_trees(struct grammar *g, struct model *m) {
    struct boost *b = &m->boost;
    boost_create(b, 1 + grammar_below(g, 3));
    *b->trust = 0.5;
    for (size_t i = 0; i < b->trees * BOOST_DEPTH; i++)
        b->column[i] = (float)grammar_below(g, D), b->cut[i] = grammar_real(g);
    for (size_t i = 0; i < b->trees * BOOST_LEAVES; i++) b->leaf[i] = grammar_real(g);
    if (grammar_below(g, 8) == 1) b->column[0] = (float)grammar_byte(g);
    if (grammar_below(g, 8) == 1) *b->trust = grammar_real(g);
}

/* With boosted trees for the highest of the bytes that say how many members it has. */
static struct model *make_model(struct grammar *g, uint64_t version, bool boosts) {
    struct model *m = NULL;
    size_t hidden = grammar_below(g, 3), many = grammar_byte(g);
    struct model_shape s = {.d = D, .k = K, .members = 1 + many % 3, .layers = 1, .width = {D, K}};
    if (hidden) {
        s.layers = 2;
        s.width[1] = hidden;
        s.width[2] = K;
    }
    CHECK(model_create(&m, &s) == 0);
    m->version = version;
    m->fingerprint = PRINT;
    m->classes = text_of(xstrdup(classes.at));
    for (size_t i = 0; i < s.members * s.width[1]; i++) m->weight[0][i] = (float)grammar_real(g);
    if (boosts && many >= 192) add_trees(g, m);
    return m;
}

/* What a stranger may write instead. */
static void forge(struct grammar *g, struct model *m) {
    struct text said = grammar_bytes(g);
    char *copy = xcalloc(said.len + 1, 1);
    memcpy(copy, said.at, said.len);
    switch (grammar_below(g, 8)) {
    case 0: m->version = (uint64_t)grammar_number(g); break;
    case 1: m->fingerprint++; break;
    case 2: m->mean[0] = grammar_real(g); break;
    case 3: m->scale[0] = grammar_real(g); break;
    case 4: m->mix[0] = grammar_real(g); break;
    case 5: m->bias[0][0] = (float)grammar_real(g); break;
    case 6: m->prior = (uint64_t)grammar_number(g); break;
    default: m->rows = (uint64_t)grammar_number(g);
    }
    m->seen = (struct text){copy, strlen(copy)};
    copy = xstrdup(copy);
    m->aside = (struct text){copy, strlen(copy)};
}

/* The record of a model in up to CHUNKS chunks, of which some may be missing. */
static void put_chunks(struct topic *t, struct grammar *g, struct text record, uint64_t version,
                       const char *push) {
    size_t chunks = 1 + grammar_below(g, CHUNKS), missing = grammar_below(g, 2) ? SIZE_MAX : 0;
    struct buf key = {0};
    if (missing == 0) missing = chunks > 1 ? grammar_below(g, chunks) : SIZE_MAX;
    for (size_t i = 0; i < chunks; i++) {
        size_t from = record.len * i / chunks, to = record.len * (i + 1) / chunks;
        if (i == missing) continue;
        buf_reset(&key);
        if (push) registry_push_key(&key, "me", push, i);
        else registry_chunk_key(&key, "me", version, i);
        put(t, buf_view(&key), (struct text){record.at + from, to - from}, chunks);
    }
    buf_release(&key);
}

static void put_version(struct topic *t, struct grammar *g, bool forged, const char *push) {
    uint64_t version = grammar_below(g, 2) ? registry_newest(t->learner) + grammar_byte(g)
                                           : (uint64_t)grammar_number(g);
    struct model *m = make_model(g, version, true);
    struct buf record = {0};
    if (forged) forge(g, m);
    model_write(m, "me", &record);
    if (forged) grammar_change(g, &record);
    put_chunks(t, g, buf_view(&record), version, push);
    buf_release(&record);
    model_destroy(m);
}

static void put_policy(struct topic *t, struct grammar *g, bool learner) {
    struct buf record = {0};
    uint64_t version[REGISTRY_HELD], any = (uint64_t)grammar_number(g);
    size_t n = registry_versions(t->follower, version, REGISTRY_HELD);
    if (n && grammar_below(g, 2)) any = version[grammar_below(g, n)];
    struct policy_learner l = {.live = any,
                               .cold = grammar_below(g, 2),
                               .full = grammar_below(g, 2),
                               .explore = grammar_real(g),
                               .rolled_ms = grammar_below(g, 3)};
    struct policy_operator o = {.budget_scale = grammar_real(g),
                                .rollback = any,
                                .pin = grammar_below(g, 2) ? any : 0,
                                .rolled_ms = grammar_below(g, 3),
                                .per_hour = grammar_number(g)};
    if (learner) policy_learner_write(&l, &record);
    else policy_operator_write(&o, &record);
    grammar_change(g, &record);
    put(t, learner ? TEXT("me/policy") : TEXT("me/operator"), buf_view(&record), 0);
    buf_release(&record);
}

/* Any key that begins like ours, with any value or none. */
static void put_any(struct topic *t, struct grammar *g) {
    static const char *const keys[] = {"policy",  "operator",     "progress", "model/1/0",
                                       "model/%", "pushed/0ab/0", "pushed/",  ""};
    struct buf key = {0};
    buf_printf(&key, "me/%s", keys[grammar_below(g, sizeof keys / sizeof *keys)]);
    buf_text(&key, grammar_bytes(g));
    struct text value = grammar_bytes(g);
    size_t chunks = grammar_byte(g);
    put(t, buf_view(&key), grammar_below(g, 2) ? value : (struct text){0}, chunks);
    buf_release(&key);
}

static void put_tombstones(struct topic *t, struct grammar *g) {
    struct buf key = {0};
    uint64_t version[REGISTRY_HELD];
    size_t n = registry_versions(t->learner, version, REGISTRY_HELD);
    uint64_t which = n ? version[grammar_below(g, n)] : (uint64_t)grammar_number(g);
    for (size_t i = 0; i < CHUNKS; i++) {
        buf_reset(&key);
        registry_chunk_key(&key, "me", which, i);
        put(t, buf_view(&key), (struct text){0}, 0);
    }
    buf_release(&key);
}

/* ---- what the learner does ---- */

/* As next_version and version_log: one more than the newest, whole, then read back. */
static void publish(struct topic *t, struct grammar *g) {
    uint64_t number = registry_newest(t->learner) + 1;
    struct model *m = make_model(g, number, false);
    struct buf record = {0}, key = {0};
    m->weight[0][0] = 1;
    for (size_t i = 1; i < m->shape.members * m->shape.width[1]; i++) m->weight[0][i] = 0.5f;
    model_write(m, "me", &record);
    registry_chunk_key(&key, "me", number, 0);
    put(t, buf_view(&key), buf_view(&record), 1);
    CHECK(registry_newest(t->learner) == number && registry_model(t->learner, number));
    CHECK(registry_newest(t->follower) == number && registry_model(t->follower, number));
    buf_release(&record);
    buf_release(&key);
    model_destroy(m);
}

/* A push that passes the check is written again as a version, which reads back. */
static void adopt(struct topic *t) {
    struct registry_push push;
    const char *why = NULL;
    struct buf record = {0}, key = {0};
    if (!registry_push(t->learner, &push)) return;
    CHECK(push.model || (push.why && *push.why));
    CHECK(push.chunks >= 1 && push.chunks <= DRAFT_CHUNKS && strlen(push.id) <= MODEL_PUSH_ID);
    if (push.model && model_check(push.model, D, classes, PRINT, &why) == 0) {
        struct model *again = NULL;
        model_write((struct model *)push.model, "me", &record);
        CHECK(model_read(&again, buf_view(&record), &why) == 0);
        model_destroy(again);
    }
    for (size_t i = 0; i < push.chunks; i++) {
        buf_reset(&key);
        registry_push_key(&key, "me", push.id, i);
        put(t, buf_view(&key), (struct text){0}, 0);
    }
    struct registry_push next;
    CHECK(!registry_push(t->learner, &next) || strcmp(next.id, push.id) != 0);
    buf_release(&record);
    buf_release(&key);
}

/* ---- what must hold ---- */

static void check_scores(const struct model *m) {
    static const double rows[][D] = {{0, 0}, {1, -1}, {1e300, -1e300}, {1e-300, 4}};
    float *scratch = xmalloc((model_scratch(&m->shape) + K) * sizeof *scratch), *prob = scratch;
    prob += model_scratch(&m->shape);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        model_predict(m, rows[i], scratch, NULL, prob);
        float sum = prob[0] + prob[1];
        CHECK(prob[0] >= 0 && prob[1] >= 0 && fabsf(sum - 1) < 1e-3f);
    }
    free(scratch);
}

static void check_versions(const struct registry *r) {
    uint64_t version[REGISTRY_HELD], before = 0;
    size_t n = registry_versions(r, version, REGISTRY_HELD);
    for (size_t i = 0; i < n; i++) {
        const struct model *m = registry_model(r, version[i]);
        CHECK(version[i] > before && m && m->version == version[i]);
        CHECK(registry_chunks(r, version[i]) >= 1 &&
              registry_chunks(r, version[i]) <= DRAFT_CHUNKS);
        for (int32_t p = -1; p < 2; p++) CHECK(registry_seen(m, "labels", p) >= 0);
        before = version[i];
    }
    CHECK(before <= registry_newest(r));
}

static void check(struct topic *t) {
    struct registry *both[] = {t->follower, t->learner};
    for (size_t i = 0; i < 2; i++) {
        const struct policy *p = registry_policy(both[i]);
        CHECK(registry_newest(both[i]) >= t->newest[i]);
        t->newest[i] = registry_newest(both[i]);
        check_versions(both[i]);
        CHECK(p->operator_.budget_scale >= 0 && p->operator_.budget_scale <= POLICY_SCALE_MAX);
        CHECK(p->learner.explore >= 0 && p->learner.explore <= 1);
    }
    struct snapshot *s = registry_snapshot(t->follower, &(struct auto_terms){0.05, 0.05});
    for (size_t i = 0; s->auto_ && i < K; i++)
        CHECK(s->auto_[i].threshold == UINT32_MAX ||
              (s->model && s->auto_[i].threshold > 0 && s->auto_[i].threshold < UNASKED_ONE &&
               registry_certificate(t->follower, i)->error <= 0.05));
    const char *why = NULL;
    CHECK(s->policy.number >= t->number && s->policy.number <= (uint64_t)t->offset);
    t->number = s->policy.number;
    CHECK(!s->model || model_check(s->model, D, classes, PRINT, &why) == 0);
    if (s->model) check_scores(s->model);
    registry_release(t->follower, s);
}

/* One that could have been earned, of any numbers; or any bytes. */
static void put_certificate(struct topic *t, struct grammar *g) {
    struct certificate c = {.granted = grammar_below(g, 4),
                            .threshold = grammar_below(g, 2) ? 64512 : grammar_below(g, 70000),
                            .error = 0.01 * (double)(1 + grammar_below(g, 8)),
                            .confidence = 0.05,
                            .answers = 100 * grammar_below(g, 9),
                            .wrong = grammar_below(g, 9),
                            .version = grammar_below(g, 5),
                            .attempt = (uint32_t)grammar_below(g, 3)};
    struct buf value = {0};
    certificate_write(&c, certificate_terms_of(PRINT + !grammar_below(g, 8), classes), 1, &value);
    put(t, grammar_below(g, 2) ? TEXT("me/certificate/no") : TEXT("me/certificate/yes"),
        grammar_below(g, 8) ? buf_view(&value) : grammar_bytes(g), 0);
    buf_release(&value);
}

static void step(struct topic *t, struct grammar *g) {
    char id[MODEL_PUSH_ID + 1];
    snprintf(id, sizeof id, "%02x", (unsigned)grammar_below(g, 6));
    switch (grammar_below(g, 10)) {
    case 0: put_version(t, g, false, NULL); break;
    case 1: put_version(t, g, true, NULL); break;
    case 2: put_version(t, g, grammar_below(g, 2), id); break;
    case 3: put_policy(t, g, true); break;
    case 4: put_policy(t, g, false); break;
    case 5:
        if (grammar_below(g, 2)) put_certificate(t, g);
        else put(t, TEXT("me/progress"), grammar_bytes(g), 0);
        break;
    case 6: put_any(t, g); break;
    case 7: put_tombstones(t, g); break;
    case 8: publish(t, g); break;
    default: adopt(t);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct grammar g = {data, data + size};
    struct topic t = {0};
    log_redirect(silence, NULL);
    t.follower = registry_create(&(struct registry_options){
        .name = "me", .d = D, .classes = classes, .classes_n = K, .fingerprint = PRINT});
    t.learner =
        registry_create(&(struct registry_options){.name = "me", .quiet = true, .pushes = true});
    for (size_t i = 0; i < STEPS && grammar_goes_on(&g); i++) {
        step(&t, &g);
        check(&t);
    }
    registry_destroy(t.follower);
    registry_destroy(t.learner);
    return 0;
}
