/* The strict grammar of values: from a node of the file to the struct (value_read.c), and from the
 * struct to YAML (value_write.c). One place for every type.
 *
 * Thread: any thread */
#pragma once

#include "option_table.h"
#include "yaml.h"

/* A whole number; any finite number. NULL, or what is wrong with the text ("is not a whole
 * number"), *out then unspecified. Static storage. */
const char *scalar_int(struct text t, int64_t *out);
const char *scalar_number(struct text t, double *out);
/* A bound or value of a numeric type, as it would be written in YAML: 50ms, 64KiB, 0.2. */
void scalar_number_write(enum option_type type, double value, struct buf *out);

/* What the row lets through, for people: "1 to 64", "6s to 5m, with unit ms, s, m, h or d", "a,
 * b". */
void value_allowed(const struct option *o, struct buf *out);

/* Reads the node into *at (a field of the row's type, memory from arena); false when a problem was
 * told. */
bool value_read(struct problems *p, struct arena *arena, const struct option *o,
                const struct node *n, void *at);
/* The row's default, read by the same grammar; memory from arena. */
void value_default(struct arena *arena, const struct option *o, void *at);
/* The default as YAML. */
void value_default_write(const struct option *o, struct buf *out);
/* As YAML, on one line. What may be a secret is masked, always (promise I12). */
void value_write(const struct option *o, const void *at, struct buf *out);
/* Whether a property may hold a secret: by its name, or by what it is (a private key in PEM, an
 * address with a password in it). "@FILE" is none. */
bool value_is_secret(const char *name, const char *value);
/* Whether two values of the row's type are the same. */
bool value_equal(const struct option *o, const void *a, const void *b);
/* A deep copy, memory from arena. */
void value_copy(struct arena *arena, const struct option *o, void *to, const void *from);
