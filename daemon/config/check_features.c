/* Checks of the entries of `features:`: which keys go with which type, and how wide a row becomes.
 *
 * Thread: main thread */
#include "check.h"

#include "text_rule.h"

static const struct entry_check feature_checks[] = {
    {FEATURE_KEY_path, text_rule_pointer},
    {FEATURE_KEY_clip, text_rule_number},
    {FEATURE_KEY_null_values, text_rule_null},
};

size_t feature_columns(const struct feature_config *f) {
    size_t columns[FEATURE_TYPES] = {[FEATURE_NUMBER] = 1,
                                     [FEATURE_BOOLEAN] = 1,
                                     [FEATURE_CATEGORY] = f->values.n + (size_t)f->hash,
                                     [FEATURE_TIME] = TIME_COLUMNS,
                                     [FEATURE_VECTOR] = (size_t)f->size,
                                     [FEATURE_TEXT] = (size_t)f->hash,
                                     [FEATURE_PROBABILITY] = 1,
                                     [FEATURE_LOG_PROBABILITY] = 1};
    return columns[f->type] + f->missing;
}

/* A value that only some type of feature has. */
static void check_only_for(struct config_reading *r, size_t i, size_t key, bool wrong,
                           const char *type) {
    const struct given *g = &r->feature[i * FEATURE_KEYS + key];
    if (wrong && !g->bad)
        problem(&r->problems, mark_of_given(g, r->entry[i]), feature_rows[key].path,
                "is for type %s only", type);
}

static void check_clip(struct config_reading *r, const struct given *g, const struct list *clip) {
    double least = 0, most = 0;
    if (!clip->n || g->bad) return;
    if (clip->n == 2 && !scalar_number(text_of(clip->at[0]), &least) &&
        !scalar_number(text_of(clip->at[1]), &most) && least < most)
        return;
    problem(&r->problems, g->node->mark, "features.clip",
            "is not two ascending numbers: [least, most]");
}

static void check_category(struct config_reading *r, size_t i, const struct feature_config *f,
                           const struct given *g) {
    bool values = f->values.n > 0, hash = f->hash > 0;
    if (g[FEATURE_KEY_values].bad || g[FEATURE_KEY_hash].bad) return;
    if (!values && !hash)
        problem(&r->problems, mark_of_given(&g[FEATURE_KEY_type], r->entry[i]), "features.type",
                "category needs values (a list) or hash (a number of columns)");
    if (values && hash)
        problem(&r->problems, g[FEATURE_KEY_hash].node->mark, "features.hash",
                "values is given too; choose one");
    check_unique_list(r, "features.values", &f->values, &g[FEATURE_KEY_values]);
}

static void check_feature(struct config_reading *r, size_t i) {
    const struct feature_config *f = &r->config->features[i];
    struct given *g = &r->feature[i * FEATURE_KEYS];
    if (!g[FEATURE_KEY_name].node)
        problem(&r->problems, r->entry[i], "features.name", "is missing");
    for (size_t c = 0; c < sizeof feature_checks / sizeof *feature_checks; c++) {
        size_t key = feature_checks[c].option;
        if (!g[key].bad)
            check_entry(r, &feature_rows[key], &feature_checks[c], &g[key], f, r->entry[i]);
    }
    if (g[FEATURE_KEY_type].bad) return;
    bool number = f->type == FEATURE_NUMBER, category = f->type == FEATURE_CATEGORY,
         text = f->type == FEATURE_TEXT, vector = f->type == FEATURE_VECTOR;
    check_only_for(r, i, FEATURE_KEY_log1p, f->log1p && !number, "number");
    check_only_for(r, i, FEATURE_KEY_clip, f->clip.n && !number, "number");
    check_only_for(r, i, FEATURE_KEY_parse, f->parse && !number, "number");
    check_only_for(r, i, FEATURE_KEY_decimal, f->decimal != DECIMAL_POINT && !f->parse,
                   "number with parse");
    check_only_for(r, i, FEATURE_KEY_null_values, f->null_values.n && !f->parse,
                   "number with parse");
    check_only_for(r, i, FEATURE_KEY_values, f->values.n && !category, "category");
    check_only_for(r, i, FEATURE_KEY_hash, f->hash && !category && !text, "category or text");
    check_only_for(r, i, FEATURE_KEY_list, f->list && !category, "category");
    check_only_for(r, i, FEATURE_KEY_size, f->size && !vector, "vector");
    check_only_for(r, i, FEATURE_KEY_unit, f->unit && f->type != FEATURE_TIME, "time");
    if (text && !f->hash && !g[FEATURE_KEY_hash].bad)
        problem(&r->problems, mark_of_given(&g[FEATURE_KEY_type], r->entry[i]), "features.type",
                "text needs hash, a number of columns");
    if (vector && !f->size && !g[FEATURE_KEY_size].bad)
        problem(&r->problems, mark_of_given(&g[FEATURE_KEY_type], r->entry[i]), "features.type",
                "vector needs size, how many numbers it has");
    if (number) check_clip(r, &g[FEATURE_KEY_clip], &f->clip);
    if (number)
        check_unique_list(r, "features.null_values", &f->null_values, &g[FEATURE_KEY_null_values]);
    if (category) check_category(r, i, f, g);
}

static void check_feature_names(struct config_reading *r) {
    size_t n = 0;
    struct item *items = arena_take(&r->arena, r->config->features_n * sizeof *items);
    for (size_t i = 0; i < r->config->features_n; i++) {
        const struct given *g = &r->feature[i * FEATURE_KEYS + FEATURE_KEY_name];
        if (g->node && !g->bad)
            items[n++] = (struct item){r->config->features[i].name, "features.name", g->node->mark};
    }
    check_repeats(r, items, n);
}

/* A row has so many numbers for each sample of a batch, and a model one weight for each and class:
 * memory is bounded here (promise I11). */
static void check_columns(struct config_reading *r) {
    size_t columns = 0;
    for (size_t i = 0; i < r->config->features_n; i++)
        columns += feature_columns(&r->config->features[i]);
    columns += config_upstream_columns(r->config);
    if (columns > COLUMNS_MAX)
        problem(&r->problems, r->features.node->mark, "features",
                "make %zu columns together; allowed are at most %d", columns, COLUMNS_MAX);
}

void check_features(struct config_reading *r) {
    if (r->config->model.upstream.n && !r->config->features_n) {
        return; // the score is a row
    } else if (!r->features.node) {
        problem(&r->problems, MARK_START, "features",
                "is missing; list at least one: - name: amount");
    } else if (!r->config->features_n && !r->features.bad) {
        problem(&r->problems, r->features.node->mark, "features",
                "is empty; list at least one: - name: amount");
    }
    for (size_t i = 0; i < r->config->features_n; i++) check_feature(r, i);
    check_feature_names(r);
    if (!r->features.bad) check_columns(r);
}

const struct feature_config *check_feature_named(struct config_reading *r, struct text name,
                                                 const char **near) {
    const struct config *c = r->config;
    struct buf names = {0};
    const struct feature_config *found = NULL;
    for (size_t i = 0; i < c->features_n && !found; i++) {
        buf_printf(&names, "%s%s", i ? "|" : "", c->features[i].name);
        if (text_equal(text_of(c->features[i].name), name)) found = &c->features[i];
    }
    *near = found ? "" : suggested(&r->problems, buf_string(&names), name);
    buf_release(&names);
    return found;
}
