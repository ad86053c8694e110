/* Flat trees: where a number goes, missing or not, and that nothing unsound can be walked. */
#include "infer/forest.h"

#include "unit/test.h"

#include <math.h>
#include <string.h>

enum { D = 3, SLOTS = FOREST_MISSINGS, NODES = 3 * FOREST_MISSINGS };

/* One stump for each rule of missing numbers: column 0 at most 1 → adds 1, 10, 100, …; else
 * nothing. Column 1 says that it is missing. */
struct stumps {
    float rule[FOREST_RULES], root[SLOTS], output[SLOTS], slot[NODES], child[NODES],
        place[SLOTS * FOREST_SLOT_NUMBERS];
    double threshold[NODES], base[1];
    struct forest_parts parts;
};

static void stumps_of(struct stumps *s) {
    *s = (struct stumps){.base = {0}};
    for (size_t t = 0; t < SLOTS; t++) {
        s->root[t] = (float)(3 * t);
        s->slot[3 * t] = (float)t, s->slot[3 * t + 1] = s->slot[3 * t + 2] = -1;
        s->child[3 * t] = (float)(3 * t + 1);
        s->threshold[3 * t] = 1, s->threshold[3 * t + 1] = pow(10, (double)t);
        s->place[t * FOREST_SLOT_NUMBERS + 1] = 1;
        s->place[t * FOREST_SLOT_NUMBERS + 2] = (float)t;
    }
    s->parts = (struct forest_parts){.trees = SLOTS,
                                     .nodes = NODES,
                                     .slots = SLOTS,
                                     .outputs = 1,
                                     .rule = s->rule,
                                     .root = s->root,
                                     .output = s->output,
                                     .threshold = s->threshold,
                                     .slot = s->slot,
                                     .child = s->child,
                                     .place = s->place,
                                     .base = s->base};
}

static double score_of(const struct stumps *s, double x, bool missing) {
    struct forest *f;
    const char *why;
    const double row[D] = {x, missing, 7};
    double room[SLOTS + 1], score[1];
    if (forest_create(&f, &s->parts, D, 2, &why) < 0) fail_msg("%s", why);
    assert_int_equal(forest_room(forest_slots(f), 1), SLOTS + 2);
    forest_score(f, row, room, score);
    forest_destroy(f);
    return score[0];
}

static void a_missing_number_follows_its_rule(void **state) {
    (void)state;
    struct stumps s;
    stumps_of(&s);
    assert_true(score_of(&s, 1, false) == 11111);
    assert_true(score_of(&s, 1 + 1e-15, false) == 0);
    assert_true(score_of(&s, 5, true) == 10110);  // right and zero_right go right
    assert_true(score_of(&s, 0, false) == 10111); // zero_right goes right
    assert_true(score_of(&s, 1e-35f, false) == 10111);
    assert_true(score_of(&s, 2e-35, false) == 11111);
    for (size_t t = 0; t < SLOTS; t++) s.threshold[3 * t] = -1;
    assert_true(score_of(&s, 5, true) == 10010); // as 0 it is above −1
    s.rule[0] = 1;                               // as floats
    for (size_t t = 0; t < SLOTS; t++) s.threshold[3 * t] = 1;
    assert_true(score_of(&s, 1 + 1e-15, false) == 11111);
    assert_true(score_of(&s, 1e300, false) == 0 && score_of(&s, -1e300, false) == 11111);
}

static void scores_are_log_odds_or_logarithms(void **state) {
    (void)state;
    struct stumps s;
    stumps_of(&s);
    s.parts.trees = 1, s.parts.nodes = 3;
    s.rule[1] = 1;
    s.threshold[1] = 0.25;
    assert_true(fabs(score_of(&s, 0, false) - log(0.25 / 0.75)) < 1e-15);
    s.threshold[1] = 1.5; // rounding, or nonsense: still a number
    assert_true(score_of(&s, 0, false) < 28 && score_of(&s, 0, false) > 27);
    struct forest *f;
    const char *why;
    double base[3] = {1, 2, 3}, room[SLOTS + 1], score[3], sum = 0;
    const double row[D] = {0};
    s.rule[1] = 0, s.threshold[1] = 2;
    s.parts.base = base, s.parts.outputs = 3;
    assert_int_equal(forest_create(&f, &s.parts, D, 3, &why), 0);
    forest_score(f, row, room, score);
    for (size_t c = 0; c < 3; c++) sum += exp(score[c]);
    assert_true(fabs(sum - 1) < 1e-15 && fabs(score[0] - score[2]) < 1e-15 && score[1] < score[0]);
    forest_destroy(f);
}

