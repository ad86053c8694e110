/* Which samples the model answers by itself: those that nobody is asked about, that could have been
 * drawn, above the threshold of their class; each once, with a pool, whose picks give theirs up,
 * and asked the same as without. */
#ifndef STREAM_MORE
#define STREAM_MORE "pool: {window: 60, share: 0.6, rule: mmr}\nauto: {enabled: true}\n"
#define STREAM_BURST "8"
#define STREAM_TOPICS ", auto_labels: auto"
#endif
#include "stream.h"

#include "base/json.h"
#include "estimate/unasked.h"

#define NOW 1700000000000
enum { CERTIFICATE = 1234 };

/* What stands on the topics of one sample. */
struct place {
    bool asked, answered;
    double best; // largest probability, of the prediction
    int class_;
};

struct seen {
    struct place at[PARTITIONS][SAMPLES];
    size_t asked, answered;
    uint64_t tasks; // hash
};

static _Atomic uint64_t counted[2];

static struct place *place_of(struct seen *o, const cJSON *tree) {
    int64_t partition, offset;
    assert_true(json_integer(tree, "partition", &partition) &&
                json_integer(tree, "offset", &offset));
    return &o->at[partition][offset];
}

static void see_answer(struct seen *o, const cJSON *tree, const struct text key) {
    int64_t model, certificate;
    double probability;
    struct place *p = place_of(o, tree);
    assert_false(p->answered);
    p->answered = true;
    p->class_ = text_equal(json_text(tree, "class"), TEXT("bad"));
    assert_true(json_integer(tree, "model", &model) && model == 7);
    assert_true(json_integer(tree, "certificate", &certificate) && certificate == CERTIFICATE);
    assert_true(json_number(tree, "probability", &probability) && probability >= 0.5);
    assert_true(text_equal(key, json_text(tree, "sample_id")));
    assert_int_equal(json_text(tree, "id").len, 36);
    o->answered++;
}

static void see_prediction(struct seen *o, const cJSON *tree) {
    struct place *p = place_of(o, tree);
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(tree, "probabilities")) {
        if (item->valuedouble > p->best) p->best = item->valuedouble;
    }
    p->asked = cJSON_IsTrue(cJSON_GetObjectItem(tree, "asked"));
    o->asked += p->asked;
}

static void see(struct seen *o, const struct cycle *c) {
    struct arena arena = {0};
    for (size_t i = 0; i < c->records; i++) {
        const struct producer_record *r = &c->record[i];
        if (r->topic == CYCLE_TASKS) o->tasks += rng_mix(hash_bytes(r->value.at, r->value.len));
        if (r->topic != CYCLE_AUTO_LABELS && r->topic != CYCLE_PREDICTIONS) continue;
        cJSON *tree = json_parse(r->value, &arena);
        if (r->topic == CYCLE_AUTO_LABELS) see_answer(o, tree, r->key);
        else see_prediction(o, tree);
        cJSON_Delete(tree);
    }
    arena_release(&arena);
}

static struct seen *go(struct stream *s, const struct auto_rule *rules, bool paused) {
    struct seen *o = xcalloc(1, sizeof *o);
    struct cycle cycle = {0};
    struct pipeline *p;
    struct snapshot in_force = s->after;
    in_force.auto_ = rules;
    in_force.policy.operator_.paused = paused;
    counted[0] = counted[1] = 0;
    assert_int_equal(pipeline_create(&p, &(struct pipeline_options){.config = s->config,
                                                                    .features = s->features,
                                                                    .partitions = PARTITIONS,
                                                                    .auto_labels = counted}),
                     0);
    for (int32_t i = 0; i < PARTITIONS; i++) pipeline_own(p, i, 0, true, (struct text){0}, NOW);
    struct batch *b = pipeline_batch(p);
    for (size_t i = 0; i < SAMPLES; i++) {
        b->record[b->n] = s->record[i];
        b->in_force[b->n++] = &in_force;
        if (b->n < 50 && i + 1 < SAMPLES) continue;
        pipeline_run(p, b, NOW, &cycle);
        batch_reset(b);
    }
    pipeline_end_windows(p, &in_force, NOW + 1, 0, &cycle);
    see(o, &cycle);
    assert_int_equal(counted[0] + counted[1], o->answered);
    cycle_release(&cycle);
    pipeline_destroy(p);
    return o;
}

static void exactly_what_is_certified_and_not_asked_is_answered(void **state) {
    const uint32_t from = 52000;
    const struct auto_rule rules[2] = {{from, CERTIFICATE}, {UINT32_MAX, 0}};
    struct seen *without = go(*state, NULL, false), *with = go(*state, rules, false);
    assert_int_equal(without->answered, 0);
    assert_true(with->answered > 100 && with->asked > 100);
    assert_true(with->asked == without->asked && with->tasks == without->tasks);
    for (size_t p = 0; p < PARTITIONS; p++)
        for (size_t i = 0; i < SAMPLES; i++) {
            const struct place *at = &with->at[p][i];
            assert_false(at->asked && at->answered);
            assert_false(at->answered && (at->class_ || unasked_term((float)at->best) < from));
        }
    free(without);
    free(with);
}

/* Every sample of the class above the threshold, but those that are asked. */
static void none_is_left_out(void **state) {
    const struct auto_rule rules[2] = {{32768, CERTIFICATE}, {32768, CERTIFICATE}};
    struct seen *all = go(*state, rules, false);
    size_t decided = 0;
    for (size_t p = 0; p < PARTITIONS; p++)
        for (size_t i = 0; i < SAMPLES; i++) decided += all->at[p][i].best > 0;
    assert_true(decided > SAMPLES / 2);
    assert_int_equal(all->answered + all->asked, decided);
    free(all);
}

static void what_cannot_be_drawn_is_not_answered(void **state) {
    const struct auto_rule rules[2] = {{32768, CERTIFICATE}, {32768, CERTIFICATE}};
    struct seen *paused = go(*state, rules, true);
    assert_int_equal(paused->answered, 0);
    free(paused);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(exactly_what_is_certified_and_not_asked_is_answered, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(none_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_drawn_is_not_answered, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
