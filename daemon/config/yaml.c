/* Walking libyaml's events into a tree, refusing the parts of YAML that make a file mean something
 * else than it shows.
 *
 * The walk goes on after an alias, anchor, tag, merge key or repeated key, so that all of them are
 * told at once; it ends at broken syntax, a second document, nesting deeper than 8 and maps of more
 * than 1000 keys (a bound on the search for repeated ones). Positions are characters, as editors
 * count them.
 *
 * Thread: any thread (one owner at a time) */
#include "yaml.h"

#include <yaml.h>

enum {
    DEPTH_MAX = 8,      // maps and lists within each other; winnowd's own options need fewer
    KEYS_MAX = 1000,    // of one map: the search for a repeated key looks at all of them
    KEY_BYTES_MAX = 255 // of one key; the longest option is far shorter
};

struct frame {
    struct node *node, **end; // the open list or map, and where its next child goes
    struct node *key;         // of a map: the key whose value comes next
};

struct yaml_walk {
    yaml_parser_t parser;
    struct problems *problems;
    struct arena *arena;
    struct text yaml;
    struct frame stack[DEPTH_MAX];
    size_t depth, documents;
    struct node *root;
    bool over;
};

static struct mark yaml_mark_of(yaml_mark_t m) { return (struct mark){m.line + 1, m.column + 1}; }

bool node_is_null(const struct node *n) {
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    if (n->kind != NODE_SCALAR || !n->plain) return false;
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        if (text_equal(n->text, text_of(nulls[i]))) return true;
    return false;
}

/* "section.key" of a key in the innermost map. Deeper keys are left off: in free maps they may be a
 * secret in the wrong place. */
static const char *yaml_path_to(struct yaml_walk *w, const struct node *key) {
    struct buf b = {0};
    size_t names = 0;
    for (size_t i = 1; i < w->depth; i++) {
        const struct node *outer = w->stack[i].node->key;
        if (!outer || outer->kind != NODE_SCALAR || ++names > 2) continue;
        buf_printf(&b, "%s%s", names > 1 ? "." : "", outer->text.at);
    }
    if (names < 2) buf_printf(&b, "%s%s", names ? "." : "", key->text.at);
    const char *path = arena_string(w->arena, buf_view(&b));
    buf_release(&b);
    return path;
}

/* Keys are told in messages; what holds other characters may be a value that lost its quotes or its
 * line, so a secret (promise I12). */
static bool yaml_simple_key(struct text t) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    for (size_t i = 0; i < t.len; i++)
        if (!memchr(letters, t.at[i], sizeof letters - 1)) return false;
    return t.len > 0 && t.len <= KEY_BYTES_MAX;
}

static void yaml_take_key(struct yaml_walk *w, struct frame *f, struct node *key) {
    f->key = key;
    if (key->kind == NODE_BROKEN) return;
    const char *wrong = NULL;
    if (key->kind != NODE_SCALAR) wrong = "a key must be one word, not a list or a map";
    else if (key->plain && text_equal(key->text, TEXT("<<")))
        wrong = "merge keys (<<) are not allowed; write the keys out";
    else if (!yaml_simple_key(key->text))
        wrong = "a key must have 1 to 255 bytes: letters, digits, '.', '_' and '-'";
    if (!wrong) return;
    problem(w->problems, key->mark, NULL, "%s", wrong);
    key->kind = NODE_BROKEN;
}

/* The value of a key of this map, if the key was seen before. */
static const struct node *yaml_seen_before(const struct frame *f) {
    for (const struct node *c = f->node->child; c; c = c->next)
        if (text_equal(c->key->text, f->key->text)) return c;
    return NULL;
}

static void yaml_append(struct frame *f, struct node *n) {
    *f->end = n;
    f->end = &n->next;
    f->node->n++;
}

static void yaml_take_value(struct yaml_walk *w, struct frame *f, struct node *value) {
    const struct node *first = f->key->kind == NODE_SCALAR ? yaml_seen_before(f) : NULL;
    if (first) {
        problem(w->problems, f->key->mark, yaml_path_to(w, f->key),
                "given twice; first on line %zu", first->key->mark.line);
    } else if (f->node->n == KEYS_MAX) {
        problem(w->problems, f->key->mark, NULL, "more than %d keys in one map", KEYS_MAX);
        w->over = true;
    } else if (f->key->kind == NODE_SCALAR) {
        value->key = f->key;
        yaml_append(f, value);
    }
    f->key = NULL;
}

static void yaml_attach(struct yaml_walk *w, struct node *n) {
    struct frame *f = w->depth ? &w->stack[w->depth - 1] : NULL;
    if (!f) w->root = n;
    else if (f->node->kind == NODE_LIST) yaml_append(f, n);
    else if (!f->key) yaml_take_key(w, f, n);
    else yaml_take_value(w, f, n);
}

static struct node *yaml_node(struct yaml_walk *w, const yaml_event_t *e, int kind) {
    struct node *n = arena_take(w->arena, sizeof *n);
    *n = (struct node){.kind = kind, .mark = yaml_mark_of(e->start_mark)};
    return n;
}

