/* One process at a time: a lock file DIR/NAME.lock that is held as long as its process lives.
 *
 * What stands in the file is not looked at: the kernel says who holds it. The directory is trusted
 * to be its owner's, but a link in the place of the file is not followed.
 *
 * Thread: main thread */
#pragma once

#include "base/error.h"

/* Takes the lock until the process ends; makes DIR (mode 0700) and the file (0600). ERR_FENCED:
 * another holds it; ERR_IO with errno, also when the file is a link. */
int lock_file_take(const char *dir, const char *name) MUST_CHECK;
/* The same for a file of any path, whose directory is there, until the descriptor that it answers
 * is closed: within one process too a second holder is kept out. */
int lock_file_hold(const char *path) MUST_CHECK;
/* The id of the process that holds it, as the kernel says; 0: none does. ERR_MISSING: there is no
 * such file; ERR_IO with errno. */
int lock_file_holder(const char *dir, const char *name) MUST_CHECK;
