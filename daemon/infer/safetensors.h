/* The container: 8 bytes of little-endian header length, a JSON header, the tensors' bytes. Private
 * to the room.
 * Thread: learner and follower thread, command line */
#pragma once

#include "base/json.h"

/* The two parts of a record; false: its length says that it has them not. */
bool safetensors_split(struct text record, struct text *header, struct text *data);
/* A whole number at an index of an array, 0 … 2^31. */
bool safetensors_whole(const cJSON *array, int index, size_t *out);
