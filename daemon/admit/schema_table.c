/* A sorted list: a topic has a handful of schemas, and mostly the record before had the same.
 *
 * Thread: worker thread */
#include "schema_table.h"

static void schema_table_free(struct schema_table *t, struct schema_entry *e) {
    t->bytes -= e->weight;
    arena_release(&e->arena);
    free(e->why);
    free(e);
}

void schema_table_release(struct schema_table *t) {
    for (size_t i = 0; i < t->n; i++) schema_table_free(t, t->entry[i]);
    free(t->entry);
    *t = (struct schema_table){0};
}

/* Where the id is, or would be. */
static size_t schema_table_place(const struct schema_table *t, uint32_t id) {
    size_t low = 0, high = t->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (t->entry[middle]->id < id) low = middle + 1;
        else high = middle;
    }
    return low;
}

struct schema_entry *schema_table_find(struct schema_table *t, uint32_t id) {
    struct schema_entry *e = t->last;
    if (!e || e->id != id) {
        size_t i = schema_table_place(t, id);
        if (i == t->n || t->entry[i]->id != id) return NULL;
        t->last = e = t->entry[i];
    }
    e->used = ++t->uses;
    return e;
}

struct schema_entry *schema_table_put(struct schema_table *t, uint32_t id) {
    size_t i = schema_table_place(t, id);
    struct schema_entry *e = xcalloc(1, sizeof *e);
    *e = (struct schema_entry){.id = id, .used = ++t->uses};
    t->last = NULL;
    if (i < t->n && t->entry[i]->id == id) {
        schema_table_free(t, t->entry[i]);
        return t->entry[i] = e;
    }
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 8;
        t->entry = xrealloc(t->entry, t->cap * sizeof *t->entry);
    }
    memmove(t->entry + i + 1, t->entry + i, (t->n - i) * sizeof *t->entry);
    t->n++;
    return t->entry[i] = e;
}

/* Newest first; what is to go in any case last. */
static int schema_table_by_use(const void *left, const void *right) {
    const struct schema_entry *a = *(struct schema_entry *const *)left,
                              *b = *(struct schema_entry *const *)right;
    if (a->passing != b->passing) return a->passing - b->passing;
    return (a->used < b->used) - (a->used > b->used);
}

void schema_table_weigh(struct schema_table *t, struct schema_entry *e) {
    t->bytes += e->arena.used - e->weight;
    t->fresh += e->arena.used - e->weight;
    e->weight = e->arena.used;
}

static bool schema_table_fits(const struct schema_table *t) {
    return t->n <= SCHEMAS_KEPT && t->bytes <= SCHEMAS_KEPT_BYTES;
}

/* The use before which an entry goes. */
static uint64_t schema_table_oldest(const struct schema_table *t) {
    if (schema_table_fits(t)) return 0;
    struct schema_entry **by_use = xmalloc(t->n * sizeof *by_use);
    memcpy(by_use, t->entry, t->n * sizeof *by_use);
    qsort(by_use, t->n, sizeof *by_use, schema_table_by_use);
    size_t kept = 1, bytes = by_use[0]->weight;
    while (kept < t->n && kept < SCHEMAS_KEPT &&
           (bytes += by_use[kept]->weight) <= SCHEMAS_KEPT_BYTES)
        kept++;
    uint64_t oldest = by_use[kept - 1]->used;
    free(by_use);
    return oldest;
}

void schema_table_tidy(struct schema_table *t) {
    t->fresh = 0;
    if (!t->passing && schema_table_fits(t)) return;
    uint64_t oldest = schema_table_oldest(t);
    size_t kept = 0;
    for (size_t i = 0; i < t->n; i++) {
        struct schema_entry *e = t->entry[i];
        if (e->passing || e->used < oldest) schema_table_free(t, e);
        else t->entry[kept++] = e;
    }
    t->n = kept;
    t->last = NULL;
    t->passing = false;
}
