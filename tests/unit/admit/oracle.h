/* What cJSON says about a sample, as the decoder would say it: the second opinion of decoder,
 * mutation and fuzz tests.
 *
 * cJSON is wrong where a text or a key has \u0000 (it ends there), and takes what RFC 8259 does not
 * allow: control characters, bytes that are not UTF-8, numbers like 01 or 1., a \u with less than
 * four digits (as U+0000), and anything up to 0x20 as a space. */
#pragma once

#include "admit/decoder.h"

#include <cjson/cJSON.h>

static inline cJSON *oracle_parse(struct text json) {
    char *copy = xmalloc(json.len + 1);
    memcpy(copy, json.at, json.len);
    copy[json.len] = '\0';
    cJSON *root = cJSON_ParseWithLengthOpts(copy, json.len + 1, NULL, true);
    free(copy);
    return root;
}

static inline const cJSON *oracle_step(const cJSON *at, struct text step) {
    char name[256];
    CHECK(step.len < sizeof name);
    memcpy(name, step.at, step.len);
    name[step.len] = '\0';
    if (cJSON_IsObject(at)) return cJSON_GetObjectItemCaseSensitive(at, name);
    bool index = step.len && step.len < 10 && strspn(name, "0123456789") == step.len &&
                 (step.len == 1 || name[0] != '0');
    return cJSON_IsArray(at) && index ? cJSON_GetArrayItem(at, atoi(name)) : NULL;
}

/* pointer: without '~'. */
static inline const cJSON *oracle_find(const cJSON *root, struct text pointer) {
    const char *at = pointer.at + 1, *end = pointer.at + pointer.len;
    while (root && at <= end) {
        const char *slash = at < end ? memchr(at, '/', (size_t)(end - at)) : NULL;
        size_t len = (size_t)((slash ? slash : end) - at);
        root = oracle_step(root, (struct text){at, len});
        at += len + 1;
    }
    return root;
}

/* Every reader that this processor can do, by json_reader; NULL where it cannot.
 * [JSON_READER_AUTO]: what the others are compared with, a reader without SIMD. */
struct readers {
    struct decoder *at[JSON_READER_CJSON + 1];
};

static inline struct readers readers_create(const struct text *paths, size_t n, size_t depth,
                                            size_t bytes) {
    struct readers r = {{NULL}};
    for (enum json_reader k = JSON_READER_AUTO; k <= JSON_READER_CJSON; k++) {
        int made = decoder_create(
            &r.at[k],
            &(struct decoder_options){.paths = paths,
                                      .n = n,
                                      .max_depth = depth,
                                      .max_bytes = bytes,
                                      .kind = k == JSON_READER_AUTO ? JSON_READER_PORTABLE : k});
        CHECK(made == 0 || k == JSON_READER_AVX2);
    }
    return r;
}

static inline void readers_destroy(struct readers *r) {
    for (enum json_reader k = JSON_READER_AUTO; k <= JSON_READER_CJSON; k++)
        decoder_destroy(r->at[k]);
}

static inline bool same_value(const struct value *a, const struct value *b) {
    if (a->kind != b->kind) return false;
    if (a->kind == VALUE_TEXT) return text_equal(a->text, b->text);
    if (a->kind != VALUE_NUMBER) return a->kind != VALUE_BOOL || a->number == b->number;
    return memcmp(&a->number, &b->number, sizeof a->number) == 0 && text_equal(a->text, b->text);
}

/* Reads with each, and again: then the sample is laid out like the one before. All must say the
 * same; gives NULL, or who does not. */
static inline const char *readers_read(struct readers *r, struct text json, struct value *values,
                                       size_t n, enum reason *got) {
    static const char *const names[][2] = {[JSON_READER_PORTABLE] = {"portable", "portable again"},
                                           [JSON_READER_AVX2] = {"avx2", "avx2 again"},
                                           [JSON_READER_CJSON] = {"cjson", "cjson again"}};
    struct value other[16];
    CHECK(n <= 16);
    *got = decoder_read(r->at[JSON_READER_AUTO], json, values);
    for (int i = 0; i < 2 * JSON_READER_CJSON; i++) {
        enum json_reader k = (enum json_reader)(1 + i / 2);
        if (!r->at[k]) continue;
        if (decoder_read(r->at[k], json, other) != *got) return names[k][i % 2];
        for (size_t v = 0; v < n && *got == REASON_NONE; v++)
            if (!same_value(&other[v], &values[v])) return names[k][i % 2];
    }
    return NULL;
}

static inline bool oracle_agrees(const cJSON *item, const struct value *v) {
    if (!item) return v->kind == VALUE_MISSING;
    if (cJSON_IsNull(item)) return v->kind == VALUE_NULL;
    if (cJSON_IsBool(item)) return v->kind == VALUE_BOOL && v->number == (double)cJSON_IsTrue(item);
    if (cJSON_IsNumber(item))
        return v->kind == VALUE_NUMBER &&
               memcmp(&v->number, &item->valuedouble, sizeof v->number) == 0;
    if (cJSON_IsString(item))
        return v->kind == VALUE_TEXT && text_equal(v->text, text_of(item->valuestring));
    return v->kind == VALUE_OTHER;
}
