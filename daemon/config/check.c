/* Checks that a row of the options table cannot say: of single texts, and of options that must fit
 * each other.
 *
 * Each speaks at the place of the guilty key, and says nothing about a value that was refused
 * already. Checks of single texts are a table of (option, rule); the others are functions.
 *
 * Thread: main thread */
#include "check.h"

#include "config/target.h"

#include "base/cpu.h"
#include "base/word_list.h"
#include "text_rule.h"

#include <math.h>

/* A rule is applied to a text that is not empty, and to every entry of a list. */
static const struct entry_check option_checks[] = {
    {OPTION_service_name, text_rule_name},        {OPTION_service_instance, text_rule_name},
    {OPTION_kafka_brokers, text_rule_brokers},    {OPTION_topics_samples, text_rule_topic},
    {OPTION_topics_tasks, text_rule_topic},       {OPTION_topics_labels, text_rule_topic},
    {OPTION_topics_models, text_rule_topic},      {OPTION_topics_dead_letters, text_rule_topic},
    {OPTION_topics_predictions, text_rule_topic}, {OPTION_topics_auto_labels, text_rule_topic},
    {OPTION_admit_id, text_rule_pointer},         {OPTION_model_classes, text_rule_class},
    {OPTION_model_hidden, text_rule_width},       {OPTION_route_fields, text_rule_pointer},
    {OPTION_route_mask, text_rule_pointer},       {OPTION_train_memories, text_rule_memory},
    {OPTION_train_hinges, text_rule_memory},      {OPTION_watch_listen, text_rule_listen},
    {OPTION_replay_switches, text_rule_switch},   {OPTION_worker_cpus, text_rule_cpu},
    {OPTION_bridge_url, text_rule_url},           {OPTION_bridge_listen, text_rule_listen},
    {OPTION_bridge_path, text_rule_path},         {OPTION_admit_event, text_rule_pointer},
    {OPTION_admit_ignore, text_rule_ignored},     {OPTION_labels_id, text_rule_pointer},
    {OPTION_labels_sample_id, text_rule_pointer}, {OPTION_labels_label, text_rule_pointer},
    {OPTION_labels_time, text_rule_pointer},      {OPTION_labels_annotator, text_rule_pointer},
    {OPTION_labels_outcome, text_rule_pointer},   {OPTION_labels_source, text_rule_pointer},
    {OPTION_admit_blocked, text_rule_blocked},
};

/* Where the option stands; the start of the file if it is not in it. */
static struct mark check_place(const struct config_reading *r, size_t option) {
    return mark_of_given(&r->options[option], MARK_START);
}

static void check_entries(struct config_reading *r) {
    for (size_t i = 0; i < sizeof option_checks / sizeof *option_checks; i++) {
        const struct entry_check *c = &option_checks[i];
        if (check_sound(r, c->option))
            check_entry(r, &option_rows[c->option], c, &r->options[c->option], r->config,
                        MARK_START);
    }
}

static void check_topics(struct config_reading *r) {
    static const size_t topics[] = {OPTION_topics_samples,      OPTION_topics_tasks,
                                    OPTION_topics_labels,       OPTION_topics_models,
                                    OPTION_topics_dead_letters, OPTION_topics_predictions,
                                    OPTION_topics_auto_labels};
    struct item items[sizeof topics / sizeof *topics];
    size_t n = 0;
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        const struct option *o = &option_rows[topics[i]];
        const char *name = *(char *const *)((const char *)r->config + o->offset);
        if (*name && check_sound(r, topics[i]))
            items[n++] = (struct item){name, o->path, check_place(r, topics[i])};
    }
    check_repeats(r, items, n);
}

/* Each shorter memory's fit shrinks towards that of the next longer one. */
static void check_memories(struct config_reading *r, size_t option, const struct list *memories) {
    for (size_t i = 1; check_sound(r, option) && i < memories->n; i++)
        if (strtoul(memories->at[i - 1], NULL, 10) >= strtoul(memories->at[i], NULL, 10))
            problem(&r->problems, check_place(r, option), option_rows[option].path,
                    "is not ascending: %s does not come before %s",
                    shown(&r->problems, text_of(memories->at[i - 1])),
                    shown(&r->problems, text_of(memories->at[i])));
}

static bool check_list_has(const struct list *list, const char *word) {
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->at[i], word) == 0) return true;
    return false;
}

