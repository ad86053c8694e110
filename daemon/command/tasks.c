/* `winnowd tasks`: which tasks wait for an answer, everything that is known of one, and closing
 * one.
 *
 * All of it comes from the topics: tasks, labels, and for the version that learned an answer what
 * each version says that it had seen. A task is closed as an annotator would close it, by a label
 * whose outcome is `skipped`, so that nothing but labels ever closes a task. Refuses to close a
 * task that is answered already.
 *
 * Thread: main thread */
#include "command.h"

#include "base/clock.h"
#include "base/log.h"
#include "ledger.h"
#include "models_topic.h"
#include "route/classes.h"
#include "terminal/console.h"
#include "terminal/event_view.h"
#include "terminal/listing.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>

enum {
    LIST_USUAL = 50,     // tasks that `list` shows unless told otherwise
    LIST_PAGE = 1000,    // that are printed at a time
    SPAN_LEAST = 4096,   // records of the tasks topic that `list` reads first
    SPAN_GROWS = 8,      // times as many when those were not enough
    ANSWERS_SHOWN = 256, // the newest answers of one task
};

struct tasks {
    const char *file, *state, *annotator;
    int64_t limit;
    bool json;
    const struct config *config;
    struct ledger ledger;
    const char *word; // id of the task, or of its sample; NULL: none was given
};

/* ---- list ---- */

static const struct column tasks_columns[] = {{"id", "task", COLUMN_TEXT, 0},
                                              {"sample_id", "sample", COLUMN_TEXT, 32},
                                              {"state", "state", COLUMN_TEXT, 0},
                                              {"reason", "reason", COLUMN_TEXT, 0},
                                              {"asked_ms", "asked (UTC)", COLUMN_TIME, 0},
                                              {"expires_ms", NULL, COLUMN_TIME, 0},
                                              {"priority", "priority", COLUMN_NUMBER, 0},
                                              {"propensity", NULL, COLUMN_NUMBER, 0},
                                              {"model", "model", COLUMN_NUMBER, 0},
                                              {"predicted", "predicted", COLUMN_TEXT, 16},
                                              {"probability", "p", COLUMN_NUMBER, 0},
                                              {"answer", "answer", COLUMN_TEXT, 16},
                                              {"annotator", "by", COLUMN_TEXT, 20}};

static void tasks_add_task(struct listing *l, const struct ledger_task *t, int64_t now_ms) {
    static const enum tone tone[] = {[TASK_OPEN] = TONE_PLAIN,
                                     [TASK_ANSWERED] = TONE_GOOD,
                                     [TASK_SKIPPED] = TONE_DOUBT,
                                     [TASK_EXPIRED] = TONE_DOUBT};
    enum task_state state = ledger_state(t, now_ms);
    listing_text(l, text_of(t->id));
    listing_text(l, t->sample_id);
    listing_text(l, text_of(join_state_name(state)));
    listing_tone(l, tone[state]);
    listing_text(l, text_of(ask_name(t->reason)));
    listing_time(l, t->asked_ms);
    listing_time(l, t->expires_ms);
    listing_number(l, t->priority);
    listing_number(l, t->propensity);
    listing_count(l, t->model);
    listing_text(l, t->predicted);
    listing_number(l, t->predicted.at ? round(t->probability * 1e4) / 1e4 : NAN);
    listing_text(l, t->counts ? ledger_answer_text(t->counts) : (struct text){0});
    listing_text(l, t->counts ? t->counts->annotator : (struct text){0});
}

static int tasks_by_age(const void *a, const void *b) {
    const struct ledger_task *x = *(struct ledger_task *const *)a,
                             *y = *(struct ledger_task *const *)b;
    if (x->asked_ms != y->asked_ms) return x->asked_ms < y->asked_ms ? -1 : 1;
    return strcmp(x->id, y->id);
}

static bool tasks_listed(const struct tasks *t, const struct ledger_task *one, int64_t now_ms) {
    return strcmp(t->state, "all") == 0 ||
           strcmp(t->state, join_state_name(ledger_state(one, now_ms))) == 0;
}

