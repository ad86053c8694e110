/* libFuzzer target: all readers say the same, also after whatever sample came before; what they
 * take, cJSON takes and reads the same; what may be shown of it is JSON again, with every masked
 * value masked, whatever else the bytes say. Cut in two at its middle, an input is read as two
 * samples as well.
 *
 * clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/decoder.c; seeds:
 * tests/fuzz/corpus/decoder. */
#include "admit/decoder.h"

#include "../unit/admit/oracle.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATHS = 9, DEPTH = 64, BYTES = 1 << 20, HEADER = 5 };

static const struct text paths[PATHS] = {TEXT("/id"),   TEXT("/amount"), TEXT("/card/country"),
                                         TEXT("/card"), TEXT("/list/1"), TEXT("/list/0/x"),
                                         TEXT("/a/a"),  TEXT("/a"),      TEXT("/")};
static const struct text fields[] = {TEXT("/card/number"), TEXT("/card/country"), TEXT("/list/1"),
                                     TEXT("/a/a/a")};
static const struct text mask[] = {TEXT("/card/number"), TEXT("/a/a")};

static bool masked(const cJSON *root, const char *outer, const char *inner) {
    const cJSON *o, *i;
    cJSON_ArrayForEach(o, root) {
        if (strcmp(o->string, outer) != 0 || !cJSON_IsObject(o)) continue;
        cJSON_ArrayForEach(
            i, o) if (strcmp(i->string, inner) == 0 &&
                      (!cJSON_IsString(i) || strcmp(i->valuestring, "***") != 0)) return false;
    }
    return true;
}

static void check_view(struct decoder *d, struct text json, const struct selection *s) {
    struct value values[PATHS];
    struct text view = decoder_select(d, json, s);
    enum reason again = decoder_read(d, view, values);
    CHECK(again == REASON_NONE || again == REASON_NOT_FINITE);
    cJSON *root = oracle_parse(view);
    CHECK(memmem(json.at, json.len, "\\u0000", 6) ||
          (masked(root, "card", "number") && masked(root, "a", "a")));
    cJSON_Delete(root);
}

/* A schema registry's header may stand before the JSON: a zero and the schema's id. */
static struct text behind_header(struct text json) {
    bool framed = json.len >= HEADER && !*json.at;
    return framed ? (struct text){json.at + HEADER, json.len - HEADER} : json;
}

static void check_values(struct text json, enum reason got, const struct value *values) {
    cJSON *root = oracle_parse(behind_header(json));
    CHECK(cJSON_IsObject(root));
    bool infinite = false;
    for (size_t i = 0; i < PATHS && !memmem(json.at, json.len, "\\u0000", 6); i++) {
        const cJSON *item = oracle_find(root, paths[i]);
        infinite |= cJSON_IsNumber(item) && !isfinite(item->valuedouble);
        CHECK(got != REASON_NONE || oracle_agrees(item, &values[i]));
    }
    CHECK(!infinite || got == REASON_NOT_FINITE);
    cJSON_Delete(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct readers readers; // kept: what one input leaves behind must not matter to the next
    struct text json = {(const char *)data, size};
    struct value values[PATHS];
    enum reason got;
    if (!readers.at[JSON_READER_AUTO]) readers = readers_create(paths, PATHS, DEPTH, BYTES);
    struct decoder *d = readers.at[JSON_READER_AUTO];
    CHECK(!readers_read(&readers, (struct text){json.at, size / 2}, values, PATHS, &got));
    CHECK(!readers_read(&readers, (struct text){json.at + size / 2, size - size / 2}, values, PATHS,
                        &got));
    CHECK(!readers_read(&readers, json, values, PATHS, &got));
    if (got == REASON_NONE || got == REASON_NOT_FINITE) {
        check_values(json, got, values);
        check_view(d, json, &(struct selection){fields, mask, 4, 2});
        check_view(d, json, &(struct selection){NULL, mask, 0, 2});
    } else {
        CHECK(text_equal(decoder_select(d, json, &(struct selection){NULL, mask, 0, 2}),
                         TEXT("null")));
    }
    return 0;
}
