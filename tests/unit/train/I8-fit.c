/* I8: a version is a function of its labelled rows: equal rows give equal bits, wherever they lie
 * and whatever ran before; order matters only where a rule says so. */
#include "infer/model_record.h"

#include "labelled.h"

#include <math.h>
#include <string.h>

enum { N = 230, D = 9, K = 3, MEMBERS = 4 };
static const size_t memories[] = {50, 120, 1000};

static struct fit_options options(size_t hidden_n) {
    return (struct fit_options){.d = D,
                                .k = K,
                                .hidden_n = hidden_n,
                                .hidden = {7, 5},
                                .memories_n = 3,
                                .memories = memories,
                                .sgd_rate = 0.05,
                                .l2 = 1,
                                .shrinkage = 1,
                                .mix_memory = 100,
                                .seed = 11,
                                .measure = MEASURE_ENTROPY};
}

static void digest(struct model *m, char out[65]) {
    struct buf record = {0};
    model_write(m, "test", &record);
    memcpy(out, m->digest, 65);
    buf_release(&record);
    model_destroy(m);
}

/* A heap in another state than before: what the fit allocates comes from other places. */
static void disturb_heap(void *held[64], uint64_t seed) {
    struct rng r = {.seed = seed};
    for (int i = 0; i < 64; i++) {
        size_t bytes = 16 + rng_below(rng_next(&r), 40000);
        held[i] = memset(xmalloc(bytes), (int)seed, bytes);
    }
    for (int i = 0; i < 64; i += 2) {
        free(held[i]);
        held[i] = NULL;
    }
}

static void equal_rows_give_equal_bits(void **state) {
    (void)state;
    for (size_t hidden = 0; hidden <= 2; hidden++) {
        struct fit_options o = options(hidden);
        struct labelled s = labelled_random(N, D, K, MEMBERS, 3);
        char first[65], again[65];
        digest(fitted(&o, &s), first);
        for (uint64_t repeat = 0; repeat < 8; repeat++) {
            void *held[64];
            disturb_heap(held, repeat);
            digest(fitted(&o, &s), again);
            for (int i = 0; i < 64; i++) free(held[i]);
            assert_string_equal(first, again);
        }
        labelled_release(&s);
    }
}

/* The same rows `shift` bytes behind a 64-byte boundary. */
static void *moved(const void *data, size_t bytes, size_t shift, void **room) {
    CHECK(posix_memalign(room, 64, bytes + 64) == 0);
    return memcpy((char *)*room + shift, data, bytes);
}

static void equal_rows_elsewhere_give_equal_bits(void **state) {
    (void)state;
    struct fit_options o = options(0);
    struct labelled s = labelled_random(N, D, K, MEMBERS, 3);
    char first[65], again[65];
    digest(fitted(&o, &s), first);
    for (size_t shift = 8; shift < 64; shift += 8) {
        void *room[4];
        struct labelled t = s;
        t.rows.row = moved(s.row, N * D * sizeof *s.row, shift, &room[0]);
        t.rows.member = moved(s.member, N * MEMBERS * K * sizeof *s.member, 64 - shift, &room[1]);
        t.tasks.row = moved(s.row, N * D * sizeof *s.row, 64 - shift, &room[2]);
        t.tasks.weight = moved(s.weight, N * sizeof *s.weight, shift, &room[3]);
        digest(fitted(&o, &t), again);
        for (int i = 0; i < 4; i++) free(room[i]);
        assert_string_equal(first, again);
    }
    labelled_release(&s);
}

/* Every input counts: a function of nothing would pass the tests above. */
static void every_input_counts(void **state) {
    (void)state;
    struct fit_options o = options(0);
    char first[65], other[65];
    struct labelled s = labelled_random(N, D, K, MEMBERS, 3);
    digest(fitted(&o, &s), first);
    s.row[(N - 1) * D] += 1e-3;
    digest(fitted(&o, &s), other);
    assert_string_not_equal(first, other);
    s.row[(N - 1) * D] -= 1e-3;
    s.label[0] = (s.label[0] + 1) % K;
    digest(fitted(&o, &s), other);
    assert_string_not_equal(first, other);
    s.label[0] = (s.label[0] + K - 1) % K;
    s.weight[5] *= 2;
    digest(fitted(&o, &s), other);
    assert_string_not_equal(first, other);
    s.weight[5] /= 2;
    s.member[(N - 1) * MEMBERS * K] /= 2;
    digest(fitted(&o, &s), other);
    assert_string_not_equal(first, other);
    labelled_release(&s);
}

