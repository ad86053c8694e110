/* The certificates in `winnowd policy show`: which class the model answers for by itself, or why
 * not.
 *
 * Thread: main thread */
#pragma once

#include "models_topic.h"

/* A table, one class a row; nothing where nobody wants certificates and none was ever said. */
void policy_certificates_print(const struct models_topic *m);
/* An array of objects: class, in_force, why, and the members of the record. */
void policy_certificates_json(const struct models_topic *m, struct buf *out);
