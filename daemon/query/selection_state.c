/* The selection state as text for the metadata of a committed offset, and the 16-bit codes of
 * utilities.
 *
 * Layout (docs/FORMATS.md): "w5", then base 85 (the alphabet of ZeroMQ's RFC 32: no quote, no
 * backslash) of topic hash and offset (their lower bytes), the fields below in their order, zeros
 * up to a multiple of four, CRC-32; all little-endian. One wrong character changes at most four
 * neighbouring bytes, a burst of 32 bits at most, and a CRC-32 finds every such burst. A number
 * beyond the width of its field is written as the largest that has room.
 *
 * A block that has paid for a third reader makes it "w6", which says so by its name and is "w5" in
 * all else: the eight flags have no room for a number. So whoever does not use people.opinions can
 * go back to the release before.
 *
 * Versions 0.1.0 and before wrote "w2", later ones "w3", then "w4", which is "w3" with the figures
 * behind it. All are read too, so that an update goes on with its states.
 *
 * A text is refused that is not whole, that belongs to another topic or offset, or that holds
 * numbers which no run can reach.
 *
 * Thread: any thread */
#include "query/selection_state.h"

#include <math.h>
#include <stddef.h>

/* ---- the layout ---- */

static const char alphabet[] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/* A state as it is written: the fields that travel in another form than they have in memory. */
struct state_form {
    struct partition_state state;
    uint32_t block_age; // samples since block_start
    uint8_t flags;      // both and so on, a bit each
    uint32_t passed;    // block_passed, of a weighted block
    uint32_t day;       // "w2" only
};

/* The fields that travel, in the order of the bytes: one number each, or an array of numbers; and
 * the bytes of a number, which are of a version and of a cap's counter. */
#define COMMON_FIELDS(ONE, MANY, MODEL, COUNTER)                                                   \
    ONE(state.policy, 5)                                                                           \
    ONE(state.model, MODEL)                                                                        \
    ONE(state.admitted, 6)                                                                         \
    ONE(state.covered, 6)                                                                          \
    ONE(state.asked, 4)                                                                            \
    ONE(state.lent, 1) /* the fifth byte of `asked`, once: zero of any run */                      \
    ONE(state.tokens, 7)                                                                           \
    ONE(block_age, 4)                                                                              \
    ONE(state.block_size, 4)                                                                       \
    ONE(flags, 1)                                                                                  \
    ONE(state.grant, 4)                                                                            \
    ONE(state.grant_left, 4)                                                                       \
    ONE(state.divisor, 3)                                                                          \
    ONE(state.cap_hour, 3)                                                                         \
    ONE(state.cap_doubt, 3)                                                                        \
    ONE(state.doubt_strategy, 1)                                                                   \
    ONE(state.doubt_random, 1)                                                                     \
    ONE(state.hour.strategy, COUNTER)                                                              \
    ONE(state.hour.random_, COUNTER)                                                               \
    ONE(state.day.strategy, COUNTER)                                                               \
    ONE(state.day.random_, COUNTER)                                                                \
    ONE(state.pool_saved, 4)                                                                       \
    MANY(state.pending, 1)                                                                         \
    MANY(state.own, 4)                                                                             \
    ONE(state.memory_of, 4)                                                                        \
    MANY(state.window_n, 1)                                                                        \
    MANY(state.window_at, 1)                                                                       \
    MANY(state.window, 2)

#define FIGURE_FIELDS(ONE, MANY)                                                                   \
    ONE(state.unasked.n, 2)                                                                        \
    MANY(state.unasked.sum, 4)                                                                     \
    ONE(state.capacity, 2)

#define STATE_FIELDS(ONE, MANY)                                                                    \
    COMMON_FIELDS(ONE, MANY, 4, 3)                                                                 \
    FIGURE_FIELDS(ONE, MANY)                                                                       \
    ONE(passed, 3)                                                                                 \
    ONE(state.doubt, 3)

/* "w3", and the same with the figures: "w4". */
#define MIDDLE_FIELDS(ONE, MANY) COMMON_FIELDS(ONE, MANY, 6, 4)

