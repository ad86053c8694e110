/* Manual pages from the tables, in the language of scdoc(1), which makes roff of them.
 *
 * What a page lists stands in a table already (flags in each command's usage, exit codes in
 * exit.def), so only the sentences between the lists are written here. winnowd.yaml(5) is made
 * beside the options (config_manual).
 *
 * Thread: main thread */
#include "manual.h"

#include "command.h"

static void manual_title(struct buf *out, const char *name, int section, const char *what) {
    buf_printf(out, "%s(%d)\n\n# NAME\n\n%s - %s\n", name, section, name, what);
}

/* ---- winnowd(1) ---- */

/* A choice of words may be longer than a line of the page: at its bars it can be broken. */
static void manual_flag_help(const char *help, struct buf *out) {
    struct buf spaced = {0};
    for (; *help; help++) {
        if (*help == '|') buf_str(&spaced, " | ");
        else buf_add(&spaced, help, 1);
    }
    scdoc_text(buf_string(&spaced), out);
    buf_release(&spaced);
}

static void manual_flag_entry(const struct flag *f, struct buf *out) {
    if (f->letter) buf_printf(out, "*-%c*, ", f->letter);
    buf_printf(out, "*--%s*", f->name);
    if (f->argument) {
        buf_str(out, " _");
        scdoc_text(f->argument, out);
        buf_str(out, "_");
    }
    buf_str(out, "\n\t");
    manual_flag_help(f->help, out);
    buf_str(out, f->required ? " (required)\n\n" : "\n\n");
}

static void manual_synopsis(const struct usage *u, void *opaque) {
    struct buf *out = opaque;
    if (out->at[out->len - 1] != '\n')
        buf_str(out, "++\n"); // a line break stands between two lines, not behind the last
    buf_printf(out, "*winnowd %s*", u->command);
    for (size_t i = 0; i < u->flags_n; i++)
        if (u->flags[i].required)
            buf_printf(out, " *--%s* _%s_", u->flags[i].name, u->flags[i].argument);
    buf_str(out, u->flags_n ? " \\[flags\\]" : "");
    if (u->words) {
        buf_str(out, " ");
        scdoc_text(u->words, out);
    }
}

static void manual_command_entry(const struct usage *u, void *opaque) {
    struct buf *out = opaque;
    buf_printf(out, "\n## winnowd %s\n\n", u->command);
    if (u->words) {
        buf_str(out, "with ");
        scdoc_text(u->words, out);
        buf_str(out, "\n\n");
    }
    scdoc_text(u->summary, out);
    buf_str(out, "\n\n");
    for (size_t i = 0; i < u->flags_n; i++) manual_flag_entry(&u->flags[i], out);
}

