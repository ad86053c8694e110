/* One parser for all that is asked of a progress record (progress.h).
 *
 * Thread: any thread */
#include "progress.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

static cJSON *progress_parse(struct text record) {
    return record.len ? cJSON_ParseWithLength(record.at, record.len) : NULL;
}

/* The member's partition, or -1 where it names none. */
static int32_t progress_partition(const cJSON *member) {
    char *end;
    if (!member->string || !*member->string) return -1;
    long n = strtol(member->string, &end, 10);
    return *end || n < 0 || n > INT32_MAX ? -1 : (int32_t)n;
}

bool progress_reached(struct text record, const int32_t *partitions,
                      int64_t (*offset)(enum labelled_topic t, int32_t partition,
                                        const void *opaque),
                      const void *opaque) {
    cJSON *json = progress_parse(record);
    bool reached = true;
    for (enum labelled_topic t = 0; t < LABELLED_TOPICS; t++) {
        const cJSON *of = cJSON_GetObjectItemCaseSensitive(json, labelled_topic_name(t));
        for (const cJSON *m = cJSON_IsObject(of) ? of->child : NULL; m; m = m->next) {
            int32_t partition = progress_partition(m);
            if (partition < 0 || !cJSON_IsNumber(m) || !(m->valuedouble > 0)) continue;
            reached &=
                partition < partitions[t] && (double)offset(t, partition, opaque) >= m->valuedouble;
        }
    }
    cJSON_Delete(json);
    return reached;
}

/* Whether the offsets may be of the topic that has this id now. */
static bool progress_of_topic(const cJSON *json, enum labelled_topic t, uint32_t id) {
    const cJSON *ids = cJSON_GetObjectItemCaseSensitive(json, "topic_ids");
    const cJSON *said = cJSON_GetObjectItemCaseSensitive(ids, labelled_topic_name(t));
    return !id || !cJSON_IsNumber(said) || said->valuedouble == 0 || said->valuedouble == id;
}

int64_t progress_next(struct text record, enum labelled_topic t, uint32_t id, int32_t partition) {
    cJSON *json = progress_parse(record);
    const cJSON *of = progress_of_topic(json, t, id)
                          ? cJSON_GetObjectItemCaseSensitive(json, labelled_topic_name(t))
                          : NULL;
    double next = 0;
    for (const cJSON *m = cJSON_IsObject(of) ? of->child : NULL; m; m = m->next)
        if (progress_partition(m) == partition && cJSON_IsNumber(m)) next = m->valuedouble;
    cJSON_Delete(json);
    return next > 0 && next < 0x1p53 ? (int64_t)next : 0;
}

bool progress_reached_topic(struct text record, enum labelled_topic t, uint32_t id, int32_t n,
                            int64_t (*offset)(enum labelled_topic t, int32_t partition,
                                              const void *opaque),
                            const void *opaque) {
    for (int32_t i = 0; i < n; i++) {
        int64_t next = progress_next(record, t, id, i);
        if (next > 0 && offset(t, i, opaque) < next) return false;
    }
    return true;
}

void progress_by(struct text record, struct buf *out) {
    cJSON *json = progress_parse(record);
    const char *by = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "by"));
    if (by && strlen(by) <= PROGRESS_BY_BYTES) buf_str(out, by);
    cJSON_Delete(json);
}
