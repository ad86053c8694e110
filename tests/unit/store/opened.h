/* A store that a test has open at its home, and steps that must go well. The first member of a
 * fixture, so that each test program needs but one setup and one teardown. Thread: any thread */
#pragma once

#include "home.h"
#include "unit/test.h"

#include <string.h>

struct opened {
    struct home home;
    struct store *s; // NULL: not open
    int64_t offset;  // of the next label
};

/* A fixture of so many bytes, with a home and nothing opened; NULL: there is no room. */
static inline void *opened_fixture(size_t bytes, size_t d) {
    struct opened *o = calloc(1, bytes);
    if (o && home_make(&o->home, d) == 0) return o;
    free(o);
    return NULL;
}

/* Of a program whose fixtures are opened_fixture's. */
static inline int opened_teardown(void **state) {
    struct opened *o = *state;
    store_close(o->s);
    int result = home_remove(&o->home);
    free(o);
    return result;
}

/* Opens it, once more if it was open; *why is what that says, NULL for nothing. */
static inline int opened_try(struct opened *o, const char **why) {
    store_close(o->s);
    o->s = NULL;
    *why = NULL;
    return store_open(&o->s, &o->home.options, why);
}

/* The same; says: what it must say, NULL for nothing. */
static inline void opened_again(struct opened *o, const char *says) {
    const char *why;
    assert_int_equal(opened_try(o, &why), 0);
    if (!says) assert_null(why);
    else if (!why || !strstr(why, says)) fail_msg("'%s' does not say '%s'", why, says);
}

/* A transaction of its own, as store_put_task; asked and joined may be NULL. */
static inline int opened_put_task(struct opened *o, const struct task *t, struct task_asked *asked,
                                  struct answered *joined) {
    struct answered unused;
    assert_int_equal(store_begin(o->s), 0);
    int result = store_put_task(o->s, t, asked, joined ? joined : &unused);
    assert_int_equal(store_commit(o->s), 0);
    return result;
}

/* The same of the next label of partition 0. */
static inline struct answered opened_put_label(struct opened *o, const struct label *l,
                                               int64_t now_ms) {
    struct answered a;
    assert_int_equal(store_begin(o->s), 0);
    assert_int_equal(store_put_label(o->s, l, 0, o->offset++, now_ms, NULL, &a), 0);
    assert_int_equal(store_commit(o->s), 0);
    return a;
}
