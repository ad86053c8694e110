/* The way of answers back: a poll of what changed, and which of it is news.
 *
 * Of a task each reader's newest annotation that names a class or skips is that reader's answer;
 * with bridge.opinions 1 the newest of all is the only one. The class that most readers name is the
 * task's, of equals the newest; an answer's confidence is the share of readers who agree with it.
 * An answer is written when it is not what was said last of that reader, and the task's own answer
 * always last and with the largest `time`, since the later one counts (store/join_rules.h). So an
 * edit becomes a later answer, a deleted annotation gives way to what the others said, and when
 * none is left the task is said to be skipped, which takes the label back.
 *
 * An annotation whose choice is no class is taken away in the tool, so that its task waits for
 * people again.
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
    OVERLAP_US = 5000000,   // so far behind the newest change the next poll begins
    KEEP_US = 60 * 1000000, // a place that moved so far is written without a label, too
    TAIL = 10,    // tasks at a page's end, not all of which are changed while the tool looks
    READERS = 32, // of one task, the newest; more than bridge.opinions allows
    PAGES_OF_ONE_MOMENT = 1000 // then the tool tells the same again and again
};
#define AHEAD_US (INT64_C(86400) * 1000000) // a place further ahead of our clock is not kept

/* What a reader says now. */
struct reader_answer {
    const struct tool_annotation *annotation;
    uint64_t who;
    int32_t class_; // -1: skipped
    double confidence;
};

static uint64_t carrier_hash(struct text t) {
    uint64_t hash = hash_bytes(t.at, t.len);
    return hash == SAID_LAST ? 1 : hash;
}

/* ---- what was said ---- */

void carrier_label(struct carrier *c, const struct label *l) {
    struct said s = {.reader = SAID_LAST,
                     .ours = text_equal(l->source, text_of(c->ports.tool.source)),
                     .class_ = l->label.at ? config_class(c->config, l->label) : -1,
                     .annotator = carrier_hash(l->annotator),
                     .confidence = l->confidence,
                     .time_ms = l->time_ms};
    if (!l->id.at || task_id_parse(s.id, l->id) < 0) return;
    if (l->label.at && s.class_ < 0) return; // no answer: the task stays open
    said_note(&c->said, &s);
    s.reader = s.annotator;
    if (s.ours && c->config->bridge.opinions > 1) said_note(&c->said, &s);
}

static bool carrier_is_said(const struct said *s, const struct reader_answer *r) {
    return s && s->ours && s->class_ == r->class_ && s->annotator == r->who &&
           s->confidence == r->confidence && r->annotation->time_ms <= s->time_ms;
}

/* ---- what readers say ---- */

/* A choice that is no class is told once, and its annotation is taken away. */
static int carrier_refuse_choice(struct carrier *c, const struct tool_task *t,
                                 const struct tool_annotation *a) {
    struct said mark = {.time_ms = a->time_ms};
    if (task_id_parse(mark.id, t->id) < 0) return 0;
    mark.reader = hash_bytes(&a->number, sizeof a->number);
    const struct said *told = said_find(&c->said, mark.id, mark.reader);
    if (told && told->time_ms >= a->time_ms) return 0;
    int result = c->ports.tool.reopen(c->ports.tool.self, a->number);
    if (result < 0 && result != ERR_ABORT) return result; // where it is not allowed it stays
    said_note(&c->said, &mark);
    c->state.figures.count[BRIDGE_NO_CLASS]++;
    LOG(WARNING, "bridge_unknown_class",
        "an answer in the annotation tool is none of model.classes: it counts as none",
        L_TEXT("id", t->id), L_TEXT("answer", a->choice), L_TEXT("annotator", a->annotator),
        L_BOOL("waits_again", result == 0));
    return 0;
}

/* Puts an annotation in its place: one a reader, newest first. */
static size_t carrier_insert(const struct carrier *c, struct reader_answer of[READERS + 1],
                             size_t n, struct reader_answer one) {
    bool single = c->config->bridge.opinions == 1;
    size_t at = 0;
    while (at < n && of[at].annotation->time_ms > one.annotation->time_ms) {
        if (single || of[at].who == one.who) return n;
        at++;
    }
    memmove(&of[at + 1], &of[at], (n - at) * sizeof *of);
    of[at] = one;
    n++;
    for (size_t i = at + 1; i < n; i++)
        if (single || of[i].who == one.who) {
            memmove(&of[i], &of[i + 1], (n - i - 1) * sizeof *of);
            n--;
            break;
        }
    return n < READERS ? n : READERS;
}

/* Newest first; returns how many, or an error of the tool. */
static int carrier_readers(struct carrier *c, const struct tool_task *t,
                           struct reader_answer of[READERS + 1]) {
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        const struct tool_annotation *a = &t->annotation[i];
        struct reader_answer one = {.annotation = a,
                                    .who = carrier_hash(a->annotator),
                                    .class_ =
                                        a->choice.at ? config_class(c->config, a->choice) : -1,
                                    .confidence = 1};
        if (a->choice.at && one.class_ < 0) TRY(carrier_refuse_choice(c, t, a));
        else n = carrier_insert(c, of, n, one);
    }
    return (int)n;
}

