/* An Avro record as JSON, for people and for whoever reads tasks.
 *
 * It is the JSON that the pointers of the configuration speak of, so reading it gives the same
 * values: a union is its value, without the branch's name; an enum its symbol; a decimal a number
 * with all its digits; dates and timestamps milliseconds since 1970, times of day milliseconds;
 * bytes and fixed base64. A float has as many digits as a float needs; what is not finite is
 * null.
 *
 * Thread: any thread */
#pragma once

#include "avro_bytes.h"
#include "avro_schema.h"

/* Appends the record of that schema to out, `most` bytes at most. payload: (n) with PADDING zeros
 * behind it. false: it is no such record, nests deeper than max_depth, or is longer; then what was
 * appended is of no use. */
bool avro_event_write(const struct avro_schema *schema, const char *payload, size_t n,
                      size_t max_depth, size_t most, struct buf *out);
