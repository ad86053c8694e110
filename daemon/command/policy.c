/* `winnowd policy`: the operator's half of the policy: kill switch, budget, caps, freezing, pin.
 *
 * Reads the models topic to its end, changes one thing of the operator's half that stands there,
 * and puts the whole half in force (daemon/command/models_topic.c). Refuses a version that is not
 * on the topic, and numbers that no budget can be.
 *
 * Thread: main thread */
#include "command.h"

#include "base/log.h"
#include "infer/score_model.h"
#include "models_topic.h"
#include "policy_certificates.h"
#include "terminal/console.h"

#include <errno.h>
#include <inttypes.h>

enum {
    CAP_MAX = 1000000000 // labels or tasks, as include/config/options.def allows
};

/* ---- show ---- */

static void policy_command_print_row(const char *what, enum tone tone, const char *value,
                                     const char *means) {
    printf("%-14s ", what);
    console_word(stdout, tone, *means ? 12 : 0, value);
    printf("%s%s\n", *means ? " " : "", means);
}

/* A row of yes or no; tone and meaning are those of yes. */
static void policy_command_print_switch(const char *what, bool on, enum tone tone,
                                        const char *means) {
    if (on) policy_command_print_row(what, tone, "yes", means);
    else policy_command_print_row(what, TONE_GOOD, "no", "");
}

/* Why the live version is live. */
static const char *policy_command_follows(const struct models_topic *v, bool back) {
    if (registry_policy(v->registry)->operator_.pin)
        return "pinned by the operator; `live newest` follows the learner again";
    if (back) return "rolled back by the operator; the learner's next version goes live";
    bool score = v->config->model.upstream.n && registry_live(v->registry) == SCORE_MODEL_VERSION;
    return score ? "the score that events bring (model.upstream)" : "follows the learner";
}

/* Who is asked, and by which arm. */
static void policy_command_show_asking(const struct policy *p) {
    const struct policy_operator *o = &p->operator_;
    const struct policy_learner *l = &p->learner;
    policy_command_print_switch("paused", o->paused, TONE_BAD, "nobody is asked; `resume` goes on");
    policy_command_print_switch("full", l->full, TONE_DOUBT,
                                "budget.open_tasks is reached: nobody is asked until answers come");
    policy_command_print_switch(
        "cold", l->cold, TONE_DOUBT,
        "labels are drawn at random until every class has enough, or 20/budget "
        "samples have passed");
    policy_command_print_switch("explore only", o->explore_only, TONE_DOUBT,
                                "the strategy arm is off");
    policy_command_print_row("random arm", TONE_PLAIN, l->weighted ? "weighted" : "uniform",
                             l->weighted ? "more draws where the figures are in doubt" : "");
    policy_command_print_switch("doubts", l->doubts, TONE_DOUBT,
                                "labels may have turned: all that is asked is drawn at random");
    policy_command_print_switch(
        "seeks", l->seeks, TONE_DOUBT,
        "no label names the positive class yet: behind the cold start half of "
        "what is chosen is odd");
    policy_command_print_switch("rests", l->rests, TONE_GOOD,
                                "budget.target is reached: only the random arm asks");
}

static void policy_command_show(const struct models_topic *v) {
    const struct policy *p = registry_policy(v->registry);
    const struct policy_operator *o = &p->operator_;
    const struct policy_learner *l = &p->learner;
    char number[32], live[32], scale[32], rate[96];
    snprintf(number, sizeof number, "%" PRIu64, p->number);
    snprintf(live, sizeof live, "%" PRIu64, registry_live(v->registry));
    snprintf(scale, sizeof scale, "%g", o->budget_scale);
    snprintf(rate, sizeof rate, "times budget.rate %g of this file: %g", v->config->budget.rate,
             v->config->budget.rate * o->budget_scale);
    policy_command_print_row("policy", TONE_PLAIN, number,
                             p->number ? "as states, tasks and logs name it"
                                       : "nothing was said yet: the defaults");
    bool back = !o->pin && policy_live(p) != l->live;
    const char *follows = policy_command_follows(v, back);
    policy_command_print_row("live", o->pin || back ? TONE_DOUBT : TONE_PLAIN,
                             registry_live(v->registry) ? live : "none", follows);
    if ((o->pin || back) && l->live)
        printf("%-14s %-12" PRIu64 " what the learner wants live\n", "learner's", l->live);
    policy_command_show_asking(p);
    if (l->shrunken)
        policy_command_print_row("labelled set", TONE_BAD, "shrunken",
                                 "much smaller than that behind the newest version, so none is "
                                 "made of it; `accept` lets it");
    if (o->frozen)
        policy_command_print_row("learning", TONE_DOUBT, "frozen",
                                 "answers are taken but make no version; `unfreeze` goes on");
    else policy_command_print_row("learning", TONE_GOOD, "yes", "");
    policy_command_print_row("budget scale", o->budget_scale == 1 ? TONE_PLAIN : TONE_DOUBT, scale,
                             rate);
}

