/* Boosted trees (Friedman 2001, "Greedy function approximation") that begin where the mixture ends:
 * a tree lowers the loss of log p + F, where p is what the mixture gave the classes of a row before
 * its label was learned (promise I7), and F the sum of the trees. So they learn what the members
 * cannot say, columns that count together above all, and leave the rest, the short memories too, to
 * the mixture. Trees that begin at nothing are a rival that is far behind where a stream moves
 * (docs/DECISIONS.md, D195).
 *
 * A tree asks one question after the other of all its leaves, each time the one that gains most in
 * all of them together (infer/boost.h says why). A leaf then says one Newton step of the log loss,
 * shrunk. Columns are cut at their quantiles first, so a question is a pass over bytes (XGBoost:
 * Chen and Guestrin 2016, section 3.2). All sums run in the order of the rows, so equal rows give
 * equal trees (promise I8).
 *
 * Thread: learner thread, simulation */
#include "boost.h"

#include "base/sort.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum {
    BINS = 32,         // of a column
    LEAF_ANSWERS = 10, // the fewest of a leaf
    CLOCK_FEWEST = 5,  // newest answers by which a clock is told
};

static const double shrink = 0.12; // of a step
static const double ridge = 1;     // answers' worth of curvature that a leaf has beforehand
static const double step_most = 4; // log odds: certain answers bend no line, and a step is long
static const double gain_least = 1e-9;
/* Share of what was given that is taken to know nothing: a certainty would leave nothing to add to.
 */
static const double doubt = 0.01;

/* Sums over the answers in a bin, or in a leaf. */
struct histogram {
    double slope, curve; // of the loss
    double answers;
};

struct split {
    double gain; // gain_least: there is none
    size_t column, bin;
};

struct booster {
    size_t n, d, k, outputs; // d: columns that are cut
    size_t *column;          // (d) of the row
    unsigned char *at;       // (n, d) bins
    double *cut;           // (d, BINS - 1) ascending: what is not above cut b is in bin b or below
    unsigned char *cuts;   // (d) of them
    double *given;         // (n, k) as boost_fit was given it
    double *weight;        // (n)
    int *label;            // (n)
    double *sum, *prob;    // (n, outputs) what the trees add so far; (n, k) with it
    double *slope, *curve; // (n) of the output under growth
    unsigned char *leaf;   // (n) of the tree under growth, so far
    struct histogram *bin; // (BOOST_LEAVES / 2, d, BINS)
    struct boost *out;     // rounds of them so far: `trees`
};

/* ---- columns to bins ---- */

/* At most BINS - 1 places between the values of a column, each with as many rows below as the
 * others. value: (n) ascending; cut: (BINS - 1). */
static size_t booster_cut(const double *value, size_t n, double *cut) {
    size_t cuts = 0, taken = 0, left = BINS;
    for (size_t i = 1; i < n && left > 1; i++) {
        if (value[i] == value[i - 1] || (i - taken) * left < n - taken) continue;
        double middle = value[i - 1] / 2 + value[i] / 2;
        cut[cuts++] = middle < value[i] ? middle : value[i - 1];
        taken = i, left--;
    }
    return cuts;
}

/* How many of the cuts are below x. */
static unsigned char booster_bin(const double *cut, size_t cuts, double x) {
    size_t low = 0, high = cuts;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (x > cut[middle]) low = middle + 1;
        else high = middle;
    }
    return (unsigned char)low;
}

/* Whether nearly all of the newest values lie outside all of the older half: a date, a counter, a
 * serial number. A cut in it tells then from now, and all samples to come are on one side. value:
 * (n) oldest first. */
static bool booster_is_clock(const double *value, size_t n) {
    size_t newest = n / 10 > CLOCK_FEWEST ? n / 10 : CLOCK_FEWEST, outside = 0;
    double least = value[0], most = value[0];
    for (size_t i = 1; i < n / 2; i++) least = fmin(least, value[i]), most = fmax(most, value[i]);
    for (size_t i = n - newest; i < n; i++) outside += value[i] < least || value[i] > most;
    return 4 * outside > 3 * newest;
}

/* Columns that are cut anywhere, side by side; no clocks. from: (n) the rows' places in rows->row.
 */
