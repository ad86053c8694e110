/* Whose a label store is: another pipeline's is refused, one of other topics or another cluster is
 * set aside, one that is open has no second holder; and no version is numbered twice. */
#include "opened.h"

#include "base/log.h"

#include <sys/wait.h>
#include <unistd.h>

enum { D = 1, K = 2, PATH = 256 };
static const int64_t start_ms = HOME_MS;
static const double row[D] = {1};

static void silence(const char *line, size_t len, void *opaque) {
    (void)line, (void)len, (void)opaque;
}

static int setup(void **state) {
    struct opened *f = calloc(1, sizeof *f);
    log_redirect(silence, NULL);
    if (home_make(&f->home, D) < 0) return -1;
    f->home.options.keep_ms = 1000000000;
    f->home.options.owner.cluster = "c1";
    *state = f;
    return 0;
}

static int put_task(struct opened *f, int i, uint64_t model) {
    static const float prob[K] = {0.5f, 0.5f};
    struct task t = home_task(TEXT("s"), i, row, D, prob);
    t.model = model;
    t.expires_ms = start_ms + 1000;
    struct answered unused;
    assert_int_equal(store_begin(f->s), 0);
    return store_put_task(f->s, &t, NULL, &unused);
}

static void take_task(struct opened *f, int i, uint64_t model) {
    assert_int_equal(put_task(f, i, model), 0);
    assert_int_equal(store_commit(f->s), 0);
}

static size_t tasks(struct opened *f) {
    struct store_counts c;
    store_counts(f->s, &c);
    return c.tasks;
}

/* Directories beside the store's: what was set aside. */
static int set_aside(const struct opened *f) {
    char command[PATH];
    int n = 0;
    snprintf(command, sizeof command, "ls -d %s.[0-9]* 2>/dev/null | wc -l", f->home.dir);
    FILE *p = popen(command, "r");
    assert_int_equal(fscanf(p, "%d", &n), 1);
    pclose(p);
    return n;
}

/* ---- the owner ---- */

/* 197 rows of one pipeline were learned by another. */
static void the_store_of_another_service_is_left_alone(void **state) {
    struct opened *f = *state;
    const char *why;
    opened_again(f, NULL);
    take_task(f, 0, 1);
    f->home.options.owner.service = "churn";
    f->home.options.fingerprint = 10; // of another feature map too: it is refused all the same
    assert_int_equal(opened_try(f, &why), ERR_CONFIG);
    assert_non_null(strstr(why, "another service"));
    assert_null(f->s);
    assert_int_equal(set_aside(f), 0);
    f->home.options.owner.service = "fraud";
    f->home.options.fingerprint = 9;
    opened_again(f, NULL);
    assert_int_equal(tasks(f), 1);
}

static void other_topics_and_clusters_are_set_aside(void **state) {
    struct opened *f = *state;
    const char **const part[] = {&f->home.options.owner.tasks, &f->home.options.owner.labels,
                                 &f->home.options.owner.models, &f->home.options.owner.cluster};
    opened_again(f, NULL);
    for (int i = 0; i < 4; i++) {
        take_task(f, 0, 1);
        *part[i] = "other";
        opened_again(f, "other topics or another cluster");
        assert_int_equal(tasks(f), 0);
        assert_int_equal(set_aside(f), i + 1);
        opened_again(f, NULL);
    }
}

static void a_cluster_is_added_when_it_is_known(void **state) {
    struct opened *f = *state;
    f->home.options.owner.cluster = "";
    opened_again(f, NULL);
    take_task(f, 0, 1);
    f->home.options.owner.cluster = "c1";
    opened_again(f, NULL);
    f->home.options.owner.cluster = NULL; // not told this time
    opened_again(f, NULL);
    assert_int_equal(tasks(f), 1);
    f->home.options.owner.cluster = "c2";
    opened_again(f, "another cluster");
}

