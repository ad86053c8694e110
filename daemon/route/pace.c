/* When a cycle is committed: soon where somebody waits for what is in it, seldom where nobody does.
 *
 * The pause between two commits is `route.interval`, so a lone task goes out as soon as it is
 * decided and a busy stream shares one commit among what an interval brings. Two cases may take
 * longer, up to `route.interval_max`. A cycle without records commits only positions, which
 * nobody reads but the partition's next owner. And while the worker is behind, commits may take at
 * most a tenth of its time: samples that are late already gain nothing from being committed often,
 * and the backlog gets shorter.
 *
 * Thread: worker thread */
#include "route/pace.h"

enum { SHARE = 9 }; // pause between commits, in durations of the last one: a tenth of the time

/* The pause after the last commit. */
static int64_t pace_least(const struct pace *p, const struct config *c, const struct cycle *cycle) {
    int64_t wait = p->behind ? SHARE * p->took_ms : 0;
    if (!cycle->records) wait = c->route.interval_max;
    if (wait > c->route.interval_max) wait = c->route.interval_max;
    return wait > c->route.interval ? wait : c->route.interval;
}

int64_t pace_left(const struct pace *p, const struct config *c, const struct cycle *cycle,
                  int64_t now_ms) {
    if (!p->ended_ms || cycle_bytes(cycle) >= (size_t)c->route.cycle_bytes) return 0;
    return p->ended_ms + pace_least(p, c, cycle) - now_ms;
}

void pace_committed(struct pace *p, int64_t started_ms, int64_t now_ms) {
    *p = (struct pace){.ended_ms = now_ms, .took_ms = now_ms - started_ms};
}
