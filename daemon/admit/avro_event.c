/* One recursive walk along the schema, as deep as max_depth. Written for asked samples only.
 *
 * A symbol or a field's name may be long and a record many times as large as its bytes, so what is
 * written is bounded too.
 *
 * Thread: any thread */
#include "avro_event.h"

#include "base/base64.h"

struct avro_writing {
    const char *end;
    struct buf *out;
    size_t depth, max_depth, most; // most: out->len may become
    uint64_t budget;
    enum avro_fault fault;
};

/* Behind the value at p; NULL: it can not be written. */
static const char *avro_event_value(struct avro_writing *w, const struct avro_node *node,
                                    const char *p);

static const char *avro_event_boolean(struct avro_writing *w, const char *p) {
    bool value;
    p = avro_boolean(p, w->end, &value, &w->fault);
    if (p) buf_str(w->out, value ? "true" : "false");
    return p;
}

static const char *avro_event_integer(struct avro_writing *w, const struct avro_node *node,
                                      const char *p) {
    int64_t value;
    p = node->type == AVRO_INT ? avro_int(p, w->end, &value, &w->fault)
                               : avro_long(p, w->end, &value, &w->fault);
    if (!p) return NULL;
    if (node->meaning == AVRO_DAYS) value *= AVRO_DAY_MS;
    if (node->meaning == AVRO_SCALED) avro_scaled_write(value, node->exponent, w->out);
    else buf_i64(w->out, value);
    return p;
}

static const char *avro_event_real(struct avro_writing *w, const struct avro_node *node,
                                   const char *p) {
    const char *behind = avro_skip(p, w->end, node->type == AVRO_FLOAT ? 4 : 8, &w->fault);
    if (!behind) return NULL;
    if (node->type == AVRO_FLOAT) buf_float(w->out, avro_float_at(p));
    else buf_double(w->out, avro_double_at(p));
    return behind;
}

static const char *avro_event_bytes(struct avro_writing *w, const struct avro_node *node,
                                    const char *p) {
    struct text bytes = {p, node->size};
    p = node->type == AVRO_BYTES ? avro_blob(p, w->end, &bytes, &w->fault)
                                 : avro_skip(p, w->end, node->size, &w->fault);
    if (!p) return NULL;
    if (node->meaning == AVRO_DECIMAL)
        return avro_decimal_write(bytes.at, bytes.len, node->exponent, w->out) ? p : NULL;
    size_t n = base64_length(bytes.len);
    buf_str(w->out, "\"");
    base64_write(bytes.at, bytes.len, buf_room(w->out, n));
    w->out->len += n;
    buf_str(w->out, "\"");
    return p;
}

static const char *avro_event_string(struct avro_writing *w, const char *p) {
    struct text value;
    p = avro_string(p, w->end, &value, &w->fault);
    if (p) buf_json(w->out, value);
    return p;
}

static const char *avro_event_enum(struct avro_writing *w, const struct avro_node *node,
                                   const char *p) {
    size_t index;
    p = avro_index(p, w->end, node->n, &index, &w->fault, AVRO_SYMBOL);
    if (p) buf_json(w->out, node->symbol[index]);
    return p;
}

static const char *avro_event_union(struct avro_writing *w, const struct avro_node *node,
                                    const char *p) {
    size_t index;
    p = avro_index(p, w->end, node->n, &index, &w->fault, AVRO_BRANCH);
    return p ? avro_event_value(w, node->branch[index], p) : NULL;
}

/* ---- brackets ---- */

static const char *avro_event_fields(struct avro_writing *w, const struct avro_node *node,
                                     const char *p) {
    for (size_t i = 0; p && i < node->n; i++) {
        if (i) buf_str(w->out, ",");
        buf_json(w->out, node->field[i].name);
        buf_str(w->out, ":");
        p = avro_event_value(w, node->field[i].node, p);
    }
    return p;
}

static const char *avro_event_entry(struct avro_writing *w, const struct avro_node *node,
                                    const char *p) {
    if (node->type == AVRO_MAP) {
        p = avro_event_string(w, p);
        if (!p) return NULL;
        buf_str(w->out, ":");
    }
    return avro_event_value(w, node->branch[0], p);
}

static const char *avro_event_entries(struct avro_writing *w, const struct avro_node *node,
                                      const char *p) {
    struct avro_block block = {0};
    bool first = true;
    for (;;) {
        p = avro_block_head(p, w->end, w->budget, &block, &w->fault);
        if (!p || !block.left) return p;
        w->budget -= block.left;
        for (; block.left; block.left--) {
            if (!first) buf_str(w->out, ",");
            first = false;
            p = avro_event_entry(w, node, p);
            if (!p) return NULL;
        }
        if (block.end && p != block.end) return NULL;
    }
}

static const char *avro_event_brackets(struct avro_writing *w, const struct avro_node *node,
                                       const char *p) {
    if (w->depth == w->max_depth || !w->budget) return NULL;
    w->budget--;
    w->depth++;
    buf_str(w->out, node->type == AVRO_ARRAY ? "[" : "{");
    p = node->type == AVRO_RECORD ? avro_event_fields(w, node, p) : avro_event_entries(w, node, p);
    buf_str(w->out, node->type == AVRO_ARRAY ? "]" : "}");
    w->depth--;
    return p;
}

static const char *avro_event_value(struct avro_writing *w, const struct avro_node *node,
                                    const char *p) {
    if (w->out->len > w->most) return NULL;
    switch (node->type) {
    case AVRO_NULL: buf_str(w->out, "null"); return p;
    case AVRO_BOOLEAN: return avro_event_boolean(w, p);
    case AVRO_INT:
    case AVRO_LONG: return avro_event_integer(w, node, p);
    case AVRO_FLOAT:
    case AVRO_DOUBLE: return avro_event_real(w, node, p);
    case AVRO_BYTES:
    case AVRO_FIXED: return avro_event_bytes(w, node, p);
    case AVRO_STRING: return avro_event_string(w, p);
    case AVRO_ENUM: return avro_event_enum(w, node, p);
    case AVRO_UNION: return avro_event_union(w, node, p);
    default: return avro_event_brackets(w, node, p);
    }
}

bool avro_event_write(const struct avro_schema *schema, const char *payload, size_t n,
                      size_t max_depth, size_t most, struct buf *out) {
    struct avro_writing w = {.end = payload + n,
                             .out = out,
                             .max_depth = max_depth,
                             .most = out->len + most,
                             .budget = avro_budget(n)};
    size_t from = out->len;
    const char *p = avro_event_value(&w, schema->root, payload);
    return p == w.end && out->len <= w.most && out->at[from] == '{';
}
