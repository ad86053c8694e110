/* What the tests of the transaction look at. Private to the room.
 *
 * Thread: any thread */
#pragma once

#include "base/record.h"

/* Where the offsets, (offsets) of them, end that one request may carry together with the from-th,
 * which it takes in any case. */
size_t transaction_part(const struct producer_offset *offset, size_t offsets, size_t from);
