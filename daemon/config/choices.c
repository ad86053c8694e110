/* The words of choices, from the tables of the header.
 *
 * Thread: any thread */
#include "config/choices.h"

static const char *const deliveries[DELIVERIES] = {WORDS_TEXT(DELIVERY_TABLE)};
static const char *const learners[LEARNERS] = {WORDS_TEXT(LEARNER_TABLE)};
static const char *const learns[LEARNS] = {WORDS_TEXT(LEARN_TABLE)};
static const char *const measures[MEASURES] = {WORDS_TEXT(MEASURE_TABLE)};
static const char *const managers[MANAGERS] = {WORDS_TEXT(MANAGER_TABLE)};
static const char *const pool_rules[POOL_RULES] = {WORDS_TEXT(POOL_RULE_TABLE)};
static const char *const asks[ASKS] = {WORDS_TEXT(ASK_TABLE)};

const char *delivery_name(enum delivery d) { return d < DELIVERIES ? deliveries[d] : "?"; }
const char *learner_choice_name(enum learner_choice l) { return l < LEARNERS ? learners[l] : "?"; }
const char *learn_name(enum learn l) { return l < LEARNS ? learns[l] : "?"; }
const char *measure_name(enum measure m) { return m < MEASURES ? measures[m] : "?"; }
const char *manager_name(enum manager m) { return m < MANAGERS ? managers[m] : "?"; }
const char *pool_rule_name(enum pool_rule r) { return r < POOL_RULES ? pool_rules[r] : "?"; }
const char *ask_name(enum ask a) { return a < ASKS ? asks[a] : "?"; }

double time_unit_per_ms(enum time_unit u) {
    static const double per_ms[TIME_UNITS] = {[TIME_MILLISECONDS] = 1,
                                              [TIME_SECONDS] = 1e-3,
                                              [TIME_MICROSECONDS] = 1e3,
                                              [TIME_NANOSECONDS] = 1e6};
    return per_ms[u];
}
