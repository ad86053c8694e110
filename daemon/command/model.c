/* `winnowd model`: shows versions, takes them out, puts others in, goes back to an earlier one.
 *
 * A push: model_push.h. A rollback or a pin changes the
 * operator's half of the policy, so workers follow as soon as they read the topic. Refuses a
 * version that is not there, one that could not go live here, a model made for other features or
 * classes, and to write over a file.
 *
 * Thread: main thread */
#include "command.h"

#include "base/clock.h"
#include "base/log.h"
#include "infer/model_record.h"
#include "model_fingerprint.h"
#include "model_push.h"
#include "models_topic.h"
#include "terminal/console.h"
#include "terminal/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>

struct model_command {
    const char *file;
    bool json;
    const struct config *config;
    struct models_topic topic;
    struct model_push_options push;
    const char *const *word; // (words) after the verb
    int words;
};

/* ---- which version ---- */

/* The version that a word names; 0 after saying what is wrong with it, with the exit code in *code.
 */
static uint64_t model_command_version_of(const struct model_command *c, const char *word,
                                         int *code) {
    char *end = NULL;
    errno = 0;
    uint64_t version = *word >= '1' && *word <= '9' ? strtoull(word, &end, 10) : 0;
    if (!version || *end || errno) {
        *code = console_fail(EX_USAGE, "'%s' is no version; `winnowd model list` has them", word);
        return 0;
    }
    if (registry_model(c->topic.registry, version)) return version;
    *code =
        console_fail(EX_NOINPUT,
                     "version %" PRIu64
                     " is not on topic %s (any more); `winnowd model list` shows those that are",
                     version, c->config->topics.models);
    return 0;
}

/* A version that the operator wants in force must be one that every worker of this configuration
 * takes: else it would be in force nowhere, and what was there would stay without a word. */
static uint64_t model_command_version_to_live(const struct model_command *c, const char *word,
                                              int *code) {
    uint64_t version = model_command_version_of(c, word, code);
    const char *why = version ? models_topic_unfit(&c->topic, version) : NULL;
    if (!why) return version;
    *code = models_topic_refuse(&c->topic, version, why);
    return 0;
}

static uint64_t model_command_live(const struct model_command *c, int *code) {
    uint64_t live = registry_live(c->topic.registry);
    if (live && registry_model(c->topic.registry, live)) return live;
    *code = console_fail(EX_NOINPUT, "there is no live version yet");
    return 0;
}

/* The newest version before the live one that can go live. */
static uint64_t model_command_version_before(const struct model_command *c, int *code) {
    uint64_t version[REGISTRY_HELD], live = policy_live(registry_policy(c->topic.registry)),
                                     before = 0;
    size_t n = registry_versions(c->topic.registry, version, sizeof version / sizeof *version);
    for (size_t i = 0; i < n && version[i] < live; i++)
        if (!models_topic_unfit(&c->topic, version[i])) before = version[i];
    if (!before)
        *code = console_fail(EX_NOINPUT,
                             "there is no version before the live one (%" PRIu64 ") to go back to",
                             live);
    return before;
}

/* ---- list, show ---- */

static int model_command_list(struct model_command *c) {
    models_topic_versions(&c->topic, c->json);
    return EX_OK;
}

static size_t model_command_trees(const struct model *m) {
    return m->forest ? forest_trees(m->forest) : 0;
}

static void model_command_describe_json(const struct model *m, size_t bytes, bool live) {
    struct buf b = {0};
    buf_printf(&b,
               "{\"version\":%" PRIu64 ",\"live\":%s,\"parent\":%" PRIu64 ",\"prior\":%" PRIu64
               ",\"pushed\":",
               m->version, live ? "true" : "false", m->parent, m->prior);
    buf_json_str(&b, m->pushed);
    buf_printf(&b,
               ",\"created_ms\":%" PRId64 ",\"labels\":%" PRIu64 ",\"fingerprint\":\"%016" PRIx64
               "\",\"columns\":%zu,\"trees\":%zu,\"hinges\":%zu,\"members\":%zu,\"bytes\":%zu,"
               "\"sha256\":\"%s\",\"lapse\":",
               m->created_ms, m->rows, m->fingerprint, m->shape.d, model_command_trees(m),
               m->shape.hinges, m->shape.members, bytes, m->digest);
    buf_double(&b, m->lapse ? *m->lapse : 0);
    buf_str(&b, ",\"temperature\":");
    buf_double(&b, m->temperature ? *m->temperature : 1);
    buf_printf(&b, ",\"boosted_trees\":%zu,\"trust\":", m->boost.trees);
    buf_double(&b, m->boost.trees ? *m->boost.trust : 0);
    buf_str(&b, ",\"mix\":[");
    for (size_t i = 0; i < m->shape.members; i++) {
        if (i) buf_str(&b, ",");
        buf_double(&b, m->mix[i]);
    }
    buf_str(&b, "],\"layers\":[");
    for (size_t l = 0; l <= m->shape.layers; l++)
        buf_printf(&b, "%s%zu", l ? "," : "", m->shape.width[l]);
    buf_str(&b, "],\"classes\":");
    buf_json(&b, m->classes);
    buf_str(&b, ",\"seen\":");
    buf_json(&b, m->seen);
    buf_str(&b, ",\"aside\":");
    buf_json(&b, m->aside.at ? m->aside : TEXT(""));
    buf_str(&b, "}\n");
    fputs(buf_string(&b), stdout);
    buf_release(&b);
}

