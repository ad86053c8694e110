/* The path of a sample without Kafka: admit → encode → infer → query → route on generated records,
 * in memory.
 *
 * Prints, for the whole path and for each stage by itself, nanoseconds of CPU a record, and how
 * often the heap was asked after warm-up. Under callgrind with --toggle-collect=measured it counts
 * the instructions of the measured records alone (tests/bench/instructions.py): those don't depend
 * on what else the machine does. With --swap-mb it swaps models of that size under the stream
 * instead and prints what a swap adds to a batch.
 *
 *   bench-pipeline [--records N] [--partitions N] [--numbers D] [--classes K] [--members M]
 *   [--hinges N] [--trees N] [--hidden WIDTH] [--together] [--rate R] [--idle N]
 *                  [--rounds N] [--warm N] [--swap-mb MB]
 *
 * --hinges: so many a column, and a member more, which alone sees them; --trees: so many
 * correct what is said; --hidden: the model has a
 * hidden layer of that width; --together: `infer.exact: false`. One thread, but for the loader of
 * --swap-mb. */
#include "run/pipeline.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/slot.h"
#include "infer/model_record.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

/* ---- the heap, counted ---- */

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);

static _Thread_local uint64_t heap_calls;

void *malloc(size_t n) {
    heap_calls++;
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
    heap_calls++;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n) {
    heap_calls++;
    return __libc_realloc(p, n);
}

/* ---- what is measured ---- */

struct options {
    size_t records, partitions, numbers, classes, members, hinges, trees, hidden, together, idle,
        rounds, warm, swap_mb;
    double rate;
};

struct stream {
    struct options options;
    struct config *config;
    struct features *features;
    struct model *model;
    struct snapshot snapshot;
    struct pipeline *pipeline;
    struct cycle cycle;
    struct text *event; // (EVENTS)
    int64_t *next;      // (partitions)
    size_t made;
};

enum { EVENTS = 2048, CYCLE_BATCHES = 16 };

static int64_t cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Shape (a): flat, id, ts, numbers with two to four decimals. */
static struct text make_event(struct rng *r, size_t n, size_t numbers) {
    struct buf b = {0};
    buf_printf(&b, "{\"id\":\"%zu-x\",\"ts\":%zu", n, 1700000000000 + n);
    for (size_t i = 0; i < numbers; i++)
        buf_printf(&b, ",\"f%zu\":%.*f", i, 2 + (int)rng_below(rng_next(r), 3),
                   40 * rng_next_normal(r));
    buf_str(&b, "}");
    return (struct text){b.at, b.len};
}

static void configure(struct stream *s) {
    struct buf yaml = {0}, errors = {0};
    buf_printf(&yaml,
               "budget: {rate: %g}\nadmit: {id: /id}\ninfer: {exact: %s}\nservice: {instance: "
               "bench, state_dir: /tmp}\nmodel:\n  classes:\n",
               s->options.rate, s->options.together ? "false" : "true");
    for (size_t i = 0; i < s->options.classes; i++) buf_printf(&yaml, "    - c%zu\n", i);
    buf_str(&yaml, "features:\n");
    for (size_t i = 0; i < s->options.numbers; i++) buf_printf(&yaml, "  - {name: f%zu}\n", i);
    if (config_parse(&s->config, "bench", buf_view(&yaml), &errors) < 0 ||
        features_create(&s->features, s->config->features, s->config->features_n) < 0) {
        fprintf(stderr, "%s\n", buf_string(&errors));
        exit(70);
    }
    buf_release(&yaml);
    buf_release(&errors);
}

static void add_hinges(struct model *m, size_t knots) {
    size_t d = m->shape.d;
    struct hinge *hinge = xmalloc(knots * d * sizeof *hinge);
    for (size_t h = 0; h < knots * d; h++)
        hinge[h] = (struct hinge){h % d, (float)(h / d) / (float)knots - 0.5f, 1};
    model_bend(m, hinge, knots * d);
    free(hinge);
}

