/* The fields that a record really has, as JSON pointers, for a person whose pointer finds nothing.
 *
 * Keys come from whoever writes the topic. What would not be safe on a terminal or in a log
 * (controls, marks of writing direction) is '?' here, so an outline may be shown as it is.
 *
 * Thread: any thread */
#pragma once

#include "base/arena.h"

/* Pointers to the record's values in its own order, down to numbers, texts, arrays and empty
 * objects; returns how many stand in out (at most `most`). 0 where it is no JSON object, or nests
 * deeper than max_depth. Texts are of the arena. */
size_t outline_read(struct text json, size_t max_depth, struct text *out, size_t most,
                    struct arena *arena);
/* Of pointers (n) the one that was most likely meant by `path`: it ends with it, or has its last
 * step, or differs in a few letters; at NULL: none is near. */
struct text outline_near(const struct text *pointers, size_t n, struct text path);