/* Keeps those that are to be listed, the oldest first; returns how many. */
static size_t tasks_select(const struct tasks *t, struct ledger *g, int64_t now_ms) {
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++)
        if (tasks_listed(t, g->task[i], now_ms)) g->task[n++] = g->task[i];
    if (n) qsort(g->task, n, sizeof *g->task, tasks_by_age);
    return n;
}

/* Whether the newest `limit` are among those that were read. */
static bool tasks_enough(const struct tasks *t, const struct ledger *g, size_t n) {
    int64_t since;
    size_t limit = (size_t)t->limit;
    return !ledger_tail_cut(&g->tail, &since) ||
           (limit && n >= limit && g->task[n - limit]->asked_ms >= since);
}

/* Reads as much of the topics' ends as the list needs. */
static int tasks_read_newest(struct tasks *t, int64_t now_ms, size_t *n) {
    struct ledger *g = &t->ledger;
    for (uint64_t span = t->limit ? SPAN_LEAST : 0;; span *= SPAN_GROWS) {
        TRY(ledger_open_newest(g, t->config, span));
        *n = tasks_select(t, g, now_ms);
        if (tasks_enough(t, g, *n)) return 0;
        ledger_close(g);
        *g = (struct ledger){0};
    }
}

static int tasks_list(struct tasks *t) {
    struct listing l;
    struct ledger *g = &t->ledger;
    int64_t now_ms = clock_wall_ms(), since;
    size_t n = 0;
    int result = tasks_read_newest(t, now_ms, &n);
    if (result < 0) return command_fail(result, &g->why);
    size_t from = t->limit && n > (size_t)t->limit ? n - (size_t)t->limit : 0;
    listing_begin(&l, tasks_columns, sizeof tasks_columns / sizeof *tasks_columns);
    for (size_t i = from; i < n; i++) {
        if (i > from && (i - from) % LIST_PAGE == 0) listing_page(&l, stdout, t->json);
        tasks_add_task(&l, g->task[i], now_ms);
    }
    listing_print(&l, stdout, t->json, "no task");
    listing_end(&l);
    bool cut = ledger_tail_cut(&g->tail, &since);
    if (cut && !t->json) printf("(the newest %zu; --limit 0 shows all)\n", n - from);
    else if (from && !t->json)
        printf("(the newest %zu of %zu; --limit 0 shows all)\n", n - from, n);
    return EX_OK;
}

/* ---- one task ---- */

static bool tasks_is_asked_for(const struct ledger_task *one, void *opaque) {
    const struct tasks *t = opaque;
    return t->word &&
           (strcasecmp(one->id, t->word) == 0 || text_equal(one->sample_id, text_of(t->word)));
}

static struct ledger_task *tasks_find(struct tasks *t) {
    struct ledger_task *one = ledger_find(&t->ledger, text_of(t->word));
    if (!one) one = ledger_of_sample(&t->ledger, text_of(t->word));
    if (one && one->known) return one;
    console_fail(EX_NOINPUT, "there is no task (and no asked sample) %s on topic %s", t->word,
                 t->config->topics.tasks);
    return NULL;
}

static const char *tasks_why_asked(enum ask reason) {
    static const char *const text[] = {
        [ASK_UNCERTAIN] = "the model was unsure enough about it",
        [ASK_RISK] = "it looked like the class that is looked for",
        [ASK_RANDOM] = "drawn at random, for unbiased figures",
        [ASK_POOL] = "chosen at the end of its window",
        [ASK_COLD] = "drawn, or odd, while not every class had labels",
        [ASK_UPFRONT] = "of the labels asked at the start",
        [ASK_SYNTHETIC] = "a point that was synthesised on the decision boundary",
        [ASK_SECOND] = "to be read a second time, blind, by somebody else",
        [ASK_THIRD] =
            "to be read a third time, blind: two readers disagree, or it checks the third"};
    return text[reason];
}

/* The oldest version on the topic that has seen the answer that counts. *before: the topic does not
 * hold the versions before it any more, so one of those may have been the first. */
