/* The learner's certificates: told of each answer while this process learns, granted and revoked by
 * estimate/certificate.h, said on the models topic.
 *
 * Thread: learner thread */
#pragma once

#include "learning.h"
#include "store/store.h"

struct certification;

/* Goes on from what the topic says, by the answers of the store. Only a process in office
 * has one: it alone may write. ERR_ of the store. */
int certification_create(struct certification **out, struct learning *learning,
                         const struct registry *registry, struct store *store) MUST_CHECK;
void certification_destroy(struct certification *c);
/* Whether the configuration has another section auto now: it is to be made anew. */
bool certification_outdated(const struct certification *c);
/* An answer that was read. */
void certification_answer(struct certification *c, const struct answered *a);
/* Grants and revokes by what was told, and by the model in force; says so in the log. */
void certification_decide(struct certification *c, const struct registry *registry);
/* Appends the record of a class, if it is due: what changed, what the topic does not hold (any
 * more), and every 20 s what is granted, as a sign that it is watched. False: it is not. */
bool certification_due(struct certification *c, const struct registry *registry, size_t class_,
                       struct buf *out);
size_t certification_classes(const struct certification *c);
/* What was due is on the topic. */
void certification_written(struct certification *c);
