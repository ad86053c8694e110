/* One record of a partitioned log, as a reader gives it. Thread: whoever read it */
#pragma once

#include "base/text.h"

#include <stdint.h>

struct record {
    struct text key,
        value; // at NULL: absent; borrowed until the record is given back to its reader
    int32_t partition;
    int64_t offset, time_ms;
    void *message; // the reader's own; headers are read through it
};
