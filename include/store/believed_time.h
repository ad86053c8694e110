/* Which time to believe where time destroys something: what is over is forgotten for good, and a
 * clock may be wrong for a moment (a bad time server, a machine before its first contact with one).
 *
 * The wall clock is believed as long as it moves as the monotonic clock does. One that jumps by
 * more than BELIEVED_SLACK_MS, forwards or back, is doubted: time goes on by the monotonic clock
 * until the jump has stood for BELIEVED_STANDS_MS. So a clock that is wrong for less than that
 * expires nothing, and one that is right is a little late. A sleep of the machine, and the time in
 * which no process ran, look like a jump too. Pure: both clocks are arguments.
 *
 * Thread: any thread, one a struct */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    BELIEVED_SLACK_MS = 5 * 60 * 1000,  // a restart, a slow correction of the clock
    BELIEVED_STANDS_MS = 60 * 60 * 1000 // somebody has seen by then that a clock is wrong
};

struct believed_time {
    int64_t now_ms;    // ms since 1970; negative: nothing is known yet
    int64_t looked_ms; // monotonic clock at the last look; negative: no look yet
    int64_t ahead_ms;  // so far the wall clock is before now_ms, while it is doubted
    int64_t since_ms;  // monotonic clock when that began
    bool doubted;
};

/* What a look has found. */
enum belief {
    BELIEF_AS_BEFORE,
    BELIEF_DOUBTED, // a jump, just now
    BELIEF_TAKEN    // a jump has stood long enough: its time is believed from here on
};

/* kept_ms: the time that was believed last, by an earlier process; negative: none. */
void believed_time_begin(struct believed_time *t, int64_t kept_ms);
/* Both clocks as they stand; t->now_ms is then to be believed. */
enum belief believed_time_look(struct believed_time *t, int64_t wall_ms, int64_t monotonic_ms);
