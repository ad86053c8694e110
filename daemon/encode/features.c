/* Each field has its columns and fills them; a row is their concatenation.
 *
 * Hashing of a category (Weinberger and others 2009, without the sign, so that rows stay readable):
 * column floor(mix(h) · hash / 2^64), where h is the 64-bit FNV-1a of its bytes and mix the
 * finaliser of splitmix64 (base/rng.h); mixed, because the low bits of FNV-1a depend on little more
 * than the low bits of the letters. A category may be a text, a number or a boolean: 5411 and
 * "5411" are the same, so are true and "true". An integer counts as it is written, any other number
 * by its value, in its fewest digits: 1.0 and 1e0 are "1".
 *
 * The fingerprint hashes what rows are made of: paths, types, transforms, values, sizes, in order;
 * not the names of features, nor what is required, which change no row.
 *
 * Thread: any thread (immutable after create) */
#include "encode/features.h"

#include "base/rng.h"
#include "base/table_cell.h"

#include <math.h>
#include <strings.h>

enum { NUMBER_BYTES = 64 }; // of a number that is a text, or of one as a category

struct category {
    struct text value;
    size_t column; // among the field's own
};

struct mapped_field {
    struct text name, path;
    int type;
    bool log1p, clips, parse;      // of a number
    enum table_cell_style decimal; // of a number that is a text
    bool missing, required;        // it has a missing indicator; it must be there
    double least, most;            // of clips
    struct category *category;     // (values) by text_order
    size_t values, hash;
    size_t first, columns; // its share of the row; the missing indicator is the last
};

struct features {
    struct arena arena;
    struct mapped_field *field; // (n)
    struct text *path;          // (n)
    size_t *plain;              // (n) the column of a number that is taken as it is; else SIZE_MAX
    size_t n, d;
    uint64_t fingerprint;
};

/* ---- create ---- */

static int features_by_value(const void *left, const void *right) {
    return text_order(((const struct category *)left)->value,
                      ((const struct category *)right)->value);
}

static void features_take_values(struct features *f, struct mapped_field *field,
                                 const struct list *values) {
    field->values = values->n;
    field->category = arena_take(&f->arena, values->n * sizeof *field->category);
    for (size_t i = 0; i < values->n; i++)
        field->category[i] = (struct category){arena_text(&f->arena, text_of(values->at[i])), i};
    if (values->n) qsort(field->category, values->n, sizeof *field->category, features_by_value);
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
    field->columns = 1;
    if (c->type == FEATURE_NUMBER) {
        field->log1p = c->log1p;
        field->parse = c->parse;
        field->decimal = c->decimal == DECIMAL_COMMA ? CELL_COMMA : CELL_POINT;
        TRY(features_take_clip(field, &c->clip));
    } else if (c->type == FEATURE_CATEGORY) {
        if ((c->values.n > 0) == (c->hash > 0)) return ERR_CONFIG;
        features_take_values(f, field, &c->values);
        field->hash = (size_t)c->hash;
        field->columns = field->values + field->hash;
    }
    field->columns += field->missing;
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
    } else if (field->type == FEATURE_CATEGORY) {
        buf_printf(out, " %zu %zu", field->hash, field->values);
        for (size_t i = 0; i < field->values; i++)
            buf_printf(out, " %zu %zu:%s", field->category[i].column, field->category[i].value.len,
                       field->category[i].value.at);
    }
    buf_str(out, "\n");
}

static uint64_t features_fingerprint_of(const struct features *f) {
    struct buf mapping = {0};
    buf_str(&mapping, "features 1\n"); // of this description, and of the way categories are hashed
    for (size_t i = 0; i < f->n; i++) features_describe(&f->field[i], &mapping);
    uint64_t fingerprint = rng_mix(hash_bytes(mapping.at, mapping.len));
    buf_release(&mapping);
    return fingerprint;
}

/* Whether the row holds the field's number as it is: no transform, no other column. */
static bool features_plain(const struct mapped_field *f) {
    return f->type == FEATURE_NUMBER && !f->log1p && !f->clips && !f->missing;
}

int features_create(struct features **out, const struct feature_config *list, size_t n) {
    struct features *f = xcalloc(1, sizeof *f);
    int result = n ? 0 : ERR_CONFIG;
    f->n = n;
    f->field = arena_take(&f->arena, n * sizeof *f->field);
    f->path = arena_take(&f->arena, n * sizeof *f->path);
    f->plain = arena_take(&f->arena, n * sizeof *f->plain);
    for (size_t i = 0; i < n && result == 0; i++) {
        result = features_take_field(f, &f->field[i], &list[i]);
        f->path[i] = f->field[i].path;
        f->plain[i] = features_plain(&f->field[i]) ? f->field[i].first : SIZE_MAX;
    }
    if (result < 0) {
        features_destroy(f);
        return result;
    }
    f->fingerprint = features_fingerprint_of(f);
    *out = f;
    return 0;
}

