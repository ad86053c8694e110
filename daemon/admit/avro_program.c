/* One walk over the schema along the tree of pointers.
 *
 * `sure` are values that every record sets, whatever branch and entry it has; only the others are
 * reset before a record. Code behind a jump must not melt into what stands before it: `barrier` is
 * the first instruction that may.
 *
 * Thread: worker thread */
#include "avro_program.h"

enum { WORK_MOST = 1 << 22 }; // names that are looked at: each as often as a pointer leads to it

struct avro_compiling {
    struct arena *arena;
    struct avro_op *op; // (cap)
    size_t n, cap, barrier, max_depth;
    size_t depth;      // of brackets, where pointers lead
    uint16_t brackets; // since the innermost loop or routine began
    bool full;
    size_t work;
    bool *sure;                      // (values)
    uint32_t *routine;               // (nodes) where a record's begins; 0: it has none
    const struct avro_node **wanted; // (wanted_n) records whose routines are called
    size_t wanted_n;
};

/* Under which condition a value is set: 0 is none. */
struct avro_condition {
    unsigned own, inner; // of the place itself; of what is inside it
};

static void avro_program_skip(struct avro_compiling *c, const struct avro_node *node);
static void avro_program_take(struct avro_compiling *c, const struct avro_node *node,
                              struct pointer_node *p, struct avro_condition when);

/* ---- instructions ---- */

static struct avro_op *avro_program_emit(struct avro_compiling *c, enum avro_code code, uint32_t a,
                                         const void *at) {
    if (c->n == AVRO_OPS_MOST) {
        c->full = true;
        c->n = c->barrier = 0; // nothing of it will run
    }
    if (c->n == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 256;
        c->op = xrealloc(c->op, c->cap * sizeof *c->op);
    }
    c->op[c->n] = (struct avro_op){.code = (uint16_t)code, .a = a, .at = at};
    return &c->op[c->n++];
}

/* Here something jumps to. */
static uint32_t avro_program_label(struct avro_compiling *c) {
    c->barrier = c->n;
    return (uint32_t)c->n;
}

/* Skips n more of what is counted by a. */
static void avro_program_skip_more(struct avro_compiling *c, enum avro_code code, uint32_t n) {
    struct avro_op *last = c->n > c->barrier ? &c->op[c->n - 1] : NULL;
    if (last && last->code == code && last->a <= UINT32_MAX - n) last->a += n;
    else avro_program_emit(c, code, n, NULL);
}

/* ---- entries and branches ---- */

static void avro_program_body(struct avro_compiling *c, const struct avro_node *held,
                              struct pointer_node *p, unsigned condition) {
    uint16_t outside = c->brackets;
    c->brackets = 0;
    avro_program_label(c);
    if (p) avro_program_take(c, held, p, (struct avro_condition){condition, condition});
    else avro_program_skip(c, held);
    avro_program_emit(c, AVRO_NEXT, 0, NULL);
    c->brackets = outside;
}

static struct avro_loop *avro_program_enter(struct avro_compiling *c,
                                            const struct avro_node *node) {
    struct avro_loop *loop = arena_take(c->arena, sizeof *loop);
    *loop =
        (struct avro_loop){.map = node->type == AVRO_MAP, .brackets = (uint16_t)(c->brackets + 1)};
    avro_program_emit(c, AVRO_ENTER, 0, loop);
    loop->body = (uint32_t)c->n;
    avro_program_body(c, node->branch[0], NULL, 0);
    return loop;
}

/* Where each branch goes on; the caller fills it. */
static uint32_t *avro_program_choose(struct avro_compiling *c, const struct avro_node *node) {
    uint32_t *target = arena_take(c->arena, node->n * sizeof *target);
    avro_program_emit(c, AVRO_CHOOSE, (uint32_t)node->n, target);
    return target;
}

/* A union's branches, each ending in a jump behind them. p: NULL, nothing is taken. root: only an
 * object will do. */
