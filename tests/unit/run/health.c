/* What is said of learning: by one that learns, stands by or never does, by a process without
 * workers, and by all when nobody has said for long that it learns. The threads are the test's:
 * their accessors stand here. */
#include "run/health.h"

#include "base/clock.h"
#include "unit/test.h"

static struct {
    bool worker, follower, assigned, refused;
    enum learner_role role;
    int trouble;
    int64_t silence_ms;
} says;

bool worker_ready(const struct worker *w) {
    (void)w;
    return says.worker;
}
bool worker_assigned(const struct worker *w) {
    (void)w;
    return says.assigned;
}
bool worker_ended(const struct worker *w) {
    (void)w;
    return false;
}
bool worker_in_trouble(const struct worker *w) {
    (void)w;
    return false;
}
int worker_result(const struct worker *w) {
    (void)w;
    return 0;
}
uint64_t worker_progress(const struct worker *w) {
    (void)w;
    return 1;
}
bool follower_ready(const struct follower *f) {
    (void)f;
    return says.follower;
}
bool follower_ended(const struct follower *f) {
    (void)f;
    return false;
}
int follower_result(const struct follower *f) {
    (void)f;
    return 0;
}
uint64_t follower_progress(const struct follower *f) {
    (void)f;
    return 1;
}
int64_t follower_silence(struct follower *f, struct buf *by) {
    (void)f, (void)by;
    return says.silence_ms;
}
bool learner_ended(const struct learner *l) {
    (void)l;
    return false;
}
uint64_t learner_progress(const struct learner *l) {
    (void)l;
    return 1;
}
enum learner_role learner_role(const struct learner *l) {
    (void)l;
    return says.role;
}
bool learner_refused(const struct learner *l) {
    (void)l;
    return says.refused;
}
size_t learner_lost(const struct learner *l, enum lost why) {
    (void)l, (void)why;
    return 0;
}
int learner_trouble(const struct learner *l) {
    (void)l;
    return says.trouble;
}
bool label_courier_ended(const struct label_courier *c) {
    (void)c;
    return false;
}
uint64_t label_courier_progress(const struct label_courier *c) {
    (void)c;
    return 1;
}

static struct run *run_of(const char *service) {
    struct buf why = {0};
    char *yaml = xasprintf("model: {classes: [a, b]}\nfeatures: [{name: x}]\n"
                           "kafka: {session_timeout: 10s}\nservice: {%s}\n",
                           service);
    struct run *r = xcalloc(1, sizeof *r);
    if (config_parse(&r->config[0], "t", text_of(yaml), &why)) fail_msg("%s", buf_string(&why));
    free(yaml);
    r->configs = 1;
    r->workers = (size_t)r->config[0]->service.workers;
    r->worker = xcalloc(r->workers + 1, sizeof *r->worker);
    r->pulse = xcalloc(r->workers + 3, sizeof *r->pulse);
    if (r->config[0]->service.learner != LEARNER_FALSE) r->learner = (struct learner *)&says;
    says = (typeof(says)){
        .worker = true, .follower = true, .assigned = true, .role = LEARNER_STANDS_BY};
    return r;
}

static void run_free(struct run *r) {
    config_destroy(r->config[0]);
    free(r->worker);
    free(r->pulse);
    free(r);
}

static void learning_is(struct run *r, bool well, const char *word) {
    struct buf why = {0};
    assert_int_equal(health_learning(r, &why), well);
    if (word && !strstr(buf_string(&why), word)) fail_msg("%s: %s", word, buf_string(&why));
    if (!word) assert_int_equal(why.len, 0);
    buf_release(&why);
}

static void who_stands_by_is_well(void **state) {
    (void)state;
    struct run *r = run_of("learner: auto");
    learning_is(r, true, NULL);
    says.refused = true;
    learning_is(r, false, "refuses the group");
    says.refused = false;
    says.trouble = ERR_FULL;
    learning_is(r, false, "learning has failed");
    assert_true(health_ready(r, NULL)); // it scores
    says.trouble = ERR_FENCED;
    learning_is(r, false, "this one no more");
    r->learner = NULL;
    learning_is(r, false, "no thread");
    run_free(r);
}

static void everybody_says_that_nobody_learns(void **state) {
    (void)state;
    static const char *const services[] = {"learner: auto", "learner: true", "learner: false"};
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        struct run *r = run_of(services[i]);
        says.silence_ms = 69999; // a session of 10 s, and a minute
        learning_is(r, true, NULL);
        says.silence_ms = 70000;
        learning_is(r, false, "nobody learns: no process of this name has said so for 70 s");
        assert_true(health_ready(r, NULL));
        atomic_store(&r->shared.stopping, true);
        learning_is(r, true, NULL);
        run_free(r);
    }
}

static void without_workers_it_is_ready_to_learn(void **state) {
    (void)state;
    struct run *r = run_of("workers: 0");
    struct buf why = {0};
    says.worker = says.assigned = false; // there are none to ask
    assert_true(health_started(r, NULL) && health_ready(r, NULL));
    says.role = LEARNER_LEARNS;
    assert_true(health_started(r, NULL) && health_ready(r, NULL));
    says.role = LEARNER_OPENS;
    assert_false(health_started(r, &why));
    assert_non_null(strstr(buf_string(&why), "the learner has not opened"));
    buf_release(&why);
    assert_false(health_ready(r, NULL));
    says.role = LEARNER_STANDS_BY;
    says.trouble = ERR_FULL; // it has nothing else to do
    assert_true(health_started(r, NULL));
    assert_false(health_ready(r, NULL));
    says.trouble = 0;
    says.follower = false;
    assert_false(health_started(r, NULL));
    assert_int_equal(health_ended(r), 0);
    run_free(r);
    r = run_of("workers: 1");
    says.role = LEARNER_OPENS; // a worker does not wait for the learner
    assert_true(health_started(r, NULL) && health_ready(r, NULL));
    run_free(r);
}

/* While no broker answers the library may hold a thread; but not the one that asks whether any
 * does. */
static void who_stands_still_is_named(void **state) {
    (void)state;
    struct run *r = run_of("workers: 1");
    struct buf stuck = {0};
    assert_true(health_moving_all(r, &stuck));
    r->watchdog_ms = 1; // nobody can move within it
    clock_sleep_ms(5);
    assert_false(health_moving_all(r, &stuck));
    assert_non_null(strstr(buf_string(&stuck), "worker"));
    assert_non_null(strstr(buf_string(&stuck), "follower"));
    atomic_store(&r->shared.unreachable, true);
    assert_false(health_moving_all(r, &stuck));
    assert_string_equal(buf_string(&stuck), "follower");
    buf_release(&stuck);
    run_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_stands_by_is_well),
        cmocka_unit_test(everybody_says_that_nobody_learns),
        cmocka_unit_test(without_workers_it_is_ready_to_learn),
        cmocka_unit_test(who_stands_still_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
