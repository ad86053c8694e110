/* The selection state as text for the metadata of a committed offset, and the 16-bit codes of
 * utilities.
 *
 * Layout: "w2", then base 85 (the alphabet of ZeroMQ's RFC 32: no quote, no backslash) of topic
 * hash, offset, the fields of the table below, zeros up to a multiple of four, CRC-32; all
 * little-endian. One wrong character changes at most four neighbouring bytes, a burst of 32 bits at
 * most, and a CRC-32 finds every such burst.
 *
 * It refuses what isn't whole, what belongs to another topic or offset, and numbers that no run can
 * reach. Thread: any thread */
#include "query/state.h"

#include <math.h>
#include <stddef.h>

static const int64_t tokens_most = (int64_t)1 << 53; // twice the largest budget.burst

enum { PREFIX = 2, HEAD = 16, ALPHABET = 85 };

static const char prefix[PREFIX + 1] = "w2"; // format: another layout, another number
static const char alphabet[ALPHABET + 1] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

struct field {
    size_t offset, width, n;
};

#define FIELD(name)                                                                                \
    { offsetof(struct partition_state, name), sizeof(((struct partition_state *)NULL)->name), 1 }
#define ARRAY(name)                                                                                \
    {                                                                                              \
        offsetof(struct partition_state, name), sizeof(((struct partition_state *)NULL)->name[0]), \
            sizeof(((struct partition_state *)NULL)->name) /                                       \
                sizeof(((struct partition_state *)NULL)->name[0])                                  \
    }
#define CAP(name) FIELD(name.period), FIELD(name.strategy), FIELD(name.random_), FIELD(name.block)

static const struct field fields[] = {
    FIELD(policy),    FIELD(model),       FIELD(admitted),   FIELD(covered), FIELD(asked),
    FIELD(tokens),    FIELD(block_start), FIELD(block_size), FIELD(both),    FIELD(grant_left),
    CAP(hour),        CAP(day),           FIELD(pool_saved), ARRAY(pending), ARRAY(own),
    FIELD(memory_of), ARRAY(window_n),    ARRAY(window_at),  ARRAY(window),
};

enum {
    BODY = 6 * 8 + 8 + 4 + 1 + 4 + 2 * 13 + 4 + STATE_REGIONS / 2 + STATE_OWN * 4 + 4 +
           2 * STATE_SHARES + STATE_WINDOW * 2,
    PADDED = (HEAD + BODY + 3) / 4 * 4,
    BYTES = PADDED + 4,
    TEXT_BYTES = PREFIX + BYTES / 4 * 5,
};
_Static_assert(TEXT_BYTES <= (int)STATE_TEXT_MAX,
               "the state must fit into the metadata of an offset");

/* ---- bytes ---- */

static unsigned char *state_put(unsigned char *to, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; i++) *to++ = (unsigned char)(value >> 8 * i);
    return to;
}

static uint64_t state_get(const unsigned char *from, size_t width) {
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) value |= (uint64_t)from[i] << 8 * i;
    return value;
}

/* A whole number of the machine's own, of 1, 2, 4 or 8 bytes. */
static uint64_t state_load(const void *at, size_t width) {
    switch (width) {
    case 1: return *(const uint8_t *)at;
    case 2: return *(const uint16_t *)at;
    case 4: return *(const uint32_t *)at;
    default: return *(const uint64_t *)at;
    }
}

static void state_store(void *at, size_t width, uint64_t value) {
    switch (width) {
    case 1: *(uint8_t *)at = (uint8_t)value; break;
    case 2: *(uint16_t *)at = (uint16_t)value; break;
    case 4: *(uint32_t *)at = (uint32_t)value; break;
    default: *(uint64_t *)at = value;
    }
}

/* CRC-32 of ISO 3309, bit by bit: a few hundred bytes a commit need no table. */
static uint32_t state_crc32(const unsigned char *data, size_t n) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

/* ---- base 85 ---- */

static void state_encode(const unsigned char *bytes, char *out) {
    for (size_t i = 0; i < BYTES; i += 4, out += 5) {
        uint64_t group = state_get(bytes + i, 4);
        for (int digit = 4; digit >= 0; digit--, group /= ALPHABET)
            out[digit] = alphabet[group % ALPHABET];
    }
}