static bool refused(const struct stumps *s, size_t d, size_t k) {
    struct forest *f;
    const char *why = NULL;
    int result = forest_create(&f, &s->parts, d, k, &why);
    assert_true(result == 0 ? f != NULL : !f && why);
    forest_destroy(f);
    return result == ERR_CORRUPT;
}

static void what_is_unsound_is_no_forest(void **state) {
    (void)state;
    struct stumps good, s;
    stumps_of(&good);
    assert_false(refused(&good, D, 2));
    assert_true(refused(&good, 1, 2)); // column 1 is none
    assert_true(refused(&good, D, 3)); // one output for three classes
    const struct {
        size_t at; // of the struct
        float to;
    } floats[] = {
        {offsetof(struct stumps, rule), 2},          {offsetof(struct stumps, root), 1},
        {offsetof(struct stumps, root[1]), 0},       {offsetof(struct stumps, root[1]), 2.5f},
        {offsetof(struct stumps, root[4]), NODES},   {offsetof(struct stumps, output), 1},
        {offsetof(struct stumps, output[2]), NAN},   {offsetof(struct stumps, slot), SLOTS},
        {offsetof(struct stumps, slot[3]), -2},      {offsetof(struct stumps, child), 0},
        {offsetof(struct stumps, child), 2},         {offsetof(struct stumps, child[3]), 7},
        {offsetof(struct stumps, child[12]), 1e30f}, {offsetof(struct stumps, place), D},
        {offsetof(struct stumps, place[1]), D},      {offsetof(struct stumps, place[1]), -2},
        {offsetof(struct stumps, place[2]), SLOTS},  {offsetof(struct stumps, place[3]), -1}};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++) {
        stumps_of(&s);
        memcpy((char *)&s + floats[i].at, &floats[i].to, sizeof(float));
        if (!refused(&s, D, 2)) fail_msg("change %zu was taken", i);
    }
    const double doubles[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        for (size_t node = 0; node < 2; node++) {
            stumps_of(&s);
            s.threshold[node] = doubles[i];
            assert_true(refused(&s, D, 2));
        }
    stumps_of(&s), s.threshold[1] = 1e9;
    assert_true(refused(&s, D, 2));
    stumps_of(&s), s.base[0] = NAN;
    assert_true(refused(&s, D, 2));
    stumps_of(&s), s.parts.trees = 0;
    assert_true(refused(&s, D, 2));
}

static void a_copy_and_its_parts_are_the_same(void **state) {
    (void)state;
    struct stumps s;
    struct forest *f, *again;
    struct forest_parts p;
    const char *why;
    stumps_of(&s);
    assert_int_equal(forest_create(&f, &s.parts, D, 2, &why), 0);
    struct forest *copy = forest_copy(f);
    forest_destroy(f);
    forest_parts_of(copy, &p);
    assert_memory_equal(p.threshold, s.threshold, sizeof s.threshold);
    assert_memory_equal(p.slot, s.slot, sizeof s.slot);
    assert_memory_equal(p.child, s.child, sizeof s.child);
    assert_memory_equal(p.place, s.place, sizeof s.place);
    assert_memory_equal(p.root, s.root, sizeof s.root);
    assert_int_equal(forest_create(&again, &p, D, 2, &why), 0);
    assert_true(forest_work(again) == forest_work(copy) && forest_trees(again) == SLOTS);
    assert_true(forest_work(copy) == SLOTS + 2 * SLOTS);
    forest_parts_release(&p);
    forest_destroy(copy), forest_destroy(again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_number_follows_its_rule),
        cmocka_unit_test(scores_are_log_odds_or_logarithms),
        cmocka_unit_test(what_is_unsound_is_no_forest),
        cmocka_unit_test(a_copy_and_its_parts_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
