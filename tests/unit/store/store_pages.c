/* A damaged file never ends the process: whatever a disk makes of the store's pages, opening it
 * says so and begins a new one, or it works on what is whole. */
#include "home.h"
#include "unit/test.h"

#include "base/rng.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    D = 300, // a record is larger than half a page, so it has pages of its own
    K = 2,
    TASKS = 400,
    ONE_SAMPLE = 300, // tasks of one sample: a tree of values
    PAGE = 4096,
    ROUNDS = 150
};
static const int64_t start_ms = HOME_MS;
static const float prob[K] = {0.25f, 0.75f};
static double row[D];

struct fixture {
    struct home home;
    char path[128];
    unsigned char *whole;
    size_t bytes;
};

static struct task task_of(int i) {
    static char sample[16];
    snprintf(sample, sizeof sample, "card-%d", i < ONE_SAMPLE ? 0 : i / 3);
    struct task t = home_task(text_of(sample), i, row, D, prob);
    t.expires_ms = start_ms + i + 500000;
    return t;
}

/* A task, its answer, one that is parked, and the age at which the oldest are forgotten; one
 * commit.
 */
static int live(struct store *s, int i) {
    struct task t = task_of(i);
    struct answered unused;
    struct store_expired expired;
    struct label answer = {.id = text_of(t.id), .label = TEXT("yes"), .time_ms = start_ms + i},
                 early = {.sample_id = text_of(t.id), .label = TEXT("no"), .time_ms = 2};
    TRY(store_begin(s));
    TRY(store_put_task(s, &t, NULL, &unused));
    if (i % 2) TRY(store_put_label(s, &answer, 0, i, start_ms + i, NULL, &unused));
    if (i % 5 == 0) TRY(store_put_label(s, &early, 1, i, start_ms + i, NULL, &unused));
    if (i % 7 == 0) TRY(store_expire(s, start_ms + i + 900000, &expired));
    TRY(store_set_offset(s, "labels", 0, i + 1));
    return store_commit(s);
}

static void read_whole(struct fixture *f) {
    struct stat there;
    int fd = open(f->path, O_RDONLY);
    assert_int_equal(fstat(fd, &there), 0);
    f->bytes = (size_t)there.st_size;
    f->whole = malloc(f->bytes);
    assert_int_equal(read(fd, f->whole, f->bytes), f->bytes);
    close(fd);
}

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    const char *why = NULL;
    struct store *s;
    if (home_make(&f->home, D) < 0) return -1;
    f->home.options.map_bytes = 64 << 20;
    snprintf(f->path, sizeof f->path, "%s/data.mdb", f->home.dir);
    assert_int_equal(store_open(&s, &f->home.options, &why), 0);
    for (int i = 0; i < TASKS; i++) assert_int_equal(live(s, i), 0);
    store_close(s);
    read_whole(f);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    int result = home_remove(&f->home);
    free(f->whole);
    free(f);
    return result;
}

/* ---- damage ---- */

enum harm { A_BIT, SOME_BYTES, A_WORD_OF_A_HEAD, ZEROS, NOISE, ANOTHER_PAGE, THE_END, HARMS };

static void harm(unsigned char *at, size_t *bytes, enum harm how, uint64_t seed) {
    uint64_t draw = rng_mix(seed);
    size_t place = draw % *bytes, page = place / PAGE * PAGE, from = rng_mix(draw) % *bytes;
    switch (how) {
    case A_BIT: at[place] ^= (unsigned char)(1 << (draw >> 60) % 8); break;
    case SOME_BYTES:
        for (uint64_t i = 0; i < 20; i++)
            at[rng_mix(draw + i) % *bytes] = (unsigned char)rng_mix(draw - i);
        break;
    case A_WORD_OF_A_HEAD:
        memset(at + page + (draw >> 40) % 32 * 2, draw >> 50 & 1 ? 0xFF : 0, 2);
        break;
    case ZEROS: memset(at + page, 0, PAGE); break;
    case NOISE:
        for (size_t i = 0; i < PAGE; i++) at[page + i] = (unsigned char)rng_mix(draw + i);
        break;
    case ANOTHER_PAGE: memcpy(at + page, at + from / PAGE * PAGE, PAGE); break;
    default: *bytes = place; break;
    }
}

static void write_file(const struct fixture *f, const unsigned char *at, size_t bytes) {
    mkdir(f->home.dir, 0700); // it may have been set aside
    int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, at, bytes), bytes);
    close(fd);
}

/* Opens it and works on: forgets, reads all, closes. 1: the store was set aside, 0: not. Whatever
 * stands in a record, which has its own checks, an error is an answer. */
static int use(const struct fixture *f) {
    const char *why = NULL;
    struct store *s;
    struct store_rows rows;
    if (store_open(&s, &f->home.options, &why) < 0) return 2;
    int begun_anew = why != NULL, result = 0;
    for (int i = TASKS; result == 0 && i < TASKS + 4; i++) result = live(s, i);
    store_abort(s);
    if (store_rows(s, 1000, 0, &rows) == 0) store_rows_release(&rows);
    store_close(s);
    return begun_anew;
}

/* In a process of its own, since it may end. Its exit code; -1: it ended by a signal. */
static int use_apart(const struct fixture *f) {
    int status;
    pid_t child = fork();
    if (child == 0) _exit(use(f));
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void damage_ends_no_process(void **state) {
    struct fixture *f = *state;
    size_t anew = 0;
    unsigned char *copy = malloc(f->bytes);
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        size_t bytes = f->bytes;
        memcpy(copy, f->whole, f->bytes);
        harm(copy, &bytes, (enum harm)(seed % HARMS), seed);
        write_file(f, copy, bytes);
        int used = use_apart(f);
        if (used < 0 || used > 1) fail_msg("seed %d: %d", (int)seed, used);
        anew += used == 1;
    }
    assert_in_range(anew, ROUNDS / 4, ROUNDS - 1); // much is found, and what is spared goes on
    free(copy);
}

/* What LMDB leaves is never taken for damaged, at whatever commit. */
static void a_whole_one_is_opened(void **state) {
    struct fixture *f = *state;
    write_file(f, f->whole, f->bytes);
    for (int i = TASKS; i < TASKS + 30; i++) {
        const char *why = NULL;
        struct store *s;
        assert_int_equal(store_open(&s, &f->home.options, &why), 0);
        assert_null(why);
        assert_int_equal(live(s, i), 0);
        store_close(s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_one_is_opened),
        cmocka_unit_test(damage_ends_no_process),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
