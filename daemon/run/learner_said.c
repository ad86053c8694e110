/* Says once what holds for long: that labels turned, that the labelled set has shrunk, that a
 * target is reached, what late labels cost. The learner looks every round; who reads the log hears
 * it when it begins and when it ends.
 *
 * Nothing is decided here. A restart forgets what was said, so what still holds may be said again,
 * but for turns: those that a store tells at its opening were said when they came.
 *
 * Thread: learner thread */
#include "learner_said.h"

#include "base/log.h"
#include "metrics/metrics.h"
#include "train/target.h"

#include <math.h>

void learner_said_no_turns(struct learner_said *said) { said->turns = UINT64_MAX; }

void learner_said_turned(struct learner_said *said, const struct alarm_figures *alarm) {
    if (alarm->turns > said->turns)
        LOG(WARNING, "labels_turned",
            "the model is wrong where it was sure: labels of before count for less from here on",
            L_U64("turns", alarm->turns), L_I64("since_ms", alarm->since_ms));
    said->turns = alarm->turns;
}

void learner_said_shrunken(struct learner_said *said, const struct schedule *s, uint64_t newest) {
    bool was = said->shrunken;
    said->shrunken = schedule_shrunken(s);
    if (said->shrunken && !was)
        LOG(ERROR, "labels_shrunken",
            "the labelled set is much smaller than the one behind the newest version: no version "
            "is made of it until it has grown back, or `winnowd policy accept`",
            L_U64("labelled", s->labelled), L_U64("before", s->fitted_rows),
            L_U64("version", newest));
    else if (was && !said->shrunken)
        LOG(NOTICE, "labels_back", "the labelled set may be learned from again",
            L_U64("labelled", s->labelled), L_BOOL("accepted", s->accepted));
}

/* Where the target is another one, nothing has woken the arm. */
void learner_said_rests(const struct config *config, uint64_t before, uint64_t now) {
    if (now && now != before)
        LOG(NOTICE, "target_reached",
            "budget.target is surely reached: the strategy arm rests, the random arm watches");
    if (now || !before) return;
    bool woken = before == target_read(config).number;
    metric_add(METRIC_target_woken, woken);
    if (woken)
        LOG(WARNING, "target_lost",
            "budget.target is not kept any more: the strategy arm asks again");
    else LOG(NOTICE, "target_changed", "budget.target is another one: the strategy arm asks again");
}

void learner_said_lateness(struct learner_said *said, const double *of) {
    static const char *const words[] = {
        [LATENESS_UNKNOWN] = "it is not sure any more what it costs that labels come late: explore "
                             "goes by how many are open",
        [LATENESS_COSTS] =
            "that labels come late surely costs something: as far as open questions lose "
            "their worth, they are drawn at random (query.explore)",
        [LATENESS_FREE] =
            "that labels come late surely costs next to nothing: the strategy arm asks "
            "all that is its part"};
    const enum lateness_verdict now = lateness_verdict(of);
    if (now == said->lateness || !of) return;
    LOG(NOTICE, "lateness_judged", words[now], L_F64("cost", of[LATENESS_COST]),
        L_F64("low", of[LATENESS_LOW]), L_F64("high", of[LATENESS_HIGH]),
        L_U64("draws", (uint64_t)fmax(of[LATENESS_DRAWS], 0)));
    said->lateness = now;
}