static void avro_program_union(struct avro_compiling *c, const struct avro_node *node,
                               struct pointer_node *p, struct avro_condition when, bool root) {
    uint32_t *target = avro_program_choose(c, node);
    size_t *end = arena_take(c->arena, node->n * sizeof *end);
    for (size_t i = 0; i < node->n && !c->full; i++) {
        const struct avro_node *branch = node->branch[i];
        target[i] = avro_program_label(c);
        if (root && branch->type != AVRO_RECORD && branch->type != AVRO_MAP)
            avro_program_emit(c, AVRO_FAIL, AVRO_NO_OBJECT, NULL);
        else if (p)
            avro_program_take(c, branch, p, (struct avro_condition){when.own, when.inner + 1});
        else avro_program_skip(c, branch);
        end[i] = c->n;
        if (i + 1 < node->n) avro_program_emit(c, AVRO_GO, 0, NULL);
    }
    uint32_t behind = avro_program_label(c);
    for (size_t i = 0; i + 1 < node->n && !c->full; i++) c->op[end[i]].a = behind;
}

/* ---- what nobody mapped ---- */

static void avro_program_call(struct avro_compiling *c, const struct avro_node *record) {
    if (!c->routine[record->number]) {
        c->routine[record->number] = UINT32_MAX; // wanted
        c->wanted[c->wanted_n++] = record;
    }
    avro_program_emit(c, AVRO_CALL, record->number, NULL)->n = (uint16_t)(c->brackets + 1);
}

static void avro_program_skip(struct avro_compiling *c, const struct avro_node *node) {
    if (c->full) return;
    if (node->meaning == AVRO_DECIMAL) {
        avro_program_emit(c, AVRO_SKIP_DECIMAL, 0, node);
        return;
    }
    switch (node->type) {
    case AVRO_NULL: return;
    case AVRO_BOOLEAN: avro_program_skip_more(c, AVRO_SKIP_BOOLEANS, 1); return;
    case AVRO_INT: avro_program_skip_more(c, AVRO_SKIP_INTS, 1); return;
    case AVRO_LONG: avro_program_skip_more(c, AVRO_SKIP_LONGS, 1); return;
    case AVRO_FLOAT: avro_program_skip_more(c, AVRO_SKIP_FIXED, 4); return;
    case AVRO_DOUBLE: avro_program_skip_more(c, AVRO_SKIP_FIXED, 8); return;
    case AVRO_FIXED: avro_program_skip_more(c, AVRO_SKIP_FIXED, node->size); return;
    case AVRO_BYTES: avro_program_emit(c, AVRO_SKIP_BYTES, 0, NULL); return;
    case AVRO_STRING: avro_program_emit(c, AVRO_SKIP_STRING, 0, NULL); return;
    case AVRO_ENUM: avro_program_emit(c, AVRO_SKIP_ENUM, (uint32_t)node->n, NULL); return;
    case AVRO_RECORD: avro_program_call(c, node); return;
    case AVRO_UNION: avro_program_union(c, node, NULL, (struct avro_condition){0}, false); return;
    default: break;
    }
    struct avro_loop *loop = avro_program_enter(c, node);
    loop->after = avro_program_label(c);
}

static void avro_program_routines(struct avro_compiling *c) {
    for (size_t i = 0; i < c->wanted_n && !c->full; i++) {
        const struct avro_node *record = c->wanted[i];
        c->brackets = 0;
        c->routine[record->number] = avro_program_label(c);
        for (size_t f = 0; f < record->n; f++) avro_program_skip(c, record->field[f].node);
        avro_program_emit(c, AVRO_RETURN, 0, NULL);
    }
    for (size_t i = 0; i < c->n && !c->full; i++)
        if (c->op[i].code == AVRO_CALL) c->op[i].a = c->routine[c->op[i].a];
}

/* ---- what is mapped ---- */

static void avro_program_sure(struct avro_compiling *c, const struct pointer_node *p,
                              unsigned condition) {
    for (size_t i = 0; !condition && i < p->paths; i++) c->sure[p->path[i]] = true;
}

/* Its own paths say of which kind it is. */
static void avro_program_kind(struct avro_compiling *c, const struct pointer_node *p,
                              enum value_kind kind) {
    for (size_t i = 0; i < p->paths; i++)
        avro_program_emit(c, AVRO_TAKE_KIND, (uint32_t)p->path[i], NULL)->n = (uint16_t)kind;
}

