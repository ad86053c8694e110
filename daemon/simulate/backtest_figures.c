/* Fed by the backtest as the daemon feeds its own (daemon/run/labelled_figures.c).
 *
 * Thread: the thread of their backtest */
#include "backtest_figures.h"

#include "base/rng.h"

#include <math.h>

void backtest_figures_open(struct backtest_figures *f, const struct encoded_file *file,
                           size_t window) {
    size_t n = segments_n(file->segments);
    *f = (struct backtest_figures){.estimator = estimator_create(window),
                                   .segments = file->segments};
    for (size_t e = 0; e < ESTIMATES; e++)
        if (estimate_counts((enum estimate_name)e)) f->plain[e] = prequential_create();
    f->annotators = annotators_create(file->k);
    f->parts = parts_create(n, 1, f->estimator);
    f->part = xcalloc(n, sizeof *f->part);
    f->by_class = by_class_create(file->k, 1, f->estimator);
}

void backtest_figures_close(struct backtest_figures *f) {
    by_class_destroy(f->by_class);
    parts_destroy(f->parts);
    annotators_destroy(f->annotators);
    free(f->part);
    estimator_destroy(f->estimator);
    for (size_t e = 0; e < ESTIMATES; e++) prequential_destroy(f->plain[e]);
}

static void backtest_figures_note(struct backtest_truth *t, const struct outcome *o) {
    for (size_t i = 0; i < OUTCOMES; i++) t->sum[i] += o->value[i];
    t->samples++;
}

static void backtest_figures_note_class(struct backtest_figures *f, int truth, int predicted) {
    if (truth < BY_CLASS_MAX) f->true_[truth]++;
    if (predicted < BY_CLASS_MAX) f->named[predicted]++;
    if (truth == predicted && truth < BY_CLASS_MAX) f->right[truth]++;
}

void backtest_figures_sample(struct backtest_figures *f, const struct asked *said, int truth,
                             const struct outcome *o) {
    backtest_figures_note(&f->truth, o);
    backtest_figures_note_class(f, truth, said->predicted);
    for (size_t i = 0; i < PARTS_OF_A_SAMPLE && said->part[i]; i++)
        backtest_figures_note(&f->part[said->part[i] - 1], o);
}

void backtest_figures_ask(struct backtest_figures *f, const struct asked *a) {
    estimator_ask(f->estimator, a);
    parts_ask(f->parts, a);
    by_class_ask(f->by_class, a);
}

/* The band holds the truth at every look, or it is none: so it is looked at after each answer. */
static void backtest_figures_watch(const struct backtest_figures *f, struct backtest_result *r) {
    double truth[ESTIMATES];
    estimate_of_all(f->truth.sum, (double)f->truth.samples, truth);
    r->looks++;
    for (size_t i = 0; i < ESTIMATES; i++) {
        struct estimate e;
        if (!f->plain[i]) continue;
        estimator_read_one(f->estimator, ESTIMATE_SINCE_START, (enum estimate_name)i, &e);
        r->missed[i] |= truth[i] < e.always_low || truth[i] > e.always_high;
    }
}

void backtest_figures_answer(struct backtest_figures *f, const struct asked *a, int label,
                             const struct outcome *o, struct backtest_result *r) {
    estimator_answer(f->estimator, a, o);
    parts_answer(f->parts, a, o);
    by_class_answer(f->by_class, a, label);
    for (size_t e = 0; e < ESTIMATES; e++) {
        int hit = estimate_hit((enum estimate_name)e, o);
        if (f->plain[e] && hit >= 0) prequential_add(f->plain[e], 1, hit, a->propensity);
    }
    backtest_figures_watch(f, r);
}

static double backtest_figures_share(uint64_t a, uint64_t of) {
    return of ? (double)a / (double)of : NAN;
}

static void backtest_figures_read_classes(const struct backtest_figures *f,
                                          struct backtest_result *r) {
    r->classes = by_class_n(f->by_class);
    r->by_class = xcalloc(r->classes, sizeof *r->by_class);
    for (size_t c = 0; c < r->classes; c++) {
        struct backtest_class *to = &r->by_class[c];
        by_class_read(f->by_class, c, ESTIMATE_SINCE_START, to->estimate, NULL);
        to->truth[CLASS_PREVALENCE] = backtest_figures_share(f->true_[c], f->truth.samples);
        to->truth[CLASS_PRECISION] = backtest_figures_share(f->right[c], f->named[c]);
        to->truth[CLASS_RECALL] = backtest_figures_share(f->right[c], f->true_[c]);
    }
}

void backtest_figures_pair(struct backtest_figures *f, size_t sample, bool agree) {
    enum { READERS = 4 };
    uint64_t one = rng_below(rng_mix(sample), READERS),
             other = (one + 1 + rng_below(rng_mix(~sample), READERS - 1)) % READERS;
    annotators_pair(f->annotators, &(struct answer_pair){{one + 1, other + 1}, agree});
}

void backtest_figures_read(const struct backtest_figures *f, struct backtest_result *r) {
    estimate_of_all(f->truth.sum, (double)f->truth.samples, r->truth);
    r->truth[ESTIMATE_AVERAGE_PRECISION] = r->score.average_precision;
    estimator_read(f->estimator, ESTIMATE_SINCE_START, &r->estimate);
    estimator_read(f->estimator, ESTIMATE_NOW, &r->now);
    annotators_readers(f->annotators, &r->readers);
    for (size_t e = 0; e < ESTIMATES; e++)
        annotators_correct(f->annotators, (enum estimate_name)e, &r->estimate.of[e],
                           &r->corrected[e]);
    for (size_t e = 0; e < ESTIMATES; e++)
        if (f->plain[e]) prequential_read(f->plain[e], &r->plain[e]);
    backtest_figures_read_classes(f, r);
    r->segments = segments_n(f->segments);
    r->segment = xcalloc(r->segments, sizeof *r->segment);
    for (size_t i = 0; i < r->segments; i++) {
        struct backtest_segment *s = &r->segment[i];
        s->samples = f->part[i].samples;
        estimate_of_all(f->part[i].sum, (double)s->samples, s->truth);
        parts_read(f->parts, i, ESTIMATE_SINCE_START, &s->estimate);
    }
}
