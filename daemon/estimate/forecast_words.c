/* The forecast as a sentence, with no more digits than it knows.
 *
 * Thread: any thread */
#include "estimate/forecast.h"

#include <math.h>

static const double wide = 10; // times the lower end: what lies higher is no answer

/* "1,300": two digits that count, in thousands. */
static void forecast_write_number(double labels, struct buf *out) {
    double unit = labels >= 100 ? pow(10, floor(log10(labels)) - 1) : 1;
    long long whole = (long long)(round(labels / unit) * unit), part = 1;
    while (whole / part >= 1000) part *= 1000;
    buf_printf(out, "%lld", whole / part);
    for (; part > 1; part /= 1000) buf_printf(out, ",%03lld", whole / (part / 1000) % 1000);
}

/* What makes an interval useless is that few draws tell; so more of them make it narrower. */
static void forecast_write_remedy(struct buf *out) {
    buf_str(out, "; more answers of the random arm narrow it (time, or a larger "
                 "budget.random_share)");
}

static void forecast_write_range(const struct forecast *f, struct buf *out) {
    buf_str(out, " (");
    forecast_write_number(f->low, out);
    if (isfinite(f->high)) {
        buf_str(out, " to ");
        forecast_write_number(f->high, out);
    } else buf_str(out, " or many more");
    buf_str(out, ")");
}

static void forecast_write_labels(const struct forecast *f, const char *goal, struct buf *out) {
    bool most = f->low <= 0, least = isinf(f->labels);
    double number = f->labels;
    if (most && isinf(f->high)) {
        buf_printf(out, "no labels or many more to %s: the answers do not tell yet", goal);
        forecast_write_remedy(out);
        return;
    }
    if (most && f->high < 0.5) {
        buf_printf(out, "%s is reached as it seems, not surely yet", goal);
        forecast_write_remedy(out);
        return;
    }
    if (most) number = f->high;
    if (least) number = f->low;
    if (most) buf_str(out, "at most ");
    else buf_str(out, least ? "at least " : "about ");
    forecast_write_number(number, out);
    buf_printf(out, " more labels to %s", goal);
    if (least) buf_str(out, ", if they get there at all");
    if (!most && !least) forecast_write_range(f, out);
    if (!most && f->high > wide * f->low) forecast_write_remedy(out);
}

void forecast_write(const struct forecast *f, const char *goal, struct buf *out) {
    switch (f->outcome) {
    case FORECAST_NEVER: buf_printf(out, "%s is not reachable with these columns", goal); break;
    case FORECAST_LABELS: forecast_write_labels(f, goal, out); break;
    default:
        buf_printf(out, "too few answers to say when %s is reached", goal);
        forecast_write_remedy(out);
    }
}
