/* Each field has its columns; a row is their concatenation.
 *
 * The decoder gives one value for each pointer. Those of the fields come first, in their order;
 * behind them those of the entries of arrays (a vector's, a list's of categories), each field's
 * together.
 *
 * The fingerprint hashes what rows are made of: paths, types, transforms, values, sizes, in order;
 * not the names of features, nor what is required, which change no row.
 *
 * Thread: any thread (immutable after create) */
#include "feature_map.h"

#include "base/rng.h"

#include <math.h>

/* ---- create ---- */

int category_order(const void *left, const void *right) {
    return text_order(((const struct category *)left)->value,
                      ((const struct category *)right)->value);
}

/* The texts (n) by text_order, with their places in the list. */
static struct category *features_take_texts(struct features *f, const struct list *texts) {
    struct category *at = arena_take(&f->arena, texts->n * sizeof *at);
    for (size_t i = 0; i < texts->n; i++)
        at[i] = (struct category){arena_text(&f->arena, text_of(texts->at[i])), i};
    if (texts->n) qsort(at, texts->n, sizeof *at, category_order);
    return at;
}

static int features_take_clip(struct mapped_field *field, const struct list *clip) {
    if (!clip->n) return 0;
    if (clip->n != 2) return ERR_CONFIG;
    char *ends[2];
    field->clips = true;
    field->least = strtod(clip->at[0], &ends[0]);
    field->most = strtod(clip->at[1], &ends[1]);
    bool read = ends[0] != clip->at[0] && !*ends[0] && ends[1] != clip->at[1] && !*ends[1];
    return read && isfinite(field->least) && isfinite(field->most) && field->least < field->most
               ? 0
               : ERR_CONFIG;
}

/* Takes what xasprintf made into the arena. */
static const char *features_keep(struct features *f, char *made) {
    const char *kept = arena_string(&f->arena, text_of(made));
    free(made);
    return kept;
}

static int features_take_field(struct features *f, struct mapped_field *field,
                               const struct feature_config *c) {
    *field = (struct mapped_field){.name = arena_text(&f->arena, text_of(c->name)),
                                   .type = c->type,
                                   .missing = c->missing,
                                   .required = c->required};
    field->path =
        text_of(features_keep(f, *c->path ? xstrdup(c->path) : xasprintf("/%s", c->name)));
    field->columns = feature_columns(c);
    field->hash = (size_t)c->hash;
    field->per_ms = time_unit_per_ms((enum time_unit)c->unit);
    if (c->type == FEATURE_VECTOR) field->elements = (size_t)c->size + 1; // one more must not be
    if (c->type == FEATURE_CATEGORY) field->elements = (size_t)c->list;
    if (c->type == FEATURE_NUMBER) {
        field->log1p = c->log1p;
        field->parse = c->parse;
        field->decimal = c->decimal == DECIMAL_COMMA ? CELL_COMMA : CELL_POINT;
        field->nulls = c->null_values.n;
        field->null_value = features_take_texts(f, &c->null_values);
        TRY(features_take_clip(field, &c->clip));
    } else if (c->type == FEATURE_CATEGORY) {
        if ((c->values.n > 0) == (c->hash > 0)) return ERR_CONFIG;
        field->values = c->values.n;
        field->category = features_take_texts(f, &c->values);
    } else if ((c->type == FEATURE_TEXT && !c->hash) || (c->type == FEATURE_VECTOR && !c->size)) {
        return ERR_CONFIG;
    }
    field->first = f->d;
    f->d += field->columns;
    return 0;
}

/* Lengths before texts, so no two mappings write the same. Values by text_order with their columns:
 * any order of columns writes something else. */
