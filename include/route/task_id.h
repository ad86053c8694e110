/* The id of a task, and of the tasks of its sample's other readers.
 *
 * Thread: any thread */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "config/limits.h"

#include <stdint.h>

enum {
    TASK_ID_LENGTH = 36, // characters, as a UUID is written
    TASK_ID_BYTES = 16   // that they stand for
};

/* The id of a sample's task, in the shape of a UUID version 7: 48 bits of record time, then 74 bits
 * of a hash of (topic, partition, offset). The same sample always has the same id; ids sort by
 * time. */
void task_id(char out[TASK_ID_LENGTH + 1], struct text topic, int32_t partition, int64_t offset,
             int64_t time_ms);
/* The bytes that an id (of whatever case) stands for; they order as the ids do. ERR_INPUT: it is
 * not the id of a task. */
int task_id_parse(uint8_t out[TASK_ID_BYTES], struct text id) MUST_CHECK;

/* The id of reader `to`'s task of the sample that the id of reader `from`'s is of (1 to
 * OPINIONS_MAX): it is the first reader's with its last bits turned by the reader's number, so each
 * is found from any other without a table. */
void task_id_read_by(uint8_t id[TASK_ID_BYTES], int from, int to);
void task_id_text_read_by(char id[TASK_ID_LENGTH + 1], int from, int to);

/* The sample's record time, in ms, that stands in an id. */
int64_t task_id_time(const uint8_t id[TASK_ID_BYTES]);
