/* Three words, by two ranges of each figure. Where the bands do not meet it has surely changed,
 * however often one looks. Where only the intervals do not meet it looks so: each is right at a
 * look that was chosen beforehand, and who goes by the worst of many looks is wrong more often. So
 * that is said with its doubt, and nothing acts on it.
 *
 * Thread: any thread */
#include "status_worse.h"

#include "estimate/estimator.h"
#include "metrics/metrics.h"

static const struct {
    enum estimate_name figure;
    const char *name; // in words
    int better;       // 1: more of it is better; -1: less
} rows[] = {{ESTIMATE_ACCURACY, "accuracy", 1},
            {ESTIMATE_RECALL, "the share caught", 1},
            {ESTIMATE_PRECISION, "the share of right alarms", 1},
            {ESTIMATE_COST, "the cost", -1}};
enum { ROWS = sizeof rows / sizeof *rows };

/* Metrics of a range, low end first. */
struct status_range {
    enum metric end[2];
};
static const struct status_range now = {{METRIC_estimate_now_low, METRIC_estimate_now_high}},
                                 start = {{METRIC_estimate_low, METRIC_estimate_high}},
                                 now_always = {{METRIC_estimate_now_always_low,
                                                METRIC_estimate_now_always_high}},
                                 start_always = {
                                     {METRIC_estimate_always_low, METRIC_estimate_always_high}};

/* 1: the first range is better than all of the second, -1: worse, 0: they meet. The learner may be
 * setting them just now: what has no width was not told yet, or is half set. */
static int status_worse_order(size_t row, const struct status_range *a,
                              const struct status_range *b) {
    const size_t f = rows[row].figure;
    const double low = metric_get_by(a->end[0], f), high = metric_get_by(a->end[1], f),
                 other_low = metric_get_by(b->end[0], f), other_high = metric_get_by(b->end[1], f);
    if (!(low < high && other_low < other_high)) return 0;
    if (low > other_high) return rows[row].better;
    return high < other_low ? -rows[row].better : 0;
}

static void status_worse_write_value(enum metric m, enum estimate_name figure, struct buf *out) {
    double value = metric_get_by(m, figure);
    if (figure == ESTIMATE_COST) buf_printf(out, "%.3g", value);
    else buf_printf(out, "%.1f %%", 100 * value);
}

/* Appends the figures that are so ordered; returns how many. */
static size_t status_worse_list(bool costs, int order, const struct status_range *a,
                                const struct status_range *b, bool values, struct buf *out) {
    size_t n = 0;
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].figure == ESTIMATE_COST && !costs) continue;
        if (status_worse_order(i, a, b) != order) continue;
        if (n++) buf_str(out, values ? "; " : " and ");
        buf_str(out, rows[i].name);
        if (!values) continue;
        buf_str(out, " ");
        status_worse_write_value(METRIC_estimate_now, rows[i].figure, out);
        buf_str(out, " now, ");
        status_worse_write_value(METRIC_estimate, rows[i].figure, out);
        buf_str(out, " since the start");
    }
    return n;
}

/* Returns the outcome; appends what it says. */
static const char *status_worse_find(bool costs, struct buf *says) {
    if (status_worse_list(costs, -1, &now_always, &start_always, false, says)) {
        buf_str(says, " surely worse than since the start");
        return "yes";
    }
    if (status_worse_list(costs, -1, &now, &start, true, says)) {
        buf_str(says,
                "; not yet beyond doubt: a look that is chosen because it looks bad proves less");
        return "looks worse";
    }
    if (status_worse_list(costs, 1, &now_always, &start_always, false, says)) {
        buf_str(says, " surely better than since the start");
        return "no, better";
    }
    buf_str(says, "nothing looks worse now than since the start");
    return "no sign";
}

void status_worse_write(bool costs, struct buf *out) {
    struct buf says = {0};
    buf_printf(out, "{\"outcome\":\"%s\",\"says\":", status_worse_find(costs, &says));
    buf_json(out, buf_view(&says));
    buf_str(out, "}");
    buf_release(&says);
}
