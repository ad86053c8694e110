/* The positions in a label store, from outside the learner: for `winnowd offsets`. Nothing else of
 * the store is looked at, so its features and classes need not be known.
 *
 * Thread: main thread */
#pragma once

#include "base/error.h"
#include "base/text.h"

#include <stdint.h>

struct store_positions;

/* Opens the store in `dir`, beside a running learner too. ERR_MISSING: there is none; ERR_IO,
 * ERR_CORRUPT. */
int store_positions_open(struct store_positions **out, const char *dir) MUST_CHECK;
void store_positions_close(struct store_positions *s);
/* The next offset of a partition, -1: never read. mark: (n) bytes as store_mark gives them, zeros
 * where there is none; *marked: whether there is one. */
int64_t store_positions_get(struct store_positions *s, const char *role, int32_t partition,
                            void *mark, size_t n, bool *marked);
/* Sets offset and mark. Not while a learner runs: it would not see it. ERR_FULL, ERR_IO. */
int store_positions_set(struct store_positions *s, const char *role, int32_t partition,
                        int64_t next, struct text mark) MUST_CHECK;
