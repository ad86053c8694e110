/* What the answers say of those who gave them.
 *
 * Thread: learner thread */
#pragma once

#include "estimate/annotators.h"
#include "store/store.h"

/* As metrics: each annotator by name, and the figures against the truth. start: as they are against
 * the annotators; names: the store that knows them, NULL: hashes stand for them. */
void labelled_people_tell(struct annotators *a, const struct estimates *start, struct store *names);
/* What gold questions say of annotators, anew: into what is known of them, and how many there are.
 * It goes through the whole store. */
int labelled_people_tell_golds(struct annotators *a, struct store *s) MUST_CHECK;
/* Those whose readers disagree, by what is known of these now. It goes through the whole store. */
int labelled_people_tell_disputes(struct annotators *a, struct store *s) MUST_CHECK;