#define FORMER_FIELDS(ONE, MANY)                                                                   \
    ONE(state.policy, 8)                                                                           \
    ONE(state.model, 8)                                                                            \
    ONE(state.admitted, 8)                                                                         \
    ONE(state.covered, 8)                                                                          \
    ONE(state.asked, 8)                                                                            \
    ONE(state.tokens, 8)                                                                           \
    ONE(state.block_start, 8)                                                                      \
    ONE(state.block_size, 4)                                                                       \
    ONE(state.both, 1)                                                                             \
    ONE(state.grant_left, 4)                                                                       \
    ONE(state.cap_hour, 4)                                                                         \
    ONE(state.hour.strategy, 4)                                                                    \
    ONE(state.hour.random_, 4)                                                                     \
    ONE(state.hour.block, 1)                                                                       \
    ONE(day, 4)                                                                                    \
    ONE(state.day.strategy, 4)                                                                     \
    ONE(state.day.random_, 4)                                                                      \
    ONE(state.day.block, 1)                                                                        \
    ONE(state.pool_saved, 4)                                                                       \
    MANY(state.pending, 1)                                                                         \
    MANY(state.own, 4)                                                                             \
    ONE(state.memory_of, 4)                                                                        \
    MANY(state.window_n, 1)                                                                        \
    MANY(state.window_at, 1)                                                                       \
    MANY(state.window, 2)

#define STATE_SIZE(name) sizeof(((struct state_form *)NULL)->name)
#define STATE_ONE(name, bytes) {offsetof(struct state_form, name), STATE_SIZE(name), bytes, 1},
#define STATE_MANY(name, bytes)                                                                    \
    {offsetof(struct state_form, name), STATE_SIZE(name[0]), bytes,                                \
     STATE_SIZE(name) / STATE_SIZE(name[0])},
#define STATE_COUNT(name, bytes) +1
#define STATE_ADD_ONE(name, bytes) +bytes
#define STATE_ADD_MANY(name, bytes) +bytes *(STATE_SIZE(name) / STATE_SIZE(name[0]))

static const struct state_field {
    size_t offset, width, bytes, n; // in struct state_form; of a number there and in the text;
                                    // numbers
} fields[] = {STATE_FIELDS(STATE_ONE, STATE_MANY)},
  middle[] = {MIDDLE_FIELDS(STATE_ONE, STATE_MANY) FIGURE_FIELDS(STATE_ONE, STATE_MANY)},
  former[] = {FORMER_FIELDS(STATE_ONE, STATE_MANY)};

enum {
    FIELDS = sizeof fields / sizeof *fields,
    MIDDLE = sizeof middle / sizeof *middle,
    FIGURES = 0 FIGURE_FIELDS(STATE_COUNT, STATE_COUNT),
    FORMER = sizeof former / sizeof *former,
    PREFIX = 2, // characters that name the format: another layout, another number
    ALPHABET = sizeof alphabet - 1,
    HASH = 4,             // bytes of the topic's hash
    OFFSET = 5,           // of the offset
    HEAD = HASH + OFFSET, // what the state belongs to
    COUNTER = 3,          // of a cap's counter
    BODY = 0 STATE_FIELDS(STATE_ADD_ONE, STATE_ADD_MANY),
    CRC = 4,
    BYTES = (HEAD + BODY + 3) / 4 * 4 + CRC,
    TEXT_BYTES = PREFIX + BYTES / 4 * 5,
    /* The same of "w3" and "w4". */
    MIDDLE_BODY = 0 MIDDLE_FIELDS(STATE_ADD_ONE, STATE_ADD_MANY),
    LATER_BODY = MIDDLE_BODY FIGURE_FIELDS(STATE_ADD_ONE, STATE_ADD_MANY),
    MIDDLE_BYTES = (HEAD + MIDDLE_BODY + 3) / 4 * 4 + CRC,
    LATER_BYTES = (HEAD + LATER_BODY + 3) / 4 * 4 + CRC,
    /* Of "w2". */
    FORMER_HASH = 8,
    FORMER_OFFSET = 8,
    FORMER_HEAD = FORMER_HASH + FORMER_OFFSET,
    FORMER_BODY = 0 FORMER_FIELDS(STATE_ADD_ONE, STATE_ADD_MANY),
    FORMER_BYTES = (FORMER_HEAD + FORMER_BODY + 3) / 4 * 4 + CRC,
};
enum {
    FLAG_BOTH,
    FLAG_WAITING,
    FLAG_HOUR_BLOCK,
    FLAG_HOUR_LATE,
    FLAG_DAY_BLOCK,
    FLAG_DAY_LATE,
    FLAG_WEIGHTED, // since "w5"
    FLAG_DOUBLED,
    FLAGS
};
_Static_assert(ALPHABET == 85, "base 85");
_Static_assert(BODY == 395, "another layout is another format: raise its number");
_Static_assert(MIDDLE_BODY == 375 && LATER_BODY == 395, "what was written does not change");
_Static_assert(FORMER_BODY == 387, "what was written does not change");
_Static_assert(TEXT_BYTES <= (int)STATE_TEXT_MAX, "the text has room");
_Static_assert((uint64_t)STATE_WEIGHTED_MOST *STATE_PIECES <= 1 << 24, "`passed` has three bytes");