static void check_classes(struct config_reading *r) {
    struct config *c = r->config;
    struct given *classes = &r->options[OPTION_model_classes];
    if (!classes->node)
        problem(&r->problems, MARK_START, "model.classes",
                "is missing; name two classes or more: [good, fraud]");
    if (!classes->node || classes->bad) return;
    if (!*c->model.positive) {
        c->model.positive = c->model.classes.at[c->model.classes.n - 1];
    } else if (check_sound(r, OPTION_model_positive) &&
               !check_list_has(&c->model.classes, c->model.positive)) {
        struct text positive = text_of(c->model.positive);
        const char *choices = check_joined(r, &c->model.classes, "");
        problem(&r->problems, check_place(r, OPTION_model_positive), "model.positive",
                "%s is not one of model.classes%s", shown(&r->problems, positive),
                suggested(&r->problems, choices, positive));
    }
}

/* What a label is called elsewhere must be called one of our classes, or one of the outcomes that
 * need none. */
static void check_label_values(struct config_reading *r) {
    const struct list *values = &r->config->labels.values;
    if (!check_sound(r, OPTION_labels_values) || !check_sound(r, OPTION_model_classes)) return;
    const struct node *node = values->n ? r->options[OPTION_labels_values].node->child : NULL;
    struct item *items = arena_take(&r->arena, values->n * sizeof *items);
    for (size_t i = 0; i < values->n; i++, node = node->next) {
        struct text spelling = text_of(values->at[i]), class_ = {0};
        bool pair = text_cut(&spelling, '=', &class_);
        items[i] = (struct item){arena_string(&r->arena, spelling), "labels.values", node->mark};
        if (pair &&
            (check_list_has(&r->config->model.classes, class_.at) ||
             text_equal(class_, TEXT("skipped")) || text_equal(class_, TEXT("cannot_tell"))))
            continue;
        const char *choices = check_joined(r, &r->config->model.classes, "skipped|cannot_tell|");
        problem(&r->problems, node->mark, "labels.values", "%s %s%s",
                shown(&r->problems, pair ? class_ : spelling),
                pair ? "is none of model.classes, nor skipped or cannot_tell"
                     : "is not \"SPELLING=CLASS\"",
                pair ? suggested(&r->problems, choices, class_) : "");
    }
    check_repeats(r, items, values->n);
}

/* One share of query.mix; 0 when it is wrong. */
static double check_mix_share(struct config_reading *r, const struct node *n) {
    struct text name = n->key->text;
    int m = word_list_index(MEASURE_CHOICES, name);
    double share = 0;
    if (m < 0 || m == MEASURE_MIX) {
        const char *near = m < 0 ? suggested(&r->problems, MEASURE_CHOICES, name) : "";
        problem(&r->problems, n->key->mark, "query.mix", "%s is not a measure that can be mixed%s",
                shown(&r->problems, name), near);
    } else if (scalar_number(n->text, &share) || share <= 0) {
        problem(&r->problems, n->mark, "query.mix",
                "%s is not a share; allowed number: above 0, at most 1",
                shown(&r->problems, n->text));
        share = 0;
    } else {
        return share;
    }
    r->options[OPTION_query_mix].bad = true;
    return 0;
}

static void check_upstream_score(struct config_reading *r, const struct node *n) {
    struct text name = n->key->text;
    int kind = word_list_index(WORDS_LIST(UPSTREAM_TABLE), name);
    const char *wrong = text_rule_pointer(n->text);
    if (kind < 0)
        problem(&r->problems, n->key->mark, "model.upstream",
                "%s is not a kind of score%s; allowed: %s", shown(&r->problems, name),
                suggested(&r->problems, WORDS_LIST(UPSTREAM_TABLE), name),
                WORDS_LIST(UPSTREAM_TABLE));
    else if (wrong)
        problem(&r->problems, n->mark, "model.upstream", "%s %s", shown(&r->problems, n->text),
                wrong);
    else if ((kind == UPSTREAM_PROBABILITY || kind == UPSTREAM_LOGIT) &&
             check_sound(r, OPTION_model_classes) && r->config->model.classes.n != 2)
        problem(
            &r->problems, n->key->mark, "model.upstream",
            "%s is of two classes, and model.classes has %zu: probabilities or by_class have one "
            "for each",
            shown(&r->problems, name), r->config->model.classes.n);
    else return;
    r->options[OPTION_model_upstream].bad = true;
}

