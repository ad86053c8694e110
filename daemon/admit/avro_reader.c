/* The machine that programs of avro_program.h run on.
 *
 * One switch in one loop; a case is a line, what it does a function. Loops and routines share a
 * stack that is as deep as brackets may be. All that a record can say is bounded by what it is:
 * bytes by its end, entries and calls by a budget of its length, depth by the stack.
 *
 * Thread: worker thread */
#include "avro_reader.h"

#include "base/base64.h"

#include <math.h>

enum { LETTERS_A_BYTE = 4 }; // in base64, of the shortest run of bytes

/* A loop or routine that is open. */
struct avro_frame {
    const struct avro_loop *loop; // NULL: a routine
    uint32_t back;                // of a routine: the instruction behind its call
    size_t depth;                 // brackets that are open in it
    struct avro_block block;
    size_t index; // of the entry that comes next
    size_t entry; // the next of loop->entry
};

/* One record's run. */
struct avro_run {
    const char *p, *end;
    struct value *values;
    struct avro_frame *top; // r->frame[0] stands for none
    uint64_t budget;
    struct avro_reader *r;
    enum avro_fault fault;
};

void avro_reader_prepare(struct avro_reader *r, size_t max_depth, size_t values) {
    if (r->frame) return;
    r->max_depth = max_depth;
    r->frame = xcalloc(max_depth + 1, sizeof *r->frame);
    r->digits = xmalloc(values * AVRO_DIGITS + 1);
}

void avro_reader_release(struct avro_reader *r) {
    free(r->frame);
    free(r->digits);
    buf_release(&r->letters);
    *r = (struct avro_reader){0};
}

/* ---- skip ---- */

INLINE const char *avro_reader_skip_longs(struct avro_run *x, const char *p, uint32_t n) {
    int64_t value;
    for (; n && p; n--) p = avro_long(p, x->end, &value, &x->fault);
    return p;
}

INLINE const char *avro_reader_skip_ints(struct avro_run *x, const char *p, uint32_t n) {
    int64_t value;
    for (; n && p; n--) p = avro_int(p, x->end, &value, &x->fault);
    return p;
}

INLINE const char *avro_reader_skip_booleans(struct avro_run *x, const char *p, uint32_t n) {
    bool value;
    for (; n && p; n--) p = avro_boolean(p, x->end, &value, &x->fault);
    return p;
}

INLINE const char *avro_reader_skip_bytes(struct avro_run *x, const char *p) {
    struct text value;
    return avro_blob(p, x->end, &value, &x->fault);
}

INLINE const char *avro_reader_skip_string(struct avro_run *x, const char *p) {
    struct text value;
    return avro_string(p, x->end, &value, &x->fault);
}

INLINE const char *avro_reader_skip_enum(struct avro_run *x, const char *p, size_t symbols) {
    size_t index;
    return avro_index(p, x->end, symbols, &index, &x->fault, AVRO_SYMBOL);
}

/* ---- take ---- */

INLINE void avro_reader_number(struct avro_run *x, struct value *v, double number) {
    *v = (struct value){.kind = VALUE_NUMBER, .number = number, .text = TEXT("")};
    x->r->infinite |= !isfinite(number);
}

INLINE const char *avro_reader_boolean(struct avro_run *x, const char *p, struct value *v) {
    bool value = false;
    p = avro_boolean(p, x->end, &value, &x->fault);
    *v = (struct value){.kind = VALUE_BOOL, .number = value};
    return p;
}

/* The digits stay in the value's own room until the next record. */
INLINE void avro_reader_digits(struct avro_run *x, struct value *v, int64_t value) {
    char *end = x->r->digits + (size_t)(v - x->values + 1) * AVRO_DIGITS, *at = end;
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0) *--at = '-';
    *v = (struct value){
        .kind = VALUE_NUMBER, .number = (double)value, .text = {at, (size_t)(end - at)}};
}

INLINE const char *avro_reader_long(struct avro_run *x, const char *p, struct value *v) {
    int64_t value = 0;
    p = avro_long(p, x->end, &value, &x->fault);
    avro_reader_digits(x, v, value);
    return p;
}

INLINE const char *avro_reader_int(struct avro_run *x, const char *p, struct value *v) {
    int64_t value = 0;
    p = avro_int(p, x->end, &value, &x->fault);
    avro_reader_digits(x, v, value);
    return p;
}

/* Milliseconds, whatever the schema counts in. */
static const char *avro_reader_time(struct avro_run *x, const char *p, struct value *v,
                                    const struct avro_node *node) {
    int64_t value = 0;
    p = node->type == AVRO_INT ? avro_int(p, x->end, &value, &x->fault)
                               : avro_long(p, x->end, &value, &x->fault);
    if (!p) return NULL;
    if (node->meaning == AVRO_DAYS) avro_reader_digits(x, v, value * AVRO_DAY_MS);
    else avro_reader_number(x, v, avro_scaled(value, node->exponent));
    return p;
}

INLINE const char *avro_reader_float(struct avro_run *x, const char *p, struct value *v) {
    avro_reader_number(x, v, (double)avro_float_at(p));
    return avro_skip(p, x->end, 4, &x->fault);
}

