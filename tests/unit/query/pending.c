/* The pending discount: regions are counted, a model halves the counts, and utilities follow. */
#include "stream.h"

#include "query/pending.h"
#include "unit/test.h"

static void counts_stop_at_their_most_and_halve(void **state) {
    (void)state;
    struct partition_state s = {0};
    for (unsigned region = 0; region < STATE_REGIONS; region++)
        for (unsigned n = 0; n <= region; n++) pending_add(&s, region);
    for (unsigned region = 0; region < STATE_REGIONS; region++)
        assert_int_equal(pending_count(&s, region), region < 15 ? region + 1 : 15);
    pending_halve(&s);
    for (unsigned region = 0; region < STATE_REGIONS; region++)
        assert_int_equal(pending_count(&s, region), region < 15 ? (region + 1) / 2 : 7);
}

static struct model *a_model(size_t d) {
    struct model_shape shape = {.d = d, .k = 2, .members = 1, .layers = 1, .width = {d, 2}};
    struct model *m;
    assert_int_equal(model_create(&m, &shape), 0);
    m->version = 1;
    return m;
}

/* Near rows share a region, opposite ones never do; rows spread over many of them. */
static void regions_are_of_the_space(void **state) {
    (void)state;
    enum { D = 6 };
    struct model *m = a_model(D);
    float *direction = pending_directions(3, D);
    size_t same = 0, of[STATE_REGIONS] = {0}, reached = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        struct rng r = {.seed = i};
        double row[D], near[D], opposite[D];
        for (size_t j = 0; j < D; j++)
            row[j] = rng_next_normal(&r), near[j] = row[j] * 1.01, opposite[j] = -row[j];
        unsigned region = pending_region(direction, m, row);
        of[region]++;
        same += pending_region(direction, m, near) == region;
        assert_int_equal(pending_region(direction, m, opposite), region ^ 15u);
    }
    for (size_t i = 0; i < STATE_REGIONS; i++) reached += of[i] > 0;
    assert_int_equal(same, 1000);
    assert_true(reached >= 10);
    free(direction);
    model_destroy(m);
}

static struct decision take(struct partition *p, const struct model *m, double x, double utility) {
    const float prob[2] = {1 - (float)utility, (float)utility};
    const struct candidate c = {.partition = 0,
                                .offset = p->offset++,
                                .mixed = prob,
                                .prob = prob,
                                .row = &x,
                                .model = m,
                                .scored = true};
    struct decision d;
    strategy_decide(p->strategy, &p->policy, 0, &c, &p->state, &d);
    return d;
}

/* What was just asked is worth less until a model has come, and only in its region. */
static void requests_discount_their_region(void **state) {
    (void)state;
    struct config c = config_of(0.5, MANAGER_FIXED);
    struct partition p;
    struct model *m = a_model(1);
    c.query.pending_discount = 1;
    c.query.threshold = 0.7;
    partition_open(&p, &c);
    assert_true(take(&p, m, 1, 0.5).utility == 0.5);
    while (!take(&p, m, 1, 0.75).by_strategy) {
    }
    assert_true(fabs(take(&p, m, 1, 0.5).utility - 0.25) < 1e-3);
    assert_true(take(&p, m, -1, 0.5).utility == 0.5);
    strategy_swap(p.strategy, 2, NULL, &p.state);
    assert_true(take(&p, m, 1, 0.5).utility == 0.5);
    partition_close(&p);
    model_destroy(m);
}

/* I5: the random arm's requests must not be seen in utilities. */
static void the_random_arm_is_not_counted(void **state) {
    (void)state;
    struct config c = config_of(0.5, MANAGER_FIXED);
    struct partition p;
    struct model *m = a_model(1);
    c.query.pending_discount = 1;
    c.query.threshold = 10;
    partition_open(&p, &c);
    size_t asked = 0;
    for (int i = 0; i < 200; i++) {
        struct decision d = take(&p, m, 1, 0.5);
        asked += d.by_random;
        assert_true(d.utility == 0.5);
    }
    assert_true(asked > 15);
    partition_close(&p);
    model_destroy(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_stop_at_their_most_and_halve),
        cmocka_unit_test(regions_are_of_the_space),
        cmocka_unit_test(requests_discount_their_region),
        cmocka_unit_test(the_random_arm_is_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
