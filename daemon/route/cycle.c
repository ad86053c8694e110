/* The list of records, offsets and states that one transaction writes.
 *
 * Thread: the worker thread that owns it */
#include "route/cycle.h"

#include "base/error.h"

void cycle_release(struct cycle *c) {
    arena_release(&c->arena);
    free(c->record);
    free(c->offset);
    *c = (struct cycle){0};
}

void cycle_reset(struct cycle *c) {
    arena_reset(&c->arena);
    c->records = c->offsets = 0;
}

struct cycle_record *cycle_add(struct cycle *c) {
    if (c->records == c->records_cap) {
        c->records_cap = c->records_cap ? 2 * c->records_cap : 256;
        c->record = xrealloc(c->record, c->records_cap * sizeof *c->record);
    }
    struct cycle_record *r = &c->record[c->records++];
    *r = (struct cycle_record){0};
    return r;
}

struct cycle_offset *cycle_add_offset(struct cycle *c) {
    if (c->offsets == c->offsets_cap) {
        c->offsets_cap = c->offsets_cap ? 2 * c->offsets_cap : 16;
        c->offset = xrealloc(c->offset, c->offsets_cap * sizeof *c->offset);
    }
    struct cycle_offset *o = &c->offset[c->offsets++];
    o->metadata_len = 0;
    return o;
}

size_t cycle_part(const struct cycle *c, size_t from) {
    enum { MOST = 700000, ADDED = 320 }; // added to each: group, topic, header
    size_t bytes = 0, end = from;
    while (end < c->offsets && (bytes += c->offset[end].metadata_len + ADDED) <= MOST) end++;
    return end == from && from < c->offsets ? from + 1 : end;
}

void cycle_drop(struct cycle *c, int32_t partition) {
    size_t kept = 0;
    for (size_t i = 0; i < c->records; i++)
        if (c->record[i].source != partition) c->record[kept++] = c->record[i];
    c->records = kept;
    kept = 0;
    for (size_t i = 0; i < c->offsets; i++)
        if (c->offset[i].partition != partition) c->offset[kept++] = c->offset[i];
    c->offsets = kept;
}

static const struct cycle_header *copy_headers(struct cycle *c, const struct cycle_record *r) {
    struct cycle_header *copy = arena_take(&c->arena, r->headers * sizeof *copy);
    for (size_t i = 0; i < r->headers; i++)
        copy[i] = (struct cycle_header){arena_text(&c->arena, r->header[i].name),
                                        arena_text(&c->arena, r->header[i].value)};
    return copy;
}

void cycle_append(struct cycle *to, const struct cycle *from) {
    for (size_t i = 0; i < from->records; i++) {
        const struct cycle_record *r = &from->record[i];
        struct cycle_record *copy = cycle_add(to);
        *copy =
            (struct cycle_record){.topic = r->topic, .source = r->source, .headers = r->headers};
        copy->key = r->key.at ? arena_text(&to->arena, r->key) : r->key;
        copy->value = r->value.at ? arena_text(&to->arena, r->value) : r->value;
        if (r->headers) copy->header = copy_headers(to, r);
    }
}
