/* The way of tasks to people, and its rules of crash.
 *
 * A batch is what was read from the tasks topic and is not known to be in the tool.
 *
 *   1. wait     until no earlier request can still work (state.until_ms)
 *   2. find     which ids of the batch the tool has already: those are settled
 *   3. commit   "a batch may be on its way until T" (state.until_ms = T)
 *   4. import   with a time-out that ends before T, and leaves the tool as long again to finish
 *   5. commit   positions behind the batch, no batch on its way, dead letters of what was refused
 *
 * A crash before 3 leaves nothing. After 3, whether the tool has the batch is not known: the next
 * life reads the same tasks again, since positions moved in 5 only, waits out T and finds what is
 * there. A look before T would be blind: a server goes on with a request whose client is gone. The
 * same holds without a crash when the answer of 4 was lost. After 5 nothing is left to do. Every
 * batch is looked up, not only after a crash, so a second bridge that took over, a state record
 * that is gone, or a topic that was made anew lead to no task twice either.
 *
 * A time-out is not started late: when the commit of 3 took longer than expected, the import gets
 * what is left, or is not made. T is of the wall clock, so two hosts that share a bridge's name
 * must agree on the time within bridge.timeout.
 *
 * Thread: main thread */
#include "carrier_private.h"

int64_t carrier_now(struct carrier *c) { return c->ports.now_ms(c->ports.opaque); }

struct carrier *carrier_create(const struct carrier_options *options,
                               const struct carrier_ports *ports, struct carrier_state *state) {
    struct carrier *c = xcalloc(1, sizeof *c);
    c->config = options->config;
    c->ports = *ports;
    c->state = *state;
    *state = (struct carrier_state){0};
    c->seen_us = c->state.poll_us;
    c->cap = (size_t)c->config->bridge.batch;
    c->task = xcalloc(c->cap, sizeof *c->task);
    for (; c->odds < c->state.tolds; c->odds++)
        c->odd[c->odds] = (struct carrier_odd){.task = c->state.told[c->odds], .told = true};
    return c;
}

void carrier_destroy(struct carrier *c) {
    if (!c) return;
    carrier_state_release(&c->state);
    free(c->read);
    free(c->task);
    said_release(&c->said);
    arena_release(&c->records);
    arena_release(&c->answers);
    arena_release(&c->unreadable_texts);
    free(c->label);
    buf_release(&c->text);
    free(c);
}

/* ---- figures ---- */

static uint64_t *carrier_count(struct carrier *c, enum bridge_count which) {
    return &c->state.figures.count[which];
}

/* How long ago the oldest task was asked that waits in the batch. */
static int64_t carrier_lag(struct carrier *c, int64_t now_ms) {
    int64_t asked_ms = now_ms;
    for (size_t i = 0; i < c->n; i++)
        if (!c->task[i].settled && c->task[i].asked_ms < asked_ms) asked_ms = c->task[i].asked_ms;
    return now_ms - asked_ms;
}

const struct bridge_figures *carrier_figures(struct carrier *c) {
    c->state.figures.time_ms = carrier_now(c);
    c->state.figures.lag_ms = carrier_lag(c, c->state.figures.time_ms);
    return &c->state.figures;
}

int carrier_say_figures(struct carrier *c, bool away) {
    struct bridge_figures *f = &c->state.figures;
    bool turned = away != f->away, due = carrier_now(c) - c->said_ms >= BRIDGE_SAY_MS;
    f->away = away;
    if (due && !away) (void)c->ports.tool.open(c->ports.tool.self, &f->open); // or as it was
    return due || turned ? carrier_write(c, NULL, 0, WRITE_LABELS) : 0;
}

/* ---- the batch ---- */

int64_t carrier_next(const struct carrier *c, int32_t partition) {
    return partition < c->state.partitions ? c->state.next[partition] : 0;
}

size_t carrier_room(const struct carrier *c) { return c->cap - c->n; }

