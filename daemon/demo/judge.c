/* Test-then-train seen from outside: predictions are read from their topic as any consumer would
 * read them, and each sample is scored once.
 *
 * A sample that no model has scored counts too, as it does in the backtest and in
 * tests/vectors/reference.py: its probabilities are equal, so the first class is predicted
 * (route/classes.h). Leaving such samples out would make a slow start look good.
 *
 * Thread: the thread of judge_run adds; judge_read: any thread */
#include "judge.h"

#include "base/arena.h"
#include "base/clock.h"
#include "kafka/topic_reader.h"
#include "route/classes.h"
#include "route/prediction.h"

#include <math.h>
#include <pthread.h>

enum {
    POLL_RECORDS = 512, // taken at once
    POLL_MS = 10,       // wait for records; the stop flag is looked at so often
    RETRY_MS = 100      // until the topic is asked for again
};

struct judge {
    struct judge_options o;
    size_t k, positive;
    uint64_t slice;       // samples in one
    pthread_mutex_t lock; // guards what stands below
    struct score *all, *part;
    struct judge_figures now;
    double modelled, outcome[OUTCOMES]; // of predictions by a model
    struct arena arena;
};

/* ---- life ---- */

struct judge *judge_create(const struct judge_options *o) {
    struct judge *s = xcalloc(1, sizeof *s);
    const struct list *classes = &o->config->model.classes;
    *s = (struct judge){.o = *o,
                        .k = classes->n,
                        .positive = classes->n - 1,
                        .slice = (o->total + JUDGE_SLICES - 1) / JUDGE_SLICES};
    for (size_t i = 0; i < classes->n; i++)
        if (strcmp(classes->at[i], o->config->model.positive) == 0) s->positive = i;
    pthread_mutex_init(&s->lock, NULL);
    s->all = score_create(s->k, s->positive);
    s->part = score_create(s->k, s->positive);
    return s;
}

void judge_destroy(struct judge *s) {
    if (!s) return;
    score_destroy(s->all);
    score_destroy(s->part);
    pthread_mutex_destroy(&s->lock);
    arena_release(&s->arena);
    free(s);
}

/* ---- one prediction ---- */

static void judge_end_slice(struct judge *s) {
    struct score_figures f;
    score_read(s->part, &f);
    s->now.accuracy[s->now.slices] = f.accuracy;
    s->now.average_precision[s->now.slices++] = f.average_precision;
    score_destroy(s->part);
    s->part = score_create(s->k, s->positive);
}

static void judge_note_outcome(struct judge *s, bool right, bool positive, bool alarm) {
    struct outcome o;
    outcome_of(&o, right, positive, alarm, false, NAN, NAN, NAN);
    s->modelled++;
    for (size_t i = 0; i < OUTCOMES; i++) s->outcome[i] += o.value[i];
}

static void judge_score(struct judge *s, const struct prediction *p, int truth) {
    int said = class_predicted(p->prob, p->k);
    bool positive = (size_t)truth == s->positive;
    score_add(s->all, truth, said, p->prob);
    score_add(s->part, truth, said, p->prob);
    s->now.scored++;
    s->now.positives += positive;
    s->now.asked += p->asked;
    s->now.asked_positives += p->asked && positive;
    if (p->model > 0) judge_note_outcome(s, said == truth, positive, (size_t)said == s->positive);
}

static void judge_take(struct judge *s, const struct prediction *p) {
    int truth = true_labels_judge(s->o.truth, p->sample_id);
    if (truth == TRUE_LABEL_JUDGED) return;
    pthread_mutex_lock(&s->lock);
    s->now.seen++;
    if (truth >= 0) judge_score(s, p, truth);
    if (s->now.seen % s->slice == 0 && s->now.slices < JUDGE_SLICES) judge_end_slice(s);
    pthread_mutex_unlock(&s->lock);
}

int judge_add(struct judge *s, struct text record, const char **why) {
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

static bool judge_stopped(const struct judge *s) { return atomic_load(s->o.stop); }

static int judge_read_some(struct judge *s, struct reader *reader, struct buf *why) {
    struct reader_record record[POLL_RECORDS];
    const char *wrong = NULL;
    int n = reader_poll(reader, record, POLL_RECORDS, POLL_MS), result = 0;
    if (n < 0) buf_str(why, "the predictions topic can not be read further");
    TRY(n);
    for (int i = 0; i < n && result == 0; i++) result = judge_add(s, record[i].value, &wrong);
    if (result < 0) buf_printf(why, "the predictions topic holds something else: %s", wrong);
    reader_release(reader, record, (size_t)n);
    return result;
}

int judge_run(struct judge *s, struct buf *why) {
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

void judge_read(struct judge *s, bool ranking, struct judge_figures *out) {
    pthread_mutex_lock(&s->lock);
    *out = s->now;
    if (ranking) score_read(s->all, &out->all);
    else score_counts(s->all, &out->all);
    estimate_of_all(s->outcome, s->modelled, out->modelled);
    pthread_mutex_unlock(&s->lock);
}
