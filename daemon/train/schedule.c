/* The two rules by which the learner steers: when to fit, and what to tell the workers.
 *
 * Both look at counts only and remember nothing, so a learner that was restarted decides as one
 * that was not (promise I8).
 *
 * Thread: learner thread, simulation */
#include "train/schedule.h"

#include "estimate/lateness.h"

enum {
    COST_SHARE = 20,     // fitting takes at most 1/COST_SHARE of a core
    BYTES_A_MS = 1000,   // of the models topic, at most: a megabyte a second
    SHRUNKEN_LEAST = 20, // rows: a model of fewer is soon learned again
};

static const double late_labels = 10; // a stream can turn within so many

static int64_t schedule_longer(int64_t a, int64_t b) { return a > b ? a : b; }

bool schedule_shrunken(const struct schedule *s) {
    return s->fitted_rows >= SHRUNKEN_LEAST && s->labelled < s->fitted_rows - s->fitted_rows / 2 &&
           !s->accepted;
}

/* A score that events bring is the model and stays it. */
static bool schedule_learns(const struct config *c) {
    return !c->model.upstream.n || c->model.learn != LEARN_NOTHING;
}

bool schedule_due(const struct config *c, const struct schedule *s) {
    if (!schedule_learns(c)) return false;
    if (s->labelled < (size_t)c->train.first || !s->changed || schedule_shrunken(s)) return false;
    if (!s->published_rows) return true;
    double grown = (double)s->labelled - (double)s->published_rows;
    if (grown >= 1 &&
        (grown >= c->train.growth * (double)s->published_rows || grown >= (double)c->train.labels))
        return true;
    return s->since_ms >=
           schedule_longer(c->train.interval, schedule_longer(COST_SHARE * s->cost_ms,
                                                              (int64_t)(s->bytes / BYTES_A_MS)));
}

double schedule_late(size_t open) { return (double)open / ((double)open + late_labels); }

/* What the open questions have lost of their worth counts so many times: a sixth lost, and choosing
 * no longer pays (docs/DECISIONS.md, D176). */
static const double worn_gain = 6;

/* The share of the strategy arm's part that is drawn at random. While nothing is known of it the
 * open questions are taken to have lost their worth. */
static double schedule_explore(const struct config *c, const struct schedule *s) {
    const double most = c->query.explore, late = schedule_late(s->open),
                 worn = s->lateness ? s->lateness[LATENESS_WORN] : -1;
    if (!(most > 0) || !schedule_learns(c)) return 0;
    double between = worn < 0 ? most : worn_gain * worn;
    return lateness_steer(s->lateness, late * (between < most ? between : most));
}

struct policy_learner schedule_policy(const struct config *c, const struct schedule *s,
                                      uint64_t live) {
    uint64_t most = policy_cap(s->open_tasks, (uint64_t)c->budget.open_tasks);
    struct policy_learner p = {.live = live,
                               .full = most && s->open >= most,
                               .explore = schedule_explore(c, s),
                               .shrunken = schedule_shrunken(s),
                               .weighted = s->weighted && c->budget.draws == DRAWS_WEIGHTED &&
                                           !c->auto_.enabled,
                               .samples_a_day = c->watch.capacity_per_day ? s->samples_a_day : 0,
                               .doubts = s->doubts,
                               .rests = s->rests};
    int positive = config_class(c, text_of(c->model.positive));
    p.seeks = !s->primed && positive >= 0 && s->per_class[positive] == 0;
    for (size_t i = 0; i < c->model.classes.n; i++)
        p.cold |= !s->primed && s->per_class[i] < (size_t)c->query.cold_labels;
    return p;
}

static void schedule_take_memories(const struct list *list, size_t *out, size_t *largest) {
    CHECK(list->n <= MEMORIES_MAX);
    for (size_t i = 0; i < list->n; i++) {
        out[i] = strtoul(list->at[i], NULL, 10);
        if (out[i] > *largest) *largest = out[i];
    }
}

struct fit_memories fit_memories_of(const struct config *c) {
    struct fit_memories m = {.largest = 0};
    schedule_take_memories(&c->train.memories, m.straight, &m.largest);
    schedule_take_memories(&c->train.hinges, m.hinged, &m.largest);
    return m;
}

size_t fit_hinges_of(const struct config *c) {
    bool straight = c->model.hidden.n || c->model.learn == LEARN_RECALIBRATE;
    return straight ? 0 : c->train.hinges.n;
}

/* A score that is only calibrated anew is corrected by nothing else. */
static size_t fit_trees_of(const struct config *c) {
    return c->model.learn == LEARN_RECALIBRATE ? 0 : (size_t)c->train.trees;
}

struct fit_options fit_options_of(const struct config *c, size_t d, size_t positive,
                                  const struct fit_memories *memories) {
    struct fit_options o = {.d = d,
                            .k = c->model.classes.n,
                            .hidden_n = c->model.hidden.n,
                            .memories_n = c->train.memories.n,
                            .memories = memories ? memories->straight : NULL,
                            .hinges_n = fit_hinges_of(c),
                            .hinges = memories ? memories->hinged : NULL,
                            .trees = fit_trees_of(c),
                            .sgd_rate = c->train.sgd_rate,
                            .base_rates = c->train.base_rates,
                            .committee = (size_t)c->train.committee,
                            .density = c->query.density,
                            .l2 = c->train.l2,
                            .shrinkage = c->train.shrinkage,
                            .mix_memory = (double)c->train.mix_memory,
                            .seed = (uint64_t)c->service.seed,
                            .measure = (enum measure)c->query.measure,
                            .positive = positive};
    if (c->model.learn != LEARN_NOTHING) o.anchored = c->model.upstream.n > 0;
    if (o.anchored) o.columns = config_upstream_columns(c);
    if (o.columns) o.from = d - o.columns;
    o.recalibrates = c->model.learn == LEARN_RECALIBRATE;
    for (size_t i = 0; i < c->model.hidden.n; i++)
        o.hidden[i] = strtoul(c->model.hidden.at[i], NULL, 10);
    return o;
}