static void carrier_read(struct carrier *c, int32_t partition, int64_t offset) {
    int32_t before = c->state.partitions;
    carrier_state_grow(&c->state, partition + 1);
    if (c->state.partitions > before || !c->read)
        c->read = xrealloc(c->read, (size_t)c->state.partitions * sizeof *c->read);
    if (!c->moved) before = 0; // what was read is what was carried
    for (int32_t p = before; p < c->state.partitions; p++) c->read[p] = c->state.next[p];
    c->read[partition] = offset + 1;
    c->moved = true;
}

void carrier_offer(struct carrier *c, const struct task *t, struct text record, int32_t partition,
                   int64_t offset) {
    CHECK(carrier_room(c));
    carrier_read(c, partition, offset);
    if (!t) return;
    struct carrier_task *one = &c->task[c->n++];
    *one = (struct carrier_task){.record = arena_text(&c->records, record),
                                 .partition = partition,
                                 .offset = offset,
                                 .asked_ms = t->asked_ms,
                                 .expires_ms = t->expires_ms};
    memcpy(one->id, t->id, sizeof one->id);
}

static size_t carrier_waiting(const struct carrier *c) {
    size_t waiting = 0;
    for (size_t i = 0; i < c->n; i++) waiting += !c->task[i].settled;
    return waiting;
}

/* ---- what need not be asked any more ---- */

static bool carrier_is_closed(const struct carrier *c, const struct carrier_task *t,
                              int64_t now_ms) {
    uint8_t id[TASK_ID_BYTES];
    return t->expires_ms <= now_ms ||
           (task_id_parse(id, text_of(t->id)) == 0 && said_find(&c->said, id, SAID_LAST));
}

static void carrier_settle_closed(struct carrier *c) {
    int64_t now_ms = carrier_now(c);
    for (size_t i = 0; i < c->n; i++)
        if (!c->task[i].settled && carrier_is_closed(c, &c->task[i], now_ms)) {
            c->task[i].settled = true;
            *carrier_count(c, BRIDGE_CLOSED) += 1;
        }
}

/* The same task twice in a batch (at_least_once repeats them) is carried once. */
static void carrier_settle_repeats(struct carrier *c) {
    for (size_t i = 0; i < c->n; i++)
        for (size_t j = 0; j < i && !c->task[i].settled; j++)
            c->task[i].settled = strcmp(c->task[i].id, c->task[j].id) == 0;
}

static int carrier_settle_found(struct carrier *c) {
    size_t n = 0, *place = xcalloc(c->cap, sizeof *place);
    struct text *id = xcalloc(c->cap, sizeof *id);
    size_t *copies = xcalloc(c->cap, sizeof *copies);
    for (size_t i = 0; i < c->n; i++) {
        if (c->task[i].settled) continue;
        id[n] = text_of(c->task[i].id);
        place[n++] = i;
    }
    int result = n ? c->ports.tool.find(c->ports.tool.self, id, n, copies) : 0;
    for (size_t i = 0; result == 0 && i < n; i++) {
        c->task[place[i]].settled = copies[i] > 0;
        *carrier_count(c, BRIDGE_FOUND) += copies[i] > 0;
    }
    free(place);
    free(id);
    free(copies);
    return result;
}

/* ---- the request ---- */

int carrier_write(struct carrier *c, const struct label *label, size_t labels,
                  enum carrier_what what) {
    bool unreadable = what == WRITE_UNREADABLE;
    buf_reset(&c->text);
    carrier_state_odd(c, unreadable);
    (void)carrier_figures(c);
    carrier_state_write(&c->state, &c->text);
    TRY(c->ports.commit(c->ports.opaque,
                        &(struct carrier_commit){.state = buf_view(&c->text),
                                                 .label = label,
                                                 .labels = labels,
                                                 .unreadable = c->unreadable,
                                                 .unreadables = unreadable ? c->unreadables : 0,
                                                 .refused = c->task,
                                                 .tasks = what == WRITE_BATCH ? c->n : 0}));
    c->said_ms = c->state.figures.time_ms;
    return 0;
}

