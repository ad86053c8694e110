/* How the figures went: the last six minutes by the second, the last hour and the last day more
 * coarsely; for the dashboard's charts.
 *
 * Three rings of 360 rows, about 150 KB, whatever happens. Rows are what the metrics said at that
 * moment; counters are as they stand, so that who reads takes differences.
 *
 * Thread: main thread writes, http thread reads */
#pragma once

#include "base/buf.h"

#include <stdint.h>

enum history_span { HISTORY_MINUTES, HISTORY_HOUR, HISTORY_DAY, HISTORY_SPANS };

struct history;

struct history *history_create(void);
void history_destroy(struct history *h);
/* Notes the metrics if a second has passed since the last time. */
void history_note(struct history *h, int64_t now_ms);
/* {"step_s": 1, "columns": ["time_ms", ...], "rows": [[...], ...]}, oldest first. */
void history_json(struct history *h, enum history_span span, struct buf *out);
/* {"samples_per_s": 1.2, "samples": 12, ...}: the speed of the last ten seconds (null in the
 * first), and a row as it would be now. */
void history_now_json(struct history *h, int64_t now_ms, struct buf *out);
