/* Options that are given and can do nothing, because what they are for is off.
 *
 * They are told and not refused: what is off is switched on again, often by a reload, and its
 * settings may wait in the file. What is on and lacks what it needs is refused (check.c).
 *
 * Thread: main thread */
#include "value.h"

#include "config/config.h"

static bool idle_second(const struct config *c) { return !(c->people.double_ > 0); }
static bool idle_auto(const struct config *c) { return !c->auto_.enabled; }
static bool idle_mix(const struct config *c) { return c->query.measure != MEASURE_MIX; }
static bool idle_threshold(const struct config *c) { return c->query.manager != MANAGER_FIXED; }
static bool idle_explore(const struct config *c) { return c->query.measure == MEASURE_RISK; }
static bool idle_rate(const struct config *c) { return !(c->budget.rate > 0); }
static bool idle_loan(const struct config *c) { return !c->query.alarm; }
static bool idle_loan_capped(const struct config *c) {
    return c->budget.per_hour || c->budget.per_day;
}
static bool idle_pool(const struct config *c) { return !c->pool.window && !c->pool.time; }
static bool idle_trade(const struct config *c) { return c->pool.rule != POOL_MMR; }
static bool idle_synthetic(const struct config *c) { return c->pool.rule != POOL_SYNTHESIS; }
static bool idle_at_risk(const struct config *c) {
    return c->route.priority != PRIORITY_VALUE_AT_RISK;
}
static bool idle_hidden(const struct config *c) { return c->model.hidden.n > 0; }
static bool idle_learning(const struct config *c) {
    return c->model.upstream.n && c->model.learn == LEARN_NOTHING;
}
static bool idle_recalibrating(const struct config *c) {
    return c->model.learn == LEARN_RECALIBRATE;
}
/* As boost_rounds has it of a feature map that is not too wide. */
static bool idle_trees(const struct config *c) {
    return c->model.classes.n > 2 && BOOST_TREES_MAX / c->model.classes.n < BOOST_ROUNDS_MIN;
}
static bool idle_upstream(const struct config *c) { return c->model.upstream.n > 0; }
static bool idle_pages(const struct config *c) { return !*c->watch.listen; }
static bool idle_hosts(const struct config *c) { return !*c->watch.listen && !*c->bridge.listen; }
static bool idle_http(const struct config *c) { return c->bridge.tool != BRIDGE_TOOL_HTTP; }
static bool idle_label_studio(const struct config *c) {
    return c->bridge.tool != BRIDGE_TOOL_LABEL_STUDIO;
}
static bool idle_listen(const struct config *c) { return !*c->bridge.listen; }
static bool idle_registry(const struct config *c) { return c->admit.format == ADMIT_FORMAT_JSON; }

static const char no_pool[] = "neither pool.window nor pool.time is set, so there is no pool",
                  not_learned[] = "model.learn is false, so the score that events bring stays the "
                                  "model",
                  auto_off[] = "auto.enabled is false", nothing_asked[] = "budget.rate is 0";