static int carrier_send(struct carrier *c, const size_t *place, size_t n, int64_t timeout_ms) {
    struct tool_record *record = xcalloc(n, sizeof *record);
    for (size_t i = 0; i < n; i++)
        record[i] = (struct tool_record){text_of(c->task[place[i]].id), c->task[place[i]].record};
    int result = c->ports.tool.import(c->ports.tool.self, record, n, timeout_ms);
    free(record);
    return result;
}

/* Imports the tasks at `place` (n): all or none of them. */
static int carrier_request(struct carrier *c, const size_t *place, size_t n) {
    int64_t timeout_ms = c->config->bridge.timeout;
    if (c->ports.tool.idempotent) return carrier_send(c, place, n, timeout_ms);
    c->state.until_ms = carrier_now(c) + 2 * timeout_ms;
    int result = carrier_write(c, NULL, 0, WRITE_LABELS);
    int64_t left_ms = c->state.until_ms - timeout_ms - carrier_now(c);
    if (result == 0 && left_ms <= 0) result = ERR_RETRY;
    if (result < 0) c->state.until_ms = 0; // nothing was sent
    TRY(result);
    result = carrier_send(c, place, n, left_ms);
    if (result == 0 || result == ERR_INPUT || result == ERR_ABORT) c->state.until_ms = 0;
    return result;
}

/* Finds the rows that the tool refuses, by halving what holds one; and what it does not take at
 * once is halved too. */
static int carrier_import(struct carrier *c, const size_t *place, size_t n) {
    size_t most = c->ports.tool.most;
    int result = most && n > most ? ERR_INPUT : carrier_request(c, place, n);
    if (result == ERR_INPUT && n > 1) {
        TRY(carrier_import(c, place, n / 2));
        return carrier_import(c, place + n / 2, n - n / 2);
    }
    if (result < 0 && result != ERR_INPUT) return result;
    for (size_t i = 0; i < n; i++) {
        c->task[place[i]].settled = true;
        c->task[place[i]].refused = result == ERR_INPUT;
    }
    *(result == ERR_INPUT ? carrier_count(c, BRIDGE_REFUSED) : carrier_count(c, BRIDGE_IMPORTED)) +=
        n;
    if (result == 0 && c->state.figures.open >= 0) c->state.figures.open += (int64_t)n;
    return 0;
}

/* As many of those that wait as people have room for. */
static int carrier_import_some(struct carrier *c) {
    int64_t open, room;
    TRY(c->ports.tool.open(c->ports.tool.self, &open));
    c->state.figures.open = open;
    room = open < 0 ? INT64_MAX : c->config->bridge.open_tasks - open;
    if (room <= 0) return ERR_FULL;
    size_t n = 0, *place = xcalloc(c->cap, sizeof *place);
    for (size_t i = 0; i < c->n && (int64_t)n < room; i++)
        if (!c->task[i].settled) place[n++] = i;
    int result = carrier_import(c, place, n);
    free(place);
    return result;
}

static int carrier_done(struct carrier *c) {
    int64_t *next = c->state.next, until_ms = c->state.until_ms;
    if (!c->moved) return 0;
    c->state.next = c->read; // in force only when it is written
    c->state.until_ms = 0;
    int result = carrier_write(c, NULL, 0, WRITE_BATCH);
    c->state.next = next;
    c->state.until_ms = until_ms;
    TRY(result);
    memcpy(c->state.next, c->read, (size_t)c->state.partitions * sizeof *c->read);
    c->state.until_ms = 0;
    c->moved = false;
    c->n = 0;
    arena_reset(&c->records);
    return 0;
}

int carrier_carry(struct carrier *c) {
    int64_t most_ms = carrier_now(c) + 2 * c->config->bridge.timeout;
    if (c->state.until_ms > most_ms) c->state.until_ms = most_ms; // the clock was set back
    carrier_settle_closed(c);
    carrier_settle_repeats(c);
    while (carrier_waiting(c)) {
        if (carrier_now(c) < c->state.until_ms) return ERR_RETRY;
        if (c->ports.tool.find) TRY(carrier_settle_found(c));
        if (carrier_waiting(c)) TRY(carrier_import_some(c));
    }
    return carrier_done(c);
}
