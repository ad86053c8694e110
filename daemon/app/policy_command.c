/* `winnowd policy`: the operator's half of the policy: kill switch, budget, rollback.
 *
 * Reads the models topic to its end, changes one thing of what stands there, publishes the whole half as NAME/operator and waits until it
 * has read it back: then every process that follows the topic gets it too. It holds no transactional id, so it fences nobody.
 * Two operators at the same moment: the later record counts, whole. Refuses a version that is not there to go back to.
 *
 * Thread: main thread */
#include "app/cli.h"

#include "app/console.h"
#include "app/registry.h"
#include "base/clock.h"
#include "base/log.h"
#include "train/publisher.h"
#include "train/reader.h"

#include <errno.h>
#include <inttypes.h>

enum { READ_RECORDS = 64, POLL_MS = 100, END_MS = 60000, BACK_MS = 20000, START_MS = 10000 };

struct view {
    const struct config *config;
    struct reader *reader;
    struct registry *registry;
    const _Atomic bool *stop;
    struct buf *why;
};

/* ---- reading ---- */

static int read_some(struct view *v) {
    struct reader_record record[READ_RECORDS];
    int n = reader_poll(v->reader, record, READ_RECORDS, POLL_MS);
    if (n < 0) return n;
    for (int i = 0; i < n; i++) registry_apply(v->registry, record[i].key, record[i].value, record[i].chunks, record[i].offset);
    reader_release(v->reader, record, (size_t)n);
    return 0;
}

static bool at_end(const struct view *v, const void *unused) {
    (void)unused;
    return reader_caught_up(v->reader);
}

static bool same_operator(const struct policy_operator *a, const struct policy_operator *b) {
    return a->paused == b->paused && a->budget_scale == b->budget_scale && a->pin == b->pin && a->explore_only == b->explore_only;
}

/* Reads until the condition holds; ERR_RETRY when it takes too long. */
static int read_until(struct view *v, bool (*holds)(const struct view *, const void *), const void *argument, int64_t timeout_ms) {
    int64_t end = clock_ms() + timeout_ms;
    while (!holds(v, argument)) {
        if (clock_ms() > end) return ERR_RETRY;
        if (atomic_load(v->stop)) return ERR_STOPPED;
        TRY(read_some(v));
    }
    return 0;
}

static int read_topic(struct view *v) {
    const char *topic = v->config->topics.models;
    TRY(reader_create(&v->reader, v->config, &topic, 1, v->why));
    int result;
    for (int64_t end = clock_ms() + START_MS; (result = reader_start(v->reader, NULL, NULL)) == ERR_RETRY && clock_ms() < end && !atomic_load(v->stop);)
        clock_sleep_ms(POLL_MS);
    if (result < 0) buf_printf(v->why, "topic %s is not there, or no broker answers at %s", topic, v->config->kafka.brokers);
    TRY(result);
    result = read_until(v, at_end, NULL, END_MS);
    if (result < 0) buf_printf(v->why, "topic %s could not be read to its end", topic);
    return result;
}

/* ---- show ---- */

static void print_versions(const struct view *v) {
    uint64_t version[REGISTRY_VERSIONS + 6], live = policy_live(registry_policy(v->registry));
    size_t n = registry_versions(v->registry, version, sizeof version / sizeof *version);
    printf("\n%-10s %12s  %s\n", "version", "labels", "made (UTC)");
    for (size_t i = 0; i < n; i++) {
        const struct model *m = registry_model(v->registry, version[i]);
        char made[32] = "?";
        time_t seconds = m->created_ms / 1000;
        struct tm t;
        if (gmtime_r(&seconds, &t)) strftime(made, sizeof made, "%Y-%m-%d %H:%M:%S", &t);
        printf("%-10" PRIu64 " %12" PRIu64 "  %s%s\n", version[i], m->rows, made, version[i] == live ? "  live" : "");
    }
    if (!n) puts("none yet");
}