static bool state_decode(const char *text, unsigned char *bytes) {
    for (size_t i = 0; i < BYTES; i += 4, text += 5) {
        uint64_t group = 0;
        for (int digit = 0; digit < 5; digit++) {
            const char *found = memchr(alphabet, text[digit], ALPHABET);
            if (!found) return false;
            group = group * ALPHABET + (uint64_t)(found - alphabet);
        }
        if (group > UINT32_MAX) return false;
        state_put(bytes + i, group, 4);
    }
    return true;
}

/* ---- state ---- */

size_t state_write(const struct partition_state *s, uint64_t topic, int64_t offset, char *out) {
    unsigned char bytes[BYTES] = {0},
                  *to = state_put(state_put(bytes, topic, 8), (uint64_t)offset, 8);
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
        for (size_t i = 0; i < fields[f].n; i++)
            to = state_put(to,
                           state_load((const char *)s + fields[f].offset + i * fields[f].width,
                                      fields[f].width),
                           fields[f].width);
    CHECK(to == bytes + HEAD + BODY);
    state_put(bytes + PADDED, state_crc32(bytes, PADDED), 4);
    memcpy(out, prefix, PREFIX);
    state_encode(bytes, out + PREFIX);
    out[TEXT_BYTES] = '\0';
    return TEXT_BYTES;
}

/* A sum that is right says that we wrote it; this says that the code that wrote it was sound. */
static bool state_possible(const struct partition_state *s) {
    if (s->covered > s->admitted || s->asked / 2 > s->admitted || s->block_start > s->admitted ||
        s->tokens < 0 || s->tokens > tokens_most)
        return false;
    if (s->hour.block > 1 || s->day.block > 1 || s->both > 1) return false;
    size_t values = 0;
    for (size_t i = 0; i < STATE_SHARES; i++) {
        values += s->window_n[i];
        if (s->window_at[i] >= STATE_WINDOW) return false;
    }
    return values <= STATE_WINDOW;
}

int state_read(struct partition_state *s, uint64_t topic, int64_t offset, struct text metadata) {
    unsigned char bytes[BYTES];
    struct partition_state read = {0};
    if (!metadata.at || !metadata.len) return ERR_MISSING;
    if (metadata.len != TEXT_BYTES || memcmp(metadata.at, prefix, PREFIX) != 0) return ERR_CORRUPT;
    if (!state_decode(metadata.at + PREFIX, bytes) ||
        state_get(bytes + PADDED, 4) != state_crc32(bytes, PADDED))
        return ERR_CORRUPT;
    if (state_get(bytes, 8) != topic || state_get(bytes + 8, 8) != (uint64_t)offset)
        return ERR_MISMATCH;
    const unsigned char *from = bytes + HEAD;
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
        for (size_t i = 0; i < fields[f].n; i++, from += fields[f].width)
            state_store((char *)&read + fields[f].offset + i * fields[f].width, fields[f].width,
                        state_get(from, fields[f].width));
    if (!state_possible(&read)) return ERR_CORRUPT;
    read.saving = (int64_t)read.pool_saved * SAVED_ONE;
    *s = read;
    return 0;
}

/* ---- utility codes ---- */

/* The code is the utility's sign and the top of its double: 6 bits of exponent, 9 of mantissa,
 * counted from 2^-41: 2^-40 to 2^22 at a relative step of 1/512 or finer. Less is 0, more is the
 * largest finite one. Magnitude g of a positive utility has code ZERO + g. */
enum { ZERO = 0x8000, INFINITE = 63 << 9, DROP = 52 - 9, NOT_A_NUMBER = 0 };
static const uint64_t least_exponent = (uint64_t)(1023 - 41) << 9;

uint16_t utility_code(double utility) {
    uint64_t bits;
    if (isnan(utility)) return NOT_A_NUMBER;
    double size = fabs(utility);
    memcpy(&bits, &size, sizeof bits);
    uint64_t rounded = (bits + ((uint64_t)1 << (DROP - 1))) >> DROP;
    uint64_t g = rounded > least_exponent ? rounded - least_exponent : 0;
    if (isinf(utility)) g = INFINITE;
    else if (g >= INFINITE) g = INFINITE - 1;
    return (uint16_t)(signbit(utility) ? ZERO - g : ZERO + g);
}

double utility_value(uint16_t code) {
    if (code == NOT_A_NUMBER) return NAN;
    uint64_t g = code < ZERO ? (uint64_t)(ZERO - code) : (uint64_t)(code - ZERO),
             bits = (g + least_exponent) << DROP;
    double size = 0;
    if (g >= INFINITE) size = INFINITY;
    else if (g) memcpy(&size, &bits, sizeof size);
    return code < ZERO ? -size : size;
}
