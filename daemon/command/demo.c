/* `winnowd demo`: its flags; the room demo does the work.
 *
 * Refuses flags that contradict each other.
 *
 * Thread: main thread */
#include "command.h"

#include "config/choices.h"
#include "demo/demo.h"
#include "terminal/console.h"

#include <unistd.h>

static int demo_command_check_choice(const char *flag, const char *word, const char *choices) {
    if (!word) return CLI_GO;
    if (word_list_index(choices, text_of(word)) >= 0) return CLI_GO;
    return console_fail(EX_USAGE, "--%s '%s' is none of %s%s", flag, word, choices,
                        cli_nearest(choices, word));
}

static int demo_command_check_flags(const struct demo_flags *d) {
    const struct dataset_options *data = &d->data.data;
    if (data->file && !data->label)
        return console_fail(EX_USAGE,
                            "--data wants --label COLUMN: the demo plays the annotators too");
    if (!data->file && (data->label || data->id || data->drop || data->positive))
        return console_fail(EX_USAGE, "--label, --id, --drop and --positive belong to --data");
    if (!(d->options.budget > 0 && d->options.budget <= 1))
        return console_fail(EX_USAGE, "--budget is a share of the samples, above 0 and at most 1");
    if (!d->delay) return console_fail(EX_USAGE, "--delay is a number of samples, 1 or more");
    if (d->config_out && access(d->config_out, F_OK) == 0)
        return console_fail(EX_CANTCREAT,
                            "%s is there already, and may hold your changes: name "
                            "another file",
                            d->config_out);
    int code = demo_command_check_choice("measure", d->options.measure, MEASURE_CHOICES);
    return code == CLI_GO
               ? demo_command_check_choice("manager", d->options.manager, MANAGER_CHOICES)
               : code;
}

int command_demo(int argc, char **argv) {
    struct demo_flags d = {
        .options = {.budget = 0.05, .listen = ""}, .seed = 1, .delay = DEMO_DELAY_USUAL};
    struct flag flags[] = {
        {"data", 0, FLAG_TEXT, &d.data.data.file, "FILE",
         "your own data: " COMMAND_DATA_WORDS "; default: a generator", false},
        {"label", 0, FLAG_TEXT, &d.data.data.label, "COLUMN", "its column of true classes", false},
        {"id", 0, FLAG_TEXT, &d.data.data.id, "COLUMN",
         "its column with the sample id; default: the row's number", false},
        {"drop", 0, FLAG_TEXT, &d.data.data.drop, "A,B", "its columns to leave out", false},
        {"positive", 0, FLAG_TEXT, &d.data.data.positive, "CLASS",
         "the class looked for; default: the rarer of two, else the last", false},
        {"broker", 0, FLAG_TEXT, &d.broker_address, "HOST:PORT",
         "a real Kafka, exactly once; topics demo-* are made and deleted", false},
        {"samples", 0, FLAG_COUNT, &d.samples, "N",
         "samples; default: 20000 generated ones, or the whole file", false},
        {"seed", 0, FLAG_COUNT, &d.seed, "S", "of everything random; default 1", false},
        {"budget", 0, FLAG_NUMBER, &d.options.budget, "B",
         "share of the samples that may be asked; default 0.05", false},
        {"delay", 0, FLAG_COUNT, &d.delay, "SAMPLES",
         "the stream's lead on the model; default 500, less on a short file", false},
        {"measure", 0, FLAG_TEXT, &d.options.measure, "NAME",
         "uncertainty measure: " MEASURE_CHOICES, false},
        {"manager", 0, FLAG_TEXT, &d.options.manager, "NAME", "one of " MANAGER_CHOICES, false},
        {"listen", 0, FLAG_TEXT, &d.options.listen, "HOST:PORT", "serve /metrics meanwhile", false},
        {"json", 0, FLAG_SWITCH, &d.json, NULL, "one JSON object as the last line", false},
        {"config-out", 0, FLAG_TEXT, &d.config_out, "FILE",
         "write the configuration, to go on from", false},
        {"verbose", 0, FLAG_SWITCH, &d.verbose, NULL, "the daemon's log on standard error", false},
        COMMAND_DATA_FLAGS(d.data.data),
    };
    struct usage usage = {"demo", NULL,
                          "Shows the whole loop: samples, questions, answers, a better model.",
                          flags, sizeof flags / sizeof *flags};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code == CLI_GO) code = demo_command_check_flags(&d);
    if (code != CLI_GO) return code;
    return demo_run(&d);
}
