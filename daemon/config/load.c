/* Loading the configuration: defaults, then the file, then the environment, then the checks; all or
 * nothing (promise I10).
 *
 * Each step walks the options table. Every problem of a file is told at once, so after one the
 * reading goes on. Only when the YAML itself broke off are the checks across options left out: they
 * would speak of what was not read. Refuses files over CONFIG_FILE_MAX.
 *
 * Thread: main thread */
#include "config/config.h"

#include "base/whole_file.h"
#include "check.h"

#include <errno.h>
#include <unistd.h>

struct config *config_create(void) {
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

static void *load_value_at(void *base, const struct option *o) { return (char *)base + o->offset; }

static void load_defaults(struct config *c, const struct option *rows, size_t n, void *base) {
    for (size_t i = 0; i < n; i++) value_default(c->arena, &rows[i], load_value_at(base, &rows[i]));
}

/* Index of the key among the rows of a section (or of a feature), or n. */
static size_t load_find_row(const struct option *rows, size_t n, const char *section,
                            struct text key) {
    size_t i = 0;
    while (i < n &&
           (strcmp(rows[i].section, section) != 0 || !text_equal(text_of(rows[i].key), key)))
        i++;
    return i;
}

/* Keys that earlier versions had, and what an operator does instead. */
static const struct {
    const char *section, *key, *instead;
} load_former[] = {
    {"admit", "decoder", "it is called admit.json_reader now"},
    {"query", "compat", "it is gone: only the tests still know the peers' rules"},
};

static const char *load_instead_of(const char *section, struct text key) {
    for (size_t i = 0; i < sizeof load_former / sizeof *load_former; i++)
        if (strcmp(load_former[i].section, section) == 0 &&
            text_equal(text_of(load_former[i].key), key))
            return load_former[i].instead;
    return NULL;
}

/* Adds advice to the error about an unknown key: what replaced it, if an earlier version had it;
 * else the option of another section with this key; else the nearest of `choices`. */
static void load_advise(const char *section, struct text key, const char *choices,
                        struct buf *out) {
    const char *instead = load_instead_of(section, key);
    if (instead) {
        buf_printf(out, "; %s", instead);
        return;
    }
    for (size_t i = 0; i < OPTIONS; i++)
        if (text_equal(text_of(option_rows[i].key), key)) {
            buf_printf(out, "; did you mean %s", option_rows[i].path);
            return;
        }
    struct text near = word_list_nearest(choices, key);
    if (near.at)
        buf_printf(out, "; did you mean %s%s%.*s", section, *section ? "." : "", (int)near.len,
                   near.at);
}

/* Takes choices ("a|b|c") over. */
static void load_refuse_key(struct config_reading *r, const char *section, const struct node *key,
                            struct buf *choices) {
    struct buf advice = {0};
    load_advise(section, key->text, buf_string(choices), &advice);
    problem(&r->problems, key->mark, NULL, "%s%s%s: unknown %s%s", section, *section ? "." : "",
            key->text.at, *section ? "key" : "section", buf_string(&advice));
    buf_release(&advice);
    buf_release(choices);
}

static void load_refuse_option(struct config_reading *r, const struct option *rows, size_t n,
                               const char *section, const struct node *key) {
    struct buf choices = {0};
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].section, section) == 0) buf_printf(&choices, "%s|", rows[i].key);
    load_refuse_key(r, section, key, &choices);
}

/* Reads the keys of one map into base; `given` is indexed as rows. True when all was fine. */
static bool load_keys(struct config_reading *r, const struct option *rows, size_t n,
                      const char *section, const struct node *map, void *base,
                      struct given *given) {
    bool fine = true;
    for (const struct node *v = map->child; v; v = v->next) {
        size_t i = load_find_row(rows, n, section, v->key->text);
        if (i == n) {
            load_refuse_option(r, rows, n, section, v->key);
            fine = false;
            continue;
        }
        bool good =
            value_read(&r->problems, r->config->arena, &rows[i], v, load_value_at(base, &rows[i]));
        given[i] = (struct given){v, !good};
        fine &= good;
    }
    return fine;
}

