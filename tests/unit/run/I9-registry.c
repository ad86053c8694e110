/* I9: a version goes live whole, checked, or not at all; what is in force stays until its successor
 * is ready; rollback works. */
#include "run/drafts.h"
#include "run/registry.h"

#include "base/clock.h"
#include "base/log.h"
#include "estimate/certificate_record.h"
#include "infer/model_record.h"
#include "infer/score_model.h"
#include "unit/test.h"

#include <inttypes.h>
#include <malloc.h>

enum { D = 3, K = 2 };

static void silence(const char *line, size_t len, void *opaque) {
    (void)line, (void)len, (void)opaque;
}

static struct registry *fresh(void) {
    log_redirect(silence, NULL);
    return registry_create(&(struct registry_options){
        .name = "me", .d = D, .classes = TEXT("no\nyes"), .classes_n = K, .fingerprint = 99});
}

static void record_of(uint64_t version, uint64_t fingerprint, struct buf *out) {
    struct model *m;
    struct model_shape shape = {.d = D, .k = K, .members = 1, .layers = 1, .width = {D, K}};
    assert_int_equal(model_create(&m, &shape), 0);
    m->version = version;
    m->fingerprint = fingerprint;
    m->classes = text_of(xstrdup("no\nyes"));
    m->weight[0][0] = (float)version;
    model_write(m, "me", out);
    model_destroy(m);
}

static enum registry_change put(struct registry *r, const char *key, struct text value,
                                size_t chunks, int64_t offset) {
    return registry_apply(r, text_of(key), value, chunks, offset);
}

/* A version in `chunks` records; `skip` is left out (SIZE_MAX: none). */
static void put_version(struct registry *r, uint64_t version, uint64_t fingerprint, size_t chunks,
                        size_t skip, int64_t offset) {
    struct buf whole = {0}, key = {0};
    record_of(version, fingerprint, &whole);
    for (size_t i = 0; i < chunks; i++) {
        size_t from = whole.len * i / chunks, to = whole.len * (i + 1) / chunks;
        buf_reset(&key);
        registry_chunk_key(&key, "me", version, i);
        if (i != skip)
            registry_apply(r, buf_view(&key), (struct text){whole.at + from, to - from}, chunks,
                           offset + (int64_t)i);
    }
    buf_release(&whole);
    buf_release(&key);
}

static void want(struct registry *r, uint64_t live, int64_t offset) {
    struct buf b = {0};
    policy_learner_write(&(struct policy_learner){.live = live}, &b);
    assert_int_equal(put(r, "me/policy", buf_view(&b), 0, offset), CHANGE_POLICY);
    buf_release(&b);
}

static uint64_t live(struct registry *r) {
    struct snapshot *s = registry_snapshot(r, NULL);
    uint64_t version = s->model ? s->model->version : 0;
    registry_release(r, s);
    return version;
}

static void a_version_needs_all_its_chunks(void **state) {
    (void)state;
    struct registry *r = fresh();
    put_version(r, 1, 99, 3, 1, 0);
    want(r, 1, 5);
    assert_int_equal(live(r), 0);
    put_version(r, 1, 99, 3, SIZE_MAX, 10); // the missing one comes; the others repeat
    assert_int_equal(live(r), 1);
    assert_int_equal(registry_policy(r)->number,
                     12); // the record that completed it put it in force
    registry_destroy(r);
}

static void a_bad_version_leaves_the_old_one(void **state) {
    (void)state;
    struct registry *r = fresh();
    put_version(r, 1, 99, 1, SIZE_MAX, 0);
    want(r, 1, 1);
    put_version(r, 2, 98, 1, SIZE_MAX, 2); // another feature map
    want(r, 2, 3);
    assert_int_equal(live(r), 1);
    put(r, "me/model/3/0", TEXT("garbage"), 1, 4);
    want(r, 3, 5);
    assert_int_equal(live(r), 1);
    struct buf b = {0};
    record_of(9, 99, &b); // says 9, stands under 4
    put(r, "me/model/4/0", buf_view(&b), 1, 6);
    want(r, 4, 7);
    assert_int_equal(live(r), 1);
    assert_int_equal(registry_newest(r), 1); // what is refused moves nothing
    put_version(r, 4, 99, 1, SIZE_MAX, 8);   // and whoever writes the number properly is heard
    assert_int_equal(live(r), 4);
    buf_release(&b);
    registry_destroy(r);
}