static void swap_rows(struct labelled *s, size_t a, size_t b) {
    double row[D];
    memcpy(row, s->row + a * D, sizeof row);
    memcpy(s->row + a * D, s->row + b * D, sizeof row);
    memcpy(s->row + b * D, row, sizeof row);
    int label = s->label[a];
    double weight = s->weight[a];
    s->label[a] = s->label[b];
    s->label[b] = label;
    s->weight[a] = s->weight[b];
    s->weight[b] = weight;
}

static double distance(const struct model *a, const struct model *b, size_t member) {
    double most = 0;
    for (size_t i = 0; i < K * D; i++)
        most = fmax(most, fabs((double)a->weight[0][member * K * D + i] -
                               (double)b->weight[0][member * K * D + i]));
    for (size_t i = 0; i < K; i++)
        most = fmax(most,
                    fabs((double)a->bias[0][member * K + i] - (double)b->bias[0][member * K + i]));
    return most;
}

/* Inside a memory the order of rows is nothing to a ridge fit but rounding; to the SGD pass it is
 * something. */
static void order_matters_to_the_sgd_member_alone(void **state) {
    (void)state;
    struct fit_options o = options(0);
    struct labelled s = labelled_random(N, D, K, 0, 3);
    struct model *before = fitted(&o, &s);
    for (size_t i = 0; i < 25; i++)
        swap_rows(&s, N - 1 - i, N - 50 + i); // inside the smallest memory
    struct model *after = fitted(&o, &s);
    for (size_t m = 0; m < 3; m++) assert_true(distance(before, after, m) < 1e-5);
    assert_true(distance(before, after, 3) > 1e-3);
    model_destroy(before);
    model_destroy(after);
    labelled_release(&s);
}

/* What the longest memory has lost leaves nothing behind in any fit; what a shorter one has lost
 * counts less there than in the longer one. Standardisation stays, for the tasks are the same. */
static void rows_beyond_a_memory_count_by_the_longer_one_alone(void **state) {
    (void)state;
    const size_t bounded[] = {50, 120, 200};
    struct fit_options o = options(0);
    o.memories = bounded;
    struct labelled s = labelled_random(N, D, K, 0, 3);
    struct model *before = fitted(&o, &s);
    for (size_t i = 0; i < N - 200; i++) s.label[i] = (s.label[i] + 1) % K;
    struct model *beyond = fitted(&o, &s);
    for (size_t m = 0; m < 3; m++) assert_true(distance(before, beyond, m) == 0);
    assert_true(distance(before, beyond, 3) > 0);
    for (size_t i = N - 200; i < N - 50; i++) s.label[i] = (s.label[i] + 1) % K;
    struct model *inside = fitted(&o, &s);
    assert_true(distance(before, inside, 2) > 0.1);
    assert_true(distance(before, inside, 0) > 0 &&
                distance(before, inside, 0) < distance(before, inside, 2));
    model_destroy(before);
    model_destroy(beyond);
    model_destroy(inside);
    labelled_release(&s);
}

static double length(const struct model *m, size_t member) {
    double squares = 0;
    for (size_t i = 0; i < K * D; i++) squares += pow((double)m->weight[0][member * K * D + i], 2);
    return sqrt(squares);
}

/* While every memory holds all labels the members are a path of ever weaker penalties; a stiff
 * chain is one fit. */
static void members_lean_on_the_longer_one(void **state) {
    (void)state;
    struct fit_options o = options(0);
    struct labelled few = labelled_random(40, D, K, 0, 3);
    o.l2 = 10;
    struct model *path = fitted(&o, &few);
    assert_true(length(path, 0) > 1.05 * length(path, 1) &&
                length(path, 1) > 1.05 * length(path, 2));
    o.shrinkage = 1e9;
    struct model *stiff = fitted(&o, &few);
    for (size_t m = 0; m < 2; m++)
        assert_memory_not_equal(path->weight[0] + m * K * D, stiff->weight[0] + m * K * D,
                                K * D * sizeof(float));
    for (size_t m = 0; m < 2; m++) assert_true(fabs(length(stiff, m) - length(path, 2)) < 1e-6);
    model_destroy(path);
    model_destroy(stiff);
    labelled_release(&few);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_rows_give_equal_bits),
        cmocka_unit_test(equal_rows_elsewhere_give_equal_bits),
        cmocka_unit_test(every_input_counts),
        cmocka_unit_test(order_matters_to_the_sgd_member_alone),
        cmocka_unit_test(rows_beyond_a_memory_count_by_the_longer_one_alone),
        cmocka_unit_test(members_lean_on_the_longer_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
