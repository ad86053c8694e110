/* The seam between the carrier and an annotation tool: what any tool must be able to do. One file a
 * tool fills the table below (tool.c lists them).
 *
 * What each call may answer, beside 0:
 *   ERR_ABORT    surely nothing was done: refused, or never reached
 *   ERR_RETRY    whether it was done is not known, or the tool is in trouble
 *   ERR_INPUT    import only: a record is not what the tool takes, and none was imported
 *   ERR_STOPPED  we end
 *
 * A tool is the world: what it says is bounded and checked before it comes through here.
 *
 * Thread: main thread */
#pragma once

#include "base/arena.h"
#include "config/config.h"
#include "store/label.h"
#include "web/web_call.h"

enum { TOOL_PAGE = 100 }; // most tasks of a page

/* What one reader said to a task. */
struct tool_annotation {
    struct text choice;    // name of the class; at NULL: skipped
    struct text annotator; // who; at most LABEL_NAME_MAX bytes
    int64_t time_ms;       // of the last change, 0 to TASK_TIME_MOST
    int64_t number;        // the tool's own
};

/* A task as the tool has it now. */
struct tool_task {
    struct text id;     // the task id that was imported with it; at NULL: not ours
    int64_t number;     // the tool's own
    int64_t changed_us; // when the tool last changed it, by its own clock, from 0
    int64_t expires_ms; // as the task says; 0: it does not
    const struct tool_annotation *annotation; // (n)
    size_t n;
    struct text unreadable; // the task as the tool says it, where its answers cannot be read; then
                            // there is no annotation, and maybe no id. At NULL: they can
};

struct tool_page {
    const struct tool_task *task; // (n), at most TOOL_PAGE; in the arena
    size_t n;
    bool more; // the page was full
};

/* A task to be imported. */
struct tool_record {
    struct text id, record; // the record as it stands on the tasks topic
};

struct tool {
    void *self;
    const char *source; // `source` of its labels
    size_t most;        // tasks of one import; 0: as many as there are
    bool idempotent;    // the same task again makes no second one: nothing to be looked up or
                        // waited for after a crash
    /* Finds what tasks go into, with `make` makes it, and looks whether it fits the configuration.
     * ERR_MISSING: it is not there; ERR_CONFIG: it is not fit, or refuses us; ERR_ABORT,
     * ERR_RETRY: the tool is away. All with *why. */
    int (*fit)(void *self, bool make, struct buf *why);
    const char *(*address)(void *self); // where people find it; valid until the next call
    void (*close)(void *self);
    /* Makes tasks of all (n) records, or of none. */
    int (*import)(void *self, const struct tool_record *record, size_t n, int64_t timeout_ms);
    /* Tasks that wait for people; -1: it cannot tell. */
    int (*open)(void *self, int64_t *n);
    /* copies[i]: how many tasks of id[i] the tool has; both (n). NULL: idempotent. */
    int (*find)(void *self, const struct text *id, size_t n, size_t *copies);

    /* Of a tool that is asked for answers; all NULL: it sends them. */

    /* Tasks changed after since_us, oldest change first, but for those that are changed while it
     * looks; page: from 1. */
    int (*changed)(void *self, int64_t since_us, int page, struct arena *arena,
                   struct tool_page *out);
    /* Whether something is said to have changed since the last call; NULL: nobody says it. */
    bool (*hinted)(void *self);
    /* Takes an annotation away, so that its task waits for people again; 0 also when it is gone. */
    int (*reopen)(void *self, int64_t annotation);
    /* Tasks with a number above `after` that nobody answered, skipped or began, by number. */
    int (*waiting)(void *self, int64_t after, struct arena *arena, struct tool_page *out);
    /* Deletes those of the tasks (n) that still nobody answered, skipped or began. */
    int (*drop)(void *self, const int64_t *number, size_t n, size_t *dropped);

    /* Of a tool that sends answers; all NULL: it is asked. */

    bool (*has_sent)(void *self);
    /* What it sent, (n), borrowed until `taken`, which tells it the outcome: 0: they are written.
     */
    size_t (*sent)(void *self, const struct label **out);
    void (*taken)(void *self, int result);
};

/* Connects to the tool that bridge.tool names. ERR_CONFIG with *why. */
int tool_open(struct tool *out, const struct config *c, const struct web_watch *watch,
              struct buf *why) MUST_CHECK;
