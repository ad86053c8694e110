/* The carrier against a tool that dies, lies in wait and refuses: whatever is cut where, each task
 * is in the tool once and each answer on the topic once. */
#include "bridge/carrier.h"

#include "base/rng.h"
#include "unit/test.h"

enum { TASKS = 7, BATCH = 3, TIMEOUT_MS = 1000, STEP_MS = 100, EXPIRES_MS = 1000000000 };

/* Where a life ends, at the fuse-th call of a port: the call was not made, was made, or is made
 * only after the life is over. */
enum cut { CUT_BEFORE, CUT_AFTER, CUT_LATE, CUTS };

struct fake_task {
    int number, copies;
    int64_t changed_us;
    struct tool_annotation annotation[2];
    size_t n;
};

static struct world {
    struct config *config;
    int64_t now_ms;
    int calls, fuse; // fuse < 0: nothing is cut
    enum cut cut;
    bool dead;
    char state[512]; // what the topics hold
    struct label label[64];
    char label_text[64][64];
    size_t labels, refused;
    struct fake_task task[TASKS]; // what the tool holds
    int late[TASKS];              // on their way, (lates)
    size_t lates;
    int64_t late_ms; // when they arrive
    int refuses;     // number of a task that is not taken; -1: none
    int import_error, imports;
    int64_t open;
} world;

static void task_name(char out[TASK_ID_LENGTH + 1], int number) {
    snprintf(out, TASK_ID_LENGTH + 1, "01a2025d-5200-708b-8269-cfea3e5324%02d", number);
}

static int number_of(struct text id) { return (id.at[34] - '0') * 10 + id.at[35] - '0'; }

static void arrive(void) {
    if (!world.lates || world.now_ms < world.late_ms) return;
    for (size_t i = 0; i < world.lates; i++) world.task[world.late[i]].copies++;
    world.lates = 0;
}

/* Whether this call is where the life ends. */
static bool cut_here(void) { return world.calls++ == world.fuse || world.dead; }

static int fake_find(void *self, const struct text *id, size_t n, bool *found) {
    (void)self;
    arrive();
    if (cut_here()) return world.dead = true, ERR_STOPPED;
    for (size_t i = 0; i < n; i++) found[i] = world.task[number_of(id[i])].copies > 0;
    return 0;
}

static int fake_import(void *self, const struct text *record, size_t n, int64_t timeout_ms) {
    (void)self;
    bool was_dead = world.dead, cut = cut_here();
    assert_true(timeout_ms > 0 && timeout_ms <= TIMEOUT_MS);
    if (was_dead || (cut && world.cut == CUT_BEFORE)) return world.dead = true, ERR_STOPPED;
    world.imports++;
    world.dead = cut;
    if (world.import_error) return world.import_error;
    for (size_t i = 0; i < n; i++)
        if (number_of(record[i]) == world.refuses) return cut ? ERR_STOPPED : ERR_INPUT;
    bool late = cut && world.cut == CUT_LATE;
    for (size_t i = 0; i < n && !late; i++) world.task[number_of(record[i])].copies++;
    for (size_t i = 0; i < n && late; i++) world.late[world.lates++] = number_of(record[i]);
    if (late) world.late_ms = world.now_ms + 2 * TIMEOUT_MS - 1;
    return cut ? ERR_STOPPED : 0;
}

static int fake_open(void *self, int64_t *n) {
    (void)self;
    *n = world.open;
    return cut_here() ? world.dead = true, ERR_STOPPED : 0;
}

static int by_change(const void *left, const void *right) {
    const struct tool_task *a = left, *b = right;
    return (a->changed_us > b->changed_us) - (a->changed_us < b->changed_us);
}

/* Pages of two, so that places between pages matter. */
static int fake_changed(void *self, int64_t since_us, int page, struct arena *arena,
                        struct tool_page *out) {
    (void)self;
    enum { PAGE = 2 };
    if (cut_here()) return world.dead = true, ERR_STOPPED;
    struct tool_task *all = arena_take(arena, TASKS * sizeof *all);
    size_t n = 0, from = (size_t)(page - 1) * PAGE;
    for (int i = 0; i < TASKS; i++) {
        const struct fake_task *t = &world.task[i];
        char id[TASK_ID_LENGTH + 1];
        task_name(id, i);
        if (t->copies && t->changed_us > since_us)
            all[n++] = (struct tool_task){arena_text(arena, text_of(id)), t->changed_us,
                                          t->annotation, t->n};
    }
    qsort(all, n, sizeof *all, by_change);
    if (from > n) from = n;
    out->task = all + from;
    out->n = n - from < PAGE ? n - from : PAGE;
    out->more = n - from >= PAGE;
    return 0;
}

