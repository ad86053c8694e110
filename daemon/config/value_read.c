/* Reading values: one strict grammar, so that a value means what it looks like or is refused.
 *
 * Numbers and booleans are plain words, never quoted; whole numbers decimal without leading zeros;
 * durations and sizes have units (a bare duration is refused: seconds and milliseconds are too
 * easily confused). Text is taken as written, `no` and 1 too, but null is no text. The defaults of
 * the table are read by the same grammar.
 *
 * Thread: any thread */
#include "value.h"

#include "base/word_list.h"

#include <math.h>

struct unit {
    const char *name;
    int64_t times;
};

static const struct unit durations[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                                        {"h", 3600000}, {"d", 86400000}, {0}};
static const struct unit sizes[] = {
    {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {0}};

static size_t value_digits(struct text t, size_t from) {
    size_t n = 0;
    while (from + n < t.len && t.at[from + n] >= '0' && t.at[from + n] <= '9') n++;
    return n;
}

static bool value_leading_zero(struct text t, size_t from, size_t n) {
    return n > 1 && t.at[from] == '0';
}

/* Decimal digits of t from `from`: false when the number is beyond int64. */
static bool value_of_digits(struct text t, size_t from, size_t n, int64_t *out) {
    *out = 0;
    for (size_t i = from; i < from + n; i++)
        if (__builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, t.at[i] - '0', out))
            return false;
    return true;
}

const char *scalar_int(struct text t, int64_t *out) {
    size_t sign = t.len && t.at[0] == '-', n = value_digits(t, sign);
    if (!n || sign + n != t.len) return "is not a whole number";
    if (value_leading_zero(t, sign, n)) return "has a leading zero";
    if (!value_of_digits(t, sign, n, out)) return "is too large";
    if (sign) *out = -*out;
    return NULL;
}

const char *scalar_number(struct text t, double *out) {
    size_t at = t.len && t.at[0] == '-', whole = value_digits(t, at), start = at;
    at += whole;
    if (whole && at < t.len && t.at[at] == '.') {
        size_t n = value_digits(t, at + 1);
        at += n ? n + 1 : 0;
    }
    if (whole && at < t.len && (t.at[at] == 'e' || t.at[at] == 'E')) {
        size_t sign = at + 1 < t.len && (t.at[at + 1] == '-' || t.at[at + 1] == '+'),
               n = value_digits(t, at + 1 + sign);
        at += n ? 1 + sign + n : 0;
    }
    if (!whole || at != t.len) return "is not a number";
    if (value_leading_zero(t, start, whole)) return "has a leading zero";
    char *copy = xgiven(strndup(t.at, t.len));
    *out = strtod(copy, NULL);
    free(copy);
    return isfinite(*out) ? NULL : "is too large";
}

static const char *value_read_units(struct text t, const struct unit *units, bool bare,
                                    int64_t *out) {
    size_t n = value_digits(t, 0);
    if (!n) return "does not start with a whole number";
    if (value_leading_zero(t, 0, n)) return "has a leading zero";
    struct text unit = {t.at + n, t.len - n};
    if (!unit.len && !bare) return "has no unit";
    int64_t times = unit.len ? 0 : 1;
    for (const struct unit *u = units; u->name; u++)
        if (text_equal(unit, text_of(u->name))) times = u->times;
    if (!times) return "has an unknown unit";
    bool fits = value_of_digits(t, 0, n, out) && !__builtin_mul_overflow(*out, times, out);
    return fits ? NULL : "is too large";
}

static const char *value_read_bool(struct text t, bool *out) {
    *out = text_equal(t, TEXT("true"));
    return *out || text_equal(t, TEXT("false")) ? NULL : "is neither true nor false";
}

static const char *value_read_str(struct text t, const struct option *o, struct arena *arena,
                                  char **out) {
    for (size_t i = 0; i < t.len; i++)
        if ((unsigned char)t.at[i] < 0x20 || t.at[i] == 0x7F) return "has control characters";
    if ((double)t.len < o->least) return t.len ? "is too short" : "is empty";
    if ((double)t.len > o->most) return "is too long";
    *out = arena_string(arena, t);
    return NULL;
}