static const struct model *tasks_learned_in(const struct models_topic *m,
                                            const struct ledger_task *t, bool *before) {
    uint64_t version[REGISTRY_HELD];
    size_t n = registry_versions(m->registry, version, sizeof version / sizeof *version),
           fitted = 0;
    for (size_t i = 0; i < n; i++) {
        const struct model *v = registry_model(m->registry, version[i]);
        if (*v->pushed) continue;
        *before = fitted++ == 0 && v->parent;
        if (registry_seen(v, "labels", t->counts->is.partition) > t->counts->is.offset &&
            registry_seen(v, "tasks", t->partition) > t->offset)
            return v;
    }
    return NULL;
}

static bool tasks_aside(const struct model *v, const struct ledger_answer *a) {
    int32_t p;
    int64_t from, to;
    for (const char *at = v->aside.at; at && *at;
         at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (sscanf(at, "%" SCNd32 " %" SCNd64 " %" SCNd64, &p, &from, &to) == 3 &&
            p == a->is.partition && from <= a->is.offset && a->is.offset < to)
            return true;
    return false;
}

static void tasks_tell_learning(const struct tasks *t, const struct ledger_task *one) {
    struct models_topic m;
    bool before = false;
    if (!one->counts || one->counts->is.outcome != LABEL_LABELLED) return;
    int result = models_topic_open(&m, t->config);
    const struct model *v = result == 0 ? tasks_learned_in(&m, one, &before) : NULL;
    const struct model *live =
        result == 0 ? registry_model(m.registry, policy_live(registry_policy(m.registry))) : NULL;
    printf("%-12s ", "learned");
    if (result < 0) printf("? (%s)\n", buf_string(&m.why));
    else if (!v) puts("not yet");
    else if (before)
        printf("in version %" PRIu64 " or one before it that is not kept any more\n", v->version);
    else printf("first in version %" PRIu64 "\n", v->version);
    if (live && tasks_aside(live, one->counts))
        printf("%-12s by a rollback: versions from %" PRIu64 " on do not count it\n", "set aside",
               live->version);
    models_topic_close(&m);
}

static void tasks_tell(const char *what, const char *format, ...) PRINTF_LIKE(2, 3);
static void tasks_tell(const char *what, const char *format, ...) {
    va_list args;
    struct buf b = {0};
    va_start(args, format);
    char *text = xvasprintf(format, args);
    va_end(args);
    buf_shown(&b, text_of(text));
    printf("%-12s %s\n", what, buf_string(&b));
    buf_release(&b);
    free(text);
}

static void tasks_tell_prediction(const struct task *t) {
    struct buf b = {0};
    for (size_t i = 0; t->prob && i < t->k; i++) {
        struct text name = class_name(t->classes, i);
        buf_printf(&b, "%s%.*s %.4f", i ? ", " : "", (int)name.len, name.at, (double)t->prob[i]);
    }
    tasks_tell("prediction", "%s", b.len ? buf_string(&b) : "none: there was no model yet");
    buf_release(&b);
}

/* Whether the answer counts, or why it never can. */
static void tasks_tell_verdict(struct listing *l, const struct ledger_answer *a, bool counts) {
    struct text verdict = counts ? TEXT("counts") : TEXT("overruled");
    enum tone tone = counts ? TONE_GOOD : TONE_PLAIN;
    if (!a->known_class) {
        verdict = TEXT("no class of the model");
        tone = TONE_BAD;
    }
    listing_text(l, verdict);
    listing_tone(l, tone);
}

static void tasks_tell_answers(const struct ledger_task *one) {
    static const struct column answer_columns[] = {
        {"time_ms", "answered (UTC)", COLUMN_TIME, 0}, {"annotator", "by", COLUMN_TEXT, 24},
        {"answer", "answer", COLUMN_TEXT, 24},         {"revision", "revision", COLUMN_NUMBER, 0},
        {"source", "source", COLUMN_TEXT, 24},         {"counts", "", COLUMN_TEXT, 0}};
    struct listing l;
    const struct ledger_answer *in_order[ANSWERS_SHOWN];
    size_t n = 0;
    for (const struct ledger_answer *a = one->answers; a && n < ANSWERS_SHOWN; a = a->next)
        in_order[n++] = a;
    listing_begin(&l, answer_columns, sizeof answer_columns / sizeof *answer_columns);
    while (n--) {
        listing_time(&l, in_order[n]->is.time_ms);
        listing_text(&l, in_order[n]->annotator);
        listing_text(&l, ledger_answer_text(in_order[n]));
        listing_count(&l, (uint64_t)in_order[n]->is.revision);
        listing_text(&l, in_order[n]->source);
        tasks_tell_verdict(&l, in_order[n], in_order[n] == one->counts);
    }
    puts("");
    listing_print(&l, stdout, false, "no answer yet");
    puts("");
    listing_end(&l);
}

static void tasks_tell_times(const struct task *t) {
    struct buf sample = {0}, asked = {0}, expires = {0};
    listing_when(&sample, t->time_ms);
    listing_when(&asked, t->asked_ms);
    listing_when(&expires, t->expires_ms);
    tasks_tell("sample", "%.*s (%.*s %" PRId32 "/%" PRId64 "), %s UTC", (int)t->sample_id.len,
               t->sample_id.at, (int)t->topic.len, t->topic.at, t->partition, t->offset,
               buf_string(&sample));
    if (t->model)
        tasks_tell("scored", "by version %" PRIu64 ", under policy %" PRIu64, t->model, t->policy);
    else tasks_tell("scored", "by no model yet, under policy %" PRIu64, t->policy);
    tasks_tell("asked", "%s UTC by the %s arm: %s (%s)", buf_string(&asked),
               t->by_strategy ? "strategy" : "random", tasks_why_asked(t->reason),
               ask_name(t->reason));
    tasks_tell("expires", "%s UTC", buf_string(&expires));
    buf_release(&sample);
    buf_release(&asked);
    buf_release(&expires);
}

static void tasks_tell_story(const struct tasks *t, const struct ledger_task *one,
                             const struct task *read) {
    tasks_tell("task", "%s, %s", one->id, join_state_name(ledger_state(one, clock_wall_ms())));
    tasks_tell_times(read);
    if (read->reason == ASK_COLD)
        tasks_tell("utility", "%.6g by %s, which did not choose it", read->utility,
                   measure_name(read->measure));
    else
        tasks_tell("utility", "%.6g by %s; %s asked from %.6g on", read->utility,
                   measure_name(read->measure), manager_name(read->manager), read->threshold);
    tasks_tell("propensity", "%.6g%s", read->propensity,
               read->propensity > 0 ? "" : ": outside the unbiased figures");
    tasks_tell("priority", "%.6g", read->priority);
    tasks_tell_prediction(read);
    tasks_tell_answers(one);
    tasks_tell_learning(t, one);
    puts("event");
    event_print(stdout, read->event, "  ", 0, 0);
}

/* The task's record as it stands on the topic, and its answers. */
static void tasks_tell_json(const struct ledger_task *one) {
    struct buf b = {0};
    buf_printf(&b, "{\"state\":\"%s\",\"answers\":[",
               join_state_name(ledger_state(one, clock_wall_ms())));
    for (const struct ledger_answer *a = one->answers; a; a = a->next) {
        struct text answer = ledger_answer_text(a);
        buf_printf(&b,
                   "%s{\"time_ms\":%" PRId64 ",\"revision\":%" PRId64 ",\"partition\":%" PRId32
                   ",\"offset\":%" PRId64 ",\"counts\":%s,\"known_class\":%s,\"answer\":",
                   a == one->answers ? "" : ",", a->is.time_ms, a->is.revision, a->is.partition,
                   a->is.offset, a == one->counts ? "true" : "false",
                   a->known_class ? "true" : "false");
        buf_json(&b, answer);
        buf_str(&b, ",\"annotator\":");
        if (a->annotator.at) buf_json(&b, a->annotator);
        else buf_str(&b, "null");
        buf_str(&b, "}");
    }
    buf_str(&b, "],\"task\":");
    buf_json_shown(&b, one->record);
    buf_str(&b, "}\n");
    fwrite(b.at, 1, b.len, stdout);
    buf_release(&b);
}

static int tasks_show(struct tasks *t) {
    struct ledger_task *one = tasks_find(t);
    struct arena arena = {0};
    struct task read;
    const char *why;
    if (!one) return EX_NOINPUT;
    if (t->json) tasks_tell_json(one);
    else if (task_read(&read, one->record, &arena, &why) == 0) tasks_tell_story(t, one, &read);
    arena_release(&arena);
    return EX_OK;
}

/* ---- expire ---- */

static int tasks_expire(struct tasks *t) {
    struct ledger_task *one = tasks_find(t);
    if (!one) return EX_NOINPUT;
    if (one->counts) {
        struct text answer = ledger_answer_text(one->counts);
        return console_fail(EX_DATAERR, "task %s is closed already: %.*s", one->id, (int)answer.len,
                            answer.at);
    }
    struct label label = {.id = text_of(one->id),
                          .outcome = LABEL_SKIPPED,
                          .annotator = text_of(t->annotator),
                          .source = TEXT("winnowd tasks expire"),
                          .time_ms = clock_wall_ms(),
                          .confidence = 1};
    int result = ledger_answer(&t->ledger, &label);
    if (result < 0) return command_fail(result, &t->ledger.why);
    if (t->json) printf("{\"id\":\"%s\",\"state\":\"skipped\"}\n", one->id);
    else printf("task %s is closed; an answer that comes all the same still counts\n", one->id);
    return EX_OK;
}

/* ---- the table ---- */

static const struct tasks_action {
    struct verb verb;
    int (*run)(struct tasks *t);
    bool reads; // the topics by itself, as far as it needs them
} actions[] = {{{"list", 0}, tasks_list, true},
               {{"show", 1}, tasks_show, false},
               {{"expire", 1}, tasks_expire, false}};

static int tasks_with_ledger(struct tasks *t, const struct tasks_action *action) {
    struct config *c;
    int code = cli_config(&c, t->file);
    if (code != CLI_GO) return code;
    log_init(LOG_LOGFMT, LOG_ERROR);
    t->config = c;
    t->ledger = (struct ledger){.wanted = tasks_is_asked_for, .opaque = t};
    int result = action->reads ? 0 : ledger_open(&t->ledger, c);
    code = result < 0 ? command_fail(result, &t->ledger.why) : action->run(t);
    ledger_close(&t->ledger);
    config_destroy(c);
    return code;
}

int command_tasks(int argc, char **argv) {
    static const char states[] = "open|answered|skipped|expired|all";
    struct tasks t = {.state = "open", .limit = LIST_USUAL, .annotator = "operator"};
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &t.file, "FILE", "the configuration", true},
        {"state", 0, FLAG_TEXT, &t.state, "STATE",
         "list: open (the default), answered, skipped, expired or all", false},
        {"limit", 0, FLAG_COUNT, &t.limit, "N", "list: the newest so many, default 50; 0: all",
         false},
        {"annotator", 0, FLAG_TEXT, &t.annotator, "NAME",
         "expire: who closes it, as the label says; default operator", false},
        {"json", 0, FLAG_SWITCH, &t.json, NULL, "JSON instead of lines for people", false},
    };
    struct usage usage = {"tasks", "list | show ID | expire ID",
                          "Shows which tasks wait for an answer, tells the whole story of one (by "
                          "its id or its sample's), closes one.",
                          flags, sizeof flags / sizeof *flags};
    size_t chosen;
    int words, code = cli_parse_verb(&usage, VERBS(actions), argc, argv, &words, &chosen);
    if (code != CLI_GO) return code;
    const struct tasks_action *action = &actions[chosen];
    if (words - 1 < action->verb.most)
        return console_fail(EX_USAGE, "%s wants the id of a task or of its sample",
                            action->verb.name);
    struct text state = word_list_nearest(states, text_of(t.state));
    if (!text_equal(state, text_of(t.state)))
        return console_fail(EX_USAGE, "--state is one of %s%s", states,
                            cli_nearest(states, t.state));
    t.word = words > 1 ? argv[2] : NULL;
    return tasks_with_ledger(&t, action);
}
