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

struct producer_record *cycle_add(struct cycle *c) {
    if (c->records == c->records_cap) {
        c->records_cap = c->records_cap ? 2 * c->records_cap : 256;
        c->record = xrealloc(c->record, c->records_cap * sizeof *c->record);
    }
    struct producer_record *r = &c->record[c->records++];
    *r = (struct producer_record){0};
    return r;
}

struct producer_offset *cycle_add_offset(struct cycle *c) {
    if (c->offsets == c->offsets_cap) {
        c->offsets_cap = c->offsets_cap ? 2 * c->offsets_cap : 16;
        c->offset = xrealloc(c->offset, c->offsets_cap * sizeof *c->offset);
    }
    struct producer_offset *o = &c->offset[c->offsets++];
    *o = (struct producer_offset){0};
    return o;
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

static const struct header *cycle_copy_headers(struct cycle *c, const struct producer_record *r) {
    struct header *copy = arena_take(&c->arena, r->headers * sizeof *copy);
    for (size_t i = 0; i < r->headers; i++)
        copy[i] = (struct header){arena_text(&c->arena, r->header[i].name),
                                  arena_text(&c->arena, r->header[i].value)};
    return copy;
}

void cycle_append(struct cycle *to, const struct cycle *from) {
    for (size_t i = 0; i < from->records; i++) {
        const struct producer_record *r = &from->record[i];
        struct producer_record *copy = cycle_add(to);
        *copy =
            (struct producer_record){.topic = r->topic, .source = r->source, .headers = r->headers};
        copy->key = r->key.at ? arena_text(&to->arena, r->key) : r->key;
        copy->value = r->value.at ? arena_text(&to->arena, r->value) : r->value;
        if (r->headers) copy->header = cycle_copy_headers(to, r);
    }
}