static const char *value_in_range(const struct option *o, double value) {
    return value >= o->least && value <= o->most ? NULL : "is out of range";
}

static const char *value_read_scalar(struct arena *arena, const struct option *o, struct text t,
                                     void *at) {
    const char *wrong = NULL;
    switch (o->type) {
    case TYPE_STR: return value_read_str(t, o, arena, at);
    case TYPE_BOOL: return value_read_bool(t, at);
    case TYPE_NUM: return (wrong = scalar_number(t, at)) ? wrong : value_in_range(o, *(double *)at);
    case TYPE_CHOICE:
        return (*(int *)at = word_list_index(o->choices, t)) < 0 ? "is not one of the choices"
                                                                 : NULL;
    case TYPE_INT: wrong = scalar_int(t, at); break;
    case TYPE_DURATION: wrong = value_read_units(t, durations, false, at); break;
    case TYPE_SIZE: wrong = value_read_units(t, sizes, true, at); break;
    default: CHECK(!"a scalar type");
    }
    return wrong ? wrong : value_in_range(o, (double)*(int64_t *)at);
}

/* The value in the largest unit that divides it. */
static void value_write_units(int64_t value, const struct unit *units, struct buf *out) {
    const struct unit *best = units;
    for (const struct unit *u = units; value && u->name; u++)
        if (value % u->times == 0) best = u;
    buf_printf(out, "%lld%s", (long long)(value / best->times), best->name);
}

void scalar_number_write(enum option_type type, double value, struct buf *out) {
    if (type == TYPE_DURATION) value_write_units((int64_t)value, durations, out);
    else if (type == TYPE_SIZE) value_write_units((int64_t)value, sizes, out);
    else if (type == TYPE_INT) buf_printf(out, "%lld", (long long)value);
    else buf_double(out, value);
}

static void value_allowed_words(const char *choices, struct buf *out) {
    struct text w;
    for (const char *comma = ""; word_list_next(&choices, &w); comma = ", ") {
        buf_str(out, comma);
        buf_text(out, w);
    }
}

static void value_allowed_range(const struct option *o, struct buf *out) {
    scalar_number_write(o->type, o->least, out);
    buf_str(out, " to ");
    scalar_number_write(o->type, o->most, out);
    if (o->type == TYPE_DURATION) buf_str(out, ", with unit ms, s, m, h or d");
    if (o->type == TYPE_SIZE) buf_str(out, ", with unit B, KiB, MiB or GiB");
}

static void value_allowed_count(const struct option *o, const char *what, struct buf *out) {
    if (o->least > 0) buf_printf(out, "%.0f to %.0f %s", o->least, o->most, what);
    else buf_printf(out, "at most %.0f %s", o->most, what);
}

void value_allowed(const struct option *o, struct buf *out) {
    switch (o->type) {
    case TYPE_BOOL: buf_str(out, "true, false"); break;
    case TYPE_CHOICE: value_allowed_words(o->choices, out); break;
    case TYPE_STR: value_allowed_count(o, "bytes", out); break;
    case TYPE_LIST: value_allowed_count(o, "entries", out); break;
    case TYPE_MAP: buf_str(out, "names with one value each"); break;
    default: value_allowed_range(o, out);
    }
}

/* Texts, and what stands where a map should, may be a password in the wrong place: not repeated
 * (promise I12). */
static bool value_may_be_shown(const struct option *o) {
    return !(o->flags & SECRET) && o->type != TYPE_STR && o->type != TYPE_MAP &&
           o->type != TYPE_LIST;
}

/* One message for every value that is refused: what it is, what is wrong, what is allowed, and the
 * nearest right word. */
static void value_refuse(struct problems *p, const struct option *o, const struct node *n,
                         const char *wrong) {
    struct buf allowed = {0};
    value_allowed(o, &allowed);
    const char *choices = o->type == TYPE_BOOL ? "true|false" : o->choices;
    const char *near = n->kind == NODE_SCALAR ? suggested(p, choices, n->text) : "";
    bool show = n->kind == NODE_SCALAR && n->text.len && value_may_be_shown(o);
    problem(p, n->mark, o->path, "%s%s%s; allowed %s: %s%s", show ? shown(p, n->text) : "",
            show ? " " : "", wrong, type_name(o->type), buf_string(&allowed), near);
    buf_release(&allowed);
}

