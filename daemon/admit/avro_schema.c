/* From the JSON of a schema to nodes.
 *
 * Named types are entered before their fields are read, so they may contain themselves. A schema is
 * from the world: its bytes, values, nodes and depth are bounded, and a record that contains itself
 * whatever it holds (no union or array between) is refused, since nobody could write one.
 *
 * Thread: any thread */
#include "avro_schema.h"

#include "admit/schema.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/word_list.h"

#include <math.h>

enum {
    NAMES_MOST = 4096,  // named types of a schema
    MESSAGE_BYTES = 160 // that are shown of a name
};

static const struct avro_node avro_schema_primitive[AVRO_PRIMITIVES] = {
    {.type = AVRO_NULL},  {.type = AVRO_BOOLEAN}, {.type = AVRO_INT},   {.type = AVRO_LONG},
    {.type = AVRO_FLOAT}, {.type = AVRO_DOUBLE},  {.type = AVRO_BYTES}, {.type = AVRO_STRING}};
static const char avro_schema_primitives[] = "null|boolean|int|long|float|double|bytes|string";

struct avro_name {
    struct text full;
    struct avro_node *node;
    struct avro_name *next; // of the same bucket
};

enum { BUCKETS = 256 };

struct avro_reading {
    struct arena *arena;
    struct avro_name *bucket[BUCKETS];
    size_t names, depth;
    uint32_t nodes;
    struct avro_node **record; // (records, NAMES_MOST)
    size_t records;
    const char *why;
};

static const struct avro_node *avro_schema_any(struct avro_reading *r, const cJSON *j,
                                               struct text space);

/* NULL, for the caller to hand on. The first fault is kept. */
static void *avro_schema_refuse(struct avro_reading *r, const char *what, struct text which) {
    if (r->why) return NULL;
    struct buf b = {0};
    buf_str(&b, what);
    if (which.at) {
        buf_str(&b, ": ");
        buf_json(&b,
                 (struct text){which.at, which.len < MESSAGE_BYTES ? which.len : MESSAGE_BYTES});
    }
    r->why = arena_string(r->arena, buf_view(&b));
    buf_release(&b);
    return NULL;
}

static struct avro_node *avro_schema_node(struct avro_reading *r, enum avro_type type) {
    if (r->nodes == AVRO_NODES_MOST)
        return avro_schema_refuse(r, "it has more types than are read", (struct text){0});
    struct avro_node *node = arena_take(r->arena, sizeof *node);
    *node = (struct avro_node){.type = type, .number = r->nodes++, .finite = true};
    return node;
}

/* ---- names ---- */

static struct text avro_schema_copy(struct avro_reading *r, struct text t) {
    return t.at ? arena_text(r->arena, t) : t;
}

static struct text avro_schema_join(struct avro_reading *r, struct text space, struct text name) {
    if (!space.len || memchr(name.at, '.', name.len)) return avro_schema_copy(r, name);
    char *full = arena_take(r->arena, space.len + 1 + name.len);
    memcpy(full, space.at, space.len);
    full[space.len] = '.';
    memcpy(full + space.len + 1, name.at, name.len);
    return (struct text){full, space.len + 1 + name.len};
}

static struct avro_name **avro_schema_bucket(struct avro_reading *r, struct text full) {
    unsigned hash = 5381;
    for (size_t i = 0; i < full.len; i++) hash = hash * 33 + (unsigned char)full.at[i];
    return &r->bucket[hash % BUCKETS];
}

static struct avro_node *avro_schema_find(struct avro_reading *r, struct text full) {
    struct avro_name *name = *avro_schema_bucket(r, full);
    while (name && !text_equal(name->full, full)) name = name->next;
    return name ? name->node : NULL;
}

/* A name in a schema: a primitive type, or a named type of this namespace or of none. */
static const struct avro_node *avro_schema_named(struct avro_reading *r, struct text name,
                                                 struct text space) {
    int primitive = word_list_index(avro_schema_primitives, name);
    if (primitive >= 0) return &avro_schema_primitive[primitive];
    const struct avro_node *node = avro_schema_find(r, avro_schema_join(r, space, name));
    if (!node) node = avro_schema_find(r, name);
    return node ? node : avro_schema_refuse(r, "it names a type that it does not define", name);
}