static bool avro_program_melts(const struct avro_compiling *c, enum avro_code code,
                               uint32_t value) {
    const struct avro_op *last = c->n > c->barrier ? &c->op[c->n - 1] : NULL;
    return code == AVRO_TAKE_DOUBLES && last && last->code == code && last->n < UINT16_MAX &&
           last->a + last->n == value;
}

static enum avro_code avro_program_taker(const struct avro_node *node) {
    static const enum avro_code taker[] = {
        [AVRO_BOOLEAN] = AVRO_TAKE_BOOLEAN, [AVRO_INT] = AVRO_TAKE_INT,
        [AVRO_LONG] = AVRO_TAKE_LONG,       [AVRO_FLOAT] = AVRO_TAKE_FLOAT,
        [AVRO_DOUBLE] = AVRO_TAKE_DOUBLES,  [AVRO_BYTES] = AVRO_TAKE_BYTES,
        [AVRO_STRING] = AVRO_TAKE_STRING,   [AVRO_FIXED] = AVRO_TAKE_BYTES,
        [AVRO_ENUM] = AVRO_TAKE_ENUM};
    if (node->meaning == AVRO_DECIMAL) return AVRO_TAKE_DECIMAL;
    return node->meaning == AVRO_PLAIN ? taker[node->type] : AVRO_TAKE_TIME;
}

static void avro_program_scalar(struct avro_compiling *c, const struct avro_node *node,
                                const struct pointer_node *p) {
    enum avro_code code = avro_program_taker(node);
    uint32_t value = (uint32_t)p->path[0];
    if (avro_program_melts(c, code, value)) c->op[c->n - 1].n++;
    else avro_program_emit(c, code, value, node)->n = 1;
    if (p->paths > 1) avro_program_emit(c, AVRO_REPEAT, 0, p);
}

static void avro_program_work(struct avro_compiling *c, size_t names) {
    c->work += names;
    c->full |= c->work > WORK_MOST;
}

static bool avro_program_has(struct avro_compiling *c, const struct avro_node *record,
                             struct text name) {
    avro_program_work(c, record->n);
    for (size_t i = 0; i < record->n; i++)
        if (text_equal(record->field[i].name, name)) return true;
    return false;
}

/* By its name, else by an alias that is no other field's name. */
static struct pointer_node *avro_program_child(struct avro_compiling *c,
                                               const struct avro_node *record,
                                               const struct avro_field *field,
                                               const struct pointer_node *p) {
    struct pointer_node *child = pointers_named(p, field->name);
    avro_program_work(c, 1 + field->aliases);
    for (size_t i = 0; !child && i < field->aliases && !c->full; i++) {
        child = pointers_named(p, field->alias[i]);
        if (child && avro_program_has(c, record, field->alias[i])) child = NULL;
    }
    return child;
}

static void avro_program_record(struct avro_compiling *c, const struct avro_node *node,
                                struct pointer_node *p, unsigned condition) {
    c->depth++;
    c->brackets++;
    if (c->depth > c->max_depth) avro_program_emit(c, AVRO_FAIL, AVRO_DEEP, NULL);
    for (size_t i = 0; i < node->n && !c->full; i++) {
        struct pointer_node *child = avro_program_child(c, node, &node->field[i], p);
        if (child)
            avro_program_take(c, node->field[i].node, child,
                              (struct avro_condition){condition, condition});
        else avro_program_skip(c, node->field[i].node);
    }
    c->brackets--;
    c->depth--;
}

static int avro_program_by_index(const void *left, const void *right) {
    const struct pointer_node *const *a = left, *const *b = right;
    return ((*a)->index > (*b)->index) - ((*a)->index < (*b)->index);
}

static void avro_program_array(struct avro_compiling *c, const struct avro_node *node,
                               const struct pointer_node *p, unsigned condition) {
    struct pointer_node **child = arena_take(c->arena, p->children * sizeof *child);
    struct avro_entry *entry = arena_take(c->arena, p->children * sizeof *entry);
    size_t n = 0;
    for (size_t i = 0; i < p->children; i++)
        if (p->child[i].index != INDEX_NONE) child[n++] = &p->child[i];
    if (n) qsort(child, n, sizeof *child, avro_program_by_index);
    struct avro_loop *loop = avro_program_enter(c, node);
    for (size_t i = 0; i < n && !c->full; i++) {
        entry[i] = (struct avro_entry){child[i]->index, (uint32_t)c->n};
        avro_program_body(c, node->branch[0], child[i], condition + 1);
    }
    loop->entry = entry;
    loop->entries = n;
    loop->after = avro_program_label(c);
}