static void policy_command_show_json(const struct models_topic *v) {
    const struct policy *p = registry_policy(v->registry);
    struct buf b = {0};
    buf_printf(&b, "{\"number\":%" PRIu64 ",\"live\":%" PRIu64 ",\"learner\":", p->number,
               registry_live(v->registry));
    policy_learner_write(&p->learner, &b);
    buf_str(&b, ",\"operator\":");
    policy_operator_write(&p->operator_, &b);
    buf_str(&b, ",\"certificates\":");
    policy_certificates_json(v, &b);
    buf_str(&b, "}\n");
    fputs(buf_string(&b), stdout);
    buf_release(&b);
}

/* ---- change ---- */

static int policy_command_set_budget(const struct models_topic *v, const char *const *word,
                                     struct policy_operator *o) {
    char *end;
    errno = 0;
    double scale = *word ? strtod(*word, &end) : -1, rate = v->config->budget.rate,
           most = rate > 0 ? 1 / rate : 1;
    if (!*word || !**word || *end || errno || !(scale >= 0 && scale <= most))
        return console_fail(EX_USAGE,
                            "budget wants a number from 0 to %g (budget.rate is %g, and times the "
                            "scale it must not be above 1)",
                            most, rate);
    o->budget_scale = scale;
    return CLI_GO;
}

static int policy_command_set_live(const struct models_topic *v, const char *const *word,
                                   struct policy_operator *o) {
    char *end;
    errno = 0;
    if (*word && strcmp(*word, "newest") == 0) {
        o->pin = 0;
        return CLI_GO;
    }
    uint64_t version = *word && **word >= '1' && **word <= '9' ? strtoull(*word, &end, 10) : 0;
    if (!version || *end || errno)
        return console_fail(EX_USAGE, "live wants a version (see `show`) or newest");
    if (!registry_model(v->registry, version))
        return console_fail(
            EX_USAGE, "version %" PRIu64 " is not there to go live; `show` lists those that are",
            version);
    const char *why = models_topic_unfit(v, version);
    if (why) return models_topic_refuse(v, version, why);
    o->pin = version;
    return CLI_GO;
}

static int policy_command_set_explore(const struct models_topic *v, const char *const *word,
                                      struct policy_operator *o) {
    (void)v;
    bool on = *word && strcmp(*word, "on") == 0;
    if (!on && (!*word || strcmp(*word, "off") != 0))
        return console_fail(EX_USAGE, "explore wants on or off");
    o->explore_only = on;
    return CLI_GO;
}

/* Kill switch and freezing: each action sets one flag. */
#define SWITCH(name, member, on)                                                                   \
    static int name(const struct models_topic *v, const char *const *word,                         \
                    struct policy_operator *o) {                                                   \
        (void)v, (void)word;                                                                       \
        o->member = on;                                                                            \
        return CLI_GO;                                                                             \
    }
SWITCH(policy_command_pause, paused, true)
SWITCH(policy_command_resume, paused, false)
SWITCH(policy_command_freeze, frozen, true)
SWITCH(policy_command_unfreeze, frozen, false)

static int policy_command_set_auto(const struct models_topic *v, const char *const *word,
                                   struct policy_operator *o) {
    (void)v;
    bool on = *word && strcmp(*word, "on") == 0;
    if (!on && (!*word || strcmp(*word, "off") != 0))
        return console_fail(EX_USAGE, "auto wants on or off");
    o->auto_off = !on;
    return CLI_GO;
}

/* What is accepted is a set after this newest version: with the next one the word is used up. */
static int policy_command_accept(const struct models_topic *v, const char *const *word,
                                 struct policy_operator *o) {
    (void)word;
    if (!registry_policy(v->registry)->learner.shrunken)
        return console_fail(EX_USAGE, "nothing waits to be accepted: the labelled set has not "
                                      "shrunk below half of that behind the newest version");
    o->accepted = registry_newest(v->registry);
    return CLI_GO;
}

/* ---- caps ---- */

static const struct policy_cap_row {
    const char *name;
    size_t operator_, config;
    const char *means;
} caps[] = {
    {"per_hour", offsetof(struct policy_operator, per_hour),
     offsetof(struct config, budget.per_hour), "labels an hour"},
    {"per_day", offsetof(struct policy_operator, per_day), offsetof(struct config, budget.per_day),
     "labels a day"},
    {"open_tasks", offsetof(struct policy_operator, open_tasks),
     offsetof(struct config, budget.open_tasks), "tasks that wait for an answer"},
};
enum { CAPS = sizeof caps / sizeof *caps };

static int64_t *policy_command_cap_of(const struct policy_cap_row *c, struct policy_operator *o) {
    return (int64_t *)((char *)o + c->operator_);
}