void features_destroy(struct features *f) {
    if (!f) return;
    arena_release(&f->arena);
    free(f);
}

/* ---- what it is ---- */

size_t features_columns(const struct features *f) { return f->d; }
size_t features_fields(const struct features *f) { return f->n; }
const struct text *features_paths(const struct features *f) { return f->path; }
uint64_t features_fingerprint(const struct features *f) { return f->fingerprint; }

struct text features_name(const struct features *f, size_t i) {
    return f->field[i].name;
}

size_t features_first(const struct features *f, size_t i, size_t *columns) {
    *columns = f->field[i].columns;
    return f->field[i].first;
}

int features_field(const struct features *f, const char *name) {
    for (size_t i = 0; i < f->n; i++)
        if (text_equal(f->field[i].name, text_of(name))) return (int)i;
    return -1;
}

/* ---- encode ---- */

static double features_clipped(const struct mapped_field *f, double x) {
    if (x < f->least) return f->least;
    return x > f->most ? f->most : x;
}

static enum reason features_encode_number(const struct mapped_field *f, const struct value *v,
                                          double *row) {
    if (v->kind != VALUE_NUMBER) return REASON_WRONG_TYPE;
    double x = v->number;
    if (!isfinite(x)) return REASON_NOT_FINITE;
    if (f->clips) x = features_clipped(f, x);
    *row = f->log1p ? copysign(log1p(fabs(x)), x) : x;
    return REASON_NONE;
}

static bool features_is_integer(struct text number) {
    for (size_t i = number.at[0] == '-'; i < number.len; i++)
        if (number.at[i] < '0' || number.at[i] > '9') return false;
    return true;
}

/* A number's spelling as a category. */
static struct text features_number_spelling(const struct value *v, char out[NUMBER_BYTES]) {
    if (features_is_integer(v->text)) return v->text;
    double x = v->number == 0 ? 0 : v->number; // -0.0 is 0
    int n = 0;
    if (x == rint(x) && fabs(x) < 0x1p53) n = snprintf(out, NUMBER_BYTES, "%.0f", x);
    for (int digits = 15; !n || strtod(out, NULL) != x; digits++)
        n = snprintf(out, NUMBER_BYTES, "%.*g", digits, x);
    return (struct text){out, (size_t)n};
}

/* at NULL: the value is no category. */
static struct text features_spelling(const struct value *v, char out[NUMBER_BYTES]) {
    switch (v->kind) {
    case VALUE_TEXT: return v->text;
    case VALUE_BOOL: return v->number == 1 ? TEXT("true") : TEXT("false");
    case VALUE_NUMBER:
        return isfinite(v->number) ? features_number_spelling(v, out) : (struct text){0};
    default: return (struct text){0};
    }
}

static enum reason features_encode_category(const struct mapped_field *f, const struct value *v,
                                            double *row) {
    char number[NUMBER_BYTES];
    const struct category wanted = {.value = features_spelling(v, number)};
    if (!wanted.value.at) return REASON_WRONG_TYPE;
    if (f->hash) {
        row[rng_below(rng_mix(hash_bytes(wanted.value.at, wanted.value.len)), f->hash)] = 1;
        return REASON_NONE;
    }
    const struct category *found =
        bsearch(&wanted, f->category, f->values, sizeof *f->category, features_by_value);
    if (found) row[found->column] = 1;
    return REASON_NONE;
}

/* What programs write for a flag beside true and false, in letters of either case. */
static bool features_read_flag(struct text t, double *out) {
    static const struct {
        struct text word;
        double value;
    } flags[] = {{TEXT("true"), 1}, {TEXT("false"), 0}, {TEXT("1"), 1}, {TEXT("0"), 0},
                 {TEXT("yes"), 1},  {TEXT("no"), 0},    {TEXT("y"), 1}, {TEXT("n"), 0},
                 {TEXT("t"), 1},    {TEXT("f"), 0}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (t.len != flags[i].word.len || strncasecmp(t.at, flags[i].word.at, t.len) != 0) continue;
        *out = flags[i].value;
        return true;
    }
    return false;
}

static enum reason features_encode_boolean(const struct mapped_field *f, const struct value *v,
                                           double *row) {
    (void)f;
    *row = v->number;
    bool flag = v->kind == VALUE_BOOL ||
                (v->kind == VALUE_NUMBER && (v->number == 0 || v->number == 1)) ||
                (v->kind == VALUE_TEXT && features_read_flag(v->text, row));
    return flag ? REASON_NONE : REASON_WRONG_TYPE;
}

static bool features_is_absent(const struct value *v) {
    return v->kind == VALUE_MISSING || v->kind == VALUE_NULL;
}

/* row: the field's own columns, all 0. */
static enum reason features_encode_field(const struct mapped_field *f, const struct value *v,
                                         double *row) {
    static enum reason (*const encode[])(const struct mapped_field *, const struct value *,
                                         double *) = {[FEATURE_NUMBER] = features_encode_number,
                                                      [FEATURE_CATEGORY] = features_encode_category,
                                                      [FEATURE_BOOLEAN] = features_encode_boolean};
    if (!features_is_absent(v)) return encode[f->type](f, v, row);
    if (f->missing) row[f->columns - 1] = 1;
    return f->required ? REASON_MISSING_FIELD : REASON_NONE;
}

