/* Fed by the backtest as the daemon feeds its own (daemon/run/labelled_figures.c).
 *
 * Thread: the thread of their backtest */
#include "backtest_figures.h"

#include "train/target.h"

#include <math.h>

void backtest_figures_open(struct backtest_figures *f, const struct encoded_file *file,
                           size_t window) {
    size_t n = segments_n(file->segments);
    *f = (struct backtest_figures){.estimator = estimator_create(window),
                                   .design = design_create(),
                                   .window = window,
                                   .draw = xcalloc(window + 1, sizeof *f->draw),
                                   .segments = file->segments};
    for (size_t e = 0; e < ESTIMATES; e++)
        if (estimate_counts((enum estimate_name)e)) f->plain[e] = prequential_create();
    backtest_readers_open(&f->readers, file->k);
    f->parts = parts_create(n, 1, f->estimator);
    f->part = xcalloc(n, sizeof *f->part);
    f->by_class = by_class_create(file->k, 1, f->estimator);
}

void backtest_figures_close(struct backtest_figures *f) {
    by_class_destroy(f->by_class);
    parts_destroy(f->parts);
    backtest_readers_close(&f->readers);
    free(f->part);
    free(f->draw);
    estimator_destroy(f->estimator);
    design_destroy(f->design);
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
                             const struct outcome *o, const struct backtest_truth *until,
                             struct backtest_result *r) {
    estimator_answer(f->estimator, a, o);
    design_answer(f->design, a, o);
    if (a->propensity < 1) f->draw[f->draws++ % (f->window + 1)] = *until;
    parts_answer(f->parts, a, o);
    by_class_answer(f->by_class, a, label);
    for (size_t e = 0; e < ESTIMATES; e++) {
        int hit = estimate_hit((enum estimate_name)e, o);
        if (f->plain[e] && hit >= 0) prequential_add(f->plain[e], 1, hit, a->propensity);
    }
    backtest_figures_watch(f, r);
}

bool backtest_figures_weigh(const struct backtest_figures *f, bool weighted) {
    struct design_figures design;
    design_read(f->design, f->estimator, weighted, &design);
    return design.pays;
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

uint64_t backtest_figures_rests(const struct backtest_figures *f, const struct config *c,
                                uint64_t rests) {
    const struct target target = target_read(c);
    return target_rests(&target, f->estimator, rests);
}

/* Over the samples behind the draw before the window's first, up to its last. */
static void backtest_figures_truth_now(const struct backtest_figures *f, double out[ESTIMATES]) {
    const size_t places = f->window + 1;
    struct backtest_truth is = {0};
    if (f->draws) is = f->draw[(f->draws - 1) % places];
    if (f->window && f->draws > f->window) {
        const struct backtest_truth *before = &f->draw[f->draws % places];
        is.samples -= before->samples;
        for (size_t i = 0; i < OUTCOMES; i++) is.sum[i] -= before->sum[i];
    }
    estimate_of_all(is.sum, (double)is.samples, out);
}

bool backtest_figures_target_true(const struct backtest_figures *f, const struct config *c,
                                  double average_precision) {
    const struct target target = target_read(c);
    double truth[ESTIMATES];
    bool is = true;
    backtest_figures_truth_now(f, truth);
    truth[ESTIMATE_AVERAGE_PRECISION] = average_precision;
    for (size_t i = 0; i < ESTIMATES; i++) {
        const struct estimate exact = {.always_low = truth[i], .always_high = truth[i]};
        is &= isnan(target.at[i]) || target_reached((enum estimate_name)i, &exact, target.at[i]);
    }
    return is;
}

void backtest_figures_forecast(const struct backtest_figures *f, const struct config *c,
                               size_t labels, size_t most, struct forecast out[ESTIMATES]) {
    const struct target target = target_read(c);
    target_forecast(&target, f->estimator, (double)labels, (double)most, out);
}

void backtest_figures_read(const struct backtest_figures *f, struct backtest_result *r) {
    estimate_of_all(f->truth.sum, (double)f->truth.samples, r->truth);
    r->truth[ESTIMATE_AVERAGE_PRECISION] = r->score.average_precision;
    estimator_read(f->estimator, ESTIMATE_SINCE_START, &r->estimate);
    estimator_read(f->estimator, ESTIMATE_NOW, &r->now);
    backtest_readers_read(&f->readers, r);
    for (size_t e = 0; e < ESTIMATES; e++)
        if (f->plain[e])
            prequential_read(f->plain[e], estimator_chooses(f->estimator), &r->plain[e]);
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