static void keep_label(const struct label *l) {
    assert_true(world.labels < 64);
    char *text = world.label_text[world.labels];
    memcpy(text, l->id.at, TASK_ID_LENGTH);
    struct label *kept = &world.label[world.labels++];
    *kept = *l;
    kept->id = (struct text){text, TASK_ID_LENGTH};
}

static int fake_commit(void *opaque, const struct carrier_commit *what) {
    (void)opaque;
    bool was_dead = world.dead, cut = cut_here();
    if (was_dead || (cut && world.cut == CUT_BEFORE)) return world.dead = true, ERR_STOPPED;
    assert_true(what->state.len < sizeof world.state);
    memcpy(world.state, what->state.at, what->state.len);
    world.state[what->state.len] = '\0';
    for (size_t i = 0; i < what->labels; i++) keep_label(&what->label[i]);
    for (size_t i = 0; i < what->tasks; i++) world.refused += what->refused[i].refused;
    world.dead = cut;
    return cut ? ERR_STOPPED : 0;
}

static int64_t fake_now(void *opaque) { return (void)opaque, world.now_ms; }

/* ---- lives ---- */

static void world_begin(int open_tasks) {
    struct buf yaml = {0}, errors = {0};
    buf_printf(&yaml,
               "model: {classes: [good, bad]}\nfeatures: [{name: x}]\n"
               "bridge: {batch: %d, timeout: 1s, open_tasks: %d}\n",
               BATCH, open_tasks);
    if (world.config) config_destroy(world.config);
    world = (struct world){.fuse = -1, .refuses = -1, .now_ms = 1000000};
    if (config_parse(&world.config, "test", buf_view(&yaml), &errors) < 0)
        fail_msg("%s", buf_string(&errors));
    buf_release(&yaml);
    buf_release(&errors);
}

static struct carrier *life_begin(void) {
    struct carrier_state state = {0};
    world.dead = false;
    if (*world.state) assert_int_equal(carrier_state_read(&state, text_of(world.state)), 0);
    struct carrier *c = carrier_create(&(struct carrier_options){.config = world.config},
                                       &(struct carrier_ports){.tool = {.find = fake_find,
                                                                        .import = fake_import,
                                                                        .open = fake_open,
                                                                        .changed = fake_changed},
                                                               .commit = fake_commit,
                                                               .now_ms = fake_now},
                                       &state);
    for (size_t i = 0; i < world.labels; i++) carrier_label(c, &world.label[i]);
    return c;
}

static void offer(struct carrier *c, int number) {
    struct task t = {.expires_ms = EXPIRES_MS};
    task_name(t.id, number);
    carrier_offer(c, &t, text_of(t.id), 0, number);
}

/* Carries and polls until nothing is left to do, or the life is cut: then false. */
static bool live(struct carrier *c) {
    int next = (int)carrier_next(c, 0), result = 0;
    for (int step = 0; step < 1000; step++) {
        while (carrier_room(c) && next < TASKS) offer(c, next++);
        world.now_ms += STEP_MS;
        result = carrier_carry(c);
        if (result == 0) result = carrier_poll(c);
        if (world.dead) return false;
        if (result == 0 && next == TASKS && carrier_next(c, 0) == TASKS) return true;
    }
    fail_msg("it does not come to an end: %s", error_name(result));
    return false;
}

static void answer(int number, const char *choice, int64_t time_ms) {
    struct fake_task *t = &world.task[number];
    t->annotation[t->n++] =
        (struct tool_annotation){choice ? text_of(choice) : (struct text){0}, TEXT("ann"), time_ms};
    t->changed_us = time_ms * 1000;
}

static void check_carried_once(void) {
    for (int i = 0; i < TASKS; i++)
        if (world.task[i].copies != (i != world.refuses))
            fail_msg("task %d is %d times in the tool; cut %d at call %d", i, world.task[i].copies,
                     world.cut, world.fuse);
    assert_int_equal(world.refused, world.refuses >= 0);
}

/* Every call of a port in turn is where a life ends; returns whether the run was long enough to be
 * cut there. */
static bool cut_at(enum cut cut, int fuse, int refuses) {
    world_begin(500);
    world.cut = cut;
    world.fuse = fuse;
    world.refuses = refuses;
    struct carrier *c = life_begin();
    bool whole = live(c);
    carrier_destroy(c);
    if (whole) return false;
    c = life_begin();
    assert_true(live(c));
    carrier_destroy(c);
    world.now_ms += 10 * TIMEOUT_MS; // nothing comes later
    arrive();
    check_carried_once();
    return true;
}