static void avro_program_map(struct avro_compiling *c, const struct avro_node *node,
                             struct pointer_node *p, unsigned condition) {
    uint32_t *child = arena_take(c->arena, p->children * sizeof *child);
    struct avro_loop *loop = avro_program_enter(c, node);
    for (size_t i = 0; i < p->children && !c->full; i++) {
        child[i] = (uint32_t)c->n;
        avro_program_body(c, node->branch[0], &p->child[i], condition + 1);
    }
    loop->node = p;
    loop->child = child;
    loop->after = avro_program_label(c);
}

static void avro_program_inside(struct avro_compiling *c, const struct avro_node *node,
                                struct pointer_node *p, unsigned condition) {
    c->depth += node->type != AVRO_RECORD;
    if (node->type == AVRO_RECORD) avro_program_record(c, node, p, condition);
    else if (node->type == AVRO_ARRAY) avro_program_array(c, node, p, condition);
    else avro_program_map(c, node, p, condition);
    c->depth -= node->type != AVRO_RECORD;
}

static void avro_program_take(struct avro_compiling *c, const struct avro_node *node,
                              struct pointer_node *p, struct avro_condition when) {
    if (c->full) return;
    if (node->type == AVRO_UNION) {
        avro_program_union(c, node, p, when, false);
        return;
    }
    avro_program_sure(c, p, when.own);
    bool scalar = node->type < AVRO_RECORD && node->type != AVRO_NULL;
    if (node->type == AVRO_NULL) avro_program_kind(c, p, VALUE_NULL);
    else if (scalar && p->paths) avro_program_scalar(c, node, p);
    else if (scalar || !p->children) {
        avro_program_kind(c, p, VALUE_OTHER);
        avro_program_skip(c, node);
    } else {
        avro_program_kind(c, p, VALUE_OTHER);
        avro_program_inside(c, node, p, when.inner);
    }
}

/* ---- the whole ---- */

static void avro_program_root(struct avro_compiling *c, const struct avro_node *root,
                              struct pointer_node *p) {
    c->routine[0] = 0;
    if (root->type == AVRO_UNION) avro_program_union(c, root, p, (struct avro_condition){0}, true);
    else avro_program_inside(c, root, p, 0);
    avro_program_emit(c, AVRO_END, 0, NULL);
}

/* Instructions and resets move to the arena. */
static void avro_program_finish(struct avro_compiling *c, size_t values, struct avro_program *out) {
    struct avro_op *op = arena_take(c->arena, c->n * sizeof *op);
    uint32_t *reset = arena_take(c->arena, values * sizeof *reset);
    memcpy(op, c->op, c->n * sizeof *op);
    *out = (struct avro_program){.op = op, .n = c->n, .reset = reset};
    for (size_t i = 0; i < values; i++)
        if (!c->sure[i]) reset[out->resets++] = (uint32_t)i;
    for (size_t i = 0; i < c->n; i++) out->letters |= op[i].code == AVRO_TAKE_BYTES;
}

bool avro_program_make(struct avro_program *out, const struct avro_schema *schema,
                       struct pointer_node *root, size_t n, size_t max_depth, struct arena *arena) {
    struct avro_compiling c = {.arena = arena, .max_depth = max_depth};
    c.sure = xcalloc(n + 1, sizeof *c.sure);
    c.routine = xcalloc(schema->nodes + 1, sizeof *c.routine);
    c.wanted = xcalloc(schema->nodes + 1, sizeof *c.wanted);
    avro_program_root(&c, schema->root, root);
    avro_program_routines(&c);
    if (!c.full) avro_program_finish(&c, n, out);
    free(c.op);
    free(c.sure);
    free(c.routine);
    free(c.wanted);
    return !c.full;
}
