/* The figures of the decisions and of the score that events bring, from tasks and answers.
 *
 * Thread: learner thread */
#pragma once

#include "estimate/alarm.h"
#include "learning.h"
#include "store/store.h"

struct labelled_figures;

/* The caller destroys it; l is borrowed. */
struct labelled_figures *labelled_figures_create(const struct learning *l);
void labelled_figures_destroy(struct labelled_figures *f);

/* Each task once, and each answer once that its store has taken. now_ms: a time to believe. */
void labelled_figures_ask(struct labelled_figures *f, const struct asked *a, int64_t now_ms);
void labelled_figures_answer(struct labelled_figures *f, const struct answered *a);
/* Whether the random arm's draws should be weighted; weighted: they are. */
bool labelled_figures_weigh(struct labelled_figures *f, bool weighted);
/* Whether the strategy arm rests from now on, as target_rests; rests: as it was decided last. */
uint64_t labelled_figures_rests(const struct labelled_figures *f, uint64_t rests);
/* Only the alarm: forgets what it was told, and is told an answer. It goes by their order, so
 * whoever takes over tells it all of them again in label order. */
void labelled_figures_forget_turns(struct labelled_figures *f);
void labelled_figures_watch(struct labelled_figures *f, const struct answered *a);
/* Whether labels have turned, by all answers so far. */
void labelled_figures_alarm(const struct labelled_figures *f, struct alarm_figures *out);
/* What is known of people; borrowed. */
struct annotators *labelled_figures_annotators(struct labelled_figures *f);
/* As metrics, but for what is known of people. */
void labelled_figures_tell(const struct labelled_figures *f, int64_t now_ms);
/* That, and the figures against the truth: milliseconds of work, so not in every round. names:
 * knows the annotators'. */
void labelled_figures_tell_people(const struct labelled_figures *f, struct store *names);
/* The same of when budget.target will be reached. labelled: rows of the labelled set. */
void labelled_figures_tell_forecast(struct labelled_figures *f, size_t labelled);
