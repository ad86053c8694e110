/* The path of a sample, from record to cycle: admit → encode → infer → query → route, one batch at
 * a time.
 *
 * The one implementation of deciding for run, simulate and demo: it knows no Kafka and no clock.
 * Records come in a batch, what must be written goes into a cycle, and the selection state of each
 * partition moves with it.
 *
 * Thread: worker thread (one pipeline each) */
#pragma once

#include "admit/decoder.h"
#include "base/position.h"
#include "encode/features.h"
#include "route/cycle.h"
#include "run/batch.h"
#include "run/recent.h"
#include "run/registry.h"

#include <stdatomic.h>

/* "PARTITION OFFSET NUMBER" of replay.switches: from that sample on the policy of that number
 * decides. */
struct replay_switch {
    int32_t partition;
    int64_t offset;
    uint64_t number;
};

struct pipeline_options {
    const struct config *config;     // borrowed
    const struct features *features; // borrowed
    size_t partitions;               // of the samples topic; 0: pipeline_divide says, later
    struct recent *recent;           // who wants to know what was asked, or NULL
    _Atomic uint64_t *auto_labels;   // (classes) counted up by those written, or NULL
};

struct pipeline;

/* ERR_CONFIG where strategy or decoder cannot be had as configured (said in the log). */
int pipeline_create(struct pipeline **out, const struct pipeline_options *options) MUST_CHECK;
void pipeline_destroy(struct pipeline *p);
/* New values of reloadable options; the states go on. */
int pipeline_reload(struct pipeline *p, const struct config *config) MUST_CHECK;
struct batch *pipeline_batch(struct pipeline *p);
/* What reads the batch's records. Before a batch is decided it must be taught the schemas that the
 * records need (decoder_lacks); a record whose schema it was not taught is a dead letter. */
struct decoder *pipeline_decoder(struct pipeline *p);
/* Largest batch that the tasks topic takes; 1,000,000 bytes until said. */
void pipeline_limit(struct pipeline *p, size_t max_record_bytes);

/* A partition becomes ours: its state from the committed metadata, or a new one. */
void pipeline_own(struct pipeline *p, int32_t partition, int64_t offset, bool fresh,
                  struct text metadata, int64_t now_ms);
/* What is known of the position that the partition has now, and of topic and cluster (0: not known)
 * for the positions to come; travels with the committed offset. */
void pipeline_mark(struct pipeline *p, int32_t partition, const struct position_mark *mark,
                   uint32_t topic, uint32_t cluster);
/* The partition's position as of the last decided sample; with a pool, behind its open window. */
struct position pipeline_position(const struct pipeline *p, int32_t partition);
/* The end of an owned partition was reached: its position stands there, behind transaction markers
 * too. With an open window of the pool that has samples, only once that ends. */
void pipeline_at_end(struct pipeline *p, int32_t partition, int64_t end);
/* The partition goes on at another offset, because its position did not fit. Its open window ends
 * first, by the policy and model of s. */
void pipeline_relocate(struct pipeline *p, int32_t partition, int64_t offset,
                       const struct snapshot *s, int64_t now_ms, struct cycle *cycle);
/* All partitions are given back; what is not committed is forgotten. */
void pipeline_disown_all(struct pipeline *p);

/* The samples topic has so many partitions. True: states changed that must be committed now, before
 * anything else is decided (rules: daemon/query/division.c). */
bool pipeline_divide(struct pipeline *p, const struct policy *policy, size_t partitions,
                     int64_t now_ms);
/* Whether a partition has no share of caps and grant yet. */
bool pipeline_waits(const struct pipeline *p);
/* Those that wait get their share, if the committed states of the whole group allow it: begin, add
 * each partition from 0 on (offset below 0: nothing is committed), end. True: as above. */
void pipeline_group_begin(struct pipeline *p, const struct policy *policy, size_t partitions);
void pipeline_group_add(struct pipeline *p, int64_t offset, struct text metadata);
bool pipeline_group_end(struct pipeline *p, size_t partitions);

/* Decides the batch's records (record, in_force and n are filled) and appends what follows to the
 * cycle. */
void pipeline_run(struct pipeline *p, struct batch *b, int64_t now_ms, struct cycle *cycle);
/* Ends the pool's windows in which no sample came for idle_ms, by the policy and model of s. */
void pipeline_end_windows(struct pipeline *p, const struct snapshot *s, int64_t now_ms,
                          int64_t idle_ms, struct cycle *cycle);

/* Only scores and decides, from the sample `from` on: fate and raw are filled already. Stops where
 * a window of the pool ends, and returns how far it came. For the backtest, which reads its file
 * once. */
size_t pipeline_decide(struct pipeline *p, struct batch *b, size_t from, int64_t now_ms);
/* What the last call that decided or ended windows chose: the picks of the last window that ended
 * in it. */
struct flushed {
    bool ended;
    size_t n;
    const struct pick *picks; // (n) until the next call
};
const struct flushed *pipeline_flushed(const struct pipeline *p);

/* Adds offset and state of every partition that moved since the last call; with a pool, of where
 * its open window began. */
void pipeline_offsets(struct pipeline *p, struct cycle *cycle);
/* Whether any partition has something to commit: with a pool, whether a window ended. */
bool pipeline_moved(const struct pipeline *p);
/* Calls visit for each owned partition, for lag: its next offset, and the time of its last record
 * (of one that is committed, or when it became ours, before any; of one without a time, when it was
 * decided). */
void pipeline_positions(const struct pipeline *p,
                        void (*visit)(int32_t partition, int64_t next, int64_t newest_ms,
                                      void *opaque),
                        void *opaque);
/* Sums over the owned partitions. */
struct pipeline_bucket {
    double tokens;              // labels that the strategy arms could ask at once
    double hour_left, day_left; // labels that the caps still allow; infinite: no cap
    double propensity;          // of the random arm
};
void pipeline_bucket(const struct pipeline *p, const struct policy *policy, int64_t now_ms,
                     struct pipeline_bucket *out);
/* Utilities of the last samples that a model scored, in no order; returns how many. A mix has
 * samples of several measures, each with its scale. */
enum { PIPELINE_UTILITIES = 1024 };
struct utility_seen {
    float value;
    enum measure measure;
};
size_t pipeline_utilities(const struct pipeline *p, struct utility_seen out[PIPELINE_UTILITIES]);
/* What was counted of the mapped fields since the reader zeroed it. */
struct pipeline_absent {
    uint64_t records, *absent; // records that could be decoded; absent: (features) in how many not
    struct buf example;        // one of them as it came; empty: none was wanted, or it was too long
    bool example_wanted;       // the next record that can be decoded is kept
};
/* Its owner is p; the reader takes the counts and says whether it wants an example. */
struct pipeline_absent *pipeline_absent(struct pipeline *p);
/* Samples that are decided and held back by open windows of the pool, over the owned partitions:
 * nothing of them is committed. */
uint64_t pipeline_held(const struct pipeline *p);
/* Evidence that samples have shifted (estimate/shift.h); an alarm comes at watch.shift. */
double pipeline_shift(const struct pipeline *p);
/* By measure, of the last sample that the strategy arm asked by it; 0: none. */
const double *pipeline_thresholds(const struct pipeline *p);

/* The class names, newline-separated, and the index of the positive one. The caller frees. */
char *classes_joined(const struct config *c, size_t *positive);
