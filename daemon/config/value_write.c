/* Writing, comparing and copying values by their row.
 *
 * What is written reads back to the same value, except secrets: options flagged so, and values of
 * maps whose name says that they hold one, come out as "***". A value "@FILE" names a file and is
 * shown. Keeps promise I12: this is the one place where a configured value becomes text.
 *
 * Thread: any thread */
#include "value.h"

#include <strings.h>

static const char *const secret_names[] = {
    "password",   "secret",
    "passphrase",
    ".pem", // also of certificates, where a key may stand by mistake
    "jaas",       "oauthbearer.config"};

bool value_is_secret(const char *name, const char *value) {
    if (value[0] == '@') return false;
    bool address = strstr(value, "://") || strcasestr(name, ".url");
    if (strstr(value, "PRIVATE KEY") || (address && strchr(value, '@'))) return true;
    for (size_t i = 0; i < sizeof secret_names / sizeof *secret_names; i++)
        if (strcasestr(name, secret_names[i])) return true;
    return false;
}

/* Characters that YAML does not hold as they are, or takes for the end of a line; and those that
 * steer whoever looks. */
static bool value_is_special(unsigned point) {
    return text_steers(point) || point == 0xFEFF || point == 0xFFFE || point == 0xFFFF;
}

void config_quote(struct text text, struct buf *out) {
    buf_str(out, "\"");
    for (size_t n; text.len; text = (struct text){text.at + n, text.len - n}) {
        size_t character = text_utf8(text);
        n = character ? character : 1; // a byte that is not UTF-8 stays as it is
        unsigned point = character ? text_code_point(text.at, n) : 0xFFFFFFFF;
        if (value_is_special(point)) buf_printf(out, "\\u%04X", point);
        else if (point == '"' || point == '\\') buf_printf(out, "\\%c", (int)point);
        else buf_add(out, text.at, n);
    }
    buf_str(out, "\"");
}

/* Entries of lists and maps that are numbers go without quotes: they are read as text either
 * way. */
static void value_write_entry(const char *text, struct buf *out) {
    double number;
    if (scalar_number(text_of(text), &number)) config_quote(text_of(text), out);
    else buf_str(out, text);
}

static void value_write_list(const struct list *l, struct buf *out) {
    buf_str(out, "[");
    for (size_t i = 0; i < l->n; i++) {
        if (i) buf_str(out, ", ");
        value_write_entry(l->at[i], out);
    }
    buf_str(out, "]");
}

static void value_write_map(const struct map *m, bool secret, struct buf *out) {
    buf_str(out, "{");
    for (size_t i = 0; i < m->n; i++) {
        if (i) buf_str(out, ", ");
        config_quote(text_of(m->key[i]), out);
        buf_str(out, ": ");
        bool mask = secret || value_is_secret(m->key[i], m->value[i]);
        value_write_entry(mask ? "***" : m->value[i], out);
    }
    buf_str(out, "}");
}

void value_write(const struct option *o, const void *at, struct buf *out) {
    bool secret = o->flags & SECRET;
    switch (o->type) {
    case TYPE_STR:
        config_quote(text_of(secret && **(char *const *)at ? "***" : *(char *const *)at), out);
        break;
    case TYPE_BOOL: buf_str(out, *(const bool *)at ? "true" : "false"); break;
    case TYPE_NUM: buf_double(out, *(const double *)at); break;
    case TYPE_CHOICE: buf_text(out, word_list_at(o->choices, *(const int *)at)); break;
    case TYPE_LIST: value_write_list(at, out); break;
    case TYPE_MAP: value_write_map(at, secret, out); break;
    default: scalar_number_write(o->type, (double)*(const int64_t *)at, out);
    }
}

void value_default_write(const struct option *o, struct buf *out) {
    struct arena arena = {0};
    union {
        bool b;
        int i;
        int64_t i64;
        double number;
        char *text;
        struct list list;
        struct map map;
    } value;
    value_default(&arena, o, &value);
    value_write(o, &value, out);
    arena_release(&arena);
}

static bool value_texts_equal(char *const *a, char *const *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(a[i], b[i]) != 0) return false;
    return true;
}

bool value_equal(const struct option *o, const void *a, const void *b) {
    const struct list *la = a, *lb = b;
    const struct map *ma = a, *mb = b;
    switch (o->type) {
    case TYPE_STR: return value_texts_equal(a, b, 1);
    case TYPE_BOOL: return *(const bool *)a == *(const bool *)b;
    case TYPE_NUM: return *(const double *)a == *(const double *)b;
    case TYPE_CHOICE: return *(const int *)a == *(const int *)b;
    case TYPE_LIST: return la->n == lb->n && value_texts_equal(la->at, lb->at, la->n);
    case TYPE_MAP:
        return ma->n == mb->n && value_texts_equal(ma->key, mb->key, ma->n) &&
               value_texts_equal(ma->value, mb->value, ma->n);
    default: return *(const int64_t *)a == *(const int64_t *)b;
    }
}

static char **value_copy_texts(struct arena *arena, char *const *from, size_t n) {
    char **to = arena_take(arena, n * sizeof *to);
    for (size_t i = 0; i < n; i++) to[i] = arena_string(arena, text_of(from[i]));
    return to;
}

void value_copy(struct arena *arena, const struct option *o, void *to, const void *from) {
    const struct list *list = from;
    const struct map *map = from;
    switch (o->type) {
    case TYPE_STR: *(char **)to = arena_string(arena, text_of(*(char *const *)from)); break;
    case TYPE_BOOL: *(bool *)to = *(const bool *)from; break;
    case TYPE_NUM: *(double *)to = *(const double *)from; break;
    case TYPE_CHOICE: *(int *)to = *(const int *)from; break;
    case TYPE_LIST:
        *(struct list *)to = (struct list){value_copy_texts(arena, list->at, list->n), list->n};
        break;
    case TYPE_MAP:
        *(struct map *)to = (struct map){value_copy_texts(arena, map->key, map->n),
                                         value_copy_texts(arena, map->value, map->n), map->n};
        break;
    default: *(int64_t *)to = *(const int64_t *)from;
    }
}
