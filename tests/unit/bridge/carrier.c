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
    struct tool_annotation annotation[4];
    size_t n;
    bool begun;       // somebody has a draft
    bool odd;         // its answers cannot be read
    bool theirs;      // somebody else's
    int64_t shown_us; // changed while the tool looked: its new time, in its old place
    int64_t expires_ms;
};

static struct world {
    struct config *config;
    int64_t now_ms;
    int calls, fuse; // fuse < 0: nothing is cut
    enum cut cut;
    bool dead;
    char state[4096]; // what the topics hold
    struct label label[64];
    char label_text[64][64];
    size_t labels, refused, unreadable;
    int64_t last_unreadable; // its number
    int letters;             // commits that held any
    int commit_error;
    struct fake_task task[TASKS]; // what the tool holds
    struct fake_task copy;        // a second one of task 0, number TASKS
    int reopened, reopen_error;
    int late[TASKS]; // on their way, (lates)
    size_t lates;
    int64_t late_ms; // when they arrive
    int refuses;     // number of a task that is not taken; -1: none
    int import_error, imports;
    int64_t open;
} world;

static void task_name(char out[TASK_ID_LENGTH + 1], int number) {
    snprintf(out, TASK_ID_LENGTH + 1, "01a2025d-5200-708b-8269-cfea3e5324%02u",
             (unsigned)number % 100);
}

static int number_of(struct text id) { return (id.at[34] - '0') * 10 + id.at[35] - '0'; }

static void arrive(void) {
    if (!world.lates || world.now_ms < world.late_ms) return;
    for (size_t i = 0; i < world.lates; i++) world.task[world.late[i]].copies++;
    world.lates = 0;
}

/* Whether this call is where the life ends. */
static bool cut_here(void) { return world.calls++ == world.fuse || world.dead; }

static int fake_find(void *self, const struct text *id, size_t n, size_t *copies) {
    (void)self;
    arrive();
    if (cut_here()) return world.dead = true, ERR_STOPPED;
    for (size_t i = 0; i < n; i++) {
        int number = number_of(id[i]);
        copies[i] = (size_t)(world.task[number].copies + (number ? 0 : world.copy.copies));
    }
    return 0;
}

static int fake_import(void *self, const struct tool_record *record, size_t n, int64_t timeout_ms) {
    (void)self;
    bool was_dead = world.dead, cut = cut_here();
    assert_true(timeout_ms > 0 && timeout_ms <= TIMEOUT_MS);
    if (was_dead || (cut && world.cut == CUT_BEFORE)) return world.dead = true, ERR_STOPPED;
    world.imports++;
    world.dead = cut;
    if (world.import_error) return world.import_error;
    for (size_t i = 0; i < n; i++)
        if (number_of(record[i].record) == world.refuses) return cut ? ERR_STOPPED : ERR_INPUT;
    bool late = cut && world.cut == CUT_LATE;
    for (size_t i = 0; i < n && !late; i++) world.task[number_of(record[i].record)].copies++;
    for (size_t i = 0; i < n && late; i++) world.late[world.lates++] = number_of(record[i].record);
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
            all[n++] = (struct tool_task){.id = t->theirs ? TEXT("ticket 7")
                                                          : arena_text(arena, text_of(id)),
                                          .number = i + 1,
                                          .changed_us = t->changed_us,
                                          .annotation = t->annotation,
                                          .n = t->odd ? 0 : t->n,
                                          .unreadable = t->odd ? TEXT("{}") : (struct text){0}};
    }
    qsort(all, n, sizeof *all, by_change);
    for (size_t i = 0; i < n; i++) {
        int64_t shown_us = world.task[all[i].number - 1].shown_us;
        if (shown_us) all[i].changed_us = shown_us;
    }
    if (from > n) from = n;
    out->task = all + from;
    out->n = n - from < PAGE ? n - from : PAGE;
    out->more = n - from >= PAGE;
    return 0;
}

