/* Taking a safetensors record apart, whoever wrote it: nothing is believed, and nothing is copied.
 *
 * Thread: learner and follower thread, command line */
#include "safetensors.h"

enum { HEADER_MAX = 1 << 20 };

bool safetensors_split(struct text record, struct text *header, struct text *data) {
    uint64_t length = 0;
    if (record.len < 8) return false;
    for (size_t i = 0; i < 8; i++) length |= (uint64_t)(unsigned char)record.at[i] << (8 * i);
    if (length > HEADER_MAX || length > record.len - 8) return false;
    *header = (struct text){record.at + 8, (size_t)length};
    *data = (struct text){header->at + length, record.len - 8 - (size_t)length};
    return true;
}

bool safetensors_whole(const cJSON *array, int index, size_t *out) {
    const cJSON *item = cJSON_GetArrayItem(array, index);
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= 2147483648.0))
        return false;
    *out = (size_t)item->valuedouble;
    return item->valuedouble == (double)*out;
}
