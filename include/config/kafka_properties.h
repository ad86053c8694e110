/* The properties of librdkafka that winnowd sets itself, since a promise depends on them, and why.
 *
 * Thread: any thread */
#pragma once

struct owned {
    const char *key, *why;
};

enum { OWNED_ROWS = 21 };

/* The broker aborts a transaction of one that writes seldom after so long: the learner's. A
 * worker's lasts half of kafka.session_timeout. */
enum { RARE_TRANSACTION_MS = 20000 };

extern const struct owned owned_rows[OWNED_ROWS];

/* Why the operator may not set this property, or NULL: he may. */
const char *owned_why(const char *property);
