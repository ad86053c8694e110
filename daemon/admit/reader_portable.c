/* The reader for any processor: plain C, eight bytes at a time where that pays (reader_body.h is
 * the reader, decimal.h reads numbers).
 *
 * Thread: worker thread */
#include "decimal.h"
#include "reader.h"

/* Bytes that a string may hold as they are, UTF-8 aside. */
static const bool plain[256] = {
    [0x20 ... 0x21] = true, [0x23 ... 0x5B] = true, [0x5D ... 0x7F] = true};

/* The first byte from p on that is not one of them. */
INLINE const char *plain_end(const char *p) {
    while (plain[(unsigned char)*p]) p++;
    return p;
}

INLINE const char *number_end(const char *p, double *value, struct decimal *d, bool *hard) {
    return decimal_value(p, value, d, hard);
}

/* Whether the lowest n bytes of two words are the same, n from 0 to 8. */
INLINE bool same_low_bytes(uint64_t a, uint64_t b, size_t n) {
    return n == 0 || (a ^ b) << (64 - 8 * n) == 0;
}

#define READER reader_portable
#define READER_FORESEES false
#include "reader_body.h"