INLINE const char *avro_reader_doubles(struct avro_run *x, const char *p, struct value *v,
                                       size_t n) {
    const char *behind = avro_skip(p, x->end, n * 8, &x->fault);
    for (; behind && n; n--, p += 8, v++) avro_reader_number(x, v, avro_double_at(p));
    return behind;
}

/* The bytes of a bytes or a fixed. */
static const char *avro_reader_blob(struct avro_run *x, const char *p, const struct avro_node *node,
                                    struct text *value) {
    if (node->type == AVRO_BYTES) return avro_blob(p, x->end, value, &x->fault);
    *value = (struct text){p, node->size};
    return avro_skip(p, x->end, node->size, &x->fault);
}

static const char *avro_reader_skip_decimal(struct avro_run *x, const char *p,
                                            const struct avro_node *node, struct text *bytes) {
    p = avro_reader_blob(x, p, node, bytes);
    if (!p || (bytes->len && bytes->len <= AVRO_DECIMAL_BYTES)) return p;
    x->fault = AVRO_BAD_DECIMAL;
    return NULL;
}

static const char *avro_reader_decimal(struct avro_run *x, const char *p, struct value *v,
                                       const struct avro_node *node) {
    struct text bytes;
    p = avro_reader_skip_decimal(x, p, node, &bytes);
    if (p) avro_reader_number(x, v, avro_decimal(bytes.at, bytes.len, node->exponent));
    return p;
}

/* There is room for all letters of the record, so none of them moves. */
static const char *avro_reader_bytes(struct avro_run *x, const char *p, struct value *v,
                                     const struct avro_node *node) {
    struct text bytes;
    p = avro_reader_blob(x, p, node, &bytes);
    if (!p) return NULL;
    struct buf *letters = &x->r->letters;
    char *out = letters->at + letters->len;
    size_t n = base64_length(bytes.len);
    CHECK(n <= letters->cap - letters->len);
    base64_write(bytes.at, bytes.len, out);
    letters->len += n;
    *v = (struct value){.kind = VALUE_TEXT, .text = {out, n}};
    return p;
}

INLINE const char *avro_reader_string(struct avro_run *x, const char *p, struct value *v) {
    v->kind = VALUE_TEXT;
    return avro_string(p, x->end, &v->text, &x->fault);
}

INLINE const char *avro_reader_enum(struct avro_run *x, const char *p, struct value *v,
                                    const struct avro_node *node) {
    size_t index;
    p = avro_index(p, x->end, node->n, &index, &x->fault, AVRO_SYMBOL);
    if (p) *v = (struct value){.kind = VALUE_TEXT, .text = node->symbol[index]};
    return p;
}

static void avro_reader_repeat(struct avro_run *x, const struct pointer_node *p) {
    for (size_t i = 1; i < p->paths; i++) x->values[p->path[i]] = x->values[p->path[0]];
}

/* ---- where it goes on ---- */

static const char *avro_reader_fail(struct avro_run *x, enum avro_fault fault) {
    x->fault = fault;
    return NULL;
}

/* A bracket opens. */
static const char *avro_reader_push(struct avro_run *x, const char *p, size_t brackets) {
    size_t depth = x->top->depth + brackets;
    if (depth > x->r->max_depth) return avro_reader_fail(x, AVRO_DEEP);
    if (!x->budget) return avro_reader_fail(x, AVRO_COUNT);
    x->budget--;
    *++x->top = (struct avro_frame){.depth = depth};
    return p;
}

/* The code of an array's next entry. */
INLINE uint32_t avro_reader_entry(struct avro_frame *f) {
    const struct avro_loop *l = f->loop;
    size_t index = f->index++;
    if (f->entry == l->entries || l->entry[f->entry].index != index) return l->body;
    return l->entry[f->entry++].body;
}

/* The code of a map's next entry; of equal keys the first counts. */
static const char *avro_reader_key(struct avro_run *x, const char *p, uint32_t *body) {
    struct text key;
    const struct avro_loop *l = x->top->loop;
    p = avro_string(p, x->end, &key, &x->fault);
    *body = l->body;
    if (!p || !l->node) return p;
    struct pointer_node *child = pointers_named(l->node, key);
    if (!child || child->seen == x->r->reads) return p;
    child->seen = x->r->reads;
    *body = l->child[child - l->node->child];
    return p;
}

/* The entry that comes next, or behind the loop. */
static const char *avro_reader_next(struct avro_run *x, const char *p, uint32_t *on) {
    struct avro_frame *f = x->top;
    if (!f->block.left) {
        if (f->block.end && p != f->block.end) return avro_reader_fail(x, AVRO_BLOCK);
        p = avro_block_head(p, x->end, x->budget, &f->block, &x->fault);
        if (!p) return NULL;
        if (!f->block.left) {
            *on = f->loop->after;
            x->top--;
            return p;
        }
        x->budget -= f->block.left;
    }
    f->block.left--;
    if (f->loop->map) return avro_reader_key(x, p, on);
    *on = avro_reader_entry(f);
    return p;
}

