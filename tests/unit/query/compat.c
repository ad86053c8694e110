/* The peers' rules replay what the peers themselves decided: tests/vectors/make ran them and
 * recorded each step, draws included. Behind the purse the same rules are managers like any other:
 * I4-budget.c and I5-propensity.c have them too. */
#include "query/manager.h"

#include "stream.h"
#include "unit/test.h"

#include <stdio.h>
#include <string.h>

/* ---- one recorded step ---- */

struct vector {
    char rule[32];
    double budget, utility, draw, draw2, theta; // NAN where there is none
    size_t classes;
    bool asked;
};

static double number(char **rest) {
    char *field = strsep(rest, ","), *end;
    double x = field && *field && *field != '\n' ? strtod(field, &end) : (double)NAN;
    return x;
}

static bool read_vector(FILE *file, struct vector *v) {
    char line[256], *rest = line;
    if (!fgets(line, sizeof line, file)) return false;
    snprintf(v->rule, sizeof v->rule, "%s", strsep(&rest, ","));
    v->budget = number(&rest);
    v->classes = (size_t)number(&rest);
    v->utility = number(&rest);
    v->draw = number(&rest);
    v->draw2 = number(&rest);
    v->asked = number(&rest) > 0;
    v->theta = number(&rest);
    return true;
}

static double normal_below(double z) { return erfc(-z / sqrt(2)) / 2; }

/* The uniform draw with which a rule that names a probability decides as the peer did with its own
 * draws. */
static double draw_of(enum compat peer, enum manager m, const struct vector *v) {
    const double share = 0.1, at_random = share * v->budget;
    if (m == MANAGER_RANDOM) return 1 - v->draw; // asked when it is at least 1 − B
    if (m == MANAGER_MARGIN_PROBABILITY) return v->draw;
    if (m == MANAGER_SPLIT && v->draw < share)
        return share * v->draw2 + (v->draw2 > v->budget ? 1 - share : 0);
    if (m == MANAGER_SPLIT) return at_random + v->draw - share;
    if (m != MANAGER_RANDOM_VARIABLE) return 0.5;
    if (peer == COMPAT_SCIKIT_ACTIVEML)
        return normal_below(1 - v->draw); // the larger η, the likelier
    return v->draw < 0 ? normal_below(v->draw - 1) : normal_below(-1) + normal_below(1 - v->draw);
}

/* ---- a rule and its memory ---- */

struct memory {
    uint32_t own[STATE_OWN];
    uint16_t value[STATE_WINDOW];
    uint8_t n, at;
};

static bool step(enum compat peer, enum manager m, const struct vector *v, double draw,
                 struct memory *memory) {
    const struct manager_row *row = manager_compat_row(peer, m);
    struct manager_call call = {.budget = v->budget,
                                .utility = v->utility,
                                .code = utility_code(v->utility),
                                .classes = v->classes,
                                .draw = draw,
                                .window = {memory->value, &memory->n, &memory->at, STATE_WINDOW},
                                .own = memory->own};
    assert_true(utility_value(call.code) == v->utility);
    struct manager_answer answer = row->ask(&call);
    bool asked = call.draw < answer.probability;
    if (row->note) row->note(&call, answer.probability, asked);
    return asked;
}

static enum manager manager_named(const char *name) {
    for (int m = 0; m < MANAGERS; m++)
        if (strcmp(manager_name((enum manager)m), name) == 0) return (enum manager)m;
    fail_msg("no manager %s", name);
    return MANAGERS;
}

static FILE *open_vectors(enum compat peer) {
    char path[512], head[128];
    snprintf(path, sizeof path, SOURCE_DIR "/tests/vectors/%s.csv", compat_name(peer));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(head, sizeof head, file));
    return file;
}

static void compare(enum compat peer, enum manager m, const struct vector *v, struct memory *memory,
                    size_t line) {
    double theta;
    bool asked = step(peer, m, v, draw_of(peer, m, v), memory);
    memcpy(&theta, memory->own, sizeof theta);
    if (asked != v->asked)
        fail_msg("%s.csv:%zu: %s asked: %d, the peer: %d", compat_name(peer), line, v->rule, asked,
                 v->asked);
    if (!isnan(v->theta) && theta > 0 && fabs(theta - v->theta) > 1e-9 * v->theta)
        fail_msg("%s.csv:%zu: threshold %.12g, the peer's %.12g", compat_name(peer), line, theta,
                 v->theta);
}

static size_t replay(enum compat peer, bool seen[MANAGERS]) {
    FILE *file = open_vectors(peer);
    struct vector v, last = {.rule = ""};
    struct memory memory = {0};
    size_t steps = 0;
    for (; read_vector(file, &v); last = v, steps++) {
        enum manager m = manager_named(v.rule);
        if (strcmp(v.rule, last.rule) != 0 || v.budget != last.budget)
            memory = (struct memory){0}; // the next run
        seen[m] = true;
        compare(peer, m, &v, &memory, steps + 2);
    }
    fclose(file);
    return steps;
}

