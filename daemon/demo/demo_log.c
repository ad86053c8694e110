/* A ring of the last lines, filled through log_redirect.
 *
 * Thread: any thread */
#include "demo_log.h"

#include "base/buf.h"
#include "base/log.h"

#include <pthread.h>
#include <stdio.h>

enum {
    KEPT = 60 // lines; a failed start says what is wrong in its last few
};

static struct {
    pthread_mutex_t lock;
    bool verbose;
    struct buf line[KEPT];
    size_t n; // ever written
} ring = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void demo_log_keep(const char *line, size_t len, void *opaque) {
    (void)opaque;
    pthread_mutex_lock(&ring.lock);
    struct buf *b = &ring.line[ring.n++ % KEPT];
    buf_reset(b);
    buf_add(b, line, len);
    if (!len || line[len - 1] != '\n') buf_str(b, "\n");
    if (ring.verbose) fwrite(b->at, 1, b->len, stderr);
    pthread_mutex_unlock(&ring.lock);
}

void demo_log_open(bool verbose) {
    ring.verbose = verbose;
    log_init(LOG_LOGFMT, LOG_INFO);
    log_redirect(demo_log_keep, NULL);
}

void demo_log_show(void) {
    pthread_mutex_lock(&ring.lock);
    for (size_t i = ring.n > KEPT ? ring.n - KEPT : 0; i < ring.n && !ring.verbose; i++)
        fwrite(ring.line[i % KEPT].at, 1, ring.line[i % KEPT].len, stderr);
    pthread_mutex_unlock(&ring.lock);
}

void demo_log_close(void) {
    log_redirect(NULL, NULL);
    for (size_t i = 0; i < KEPT; i++) buf_release(&ring.line[i]);
    ring.n = 0;
}
