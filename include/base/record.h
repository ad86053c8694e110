/* One record of a partitioned log: as a reader gives it, and as a writer hands it over.
 *
 * Thread: whoever holds it */
#pragma once

#include "base/text.h"

#include <stdint.h>

struct header {
    struct text name, value;
};

/* A record that was read. */
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

/* How far a partition of the consumed topic is done, committed together with records. */
struct producer_offset {
    int32_t partition;
    int64_t next;         // the first offset that is not done
    struct text metadata; // kept beside the offset, and read back with it; borrowed
};