static void print_row(const char *what, enum tone tone, const char *value, const char *means) {
    printf("%-14s ", what);
    console_word(stdout, tone, *means ? 12 : 0, value);
    printf("%s%s\n", *means ? " " : "", means);
}

static void show(const struct view *v) {
    const struct policy *p = registry_policy(v->registry);
    const struct policy_operator *o = &p->operator_;
    const struct policy_learner *l = &p->learner;
    char number[32], live[32], scale[32], rate[96];
    snprintf(number, sizeof number, "%" PRIu64, p->number);
    snprintf(live, sizeof live, "%" PRIu64, policy_live(p));
    snprintf(scale, sizeof scale, "%g", o->budget_scale);
    snprintf(rate, sizeof rate, "times budget.rate %g of this file: %g", v->config->budget.rate, v->config->budget.rate * o->budget_scale);
    print_row("policy", TONE_PLAIN, number, p->number ? "as states, tasks and logs name it" : "nothing was said yet: the defaults");
    print_row("live", o->pin ? TONE_DOUBT : TONE_PLAIN, policy_live(p) ? live : "none", o->pin ? "pinned by the operator; `live newest` follows the learner again" : "follows the learner");
    if (o->pin && l->live) printf("%-14s %-12" PRIu64 " what the learner wants live\n", "learner's", l->live);
    print_row("paused", o->paused ? TONE_BAD : TONE_GOOD, o->paused ? "yes" : "no", o->paused ? "nobody is asked; `resume` goes on" : "");
    print_row("full", l->full ? TONE_DOUBT : TONE_GOOD, l->full ? "yes" : "no", l->full ? "budget.open_tasks is reached: nobody is asked until answers come" : "");
    print_row("cold", l->cold ? TONE_DOUBT : TONE_GOOD, l->cold ? "yes" : "no", l->cold ? "labels are drawn at random until every class has enough" : "");
    print_row("explore only", o->explore_only ? TONE_DOUBT : TONE_GOOD, o->explore_only ? "yes" : "no", o->explore_only ? "the strategy arm is off" : "");
    print_row("budget scale", o->budget_scale == 1 ? TONE_PLAIN : TONE_DOUBT, scale, rate);
    print_versions(v);
}

/* ---- change ---- */

static int set_budget(const struct view *v, const char *word, struct policy_operator *o) {
    char *end;
    errno = 0;
    double scale = word ? strtod(word, &end) : -1, rate = v->config->budget.rate, most = rate > 0 ? 1 / rate : 1;
    if (!word || !*word || *end || errno || !(scale >= 0 && scale <= most))
        return console_fail(EX_USAGE, "budget wants a number from 0 to %g (budget.rate is %g, and times the scale it must not be above 1)", most, rate);
    o->budget_scale = scale;
    return CLI_GO;
}

static int set_live(const struct view *v, const char *word, struct policy_operator *o) {
    char *end;
    errno = 0;
    if (word && strcmp(word, "newest") == 0) {
        o->pin = 0;
        return CLI_GO;
    }
    uint64_t version = word && *word >= '1' && *word <= '9' ? strtoull(word, &end, 10) : 0;
    if (!version || *end || errno) return console_fail(EX_USAGE, "live wants a version (see `show`) or newest");
    if (!registry_model(v->registry, version)) return console_fail(EX_USAGE, "version %" PRIu64 " is not there to go live; `show` lists those that are", version);
    o->pin = version;
    return CLI_GO;
}

static int set_explore(const struct view *v, const char *word, struct policy_operator *o) {
    (void)v;
    bool on = word && strcmp(word, "on") == 0;
    if (!on && (!word || strcmp(word, "off") != 0)) return console_fail(EX_USAGE, "explore wants on or off");
    o->explore_only = on;
    return CLI_GO;
}

static int set_paused(const struct view *v, const char *word, struct policy_operator *o) {
    (void)v, (void)word;
    o->paused = true;
    return CLI_GO;
}

static int set_resumed(const struct view *v, const char *word, struct policy_operator *o) {
    (void)v, (void)word;
    o->paused = false;
    return CLI_GO;
}