static void keys_of_others_and_nonsense_are_left_alone(void **state) {
    (void)state;
    struct registry *r = fresh();
    static const char *const keys[] = {"you/policy",
                                       "me",
                                       "me/",
                                       "mean/policy",
                                       "me/model/0/0",
                                       "me/model/x/0",
                                       "me/model/1/0x",
                                       "me/model/1",
                                       "me/model/18446744073709551615/0",
                                       ""};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_int_equal(put(r, keys[i], TEXT("{}"), 1, (int64_t)i), CHANGE_NONE);
    assert_int_equal(registry_newest(r), 0);
    assert_int_equal(put(r, "me/policy", TEXT("not json"), 0, 3), CHANGE_NONE);
    assert_int_equal(registry_policy(r)->number, 0);
    assert_int_equal(put(r, "me/model/1/7", TEXT("x"), 7, 3),
                     CHANGE_NONE); // index beyond the count
    registry_destroy(r);
}

static void a_snapshot_outlives_its_version(void **state) {
    (void)state;
    struct registry *r = fresh();
    put_version(r, 1, 99, 2, SIZE_MAX, 0);
    want(r, 1, 2);
    struct snapshot *s = registry_snapshot(r, NULL);
    put_version(r, 2, 99, 1, SIZE_MAX, 3);
    want(r, 2, 4);
    put(r, "me/model/1/0", (struct text){0}, 0, 5); // tombstone
    assert_null(registry_model(r, 1));
    assert_true(s->model->weight[0][0] == 1.0f);
    registry_release(r, s);
    registry_destroy(r);
}

static void an_operator_pins_and_lets_go(void **state) {
    (void)state;
    struct registry *r = fresh();
    for (uint64_t v = 1; v <= 3; v++) put_version(r, v, 99, 1, SIZE_MAX, (int64_t)v);
    want(r, 3, 10);
    struct buf b = {0};
    policy_operator_write(&(struct policy_operator){.budget_scale = 1, .pin = 2}, &b);
    put(r, "me/operator", buf_view(&b), 0, 11);
    assert_int_equal(live(r), 2);
    put_version(r, 4, 99, 1, SIZE_MAX, 12);
    want(r, 4, 13);
    assert_int_equal(live(r), 2);
    buf_reset(&b);
    policy_operator_write(&(struct policy_operator){.budget_scale = 1}, &b);
    put(r, "me/operator", buf_view(&b), 0, 14);
    assert_int_equal(live(r), 4);
    buf_release(&b);
    registry_destroy(r);
}

static void old_versions_leave(void **state) {
    (void)state;
    struct registry *r = fresh();
    uint64_t versions[100];
    for (uint64_t v = 1; v <= 60; v++) put_version(r, v, 99, 1, SIZE_MAX, (int64_t)v);
    size_t n = registry_versions(r, versions, 100);
    assert_true(n >= REGISTRY_VERSIONS && n < 20);
    assert_int_equal(versions[n - 1], 60);
    registry_destroy(r);
}

static struct registry *narrow(size_t bytes) {
    log_redirect(silence, NULL);
    return registry_create(&(struct registry_options){
        .name = "me", .d = D, .classes = TEXT("no\nyes"), .fingerprint = 99, .bytes = bytes});
}

static size_t record_bytes(uint64_t version) {
    struct buf b = {0};
    record_of(version, 99, &b);
    size_t n = b.len;
    buf_release(&b);
    return n;
}