/* A score that events bring is the model, and what is learned begins as it. */
static void check_upstream(struct config_reading *r) {
    struct given *upstream = &r->options[OPTION_model_upstream];
    const struct config *c = r->config;
    if (upstream->bad || !check_sound(r, OPTION_model_learn)) return;
    if (!c->model.upstream.n) {
        if (c->model.learn != LEARN_NOTHING)
            problem(&r->problems, check_place(r, OPTION_model_learn), "model.learn",
                    "is for a score that events bring: it wants model.upstream");
        return;
    }
    if (upstream->node->n != 1) {
        problem(
            &r->problems, upstream->node->mark, "model.upstream",
            "has %zu entries; it is one: what the score is, and where, e.g. {probability: /score}",
            upstream->node->n);
        upstream->bad = true;
        return;
    }
    check_upstream_score(r, upstream->node->child);
    if (c->model.learn != LEARN_NOTHING && check_sound(r, OPTION_model_hidden) && c->model.hidden.n)
        problem(
            &r->problems, check_place(r, OPTION_model_learn), "model.learn",
            "with model.hidden nothing can begin as the score that events bring; one of them must "
            "go");
}

static void check_target(struct config_reading *r) {
    struct given *target = &r->options[OPTION_budget_target];
    if (target->bad || !target->node) return;
    for (const struct node *n = target->node->child; n; n = n->next) {
        struct buf why = {0};
        if (!target_sound(n->key->text, n->text, &why))
            problem(&r->problems,
                    word_list_index(TARGET_FIGURES, n->key->text) < 0 ? n->key->mark : n->mark,
                    "budget.target", "%s", buf_string(&why));
        buf_release(&why);
    }
}

static void check_mix(struct config_reading *r) {
    struct given *mix = &r->options[OPTION_query_mix];
    if (!check_sound(r, OPTION_query_measure) || mix->bad) return;
    bool wanted = r->config->query.measure == MEASURE_MIX;
    if (wanted && !r->config->query.mix.n) {
        problem(&r->problems, check_place(r, OPTION_query_measure), "query.measure",
                "mix needs query.mix, e.g. {risk: 0.8, entropy: 0.2}");
    } else if (r->config->query.mix.n) {
        double sum = 0;
        if (mix->node->n > MIX_MAX)
            problem(&r->problems, mix->node->mark, "query.mix",
                    "has %zu measures; allowed are at most %d, since each has its own share of the "
                    "utility window",
                    mix->node->n, MIX_MAX);
        for (const struct node *n = mix->node->child; n; n = n->next) sum += check_mix_share(r, n);
        if (!mix->bad && fabs(sum - 1) > 1e-9)
            problem(&r->problems, mix->node->mark, "query.mix",
                    "the shares add up to %.10g; they must add up to 1", sum);
    }
}

static void check_json_reader(struct config_reading *r) {
    if (check_sound(r, OPTION_admit_json_reader) &&
        r->config->admit.json_reader == JSON_READER_AVX2 && !cpu_has_avx2())
        problem(&r->problems, check_place(r, OPTION_admit_json_reader), "admit.json_reader",
                "avx2 needs a processor with AVX2 and BMI2, and this one lacks them; auto takes "
                "the fastest that it can do");
}

/* Whether it was refused. */
static bool check_registry_key(struct config_reading *r, const struct node *n) {
    static const char keys[] = "url|ca|token_file";
    struct text key = n->key->text;
    const char *wrong = text_equal(key, TEXT("url")) ? text_rule_url(n->text) : NULL;
    bool unknown = word_list_index(keys, key) < 0;
    if (unknown)
        problem(&r->problems, n->key->mark, "admit.registry",
                "%s is not a key of it; allowed: url, ca, token_file%s", shown(&r->problems, key),
                suggested(&r->problems, keys, key));
    else if (wrong)
        problem(&r->problems, n->mark, "admit.registry", "url: %s %s", shown(&r->problems, n->text),
                wrong);
    return unknown || wrong;
}

static void check_registry(struct config_reading *r) {
    const struct given *g = &r->options[OPTION_admit_registry];
    bool refused = g->bad || !check_sound(r, OPTION_admit_format);
    for (const struct node *n = g->node && !refused ? g->node->child : NULL; n; n = n->next)
        refused |= check_registry_key(r, n);
    if (refused || config_registry(r->config, "url")) return;
    if (r->config->admit.registry.n)
        problem(&r->problems, check_place(r, OPTION_admit_registry), "admit.registry",
                "has no url");
    else if (r->config->admit.format == ADMIT_FORMAT_REGISTRY)
        problem(&r->problems, check_place(r, OPTION_admit_format), "admit.format",
                "registry needs admit.registry, e.g. {url: http://127.0.0.1:8081}");
}

