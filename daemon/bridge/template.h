/* Texts with places for what a task says, "/cases/{id}".
 *
 * Thread: main thread */
#pragma once

#include "base/buf.h"
#include "base/json.h"

/* Appends the text with its places filled in from the task's `meta`; {token}: the token. What a
 * path or a header cannot hold is written as %XX; `path`: also what would end a part of a path. */
void template_fill(const char *template_, const cJSON *meta, const char *token, bool path,
                   struct buf *out);
