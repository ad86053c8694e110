/* Reading a sample in one pass: the code that reader_portable.c and reader_avx2.c are both made of.
 * Not a header like others: each includes it once, behind its own plain_end, number_end and
 * same_low_bytes, and READER, the name of the reader to define. Shapes a, b, c are the samples of
 * tests/bench/decode.c; figures in brackets are what a choice saves or costs there.
 *
 * There are two ways. `reader_by_layout` assumes that the sample is laid out like the one before
 * (layout.h): compare, read a value, compare, read a value. Whatever is not as expected, a fault
 * too, ends it, and `reader_by_grammar` reads from the beginning: the whole grammar, a stack of
 * open brackets, each key looked up; of several faults it meets the leftmost first. [with AVX2 the
 * layout takes less than half of the time of the grammar on shapes a and b, without it six tenths]
 *
 * Both read a copy of the sample with zeros behind it. A zero byte is allowed nowhere in JSON, so
 * every loop ends there by itself and none asks whether the sample has ended; and bytes may be read
 * 32 at a time. [the copy costs 5 % of shape a; it saves a test in every loop]
 *
 * Thread: worker thread */
#include "json_check.h"

#include <math.h>

/* Whether n bytes are the same; up to 8 behind them may be read. Of the last word only the lowest
 * bytes count. */
INLINE bool reader_same_bytes(const char *a, const char *b, size_t n) {
    for (; n > 8; n -= 8, a += 8, b += 8)
        if (word_at(a) != word_at(b)) return false;
    return same_low_bytes(word_at(a), word_at(b), n);
}

INLINE const char *reader_skip_space(const char *p) {
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t') p++;
    return p;
}

/* ---- values ---- */

/* p: behind the opening quote. Gives the closing one; NULL: *fault says why there is none. */
INLINE const char *reader_string_end(struct decoder *d, const char *p, bool *escaped,
                                     enum reason *fault) {
    const char *end = d->copy.at + d->copy.len;
    for (p = plain_end(p); *p != '"'; p = plain_end(p)) {
        *escaped |= *p == '\\';
        p = json_special(p, end, fault);
        if (!p) return NULL;
    }
    return p;
}

INLINE const char *reader_text(struct decoder *d, const char *p, struct value *v,
                               enum reason *fault) {
    bool escaped = false;
    const char *end = reader_string_end(d, p + 1, &escaped, fault);
    if (!end) return NULL;
    v->kind = VALUE_TEXT;
    v->text = (struct text){p + 1, (size_t)(end - p - 1)};
    if (escaped && v != &d->nowhere)
        v->text.len = json_unescape(v->text, d->copy.at + (p + 1 - d->copy.at));
    return end + 1;
}

/* Numbers that one division does not settle: some 17 digits, or an exponent. decimal: unless it was
 * cut. */
static __attribute__((noinline)) void
reader_hard_number(struct decoder *d, const struct decimal *decimal, struct value *v) {
    if (v == &d->nowhere) return;
    if (decimal->cut || !decimal_round(decimal, &v->number)) v->number = number_read(v->text);
    d->infinite |= !isfinite(v->number);
}

INLINE const char *reader_number(struct decoder *d, const char *p, struct value *v) {
    struct decimal decimal;
    bool hard;
    const char *end = number_end(p, &v->number, &decimal, &hard);
    if (!end) return NULL;
    v->kind = VALUE_NUMBER;
    v->text = (struct text){p, (size_t)(end - p)};
    if (hard) reader_hard_number(d, &decimal, v);
    return end;
}

INLINE const char *reader_word(const char *p, struct value *v) {
    v->kind = *p == 'n' ? VALUE_NULL : VALUE_BOOL;
    v->number = *p == 't';
    if (memcmp(p, "false", 5) == 0) return p + 5;
    return memcmp(p, "true", 4) == 0 || memcmp(p, "null", 4) == 0 ? p + 4 : NULL;
}

/* A text, number or word into *v (&d->nowhere: it is not mapped). Gives the byte behind it; NULL:
 * *fault says why there is none. */
INLINE const char *reader_scalar(struct decoder *d, const char *p, struct value *v,
                                 enum reason *fault) {
    *fault = REASON_NOT_JSON;
    if (*p == '"') return reader_text(d, p, v, fault);
    return *p <= '9' ? reader_number(d, p, v) : reader_word(p, v);
}