static void model_command_row(const char *what, const char *format, ...) PRINTF_LIKE(2, 3);
static void model_command_row(const char *what, const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("%-14s ", what);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

/* A row whose text has several lines, joined by commas. */
static void model_command_row_lines(const char *what, struct text lines) {
    struct buf b = {0};
    buf_shown(&b,
              (struct text){lines.at, lines.len && lines.at[lines.len - 1] == '\n' ? lines.len - 1
                                                                                   : lines.len});
    for (char *at = (char *)buf_string(&b); (at = strstr(at, "\\x0a")); at += 2) {
        memcpy(at, ", ", 2);
        memmove(at + 2, at + 4, strlen(at + 4) + 1);
    }
    model_command_row(what, "%s", b.at);
    buf_release(&b);
}

/* How far it believes itself. */
static void model_command_calibration(const struct model *m) {
    if (m->lapse)
        model_command_row(
            "lapse", "%.4g: the share of samples of which it is taken to know nothing", *m->lapse);
    if (m->temperature)
        model_command_row("temperature", "%.4g: above 1 the mixture is too sure, below not enough",
                          *m->temperature);
}

static void model_command_describe(const struct model *m, size_t bytes, bool live) {
    struct buf made = {0}, shape = {0};
    listing_when(&made, m->created_ms);
    for (size_t l = 0; l <= m->shape.layers; l++)
        buf_printf(&shape, "%s%zu", l ? " → " : "", m->shape.width[l]);
    model_command_row("version", "%" PRIu64 "%s", m->version, live ? ", live" : "");
    model_command_row("made", "%s UTC, %s", buf_string(&made),
                      *m->pushed ? "pushed from outside" : "fitted here");
    model_command_row("labels", "%" PRIu64, m->rows);
    model_command_row("parent", "%" PRIu64, m->parent);
    if (m->prior)
        model_command_row("prior", "version %" PRIu64 ": %s", m->prior,
                          m->prior == m->version ? "itself; fits after it shrink towards it"
                                                 : "it was shrunk towards that one");
    model_command_row("shape", "%s, %zu member%s", buf_string(&shape), m->shape.members,
                      m->shape.members > 1 ? "s" : "");
    if (m->forest)
        model_command_row("trees", "%zu, whose scores are columns too (%zu)",
                          model_command_trees(m), m->shape.scores);
    if (m->boost.trees)
        model_command_row("boosted trees", "%zu (train.trees), trusted with %.3f of what is said",
                          m->boost.trees, *m->boost.trust);
    if (m->shape.hinges)
        model_command_row("hinges", "%zu columns that bend (train.hinges)", m->shape.hinges);
    printf("%-14s", "mixture");
    for (size_t i = 0; i < m->shape.members; i++) printf(" %.3f", m->mix[i]);
    putchar('\n');
    model_command_calibration(m);
    model_command_row_lines("classes", m->classes);
    model_command_row("features", "%016" PRIx64, m->fingerprint);
    model_command_row_lines("seen", m->seen);
    if (m->aside.len) model_command_row_lines("set aside", m->aside);
    model_command_row("record", "%zu bytes, sha256 of the tensors %s", bytes, m->digest);
    buf_release(&made);
    buf_release(&shape);
}

static size_t model_command_record_of(const struct model_command *c, const struct model *m,
                                      struct buf *out) {
    model_write((struct model *)m, c->config->service.name, out); // writes the digest that it has
    return out->len;
}

static int model_command_show(struct model_command *c) {
    int code = EX_OK;
    uint64_t version =
        c->words ? model_command_version_of(c, c->word[0], &code) : model_command_live(c, &code);
    if (!version) return code;
    struct buf record = {0};
    const struct model *m = registry_model(c->topic.registry, version);
    bool live = version == policy_live(registry_policy(c->topic.registry));
    (c->json ? model_command_describe_json
             : model_command_describe)(m, model_command_record_of(c, m, &record), live);
    buf_release(&record);
    return EX_OK;
}

/* ---- pull ---- */

/* Writes a new file, whole or not at all. An exit code. */
static int model_command_write_file(const char *path, const struct buf *record) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return console_fail(EX_CANTCREAT, "%s: %s", path,
                            errno == EEXIST ? "is there already; nothing is written over"
                                            : strerror(errno));
    size_t done = 0;
    for (ssize_t n;
         done < record->len && (n = write(fd, record->at + done, record->len - done)) > 0;)
        done += (size_t)n;
    bool kept = done == record->len && fsync(fd) == 0;
    int error = errno;
    kept &= close(fd) == 0;
    if (kept) return EX_OK;
    unlink(path);
    return console_fail(EX_IOERR, "%s: %s", path, strerror(error));
}

