/* `winnowd topics`: shows the topics of the configuration, and makes the missing ones (--create).
 *
 * The samples topic belongs to whoever sends the samples, so it is made only when that is asked for
 * (--samples). A topic that exists is never changed.
 *
 * Thread: main thread */
#include "command.h"

#include "base/clock.h"
#include "base/log.h"
#include "kafka/admin.h"
#include "terminal/console.h"

enum {
    LEADER_MS = 5000, // until a topic that was just made has a leader
    POLL_MS = 100     // between two looks
};

struct topics_options {
    const char *file;
    bool create, samples;
};

static void topics_print_topic(const struct topic_plan *plan, const struct topic_facts *f) {
    struct buf kept = {0};
    printf("%-20s %-32s ", plan->option, plan->name);
    if (f->error) {
        const char *trouble = "no answer for it";
        if (f->error == ERR_MISSING) trouble = "missing";
        if (f->error == ERR_CONFIG) trouble = "no right to describe it";
        console_word(stdout, TONE_BAD, 0, trouble);
        puts("");
        return;
    }
    admin_kept(f, &kept);
    printf("%10d %8d  %-14s %s\n", f->partitions, f->replicas, f->described ? f->cleanup : "?",
           buf_string(&kept));
    buf_release(&kept);
}

/* Waits until a topic that was just made has a leader. */
static void topics_await(struct admin *a, const char *name) {
    struct topic_facts f;
    for (int64_t end = clock_ms() + LEADER_MS;
         admin_topic(a, name, &f), f.error && clock_ms() < end;)
        clock_sleep_ms(POLL_MS);
}

static int topics_make_missing(struct admin *a, const struct config *c,
                               const struct topic_plan plan[ROLES], bool samples) {
    int code = EX_OK;
    for (size_t i = 0; i < ROLES; i++) {
        struct topic_facts f;
        struct buf why = {0};
        if (!*plan[i].name || !(plan[i].ours || samples)) continue;
        admin_topic(a, plan[i].name, &f);
        if (f.error != ERR_MISSING) continue;
        if (admin_create_topic(a, &plan[i], (int)c->topics.replication, &why) < 0)
            code = console_fail(EX_UNAVAILABLE, "%s could not be made: %s", plan[i].name,
                                buf_string(&why));
        else topics_await(a, plan[i].name);
        buf_release(&why);
    }
    return code;
}

static void topics_show(struct admin *a, const struct topic_plan plan[ROLES]) {
    printf("%-20s %-32s %10s %8s  %-14s %s\n", "option", "topic", "partitions", "replicas",
           "cleanup", "retention");
    for (size_t i = 0; i < ROLES; i++) {
        struct topic_facts f;
        if (!*plan[i].name) continue;
        admin_topic(a, plan[i].name, &f);
        topics_print_topic(&plan[i], &f);
    }
}

static int topics_with_admin(const struct config *c, const struct topics_options *o) {
    struct topic_plan plan[ROLES];
    struct admin *a;
    struct buf why = {0};
    int result = admin_open(&a, c, &why), code = EX_OK;
    if (result < 0) {
        code = console_fail(console_exit(result), "%s", buf_string(&why));
        buf_release(&why);
        return code;
    }
    admin_plan(c, plan);
    if (o->create) code = topics_make_missing(a, c, plan, o->samples);
    topics_show(a, plan);
    admin_close(a);
    return code;
}

int command_topics(int argc, char **argv) {
    struct topics_options o = {0};
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &o.file, "FILE", "the configuration", true},
        {"create", 0, FLAG_SWITCH, &o.create, NULL,
         "make what is missing; what is there is never changed", false},
        {"samples", 0, FLAG_SWITCH, &o.samples, NULL, "with --create: the samples topic too",
         false},
    };
    struct usage usage = {"topics", NULL,
                          "Shows the topics of the configuration, or makes the missing ones: "
                          "models compacted with one partition, tasks and\n"
                          "labels with topics.retention, the others with the broker's default.",
                          flags, sizeof flags / sizeof *flags};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code != CLI_GO) return code;
    if (o.samples && !o.create) return console_fail(EX_USAGE, "--samples is for --create");
    struct config *c;
    code = cli_config(&c, o.file);
    if (code != CLI_GO) return code;
    log_init(LOG_LOGFMT, LOG_WARNING);
    code = topics_with_admin(c, &o);
    config_destroy(c);
    return code;
}