static void load_feature(struct config_reading *r, size_t i, const struct node *entry) {
    struct feature_config *f = &r->config->features[i];
    struct given *given = &r->feature[i * FEATURE_KEYS];
    load_defaults(r->config, feature_rows, FEATURE_KEYS, f);
    r->entry[i] = entry->mark;
    bool fine = entry->kind == NODE_MAP;
    if (fine) fine = load_keys(r, feature_rows, FEATURE_KEYS, "features", entry, f, given);
    else if (entry->kind != NODE_BROKEN)
        problem(&r->problems, entry->mark, "features", "an entry must be a map: - name: amount");
    if (entry->kind != NODE_MAP) // nothing to be said of its keys
        for (size_t k = 0; k < FEATURE_KEYS; k++) given[k] = (struct given){entry, true};
    r->features.bad |= !fine;
}

static void load_features(struct config_reading *r, const struct node *list) {
    r->features.node = list;
    if (list->kind == NODE_LIST && list->n <= FEATURES_MAX) {
        struct config *c = r->config;
        c->features_n = list->n;
        c->features = arena_take(c->arena, list->n * sizeof *c->features);
        r->feature = arena_take(&r->arena, list->n * FEATURE_KEYS * sizeof *r->feature);
        r->entry = arena_take(&r->arena, list->n * sizeof *r->entry);
        memset(r->feature, 0, list->n * FEATURE_KEYS * sizeof *r->feature);
        size_t i = 0;
        for (const struct node *e = list->child; e; e = e->next) load_feature(r, i++, e);
        return;
    }
    r->features.bad = true;
    if (list->kind == NODE_BROKEN) return;
    problem(&r->problems, list->mark, "features",
            "must be a list of at most %d maps: - name: amount", FEATURES_MAX);
}

static const struct section *load_find_section(struct text name) {
    for (size_t i = 0; i < SECTIONS; i++)
        if (text_equal(text_of(section_rows[i].name), name)) return &section_rows[i];
    return NULL;
}

static void load_refuse_section(struct config_reading *r, const struct node *key) {
    struct buf choices = {0};
    for (size_t i = 0; i < SECTIONS; i++) buf_printf(&choices, "%s|", section_rows[i].name);
    buf_str(&choices, "features");
    load_refuse_key(r, "", key, &choices);
}

static void load_section(struct config_reading *r, const struct node *v) {
    if (text_equal(v->key->text, TEXT("features"))) {
        load_features(r, v);
        return;
    }
    const struct section *s = load_find_section(v->key->text);
    if (!s) load_refuse_section(r, v->key);
    else if (v->kind == NODE_MAP)
        load_keys(r, option_rows, OPTIONS, s->name, v, r->config, r->options);
    else if (v->kind != NODE_BROKEN && !node_is_null(v)) // all keys commented out: an empty section
        problem(&r->problems, v->mark, s->name, "is a section; write its keys below it, indented");
}

static void load_file(struct config_reading *r, const struct node *root) {
    if (!root || root->kind == NODE_BROKEN) return;
    if (root->kind != NODE_MAP) {
        problem(&r->problems, root->mark, NULL, "the file must consist of sections, e.g. service:");
        return;
    }
    for (const struct node *v = root->child; v; v = v->next) load_section(r, v);
}

static void load_set_source(struct config_reading *r, size_t source, const char *text) {
    r->config->source[source].text = text;
}

static const char *load_source_text(struct config_reading *r, const struct given *g) {
    if (!g->node) return "default";
    struct buf b = {0};
    buf_printf(&b, "%s:%zu", r->problems.file,
               g->node->key ? g->node->key->mark.line : g->node->mark.line);
    const char *text = arena_string(r->config->arena, buf_view(&b));
    buf_release(&b);
    return text;
}