static int fake_reopen(void *self, int64_t number) {
    (void)self;
    for (int i = 0; i < TASKS; i++) {
        struct fake_task *t = &world.task[i];
        for (size_t a = 0; a < t->n; a++)
            if (t->annotation[a].number == number && !world.reopen_error) {
                world.reopened++;
                t->annotation[a] = t->annotation[--t->n];
            }
    }
    return world.reopen_error;
}

static struct fake_task *fake_of(int64_t number) {
    return number == TASKS + 1 ? &world.copy : &world.task[number - 1];
}

static bool fake_untouched(const struct fake_task *t) { return t->copies && !t->n && !t->begun; }

/* Pages of two by number, from 1; the copy is last. */
static int fake_waiting(void *self, int64_t after, struct arena *arena, struct tool_page *out) {
    (void)self;
    enum { PAGE = 2 };
    struct tool_task *task = arena_take(arena, PAGE * sizeof *task);
    char id[TASK_ID_LENGTH + 1];
    for (int64_t number = after + 1; number <= TASKS + 1 && out->n < PAGE; number++) {
        const struct fake_task *t = fake_of(number);
        if (!fake_untouched(t)) continue;
        task_name(id, number > TASKS ? 0 : (int)number - 1);
        task[out->n++] = (struct tool_task){
            .id = arena_text(arena, text_of(id)), .number = number, .expires_ms = t->expires_ms};
    }
    out->task = task;
    out->more = out->n == PAGE;
    return 0;
}

static int fake_drop(void *self, const int64_t *number, size_t n, size_t *dropped) {
    (void)self;
    *dropped = 0;
    for (size_t i = 0; i < n; i++) {
        struct fake_task *t = fake_of(number[i]);
        assert_true(fake_untouched(t));
        t->copies = 0;
        ++*dropped;
    }
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
    if (world.commit_error) return world.commit_error;
    assert_true(what->state.len < sizeof world.state);
    memcpy(world.state, what->state.at, what->state.len);
    world.state[what->state.len] = '\0';
    for (size_t i = 0; i < what->labels; i++) keep_label(&what->label[i]);
    world.letters += what->unreadables > 0;
    for (size_t i = 0; i < what->unreadables; i++) {
        world.unreadable++;
        world.last_unreadable = what->unreadable[i].number;
        assert_true(text_equal(what->unreadable[i].record, TEXT("{}")));
    }
    for (size_t i = 0; i < what->tasks; i++) world.refused += what->refused[i].refused;
    world.dead = cut;
    return cut ? ERR_STOPPED : 0;
}

static int64_t fake_now(void *opaque) { return (void)opaque, world.now_ms; }

/* ---- lives ---- */

static void world_begin_with(int open_tasks, const char *more) {
    struct buf yaml = {0}, errors = {0};
    buf_printf(&yaml,
               "model: {classes: [good, bad]}\nfeatures: [{name: x}]\n"
               "bridge: {batch: %d, timeout: 1s, open_tasks: %d%s}\n",
               BATCH, open_tasks, more);
    if (world.config) config_destroy(world.config);
    world = (struct world){.fuse = -1, .refuses = -1, .now_ms = 1000000};
    if (config_parse(&world.config, "test", buf_view(&yaml), &errors) < 0)
        fail_msg("%s", buf_string(&errors));
    buf_release(&yaml);
    buf_release(&errors);
}

static void world_begin(int open_tasks) { world_begin_with(open_tasks, ""); }