/* Sixteen versions of 268 MB each could be held, and four pushes. */
static void versions_are_bounded_together(void **state) {
    (void)state;
    size_t each = record_bytes(10);
    struct registry *r = narrow(3 * each + each / 2);
    uint64_t versions[REGISTRY_HELD];
    for (uint64_t v = 10; v < 14; v++) put_version(r, v, 99, 1, SIZE_MAX, (int64_t)v);
    assert_int_equal(registry_bytes(r, 12), each);
    assert_int_equal(registry_bytes(r, 10), 0);
    assert_int_equal(registry_versions(r, versions, REGISTRY_HELD), 3);
    assert_int_equal(versions[0], 11);
    want(r, 11, 20);
    for (uint64_t v = 14; v < 30; v++) put_version(r, v, 99, 1, SIZE_MAX, (int64_t)v + 10);
    assert_int_equal(registry_versions(r, versions, REGISTRY_HELD), 3);
    assert_int_equal(versions[0], 11); // the live one stays
    assert_int_equal(versions[2], 29);
    put_version(r, 5, 99, 1, SIZE_MAX, 50); // comes late: itself the oldest
    assert_null(registry_model(r, 5));
    registry_destroy(r);
    r = narrow(1); // what is needed stays, however little may be held
    put_version(r, 1, 99, 1, SIZE_MAX, 0);
    want(r, 1, 1);
    put_version(r, 2, 99, 1, SIZE_MAX, 2);
    put_version(r, 3, 99, 1, SIZE_MAX, 3);
    assert_int_equal(live(r), 1);
    assert_int_equal(registry_versions(r, versions, REGISTRY_HELD), 2);
    assert_non_null(registry_model(r, 3));
    registry_destroy(r);
}

/* ---- what anyone with the right may write ---- */

/* Four junk bytes under a huge number ended model updates for ever: the next number was beyond what
 * is accepted. */
static void a_forged_number_moves_nothing(void **state) {
    (void)state;
    struct registry *r = fresh();
    put_version(r, 7, 99, 1, SIZE_MAX, 0);
    put(r, "me/model/9007199254740991/0", TEXT("junk"), 1, 1);
    put(r, "me/model/9007199254740990/0", TEXT("junk"), 9, 2);
    put(r, "me/model/8/0", TEXT("junk"), 9, 3);
    assert_int_equal(registry_newest(r), 7);
    put_version(r, 8, 99, 1, SIZE_MAX, 4);
    want(r, 8, 5);
    assert_int_equal(live(r), 8);
    registry_destroy(r);
}

/* Versions began at 1 again when the topic was made anew. */
static void the_next_number_is_above_all_that_was_seen(void **state) {
    (void)state;
    struct registry *r = fresh();
    assert_int_equal(registry_next(r, 0), 1);
    assert_int_equal(registry_next(r, 41), 42); // the topic is empty, the store knows
    assert_int_equal(registry_next(r, UINT64_MAX), 1);
    put_version(r, 7, 99, 1, SIZE_MAX, 0);
    assert_int_equal(registry_next(r, 3), 8);
    assert_int_equal(registry_next(r, 41), 42);
    uint64_t most = registry_next(r, 7 + ((uint64_t)1 << 32) - 1);
    put_version(r, most, 99, 1, SIZE_MAX, 1); // what is given is also taken
    assert_true(registry_newest(r) == most && most == 7 + ((uint64_t)1 << 32));
    assert_true(registry_next(r, most + ((uint64_t)1 << 32)) == most + 1);
    registry_destroy(r);
}

/* Drafts took the places of the versions that a rollback needs. */
static void drafts_crowd_no_version_out(void **state) {
    (void)state;
    struct registry *r = fresh();
    uint64_t versions[100];
    char key[64];
    for (uint64_t v = 1; v <= REGISTRY_VERSIONS; v++) put_version(r, v, 99, 1, SIZE_MAX, 0);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "me/model/%d/0", 100 + i);
        put(r, key, TEXT("junk"), 2 + (size_t)i % 300, i);
    }
    assert_int_equal(registry_versions(r, versions, 100), REGISTRY_VERSIONS);
    want(r, 1, 2000);
    assert_int_equal(live(r), 1);
    registry_destroy(r);
}

