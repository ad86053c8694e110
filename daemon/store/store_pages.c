/* The pages of the label store's file, looked at before LMDB reads one.
 *
 * LMDB believes its pages. One that is damaged (a disk, a copy that was cut, a stray write) ends
 * the process by an assertion or a fault, at each start anew; a damaged list of free pages lets it
 * write over pages in use. So all that its code goes by is checked once, when the store is opened:
 * the trees, each page in them, the order of the keys, and that no page is used twice or used and
 * free. What stands in the records is checked where they are read.
 *
 * The layout is that of LMDB 0.9 on machines of 64 bits, which write the least byte first: pages of
 * the system's size with a head of 16 bytes; two of them, the first, name the roots. A file of
 * another layout counts as damaged, since the store is a cache and is filled anew.
 *
 * Thread: learner thread; main thread of a command */
#include "store_tables.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HEAD = 16, // of a page: its number (8 bytes), pad, flags, lower, upper (2 each)
    PAD_AT = 8,
    FLAGS_AT = 10,
    LOWER_AT = 12, // two numbers, or the pages of an overflow page in one
    UPPER_AT = 14,
    NODE = 8, // head of a node: its size or the child (4 bytes), flags, size of the key (2 each)
    NODE_FLAGS_AT = 4,
    NODE_KEY_AT = 6,
    TREE = 48,      // bytes that describe a tree
    DEPTH_MAX = 32, // of LMDB's cursors
    NODE_KEY_MAX = 511,
    META_PAGES = 2,
    ID = 8,   // bytes of a page's number
    EVEN = 1, // nodes begin at even places
    /* of a meta page */
    MAGIC_AT = HEAD,
    MAP_SIZE_AT = HEAD + 16,
    TREES_AT = HEAD + 24, // free pages, then the tables
    LAST_AT = TREES_AT + 2 * TREE,
    TXN_AT = LAST_AT + 8
};
/* What a page is. */
enum {
    PAGE_BRANCH = 1,
    PAGE_LEAF = 2,
    PAGE_OVERFLOW = 4, // of a value that is too large for a node
    PAGE_META = 8,
    PAGE_DIRTY = 16,
    PAGE_LEAF2 = 32, // keys of one size, without nodes
    PAGE_SUB = 64    // within a node
};
/* What a node's value is. */
enum {
    NODE_BIG = 1,  // on pages of its own
    NODE_TREE = 2, // the description of a tree
    NODE_DUP = 4   // several values
};
/* What a tree holds. */
enum {
    TREE_DUPS = 4,    // several values a key
    TREE_NUMBERS = 8, // keys that are numbers of 8 bytes
    TREE_FIXED = 16   // values of one size
};
static const uint64_t magic = UINT64_C(1) << 32 | 0xBEEFC0DE, // and the layout's number
    nowhere = UINT64_MAX,                                     // root of an empty tree
    map_most = UINT64_C(1) << 42;

struct pages {
    const struct store_options *options;
    int fd;
    size_t size;         // bytes of a page
    uint64_t n;          // pages
    unsigned char *seen; // (n) 1: in a tree or free
    unsigned char *cell; // (size) bytes of the page in hand that a node has taken
};

struct tree {
    uint32_t pad; // bytes of a key without a node
    uint16_t flags, depth;
    uint64_t branches, leaves, overflows, entries, root;
};

enum tree_kind { TREE_OF_TREES, TREE_OF_FREE, TREE_OF_RECORDS, TREE_OF_VALUES };

struct walk {
    struct pages *p;
    enum tree_kind kind;
    const struct tree *tree;
    struct tree found; // counts
    unsigned char last[NODE_KEY_MAX];
    size_t last_n;
    bool any, may_equal; // there is a last key; it was a separator, which the next key may equal
};