static struct carrier *life_begin(void) {
    struct carrier_state state = {0};
    world.dead = false;
    if (*world.state) assert_int_equal(carrier_state_read(&state, text_of(world.state)), 0);
    struct carrier *c = carrier_create(&(struct carrier_options){.config = world.config},
                                       &(struct carrier_ports){.tool = {.source = "fake",
                                                                        .find = fake_find,
                                                                        .import = fake_import,
                                                                        .open = fake_open,
                                                                        .changed = fake_changed,
                                                                        .reopen = fake_reopen,
                                                                        .waiting = fake_waiting,
                                                                        .drop = fake_drop},
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

static void answer_by(const char *who, int number, const char *choice, int64_t time_ms) {
    struct fake_task *t = &world.task[number];
    t->annotation[t->n++] =
        (struct tool_annotation){.choice = choice ? text_of(choice) : (struct text){0},
                                 .annotator = text_of(who),
                                 .time_ms = time_ms,
                                 .number = number * 100 + (int64_t)t->n + 1};
    t->changed_us = time_ms * 1000;
}

static void answer(int number, const char *choice, int64_t time_ms) {
    answer_by("ann", number, choice, time_ms);
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
    assert_int_equal(carrier_figures(c)->count[BRIDGE_IMPORTED], TASKS - 1);
    assert_int_equal(carrier_figures(c)->count[BRIDGE_REFUSED], 1);
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
    assert_int_equal(carrier_figures(c)->count[BRIDGE_CLOSED], 2);
    assert_int_equal(carrier_figures(c)->count[BRIDGE_FOUND], 1);
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
    t->annotation[0].choice = TEXT("bad"); // an edit
    t->annotation[0].time_ms = 6000;
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
    assert_int_equal(carrier_figures(c)->count[BRIDGE_NO_CLASS], 1);
    assert_int_equal(world.task[1].n, 0); // its task waits again
    world.reopen_error = ERR_RETRY;       // the tool is in trouble: nothing moves on
    answer(3, "ugly", 6000);
    assert_int_equal(carrier_poll(c), ERR_RETRY);
    world.reopen_error = ERR_ABORT; // it is not allowed: told, and the others go on
    answer(4, "good", 7000);
    for (int i = 0; i < 2; i++) assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.labels, 2);
    assert_int_equal(carrier_figures(c)->count[BRIDGE_NO_CLASS], 2);
    carrier_destroy(c);
}

/* ---- answers that cannot be read ---- */

/* Waited for, in case the tool comes to its senses; then told, and passed over. Nothing else waits:
 * neither what stands beside it, nor what stands behind it afterwards. */
static void what_cannot_be_read_is_told_and_passed_over(void **state) {
    (void)state;
    world_begin(500);
    struct carrier *c = life_begin();
    assert_true(live(c));
    world.task[2].odd = true;
    answer(2, "good", 6000);
    answer(3, "bad", 6001);
    assert_int_equal(carrier_poll(c), ERR_RETRY);
    assert_int_equal(world.labels, 1); // the one beside it
    answer(4, "bad", 20000);
    world.now_ms += 29000;
    assert_int_equal(carrier_poll(c), ERR_RETRY);
    assert_int_equal(world.unreadable, 0);
    world.now_ms += 1000;
    world.commit_error = ERR_RETRY; // told only when it is written
    assert_int_equal(carrier_poll(c), ERR_RETRY);
    assert_int_equal(carrier_figures(c)->count[BRIDGE_UNREADABLE], 0);
    world.commit_error = 0;
    assert_int_equal(carrier_say_figures(c, false), 0);
    assert_int_equal(world.unreadable, 0); // a page that was not written is not written by others
    assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.unreadable, 1);
    assert_int_equal(world.last_unreadable, 3);
    assert_int_equal(carrier_figures(c)->count[BRIDGE_UNREADABLE], 1);
    for (int i = 0; i < 3; i++) assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.labels, 2);     // and the one behind it
    assert_int_equal(world.unreadable, 1); // once
    world.task[2].odd = false;             // somebody answers it anew
    answer(2, "bad", 30000);
    assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.labels, 3);
    assert_int_equal(number_of(last_label()->id), 2);
    carrier_destroy(c);
}

/* On whichever pages they stand: nobody's answer waits for them, they wait for the same half
 * minute, and one transaction tells them; a life that polls the same changes again tells them no
 * more. */
static void those_that_cannot_be_read_wait_together(void **state) {
    (void)state;
    world_begin(500);
    struct carrier *c = life_begin();
    assert_true(live(c));
    for (int i = 0; i < TASKS; i++) {
        world.task[i].odd = i % 2 == 0;
        answer(i, "good", 6000 + i);
    }
    assert_int_equal(carrier_poll(c), ERR_RETRY);
    assert_int_equal(world.labels, 3);
    world.now_ms += 31000;
    assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.unreadable, 4);
    assert_int_equal(world.letters, 1);
    assert_int_equal(carrier_figures(c)->count[BRIDGE_UNREADABLE], 4);
    for (int life = 0; life < 2; life++) {
        carrier_destroy(c);
        c = life_begin();
        for (int i = 0; i < 3; i++, world.now_ms += 31000) assert_int_equal(carrier_poll(c), 0);
    }
    answer(0, "good", 7000); // anew, and as strange as before
    assert_int_equal(carrier_poll(c), ERR_RETRY);
    world.now_ms += 31000;
    assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.unreadable, 5);
    assert_int_equal(world.labels, 3);
    carrier_destroy(c);
}

