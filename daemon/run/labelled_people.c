/* What the answers say of those who gave them, told as metrics.
 *
 * Thread: learner thread */
#include "labelled_people.h"

#include "metrics/metrics.h"

#include <inttypes.h>
#include <math.h>

enum {
    TOLD = 9,   // numbers of each annotator
    CALLED = 96 // bytes of a name that is shown as it is
};
static const enum metric labelled_people_told[TOLD] = {
    METRIC_annotator_answers, METRIC_annotator_checked,  METRIC_annotator,
    METRIC_annotator_low,     METRIC_annotator_high,     METRIC_annotator_golds,
    METRIC_annotator_gold,    METRIC_annotator_gold_low, METRIC_annotator_gold_high};

static void labelled_people_call(struct store *names, uint64_t who, char out[LABEL_NAME_MAX + 1]) {
    if (!who) snprintf(out, LABEL_NAME_MAX + 1, "(others)");
    else if (!names || !store_annotator(names, who, out) || strlen(out) > CALLED)
        snprintf(out, LABEL_NAME_MAX + 1, "%016" PRIx64, who);
}

static void labelled_people_tell_each(struct annotators *a, struct store *names) {
    struct annotator who[ANNOTATORS_MOST + 1];
    struct metric_named list[TOLD][ANNOTATORS_MOST + 1];
    char name[ANNOTATORS_MOST + 1][LABEL_NAME_MAX + 1];
    size_t n = annotators_read(a, who), at_chance = 0;
    for (size_t i = 0; i < n; i++) {
        const double number[TOLD] = {(double)who[i].answers,
                                     (double)(who[i].pairs + who[i].settled + who[i].gold),
                                     who[i].accuracy,
                                     who[i].low,
                                     who[i].high,
                                     (double)who[i].gold,
                                     who[i].gold_accuracy,
                                     who[i].gold_low,
                                     who[i].gold_high};
        labelled_people_call(names, who[i].who, name[i]);
        at_chance += who[i].at_chance;
        for (size_t t = 0; t < TOLD; t++)
            list[t][i] = (struct metric_named){text_of(name[i]), {number[t]}};
    }
    for (size_t t = 0; t < TOLD; t++) metric_set_named(labelled_people_told[t], list[t], n);
    metric_set(METRIC_annotators_at_chance, (double)at_chance);
}

void labelled_people_tell(struct annotators *a, const struct estimates *start,
                          struct store *names) {
    struct readers readers;
    annotators_readers(a, &readers);
    metric_set(METRIC_double_answers, (double)readers.pairs);
    metric_set(METRIC_double_agreed, (double)readers.agreed);
    metric_set(METRIC_readers, readers.accuracy);
    metric_set(METRIC_readers_low, readers.low);
    metric_set(METRIC_readers_high, readers.high);
    for (size_t i = 0; i < ESTIMATES; i++) {
        struct estimate truth;
        annotators_correct(a, (enum estimate_name)i, start, &truth);
        metric_set_by(METRIC_truth, i, truth.value);
        metric_set_by(METRIC_truth_low, i, truth.low);
        metric_set_by(METRIC_truth_high, i, truth.high);
    }
    labelled_people_tell_each(a, names);
}

struct disputes_of {
    struct annotators *known;
    struct disputes sum;
};

static void labelled_people_dispute(const struct dispute *d, void *opaque) {
    struct disputes_of *to = opaque;
    annotators_dispute(to->known, d->said, d->n, d->open, &to->sum);
}

struct golds_of {
    struct annotators *known;
    size_t n;
};

static void labelled_people_gold(const struct gold_answer *g, void *opaque) {
    struct golds_of *to = opaque;
    if (g->who) annotators_gold(to->known, g);
    to->n++;
}

int labelled_people_tell_golds(struct annotators *a, struct store *s) {
    struct golds_of all = {.known = a};
    annotators_forget_gold(a);
    TRY(store_golds(s, labelled_people_gold, &all));
    metric_set(METRIC_gold_questions, (double)all.n);
    return 0;
}

int labelled_people_tell_disputes(struct annotators *a, struct store *s) {
    struct disputes_of all = {.known = a};
    TRY(store_disputes(s, labelled_people_dispute, &all));
    metric_set(METRIC_undecided, (double)all.sum.undecided);
    metric_set(METRIC_decided_by_third, (double)all.sum.third);
    return 0;
}
