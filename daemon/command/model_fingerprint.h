/* What a model must be made for.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"

/* On standard output: fingerprint, classes and columns, of the configuration alone, so it can be
 * had before anything was asked. Returns an exit code. */
int model_fingerprint(const struct config *c, bool json);