/* Chunks that are large once they are decompressed, and many of them: 950 MB in 0.1.0. */
static void memory_is_bounded(void **state) {
    (void)state;
    struct drafts *d = drafts_create();
    struct buf whole = {0}, chunk = {0};
    const char *why = NULL;
    char name[DRAFT_NAME];
    memset(buf_room(&chunk, DRAFT_CHUNK_BYTES + 1), 0, DRAFT_CHUNK_BYTES + 1);
    chunk.len = DRAFT_CHUNK_BYTES + 1;
    assert_int_equal(drafts_put(d, "a", 0, 2, buf_view(&chunk), &whole, &why), ERR_INPUT);
    assert_non_null(why);
    chunk.len--;
    for (size_t i = 0; i < 1200; i++) {
        snprintf(name, sizeof name, "n%zu", i / 299);
        assert_int_equal(drafts_put(d, name, i % 299, 300, buf_view(&chunk), &whole, &why), 0);
        assert_true(drafts_bytes(d) <= DRAFT_BYTES);
    }
    assert_int_equal(whole.len, 0);
    buf_release(&chunk);
    buf_release(&whole);
    drafts_destroy(d);
}

/* A chunk that a smaller one replaces gives its room back: what counts is what is held. */
static void a_chunk_that_shrinks_gives_its_room_back(void **state) {
    (void)state;
    struct drafts *d = drafts_create();
    struct buf whole = {0}, chunk = {0};
    const char *why = NULL;
    struct mallinfo2 before = mallinfo2(), after;
    memset(buf_room(&chunk, DRAFT_CHUNK_BYTES), 0, DRAFT_CHUNK_BYTES);
    chunk.len = DRAFT_CHUNK_BYTES;
    for (size_t i = 0; i < 299; i++) {
        assert_int_equal(drafts_put(d, "a", i, 300, buf_view(&chunk), &whole, &why), 0);
        assert_int_equal(drafts_put(d, "a", i, 300, TEXT("x"), &whole, &why), 0);
    }
    assert_int_equal(drafts_bytes(d), 299);
    after = mallinfo2();
    assert_true(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd < 8 << 20);
    buf_release(&chunk);
    drafts_destroy(d);
}

/* The first version could have any number, also one behind which there is none. */
static void the_first_version_leaves_numbers_for_others(void **state) {
    (void)state;
    struct registry *r = fresh();
    put_version(r, ((uint64_t)1 << 53) - 1, 99, 1, SIZE_MAX, 0);
    assert_int_equal(registry_newest(r), 0);
    put_version(r, 1, 99, 1, SIZE_MAX, 1);
    assert_int_equal(registry_newest(r), 1);
    registry_destroy(r);
}

/* The learner's reader takes versions of any feature map, a worker's only its own: both must find
 * the next number near enough. */
static void versions_of_another_map_leave_numbers_for_ours(void **state) {
    (void)state;
    const uint64_t far = (uint64_t)1 << 32;
    struct registry *r = fresh();
    put_version(r, far, 98, 1, SIZE_MAX, 0);
    put_version(r, 2 * far, 98, 1, SIZE_MAX, 1);
    assert_int_equal(registry_newest(r), 0);
    put_version(r, 2 * far + 1, 99, 1, SIZE_MAX, 2);
    assert_true(registry_newest(r) == 2 * far + 1);
    registry_destroy(r);
}

/* What is read as version 7 is what the tombstones of version 7 remove. */
static void a_key_has_one_form(void **state) {
    (void)state;
    static const char *const keys[] = {"me/model/+7/0", "me/model/07/0", "me/model/ 7/0",
                                       "me/model/7/00", "me/model/7/+0"};
    struct registry *r = fresh();
    struct buf whole = {0};
    record_of(7, 99, &whole);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_int_equal(put(r, keys[i], buf_view(&whole), 1, (int64_t)i), CHANGE_NONE);
    buf_reset(&whole);
    policy_learner_write(&(struct policy_learner){.live = 7}, &whole);
    assert_int_equal(registry_apply(r, TEXT("me/policy\0x"), buf_view(&whole), 0, 9), CHANGE_NONE);
    assert_int_equal(registry_newest(r), 0);
    assert_int_equal(registry_policy(r)->learner.live, 0);
    buf_release(&whole);
    registry_destroy(r);
}

