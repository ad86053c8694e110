/* The field's classic pictures, each a file of SVG.
 * Thread: main thread */
#pragma once

#include "base/buf.h"
#include "config/config.h"

/* 400 points of two Gaussians, 30 labels: random against active, one draw and 200. */
int picture_gaussians(const struct config *c, uint64_t seed, struct buf *out) MUST_CHECK;
/* The labelled set and the boundary after 5, 10, … 30 labels. */
int picture_growth(const struct config *c, uint64_t seed, struct buf *out) MUST_CHECK;
/* The same accuracy at x % against y % of the labels. */
int picture_learning_curve(const struct config *c, uint64_t seed, struct buf *out) MUST_CHECK;
/* Utility over all three-class predictions, for each classic measure. */
void picture_simplex(struct buf *out);
/* All of them into a directory, which is made. An exit code. */
int pictures_write(const char *dir, uint64_t seed);