static void yaml_refuse_marks(struct yaml_walk *w, const yaml_event_t *e, const yaml_char_t *anchor,
                              const yaml_char_t *tag) {
    if (anchor)
        problem(w->problems, yaml_mark_of(e->start_mark), NULL, "anchors (&) are not allowed");
    if (tag) problem(w->problems, yaml_mark_of(e->start_mark), NULL, "tags (!) are not allowed");
}

static void yaml_open(struct yaml_walk *w, const yaml_event_t *e, int kind) {
    struct node *n = yaml_node(w, e, kind);
    yaml_attach(w, n);
    if (w->depth == DEPTH_MAX) {
        problem(w->problems, n->mark, NULL, "nested deeper than %d", DEPTH_MAX);
        w->over = true;
        return;
    }
    /* As a key it was refused by attach; it must still be walked as what it is. */
    n->kind = kind;
    w->stack[w->depth++] = (struct frame){.node = n, .end = &n->child};
}

static void yaml_close(struct yaml_walk *w) {
    w->depth--;
    struct frame *outer = w->depth ? &w->stack[w->depth - 1] : NULL;
    if (outer && outer->key == w->stack[w->depth].node) outer->key->kind = NODE_BROKEN;
}

static void yaml_scalar(struct yaml_walk *w, const yaml_event_t *e) {
    struct text t = {(const char *)e->data.scalar.value, e->data.scalar.length};
    struct node *n = yaml_node(w, e, NODE_SCALAR);
    if (t.len && memchr(t.at, '\0', t.len)) {
        problem(w->problems, n->mark, NULL, "a NUL character is not allowed");
        n->kind = NODE_BROKEN;
    }
    n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    n->text = (struct text){arena_string(w->arena, t), t.len};
    yaml_attach(w, n);
}

static void yaml_alias(struct yaml_walk *w, const yaml_event_t *e) {
    problem(w->problems, yaml_mark_of(e->start_mark), NULL,
            "aliases (*) are not allowed; write the value out");
    yaml_attach(w, yaml_node(w, e, NODE_BROKEN));
}

static void yaml_document(struct yaml_walk *w, const yaml_event_t *e) {
    if (!w->documents++) return;
    problem(w->problems, yaml_mark_of(e->start_mark), NULL,
            "a second document (---) is not allowed");
    w->over = true;
}

static void yaml_take_event(struct yaml_walk *w, const yaml_event_t *e) {
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT: yaml_document(w, e); break;
    case YAML_SCALAR_EVENT:
        yaml_refuse_marks(w, e, e->data.scalar.anchor, e->data.scalar.tag);
        yaml_scalar(w, e);
        break;
    case YAML_SEQUENCE_START_EVENT:
        yaml_refuse_marks(w, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
        yaml_open(w, e, NODE_LIST);
        break;
    case YAML_MAPPING_START_EVENT:
        yaml_refuse_marks(w, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
        yaml_open(w, e, NODE_MAP);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: yaml_close(w); break;
    case YAML_ALIAS_EVENT: yaml_alias(w, e); break;
    default: break;
    }
}

/* libyaml tells a bad byte by its offset only. */
static struct mark yaml_mark_at(struct text yaml, size_t offset) {
    struct mark m = MARK_START;
    for (size_t i = 0; i < offset && i < yaml.len; i++) {
        if (yaml.at[i] == '\n') m = (struct mark){m.line + 1, 1};
        else m.column += ((unsigned char)yaml.at[i] & 0xC0) != 0x80;
    }
    return m;
}

static void yaml_syntax_error(struct yaml_walk *w) {
    const yaml_parser_t *y = &w->parser;
    const char *what = y->problem ? y->problem : "cannot be read";
    if (y->error == YAML_READER_ERROR) {
        problem(w->problems, yaml_mark_at(w->yaml, y->problem_offset), NULL, "not UTF-8 text: %s",
                what);
    } else if (y->context) {
        problem(w->problems, yaml_mark_of(y->problem_mark), NULL,
                "not YAML: %s (%s that starts on line %zu)", what, y->context,
                y->context_mark.line + 1);
    } else {
        problem(w->problems, yaml_mark_of(y->problem_mark), NULL, "not YAML: %s", what);
    }
    w->over = true;
}

static struct text yaml_without_bom(struct text t) {
    bool bom = t.len >= 3 && memcmp(t.at, "\xEF\xBB\xBF", 3) == 0;
    return bom ? (struct text){t.at + 3, t.len - 3} : t;
}

struct node *yaml_tree(struct problems *p, struct arena *arena, struct text yaml, bool *whole) {
    yaml = yaml_without_bom(yaml); // libyaml, told the encoding, would take it for a character
    struct yaml_walk w = {.problems = p, .arena = arena, .yaml = yaml};
    xgiven(yaml_parser_initialize(&w.parser) ? &w : NULL); // it fails for want of memory only
    yaml_parser_set_input_string(&w.parser, (const unsigned char *)(yaml.at ? yaml.at : ""),
                                 yaml.len);
    yaml_parser_set_encoding(&w.parser, YAML_UTF8_ENCODING); // or libyaml would take UTF-16 as well
    for (bool end = false; !end && !w.over;) {
        yaml_event_t e;
        if (!yaml_parser_parse(&w.parser, &e)) {
            yaml_syntax_error(&w);
            break;
        }
        yaml_take_event(&w, &e);
        end = e.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&w.parser);
    *whole = !w.over;
    return w.root;
}