/* As many rounds as a fit makes. */
static void add_trees(struct model *m, size_t trees, struct rng *r) {
    boost_create(&m->boost, trees);
    *m->boost.trust = 0.5;
    for (size_t i = 0; i < trees * BOOST_DEPTH; i++) {
        m->boost.column[i] = (float)(rng_next(r) % m->shape.d);
        m->boost.cut[i] = rng_next_normal(r) * 40;
    }
    for (size_t i = 0; i < trees * BOOST_LEAVES; i++) m->boost.leaf[i] = rng_next_normal(r) / 10;
    boost_settle(&m->boost);
}

/* Members that mostly agree; the mixture's probabilities fill the whole range. */
static struct model *make_model(const struct model_shape *shape, size_t hinges, size_t trees,
                                uint64_t version) {
    struct model *m;
    struct rng r = {.seed = version};
    CHECK(model_create(&m, shape) == 0);
    m->version = version;
    if (hinges) add_hinges(m, hinges);
    shape = &m->shape;
    for (size_t l = 0; l < shape->layers; l++)
        for (size_t i = 0; i < shape->members * shape->width[l + 1] * shape->width[l]; i++)
            m->weight[l][i] = (float)(rng_next_normal(&r) / sqrt((double)shape->width[l]));
    for (size_t i = 0; i < shape->d; i++) m->scale[i] = 1.0 / 40;
    for (size_t o = 0; hinges && o < (shape->members - 1) * shape->k; o++)
        memset(m->weight[0] + o * shape->width[0] + shape->d, 0, shape->hinges * sizeof(float));
    if (hinges) model_settle_hinges(m);
    if (trees) add_trees(m, trees, &r);
    m->lapse = xmalloc(sizeof *m->lapse);
    m->temperature = xmalloc(sizeof *m->temperature);
    *m->lapse = 0.01;
    *m->temperature = 1.1;
    return m;
}

static void prepare(struct stream *s) {
    configure(s);
    size_t d = features_columns(s->features), k = s->options.classes, hidden = s->options.hidden;
    struct model_shape shape = {.d = d,
                                .k = k,
                                .members = s->options.members + (s->options.hinges > 0),
                                .layers = hidden ? 2 : 1,
                                .width = {d, hidden ? hidden : k, hidden ? k : 0}};
    s->model = make_model(&shape, s->options.hinges, s->options.trees, 1);
    s->snapshot = (struct snapshot){
        .policy = {.number = 1, .learner = {.live = 1}, .operator_ = {.budget_scale = 1}},
        .model = s->model};
    struct rng r = {.seed = 1};
    s->event = xcalloc(EVENTS, sizeof *s->event);
    for (size_t i = 0; i < EVENTS; i++) s->event[i] = make_event(&r, i, s->options.numbers);
    size_t partitions = s->options.partitions + s->options.idle;
    s->next = xcalloc(partitions, sizeof *s->next);
    CHECK(pipeline_create(&s->pipeline, &(struct pipeline_options){.config = s->config,
                                                                   .features = s->features,
                                                                   .partitions = partitions}) == 0);
    for (size_t i = 0; i < partitions; i++)
        pipeline_own(s->pipeline, (int32_t)i, 0, true, (struct text){0}, 1700000000000);
}

/* The next n records of the stream, as a consumer brings them: runs of one partition. */
static void bring(struct stream *s, struct batch *b, size_t n) {
    for (; b->n < n; s->made++) {
        size_t partition = s->made / 64 % s->options.partitions;
        b->record[b->n] = (struct record){.value = s->event[s->made % EVENTS],
                                          .partition = (int32_t)partition,
                                          .offset = s->next[partition]++,
                                          .time_ms = 1700000000000 + (int64_t)s->made};
        b->in_force[b->n++] = &s->snapshot;
    }
}

/* What a worker does with so many records, the cycle's offsets and states included. */
static void go(struct stream *s, size_t records) {
    struct batch *b = pipeline_batch(s->pipeline);
    for (size_t done = 0, batches = 0; done < records; batches++) {
        bring(s, b, records - done < b->cap ? records - done : b->cap);
        done += b->n;
        pipeline_run(s->pipeline, b, 1700000000000, &s->cycle);
        batch_reset(b);
        if (batches % CYCLE_BATCHES != CYCLE_BATCHES - 1 && done < records) continue;
        if (pipeline_moved(s->pipeline)) pipeline_offsets(s->pipeline, &s->cycle);
        cycle_reset(&s->cycle);
    }
}

void measured(struct stream *s);
__attribute__((noinline)) void measured(struct stream *s) { go(s, s->options.records); }

