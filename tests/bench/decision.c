/* What a decision costs. One function a row of the table, each named after it and never inlined, so
 * that callgrind's inclusive count of that function over its number of decisions is the row's cost:
 * instructions, the same on each run. Run without valgrind it prints nanoseconds.
 *
 *   decision N     N decisions a row; lines of "ROW N NANOSECONDS"
 *
 * Rows: decide_MANAGER, the whole decision (token bucket, both arms, the default measure);
 * rule_MANAGER, the manager's part of it; measure_MEASURE at 30 columns, 2 classes and a committee
 * of 10; pool_CANDIDATES, an offer that is better than all before it: the dearest kind. */
#include "query/manager.h"
#include "query/pool.h"
#include "query/strategy.h"

#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { D = 30, K = 2, COMMITTEE = 10, PREDICTIONS = 1024 };

static float prob[PREDICTIONS][K], member[PREDICTIONS][COMMITTEE * K];
static double row[D];
static uint16_t code[PREDICTIONS];
static double utility[PREDICTIONS];
static struct model *model;
static volatile double sink;
static float *scratch;

static void prepare(void) {
    struct rng r = {.seed = 1};
    if (model_create(&model,
                     &(struct model_shape){
                         .d = D, .k = K, .members = COMMITTEE, .layers = 1, .width = {D, K}}) < 0)
        abort();
    scratch = calloc(model_scratch(&model->shape), sizeof *scratch);
    if (!scratch) abort();
    for (size_t i = 0; i < D * K * COMMITTEE; i++)
        model->weight[0][i] = (float)(0.1 * rng_next_normal(&r));
    for (size_t i = 0; i < D; i++) row[i] = rng_next_normal(&r);
    for (size_t n = 0; n < PREDICTIONS; n++) {
        double p = rng_next_unit(&r);
        prob[n][0] = (float)(1 - p), prob[n][1] = (float)p;
        for (size_t i = 0; i < COMMITTEE; i++) {
            double q = fmin(1, fmax(0, p + 0.1 * rng_next_normal(&r)));
            member[n][i * K] = (float)(1 - q), member[n][i * K + 1] = (float)q;
        }
        code[n] = utility_code(-fabs(log(p / (1 - p))));
        utility[n] = utility_value(code[n]);
    }
}

/* ---- the whole decision ---- */

static void decide(enum manager m, struct strategy **s, struct partition_state *state) {
    static struct config c;
    c = (struct config){
        .service = {.seed = 1},
        .query = {.measure = MEASURE_LOG_ODDS_MARGIN, .manager = (int)m, .threshold = -0.1},
        .budget = {.rate = 0.01, .random_share = 0.2, .burst = 10}};
    if (strategy_create(s, &(struct strategy_options){.config = &c,
                                                      .topic = 1,
                                                      .partitions = 1,
                                                      .classes = K,
                                                      .positive = 1,
                                                      .columns = D}) < 0)
        abort();
    strategy_begin(*s, 0, true, 0, state);
}

static void take(const struct strategy *s, struct partition_state *state, size_t from, size_t n) {
    static const struct policy policy = {.learner = {.live = 1}, .operator_ = {.budget_scale = 1}};
    struct decision d;
    for (size_t i = from; i < from + n; i++) {
        struct candidate c = {.offset = (int64_t)i,
                              .mixed = prob[i % PREDICTIONS],
                              .prob = prob[i % PREDICTIONS],
                              .row = row,
                              .model = model,
                              .scored = true};
        strategy_decide(s, &policy, 0, &c, state, &d);
    }
}

/* ---- the manager's part ---- */

struct seat {
    struct partition_state state;
    struct manager_call call;
};

static void seat_open(struct seat *s) {
    *s = (struct seat){0};
    s->call = (struct manager_call){
        .rate = 0.008,
        .fixed = -0.1,
        .window = {s->state.window, s->state.window_n, s->state.window_at, STATE_WINDOW},
        .own = s->state.own};
}

static void rule(const struct manager_row *r, struct seat *s, size_t from, size_t n) {
    for (size_t i = from; i < from + n; i++) {
        s->call.code = code[i % PREDICTIONS];
        s->call.utility = utility[i % PREDICTIONS];
        s->call.seen = i;
        struct manager_answer answer = r->ask(&s->call);
        if (r->note) r->note(&s->call, answer.probability, answer.probability > 0.5);
    }
}

/* What the loop and a call cost that does nothing: less than a rule by so much. */
static struct manager_answer ask_nothing(const struct manager_call *c) {
    return (struct manager_answer){.probability = c->rate};
}

/* ---- a measure ---- */

