/* Charts as SVG text: lines with bands, points and bars, with axes that a person can read; no
 * script, no other file.
 *
 * Colours are CSS classes (s0…s7 for series, axis, grid), so the page around decides light or dark.
 * Everything that is passed is borrowed during the call; everything is appended to *out.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

enum {
    CHART_COLOURS = 8, // classes s0 to s7
    CHART_HEAD = 56    // pixels that the heading of chart_open_file takes
};

struct chart_line {
    const char *name; // in the legend; NULL: not there
    size_t n;
    const double *x, *y;      // (n); a y that is not finite leaves a gap
    const double *low, *high; // (n) ends of a band around the line, or NULL
    bool points, ring;        // dots instead of a line; with a ring around each
    double radius;            // pixels of a dot; 0: the usual
    int colour;               // 0 to CHART_COLOURS - 1
};

struct chart {
    const char *title, *x_title, *y_title; // or NULL
    int width, height;                     // pixels
    double x_low, x_high, y_low, y_high;   // ends of the axes; low = high: from the data
    const struct chart_line *line;         // (lines), drawn in this order
    size_t lines;
};

/* Bars side by side. */
struct chart_bars {
    const char *title, *y_title;
    int width, height;        // pixels
    size_t groups, series;    // series: bars of a group
    const char *const *group; // (groups) marks below them; NULL: none
    const char *const *name;  // (series)
    const double *value;      // (groups, series)
};

/* One chart, as an <svg> element. */
void chart_lines(const struct chart *c, struct buf *out);
void chart_bars(const struct chart_bars *b, struct buf *out);

/* A file of its own with several charts: open it, place each chart between chart_at and
 * chart_at_end, close it. x and y are the chart's corner in pixels. */
void chart_open_file(struct buf *out, int width, int height, const char *heading,
                     const char *words);
void chart_at(struct buf *out, int x, int y);
void chart_at_end(struct buf *out);
void chart_close_file(struct buf *out);

/* Style sheets for a page with charts: colours for light and dark, and what the charts make of
 * them. */
extern const char chart_colours[], chart_style[];
/* Text with the characters escaped that HTML keeps for itself. */
void chart_escape(struct buf *out, const char *text);
