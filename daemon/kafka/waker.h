/* Keeps librdkafka's fetching awake while a consumer is busy. See waker.c. Private to the room.
 *
 * Thread: worker thread calls; a thread of its own works */
#pragma once

#include <librdkafka/rdkafka.h>
#include <stddef.h>
#include <stdint.h>

struct waker;

/* NULL: the system has no thread. rk and topic are borrowed until waker_destroy, which must come
 * before the handle is closed. */
struct waker *waker_create(rd_kafka_t *rk, const char *topic);
void waker_destroy(struct waker *w);
/* The partitions that are read now; list NULL: none. */
void waker_watch(struct waker *w, const rd_kafka_topic_partition_list_t *list);
/* So many records were taken. */
void waker_note(struct waker *w, size_t records);
