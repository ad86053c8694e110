/* libFuzzer target: what a browser sends to the label page, and what the label thread brings from
 * the topics, in any order.
 *
 * Each request has a status of the page's and an answer that is JSON; what is accepted waits on one
 * slip until it is confirmed, and is an answer that the label reader takes; nothing is offered that
 * was answered; what is held is bounded. clang -fsanitize=fuzzer,address,undefined ...
 * tests/fuzz/label_page.c */
#include "base/json.h"
#include "base/log.h"
#include "grammar.h"
#include "run/label_desk.h"

enum { STEPS = 60, OFFSETS = 6, SESSIONS = 3 };
static const int64_t now_ms = 1700000000000;
static const char *names[] = {"ok", "fraud"};
static const struct list classes = {.at = (char **)names, .n = 2};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct label_desk *desk;
    struct arena arena;
    struct buf body;
    size_t accepted, confirmed, sent[LABEL_DESK_SLIPS];
    size_t sent_n;
    bool answered[OFFSETS]; // here or on the topic
    bool open;
};

static void silence(const char *line, size_t len, void *opaque) {
    (void)line, (void)len, (void)opaque;
}

static void name_task(size_t which, char id[TASK_ID_LENGTH + 1]) {
    task_id(id, TEXT("samples"), 0, (int64_t)which, now_ms);
}

static size_t task_named(struct text id) {
    char name[TASK_ID_LENGTH + 1];
    for (size_t i = 0; i < OFFSETS; i++) {
        name_task(i, name);
        if (text_equal(id, text_of(name))) return i;
    }
    return OFFSETS;
}

/* ---- from the topics ---- */

static void bring_task(struct world *w, struct grammar *g) {
    static const char *const events[] = {"{\"amount\":12.50,\"who\":{\"name\":\"<b>\\u0007\"}}",
                                         "null", "[[[[", "{\"a\":{\"a\":{\"a\":1}}}", "7"};
    float prob[2] = {0.25f, 0.75f};
    double row[1] = {0};
    struct task t = {.sample_id = grammar_below(g, 2) ? TEXT("s") : TEXT("card \"17\""),
                     .event = text_of(events[grammar_below(g, 5)]),
                     .row = row,
                     .d = 1,
                     .prob = prob,
                     .k = 2,
                     .classes = TEXT("ok\nfraud"),
                     .propensity = 1,
                     .priority = grammar_real(g),
                     .model = grammar_below(g, 2),
                     .topic = TEXT("samples"),
                     .time_ms = now_ms,
                     .asked_ms = now_ms,
                     .expires_ms = grammar_below(g, 4) ? 0 : now_ms};
    const char *why;
    struct buf record = {0};
    name_task(grammar_below(g, OFFSETS), t.id);
    task_write(&t, &(struct task_style){"label", "event"}, &record);
    grammar_change(g, &record);
    if (task_read(&t, buf_view(&record), &w->arena, &why) == 0) label_desk_task(w->desk, &t);
    buf_release(&record);
}

static void bring_label(struct world *w, struct grammar *g) {
    char id[TASK_ID_LENGTH + 1];
    struct buf record = {0};
    struct label l = {.id = text_of(id),
                      .label = grammar_below(g, 3) ? TEXT("ok") : TEXT("OK"),
                      .outcome = (enum label_outcome)grammar_below(g, 3),
                      .revision = grammar_number(g),
                      .time_ms = now_ms};
    const char *why;
    name_task(grammar_below(g, OFFSETS), id);
    if (grammar_below(g, 4) == 0) {
        l.sample_id = TEXT("s");
        l.id = (struct text){0};
    }
    label_write(&l, &record);
    grammar_change(g, &record);
    if (label_read(&l, NULL, buf_view(&record), (struct text){0}, now_ms, &w->arena, &why) == 0) {
        label_desk_label(w->desk, &l);
        bool counts = l.outcome != LABEL_LABELLED || text_equal(l.label, TEXT("ok")) ||
                      text_equal(l.label, TEXT("fraud"));
        size_t which = l.id.at ? task_named(l.id) : OFFSETS;
        if (counts && which < OFFSETS) w->answered[which] = true;
    }
    buf_release(&record);
}

/* ---- from the browser ---- */

static cJSON *body_of(struct world *w) {
    cJSON *tree = json_parse(buf_view(&w->body), &w->arena);
    CHECK(cJSON_IsObject(tree) && text_is_utf8(buf_view(&w->body)));
    return tree;
}

