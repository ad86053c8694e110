/* Loading the configuration: defaults, then the file, then the environment, then the checks; all or
 * nothing (promise I10).
 *
 * Each step walks the options table. Every problem of a file is told at once, so after one the
 * reading goes on; only when the YAML itself broke off are the checks across options left out,
 * since they would speak of what was not read. Refuses files over 1 MiB. Thread: main thread */
#include "config/config.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, FEATURES_MAX = 10000 };

static struct config *config_create(void) {
    struct config *c = xcalloc(1, sizeof *c);
    c->arena = xcalloc(1, sizeof *c->arena);
    return c;
}

void config_destroy(struct config *c) {
    if (!c) return;
    arena_release(c->arena);
    free(c->arena);
    free(c);
}

int config_class(const struct config *c, struct text name) {
    for (size_t i = 0; i < c->model.classes.n; i++)
        if (text_equal(text_of(c->model.classes.at[i]), name)) return (int)i;
    return -1;
}

static void *config_value_at(void *base, const struct option *o) {
    return (char *)base + o->offset;
}
static const void *const_value_at(const void *base, const struct option *o) {
    return (const char *)base + o->offset;
}

static void set_standards(struct config *c, const struct option *rows, size_t n, void *base) {
    for (size_t i = 0; i < n; i++)
        value_standard(c->arena, &rows[i], config_value_at(base, &rows[i]));
}

/* Index of the key among the rows of a section (or of a feature), or n. */
static size_t find_row(const struct option *rows, size_t n, const char *section, struct text key) {
    size_t i = 0;
    while (i < n &&
           (strcmp(rows[i].section, section) != 0 || !text_equal(text_of(rows[i].key), key)))
        i++;
    return i;
}

/* Tells an unknown key, with the section that has just this key, else the nearest of `choices`. */
static void refuse_key(struct reading *r, const char *section, const struct node *key,
                       struct buf *choices) {
    struct buf b = {0};
    for (size_t i = 0; i < OPTIONS && !b.len; i++)
        if (text_equal(text_of(option_rows[i].key), key->text)) buf_str(&b, option_rows[i].path);
    struct text near = nearest_word(buf_string(choices), key->text);
    if (!b.len && near.at)
        buf_printf(&b, "%s%s%.*s", section, *section ? "." : "", (int)near.len, near.at);
    problem(&r->problems, key->mark, NULL, "%s%s%s: unknown %s%s%s", section, *section ? "." : "",
            key->text.at, *section ? "key" : "section", b.len ? "; did you mean " : "",
            buf_string(&b));
    buf_release(&b);
    buf_release(choices);
}

static void refuse_option(struct reading *r, const struct option *rows, size_t n,
                          const char *section, const struct node *key) {
    struct buf choices = {0};
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].section, section) == 0) buf_printf(&choices, "%s|", rows[i].key);
    refuse_key(r, section, key, &choices);
}

/* Reads the keys of one map into base; `given` is indexed as rows. True when all was fine. */
static bool read_keys(struct reading *r, const struct option *rows, size_t n, const char *section,
                      const struct node *map, void *base, struct given *given) {
    bool fine = true;
    for (const struct node *v = map->child; v; v = v->next) {
        size_t i = find_row(rows, n, section, v->key->text);
        if (i == n) {
            refuse_option(r, rows, n, section, v->key);
            fine = false;
            continue;
        }
        bool good = value_read(&r->problems, r->config->arena, &rows[i], v,
                               config_value_at(base, &rows[i]));
        given[i] = (struct given){v, !good};
        fine &= good;
    }
    return fine;
}

static void read_feature(struct reading *r, size_t i, const struct node *entry) {
    struct feature_config *f = &r->config->features[i];
    struct given *given = &r->feature[i * FEATURE_KEYS];
    set_standards(r->config, feature_rows, FEATURE_KEYS, f);
    r->entry[i] = entry->mark;
    bool fine = entry->kind == NODE_MAP;
    if (fine) fine = read_keys(r, feature_rows, FEATURE_KEYS, "features", entry, f, given);
    else if (entry->kind != NODE_BROKEN)
        problem(&r->problems, entry->mark, "features", "an entry must be a map: - name: amount");
    if (entry->kind != NODE_MAP) // nothing to be said of its keys
        for (size_t k = 0; k < FEATURE_KEYS; k++) given[k] = (struct given){entry, true};
    r->features.bad |= !fine;
}

