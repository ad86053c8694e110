/* The way of answers back: a poll of what changed, and which of it is news.
 *
 * Of a task the annotation that was changed last, and names a class or skips, is its answer. It is
 * written when it is not what the bridge said last of that task: so an edit becomes a later answer,
 * a deleted annotation gives way to another reader's, and when none is left the task is said to be
 * skipped, which takes the label back (store/join_rules.h). Its `time` is the annotation's, or just
 * behind what was said before, since the later one counts.
 *
 * Labels and the place of the poll are one transaction. A crash before it leaves both undone: the
 * next life polls the same changes. What was said is read from the labels topic at each start, so
 * changes that are polled twice (the last seconds always are: a tool may commit a change later than
 * it stamps it) are written once.
 *
 * Thread: main thread */
#include "carrier_private.h"

#include "base/log.h"
#include "base/rng.h"

enum {
    OVERLAP_US = 5000000,  // so far behind the newest change the next poll begins
    KEEP_US = 60 * 1000000 // a place that moved so far is written without a label, too
};

static uint64_t carrier_hash(struct text t) { return hash_bytes(t.at, t.len); }

/* Said once: the last seconds are polled again and again. */
static void carrier_refuse_choice(struct carrier *c, const struct tool_task *t,
                                  const struct tool_annotation *a) {
    if (a->time_ms <= c->refused_ms) return;
    c->refused_ms = a->time_ms;
    c->counts.unknown_class++;
    LOG(WARNING, "bridge_unknown_class",
        "an answer in the annotation tool is none of model.classes; it counts as none",
        L_TEXT("id", t->id), L_TEXT("answer", a->choice));
}

void carrier_label(struct carrier *c, const struct label *l) {
    struct said s = {.ours = text_equal(l->source, TEXT(CARRIER_SOURCE)),
                     .class_ = l->label.at ? config_class(c->config, l->label) : -1,
                     .annotator = carrier_hash(l->annotator),
                     .time_ms = l->time_ms};
    if (!l->id.at || task_id_parse(s.id, l->id) < 0) return;
    if (l->label.at && s.class_ < 0) return; // no answer: the task stays open
    said_note(&c->said, &s);
}

/* The annotation that counts; NULL: none does. */
static const struct tool_annotation *carrier_newest(struct carrier *c, const struct tool_task *t) {
    const struct tool_annotation *newest = NULL;
    for (size_t i = 0; i < t->n; i++) {
        const struct tool_annotation *a = &t->annotation[i];
        if (a->choice.at && config_class(c->config, a->choice) < 0) carrier_refuse_choice(c, t, a);
        else if (!newest || a->time_ms >= newest->time_ms) newest = a;
    }
    return newest;
}

static bool carrier_is_said(const struct said *s, const struct tool_annotation *a, int32_t class_,
                            const struct label *l) {
    if (!s || !s->ours) return !a; // nothing to be taken back
    if (!a) return s->class_ < 0;
    return s->class_ == class_ && s->annotator == carrier_hash(l->annotator) &&
           a->time_ms <= s->time_ms;
}

/* Whether the task has news; then *l is what to write. */
static bool carrier_news(struct carrier *c, const struct tool_task *t, struct label *l) {
    uint8_t id[TASK_ID_BYTES];
    if (!t->id.at || task_id_parse(id, t->id) < 0) return false;
    const struct tool_annotation *a = carrier_newest(c, t);
    const struct said *s = said_find(&c->said, id);
    int32_t class_ = a && a->choice.at ? config_class(c->config, a->choice) : -1;
    *l = (struct label){.id = t->id,
                        .label = class_ < 0 ? (struct text){0} : a->choice,
                        .outcome = class_ < 0 ? LABEL_SKIPPED : LABEL_LABELLED,
                        .annotator = a ? a->annotator : (struct text){0},
                        .source = TEXT(CARRIER_SOURCE),
                        .time_ms = a ? a->time_ms : t->changed_us / 1000,
                        .confidence = 1};
    if (carrier_is_said(s, a, class_, l)) return false;
    if (s && s->ours && l->time_ms <= s->time_ms) l->time_ms = s->time_ms + 1;
    return true;
}

/* The place moves with the labels, and else only now and then. */
static int carrier_say(struct carrier *c, const struct label *label, size_t n, int64_t seen_us) {
    int64_t before_us = c->state.poll_us;
    if (!n && seen_us - before_us < KEEP_US) return 0;
    c->state.poll_us = seen_us;
    int result = carrier_write(c, label, n, false);
    if (result < 0) c->state.poll_us = before_us;
    return result;
}

static int carrier_take_page(struct carrier *c, const struct tool_page *page, int64_t seen_us) {
    struct label *label = xcalloc(page->n, sizeof *label);
    size_t n = 0;
    for (size_t i = 0; i < page->n; i++) n += carrier_news(c, &page->task[i], &label[n]);
    int result = carrier_say(c, label, n, seen_us);
    for (size_t i = 0; result == 0 && i < n; i++) {
        carrier_label(c, &label[i]);
        *(label[i].label.at ? &c->counts.answered : &c->counts.skipped) += 1;
    }
    free(label);
    if (result == 0) c->seen_us = seen_us;
    return result;
}

/* Pages are not numbered on, since a change in the middle of a poll would move tasks between them:
 * the next one begins behind the last change of this one. Only where a whole page has one time is
 * the next number asked for. */
int carrier_poll(struct carrier *c) {
    int64_t since_us = c->seen_us;
    struct tool_page page = {.more = true};
    for (int number = 1; page.more;) {
        arena_reset(&c->answers);
        page = (struct tool_page){0};
        TRY(c->ports.tool.changed(c->ports.tool.self, since_us, number, &c->answers, &page));
        if (!page.n) return 0;
        int64_t last_us = page.task[page.n - 1].changed_us;
        int64_t keep_us = last_us - OVERLAP_US;
        TRY(carrier_take_page(c, &page, keep_us > c->seen_us ? keep_us : c->seen_us));
        bool same = page.task[0].changed_us == last_us;
        number = same ? number + 1 : 1;
        if (!same) since_us = last_us - 1;
    }
    return 0;
}