static double whole_path(struct stream *s, uint64_t *heap) {
    go(s, s->options.warm);
    double best = INFINITY;
    uint64_t before = heap_calls;
    for (size_t round = 0; round < s->options.rounds; round++) {
        int64_t started = cpu_ns();
        measured(s);
        best = fmin(best, (double)(cpu_ns() - started) / (double)s->options.records);
    }
    *heap = heap_calls - before;
    return best;
}

/* ---- a swap ---- */

struct loader {
    struct slot slot;
    struct snapshot *snapshot[2];
    struct text record;
    _Atomic bool stop;
    _Atomic int swaps;
    int64_t every_ms;
};

/* As the follower does: read, check (which runs it), put, and free the old one when no worker holds
 * it. */
static void *load(void *arg) {
    struct loader *l = arg;
    while (!atomic_load(&l->stop)) {
        struct model *m;
        const char *why = "";
        CHECK(model_read(&m, l->record, &why) == 0);
        CHECK(model_check(m, m->shape.d, m->classes, m->fingerprint, &why) == 0);
        m->version = (uint64_t)atomic_fetch_add(&l->swaps, 1) + 2;
        struct snapshot *fresh = xcalloc(1, sizeof *fresh);
        *fresh = (struct snapshot){.policy = {.number = m->version,
                                              .learner = {.live = m->version},
                                              .operator_ = {.budget_scale = 1}},
                                   .model = m};
        struct snapshot *old = slot_put(&l->slot, fresh);
        while (old && slot_held(&l->slot, old)) clock_sleep_ms(1);
        if (old) model_destroy((struct model *)old->model);
        free(old);
        clock_sleep_ms(l->every_ms);
    }
    return NULL;
}

static int ascending(const void *a, const void *b) {
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}
static double quantile(double *v, size_t n, double q) {
    qsort(v, n, sizeof *v, ascending);
    return n ? v[(size_t)(q * (double)(n - 1))] : 0;
}

/* A multilayer perceptron of so many megabytes, with golden rows. */
static struct text big_record(const struct stream *s, size_t mb) {
    size_t d = features_columns(s->features), width = 1024, second = (mb << 20) / 4 / width;
    struct model *m = make_model(
        &(struct model_shape){
            .d = d, .k = 2, .members = 1, .layers = 3, .width = {d, width, second, 2}},
        0, 0, 2);
    float *scratch = xcalloc(model_scratch(&m->shape), sizeof *scratch);
    m->classes = text_of(xstrdup("good\nbad"));
    m->seen = text_of(xstrdup(""));
    m->golden = 8;
    m->golden_row = xcalloc(m->golden * d, sizeof *m->golden_row);
    m->golden_prob = xcalloc(m->golden * 2, sizeof *m->golden_prob);
    for (size_t i = 0; i < m->golden * d; i++) m->golden_row[i] = (double)(i % 17);
    for (size_t g = 0; g < m->golden; g++)
        model_predict(m, m->golden_row + g * d, scratch, NULL, m->golden_prob + g * 2);
    struct buf out = {0};
    model_write(m, "bench", &out);
    free(scratch);
    model_destroy(m);
    return (struct text){out.at, out.len};
}

static void say_swap(const char *name, double *plain, size_t plain_n, double *swapped,
                     size_t swapped_n) {
    double usual = quantile(plain, plain_n, 0.5), slow = quantile(plain, plain_n, 0.999),
           middle = quantile(swapped, swapped_n, 0.5), most = quantile(swapped, swapped_n, 0.999);
    printf(", \"%s\": {\"p50\": %.1f, \"p99.9\": %.1f, \"batch p50\": %.1f, \"batch p99.9\": %.1f}",
           name, middle - usual, most - slow, usual, slow);
}

/* Batches of one record: what a single record waits when a swap falls on it. The batch after a swap
 * is held against the others of the run; a thousand swaps, or what half a minute brings. */
