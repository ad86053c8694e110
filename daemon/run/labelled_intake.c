/* Takes one record of tasks or labels into the store: reads what anybody may have written, refuses
 * what can not be read, joins the rest.
 *
 * A record is taken within a transaction of the store that may yet fail and be tried again. So
 * nothing is told of it here: what it adds to the figures is kept until the round is committed, in
 * the order of the records. Only the log hears of a record at once.
 *
 * Thread: learner thread */
#include "labelled_intake.h"

#include "base/log.h"
#include "encode/own_event.h"
#include "labelled_said.h"
#include "labelled_topic.h"
#include "metrics/metrics.h"

enum { ARENA_KEPT = 1 << 22 }; // bytes kept from record to record

struct labelled_intake {
    struct learning *learning;
    struct label_letters *letters;
    struct own_events *events;
    struct arena arena;
    struct store *store; // of the record that is taken
    int64_t now_ms;      // the same
    struct task_asked *asked;
    size_t asked_n;
    struct answered *answered;
    size_t answered_n;
};

/* ---- tasks ---- */

/* What a third reader would be shown, of those that are paid for. */
static int labelled_intake_keep(struct labelled_intake *i, const struct task *t,
                                struct text record) {
    int most = (int)i->learning->config->people.opinions;
    bool more = task_reader(t) == 2 && t->opinions > 2 && most > 2;
    return more && t->expires_ms > i->now_ms ? store_keep_task(i->store, t, record) : 0;
}

static int labelled_intake_task(struct labelled_intake *i, const struct reader_record *r) {
    struct task t;
    const char *why = "";
    if (task_read(&t, r->value, &i->arena, &why) < 0) {
        LOG(WARNING, "task_unreadable", why, L_I64("partition", r->partition),
            L_I64("offset", r->offset));
        return 0;
    }
    metric_add(METRIC_tasks_read, 1);
    struct answered joined;
    int result = store_put_task(i->store, &t, &i->asked[i->asked_n], &joined);
    i->asked_n += result >= 0;
    if (result == 1) i->answered[i->answered_n++] = joined;
    if (result >= 0) return labelled_intake_keep(i, &t, r->value);
    return result == ERR_MISMATCH ? 0 : result;
}

/* ---- labels ---- */

/* Neither an answer nor anything that could become one. */
static int labelled_intake_refuse(struct labelled_intake *i, const struct reader_record *r,
                                  enum label_fate fate, const char *why) {
    i->answered[i->answered_n++] =
        (struct answered){.fate = fate, .latency_ms = -1, .waited_ms = -1};
    if (fate == FATE_NO_ANSWER) return 0;
    label_letters_add(i->letters, r, why);
    LOG(WARNING, "label_unreadable", why, L_I64("partition", r->partition),
        L_I64("offset", r->offset));
    return 0;
}

static int labelled_intake_label(struct labelled_intake *i, const struct reader_record *r) {
    struct label label;
    const char *why = "it has no value";
    int read = !r->value.at ? ERR_INPUT
                            : label_read(&label, i->learning->config, r->value, r->key, r->time_ms,
                                         &i->arena, &why);
    if (read == ERR_MISSING) return labelled_intake_refuse(i, r, FATE_NO_ANSWER, why);
    const double *row = read == 0 && label.data.at
                            ? own_events_row(i->events, label.data, label.time_ms, &why)
                            : NULL;
    if (read < 0 || (label.data.at && !row))
        return labelled_intake_refuse(i, r, FATE_UNREADABLE, why);
    TRY(store_put_label(i->store, &label, r->partition, r->offset, i->now_ms, row,
                        &i->answered[i->answered_n]));
    labelled_said_fate(i->learning->classes, &label, i->answered[i->answered_n].fate);
    i->answered_n++;
    return 0;
}

/* ---- both ---- */

int labelled_intake_take(struct labelled_intake *i, struct store *store,
                         const struct reader_record *r, int64_t now_ms) {
    i->store = store;
    i->now_ms = now_ms;
    int result =
        r->topic == LABELLED_TASKS ? labelled_intake_task(i, r) : labelled_intake_label(i, r);
    arena_trim(&i->arena, ARENA_KEPT); // a round's memory is that of its largest record
    return result;
}

void labelled_intake_begin(struct labelled_intake *i) { i->asked_n = i->answered_n = 0; }

struct labelled_taken labelled_intake_taken(const struct labelled_intake *i) {
    return (struct labelled_taken){i->asked, i->asked_n, i->answered, i->answered_n};
}

int labelled_intake_create(struct labelled_intake **out, struct learning *learning,
                           struct label_letters *letters, size_t most) {
    struct labelled_intake *i = *out = xcalloc(1, sizeof *i);
    i->learning = learning;
    i->letters = letters;
    i->asked = xcalloc(most, sizeof *i->asked);
    i->answered = xcalloc(most, sizeof *i->answered);
    return own_events_create(&i->events, learning->config, learning->shared->features);
}

void labelled_intake_destroy(struct labelled_intake *i) {
    if (!i) return;
    own_events_destroy(i->events);
    arena_release(&i->arena);
    free(i->asked);
    free(i->answered);
    free(i);
}
