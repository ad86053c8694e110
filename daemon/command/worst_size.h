/* How large the records of a configuration can become, before the first of them is written.
 *
 * Thread: any thread */
#pragma once

#include "config/config.h"

/* Bytes of a batch with one task, without its event: at most. *widest: the feature that has the
 * largest part in it. */
size_t worst_size_task(const struct config *c, size_t *widest);
/* The name of that feature; of a configuration without any, what its rows are made of. Borrowed. */
const char *worst_size_widest(const struct config *c, size_t widest);
/* Bytes of a version as the learner writes it: about, at least. */
size_t worst_size_version(const struct config *c);
/* Bytes of the largest record that the client hands to the broker: kafka.producer's (or common's)
 * message.max.bytes. */
size_t worst_size_client_limit(const struct config *c);