static void manual_exit_status(struct buf *out) {
    buf_str(out, "\n# EXIT STATUS\n\n");
#define EXIT(code, means, then)                                                                    \
    buf_str(out, "*" #code "*\n\t"), scdoc_text(means, out), buf_str(out, "\n\n");
#include "exit.def"
#undef EXIT
}

void manual_command(struct buf *out) {
    manual_title(out, "winnowd", 1, "online active learning on Kafka topics");
    buf_str(out, "\n# SYNOPSIS\n\n");
    command_each(manual_synopsis, out);
    buf_str(out, "\n\n# DESCRIPTION\n\n"
                 "winnowd reads a stream of samples from Kafka, scores each one with the current "
                 "model, and asks people for labels of the few that would teach the model most. "
                 "It learns as the answers come back and swaps the better model in. *winnowd run* "
                 "is the daemon; the other commands prepare, watch and steer it. "
                 "Every command knows *--help*. A wrong word gets the nearest right one and exit "
                 "status 64.\n"
                 "\n# COMMANDS\n");
    command_each(manual_command_entry, out);
    manual_exit_status(out);
    buf_str(
        out,
        "# ENVIRONMENT\n\n"
        "*CREDENTIALS_DIRECTORY*\n\tWhere relative file names of secrets are looked for; systemd "
        "sets it for LoadCredential=.\n\n"
        "*STATE_DIRECTORY*\n\tWins over the default of service.state\\_dir; systemd sets it for "
        "StateDirectory=.\n\n"
        "*NOTIFY_SOCKET*, *WATCHDOG_USEC*\n\tReadiness, status and watchdog, as sd\\_notify(3) has "
        "them.\n\n"
        "*JOURNAL_STREAM*\n\tSet: log lines start with a journald priority instead of a time.\n\n"
        "\n# SIGNALS\n\n"
        "*TERM*, *INT*\n\tFinish the transaction under way, commit it, leave the group, exit 0.\n\n"
        "*HUP*\n\tRead the configuration again: what may change is in force at the next batch, "
        "what wants a restart is named; a file with an error is refused and the old one stays.\n\n"
        "\n# FILES\n\n_/etc/winnowd/winnowd.yaml_, _/var/lib/winnowd_, _/usr/share/doc/winnowd_\n"
        "\n# SEE ALSO\n\n*winnowd.yaml*(5), *winnowd*(7), *systemd.service*(5)\n");
}

/* ---- winnowd(7) ---- */

static void manual_how_it_works(struct buf *out) {
    buf_str(
        out,
        "\n# THE LOOP\n\n"
        "```\n"
        "samples -> admit -> encode -> infer -> query -> route -> tasks -> annotators -> labels\n"
        "                                ^                 +-> dead letters, predictions     |\n"
        "                                +----- models <- train (joins, fits, publishes) <---+\n"
        "```\n\n"
        "A *worker* is a member of the consumer group: it takes samples, scores and decides them, "
        "and commits tasks, dead letters and offsets in one Kafka transaction. "
        "The *learner*, one process of a name, joins labels to tasks, fits a model on the labelled "
        "set and publishes it on the models topic, from where every process swaps it in. "
        "The labelled set is the truth: a model is a function of it, so nothing is learned twice "
        "or lost.\n"
        "\n# WHAT IS ASKED\n\n"
        "_budget.rate_ is the share of samples that may be asked; it is kept over any stretch of "
        "the stream. "
        "Of it, _budget.random\\_share_ is asked at random: that is what makes the accuracy figure "
        "honest. "
        "The rest goes to the samples whose label is worth most by _query.measure_. Every decision "
        "records the probability with which it was taken.\n"
        "\n# WHAT IS PROMISED\n\n"
        "With _service.delivery_ exactly\\_once a reader of tasks with "
        "isolation.level=read\\_committed sees each asked sample once and none is missing, "
        "whatever crashed. "
        "A bad record never stops the stream: it becomes a dead letter with the reason. A bad "
        "configuration never starts or replaces a running one. "
        "Memory is bounded by configuration. No secret is printed, and nothing listens beyond "
        "loopback unless told to.\n");
}

static void manual_how_it_is_run(struct buf *out) {
    buf_str(
        out,
        "\n# SETTING UP\n\n"
        ". Write _/etc/winnowd/winnowd.yaml_ and try it: *winnowd check -c* _FILE_\n"
        ". Make the topics: *winnowd topics -c* _FILE_ *--create*\n"
        ". Ask the broker: *winnowd check -c* _FILE_ *--online*\n"
        ". Start: *systemctl enable --now winnowd*; for more than one stream on a host "
        "_/etc/winnowd/NAME.yaml_ and *systemctl enable --now winnowd@NAME*\n"
        "\n# WATCHING\n\n"
        "*systemctl status winnowd* has one line of figures; _watch.listen_ serves /metrics, "
        "/livez and /readyz. "
        "_/usr/share/winnowd_ has a Grafana dashboard and Prometheus alert rules; each alert names "
        "its part of the runbook, "
        "_/usr/share/doc/winnowd/OPERATIONS.md_.\n"
        "\n# SEE ALSO\n\n*winnowd*(1), *winnowd.yaml*(5)\n");
}

void manual_overview(struct buf *out) {
    manual_title(out, "winnowd", 7, "how winnowd works and is run");
    manual_how_it_works(out);
    manual_how_it_is_run(out);
}
