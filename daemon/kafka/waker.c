/* librdkafka 2.0.2 stops fetching when its queue is full and then sleeps up to a second, whatever
 * becomes of the queue meanwhile; a consumer that empties the queue sooner starves (later versions
 * have fetch.queue.backoff.ms). Any request to the same broker wakes that thread. So while records
 * flow, the ends of the partitions are asked for, one after the other, every few milliseconds: one
 * small request in place of a queue of half a gigabyte. When little flows nothing is asked.
 *
 * Thread: its own; the worker thread tells it what is read */
#include "waker.h"

#include "base/error.h"
#include "client_private.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

enum {
    WAIT_MS = 20,       // between two looks at what was read
    BUSY_RECORDS = 200, // read in that time: 10,000 a second. Below it the queue does not fill
    TIMEOUT_MS = 1000   // for the broker's answer, which nobody needs
};

struct waker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    rd_kafka_t *rk;
    const char *topic;
    int32_t *partition; // (n)
    size_t n, next;
    bool stop;
    _Atomic size_t taken; // since the last look
};

static void waker_sleep_a_little(struct waker *w) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until); // a step of the wall clock must not lengthen it
    until.tv_nsec += WAIT_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&w->changed, &w->lock, &until);
}

/* The partition whose turn it is, or -1. Called with the lock held. */
static int32_t waker_turn(struct waker *w) { return w->n ? w->partition[w->next++ % w->n] : -1; }

static void *waker_wake(void *arg) {
    struct waker *w = arg;
    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        waker_sleep_a_little(w);
        int32_t partition = atomic_exchange(&w->taken, 0) >= BUSY_RECORDS ? waker_turn(w) : -1;
        if (partition < 0 || w->stop) continue;
        pthread_mutex_unlock(&w->lock);
        kafka_offset_at(w->rk, w->topic, partition, RD_KAFKA_OFFSET_END,
                        TIMEOUT_MS); // the request is the point, not the answer
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void waker_init_condition(pthread_cond_t *c) {
    pthread_condattr_t a;
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(c, &a);
    pthread_condattr_destroy(&a);
}

static void waker_free(struct waker *w) {
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    free(w->partition);
    free(w);
}

struct waker *waker_create(rd_kafka_t *rk, const char *topic) {
    struct waker *w = xcalloc(1, sizeof *w);
    w->rk = rk;
    w->topic = topic;
    pthread_mutex_init(&w->lock, NULL);
    waker_init_condition(&w->changed);
    if (pthread_create(&w->thread, NULL, waker_wake, w) == 0) return w;
    waker_free(w);
    return NULL;
}

void waker_destroy(struct waker *w) {
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    waker_free(w);
}

void waker_watch(struct waker *w, const rd_kafka_topic_partition_list_t *list) {
    pthread_mutex_lock(&w->lock);
    w->n = list ? (size_t)list->cnt : 0;
    w->partition = xrealloc(w->partition, (w->n + 1) * sizeof *w->partition);
    for (size_t i = 0; i < w->n; i++) w->partition[i] = list->elems[i].partition;
    pthread_mutex_unlock(&w->lock);
}

void waker_note(struct waker *w, size_t records) {
    atomic_fetch_add_explicit(&w->taken, records, memory_order_relaxed);
}
