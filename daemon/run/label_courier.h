/* Carries between the label desk and Kafka.
 *
 * Thread: main thread starts and ends it; the rest is the label thread's own */
#pragma once

#include "label_desk.h"
#include "worker.h"

struct label_courier;

/* NULL: the system has no thread for it. */
struct label_courier *label_courier_start(struct shared *shared, struct label_desk *desk);
/* Waits for its end, after shared->stopping: the last answers get a moment to arrive. */
void label_courier_join(struct label_courier *c);
bool label_courier_ended(const struct label_courier *c);
/* Counts up while it makes progress. */
uint64_t label_courier_progress(const struct label_courier *c);
