/* Check first, then one walk over the checked bytes that follows all pointers at once.
 *
 * Values are taken from the bytes and not from cJSON's tree: that ends a text at \u0000, takes the key "a\u0000b" for "a",
 * and has forgotten how a number was written. cJSON is the oracle of the tests instead. A number is what strtod makes
 * of its bytes (they end at a byte that strtod refuses, since an object encloses them; the process keeps the C locale).
 * Buffers grow to the longest sample, at most max_bytes, and stay: after warm-up nothing is allocated (I11).
 * Refuses what json_check refuses, and mapped numbers beyond a double; unmapped ones are left as they are.
 * Thread: worker thread (one decoder each) */
#include "admit/decoder.h"

#include "base/number.h"
#include "json_check.h"
#include "select.h"

#include <math.h>

struct decoder {
    struct arena arena; // the pointers
    struct pointer_node root;
    size_t n, max_depth, max_bytes;
    char *open;           // (max_depth) for json_check
    struct buf text, key; // texts without their escapes, of this sample; one key
    uint64_t reads;       // the number of this one
    struct value *values; // (n) where this one goes
    size_t bytes;         // of this one
    bool infinite;        // a mapped number was
    struct view view;
};

int decoder_create(struct decoder **out, const struct decoder_options *options) {
    struct decoder *d = xcalloc(1, sizeof *d);
    d->n = options->n;
    d->max_depth = options->max_depth;
    d->max_bytes = options->max_bytes;
    d->open = xmalloc(d->max_depth);
    struct text *paths = arena_take(&d->arena, d->n * sizeof *paths);
    for (size_t i = 0; i < d->n; i++) paths[i] = arena_text(&d->arena, options->paths[i]);
    int result = pointers_build(&d->root, paths, d->n, &d->arena);
    if (result < 0) {
        decoder_destroy(d);
        return result;
    }
    *out = d;
    return 0;
}

void decoder_destroy(struct decoder *d) {
    if (!d) return;
    view_release(&d->view);
    buf_release(&d->text);
    buf_release(&d->key);
    arena_release(&d->arena);
    free(d->open);
    free(d);
}

/* Texts of one sample lie behind each other in a buffer that never moves meanwhile: together they are shorter than it. */
static struct text read_text(struct decoder *d, struct text raw) {
    if (!memchr(raw.at, '\\', raw.len)) return raw;
    if (!d->text.len) buf_room(&d->text, d->bytes);
    char *out = d->text.at + d->text.len;
    size_t n = json_unescape(raw, out);
    d->text.len += n;
    return (struct text){out, n};
}

static struct value read_number(struct decoder *d, struct text raw) {
    double number = number_read(raw);
    d->infinite |= !isfinite(number);
    return (struct value){.kind = VALUE_NUMBER, .number = number, .text = raw};
}

static struct value read_value(struct decoder *d, const char *at) {
    switch (*at) {
    case '{':
    case '[': return (struct value){.kind = VALUE_OTHER};
    case '"': return (struct value){.kind = VALUE_TEXT, .text = read_text(d, (struct text){at + 1, (size_t)(json_end(at) - at) - 2})};
    case 't': return (struct value){.kind = VALUE_BOOL, .number = 1};
    case 'f': return (struct value){.kind = VALUE_BOOL};
    case 'n': return (struct value){.kind = VALUE_NULL};
    default: return read_number(d, (struct text){at, (size_t)(json_end(at) - at)});
    }
}

/* Gives where the value ends. As deep as the pointers are. */
static const char *visit(struct decoder *d, const struct pointer_node *node, const char *value) {
    if (node->paths) {
        struct value v = read_value(d, value);
        for (size_t i = 0; i < node->paths; i++) d->values[node->path[i]] = v;
    }
    if (!node->children || (*value != '{' && *value != '[')) return json_end(value);
    struct json_walk w = json_enter(value);
    struct json_entry entry;
    while (json_next(&w, &entry)) {
        struct pointer_node *child = pointers_follow(node, &entry, &d->key);
        if (child && child->seen != d->reads) {
            child->seen = d->reads;
            w.at = visit(d, child, entry.value);
        } else {
            w.at = json_end(entry.value);
        }
    }
    return w.at;
}

enum reason decoder_read(struct decoder *d, struct text json, struct value *values) {
    if (!json.len) return REASON_EMPTY;
    if (json.len > d->max_bytes) return REASON_TOO_LARGE;
    enum reason fault = json_check(json, d->max_depth, d->open);
    if (fault) return fault;
    for (size_t i = 0; i < d->n; i++) values[i] = (struct value){.kind = VALUE_MISSING};
    buf_reset(&d->text);
    d->reads++;
    d->values = values;
    d->bytes = json.len;
    d->infinite = false;
    visit(d, &d->root, memchr(json.at, '{', json.len));
    return d->infinite ? REASON_NOT_FINITE : REASON_NONE;
}

struct text decoder_select(struct decoder *d, struct text event, const struct selection *s) {
    if (!s->fields_n && !s->mask_n) return event;
    /* Only admitted events come here; should another, then nobody sees what could not be masked. */
    if (!event.len || json_check(event, d->max_depth, d->open)) return TEXT("null");
    return view_select(&d->view, event, s);
}
