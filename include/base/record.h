/* One record of a partitioned log: as a reader gives it, and as a writer hands it over.
 *
 * Thread: whoever holds it */
#pragma once

#include "base/text.h"

#include <stdint.h>

/* What Kafka's format adds at most. */
enum {
    RECORD_BATCH_BYTES = 61, // to a batch
    RECORD_FRAME_BYTES = 36, // to a record
    RECORD_HEADER_BYTES = 10 // to one of its headers
};

struct header {
    struct text name, value;
};

/* A record that was read. Trusted: partition and offset, and that the texts are as long as they
 * say. Not trusted: key, value, headers and time, which are of whoever may write to the topic:
 * absent, of any bytes, and a time of any year. */
struct record {
    struct text key,
        value; // at NULL: absent; borrowed until the record is given back to its reader
    int32_t partition;
    int64_t offset, time_ms;
    void *message; // the reader's own; headers are read through it
};

/* A record to write. Its texts and headers are borrowed until it is written. */
struct producer_record {
    uint8_t topic;               // index into the names that the producer was given
    bool placed;                 // goes to `partition`; else its key says where
    bool sent;                   // set by the producer: the broker has acknowledged it
    int32_t partition;           // of the topic, where `placed`
    int32_t source;              // for the writer: partition of the sample that it is about
    struct text key, value;      // value.at NULL: a tombstone
    const struct header *header; // (headers)
    size_t headers;
};

/* Bytes of a batch that holds this record alone, not compressed: at most. What a broker's limit is
 * compared with. */
static inline size_t record_batch_bytes(const struct producer_record *r) {
    size_t n = RECORD_BATCH_BYTES + RECORD_FRAME_BYTES + r->key.len + r->value.len;
    for (size_t i = 0; i < r->headers; i++)
        n += RECORD_HEADER_BYTES + r->header[i].name.len + r->header[i].value.len;
    return n;
}

/* How far a partition of the consumed topic is done, committed together with records. */
struct producer_offset {
    int32_t partition;
    int64_t next;         // the first offset that is not done
    struct text metadata; // kept beside the offset, and read back with it; borrowed
};