/* Enters the type; *space becomes the namespace of what it holds. */
static bool avro_schema_enter(struct avro_reading *r, const cJSON *j, struct avro_node *node,
                              struct text *space) {
    struct text name = json_text(j, "name"), given = json_text(j, "namespace");
    if (!name.len) return avro_schema_refuse(r, "a named type has no name", (struct text){0});
    struct text full = avro_schema_join(r, given.at ? given : *space, name);
    if (avro_schema_find(r, full)) return avro_schema_refuse(r, "a type is defined twice", full);
    if (r->names++ == NAMES_MOST)
        return avro_schema_refuse(r, "it has more named types than are read", (struct text){0});
    struct avro_name *entry = arena_take(r->arena, sizeof *entry),
                     **bucket = avro_schema_bucket(r, full);
    *entry = (struct avro_name){full, node, *bucket};
    *bucket = entry;
    const char *dot = memrchr(full.at, '.', full.len);
    *space = (struct text){full.at, dot ? (size_t)(dot - full.at) : 0};
    return true;
}

/* ---- types ---- */

/* An array of texts, copied; *n: how many. false: it is none, or holds something else. */
static bool avro_schema_texts(struct avro_reading *r, const cJSON *list, const struct text **out,
                              size_t *n) {
    const cJSON *item;
    struct text *texts = arena_take(r->arena, (size_t)cJSON_GetArraySize(list) * sizeof *texts);
    *n = 0;
    cJSON_ArrayForEach(item, list) {
        if (!cJSON_IsString(item)) return false;
        texts[(*n)++] = avro_schema_copy(r, text_of(item->valuestring));
    }
    *out = texts;
    return cJSON_IsArray(list);
}

static const struct avro_node *avro_schema_enum(struct avro_reading *r, const cJSON *j,
                                                struct text space) {
    struct avro_node *node = avro_schema_node(r, AVRO_ENUM);
    if (!node || !avro_schema_enter(r, j, node, &space)) return NULL;
    if (!avro_schema_texts(r, cJSON_GetObjectItemCaseSensitive(j, "symbols"), &node->symbol,
                           &node->n))
        return avro_schema_refuse(r, "an enum has no list of symbols", json_text(j, "name"));
    return node;
}

static const struct avro_node *avro_schema_fixed(struct avro_reading *r, const cJSON *j,
                                                 struct text space) {
    struct avro_node *node = avro_schema_node(r, AVRO_FIXED);
    int64_t size = -1;
    if (!node || !avro_schema_enter(r, j, node, &space)) return NULL;
    if (!json_integer(j, "size", &size) || size < 0 || size > AVRO_FIXED_MOST)
        return avro_schema_refuse(r, "a fixed has no size, or one that is not read",
                                  json_text(j, "name"));
    node->size = (uint32_t)size;
    return node;
}

static bool avro_schema_field(struct avro_reading *r, const cJSON *j, struct text space,
                              struct avro_field *out) {
    struct text name = json_text(j, "name");
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(j, "type"),
                *aliases = cJSON_GetObjectItemCaseSensitive(j, "aliases");
    if (!name.len || !type)
        return avro_schema_refuse(r, "a field has no name or no type", (struct text){0});
    *out = (struct avro_field){.name = avro_schema_copy(r, name)};
    if (aliases && !avro_schema_texts(r, aliases, &out->alias, &out->aliases))
        return avro_schema_refuse(r, "aliases are no list of names", name);
    out->node = avro_schema_any(r, type, space);
    return out->node != NULL;
}

static int avro_schema_by_name(const void *left, const void *right) {
    const struct text *a = left, *b = right;
    return text_order(*a, *b);
}

static bool avro_schema_repeats(struct avro_reading *r, const struct avro_node *node) {
    struct text *names = arena_take(r->arena, node->n * sizeof *names);
    for (size_t i = 0; i < node->n; i++) names[i] = node->field[i].name;
    if (node->n) qsort(names, node->n, sizeof *names, avro_schema_by_name);
    for (size_t i = 1; i < node->n; i++)
        if (text_equal(names[i], names[i - 1])) {
            avro_schema_refuse(r, "a record has two fields of one name", names[i]);
            return true;
        }
    return false;
}

static const struct avro_node *avro_schema_record(struct avro_reading *r, const cJSON *j,
                                                  struct text space) {
    struct avro_node *node = avro_schema_node(r, AVRO_RECORD);
    const cJSON *fields = cJSON_GetObjectItemCaseSensitive(j, "fields"), *item;
    if (!node || !avro_schema_enter(r, j, node, &space)) return NULL;
    if (!cJSON_IsArray(fields))
        return avro_schema_refuse(r, "a record has no list of fields", json_text(j, "name"));
    r->record[r->records++] = node;
    node->finite = false; // until it is known
    node->field = arena_take(r->arena, (size_t)cJSON_GetArraySize(fields) * sizeof *node->field);
    cJSON_ArrayForEach(item, fields) {
        if (!avro_schema_field(r, item, space, &node->field[node->n])) return NULL;
        node->n++;
    }
    return avro_schema_repeats(r, node) ? NULL : node;
}

