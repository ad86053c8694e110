/* Bytes as letters (RFC 4648, with padding).
 *
 * Thread: any thread */
#pragma once

#include <stddef.h>

/* Letters of n bytes. */
static inline size_t base64_length(size_t n) { return (n + 2) / 3 * 4; }
/* out: (base64_length(n)); not NUL-terminated. */
void base64_write(const char *bytes, size_t n, char *out);
