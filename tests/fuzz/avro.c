/* libFuzzer target: a decoder is taught schemas and reads records, in any order: schemas that make
 * sense and such with a few bytes changed, records of a schema, of another one, and changed ones.
 *
 * A record of its schema is read. What is read has an event that is JSON, and the pointers give the
 * same from the record and from its event; what is refused for its bytes has none. A schema that is
 * not sound is refused with a sentence. clang -fsanitize=fuzzer,address,undefined ...
 * tests/fuzz/avro.c */
#include "admit/decoder.h"

#include "grammar.h"

#include <math.h>

enum { PATHS = 12, DEPTH = 8, BYTES = 1 << 14, NODES = 96, HELD = 4, STEPS = 24, SCHEMAS = 4 };
enum { EVENT_BYTES = 8 * BYTES }; // an event is longer than its record
enum { ENOUGH = 40 };             // types, but for those that records which are begun still hold

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct text paths[PATHS] = {TEXT("/f0"),      TEXT("/f1"),      TEXT("/f2"),
                                         TEXT("/f0/f0"),   TEXT("/f1/f0"),   TEXT("/f0/0"),
                                         TEXT("/f1/1"),    TEXT("/f0/k"),    TEXT("/f1/f1/f0"),
                                         TEXT("/f0/2/f0"), TEXT("/f1/k/f1"), TEXT("/f3")};

/* ---- schemas ---- */

enum kind {
    NOTHING,
    FLAG,
    INT,
    LONG,
    FLOAT,
    DOUBLE,
    RAW,
    WORDS,
    DAYS,
    MICROS,
    MONEY,
    THREE,
    SUIT,
    RECORD,
    LIST,
    MAP,
    EITHER,
    AGAIN,
    KINDS
};

struct type {
    enum kind kind;
    size_t n, held[HELD]; // of the types
};

struct world {
    struct type type[NODES];
    size_t n, open[NODES], opens; // open: records around the place that is made
};

static size_t make(struct world *w, struct grammar *g, size_t depth);

static size_t make_held(struct world *w, struct grammar *g, enum kind kind, size_t n,
                        size_t depth) {
    size_t at = w->n++;
    w->type[at] = (struct type){.kind = kind};
    if (kind == RECORD) w->open[w->opens++] = at;
    for (size_t i = 0; i < n; i++) {
        size_t held = make(w, g, depth + 1);
        if (kind == EITHER && w->type[held].kind == EITHER) held = w->type[held].held[0];
        w->type[at].held[w->type[at].n++] = held;
    }
    if (kind == RECORD) w->opens--;
    return at;
}

/* Again: a record that is open, as a branch beside null, so that it ends. */
static size_t make_again(struct world *w, struct grammar *g) {
    size_t at = w->n++, null = w->n++;
    w->type[null] = (struct type){.kind = NOTHING};
    w->type[at] = (struct type){EITHER, 2, {null, w->open[grammar_below(g, w->opens)]}};
    return at;
}

static size_t make(struct world *w, struct grammar *g, size_t depth) {
    enum kind kind = (enum kind)grammar_below(g, KINDS);
    bool full = depth >= 4 || w->n >= ENOUGH;
    if (kind == AGAIN && w->n < ENOUGH) return make_again(w, g);
    if (kind >= RECORD && full) kind = DOUBLE;
    if (kind == RECORD) return make_held(w, g, kind, grammar_below(g, HELD) + 1, depth);
    if (kind == EITHER) return make_held(w, g, kind, grammar_below(g, 3) + 1, depth);
    if (kind == LIST || kind == MAP) return make_held(w, g, kind, 1, depth);
    w->type[w->n] = (struct type){.kind = kind < RECORD ? kind : INT};
    return w->n++;
}

