/* The figures of single model versions: each of the samples that it decided itself. So the version
 * in force can be asked how good it is, and not how good its predecessors were.
 *
 * Thread: one owner */
#pragma once

#include "estimate/estimator.h"

enum {
    BY_VERSION_MAX = 8 // versions are remembered: the newest, and the one in force
};

struct by_version;

/* 12 KiB a version. The caller destroys it. */
struct by_version *by_version_create(void);
void by_version_destroy(struct by_version *b);
/* It is in force: remembered whatever its number, from now on. 0: none is. */
void by_version_in_force(struct by_version *b, uint32_t version);
/* As estimator_ask and estimator_answer, by the version that decided (struct asked); what an older
 * version than those remembered decided is left out. */
void by_version_ask(struct by_version *b, const struct asked *a);
void by_version_answer(struct by_version *b, const struct asked *a, const struct outcome *o);
/* Since the version began; all NaN, and no answers, of one that is not remembered. */
void by_version_read(const struct by_version *b, uint32_t version, struct estimates *out);