static void read_features(struct reading *r, const struct node *list) {
    r->features.node = list;
    if (list->kind == NODE_LIST && list->n <= FEATURES_MAX) {
        struct config *c = r->config;
        c->features_n = list->n;
        c->features = arena_take(c->arena, list->n * sizeof *c->features);
        r->feature = arena_take(&r->arena, list->n * FEATURE_KEYS * sizeof *r->feature);
        r->entry = arena_take(&r->arena, list->n * sizeof *r->entry);
        memset(r->feature, 0, list->n * FEATURE_KEYS * sizeof *r->feature);
        size_t i = 0;
        for (const struct node *e = list->child; e; e = e->next) read_feature(r, i++, e);
        return;
    }
    r->features.bad = true;
    if (list->kind == NODE_BROKEN) return;
    problem(&r->problems, list->mark, "features",
            "must be a list of at most %d maps: - name: amount", FEATURES_MAX);
}

static const struct section *find_section(struct text name) {
    for (size_t i = 0; i < SECTIONS; i++)
        if (text_equal(text_of(section_rows[i].name), name)) return &section_rows[i];
    return NULL;
}

static void refuse_section(struct reading *r, const struct node *key) {
    struct buf choices = {0};
    for (size_t i = 0; i < SECTIONS; i++) buf_printf(&choices, "%s|", section_rows[i].name);
    buf_str(&choices, "features");
    refuse_key(r, "", key, &choices);
}

static void read_section(struct reading *r, const struct node *v) {
    if (text_equal(v->key->text, TEXT("features"))) {
        read_features(r, v);
        return;
    }
    const struct section *s = find_section(v->key->text);
    if (!s) refuse_section(r, v->key);
    else if (v->kind == NODE_MAP)
        read_keys(r, option_rows, OPTIONS, s->name, v, r->config, r->options);
    else if (v->kind != NODE_BROKEN && !node_is_null(v)) // all keys commented out: an empty section
        problem(&r->problems, v->mark, s->name, "is a section; write its keys below it, indented");
}

static void config_read_file(struct reading *r, const struct node *root) {
    if (!root || root->kind == NODE_BROKEN) return;
    if (root->kind != NODE_MAP) {
        problem(&r->problems, root->mark, NULL, "the file must consist of sections, e.g. service:");
        return;
    }
    for (const struct node *v = root->child; v; v = v->next) read_section(r, v);
}

static void set_source(struct reading *r, size_t source, const char *text) {
    r->config->source[source].text = text;
}

static const char *source_text(struct reading *r, const struct given *g) {
    if (!g->node) return "default";
    struct buf b = {0};
    buf_printf(&b, "%s:%zu", r->problems.file,
               g->node->key ? g->node->key->mark.line : g->node->mark.line);
    const char *text = arena_string(r->config->arena, buf_view(&b));
    buf_release(&b);
    return text;
}

static void set_sources(struct reading *r) {
    struct config *c = r->config;
    c->source = arena_take(c->arena, source_of_feature(c->features_n, 0) * sizeof *c->source);
    for (size_t i = 0; i < OPTIONS; i++) set_source(r, i, source_text(r, &r->options[i]));
    for (size_t i = 0; i < c->features_n * FEATURE_KEYS; i++)
        set_source(r, OPTIONS + i, source_text(r, &r->feature[i]));
}

/* A value from outside the file must pass the same door. */
static void set_from_environment(struct reading *r, size_t option, struct text value) {
    const struct option *o = &option_rows[option];
    struct node n = {.kind = NODE_SCALAR, .mark = MARK_START, .text = value};
    if (!value_read(&r->problems, r->config->arena, o, &n, config_value_at(r->config, o)))
        r->options[option].bad = true;
    set_source(r, option, "environment");
}

/* The instance must be this process's own: host name, and the unit's instance. */
static void resolve_instance(struct reading *r) {
    char host[256] = {0};
    if (*r->config->service.instance || r->options[OPTION_service_instance].bad) return;
    if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
    const char *unit = getenv("WINNOWD_UNIT_INSTANCE");
    bool both = unit && *unit;
    char *name = xasprintf("%s%s%s", host, both ? "-" : "", both ? unit : "");
    set_from_environment(r, OPTION_service_instance, text_of(name));
    free(name);
}

/* systemd's list of state directories is separated by ':'; ours is the first. */
static void resolve_state_dir(struct reading *r) {
    const char *directory = getenv("STATE_DIRECTORY");
    if (r->options[OPTION_service_state_dir].node || !directory || !*directory) return;
    set_from_environment(r, OPTION_service_state_dir,
                         (struct text){directory, strcspn(directory, ":")});
}

