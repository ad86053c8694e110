/* Charts as SVG text: lines with bands, bars, points and heat maps, with axes that a person can read; no script, no outside file.
 *
 * Colours are CSS classes (s0…s7 for series, axis, grid), so the page decides light or dark.
 * Thread: any thread */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

struct chart_line {
    const char *name;
    size_t n;
    const double *x, *y;       // (n)
    const double *low, *high;  // (n) band, or NULL
    bool points;               // dots instead of a line
    int colour;                // 0…7
};

struct chart {
    const char *title, *x_title, *y_title;
    int width, height;
    double x_low, x_high, y_low, y_high; // low == high: from the data
    const struct chart_line *line;
    size_t lines;
};

void chart_svg(const struct chart *c, struct buf *out);

/* Bars side by side: value (groups, series). */
struct bars {
    const char *title, *y_title;
    int width, height;
    size_t groups, series;
    const char *const *group, *const *name;
    const double *value;
};
void chart_bars(const struct bars *b, struct buf *out);

/* Sheets for the page around: colours for light and dark, and what the charts make of them. */
extern const char chart_colours[], chart_style[];
/* Text with the characters that HTML keeps for itself escaped. */
void chart_escape(struct buf *out, const char *text);