/* Half a million lines took a minute: each was read up to the end of all. */
static void what_a_version_has_seen_is_read_line_by_line(void **state) {
    (void)state;
    enum { LINES = 250000 };
    struct buf seen = {0};
    for (size_t i = 0; i < LINES; i++) buf_str(&seen, "a\n");
    buf_str(&seen, "labels 3 77\nlabels 4 -5\nlabels 3 78");
    struct model m = {.seen = buf_view(&seen)};
    int64_t started_ns = clock_ns();
    for (int32_t p = 0; p < 20; p++)
        assert_int_equal(registry_seen(&m, "labels", p), p == 3 ? 77 : 0);
    assert_true(clock_ns() - started_ns < 10 * INT64_C(1000000000));
    buf_release(&seen);
}

/* Of two chunks with one place the later counts; another count of chunks begins anew. */
static void a_draft_is_what_was_written_last(void **state) {
    (void)state;
    struct drafts *d = drafts_create();
    struct buf whole = {0};
    const char *why = NULL;
    assert_int_equal(drafts_put(d, "a", 0, 2, TEXT("old"), &whole, &why), 0);
    assert_int_equal(drafts_put(d, "a", 0, 2, TEXT("new "), &whole, &why), 0);
    assert_int_equal(drafts_put(d, "a", 1, 2, TEXT("record"), &whole, &why), 1);
    assert_string_equal(buf_string(&whole), "new record");
    buf_reset(&whole);
    assert_int_equal(drafts_put(d, "b", 1, 3, TEXT("x"), &whole, &why), 0);
    assert_int_equal(drafts_put(d, "b", 0, 1, TEXT("alone"), &whole, &why), 1);
    assert_string_equal(buf_string(&whole), "alone");
    assert_int_equal(drafts_bytes(d), 0);
    buf_release(&whole);
    drafts_destroy(d);
}

/* ---- pushes ---- */

static void put_push(struct registry *r, const char *id, size_t chunks, size_t skip) {
    struct buf whole = {0}, key = {0};
    record_of(0, 99, &whole);
    for (size_t i = 0; i < chunks; i++) {
        size_t from = whole.len * i / chunks, to = whole.len * (i + 1) / chunks;
        buf_reset(&key);
        registry_push_key(&key, "me", id, i);
        if (i != skip)
            assert_int_equal(registry_apply(r, buf_view(&key),
                                            (struct text){whole.at + from, to - from}, chunks, 5),
                             CHANGE_NONE);
    }
    buf_release(&whole);
    buf_release(&key);
}

static void pushes_wait_whole_and_in_order(void **state) {
    (void)state;
    struct registry_push p;
    struct registry *r =
        registry_create(&(struct registry_options){.name = "me", .quiet = true, .pushes = true});
    put_push(r, "00000000000000aa", 3, 1);
    assert_false(registry_push(r, &p)); // not whole
    put_push(r, "00000000000000bb", 2, SIZE_MAX);
    assert_true(registry_push(r, &p));
    assert_string_equal(p.id, "00000000000000bb");
    put_push(r, "00000000000000aa", 3, SIZE_MAX); // pushed again: it becomes whole
    assert_true(registry_push(r, &p));
    assert_string_equal(p.id, "00000000000000bb"); // which was whole before
    for (size_t i = 0; i < 2; i++) {
        struct buf key = {0};
        registry_push_key(&key, "me", "00000000000000bb", i);
        registry_apply(r, buf_view(&key), (struct text){0}, 0, 9);
        buf_release(&key);
    }
    assert_true(registry_push(r, &p));
    assert_string_equal(p.id, "00000000000000aa");
    assert_true(p.model && p.chunks == 3 && !p.why);
    assert_int_equal(registry_newest(r), 0); // a push has no number
    registry_destroy(r);
}