static void booster_take_columns(struct booster *b, const struct fit_options *o,
                                 const struct fit_rows *rows, const uint32_t *from) {
    double *value = xmalloc(b->n * sizeof *value);
    b->column = xcalloc(o->d, sizeof *b->column);
    b->cuts = xcalloc(o->d, sizeof *b->cuts);
    b->cut = xcalloc(o->d * (BINS - 1), sizeof *b->cut);
    for (size_t c = 0; c < o->d; c++) {
        for (size_t i = 0; i < b->n; i++) value[i] = rows->row[from[i] * o->d + c];
        if (booster_is_clock(value, b->n)) continue;
        sort_ascending(value, b->n);
        size_t cuts = booster_cut(value, b->n, b->cut + b->d * (BINS - 1));
        if (!cuts) continue;
        b->cuts[b->d] = (unsigned char)cuts;
        b->column[b->d++] = c;
    }
    b->at = xmalloc(b->n * b->d + 1);
    for (size_t i = 0; i < b->n; i++)
        for (size_t c = 0; c < b->d; c++)
            b->at[i * b->d + c] = booster_bin(b->cut + c * (BINS - 1), b->cuts[c],
                                              rows->row[from[i] * o->d + b->column[c]]);
    free(value);
}

/* ---- a tree ---- */

static void booster_count(struct booster *b, size_t leaves) {
    const size_t each = b->d * BINS;
    memset(b->bin, 0, leaves * each * sizeof *b->bin);
    for (size_t i = 0; i < b->n; i++) {
        const unsigned char *at = b->at + i * b->d;
        double slope = b->slope[i], curve = b->curve[i];
        struct histogram *bin = b->bin + b->leaf[i] * each;
        for (size_t c = 0; c < b->d; c++, bin += BINS) {
            bin[at[c]].slope += slope;
            bin[at[c]].curve += curve;
            bin[at[c]].answers += 1;
        }
    }
}

/* What the loss falls by, twice, where these answers have a leaf of their own. */
static double histogram_gain(const struct histogram *h) {
    return h->answers < LEAF_ANSWERS ? 0 : h->slope * h->slope / (h->curve + ridge);
}

static struct histogram histogram_sum(const struct histogram *bin) {
    struct histogram sum = {0};
    for (size_t i = 0; i < BINS; i++)
        sum.slope += bin[i].slope, sum.curve += bin[i].curve, sum.answers += bin[i].answers;
    return sum;
}

/* Adds what each cut of a column would gain in one leaf. gain: (BINS - 1). */
static void histogram_add_gains(const struct histogram *bin, size_t cuts, double *gain) {
    struct histogram all = histogram_sum(bin), left = {0};
    for (size_t i = 0; i < cuts; i++) {
        left.slope += bin[i].slope, left.curve += bin[i].curve, left.answers += bin[i].answers;
        struct histogram right = {all.slope - left.slope, fmax(all.curve - left.curve, 0),
                                  all.answers - left.answers};
        gain[i] += histogram_gain(&left) + histogram_gain(&right) - histogram_gain(&all);
    }
}

static struct split booster_find_split(const struct booster *b, size_t leaves) {
    struct split best = {.gain = gain_least};
    for (size_t c = 0; c < b->d; c++) {
        double gain[BINS - 1] = {0};
        for (size_t l = 0; l < leaves; l++)
            histogram_add_gains(b->bin + (l * b->d + c) * BINS, b->cuts[c], gain);
        for (size_t i = 0; i < b->cuts[c]; i++)
            if (gain[i] > best.gain) best = (struct split){gain[i], c, i};
    }
    return best;
}

/* Sets the questions of a tree, and of each row the leaf that it falls into. Returns how many
 * questions gain something. */
static size_t booster_ask(struct booster *b, float *column, double *cut) {
    memset(b->leaf, 0, b->n);
    for (size_t depth = 0; depth < BOOST_DEPTH; depth++) {
        booster_count(b, (size_t)1 << depth);
        struct split best = booster_find_split(b, (size_t)1 << depth);
        if (!(best.gain > gain_least)) return depth;
        column[depth] = (float)b->column[best.column];
        cut[depth] = b->cut[best.column * (BINS - 1) + best.bin];
        for (size_t i = 0; i < b->n; i++) {
            bool above = b->at[i * b->d + best.column] > best.bin;
            b->leaf[i] |= (unsigned char)(above << depth);
        }
    }
    return BOOST_DEPTH;
}

/* One step of each leaf, for the output. */
static void booster_step(struct booster *b, size_t output, double *step) {
    struct histogram leaf[BOOST_LEAVES] = {0};
    for (size_t i = 0; i < b->n; i++) {
        struct histogram *h = &leaf[b->leaf[i]];
        h->slope += b->slope[i], h->curve += b->curve[i], h->answers += 1;
    }
    for (size_t l = 0; l < BOOST_LEAVES; l++) {
        if (leaf[l].answers < LEAF_ANSWERS) continue;
        double newton = -leaf[l].slope / (leaf[l].curve + ridge);
        step[l] = shrink * fmin(fmax(newton, -step_most), step_most);
    }
    for (size_t i = 0; i < b->n; i++) b->sum[i * b->outputs + output] += step[b->leaf[i]];
}

