/* The next model version: a fit on the labelled set, or a model that was pushed, made ready to be
 * published (train/fit.h has the mathematics, train/schedule.h says when).
 *
 * Thread: learner thread */
#pragma once

#include "infer/model.h"
#include "labelled_set.h"
#include "run/registry.h"

/* What a version is made from. All borrowed. */
struct next_version {
    struct learning *learning;
    struct labelled_set *set;
    const struct registry *registry; // the models topic as it stands
};

/* Fits a version; *out stays NULL where all labels are set aside, so that there is nothing to fit
 * yet. The caller destroys it. *took_ms: of the fit alone. ERR_ of the store. */
int next_version_fit(const struct next_version *n, const struct store_counts *counts,
                     struct model **out, int64_t *took_ms) MUST_CHECK;
/* A push as the version that it becomes; NULL: refused (said). The caller destroys it. */
struct model *next_version_adopt(const struct next_version *n, const struct store_counts *counts,
                                 const struct registry_push *push);
/* The rollback that a version made now takes into account: for its policy (policy.rolled_ms). */
uint64_t next_version_rolled(const struct next_version *n);