static void measure(enum measure m, size_t from, size_t n) {
    double sum = 0;
    for (size_t i = from; i < from + n; i++) {
        struct measure_input in = {.prob = prob[i % PREDICTIONS],
                                   .k = K,
                                   .positive = 1,
                                   .member = member[i % PREDICTIONS],
                                   .row = row,
                                   .model = model};
        sum += measure_utility(m, &in);
    }
    sink = sum;
}

/* Scored by all members and held against each other: all that asking by a committee costs. */
static void committee(enum measure m, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        float members[COMMITTEE * K], mixture[K];
        model_predict(model, row, scratch, members, mixture);
        struct measure_input in = {
            .prob = mixture, .k = K, .positive = 1, .member = members, .row = row, .model = model};
        sum += measure_utility(m, &in);
    }
    sink = sum;
}

/* ---- the pool ---- */

static void offer(struct pool *p, size_t from, size_t n) {
    for (size_t i = from; i < from + n; i++) pool_offer(p, (int64_t)i, (double)i, row);
}

/* ---- the table ---- */

/* Warm up outside, then the counted function. */
enum { WARM = 2000 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); // others may use the machine too
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

#ifdef __clang__ // which knows neither clones nor this merging
#define COUNTED static __attribute__((noinline)) void
#else
#define COUNTED static __attribute__((noinline, noclone, no_icf)) void
#endif
#define TIMED(call)                                                                                \
    double started = now();                                                                        \
    call;                                                                                          \
    return now() - started

#define M(name, text)                                                                              \
    COUNTED decide_##name(const struct strategy *s, struct partition_state *state, size_t n) {     \
        take(s, state, WARM, n);                                                                   \
    }                                                                                              \
    COUNTED rule_##name(struct seat *s, size_t n) { rule(manager_row(name), s, WARM, n); }         \
    static double time_decide_##name(size_t n) {                                                   \
        struct strategy *s;                                                                        \
        struct partition_state state;                                                              \
        decide(name, &s, &state);                                                                  \
        take(s, &state, 0, WARM);                                                                  \
        TIMED(decide_##name(s, &state, n));                                                        \
    }                                                                                              \
    static double time_rule_##name(size_t n) {                                                     \
        struct seat s;                                                                             \
        seat_open(&s);                                                                             \
        rule(manager_row(name), &s, 0, WARM);                                                      \
        TIMED(rule_##name(&s, n));                                                                 \
    }
MANAGER_TABLE(M, M)
#undef M
COUNTED rule_NOTHING(struct seat *s, size_t n) {
    rule(&(struct manager_row){.ask = ask_nothing}, s, WARM, n);
}
static double time_rule_nothing(size_t n) {
    struct seat s;
    seat_open(&s);
    TIMED(rule_NOTHING(&s, n));
}
#define M(name, text)                                                                              \
    COUNTED measure_##name(size_t n) { measure(name, 0, n); }                                      \
    static double time_measure_##name(size_t n) {                                                  \
        TIMED(if (name != MEASURE_MIX) measure_##name(n));                                         \
    }
MEASURE_TABLE(M, M)
#undef M
#define COMMITTEES(M)                                                                              \
    M(MEASURE_VOTE_ENTROPY, "vote_entropy")                                                        \
    M(MEASURE_CONSENSUS_ENTROPY, "consensus_entropy")                                              \
    M(MEASURE_KL_DIVERGENCE, "kl_divergence") M(MEASURE_MUTUAL_INFORMATION, "mutual_information")
#define M(name, text)                                                                              \
    COUNTED committee_##name(size_t n) { committee(name, n); }                                     \
    static double time_committee_##name(size_t n) { TIMED(committee_##name(n)); }
COMMITTEES(M)
#undef M
#define POOLS(P) P(16) P(64) P(256) P(1024) P(4096) P(16384)
#define P(size)                                                                                    \
    COUNTED pool_##size(struct pool *p, size_t n) { offer(p, size, n); }                           \
    static double time_pool_##size(size_t n) {                                                     \
        struct pool *p = pool_create(size, D);                                                     \
        offer(p, 0, size);                                                                         \
        TIMED(pool_##size(p, n));                                                                  \
    }
POOLS(P)
#undef P

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        double (*time)(size_t n);
    } rows[] = {
#define M(name, text) {"decide_" text, time_decide_##name}, {"rule_" text, time_rule_##name},
        MANAGER_TABLE(M, M)
#undef M
            {"rule_nothing", time_rule_nothing},
#define M(name, text) {"measure_" text, time_measure_##name},
        MEASURE_TABLE(M, M)
#undef M
#define M(name, text) {"committee_" text, time_committee_##name},
            COMMITTEES(M)
#undef M
#define P(size) {"pool_" #size, time_pool_##size},
                POOLS(P)
#undef P
    };
    size_t n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (!n) {
        fprintf(stderr, "usage: decision N\n");
        return 64;
    }
    prepare();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf("%s %zu %.0f\n", rows[i].name, n, rows[i].time(n));
    return 0;
}
