/* `winnowd annotate`: answers tasks from a file that knows the labels, or lets a person answer
 * (--terminal, annotate_terminal.h).
 *
 * The labels of the file are read first; then the oracle (demo/oracle.h) answers in a thread of its
 * own, while this one shows progress. Refuses a configuration without admit.id, because no file can
 * know the sample ids of its tasks, and a label that is not one of model.classes.
 *
 * Thread: main thread, and the oracle's */
#include "command.h"

#include "annotate_terminal.h"
#include "base/clock.h"
#include "base/log.h"
#include "data/dataset.h"
#include "data/true_labels.h"
#include "demo/oracle.h"
#include "kafka/admin.h"
#include "terminal/console.h"

#include <pthread.h>

enum {
    TICK_MS = 100,      // between two lines of progress: ten a second look smooth
    ANNOTATOR_MAX = 128 // bytes of the annotator's name, which every label carries
};

struct annotate {
    struct dataset_options data;
    const char *file, *annotator;
    double delay, noise;
    int64_t seed;
    bool once, terminal;
    const struct config *config;
    struct true_labels *labels; // of the file
    uint64_t known;             // how many
    struct oracle_figures figures;
    struct oracle_options oracle;
    struct buf why;
    int result;
    _Atomic bool done;
};

/* ---- true labels ---- */

static struct text annotate_truth(struct text sample_id, void *opaque) {
    struct annotate *a = opaque;
    int class_ = true_labels_get(a->labels, sample_id);
    return class_ < 0 ? (struct text){0} : text_of(a->config->model.classes.at[class_]);
}

/* A row without a label is not known. Of two answers for one id nobody can say which is right. */
static int annotate_learn(struct annotate *a, const struct dataset *d,
                          const struct dataset_sample *s, struct buf *why) {
    if (!s->label.at) return 0;
    int class_ = dataset_class(d, &a->config->model.classes, s->label),
        before = true_labels_get(a->labels, s->id);
    if (class_ < 0)
        buf_printf(why, "row %llu: label '%.*s' is not one of model.classes",
                   (unsigned long long)s->row, (int)s->label.len, s->label.at);
    else if (before >= 0 && before != class_)
        buf_printf(why, "row %llu: the id '%.*s' stands in the file before, with the label '%s'",
                   (unsigned long long)s->row, (int)s->id.len, s->id.at,
                   a->config->model.classes.at[before]);
    if (why->len) return ERR_INPUT;
    a->known += true_labels_replace(a->labels, s->id, class_);
    return 0;
}

static int annotate_read_labels(struct annotate *a, struct buf *why) {
    struct dataset *d;
    a->labels = true_labels_create();
    struct dataset_sample s;
    TRY(dataset_open(&d, &a->data, why));
    int result;
    console_remarks(a->data.file, dataset_remarks(d));
    while ((result = dataset_next(d, &s, why)) > 0 && (result = annotate_learn(a, d, &s, why)) == 0)
        console_progress("reading %s: %llu answers", a->data.file, (unsigned long long)a->known);
    console_remarks(a->data.file, dataset_remarks(d));
    dataset_close(d);
    return result;
}

/* ---- the run ---- */

static void *annotate_oracle_main(void *opaque) {
    struct annotate *a = opaque;
    a->result = oracle_run(&a->oracle, &a->figures, &a->why);
    atomic_store(&a->done, true);
    return NULL;
}

static void annotate_progress(struct annotate *a) {
    unsigned long long tasks = atomic_load(&a->figures.tasks),
                       answered = atomic_load(&a->figures.answered),
                       unknown = atomic_load(&a->figures.unknown);
    console_progress("%llu tasks, %llu answered, %llu waiting, %llu unknown", tasks, answered,
                     tasks - answered - unknown, unknown);
}

static int annotate_run(struct annotate *a) {
    pthread_t thread;
    const char *const topics[] = {a->config->topics.tasks, a->config->topics.labels};
    TRY(admin_topics_there(a->config, topics, 2, &a->why)); // or they would be waited for for ever
    if (pthread_create(&thread, NULL, annotate_oracle_main, a) != 0) {
        buf_str(&a->why, "the system has no thread that answers");
        return ERR_FATAL;
    }
    while (!atomic_load(&a->done)) {
        clock_sleep_ms(TICK_MS);
        annotate_progress(a);
    }
    pthread_join(thread, NULL);
    return a->result;
}