static void cut_anywhere_carries_each_task_once(void **state) {
    (void)state;
    for (enum cut cut = CUT_BEFORE; cut < CUTS; cut++)
        for (int refuses = -1; refuses < TASKS; refuses += 4) {
            int fuse = 0;
            while (cut_at(cut, fuse, refuses)) fuse++;
            if (fuse < 18) fail_msg("only %d calls", fuse);
            check_carried_once();
        }
}

static void refused_task_is_found_by_halving(void **state) {
    (void)state;
    world_begin(500);
    world.refuses = 4;
    struct carrier *c = life_begin();
    assert_true(live(c));
    check_carried_once();
    assert_int_equal(carrier_counts(c)->imported, TASKS - 1);
    assert_int_equal(carrier_counts(c)->refused, 1);
    carrier_destroy(c);
}

/* A server that does not say whether it did it is not asked again before it must have ended. */
static void lost_answer_is_waited_out(void **state) {
    (void)state;
    world_begin(500);
    struct carrier *c = life_begin();
    offer(c, 0);
    world.import_error = ERR_RETRY;
    assert_int_equal(carrier_carry(c), ERR_RETRY);
    world.import_error = 0;
    world.now_ms += 2 * TIMEOUT_MS - 1;
    assert_int_equal(carrier_carry(c), ERR_RETRY);
    assert_int_equal(world.imports, 1);
    world.now_ms++;
    assert_int_equal(carrier_carry(c), 0);
    assert_int_equal(world.imports, 2);
    world.import_error = ERR_ABORT; // surely not done: no wait
    offer(c, 1);
    assert_int_equal(carrier_carry(c), ERR_ABORT);
    world.import_error = 0;
    assert_int_equal(carrier_carry(c), 0);
    carrier_destroy(c);
}

static void closed_expired_and_repeated_tasks_stay_out(void **state) {
    (void)state;
    world_begin(500);
    char id[TASK_ID_LENGTH + 1];
    task_name(id, 0);
    world.label[world.labels++] =
        (struct label){.id = text_of(id), .label = TEXT("good"), .source = TEXT("winnowd /label")};
    struct carrier *c = life_begin();
    struct task late = {.expires_ms = world.now_ms};
    task_name(late.id, 1);
    offer(c, 0);
    carrier_offer(c, &late, text_of(late.id), 0, 1);
    offer(c, 2);
    assert_int_equal(carrier_carry(c), 0);
    offer(c, 2); // again: it is looked up
    carrier_offer(c, NULL, TEXT("no task"), 3, 8);
    assert_int_equal(carrier_carry(c), 0);
    assert_int_equal(carrier_next(c, 3), 9);
    assert_int_equal(world.task[0].copies + world.task[1].copies, 0);
    assert_int_equal(world.task[2].copies, 1);
    assert_int_equal(carrier_counts(c)->closed, 2);
    assert_int_equal(carrier_counts(c)->found, 1);
    carrier_destroy(c);
}

static void people_are_not_flooded(void **state) {
    (void)state;
    world_begin(2);
    struct carrier *c = life_begin();
    offer(c, 0);
    offer(c, 1);
    offer(c, 2);
    world.open = 1;                        // room for one
    assert_int_equal(carrier_carry(c), 0); // the fake's number does not grow
    world.open = 2;
    offer(c, 3);
    assert_int_equal(carrier_carry(c), ERR_FULL);
    assert_int_equal(world.task[3].copies, 0);
    world.open = 0;
    assert_int_equal(carrier_carry(c), 0);
    assert_int_equal(world.task[3].copies, 1);
    carrier_destroy(c);
}

/* ---- answers ---- */

static const struct label *last_label(void) {
    assert_true(world.labels > 0);
    return &world.label[world.labels - 1];
}