static const struct action {
    const char *name;
    int (*set)(const struct view *v, const char *word, struct policy_operator *o); // NULL: show
    int words;
} actions[] = {
    {"show", NULL, 1}, {"pause", set_paused, 1}, {"resume", set_resumed, 1}, {"budget", set_budget, 2}, {"live", set_live, 2}, {"explore", set_explore, 2},
};

#define ACTION_NAMES "show|pause|resume|budget|live|explore"

struct wanted {
    struct policy_operator operator_;
    uint64_t after; // number of the policy before
};

static bool read_back(const struct view *v, const void *argument) {
    const struct wanted *w = argument;
    const struct policy *p = registry_policy(v->registry);
    return p->number > w->after && same_operator(&p->operator_, &w->operator_);
}

static int publish(struct view *v, const struct policy_operator *o) {
    struct publisher *p;
    struct buf key = {0}, value = {0};
    int result = publisher_create(&p, v->config, NULL, v->why);
    if (result < 0) return result;
    registry_key(&key, v->config->service.name, "operator");
    policy_operator_write(o, &value);
    result = publisher_init(p);
    if (result == 0) result = publisher_publish(p, v->config->topics.models, &(struct publication){.key = buf_view(&key), .value = buf_view(&value)}, 1);
    if (result < 0) buf_str(v->why, "the record was not taken by the broker; look with `show` before you try again");
    publisher_destroy(p);
    buf_release(&key);
    buf_release(&value);
    return result;
}

static int change(struct view *v, const struct action *action, const char *word) {
    struct wanted w = {registry_policy(v->registry)->operator_, registry_policy(v->registry)->number};
    int code = action->set(v, word, &w.operator_);
    if (code != CLI_GO) return code;
    int result = publish(v, &w.operator_);
    if (result == 0) {
        result = read_until(v, read_back, &w, BACK_MS);
        if (result < 0) buf_str(v->why, "the record was written but not read back in time; look with `show`");
    }
    if (result < 0) return console_fail(result == ERR_FATAL ? EX_UNAVAILABLE : console_exit(result), "%s", buf_string(v->why));
    show(v);
    return EX_OK;
}

static int act(struct view *v, const struct action *action, const char *word) {
    int result = read_topic(v), code = EX_OK;
    if (result < 0) code = console_fail(result == ERR_FATAL ? EX_UNAVAILABLE : console_exit(result), "%s", buf_string(v->why));
    else if (action->set) code = change(v, action, word);
    else show(v);
    reader_destroy(v->reader);
    return code;
}

static const struct action *find_action(int words, char **argv) {
    for (size_t i = 0; words && i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].name, argv[1]) == 0) return &actions[i];
    return NULL;
}

int command_policy(int argc, char **argv) {
    const char *file = NULL;
    struct flag flags[] = {{"config", 'c', FLAG_TEXT, &file, "FILE", "the configuration", true}};
    struct usage usage = {"policy", "show | pause | resume | budget SCALE | live VERSION | live newest | explore on|off",
                          "Shows or changes what the workers are told; it reaches every process and survives restarts.", flags, 1};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code != CLI_GO) return code;
    const struct action *action = find_action(words, argv);
    if (!action) return console_fail(EX_USAGE, "policy wants one of: %s%s", usage.words, words ? cli_nearest(ACTION_NAMES, argv[1]) : "");
    if (words > action->words) return console_fail(EX_USAGE, "'%s' is too much after %s", argv[action->words + 1], action->name);
    struct config *c;
    code = cli_config(&c, file);
    if (code != CLI_GO) return code;
    log_init(LOG_LOGFMT, LOG_ERROR);
    struct buf why = {0};
    struct view v = {.config = c, .registry = registry_create(&(struct registry_options){.name = c->service.name, .quiet = true}), .stop = console_stop(), .why = &why};
    code = act(&v, action, words > 1 ? argv[2] : NULL);
    registry_destroy(v.registry);
    buf_release(&why);
    config_destroy(c);
    return code;
}
