/* What a reload changes: which options differ between two configurations, and the one that is in
 * force after it.
 *
 * Thread: main thread */
#include "check.h"

static void *reload_value_at(void *base, const struct option *o) {
    return (char *)base + o->offset;
}

static void reload_add_name(struct buf *list, const char *name) {
    buf_printf(list, "%s%s", list->len ? "," : "", name);
}

static bool reload_features_equal(const struct config *a, const struct config *b) {
    if (a->features_n != b->features_n) return false;
    for (size_t i = 0; i < a->features_n; i++)
        for (size_t k = 0; k < FEATURE_KEYS; k++) {
            const struct option *o = &feature_rows[k];
            if (!value_equal(o, option_value(&a->features[i], o), option_value(&b->features[i], o)))
                return false;
        }
    return true;
}

void config_diff(const struct config *a, const struct config *b, struct buf *changed,
                 struct buf *restart) {
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *o = &option_rows[i];
        if (value_equal(o, option_value(a, o), option_value(b, o))) continue;
        reload_add_name(changed, o->path);
        if (!(o->flags & RELOAD)) reload_add_name(restart, o->path);
    }
    if (reload_features_equal(a, b)) return;
    reload_add_name(changed, "features");
    reload_add_name(restart, "features");
}

static struct config_source reload_copy_source(struct config *c, const struct config_source *from) {
    return (struct config_source){arena_string(c->arena, text_of(from->text))};
}

struct config *config_reloaded(const struct config *a, const struct config *b) {
    struct config *c = config_create();
    c->features_n = a->features_n;
    c->features = arena_take(c->arena, a->features_n * sizeof *c->features);
    c->source = arena_take(c->arena, source_of_feature(a->features_n, 0) * sizeof *c->source);
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *o = &option_rows[i];
        const struct config *from = o->flags & RELOAD ? b : a;
        value_copy(c->arena, o, reload_value_at(c, o), option_value(from, o));
        c->source[i] = reload_copy_source(c, &from->source[i]);
    }
    for (size_t i = 0; i < a->features_n; i++)
        for (size_t k = 0; k < FEATURE_KEYS; k++) {
            const struct option *o = &feature_rows[k];
            value_copy(c->arena, o, reload_value_at(&c->features[i], o),
                       option_value(&a->features[i], o));
            size_t s = source_of_feature(i, k);
            c->source[s] = reload_copy_source(c, &a->source[s]);
        }
    return c;
}
