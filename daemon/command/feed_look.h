/* What `winnowd feed` sees in the first rows before it sends one: whether the daemon could use
 * them, and whether they give the label away.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"
#include "data/dataset.h"

/* ERR_INPUT with *why: none of the first rows has a field that is a feature, so each would be a
 * dead letter. Appends to *remarks, as lines, the members that hold nothing but classes, where no
 * label was named. ERR_IO, ERR_INPUT: the file cannot be read, with *why. d, which is of these
 * options, stands before its first row, and does again. */
int feed_look(const struct config *c, struct dataset *d, const struct dataset_options *options,
              struct buf *remarks, struct buf *why) MUST_CHECK;