/* An option may have several rows; the first that is true is told. */
static const struct {
    size_t option;
    bool (*is)(const struct config *c);
    const char *why;
} idle_rows[] = {
    {OPTION_people_opinions, idle_second, "people.double is 0, so nobody is asked twice"},
    {OPTION_people_gold, idle_second, "people.double is 0, so nobody is asked twice"},
    {OPTION_people_double, idle_rate, nothing_asked},
    {OPTION_auto_error, idle_auto, auto_off},
    {OPTION_auto_confidence, idle_auto, auto_off},
    {OPTION_topics_auto_labels, idle_auto, auto_off},
    {OPTION_query_mix, idle_mix, "query.measure is not mix"},
    {OPTION_query_threshold, idle_threshold, "query.manager is not fixed"},
    {OPTION_query_explore, idle_explore, "query.measure is risk"},
    {OPTION_query_explore, idle_learning, not_learned},
    {OPTION_query_cold_labels, idle_upstream, "model.upstream is the model from the start"},
    {OPTION_budget_upfront, idle_rate, nothing_asked},
    {OPTION_budget_loan, idle_loan, "query.alarm is 0, so labels are never in doubt"},
    {OPTION_budget_loan, idle_loan_capped,
     "nothing is borrowed where labels an hour or a day are "
     "capped (budget.per_hour, budget.per_day)"},
    {OPTION_pool_rule, idle_pool, no_pool},
    {OPTION_pool_top, idle_pool, no_pool},
    {OPTION_pool_candidates, idle_pool, no_pool},
    {OPTION_pool_share, idle_pool, no_pool},
    {OPTION_pool_trade, idle_pool, no_pool},
    {OPTION_pool_trade, idle_trade, "pool.rule is not mmr"},
    {OPTION_pool_synthetic, idle_pool, no_pool},
    {OPTION_pool_synthetic, idle_synthetic, "pool.rule is not synthesis"},
    {OPTION_pool_bytes, idle_pool, no_pool},
    {OPTION_pool_idle, idle_pool, no_pool},
    {OPTION_route_value, idle_at_risk, "route.priority is not value_at_risk"},
    {OPTION_train_first, idle_learning, not_learned},
    {OPTION_train_growth, idle_learning, not_learned},
    {OPTION_train_labels, idle_learning, not_learned},
    {OPTION_train_interval, idle_learning, not_learned},
    {OPTION_train_memories, idle_learning, not_learned},
    {OPTION_train_sgd_rate, idle_learning, not_learned},
    {OPTION_train_base_rates, idle_learning, not_learned},
    {OPTION_train_trees, idle_learning, not_learned},
    {OPTION_train_trees, idle_recalibrating, "model.learn recalibrate only corrects one score"},
    {OPTION_train_trees, idle_trees, "there are more than eight classes"},
    {OPTION_train_committee, idle_learning, not_learned},
    {OPTION_train_l2, idle_learning, not_learned},
    {OPTION_train_shrinkage, idle_learning, not_learned},
    {OPTION_train_mix_memory, idle_learning, not_learned},
    {OPTION_train_hinges, idle_learning, not_learned},
    {OPTION_train_hinges, idle_hidden, "model.hidden bends everywhere"},
    {OPTION_train_hinges, idle_recalibrating, "model.learn recalibrate only corrects one score"},
    {OPTION_watch_hosts, idle_hosts, "watch.listen and bridge.listen are empty"},
    {OPTION_watch_token_file, idle_pages, "watch.listen is empty"},
    {OPTION_watch_recent, idle_pages, "watch.listen is empty"},
    {OPTION_bridge_path, idle_http, "bridge.tool is not http"},
    {OPTION_bridge_headers, idle_http, "bridge.tool is not http"},
    {OPTION_bridge_project, idle_label_studio, "bridge.tool is not label_studio"},
    {OPTION_bridge_listen_token_file, idle_listen, "bridge.listen is empty"},
    {OPTION_admit_registry, idle_registry, "admit.format is json"},
};

static bool idle_is_default(const struct option *o, const struct config *c) {
    struct arena arena = {0};
    union {
        char *text;
        bool boolean;
        int64_t whole;
        double number;
        int choice;
        struct list list;
        struct map map;
    } usual;
    memset(&usual, 0, sizeof usual);
    value_default(&arena, o, &usual);
    bool same = value_equal(o, option_value(c, o), &usual);
    arena_release(&arena);
    return same;
}

void config_idle(const struct config *c, config_idle_visit *visit, void *opaque) {
    size_t told = OPTIONS;
    for (size_t i = 0; i < sizeof idle_rows / sizeof *idle_rows; i++) {
        const size_t option = idle_rows[i].option;
        const struct option *o = &option_rows[option];
        if (option == told || !idle_rows[i].is(c) || idle_is_default(o, c)) continue;
        told = option;
        visit(&(struct config_idle){o->path, c->source[option].text, idle_rows[i].why}, opaque);
    }
}
