/* Checks of the single texts of an entry, and of lists whose texts must differ.
 *
 * Thread: main thread */
#include "check.h"

void check_entry(struct config_reading *r, const struct option *o, const struct entry_check *check,
                 struct given *g, const void *base, struct mark otherwise) {
    const void *at = (const char *)base + o->offset;
    char *const *entries = o->type == TYPE_LIST ? ((const struct list *)at)->at : at;
    size_t n = o->type == TYPE_LIST ? ((const struct list *)at)->n : **entries != '\0';
    const struct node *node = g->node;
    if (node && o->type == TYPE_LIST) node = node->child;
    for (size_t i = 0; i < n; i++) {
        struct text entry = text_of(entries[i]);
        const char *wrong = check->rule(entry);
        struct mark mark = node ? node->mark : otherwise;
        bool secret = value_is_secret(
            "", entries[i]); // in the wrong place, but not to be repeated (promise I12)
        if (wrong)
            problem(&r->problems, mark, o->path, "%s %s",
                    secret ? "the value" : shown(&r->problems, entry), wrong);
        g->bad |= wrong != NULL;
        if (node) node = node->next;
    }
}

static int check_by_text(const void *left, const void *right) {
    const struct item *a = left, *b = right;
    int order = strcmp(a->text, b->text);
    if (order) return order;
    if (a->mark.line != b->mark.line) return a->mark.line < b->mark.line ? -1 : 1;
    return (a->mark.column > b->mark.column) - (a->mark.column < b->mark.column);
}

void check_repeats(struct config_reading *r, struct item *items, size_t n) {
    if (n) qsort(items, n, sizeof *items, check_by_text);
    for (size_t i = 1; i < n; i++)
        if (strcmp(items[i].text, items[i - 1].text) == 0)
            problem(&r->problems, items[i].mark, items[i].path,
                    "%s is used twice; each must be different",
                    shown(&r->problems, text_of(items[i].text)));
}

void check_unique_list(struct config_reading *r, const char *path, const struct list *list,
                       const struct given *g) {
    if (!g->node || g->bad) return;
    struct item *items = arena_take(&r->arena, list->n * sizeof *items);
    const struct node *node = g->node->child;
    for (size_t i = 0; i < list->n; i++, node = node->next)
        items[i] = (struct item){list->at[i], path, node->mark};
    check_repeats(r, items, list->n);
}

const char *check_joined(struct config_reading *r, const struct list *list, const char *first) {
    struct buf b = {0};
    buf_str(&b, first);
    for (size_t i = 0; i < list->n; i++) buf_printf(&b, "%s%s", i ? "|" : "", list->at[i]);
    const char *text = arena_string(&r->arena, buf_view(&b));
    buf_release(&b);
    return text;
}
