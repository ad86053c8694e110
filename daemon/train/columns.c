/* The unit of a column, so that a few codes (98, 9999, 1e30) or a long tail do not set it.
 *
 * A column's *bulk* is all but the outermost few rows at either end. A number farther from the
 * bulk than ten times its width is far outside all that was seen: a code, or absurd. It says
 * nothing of the column's unit, and scoring takes it as the mean (model_standardised). What is
 * nearer and still outside is winsorised (Tukey 1962): it counts as at most three widths away. In a
 * column without such rows mean and standard deviation are the plain ones.
 *
 * Where one value fills the bulk (rare flags, counts that are mostly zero), the width is that of
 * the others: a few times their median distance, which codes move only if they are half of them.
 *
 * A code may be frequent: a few values behind a wide gap are dropped before the bulk is looked for.
 *
 * In a column whose tail is so long that nearly all rows lie in a corner of the bulk, the unit
 * would be the tail's, and the corner would be one point. It is taken by its signed logarithm.
 *
 * Thread: learner thread, simulation */
#include "columns.h"

#include "base/sort.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum {
    TRIM_FEWEST = 5,    // rows: of fewer none can be told to be an outlier
    TRIM_SHARE = 64,    // one row at either end, and one more for each so many, are not the bulk
    NEAR_WIDTHS = 3,    // widths beyond the bulk that a row may pull the unit
    FAR_WIDTHS = 10,    // widths beyond which it is far
    FAR_LOG_WIDTHS = 2, // the same of logarithms: their tails are short
    RARE_WIDTHS = 4,    // a bulk of one value: median distances of the others that make a width
    TAIL_RATIO = 40,    // width over distance of the quartiles that makes a tail long; normal: 3
    CODES_MOST = 4,     // distinct codes at one end
    SPREAD_ROWS = 512,  // rows in which a code of 3 % shows
    PLAIN_FEWEST = 512, // rows: fewer are soon sorted
    TAIL_FEWEST = 50,   // rows: of fewer a long tail is not told
};

/* Deviations within which all rows of a plain column lie: codes in 2 % of the rows lie beyond. */
static const double plain_deviations = 6;
/* A column whose variance over its squared mean is below this is constant: rounding alone leaves
 * that much. */
static const double constant = 1e-20;
/* Where the bulk begins above 0 by more than this share of its width, a logarithm would be of
 * another origin. */
static const double origin_share = 0.1;

struct raw_column {
    size_t n;
    const double *value; // (n) in task order, strided
    size_t stride;
    double *sorted;     // (n) room
    double least, most; // of all
    double low, high;   // of the bulk
    double width;       // of the bulk, > 0; 0: the column is constant
    double far;         // widths beyond the bulk that are far
    double log_unit;
};

static double column_value(const struct raw_column *c, size_t i) {
    double raw = c->value[i * c->stride];
    return c->log_unit > 0 ? model_logarithm(raw, c->log_unit) : raw;
}

static size_t column_trim(size_t n) { return n < TRIM_FEWEST ? 0 : 1 + n / TRIM_SHARE; }

/* Mean and variance of all rows within bounds, winsorised there; far rows are left out. */
static void column_moments(const struct raw_column *c, double *mean, double *variance) {
    double low = c->low - NEAR_WIDTHS * c->width, high = c->high + NEAR_WIDTHS * c->width,
           least = c->low - c->far * c->width, most = c->high + c->far * c->width, share = 0;
    for (size_t i = 0; i < c->n; i++)
        share += column_value(c, i) >= least && column_value(c, i) <= most;
    share = 1 / share;
    *mean = *variance = 0;
    for (size_t i = 0; i < c->n; i++) {
        double u = column_value(c, i);
        if (u >= least && u <= most) *mean += share * fmin(fmax(u, low), high);
    }
    for (size_t i = 0; i < c->n; i++) {
        double u = column_value(c, i), away = fmin(fmax(u, low), high) - *mean;
        if (u >= least && u <= most) *variance += share * away * away;
    }
}

/* ---- codes that are frequent ---- */

/* Whether n sorted values end in at most CODES_MOST distinct ones. */
static bool column_few(const double *sorted, size_t n) {
    size_t distinct = 1;
    for (size_t i = 1; i < n && distinct <= CODES_MOST; i++) distinct += sorted[i] != sorted[i - 1];
    return distinct <= CODES_MOST;
}

/* How many of the largest of n sorted values are codes: few distinct ones behind a gap that is far
 * wider than the bulk of the others. At most half are. */
static size_t column_codes_above(const double *sorted, size_t n, double far) {
    size_t at = n;
    double widest = 0;
    for (size_t i = n - 1; i > n / 2; i--) {
        double gap = sorted[i] - sorted[i - 1];
        if (gap > widest) widest = gap, at = i;
    }
    if (at == n || !column_few(sorted + at, n - at)) return 0;
    size_t trim = column_trim(at);
    double high = sorted[at - 1 - trim], width = high - sorted[at / 4]; // codes below are no bulk
    if (width == 0) width = high - sorted[trim];
    return width > 0 && sorted[at] - high > far * width ? n - at : 0;
}

static void column_mirror(double *sorted, size_t n) {
    for (size_t i = 0; i < n - i; i++) {
        double first = sorted[i];
        sorted[i] = -sorted[n - 1 - i];
        sorted[n - 1 - i] = -first;
    }
}

/* Drops the codes at either end of n sorted values; how many values stay, from the room's start
 * on. */
static size_t column_drop_codes(double *sorted, size_t n, double far) {
    n -= column_codes_above(sorted, n, far);
    column_mirror(sorted, n);
    n -= column_codes_above(sorted, n, far);
    column_mirror(sorted, n);
    return n;
}