/* A format that is read: how long its parts are. */
struct state_format {
    const char *prefix;
    const struct state_field *field;
    size_t fields, hash, offset, bytes;
    uint32_t mask; // of the CRC: formats of one length must not be taken for each other
};
static const struct state_format formats[] = {
    {"w6", fields, FIELDS, HASH, OFFSET, BYTES, 0xAAAAAAAA},
    {"w5", fields, FIELDS, HASH, OFFSET, BYTES, 0x55555555},
    {"w4", middle, MIDDLE, HASH, OFFSET, LATER_BYTES, UINT32_MAX},
    {"w3", middle, MIDDLE - FIGURES, HASH, OFFSET, MIDDLE_BYTES, 0},
    {"w2", former, FORMER, FORMER_HASH, FORMER_OFFSET, FORMER_BYTES, 0}};
enum { THIRD, PRESENT, LATER, BEFORE_FIGURES, FIRST, FORMATS };
_Static_assert(sizeof formats / sizeof *formats == FORMATS, "each has its name");

enum {
    SAMPLE_LABELS = OPINIONS_MAX + 1
}; // that are paid for, at most: a synthetic point's as well
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

static void state_encode(const unsigned char *bytes, size_t n, char *out) {
    for (size_t i = 0; i < n; i += 4, out += 5) {
        uint64_t group = state_get(bytes + i, 4);
        for (int digit = 4; digit >= 0; digit--, group /= ALPHABET)
            out[digit] = alphabet[group % ALPHABET];
    }
}

