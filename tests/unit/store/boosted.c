/* What boosted trees made of a task's prediction: kept beside what the members said, in rows beside
 * others that have none, and not taken for anything else. */
#include "opened.h"

#include "store/store_record.h"

enum { D = 2, K = 2, TASKS = 6 };
static const int64_t start_ms = HOME_MS;
static const double row[D] = {1.5, -2};
static const float prob[K] = {0.75f, 0.25f}, member[2 * K] = {0.8f, 0.2f, 1, 0};

static int setup(void **state) {
    struct opened *f = opened_fixture(sizeof *f, D);
    if (!f) return -1;
    opened_again(f, NULL);
    *state = f;
    return 0;
}

/* ---- steps ---- */

/* Two of three tasks are of a version with trees; of each four one has no members. */
static bool is_boosted(int i) { return i % 3 != 1; }
static size_t members_of(int i) { return i % 4 == 3 ? 0 : 2; }
static float boosted_of(int i) { return (float)(i + 1) / 16; }

static void put_task(struct opened *f, int i) {
    char sample[24];
    snprintf(sample, sizeof sample, "card-%d", i);
    const float boosted[K] = {boosted_of(i), 1 - boosted_of(i)};
    struct task t = home_task(text_of(sample), i, row, D, prob);
    t.members = members_of(i);
    t.member = t.members ? member : NULL;
    t.boosted = is_boosted(i) ? boosted : NULL;
    assert_int_equal(opened_put_task(f, &t, NULL, NULL), 0);
}

/* By the name of its sample, which stands behind all numbers of an entry. */
static void answer(struct opened *f, int i) {
    char sample[24];
    snprintf(sample, sizeof sample, "card-%d", i);
    struct label l = {.sample_id = text_of(sample),
                      .label = i % 2 ? TEXT("yes") : TEXT("no"),
                      .time_ms = start_ms + 100 + i};
    assert_int_equal(opened_put_label(f, &l, start_ms + 100 + i).fate, FATE_LEARNED);
}

/* That rows hold the tasks `first` and on, when they are asked for with so many members. */
static void assert_rows(struct opened *f, size_t members, int first, size_t n) {
    struct store_rows r;
    assert_int_equal(store_rows(f->s, 100, members, &r), 0);
    assert_int_equal(r.n, n);
    for (size_t i = 0; i < n; i++) {
        int task = first + (int)i;
        const float *boosted = r.boosted + i * K, *said = r.member + i * members * K;
        assert_int_equal(r.label[i], task % 2);
        assert_memory_equal(r.row + i * D, row, sizeof row);
        assert_true(boosted[0] == (is_boosted(task) ? boosted_of(task) : 0));
        assert_true(boosted[1] == (is_boosted(task) ? 1 - boosted_of(task) : 0));
        for (size_t c = 0; c < members * K; c++)
            assert_true(said[c] == (members == members_of(task) ? member[c] : 0));
    }
    store_rows_release(&r);
}

/* ---- tests ---- */

static void rows_say_what_trees_made_of_them(void **state) {
    struct opened *f = *state;
    for (int i = 0; i < TASKS; i++) put_task(f, i);
    for (int i = 0; i < TASKS; i++) answer(f, i);
    for (int again = 0; again < 2; again++) {
        assert_rows(f, 2, 0, TASKS);
        assert_rows(f, 5, 0, TASKS); // another model's members
        assert_rows(f, 0, 0, TASKS);
        opened_again(f, NULL);
    }
    store_set_aside(f->s, &(struct store_gap){0, 0, 3}, 1); // rows move to the arrays' beginning
    assert_rows(f, 2, 3, TASKS - 3);
    store_set_aside(f->s, NULL, 0);
}

/* As a rebuild reads the topics: labels that wait for their tasks, and answers of others between.
 */
static void a_rebuilt_store_says_the_same(void **state) {
    struct opened *f = *state;
    struct store_counts before, after;
    for (int i = 0; i < TASKS; i++) put_task(f, i), answer(f, i);
    store_counts(f->s, &before);
    store_close(f->s);
    f->s = NULL;
    f->offset = 0;
    assert_int_equal(home_clear(&f->home), 0);
    opened_again(f, NULL);
    for (int i = TASKS; i-- > 0;) put_task(f, i);
    for (int i = 0; i < TASKS; i++) answer(f, i);
    store_counts(f->s, &after);
    assert_true(before.digest == after.digest && before.labelled == after.labelled);
    assert_rows(f, 2, 0, TASKS);
}

