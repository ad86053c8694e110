/* Answers that cannot be read: waited for, then passed over, and never in silence.
 *
 * A tool may answer nonsense for a moment, so such a task is asked for again first, for
 * PATIENCE_MS; all others are taken meanwhile, those behind it too, and what else cannot be read
 * waits beside it. After that the answer is a dead letter, which names the task, in the transaction
 * that ends the poll: one for all of them, with the place of the next poll. One answer in a shape
 * that nobody knows must not hold up all others. What was said of the task stands. It is looked at
 * again when somebody changes it in the tool.
 *
 * The next life polls the last changes again, so those of them that are told are kept in the state.
 *
 * Thread: main thread */
#include "carrier_private.h"

#include "base/log.h"
#include "route/dead_letter.h"

enum {
    PATIENCE_MS = 30000,
    TEXTS_MOST = 4 << 20 // bytes that are told at once; the rest with the next poll
};

void carrier_begin_odd(struct carrier *c) {
    c->unreadables = 0;
    c->wait_us = c->hold_us = INT64_MAX;
    c->crowded = false;
    arena_reset(&c->unreadable_texts);
}

static void carrier_drop_odd(struct carrier *c, size_t at) {
    memmove(&c->odd[at], &c->odd[at + 1], (c->odds - at - 1) * sizeof *c->odd);
    c->odds--;
}

/* Those that are told and not asked for again make room for a new one, then the oldest that is
 * told. NULL: all of them are waited for. */
static struct carrier_odd *carrier_odd_room(struct carrier *c) {
    size_t told = ODD_MOST;
    for (size_t i = c->odds; i-- > 0 && c->odds == ODD_MOST;) {
        if (c->odd[i].told && c->odd[i].task.changed_us <= c->seen_us) carrier_drop_odd(c, i);
        else if (c->odd[i].told) told = i;
    }
    if (c->odds == ODD_MOST && told < ODD_MOST) carrier_drop_odd(c, told);
    return c->odds < ODD_MOST ? &c->odd[c->odds++] : NULL;
}

static bool carrier_is_odd(const struct carrier_odd *o, int64_t number, int64_t changed_us) {
    return o->task.number == number && o->task.changed_us == changed_us;
}

static struct carrier_odd *carrier_odd_of(struct carrier *c, const struct tool_task *t) {
    for (size_t i = 0; i < c->odds; i++)
        if (carrier_is_odd(&c->odd[i], t->number, t->changed_us)) return &c->odd[i];
    struct carrier_odd *o = carrier_odd_room(c);
    if (!o) return NULL;
    *o = (struct carrier_odd){{t->number, t->changed_us}, carrier_now(c), false};
    LOG(WARNING, "bridge_unreadable",
        "an answer in the annotation tool cannot be read; it is asked for again, and passed over "
        "when that does not help",
        L_TEXT("id", t->id), L_I64("task", t->number));
    return o;
}

/* To be told at the end of the poll; the page is gone by then. */
static void carrier_keep_unreadable(struct carrier *c, const struct tool_task *t) {
    struct text record = t->unreadable;
    CHECK(c->unreadables < ODD_MOST);
    if (record.len > DEAD_LETTER_VALUE_MAX) record.len = DEAD_LETTER_VALUE_MAX;
    c->unreadable[c->unreadables++] =
        (struct carrier_unreadable){.id = arena_text(&c->unreadable_texts, t->id),
                                    .number = t->number,
                                    .changed_us = t->changed_us,
                                    .record = arena_text(&c->unreadable_texts, record),
                                    .bytes = t->unreadable.len};
}

static bool carrier_is_kept(const struct carrier *c, const struct tool_task *t) {
    for (size_t i = 0; i < c->unreadables; i++)
        if (c->unreadable[i].number == t->number && c->unreadable[i].changed_us == t->changed_us)
            return true;
    return false;
}

void carrier_note_odd(struct carrier *c, const struct tool_task *t) {
    struct carrier_odd *o = carrier_odd_of(c, t);
    int64_t waited_ms = o ? carrier_now(c) - o->since_ms : 0;
    if (waited_ms < 0) o->since_ms = carrier_now(c); // the clock was set back
    if (o && o->told) return;
    if (t->changed_us - 1 < c->hold_us) c->hold_us = t->changed_us - 1;
    c->crowded |= !o;
    if (waited_ms >= PATIENCE_MS && c->unreadable_texts.used < TEXTS_MOST) {
        if (!carrier_is_kept(c, t)) carrier_keep_unreadable(c, t);
    } else if (t->changed_us - 1 < c->wait_us) {
        c->wait_us = t->changed_us - 1;
    }
}

void carrier_state_odd(struct carrier *c, bool telling) {
    c->state.tolds = 0;
    for (size_t i = 0; i < c->odds; i++)
        if (c->odd[i].told && c->odd[i].task.changed_us > c->state.poll_us)
            carrier_state_tell(&c->state, &c->odd[i].task);
    for (size_t i = 0; telling && i < c->unreadables; i++)
        if (c->unreadable[i].changed_us > c->state.poll_us)
            carrier_state_tell(&c->state, &(struct carrier_mark){c->unreadable[i].number,
                                                                 c->unreadable[i].changed_us});
}

void carrier_told_odd(struct carrier *c) {
    for (size_t i = 0; i < c->unreadables; i++) {
        const struct carrier_unreadable *u = &c->unreadable[i];
        for (size_t j = 0; j < c->odds; j++)
            if (carrier_is_odd(&c->odd[j], u->number, u->changed_us)) c->odd[j].told = true;
        LOG(ERROR, "bridge_passed_over",
            "an answer in the annotation tool cannot be read; it is on the dead-letters topic, and "
            "the task keeps what was said of it",
            L_TEXT("id", u->id), L_I64("task", u->number));
    }
    c->unreadables = 0;
}
