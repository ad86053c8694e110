/* Records that were cut into chunks, put together again from a topic that anyone with the right may
 * write (promise I11: memory is bounded whatever stands there).
 *
 * Nothing is trusted: neither counts nor sizes nor the order. Of two chunks with one place the
 * later counts, as on a compacted topic. A chunk that names another count of chunks begins the
 * record anew. When there is no room, the draft that was not touched for longest is given up.
 *
 * Thread: the thread that owns it */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "run/registry.h"

enum {
    DRAFT_CHUNK_BYTES = REGISTRY_CHUNK_BYTES,       // of a chunk: none is written larger
    DRAFT_CHUNKS = REGISTRY_CHUNKS,                 // of a record
    DRAFT_BYTES = DRAFT_CHUNKS * DRAFT_CHUNK_BYTES, // of all drafts together
    DRAFTS = 4,                                     // at a time
    DRAFT_NAME = 64                                 // bytes of a name
};

struct drafts;

struct drafts *drafts_create(void);
void drafts_destroy(struct drafts *d);
/* One chunk of the record of that name. 1: it completed the record, whose bytes are appended to
 * `whole`; 0: chunks are missing yet; ERR_INPUT with *why: it cannot be a chunk of anything. */
int drafts_put(struct drafts *d, const char *name, size_t index, size_t chunks, struct text value,
               struct buf *whole, const char **why) MUST_CHECK;
/* Forgets what was drafted under that name. */
void drafts_drop(struct drafts *d, const char *name);
/* Bytes held. */
size_t drafts_bytes(const struct drafts *d);
