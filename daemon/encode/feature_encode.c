/* Values to rows: each type of field fills its own columns.
 *
 * Hashing of a category (Weinberger and others 2009, without the sign, so that rows stay readable):
 * column floor(mix(h) · hash / 2^64), where h is the 64-bit FNV-1a of its bytes and mix the
 * finaliser of splitmix64 (base/rng.h); mixed, because the low bits of FNV-1a depend on little more
 * than the low bits of the letters. A category may be a text, a number or a boolean: 5411 and
 * "5411" are the same, so are true and "true". An integer counts as it is written, any other number
 * by its value, in its fewest digits: 1.0 and 1e0 are "1".
 *
 * Thread: any thread */
#include "base/moment.h"
#include "base/rng.h"
#include "feature_map.h"
#include "text_columns.h"
#include "time_columns.h"

#include <math.h>
#include <strings.h>

enum { NUMBER_BYTES = 64 }; // of a number that is a text, or of one as a category

/* Nearer to 0 or 1 a probability says no more; its log-odds stay within 28. */
static const double probability_least = 1e-12;

/* What is known of the record beside the field's own value. */
struct encode_input {
    const struct value *values; // (features_values)
    int64_t time_ms;            // of the record; 0: not known
};

static double features_clipped(const struct mapped_field *f, double x) {
    if (x < f->least) return f->least;
    return x > f->most ? f->most : x;
}

static enum reason features_encode_number(const struct mapped_field *f,
                                          const struct encode_input *in, const struct value *v,
                                          double *row) {
    (void)in;
    if (v->kind != VALUE_NUMBER) return REASON_WRONG_TYPE;
    double x = v->number;
    if (!isfinite(x)) return REASON_NOT_FINITE;
    if (f->clips) x = features_clipped(f, x);
    *row = f->log1p ? copysign(log1p(fabs(x)), x) : x;
    return REASON_NONE;
}

