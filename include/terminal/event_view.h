/* A JSON event as lines of field and value, for people.
 *
 * Thread: any thread */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#include <stdio.h>

struct event_field {
    struct text name, value; // "card.country", "NL": safe for a terminal
};

/* The fields of an event in its own order, nested ones with dots; returns how many of them stand in
 * out (at most `most`). *left: those that did not fit. What is no object is one field without a
 * name. Texts are of the arena. */
size_t event_fields(struct text event, struct event_field *out, size_t most, size_t *left,
                    struct arena *arena);
/* Prints them with aligned names, `indent` in front, values cut to `width` characters (0:
 * whole). */
void event_print(FILE *out, struct text event, const char *indent, size_t width, size_t most);
