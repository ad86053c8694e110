/* Names of a file's columns or members: as JSON pointers, in --drop, and in messages about one that
 * is not there.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

/* Appends the JSON pointer (RFC 6901) to the member of that name. */
void dataset_names_pointer(struct text name, struct buf *out);
/* Moves the next name off "A,B" into *name; false: there is none. */
bool dataset_names_next(struct text *rest, struct text *name);
/* ERR_INPUT; *why says that the file has no such `what` and offers the nearest word of `choices`
 * ("a|b|c"), or the first of them when none is near. */
int dataset_names_refuse(const char *file, const char *what, struct text name, const char *choices,
                         struct buf *why);