static void check_committee(struct config_reading *r) {
    if (check_sound(r, OPTION_train_committee) && r->config->train.committee == 1)
        problem(&r->problems, check_place(r, OPTION_train_committee), "train.committee",
                "1 member cannot disagree; allowed: 0, or 2 to %d", COMMITTEE_MAX);
}

/* The logarithm of p2/p1 is never above 0. */
static void check_threshold(struct config_reading *r) {
    const struct config *c = r->config;
    if (!check_sound(r, OPTION_query_manager) || !check_sound(r, OPTION_query_measure) ||
        !check_sound(r, OPTION_query_threshold))
        return;
    if (c->query.manager == MANAGER_FIXED && c->query.measure == MEASURE_LOG_ODDS_MARGIN &&
        c->query.threshold >= 0)
        problem(&r->problems, check_place(r, OPTION_query_threshold), "query.threshold",
                "%g would never ask: utilities of log_odds_margin are below 0 (-0.4: the second "
                "class two thirds as likely as the first); or take measure margin, from 0 to 1",
                c->query.threshold);
}

/* A header's value may be a secret, so it is not repeated. */
static void check_headers(struct config_reading *r) {
    const struct node *map = r->options[OPTION_bridge_headers].node;
    for (const struct node *n = map && map->kind == NODE_MAP ? map->child : NULL; n; n = n->next) {
        const char *wrong = text_rule_template(n->text);
        if (wrong) problem(&r->problems, n->mark, "bridge.headers", "the value %s", wrong);
    }
}

/* The block of the random arm, 1/(rate × random_share) samples, is counted in 32 bits. */
static void check_budget(struct config_reading *r) {
    const struct config *c = r->config;
    if (!check_sound(r, OPTION_budget_rate) || !check_sound(r, OPTION_budget_random_share)) return;
    if (c->budget.rate > 0 && c->budget.rate * c->budget.random_share < 1e-9)
        problem(&r->problems, check_place(r, OPTION_budget_rate), "budget.rate",
                "times budget.random_share is below 1e-9: the random arm would never ask; use 0 "
                "for no budget at all");
}

/* Other readers are paid beside the random arm, from a bucket that has room for all of them. */
static void check_people(struct config_reading *r) {
    const struct config *c = r->config;
    const double second = c->people.double_;
    const int labels = check_sound(r, OPTION_people_opinions) ? (int)c->people.opinions : 2;
    const double more = second * (labels - 1);
    if (!second || !check_sound(r, OPTION_people_double)) return;
    if (check_sound(r, OPTION_people_gold) && c->people.gold > 0 && labels < OPINIONS_MAX)
        problem(&r->problems, check_place(r, OPTION_people_gold), "people.gold",
                "wants people.opinions: %d, which pays for the labels of gold questions",
                OPINIONS_MAX);
    if (check_sound(r, OPTION_budget_burst) && c->budget.burst < labels)
        problem(
            &r->problems, check_place(r, OPTION_people_double), "people.double",
            "wants a budget.burst of %d or more: a block of the random arm costs %d labels then "
            "(people.opinions)",
            labels, labels);
    if (check_sound(r, OPTION_budget_random_share) && c->budget.random_share * (1 + more) > 1)
        problem(&r->problems, check_place(r, OPTION_people_double), "people.double",
                "at %g, with budget.random_share %g, the random arm would cost more than the whole "
                "budget: at most %.4g",
                second, c->budget.random_share, (1 / c->budget.random_share - 1) / (labels - 1));
}

static void check_pool_top(struct config_reading *r) {
    const struct config *c = r->config;
    if (check_sound(r, OPTION_pool_top) && check_sound(r, OPTION_pool_candidates) &&
        c->pool.top > c->pool.candidates)
        problem(&r->problems, check_place(r, OPTION_pool_top), "pool.top",
                "is more than pool.candidates, from which they are chosen");
}

/* What a window saves up must fit into the strategy arm's token bucket, or it is lost. The quarter
 * and the 2 more leave room for labels that blocks of the random arm have paid. */
static void check_pool(struct config_reading *r) {
    const struct config *c = r->config;
    check_pool_top(r);
    if (!c->pool.window || !check_sound(r, OPTION_pool_window) ||
        !check_sound(r, OPTION_pool_share) || !check_sound(r, OPTION_budget_rate) ||
        !check_sound(r, OPTION_budget_random_share) || !check_sound(r, OPTION_budget_burst))
        return;
    double saved =
        (double)c->pool.window * c->budget.rate * (1 - c->budget.random_share) * c->pool.share;
    if (c->pool.top && saved > (double)c->pool.top) saved = (double)c->pool.top;
    double least = ceil(saved * 1.25) + 2;
    if (c->budget.burst < least)
        problem(&r->problems, check_place(r, OPTION_budget_burst), "budget.burst",
                "%g is too small for the pool: a window saves up to %.4g labels, so it must be at "
                "least %g",
                c->budget.burst, saved, least);
}

