/* One table for the process, as of the metrics: a worker, the follower and the learner meet the
 * same refusals, and who asks is the page /readyz.
 *
 * Thread: any thread */
#include "kafka/rights.h"

#include "base/clock.h"
#include "base/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum {
    RIGHTS_MOST = 64, // topics, group and transactional ids of one process are fewer
    NAME_BYTES = 320,
    STALE_MS = 150000 // whoever is refused asks again within a minute; who asks no more, e.g. a
                      // learner that was replaced, is refused nothing
};

static const struct {
    const char *word, *on;
} right_row[] = {
    [RIGHT_READ_TOPIC] = {"Read", "topic"},
    [RIGHT_WRITE_TOPIC] = {"Write", "topic"},
    [RIGHT_READ_GROUP] = {"Read", "group"},
    [RIGHT_WRITE_TRANSACTIONS] = {"Write", "transactional id"},
};

struct missing {
    enum right right;
    char name[NAME_BYTES];
    int64_t heard_ms;
};

static pthread_mutex_t rights_lock = PTHREAD_MUTEX_INITIALIZER;
static struct missing missing[RIGHTS_MOST];
static _Atomic size_t missing_n; // changed under the lock

/* Under the lock; where it would stand. */
static size_t rights_find(enum right right, const char *name) {
    size_t i = 0, n = atomic_load(&missing_n);
    while (i < n && (missing[i].right != right || strcmp(missing[i].name, name) != 0)) i++;
    return i;
}

void rights_refused(enum right right, const char *name) {
    pthread_mutex_lock(&rights_lock);
    size_t n = atomic_load(&missing_n), at = rights_find(right, name);
    bool fresh = at == n && n < RIGHTS_MOST;
    if (fresh) {
        missing[n].right = right;
        snprintf(missing[n].name, sizeof missing[n].name, "%s", name);
        atomic_store(&missing_n, n + 1);
    }
    if (at < n || fresh) missing[at].heard_ms = clock_ms();
    pthread_mutex_unlock(&rights_lock);
    if (fresh)
        LOG(ERROR, "right_missing",
            "the broker refuses us: a right is missing; it is tried again until it is there",
            L_STR("right", right_row[right].word), L_STR("on", right_row[right].on),
            L_STR("name", name));
}

void rights_granted(enum right right, const char *name) {
    if (!atomic_load(&missing_n)) return;
    pthread_mutex_lock(&rights_lock);
    size_t n = atomic_load(&missing_n), at = rights_find(right, name);
    if (at < n) {
        missing[at] = missing[n - 1];
        atomic_store(&missing_n, n - 1);
    }
    pthread_mutex_unlock(&rights_lock);
    if (at < n)
        LOG(NOTICE, "right_back", "the broker does not refuse us any more",
            L_STR("right", right_row[right].word), L_STR("on", right_row[right].on),
            L_STR("name", name));
}

size_t rights_missing(void) {
    if (!atomic_load(&missing_n)) return 0;
    pthread_mutex_lock(&rights_lock);
    size_t kept = 0;
    for (size_t i = 0; i < atomic_load(&missing_n); i++)
        if (clock_ms() - missing[i].heard_ms < STALE_MS) missing[kept++] = missing[i];
    atomic_store(&missing_n, kept);
    pthread_mutex_unlock(&rights_lock);
    return kept;
}

bool rights_lacks(enum right right, const char *name) {
    if (!atomic_load(&missing_n)) return false;
    pthread_mutex_lock(&rights_lock);
    bool lacks = rights_find(right, name) < atomic_load(&missing_n);
    pthread_mutex_unlock(&rights_lock);
    return lacks;
}

void rights_say(struct buf *out) {
    pthread_mutex_lock(&rights_lock);
    for (size_t i = 0; i < atomic_load(&missing_n); i++)
        buf_printf(out, "the broker refuses us the right %s on %s %s\n",
                   right_row[missing[i].right].word, right_row[missing[i].right].on,
                   missing[i].name);
    pthread_mutex_unlock(&rights_lock);
}
