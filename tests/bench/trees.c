/* What a row costs that trees score: model_predict of a pushed model, forest and all.
 *
 *   bench-trees TREES DEPTH COLUMNS ROUNDS    CPU nanoseconds a row, one number a round
 *   bench-trees TREES DEPTH COLUMNS 0         rows inside counted(), for callgrind
 *   --toggle-collect=counted; prints how many rows
 *
 * The trees are full, so that no row comes to a leaf early, and look at random columns near their
 * middle, so that no processor guesses the way. */
#include "infer/score_model.h"

#include "base/rng.h"

#include <stdio.h>
#include <time.h>

enum { ROWS = 4096, COUNTED = 512, K = 2 };

static struct rng rng = {.seed = 3};

static void fill_tree(struct forest_parts *p, size_t tree, size_t depth, size_t columns) {
    size_t nodes = ((size_t)2 << depth) - 1, root = tree * nodes;
    p->root[tree] = (float)root;
    for (size_t i = 0; i < nodes; i++) {
        bool leaf = 2 * i + 1 >= nodes;
        p->slot[root + i] = leaf ? -1 : (float)rng_below(rng_next(&rng), columns);
        p->child[root + i] = leaf ? 0 : (float)(root + 2 * i + 1);
        p->threshold[root + i] = rng_next_normal(&rng) / 4;
    }
}

static struct model *model_of(size_t trees, size_t depth, size_t columns) {
    struct forest_parts p = {.trees = trees,
                             .nodes = trees * (((size_t)2 << depth) - 1),
                             .slots = columns,
                             .outputs = 1};
    struct forest *f;
    struct model *m;
    const char *why;
    p.rule = xcalloc(FOREST_RULES, sizeof *p.rule), p.base = xcalloc(1, sizeof *p.base);
    p.root = xcalloc(trees, sizeof *p.root), p.output = xcalloc(trees, sizeof *p.output);
    p.threshold = xcalloc(p.nodes, sizeof *p.threshold);
    p.slot = xcalloc(p.nodes, sizeof *p.slot), p.child = xcalloc(p.nodes, sizeof *p.child);
    p.place = xcalloc(columns * FOREST_SLOT_NUMBERS, sizeof *p.place);
    p.rule[0] = 1;
    for (size_t c = 0; c < columns; c++)
        p.place[c * FOREST_SLOT_NUMBERS] = (float)c, p.place[c * FOREST_SLOT_NUMBERS + 1] = -1;
    for (size_t t = 0; t < trees; t++) fill_tree(&p, t, depth, columns);
    CHECK(forest_create(&f, &p, columns, K, &why) == 0);
    const struct score_columns score = {.d = columns,
                                        .first = columns,
                                        .n = 1,
                                        .k = K,
                                        .positive = 1,
                                        .members = 1,
                                        .classes = TEXT("a\nb"),
                                        .forest = f};
    CHECK(score_model_create(&m, &score) == 0);
    forest_destroy(f);
    forest_parts_release(&p);
    return m;
}

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static __attribute__((noinline)) float counted(const struct model *m, const double *row, size_t n,
                                               float *scratch) {
    float prob[K], sum = 0;
    for (size_t i = 0; i < n; i++) {
        model_predict(m, row + i * m->shape.d, scratch, NULL, prob);
        sum += prob[1];
    }
    return sum;
}

int main(int argc, char **argv) {
    if (argc != 5) return 64;
    size_t trees = strtoul(argv[1], NULL, 10), depth = strtoul(argv[2], NULL, 10),
           columns = strtoul(argv[3], NULL, 10), rounds = strtoul(argv[4], NULL, 10);
    struct model *m = model_of(trees, depth, columns);
    double *row = xcalloc(ROWS * columns, sizeof *row);
    float *scratch = xcalloc(model_scratch(&m->shape), sizeof *scratch);
    for (size_t i = 0; i < ROWS * columns; i++) row[i] = rng_next_normal(&rng);
    float sum = counted(m, row, rounds ? ROWS : COUNTED, scratch);
    if (!rounds) printf("%d\n", COUNTED);
    for (size_t r = 0; r < rounds; r++) {
        double from = now_ns();
        sum += counted(m, row, ROWS, scratch);
        printf("%.1f\n", (now_ns() - from) / ROWS);
    }
    free(scratch), free(row);
    model_destroy(m);
    return sum >= 0 ? 0 : 1;
}