static void check_times(struct config_reading *r) {
    const struct config *c = r->config;
    static const size_t pauses[] = {OPTION_route_interval, OPTION_route_interval_max};
    const int64_t pause[] = {c->route.interval, c->route.interval_max};
    for (size_t i = 0; i < 2; i++) {
        if (!check_sound(r, pauses[i]) || !check_sound(r, OPTION_kafka_session_timeout) ||
            2 * pause[i] < c->kafka.session_timeout)
            continue;
        size_t guilty = r->options[pauses[i]].node ? pauses[i] : OPTION_kafka_session_timeout;
        problem(&r->problems, check_place(r, guilty), option_rows[guilty].path,
                "a cycle (%s) must take less than half of kafka.session_timeout",
                option_rows[pauses[i]].path);
    }
}

/* A process without workers must have something else to do. */
static void check_work(struct config_reading *r) {
    const struct config *c = r->config;
    if (c->service.workers || c->service.learner != LEARNER_FALSE || c->watch.label) return;
    if (!check_sound(r, OPTION_service_workers) || !check_sound(r, OPTION_service_learner) ||
        !check_sound(r, OPTION_watch_label))
        return;
    problem(&r->problems, check_place(r, OPTION_service_workers), "service.workers",
            "0 leaves nothing to do: service.learner is false and watch.label is off");
}

/* The page shows events: nobody may see it without the token. */
static void check_label_page(struct config_reading *r) {
    const struct config *c = r->config;
    if (!c->watch.label || !check_sound(r, OPTION_watch_label) ||
        !check_sound(r, OPTION_watch_token_file) || !check_sound(r, OPTION_watch_listen))
        return;
    if (!*c->watch.token_file)
        problem(&r->problems, check_place(r, OPTION_watch_label), "watch.label",
                "wants watch.token_file: the page shows events, to those who have the token");
    if (!*c->watch.listen)
        problem(&r->problems, check_place(r, OPTION_watch_label), "watch.label",
                "wants watch.listen: nothing is served without it");
}

/* What would be certified must have somewhere to go. */
static void check_auto(struct config_reading *r) {
    const struct config *c = r->config;
    if (!c->auto_.enabled || !check_sound(r, OPTION_auto_enabled) ||
        !check_sound(r, OPTION_topics_auto_labels) || *c->topics.auto_labels)
        return;
    problem(&r->problems, check_place(r, OPTION_auto_enabled), "auto.enabled",
            "wants topics.auto_labels: the topic that the model's own answers go to");
}

static void check_value_at_risk(struct config_reading *r) {
    const struct config *c = r->config;
    if (!check_sound(r, OPTION_route_priority) || !check_sound(r, OPTION_route_value) ||
        r->features.bad)
        return;
    if (!*c->route.value) {
        if (c->route.priority == PRIORITY_VALUE_AT_RISK)
            problem(&r->problems, check_place(r, OPTION_route_priority), "route.priority",
                    "value_at_risk needs route.value, the name of a number feature");
        return;
    }
    const struct text name = text_of(c->route.value);
    const char *near;
    const struct feature_config *f = check_feature_named(r, name, &near);
    if (!f || f->type != FEATURE_NUMBER)
        problem(&r->problems, check_place(r, OPTION_route_value), "route.value", "%s %s%s",
                shown(&r->problems, name),
                f ? "is not a number feature" : "is not the name of a feature", near);
}

void config_check(struct config_reading *r) {
    check_unique_list(r, "model.classes", &r->config->model.classes,
                      &r->options[OPTION_model_classes]);
    check_entries(r);
    check_topics(r);
    check_memories(r, OPTION_train_memories, &r->config->train.memories);
    check_memories(r, OPTION_train_hinges, &r->config->train.hinges);
    check_classes(r);
    check_label_values(r);
    check_properties(r);
    check_headers(r);
    check_mix(r);
    check_upstream(r);
    check_cost(r);
    check_target(r);
    check_json_reader(r);
    check_registry(r);
    check_committee(r);
    check_threshold(r);
    check_budget(r);
    check_people(r);
    check_pool(r);
    check_times(r);
    check_work(r);
    check_label_page(r);
    check_auto(r);
    check_features(r);
    check_segments(r);
    check_value_at_risk(r);
}