static int policy_command_set_cap(const struct models_topic *v, const char *const *word,
                                  struct policy_operator *o) {
    static const char usage[] = "cap wants per_hour, per_day or open_tasks, then a number from 1, "
                                "`none`, or `default` (what the file says)%s";
    (void)v;
    const struct policy_cap_row *cap = NULL;
    for (size_t i = 0; word[0] && i < CAPS; i++)
        if (strcmp(word[0], caps[i].name) == 0) cap = &caps[i];
    if (!cap)
        return console_fail(EX_USAGE, usage,
                            word[0] ? cli_nearest("per_hour|per_day|open_tasks", word[0]) : "");
    char *end = NULL;
    errno = 0;
    long long n = word[1] && *word[1] >= '1' && *word[1] <= '9' ? strtoll(word[1], &end, 10) : 0;
    if (word[1] && strcmp(word[1], "none") == 0) n = -1;
    else if (word[1] && strcmp(word[1], "default") == 0) n = 0;
    else if (!n || *end || errno || n > CAP_MAX) return console_fail(EX_USAGE, usage, "");
    *policy_command_cap_of(cap, o) = n;
    return CLI_GO;
}

static void policy_command_show_cap(const struct policy_cap_row *cap, const struct config *c,
                                    struct policy_operator o) {
    int64_t word = *policy_command_cap_of(cap, &o),
            file = *(const int64_t *)((const char *)c + cap->config);
    uint64_t most = policy_cap(word, (uint64_t)file);
    char number[32] = "none", means[96];
    if (most) snprintf(number, sizeof number, "%" PRIu64, most);
    snprintf(means, sizeof means, "%s%s", cap->means,
             word ? "; said by the operator, `default` follows the file again"
                  : ", as this file says");
    policy_command_print_row(cap->name, word ? TONE_DOUBT : TONE_PLAIN, number, means);
}

/* ---- the table ---- */

static const struct policy_action {
    struct verb verb;
    int (*set)(const struct models_topic *v, const char *const *word,
               struct policy_operator *o); // NULL: show
} actions[] = {
    {{"show", 0}, NULL},
    {{"pause", 0}, policy_command_pause},
    {{"resume", 0}, policy_command_resume},
    {{"budget", 1}, policy_command_set_budget},
    {{"cap", 2}, policy_command_set_cap},
    {{"explore", 1}, policy_command_set_explore},
    {{"freeze", 0}, policy_command_freeze},
    {{"unfreeze", 0}, policy_command_unfreeze},
    {{"accept", 0}, policy_command_accept},
    {{"auto", 1}, policy_command_set_auto},
    {{"live", 1}, policy_command_set_live},
};

static void policy_command_show_all(const struct models_topic *v, bool json) {
    if (json) {
        policy_command_show_json(v);
        return;
    }
    policy_command_show(v);
    for (size_t i = 0; i < CAPS; i++)
        policy_command_show_cap(&caps[i], v->config, registry_policy(v->registry)->operator_);
    policy_certificates_print(v);
    putchar('\n');
    models_topic_versions(v, false);
}

static int policy_command_act(struct models_topic *v, const struct policy_action *action,
                              const char *const *word, bool json) {
    struct policy_operator wanted = registry_policy(v->registry)->operator_;
    if (action->set) {
        int code = action->set(v, word, &wanted);
        if (code != CLI_GO) return code;
        int result = models_topic_operate(v, &wanted);
        if (result < 0) return command_fail(result, &v->why);
    }
    policy_command_show_all(v, json);
    return EX_OK;
}

static int policy_command_with_topic(const struct config *c, const struct policy_action *action,
                                     const char *const *word, bool json) {
    struct models_topic v;
    int result = models_topic_open(&v, c), code = result < 0
                                                      ? command_fail(result, &v.why)
                                                      : policy_command_act(&v, action, word, json);
    models_topic_close(&v);
    return code;
}

int command_policy(int argc, char **argv) {
    const char *file = NULL;
    bool json = false;
    struct flag flags[] = {{"config", 'c', FLAG_TEXT, &file, "FILE", "the configuration", true},
                           {"json", 0, FLAG_SWITCH, &json, NULL,
                            "one JSON object instead of lines for people", false}};
    struct usage usage = {
        "policy",
        "show | pause | resume | budget SCALE | cap per_hour|per_day|open_tasks N|none|default | "
        "explore on|off | freeze | unfreeze | accept | auto on|off | live VERSION|newest",
        "Shows or changes what the workers and the learner are told; it reaches every process and "
        "survives restarts.",
        flags, sizeof flags / sizeof *flags};
    size_t chosen;
    int words, code = cli_parse_verb(&usage, VERBS(actions), argc, argv, &words, &chosen);
    if (code != CLI_GO) return code;
    const struct policy_action *action = &actions[chosen];
    struct config *c;
    code = cli_config(&c, file);
    if (code != CLI_GO) return code;
    log_init(LOG_LOGFMT, LOG_ERROR);
    const char *word[2] = {NULL};
    for (int i = 1; i < words; i++) word[i - 1] = argv[i + 1];
    code = policy_command_with_topic(c, action, word, json);
    config_destroy(c);
    return code;
}