static void edits_deletions_and_skips_are_said_once(void **state) {
    (void)state;
    world_begin(500);
    struct carrier *c = life_begin();
    assert_true(live(c));
    struct fake_task *t = &world.task[3];
    answer(3, "good", 5000);
    for (int i = 0; i < 2; i++) assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.labels, 1);
    assert_true(text_equal(last_label()->label, TEXT("good")) && last_label()->time_ms == 5000);
    t->annotation[0] = (struct tool_annotation){TEXT("bad"), TEXT("ann"), 6000}; // an edit
    t->changed_us = 6000000;
    for (int i = 0; i < 2; i++) assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.labels, 2);
    assert_true(text_equal(last_label()->label, TEXT("bad")) && last_label()->time_ms == 6000);
    answer(3, "good", 7000); // another reader
    t->annotation[1].annotator = TEXT("bob");
    assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.labels, 3);
    t->n = 1; // and takes it back: the first one's answer counts again, so it is said later
    t->changed_us = 8000000;
    for (int i = 0; i < 2; i++) assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.labels, 4);
    assert_true(text_equal(last_label()->label, TEXT("bad")) && last_label()->time_ms > 7000);
    carrier_destroy(c);
    c = life_begin(); // it knows from the topic what was said
    t->n = 0;
    t->changed_us = 9000000;
    for (int i = 0; i < 2; i++) assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.labels, 5);
    assert_true(!last_label()->label.at && last_label()->outcome == LABEL_SKIPPED);
    carrier_destroy(c);
}

static void what_is_no_class_is_no_answer(void **state) {
    (void)state;
    world_begin(500);
    struct carrier *c = life_begin();
    assert_true(live(c));
    answer(1, "ugly", 5000);
    answer(2, NULL, 5000);
    for (int i = 0; i < 2; i++) assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.labels, 1);
    assert_int_equal(number_of(last_label()->id), 2);
    assert_int_equal(last_label()->outcome, LABEL_SKIPPED);
    assert_int_equal(carrier_counts(c)->unknown_class, 1);
    carrier_destroy(c);
}

/* Seven answers, five of one moment and so more than a page, are said once each, wherever a life is
 * cut. */
static void cut_anywhere_says_each_answer_once(void **state) {
    (void)state;
    for (enum cut cut = CUT_BEFORE; cut <= CUT_AFTER; cut++) {
        for (int fuse = 0, whole = 0; !whole; fuse++) {
            world_begin(500);
            struct carrier *c = life_begin();
            assert_true(live(c));
            for (int i = 0; i < TASKS; i++) answer(i, i % 2 ? "good" : "bad", i < 5 ? 5000 : 90000);
            world.cut = cut;
            world.calls = 0;
            world.fuse = fuse;
            whole = carrier_poll(c) == 0;
            carrier_destroy(c);
            world.fuse = -1;
            c = life_begin();
            for (int i = 0; i < 2; i++) assert_int_equal(carrier_poll(c), 0);
            carrier_destroy(c);
            assert_int_equal(world.labels, TASKS);
            int seen = 0;
            for (size_t i = 0; i < world.labels; i++) seen |= 1 << number_of(world.label[i].id);
            assert_int_equal(seen, (1 << TASKS) - 1);
        }
    }
}

/* ---- the record ---- */

static void foreign_state_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"format\":2,\"until_ms\":0,\"poll_us\":0,\"tasks\":[]}",
        "{\"format\":1,\"until_ms\":-1,\"poll_us\":0,\"tasks\":[]}",
        "{\"format\":1,\"until_ms\":0,\"poll_us\":0,\"tasks\":{}}",
        "{\"format\":1,\"until_ms\":0,\"poll_us\":0,\"tasks\":[1,-1]}",
        "{\"format\":1,\"until_ms\":0,\"poll_us\":0,\"tasks\":[1e300]}",
        "{\"format\":1,\"until_ms\":0,\"poll_us\":0,\"tasks\":[null]}"};
    struct carrier_state s = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(carrier_state_read(&s, text_of(bad[i])), ERR_INPUT);
        assert_true(!s.next && !s.partitions && !s.until_ms);
    }
    struct buf out = {0};
    const char *good = "{\"format\":1,\"until_ms\":7,\"poll_us\":8,\"tasks\":[3,0,9]}";
    assert_int_equal(carrier_state_read(&s, text_of(good)), 0);
    carrier_state_write(&s, &out);
    assert_string_equal(buf_string(&out), good);
    buf_release(&out);
    carrier_state_release(&s);
}

static int close_world(void **state) {
    (void)state;
    config_destroy(world.config);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_anywhere_carries_each_task_once),
        cmocka_unit_test(refused_task_is_found_by_halving),
        cmocka_unit_test(lost_answer_is_waited_out),
        cmocka_unit_test(closed_expired_and_repeated_tasks_stay_out),
        cmocka_unit_test(people_are_not_flooded),
        cmocka_unit_test(edits_deletions_and_skips_are_said_once),
        cmocka_unit_test(what_is_no_class_is_no_answer),
        cmocka_unit_test(cut_anywhere_says_each_answer_once),
        cmocka_unit_test(foreign_state_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, close_world);
}
