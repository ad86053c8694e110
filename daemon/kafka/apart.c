/* An end that may never come, and must not hold up whoever goes on without what ends.
 *
 * Seen with 2.0.2: a member that was fenced while two of three brokers were away was destroyed, and
 * the library waited for ever for the threads of those brokers. What is left then costs memory and
 * a few sleeping threads, and speaks to nobody; D10 bounds the end of the process itself.
 *
 * Thread: any thread */
#include "client_private.h"

#include <pthread.h>

/* Shared by the one who waits and the thread that ends: the last of the two frees it. */
struct apart {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void (*end)(void *);
    void *what;
    bool done, left;
};

static void apart_free(struct apart *e) {
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->changed);
    free(e);
}

static void *apart_main(void *arg) {
    struct apart *e = arg;
    e->end(e->what);
    pthread_mutex_lock(&e->lock);
    bool left = e->left;
    e->done = true;
    pthread_cond_signal(&e->changed);
    pthread_mutex_unlock(&e->lock);
    if (left) apart_free(e);
    return NULL;
}

static bool apart_wait(struct apart *e, int wait_ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    pthread_mutex_lock(&e->lock);
    int timed_out = 0;
    while (!e->done && !timed_out)
        timed_out = pthread_cond_timedwait(&e->changed, &e->lock, &until);
    bool done = e->done;
    e->left = !done;
    pthread_mutex_unlock(&e->lock);
    return done;
}

static void apart_init(struct apart *e) {
    pthread_condattr_t a;
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, &a);
    pthread_condattr_destroy(&a);
}

bool kafka_end_apart(void (*end)(void *what), void *what, int wait_ms) {
    struct apart *e = xcalloc(1, sizeof *e);
    pthread_t thread;
    apart_init(e);
    e->end = end;
    e->what = what;
    if (pthread_create(&thread, NULL, apart_main, e) != 0) { // no room for one more
        apart_free(e);
        end(what);
        return true;
    }
    bool done = apart_wait(e, wait_ms);
    if (!done) {
        pthread_detach(thread);
        return false;
    }
    pthread_join(thread, NULL);
    apart_free(e);
    return true;
}
