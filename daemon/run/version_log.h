/* The models topic: what stands on it, and writing it. A model version, the policy that makes it
 * live, and progress go out in one transaction (promise I9).
 *
 * Thread: learner thread */
#pragma once

#include "infer/model.h"
#include "labelled_set.h"
#include "run/registry.h"

struct adjudication;
struct version_log;

struct version_log *version_log_create(struct learning *learning);
void version_log_destroy(struct version_log *v);
/* Fences the predecessor, then reads the topic to its end. ERR_RETRY: Kafka does not answer, call
 * again; ERR_FENCED; ERR_STOPPED; ERR_FATAL. */
int version_log_catch_up(struct version_log *v) MUST_CHECK;
/* Takes what others have written since (pushes, the operator's policy). */
int version_log_read(struct version_log *v) MUST_CHECK;
/* Writes what is in force anew where the topic has lost it: somebody deleted its records, or made
 * it anew. Asks every ten seconds where the topic begins, or `now`. ERR_ as version_log_catch_up.
 */
int version_log_restore(struct version_log *v, bool now) MUST_CHECK;
/* Whether the labelled set has read as far as the one behind the newest progress record had: a
 * version of less would take labels back. */
bool version_log_reached(const struct version_log *v, const struct labelled_set *set);
/* What the topic says. */
const struct registry *version_log_registry(const struct version_log *v);

/* The newest version: of how many labels and of which labelled set (a digest) it was made. */
struct version_log_newest {
    uint64_t rows, digest;
    uint64_t fitted_rows; // of the newest one that was fitted and not pushed; 0: there is none
    int64_t published_ms; // 0: not by this process
    size_t bytes;         // of its record; 0: not published by this process
};
struct version_log_newest version_log_newest(const struct version_log *v);
/* The learner's half of the policy as it stands on the topic. */
const struct policy_learner *version_log_policy(const struct version_log *v);

/* What goes out together. */
struct edition {
    struct model *version;               // NULL: no new one
    const struct registry_push *taken;   // a push that `version` was made of; NULL: none
    struct policy_learner policy;        // goes out where it differs from what stands there
    bool moved;                          // positions have changed since the last progress record
    struct certification *certification; // its records that are due
};

/* Publishes what of the edition is due and reads it back; `counts` is the labelled set behind it.
 * 1: progress went out; 0: nothing that was due is missing; ERR_RETRY: nobody knows whether it went
 * out, the topic was read again, decide anew; ERR_FULL: the topic takes too small records for this
 * version (said in the log); ERR_FENCED; ERR_STOPPED; ERR_FATAL. */
int version_log_publish(struct version_log *v, struct labelled_set *set,
                        const struct store_counts *counts,
                        const struct edition *edition) MUST_CHECK;
/* Writes the tasks of third readers that are due, with progress, in one transaction; tried once,
 * and again after a while (said). Nobody is asked while the operator pauses or there are too many
 * open tasks, with two opinions, or before the tasks that the predecessor had read were read. 0
 * also where nobody knows whether it went out: the topic was read again, and tells. ERR_ as
 * version_log_catch_up. */
int version_log_ask(struct version_log *v, struct labelled_set *set,
                    const struct store_counts *counts, struct adjudication *a) MUST_CHECK;