static void features_describe(const struct mapped_field *field, struct buf *out) {
    buf_printf(out, "%d %d %zu:%s", field->type, field->missing, field->path.len, field->path.at);
    if (field->type == FEATURE_NUMBER) {
        buf_printf(out, " %d %d", field->log1p, field->clips);
        if (field->clips) buf_printf(out, " %a %a", field->least, field->most);
        if (field->parse) buf_printf(out, " parse %d", field->decimal);
        for (size_t i = 0; i < field->nulls; i++)
            buf_printf(out, " %zu:%s", field->null_value[i].value.len,
                       field->null_value[i].value.at);
    } else if (field->type == FEATURE_CATEGORY) {
        buf_printf(out, " %zu %zu", field->hash, field->values);
        for (size_t i = 0; i < field->values; i++)
            buf_printf(out, " %zu %zu:%s", field->category[i].column, field->category[i].value.len,
                       field->category[i].value.at);
        if (field->elements) buf_printf(out, " list %zu", field->elements);
    } else if (field->type != FEATURE_BOOLEAN) {
        buf_printf(out, " %zu %zu %a", field->columns, field->hash, field->per_ms);
    }
    buf_str(out, "\n");
}

static uint64_t features_fingerprint_of(const struct features *f) {
    struct buf mapping = {0};
    buf_str(&mapping, "features 1\n"); // of this description, and of the way categories are hashed
    for (size_t i = 0; i < f->n; i++) features_describe(&f->field[i], &mapping);
    if (f->score.n) buf_printf(&mapping, "score %zu %zu\n", f->score.n, f->positive);
    uint64_t fingerprint = rng_mix(hash_bytes(mapping.at, mapping.len));
    buf_release(&mapping);
    return fingerprint;
}

/* The pointers of the entries of arrays, behind those of the fields. */
static void features_take_elements(struct features *f) {
    size_t paths = f->n;
    for (size_t i = 0; i < f->n; i++) paths += f->field[i].elements;
    f->path = arena_take(&f->arena, paths * sizeof *f->path);
    for (size_t i = 0; i < f->n; i++) f->path[f->paths++] = f->field[i].path;
    for (size_t i = 0; i < f->n; i++) {
        f->field[i].element = f->paths;
        for (size_t e = 0; e < f->field[i].elements; e++)
            f->path[f->paths++] =
                text_of(features_keep(f, xasprintf("%s/%zu", f->field[i].path.at, e)));
    }
}

/* Whether the row holds the field's number as it is: no transform, no other column. */
static bool features_plain(const struct mapped_field *f) {
    return f->type == FEATURE_NUMBER && !f->log1p && !f->clips && !f->missing;
}

/* f: with n, score_fields, positive and k. */
static int features_build(struct features *f, const struct feature_config *list) {
    f->field = arena_take(&f->arena, f->n * sizeof *f->field);
    f->numbers = arena_take(&f->arena, f->n * sizeof *f->numbers);
    for (size_t i = 0; i < f->n; i++) {
        if (i == f->n - f->score_fields) f->score.first = f->d;
        TRY(features_take_field(f, &f->field[i], &list[i]));
    }
    for (size_t i = f->n, n = 0; i-- > 0;) { // each has one column, so they lie side by side
        n = features_plain(&f->field[i]) ? n + 1 : 0;
        f->numbers[i] = n;
    }
    f->score.n = f->score_fields;
    features_take_elements(f);
    f->fingerprint = features_fingerprint_of(f);
    return f->n ? 0 : ERR_CONFIG;
}

int features_create(struct features **out, const struct feature_config *list, size_t n) {
    struct features *f = xcalloc(1, sizeof *f);
    f->n = n;
    int result = features_build(f, list);
    if (result < 0) features_destroy(f);
    else *out = f;
    return result;
}

/* ---- a score of the event's own ---- */