static int annotate_from_file(struct annotate *a) {
    a->oracle = (struct oracle_options){.config = a->config,
                                        .truth = annotate_truth,
                                        .opaque = a,
                                        .delay_ms = (int64_t)(a->delay * 1000),
                                        .noise = a->noise,
                                        .seed = (uint64_t)a->seed,
                                        .annotator = a->annotator,
                                        .once = a->once,
                                        .stop = console_stop()};
    if (!*a->config->admit.id) {
        buf_str(&a->why,
                "admit.id is empty, so tasks name samples by topic/partition/offset, which no file "
                "knows; set it to the id's column, or to /row, which `winnowd feed` puts in");
        return EX_CONFIG;
    }
    int result = annotate_read_labels(a, &a->why);
    if (result < 0) return result == ERR_IO ? EX_NOINPUT : console_exit(result);
    result = annotate_run(a);
    console_clear();
    if (result == 0)
        printf("%llu tasks: %llu answered (%llu wrongly, by --noise), %llu unknown\n",
               (unsigned long long)a->figures.tasks, (unsigned long long)a->figures.answered,
               (unsigned long long)a->figures.wrong, (unsigned long long)a->figures.unknown);
    return result == ERR_FATAL ? EX_UNAVAILABLE : console_exit(result);
}

static int annotate_check_flags(const struct annotate *a) {
    if (a->noise > 1) return console_fail(EX_USAGE, "--noise is a share, 0 to 1");
    if (a->delay > 1e9) return console_fail(EX_USAGE, "--delay is in seconds, at most 1e9");
    if (a->annotator && strlen(a->annotator) > ANNOTATOR_MAX)
        return console_fail(EX_USAGE, "--annotator is too long");
    if (a->terminal && (a->data.file || a->data.label || a->once))
        return console_fail(
            EX_USAGE, "--terminal is for a person: it takes neither --data nor --label nor --once");
    if (!a->terminal && (!a->data.file || !a->data.label))
        return console_fail(EX_USAGE, "--data FILE and --label COLUMN are missing, or --terminal");
    return CLI_GO;
}

/* Who answers, where it was not said: the account. */
static const char *annotate_myself(const char *annotator) {
    const char *user = getenv("USER");
    if (annotator) return annotator;
    return user && *user && strlen(user) <= ANNOTATOR_MAX ? user : "terminal";
}

static int annotate_either(struct annotate *a) {
    if (a->terminal) return annotate_terminal(a->config, annotate_myself(a->annotator), &a->why);
    if (!a->annotator) a->annotator = "winnowd-annotate";
    return annotate_from_file(a);
}

int command_annotate(int argc, char **argv) {
    struct annotate a = {.seed = 1};
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &a.file, "FILE", "the configuration", true},
        {"data", 0, FLAG_TEXT, &a.data.file, "FILE", COMMAND_DATA_WORDS ", with the answers",
         false},
        {"label", 0, FLAG_TEXT, &a.data.label, "COLUMN", "the answer, one of model.classes", false},
        {"id", 0, FLAG_TEXT, &a.data.id, "COLUMN",
         "the sample id; default: the row's number, as `feed` counts", false},
        {"delay", 0, FLAG_NUMBER, &a.delay, "S",
         "seconds to an answer, half to one and a half of this; default 0", false},
        {"noise", 0, FLAG_NUMBER, &a.noise, "P",
         "share of answers that name another class; default 0", false},
        {"seed", 0, FLAG_COUNT, &a.seed, "S", "of delays and noise; default 1", false},
        {"annotator", 0, FLAG_TEXT, &a.annotator, "NAME", "who answers (2nd reader NAME/2)", false},
        {"terminal", 0, FLAG_SWITCH, &a.terminal, NULL,
         "a person answers, at this terminal: one key a class", false},
        {"once", 0, FLAG_SWITCH, &a.once, NULL, "end when all tasks that are there are answered",
         false},
        COMMAND_DATA_FLAGS(a.data),
    };
    struct usage usage = {"annotate", NULL,
                          "Answers the tasks topic: from a file that knows the answers (--data, "
                          "--label), or by hand (--terminal).",
                          flags, sizeof flags / sizeof *flags};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code == CLI_GO) code = annotate_check_flags(&a);
    if (code != CLI_GO) return code;
    struct config *c;
    code = cli_config(&c, a.file);
    if (code != CLI_GO) return code;
    log_init(LOG_LOGFMT, LOG_WARNING);
    a.config = c;
    code = annotate_either(&a);
    if (code) console_fail(code, "%s", buf_string(&a.why));
    true_labels_destroy(a.labels);
    buf_release(&a.why);
    config_destroy(c);
    return code;
}