static const struct avro_node *avro_schema_holder(struct avro_reading *r, const cJSON *j,
                                                  struct text space, enum avro_type type,
                                                  const char *key) {
    struct avro_node *node = avro_schema_node(r, type);
    const cJSON *held = cJSON_GetObjectItemCaseSensitive(j, key);
    if (!node) return NULL;
    if (!held)
        return avro_schema_refuse(r, "an array or map does not say of what", (struct text){0});
    node->branch = arena_take(r->arena, sizeof *node->branch);
    node->branch[0] = avro_schema_any(r, held, space);
    return node->branch[0] ? node : NULL;
}

static const struct avro_node *avro_schema_union(struct avro_reading *r, const cJSON *list,
                                                 struct text space) {
    struct avro_node *node = avro_schema_node(r, AVRO_UNION);
    const cJSON *item;
    if (!node) return NULL;
    if (!list->child) return avro_schema_refuse(r, "a union has no branch", (struct text){0});
    node->branch = arena_take(r->arena, (size_t)cJSON_GetArraySize(list) * sizeof *node->branch);
    cJSON_ArrayForEach(item, list) {
        const struct avro_node *branch = avro_schema_any(r, item, space);
        if (!branch) return NULL;
        if (branch->type == AVRO_UNION)
            return avro_schema_refuse(r, "a union is a branch of a union", (struct text){0});
        node->branch[node->n++] = branch;
    }
    return node;
}

/* ---- logical types ---- */

struct avro_logical {
    const char *name;
    enum avro_type type;
    enum avro_meaning meaning;
    int exponent; // to milliseconds
};

/* Those that keep their number as it is are not here, and one that does not fit its type is passed
 * over, as the specification wants. */
static const struct avro_logical avro_schema_logical[] = {
    {"date", AVRO_INT, AVRO_DAYS, 0},
    {"time-micros", AVRO_LONG, AVRO_SCALED, -3},
    {"timestamp-micros", AVRO_LONG, AVRO_SCALED, -3},
    {"timestamp-nanos", AVRO_LONG, AVRO_SCALED, -6},
    {"local-timestamp-micros", AVRO_LONG, AVRO_SCALED, -3},
    {"local-timestamp-nanos", AVRO_LONG, AVRO_SCALED, -6},
};

static const struct avro_node *avro_schema_meant(struct avro_reading *r,
                                                 const struct avro_node *plain,
                                                 enum avro_meaning meaning, int exponent) {
    struct avro_node *node = avro_schema_node(r, plain->type);
    if (!node) return NULL;
    uint32_t number = node->number;
    *node = *plain;
    node->number = number;
    node->meaning = meaning;
    node->exponent = exponent;
    return node;
}

static const struct avro_node *avro_schema_decimal(struct avro_reading *r, const cJSON *j,
                                                   const struct avro_node *plain) {
    int64_t precision = 0, scale = 0;
    bool sound = json_integer(j, "precision", &precision) && precision > 0;
    if (cJSON_GetObjectItemCaseSensitive(j, "scale"))
        sound = sound && json_integer(j, "scale", &scale);
    if (!sound || scale < 0 || scale > precision || precision > AVRO_DECIMAL_BYTES * 3 ||
        (plain->type != AVRO_BYTES && plain->type != AVRO_FIXED))
        return plain;
    return avro_schema_meant(r, plain, AVRO_DECIMAL, -(int)scale);
}

static const struct avro_node *avro_schema_logically(struct avro_reading *r, const cJSON *j,
                                                     const struct avro_node *plain) {
    struct text logical = json_text(j, "logicalType");
    if (!plain || !logical.at) return plain;
    if (text_equal(logical, TEXT("decimal"))) return avro_schema_decimal(r, j, plain);
    for (size_t i = 0; i < sizeof avro_schema_logical / sizeof *avro_schema_logical; i++) {
        const struct avro_logical *l = &avro_schema_logical[i];
        if (l->type == plain->type && text_equal(logical, text_of(l->name)))
            return avro_schema_meant(r, plain, l->meaning, l->exponent);
    }
    return plain;
}

/* ---- any of them ---- */

