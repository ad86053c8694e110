/* `winnowd simulate`: its flags; the room simulate does the work.
 *
 * Thread: main thread */
#include "command.h"

#include "base/log.h"
#include "config/choices.h"
#include "config/target.h"
#include "simulate/simulate.h"

#include <math.h>

/* What the flags say. */
static struct simulate_flags given;

static struct flag simulate_flag[] = {
    {"config", 'c', FLAG_TEXT, &given.config, "FILE",
     "the configuration; without one, it is made from the data", false},
    {"data", 0, FLAG_TEXT, &given.data.file, "FILE",
     "labelled samples in stream order: " COMMAND_DATA_WORDS, false},
    {"label", 0, FLAG_TEXT, &given.data.label, "COLUMN", "the truth", false},
    {"positive", 0, FLAG_TEXT, &given.data.positive, "VALUE", "the class that is looked for",
     false},
    {"id", 0, FLAG_TEXT, &given.data.id, "COLUMN", "the sample id: no feature", false},
    {"drop", 0, FLAG_TEXT, &given.data.drop, "A,B", "columns to leave out", false},
    {"limit", 0, FLAG_COUNT, &given.limit, "N", "only the first N samples", false},
    {"measure", 0, FLAG_TEXT, &given.measure, "M", MEASURE_CHOICES, false},
    {"manager", 0, FLAG_TEXT, &given.manager, "R", MANAGER_CHOICES, false},
    {"draws", 0, FLAG_TEXT, &given.draws, "D", "of the random arm: " DRAWS_CHOICES, false},
    {"budget", 0, FLAG_NUMBER, &given.budget, "B", "share of samples that may be asked", false},
    {"upfront", 0, FLAG_NUMBER, &given.upfront, "SHARE",
     "of the whole budget, asked first; the total stays the same. Default without -c: 4 "
     "√(labels of the budget)",
     false},
    {"pool", 0, FLAG_TEXT, &given.pool, "N:K[:RULE]",
     "pool mode: of each window of N samples the best K, by " POOL_RULE_CHOICES
     "; without --budget, that budget",
     false},
    {"delay", 0, FLAG_COUNT, &given.delay, "SAMPLES", "that pass before a label is back", false},
    {"day", 0, FLAG_COUNT, &given.day, "SAMPLES",
     "that come on one day, for watch.capacity_per_day; default: the whole file is one day", false},
    {"target", 0, FLAG_TEXT, &given.target, "FIGURE=X",
     "rest the strategy arm while that is surely reached (budget.target), e.g. "
     "recall=0.8: " TARGET_FIGURES,
     false},
    {"alarm", 0, FLAG_COUNT, &given.alarm, "ANSWERS",
     "of the random arm between false alarms that labels have turned (query.alarm); 0: none",
     false},
    {"noise", 0, FLAG_NUMBER, &given.noise, "P", "share of labels that are wrong", false},
    {"double", 0, FLAG_NUMBER, &given.second, "P",
     "share of the random arm's requests that a second reader answers too (people.double)", false},
    {"unanswered", 0, FLAG_NUMBER, &given.unanswered, "P",
     "share of the random arm's requests that nobody answers", false},
    {"switches", 0, FLAG_TEXT, &given.switches, "FILE",
     "switch models where a daemon did: lines of SAMPLE TASKS LABELS cold|warm [EXPLORE "
     "[weighted] [doubts] [seeks]]",
     false},
    {"seed", 0, FLAG_COUNT, &given.seed, "S", "the first seed (1)", false},
    {"seeds", 0, FLAG_COUNT, &given.seeds, "K",
     "how many seeds; means and standard errors are told", false},
    {"against", 0, FLAG_TEXT, &given.against, "random,all,last",
     "baselines: random sampling with the same learner, all labels, saying what the last label "
     "was",
     false},
    {"csv", 0, FLAG_TEXT, &given.csv, "OUT.csv", "learning curves", false},
    {"predictions", 0, FLAG_TEXT, &given.predictions, "OUT.csv",
     "of the first run, each sample: row, id, label, who asked it, its propensity, a probability a "
     "class",
     false},
    {"report", 0, FLAG_TEXT, &given.report, "OUT.html",
     "one page with charts; runs with less budget and the baselines too", false},
    {"json", 0, FLAG_SWITCH, &given.json, NULL, "one JSON object a run", false},
    {"figures", 0, FLAG_TEXT, &given.figures, "DIR",
     "instead: draw active learning's classic pictures as SVG", false},
    COMMAND_DATA_FLAGS(given.data),
};

int command_simulate(int argc, char **argv) {
    given = (struct simulate_flags){.limit = -1,
                                    .delay = -1,
                                    .seed = -1,
                                    .seeds = -1,
                                    .day = -1,
                                    .alarm = -1,
                                    .budget = NAN,
                                    .upfront = NAN,
                                    .noise = NAN,
                                    .second = NAN,
                                    .unanswered = NAN};
    struct usage usage = {"simulate", NULL,
                          "Backtest: what the budget would have bought on a labelled file (--data, "
                          "--label), decided by the daemon's own core.",
                          simulate_flag, sizeof simulate_flag / sizeof *simulate_flag};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code == CLI_GO) code = simulate_check(&given);
    if (code != CLI_GO) return code;
    log_init(LOG_LOGFMT, LOG_WARNING);
    return simulate_run(&given);
}
