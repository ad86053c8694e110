/* When a cycle is committed: soon where somebody waits for what is in it, seldom where nobody does.
 *
 * The pause between two commits is `route.interval`, so a lone task goes out as soon as it is
 * decided and a busy stream shares one commit among what an interval brings. Two cases may take
 * longer, up to `route.interval_max`. A cycle without records commits only positions, which
 * nobody reads but the partition's next owner. And while the worker is behind, commits may take at
 * most a tenth of its time: samples that are late already gain nothing from being committed often,
 * and the backlog gets shorter.
 *
 * A broker that is slow (a quota, a thin line) may need longer for a cycle than a transaction may
 * last. Such a cycle fails for ever, so it is given up after the second time, and those that follow
 * have fewer samples: half of what the broker took in the time there was, in the end one. So where
 * one sample's records get through in time, the stream goes on. They grow again while commits take
 * a small part of that time, slowly: a quota is over ten seconds or so, and lets a burst through
 * before it holds.
 *
 * Thread: worker thread */
#include "route/pace.h"

enum {
    SHARE = 9,         // pause between commits, in durations of the last one: a tenth of the time
    FAILURES_MOST = 2, // then it is no accident
    QUICK = 4,         // a commit that takes a quarter of the time there is leaves room for more
    GROWTH = 4,        // by a quarter then
    NO_BOUND = 1 << 20 // samples: beyond it the other bounds of a cycle hold
};

/* The pause after the last commit. */
static int64_t pace_least(const struct pace *p, const struct config *c, const struct cycle *cycle) {
    int64_t wait = p->behind ? SHARE * p->took_ms : 0;
    if (!cycle->records) wait = c->route.interval_max;
    if (wait > c->route.interval_max) wait = c->route.interval_max;
    return wait > c->route.interval ? wait : c->route.interval;
}

int64_t pace_left(const struct pace *p, const struct config *c, const struct cycle *cycle,
                  int64_t now_ms) {
    if (p->most && p->samples >= p->most) return 0;
    if (!p->ended_ms || cycle_bytes(cycle) >= (size_t)c->route.cycle_bytes) return 0;
    return p->ended_ms + pace_least(p, c, cycle) - now_ms;
}

size_t pace_room(const struct pace *p, size_t cap) {
    if (!p->most) return cap;
    size_t left = p->samples < p->most ? p->most - p->samples : 0;
    return left < cap ? left : cap;
}

static size_t pace_grown(size_t most) {
    most += most / GROWTH + 1;
    return most < NO_BOUND ? most : 0;
}

void pace_committed(struct pace *p, int64_t started_ms, int64_t now_ms, int64_t patience_ms) {
    int64_t took = now_ms - started_ms;
    struct pace next = {
        .ended_ms = now_ms, .took_ms = took, .most = p->most, .most_ms = p->most_ms};
    bool quick = took < patience_ms / QUICK && now_ms - p->most_ms >= patience_ms;
    if (p->most && quick && p->samples >= p->most) {
        next.most = pace_grown(p->most);
        next.most_ms = now_ms;
    }
    *p = next;
}

bool pace_failed(struct pace *p, double share, int64_t now_ms) {
    if (p->samples <= 1 || ++p->failures < FAILURES_MOST) return false;
    p->most = (size_t)((double)p->samples * share / 2);
    if (!p->most) p->most = 1;
    p->most_ms = now_ms;
    p->samples = 0;
    p->failures = 0;
    return true;
}
