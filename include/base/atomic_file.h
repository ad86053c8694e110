/* Files that a command writes: whole, or as they were.
 *
 * Thread: main thread */
#pragma once

#include "base/buf.h"
#include "base/error.h"

/* 0: it can be written, as far as one can know; ERR_IO with *why. For before long work. */
int atomic_file_check(const char *file, struct buf *why) MUST_CHECK;
/* The content takes the place of what was there, or what was there stays; a signal that ends the
 * process waits for it. A device or a pipe is written into. ERR_IO with *why. */
int atomic_file_write(const char *file, struct text content, struct buf *why) MUST_CHECK;
/* Whether both names lead to one file, there or to be. */
bool atomic_file_same(const char *a, const char *b);