static bool value_quoted_number(const struct option *o, const struct node *n) {
    return !n->plain && (o->type == TYPE_BOOL || o->type == TYPE_INT || o->type == TYPE_NUM);
}

/* What is wrong with the kind of node, before its text is read. */
static const char *value_wrong_kind(const struct option *o, const struct node *n) {
    if (o->type == TYPE_LIST) return n->kind == NODE_LIST ? NULL : "is not a list; write [a, b]";
    if (o->type == TYPE_MAP)
        return n->kind == NODE_MAP ? NULL : "is not a map; write {name: value}";
    if (n->kind == NODE_LIST) return "is a list where one value is expected";
    if (n->kind == NODE_MAP) return "is a map where one value is expected";
    if (node_is_null(n)) return "has no value; give one or leave the key out";
    return value_quoted_number(o, n) ? "is quoted; write it without quotes" : NULL;
}

/* An entry of a list or map must be a scalar with a value. */
static bool value_entry_fine(struct problems *p, const struct option *o, const struct node *n) {
    if (n->kind == NODE_BROKEN) return false;
    if (n->kind == NODE_SCALAR && !node_is_null(n)) return true;
    problem(p, n->mark, o->path, "an entry %s; allowed is one value",
            n->kind == NODE_SCALAR ? "has no value" : "is a list or a map");
    return false;
}

static bool value_read_list(struct problems *p, struct arena *arena, const struct option *o,
                            const struct node *n, struct list *out) {
    if ((double)n->n < o->least || (double)n->n > o->most) {
        value_refuse(p, o, n, n->n ? "has too few or too many entries" : "is empty");
        return false;
    }
    bool fine = true;
    out->n = 0;
    out->at = arena_take(arena, n->n * sizeof *out->at);
    for (const struct node *c = n->child; c; c = c->next) {
        fine &= value_entry_fine(p, o, c);
        out->at[out->n++] = arena_string(arena, c->text);
    }
    return fine;
}

static bool value_read_map(struct problems *p, struct arena *arena, const struct option *o,
                           const struct node *n, struct map *out) {
    bool fine = true;
    out->n = 0;
    out->key = arena_take(arena, n->n * sizeof *out->key);
    out->value = arena_take(arena, n->n * sizeof *out->value);
    for (const struct node *c = n->child; c; c = c->next) {
        fine &= value_entry_fine(p, o, c);
        out->key[out->n] = arena_string(arena, c->key->text);
        out->value[out->n++] = arena_string(arena, c->text);
    }
    return fine;
}

bool value_read(struct problems *p, struct arena *arena, const struct option *o,
                const struct node *n, void *at) {
    if (n->kind == NODE_BROKEN) return false;
    const char *wrong = value_wrong_kind(o, n);
    if (wrong && n->kind == NODE_SCALAR && !n->text.len)
        wrong = "has no value; give one or leave the key out";
    if (!wrong && o->type == TYPE_LIST) return value_read_list(p, arena, o, n, at);
    if (!wrong && o->type == TYPE_MAP) return value_read_map(p, arena, o, n, at);
    if (!wrong) wrong = value_read_scalar(arena, o, n->text, at);
    if (wrong) value_refuse(p, o, n, wrong);
    return !wrong;
}

static void value_empty(struct arena *arena, const struct option *o, void *at) {
    switch (o->type) {
    case TYPE_STR: *(char **)at = arena_string(arena, TEXT("")); break;
    case TYPE_LIST: *(struct list *)at = (struct list){0}; break;
    case TYPE_MAP: *(struct map *)at = (struct map){0}; break;
    default: CHECK(!"a type that can be empty");
    }
}

void value_default(struct arena *arena, const struct option *o, void *at) {
    if (!*o->default_text) {
        value_empty(arena, o, at);
        return;
    }
    struct arena scratch = {0};
    struct problems none = {.file = "default", .arena = &scratch};
    bool whole;
    const struct node *n = yaml_tree(&none, &scratch, text_of(o->default_text), &whole);
    CHECK(n && whole && value_read(&none, arena, o, n, at));
    arena_release(&scratch);
}
