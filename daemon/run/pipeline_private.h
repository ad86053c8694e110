/* What the files of the pipeline share. Calls go down this list:
 *
 *   pipeline             the stages over a batch; partitions taken, given back, committed
 *   pipeline_position    where the partitions stand, and what is committed
 *   pool_window          the pool's windows
 *   pipeline_route       one decided sample's records
 *   pipeline_division    caps and grant divided anew
 *   pipeline_far         samples far outside all that was seen
 *   pipeline_shift       whether samples have shifted
 *   pipeline_partition   the table of partitions
 *   pipeline_trace       a sample's trace context
 *
 * Private to them.
 *
 * Thread: worker thread */
#pragma once

#include "encode/sample.h"
#include "estimate/shift.h"
#include "route/task.h"
#include "run/pipeline.h"

struct partition {
    bool owned, moved;
    int64_t next, newest_ms;
    struct position_mark mark; // of `next`, but for the batch's records
    size_t latest; // 1 + index of its latest record in the batch; 0: none. mark waits for it
    struct partition_state state;
    struct pool_window *window; // of the pool, or NULL
};

/* What the manager would have asked, and could have afforded, of late. */
struct demand {
    double named, due;
    int state;
};

struct pipeline {
    const struct config *config;
    const struct features *features;
    size_t max_record_bytes, partitions_n;
    struct strategy *strategy;
    struct sample_reader *reader;
    int value_field; // the field of route.value; -1: none
    bool by_value;   // people look at what is most at risk first (route.priority)
    struct batch *batch;
    struct partition *partition; // (partitions_cap) by partition number
    size_t partitions_cap;
    int32_t *moved; // (moved_n) of the partitions that have something to commit: a cycle's cost is
                    // theirs, whatever else is owned
    size_t moved_n;
    struct text topic, classes; // classes: newline-separated
    size_t k, positive;
    uint64_t topic_hash;
    uint32_t topic_id, cluster_id; // as in a mark
    float *scratch;                // for model_predict, and a prediction behind it
    size_t scratch_n;
    size_t scored; // of the batch: samples before this one have their prediction
    struct selection selection;
    struct division *division; // while the group's states are read, else NULL
    struct demand demand;
    struct recent *recent;
    struct utility_seen utility[PIPELINE_UTILITIES]; // a ring
    size_t utilities;                                // ever
    double threshold[MEASURES]; // of the last asked sample, by measure; 0: none
    struct flushed flushed;     // the last window that ended
    struct pipeline_absent absent;
    struct {
        uint64_t samples; // since the last line of the log
        int64_t said_ms;  // 0: never
    } far;
    struct {
        struct shift bets;
        uint64_t version;                // whose quantiles these are; 0: none yet
        float quantile[MODEL_QUANTILES]; // coded as utilities are
        bool begun, told;                // told: nothing more is said of that version
    } shift;
    struct buf out, made;          // a record; a synthetic event and its id
    _Atomic uint64_t *auto_labels; // (k) written; NULL: nobody counts
};

/* ---- pipeline_partition.c ---- */

/* The row of a partition; the table grows. Valid until another is asked for. */
struct partition *pipeline_partition(struct pipeline *p, int32_t number);
/* The policy and model of s are in force for the partition from its next sample on, if they aren't
 * yet. */
void pipeline_switch(struct pipeline *p, int32_t number, struct partition *at,
                     const struct snapshot *s);
/* The mark of the partition's position, up to the batch's latest record of it. */
const struct position_mark *pipeline_settle_mark(struct pipeline *p, struct partition *at);
/* The partition has something to commit. */
void pipeline_move(struct pipeline *p, int32_t number);
/* Scratch for that model's predictions. */
void pipeline_make_room(struct pipeline *p, const struct model *m);

/* ---- pipeline_far.c ---- */

/* Counts and tells, if the batch's sample i has a number that is far (infer/model.h). */
void pipeline_note_far(struct pipeline *p, const struct batch *b, size_t i, int64_t now_ms);

/* ---- pipeline_shift.c ---- */

/* One look in fifty at whether samples have shifted, of the batch's sample i, which is decided. */
void pipeline_look_for_shift(struct pipeline *p, const struct batch *b, size_t i);
/* After a reload: what utilities are may have changed. */
void pipeline_shift_anew(struct pipeline *p);

/* ---- pipeline_trace.c ---- */

/* The W3C trace context of a sample: header values by their place in the list of names; at NULL: it
 * had none. */
enum { TRACE_PARENT, TRACE_STATE, TRACE_FIELDS };
struct trace {
    struct text field[TRACE_FIELDS];
};

/* What the record's headers say; the texts live as long as the record. */
struct trace trace_of(const struct record *r);
/* The same as headers of a record that is about the sample, copied into the cycle. */
void trace_put(const struct trace *t, struct cycle *cycle, struct producer_record *out);

/* ---- pipeline_route.c ---- */

/* One decided sample on its way out, from wherever it was kept. */
struct subject {
    struct text id, value; // sample id; the record as it can be read
    struct text came;      // the record as it came
    int32_t partition;
    int64_t offset, time_ms, asked_ms;
    const double *row;          // (d) raw
    const float *prob, *member; // (k), (members, k) or NULL
    const struct model *model;  // that predicted, or NULL
    uint64_t policy;
    const struct decision *decision;
    struct trace trace;
    bool blocked; // nobody decided: the decision asks nobody
};

/* Where a sample's records stand in the cycle; NOWHERE: it has none. */
#define NOWHERE SIZE_MAX
struct written {
    size_t task, prediction, auto_label;
    int auto_class; // of the auto-label
};
#define WRITTEN_NOWHERE                                                                            \
    { NOWHERE, NOWHERE, NOWHERE, 0 }

/* Appends what becomes of the batch's sample i. */
struct written pipeline_route(struct pipeline *p, struct batch *b, size_t i, int64_t now_ms,
                              struct cycle *cycle);
/* Writes the subject's task, and its prediction if there are predictions: over the records that it
 * has, or new ones. */
void pipeline_reroute(struct pipeline *p, const struct subject *s, const struct written *at,
                      struct cycle *cycle);

/* ---- pool_window.c ---- */

/* NULL without a pool. */
struct pool_window *pool_window_create(const struct pipeline *p);
void pool_window_destroy(struct pool_window *w);
/* It begins at that position and state, empty. */
void pool_window_begin(struct pool_window *w, const struct position *at,
                       const struct partition_state *state);
/* Where it began: all that may be committed while it is open. */
const struct partition_state *pool_window_start(const struct pool_window *w, struct position *at);
/* Whether it has no record yet. */
bool pool_window_empty(const struct pool_window *w);
/* What its samples write, until it ends. */
struct cycle *pool_window_cycle(struct pool_window *w);

/* Before a sample of that time is decided: whether it ends the window (WINDOW_OPEN: it does not).
 */
enum window_end pool_window_before(const struct pipeline *p, const struct pool_window *w,
                                   int64_t time_ms);
/* After the batch's sample i was decided and routed: keeps what the pool may need of it. */
enum window_end pool_window_take(struct pipeline *p, struct pool_window *w, const struct batch *b,
                                 size_t i, const struct written *at, int64_t now_ms);
/* Whether it has samples, and none came for so long. */
bool pool_window_idle(const struct pool_window *w, int64_t now_ms, int64_t idle_ms);
/* Chooses, by the policy and model of s, and hands what was held to the cycle (NULL: nobody wants
 * it). The next window begins. */
void pool_window_end(struct pipeline *p, int32_t number, enum window_end why,
                     const struct snapshot *s, int64_t now_ms, struct cycle *cycle);
