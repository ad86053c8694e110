/* How a figure went while the labels came: its sums in parts of equally many draws, so that a
 * learning curve can be laid through them. Private to the room.
 *
 * Thread: one owner */
#pragma once

#include "estimate/forecast.h"
#include "recipe.h"
#include "sums.h"

enum { COURSE_PARTS = 32 }; // when all are full, two become one

struct course_part {
    double draws, labels;                    // labels: summed over the draws
    double weight, z[OUTCOMES], f[OUTCOMES]; // of the draws: w, w·z, w·f
    double known_n, known[OUTCOMES];
    double rest_n, rest[UNASKED_SUMS];
};

struct figure_course {
    double full; // draws of a part
    size_t n;
    struct course_part part[COURSE_PARTS];
};

/* A draw, and what came since the one before; behind so many answers. */
void course_add(struct figure_course *c, const struct stretch *d, uint64_t answers);

/* A figure as parts of it are told; all: the sums since the start, which weigh it and say what the
 * model is worth. */
struct course_figure {
    const struct recipe *recipe;
    bool falls; // less is better: the figure is the error itself
    const struct sums *all;
    double trials; // that the figure since the start is worth: error / variance
};

/* Fills out[] with at most COURSE_PARTS points, whose labels are those of course_add; how many. */
size_t course_points(const struct figure_course *c, const struct course_figure *figure,
                     struct forecast_point out[COURSE_PARTS]);