static void ask_next(struct world *w, struct grammar *g) {
    struct buf sent = {0};
    buf_printf(&sent, "{\"session\":\"s%zu\"}", grammar_below(g, SESSIONS));
    grammar_change(g, &sent);
    buf_reset(&w->body);
    unsigned status = label_desk_next(w->desk, buf_view(&sent), &w->body);
    CHECK(status == 200 || status == 400);
    cJSON *tree = body_of(w), *task = cJSON_GetObjectItem(tree, "task");
    if (status == 200) {
        size_t which = cJSON_IsObject(task) ? task_named(json_text(task, "id")) : OFFSETS;
        CHECK(cJSON_IsNull(task) || w->open);
        CHECK(which == OFFSETS || !w->answered[which]);
    }
    cJSON_Delete(tree);
    buf_release(&sent);
}

static void send_answer(struct world *w, struct grammar *g) {
    static const char *const outcomes[] = {"labelled", "skipped", "cannot_tell", "other"};
    char id[TASK_ID_LENGTH + 1];
    struct buf sent = {0};
    name_task(grammar_below(g, OFFSETS), id);
    buf_printf(&sent, "{\"id\":\"%s\",\"outcome\":\"%s\",\"label\":\"%s\",\"annotator\":", id,
               outcomes[grammar_below(g, 4)], names[grammar_below(g, 2)]);
    buf_json(&sent, grammar_below(g, 2) ? grammar_bytes(g) : TEXT("ann"));
    buf_str(&sent, "}");
    grammar_change(g, &sent);
    buf_reset(&w->body);
    unsigned status = label_desk_answer(w->desk, buf_view(&sent), &w->body);
    CHECK(status == 202 || status == 400 || status == 409 || status == 503);
    cJSON_Delete(body_of(w));
    w->accepted += status == 202;
    CHECK(status != 202 || w->open);
    buf_release(&sent);
}

static void send_any(struct world *w, struct grammar *g) {
    bool answer = grammar_below(g, 2);
    buf_reset(&w->body);
    unsigned status = answer ? label_desk_answer(w->desk, grammar_bytes(g), &w->body)
                             : label_desk_next(w->desk, grammar_bytes(g), &w->body);
    w->accepted += answer && status == 202;
    cJSON_Delete(body_of(w));
}

/* ---- the label thread ---- */

/* What is on a slip is a label, whatever the browser called itself. */
static void take_slip(struct world *w) {
    struct label_slip slip;
    struct label l, back;
    struct buf record = {0};
    const char *why = NULL;
    size_t number;
    if (!label_desk_take(w->desk, &slip, &number)) return;
    l = (struct label){.id = text_of(slip.id),
                       .outcome = slip.outcome,
                       .annotator = text_of(slip.annotator),
                       .revision = slip.revision,
                       .time_ms = slip.time_ms,
                       .confidence = 1};
    CHECK(number < LABEL_DESK_SLIPS && slip.class_ < classes.n);
    if (slip.outcome == LABEL_LABELLED) l.label = text_of(names[slip.class_]);
    label_write(&l, &record);
    CHECK(label_read(&back, NULL, buf_view(&record), (struct text){0}, slip.time_ms, &w->arena,
                     &why) == 0);
    CHECK(task_named(back.id) < OFFSETS && back.revision == slip.revision);
    w->answered[task_named(back.id)] = true;
    w->sent[w->sent_n++] = number;
    buf_release(&record);
}

static void settle(struct world *w, struct grammar *g) {
    if (!w->sent_n) return;
    size_t i = grammar_below(g, w->sent_n);
    bool confirmed = grammar_below(g, 2);
    label_desk_settle(w->desk, w->sent[i], confirmed ? NULL : "no broker");
    w->sent[i] = w->sent[--w->sent_n];
    w->confirmed += confirmed;
}

static void step(struct world *w, struct grammar *g) {
    switch (grammar_below(g, 10)) {
    case 0: bring_label(w, g); break;
    case 1:
    case 2: bring_task(w, g); break;
    case 3: ask_next(w, g); break;
    case 4: send_any(w, g); break;
    case 5: take_slip(w); break;
    case 6: settle(w, g); break;
    case 7: (void)label_desk_wants_reread(w->desk); break;
    case 8:
        if (grammar_below(g, 16) == 0) label_desk_close(w->desk);
        break;
    default: send_answer(w, g);
    }
    CHECK(label_desk_unconfirmed(w->desk) == w->accepted - w->confirmed);
    CHECK(label_desk_unconfirmed(w->desk) <= LABEL_DESK_SLIPS);
    arena_reset(&w->arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct grammar g = {data, data + size};
    struct world w = {.desk = label_desk_create(&classes, &(struct list){0})};
    log_redirect(silence, NULL);
    if (grammar_below(&g, 8)) {
        label_desk_open(w.desk);
        w.open = true;
    }
    for (size_t i = 0; i < STEPS && grammar_goes_on(&g); i++) step(&w, &g);
    label_desk_destroy(w.desk);
    arena_release(&w.arena);
    buf_release(&w.body);
    return 0;
}