/* A task that comes twice stays as it came first, as all of it does. */
static void a_repeat_changes_nothing(void **state) {
    struct opened *f = *state;
    for (int i = 0; i < 2; i++) put_task(f, 0);
    struct task other = home_task(TEXT("card-0"), 0, row, D, prob);
    assert_int_equal(opened_put_task(f, &other, NULL, NULL), 0);
    answer(f, 0);
    struct store_rows r;
    assert_int_equal(store_rows(f->s, 100, 2, &r), 0);
    assert_true(r.n == 1 && r.boosted[0] == boosted_of(0));
    store_rows_release(&r);
}

/* An event of its own has no prediction, and none of trees. */
static void own_events_have_none(void **state) {
    struct opened *f = *state;
    struct label own = {.sample_id = TEXT("old"), .label = TEXT("yes"), .time_ms = start_ms};
    struct answered unused;
    put_task(f, 0);
    answer(f, 0);
    assert_int_equal(store_begin(f->s), 0);
    assert_int_equal(store_put_label(f->s, &own, 0, f->offset++, start_ms, row, &unused), 0);
    assert_int_equal(store_commit(f->s), 0);
    struct store_rows r;
    assert_int_equal(store_rows(f->s, 100, 2, &r), 0);
    assert_int_equal(r.n, 2);
    assert_true(r.boosted[0] == 0 && r.boosted[1] == 0 && r.boosted[2] == boosted_of(0));
    store_rows_release(&r);
}

static void boosted_entries_are_forgotten_whole(void **state) {
    struct opened *f = *state;
    struct store_expired done;
    struct store_counts c;
    for (int i = 0; i < TASKS; i++) put_task(f, i), answer(f, i);
    assert_int_equal(store_begin(f->s), 0);
    assert_int_equal(store_expire(f->s, start_ms + 2 * f->home.options.keep_ms, &done), 0);
    assert_int_equal(store_commit(f->s), 0);
    store_counts(f->s, &c);
    assert_true(c.tasks == 0 && c.labelled == 0);
    for (int i = 0; i < TASKS; i++) put_task(f, i), answer(f, i); // no name of a sample is left
    assert_rows(f, 2, 0, TASKS);
}

/* ---- the bytes ---- */

/* An entry of two columns and classes, with so many floats behind the row and a name. */
static size_t write_entry(unsigned char *out, const struct entry *e, size_t floats) {
    static const float any[8] = {0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f};
    store_record_write_entry(out, e);
    memcpy(out + ENTRY_BYTES, row, sizeof row);
    memcpy(out + ENTRY_BYTES + sizeof row, any, floats * sizeof *any);
    memcpy(out + ENTRY_BYTES + sizeof row + floats * sizeof *any, "card", e->sample_len);
    return ENTRY_BYTES + sizeof row + floats * sizeof *any + e->sample_len;
}

/* Bit 7 says whether k floats more stand there; one without it is read as it ever was. */
static void the_bit_and_the_length_belong_together(void **state) {
    (void)state;
    unsigned char bytes[ENTRY_BYTES + sizeof row + 8 * sizeof(float) + 4];
    for (uint32_t members = 0; members <= 2; members++)
        for (int boosted = 0; boosted < 2; boosted++)
            for (size_t floats = 0; floats <= 8; floats++) {
                struct entry e = {.asked_ms = start_ms,
                                  .propensity = 0.5,
                                  .members = members,
                                  .sample_len = 4,
                                  .kind = KIND_TASK,
                                  .boosted = boosted},
                             back;
                size_t n = write_entry(bytes, &e, floats);
                bool whole = floats == (members + (size_t)boosted) * K;
                assert_int_equal(bytes[ENTRY_STATE], boosted << 7);
                assert_int_equal(store_record_read_entry(&back, (struct text){(char *)bytes, n},
                                                         KIND_TASK, D, K),
                                 whole);
                if (whole) assert_true(back.boosted == boosted && back.members == members);
            }
}

#define TEST_(name) cmocka_unit_test_setup_teardown(name, setup, opened_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {TEST_(rows_say_what_trees_made_of_them),
                                       TEST_(a_rebuilt_store_says_the_same),
                                       TEST_(a_repeat_changes_nothing),
                                       TEST_(own_events_have_none),
                                       TEST_(boosted_entries_are_forgotten_whole),
                                       TEST_(the_bit_and_the_length_belong_together)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
