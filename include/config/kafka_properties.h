/* The properties of librdkafka that winnowd sets itself, since a promise depends on them, and why.
 *
 * Thread: any thread */
#pragma once

struct owned {
    const char *key, *why;
};

enum { OWNED_ROWS = 21 };

extern const struct owned owned_rows[OWNED_ROWS];

/* Why the operator may not set this property, or NULL: he may. */
const char *owned_why(const char *property);
