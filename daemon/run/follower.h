/* The follower: reads the models topic, builds and checks versions off the hot path, and fills the
 * slot of the workers.
 *
 * Thread: main thread starts and ends it; the rest is the follower thread's own */
#pragma once

#include "worker.h"

struct follower;

/* NULL: the system has no thread for it. */
struct follower *follower_start(struct shared *shared, size_t columns, uint64_t fingerprint);
int follower_join(struct follower *f);
/* Once the models topic was read to its end: workers may start. */
bool follower_ready(const struct follower *f);
bool follower_ended(const struct follower *f);
uint64_t follower_progress(const struct follower *f);
/* What is on the models topic, as a JSON object (null before it was read); any thread. */
void follower_models(struct follower *f, struct buf *out);
/* How long no process of this name has said that it learns, in ms, or since this one had read the
 * models topic; *by (or NULL) gets the instance that said so last, empty: none has; any thread. */
int64_t follower_silence(struct follower *f, struct buf *by);
/* The ERR_ it ended with; only once follower_ended. */
int follower_result(const struct follower *f);
