/* Makes the records of a cycle fit their topics.
 *
 * It works on records that are written already: a limit may become known only when the broker has
 * refused a cycle, and by then the samples have been given back. Where the limit is known before,
 * the task is written to fit (pipeline_route.c), and nothing is left to be done here but to compare
 * sizes, once a cycle.
 *
 * Thread: worker thread */
#include "route/trim.h"

#include "route/dead_letter.h"
#include "route/task.h"

/* The headers of the task, and that the value is not the sample's: fields may have been masked or
 * left out for annotators, so `winnowd dead-letters retry` must not feed it as it is. */
static const struct header *trim_headers(struct arena *arena, const struct producer_record *task,
                                         size_t event_bytes) {
    char bytes[24];
    struct header *h = arena_take(arena, (task->headers + 1) * sizeof *h);
    if (task->headers) memcpy(h, task->header, task->headers * sizeof *h);
    snprintf(bytes, sizeof bytes, "%zu", event_bytes);
    h[task->headers] =
        (struct header){TEXT("winnowd.value.bytes"), arena_text(arena, text_of(bytes))};
    return h;
}

/* The dead letter of a task: its event is all that is left of the sample. */
static void trim_to_dead_letter(struct cycle *c, struct producer_record *r) {
    struct task t = {.topic = TEXT(""), .offset = -1};
    struct producer_record task = *r;
    const char *why;
    bool read = task_read(&t, r->value, &c->arena, &why) == 0;
    const struct record sample = {
        .value = t.event, .partition = r->source, .offset = read ? t.offset : -1};
    dead_letter_write(
        c, r, t.topic, &sample, REASON_TASK_TOO_LARGE, (struct text){0},
        &(struct original){trim_headers(&c->arena, &task, t.event.len), task.headers + 1, 0});
}

/* Whether it is a second reader's: its sample has had its outcome with the first one's. */
static bool trim_is_second(struct cycle *c, const struct producer_record *r) {
    struct task t;
    const char *why;
    return task_read(&t, r->value, &c->arena, &why) == 0 && task_reader(&t) > 1;
}

/* false: it is left out. */
static bool trim_task(struct cycle *c, struct producer_record *r, size_t most, struct buf *scratch,
                      struct trimmed *done) {
    struct producer_record without = *r;
    buf_reset(scratch);
    if (task_drop_event(r->value, scratch)) {
        without.value = buf_view(scratch);
        if (record_batch_bytes(&without) <= most) {
            r->value = arena_text(&c->arena, without.value);
            done->events++;
            return true;
        }
    }
    if (trim_is_second(c, r)) return false;
    trim_to_dead_letter(c, r);
    done->tasks++;
    return true;
}

/* false: it is left out. */
static bool trim_record(struct cycle *c, struct producer_record *r, const size_t most[CYCLE_TOPICS],
                        struct buf *scratch, struct trimmed *done) {
    size_t bytes = record_batch_bytes(r);
    if (bytes <= most[r->topic]) return true;
    if (bytes > done->bytes) done->bytes = bytes;
    bool kept = false;
    if (r->topic == CYCLE_TASKS) kept = trim_task(c, r, most[CYCLE_TASKS], scratch, done);
    else if (r->topic == CYCLE_DEAD_LETTERS) kept = ++done->dead_letters;
    if (kept && r->topic == CYCLE_DEAD_LETTERS)
        kept = dead_letter_shorten(c, r, most[CYCLE_DEAD_LETTERS]);
    done->left_out += !kept;
    return kept;
}

struct trimmed trim_cycle(struct cycle *c, const size_t most[CYCLE_TOPICS]) {
    struct trimmed done = {0};
    struct buf scratch = {0};
    size_t kept = 0;
    for (size_t i = 0; i < c->records; i++)
        if (trim_record(c, &c->record[i], most, &scratch, &done)) c->record[kept++] = c->record[i];
    c->records = kept;
    buf_release(&scratch);
    return done;
}
