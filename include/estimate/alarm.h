/* The alarm that labels have turned: that the model is wrong more often where it is sure than it
 * was.
 *
 * Only answers of the random arm bet. Each is held against how often the model was wrong before
 * when it was as sure and said the same (one of eight cells: four bands of its doubt, the positive
 * class and the others), so a model that is often wrong raises no alarm, and neither does a design
 * that draws the doubtful ones more often: which samples are drawn may depend on what the model
 * said of them, and their propensities then need no weights.
 *
 * The evidence is the mean of eleven Shiryaev-Roberts e-detectors, M ← (1 + M) · f, f being the
 * likelihood ratio of "wrong in a share p₁" to "in a share p₀ at most" (Shin, Ramdas and Rinaldo
 * 2022, E-detectors, arXiv 2203.03532): one for each cell alone, three for all cells together.
 * While nothing changes it grows by at most one an answer in the mean, so it reaches A no more
 * often than once in A answers of the random arm. p₀ is estimated, one standard error to the safe
 * side, from the answers before the suspected change.
 *
 * The doubt comes long before the alarm: a detector of a great change has seen one or two
 * wrong answers where the model was sure. It lasts for so few answers that it costs next to nothing
 * when it is unfounded, and as they are drawn at random they settle it (daemon/query/budget.c).
 *
 * Pure: no clock, no Kafka. What it is told, in its order, is all that it knows.
 *
 * Thread: one owner */
#pragma once

#include "estimate/estimator.h"

struct alarm;

/* answers: A, the mean number of the random arm's answers between false alarms, or more; 0: it is
 * never raised, and there is no doubt. 800 bytes. The caller destroys it. */
struct alarm *alarm_create(double answers);
void alarm_destroy(struct alarm *a);

/* Each answer once, of both arms. wrong: the prediction was not the answer's class. Whether it
 * raises the alarm; then all begins anew. */
bool alarm_answer(struct alarm *a, const struct asked *said, bool wrong);

struct alarm_figures {
    uint64_t turns; // alarms so far
    uint64_t since; // with one: the first answer behind the last change, as it seems, counted from
                    // 0 among all that were told
    int64_t since_ms; // when its sample was asked
    uint64_t draws;   // answers of the random arm since the last alarm, or the start
    double evidence;  // M; an alarm comes at A
    bool doubts;      // the random arm should draw with the whole budget
};
/* The first of n answers that is behind the last change, by these alone; 0: nothing has turned.
 * label: (n) class. */
size_t alarm_since(double answers, const struct asked *said, const int *label, size_t n);
void alarm_read(const struct alarm *a, struct alarm_figures *out);
/* Whether the last `window` answers of the random arm hold some of before the last change. */
static inline bool alarm_recent(const struct alarm_figures *a, uint64_t window) {
    return a->turns && a->draws < window;
}