/* A project in which others work too: what they write into theirs is theirs. */
static void what_others_write_is_not_waited_for(void **state) {
    (void)state;
    world_begin(500);
    struct carrier *c = life_begin();
    assert_true(live(c));
    world.task[1].odd = world.task[1].theirs = true;
    answer(1, "good", 6000);
    answer(2, "bad", 6001);
    assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.labels, 1);
    world.now_ms += 31000;
    assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.unreadable, 0);
    carrier_destroy(c);
}

/* A tool that answers nonsense for a moment: nothing is lost, nothing taken back, nothing told. */
static void what_is_readable_again_is_taken(void **state) {
    (void)state;
    world_begin(500);
    struct carrier *c = life_begin();
    assert_true(live(c));
    answer(1, "good", 5000);
    assert_int_equal(carrier_poll(c), 0);
    answer(2, "bad", 6000);
    for (int i = 0; i < TASKS; i++) world.task[i].odd = true;
    assert_int_equal(carrier_poll(c), ERR_RETRY);
    for (int i = 0; i < TASKS; i++) world.task[i].odd = false;
    assert_int_equal(carrier_poll(c), 0);
    assert_int_equal(world.labels, 2);
    assert_int_equal(world.unreadable, 0);
    carrier_destroy(c);
}

/* ---- several readers ---- */

/* The label that the join takes of a task: that of the latest time. */
static const struct label *counting_label(int number) {
    const struct label *best = NULL;
    for (size_t i = 0; i < world.labels; i++) {
        const struct label *l = &world.label[i];
        if (number_of(l->id) == number && (!best || l->time_ms >= best->time_ms)) best = l;
    }
    assert_non_null(best);
    return best;
}

static void check_counts_as(int number, const char *class_, double confidence) {
    const struct label *l = counting_label(number);
    assert_true(text_equal(l->label, text_of(class_)));
    assert_true(l->confidence == confidence);
}

static void poll_twice(struct carrier *c, size_t labels) {
    for (int i = 0; i < 2; i++) {
        assert_int_equal(carrier_poll(c), 0);
        assert_int_equal(world.labels, labels);
    }
}

static void readers_agree_and_disagree(void **state) {
    (void)state;
    world_begin_with(500, ", opinions: 3");
    struct carrier *c = life_begin();
    assert_true(live(c));
    answer_by("ann", 3, "good", 5000);
    poll_twice(c, 1);
    check_counts_as(3, "good", 1);
    answer_by("bob", 3, "bad", 6000); // of equals the newest; ann's confidence fell
    poll_twice(c, 3);
    check_counts_as(3, "bad", 0.5);
    answer_by("cid", 3, "good", 7000); // two of three; all are said anew, the counting one last
    poll_twice(c, 6);
    check_counts_as(3, "good", 2.0 / 3);
    assert_true(text_equal(last_label()->annotator, TEXT("cid")));
    carrier_destroy(c);
    c = life_begin(); // all of it stands on the topic
    poll_twice(c, 6);
    struct fake_task *t = &world.task[3];
    t->annotation[1].choice = TEXT("good"); // bob comes round
    t->annotation[1].time_ms = 8000;
    t->changed_us = 8000000;
    poll_twice(c, 9);
    check_counts_as(3, "good", 1);
    t->annotation[0] = t->annotation[1]; // ann and cid take theirs back: bob's is known
    t->n = 1;
    t->changed_us = 9000000;
    poll_twice(c, 9);
    check_counts_as(3, "good", 1);
    t->annotation[0].choice = (struct text){0}; // and skips
    t->annotation[0].time_ms = 9500;
    t->changed_us = 9500000;
    poll_twice(c, 10);
    assert_int_equal(counting_label(3)->outcome, LABEL_SKIPPED);
    carrier_destroy(c);
}

