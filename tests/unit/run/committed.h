/* What is committed of a stream's partitions, and a pipeline that goes on from there: what Kafka
 * keeps between two lives of a process. Thread: any thread */
#pragma once

#include "stream.h"

struct committed {
    int64_t next;
    size_t metadata_len;
    char metadata[STATE_TEXT_MAX + MARK_TEXT + 1];
};

/* A pipeline that owns all partitions as they were committed; c: (PARTITIONS), zeros: never. */
static struct pipeline *committed_start(struct stream *s, const struct committed *c,
                                        int64_t now_ms) {
    struct pipeline *p;
    assert_int_equal(pipeline_create(&p, &(struct pipeline_options){.config = s->config,
                                                                    .features = s->features,
                                                                    .partitions = PARTITIONS}),
                     0);
    for (int32_t i = 0; i < PARTITIONS; i++)
        pipeline_own(p, i, c[i].next, c[i].metadata_len == 0,
                     (struct text){c[i].metadata_len ? c[i].metadata : NULL, c[i].metadata_len},
                     now_ms);
    return p;
}

/* Commits what the cycle says of the partitions. */
static void committed_take(struct committed *c, struct pipeline *p, struct cycle *cycle) {
    pipeline_offsets(p, cycle);
    for (size_t i = 0; i < cycle->offsets; i++) {
        struct committed *at = &c[cycle->offset[i].partition];
        *at = (struct committed){.next = cycle->offset[i].next,
                                 .metadata_len = cycle->offset[i].metadata.len};
        memcpy(at->metadata, cycle->offset[i].metadata.at, at->metadata_len);
    }
}
