/* cJSON with strict ends, and a scanner that finds the bytes of a member.
 *
 * The scanner never looks at what a scalar says: it counts brackets outside strings. So it is
 * linear, needs no stack, and takes numbers and depths that a parser would refuse. It refuses
 * unbalanced input.
 *
 * Thread: any thread */
#include "base/json.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>

/* Each value but the first of a container has a comma before it, and each container a bracket. In
 * text that is no JSON the count is of no meaning, and cJSON stops at the first fault; but it would
 * take a bare NUL for a blank, or for the end of a string. */
static bool json_is_fit(struct text json, size_t values) {
    size_t n = 1;
    bool quoted = false;
    for (size_t i = 0; i < json.len && n <= values; i++) {
        char c = json.at[i];
        if (!c) return false;
        if (c == '"') quoted = !quoted;
        else if (c == '\\' && quoted) i++;
        else if (!quoted) n += c == ',' || c == '[' || c == '{';
    }
    return n <= values;
}

/* The tree's strings end at a NUL, so one that is written as an escape becomes the replacement
 * character, whose escape is as long. */
static char *json_replace_nul(char *json) {
    static const char nul[] = "\\u0000", replacement[] = "\\ufffd";
    for (char *at = json; (at = strchr(at, '\\')) && at[1]; at += 2)
        if (strncmp(at, nul, sizeof nul - 1) == 0) memcpy(at, replacement, sizeof nul - 1);
    return json;
}

cJSON *json_parse_most(struct text json, size_t values, struct arena *arena) {
    if (!json.at || !json_is_fit(json, values)) return NULL;
    return cJSON_ParseWithLengthOpts(json_replace_nul(arena_string(arena, json)), json.len + 1,
                                     NULL, true); // up to the NUL of the copy
}

cJSON *json_parse(struct text json, struct arena *arena) {
    return json_parse_most(json, JSON_VALUES_MAX, arena);
}

struct json_scan {
    const char *at, *end;
};

static void json_skip_space(struct json_scan *s) {
    while (s->at < s->end && json_is_space(*s->at)) s->at++;
}

static bool json_skip_char(struct json_scan *s, char c) {
    json_skip_space(s);
    if (s->at == s->end || *s->at != c) return false;
    s->at++;
    return true;
}

static bool json_skip_string(struct json_scan *s) {
    if (!json_skip_char(s, '"')) return false;
    while (s->at < s->end && *s->at != '"') {
        if (*s->at == '\\' && s->at + 1 < s->end) s->at++;
        s->at++;
    }
    return json_skip_char(s, '"');
}

static bool json_skip_value(struct json_scan *s) {
    size_t depth = 0;
    json_skip_space(s);
    while (s->at < s->end) {
        char c = *s->at;
        bool closes = c == '}' || c == ']';
        if (depth == 0 && (closes || c == ',')) return true; // the enclosing object goes on
        if (c == '"') {
            if (!json_skip_string(s)) return false;
        } else {
            depth += (c == '{' || c == '[') - (size_t)closes;
            s->at++;
        }
    }
    return false;
}

static struct text json_trimmed(const char *from, const char *to) {
    while (to > from && json_is_space(to[-1])) to--;
    return (struct text){from, (size_t)(to - from)};
}

struct text json_member(struct text object, const char *key) {
    const struct text none = {NULL, 0};
    if (!object.at) return none;
    struct json_scan s = {object.at, object.at + object.len};
    if (!json_skip_char(&s, '{')) return none;
    do {
        json_skip_space(&s);
        struct text name = {s.at + 1, 0};
        if (!json_skip_string(&s)) return none;
        name.len = (size_t)(s.at - 1 - name.at);
        if (!json_skip_char(&s, ':')) return none;
        json_skip_space(&s);
        const char *from = s.at;
        if (!json_skip_value(&s)) return none;
        struct text value = json_trimmed(from, s.at);
        if (text_equal(name, text_of(key))) return value.len ? value : none;
    } while (json_skip_char(&s, ','));
    return none;
}

struct text json_text(const cJSON *object, const char *key) {
    return text_of(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key)));
}

bool json_number(const cJSON *object, const char *key, double *out) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsNumber(item) && !cJSON_IsNull(item)) return false;
    *out = cJSON_IsNull(item) ? NAN : item->valuedouble;
    return true;
}

bool json_integer(const cJSON *object, const char *key, int64_t *out) {
    double value;
    if (!json_number(object, key, &value) || !(fabs(value) <= (double)JSON_INTEGER_MAX) ||
        value != rint(value))
        return false;
    *out = (int64_t)value;
    return true;
}

/* One step of a pointer, unescaped, into key (room for step.len + 1). */
static void json_unescape_step(struct text step, char *key) {
    for (size_t i = 0; i < step.len; i++) {
        bool escaped = step.at[i] == '~' && i + 1 < step.len;
        if (escaped) i++;
        char plain = step.at[i] == '0' ? '~' : '/';
        *key++ = escaped ? plain : step.at[i];
    }
    *key = '\0';
}

static const cJSON *json_step(const cJSON *value, const char *key) {
    char *end;
    if (!cJSON_IsArray(value)) return cJSON_GetObjectItemCaseSensitive(value, key);
    unsigned long index = strtoul(key, &end, 10);
    bool decimal = *key >= '0' && *key <= '9' && !*end && (*key != '0' || !key[1]);
    return decimal && index <= INT32_MAX ? cJSON_GetArrayItem(value, (int)index) : NULL;
}

const cJSON *json_at(const cJSON *value, struct text pointer) {
    char *key = xmalloc(pointer.len + 1);
    while (value && pointer.len) {
        struct text step = {pointer.at + 1, pointer.len - 1}, rest = {0};
        text_cut(&step, '/', &rest);
        json_unescape_step(step, key);
        value = json_step(value, key);
        pointer = rest.at ? (struct text){rest.at - 1, rest.len + 1} : (struct text){0};
    }
    free(key);
    return value;
}
