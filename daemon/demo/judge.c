/* Test, then train, seen from outside: predictions are read as any consumer would read them and
 * judged once each.
 *
 * A sample that no model has seen counts too, as tests/vectors/reference.py and the backtest count
 * it: equal probabilities, of which the first class is said (route/classes.h). Leaving it out would
 * flatter a slow start.
 *
 * Thread: the thread of demo_score_run adds; demo_score_read: any thread */
#include "judge.h"

#include "base/arena.h"
#include "base/clock.h"
#include "kafka/topic_reader.h"
#include "route/classes.h"
#include "route/prediction.h"

#include <math.h>
#include <pthread.h>

enum { POLL_RECORDS = 512, POLL_MS = 10, RETRY_MS = 100 };

struct demo_score {
    struct demo_score_options o;
    size_t k, positive;
    uint64_t slice;       // samples in one
    pthread_mutex_t lock; // guards what stands below
    struct score *all, *part;
    struct demo_scores now;
    uint64_t modelled, modelled_right;
    struct arena arena;
};

/* ---- life ---- */

struct demo_score *demo_score_create(const struct demo_score_options *o) {
    struct demo_score *s = xcalloc(1, sizeof *s);
    const struct list *classes = &o->config->model.classes;
    *s = (struct demo_score){.o = *o,
                             .k = classes->n,
                             .positive = classes->n - 1,
                             .slice = (o->total + DEMO_SLICES - 1) / DEMO_SLICES};
    for (size_t i = 0; i < classes->n; i++)
        if (strcmp(classes->at[i], o->config->model.positive) == 0) s->positive = i;
    pthread_mutex_init(&s->lock, NULL);
    s->all = score_create(s->k, s->positive);
    s->part = score_create(s->k, s->positive);
    return s;
}

void demo_score_destroy(struct demo_score *s) {
    if (!s) return;
    score_destroy(s->all);
    score_destroy(s->part);
    pthread_mutex_destroy(&s->lock);
    arena_release(&s->arena);
    free(s);
}

/* ---- one prediction ---- */

static void end_slice(struct demo_score *s) {
    struct score_figures f;
    score_read(s->part, &f);
    s->now.accuracy[s->now.slices] = f.accuracy;
    s->now.average_precision[s->now.slices++] = f.average_precision;
    score_destroy(s->part);
    s->part = score_create(s->k, s->positive);
}

static void judge_judge(struct demo_score *s, const struct prediction *p, int truth) {
    int said = class_predicted(p->prob, p->k);
    bool positive = (size_t)truth == s->positive;
    score_add(s->all, truth, said, p->prob);
    score_add(s->part, truth, said, p->prob);
    s->now.scored++;
    s->now.positives += positive;
    s->now.asked += p->asked;
    s->now.asked_positives += p->asked && positive;
    s->modelled += p->model > 0;
    s->modelled_right += p->model > 0 && said == truth;
}

static void judge_take(struct demo_score *s, const struct prediction *p) {
    int truth = true_labels_judge(s->o.truth, p->sample_id);
    if (truth == TRUE_LABEL_JUDGED) return;
    pthread_mutex_lock(&s->lock);
    s->now.seen++;
    if (truth >= 0) judge_judge(s, p, truth);
    if (s->now.seen % s->slice == 0 && s->now.slices < DEMO_SLICES) end_slice(s);
    pthread_mutex_unlock(&s->lock);
}

int demo_score_add(struct demo_score *s, struct text record, const char **why) {
    struct prediction p;
    arena_reset(&s->arena);
    TRY(prediction_read(&p, record, &s->arena, why));
    if (p.k != s->k) {
        *why = "a prediction of another number of classes";
        return ERR_INPUT;
    }
    judge_take(s, &p);
    return 0;
}

/* ---- the topic ---- */

static bool judge_stopped(const struct demo_score *s) { return atomic_load(s->o.stop); }

static int judge_read_some(struct demo_score *s, struct reader *reader, struct buf *why) {
    struct reader_record record[POLL_RECORDS];
    const char *wrong = NULL;
    int n = reader_poll(reader, record, POLL_RECORDS, POLL_MS), result = 0;
    if (n < 0) buf_str(why, "the predictions topic can not be read further");
    TRY(n);
    for (int i = 0; i < n && result == 0; i++) result = demo_score_add(s, record[i].value, &wrong);
    if (result < 0) buf_printf(why, "the predictions topic holds something else: %s", wrong);
    reader_release(reader, record, (size_t)n);
    return result;
}

int demo_score_run(struct demo_score *s, struct buf *why) {
    struct reader *reader;
    const char *topic = s->o.config->topics.predictions;
    TRY(reader_create(&reader, s->o.config, &topic, 1, why));
    int result;
    while ((result = reader_start(reader, NULL, NULL)) == ERR_RETRY && !judge_stopped(s))
        clock_sleep_ms(RETRY_MS);
    while (result == 0 && !judge_stopped(s)) result = judge_read_some(s, reader, why);
    reader_destroy(reader);
    return judge_stopped(s) ? 0 : result;
}

/* ---- figures ---- */

void demo_score_read(struct demo_score *s, bool ranking, struct demo_scores *out) {
    pthread_mutex_lock(&s->lock);
    *out = s->now;
    if (ranking) score_read(s->all, &out->all);
    else score_counts(s->all, &out->all);
    out->modelled_accuracy = s->modelled ? (double)s->modelled_right / (double)s->modelled : NAN;
    pthread_mutex_unlock(&s->lock);
}
