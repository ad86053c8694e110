/* The schemas that samples need, fetched off the path of the samples: a thread that asks the
 * registry, and a table that workers look into.
 *
 * A schema never changes, so what was fetched stays, as long as there is room. That an id is
 * unknown may change, so it is asked again after a minute. While the registry does not answer,
 * samples that need it wait, and the thread asks again, less often each time.
 *
 * Thread: main thread starts and ends it; the rest where said */
#pragma once

#include "admit/decoder.h"
#include "base/record.h"

#include <stdatomic.h>

struct schemas;

/* By admit.registry; *out NULL: there is none. stop: told to end. ERR_CONFIG: a file that it names
 * can not be read (said in the log). ERR_FATAL: there is no thread for it. */
int schemas_start(struct schemas **out, const struct config *c,
                  const _Atomic bool *stop) MUST_CHECK;
/* Once `stop` is set. */
void schemas_join(struct schemas *s);
/* Teaches the decoder the schemas of the records (*n); where those that are new to it weigh as
 * much as it keeps, *n becomes the number of records before. false: one is not there yet; it is
 * asked for, and to be looked for again. s NULL: nobody is asked. Worker thread. */
bool schemas_teach(struct schemas *s, struct decoder *d, const struct record *record, size_t *n);
/* Whether the registry does not answer just now. Any thread. */
bool schemas_away(const struct schemas *s);
/* Whether its thread has ended. Any thread. */
bool schemas_ended(const struct schemas *s);
