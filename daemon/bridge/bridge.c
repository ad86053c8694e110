/* The bridge's process: topics in, the carrier between, the tool behind it.
 *
 * A session begins by fencing an earlier bridge, then reads its state from the models topic, all
 * labels, and tasks from the state's positions on. It ends when a transaction's outcome is unknown
 * or the tasks topic was cut; the next one reads everything again. What a crash leaves:
 * carrier.c. Trouble with tool or Kafka makes it wait, longer each time.
 *
 * Thread: main thread */
#include "bridge/bridge.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/systemd.h"
#include "bridge_log.h"
#include "kafka/topic_reader.h"
#include "tool.h"

#include <stdatomic.h>

enum {
    ARENA_KEPT = 1 << 22, // bytes kept from record to record
    READ_MOST = 500,      // records at a time
    WAIT_MS = 50,         // for a task: labels and the wish to stop are looked at so often
    METADATA_MS = 3000,   // for one question about offsets
    PAUSE_LEAST_MS = 250, // after trouble, doubled each time
    PAUSE_MOST_MS = 5000,
    HINT_MS = 250,      // between two polls, however often the tool hints that something changed
    FULL_MS = 1000,     // people have enough before them: looked at again
    FIGURES_MS = 60000, // between two lines of figures
    RESCAN_MS = 60000,  // between two looks for new partitions
    SWEEP_MS = 60000,   // between two looks for tasks that are not to be answered any more
    FIT_MS = 60000      // between two looks whether the tool fits the configuration
};

/* What is done with the tool, each in its time. */
enum bridge_job { JOB_SWEEP, JOB_CARRY, JOB_POLL, JOB_LOOK, JOBS };

struct bridge {
    const struct config *config;
    const _Atomic bool *stop;
    struct tool tool;
    struct bridge_log log;
    struct carrier *carrier;
    struct reader *models, *labels, *tasks;
    struct arena arena;
    struct carrier_state state; // as the models topic has it, until the carrier takes it
    int64_t due_ms[JOBS], figures_ms, rescan_ms; // when each is due (monotonic clock)
    int64_t pause_ms[JOBS];                      // after its last trouble; 0: it has none
    int64_t polled_ms;                           // when the last poll began (monotonic clock)
    bool hinted;                                 // the tool says that something changed since
    bool unfit;                                  // what was found when the tool was last asked
    int64_t watchdog_ms, fed_ms; // between two pings, half of what is allowed; 0: none is wanted
    uint64_t told[BRIDGE_COUNTS];
};

static bool bridge_stopping(const struct bridge *b) { return atomic_load(b->stop); }

static int64_t bridge_now_ms(void *opaque) {
    (void)opaque;
    return clock_wall_ms();
}

static int bridge_commit(void *opaque, const struct carrier_commit *what) {
    struct bridge *b = opaque;
    return bridge_log_commit(&b->log, what);
}

/* Called wherever it waits: the watchdog ends a bridge that hangs. */
static void bridge_alive(struct bridge *b) {
    if (!b->watchdog_ms || clock_ms() - b->fed_ms < b->watchdog_ms / 2) return;
    b->fed_ms = clock_ms();
    systemd_notify("WATCHDOG=1");
}

static bool bridge_request_ends(void *opaque) {
    bridge_alive(opaque);
    return bridge_stopping(opaque);
}

/* Sleeps in pieces, so that a stop is heard. */
static void bridge_wait(struct bridge *b, int64_t ms) {
    for (int64_t until = clock_ms() + ms; clock_ms() < until && !bridge_stopping(b);) {
        bridge_alive(b);
        clock_sleep_ms(WAIT_MS);
    }
}

/* ---- reading ---- */

/* The newest record of our key stands. */
static void bridge_take_state(struct bridge *b, const struct reader_record *r) {
    struct buf key = {0};
    bridge_log_key(b->config, &key);
    bool ours = text_equal(r->key, buf_view(&key));
    buf_release(&key);
    if (!ours) return;
    carrier_state_release(&b->state);
    if (r->value.at && carrier_state_read(&b->state, r->value) < 0)
        LOG(WARNING, "bridge_state_refused",
            "the bridge's record on the models topic cannot be read; all tasks are looked up "
            "again",
            L_I64("offset", r->offset));
}

