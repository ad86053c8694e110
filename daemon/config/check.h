/* What the reading of a file knows beside the values: where each stood, and whether it was fine.
 * Private to the room.
 *
 * Thread: main thread */
#pragma once

#include "value.h"

/* An option, or a key of a feature, in the file. */
struct given {
    const struct node *node; // NULL: not in the file
    bool bad;                // a problem was told: say no more about it
};

/* One reading of one file. */
struct config_reading {
    struct problems problems;
    struct arena arena; // of the tree and the messages; dies with the reading
    struct config *config;
    struct given options[OPTIONS], features;
    struct given *feature; // (features_n × FEATURE_KEYS)
    struct mark *entry;    // (features_n) where each feature starts
};

/* Where it stands; otherwise: for what is not in the file. */
static inline struct mark mark_of_given(const struct given *g, struct mark otherwise) {
    return g->node ? g->node->mark : otherwise;
}

/* Whether the option was read, or not given: there is a value to be checked. */
static inline bool check_sound(const struct config_reading *r, size_t option) {
    return !r->options[option].bad;
}

/* Empty; the caller destroys it. */
struct config *config_create(void);

/* The checks that need more than one row: values of entries, and values that must fit each
 * other. */
void config_check(struct config_reading *r);

/* ---- check_entries.c ---- */

struct entry_check {
    size_t option; // or key of a feature
    const char *(*rule)(struct text);
};
/* Applies the rule to a text that is not empty, or to every entry of a list, at the row's place in
 * base; `otherwise` is where it is told of what is not in the file. */
void check_entry(struct config_reading *r, const struct option *o, const struct entry_check *check,
                 struct given *g, const void *base, struct mark otherwise);
/* One of several texts that must differ. */
struct item {
    const char *text, *path;
    struct mark mark;
};
/* Refuses those that do not; sorts them. */
void check_repeats(struct config_reading *r, struct item *items, size_t n);
/* The same for the entries of a list. */
void check_unique_list(struct config_reading *r, const char *path, const struct list *list,
                       const struct given *g);
/* Joined with '|' behind `first`, r's own, for word_list_nearest. An entry that holds a '|' is then
 * offered in pieces. */
const char *check_joined(struct config_reading *r, const struct list *list, const char *first);

/* ---- check_cost.c ---- */

void check_cost(struct config_reading *r);

/* ---- check_properties.c ---- */

/* The properties of the client library that are not for it alone to judge. */
void check_properties(struct config_reading *r);

/* ---- check_segments.c ---- */

/* Behind check_features: of what names. */
void check_segments(struct config_reading *r);

/* ---- check_features.c ---- */

/* The entries of `features:`. */
void check_features(struct config_reading *r);
/* The feature of that name, or NULL; then *near is "; did you mean NAME" or "", r's own. */
const struct feature_config *check_feature_named(struct config_reading *r, struct text name,
                                                 const char **near);
