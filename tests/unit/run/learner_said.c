/* What the learner says of itself: when something begins and when it ends, and not once more while
 * it lasts. */
#include "run/learner_said.h"

#include "base/log.h"
#include "metrics/metrics.h"
#include "train/target.h"
#include "unit/test.h"

#include <string.h>

static char heard[4096]; // since the last look
static uint64_t counted; // errors and warnings until then: those that repeat are said once a second

static void hear(const char *line, size_t len, void *opaque) {
    (void)opaque;
    strncat(heard, line, len < sizeof heard - strlen(heard) ? len : 0);
}

/* What was said since the last look: one line of that event, or with NULL nothing. */
static void says(const char *event) {
    log_flush(); // what was held back as a repeat
    const char *end = strchr(heard, '\n');
    const uint64_t now = log_counted(LOG_ERROR) + log_counted(LOG_WARNING);
    assert_true(event || now == counted);
    counted = now;
    if (!event && *heard) fail_msg("it says: %s", heard);
    if (event && (!strstr(heard, event) || !end || end[1])) fail_msg("not %s: %s", event, heard);
    *heard = '\0';
}

static int begin(void **state) {
    (void)state;
    log_init(LOG_LOGFMT, LOG_DEBUG);
    log_redirect(hear, NULL);
    return 0;
}

static int end(void **state) {
    (void)state;
    log_redirect(NULL, NULL);
    return 0;
}

static void turns_are_said_as_they_come(void **state) {
    (void)state;
    struct learner_said said = {0};
    learner_said_no_turns(&said);
    learner_said_turned(&said, &(struct alarm_figures){.turns = 3}); // of before this life
    says(NULL);
    learner_said_turned(&said, &(struct alarm_figures){.turns = 3});
    says(NULL);
    learner_said_turned(&said, &(struct alarm_figures){.turns = 4});
    says("labels_turned");
    learner_said_turned(&said, &(struct alarm_figures){.turns = 4});
    says(NULL);
}

static void a_shrunken_set_is_said_until_it_is_back(void **state) {
    (void)state;
    struct learner_said said = {0};
    struct schedule s = {.labelled = 499, .fitted_rows = 1000};
    learner_said_shrunken(&said, &s, 7);
    says("labels_shrunken");
    learner_said_shrunken(&said, &s, 7);
    says(NULL);
    s.labelled = 1000;
    learner_said_shrunken(&said, &s, 7);
    says("labels_back");
    learner_said_shrunken(&said, &s, 7);
    says(NULL);
}

/* Unknown at first, and nothing is said of that. */
static void late_labels_are_said_when_it_becomes_sure(void **state) {
    (void)state;
    struct learner_said said = {0};
    double unknown[LATENESS_NUMBERS] = {[LATENESS_WORN] = -1}, costs[LATENESS_NUMBERS],
           free_[LATENESS_NUMBERS];
    memcpy(costs, unknown, sizeof costs);
    memcpy(free_, unknown, sizeof free_);
    costs[LATENESS_FOR] = free_[LATENESS_AGAINST] = 2 * LATENESS_SURE;
    learner_said_lateness(&said, NULL);
    learner_said_lateness(&said, unknown);
    says(NULL);
    learner_said_lateness(&said, costs);
    says("surely costs something");
    learner_said_lateness(&said, costs);
    learner_said_lateness(&said, NULL); // a version that says nothing takes nothing back
    learner_said_lateness(&said, costs);
    says(NULL);
    learner_said_lateness(&said, free_);
    says("surely costs next to nothing");
    learner_said_lateness(&said, unknown);
    says("not sure any more");
}

static void a_target_is_reached_lost_or_another(void **state) {
    (void)state;
    char *keys[] = {(char *)"recall"}, *values[] = {(char *)"0.8"};
    const struct config c = {.budget.target = {keys, values, 1}};
    const uint64_t number = target_read(&c).number;
    const double woken = metric_get(METRIC_target_woken);
    learner_said_rests(&c, 0, 0);
    says(NULL);
    learner_said_rests(&c, 0, number);
    says("target_reached");
    learner_said_rests(&c, number, number);
    says(NULL);
    learner_said_rests(&c, number + 1, 0); // nothing has woken the arm
    says("target_changed");
    assert_true(metric_get(METRIC_target_woken) == woken);
    learner_said_rests(&c, number, 0);
    says("target_lost");
    assert_true(metric_get(METRIC_target_woken) == woken + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_are_said_as_they_come),
        cmocka_unit_test(a_shrunken_set_is_said_until_it_is_back),
        cmocka_unit_test(late_labels_are_said_when_it_becomes_sure),
        cmocka_unit_test(a_target_is_reached_lost_or_another),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
