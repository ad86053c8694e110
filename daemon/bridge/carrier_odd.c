/* Answers that cannot be read: waited for, then passed over, and never in silence.
 *
 * A tool may answer nonsense for a moment, so such a task is asked for again first, for
 * PATIENCE_MS; readable tasks of its page are taken meanwhile. After that the answer is a dead
 * letter, which names the task, and the poll goes on behind it: one answer in a shape that nobody
 * knows must not hold up all others. What was said of the task stands. It is looked at again when
 * somebody changes it in the tool. A restart may tell one twice, as it polls its last changes
 * again.
 *
 * Thread: main thread */
#include "carrier_private.h"

#include "base/log.h"

enum { PATIENCE_MS = 30000 };

/* The oldest that is told makes room for a new one; where none is, the oldest. */
static struct carrier_odd *carrier_odd_room(struct carrier *c) {
    if (c->odds < ODD_MOST) return &c->odd[c->odds++];
    size_t at = 0;
    while (at < ODD_MOST && !c->odd[at].told) at++;
    if (at == ODD_MOST) at = 0;
    memmove(&c->odd[at], &c->odd[at + 1], (ODD_MOST - at - 1) * sizeof *c->odd);
    return &c->odd[ODD_MOST - 1];
}

static struct carrier_odd *carrier_odd_of(struct carrier *c, const struct tool_task *t) {
    for (size_t i = 0; i < c->odds; i++)
        if (c->odd[i].number == t->number && c->odd[i].changed_us == t->changed_us)
            return &c->odd[i];
    struct carrier_odd *o = carrier_odd_room(c);
    *o = (struct carrier_odd){t->number, t->changed_us, carrier_now(c), false};
    LOG(WARNING, "bridge_unreadable",
        "an answer in the annotation tool cannot be read; it is asked for again, and passed over "
        "when that does not help",
        L_TEXT("id", t->id), L_I64("task", t->number));
    return o;
}

void carrier_note_odd(struct carrier *c, const struct tool_task *t) {
    struct carrier_odd *o = carrier_odd_of(c, t);
    int64_t waited_ms = carrier_now(c) - o->since_ms;
    if (waited_ms < 0) o->since_ms = carrier_now(c); // the clock was set back
    if (o->told) return;
    if (waited_ms < PATIENCE_MS) c->waits = true;
    else
        c->unreadable[c->unreadables++] =
            (struct carrier_unreadable){t->id, t->number, t->changed_us, t->unreadable};
}

void carrier_told_odd(struct carrier *c) {
    for (size_t i = 0; i < c->unreadables; i++) {
        const struct carrier_unreadable *u = &c->unreadable[i];
        for (size_t j = 0; j < c->odds; j++)
            if (c->odd[j].number == u->number && c->odd[j].changed_us == u->changed_us)
                c->odd[j].told = true;
        LOG(ERROR, "bridge_passed_over",
            "an answer in the annotation tool cannot be read; it is on the dead-letters topic, and "
            "the task keeps what was said of it",
            L_TEXT("id", u->id), L_I64("task", u->number));
    }
}
