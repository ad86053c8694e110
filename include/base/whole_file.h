/* Files that people name, read whole into memory: a configuration, a secret, a model, records.
 *
 * What stands at a path may be anything. A pipe is read like a file, as a shell's <(...) is one,
 * but waited for only so long; what has no end is read up to the bound.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"
#include "base/error.h"

enum { WHOLE_FILE_WAIT_MS = 10000 }; // for all of a pipe: its writer may have to start first

/* Appends what the file holds. 0, or an errno: EFBIG, it has more than `most` bytes (so many are in
 * *out); ETIMEDOUT, a pipe that did not end in time; others as of open(2) and read(2). */
int whole_file_read(const char *path, size_t most, struct buf *out) MUST_CHECK;
/* The same of a descriptor that stays open, for as long as it takes: standard input. */
int whole_file_take(int fd, size_t most, struct buf *out) MUST_CHECK;
/* The reason in words. Static. */
const char *whole_file_why(int error);
