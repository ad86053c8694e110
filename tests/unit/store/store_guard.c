/* The file of an open store is cut, or taken away: each answer from then on is an error, the
 * process goes on, and the next store begins anew. */
#include "opened.h"

#include <sys/stat.h>
#include <unistd.h>

enum { D = 40, K = 2, TASKS = 800, PATH = 128 };
static const double row[D] = {1, 2};
static const float prob[K] = {0.9f, 0.1f};

struct fixture {
    struct opened at;
    int next; // task
};

static int setup(void **state) {
    struct fixture *f = opened_fixture(sizeof *f, D);
    if (!f) return -1;
    f->at.home.options.map_bytes = 64 << 20;
    f->at.home.options.keep_ms = 360000000;
    *state = f;
    return 0; // opened in the test: cmocka takes the signal for itself when one begins
}

/* A task and its label; the first error. */
static int put(struct fixture *f) {
    char sample[32];
    snprintf(sample, sizeof sample, "sample-%d", f->next);
    struct task t = home_task(text_of(sample), f->next, row, D, prob);
    struct answered joined;
    struct label l = {.id = text_of(t.id), .label = TEXT("yes"), .time_ms = t.time_ms};
    int result = store_put_task(f->at.s, &t, NULL, &joined);
    if (result >= 0)
        result = store_put_label(f->at.s, &l, 0, f->next, HOME_MS + f->next, NULL, &joined);
    f->next++;
    return result < 0 ? result : 0;
}

static int round_(struct fixture *f, int n) {
    int result = store_begin(f->at.s);
    if (result < 0) return result;
    for (int i = 0; i < n && result == 0; i++) result = put(f);
    if (result == 0) result = store_commit(f->at.s);
    else store_abort(f->at.s);
    return result;
}

static int count(const struct answered *a, void *opaque) {
    (void)a;
    ++*(size_t *)opaque;
    return 0;
}

/* All that is read from the file, as the learner does. */
static int read_all(struct fixture *f) {
    struct store_rows rows;
    struct store_counts counts;
    size_t n = 0;
    store_counts(f->at.s, &counts);
    (void)store_offset(f->at.s, "tasks", 0);
    int result = store_rows(f->at.s, 1000, 0, &rows);
    if (result == 0) store_rows_release(&rows);
    int told = store_answered(f->at.s, count, &n);
    return result < 0 ? result : told;
}

static size_t aside(const struct fixture *f) {
    char command[256];
    snprintf(command, sizeof command, "ls -d %s.[0-9]* 2>/dev/null | wc -l", f->at.home.dir);
    FILE *pipe = popen(command, "r");
    size_t n = 0;
    assert_int_equal(fscanf(pipe, "%zu", &n), 1);
    pclose(pipe);
    return n;
}

static void begins_anew(struct fixture *f) {
    struct store_counts counts;
    const char *why = NULL;
    store_close(f->at.s);
    f->at.s = NULL;
    assert_int_equal(store_open(&f->at.s, &f->at.home.options, &why), 0);
    store_counts(f->at.s, &counts);
    assert_int_equal(counts.tasks, 0);
    assert_int_equal(round_(f, 50), 0);
    assert_int_equal(read_all(f), 0);
}

static off_t size_of(const char *path) {
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

/* In eighths of the file: from nothing left to the last pages gone; read first, or written first.
 */
static void a_file_that_is_cut_fails_and_ends_nothing(void **state) {
    struct fixture *f = *state;
    char path[PATH];
    snprintf(path, sizeof path, "%s/data.mdb", f->at.home.dir);
    begins_anew(f);
    for (int eighths = 0; eighths < 8; eighths++)
        for (int writes = 0; writes < 2; writes++) {
            size_t before = aside(f);
            for (int i = 0; i < TASKS / 100; i++) assert_int_equal(round_(f, 100), 0);
            assert_int_equal(truncate(path, size_of(path) * eighths / 8 / 4096 * 4096), 0);
            int written = writes ? round_(f, 20) : 0;
            int result = written < 0 ? written : read_all(f);
            assert_int_equal(result, ERR_CORRUPT);
            assert_int_equal(round_(f, 1), ERR_CORRUPT);
            begins_anew(f);
            assert_int_equal(aside(f), before + 1);
        }
}

static void a_directory_that_is_gone_is_noticed(void **state) {
    struct fixture *f = *state;
    char command[256];
    begins_anew(f);
    for (int moved = 0; moved < 2; moved++) {
        assert_int_equal(round_(f, 100), 0);
        snprintf(command, sizeof command, moved ? "mv %s %s-away" : "rm -r %s", f->at.home.dir,
                 f->at.home.dir);
        assert_int_equal(system(command), 0);
        assert_int_equal(round_(f, 1), ERR_CORRUPT);
        begins_anew(f);
        assert_int_equal(aside(f), 0);
    }
}

#define TEST_(name) cmocka_unit_test_setup_teardown(name, setup, opened_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_(a_file_that_is_cut_fails_and_ends_nothing),
        TEST_(a_directory_that_is_gone_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