/* The value went to the first of the node's paths; the others get it too. */
static void reader_repeat_value(const struct pointer_node *node, struct value *values) {
    for (size_t i = 1; i < node->paths; i++) values[node->path[i]] = values[node->path[0]];
}

/* ---- as the sample before ---- */

/* How long the next value of an array is, taken from the one before: a branch that the processor
 * foresees, so that it reads the next number before it knows where this one ends. Where lengths
 * change, each change costs more than the foresight brings, and it is left off. Only with AVX2:
 * plain C reads digit by digit, in loops that are foreseen as well. [with AVX2 23 % of c] */
struct reader_guess {
    size_t length; // of the value before; 0: it is left off
    int wrong;     // WRONG for each change, less 1 for each value without
};
enum {
    WRONG = 8,
    WRONG_MOST = 64 // then lengths change
};

/* Gives `end`, the byte behind the value at p. */
INLINE const char *reader_foresee(struct reader_guess *g, const char *p, const char *end) {
    size_t length = g->length;
    if (!READER_FORESEES) return end;
    __asm__("" : "+r"(length)); // or the compiler sees that it is the same, and waits for it
    if ((size_t)(end - p) == g->length) {
        g->wrong--;
        return p + length;
    }
    g->wrong += WRONG;
    g->length = g->wrong > WRONG_MOST ? 0 : (size_t)(end - p);
    return end;
}

/* The values that follow in an array: each behind the same bytes, each to the next place. Gives the
 * byte behind the last; NULL: something is not as expected. */
static __attribute__((noinline)) const char *reader_run(struct decoder *d, const char *p,
                                                        const char *between,
                                                        const struct layout_slot *s,
                                                        struct value *values) {
    struct value *v = s->value == SLOT_NONE ? &d->nowhere : &values[s->value + 1];
    size_t length = s->length, step = s->value != SLOT_NONE;
    struct reader_guess guess = {0};
    enum reason fault;
    for (uint32_t left = s->run; left; left--, v += step) {
        if (!reader_same_bytes(p, between, length)) return NULL;
        p += length;
        const char *end = reader_scalar(d, p, v, &fault);
        if (!end) return NULL;
        p = reader_foresee(&guess, p, end);
    }
    return p;
}

static bool reader_by_layout(struct decoder *d, struct value *values) {
    const struct layout *l = &d->layout;
    const struct layout_slot *last = l->slot + l->slots - 1;
    const char *p = d->copy.at, *between = l->text.at;
    enum reason fault;
    for (const struct layout_slot *s = l->slot; s < last; s++) {
        if (!reader_same_bytes(p, between, s->length)) return false;
        p = reader_scalar(d, p + s->length, s->value == SLOT_NONE ? &d->nowhere : &values[s->value],
                          &fault);
        if (p && s->run) p = reader_run(d, p, between, s, values);
        if (!p) return false;
        between += s->length;
        if (s->node) reader_repeat_value(l->node[s->node - 1], values);
    }
    if (!reader_same_bytes(p, between, last->length) ||
        p + last->length != d->copy.at + d->copy.len)
        return false;
    for (size_t i = 0; i < l->absent_n; i++)
        values[l->absent[i]] = (struct value){.kind = l->inside[i] ? VALUE_OTHER : VALUE_MISSING};
    return true;
}

/* ---- by the grammar ---- */

struct reader_scan {
    struct decoder *d;
    struct value *values;
    const char *at;
    const char *behind; // the last text, number or word; what lies between it and the next belongs
                        // to the layout
    size_t depth;
};

/* The child that comes next most often is the one that came next last time: one comparison instead
 * of a search. [scanning shape a takes six tenths of the time] */
INLINE struct pointer_node *reader_child(struct decoder *d, struct level *level,
                                         const struct json_entry *e) {
    struct pointer_node **guess = level->last ? &level->last->after : &level->node->first,
                        *child = *guess;
    bool right = child && (e->key.at ? child->token.len == e->key.len &&
                                           reader_same_bytes(child->token.at, e->key.at, e->key.len)
                                     : child->index == e->index);
    if (!right) child = pointers_follow(level->node, e, &d->key);
    if (!child) return NULL;
    *guess = level->last = child;
    if (child->seen == d->reads) return NULL; // of equal keys the first counts
    child->seen = d->reads;
    return child;
}