/* The next tree, of that output; one that would gain nothing stays empty. */
static bool booster_grow(struct booster *b, size_t output) {
    size_t tree = b->out->trees++;
    double *cut = b->out->cut + tree * BOOST_DEPTH;
    size_t asked = booster_ask(b, b->out->column + tree * BOOST_DEPTH, cut);
    for (size_t i = asked; i < BOOST_DEPTH; i++) cut[i] = DBL_MAX; // no number is above
    if (asked) booster_step(b, output, b->out->leaf + tree * BOOST_LEAVES);
    return asked > 0;
}

/* ---- rounds ---- */

/* The probabilities of all classes by log p + F, for a round. */
static void booster_predict(struct booster *b) {
    for (size_t i = 0; i < b->n; i++) {
        const double *given = b->given + i * b->k, *sum = b->sum + i * b->outputs;
        double *prob = b->prob + i * b->k, all = 0;
        if (b->outputs == 1) all = prob[0] = given[0], all += prob[1] = given[1] * exp(sum[0]);
        for (size_t c = 0; c < b->k && b->outputs > 1; c++) all += prob[c] = given[c] * exp(sum[c]);
        for (size_t c = 0; c < b->k; c++) prob[c] /= all;
    }
}

/* Slope and curvature of the log loss by an output: of class 1 of two. */
static void booster_differentiate(struct booster *b, size_t output) {
    size_t class_ = b->outputs > 1 ? output : 1;
    for (size_t i = 0; i < b->n; i++) {
        double p = b->prob[i * b->k + class_];
        b->slope[i] = b->weight[i] * (p - (b->label[i] == (int)class_));
        b->curve[i] = b->weight[i] * p * (1 - p);
    }
}

static void booster_make_room(struct booster *b) {
    b->sum = xcalloc(b->n * b->outputs, sizeof *b->sum);
    b->prob = xmalloc(b->n * b->k * sizeof *b->prob);
    b->slope = xmalloc(b->n * sizeof *b->slope);
    b->curve = xmalloc(b->n * sizeof *b->curve);
    b->leaf = xmalloc(b->n);
    b->bin = xmalloc(BOOST_LEAVES / 2 * b->d * BINS * sizeof *b->bin);
}

/* Rows with a recorded prediction: what is needed of them. Returns their places, (n), for the
 * caller to free. */
static uint32_t *booster_take_rows(struct booster *b, const struct fit_options *o,
                                   const struct fit_rows *rows, const double *given) {
    size_t from = rows->n > BOOST_ROWS ? rows->n - BOOST_ROWS : 0;
    if (from < rows->since) from = rows->since;
    uint32_t *place = xmalloc((rows->n - from + 1) * sizeof *place);
    for (size_t i = from; i < rows->n; i++)
        if (!isnan(given[i * o->k])) place[b->n++] = (uint32_t)i;
    b->given = xmalloc((b->n * o->k + 1) * sizeof *b->given);
    b->weight = xmalloc((b->n + 1) * sizeof *b->weight);
    b->label = xmalloc((b->n + 1) * sizeof *b->label);
    for (size_t i = 0; i < b->n; i++) {
        for (size_t c = 0; c < o->k; c++)
            b->given[i * o->k + c] =
                (1 - doubt) * given[place[i] * o->k + c] + doubt / (double)o->k;
        b->weight[i] = rows->weight ? rows->weight[place[i]] : 1;
        b->label[i] = rows->label[place[i]];
    }
    return place;
}

static void booster_release(struct booster *b) {
    void *owned[] = {b->at,   b->cut, b->cuts,  b->column, b->sum,   b->slope, b->curve,
                     b->leaf, b->bin, b->given, b->weight, b->label, b->prob};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
}

/* Rounds until one gains nothing. */
static void booster_run(struct booster *b, size_t rounds) {
    bool gained = true;
    booster_make_room(b);
    boost_create(b->out, rounds * b->outputs);
    b->out->trees = 0;
    for (size_t r = 0; r < rounds && gained; r++) {
        gained = false;
        booster_predict(b);
        for (size_t c = 0; c < b->outputs; c++) {
            booster_differentiate(b, c);
            gained |= booster_grow(b, c);
        }
        if (!gained) b->out->trees -= b->outputs;
    }
    if (b->out->trees) boost_settle(b->out);
    else boost_release(b->out);
}

void boost_fit(const struct fit_options *o, const struct fit_rows *rows, const double *given,
               struct boost *out) {
    struct booster b = {.k = o->k, .outputs = boost_outputs(o->k), .out = out};
    size_t rounds = boost_rounds(o->trees, o->d, o->k);
    if (!rounds) return;
    uint32_t *place = booster_take_rows(&b, o, rows, given);
    if (b.n >= BOOST_FEWEST) {
        booster_take_columns(&b, o, rows, place);
        if (b.d) booster_run(&b, rounds);
    }
    free(place);
    booster_release(&b);
}
