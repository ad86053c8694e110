/* The path of a sample, from record to cycle: admit → encode → infer → query → route, one batch at a time.
 *
 * The one implementation of deciding for run, simulate and demo: it knows no Kafka and no clock. Records come in a batch, what must be
 * written goes into a cycle, and the selection state of each partition moves with it.
 * Thread: worker thread (one pipeline each) */
#pragma once

#include "app/registry.h"
#include "batch.h"
#include "encode/features.h"
#include "route/cycle.h"

/* "PARTITION OFFSET NUMBER" of replay.switches: from that sample on the policy of that number decides. */
struct replay_switch {
    int32_t partition;
    int64_t offset;
    uint64_t number;
};

struct pipeline_options {
    const struct config *config;     // borrowed
    const struct features *features; // borrowed
    size_t partitions;               // of the samples topic
};

struct pipeline;

int pipeline_create(struct pipeline **out, const struct pipeline_options *options) MUST_CHECK;
void pipeline_destroy(struct pipeline *p);
/* New values of reloadable options; the states go on. */
int pipeline_reload(struct pipeline *p, const struct config *config) MUST_CHECK;
struct batch *pipeline_batch(struct pipeline *p);
/* Largest record that the producer accepts; 1,000,000 bytes until said. */
void pipeline_limit(struct pipeline *p, size_t max_record_bytes);

/* A partition becomes ours: its state from the committed metadata, or a new one. */
void pipeline_own(struct pipeline *p, int32_t partition, int64_t offset, bool fresh, struct text metadata, int64_t now_ms);
void pipeline_disown_all(struct pipeline *p);

/* Decides the batch's records (record, in_force and n are filled) and appends what follows to the cycle. */
void pipeline_run(struct pipeline *p, struct batch *b, int64_t now_ms, struct cycle *cycle);
/* Only scores and decides: fate and raw are filled already. For the backtest, which reads its file once. */
void pipeline_decide(struct pipeline *p, struct batch *b, int64_t now_ms);
/* Adds offset and state of every partition that moved since the last call. */
void pipeline_offsets(struct pipeline *p, struct cycle *cycle);
/* Samples decided but not yet in a cycle's offsets are kept until then; whether any partition moved. */
bool pipeline_moved(const struct pipeline *p);
/* Calls visit for each owned partition: its next offset, for lag. */
void pipeline_positions(const struct pipeline *p, void (*visit)(int32_t partition, int64_t next, int64_t newest_ms, void *opaque), void *opaque);
/* Labels that the strategy arms could ask at once, summed. */
double pipeline_tokens(const struct pipeline *p);

/* The class names, newline-separated, and the index of the positive one. The caller frees. */
char *classes_joined(const struct config *c, size_t *positive);