/* Sets who agrees with whom; returns whose answer is the task's. */
static size_t carrier_agree(struct reader_answer *of, size_t n) {
    size_t best = 0, most = 0, named = 0;
    for (size_t i = 0; i < n; i++) named += of[i].class_ >= 0;
    for (size_t i = 0; i < n; i++) {
        size_t same = 0;
        for (size_t j = 0; j < n; j++) same += of[j].class_ == of[i].class_;
        if (of[i].class_ < 0) continue;
        of[i].confidence = (double)same / (double)named;
        if (same > most) most = same, best = i;
    }
    return best;
}

/* ---- news ---- */

/* A label to be written, and known as said to what follows in this page. */
static void carrier_add(struct carrier *c, const struct tool_task *t, const struct reader_answer *r,
                        int64_t later_than_ms) {
    const struct tool_annotation *a = r ? r->annotation : NULL;
    int64_t time_ms = a ? a->time_ms : t->changed_us / 1000;
    if (c->labels == c->labels_cap) {
        c->labels_cap = c->labels_cap ? 2 * c->labels_cap : TOOL_PAGE;
        c->label = xrealloc(c->label, c->labels_cap * sizeof *c->label);
    }
    c->label[c->labels++] =
        (struct label){.id = t->id,
                       .label = r && r->class_ >= 0 ? a->choice : (struct text){0},
                       .outcome = r && r->class_ >= 0 ? LABEL_LABELLED : LABEL_SKIPPED,
                       .annotator = a ? a->annotator : (struct text){0},
                       .source = text_of(c->ports.tool.source),
                       .time_ms = time_ms > later_than_ms ? time_ms : later_than_ms + 1,
                       .confidence = r ? r->confidence : 1};
}

/* The answers of all readers but the task's; returns the largest time of any label that was said of
 * the task; -1: none was. */
static int64_t carrier_add_others(struct carrier *c, const struct tool_task *t,
                                  const uint8_t id[TASK_ID_BYTES], const struct reader_answer *of,
                                  size_t n, size_t best) {
    const struct said *last = said_find(&c->said, id, SAID_LAST);
    int64_t latest_ms = last && last->ours ? last->time_ms : -1;
    for (size_t i = n; i-- > 0;) {
        const struct said *s = said_find(&c->said, id, of[i].who);
        if (i == best || carrier_is_said(s, &of[i])) continue;
        carrier_add(c, t, &of[i], s && s->ours ? s->time_ms : -1);
        if (c->label[c->labels - 1].time_ms > latest_ms)
            latest_ms = c->label[c->labels - 1].time_ms;
    }
    return latest_ms;
}

/* Nobody's answer is left: what was said is taken back. But a copy of the task that nobody answered
 * says nothing about the other one. */
static int carrier_take_back(struct carrier *c, const struct tool_task *t,
                             const struct said *last) {
    size_t copies = 0;
    if (!last || !last->ours || last->class_ < 0) return 0;
    int64_t said_ms = last->time_ms;
    TRY(c->ports.tool.find(c->ports.tool.self, &t->id, 1, &copies));
    if (copies < 2) carrier_add(c, t, NULL, said_ms);
    return 0;
}

/* Adds what is news of a task. */
static int carrier_news(struct carrier *c, const struct tool_task *t) {
    struct reader_answer of[READERS + 1];
    uint8_t id[TASK_ID_BYTES];
    if (t->id.at && task_id_parse(id, t->id) < 0) return 0; // of others, who work there too
    if (t->unreadable.at) return carrier_note_odd(c, t), 0;
    if (!t->id.at) return 0;
    int n = carrier_readers(c, t, of);
    TRY(n);
    size_t best = carrier_agree(of, (size_t)n), before = c->labels;
    const struct said *last = said_find(&c->said, id, SAID_LAST);
    if (!n) return carrier_take_back(c, t, last);
    int64_t latest_ms = carrier_add_others(c, t, id, of, (size_t)n, best);
    if (c->labels > before || !carrier_is_said(last, &of[best]))
        carrier_add(c, t, &of[best], latest_ms);
    return 0;
}

/* ---- writing ---- */

/* Labels, or what could not be read, with the place, and what they count. */
static int carrier_write_news(struct carrier *c, const struct label *label, size_t n,
                              enum carrier_what what) {
    struct bridge_figures before = c->state.figures;
    for (size_t i = 0; i < n; i++)
        c->state.figures.count[label[i].label.at ? BRIDGE_ANSWERED : BRIDGE_SKIPPED]++;
    if (what == WRITE_UNREADABLE) c->state.figures.count[BRIDGE_UNREADABLE] += c->unreadables;
    int result = carrier_write(c, label, n, what);
    if (result < 0) {
        c->state.figures = before;
        return result;
    }
    for (size_t i = 0; i < n; i++) carrier_label(c, &label[i]);
    if (what == WRITE_UNREADABLE) carrier_told_odd(c);
    return 0;
}

