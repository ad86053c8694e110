/* The records of one transaction on the models topic. Private to the room.
 *
 * Thread: learner thread */
#pragma once

#include "infer/model.h"
#include "labelled_set.h"
#include "run/registry.h"

struct adjudication;
struct certification;

struct publication {
    const char *name; // service.name
    struct arena arena;
    struct producer_record *at; // (n)
    size_t n, cap;
};
/* Topics of the producer that a publication goes to. */
enum publication_topic { PUBLISHED_MODELS, PUBLISHED_TASKS, PUBLISHED_TOPICS };

/* The record of that name ("operator"). The value is copied. */
void publication_add_named(struct publication *p, const char *what, const struct buf *value);
/* The certificates that are due, of these classes. */
void publication_add_certificates(struct publication *p, struct certification *c,
                                  const struct registry *r, const struct list *classes);
void publication_add_policy(struct publication *p, const struct policy_learner *policy);
/* How far tasks and labels are read, which labelled set is behind the newest version, and what
 * third readers were asked. */
void publication_add_progress(struct publication *p, const char *instance, struct labelled_set *set,
                              const struct store_counts *counts, uint64_t live,
                              uint64_t published_digest);
/* The third readers' tasks that were collected (n). */
void publication_add_tasks(struct publication *p, const struct adjudication *a, size_t n);
/* A version, in chunks of which each fits a batch of `most` bytes. *bytes: of its record. ERR_FULL:
 * it does not fit, however it is cut. */
int publication_add_version(struct publication *p, struct model *m, size_t most,
                            size_t *bytes) MUST_CHECK;
/* What was pushed leaves the topic in the transaction that makes a version of it: it is taken once,
 * whatever crashes. */
void publication_remove_push(struct publication *p, const struct registry_push *push);
void publication_remove_version(struct publication *p, const struct registry *r, uint64_t version);
void publication_release(struct publication *p);
