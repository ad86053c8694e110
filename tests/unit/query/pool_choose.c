/* The rules that choose a batch: each against its definition, computed the slow way. */
#include "query/pool.h"

#include "base/rng.h"
#include "unit/test.h"

#include <math.h>
#include <string.h>

enum { N = 40, D = 2, K = 3, TAKE = 8 };

struct set {
    double utility[N], scratch[2 * N];
    float z[N * D], prob[N * K];
    size_t chosen[N];
    struct pool_view v;
};

static void make(struct set *s, uint64_t seed) {
    struct rng r = {.seed = seed};
    for (size_t i = 0; i < N; i++) {
        float sum = 0;
        s->utility[i] = rng_next_unit(&r);
        for (size_t j = 0; j < D; j++) s->z[i * D + j] = (float)rng_next_normal(&r);
        for (size_t c = 0; c < K; c++)
            sum += s->prob[i * K + c] = (float)rng_next_unit(&r) * (c == 1 ? 2.0f : 1.0f);
        for (size_t c = 0; c < K; c++) s->prob[i * K + c] /= sum;
    }
    s->v = (struct pool_view){
        .n = N, .d = D, .k = K, .utility = s->utility, .z = s->z, .prob = s->prob};
}

static size_t choose(struct set *s, enum pool_rule rule, double trade, uint64_t window, size_t k) {
    struct pool_choice how = {
        .rule = rule, .trade = trade, .seed = 5, .topic = 6, .partition = 7, .window = window};
    return pool_choose(&s->v, &how, k, s->scratch, s->chosen);
}

static double distance(const struct set *s, size_t a, size_t b) {
    double x = s->z[a * D] - (double)s->z[b * D], y = s->z[a * D + 1] - (double)s->z[b * D + 1];
    return sqrt((x * x + y * y) / D);
}

static size_t predicted(const struct set *s, size_t i) {
    const float *p = s->prob + i * K;
    return p[0] >= p[1] && p[0] >= p[2] ? 0 : p[1] >= p[2] ? 1 : 2;
}

static bool among(const struct set *s, size_t n, size_t i) {
    for (size_t j = 0; j < n; j++)
        if (s->chosen[j] == i) return true;
    return false;
}

static size_t best(const struct set *s) {
    size_t b = 0;
    for (size_t i = 1; i < N; i++)
        if (s->utility[i] > s->utility[b]) b = i;
    return b;
}

/* ---- what holds for all ---- */

static void nobody_is_chosen_twice(void **state) {
    (void)state;
    for (int rule = 0; rule < POOL_SYNTHESIS; rule++)
        for (uint64_t seed = 0; seed < 10; seed++)
            for (size_t k = 0; k <= N + 5; k += 5) {
                struct set s;
                make(&s, seed);
                size_t n = choose(&s, (enum pool_rule)rule, 0.5, seed, k);
                assert_int_equal(n, k < N ? k : N);
                for (size_t i = 0; i < n; i++)
                    assert_true(s.chosen[i] < N && !among(&s, i, s.chosen[i]));
            }
}

static void infinite_utilities_are_chosen_too(void **state) {
    (void)state;
    for (int rule = 0; rule < POOL_SYNTHESIS; rule++) {
        struct set s;
        make(&s, 3);
        for (size_t i = 0; i < N; i++) s.utility[i] = i % 2 ? -INFINITY : INFINITY;
        assert_int_equal(choose(&s, (enum pool_rule)rule, 0.5, 1, N), N);
    }
}

/* ---- one by one ---- */

static void plain_is_the_top(void **state) {
    (void)state;
    struct set s;
    make(&s, 1);
    size_t n = choose(&s, POOL_PLAIN, 0, 0, TAKE);
    for (size_t i = 1; i < n; i++)
        assert_true(s.utility[s.chosen[i]] <= s.utility[s.chosen[i - 1]]);
    for (size_t i = 0; i < N; i++)
        if (!among(&s, n, i)) assert_true(s.utility[i] <= s.utility[s.chosen[n - 1]]);
}

static void distinct_leaves_copies_out(void **state) {
    (void)state;
    struct set s;
    make(&s, 2);
    for (size_t i = 0; i < N; i++)
        memcpy(s.z + i * D, s.z + i % 5 * D, D * sizeof *s.z); // five different rows
    size_t n = choose(&s, POOL_DISTINCT, 0, 0, TAKE);
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) assert_true(s.chosen[i] % 5 != s.chosen[j] % 5);
    assert_int_equal(s.chosen[0], best(&s));
}

