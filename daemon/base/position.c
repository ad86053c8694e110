/* Whose a position is (base/position.h has the rules).
 *
 * The text of a mark: "m1", then hexadecimal numbers of fixed width: how far before the position
 * the record stands (8 digits; all f: none), its time (12), its hash (16), topic (8), cluster (8),
 * born (8), and a check over position and text (8). docs/FORMATS.md has the same.
 *
 * Thread: any thread */
#include "base/position.h"

#include "base/rng.h"

#include <inttypes.h>

enum {
    PREFIX = 2,
    CHECK_DIGITS = 8,
    CHECKED = MARK_TEXT - CHECK_DIGITS, // characters that the check is made of
    WORD = 8
};
#define FAR UINT32_MAX // in the place of a distance: no record is known
static const int64_t time_most = ((int64_t)1 << 48) - 1; // 12 digits: the year 10889

struct position_mark mark_none(void) {
    return (struct position_mark){.record = -1};
}

/* ---- the record before ---- */

/* Eight bytes a step: FNV would cost as much as a decision. */
static uint64_t position_hash(uint64_t h, struct text t) {
    size_t i = 0;
    uint64_t word;
    h = rng_mix(h ^ t.len ^ (uint64_t)(t.at == NULL) << 63);
    for (; i + WORD <= t.len; i += WORD) {
        memcpy(&word, t.at + i, WORD);
        h = (h ^ word) * 0x9E3779B97F4A7C15u;
        h ^= h >> 32;
    }
    word = 0;
    if (i < t.len) memcpy(&word, t.at + i, t.len - i);
    return rng_mix(h ^ word);
}

void mark_record(struct position_mark *m, int64_t offset, int64_t time_ms, struct text key,
                 struct text value) {
    m->record = offset;
    m->time_ms = time_ms > 0 && time_ms <= time_most ? time_ms : 0;
    m->hash = position_hash(position_hash(1, key), value);
}

bool mark_same_record(const struct position_mark *a, const struct position_mark *b) {
    bool timed = a->time_ms && b->time_ms; // what is not known says nothing
    return a->record == b->record && a->hash == b->hash && (!timed || a->time_ms == b->time_ms);
}

/* ---- as text ---- */

static uint32_t mark_check(int64_t position, const char *text) {
    return (uint32_t)rng_mix((uint64_t)position ^ hash_bytes(text, CHECKED));
}

void mark_write(const struct position_mark *m, int64_t position, char *out) {
    int64_t back = position - m->record;
    bool known = m->record >= 0 && back > 0 && back < FAR;
    snprintf(out, MARK_TEXT + 1,
             "m1%08" PRIx32 "%012" PRIx64 "%016" PRIx64 "%08" PRIx32 "%08" PRIx32 "%08" PRIx32,
             known ? (uint32_t)back : FAR, (uint64_t)(m->time_ms & time_most), m->hash, m->topic,
             m->cluster, m->born);
    snprintf(out + CHECKED, CHECK_DIGITS + 1, "%08" PRIx32, mark_check(position, out));
}

/* A number of so many digits; false: other characters stand there. */
static bool mark_digits(const char **at, int digits, uint64_t *out) {
    *out = 0;
    for (int i = 0; i < digits; i++) {
        static const char hex[] = "0123456789abcdef";
        const char *found = memchr(hex, *(*at)++, sizeof hex - 1);
        if (!found) return false;
        *out = *out << 4 | (uint64_t)(found - hex);
    }
    return true;
}

static bool mark_parse(struct position_mark *m, int64_t position, const char *text) {
    uint64_t back, time, hash, topic, cluster, born, check;
    const char *at = text + PREFIX;
    if (!mark_digits(&at, 8, &back) || !mark_digits(&at, 12, &time) ||
        !mark_digits(&at, 16, &hash) || !mark_digits(&at, 8, &topic) ||
        !mark_digits(&at, 8, &cluster) || !mark_digits(&at, 8, &born) ||
        !mark_digits(&at, CHECK_DIGITS, &check))
        return false;
    if (check != mark_check(position, text) || back == 0) return false;
    bool known = back != FAR && position - (int64_t)back >= 0;
    *m = (struct position_mark){.record = known ? position - (int64_t)back : -1,
                                .time_ms = (int64_t)time,
                                .hash = hash,
                                .topic = (uint32_t)topic,
                                .cluster = (uint32_t)cluster,
                                .born = (uint32_t)born};
    return true;
}

