/* One recursive walk that copies, leaves out, or masks; as deep as the pointers are, however deep
 * the event is.
 *
 * Of equal keys the first is chosen, as in reading; but every one of them is masked, with whatever
 * escapes it is written, because a second one would be shown to people just the same. A mask inside
 * something that is left out changes nothing; a mask around something chosen hides it. In an array,
 * null stands for the entries before a chosen one, so that its pointer still leads to it. What
 * cannot be masked as configured is not shown at all.
 *
 * Thread: worker thread (one view each) */
#include "select.h"

void view_release(struct view *v) {
    arena_release(&v->arena);
    buf_release(&v->out);
    buf_release(&v->key);
    *v = (struct view){0};
}

static bool selection_texts_equal(const struct text *a, const struct text *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!text_equal(a[i], b[i])) return false;
    return true;
}

static const struct text *selection_copy_texts(struct arena *arena, const struct text *from,
                                               size_t n) {
    struct text *to = arena_take(arena, n * sizeof *to);
    for (size_t i = 0; i < n; i++) to[i] = arena_text(arena, from[i]);
    return to;
}

/* The trees are kept as long as the selection says the same: after the first event nothing is
 * allocated here. */
static void selection_build(struct view *v, struct text event, const struct selection *s) {
    const struct selection *built = &v->built;
    if (built->fields && built->fields_n == s->fields_n && built->mask_n == s->mask_n &&
        selection_texts_equal(built->fields, s->fields, s->fields_n) &&
        selection_texts_equal(built->mask, s->mask, s->mask_n))
        return;
    arena_reset(&v->arena);
    v->built = (struct selection){selection_copy_texts(&v->arena, s->fields, s->fields_n),
                                  selection_copy_texts(&v->arena, s->mask, s->mask_n), s->fields_n,
                                  s->mask_n};
    v->usable = pointers_build(&v->event, &event, event.len > 0, &v->arena) == 0 &&
                pointers_build(&v->fields, v->built.fields, s->fields_n, &v->arena) == 0 &&
                pointers_build(&v->mask, v->built.mask, s->mask_n, &v->arena) == 0;
}

static const char *selection_show(struct view *v, struct pointer_node *fields,
                                  const struct pointer_node *mask, const char *value);

/* What comes before an entry: a comma, nulls in place of the entries of an array that are left out,
 * its key. */
static void selection_write_lead(struct view *v, const struct json_entry *e, size_t shown) {
    if (shown) buf_add(&v->out, ",", 1);
    if (e->key.at) {
        buf_add(&v->out, e->key.at - 1, e->key.len + 2);
        buf_add(&v->out, ":", 1);
    } else {
        for (; shown < e->index; shown++) buf_str(&v->out, "null,");
    }
}

/* The chosen child that an entry is; NULL: it is left out. */
static struct pointer_node *selection_chosen(struct view *v, const struct pointer_node *fields,
                                             const struct json_entry *e) {
    struct pointer_node *child = pointers_follow(fields, e, &v->key);
    if (!child || child->seen == v->walks) return NULL;
    child->seen = v->walks;
    return child;
}

/* Entry after entry of an object or array; fields NULL: all of them. */
static const char *selection_show_entries(struct view *v, const struct pointer_node *fields,
                                          const struct pointer_node *mask, const char *value) {
    struct json_walk w = json_enter(value);
    struct json_entry e;
    size_t shown = 0, before = v->out.len;
    buf_add(&v->out, value, 1);
    while (json_next(&w, &e)) {
        struct pointer_node *child = fields ? selection_chosen(v, fields, &e) : NULL;
        if (fields && !child) {
            w.at = json_end(e.value);
            continue;
        }
        size_t here = v->out.len;
        selection_write_lead(v, &e, shown);
        size_t led = v->out.len;
        w.at = selection_show(v, child, mask ? pointers_follow(mask, &e, &v->key) : NULL, e.value);
        if (v->out.len == led) v->out.len = here;
        else shown = e.key.at ? shown + 1 : e.index + 1;
    }
    if (fields && !shown) v->out.len = before; // an object of which nothing was chosen is not there
    else buf_str(&v->out, *value == '{' ? "}" : "]");
    return w.at;
}

/* Writes what may be seen of the value, perhaps nothing; gives where it ends. fields NULL: no
 * pointer leads further down, all of it is chosen. mask NULL: nothing in it is masked. */
static const char *selection_show(struct view *v, struct pointer_node *fields,
                                  const struct pointer_node *mask, const char *value) {
    bool inside = *value == '{' || *value == '[';
    if (fields && fields->paths) fields = NULL;
    if (mask && mask->paths) {
        buf_str(&v->out, "\"***\"");
    } else if (inside && (fields || mask)) {
        return selection_show_entries(v, fields, mask, value);
    } else if (!fields) {
        const char *end = json_end(value);
        buf_add(&v->out, value, (size_t)(end - value));
        return end;
    }
    return json_end(value);
}

/* Where the event begins; NULL: there is none. Of equal keys the first counts. */
static const char *selection_event(struct view *v, const char *value) {
    const struct pointer_node *node = &v->event;
    while (node->children) {
        struct json_entry e;
        struct pointer_node *child = NULL;
        if (*value != '{' && *value != '[') return NULL;
        struct json_walk w = json_enter(value);
        while (!child && json_next(&w, &e))
            if (!(child = pointers_follow(node, &e, &v->key))) w.at = json_end(e.value);
        if (!child) return NULL;
        value = e.value;
        node = child;
    }
    return value;
}

struct text view_select(struct view *v, struct text record, struct text event,
                        const struct selection *s) {
    selection_build(v, event, s);
    if (!v->usable) return TEXT("null");
    v->walks++;
    buf_reset(&v->out);
    const char *value = selection_event(v, memchr(record.at, '{', record.len));
    if (!value) return TEXT("null");
    struct pointer_node *fields = s->fields_n ? &v->fields : NULL;
    const struct pointer_node *mask = s->mask_n ? &v->mask : NULL;
    selection_show(v, fields, mask, value);
    return v->out.len ? buf_view(&v->out) : TEXT("{}");
}
