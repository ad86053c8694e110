/* The last utilities of one measure, as codes: a ring inside the partition's state, its ranks and
 * quantiles. Private to the room.
 *
 * Thread: worker thread, simulation */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed from the state. */
struct window {
    uint16_t *value; // (cap) codes
    uint8_t *n, *at; // codes held; place of the next
    size_t cap;
};

/* Puts a code in the place of the oldest. */
void window_note(const struct window *w, uint16_t code);
/* How many codes are below, or at most, this one. */
size_t window_below(const struct window *w, uint16_t code);
size_t window_at_most(const struct window *w, uint16_t code);
/* 1 ≤ nth ≤ *n. */
uint16_t window_nth_smallest(const struct window *w, size_t nth);
/* The code that the top `rate` share of the window reaches: its quantile at 1 − rate. *n > 0. */
uint16_t window_edge(const struct window *w, double rate);
/* Whether the values could be a draw from a distribution with these quantiles (STATE_WINDOW
 * ascending values). */
bool window_plausible(const struct window *w, const float *quantiles);
