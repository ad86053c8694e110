/* Believed time: see store/believed_time.h. One number says how far the wall clock stands from what
 * is believed; a jump is a change of it, and a jump that stays is a number that stays.
 *
 * Thread: any thread, one a struct */
#include "store/believed_time.h"

void believed_time_begin(struct believed_time *t, int64_t kept_ms) {
    *t = (struct believed_time){.now_ms = kept_ms, .looked_ms = -1};
}

static bool believed_time_near(int64_t a, int64_t b) {
    return a - b <= BELIEVED_SLACK_MS && b - a <= BELIEVED_SLACK_MS;
}

static void believed_time_trust(struct believed_time *t, int64_t wall_ms) {
    t->now_ms = wall_ms;
    t->doubted = false;
}

enum belief believed_time_look(struct believed_time *t, int64_t wall_ms, int64_t monotonic_ms) {
    if (t->now_ms < 0) t->now_ms = wall_ms;
    else if (t->looked_ms >= 0) t->now_ms += monotonic_ms - t->looked_ms;
    t->looked_ms = monotonic_ms;
    int64_t ahead = wall_ms - t->now_ms;
    if (believed_time_near(ahead, 0)) {
        believed_time_trust(t, wall_ms);
        return BELIEF_AS_BEFORE;
    }
    if (!t->doubted || !believed_time_near(ahead, t->ahead_ms)) {
        t->doubted = true;
        t->ahead_ms = ahead;
        t->since_ms = monotonic_ms;
        return BELIEF_DOUBTED;
    }
    if (monotonic_ms - t->since_ms < BELIEVED_STANDS_MS) return BELIEF_AS_BEFORE;
    believed_time_trust(t, wall_ms);
    return BELIEF_TAKEN;
}
