/* Tasks out of the tool again: what nobody needs to answer any more.
 *
 * Only what nobody answered, skipped or began is ever taken out, and the tool looks at that once
 * more at the moment of it (tool.drop). A task that is there twice cannot come from a crash of
 * ours; a server that took longer than twice the time-out, or people who imported by hand, leave
 * one. Of its copies the one that somebody touched is kept, else the oldest.
 *
 * Thread: main thread */
#include "carrier_private.h"

#include "base/log.h"

/* A task that waits and has copies. */
struct sweep_copy {
    struct text id; // in the sweep's arena
    int64_t number;
    size_t copies; // of its id in the tool, this one included
};

struct sweep {
    struct carrier *carrier;
    struct arena page, kept;
    struct sweep_copy *copy; // (n)
    size_t n, cap;
};

static int sweep_drop(struct sweep *s, const int64_t *number, size_t n, const char *why) {
    struct carrier *c = s->carrier;
    for (size_t i = 0; i < n; i += TOOL_PAGE) {
        size_t dropped = 0;
        TRY(c->ports.tool.drop(c->ports.tool.self, number + i,
                               n - i < TOOL_PAGE ? n - i : TOOL_PAGE, &dropped));
        c->state.figures.count[BRIDGE_WITHDRAWN] += dropped;
        if (dropped)
            LOG(INFO, "bridge_withdrawn", "tasks were taken out of the annotation tool",
                L_U64("tasks", dropped), L_STR("why", why));
    }
    return 0;
}

static int sweep_expired(struct sweep *s, const struct tool_page *page) {
    int64_t number[TOOL_PAGE], now_ms = carrier_now(s->carrier);
    size_t n = 0;
    if (s->carrier->config->bridge.on_expiry != ON_EXPIRY_DELETE) return 0;
    for (size_t i = 0; i < page->n; i++) {
        const struct tool_task *t = &page->task[i];
        if (t->id.at && t->expires_ms && t->expires_ms <= now_ms) number[n++] = t->number;
    }
    return sweep_drop(s, number, n, "expired");
}

/* ---- copies ---- */

/* Notes those of the page that are there more than once. */
static int sweep_note_copies(struct sweep *s, const struct tool_page *page) {
    const struct tool_task *of[TOOL_PAGE];
    struct text id[TOOL_PAGE];
    size_t copies[TOOL_PAGE], n = 0;
    for (size_t i = 0; i < page->n; i++) {
        if (!page->task[i].id.at) continue;
        of[n] = &page->task[i];
        id[n++] = page->task[i].id;
    }
    TRY(n ? s->carrier->ports.tool.find(s->carrier->ports.tool.self, id, n, copies) : 0);
    for (size_t i = 0; i < n; i++) {
        if (copies[i] < 2) continue;
        if (s->n == s->cap) {
            s->cap = s->cap ? 2 * s->cap : TOOL_PAGE;
            s->copy = xrealloc(s->copy, s->cap * sizeof *s->copy);
        }
        s->copy[s->n++] =
            (struct sweep_copy){arena_text(&s->kept, id[i]), of[i]->number, copies[i]};
    }
    return 0;
}

static int sweep_order(const void *left, const void *right) {
    const struct sweep_copy *a = left, *b = right;
    int order = strcmp(a->id.at, b->id.at);
    return order ? order : (a->number > b->number) - (a->number < b->number);
}

/* Of copies that all wait the oldest stays; else none of them needs to. */
static int sweep_drop_copies(struct sweep *s) {
    int64_t *number = xcalloc(s->n + 1, sizeof *number);
    size_t n = 0;
    if (s->n) qsort(s->copy, s->n, sizeof *s->copy, sweep_order);
    for (size_t i = 0, end; i < s->n; i = end) {
        for (end = i; end < s->n && text_equal(s->copy[end].id, s->copy[i].id);) end++;
        bool all_wait = end - i >= s->copy[i].copies;
        for (size_t j = i + all_wait; j < end; j++) number[n++] = s->copy[j].number;
    }
    int result = sweep_drop(s, number, n, "there twice");
    free(number);
    return result;
}

/* ---- the sweep ---- */

static int sweep_pages(struct sweep *s) {
    struct carrier *c = s->carrier;
    struct tool_page page = {.more = true};
    for (int64_t after = 0; page.more;) {
        arena_reset(&s->page);
        page = (struct tool_page){0};
        TRY(c->ports.tool.waiting(c->ports.tool.self, after, &s->page, &page));
        if (!page.n) return 0;
        after = page.task[page.n - 1].number;
        TRY(sweep_expired(s, &page));
        if (!c->swept) TRY(sweep_note_copies(s, &page));
    }
    return 0;
}

int carrier_sweep(struct carrier *c) {
    struct sweep s = {.carrier = c};
    if (!c->ports.tool.waiting) return 0;
    int result = sweep_pages(&s);
    if (result == 0 && !c->swept) result = sweep_drop_copies(&s);
    c->swept |= result == 0;
    free(s.copy);
    arena_release(&s.page);
    arena_release(&s.kept);
    return result;
}
