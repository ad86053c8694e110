/* The triangle of all three-class predictions, whose corners are certain ones, coloured by utility
 * (Settles 2009, figure 5).
 *
 * Measures are found by name, so the picture does not depend on their numbers; a measure that does
 * not exist is left out.
 *
 * Thread: any thread */
#include "simplex.h"

#include "figures/chart.h"
#include "query/strategy.h"

#include <math.h>

enum {
    SIDE = 320,  // pixels of a triangle's side
    CELLS = 40,  // small triangles along a side
    MARGIN = 24, // pixels left and right of it
    TITLE = 34   // pixels above it
};

static const char *const shown[] = {"least_confidence", "margin", "largest_margin", "entropy"};

/* From the least utility (dark) to the largest (light): a ramp of five colours. */
static void simplex_colour(double share, int rgb[3]) {
    static const int stop[5][3] = {
        {32, 24, 64}, {74, 48, 128}, {176, 58, 105}, {240, 128, 62}, {252, 232, 150}};
    double at = fmin(fmax(share, 0), 1) * 4;
    int i = at >= 4 ? 3 : (int)at;
    for (int c = 0; c < 3; c++)
        rgb[c] = (int)lround(stop[i][c] + (at - i) * (stop[i + 1][c] - stop[i][c]));
}

/* A cell of the grid: corners (a, b) in units of 1/CELLS of the second and third probability. */
struct simplex_cell {
    int corner[3][2];
};

static double simplex_utility_of(enum measure m, const struct simplex_cell *c) {
    float prob[3] = {0};
    for (int i = 0; i < 3; i++)
        for (int p = 0; p < 2; p++) prob[p + 1] += (float)c->corner[i][p] / (3.0F * CELLS);
    prob[0] = 1 - prob[1] - prob[2];
    return measure_utility(m, &(struct measure_input){.prob = prob, .k = 3});
}

/* Calls visit for the triangles that point up and those that point down. */
static void simplex_for_cells(void (*visit)(const struct simplex_cell *c, void *opaque),
                              void *opaque) {
    for (int a = 0; a < CELLS; a++)
        for (int b = 0; a + b < CELLS; b++) {
            visit(&(struct simplex_cell){{{a, b}, {a + 1, b}, {a, b + 1}}}, opaque);
            if (a + b + 1 < CELLS)
                visit(&(struct simplex_cell){{{a + 1, b}, {a, b + 1}, {a + 1, b + 1}}}, opaque);
        }
}

struct simplex_drawing {
    enum measure measure;
    double least, most;
    struct buf *out;
};

static void simplex_widen(const struct simplex_cell *c, void *opaque) {
    struct simplex_drawing *d = opaque;
    double u = simplex_utility_of(d->measure, c);
    d->least = fmin(d->least, u);
    d->most = fmax(d->most, u);
}

static void simplex_draw_cell(const struct simplex_cell *c, void *opaque) {
    struct simplex_drawing *d = opaque;
    int rgb[3];
    simplex_colour((simplex_utility_of(d->measure, c) - d->least) / (d->most - d->least), rgb);
    buf_printf(d->out, "<path stroke='#%02x%02x%02x' fill='#%02x%02x%02x' d='", rgb[0], rgb[1],
               rgb[2], rgb[0], rgb[1], rgb[2]);
    for (int i = 0; i < 3; i++) {
        double second = (double)c->corner[i][0] / CELLS, third = (double)c->corner[i][1] / CELLS;
        buf_printf(d->out, "%c%.1f %.1f", i ? 'L' : 'M', MARGIN + SIDE * (second + third / 2),
                   TITLE + SIDE * (1 - third) * sqrt(0.75));
    }
    buf_str(d->out, "Z'/>");
}

static int simplex_measure_named(const char *name) {
    for (int m = 0; m < MEASURES; m++)
        if (strcmp(measure_name((enum measure)m), name) == 0) return m;
    return -1;
}

static void simplex_draw_measure(enum measure m, struct buf *out) {
    struct simplex_drawing d = {m, INFINITY, -INFINITY, out};
    double bottom = TITLE + SIDE * sqrt(0.75);
    simplex_for_cells(simplex_widen, &d);
    buf_printf(out, "<text class='t' x='%d' y='12'>%s</text>\n", MARGIN, measure_name(m));
    simplex_for_cells(simplex_draw_cell, &d);
    buf_printf(
        out,
        "\n<text x='%d' y='%.0f'>class 1</text><text x='%d' y='%.0f' text-anchor='end'>class "
        "2</text><text x='%d' y='28' text-anchor='middle'>class 3</text>\n",
        MARGIN, bottom + 16, MARGIN + SIDE, bottom + 16, MARGIN + SIDE / 2);
}

void simplex_picture(struct buf *out) {
    enum {
        PANEL = SIDE + 2 * MARGIN, // pixels of one triangle's width
        HIGH = 350                 // pixels of its height, with title and labels
    };
    int n = 0, panels = 0;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        panels += simplex_measure_named(shown[i]) >= 0;
    chart_open_file(out, 2 * PANEL, CHART_HEAD + (panels + 1) / 2 * HIGH,
                    "What is worth asking, by prediction",
                    "Three classes: each corner is a sure prediction, the middle is \"any of "
                    "them\". Light: ask first.");
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        int m = simplex_measure_named(shown[i]);
        if (m < 0) continue;
        chart_at(out, n % 2 * PANEL, CHART_HEAD + n / 2 * HIGH);
        simplex_draw_measure((enum measure)m, out);
        chart_at_end(out);
        n++;
    }
    chart_close_file(out);
}