static void pushes_are_bounded_and_checked(void **state) {
    (void)state;
    struct registry_push p;
    struct registry *r =
        registry_create(&(struct registry_options){.name = "me", .quiet = true, .pushes = true});
    char id[17];
    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof id, "%016x", i);
        put_push(r, id, 2, 0);
    }
    put(r, "me/pushed/00000000000000ff/0", TEXT("nonsense"), 1, 1);
    assert_true(registry_push(r, &p));
    assert_null(p.model);
    assert_non_null(p.why);
    static const char *const bad[] = {"me/pushed/00000000000000FF/0", "me/pushed/zz/0",
                                      "me/pushed/00000000000000fe",
                                      "me/pushed/00000000000000fe/0x"};
    for (size_t i = 0; i < 4; i++) assert_int_equal(put(r, bad[i], TEXT("x"), 1, 1), CHANGE_NONE);
    put(r, "me/pushed/00000000000000fd/7", TEXT("x"), 2, 1);   // beyond its count
    put(r, "me/pushed/00000000000000fd/0", TEXT("x"), 999, 1); // an absurd count
    registry_destroy(r);
    r = fresh(); // a worker's: it makes nothing of them
    put_push(r, "00000000000000aa", 1, SIZE_MAX);
    assert_false(registry_push(r, &p));
    registry_destroy(r);
}

static void pushes_are_bounded_with_the_versions(void **state) {
    (void)state;
    log_redirect(silence, NULL);
    size_t each = record_bytes(0);
    struct registry *r = registry_create(&(struct registry_options){
        .name = "me", .quiet = true, .pushes = true, .bytes = 2 * each + each / 2});
    struct registry_push push;
    for (uint64_t v = 1; v < 3; v++) put_version(r, v, 99, 1, SIZE_MAX, (int64_t)v);
    static const char *const ids[] = {"00000000000000aa", "00000000000000bb", "00000000000000cc"};
    for (size_t i = 0; i < 3; i++) put_push(r, ids[i], 1, SIZE_MAX);
    assert_true(registry_push(r, &push));
    assert_string_equal(push.id, ids[2]); // two versions and the others had to leave
    assert_null(registry_model(r, 1));
    assert_non_null(registry_model(r, 2)); // the newest
    registry_destroy(r);
}

/* Whatever the topic takes, chunks with their keys and headers fit, and all of the record is in
 * them; or there would be too many. */
static void a_record_is_cut_for_its_topic(void **state) {
    (void)state;
    struct arena arena = {0};
    struct buf key = {0}, value = {0};
    for (size_t most = 1; most < 2000000; most += most / 3 + 1) {
        size_t chunk = registry_chunk_bytes("some-name", 200000, most);
        assert_in_range(chunk, 0, REGISTRY_CHUNK_BYTES);
        if (!chunk) continue;
        assert_in_range((200000 + chunk - 1) / chunk, 1, REGISTRY_CHUNKS);
        buf_reset(&key);
        buf_reset(&value);
        registry_chunk_key(&key, "some-name", (uint64_t)1 << 53, REGISTRY_CHUNKS - 1);
        memset(buf_room(&value, chunk), 0, chunk);
        value.len = chunk;
        struct producer_record r =
            registry_record(&arena, buf_view(&key), buf_view(&value), REGISTRY_CHUNKS);
        assert_true(record_batch_bytes(&r) <= most);
    }
    assert_int_equal(registry_chunk_bytes("n", 200000, 600), 0);
    assert_int_equal(registry_chunk_bytes("n", 1, 100), 0);
    assert_int_equal(registry_chunk_bytes("n", 5000000, 1048588), REGISTRY_CHUNK_BYTES);
    arena_release(&arena);
    buf_release(&key);
    buf_release(&value);
}

static struct registry *with_base(void) {
    struct model *base;
    const struct score_columns score = {.d = D,
                                        .first = 2,
                                        .n = 1,
                                        .k = K,
                                        .positive = 1,
                                        .members = 1,
                                        .classes = TEXT("no\nyes"),
                                        .fingerprint = 99};
    log_redirect(silence, NULL);
    assert_int_equal(score_model_create(&base, &score), 0);
    base->version = base->prior = SCORE_MODEL_VERSION;
    return registry_create(&(struct registry_options){
        .name = "me", .d = D, .classes = TEXT("no\nyes"), .fingerprint = 99, .base = base});
}

/* A score that events bring is in force before anything was said, whatever is said of its number,
 * and can be gone back to. */