static bool state_decode(const char *text, unsigned char *bytes, size_t n) {
    for (size_t i = 0; i < n; i += 4, text += 5) {
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

static uint64_t state_most(size_t bytes) {
    return bytes < 8 ? (UINT64_C(1) << 8 * bytes) - 1 : UINT64_MAX;
}

static void state_put_fields(const struct state_form *form, unsigned char *to) {
    for (const struct state_field *f = fields; f < fields + FIELDS; f++)
        for (size_t i = 0; i < f->n; i++) {
            uint64_t value = state_load((const char *)form + f->offset + i * f->width, f->width),
                     most = state_most(f->bytes);
            to = state_put(to, value < most ? value : most, f->bytes);
        }
}

static void state_get_fields(const struct state_field *table, size_t n, const unsigned char *from,
                             struct state_form *form) {
    for (const struct state_field *f = table; f < table + n; f++)
        for (size_t i = 0; i < f->n; i++, from += f->bytes)
            state_store((char *)form + f->offset + i * f->width, f->width,
                        state_get(from, f->bytes));
}

static uint8_t *state_flag(struct partition_state *s, int flag) {
    uint8_t *const of[FLAGS] = {[FLAG_BOTH] = &s->both,
                                [FLAG_WAITING] = &s->waiting,
                                [FLAG_HOUR_BLOCK] = &s->hour.block,
                                [FLAG_HOUR_LATE] = &s->hour.late,
                                [FLAG_DAY_BLOCK] = &s->day.block,
                                [FLAG_DAY_LATE] = &s->day.late,
                                [FLAG_WEIGHTED] = &s->weighted,
                                [FLAG_DOUBLED] = &s->doubled};
    return of[flag];
}

size_t state_write(const struct partition_state *s, uint64_t topic, int64_t offset, char *out) {
    unsigned char bytes[BYTES] = {0};
    const struct state_format *format = &formats[s->doubled > 1 ? THIRD : PRESENT];
    uint64_t age = s->admitted - s->block_start;
    struct state_form form = {.state = *s,
                              .block_age = age < UINT32_MAX ? (uint32_t)age : UINT32_MAX,
                              .passed = s->weighted ? (uint32_t)s->block_passed : 0};
    for (int flag = 0; flag < FLAGS; flag++)
        form.flags |= (uint8_t)((*state_flag(&form.state, flag) > 0) << flag);
    state_put(bytes, topic, HASH);
    state_put(bytes + HASH, (uint64_t)offset, OFFSET);
    state_put_fields(&form, bytes + HEAD);
    state_put(bytes + BYTES - CRC, state_crc32(bytes, BYTES - CRC) ^ format->mask, CRC);
    memcpy(out, format->prefix, PREFIX);
    state_encode(bytes, BYTES, out + PREFIX);
    out[TEXT_BYTES] = '\0';
    return TEXT_BYTES;
}

/* The CRC shows that the text is unchanged. This check refuses numbers that no correct run can
 * reach. */
static bool state_possible(const struct partition_state *s) {
    if (s->covered > s->admitted || s->asked / SAMPLE_LABELS > s->admitted ||
        s->block_start > s->admitted || s->tokens < 0 || s->tokens > tokens_most ||
        s->grant_left > s->grant)
        return false;
    if (s->hour.block > 1 || s->day.block > 1 || s->both > 1 || s->doubled >= OPINIONS_MAX)
        return false;
    if (s->weighted && (s->block_size > STATE_WEIGHTED_MOST ||
                        s->block_passed > (uint64_t)s->block_size * STATE_PIECES))
        return false;
    size_t values = 0;
    for (size_t i = 0; i < STATE_SHARES; i++) {
        values += s->window_n[i];
        if (s->window_at[i] >= STATE_WINDOW) return false;
    }
    for (size_t i = 0; i < UNASKED_SUMS; i++)
        if (s->unasked.sum[i] > s->unasked.n * UNASKED_ONE) return false;
    return values <= STATE_WINDOW;
}

/* The text's bytes by that format, into the form; errors as of state_read. */
static int state_read_form(const struct state_format *f, uint64_t topic, int64_t offset,
                           struct text text, struct state_form *form) {
    unsigned char bytes[FORMER_BYTES];
    if (text.len != PREFIX + f->bytes / 4 * 5) return ERR_CORRUPT;
    if (!state_decode(text.at + PREFIX, bytes, f->bytes) ||
        state_get(bytes + f->bytes - CRC, CRC) != (state_crc32(bytes, f->bytes - CRC) ^ f->mask))
        return ERR_CORRUPT;
    if (state_get(bytes, f->hash) != (topic & state_most(f->hash)) ||
        state_get(bytes + f->hash, f->offset) != ((uint64_t)offset & state_most(f->offset)))
        return ERR_MISMATCH;
    state_get_fields(f->field, f->fields, bytes + f->hash + f->offset, form);
    return 0;
}

/* A counter that did not fit was written as the largest, and stands for all that can be. */
static void state_widen(uint32_t *counter) {
    if (*counter == state_most(COUNTER)) *counter = UINT32_MAX;
}

/* What is not told as it is in memory, but for "w2". */
static int state_unfold(size_t format, struct state_form *form) {
    struct partition_state *s = &form->state;
    int flags = format <= PRESENT ? FLAGS : FLAG_WEIGHTED;
    if (form->block_age > s->admitted || form->flags >> flags) return ERR_CORRUPT;
    s->block_start = s->admitted - form->block_age;
    for (int flag = 0; flag < flags; flag++) *state_flag(s, flag) = form->flags >> flag & 1;
    if (format > PRESENT) return 0;
    if (format == THIRD && !s->doubled++) return ERR_CORRUPT;
    if (form->passed && !s->weighted) return ERR_CORRUPT; // of a plain block it is not written
    state_widen(&s->hour.strategy), state_widen(&s->hour.random_);
    state_widen(&s->day.strategy), state_widen(&s->day.random_);
    return 0;
}

/* What "w2" does not say is left zero: the divisor is not known, and the grant is what is left of
 * it until it is (daemon/query/division.c). */
int state_read(struct partition_state *s, uint64_t topic, int64_t offset, struct text metadata) {
    struct state_form form = {0};
    size_t format = 0;
    if (!metadata.at || !metadata.len) return ERR_MISSING;
    if (metadata.len < PREFIX) return ERR_CORRUPT;
    while (format < FORMATS && memcmp(metadata.at, formats[format].prefix, PREFIX) != 0) format++;
    if (format == FORMATS) return ERR_CORRUPT;
    TRY(state_read_form(&formats[format], topic, offset, metadata, &form));
    if (format == FIRST) form.state.grant = form.state.grant_left;
    else TRY(state_unfold(format, &form));
    form.state.block_passed = form.passed;
    if (!form.state.weighted)
        form.state.block_passed = (form.state.admitted - form.state.block_start) * STATE_PIECES;
    if (!state_possible(&form.state)) return ERR_CORRUPT;
    form.state.saving = (int64_t)form.state.pool_saved * SAVED_ONE;
    *s = form.state;
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
