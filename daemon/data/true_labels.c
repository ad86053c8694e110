/* A search tree (glibc's tsearch) under one lock: a few thousand look-ups a second are far below
 * what a finer lock would be needed for.
 *
 * Thread: any thread */
#include "data/true_labels.h"

#include "base/arena.h"

#include <pthread.h>
#include <search.h>

struct true_label {
    struct text id;
    int class_;
    bool judged;
};

struct true_labels {
    pthread_mutex_t lock;
    struct arena arena; // labels and their ids
    void *tree;
};

struct true_labels *true_labels_create(void) {
    struct true_labels *t = xcalloc(1, sizeof *t);
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

static void true_labels_keep(void *node) { (void)node; } // nodes live in the arena

void true_labels_destroy(struct true_labels *t) {
    if (!t) return;
    tdestroy(t->tree, true_labels_keep);
    arena_release(&t->arena);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static int true_labels_by_id(const void *left, const void *right) {
    const struct true_label *a = left, *b = right;
    return text_order(a->id, b->id);
}

/* The label of that id, which is new with this class, or was there. Under the lock. */
static struct true_label *true_labels_entry(struct true_labels *t, struct text id, int class_,
                                            bool *is_new) {
    struct true_label *fresh = arena_take(&t->arena, sizeof *fresh);
    *fresh = (struct true_label){.id = arena_text(&t->arena, id), .class_ = class_};
    struct true_label **in_tree = xgiven(tsearch(fresh, &t->tree, true_labels_by_id));
    *is_new = *in_tree == fresh;
    return *in_tree;
}

int true_labels_put(struct true_labels *t, struct text id, int class_) {
    bool is_new;
    pthread_mutex_lock(&t->lock);
    true_labels_entry(t, id, class_, &is_new);
    pthread_mutex_unlock(&t->lock);
    return is_new ? 0 : ERR_MISMATCH;
}

bool true_labels_replace(struct true_labels *t, struct text id, int class_) {
    bool is_new;
    pthread_mutex_lock(&t->lock);
    true_labels_entry(t, id, class_, &is_new)->class_ = class_;
    pthread_mutex_unlock(&t->lock);
    return is_new;
}

static struct true_label *true_labels_find(struct true_labels *t, struct text id) {
    struct true_label wanted = {.id = id}, *const *found =
                                               tfind(&wanted, &t->tree, true_labels_by_id);
    return found ? *found : NULL;
}

int true_labels_get(struct true_labels *t, struct text id) {
    pthread_mutex_lock(&t->lock);
    const struct true_label *a = true_labels_find(t, id);
    int class_ = a ? a->class_ : TRUE_LABEL_UNKNOWN;
    pthread_mutex_unlock(&t->lock);
    return class_;
}

int true_labels_judge(struct true_labels *t, struct text id) {
    pthread_mutex_lock(&t->lock);
    struct true_label *a = true_labels_find(t, id);
    int class_ = TRUE_LABEL_UNKNOWN;
    if (a) class_ = a->judged ? TRUE_LABEL_JUDGED : a->class_;
    if (a) a->judged = true;
    pthread_mutex_unlock(&t->lock);
    return class_;
}
