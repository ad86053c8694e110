/* Membership query synthesis: points lie on the boundary, between real rows; their nearest samples
 * differ. */
#include "query/pool.h"

#include "base/rng.h"
#include "unit/test.h"

#include <math.h>

enum { N = 30, D = 2, K = 2, POINTS = 6 };

struct set {
    struct model *model;
    struct pool_item items[N];
    double row[N * D], utility[N], point_row[POINTS * D];
    float z[N * D], prob[N * K], scratch[256];
    unsigned char used[2 * N];
    struct pool_point points[POINTS];
    struct pool_view v;
};

/* shift: of the boundary, in units of the data's spread. */
static void make(struct set *s, uint64_t seed, float shift) {
    struct model_shape shape = {.d = D, .k = K, .members = 1, .layers = 1, .width = {D, K}};
    struct rng r = {.seed = seed};
    assert_int_equal(model_create(&s->model, &shape), 0);
    struct model *m = s->model;
    m->mean[0] = 100, m->scale[0] = 0.1; // a column with units
    m->weight[0][2] = 2, m->weight[0][3] = -1, m->bias[0][1] = shift;
    assert_true(model_scratch(&shape) + K <= sizeof s->scratch / sizeof *s->scratch);
    for (size_t i = 0; i < N; i++) {
        double *row = s->row + i * D;
        row[0] = 100 + 10 * rng_next_normal(&r), row[1] = rng_next_normal(&r);
        model_predict(m, row, s->scratch, NULL, s->prob + i * K);
        for (size_t j = 0; j < D; j++) s->z[i * D + j] = (float)model_standardised(m, j, row[j]);
        s->utility[i] = fmin((double)s->prob[i * K], (double)s->prob[i * K + 1]);
        s->items[i] = (struct pool_item){
            .offset = (int64_t)i, .utility = s->utility[i], .row = row, .slot = i};
    }
    for (size_t i = 0; i < POINTS; i++) s->points[i].row = s->point_row + i * D;
    s->v = (struct pool_view){
        .n = N, .d = D, .k = K, .utility = s->utility, .z = s->z, .prob = s->prob};
}

static void points_lie_on_the_boundary(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct set s;
        make(&s, seed, 0);
        size_t n = pool_synthesise(&s.v, s.items, s.model, POINTS, s.scratch, s.used, s.points);
        assert_int_equal(n, POINTS);
        for (size_t i = 0; i < n; i++) {
            float prob[K];
            model_predict(s.model, s.points[i].row, s.scratch, NULL, prob);
            assert_true(fabsf(prob[0] - 0.5f) < 1e-3f);
            for (size_t j = 0; j < i; j++) assert_true(s.points[i].nearest != s.points[j].nearest);
            for (size_t c = 0; c < D; c++) {
                double least = INFINITY, most = -INFINITY;
                for (size_t r = 0; r < N; r++)
                    least = fmin(least, s.row[r * D + c]), most = fmax(most, s.row[r * D + c]);
                assert_true(s.points[i].row[c] >= least && s.points[i].row[c] <= most);
            }
        }
        model_destroy(s.model);
    }
}

static void the_nearest_sample_is_the_nearest(void **state) {
    (void)state;
    struct set s;
    make(&s, 7, 0);
    assert_int_equal(pool_synthesise(&s.v, s.items, s.model, 1, s.scratch, s.used, s.points), 1);
    double nearest = INFINITY, own = 0;
    for (size_t i = 0; i < N; i++) {
        double sum = 0;
        for (size_t c = 0; c < D; c++)
            sum += pow((s.row[i * D + c] - s.points[0].row[c]) * s.model->scale[c], 2);
        nearest = fmin(nearest, sum);
        if (i == s.points[0].nearest) own = sum;
    }
    assert_true(fabs(own - nearest) < 1e-9);
    model_destroy(s.model);
}

static void one_class_has_no_boundary(void **state) {
    (void)state;
    struct set s;
    make(&s, 7, 100);
    assert_int_equal(pool_synthesise(&s.v, s.items, s.model, POINTS, s.scratch, s.used, s.points),
                     0);
    model_destroy(s.model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_lie_on_the_boundary),
        cmocka_unit_test(the_nearest_sample_is_the_nearest),
        cmocka_unit_test(one_class_has_no_boundary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
