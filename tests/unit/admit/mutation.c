/* Bytes of valid events, changed at random under a seed: no reader looks beyond them, all say the
 * same of them, what they take cJSON takes and reads the same, and what they refuse although cJSON
 * takes it, they can give a reason for. */
#include "admit/decoder.h"

#include "base/rng.h"
#include "oracle.h"
#include "unit/test.h"

#include <math.h>
#include <regex.h>

enum { PATHS = 9, ROUNDS = 150000, BYTES = 4096 };

static const struct text paths[PATHS] = {TEXT("/id"),   TEXT("/amount"), TEXT("/card/country"),
                                         TEXT("/card"), TEXT("/list/1"), TEXT("/list/0/x"),
                                         TEXT("/ok"),   TEXT("/a"),      TEXT("/a/a")};

static const struct text events[] = {
    TEXT("{\"id\":\"p-81\",\"amount\":129.90,\"card\":{\"number\":\"4111\",\"country\":"
         "\"N\\u004c\"},\"ok\":true,\"list\":[{\"x\":1e3},-2.5E-3]}"),
    TEXT(" {\"amount\" : null , \"list\" : [ [ ] , \"\\ud83d\\ude00\\n\" ] "
         ",\t\"ok\":false,\r\n\"card\":{\"country\":\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"} } "),
    TEXT("{\"a\":{\"a\":{\"a\":[[[{\"a\":0}]]]}},\"id\":12345678901234567890,\"\":{},\"amount\":0."
         "1}"),
    TEXT("{\"a\":1,\"a\":2,\"\\u0061\":3,\"list\":[0,10,-0,1e10,0.5],\"id\":\"\\\\\\\"\\/"
         "\\b\\f\\t\"}"),
};

static const char pieces[] =
    "\"\\{}[]:,0123456789.eE+-truefalsn \t\n\r\x01\x7F\x80\xC3\xA9\xED\xA0\xFF";

static size_t mutate(struct rng *rng, struct text event, char *out) {
    size_t len = event.len;
    memcpy(out, event.at, len);
    for (uint64_t times = 1 + rng_below(rng_next(rng), 3); times > 0 && len > 0; times--) {
        size_t at = rng_below(rng_next(rng), len), n = 1 + rng_below(rng_next(rng), 6),
               to = rng_below(rng_next(rng), len);
        char piece = pieces[rng_below(rng_next(rng), sizeof pieces - 1)];
        n = at + n > len ? len - at : n;
        switch (rng_below(rng_next(rng), 7)) {
        case 0: out[at] = (char)rng_next(rng); break;
        case 1: out[at] ^= (char)(1 << rng_below(rng_next(rng), 8)); break;
        case 2: out[at] = piece; break;
        case 3: // put in
            memmove(out + at + 1, out + at, len - at);
            out[at] = piece;
            len++;
            break;
        case 4: // take out
            memmove(out + at, out + at + n, len - at - n);
            len -= n;
            break;
        case 5: memmove(out + to, out + at, to + n > len ? len - to : n); break;
        default: len = rng_below(rng_next(rng), 20) ? len : at; // cut off, now and then
        }
    }
    return len;
}

static size_t hex_digits(struct text t, size_t from) {
    size_t n = 0;
    while (n < 4 && from + n < t.len && t.at[from + n] &&
           strchr("0123456789abcdefABCDEF", t.at[from + n]))
        n++;
    return n;
}

/* Where cJSON is more lenient than RFC 8259: a fault in one of these places must be what was
 * meant. */
static bool lenient(struct text t, const regex_t *number) {
    bool inside = false;
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.at[i];
        if (c < 0x20 && (inside || (c != '\t' && c != '\n' && c != '\r'))) return true;
        if (c == '"') inside = !inside;
        else if (inside && c == '\\' && i + 1 < t.len && t.at[i + 1] == 'u' &&
                 hex_digits(t, i + 2) < 4)
            return true;
        else if (inside && c == '\\') i++;
        else if (!inside && (c == '-' || c == '+' || c == '.' || (c >= '0' && c <= '9'))) {
            char token[BYTES];
            size_t n = 0;
            while (i + n < t.len && strchr("0123456789+-.eE", t.at[i + n]) && t.at[i + n]) n++;
            memcpy(token, t.at + i, n);
            token[n] = '\0';
            if (regexec(number, token, 0, NULL, 0) != 0) return true;
            i += n - 1;
        }
    }
    return !text_is_utf8(t) || (t.len >= 3 && memcmp(t.at, "\xEF\xBB\xBF", 3) == 0);
}

static bool has_nul(struct text t) { return memmem(t.at, t.len, "\\u0000", 6) != NULL; }

static void compare(struct text json, enum reason got, const cJSON *root,
                    const struct value *values, const regex_t *number) {
    bool ours = got == REASON_NONE || got == REASON_NOT_FINITE;
    if (ours && !root) fail_msg("accepted, but cJSON refuses: %.*s", (int)json.len, json.at);
    if (!ours && cJSON_IsObject(root) && !lenient(json, number))
        fail_msg("refused (%s), but cJSON accepts: %.*s", reason_name(got), (int)json.len, json.at);
    if (has_nul(json)) return;
    bool infinite = false;
    for (size_t i = 0; ours && i < PATHS; i++) {
        const cJSON *item = oracle_find(root, paths[i]);
        infinite |= cJSON_IsNumber(item) && !isfinite(item->valuedouble);
        if (got == REASON_NONE && !oracle_agrees(item, &values[i]))
            fail_msg("%s reads otherwise in: %.*s", paths[i].at, (int)json.len, json.at);
    }
    if (ours) assert_int_equal(infinite, got == REASON_NOT_FINITE);
}

static void mutated_events_are_read_as_cjson_reads_them(void **state) {
    (void)state;
    struct rng rng = {.seed = 20};
    struct readers readers = readers_create(paths, PATHS, 100, BYTES);
    struct value values[PATHS];
    regex_t number;
    size_t taken = 0;
    assert_int_equal(regcomp(&number, "^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$",
                             REG_EXTENDED | REG_NOSUB),
                     0);
    for (int i = 0; i < ROUNDS; i++) {
        char space[BYTES];
        size_t len =
            mutate(&rng, events[rng_below(rng_next(&rng), sizeof events / sizeof *events)], space);
        char *bytes = xmalloc(len); // exactly, so that a sanitizer sees a step too far
        if (len) memcpy(bytes, space, len);
        struct text json = {bytes, len};
        enum reason got;
        const char *differs = readers_read(&readers, json, values, PATHS, &got);
        if (differs) fail_msg("%s reads otherwise: %.*s", differs, (int)len, bytes);
        cJSON *root = len ? oracle_parse(json) : NULL;
        compare(json, got, root, values, &number);
        taken += got == REASON_NONE;
        cJSON_Delete(root);
        free(bytes);
    }
    assert_in_range(taken, ROUNDS / 20, ROUNDS - ROUNDS / 20); // both sides were tried
    readers_destroy(&readers);
    regfree(&number);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_events_are_read_as_cjson_reads_them)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
