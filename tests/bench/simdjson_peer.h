/* simdjson on demand as a peer of the decoders: the same row, read as its documents advise (one
 * parser that is kept, fields by find_field_unordered, no copy).
 *
 * Thread: any thread */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct simdjson_peer;

enum { SIMDJSON_PEER_PADDING = 64 }; // bytes behind a record that may be read

/* Writes a category's one into its part of the row. */
typedef void (*simdjson_category_fn)(const char *text, size_t n, double *row);

/* shape: as in decode.c; names: of the fields (n) of flat shapes, borrowed. NULL: not on
 * this processor (it is compiled for AVX2). */
struct simdjson_peer *simdjson_peer_create(char shape, const char *const *names, size_t n,
                                           simdjson_category_fn category, size_t hash);
/* The record's row, zeroed before. False: it cannot be read. */
bool simdjson_peer_read(struct simdjson_peer *p, const char *at, size_t len, double *row);

#ifdef __cplusplus
}
#endif
