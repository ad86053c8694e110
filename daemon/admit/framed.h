/* Values with a schema registry's header (include/base/framing.h): JSON or Avro behind it, by what
 * the decoder was taught of the schema's id.
 *
 * Thread: worker thread (a decoder's own) */
#pragma once

#include "avro_reader.h"
#include "schema_table.h"

#include "base/framing.h"

struct decoder;

struct framed {
    enum admit_format format;
    bool registry; // there is one to be asked
    struct schema_table schemas;
    struct avro_reader avro;
    struct buf event; // the last that was written
    struct buf found; // in the record that was read last, if it was refused
};

void framed_release(struct framed *f);
/* decoder_read for a value that begins with a zero, or must have a header. */
enum reason framed_read(struct decoder *d, struct text value, struct value *values);
/* The event of any value as JSON, whether it can be read or not: `value` itself where it has no
 * header; at NULL: it can not be had. Valid until the next call, and while `value` is. */
struct text framed_event(struct decoder *d, struct text value);
