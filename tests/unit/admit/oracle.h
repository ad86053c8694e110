/* What cJSON says about a sample, as the decoder would say it: the second opinion of decoder, mutation and fuzz tests.
 *
 * cJSON is wrong where a text or a key has \u0000 (it ends there), and takes what RFC 8259 does not allow: control
 * characters, bytes that are not UTF-8, numbers like 01 or 1., a \u with less than four digits (as U+0000),
 * and anything up to 0x20 as a space. */
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
    bool index = step.len && step.len < 10 && strspn(name, "0123456789") == step.len && (step.len == 1 || name[0] != '0');
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

static inline bool oracle_agrees(const cJSON *item, const struct value *v) {
    if (!item) return v->kind == VALUE_MISSING;
    if (cJSON_IsNull(item)) return v->kind == VALUE_NULL;
    if (cJSON_IsBool(item)) return v->kind == VALUE_BOOL && v->number == (double)cJSON_IsTrue(item);
    if (cJSON_IsNumber(item)) return v->kind == VALUE_NUMBER && memcmp(&v->number, &item->valuedouble, sizeof v->number) == 0;
    if (cJSON_IsString(item)) return v->kind == VALUE_TEXT && text_equal(v->text, text_of(item->valuestring));
    return v->kind == VALUE_OTHER;
}