static void swaps(struct stream *s) {
    enum { BATCHES = 100000, SWAPS = 1000, SECONDS = 30 };
    struct loader l = {.record = big_record(s, s->options.swap_mb), .every_ms = 5};
    double *plain = xcalloc(BATCHES, sizeof *plain), *swapped = xcalloc(BATCHES, sizeof *swapped),
           *plain_cpu = xcalloc(BATCHES, sizeof *plain),
           *swapped_cpu = xcalloc(BATCHES, sizeof *swapped);
    size_t plain_n = 0, swapped_n = 0;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, load, &l) == 0);
    const struct snapshot *last = NULL;
    int64_t until = clock_ms() + 1000 * SECONDS;
    for (size_t i = 0; i < BATCHES && swapped_n < SWAPS && clock_ms() < until; i++) {
        struct batch *b = pipeline_batch(s->pipeline);
        int64_t started = clock_ns(), started_cpu = cpu_ns();
        struct snapshot *now = slot_take(&l.slot, 0);
        if (now) {
            bring(s, b, 1);
            b->in_force[0] = now;
            pipeline_run(s->pipeline, b, 1700000000000, &s->cycle);
            batch_reset(b);
            cycle_reset(&s->cycle);
        }
        slot_drop(&l.slot, 0);
        double took = (double)(clock_ns() - started) / 1000,
               used = (double)(cpu_ns() - started_cpu) / 1000;
        if (!now) clock_sleep_ms(1);
        else if (now == last) plain_cpu[plain_n] = used, plain[plain_n++] = took;
        else swapped_cpu[swapped_n] = used, swapped[swapped_n++] = took;
        last = now;
    }
    atomic_store(&l.stop, true);
    pthread_join(thread, NULL);
    printf("{\"swap_mb\": %zu, \"swaps\": %zu, \"batches\": %zu", s->options.swap_mb, swapped_n,
           plain_n + swapped_n);
    say_swap("swap_pause_us", plain, plain_n, swapped, swapped_n);
    say_swap("swap_cpu_us", plain_cpu, plain_n, swapped_cpu,
             swapped_n); // the same by the thread's own clock: without what else the machine did
    printf("}\n");
}

/* ---- main ---- */

static void read_options(struct options *o, int argc, char **argv) {
    static const struct option names[] = {
        {"records", 1, 0, 'n'}, {"partitions", 1, 0, 'p'}, {"numbers", 1, 0, 'd'},
        {"members", 1, 0, 'm'}, {"hinges", 1, 0, 'b'},     {"trees", 1, 0, 'e'},
        {"rate", 1, 0, 'r'},    {"classes", 1, 0, 'k'},    {"idle", 1, 0, 'i'},
        {"rounds", 1, 0, 'o'},  {"warm", 1, 0, 'w'},       {"swap-mb", 1, 0, 's'},
        {"hidden", 1, 0, 'h'},  {"together", 0, 0, 't'},   {0}};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        size_t n = optarg ? strtoul(optarg, NULL, 10) : 0;
        switch (c) {
        case 'n': o->records = n; break;
        case 'p': o->partitions = n; break;
        case 'd': o->numbers = n; break;
        case 'k': o->classes = n; break;
        case 'm': o->members = n; break;
        case 'b': o->hinges = n; break;
        case 'e': o->trees = n; break;
        case 'h': o->hidden = n; break;
        case 't': o->together = 1; break;
        case 'r': o->rate = strtod(optarg, NULL); break;
        case 'i': o->idle = n; break;
        case 'o': o->rounds = n; break;
        case 'w': o->warm = n; break;
        case 's': o->swap_mb = n; break;
        default: exit(64);
        }
    }
}

int main(int argc, char **argv) {
    struct stream s = {.options = {.records = 200000,
                                   .partitions = 4,
                                   .numbers = 30,
                                   .classes = 2,
                                   .members = 1,
                                   .rounds = 5,
                                   .warm = 65536,
                                   .rate = 0.01}};
    read_options(&s.options, argc, argv);
    log_level_set(LOG_WARNING);
    prepare(&s);
    if (s.options.swap_mb) {
        swaps(&s);
        return 0;
    }
    uint64_t heap;
    double ns = whole_path(&s, &heap);
    printf("{\"records\": %zu, \"bytes\": %zu, \"partitions\": %zu, \"members\": %zu, "
           "\"cpu_ns_per_record\": %.1f, \"mallocs_per_record\": %g}\n",
           s.options.records, s.event[0].len, s.options.partitions, s.options.members, ns,
           (double)heap / (double)(s.options.records * s.options.rounds));
    return 0;
}
