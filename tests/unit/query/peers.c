/* The oracles of the peers' rules decide what the peers themselves decided: tests/vectors/make ran
 * the libraries and recorded 6,600 steps, draws included. */
#include "peer_rules.h"
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

/* The uniform draw with which a rule that names a probability decides as the peer did with its own
 * draws. */
static double draw_of(enum peer peer, enum manager m, const struct vector *v) {
    const double share = 0.1, at_random = share * v->budget;
    if (m == MANAGER_RANDOM) return 1 - v->draw; // asked when it is at least 1 − B
    if (m == MANAGER_MARGIN_PROBABILITY) return v->draw;
    if (m == MANAGER_SPLIT && v->draw < share)
        return share * v->draw2 + (v->draw2 > v->budget ? 1 - share : 0);
    if (m == MANAGER_SPLIT) return at_random + v->draw - share;
    if (m != MANAGER_RANDOM_VARIABLE) return 0.5;
    if (peer == PEER_SCIKIT_ACTIVEML)
        return normal_below(1 - v->draw); // the larger η, the likelier
    return v->draw < 0 ? normal_below(v->draw - 1) : normal_below(-1) + normal_below(1 - v->draw);
}

/* ---- the replay ---- */

static const char *const recorded[PEERS] = {
    [PEER_SCIKIT_ACTIVEML] = "scikit_activeml", [PEER_MOA] = "moa"};

static enum manager manager_named(const char *name) {
    for (int m = 0; m < MANAGERS; m++)
        if (strcmp(manager_name((enum manager)m), name) == 0) return (enum manager)m;
    fail_msg("no manager %s", name);
    return MANAGERS;
}

static FILE *open_vectors(enum peer peer) {
    char path[512], head[128];
    snprintf(path, sizeof path, SOURCE_DIR "/tests/vectors/%s.csv", recorded[peer]);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(head, sizeof head, file));
    return file;
}

static void compare(enum peer peer, enum manager m, const struct vector *v,
                    struct peer_memory *memory, size_t line) {
    struct peer_call call = {
        .budget = v->budget, .classes = v->classes, .draw = draw_of(peer, m, v), .memory = memory};
    bool asked = peer_step(peer_rule(peer, m), &call, v->utility);
    assert_true(call.utility == v->utility); // its code is exact
    if (asked != v->asked)
        fail_msg("%s.csv:%zu: %s asked: %d, the peer: %d", recorded[peer], line, v->rule, asked,
                 v->asked);
    if (!isnan(v->theta) && fabs(memory->theta - v->theta) > 1e-9 * v->theta)
        fail_msg("%s.csv:%zu: threshold %.12g, the peer's %.12g", recorded[peer], line,
                 memory->theta, v->theta);
}

static size_t replay(enum peer peer, bool seen[MANAGERS]) {
    FILE *file = open_vectors(peer);
    struct vector v, last = {.rule = ""};
    struct peer_memory memory = peer_memory_new();
    size_t steps = 0;
    for (; read_vector(file, &v); last = v, steps++) {
        enum manager m = manager_named(v.rule);
        if (strcmp(v.rule, last.rule) != 0 || v.budget != last.budget)
            memory = peer_memory_new(); // the next run
        seen[m] = true;
        compare(peer, m, &v, &memory, steps + 2);
    }
    fclose(file);
    return steps;
}

static void each_step_is_the_peers(void **state) {
    (void)state;
    for (enum peer peer = 0; peer < PEERS; peer++) {
        bool seen[MANAGERS] = {0};
        assert_true(replay(peer, seen) >= 2400);
        for (enum manager m = 0; m < MANAGERS; m++)
            assert_int_equal(seen[m], peer_rule(peer, m) != NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_step_is_the_peers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
