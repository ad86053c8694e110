/* What a measure thinks of every three-class prediction, drawn as a triangle.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"

/* Appends a file of SVG: one triangle for each classic measure. */
void simplex_picture(struct buf *out);