static void write_schema(const struct world *w, size_t at, bool *defined, struct buf *out) {
    static const char *const plain[] = {
        [NOTHING] = "\"null\"",
        [FLAG] = "\"boolean\"",
        [INT] = "\"int\"",
        [LONG] = "\"long\"",
        [FLOAT] = "\"float\"",
        [DOUBLE] = "\"double\"",
        [RAW] = "\"bytes\"",
        [WORDS] = "\"string\"",
        [DAYS] = "{\"type\":\"int\",\"logicalType\":\"date\"}",
        [MICROS] = "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}",
        [MONEY] = "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":30,\"scale\":4}"};
    const struct type *t = &w->type[at];
    if (t->kind < THREE) {
        buf_str(out, plain[t->kind]);
        return;
    }
    bool named = t->kind == THREE || t->kind == SUIT || t->kind == RECORD;
    if (named && defined[at]) {
        buf_printf(out, "\"n%zu\"", at);
        return;
    }
    defined[at] = true;
    if (t->kind == THREE) buf_printf(out, "{\"type\":\"fixed\",\"name\":\"n%zu\",\"size\":3}", at);
    if (t->kind == SUIT)
        buf_printf(out, "{\"type\":\"enum\",\"name\":\"n%zu\",\"symbols\":[\"A\",\"B\",\"C\"]}",
                   at);
    if (t->kind == RECORD)
        buf_printf(out, "{\"type\":\"record\",\"name\":\"n%zu\",\"fields\":[", at);
    if (t->kind == LIST) buf_str(out, "{\"type\":\"array\",\"items\":");
    if (t->kind == MAP) buf_str(out, "{\"type\":\"map\",\"values\":");
    if (t->kind == EITHER) buf_str(out, "[");
    for (size_t i = 0; i < t->n; i++) {
        if (i) buf_str(out, ",");
        if (t->kind == RECORD) buf_printf(out, "{\"name\":\"f%zu\",\"type\":", i);
        write_schema(w, t->held[i], defined, out);
        if (t->kind == RECORD) buf_str(out, "}");
    }
    if (t->kind == RECORD) buf_str(out, "]}");
    if (t->kind == LIST || t->kind == MAP) buf_str(out, "}");
    if (t->kind == EITHER) buf_str(out, "]");
}

/* ---- records ---- */

static void put_long(struct buf *out, int64_t value) {
    uint64_t v = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
    for (; v > 0x7F; v >>= 7) buf_add(out, &(char){(char)(v | 0x80)}, 1);
    buf_add(out, &(char){(char)v}, 1);
}

static void put_words(struct buf *out, struct grammar *g) {
    static const char *const words[] = {
        "", "k", "a", "caf\xc3\xa9", "0", "a \"text\" of some length"};
    const char *word = words[grammar_below(g, 6)];
    put_long(out, (int64_t)strlen(word));
    buf_str(out, word);
}

static void put_bytes(struct buf *out, struct grammar *g, size_t least) {
    struct text t = grammar_bytes(g);
    if (t.len > 40) t.len = 40;
    bool padded = t.len < least;
    put_long(out, (int64_t)(padded ? least : t.len));
    if (padded) buf_add(out, "\x80", least);
    else buf_text(out, t);
}

static void put_real(struct buf *out, struct grammar *g, bool wide) {
    double value = grammar_real(g);
    float narrow = (float)value;
    if (wide) buf_add(out, &value, sizeof value);
    else buf_add(out, &narrow, sizeof narrow);
}

static void put_value(const struct world *w, struct grammar *g, size_t at, size_t depth,
                      struct buf *out);

static void put_entries(const struct world *w, struct grammar *g, const struct type *t,
                        size_t depth, struct buf *out) {
    for (size_t n = depth < DEPTH ? grammar_below(g, 4) : 0; n; n = grammar_below(g, 3)) {
        struct buf block = {0};
        bool sized = grammar_below(g, 2);
        for (size_t i = 0; i < n; i++) {
            if (t->kind == MAP) put_words(&block, g);
            put_value(w, g, t->held[0], depth, &block);
        }
        put_long(out, sized ? -(int64_t)n : (int64_t)n);
        if (sized) put_long(out, (int64_t)block.len);
        if (block.len) buf_text(out, buf_view(&block));
        buf_release(&block);
        if (out->len > BYTES / 2) break;
    }
    put_long(out, 0);
}

/* depth: brackets that are open. */
static void put_value(const struct world *w, struct grammar *g, size_t at, size_t depth,
                      struct buf *out) {
    const struct type *t = &w->type[at];
    size_t branch;
    switch (t->kind) {
    case NOTHING: return;
    case FLAG: buf_add(out, &(char){(char)grammar_below(g, 2)}, 1); return;
    case INT:
    case DAYS: put_long(out, (int32_t)grammar_number(g)); return;
    case LONG:
    case MICROS: put_long(out, grammar_number(g)); return;
    case FLOAT: put_real(out, g, false); return;
    case DOUBLE: put_real(out, g, true); return;
    case RAW: put_bytes(out, g, 0); return;
    case MONEY: put_bytes(out, g, 1); return;
    case WORDS: put_words(out, g); return;
    case THREE: buf_add(out, "\x01\xFE\x7F", 3); return;
    case SUIT: put_long(out, (int64_t)grammar_below(g, 3)); return;
    case EITHER:
        branch = depth + 2 < DEPTH ? grammar_below(g, t->n) : 0;
        put_long(out, (int64_t)branch);
        put_value(w, g, t->held[branch], depth, out);
        return;
    case RECORD:
        for (size_t i = 0; i < t->n; i++) put_value(w, g, t->held[i], depth + 1, out);
        return;
    default: put_entries(w, g, t, depth + 1, out);
    }
}