static void a_store_without_an_owner_is_taken_once(void **state) {
    struct opened *f = *state;
    const struct store_owner ours = f->home.options.owner;
    const char *why;
    f->home.options.owner = (struct store_owner){0}; // as it was before stores had one
    opened_again(f, NULL);
    take_task(f, 0, 1);
    f->home.options.owner = ours;
    opened_again(f, NULL);
    assert_int_equal(tasks(f), 1);
    f->home.options.owner.service = "churn";
    assert_int_equal(opened_try(f, &why), ERR_CONFIG);
}

static void a_damaged_owner_is_none(void **state) {
    struct opened *f = *state;
    static const char *const odd[] = {"service x\n\nx", "\n\n\n\n\n"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        f->home.options.owner.service = odd[i]; // lines that are none of ours
        opened_again(f, NULL);
        f->home.options.owner.service = "fraud";
        opened_again(f, "damaged");
        store_close(f->s);
        f->s = NULL;
        char command[PATH];
        snprintf(command, sizeof command, "rm -rf %s %s.*", f->home.dir, f->home.dir);
        assert_int_equal(system(command), 0);
    }
}

/* ---- the lock ---- */

static void an_open_store_has_no_second_holder(void **state) {
    struct opened *f = *state;
    struct store *second = NULL;
    const char *why = NULL;
    int status;
    opened_again(f, NULL);
    take_task(f, 0, 1);
    assert_int_equal(store_open(&second, &f->home.options, &why), ERR_RETRY);
    assert_non_null(strstr(why, "another process"));
    assert_null(second);
    pid_t child = fork(); // it inherits the lock, so it opens the store by a life of its own
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "flock -n \"$0\" true && exit 1 || exit 0",
              xasprintf("%s.lock", f->home.dir), NULL);
        _exit(2);
    }
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    take_task(f, 1, 1); // and the first goes on
    store_close(f->s);
    f->s = NULL;
    assert_int_equal(store_open(&second, &f->home.options, &why), 0);
    store_close(second);
}

/* ---- versions ---- */

static void a_version_is_remembered(void **state) {
    struct opened *f = *state;
    opened_again(f, NULL);
    assert_int_equal(store_version(f->s), 0);
    assert_int_equal(store_note_version(f->s, 12), 0);
    assert_int_equal(store_note_version(f->s, 5), 0); // an older one moves nothing
    assert_int_equal(store_version(f->s), 12);
    opened_again(f, NULL);
    assert_int_equal(store_version(f->s), 12);
}

/* The store and the models topic are lost: tasks tell it. */
static void tasks_tell_which_versions_there_were(void **state) {
    struct opened *f = *state;
    opened_again(f, NULL);
    take_task(f, 0, 41);
    take_task(f, 1, 40);
    opened_again(f, NULL);
    assert_int_equal(store_version(f->s), 41);
    assert_int_equal(put_task(f, 2, 50), 0);
    store_abort(f->s); // it was not taken
    assert_int_equal(store_version(f->s), 41);
}

/* Forged tasks cannot use up the numbers: what they claim does not widen what is believed. */
static void forged_tasks_move_it_little(void **state) {
    struct opened *f = *state;
    opened_again(f, NULL);
    assert_int_equal(store_note_version(f->s, 100), 0);
    take_task(f, 0, UINT64_MAX);
    take_task(f, 1, (uint64_t)1 << 53);
    take_task(f, 2, 101 + STORE_VERSION_AHEAD);
    assert_int_equal(store_version(f->s), 100);
    for (int i = 1; i < 100; i++) take_task(f, 2 + i, 100 + STORE_VERSION_AHEAD * (uint64_t)i);
    assert_int_equal(store_version(f->s), 100 + STORE_VERSION_AHEAD);
}

#define TEST_(name) cmocka_unit_test_setup_teardown(name, setup, opened_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_(the_store_of_another_service_is_left_alone),
        TEST_(other_topics_and_clusters_are_set_aside),
        TEST_(a_cluster_is_added_when_it_is_known),
        TEST_(a_store_without_an_owner_is_taken_once),
        TEST_(a_damaged_owner_is_none),
        TEST_(an_open_store_has_no_second_holder),
        TEST_(a_version_is_remembered),
        TEST_(tasks_tell_which_versions_there_were),
        TEST_(forged_tasks_move_it_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
