/* What the learner's two halves share: learner.c reads topics into the store, learner_publish.c
 * turns the store into versions.
 * Thread: learner thread */
#pragma once

#include "estimate/prequential.h"
#include "kafka/publisher.h"
#include "kafka/topic_reader.h"
#include "learner.h"
#include "run/registry.h"
#include "store/store.h"
#include "train/fit.h"

struct learner {
    pthread_t thread;
    struct shared *shared;
    const struct config *config;
    struct text classes;
    size_t positive;
    struct reader *reader;
    struct store *store;
    struct publisher *publisher;
    struct registry *registry; // what the models topic says; kept up with what we publish
    struct reader *models;
    struct prequential *prequential;
    struct decoder *decoder; // for labels that carry their own event
    struct value *values;
    double *own_row; // (d)
    struct arena arena;
    struct reader_record *record; // (READ_MOST)
    struct answered *answered;    // (READ_MOST) outcomes of the round, counted once it is committed
    size_t answered_n;
    size_t memories[16], memories_n, largest_memory;
    int64_t rescan_ms, expire_ms, published_ms, progress_ms, fit_ms;
    size_t version_bytes;                      // of the newest version's record
    uint64_t published_rows, published_digest; // of the labelled set behind the newest version
    struct policy_learner policy;              // as it stands on the topic
    bool policy_known;
    bool moved; // positions changed since the last progress record
    int result;
    _Atomic bool ended, ready;
    uint64_t labels_read;
    _Atomic uint64_t progress, settled, newest;
};

/* Reads the models topic to its end, after fencing the predecessor: the newest version's number and
 * labelled set. */
int learner_catch_up(struct learner *l) MUST_CHECK;
/* A push as the version that it becomes; NULL: refused (said). The caller destroys it. */
struct model *learner_adopt(struct learner *l, const struct store_counts *counts,
                            const struct registry_push *push);
/* What the next fit builds on, by the version that is live: `parent`, `prior` and `aside` of the
 * model to make. The prior itself, NULL when there is none. */
const struct model *learner_base(struct learner *l, struct model *next);
/* The rollback that a version made now takes into account. */
uint64_t learner_rolled(const struct learner *l);
/* What every version says of its making. */
void learner_sign(struct learner *l, const struct store_counts *counts, struct model *m);
/* Options of the fits, as configured. */
struct fit_options learner_options(const struct learner *l);
/* Publishes what is due: a version, a changed policy, progress. 0 also when nothing is. */
int learner_publish(struct learner *l, const struct store_counts *counts) MUST_CHECK;
