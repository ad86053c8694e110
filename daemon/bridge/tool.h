/* The seam between the carrier and an annotation tool: what any tool must be able to do. One file a
 * tool fills the table below (label_studio.c).
 *
 * What each may answer, beside 0:
 *   ERR_ABORT    surely nothing was done: refused, or never reached
 *   ERR_RETRY    whether it was done is not known, or the tool is in trouble
 *   ERR_INPUT    import only: a record is not what the tool takes, and none was imported
 *   ERR_STOPPED  we end
 *
 * Thread: main thread */
#pragma once

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* What one reader said to a task. */
struct tool_annotation {
    struct text choice;    // name of the class; at NULL: skipped
    struct text annotator; // who
    int64_t time_ms;       // of the last change
};

/* A task as the tool has it now. */
struct tool_task {
    struct text id;     // the task id that was imported with it; at NULL: not ours
    int64_t changed_us; // when the tool last changed it, by its own clock
    const struct tool_annotation *annotation; // (n)
    size_t n;
};

struct tool_page {
    const struct tool_task *task; // (n), oldest change first; in the arena
    size_t n;
    bool more; // the page was full
};

struct tool {
    void *self;
    /* found[i]: whether the tool has a task of id[i]; both (n). */
    int (*find)(void *self, const struct text *id, size_t n, bool *found);
    /* Makes tasks of records as they stand on the tasks topic, all (n) or none. */
    int (*import)(void *self, const struct text *record, size_t n, int64_t timeout_ms);
    /* Tasks that wait for people. */
    int (*open)(void *self, int64_t *n);
    /* Tasks changed after since_us; page: from 1. */
    int (*changed)(void *self, int64_t since_us, int page, struct arena *arena,
                   struct tool_page *out);
};
