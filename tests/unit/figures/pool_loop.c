/* The loop on a pool: clouds are where they are said to be, a point is asked once, active learning
 * asks near the boundary and wins in the mean, and labels grow by the share that is asked for. */
#include "figures/pool_loop.h"

#include "query/strategy.h"
#include "unit/test.h"

#include <math.h>
#include <stdlib.h>

static const char yaml[] = "model: {classes: [\"0\", \"1\"]}\nfeatures: [{name: x}, {name: y}]\n";
static struct config *config;

static int setup(void **state) {
    (void)state;
    struct buf why = {0};
    if (config_parse(&config, "test", TEXT(yaml), &why) < 0) fail_msg("%s", buf_string(&why));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    config_destroy(config);
    return 0;
}

static void clouds(void **state) {
    (void)state;
    struct pool_points p = pool_points_two_gaussians(20000, 3, 2, 4, 0.25, 1),
                       q = pool_points_two_gaussians(20000, 3, 2, 4, 0.25, 1);
    double mean[2][3] = {0}, n[2] = {0};
    for (size_t i = 0; i < p.n; i++) {
        n[p.label[i]]++;
        for (size_t c = 0; c < 3; c++) mean[p.label[i]][c] += p.row[i * 3 + c];
    }
    assert_true(fabs(n[1] / 20000 - 0.25) < 0.02);
    for (size_t c = 0; c < 3; c++)
        for (int k = 0; k < 2; k++)
            assert_true(fabs(mean[k][c] / n[k] - (c == 2 ? 0 : k ? sqrt(2) : -sqrt(2))) < 0.06);
    assert_memory_equal(p.row, q.row, 20000 * 3 * sizeof *p.row);
    pool_points_release(&p);
    pool_points_release(&q);
}

static double distance_asked(const struct pool_points *p, const struct pool_loop_result *r,
                             size_t from, size_t to) {
    double sum = 0;
    for (size_t i = from; i < to; i++)
        sum += fabs(p->row[r->order[i] * 2] + p->row[r->order[i] * 2 + 1]) / (double)(to - from);
    return sum;
}

static void active_asks_near_the_boundary(void **state) {
    (void)state;
    double gain = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct pool_points p = pool_points_two_gaussians(400, 2, 2, 4, 0.5, seed);
        struct pool_loop_result r[2];
        for (int active = 0; active < 2; active++) {
            struct pool_loop_options o = {.config = config,
                                          .pool = &p,
                                          .test = &p,
                                          .first = 4,
                                          .labels = 30,
                                          .active = active,
                                          .seed = seed};
            assert_int_equal(pool_loop_run(&r[active], &o, false), 0);
            assert_int_equal(r[active].fits, 27);
            assert_int_equal(r[active].labelled[26], 30);
            bool asked[400] = {0};
            for (size_t i = 0; i < 30; i++) {
                assert_false(asked[r[active].order[i]]);
                asked[r[active].order[i]] = true;
            }
        }
        assert_memory_equal(r[0].order, r[1].order, 4 * sizeof *r[0].order);
        assert_true(distance_asked(&p, &r[1], 10, 30) < 0.7 * distance_asked(&p, &r[0], 10, 30));
        gain += r[1].accuracy[26] - r[0].accuracy[26];
        pool_loop_release(&r[0]);
        pool_loop_release(&r[1]);
        pool_points_release(&p);
    }
    assert_true(gain > 0);
}

static void labels_grow_by_a_share(void **state) {
    (void)state;
    struct pool_points p = pool_points_two_gaussians(200, 2, 2, 4, 0.5, 1);
    struct pool_loop_options o = {.config = config,
                                  .pool = &p,
                                  .test = &p,
                                  .first = 10,
                                  .labels = 200,
                                  .growth = 0.5,
                                  .active = true};
    struct pool_loop_result r;
    assert_int_equal(pool_loop_run(&r, &o, false), 0);
    static const size_t expected[] = {10, 15, 22, 33, 49, 73, 109, 163, 200};
    assert_int_equal(r.fits, 9);
    assert_memory_equal(r.labelled, expected, sizeof expected);
    pool_loop_release(&r);
    pool_points_release(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(clouds),
                                       cmocka_unit_test(active_asks_near_the_boundary),
                                       cmocka_unit_test(labels_grow_by_a_share)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
