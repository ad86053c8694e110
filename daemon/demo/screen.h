/* What the demo shows: a panel that lives on a terminal, plain lines elsewhere, and the summary.
 * Thread: main thread */
#pragma once

#include "base/buf.h"
#include "judge.h"

struct demo_figures {
    const char *words;    // what the samples are: "card payments"
    const char *broker;   // "an embedded broker"
    const char *positive; // class
    double budget;
    uint64_t total;
    uint64_t samples, dead_letters; // taken; of them, not readable
    uint64_t asked, labelled;
    uint64_t models, version, rows; // published; live, and the labels behind it
    double accuracy, low, high;     // the daemon's own estimate; NaN: none yet
    double seconds;                 // since the first sample
    double rate;                    // samples a second, of late
    bool stopped;                   // before the end
    struct demo_scores score;
};

struct demo_screen;

/* live: a terminal whose lines may be drawn over. */
struct demo_screen *demo_screen_create(bool live, bool colour);
void demo_screen_destroy(struct demo_screen *s);
/* Draws the panel, or now and then a line. */
void demo_screen_show(struct demo_screen *s, const struct demo_figures *f);
/* The end in plain words, and a table. */
void demo_screen_summary(struct demo_screen *s, const struct demo_figures *f);

/* One bar a value, from the least to the largest; a value that is not finite is a gap. */
void demo_sparkline(const double *value, size_t n, struct buf *out);
/* 20000 as "20,000". */
void demo_thousands(uint64_t n, struct buf *out);
/* The figures as one JSON object on one line. */
void demo_json(const struct demo_figures *f, struct buf *out);