static void bridge_take_label(struct bridge *b, const struct reader_record *r) {
    struct label l;
    const char *why; // the learner says it
    if (r->value.at &&
        label_read(&l, b->config, r->value, r->key, r->time_ms, &b->arena, &why) == 0)
        carrier_label(b->carrier, &l);
}

static void bridge_take_task(struct bridge *b, const struct reader_record *r) {
    struct task t;
    const char *why; // the learner says it
    bool good = r->value.at && task_read(&t, r->value, &b->arena, &why) == 0;
    carrier_offer(b->carrier, good ? &t : NULL, r->value, r->partition, r->offset);
}

static int bridge_read(struct bridge *b, struct reader *reader,
                       void (*take)(struct bridge *, const struct reader_record *), size_t most,
                       int timeout_ms) {
    struct reader_record record[READ_MOST];
    bridge_alive(b);
    int n = reader_poll(reader, record, most < READ_MOST ? most : READ_MOST, timeout_ms);
    TRY(n);
    for (int i = 0; i < n; i++) {
        arena_trim(&b->arena, ARENA_KEPT);
        take(b, &record[i]);
    }
    reader_release(reader, record, (size_t)n);
    return n;
}

static int bridge_open_reader(struct bridge *b, struct reader **reader, const char *topic,
                              int64_t (*start)(size_t, int32_t, void *), struct buf *why) {
    int result = reader_create(reader, b->config, &topic, 1, why);
    TRY(result);
    while ((result = reader_start(*reader, start, b)) == ERR_RETRY && !bridge_stopping(b))
        bridge_wait(b, PAUSE_LEAST_MS);
    return bridge_stopping(b) ? ERR_STOPPED : result;
}

static int bridge_read_all(struct bridge *b, struct reader **reader, const char *topic,
                           void (*take)(struct bridge *, const struct reader_record *),
                           struct buf *why) {
    TRY(bridge_open_reader(b, reader, topic, NULL, why));
    while (!reader_caught_up(*reader)) {
        if (bridge_stopping(b)) return ERR_STOPPED;
        TRY(bridge_read(b, *reader, take, READ_MOST, WAIT_MS));
    }
    return 0;
}

/* From the state's position on; where the log does not have it (retention, a topic made anew), from
 * the first task that there is: all tasks are looked up before they are imported. */
static int64_t bridge_tasks_since(size_t topic, int32_t partition, void *opaque) {
    struct bridge *b = opaque;
    int64_t next = carrier_next(b->carrier, partition);
    int64_t first = reader_offset_at(b->tasks, topic, partition, OFFSET_BEGINNING, METADATA_MS);
    int64_t end = reader_offset_at(b->tasks, topic, partition, OFFSET_END, METADATA_MS);
    if (first < 0 || end < 0 || (next >= first && next <= end)) return next;
    if (next)
        LOG(WARNING, "bridge_position_gone",
            "tasks that were not carried yet are not on the topic any more, or it was made anew",
            L_I64("partition", partition), L_I64("next", next), L_I64("first", first));
    return first;
}

/* ---- one session ---- */

static int bridge_open(struct bridge *b, struct buf *why) {
    const struct config *c = b->config;
    TRY(bridge_log_open(&b->log, c, b->stop, why));
    TRY(bridge_read_all(b, &b->models, c->topics.models, bridge_take_state, why));
    reader_destroy(b->models);
    b->models = NULL;
    b->carrier = carrier_create(
        &(struct carrier_options){.config = c},
        &(struct carrier_ports){
            .tool = b->tool, .commit = bridge_commit, .now_ms = bridge_now_ms, .opaque = b},
        &b->state);
    TRY(bridge_read_all(b, &b->labels, c->topics.labels, bridge_take_label, why));
    TRY(bridge_open_reader(b, &b->tasks, c->topics.tasks, bridge_tasks_since, why));
    b->rescan_ms = clock_ms() + RESCAN_MS;
    b->due_ms[JOB_SWEEP] = 0; // first of all
    memcpy(b->told, carrier_figures(b->carrier)->count, sizeof b->told);
    LOG(INFO, "bridge_ready", "tasks go to the annotation tool, answers come back",
        L_STR("url", b->tool.address(b->tool.self)));
    systemd_notify("READY=1\nSTATUS=carrying");
    return 0;
}