/* The i-th field: what it is called, where it stands. name, path: the caller frees. */
static struct feature_config features_score_field(const struct config *c, size_t i) {
    static const int types[UPSTREAMS] = {[UPSTREAM_PROBABILITY] = FEATURE_PROBABILITY,
                                         [UPSTREAM_LOGIT] = FEATURE_NUMBER,
                                         [UPSTREAM_PROBABILITIES] = FEATURE_LOG_PROBABILITY,
                                         [UPSTREAM_BY_CLASS] = FEATURE_LOG_PROBABILITY};
    const int kind = config_upstream(c);
    const char *at = c->model.upstream.value[0], *class_ = c->model.classes.at[i];
    struct buf path = {0};
    buf_str(&path, at);
    if (kind == UPSTREAM_PROBABILITIES) buf_printf(&path, "/%zu", i);
    if (kind == UPSTREAM_BY_CLASS) {
        buf_str(&path, "/");
        for (; *class_; class_++) // as RFC 6901 escapes
            if (*class_ == '~' || *class_ == '/') buf_str(&path, *class_ == '~' ? "~0" : "~1");
            else buf_add(&path, class_, 1);
    }
    bool one = config_upstream_columns(c) == 1;
    buf_string(&path); // ends it
    return (struct feature_config){.name = one ? xstrdup("upstream")
                                               : xasprintf("upstream.%s", c->model.classes.at[i]),
                                   .path = path.at,
                                   .type = types[kind],
                                   .required = true};
}

int features_of(struct features **out, const struct config *c) {
    struct features *f = xcalloc(1, sizeof *f);
    size_t own = c->features_n;
    f->score_fields = config_upstream_columns(c);
    f->n = own + f->score_fields;
    f->k = c->model.classes.n;
    for (size_t i = 0; i < f->k; i++)
        if (strcmp(c->model.classes.at[i], c->model.positive) == 0) f->positive = i;
    if (!*c->model.positive) f->positive = f->k - 1;
    struct feature_config *list = xcalloc(f->n + 1, sizeof *list);
    if (own) memcpy(list, c->features, own * sizeof *list);
    for (size_t i = 0; i < f->score_fields; i++) list[own + i] = features_score_field(c, i);
    int result = features_build(f, list);
    for (size_t i = own; i < f->n; i++) {
        free((void *)list[i].name);
        free((void *)list[i].path);
    }
    free(list);
    if (result < 0) features_destroy(f);
    else *out = f;
    return result;
}

struct features_score features_score(const struct features *f) {
    return f->score;
}

int features_score_class(const struct features *f, const double *row) {
    const double *score = row + f->score.first;
    size_t best = 0;
    if (!f->score.n) return -1;
    if (f->score.n == 1) return *score > 0 ? (int)f->positive : *score < 0 && f->positive == 0;
    for (size_t i = 1; i < f->score.n; i++)
        if (score[i] > score[best]) best = i;
    return (int)best;
}

void features_destroy(struct features *f) {
    if (!f) return;
    arena_release(&f->arena);
    free(f);
}

/* ---- what it is ---- */

size_t features_columns(const struct features *f) { return f->d; }
size_t features_fields(const struct features *f) { return f->n; }
size_t features_values(const struct features *f) { return f->paths; }
const struct text *features_paths(const struct features *f) { return f->path; }
uint64_t features_fingerprint(const struct features *f) { return f->fingerprint; }

struct text features_name(const struct features *f, size_t i) {
    return f->field[i].name;
}

size_t features_first(const struct features *f, size_t i, size_t *columns) {
    *columns = f->field[i].columns;
    return f->field[i].first;
}

void features_column_name(const struct features *f, size_t i, struct buf *out) {
    size_t n = 0;
    while (n + 1 < f->n && f->field[n + 1].first <= i) n++;
    const struct mapped_field *field = &f->field[n];
    size_t own = i - field->first;
    buf_text(out, field->name);
    if (field->missing && own + 1 == field->columns) buf_str(out, "?");
    else if (field->hash) buf_printf(out, "#%zu", own);
    for (size_t v = 0; v < field->values; v++)
        if (field->category[v].column == own && own < field->values) {
            buf_str(out, "=");
            buf_text(out, field->category[v].value);
        }
}

int features_field(const struct features *f, const char *name) {
    for (size_t i = 0; i < f->n; i++)
        if (text_equal(f->field[i].name, text_of(name))) return (int)i;
    return -1;
}