static void a_base_is_in_force_until_a_version_is(void **state) {
    (void)state;
    struct registry *r = with_base();
    struct snapshot *first = registry_snapshot(r, NULL);
    assert_true(first->model && !first->policy.learner.cold);
    assert_true(registry_live(r) == SCORE_MODEL_VERSION && registry_newest(r) == 1);
    assert_int_equal(registry_next(r, 0), 2);
    put_version(r, 1, 99, 1, SIZE_MAX, 0);
    put(r, "me/model/1/0", (struct text){0}, 0, 1);
    assert_true(registry_model(r, 1) == first->model);
    want(r, 5, 2); // not there yet
    assert_int_equal(live(r), 1);
    for (uint64_t v = 2; v <= 40; v++) put_version(r, v, 99, 1, SIZE_MAX, (int64_t)v + 2);
    assert_true(registry_model(r, 1) == first->model); // what is old leaves, but not the base
    want(r, 40, 50);
    assert_int_equal(live(r), 40);
    want(r, 1, 51);
    assert_int_equal(live(r), 1);
    registry_release(r, first);
    registry_destroy(r);
}

/* ---- certificates ---- */

static const struct certificate earned = {.granted = true,
                                          .threshold = 64512,
                                          .error = 0.02,
                                          .confidence = 0.05,
                                          .answers = 400,
                                          .since_ms = 1700000000000,
                                          .version = 1,
                                          .attempt = 1};

static enum registry_change certify(struct registry *r, const char *class_,
                                    const struct certificate *c, uint64_t fingerprint) {
    struct buf key = {0}, value = {0};
    registry_certificate_key(&key, "me", text_of(class_));
    certificate_write(c, certificate_terms_of(fingerprint, TEXT("no\nyes")), 1, &value);
    enum registry_change change = registry_apply(r, buf_view(&key), buf_view(&value), 0, 100);
    buf_release(&key);
    buf_release(&value);
    return change;
}

/* The threshold that workers have of class "yes"; 0: none. */
static uint32_t in_force(struct registry *r, double error) {
    struct snapshot *s = registry_snapshot(r, &(struct auto_terms){error, 0.05});
    uint32_t threshold = s->auto_ && s->auto_[1].threshold <= 65536 ? s->auto_[1].threshold : 0;
    assert_true(!s->auto_ || s->auto_[0].threshold == UINT32_MAX);
    registry_release(r, s);
    return threshold;
}

static struct registry *certified(void) {
    struct registry *r = fresh();
    put_version(r, 1, 99, 1, SIZE_MAX, 0);
    want(r, 1, 1);
    assert_int_equal(in_force(r, 0.02), 0);
    assert_int_equal(certify(r, "yes", &earned, 99), CHANGE_CERTIFICATE);
    assert_int_equal(in_force(r, 0.02), 64512);
    return r;
}

/* Whether it hides too much of the other class is told anew, for pages say so. */
static void how_loose_a_certificate_is_is_told(void **state) {
    (void)state;
    struct registry *r = certified();
    struct certificate c = earned;
    c.others = 0.5;
    assert_int_equal(certify(r, "yes", &c, 99), CHANGE_WATCH);
    c.others = 0.01;
    assert_int_equal(certify(r, "yes", &c, 99), CHANGE_CERTIFICATE);
    c.others = 0.02;
    assert_int_equal(certify(r, "yes", &c, 99), CHANGE_WATCH);
    registry_destroy(r);
}

static void a_certificate_is_in_force_by_every_word(void **state) {
    (void)state;
    struct registry *r = certified();
    struct certificate c = earned;
    struct snapshot *none = registry_snapshot(r, NULL);
    assert_null(none->auto_);
    registry_release(r, none);
    assert_int_equal(in_force(r, 0.01), 0);                         // less than is promised
    assert_int_equal(certify(r, "yes", &earned, 99), CHANGE_WATCH); // a sign of life
    put(r, "me/operator",
        TEXT("{\"paused\":false,\"budget_scale\":1,\"pin\":0,\"explore_only\":false,"
             "\"auto_off\":true}"),
        0, 5);
    assert_int_equal(in_force(r, 0.02), 0);
    put(r, "me/operator",
        TEXT("{\"paused\":false,\"budget_scale\":1,\"pin\":0,\"explore_only\":false}"), 0, 6);
    assert_int_equal(in_force(r, 0.02), 64512);
    c.granted = false;
    assert_int_equal(certify(r, "yes", &c, 99), CHANGE_CERTIFICATE);
    assert_int_equal(in_force(r, 0.02), 0);
    registry_destroy(r);
}

