/* The record of a certificate. Unknown members are ignored, so that a later version can add some; a
 * missing one makes the record unreadable.
 *
 * Thread: any thread */
#include "estimate/certificate_record.h"

#include "base/json.h"
#include "base/rng.h"
#include "estimate/unasked.h"

#include <inttypes.h>
#include <math.h>

#define TIME_MOST INT64_C(253402300799999) // the end of the year 9999, in ms since 1970

static const double needed_most = 1e12; // answers: beyond it nobody waits

uint64_t certificate_terms_of(uint64_t fingerprint, struct text classes) {
    return rng_mix(fingerprint ^ rng_mix(hash_bytes(classes.at, classes.len)));
}

const char *certificate_end_word(enum certificate_end end) {
    static const char *const word[] = {WORDS_TEXT(CERTIFICATE_END_TABLE)};
    return word[end];
}

void certificate_write(const struct certificate *c, uint64_t terms, int64_t heard_ms,
                       struct buf *out) {
    buf_printf(out, "{\"granted\":%s,\"threshold\":", c->granted ? "true" : "false");
    buf_double(out, (double)c->threshold / UNASKED_ONE);
    buf_str(out, ",\"error\":");
    buf_double(out, c->error);
    buf_str(out, ",\"confidence\":");
    buf_double(out, c->confidence);
    buf_printf(out,
               ",\"answers\":%" PRIu64 ",\"wrong\":%" PRIu64 ",\"since_ms\":%" PRId64
               ",\"version\":%" PRIu64 ",\"prior\":%" PRIu64 ",\"attempt\":%" PRIu32
               ",\"from_ms\":%" PRId64 ",\"seen\":%" PRIu64 ",\"missed\":%" PRIu64 ",\"needed\":",
               c->answers, c->wrong, c->since_ms, c->version, c->prior, c->attempt, c->from_ms,
               c->seen, c->missed);
    buf_double(out, fmin(c->needed, needed_most));
    buf_str(out, ",\"others\":");
    buf_double(out, c->others);
    buf_printf(out,
               ",\"end\":\"%s\",\"ended_ms\":%" PRId64 ",\"terms\":\"%016" PRIx64
               "\",\"heard_ms\":%" PRId64 "}",
               certificate_end_word(c->end), c->ended_ms, terms, heard_ms);
}

static bool certificate_read_whole(const cJSON *tree, const char *key, int64_t most, int64_t *out) {
    return json_integer(tree, key, out) && *out >= 0 && *out <= most;
}

static bool certificate_read_count(const cJSON *tree, const char *key, uint64_t *out) {
    int64_t value;
    if (!certificate_read_whole(tree, key, INT64_C(1) << 53, &value)) return false;
    *out = (uint64_t)value;
    return true;
}

static bool certificate_read_share(const cJSON *tree, const char *key, double *out) {
    return json_number(tree, key, out) && *out > 0 && *out < 1;
}

static bool certificate_read_threshold(const cJSON *tree, uint32_t *out) {
    double value;
    if (!json_number(tree, "threshold", &value) || !(value >= 0 && value < 1)) return false;
    *out = (uint32_t)(value * UNASKED_ONE);
    return (double)*out == value * UNASKED_ONE;
}

static bool certificate_read_end(const cJSON *tree, enum certificate_end *out) {
    int end = word_list_index(WORDS_LIST(CERTIFICATE_END_TABLE), json_text(tree, "end"));
    *out = (enum certificate_end)end;
    return end >= 0;
}

static bool certificate_read_attempt(const cJSON *tree, struct certificate *c) {
    int64_t attempt;
    bool whole = certificate_read_whole(tree, "attempt", UINT32_MAX / 2, &attempt) && attempt > 0 &&
                 certificate_read_whole(tree, "from_ms", TIME_MOST, &c->from_ms) &&
                 certificate_read_count(tree, "seen", &c->seen) &&
                 certificate_read_count(tree, "missed", &c->missed) && c->missed <= c->seen &&
                 json_number(tree, "needed", &c->needed) && c->needed >= 0 &&
                 c->needed <= needed_most;
    c->attempt = whole ? (uint32_t)attempt : 0;
    return whole;
}

/* Of a release before it is missing; it decides nothing, so what is none is not known. */
static double certificate_read_others(const cJSON *tree) {
    double share;
    return certificate_read_share(tree, "others", &share) ? share : 0;
}

static bool certificate_read_members(const cJSON *tree, struct certificate *c, uint64_t *terms) {
    const cJSON *granted = cJSON_GetObjectItemCaseSensitive(tree, "granted");
    struct text hex = json_text(tree, "terms");
    char *end = NULL;
    if (!cJSON_IsBool(granted) || hex.len != 16) return false;
    c->granted = cJSON_IsTrue(granted);
    c->others = certificate_read_others(tree);
    *terms = strtoull(hex.at, &end, 16);
    return end == hex.at + hex.len && certificate_read_threshold(tree, &c->threshold) &&
           certificate_read_share(tree, "error", &c->error) &&
           certificate_read_share(tree, "confidence", &c->confidence) &&
           certificate_read_count(tree, "answers", &c->answers) &&
           certificate_read_count(tree, "wrong", &c->wrong) &&
           certificate_read_whole(tree, "since_ms", TIME_MOST, &c->since_ms) &&
           certificate_read_count(tree, "version", &c->version) &&
           certificate_read_count(tree, "prior", &c->prior) && certificate_read_attempt(tree, c) &&
           certificate_read_end(tree, &c->end) &&
           certificate_read_whole(tree, "ended_ms", TIME_MOST, &c->ended_ms);
}

int certificate_read(struct certificate *out, uint64_t *terms, struct text record) {
    struct arena arena = {0};
    struct certificate read = {0};
    uint64_t of = 0;
    cJSON *tree = json_parse(record, &arena);
    bool good = cJSON_IsObject(tree) && certificate_read_members(tree, &read, &of) &&
                (!read.granted || certificate_possible(&read));
    cJSON_Delete(tree);
    arena_release(&arena);
    if (!good) return ERR_CORRUPT;
    *out = read;
    *terms = of;
    return 0;
}
