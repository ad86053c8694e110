/* Label Studio as a tool of the bridge.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"
#include "tool.h"

struct label_studio;

/* Reads the token. ERR_CONFIG with *why. */
int label_studio_create(struct label_studio **out, const struct config *c, const _Atomic bool *stop,
                        struct buf *why) MUST_CHECK;
void label_studio_destroy(struct label_studio *l);

/* Finds the project: by bridge.project, or by the title `service.name`; with `make` it is made
 * where there is none. Checks that its labelling configuration has the control, the object and
 * every class. ERR_MISSING: there is none; ERR_CONFIG: it is not fit, or the server refuses us;
 * ERR_ABORT, ERR_RETRY: the server is away. All with *why. */
int label_studio_project(struct label_studio *l, bool make, struct buf *why) MUST_CHECK;
/* Where people find it; valid until the next call. */
const char *label_studio_address(struct label_studio *l);
struct tool label_studio_tool(struct label_studio *l);
