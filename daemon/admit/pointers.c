/* Building the tree from sorted pointers, and one step down in it.
 *
 * Sorted step by step, pointers with a common beginning stand together, so each node's children are
 * one pass over its share of the list, and come out in order for a binary search.
 *
 * Thread: any thread */
#include "pointers.h"

struct route {
    struct text *step; // (steps)
    size_t steps, path;
};

static bool pointers_read_step(struct text raw, struct arena *arena, struct text *step) {
    char *out = arena_take(arena, raw.len + PADDING);
    memset(out, 0, raw.len + PADDING);
    *step = (struct text){out, 0};
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.at[i];
        if (c == '~') {
            if (++i == raw.len || (raw.at[i] != '0' && raw.at[i] != '1')) return false;
            c = raw.at[i] == '0' ? '~' : '/';
        }
        out[step->len++] = c;
    }
    return true;
}

static bool pointers_read_route(struct text pointer, struct arena *arena, struct route *route) {
    if (!pointer.len || pointer.at[0] != '/') return false;
    for (size_t i = 0; i < pointer.len; i++) route->steps += pointer.at[i] == '/';
    route->step = arena_take(arena, route->steps * sizeof *route->step);
    const char *at = pointer.at + 1, *end = pointer.at + pointer.len;
    for (size_t i = 0; i < route->steps; i++) {
        const char *slash = at < end ? memchr(at, '/', (size_t)(end - at)) : NULL;
        size_t len = (size_t)((slash ? slash : end) - at);
        if (!pointers_read_step((struct text){at, len}, arena, &route->step[i])) return false;
        at += len + 1;
    }
    return true;
}

static int pointers_by_steps(const void *left, const void *right) {
    const struct route *a = left, *b = right;
    for (size_t i = 0; i < a->steps && i < b->steps; i++) {
        int order = text_order(a->step[i], b->step[i]);
        if (order) return order;
    }
    if (a->steps != b->steps) return a->steps < b->steps ? -1 : 1;
    return (a->path > b->path) - (a->path < b->path);
}

/* Routes (n) that agree up to `depth`: how many of the first share the next step too. */
static size_t pointers_group_length(const struct route *r, size_t n, size_t depth) {
    size_t i = 1;
    while (i < n && text_equal(r[i].step[depth], r[0].step[depth])) i++;
    return i;
}

/* Without a leading zero or a sign, as RFC 6901 wants. */
static size_t pointers_index_of(struct text token) {
    size_t index = 0;
    if (!token.len || token.len > 18 || (token.at[0] == '0' && token.len > 1)) return INDEX_NONE;
    for (size_t i = 0; i < token.len; i++) {
        if (token.at[i] < '0' || token.at[i] > '9') return INDEX_NONE;
        index = index * 10 + (size_t)(token.at[i] - '0');
    }
    return index;
}

static void pointers_grow(struct pointer_node *node, const struct route *r, size_t n, size_t depth,
                          struct arena *arena) {
    size_t *path = arena_take(arena, n * sizeof *path);
    node->path = path;
    while (node->paths < n && r[node->paths].steps == depth) {
        path[node->paths] = r[node->paths].path;
        node->paths++;
    }
    r += node->paths;
    n -= node->paths;
    for (size_t i = 0; i < n; i += pointers_group_length(r + i, n - i, depth)) node->children++;
    node->child = arena_take(arena, node->children * sizeof *node->child);
    struct pointer_node *child = node->child;
    for (size_t i = 0, group; i < n; i += group, child++) {
        group = pointers_group_length(r + i, n - i, depth);
        *child = (struct pointer_node){.token = r[i].step[depth],
                                       .index = pointers_index_of(r[i].step[depth])};
        if (child->index != INDEX_NONE && child->index > node->index_most)
            node->index_most = child->index;
        pointers_grow(child, r + i, group, depth + 1, arena);
    }
}

int pointers_build(struct pointer_node *root, const struct text *pointers, size_t n,
                   struct arena *arena) {
    struct route *routes = arena_take(arena, n * sizeof *routes);
    for (size_t i = 0; i < n; i++) {
        routes[i] = (struct route){.path = i};
        if (!pointers_read_route(pointers[i], arena, &routes[i])) return ERR_CONFIG;
    }
    if (n) qsort(routes, n, sizeof *routes, pointers_by_steps);
    *root = (struct pointer_node){0};
    pointers_grow(root, routes, n, 0, arena);
    return 0;
}

struct pointer_node *pointers_named(const struct pointer_node *node, struct text key) {
    size_t low = 0, high = node->children;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = text_order(key, node->child[middle].token);
        if (order == 0) return &node->child[middle];
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return NULL;
}

static struct pointer_node *pointers_child_at(const struct pointer_node *node, size_t index) {
    if (index > node->index_most) return NULL;
    char digits[20], *end = digits + sizeof digits, *at = end;
    do *--at = (char)('0' + index % 10);
    while (index /= 10);
    return pointers_named(node, (struct text){at, (size_t)(end - at)});
}

struct pointer_node *pointers_follow(const struct pointer_node *node,
                                     const struct json_entry *entry, struct buf *scratch) {
    struct text key = entry->key;
    if (!key.at) return pointers_child_at(node, entry->index);
    if (memchr(key.at, '\\', key.len)) {
        buf_reset(scratch);
        scratch->len = json_unescape(key, buf_room(scratch, key.len));
        key = buf_view(scratch);
    }
    return pointers_named(node, key);
}
