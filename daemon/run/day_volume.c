/* Marks an hour apart, the oldest of them a day old.
 *
 * Thread: learner thread */
#include "day_volume.h"

#include <math.h>
#include <string.h>

enum {
    HOUR_MS = 3600000,
    DAY_MS = 24 * HOUR_MS,
    LEAST_MS = 600000 // below them nothing is taken for a day
};

static const double heard = 0.1; // a change that is worth a new policy

static void day_volume_mark(struct day_volume *v, uint64_t total, int64_t now_ms, uint64_t told) {
    if (v->n && total < v->mark[v->n - 1].total) v->n = 0;
    if (!v->n) v->before = told;
    if (v->n && now_ms - v->mark[v->n - 1].at_ms < HOUR_MS) return;
    if (v->n == DAY_VOLUME_MARKS) memmove(v->mark, v->mark + 1, --v->n * sizeof *v->mark);
    v->mark[v->n++] = (struct day_volume_mark){now_ms, total};
}

uint64_t day_volume_look(struct day_volume *v, uint64_t total, int64_t now_ms, uint64_t told) {
    day_volume_mark(v, total, now_ms, told);
    double days = (double)(now_ms - v->mark[0].at_ms) / DAY_MS,
           a_day = (double)(total - v->mark[0].total);
    if (now_ms - v->mark[0].at_ms < LEAST_MS) return told;
    if (days > 1 || !v->before) a_day /= days;
    else a_day += (double)v->before * (1 - days);
    return fabs(a_day - (double)told) < heard * (double)told ? told : (uint64_t)(a_day + 0.5);
}
