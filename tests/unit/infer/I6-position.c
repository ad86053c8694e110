/* I6: a score is the same to the bit wherever the row, the scratch and the weights lie in memory,
 * and whatever is scored before it (unit.infer.kernels: and whichever kernels this processor has).
 */
#include "models.h"

#include <string.h>

enum { ROWS = 24, SHIFT_BYTES = 64 };

static const struct {
    size_t d, k, members, hidden, width;
} shapes[] = {{1, 2, 1, 0, 0},   {3, 2, 4, 0, 0},   {8, 2, 4, 0, 0},
              {30, 2, 4, 0, 0},  {33, 5, 3, 0, 0},  {65, 10, 4, 0, 0},
              {257, 3, 1, 0, 0}, {17, 3, 2, 2, 13}, {64, 2, 4, 1, 32}};

struct answers {
    float *prob, *member; // (ROWS, k), (ROWS, members, k)
};

static void score_all(const struct model *m, const double *rows, float *scratch,
                      struct answers out) {
    const struct model_shape *s = &m->shape;
    for (size_t i = 0; i < ROWS; i++)
        model_predict(m, rows + i * s->d, scratch, out.member + i * s->members * s->k,
                      out.prob + i * s->k);
}

static struct answers answers_of(const struct model_shape *s) {
    return (struct answers){xcalloc(ROWS * s->k, sizeof(float)),
                            xcalloc(ROWS * s->members * s->k, sizeof(float))};
}

static bool equal_answers(const struct model_shape *s, struct answers a, struct answers b) {
    return memcmp(a.prob, b.prob, ROWS * s->k * sizeof(float)) == 0 &&
           memcmp(a.member, b.member, ROWS * s->members * s->k * sizeof(float)) == 0;
}

/* A copy that begins `shift` bytes behind a 64-byte boundary, which *room owns. */
static void *moved(const void *data, size_t bytes, size_t shift, void **room) {
    CHECK(posix_memalign(room, SHIFT_BYTES, bytes + SHIFT_BYTES) == 0);
    return memcpy((char *)*room + shift, data, bytes);
}

static bool same_when_rows_move(const struct model *m, const double *rows, struct answers expected,
                                struct answers got) {
    const struct model_shape *s = &m->shape;
    bool same = true;
    for (size_t shift = 0; shift < SHIFT_BYTES; shift += sizeof(float)) {
        void *row_room, *scratch_room;
        float *zero = xcalloc(model_scratch(s), sizeof *zero);
        const double *there = moved(rows, ROWS * s->d * sizeof *rows,
                                    shift / sizeof(double) * sizeof(double), &row_room);
        score_all(m, there, moved(zero, model_scratch(s) * sizeof *zero, shift, &scratch_room),
                  got);
        same &= equal_answers(s, expected, got);
        free(zero);
        free(row_room);
        free(scratch_room);
    }
    return same;
}

static bool same_when_weights_move(struct model *m, const double *rows, struct answers expected,
                                   struct answers got) {
    const struct model_shape *s = &m->shape;
    float *scratch = xmalloc(model_scratch(s) * sizeof *scratch), *home[MODEL_LAYERS_MAX];
    void *room[MODEL_LAYERS_MAX];
    bool same = true;
    memcpy(home, m->weight, sizeof home);
    for (size_t shift = 0; shift < SHIFT_BYTES; shift += sizeof(float)) {
        for (size_t l = 0; l < s->layers; l++)
            m->weight[l] =
                moved(home[l], s->members * s->width[l] * s->width[l + 1] * sizeof(float), shift,
                      &room[l]);
        score_all(m, rows, scratch, got);
        same &= equal_answers(s, expected, got);
        for (size_t l = 0; l < s->layers; l++) free(room[l]);
    }
    memcpy(m->weight, home, sizeof home);
    free(scratch);
    return same;
}

/* Each row alone, last to first: the neighbours and what was scored before are other ones. */
static bool same_alone(const struct model *m, const double *rows, struct answers expected,
                       struct answers got) {
    const struct model_shape *s = &m->shape;
    for (size_t i = ROWS; i-- > 0;) {
        double *row = xmalloc(s->d * sizeof *row);
        float *scratch = xmalloc(model_scratch(s) * sizeof *scratch);
        memcpy(row, rows + i * s->d, s->d * sizeof *row);
        memset(scratch, 0xff,
               model_scratch(s) * sizeof *scratch); // NaN: what is left behind must not count
        model_predict(m, row, scratch, got.member + i * s->members * s->k, got.prob + i * s->k);
        free(row);
        free(scratch);
    }
    return equal_answers(s, expected, got);
}

static bool shape_holds(const struct model_shape *s, uint64_t seed) {
    struct model *m = random_model(s, seed);
    struct rng r = {.seed = seed + 1};
    double *rows = xmalloc(ROWS * s->d * sizeof *rows);
    for (size_t i = 0; i < ROWS * s->d; i++) rows[i] = 2 * rng_next_normal(&r);
    float *scratch = xcalloc(model_scratch(s), sizeof *scratch);
    struct answers expected = answers_of(s), got = answers_of(s);
    score_all(m, rows, scratch, expected);
    bool same = same_when_rows_move(m, rows, expected, got) &&
                same_when_weights_move(m, rows, expected, got) &&
                same_alone(m, rows, expected, got);
    void *owned_here[] = {rows, scratch, expected.prob, expected.member, got.prob, got.member};
    for (size_t i = 0; i < sizeof owned_here / sizeof *owned_here; i++) free(owned_here[i]);
    model_destroy(m);
    return same;
}

static void bits_do_not_depend_on_place(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct model_shape s = shape_of_layers(shapes[i].d, shapes[i].k, shapes[i].members,
                                               shapes[i].hidden, shapes[i].width);
        assert_true(shape_holds(&s, i));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_do_not_depend_on_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
