/* Moments as other programs write them, as milliseconds since 1970.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"

#include <stdint.h>

#define MOMENT_LEAST INT64_C(-62135596800000) // the year 1
#define MOMENT_MOST INT64_C(253402300799999)  // the last of the year 9999

/* RFC 3339, "2026-11-23T17:00:00.5+01:00"; 't' or a space may stand for 'T', and decimals may be as
 * many as wanted (beyond milliseconds they are cut). zoneless: a moment without a zone (then it is
 * UTC), a zone without a colon, a time without seconds, a date alone, and a date as 05.03.2024 (the
 * day first) are taken too. false: it is none, and *ms is untouched. */
bool moment_read(struct text t, bool zoneless, int64_t *ms);
/* A number of units since 1970, `per_ms` of them a millisecond (0.001: seconds). false: no moment
 * of the years 1 to 9999. */
bool moment_of_number(double number, double per_ms, int64_t *ms);