/* ---- what must hold ---- */

static void check_same(const struct value *a, const struct value *b) {
    CHECK(a->kind == b->kind);
    if (a->kind == VALUE_TEXT) CHECK(text_equal(a->text, b->text));
    if (a->kind == VALUE_BOOL) CHECK(a->number == b->number);
    if (a->kind == VALUE_NUMBER)
        CHECK(a->number == b->number || (float)a->number == (float)b->number);
    if (a->kind == VALUE_NUMBER && a->text.len) CHECK(text_equal(a->text, b->text));
}

static void check_record(struct decoder *d, struct decoder *json, struct text record, bool sound) {
    struct value values[PATHS], again[PATHS];
    char *exact = xmalloc(record.len); // so that a sanitizer sees a look beyond
    memcpy(exact, record.at, record.len);
    record.at = exact;
    enum reason got = decoder_read(d, record, values);
    bool read = got == REASON_NONE || got == REASON_NOT_FINITE;
    CHECK(!sound || read || got == REASON_TOO_DEEP);
    CHECK(read || decoder_found(d).len);
    struct text event = decoder_select(d, record, &(struct selection){0});
    CHECK(read != text_equal(event, TEXT("null")));
    if (read) {
        enum reason same = decoder_read(json, event, again);
        CHECK(same == REASON_NONE);
        for (size_t i = 0; got == REASON_NONE && i < PATHS; i++) check_same(&values[i], &again[i]);
    }
    free(exact);
}

static struct decoder *new_decoder(bool registry) {
    struct decoder *d;
    CHECK(decoder_create(&d, &(struct decoder_options){.paths = paths,
                                                       .n = PATHS,
                                                       .max_depth = DEPTH,
                                                       .max_bytes = registry ? BYTES : EVENT_BYTES,
                                                       .registry = registry}) == 0);
    return d;
}

/* Teaches schema i; whether it is as it was made. */
static bool teach(struct decoder *d, struct grammar *g, struct world *w, uint32_t i) {
    struct buf schema = {0};
    bool defined[NODES] = {false};
    *w = (struct world){.n = 0};
    make_held(w, g, RECORD, grammar_below(g, HELD) + 1, 0);
    write_schema(w, 0, defined, &schema);
    size_t before = schema.len;
    char *copy = xstrdup(buf_string(&schema));
    if (grammar_below(g, 4) == 0) grammar_change(g, &schema);
    bool same = schema.len == before && memcmp(schema.at, copy, before) == 0;
    const struct text text = buf_view(&schema);
    decoder_learn(d, i, &(struct schema_source){SCHEMA_AVRO, &text, 1});
    free(copy);
    buf_release(&schema);
    return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct grammar g = {data, data + size};
    struct world w[SCHEMAS] = {0};
    bool sound[SCHEMAS] = {false};
    struct decoder *d = new_decoder(true), *json = new_decoder(false);
    for (size_t step = 0; step < STEPS && grammar_goes_on(&g); step++) {
        size_t i = grammar_below(&g, SCHEMAS), of = grammar_below(&g, 8) ? i : (i + 1) % SCHEMAS;
        if (!w[i].n || grammar_below(&g, 4) == 0) sound[i] = teach(d, &g, &w[i], (uint32_t)i);
        struct buf record = {0};
        uint32_t id;
        buf_add(&record, "\0\0\0\0", 4);
        buf_add(&record, &(char){(char)i}, 1);
        if (w[of].n) put_value(&w[of], &g, 0, 0, &record);
        bool changed = grammar_below(&g, 2);
        if (changed) grammar_change(&g, &record);
        if (record.len < 5 || memcmp(record.at, "\0\0\0\0", 4) != 0) record.len = 0;
        if (record.len && record.len <= BYTES && !decoder_lacks(d, buf_view(&record), &id))
            check_record(d, json, buf_view(&record), of == i && sound[i] && !changed);
        buf_release(&record);
        if (grammar_below(&g, 8) == 0) decoder_tidy(d);
    }
    decoder_destroy(d);
    decoder_destroy(json);
    return 0;
}