static const struct avro_node *avro_schema_object(struct avro_reading *r, const cJSON *j,
                                                  struct text space) {
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(j, "type");
    struct text word = json_text(j, "type");
    if (!type) return avro_schema_refuse(r, "a type is not named", (struct text){0});
    if (text_equal(word, TEXT("record")) || text_equal(word, TEXT("error")))
        return avro_schema_record(r, j, space);
    if (text_equal(word, TEXT("enum"))) return avro_schema_enum(r, j, space);
    if (text_equal(word, TEXT("array")))
        return avro_schema_holder(r, j, space, AVRO_ARRAY, "items");
    if (text_equal(word, TEXT("map"))) return avro_schema_holder(r, j, space, AVRO_MAP, "values");
    const struct avro_node *plain = text_equal(word, TEXT("fixed"))
                                        ? avro_schema_fixed(r, j, space)
                                        : avro_schema_any(r, type, space);
    return avro_schema_logically(r, j, plain);
}

static const struct avro_node *avro_schema_any(struct avro_reading *r, const cJSON *j,
                                               struct text space) {
    const struct avro_node *node = NULL;
    if (r->depth == AVRO_NEST_MOST)
        return avro_schema_refuse(r, "its types nest deeper than is read", (struct text){0});
    r->depth++;
    if (cJSON_IsString(j)) node = avro_schema_named(r, text_of(j->valuestring), space);
    else if (cJSON_IsArray(j)) node = avro_schema_union(r, j, space);
    else if (cJSON_IsObject(j)) node = avro_schema_object(r, j, space);
    else avro_schema_refuse(r, "a type is neither name, list nor object", (struct text){0});
    r->depth--;
    return node;
}

/* ---- the whole ---- */

static bool avro_schema_is_finite(const struct avro_node *node) {
    if (node->type == AVRO_RECORD) return node->finite;
    if (node->type != AVRO_UNION) return true;
    for (size_t i = 0; i < node->n; i++)
        if (node->branch[i]->type != AVRO_RECORD || node->branch[i]->finite) return true;
    return false;
}

static bool avro_schema_can_end(const struct avro_node *record) {
    for (size_t i = 0; i < record->n; i++)
        if (!avro_schema_is_finite(record->field[i].node)) return false;
    return true;
}

/* Records of finite ones are finite; what is left when nothing more is found contains itself. */
static bool avro_schema_ends(struct avro_reading *r) {
    for (bool found = true; found;) {
        found = false;
        for (size_t i = 0; i < r->records; i++)
            if (!r->record[i]->finite && avro_schema_can_end(r->record[i]))
                found = r->record[i]->finite = true;
    }
    for (size_t i = 0; i < r->records; i++)
        if (!r->record[i]->finite) {
            avro_schema_refuse(r, "a record contains itself without an end", (struct text){0});
            return false;
        }
    return true;
}

static const struct avro_node *avro_schema_text(struct avro_reading *r, struct text json) {
    struct arena scratch = {0};
    cJSON *tree = text_is_utf8(json) ? json_parse(json, &scratch) : NULL;
    const struct avro_node *node = tree ? avro_schema_any(r, tree, (struct text){0})
                                        : avro_schema_refuse(r, "it is no JSON", (struct text){0});
    cJSON_Delete(tree);
    arena_release(&scratch);
    return node;
}

static bool avro_schema_is_object(const struct avro_node *root) {
    return root->type == AVRO_RECORD || root->type == AVRO_MAP || root->type == AVRO_UNION;
}

const struct avro_schema *avro_schema_read(const struct text *texts, size_t n, struct arena *arena,
                                           const char **why) {
    struct avro_reading r = {.arena = arena};
    size_t bytes = 0;
    const struct avro_node *root = NULL;
    r.record = xmalloc((NAMES_MOST + 1) * sizeof *r.record);
    for (size_t i = 0; i < n; i++) bytes += texts[i].len;
    if (!n || n > SCHEMA_TEXTS_MOST || bytes > SCHEMA_BYTES_MOST)
        avro_schema_refuse(&r, "it is longer than is read", (struct text){0});
    for (size_t i = 0; i < n && !r.why; i++) root = avro_schema_text(&r, texts[i]);
    if (!r.why && !avro_schema_is_object(root))
        avro_schema_refuse(&r, "its values are no records", (struct text){0});
    if (!r.why) avro_schema_ends(&r);
    free(r.record);
    *why = r.why;
    if (r.why) return NULL;
    struct avro_schema *s = arena_take(arena, sizeof *s);
    *s = (struct avro_schema){root, r.nodes};
    return s;
}
