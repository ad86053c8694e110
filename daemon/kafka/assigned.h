/* What the group gave us, made ready to be read. Private to the room.
 *
 * Thread: the worker thread that owns the consumer */
#pragma once

#include "client_private.h"
#include "kafka/consumer.h"

enum { ASSIGNED_ASK_MS = 5000 }; // for the partitions of the topic, and where they begin

/* Partitions of the list that the topic does not have: ERR_RETRY until they were waited for, then
 * they leave it, which is said. 0 also where the broker does not tell what there is. */
int assigned_exist(rd_kafka_t *rk, const struct config *config,
                   rd_kafka_topic_partition_list_t *list, bool waited) MUST_CHECK;
/* Fills in what the group has committed. ERR_RETRY. */
int assigned_committed(rd_kafka_t *rk, const struct config *config,
                       rd_kafka_topic_partition_list_t *list) MUST_CHECK;
/* The same, and where those begin that nobody has committed; described: one of each entry. */
int assigned_resolve(rd_kafka_t *rk, const struct config *config,
                     rd_kafka_topic_partition_list_t *list,
                     struct assignment *described) MUST_CHECK;
/* One entry with what was committed; its text is borrowed. */
struct assignment assigned_describe(const rd_kafka_topic_partition_t *p, bool fresh);
