/* What the Kafka library measures of one handle, over the last 15 s.
 *
 * Thread: the thread that polls the handle */
#pragma once

#include "base/text.h"

struct kafka_stats {
    double rtt_s, throttle_s; // mean, of the worst broker
    double fetched, outgoing; // records in the client's queues
};

/* The few figures that we want of the library's statistics (JSON, up to a MB where there are many
 * partitions). */
void kafka_stats_read(struct kafka_stats *out, struct text json);
