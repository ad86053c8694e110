/* The last utilities of one measure, as codes: a ring inside the partition's state, and what can be
 * asked of it. Private to the room.
 * Thread: worker thread */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window {
    uint16_t *value; // (cap)
    uint8_t *n, *at; // values held; place of the next
    size_t cap;
};

void window_note(const struct window *w, uint16_t code);
size_t window_below(const struct window *w, uint16_t code);
size_t window_at_most(const struct window *w, uint16_t code);
/* 1 ≤ nth ≤ *n. */
uint16_t window_nth_smallest(const struct window *w, size_t nth);
/* The edge of the top `rate` share; *n > 0. */
uint16_t window_edge(const struct window *w, double rate);
/* Whether the values could be a draw from a distribution with these quantiles (STATE_WINDOW
 * ascending values). */
bool window_plausible(const struct window *w, const float *quantiles);