static void a_certificate_holds_for_its_descent(void **state) {
    (void)state;
    struct registry *r = certified();
    struct certificate c = earned;
    put_version(r, 2, 99, 1, SIZE_MAX, 7);
    want(r, 2, 8);
    assert_int_equal(in_force(r, 0.02), 64512);
    c.version = 2;
    certify(r, "yes", &c, 99);
    assert_int_equal(in_force(r, 0.02), 64512);
    want(r, 1, 9); // rolled back to
    assert_int_equal(in_force(r, 0.02), 0);
    want(r, 2, 10);
    c.prior = 5; // of a pushed model
    certify(r, "yes", &c, 99);
    assert_int_equal(in_force(r, 0.02), 0);
    registry_destroy(r);
}

static void a_forged_certificate_puts_nothing_in_force(void **state) {
    (void)state;
    struct certificate few = earned;
    few.answers = 20;
    struct registry *r = certified();
    assert_int_equal(certify(r, "yes", &few, 99), CHANGE_CERTIFICATE); // what stood there is gone
    assert_int_equal(in_force(r, 0.02), 0);
    registry_destroy(r);
    r = certified();
    certify(r, "yes", &earned, 98); // of another feature map
    assert_int_equal(in_force(r, 0.02), 0);
    registry_destroy(r);
    r = certified();
    assert_int_equal(certify(r, "perhaps", &earned, 99), CHANGE_NONE);
    assert_int_equal(put(r, "me/certificate/", TEXT("x"), 0, 3), CHANGE_NONE);
    assert_int_equal(in_force(r, 0.02), 64512);
    assert_int_equal(put(r, "me/certificate/yes", TEXT("{"), 0, 3), CHANGE_CERTIFICATE);
    assert_int_equal(in_force(r, 0.02), 0);
    assert_int_equal(put(r, "me/certificate/yes", (struct text){0}, 0, 4), CHANGE_WATCH);
    assert_null(registry_certificate(r, 1));
    registry_destroy(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_cut_for_its_topic),
        cmocka_unit_test(a_certificate_is_in_force_by_every_word),
        cmocka_unit_test(how_loose_a_certificate_is_is_told),
        cmocka_unit_test(a_certificate_holds_for_its_descent),
        cmocka_unit_test(a_forged_certificate_puts_nothing_in_force),
        cmocka_unit_test(a_version_needs_all_its_chunks),
        cmocka_unit_test(a_bad_version_leaves_the_old_one),
        cmocka_unit_test(keys_of_others_and_nonsense_are_left_alone),
        cmocka_unit_test(a_snapshot_outlives_its_version),
        cmocka_unit_test(an_operator_pins_and_lets_go),
        cmocka_unit_test(old_versions_leave),
        cmocka_unit_test(versions_are_bounded_together),
        cmocka_unit_test(pushes_are_bounded_with_the_versions),
        cmocka_unit_test(a_forged_number_moves_nothing),
        cmocka_unit_test(the_next_number_is_above_all_that_was_seen),
        cmocka_unit_test(drafts_crowd_no_version_out),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(a_chunk_that_shrinks_gives_its_room_back),
        cmocka_unit_test(the_first_version_leaves_numbers_for_others),
        cmocka_unit_test(versions_of_another_map_leave_numbers_for_ours),
        cmocka_unit_test(a_key_has_one_form),
        cmocka_unit_test(what_a_version_has_seen_is_read_line_by_line),
        cmocka_unit_test(a_draft_is_what_was_written_last),
        cmocka_unit_test(pushes_wait_whole_and_in_order),
        cmocka_unit_test(pushes_are_bounded_and_checked),
        cmocka_unit_test(a_base_is_in_force_until_a_version_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