static void bridge_tell(struct bridge *b) {
    const struct bridge_figures *f = carrier_figures(b->carrier);
    const uint64_t *n = f->count;
    b->figures_ms = clock_ms() + FIGURES_MS;
    if (memcmp(n, b->told, sizeof b->told) == 0) return;
    memcpy(b->told, n, sizeof b->told);
    LOG(INFO, "bridge_figures", "what the bridge has carried",
        L_U64("imported", n[BRIDGE_IMPORTED]), L_U64("found", n[BRIDGE_FOUND]),
        L_U64("closed", n[BRIDGE_CLOSED]), L_U64("refused", n[BRIDGE_REFUSED]),
        L_U64("withdrawn", n[BRIDGE_WITHDRAWN]), L_U64("answered", n[BRIDGE_ANSWERED]),
        L_U64("skipped", n[BRIDGE_SKIPPED]), L_U64("unknown_class", n[BRIDGE_NO_CLASS]),
        L_I64("open", f->open));
}

static void bridge_close(struct bridge *b) {
    if (b->carrier) bridge_tell(b);
    carrier_destroy(b->carrier);
    b->carrier = NULL;
    carrier_state_release(&b->state);
    reader_destroy(b->models);
    reader_destroy(b->labels);
    reader_destroy(b->tasks);
    b->models = b->labels = b->tasks = NULL;
    bridge_log_close(&b->log);
}

/* What an error means for the session: 0, it goes on after a pause. */
static int bridge_judge(struct bridge *b, int result, enum bridge_job job) {
    int64_t pause_ms = 2 * b->pause_ms[job];
    if (result == ERR_FENCED || result == ERR_STOPPED || bridge_log_dead(&b->log)) return result;
    if (pause_ms < PAUSE_LEAST_MS) pause_ms = PAUSE_LEAST_MS;
    if (pause_ms > PAUSE_MOST_MS) pause_ms = PAUSE_MOST_MS;
    b->pause_ms[job] = result == ERR_FULL ? 0 : pause_ms;
    b->due_ms[job] = clock_ms() + (result == ERR_FULL ? FULL_MS : pause_ms);
    return 0;
}

/* Partitions that were added begin a new session: reading starts from all positions anew. */
static int bridge_rescan(struct bridge *b) {
    int32_t labels = reader_partitions(b->labels, 0), tasks = reader_partitions(b->tasks, 0);
    b->rescan_ms = clock_ms() + RESCAN_MS;
    bool known =
        reader_start(b->labels, NULL, b) == 0 && reader_start(b->tasks, bridge_tasks_since, b) == 0;
    bool grown =
        reader_partitions(b->labels, 0) != labels || reader_partitions(b->tasks, 0) != tasks;
    return known && !grown ? 0 : ERR_RETRY;
}

static int bridge_take(struct bridge *b) {
    size_t room = carrier_room(b->carrier);
    TRY(bridge_read(b, b->labels, bridge_take_label, READ_MOST, 0));
    if (room) return bridge_read(b, b->tasks, bridge_take_task, room, WAIT_MS);
    bridge_wait(b, WAIT_MS);
    return 0;
}

/* People change projects: while this one does not fit, nothing is imported. */
static int bridge_look(struct bridge *b) {
    struct buf why = {0};
    int result = b->tool.fit(b->tool.self, false, &why);
    bool unfit = result == ERR_CONFIG || result == ERR_MISSING;
    if (unfit)
        LOG(WARNING, "bridge_unfit",
            "the annotation tool does not fit the configuration any more: nothing is imported",
            L_STR("why", buf_string(&why)));
    if (unfit || result == 0) b->unfit = unfit;
    if (unfit) b->due_ms[JOB_LOOK] = clock_ms() + PAUSE_MOST_MS; // it waits for that
    buf_release(&why);
    return unfit ? 0 : result;
}

static int bridge_carry(struct bridge *b) { return b->unfit ? 0 : carrier_carry(b->carrier); }

static int bridge_poll(struct bridge *b) {
    b->polled_ms = clock_ms();
    b->hinted = false; // what is hinted while it polls is news for the next one
    return carrier_poll(b->carrier);
}

static int bridge_sweep(struct bridge *b) { return carrier_sweep(b->carrier); }