int mark_read(struct position_mark *m, int64_t position, struct text *metadata) {
    *m = mark_none();
    if (!metadata->at || metadata->len < MARK_TEXT) return ERR_MISSING;
    const char *text = metadata->at + metadata->len - MARK_TEXT;
    if (memcmp(text, "m1", PREFIX) != 0) return ERR_MISSING;
    metadata->len -= MARK_TEXT;
    return mark_parse(m, position, text) ? 0 : ERR_CORRUPT;
}

/* ---- as bytes ---- */

static unsigned char *mark_put(unsigned char *at, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; i++) *at++ = (unsigned char)(value >> 8 * i);
    return at;
}

static uint64_t mark_get(const char **at, size_t width) {
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) value |= (uint64_t)(unsigned char)*(*at)++ << 8 * i;
    return value;
}

void mark_pack(const struct position_mark *m, unsigned char out[MARK_BYTES]) {
    unsigned char *at = mark_put(out, (uint64_t)m->record, 8);
    at = mark_put(at, (uint64_t)m->time_ms, 8);
    at = mark_put(at, m->hash, 8);
    at = mark_put(at, m->topic, 4);
    at = mark_put(at, m->cluster, 4);
    mark_put(at, m->born, 4);
}

bool mark_unpack(struct position_mark *m, struct text bytes) {
    *m = mark_none();
    if (bytes.len != MARK_BYTES) return false;
    const char *at = bytes.at;
    struct position_mark read = {.record = (int64_t)mark_get(&at, 8),
                                 .time_ms = (int64_t)mark_get(&at, 8)};
    read.hash = mark_get(&at, 8);
    read.topic = (uint32_t)mark_get(&at, 4);
    read.cluster = (uint32_t)mark_get(&at, 4);
    read.born = (uint32_t)mark_get(&at, 4);
    if (read.record < -1 || read.time_ms < 0) return false;
    *m = read;
    return true;
}

/* ---- the rules ---- */

enum belonging { OURS, FOREIGN, UNKNOWN };

static enum belonging position_by_ids(const struct position_mark *m, const struct evidence *e) {
    if (m->topic && e->topic) return m->topic == e->topic ? OURS : FOREIGN;
    if (m->cluster && e->cluster && m->cluster != e->cluster) return FOREIGN;
    return UNKNOWN;
}

/* A record that is gone from the middle of a log that nobody compacts was never in this log. */
static enum belonging position_belongs(const struct position *p, const struct evidence *e) {
    enum belonging by_ids = position_by_ids(&p->mark, e);
    bool within = p->mark.record >= e->low && p->mark.record < e->high;
    if (!e->looked || p->mark.record < 0 || !within) return by_ids;
    if (e->found) return e->same ? OURS : FOREIGN;
    if (by_ids == UNKNOWN && !e->compacted) return FOREIGN;
    return by_ids;
}

enum lost position_judge(const struct position *p, const struct evidence *e) {
    if (position_belongs(p, e) == FOREIGN) return LOST_ANEW;
    if (p->next > e->high) return LOST_AHEAD;
    return p->next < e->low ? LOST_GONE : LOST_NONE;
}

bool position_first_life(int32_t partition, uint32_t least_born) {
    return (uint32_t)partition < least_born;
}

bool position_added(int32_t partition, uint32_t least_born) {
    return least_born > 0 && !position_first_life(partition, least_born);
}

/* ---- words ---- */

const char *lost_name(enum lost l) {
    static const char *const names[] = {WORDS_TEXT(LOST_TABLE)};
    return l < LOST_NONE ? names[l] : "ok";
}

const char *lost_text(enum lost l) {
    switch (l) {
    case LOST_GONE: return "retention has deleted records that were not read yet";
    case LOST_ANEW: return "the topic is another one than the position belongs to: made anew";
    case LOST_AHEAD:
        return "the log ends before the position: its end was lost, or it was made anew";
    default: return "the position fits";
    }
}