static void resolve_paths(struct reading *r) {
    struct config *c = r->config;
    for (size_t i = 0; i < c->features_n; i++) {
        struct feature_config *f = &c->features[i];
        if (*f->path) continue;
        char *path = xasprintf("/%s", f->name);
        f->path = arena_string(c->arena, text_of(path));
        free(path);
    }
}

static void config_read_all(struct reading *r, struct text yaml) {
    bool whole;
    set_standards(r->config, option_rows, OPTIONS, r->config);
    const struct node *root = yaml_tree(&r->problems, &r->arena, yaml, &whole);
    config_read_file(r, root);
    set_sources(r);
    resolve_instance(r);
    resolve_state_dir(r);
    resolve_paths(r);
    if (whole && (!root || root->kind == NODE_MAP)) config_check(r);
}

/* Tells the problems, and gives the configuration out only when nothing was wrong. */
static int config_finish(struct reading *r, struct config **out, struct buf *errors) {
    bool fine = r->problems.n == 0;
    problems_write(&r->problems, errors);
    arena_release(&r->arena);
    if (!fine) {
        config_destroy(r->config);
        r->config = NULL;
    }
    *out = r->config;
    return fine ? 0 : ERR_CONFIG;
}

int config_parse(struct config **out, const char *name, struct text yaml, struct buf *errors) {
    struct reading r = {.problems.file = name, .config = config_create()};
    r.problems.arena = &r.arena;
    if (yaml.len > FILE_MAX)
        problem(&r.problems, MARK_START, NULL, "the file is larger than 1 MiB");
    else config_read_all(&r, yaml);
    return config_finish(&r, out, errors);
}

/* Reads one byte more than is allowed, so that config_parse sees that there was more. 0 or an
 * errno. */
static int read_bytes(const char *file, struct buf *out) {
    int fd = open(file, O_RDONLY | O_CLOEXEC), error = 0;
    if (fd < 0) return errno;
    for (ssize_t n = 1; n && out->len <= FILE_MAX && !error;) {
        n = read(fd, buf_room(out, FILE_MAX + 1 - out->len), FILE_MAX + 1 - out->len);
        if (n > 0) out->len += (size_t)n;
        else if (n < 0 && errno != EINTR) error = errno;
    }
    close(fd);
    return error;
}

int config_load(struct config **out, const char *file, struct buf *errors) {
    struct buf bytes = {0};
    *out = NULL;
    int error = read_bytes(file, &bytes), result = ERR_CONFIG;
    if (error)
        buf_printf(errors, "%s:1:1: the file cannot be read: %s\n", file, strerrordesc_np(error));
    else result = config_parse(out, file, buf_view(&bytes), errors);
    buf_release(&bytes);
    return result;
}

static void add_name(struct buf *list, const char *name) {
    buf_printf(list, "%s%s", list->len ? "," : "", name);
}

static bool features_equal(const struct config *a, const struct config *b) {
    if (a->features_n != b->features_n) return false;
    for (size_t i = 0; i < a->features_n; i++)
        for (size_t k = 0; k < FEATURE_KEYS; k++) {
            const struct option *o = &feature_rows[k];
            if (!value_equal(o, const_value_at(&a->features[i], o),
                             const_value_at(&b->features[i], o)))
                return false;
        }
    return true;
}

void config_diff(const struct config *a, const struct config *b, struct buf *changed,
                 struct buf *restart) {
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *o = &option_rows[i];
        if (value_equal(o, const_value_at(a, o), const_value_at(b, o))) continue;
        add_name(changed, o->path);
        if (!(o->flags & RELOAD)) add_name(restart, o->path);
    }
    if (features_equal(a, b)) return;
    add_name(changed, "features");
    add_name(restart, "features");
}

static struct config_source copied_source(struct config *c, const struct config_source *from) {
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
        value_copy(c->arena, o, config_value_at(c, o), const_value_at(from, o));
        c->source[i] = copied_source(c, &from->source[i]);
    }
    for (size_t i = 0; i < a->features_n; i++)
        for (size_t k = 0; k < FEATURE_KEYS; k++) {
            const struct option *o = &feature_rows[k];
            value_copy(c->arena, o, config_value_at(&c->features[i], o),
                       const_value_at(&a->features[i], o));
            size_t s = source_of_feature(i, k);
            c->source[s] = copied_source(c, &a->source[s]);
        }
    return c;
}
