/* The secret with which the bridge speaks to a tool, or a tool to the bridge.
 *
 * Thread: main thread */
#pragma once

#include "base/buf.h"
#include "base/error.h"

/* Reads a token from the file that the option names; token_free takes it. `get`: where people find
 * one, said when the option is empty. ERR_CONFIG with *why: there is none, or what the file holds
 * cannot stand in a header of HTTP. */
int token_read(char **out, const char *option, const char *file, const char *get,
               struct buf *why) MUST_CHECK;
/* Whether it can stand in a header: printable ASCII without blanks, so no second header. */
bool token_is_plain(struct text token);
/* Wiped before it is freed; may be NULL. */
void token_free(char *token);