/* The place moves with what is written, and else only now and then. */
static int carrier_say(struct carrier *c, int64_t seen_us, enum carrier_what what) {
    int64_t before_us = c->state.poll_us;
    bool news = what == WRITE_UNREADABLE || c->labels;
    if (seen_us < c->seen_us) seen_us = c->seen_us;
    if (news || seen_us - before_us >= KEEP_US) {
        c->state.poll_us = seen_us;
        int result = carrier_write_news(c, c->label, c->labels, what);
        if (result < 0) {
            c->state.poll_us = before_us;
            return result;
        }
    }
    c->seen_us = seen_us;
    return 0;
}

static int64_t carrier_before(int64_t place_us, int64_t hold_us) {
    return place_us < hold_us ? place_us : hold_us;
}

static int carrier_take_page(struct carrier *c, const struct tool_page *page, int64_t seen_us) {
    c->labels = 0;
    for (size_t i = 0; i < page->n; i++) TRY(carrier_news(c, &page->task[i]));
    return carrier_say(c, carrier_before(seen_us, c->hold_us), WRITE_LABELS);
}

/* The end of a poll, which came up to `place_us`: what could not be read for long enough is told,
 * all of it at once, and the place goes on behind it. */
static int carrier_end_poll(struct carrier *c, int64_t place_us) {
    c->labels = 0;
    if (c->unreadables) TRY(carrier_say(c, carrier_before(place_us, c->wait_us), WRITE_UNREADABLE));
    return c->wait_us < INT64_MAX || c->crowded ? ERR_RETRY : 0;
}

/* ---- asking ---- */

/* Up to where a page has seen everything. A tool finds which tasks there are, then reads them, and
 * one that is changed in between shows its new time in its old place (Label Studio under load:
 * several seconds). So a full page, whose end is the middle of what changed, is taken to reach up
 * to the oldest of its last few; one that is not full, to its newest. */
static int64_t carrier_reach(const struct tool_page *page) {
    size_t from = page->more && page->n > TAIL ? page->n - TAIL : 0;
    int64_t reach_us = page->task[page->n - 1].changed_us;
    for (size_t i = from; i < page->n; i++) {
        int64_t us = page->task[i].changed_us;
        if (page->more ? us < reach_us : us > reach_us) reach_us = us;
    }
    return reach_us;
}

/* Where the next poll may begin: what was changed while this one looked may have been missed. */
static int64_t carrier_place(struct carrier *c, int64_t reach_us, int64_t looked_us) {
    int64_t keep_us = reach_us - OVERLAP_US - looked_us;
    int64_t most_us = carrier_now(c) * 1000 + AHEAD_US;
    if (keep_us > most_us) keep_us = most_us;
    return keep_us > c->seen_us ? keep_us : c->seen_us;
}

/* Pages are not numbered on, since a change in the middle of a poll would move tasks between them:
 * the next one begins behind what this one reached. Only where that is no step on, the next number
 * is asked for. */
static int carrier_ask(struct carrier *c) {
    if (c->seen_us > carrier_now(c) * 1000 + AHEAD_US) // a clock was set back: all of it again
        c->seen_us = c->state.poll_us = 0;
    int64_t since_us = c->seen_us, place_us = c->seen_us;
    struct tool_page page = {.more = true};
    carrier_begin_odd(c);
    for (int number = 1; page.more && !c->crowded;) {
        int64_t began_ms = carrier_now(c);
        arena_reset(&c->answers);
        page = (struct tool_page){0};
        TRY(c->ports.tool.changed(c->ports.tool.self, since_us, number, &c->answers, &page));
        if (!page.n) break;
        int64_t reach_us = carrier_reach(&page), looked_ms = carrier_now(c) - began_ms;
        place_us = carrier_place(c, reach_us, looked_ms > 0 ? looked_ms * 1000 : 0);
        TRY(carrier_take_page(c, &page, place_us));
        bool on = reach_us - 1 > since_us;
        number = on ? 1 : number + 1;
        if (number > PAGES_OF_ONE_MOMENT) return ERR_RETRY;
        if (on) since_us = reach_us - 1;
    }
    return carrier_end_poll(c, place_us);
}

bool carrier_has_news(const struct carrier *c) {
    return c->ports.tool.has_sent && c->ports.tool.has_sent(c->ports.tool.self);
}

bool carrier_is_hinted(struct carrier *c) {
    return c->ports.tool.hinted && c->ports.tool.hinted(c->ports.tool.self);
}

/* What the tool sent by itself is written as it is. */
static int carrier_take_sent(struct carrier *c) {
    const struct label *label = NULL;
    size_t n = c->ports.tool.sent(c->ports.tool.self, &label);
    if (!n) return 0;
    int result = carrier_write_news(c, label, n, WRITE_LABELS);
    c->ports.tool.taken(c->ports.tool.self, result);
    return result;
}

int carrier_poll(struct carrier *c) {
    return c->ports.tool.changed ? carrier_ask(c) : carrier_take_sent(c);
}
