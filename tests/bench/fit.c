/* What a fit of all members costs: fit_model with the members of the default configuration, on
 * labelled rows whose classes lie around centres of their own.
 *
 *   bench-fit LABELS COLUMNS CLASSES ROUNDS    CPU milliseconds a fit, one number a round
 *
 * Half of the columns say something of the class. One number in fifty is a code or missing and one
 * column in ten is skewed, so that knots, units and codes have something to find. What members said
 * of each row before is drawn at random: it costs what real sayings cost. */
#include "train/schedule.h"

#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct rng rng = {.seed = 5};

/* Labelled rows, which are also the tasks. */
struct rows {
    size_t n, d, k, members;
    double *row, *propensity, *weight;
    int *label;
    float *member;
    bool *open;
};

static double rows_number(size_t column, double centre) {
    double z = centre + rng_next_normal(&rng), u = rng_next_unit(&rng);
    if (u < 0.01) return 9999;
    if (u < 0.02) return 0;
    return column % 10 == 9 ? exp(z) : z;
}

static void rows_fill(struct rows *r) {
    double *centre = xcalloc(r->k * r->d, sizeof *centre), sum;
    for (size_t i = 0; i < r->k * r->d; i++)
        centre[i] = i % r->d % 2 ? 0 : rng_next_normal(&rng) / sqrt((double)r->d / 4);
    r->row = xcalloc(r->n * r->d, sizeof *r->row);
    r->propensity = xcalloc(r->n, sizeof *r->propensity);
    r->weight = xcalloc(r->n, sizeof *r->weight);
    r->label = xcalloc(r->n, sizeof *r->label);
    r->open = xcalloc(r->n, sizeof *r->open);
    r->member = xcalloc(r->n * r->members * r->k, sizeof *r->member);
    for (size_t i = 0; i < r->n; i++) {
        size_t class = rng_below(rng_next(&rng), r->k);
        r->label[i] = (int)class;
        r->propensity[i] = i % 5 ? 1 : 0.1;
        r->weight[i] = 1 / r->propensity[i];
        r->open[i] = i % 10 == 1;
        for (size_t c = 0; c < r->d; c++)
            r->row[i * r->d + c] = rows_number(c, centre[class * r->d + c]);
    }
    for (size_t i = 0; i < r->n * r->members; i++) {
        sum = 0;
        float *p = r->member + i * r->k;
        for (size_t c = 0; c < r->k; c++) sum += p[c] = (float)(0.1 + rng_next_unit(&rng));
        for (size_t c = 0; c < r->k; c++) p[c] /= (float)sum;
    }
    free(centre);
}

static void rows_release(struct rows *r) {
    free(r->row), free(r->propensity), free(r->weight), free(r->label), free(r->member),
        free(r->open);
}

/* The default members of a model of so many columns and classes. */
static struct config *config_of(size_t d, size_t k) {
    struct buf yaml = {0}, errors = {0};
    struct config *c;
    buf_str(&yaml, "budget: {rate: 0.01}\nadmit: {id: /id}\nmodel:\n  classes:\n");
    for (size_t i = 0; i < k; i++) buf_printf(&yaml, "    - c%zu\n", i);
    buf_str(&yaml, "features:\n");
    for (size_t i = 0; i < d; i++) buf_printf(&yaml, "  - {name: f%zu}\n", i);
    if (config_parse(&c, "bench", buf_view(&yaml), &errors) < 0) {
        fprintf(stderr, "%s\n", buf_string(&errors));
        exit(70);
    }
    buf_release(&yaml);
    buf_release(&errors);
    return c;
}

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void round_print(const struct fit_options *o, const struct rows *r) {
    const struct fit_rows rows = {.n = r->n,
                                  .row = r->row,
                                  .label = r->label,
                                  .propensity = r->propensity,
                                  .members = r->members,
                                  .member = r->member};
    const struct fit_tasks tasks = {r->n, r->row, r->weight, r->open};
    struct model *m;
    double from = now_ms();
    CHECK(fit_model(&m, o, &rows, &tasks) == 0);
    printf("%.2f\n", now_ms() - from);
    model_destroy(m);
}

int main(int argc, char **argv) {
    if (argc != 5) return 64;
    struct rows r = {.n = strtoul(argv[1], NULL, 10),
                     .d = strtoul(argv[2], NULL, 10),
                     .k = strtoul(argv[3], NULL, 10)};
    struct config *c = config_of(r.d, r.k);
    struct fit_memories memories = fit_memories_of(c);
    struct fit_options o = fit_options_of(c, r.d, 0, &memories);
    o.late = schedule_late(r.n / 10);
    r.members = fit_members(&o);
    rows_fill(&r);
    for (size_t rounds = strtoul(argv[4], NULL, 10); rounds; rounds--) round_print(&o, &r);
    rows_release(&r);
    config_destroy(c);
    return 0;
}
