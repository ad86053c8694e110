/* Samples that were blocked (admit.blocked) are scored and nothing else: whoever is asked about the
 * others, and with which propensity, is what it would be without them (promises I4, I5, I6). */
#define STREAM_MORE "admit: {blocked: [/blocked]}\n"
#include "stream.h"

#include "route/prediction.h"

enum { BLOCKED_EVERY = 4, BATCH = 50, NOW_MS = 1700000 };

static const char pool_yaml[] = "model: {classes: [good, bad]}\n"
                                "features:\n"
                                "  - {name: x}\n"
                                "  - {name: y, missing: true}\n"
                                "  - {name: kind, type: category, values: [a, b]}\n"
                                "budget: {rate: 0.05, burst: 8, upfront: 10}\n"
                                "pool: {window: 40, share: 0.6}\n"
                                "topics: {predictions: predictions}\n"
                                "admit: {blocked: [/blocked]}\n"
                                "service: {instance: test, state_dir: /tmp}\n";

struct seen {
    uint64_t tasks, tasks_hash;
    uint64_t predictions, predictions_hash; // of those that were not blocked
    uint64_t blocked, dead;
    double tokens;
};

static bool is_blocked(int i) { return i % BLOCKED_EVERY == 1 && i % BAD_EVERY != 5; }

static int block_some(void **state) {
    setup(state);
    struct stream *s = *state;
    for (int i = 0; i < SAMPLES; i++) {
        if (!is_blocked(i)) continue;
        size_t n = s->record[i].value.len - 1; // the closing bracket goes
        n += (size_t)snprintf(s->event[i] + n, sizeof s->event[i] - n, ",\"blocked\":true}");
        assert_true(n < sizeof s->event[i]);
        s->record[i].value.len = n;
    }
    return 0;
}

static uint64_t hash_of(const struct producer_record *r) {
    return rng_mix(hash_bytes(r->key.at, r->key.len) ^ hash_bytes(r->value.at, r->value.len));
}

static void see_prediction(struct seen *o, const struct producer_record *r) {
    struct prediction p;
    struct arena arena = {0};
    const char *why;
    assert_int_equal(prediction_read(&p, r->value, &arena, &why), 0);
    o->blocked += p.blocked;
    o->predictions += !p.blocked;
    if (!p.blocked) o->predictions_hash += hash_of(r);
    else assert_true(isnan(p.utility) && !p.asked && p.class_.at);
    arena_release(&arena);
}

static void see(struct seen *o, struct cycle *c) {
    for (size_t i = 0; i < c->records; i++) {
        const struct producer_record *r = &c->record[i];
        o->dead += r->topic == CYCLE_DEAD_LETTERS;
        o->tasks += r->topic == CYCLE_TASKS;
        if (r->topic == CYCLE_TASKS) o->tasks_hash += hash_of(r);
        if (r->topic == CYCLE_PREDICTIONS) see_prediction(o, r);
    }
    cycle_reset(c);
}

/* with: the blocked ones are in the stream; else they are taken out of it, at the same offsets. */
static struct seen go(struct stream *s, bool with) {
    struct seen o = {0};
    struct cycle cycle = {0};
    struct pipeline *p;
    struct pipeline_bucket bucket;
    assert_int_equal(pipeline_create(&p, &(struct pipeline_options){.config = s->config,
                                                                    .features = s->features,
                                                                    .partitions = PARTITIONS}),
                     0);
    for (int32_t i = 0; i < PARTITIONS; i++) pipeline_own(p, i, 0, true, (struct text){0}, NOW_MS);
    for (int i = 0; i < SAMPLES;) {
        struct batch *b = pipeline_batch(p);
        for (; b->n < BATCH && i < SAMPLES; i++) {
            if (is_blocked(i) && !with) continue;
            b->record[b->n] = s->record[i];
            b->in_force[b->n++] = &s->after;
        }
        pipeline_run(p, b, NOW_MS, &cycle);
        batch_reset(b);
        see(&o, &cycle);
    }
    pipeline_end_windows(p, &s->after, NOW_MS, 0, &cycle);
    see(&o, &cycle);
    pipeline_bucket(p, &s->after.policy, NOW_MS, &bucket);
    o.tokens = bucket.tokens;
    pipeline_destroy(p);
    cycle_release(&cycle);
    return o;
}

static void expect_the_same(struct stream *s) {
    struct seen with = go(s, true), without = go(s, false);
    uint64_t blocked = 0;
    for (int i = 0; i < SAMPLES; i++) blocked += is_blocked(i);
    assert_true(with.tasks > 100);
    assert_int_equal(with.tasks, without.tasks);
    assert_true(with.tasks_hash == without.tasks_hash); // sums of the unasked, propensities and all
    assert_true(with.tokens == without.tokens);
    assert_int_equal(with.dead, without.dead);
    assert_int_equal(with.blocked, blocked); // scored, and said so
    assert_int_equal(without.blocked, 0);
    assert_int_equal(with.predictions, without.predictions);
    assert_true(with.predictions_hash == without.predictions_hash);
}

static void blocked_samples_change_nothing_for_others(void **state) { expect_the_same(*state); }

static void nor_in_a_window_of_the_pool(void **state) {
    struct stream *s = *state;
    struct config *config = s->config, *pool;
    struct buf errors = {0};
    if (config_parse(&pool, "test", TEXT(pool_yaml), &errors) < 0)
        fail_msg("%s", buf_string(&errors));
    s->config = pool;
    expect_the_same(s);
    s->config = config;
    config_destroy(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocked_samples_change_nothing_for_others),
        cmocka_unit_test(nor_in_a_window_of_the_pool),
    };
    return cmocka_run_group_tests(tests, block_some, teardown);
}
