/* A target is a share that lies within 0 and 1, or a cost.
 *
 * Thread: any thread */
#include "config/target.h"

#include "base/word_list.h"
#include "config/limits.h"
#include "value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COST "cost"
static const double percent = 100;

double target_of(const struct config *c, const char *figure) {
    const struct map *m = &c->budget.target;
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->key[i], figure) == 0) return strtod(m->value[i], NULL);
    return NAN;
}

static void target_refuse_figure(struct text figure, struct buf *why) {
    const struct text near = word_list_nearest(TARGET_FIGURES, figure);
    config_quote(figure, why);
    if (text_equal(figure, TEXT("prevalence"))) {
        buf_str(why, " is no target: it tells of the samples, and no label changes it");
        return;
    }
    if (text_equal(figure, TEXT("log_loss"))) {
        buf_str(why, " is no target: only `winnowd simulate` can tell it");
        return;
    }
    buf_str(why, " is not a figure that can be a target; allowed: ");
    for (const char *c = TARGET_FIGURES; *c; c++) buf_printf(why, *c == '|' ? ", " : "%c", *c);
    if (near.at) buf_printf(why, "; did you mean %.*s", (int)near.len, near.at);
}

static void target_refuse_number(struct text figure, struct text number, double value,
                                 struct buf *why) {
    config_quote(number, why);
    if (text_equal(figure, TEXT(COST))) {
        buf_str(why, " is no cost to get to; allowed number: above 0, at most 1000000000");
        return;
    }
    buf_str(why, " is no share to get to; allowed number: above 0, below 1");
    if (value > 1 && value < percent) buf_printf(why, "; did you mean %g", value / percent);
}

bool target_sound(struct text figure, struct text number, struct buf *why) {
    const bool cost = text_equal(figure, TEXT(COST));
    double value = 0;
    if (word_list_index(TARGET_FIGURES, figure) < 0) {
        target_refuse_figure(figure, why);
        return false;
    }
    if (!scalar_number(number, &value) && value > 0 && (cost ? value <= COST_MAX : value < 1))
        return true;
    target_refuse_number(figure, number, value, why);
    return false;
}