/* Whether a few rows, spread over all, show a code: one that is so frequent that it does not stand
 * out against the standard deviation, which is its own. */
static bool column_has_codes(struct raw_column *c) {
    for (size_t i = 0; i < SPREAD_ROWS; i++) c->sorted[i] = column_value(c, i * c->n / SPREAD_ROWS);
    sort_ascending(c->sorted, SPREAD_ROWS);
    return column_drop_codes(c->sorted, SPREAD_ROWS, c->far) < SPREAD_ROWS;
}

/* ---- the bulk ---- */

/* All rows are the bulk, if none lies far from the others by the plain standard deviation. */
static bool column_is_plain(struct raw_column *c) {
    double mean, variance;
    c->low = c->least, c->high = c->most, c->width = c->most - c->least;
    if (c->n < PLAIN_FEWEST) return false;
    column_moments(c, &mean, &variance);
    double reach = plain_deviations * sqrt(variance);
    return isfinite(reach) && c->most - mean <= reach && mean - c->least <= reach &&
           !column_has_codes(c);
}

/* Those of n sorted values that are not `mode`, closed up; their number. */
static size_t column_others(double *sorted, size_t n, double mode) {
    size_t others = 0;
    for (size_t i = 0; i < n; i++)
        if (sorted[i] != mode) sorted[others++] = sorted[i];
    return others;
}

/* Distance of the outer quartiles of n sorted values. */
static double column_quartiles(const double *sorted, size_t n) {
    return sorted[n - 1 - n / 4] - sorted[n / 4];
}

/* Whether the bulk of n sorted values is a long tail that begins at zero. */
static bool column_has_tail(const double *sorted, size_t n) {
    size_t trim = column_trim(n);
    double low = sorted[trim], high = sorted[n - 1 - trim], width = high - low;
    bool origin = fmin(fabs(low), fabs(high)) <= origin_share * width || (low < 0 && high > 0);
    return origin && width > TAIL_RATIO * column_quartiles(sorted, n);
}

static double column_median_size(double *value, size_t n) {
    for (size_t i = 0; i < n; i++) value[i] = fabs(value[i]);
    sort_ascending(value, n);
    return value[n / 2];
}

/* Sorts the column without its codes; how many values stay. */
static size_t column_sort(struct raw_column *c) {
    for (size_t i = 0; i < c->n; i++) c->sorted[i] = column_value(c, i);
    sort_ascending(c->sorted, c->n);
    return column_drop_codes(c->sorted, c->n, c->far);
}

/* The bulk where one value fills it. */
static void column_find_rare(struct raw_column *c, size_t n, double mode) {
    n = column_others(c->sorted, n, mode);
    for (size_t i = 0; i < n; i++) c->sorted[i] -= mode;
    c->low = c->high = mode;
    c->width = n ? RARE_WIDTHS * column_median_size(c->sorted, n) : 0;
}

static void column_find_bulk(struct raw_column *c) {
    size_t n = column_sort(c), trim = column_trim(n);
    c->low = c->sorted[trim];
    c->high = c->sorted[n - 1 - trim];
    c->width = c->high - c->low;
    if (!(c->width > 0)) column_find_rare(c, n, c->low);
}

/* Takes a column with a long tail by its logarithm. */
static void column_find_tail(struct raw_column *c) {
    size_t n = column_sort(c);
    double middle = c->sorted[n / 2];
    if (column_quartiles(c->sorted, n) == 0 || middle == 0) n = column_others(c->sorted, n, middle);
    if (n < TAIL_FEWEST || !column_has_tail(c->sorted, n)) return;
    n = column_others(c->sorted, n, 0);
    c->log_unit = column_median_size(c->sorted, n);
    c->far = FAR_LOG_WIDTHS;
}

/* The raw number at u. */
static double column_raw(const struct raw_column *c, double u) {
    double raw = c->log_unit > 0 ? copysign(expm1(fabs(u)) * c->log_unit, u) : u;
    return fmin(fmax(raw, -DBL_MAX), DBL_MAX);
}

static void column_learn(struct raw_column *c, size_t at, struct model *m) {
    double mean, variance;
    if (!column_is_plain(c)) {
        column_find_tail(c);
        column_find_bulk(c);
    }
    column_moments(c, &mean, &variance);
    bool unit = isfinite(mean) && isfinite(variance) && variance > constant * mean * mean;
    m->mean[at] = isfinite(mean) ? mean : 0;
    m->scale[at] = unit ? 1 / sqrt(variance) : 0;
    m->log_unit[at] = c->log_unit;
    m->low[at] = c->width > 0 ? column_raw(c, c->low - c->far * c->width) : -DBL_MAX;
    m->high[at] = c->width > 0 ? column_raw(c, c->high + c->far * c->width) : DBL_MAX;
}

void columns_learn(const struct fit_tasks *t, struct model *model) {
    size_t d = model->shape.d;
    double *room = xmalloc(t->n * sizeof *room);
    for (size_t at = 0; at < d; at++) {
        struct raw_column c = {.n = t->n,
                               .value = t->row + at,
                               .stride = d,
                               .sorted = room,
                               .least = DBL_MAX,
                               .most = -DBL_MAX,
                               .far = FAR_WIDTHS};
        for (size_t i = 0; i < t->n; i++) {
            c.least = fmin(c.least, t->row[i * d + at]);
            c.most = fmax(c.most, t->row[i * d + at]);
        }
        column_learn(&c, at, model);
    }
    free(room);
}