static void each_step_is_the_peers(void **state) {
    (void)state;
    for (int peer = COMPAT_NONE + 1; peer < COMPATS; peer++) {
        bool seen[MANAGERS] = {0};
        assert_true(replay((enum compat)peer, seen) >= 2400);
        for (int m = 0; m < MANAGERS; m++)
            assert_int_equal(seen[m],
                             manager_compat_row((enum compat)peer, (enum manager)m) != NULL);
    }
}

/* ---- what there is ---- */

static void the_table_of_choices_is_that_of_the_rules(void **state) {
    (void)state;
    static const bool listed[COMPATS][MANAGERS] = {
#define R(peer, manager, confidence) [COMPAT_##peer][MANAGER_##manager] = true,
        COMPAT_RULE_TABLE(R)
#undef R
    };
    for (int peer = 0; peer < COMPATS; peer++)
        for (int m = 0; m < MANAGERS; m++)
            assert_int_equal(listed[peer][m],
                             manager_compat_row((enum compat)peer, (enum manager)m) != NULL);
}

static void what_the_peer_has_not_is_refused(void **state) {
    (void)state;
    struct config c = config_of(0.1, MANAGER_IWAL);
    assert_null(config_compat_why(&c));
    c.query.compat = COMPAT_MOA;
    assert_non_null(strstr(config_compat_why(&c), "MOA has no such"));
    c.query.manager = MANAGER_VARIABLE;
    assert_non_null(strstr(config_compat_why(&c), "least_confidence"));
    c.query.measure = MEASURE_LEAST_CONFIDENCE;
    assert_null(config_compat_why(&c));
    c.query.density = 1;
    assert_non_null(strstr(config_compat_why(&c), "density"));
    c = config_of(0.1, MANAGER_BIQF);
    c.query.compat = COMPAT_SCIKIT_ACTIVEML;
    assert_null(config_compat_why(&c));
    c.query.measure = MEASURE_MIX;
    assert_non_null(strstr(config_compat_why(&c), "mix"));
}

/* ---- in the strategy arm ---- */

/* Where the purse never refuses, the arm decides as the rule alone does with the same draws. */
static void behind_the_purse_it_is_the_same_rule(void **state) {
    (void)state;
    for (int peer = COMPAT_NONE + 1; peer < COMPATS; peer++)
        for (int m = 0; m < MANAGERS; m++) {
            if (!manager_compat_row((enum compat)peer, (enum manager)m)) continue;
            struct config c = config_of(0.2, (enum manager)m);
            struct memory memory = {0};
            struct partition p;
            c.query.compat = peer;
            c.budget.burst = 1000000;
            partition_open(&p, &c);
            p.state.tokens = 900000 * TOKEN_ONE;
            for (int64_t i = 0; i < 3000; i++) {
                double u = utility_value(utility_code(uniform(3, i) / 2));
                struct vector v = {.budget = c.budget.rate * (1 - c.budget.random_share),
                                   .utility = u,
                                   .classes = 2};
                bool asked =
                    step((enum compat)peer, (enum manager)m, &v,
                         rng_unit(rng_keyed(RNG_MANAGER, 1, TOPIC, 0, (uint64_t)i)), &memory);
                assert_int_equal(partition_take(&p, u).by_strategy, asked);
            }
            partition_close(&p);
        }
}

/* A new model's quantiles would fill the window with what the peer never saw. */
static void a_swap_moves_nothing_of_a_peers_rule(void **state) {
    (void)state;
    struct config c = config_of(0.2, MANAGER_BIQF);
    struct partition p;
    float q[STATE_WINDOW] = {0};
    c.query.compat = COMPAT_SCIKIT_ACTIVEML;
    partition_open(&p, &c);
    for (int64_t i = 0; i < 300; i++) partition_take(&p, uniform(3, i));
    struct partition_state was = p.state;
    strategy_swap(p.strategy, 9, q, &p.state);
    assert_int_equal(p.state.model, 9);
    assert_memory_equal(p.state.own, was.own, sizeof was.own);
    assert_memory_equal(p.state.window, was.window, sizeof was.window);
    partition_close(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_is_the_peers),
        cmocka_unit_test(the_table_of_choices_is_that_of_the_rules),
        cmocka_unit_test(what_the_peer_has_not_is_refused),
        cmocka_unit_test(behind_the_purse_it_is_the_same_rule),
        cmocka_unit_test(a_swap_moves_nothing_of_a_peers_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
