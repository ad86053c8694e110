/* A sample far outside all that was seen is counted, told once a minute, and touches no other
 * sample's prediction. */
#include "stream.h"
#include "unit/capture.h"

#include "base/log.h"
#include "metrics/metrics.h"

#include <string.h>

enum { ABSURD = 41 }; // index of the first sample that is made absurd
static const int64_t start_ms = 1700000000000;
static char said[1 << 16];

/* Sends the first n samples through, each batch `step_ms` behind the one before. prob: (n, 2). */
static void send(struct stream *s, size_t n, int64_t step_ms, float *prob) {
    struct pipeline *p;
    struct cycle cycle = {0};
    struct capture c;
    int64_t now_ms = start_ms;
    assert_int_equal(pipeline_create(&p, &(struct pipeline_options){.config = s->config,
                                                                    .features = s->features,
                                                                    .partitions = PARTITIONS}),
                     0);
    for (int32_t i = 0; i < PARTITIONS; i++) pipeline_own(p, i, 0, true, (struct text){0}, now_ms);
    capture_begin(&c);
    log_init(LOG_LOGFMT, LOG_NOTICE);
    for (size_t i = 0; i < n; now_ms += step_ms) {
        struct batch *b = pipeline_batch(p);
        size_t first = i;
        for (; b->n < 100 && i < n; i++, b->n++) {
            b->record[b->n] = s->record[i];
            b->in_force[b->n] = &s->after;
        }
        pipeline_run(p, b, now_ms, &cycle);
        for (size_t j = first; j < i; j++)
            if (b->fate[j - first] == REASON_NONE)
                memcpy(prob + 2 * j, b->prob + 2 * (j - first), 2 * sizeof *prob);
        batch_reset(b);
        cycle_reset(&cycle);
    }
    log_flush();
    capture_end(&c, said, sizeof said);
    pipeline_destroy(p);
    cycle_release(&cycle);
}

static size_t times(const char *word) {
    size_t n = 0;
    for (const char *at = said; (at = strstr(at, word)); at++) n++;
    return n;
}

static void bound(struct stream *s) {
    for (size_t c = 0; c < s->model->shape.d; c++) s->model->low[c] = -30, s->model->high[c] = 30;
}

static void make_absurd(struct stream *s, size_t i, const char *x, const char *y) {
    snprintf(s->event[i], sizeof s->event[i], "{\"x\":%s,\"kind\":\"a\",\"y\":%s}", x, y);
    s->record[i].value = text_of(s->event[i]);
}

static void it_is_counted_and_told_once_a_minute(void **state) {
    struct stream *s = *state;
    float *prob = xcalloc(2 * SAMPLES, sizeof *prob);
    bound(s);
    double before = metric_get(METRIC_far);
    send(s, 600, 1000, prob);
    assert_true(metric_get(METRIC_far) == before && times("sample_far") == 0);
    make_absurd(s, ABSURD, "1e30", "2");
    make_absurd(s, ABSURD + 1, "-9999", "2");
    make_absurd(s, ABSURD + 400, "2", "31");
    send(s, 600, 1000, prob);
    assert_true(metric_get(METRIC_far) == before + 3);
    assert_int_equal(times("level=warning event=sample_far"), 1);
    assert_non_null(strstr(said, "feature=x value=1e+30 low=-30 high=30"));
    send(s, 600, 30000, prob); // the third comes two minutes later, of another feature: the log
                               // folds lines of one feature within a second of its own clock
    assert_int_equal(times("event=sample_far"), 2);
    assert_non_null(strstr(said, "feature=y value=31"));
    assert_non_null(strstr(said, "samples=2")); // the one between, and this one
    free(prob);
}

static void it_touches_no_other_prediction(void **state) {
    struct stream *s = *state;
    float *clean = xcalloc(2 * SAMPLES, sizeof *clean),
          *harmed = xcalloc(2 * SAMPLES, sizeof *harmed);
    bound(s);
    send(s, 600, 1000, clean);
    make_absurd(s, ABSURD, "1e30", "2");
    send(s, 600, 1000, harmed);
    assert_memory_equal(clean, harmed, (size_t)2 * ABSURD * sizeof *clean);
    assert_memory_equal(clean + (size_t)2 * (ABSURD + 1), harmed + (size_t)2 * (ABSURD + 1),
                        (size_t)2 * (600 - ABSURD - 1) * sizeof *clean);
    free(clean);
    free(harmed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_counted_and_told_once_a_minute, setup, teardown),
        cmocka_unit_test_setup_teardown(it_touches_no_other_prediction, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