static void load_set_sources(struct config_reading *r) {
    struct config *c = r->config;
    c->source = arena_take(c->arena, source_of_feature(c->features_n, 0) * sizeof *c->source);
    for (size_t i = 0; i < OPTIONS; i++) load_set_source(r, i, load_source_text(r, &r->options[i]));
    for (size_t i = 0; i < c->features_n * FEATURE_KEYS; i++)
        load_set_source(r, OPTIONS + i, load_source_text(r, &r->feature[i]));
}

/* A value from outside the file is read by the same grammar. */
static void load_from_environment(struct config_reading *r, size_t option, struct text value) {
    const struct option *o = &option_rows[option];
    struct node n = {.kind = NODE_SCALAR, .mark = MARK_START, .text = value};
    if (!value_read(&r->problems, r->config->arena, o, &n, load_value_at(r->config, o)))
        r->options[option].bad = true;
    load_set_source(r, option, "environment");
}

/* The instance must be this process's own: host name, and the unit's instance. */
static void load_instance(struct config_reading *r) {
    char host[256] = {0};
    if (*r->config->service.instance || r->options[OPTION_service_instance].bad) return;
    if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
    const char *unit = getenv("WINNOWD_UNIT_INSTANCE");
    char *name = unit && *unit ? xasprintf("%s-%s", host, unit) : xstrdup(host);
    load_from_environment(r, OPTION_service_instance, text_of(name));
    free(name);
}

/* systemd's list of state directories is separated by ':'; ours is the first. */
static void load_state_dir(struct config_reading *r) {
    const char *directory = getenv("STATE_DIRECTORY");
    if (r->options[OPTION_service_state_dir].node || !directory || !*directory) return;
    load_from_environment(r, OPTION_service_state_dir,
                          (struct text){directory, strcspn(directory, ":")});
}

static void load_paths(struct config_reading *r) {
    struct config *c = r->config;
    for (size_t i = 0; i < c->features_n; i++) {
        struct feature_config *f = &c->features[i];
        if (*f->path) continue;
        char *path = xasprintf("/%s", f->name);
        f->path = arena_string(c->arena, text_of(path));
        free(path);
    }
}

static void load_all(struct config_reading *r, struct text yaml) {
    bool whole;
    load_defaults(r->config, option_rows, OPTIONS, r->config);
    const struct node *root = yaml_tree(&r->problems, &r->arena, yaml, &whole);
    load_file(r, root);
    load_set_sources(r);
    load_instance(r);
    load_state_dir(r);
    load_paths(r);
    if (whole && (!root || root->kind == NODE_MAP)) config_check(r);
}

/* Tells the problems, and gives the configuration out only when nothing was wrong. */
static int load_finish(struct config_reading *r, struct config **out, struct buf *errors) {
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
    struct config_reading r = {.problems.file = name, .config = config_create()};
    r.problems.arena = &r.arena;
    if (yaml.len > CONFIG_FILE_MAX)
        problem(&r.problems, MARK_START, NULL, "the file is larger than 1 MiB");
    else load_all(&r, yaml);
    return load_finish(&r, out, errors);
}

/* Where the package puts files to begin with. */
#define EXAMPLES "/usr/share/doc/winnowd/examples"

int config_load(struct config **out, const char *file, struct buf *errors) {
    struct buf bytes = {0};
    *out = NULL;
    int error = whole_file_read(file, CONFIG_FILE_MAX + 1, &bytes), result = ERR_CONFIG;
    if (error && error != EFBIG) // which is more than config_parse takes
        buf_printf(errors, "%s:1:1: the file cannot be read: %s%s\n", file, whole_file_why(error),
                   error == ENOENT ? " (" EXAMPLES " has some to begin with)" : "");
    else result = config_parse(out, file, buf_view(&bytes), errors);
    buf_release(&bytes);
    return result;
}
