/* The code of a score. Private to the room.
 *
 * Thread: any thread */
#pragma once

#include <stdint.h>

/* Orders as the score does; 1,024 codes are an octave of the odds, ½ has the code 2^15. */
uint16_t unasked_code(float score);
