/* The selection state as text for the metadata of a committed offset, and the 16-bit codes of
 * utilities.
 *
 * Layout (docs/FORMATS.md): "w2", then base 85 (the alphabet of ZeroMQ's RFC 32: no quote, no
 * backslash) of topic hash, offset, the fields below in their order, zeros up to a multiple of
 * four, CRC-32; all little-endian. One wrong character changes at most four neighbouring bytes, a
 * burst of 32 bits at most, and a CRC-32 finds every such burst.
 *
 * A text is refused that is not whole, that belongs to another topic or offset, or that holds
 * numbers which no run can reach.
 *
 * Thread: any thread */
#include "query/selection_state.h"

#include <math.h>
#include <stddef.h>

/* ---- the layout ---- */

static const char prefix[] = "w2"; // names the format: another layout, another number
static const char alphabet[] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/* The fields that travel, in the order of the bytes: one number each, or an array of numbers. */
#define STATE_FIELDS(ONE, MANY)                                                                    \
    ONE(policy)                                                                                    \
    ONE(model)                                                                                     \
    ONE(admitted)                                                                                  \
    ONE(covered)                                                                                   \
    ONE(asked)                                                                                     \
    ONE(tokens)                                                                                    \
    ONE(block_start)                                                                               \
    ONE(block_size)                                                                                \
    ONE(both)                                                                                      \
    ONE(grant_left)                                                                                \
    ONE(hour.period)                                                                               \
    ONE(hour.strategy)                                                                             \
    ONE(hour.random_)                                                                              \
    ONE(hour.block)                                                                                \
    ONE(day.period)                                                                                \
    ONE(day.strategy)                                                                              \
    ONE(day.random_)                                                                               \
    ONE(day.block)                                                                                 \
    ONE(pool_saved)                                                                                \
    MANY(pending)                                                                                  \
    MANY(own)                                                                                      \
    ONE(memory_of)                                                                                 \
    MANY(window_n)                                                                                 \
    MANY(window_at)                                                                                \
    MANY(window)

#define STATE_SIZE(name) sizeof(((struct partition_state *)NULL)->name)
#define STATE_ONE(name) {offsetof(struct partition_state, name), STATE_SIZE(name), 1},
#define STATE_MANY(name)                                                                           \
    {offsetof(struct partition_state, name), STATE_SIZE(name[0]),                                  \
     STATE_SIZE(name) / STATE_SIZE(name[0])},
#define STATE_ADD(name) +STATE_SIZE(name)

static const struct state_field {
    size_t offset, width, n; // in struct partition_state; bytes of a number; numbers
} fields[] = {STATE_FIELDS(STATE_ONE, STATE_MANY)};

enum {
    FIELDS = sizeof fields / sizeof *fields,
    PREFIX = sizeof prefix - 1,
    ALPHABET = sizeof alphabet - 1,
    HASH = 8,             // bytes of the topic's hash
    OFFSET = 8,           // of the offset
    HEAD = HASH + OFFSET, // what the state belongs to
    BODY = 0 STATE_FIELDS(STATE_ADD, STATE_ADD),
    PADDED = (HEAD + BODY + 3) / 4 * 4,
    CRC = 4,
    BYTES = PADDED + CRC,
    TEXT_BYTES = PREFIX + BYTES / 4 * 5,
};
_Static_assert(ALPHABET == 85, "base 85");
_Static_assert(BODY == 387, "another layout is another format: raise the number in `prefix`");
_Static_assert(TEXT_BYTES <= (int)STATE_TEXT_MAX, "the text fits into an offset's metadata");

static const int64_t tokens_most = (int64_t)1 << 53; // twice the largest budget.burst

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

static void state_put_fields(const struct partition_state *s, unsigned char *to) {
    for (const struct state_field *f = fields; f < fields + FIELDS; f++)
        for (size_t i = 0; i < f->n; i++) {
            const char *at = (const char *)s + f->offset + i * f->width;
            to = state_put(to, state_load(at, f->width), f->width);
        }
}

static void state_get_fields(const unsigned char *from, struct partition_state *s) {
    for (const struct state_field *f = fields; f < fields + FIELDS; f++)
        for (size_t i = 0; i < f->n; i++, from += f->width)
            state_store((char *)s + f->offset + i * f->width, f->width, state_get(from, f->width));
}

/* Bytes that the table's fields take: what BODY says, or the writes below would not be bounded. */
static size_t state_body(void) {
    size_t bytes = 0;
    for (size_t f = 0; f < FIELDS; f++) bytes += fields[f].width * fields[f].n;
    return bytes;
}

size_t state_write(const struct partition_state *s, uint64_t topic, int64_t offset, char *out) {
    unsigned char bytes[BYTES] = {0};
    CHECK(state_body() == BODY);
    state_put(bytes, topic, HASH);
    state_put(bytes + HASH, (uint64_t)offset, OFFSET);
    state_put_fields(s, bytes + HEAD);
    state_put(bytes + PADDED, state_crc32(bytes, PADDED), CRC);
    memcpy(out, prefix, PREFIX);
    state_encode(bytes, out + PREFIX);
    out[TEXT_BYTES] = '\0';
    return TEXT_BYTES;
}

/* The CRC shows that the text is unchanged. This check refuses numbers that no correct run can
 * reach. */
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
        state_get(bytes + PADDED, CRC) != state_crc32(bytes, PADDED))
        return ERR_CORRUPT;
    if (state_get(bytes, HASH) != topic || state_get(bytes + HASH, OFFSET) != (uint64_t)offset)
        return ERR_MISMATCH;
    state_get_fields(bytes + HEAD, &read);
    if (!state_possible(&read)) return ERR_CORRUPT;
    read.saving = (int64_t)read.pool_saved * SAVED_ONE;
    *s = read;
    return 0;
}

/* ---- utility codes ---- */

/* A code orders as the utility does. It is the sign and the top of the double: 6 bits of exponent,
 * counted from 2^-41, and 9 of mantissa, so 2^-40 to 2^22 at a relative step of 1/512 or finer.
 * Smaller magnitudes are 0, larger ones the largest finite one. Magnitude g of a positive utility
 * has the code ZERO + g. */
enum {
    NOT_A_NUMBER = 0,
    ZERO = 0x8000,
    MANTISSA = 9,             // bits kept
    DROP = 52 - MANTISSA,     // bits of a double's mantissa that are rounded away
    INFINITE = 63 << MANTISSA // largest magnitude
};
static const uint64_t least_exponent = (uint64_t)(1023 - 41) << MANTISSA; // 1023: a double's bias

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