/* Up to the value of an entry; *node: the pointers that lead to it, or NULL. */
INLINE enum reason reader_entry(struct reader_scan *s, struct pointer_node **node) {
    struct level *level = &s->d->level[s->depth - 1];
    struct json_entry e = {.index = level->index++};
    *node = NULL;
    enum reason fault = REASON_NOT_JSON;
    if (level->close == '}') {
        bool escaped = false;
        const char *key = s->at + 1,
                   *end = *s->at == '"' ? reader_string_end(s->d, key, &escaped, &fault) : NULL;
        if (!end) return fault;
        e.key = (struct text){key, (size_t)(end - key)};
        s->at = reader_skip_space(end + 1);
        if (*s->at != ':') return REASON_NOT_JSON;
        s->at = reader_skip_space(s->at + 1);
    }
    if (level->node) *node = reader_child(s->d, level, &e);
    return REASON_NONE;
}

INLINE enum reason reader_open_bracket(struct reader_scan *s, struct pointer_node *node) {
    if (s->depth == s->d->max_depth) return REASON_TOO_DEEP;
    for (size_t i = 0; node && i < node->paths; i++) s->values[node->path[i]].kind = VALUE_OTHER;
    s->d->level[s->depth++] = (struct level){.node = node && node->children ? node : NULL,
                                             .close = *s->at == '{' ? '}' : ']'};
    s->at++;
    return REASON_NONE;
}

INLINE enum reason reader_take_scalar(struct reader_scan *s, const struct pointer_node *node) {
    enum reason fault;
    bool mapped = node && node->paths;
    layout_add(&s->d->layout, (struct text){s->behind, (size_t)(s->at - s->behind)}, node);
    s->at = reader_scalar(s->d, s->at, mapped ? &s->values[node->path[0]] : &s->d->nowhere, &fault);
    if (!s->at) return fault;
    s->behind = s->at;
    if (mapped) reader_repeat_value(node, s->values);
    return REASON_NONE;
}

/* From behind the first bracket to behind its closing one. */
INLINE enum reason reader_entries(struct reader_scan *s) {
    bool fresh = true; // the innermost bracket has no entry yet
    while (s->depth) {
        struct pointer_node *node;
        s->at = reader_skip_space(s->at);
        if (*s->at == s->d->level[s->depth - 1].close) {
            s->at++;
            s->depth--;
            fresh = false;
            continue;
        }
        if (!fresh && *s->at != ',') return REASON_NOT_JSON;
        if (!fresh) s->at = reader_skip_space(s->at + 1);
        enum reason fault = reader_entry(s, &node);
        if (fault) return fault;
        fresh = *s->at == '{' || *s->at == '[';
        fault = fresh ? reader_open_bracket(s, node) : reader_take_scalar(s, node);
        if (fault) return fault;
    }
    return REASON_NONE;
}

static enum reason reader_by_grammar(struct decoder *d, struct value *values) {
    struct reader_scan s = {
        .d = d, .values = values, .at = reader_skip_space(d->copy.at), .behind = d->copy.at};
    for (size_t i = 0; i < d->n; i++) values[i] = (struct value){.kind = VALUE_MISSING};
    if (*s.at != '{') return REASON_NOT_JSON;
    enum reason fault = reader_open_bracket(&s, &d->root);
    if (!fault) fault = reader_entries(&s);
    if (fault) return fault;
    s.at = reader_skip_space(s.at);
    if (s.at != d->copy.at + d->copy.len) return REASON_NOT_JSON;
    layout_end(&d->layout, (struct text){s.behind, (size_t)(s.at - s.behind)}, values, d->n);
    return REASON_NONE;
}

/* ---- either ---- */

INLINE void reader_copy(struct decoder *d, struct text json) {
    buf_reset(&d->copy);
    char *at = buf_room(&d->copy, json.len + PADDING);
    memcpy(at, json.at, json.len);
    memset(at + json.len, 0, PADDING);
    d->copy.len = json.len;
}

enum reason READER(struct decoder *d, struct text json, struct value *values) {
    enum reason fault = REASON_NONE;
    reader_copy(d, json);
    d->infinite = false;
    if (d->layout.known && reader_by_layout(d, values)) {
        layout_hit(&d->layout);
    } else {
        if (d->layout.known) {
            layout_missed(&d->layout);
            reader_copy(d, json); // texts may have lost their escapes
        }
        d->reads++;
        d->infinite = false;
        layout_begin(&d->layout);
        fault = reader_by_grammar(d, values);
    }
    if (fault) return fault;
    return d->infinite ? REASON_NOT_FINITE : REASON_NONE;
}