static const char *avro_reader_enter(struct avro_run *x, const char *p,
                                     const struct avro_loop *loop, uint32_t *on) {
    p = avro_reader_push(x, p, loop->brackets);
    if (!p) return NULL;
    x->top->loop = loop;
    return avro_reader_next(x, p, on);
}

static const char *avro_reader_call(struct avro_run *x, const char *p, const struct avro_op *op,
                                    uint32_t back, uint32_t *on) {
    p = avro_reader_push(x, p, op->n);
    if (!p) return NULL;
    x->top->back = back;
    *on = op->a;
    return p;
}

INLINE const char *avro_reader_choose(struct avro_run *x, const char *p, const struct avro_op *op,
                                      uint32_t *on) {
    const uint32_t *target = op->at;
    size_t index;
    p = avro_index(p, x->end, op->a, &index, &x->fault, AVRO_BRANCH);
    if (p) *on = target[index];
    return p;
}

/* ---- the loop ---- */

/* The byte where it ends; NULL: x->fault, and x->p where the faulty value began. */
static const char *avro_reader_loop(struct avro_run *x, const struct avro_op *ops) {
    const char *p = x->p;
    struct text bytes;
    struct value *values = x->values;
    for (uint32_t pc = 0; p;) {
        const struct avro_op *op = &ops[pc++];
        x->p = p;
        switch ((enum avro_code)op->code) {
        case AVRO_END: return p == x->end ? p : avro_reader_fail(x, AVRO_BEHIND);
        case AVRO_SKIP_LONGS: p = avro_reader_skip_longs(x, p, op->a); break;
        case AVRO_SKIP_INTS: p = avro_reader_skip_ints(x, p, op->a); break;
        case AVRO_SKIP_BOOLEANS: p = avro_reader_skip_booleans(x, p, op->a); break;
        case AVRO_SKIP_FIXED: p = avro_skip(p, x->end, op->a, &x->fault); break;
        case AVRO_SKIP_BYTES: p = avro_reader_skip_bytes(x, p); break;
        case AVRO_SKIP_STRING: p = avro_reader_skip_string(x, p); break;
        case AVRO_SKIP_ENUM: p = avro_reader_skip_enum(x, p, op->a); break;
        case AVRO_SKIP_DECIMAL: p = avro_reader_skip_decimal(x, p, op->at, &bytes); break;
        case AVRO_TAKE_BOOLEAN: p = avro_reader_boolean(x, p, values + op->a); break;
        case AVRO_TAKE_INT: p = avro_reader_int(x, p, values + op->a); break;
        case AVRO_TAKE_LONG: p = avro_reader_long(x, p, values + op->a); break;
        case AVRO_TAKE_TIME: p = avro_reader_time(x, p, values + op->a, op->at); break;
        case AVRO_TAKE_FLOAT: p = avro_reader_float(x, p, values + op->a); break;
        case AVRO_TAKE_DOUBLES: p = avro_reader_doubles(x, p, values + op->a, op->n); break;
        case AVRO_TAKE_DECIMAL: p = avro_reader_decimal(x, p, values + op->a, op->at); break;
        case AVRO_TAKE_BYTES: p = avro_reader_bytes(x, p, values + op->a, op->at); break;
        case AVRO_TAKE_STRING: p = avro_reader_string(x, p, values + op->a); break;
        case AVRO_TAKE_ENUM: p = avro_reader_enum(x, p, values + op->a, op->at); break;
        case AVRO_TAKE_KIND: values[op->a].kind = (enum value_kind)op->n; break;
        case AVRO_REPEAT: avro_reader_repeat(x, op->at); break;
        case AVRO_CHOOSE: p = avro_reader_choose(x, p, op, &pc); break;
        case AVRO_GO: pc = op->a; break;
        case AVRO_CALL: p = avro_reader_call(x, p, op, pc, &pc); break;
        case AVRO_RETURN: pc = (x->top--)->back; break;
        case AVRO_ENTER: p = avro_reader_enter(x, p, op->at, &pc); break;
        case AVRO_NEXT: p = avro_reader_next(x, p, &pc); break;
        case AVRO_FAIL: p = avro_reader_fail(x, (enum avro_fault)op->a); break;
        }
    }
    return NULL;
}

bool avro_reader_run(struct avro_reader *r, const struct avro_program *program, const char *payload,
                     size_t n, struct value *values) {
    struct avro_run x = {.p = payload,
                         .end = payload + n,
                         .values = values,
                         .top = r->frame,
                         .budget = avro_budget(n),
                         .r = r};
    r->reads++;
    r->infinite = false;
    buf_reset(&r->letters);
    for (size_t i = 0; i < program->resets; i++)
        values[program->reset[i]] = (struct value){.kind = VALUE_MISSING};
    if (program->letters) buf_room(&r->letters, LETTERS_A_BYTE * n + 1);
    bool fine = avro_reader_loop(&x, program->op) != NULL;
    r->fault = fine ? AVRO_FINE : x.fault;
    r->at = (size_t)(x.p - payload);
    return fine;
}