static int model_command_pull(struct model_command *c) {
    int code = EX_OK;
    if (!c->words)
        return console_fail(EX_USAGE, "pull wants a file to write to: pull [VERSION] FILE");
    uint64_t version = c->words > 1 ? model_command_version_of(c, c->word[0], &code)
                                    : model_command_live(c, &code);
    if (!version) return code;
    struct buf record = {0};
    model_command_record_of(c, registry_model(c->topic.registry, version), &record);
    code = model_command_write_file(c->word[c->words - 1], &record);
    if (code == EX_OK)
        printf("version %" PRIu64 ": %zu bytes in %s\n", version, record.len,
               c->word[c->words - 1]);
    buf_release(&record);
    return code;
}

/* ---- push ---- */

static int model_command_push(struct model_command *c) {
    if (!c->words) return console_fail(EX_USAGE, "push wants a file");
    return model_push(&c->topic, c->word[0], &c->push, c->json);
}

/* ---- rollback, pin ---- */

static int model_command_operate(struct model_command *c, const struct policy_operator *o) {
    int result = models_topic_operate(&c->topic, o);
    if (result < 0) return command_fail(result, &c->topic.why);
    models_topic_versions(&c->topic, c->json);
    return EX_OK;
}

static int model_command_rollback(struct model_command *c) {
    int code = EX_OK;
    uint64_t version = c->words ? model_command_version_to_live(c, c->word[0], &code)
                                : model_command_version_before(c, &code);
    if (!version) return code;
    const struct policy *p = registry_policy(c->topic.registry);
    struct policy_operator o = p->operator_;
    if (o.pin)
        return console_fail(EX_USAGE,
                            "version %" PRIu64
                            " is pinned: `winnowd model unpin` first, or `pin` the one you want",
                            o.pin);
    o.rollback = version;
    o.rolled_ms = (uint64_t)clock_wall_ms();
    if (version == p->learner.live) o.rollback = o.rolled_ms = 0; // back to where the learner is
    return model_command_operate(c, &o);
}

static int model_command_pin(struct model_command *c) {
    int code = EX_OK;
    struct policy_operator o = registry_policy(c->topic.registry)->operator_;
    if (!c->words)
        return console_fail(EX_USAGE, "pin wants a version; `winnowd model list` has them");
    o.pin = model_command_version_to_live(c, c->word[0], &code);
    return o.pin ? model_command_operate(c, &o) : code;
}

static int model_command_fingerprint(struct model_command *c) {
    return model_fingerprint(c->config, c->json);
}

static int model_command_unpin(struct model_command *c) {
    struct policy_operator o = registry_policy(c->topic.registry)->operator_;
    o.pin = 0;
    return model_command_operate(c, &o);
}

/* ---- the table ---- */

static const struct model_action {
    struct verb verb;
    int (*run)(struct model_command *c);
    bool alone; // it needs no topic
} actions[] = {{{"list", 0}, model_command_list, false},
               {{"show", 1}, model_command_show, false},
               {{"push", 1}, model_command_push, false},
               {{"pull", 2}, model_command_pull, false},
               {{"rollback", 1}, model_command_rollback, false},
               {{"pin", 1}, model_command_pin, false},
               {{"unpin", 0}, model_command_unpin, false},
               {{"fingerprint", 0}, model_command_fingerprint, true}};

static int model_command_with_topic(struct model_command *c, const struct model_action *action) {
    int result = models_topic_open(&c->topic, c->config),
        code = result < 0 ? command_fail(result, &c->topic.why) : action->run(c);
    models_topic_close(&c->topic);
    return code;
}

int command_model(int argc, char **argv) {
    struct model_command c = {0};
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &c.file, "FILE", "the configuration", true},
        {"golden", 0, FLAG_TEXT, &c.push.golden, "FILE",
         "push: rows with the probabilities that must come out; trees want it", false},
        {"by-position", 0, FLAG_SWITCH, &c.push.by_position, NULL,
         "push: the features of the trees are the columns, whatever their names", false},
        {"json", 0, FLAG_SWITCH, &c.json, NULL, "JSON instead of lines for people", false}};
    struct usage usage = {
        "model",
        "list | show [VERSION] | push FILE | pull [VERSION] FILE | rollback [VERSION] | pin "
        "VERSION | unpin | fingerprint",
        "Shows model versions, takes them out and puts others in, goes back to an earlier one.",
        flags, sizeof flags / sizeof *flags};
    size_t chosen;
    int words, code = cli_parse_verb(&usage, VERBS(actions), argc, argv, &words, &chosen);
    if (code != CLI_GO) return code;
    const struct model_action *action = &actions[chosen];
    struct config *config;
    code = cli_config(&config, c.file);
    if (code != CLI_GO) return code;
    log_init(LOG_LOGFMT, LOG_ERROR);
    c.config = config;
    c.word = (const char *const *)argv + 2;
    c.words = words - 1;
    code = action->alone ? action->run(&c) : model_command_with_topic(&c, action);
    config_destroy(config);
    return code;
}
