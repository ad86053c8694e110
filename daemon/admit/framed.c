/* The header is looked at, the schema looked up, and the reader called that it takes.
 *
 * Thread: worker thread */
#include "framed.h"

#include "avro_event.h"
#include "reader.h"

enum { EVENT_TIMES = 8 }; // an event is at most so many times as long as a record may be

void framed_release(struct framed *f) {
    schema_table_release(&f->schemas);
    avro_reader_release(&f->avro);
    buf_release(&f->event);
    buf_release(&f->found);
}

/* ---- what the decoder was taught ---- */

static void framed_refuse(struct schema_entry *e, enum reason reason, const char *why) {
    e->refused = reason;
    e->why = xstrdup(why);
}

void decoder_refuse(struct decoder *d, uint32_t id, enum reason reason, const char *why) {
    struct schema_entry *e = schema_table_put(&d->framed.schemas, id);
    framed_refuse(e, reason, why);
    e->passing = d->framed.schemas.passing = true;
}

void decoder_learn(struct decoder *d, uint32_t id, const struct schema_source *source) {
    struct schema_entry *e = schema_table_put(&d->framed.schemas, id);
    const char *why = NULL;
    e->kind = source->kind;
    if (source->kind != SCHEMA_AVRO) return;
    avro_reader_prepare(&d->framed.avro, d->max_depth, d->n);
    e->schema = avro_schema_read(source->texts, source->n, &e->arena, &why);
    if (e->schema &&
        !avro_program_make(&e->program, e->schema, &d->root, d->n, d->max_depth, &e->arena))
        why = "it is larger than is read";
    if (!why) {
        schema_table_weigh(&d->framed.schemas, e);
        return;
    }
    framed_refuse(e, REASON_BAD_SCHEMA, why);
    arena_release(&e->arena);
    e->schema = NULL;
}

bool decoder_lacks(struct decoder *d, struct text value, uint32_t *id) {
    struct text payload;
    return d->framed.registry && d->framed.format != ADMIT_FORMAT_JSON &&
           value.len <= d->max_bytes && framing_read(value, id, &payload) &&
           !schema_table_find(&d->framed.schemas, *id);
}

bool decoder_is_full(const struct decoder *d) {
    return d->framed.schemas.fresh > SCHEMAS_KEPT_BYTES;
}

void decoder_tidy(struct decoder *d) { schema_table_tidy(&d->framed.schemas); }

/* ---- reading ---- */

static const char *framed_copy(struct decoder *d, struct text payload) {
    buf_reset(&d->copy);
    char *at = buf_room(&d->copy, payload.len + PADDING);
    memcpy(at, payload.at, payload.len);
    memset(at + payload.len, 0, PADDING);
    d->copy.len = payload.len;
    return at;
}

static enum reason framed_avro_reason(enum avro_fault fault) {
    if (fault == AVRO_UTF8) return REASON_NOT_UTF8;
    return fault == AVRO_DEEP ? REASON_TOO_DEEP : REASON_NOT_AVRO;
}

static enum reason framed_read_avro(struct decoder *d, const struct schema_entry *e,
                                    struct text payload, struct value *values) {
    struct avro_reader *r = &d->framed.avro;
    const char *at = framed_copy(d, payload);
    if (!avro_reader_run(r, &e->program, at, payload.len, values)) {
        buf_printf(&d->framed.found, "schema id %u: %s, at byte %zu", (unsigned)e->id,
                   avro_fault_text(r->fault), r->at + FRAMING_BYTES);
        return framed_avro_reason(r->fault);
    }
    return r->infinite ? REASON_NOT_FINITE : REASON_NONE;
}

static enum reason framed_read_json(struct decoder *d, struct text payload, struct value *values) {
    return payload.len ? d->read(d, payload, values) : REASON_NOT_JSON;
}

/* JSON behind a header needs nobody who knows the schema. */
static bool framed_is_json(const struct decoder *d, struct text payload) {
    return d->framed.format == ADMIT_FORMAT_AUTO && !d->framed.registry && payload.len &&
           *payload.at == '{';
}

/* Why the value of that id can not be read. */
static enum reason framed_say(struct decoder *d, uint32_t id, const struct schema_entry *e) {
    struct buf *found = &d->framed.found;
    if (e) buf_printf(found, "schema id %u: %s", (unsigned)id, e->why);
    else buf_printf(found, "a schema-registry header, id %u", (unsigned)id);
    if (d->framed.format == ADMIT_FORMAT_JSON) return REASON_NOT_JSON;
    if (!d->framed.registry) buf_str(found, ", and no admit.registry to ask");
    return e ? e->refused : REASON_UNKNOWN_SCHEMA;
}

enum reason framed_read(struct decoder *d, struct text value, struct value *values) {
    uint32_t id;
    struct text payload;
    if (!framing_read(value, &id, &payload)) {
        if (d->framed.format != ADMIT_FORMAT_REGISTRY) return d->read(d, value, values);
        buf_str(&d->framed.found, "no schema-registry header");
        return REASON_UNKNOWN_SCHEMA;
    }
    if (framed_is_json(d, payload)) return framed_read_json(d, payload, values);
    struct schema_entry *e =
        d->framed.format == ADMIT_FORMAT_JSON ? NULL : schema_table_find(&d->framed.schemas, id);
    if (!e || e->refused) return framed_say(d, id, e);
    return e->kind == SCHEMA_AVRO ? framed_read_avro(d, e, payload, values)
                                  : framed_read_json(d, payload, values);
}

/* ---- the event ---- */

static struct text framed_avro_event(struct decoder *d, const struct schema_entry *e,
                                     struct text payload) {
    struct buf *event = &d->framed.event;
    buf_reset(event);
    if (!avro_event_write(e->schema, framed_copy(d, payload), payload.len, d->max_depth,
                          EVENT_TIMES * d->max_bytes, event))
        return (struct text){0};
    return buf_view(event);
}

struct text framed_event(struct decoder *d, struct text value) {
    uint32_t id;
    struct text payload;
    if (!framing_read(value, &id, &payload)) return value;
    if (framed_is_json(d, payload)) return payload;
    struct schema_entry *e = schema_table_find(&d->framed.schemas, id);
    if (!e || e->refused) return (struct text){0};
    return e->kind == SCHEMA_AVRO ? framed_avro_event(d, e, payload) : payload;
}
