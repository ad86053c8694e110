/* A threshold that does not fit the utilities is said in the log and shown in a metric: nobody
 * would see from a silent queue why it is silent. */
#include "stream.h"
#include "unit/capture.h"

#include "base/log.h"
#include "config/choices.h"
#include "metrics/metrics.h"

#include <string.h>

static char said[1 << 16];

/* Sends the stream through and returns the metric; the log is in `said`. */
static double demand_of(struct stream *s, enum manager manager, double threshold) {
    struct pipeline *p;
    struct cycle cycle = {0};
    struct capture c;
    s->config->query.manager = (int)manager;
    s->config->query.threshold = threshold;
    assert_int_equal(pipeline_create(&p, &(struct pipeline_options){.config = s->config,
                                                                    .features = s->features,
                                                                    .partitions = PARTITIONS}),
                     0);
    for (int32_t i = 0; i < PARTITIONS; i++)
        pipeline_own(p, i, 0, true, (struct text){0}, 1700000000000);
    capture_begin(&c);
    log_init(LOG_LOGFMT, LOG_NOTICE);
    for (size_t i = 0; i < SAMPLES;) {
        struct batch *b = pipeline_batch(p);
        for (; b->n < 100 && i < SAMPLES; i++, b->n++) {
            b->record[b->n] = s->record[i];
            b->in_force[b->n] = &s->after;
        }
        pipeline_run(p, b, 1700000000000, &cycle);
        batch_reset(b);
        cycle_reset(&cycle);
    }
    log_flush();
    capture_end(&c, said, sizeof said);
    pipeline_destroy(p);
    cycle_release(&cycle);
    return metric_get(METRIC_demand);
}

static size_t times(const char *word) {
    size_t n = 0;
    for (const char *at = said; (at = strstr(at, word)); at++) n++;
    return n;
}

/* log_odds_margin is at most 0: nothing reaches 1, everything reaches −1000. Said once, not with
 * each batch. */
static void starved_and_flooded_are_said(void **state) {
    assert_true(demand_of(*state, MANAGER_FIXED, 1) == 0);
    assert_int_equal(times("queue_starved"), 1);
    assert_true(demand_of(*state, MANAGER_FIXED, -1000) > 4);
    assert_int_equal(times("queue_flooded"), 1);
}

static void the_default_fits(void **state) {
    double ratio = demand_of(*state, MANAGER_QUANTILE_WINDOW, 0);
    assert_true(ratio > 0.25 && ratio < 4);
    assert_int_equal(times("queue_"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(starved_and_flooded_are_said, setup, teardown),
        cmocka_unit_test_setup_teardown(the_default_fits, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
