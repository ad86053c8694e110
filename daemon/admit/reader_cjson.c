/* The reader that leaves values to cJSON: the oracle of the other readers in tests, the fallback
 * should one of them be suspected of a fault, and what the benchmark compares with.
 *
 * It accepts and refuses what the other readers do, although cJSON is laxer than RFC 8259
 * (docs/FORMATS.md lists where): json_check is asked first. Then cJSON's tree and the bytes are
 * walked side by side. The bytes give what the tree has lost: keys and texts with \u0000, and how a
 * number was written. A sample that cJSON refuses all the same (more than 1,000 brackets open) is
 * read from the bytes alone, with strtod. Allocates for each value, as cJSON does.
 *
 * Thread: worker thread (one decoder each) */
#include "json_check.h"
#include "reader.h"

#include <cjson/cJSON.h>
#include <math.h>

struct cjson_walk {
    struct decoder *d;
    struct value *values;
};

/* Texts of one sample lie behind each other in a buffer that never moves meanwhile: together they
 * are shorter than the sample. */
static struct text cjson_reader_unescape(struct decoder *d, struct text raw) {
    char *out = d->text.at + d->text.len;
    size_t n = json_unescape(raw, out);
    d->text.len += n;
    return (struct text){out, n};
}

static struct value cjson_reader_read_text(struct decoder *d, const char *at, const cJSON *item) {
    struct text raw = {at + 1, (size_t)(json_end(at) - at) - 2};
    bool by_tree = item && !memmem(raw.at, raw.len, "\\u0000", 6);
    return (struct value){.kind = VALUE_TEXT,
                          .text =
                              by_tree ? text_of(item->valuestring) : cjson_reader_unescape(d, raw)};
}

static struct value cjson_reader_read_number(struct decoder *d, const char *at, const cJSON *item) {
    struct value v = {.kind = VALUE_NUMBER, .text = {at, (size_t)(json_end(at) - at)}};
    v.number = item ? item->valuedouble : strtod(at, NULL);
    d->infinite |= !isfinite(v.number);
    return v;
}

static struct value cjson_reader_read_value(struct decoder *d, const char *at, const cJSON *item) {
    switch (*at) {
    case '{':
    case '[': return (struct value){.kind = VALUE_OTHER};
    case '"': return cjson_reader_read_text(d, at, item);
    case 't': return (struct value){.kind = VALUE_BOOL, .number = item ? cJSON_IsTrue(item) : 1};
    case 'f': return (struct value){.kind = VALUE_BOOL, .number = item ? cJSON_IsTrue(item) : 0};
    case 'n': return (struct value){.kind = VALUE_NULL};
    default: return cjson_reader_read_number(d, at, item);
    }
}

/* value, and the same in the tree (NULL: there is none). Gives where the value ends. As deep as the
 * pointers are. */
static const char *cjson_reader_visit(struct cjson_walk *w, const struct pointer_node *node,
                                      const char *value, const cJSON *item) {
    struct decoder *d = w->d;
    if (node->paths) {
        struct value v = cjson_reader_read_value(d, value, item);
        for (size_t i = 0; i < node->paths; i++) w->values[node->path[i]] = v;
    }
    if (!node->children || (*value != '{' && *value != '[')) return json_end(value);
    struct json_walk in = json_enter(value);
    struct json_entry entry;
    for (const cJSON *child = item ? item->child : NULL; json_next(&in, &entry);
         child = child ? child->next : NULL) {
        struct pointer_node *next = pointers_follow(node, &entry, &d->key);
        if (next && next->seen != d->reads) {
            next->seen = d->reads;
            in.at = cjson_reader_visit(w, next, entry.value, child);
        } else {
            in.at = json_end(entry.value);
        }
    }
    return in.at;
}

enum reason reader_cjson(struct decoder *d, struct text json, struct value *values) {
    enum reason fault = json_check(json, d->max_depth, d->open);
    if (fault) return fault;
    cJSON_Delete(d->tree);
    d->tree = cJSON_ParseWithLength(json.at, json.len);
    for (size_t i = 0; i < d->n; i++) values[i] = (struct value){.kind = VALUE_MISSING};
    buf_reset(&d->text);
    buf_room(&d->text, json.len);
    d->reads++;
    d->infinite = false;
    cjson_reader_visit(&(struct cjson_walk){d, values}, &d->root, memchr(json.at, '{', json.len),
                       d->tree);
    return d->infinite ? REASON_NOT_FINITE : REASON_NONE;
}