/* Does what is due, and again after `pause`; after trouble when bridge_judge says. */
static int bridge_do(struct bridge *b, enum bridge_job job, int (*what)(struct bridge *),
                     int64_t pause_ms) {
    if (clock_ms() < b->due_ms[job]) return 0;
    b->due_ms[job] = clock_ms() + pause_ms;
    int result = what(b);
    if (result < 0) return bridge_judge(b, result, job);
    b->pause_ms[job] = 0;
    return 0;
}

static bool bridge_away(const struct bridge *b) {
    bool away = b->unfit;
    for (int job = 0; job < JOBS; job++) away |= b->pause_ms[job] > 0;
    return away;
}

/* Answers that wait are taken now, and asked for soon when the tool hints that there are some; but
 * a tool in trouble is left alone for as long as without a hint. */
static void bridge_heed(struct bridge *b) {
    int64_t soon_ms = b->polled_ms + HINT_MS;
    if (carrier_has_news(b->carrier)) b->due_ms[JOB_POLL] = 0;
    b->hinted |= carrier_is_hinted(b->carrier);
    if (!b->hinted || b->pause_ms[JOB_POLL]) return;
    if (b->due_ms[JOB_POLL] > soon_ms) b->due_ms[JOB_POLL] = soon_ms;
}

static int bridge_step(struct bridge *b) {
    TRY(bridge_take(b));
    TRY(bridge_do(b, JOB_SWEEP, bridge_sweep, SWEEP_MS));
    TRY(bridge_do(b, JOB_CARRY, bridge_carry, 0));
    bridge_heed(b);
    TRY(bridge_do(b, JOB_POLL, bridge_poll, b->config->bridge.poll));
    TRY(bridge_do(b, JOB_LOOK, bridge_look, FIT_MS));
    TRY(carrier_say_figures(b->carrier, bridge_away(b)));
    if (clock_ms() >= b->figures_ms) bridge_tell(b);
    return clock_ms() < b->rescan_ms ? 0 : bridge_rescan(b);
}

static int bridge_session(struct bridge *b, struct buf *why) {
    int result = bridge_open(b, why);
    while (result == 0 && !bridge_stopping(b)) result = bridge_step(b);
    bridge_close(b);
    return result;
}

/* ---- the process ---- */

static bool bridge_never_ends(void *opaque) {
    (void)opaque;
    return false;
}

int bridge_setup(const struct config *c, struct buf *address, struct buf *why) {
    struct tool tool;
    TRY(tool_open(&tool, c, &(struct web_watch){.ends = bridge_never_ends}, why));
    int result = tool.fit(tool.self, true, why);
    if (result == 0) buf_str(address, tool.address(tool.self));
    tool.close(tool.self);
    return result;
}

/* A tool that is away is waited for; a project that does not fit is not. */
static int bridge_find_project(struct bridge *b, struct buf *why) {
    int result;
    while ((result = b->tool.fit(b->tool.self, false, why)) == ERR_RETRY || result == ERR_ABORT) {
        if (bridge_stopping(b)) return ERR_STOPPED;
        buf_reset(why);
        bridge_wait(b, PAUSE_MOST_MS);
    }
    b->due_ms[JOB_LOOK] = clock_ms() + FIT_MS;
    return result == ERR_MISSING ? ERR_CONFIG : result;
}

static bool bridge_goes_on(const struct bridge *b, int result) {
    return !bridge_stopping(b) && result != ERR_FENCED && result != ERR_CONFIG;
}

int bridge_run(const struct config *c, const _Atomic bool *stop, struct buf *why) {
    struct bridge b = {.config = c, .stop = stop, .watchdog_ms = systemd_watchdog_ms()};
    TRY(tool_open(&b.tool, c, &(struct web_watch){bridge_request_ends, &b}, why));
    int result = bridge_find_project(&b, why);
    if (result == 0)
        while (bridge_goes_on(&b, result = bridge_session(&b, why))) bridge_wait(&b, PAUSE_MOST_MS);
    if (result == ERR_FENCED) buf_str(why, "another bridge of this service.name has begun");
    b.tool.close(b.tool.self);
    arena_release(&b.arena);
    return bridge_stopping(&b) ? 0 : result;
}