static uint64_t pages_get(const unsigned char *at, size_t width) {
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static struct tree tree_read(const unsigned char *at) {
    return (struct tree){.pad = (uint32_t)pages_get(at, 4),
                         .flags = (uint16_t)pages_get(at + 4, 2),
                         .depth = (uint16_t)pages_get(at + 6, 2),
                         .branches = pages_get(at + 8, 8),
                         .leaves = pages_get(at + 16, 8),
                         .overflows = pages_get(at + 24, 8),
                         .entries = pages_get(at + 32, 8),
                         .root = pages_get(at + 40, 8)};
}

/* ---- pages ---- */

/* No page has two users. */
static bool pages_take(struct pages *p, uint64_t first, uint64_t n) {
    if (first < META_PAGES || first >= p->n || n > p->n - first) return false;
    for (uint64_t i = first; i < first + n; i++)
        if (p->seen[i]++) return false;
    return true;
}

static bool pages_read(const struct pages *p, uint64_t at, unsigned char *out, size_t n) {
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(p->fd, out + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        done += (size_t)got;
    }
    return true;
}

static bool pages_read_page(const struct pages *p, uint64_t number, unsigned char *out) {
    if (p->options->moves) p->options->moves(p->options->moves_opaque);
    return pages_read(p, number * p->size, out, p->size) && pages_get(out, ID) == number;
}

/* The values behind so many keys of one size, which stand there one after the other. */
static bool pages_fixed(const unsigned char *page, size_t size, size_t width, size_t *n) {
    size_t lower = pages_get(page + LOWER_AT, 2), upper = pages_get(page + UPPER_AT, 2);
    if (lower <= HEAD || lower > upper || upper > size || (lower & EVEN) || !width) return false;
    *n = (lower - HEAD) / 2;
    return pages_get(page + PAD_AT, 2) == width && *n <= (size - HEAD) / width;
}

/* ---- keys ---- */

static int walk_compare(const struct walk *w, const unsigned char *key, size_t n) {
    if (w->tree->flags & TREE_NUMBERS) {
        uint64_t a = pages_get(w->last, ID), b = pages_get(key, ID);
        return a < b ? -1 : a > b;
    }
    size_t both = w->last_n < n ? w->last_n : n;
    int order = memcmp(w->last, key, both);
    if (order) return order;
    return w->last_n < n ? -1 : w->last_n > n;
}

/* Keys ascend; what a branch says of a child is no more than the child's first key. */
static bool walk_key(struct walk *w, const unsigned char *key, size_t n, bool separator) {
    if (!n || n > sizeof w->last || ((w->tree->flags & TREE_NUMBERS) && n != ID)) return false;
    int order = w->any ? walk_compare(w, key, n) : -1;
    if (order > 0 || (order == 0 && !w->may_equal)) return false;
    memcpy(w->last, key, n);
    w->last_n = n;
    w->any = true;
    w->may_equal = separator;
    return true;
}

static bool walk_fixed(struct walk *w, const unsigned char *page, size_t size, size_t width) {
    size_t n;
    if (!pages_fixed(page, size, width, &n)) return false;
    for (size_t i = 0; i < n; i++)
        if (!walk_key(w, page + HEAD + i * width, width, false)) return false;
    w->found.entries += n;
    return true;
}

/* ---- values ---- */

static bool walk_tree(struct pages *p, enum tree_kind kind, const struct tree *t);

/* A list of pages that are free: their number, then they, descending. */
static bool walk_free(struct pages *p, const unsigned char *list, size_t n) {
    uint64_t last = UINT64_MAX, pages = n >= ID ? pages_get(list, ID) : UINT64_MAX;
    if (pages > n / ID - 1) return false;
    for (uint64_t i = 1; i <= pages; i++) {
        uint64_t page = pages_get(list + i * ID, ID);
        if (page >= last || !pages_take(p, page, 1)) return false;
        last = page;
    }
    return true;
}

/* Several values within a node: a page in small. */
static bool walk_sub_page(struct walk *w, const unsigned char *data, size_t n) {
    if (n < HEAD) return false;
    size_t width = pages_get(data + PAD_AT, 2), flags = pages_get(data + FLAGS_AT, 2);
    struct tree values = {.flags = TREE_FIXED};
    struct walk within = {.p = w->p, .kind = TREE_OF_VALUES, .tree = &values};
    bool fine = (flags & ~(size_t)PAGE_DIRTY) == (PAGE_LEAF | PAGE_LEAF2 | PAGE_SUB) &&
                walk_fixed(&within, data, n, width);
    w->found.entries += within.found.entries;
    return fine;
}

static bool walk_sub_tree(struct walk *w, const unsigned char *data, size_t n) {
    if (n != TREE) return false;
    struct tree t = tree_read(data);
    w->found.entries += t.entries;
    return t.flags == TREE_FIXED && t.root != nowhere && walk_tree(w->p, TREE_OF_VALUES, &t);
}

static bool walk_big(struct walk *w, const unsigned char *data, size_t n) {
    unsigned char head[HEAD];
    uint64_t page = pages_get(data, ID), pages = (HEAD - 1 + n) / w->p->size + 1;
    if (!pages_take(w->p, page, pages) || !pages_read(w->p, page * w->p->size, head, HEAD) ||
        pages_get(head, ID) != page || pages_get(head + FLAGS_AT, 2) != PAGE_OVERFLOW ||
        pages_get(head + LOWER_AT, 4) != pages)
        return false;
    w->found.overflows += pages;
    w->found.entries++;
    if (w->kind != TREE_OF_FREE) return true;
    unsigned char *list = xmalloc(n);
    bool fine = pages_read(w->p, page * w->p->size + HEAD, list, n) && walk_free(w->p, list, n);
    free(list);
    return fine;
}

/* "samples" has several values a key; no other table has. */
static bool walk_table(struct walk *w, const unsigned char *data, size_t n) {
    if (n != TREE) return false;
    struct tree t = tree_read(data);
    struct text name = {(const char *)w->last, w->last_n};
    bool several = text_equal(name, text_of(store_table_name[TABLE_SAMPLES]));
    w->found.entries++;
    return t.flags == (several ? TREE_DUPS | TREE_FIXED : 0) &&
           walk_tree(w->p, TREE_OF_RECORDS, &t);
}

static bool walk_value(struct walk *w, unsigned flags, const unsigned char *data, size_t n) {
    bool several = w->tree->flags & TREE_DUPS;
    if (w->kind == TREE_OF_TREES) return flags == NODE_TREE && walk_table(w, data, n);
    if (flags == NODE_BIG) return !several && walk_big(w, data, n);
    if (flags == NODE_DUP) return several && walk_sub_page(w, data, n);
    if (flags == (NODE_DUP | NODE_TREE)) return several && walk_sub_tree(w, data, n);
    w->found.entries++;
    return flags == 0 && (w->kind != TREE_OF_FREE || walk_free(w->p, data, n));
}

/* ---- nodes and pages ---- */

/* The i-th node lies whole on its page, and no other on it. */
static const unsigned char *walk_node(const struct walk *w, const unsigned char *page, size_t i) {
    size_t size = w->p->size, at = pages_get(page + HEAD + 2 * i, 2),
           upper = pages_get(page + UPPER_AT, 2);
    if (at < upper || at > size - NODE || (at & EVEN)) return NULL;
    const unsigned char *node = page + at;
    size_t flags = pages_get(node + NODE_FLAGS_AT, 2), n = NODE + pages_get(node + NODE_KEY_AT, 2);
    if (pages_get(page + FLAGS_AT, 2) == PAGE_LEAF) n += flags & NODE_BIG ? ID : pages_get(node, 4);
    if (n > size - at) return NULL;
    for (size_t k = at; k < at + n; k++)
        if (w->p->cell[k]++) return NULL;
    return node;
}

static bool walk_leaf_node(struct walk *w, const unsigned char *node) {
    size_t key = pages_get(node + NODE_KEY_AT, 2);
    return walk_key(w, node + NODE, key, false) &&
           walk_value(w, (unsigned)pages_get(node + NODE_FLAGS_AT, 2), node + NODE + key,
                      pages_get(node, 4));
}

static bool walk_page(struct walk *w, uint64_t number, unsigned depth);

/* The first child of a branch has no key that counts. */
static bool walk_branch_node(struct walk *w, const unsigned char *node, size_t i, unsigned depth) {
    uint64_t child = pages_get(node, 4) | pages_get(node + NODE_FLAGS_AT, 2) << 32;
    size_t key = pages_get(node + NODE_KEY_AT, 2);
    return (i == 0 || walk_key(w, node + NODE, key, true)) && walk_page(w, child, depth + 1);
}

static bool walk_nodes(struct walk *w, const unsigned char *page, unsigned depth) {
    size_t lower = pages_get(page + LOWER_AT, 2), upper = pages_get(page + UPPER_AT, 2);
    bool leaf = depth == w->tree->depth;
    if (lower <= HEAD || lower > upper || upper > w->p->size || (lower & EVEN)) return false;
    size_t n = (lower - HEAD) / 2;
    if (!leaf && n < 2 && w->kind != TREE_OF_FREE) return false;
    const unsigned char **node = xcalloc(n, sizeof *node);
    bool fine = true;
    memset(w->p->cell, 0, w->p->size);
    for (size_t i = 0; fine && i < n; i++) fine = (node[i] = walk_node(w, page, i)) != NULL;
    for (size_t i = 0; fine && i < n; i++)
        fine = leaf ? walk_leaf_node(w, node[i]) : walk_branch_node(w, node[i], i, depth);
    free(node);
    return fine;
}

static bool walk_page_in(struct walk *w, const unsigned char *page, unsigned depth) {
    bool leaf = depth == w->tree->depth, fixed = leaf && w->kind == TREE_OF_VALUES;
    size_t flags = leaf ? PAGE_LEAF : PAGE_BRANCH;
    if (fixed) flags |= PAGE_LEAF2;
    *(leaf ? &w->found.leaves : &w->found.branches) += 1;
    if (pages_get(page + FLAGS_AT, 2) != flags) return false;
    return fixed ? walk_fixed(w, page, w->p->size, w->tree->pad) : walk_nodes(w, page, depth);
}

static bool walk_page(struct walk *w, uint64_t number, unsigned depth) {
    if (depth > w->tree->depth || !pages_take(w->p, number, 1)) return false;
    unsigned char *page = xmalloc(w->p->size);
    bool fine = pages_read_page(w->p, number, page) && walk_page_in(w, page, depth);
    free(page);
    return fine;
}

static bool walk_tree(struct pages *p, enum tree_kind kind, const struct tree *t) {
    struct walk w = {.p = p, .kind = kind, .tree = t};
    if (t->depth > DEPTH_MAX || (t->root == nowhere) != (t->depth == 0)) return false;
    if (t->root != nowhere && !walk_page(&w, t->root, 1)) return false;
    return w.found.branches == t->branches && w.found.leaves == t->leaves &&
           w.found.overflows == t->overflows && w.found.entries == t->entries;
}

/* ---- the file ---- */

/* The page that names the roots of the last commit: of the two the one with the later number. */
static bool pages_meta(const struct pages *p, uint64_t bytes, unsigned char *out) {
    unsigned char *page = xmalloc(p->size);
    bool fine = bytes >= META_PAGES * p->size;
    for (uint64_t i = 0; fine && i < META_PAGES; i++) {
        fine = pages_read_page(p, i, page) && pages_get(page + FLAGS_AT, 2) == PAGE_META &&
               pages_get(page + MAGIC_AT, 8) == magic;
        if (i == 0 || pages_get(page + TXN_AT, 8) > pages_get(out + TXN_AT, 8))
            memcpy(out, page, p->size);
    }
    free(page);
    return fine && pages_get(out + MAP_SIZE_AT, 8) <= map_most;
}

static bool pages_whole(struct pages *p, uint64_t bytes) {
    unsigned char *meta = xcalloc(1, p->size);
    bool fine = pages_meta(p, bytes, meta);
    struct tree free_pages = tree_read(meta + TREES_AT), tables = tree_read(meta + TREES_AT + TREE);
    uint64_t last = pages_get(meta + LAST_AT, 8);
    free(meta);
    if (!fine || last >= bytes / p->size) return false;
    if (free_pages.pad != p->size || free_pages.flags != TREE_NUMBERS || tables.flags) return false;
    p->n = last + 1;
    p->seen = xcalloc(p->n, 1);
    p->cell = xmalloc(p->size);
    fine = walk_tree(p, TREE_OF_TREES, &tables) && walk_tree(p, TREE_OF_FREE, &free_pages);
    free(p->seen);
    free(p->cell);
    return fine;
}

int store_pages_check(const struct store *s) {
    struct stat file;
    char *path = xasprintf("%s/data.mdb", s->dir);
    struct pages p = {.options = &s->options,
                      .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK),
                      .size = (size_t)sysconf(_SC_PAGESIZE)};
    free(path);
    if (p.fd < 0) return errno == ENOENT ? 0 : ERR_IO;
    int result = ERR_IO;
    if (fstat(p.fd, &file) == 0) {
        bool whole = file.st_size == 0 || pages_whole(&p, (uint64_t)file.st_size);
        result = S_ISREG(file.st_mode) && whole ? 0 : ERR_CORRUPT;
    }
    close(p.fd);
    return result;
}