static bool features_is_integer(struct text number) {
    if (!number.len) return false;
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

static enum reason features_encode_entry(const struct mapped_field *f, const struct value *v,
                                         double *row) {
    char number[NUMBER_BYTES];
    const struct category wanted = {.value = features_spelling(v, number)};
    if (!wanted.value.at) return REASON_WRONG_TYPE;
    if (f->hash) {
        row[rng_below(rng_mix(hash_bytes(wanted.value.at, wanted.value.len)), f->hash)] = 1;
        return REASON_NONE;
    }
    const struct category *found =
        bsearch(&wanted, f->category, f->values, sizeof *f->category, category_order);
    if (found) row[found->column] = 1;
    return REASON_NONE;
}

/* One category, or an array of them, whose first entries each fill a column. */
static enum reason features_encode_category(const struct mapped_field *f,
                                            const struct encode_input *in, const struct value *v,
                                            double *row) {
    const struct value *entry = in->values + f->element;
    if (v->kind != VALUE_OTHER || !f->elements) return features_encode_entry(f, v, row);
    for (size_t i = 0; i < f->elements && entry[i].kind != VALUE_MISSING; i++) {
        enum reason fault = REASON_NONE;
        if (entry[i].kind != VALUE_NULL) fault = features_encode_entry(f, &entry[i], row);
        if (fault) return fault;
    }
    return REASON_NONE;
}

/* An array of exactly so many numbers. */
static enum reason features_encode_vector(const struct mapped_field *f,
                                          const struct encode_input *in, const struct value *v,
                                          double *row) {
    const struct value *entry = in->values + f->element;
    size_t size = f->elements - 1;
    if (v->kind != VALUE_OTHER || entry[size].kind != VALUE_MISSING) return REASON_WRONG_TYPE;
    for (size_t i = 0; i < size; i++) {
        if (entry[i].kind != VALUE_NUMBER) return REASON_WRONG_TYPE;
        if (!isfinite(entry[i].number)) return REASON_NOT_FINITE;
        row[i] = entry[i].number;
    }
    return REASON_NONE;
}

static enum reason features_encode_text(const struct mapped_field *f, const struct encode_input *in,
                                        const struct value *v, double *row) {
    (void)in;
    if (v->kind != VALUE_TEXT) return REASON_WRONG_TYPE;
    text_columns(v->text, row, f->hash);
    return REASON_NONE;
}

static enum reason features_encode_time(const struct mapped_field *f, const struct encode_input *in,
                                        const struct value *v, double *row) {
    int64_t moment;
    bool read = v->kind == VALUE_TEXT
                    ? moment_read(v->text, true, &moment)
                    : v->kind == VALUE_NUMBER && moment_of_number(v->number, f->per_ms, &moment);
    if (!read) return REASON_WRONG_TYPE;
    time_columns(moment, in->time_ms, row);
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

bool features_flag(const struct value *v, double *out) {
    *out = v->number;
    return v->kind == VALUE_BOOL ||
           (v->kind == VALUE_NUMBER && (v->number == 0 || v->number == 1)) ||
           (v->kind == VALUE_TEXT && features_read_flag(v->text, out));
}

static enum reason features_encode_boolean(const struct mapped_field *f,
                                           const struct encode_input *in, const struct value *v,
                                           double *row) {
    (void)in;
    (void)f;
    return features_flag(v, row) ? REASON_NONE : REASON_WRONG_TYPE;
}

static enum reason features_encode_probability(const struct mapped_field *f,
                                               const struct encode_input *in, const struct value *v,
                                               double *row) {
    (void)in;
    if (v->kind != VALUE_NUMBER) return REASON_WRONG_TYPE;
    double p = v->number;
    if (!(p >= 0 && p <= 1)) return REASON_NOT_PROBABILITY;
    p = fmin(fmax(p, probability_least), 1 - probability_least);
    *row = f->type == FEATURE_PROBABILITY ? log(p) - log1p(-p) : log(p);
    return REASON_NONE;
}

static bool features_is_absent(const struct value *v) {
    return v->kind == VALUE_MISSING || v->kind == VALUE_NULL;
}

/* row: the field's own columns, all 0. */
static enum reason features_encode_field(const struct mapped_field *f,
                                         const struct encode_input *in, const struct value *v,
                                         double *row) {
    static enum reason (*const encode[FEATURE_TYPES])(
        const struct mapped_field *, const struct encode_input *, const struct value *,
        double *) = {[FEATURE_NUMBER] = features_encode_number,
                     [FEATURE_CATEGORY] = features_encode_category,
                     [FEATURE_BOOLEAN] = features_encode_boolean,
                     [FEATURE_TIME] = features_encode_time,
                     [FEATURE_VECTOR] = features_encode_vector,
                     [FEATURE_TEXT] = features_encode_text,
                     [FEATURE_PROBABILITY] = features_encode_probability,
                     [FEATURE_LOG_PROBABILITY] = features_encode_probability};
    if (!features_is_absent(v)) return encode[f->type](f, in, v, row);
    if (f->missing) row[f->columns - 1] = 1;
    return f->required ? REASON_MISSING_FIELD : REASON_NONE;
}

static bool features_lists_null(const struct mapped_field *f, struct text text) {
    if (!f->nulls) return false;
    const struct category wanted = {.value = table_cell_trim(text)};
    return bsearch(&wanted, f->null_value, f->nulls, sizeof *f->null_value, category_order);
}

/* A text of a number feature with `parse`: the number that it holds, null where it says that there
 * is none, else as it was. */
static struct value features_parsed(const struct mapped_field *f, const struct value *v) {
    char copy[NUMBER_BYTES];
    if (!f->parse || v->kind != VALUE_TEXT) return *v;
    if (features_lists_null(f, v->text)) return (struct value){.kind = VALUE_NULL};
    if (v->text.len >= sizeof copy) return *v;
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
                                                                   const struct encode_input *in,
                                                                   size_t i, double *row,
                                                                   struct absent_fields *absent) {
    const struct mapped_field *field = &f->field[i];
    const struct value *values = in->values;
    const struct value *value = &values[i];
    struct value parsed;
    if (field->parse) {
        parsed = features_parsed(field, value);
        value = &parsed;
    }
    bool gone = features_is_absent(value);
    memset(row + field->first, 0, field->columns * sizeof *row);
    enum reason fault = features_encode_field(field, in, value, row + field->first);
    absent->n += values[i].kind == VALUE_MISSING;
    if (absent->each) absent->each[i] += gone || fault;
    for (size_t j = i + 1; fault && absent->each && j < f->n; j++) // nobody else looks at these
        absent->each[j] += features_is_absent(&values[j]);
    return fault;
}

/* Takes numbers (n) as they are, up to the first that is none; returns how many. Most are. */
static size_t features_take_numbers(const struct value *values, size_t n, double *row) {
    size_t i = 0;
    for (; i < n && values[i].kind == VALUE_NUMBER && isfinite(values[i].number); i++)
        row[i] = values[i].number;
    return i;
}

enum reason features_encode_at(const struct features *f, const struct value *values,
                               int64_t time_ms, double *row, size_t *field, uint64_t *absent) {
    const struct encode_input in = {values, time_ms};
    struct absent_fields fields = {.each = absent};
    for (size_t i = 0; i < f->n; i++) {
        i += features_take_numbers(values + i, f->numbers[i], row + f->field[i].first);
        if (i == f->n) break;
        enum reason fault = features_encode_other(f, &in, i, row, &fields);
        if (!fault) continue;
        *field = i;
        return fault;
    }
    return fields.n == f->n ? REASON_NO_FEATURE : REASON_NONE;
}

enum reason features_encode(const struct features *f, const struct value *values, double *row,
                            size_t *field, uint64_t *absent) {
    return features_encode_at(f, values, 0, row, field, absent);
}
