/* How records of the models topic are called, cut and marked: by whom writes them, and by whom
 * looks for them.
 *
 * Thread: any thread */
#include "run/registry.h"

#include <inttypes.h>
#include <string.h>

enum {
    CHUNK_FRAME_BYTES = 128 // of a chunk's record: its batch, its key without the name, its header
};

struct producer_record registry_record(struct arena *arena, struct text key, struct text value,
                                       size_t chunks) {
    struct producer_record r = {.key = key, .value = value};
    if (!chunks) return r;
    char count[24];
    snprintf(count, sizeof count, "%zu", chunks);
    struct header *header = arena_take(arena, sizeof *header);
    *header = (struct header){TEXT("chunks"), arena_text(arena, text_of(count))};
    r.header = header;
    r.headers = 1;
    return r;
}

size_t registry_chunk_bytes(const char *name, size_t bytes, size_t batch_bytes) {
    size_t frame = RECORD_BATCH_BYTES + RECORD_FRAME_BYTES + CHUNK_FRAME_BYTES + strlen(name);
    size_t chunk = batch_bytes > frame ? batch_bytes - frame : 0;
    if (chunk > REGISTRY_CHUNK_BYTES) chunk = REGISTRY_CHUNK_BYTES;
    return chunk && (bytes + chunk - 1) / chunk <= REGISTRY_CHUNKS ? chunk : 0;
}

void registry_key(struct buf *out, const char *name, const char *what) {
    buf_printf(out, "%s/%s", name, what);
}

void registry_chunk_key(struct buf *out, const char *name, uint64_t version, size_t index) {
    buf_printf(out, "%s/model/%" PRIu64 "/%zu", name, version, index);
}

void registry_certificate_key(struct buf *out, const char *name, struct text class_) {
    buf_printf(out, "%s/certificate/%.*s", name, (int)class_.len, class_.at);
}

void registry_push_key(struct buf *out, const char *name, const char *id, size_t index) {
    buf_printf(out, "%s/pushed/%s/%zu", name, id, index);
}