static void newest_of_three_does_not_outvote_two(void **state) {
    (void)state;
    world_begin_with(500, ", opinions: 3");
    struct carrier *c = life_begin();
    assert_true(live(c));
    answer_by("ann", 3, "good", 5000);
    answer_by("bob", 3, "good", 6000);
    answer_by("cid", 3, "bad", 7000);
    poll_twice(c, 3);
    check_counts_as(3, "good", 2.0 / 3);
    assert_true(last_label()->time_ms > 7000);
    carrier_destroy(c);
}

/* One who skips does not outvote one who answers, however late. */
static void skip_closes_nothing_that_is_answered(void **state) {
    (void)state;
    world_begin_with(500, ", opinions: 2");
    struct carrier *c = life_begin();
    assert_true(live(c));
    answer_by("ann", 2, "bad", 5000);
    poll_twice(c, 1);
    answer_by("bob", 2, NULL, 6000);
    poll_twice(c, 3);
    check_counts_as(2, "bad", 1);
    carrier_destroy(c);
}

/* ---- out again ---- */

static void expired_tasks_leave_and_touched_ones_stay(void **state) {
    (void)state;
    for (int keep = 0; keep < 2; keep++) {
        world_begin_with(500, keep ? ", on_expiry: keep" : "");
        struct carrier *c = life_begin();
        assert_true(live(c));
        for (int i = 0; i < TASKS; i++) world.task[i].expires_ms = i < 5 ? 1 : EXPIRES_MS;
        world.task[1].begun = true;
        answer(2, "good", 5000);
        answer(3, NULL, 5000);
        assert_int_equal(carrier_sweep(c), 0);
        for (int i = 0; i < TASKS; i++)
            assert_int_equal(world.task[i].copies, keep || (i != 0 && i != 4));
        assert_int_equal(carrier_figures(c)->count[BRIDGE_WITHDRAWN], keep ? 0 : 2);
        carrier_destroy(c);
    }
}

/* Of two that wait the older stays; beside one that somebody touched none needs to wait. */
static void task_that_is_there_twice_is_there_once_after_the_start(void **state) {
    (void)state;
    for (int touched = 0; touched < 3; touched++) {
        world_begin(500);
        struct carrier *c = life_begin();
        assert_true(live(c));
        world.copy = (struct fake_task){.copies = 1};
        if (touched == 1) world.copy.begun = true;
        if (touched == 2) answer(0, "good", 5000);
        assert_int_equal(carrier_sweep(c), 0);
        assert_int_equal(world.task[0].copies, touched != 1);
        assert_int_equal(world.copy.copies, touched == 1);
        for (int i = 1; i < TASKS; i++) assert_int_equal(world.task[i].copies, 1);
        carrier_destroy(c);
    }
}

static void unanswered_copy_takes_nothing_back(void **state) {
    (void)state;
    world_begin(500);
    struct carrier *c = life_begin();
    assert_true(live(c));
    answer(0, "good", 5000);
    poll_twice(c, 1);
    world.copy = (struct fake_task){.copies = 1};
    world.task[0].n = 0; // the fake shows one of them: the one without an answer
    world.task[0].changed_us = 6000000;
    poll_twice(c, 1);
    world.copy.copies = 0;
    world.task[0].changed_us = 7000000;
    poll_twice(c, 2);
    assert_int_equal(last_label()->outcome, LABEL_SKIPPED);
    carrier_destroy(c);
}

/* ---- figures ---- */