/* A text of a number feature with `parse`: the number that it holds, null where it says that there
 * is none, else as it was. */
static struct value features_parsed(const struct mapped_field *f, const struct value *v) {
    char copy[NUMBER_BYTES];
    if (!f->parse || v->kind != VALUE_TEXT || v->text.len >= sizeof copy) return *v;
    memcpy(copy, v->text.at, v->text.len);
    copy[v->text.len] = '\0';
    struct text text = {copy, v->text.len};
    struct table_cell cell = table_cell_read(text, f->decimal);
    if (cell.kind == CELL_NUMBER) return (struct value){VALUE_NUMBER, cell.number, v->text};
    if (cell.kind == CELL_EMPTY || table_cell_is_missing(text))
        return (struct value){.kind = VALUE_NULL};
    return *v;
}

bool features_number(const struct features *f, size_t i, const struct value *values, double *out) {
    struct value v = features_parsed(&f->field[i], &values[i]);
    *out = v.number;
    return v.kind == VALUE_NUMBER && isfinite(v.number);
}

/* How many fields one record does not have, and in how many records each was absent (NULL: nobody
 * counts). A null is absent too, but its writer knows the field. */
struct absent_fields {
    size_t n;
    uint64_t *each;
};

/* A field that is no plain number that is there. */
static __attribute__((noinline)) enum reason features_encode_other(const struct features *f,
                                                                   const struct value *values,
                                                                   size_t i, double *row,
                                                                   struct absent_fields *absent) {
    const struct mapped_field *field = &f->field[i];
    struct value value = features_parsed(field, &values[i]);
    bool gone = features_is_absent(&value);
    memset(row + field->first, 0, field->columns * sizeof *row);
    enum reason fault = features_encode_field(field, &value, row + field->first);
    absent->n += values[i].kind == VALUE_MISSING;
    if (absent->each) absent->each[i] += gone || fault;
    for (size_t j = i + 1; fault && absent->each && j < f->n; j++) // nobody else looks at these
        absent->each[j] += features_is_absent(&values[j]);
    return fault;
}

enum reason features_encode(const struct features *f, const struct value *values, double *row,
                            size_t *field, uint64_t *absent) {
    struct absent_fields fields = {.each = absent};
    for (size_t i = 0; i < f->n; i++) {
        if (f->plain[i] != SIZE_MAX && values[i].kind == VALUE_NUMBER &&
            isfinite(values[i].number)) { // most are
            row[f->plain[i]] = values[i].number;
            continue;
        }
        enum reason fault = features_encode_other(f, values, i, row, &fields);
        if (!fault) continue;
        *field = i;
        return fault;
    }
    return fields.n == f->n ? REASON_NO_FEATURE : REASON_NONE;
}

/* ---- decode ---- */

static double features_decode_number(const struct mapped_field *f, double x) {
    return f->log1p ? copysign(expm1(fabs(x)), x) : x;
}

/* The column that is nearest to 1 becomes 1, the others 0. */
static size_t features_settle_category(const struct mapped_field *f, double *row) {
    size_t best = 0;
    for (size_t i = 1; i < f->values + f->hash; i++)
        if (row[i] > row[best]) best = i;
    for (size_t i = 0; i < f->values + f->hash; i++) row[i] = i == best;
    return best;
}

static void features_decode_category(const struct mapped_field *f, double *row, struct buf *out) {
    size_t column = features_settle_category(f, row);
    for (size_t i = 0; i < f->values; i++)
        if (f->category[i].column == column) buf_json(out, f->category[i].value);
    if (f->hash) buf_str(out, "null"); // a bucket has no name
}

static void features_decode_field(const struct mapped_field *f, double *row, struct buf *out) {
    double *indicator = &row[f->columns - 1];
    if (f->missing) *indicator = *indicator >= 0.5;
    if (f->missing && *indicator == 1) {
        memset(row, 0, (f->columns - 1) * sizeof *row);
        buf_str(out, "null");
    } else if (f->type == FEATURE_CATEGORY) {
        features_decode_category(f, row, out);
    } else if (f->type == FEATURE_BOOLEAN) {
        *row = *row >= 0.5;
        buf_str(out, *row == 1 ? "true" : "false");
    } else {
        buf_double(out, features_decode_number(f, *row));
    }
}

void features_decode(const struct features *f, double *row, struct buf *out) {
    buf_str(out, "{\"synthetic\":true");
    for (size_t i = 0; i < f->n; i++) {
        buf_str(out, ",");
        buf_json(out, f->field[i].name);
        buf_str(out, ":");
        features_decode_field(&f->field[i], row + f->field[i].first, out);
    }
    buf_str(out, "}");
}
