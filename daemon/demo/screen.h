/* What the demo shows: a panel that is redrawn on a terminal, plain lines elsewhere, and the
 * summary.
 *
 * Thread: main thread */
#pragma once

#include "base/buf.h"
#include "judge.h"

struct screen_figures {
    const char *words;    // what the samples are: "card payments"
    const char *broker;   // "an embedded broker"
    const char *positive; // class
    double budget;
    uint64_t total;
    uint64_t samples, dead_letters; // taken; of them, not readable
    uint64_t asked, labelled;
    uint64_t models, version, rows;  // published; live, and the labels behind it
    struct estimate said[ESTIMATES]; // the daemon's own figures; NaN: none yet
    double seconds;                  // since the first sample
    double rate;                     // samples a second, of late
    bool stopped;                    // before the end
    struct judge_figures score;
};

struct screen;

/* Gives a screen, which screen_destroy takes. live: a terminal whose lines may be drawn over. */
struct screen *screen_create(bool live, bool colour);
/* NULL is allowed. */
void screen_destroy(struct screen *s);
/* Draws the panel, or every few seconds a line. */
void screen_show(struct screen *s, const struct screen_figures *f);
/* What came out, in plain words and as a table. */
void screen_summary(struct screen *s, const struct screen_figures *f);

/* Appends one bar a value, scaled from the least to the largest; a value that is not finite is a
 * gap. */
void screen_sparkline(const double *value, size_t n, struct buf *out);
/* Appends 20000 as "20,000". */
void screen_thousands(uint64_t n, struct buf *out);
/* Appends the figures as one JSON object on one line. */
void screen_json(const struct screen_figures *f, struct buf *out);
