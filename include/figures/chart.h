/* Charts as SVG text: lines with bands, bars and points, with axes that a person can read; no
 * script, no outside file.
 *
 * Colours are CSS classes (s0…s7 for series, axis, grid), so the page decides light or dark.
 * Thread: any thread */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

struct chart_line {
    const char *name;
    size_t n;
    const double *x, *y;      // (n)
    const double *low, *high; // (n) band, or NULL
    bool points, ring;        // dots instead of a line; with a ring around each
    double radius;            // of the dots; 0: the usual
    int colour;               // 0…7
};

struct chart {
    const char *title, *x_title, *y_title;
    int width, height;
    double x_low, x_high, y_low, y_high; // low == high: from the data
    const struct chart_line *line;
    size_t lines;
};

void chart_svg(const struct chart *c, struct buf *out);
/* Between these: a file of its own with several charts in it, each placed at a corner of its own;
 * the heading takes CHART_HEAD. */
enum { CHART_HEAD = 56 };
void chart_open_file(struct buf *out, int width, int height, const char *heading,
                     const char *words);
void chart_at(struct buf *out, int x, int y);
void chart_at_end(struct buf *out);
void chart_close_file(struct buf *out);

/* Bars side by side: value (groups, series); a group without a name has no mark. */
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