static void balanced_takes_turns(void **state) {
    (void)state;
    struct set s;
    make(&s, 4);
    size_t n = choose(&s, POOL_BALANCED, 0, 0, 3 * 3), of[K] = {0};
    for (size_t i = 0; i < n; i++) of[predicted(&s, s.chosen[i])]++;
    for (size_t c = 0; c < K; c++) assert_int_equal(of[c], 3);
}

/* Each next one has the largest distance to the nearest of those before. */
static void k_centre_goes_far(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct set s;
        make(&s, seed);
        size_t n = choose(&s, POOL_K_CENTRE, 0, 0, TAKE);
        assert_int_equal(s.chosen[0], best(&s));
        for (size_t i = 1; i < n; i++) {
            double largest = 0, own = INFINITY;
            for (size_t j = 0; j < N; j++) {
                double nearest = INFINITY;
                for (size_t c = 0; c < i; c++)
                    nearest = fmin(nearest, distance(&s, j, s.chosen[c]));
                largest = fmax(largest, nearest);
                if (j == s.chosen[i]) own = nearest;
            }
            assert_true(own == largest);
        }
    }
}

static void mmr_trades(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct set plain, far, traded;
        make(&plain, seed), make(&far, seed), make(&traded, seed);
        choose(&plain, POOL_PLAIN, 0, 0, TAKE);
        choose(&far, POOL_MMR, 1, 0, TAKE);
        for (size_t i = 0; i < TAKE; i++)
            assert_int_equal(far.chosen[i], plain.chosen[i]); // trade 1: utility alone
        size_t n = choose(&traded, POOL_MMR, 0.5, 0, TAKE);
        for (size_t i = 1; i < n; i++) {
            double largest = -INFINITY, own = 0;
            for (size_t j = 0; j < N; j++) {
                double nearest = INFINITY, below = 0;
                if (among(&traded, i, j)) continue;
                for (size_t c = 0; c < i; c++)
                    nearest = fmin(nearest, distance(&traded, j, traded.chosen[c]));
                for (size_t o = 0; o < N; o++) below += traded.utility[o] < traded.utility[j];
                double value = 0.5 * below / (N - 1) - 0.5 / (1 + nearest);
                largest = fmax(largest, value);
                if (j == traded.chosen[i]) own = value;
            }
            assert_true(fabs(own - largest) < 1e-12);
        }
    }
}

/* ---- badge ---- */

static double gradient_distance(const struct set *s, size_t a, size_t b) {
    double sum = 0;
    for (size_t c = 0; c < K; c++)
        for (size_t j = 0; j <= D; j++) {
            double za = j < D ? (double)s->z[a * D + j] : 1,
                   zb = j < D ? (double)s->z[b * D + j] : 1;
            double ga = ((double)s->prob[a * K + c] - (c == predicted(s, a))) * za,
                   gb = ((double)s->prob[b * K + c] - (c == predicted(s, b))) * zb;
            sum += (ga - gb) * (ga - gb);
        }
    return sum;
}

/* The second one is drawn by its squared distance from the first, in the space of whole
 * gradients. */
static void badge_draws_by_gradients(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    struct set s;
    make(&s, 8);
    size_t drawn[N] = {0};
    double sum = 0, chi2 = 0;
    size_t first = 0;
    for (uint64_t window = 0; window < DRAWS; window++) {
        assert_int_equal(choose(&s, POOL_BADGE, 0, window, 2), 2);
        first = s.chosen[0];
        drawn[s.chosen[1]]++;
    }
    for (size_t i = 0; i < N; i++) sum += gradient_distance(&s, i, first);
    for (size_t i = 0; i < N; i++) {
        double expected = DRAWS * gradient_distance(&s, i, first) / sum;
        if (i == first) assert_int_equal(drawn[i], 0);
        else chi2 += pow((double)drawn[i] - expected, 2) / expected;
    }
    assert_true(chi2 > 12 && chi2 < 85); // 38 degrees of freedom: mean 38, deviation 9
}

static void badge_draws_the_same_again(void **state) {
    (void)state;
    struct set a, b;
    make(&a, 9), make(&b, 9);
    choose(&a, POOL_BADGE, 0, 4, TAKE);
    choose(&b, POOL_BADGE, 0, 4, TAKE);
    assert_memory_equal(a.chosen, b.chosen, TAKE * sizeof *a.chosen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_chosen_twice),
        cmocka_unit_test(infinite_utilities_are_chosen_too),
        cmocka_unit_test(plain_is_the_top),
        cmocka_unit_test(distinct_leaves_copies_out),
        cmocka_unit_test(balanced_takes_turns),
        cmocka_unit_test(k_centre_goes_far),
        cmocka_unit_test(mmr_trades),
        cmocka_unit_test(badge_draws_by_gradients),
        cmocka_unit_test(badge_draws_the_same_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