static void figures_outlive_the_bridge(void **state) {
    (void)state;
    world_begin(500);
    struct carrier *c = life_begin();
    assert_true(live(c));
    answer(1, "good", 5000);
    poll_twice(c, 1);
    world.open = 6;
    world.now_ms += BRIDGE_SAY_MS;
    assert_int_equal(carrier_say_figures(c, true), 0);
    struct bridge_figures f;
    assert_true(bridge_figures_read(&f, text_of(world.state)));
    assert_true(f.away);
    assert_int_equal(f.time_ms, world.now_ms);
    int calls = world.calls;
    assert_int_equal(carrier_say_figures(c, true), 0); // said just now
    assert_int_equal(world.calls, calls);
    assert_int_equal(carrier_say_figures(c, false), 0); // it is back: said at once
    carrier_destroy(c);
    c = life_begin();
    const struct bridge_figures *g = carrier_figures(c);
    assert_int_equal(g->count[BRIDGE_IMPORTED], TASKS);
    assert_int_equal(g->count[BRIDGE_ANSWERED], 1);
    assert_false(g->away);
    carrier_destroy(c);
}

/* The last of a page shows a time that is far behind what the page reaches up to. */
static void change_while_the_tool_looks_hides_nothing(void **state) {
    (void)state;
    for (int hurried = 0; hurried < TASKS; hurried++) {
        world_begin(500);
        struct carrier *c = life_begin();
        assert_true(live(c));
        for (int i = 0; i < TASKS; i++) answer(i, "good", 10000 * (i + 1));
        world.task[hurried].shown_us = 900000000;
        assert_int_equal(carrier_poll(c), 0);
        assert_int_equal(world.labels, TASKS);
        carrier_destroy(c);
    }
}

/* A clock that was years ahead left the place there: what is changed until then is not missed. */
static void place_that_is_yet_to_come_hides_nothing(void **state) {
    (void)state;
    world_begin(500);
    strcpy(world.state, "{\"format\":1,\"until_ms\":0,\"poll_us\":9000000000000000,\"tasks\":[]}");
    struct carrier *c = life_begin();
    assert_true(live(c));
    answer(1, "good", 5000);
    poll_twice(c, 1);
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
    const char *figures =
        ",\"figures\":{\"imported\":0,\"found\":0,\"closed\":0,\"refused\":0,\"withdrawn\":0,"
        "\"answered\":0,\"skipped\":0,\"unknown_class\":0,\"unreadable\":0,\"open\":-1,\"lag_ms\":"
        "0,\"time_ms\":0,"
        "\"away\":false}}";
    assert_int_equal(carrier_state_read(&s, text_of(good)), 0); // of an earlier version
    carrier_state_write(&s, &out);
    assert_memory_equal(buf_string(&out), good, strlen(good) - 1);
    assert_string_equal(buf_string(&out) + strlen(good) - 1, figures);
    const char *told = ",\"told\":[[3,1764400000000000],[4,5]]}";
    carrier_state_tell(&s, &(struct carrier_mark){3, 1764400000000000});
    carrier_state_tell(&s, &(struct carrier_mark){4, 5});
    for (int i = 0; i < 2; i++) { // written, and what was read written again
        buf_reset(&out);
        carrier_state_write(&s, &out);
        assert_string_equal(buf_string(&out) + out.len - strlen(told), told);
        carrier_state_release(&s);
        assert_int_equal(carrier_state_read(&s, buf_view(&out)), 0);
    }
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
        cmocka_unit_test(what_cannot_be_read_is_told_and_passed_over),
        cmocka_unit_test(those_that_cannot_be_read_wait_together),
        cmocka_unit_test(what_others_write_is_not_waited_for),
        cmocka_unit_test(what_is_readable_again_is_taken),
        cmocka_unit_test(readers_agree_and_disagree),
        cmocka_unit_test(newest_of_three_does_not_outvote_two),
        cmocka_unit_test(skip_closes_nothing_that_is_answered),
        cmocka_unit_test(expired_tasks_leave_and_touched_ones_stay),
        cmocka_unit_test(task_that_is_there_twice_is_there_once_after_the_start),
        cmocka_unit_test(unanswered_copy_takes_nothing_back),
        cmocka_unit_test(figures_outlive_the_bridge),
        cmocka_unit_test(change_while_the_tool_looks_hides_nothing),
        cmocka_unit_test(place_that_is_yet_to_come_hides_nothing),
        cmocka_unit_test(cut_anywhere_says_each_answer_once),
        cmocka_unit_test(foreign_state_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, close_world);
}
