/* A search tree (glibc's tsearch) under a lock: a few thousand look-ups a second, and nobody waits
 * on them.
 *
 * Thread: any thread */
#include "data/true_labels.h"

#include "base/arena.h"

#include <pthread.h>
#include <search.h>

struct answer {
    struct text id;
    int class_;
    bool judged;
};

struct truth {
    pthread_mutex_t lock;
    struct arena arena; // answers and their ids
    void *tree;
};

struct truth *truth_create(void) {
    struct truth *t = xcalloc(1, sizeof *t);
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

static void truth_keep(void *node) { (void)node; } // answers live in the arena

void truth_destroy(struct truth *t) {
    if (!t) return;
    tdestroy(t->tree, truth_keep);
    arena_release(&t->arena);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static int truth_by_id(const void *left, const void *right) {
    const struct answer *a = left, *b = right;
    return text_order(a->id, b->id);
}

int truth_put(struct truth *t, struct text id, int class_) {
    pthread_mutex_lock(&t->lock);
    struct answer *fresh = arena_take(&t->arena, sizeof *fresh);
    *fresh = (struct answer){.id = arena_text(&t->arena, id), .class_ = class_};
    struct answer **in_tree = tsearch(fresh, &t->tree, truth_by_id);
    CHECK(in_tree);
    int result = *in_tree == fresh ? 0 : ERR_MISMATCH;
    pthread_mutex_unlock(&t->lock);
    return result;
}

static struct answer *truth_find(struct truth *t, struct text id) {
    struct answer wanted = {.id = id}, *const *found = tfind(&wanted, &t->tree, truth_by_id);
    return found ? *found : NULL;
}

int truth_get(struct truth *t, struct text id) {
    pthread_mutex_lock(&t->lock);
    const struct answer *a = truth_find(t, id);
    int class_ = a ? a->class_ : TRUTH_UNKNOWN;
    pthread_mutex_unlock(&t->lock);
    return class_;
}

int truth_judge(struct truth *t, struct text id) {
    pthread_mutex_lock(&t->lock);
    struct answer *a = truth_find(t, id);
    int class_ = !a ? TRUTH_UNKNOWN : a->judged ? TRUTH_JUDGED : a->class_;
    if (a) a->judged = true;
    pthread_mutex_unlock(&t->lock);
    return class_;
}
