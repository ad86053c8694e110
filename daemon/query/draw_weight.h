/* How many pieces of a block a sample takes by the doubt about it (budget.c). Private to the room.
 *
 * Thread: worker thread, simulation */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Pieces of a sample that has this doubt, STATE_PIECES / 2 to `most`; level: of the partition.
 * within: capacity; it then has at least a quarter more than STATE_PIECES. */
uint32_t draw_weight(uint32_t level, float doubt, bool within, uint32_t most);
/* Moves the level by a sample that took so many pieces. */
uint32_t draw_weight_level(uint32_t level, uint32_t pieces);
