/* Names of measures, managers, peers, pool rules and reasons to ask, from the tables of the header.
 * Thread: any thread */
#include "config/choices.h"

static const char *const measures[MEASURES] = {
#define M(name, text) text,
    MEASURE_TABLE(M)
#undef M
};

static const char *const managers[MANAGERS] = {
#define M(name, text) text,
    MANAGER_TABLE(M)
#undef M
};

static const char *const compats[COMPATS] = {
#define C(name, text) text,
    COMPAT_TABLE(C)
#undef C
};

static const char *const pool_rules[POOL_RULES] = {
#define M(name, text) text,
    POOL_RULE_TABLE(M)
#undef M
};

static const char *const asks[ASKS] = {
#define A(name, text) text,
    ASK_TABLE(A)
#undef A
};

const char *measure_name(enum measure m) { return m < MEASURES ? measures[m] : "?"; }
const char *manager_name(enum manager m) { return m < MANAGERS ? managers[m] : "?"; }
const char *compat_name(enum compat c) { return c < COMPATS ? compats[c] : "?"; }
const char *pool_rule_name(enum pool_rule r) { return r < POOL_RULES ? pool_rules[r] : "?"; }
const char *ask_name(enum ask a) { return a < ASKS ? asks[a] : "?"; }
