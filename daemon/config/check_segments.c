/* Checks of watch.segments: each names a feature whose values are listed, so how many segments
 * there are is known beforehand, and what each is called.
 *
 * Thread: main thread */
#include "check.h"

enum { NAME_MOST = 120 }; // bytes of "FEATURE=VALUE": a metric's label is cut behind them

static bool check_segments_long(const struct feature_config *f) {
    for (size_t i = 0; i < f->values.n && i < SEGMENT_VALUES_MAX; i++)
        if (strlen(f->name) + 1 + strlen(f->values.at[i]) > NAME_MOST) return true;
    return false;
}

/* What is wrong with segments of that feature, or NULL. */
static const char *check_segments_wrong(const struct feature_config *f) {
    if (!f) return "is not the name of a feature";
    if (f->type != FEATURE_CATEGORY || !f->values.n)
        return "is not a category with values: segments are known beforehand";
    if (f->list > 0) return "is an array: a sample would be in several of its segments";
    if (strchr(f->name, '=')) return "has a '=' in its name, which ends a segment's feature";
    if (check_segments_long(f))
        return "has values too long to name a segment: FEATURE=VALUE has at most 120 bytes";
    return NULL;
}

void check_segments(struct config_reading *r) {
    const struct config *c = r->config;
    struct given *g = &r->options[OPTION_watch_segments];
    if (!g->node || g->bad || r->features.bad) return;
    const struct node *node = g->node->child;
    for (size_t i = 0; i < c->watch.segments.n; i++, node = node->next) {
        struct text name = text_of(c->watch.segments.at[i]);
        const char *near, *wrong = check_segments_wrong(check_feature_named(r, name, &near));
        if (wrong)
            problem(&r->problems, node->mark, "watch.segments", "%s %s%s",
                    shown(&r->problems, name), wrong, near);
    }
    check_unique_list(r, "watch.segments", &c->watch.segments, g);
}
