/* Model versions as safetensors: any tool that reads that format can open what we publish.
 *
 * One table names the tensors of a model, their types and shapes; writer and reader both walk it,
 * so they cannot disagree. safetensors.c knows the container and trusts nothing in it; here the
 * file must hold the tensors of the table and no others, and their SHA-256 must be the one that the
 * metadata states (a chunk that is missing or from another version changes it). What the numbers
 * mean (finite, shares, golden rows) is asked by model_check.
 *
 * Thread: learner and follower thread, command line */
#include "infer/model_record.h"

#include "safetensors.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>

enum {
    TENSORS_MAX = 27 + 2 * MODEL_LAYERS_MAX,       // rows of the table
    NAME_SIZE = 40,                                // bytes of the longest name of a tensor
    DIGEST_BYTES = 32,                             // of a SHA-256
    METADATA_MAX = SAFETENSORS_HEADER_MAX - 16384, // bytes; tensors and the name have the rest
    EXPONENTIAL_WORK = 8, // multiplications that take as long as an exponential
};
_Static_assert(TENSORS_MAX <= (int)SAFETENSORS_TENSORS, "the reader has room for what we write");

/* ---- the table ---- */

struct model_tensor {
    char name[NAME_SIZE];
    bool wide, optional; // wide: F64, else F32
    size_t dimensions, shape[SAFETENSORS_DIMENSIONS];
    void **at; // where the model keeps its numbers
};

struct model_tensors {
    struct model_tensor row[TENSORS_MAX];
    size_t n;
};

static void model_record_add(struct model_tensors *t, struct model_tensor row) {
    CHECK(t->n < TENSORS_MAX);
    t->row[t->n++] = row;
}

static void model_record_add_doubles(struct model_tensors *t, const char *name, bool optional,
                                     size_t n, double **at) {
    struct model_tensor row = {
        .wide = true, .optional = optional, .dimensions = 1, .shape = {n}, .at = (void **)at};
    snprintf(row.name, NAME_SIZE, "%s", name);
    model_record_add(t, row);
}

static void model_record_add_layer(struct model_tensors *t, struct model *m, size_t l) {
    const struct model_shape *s = &m->shape;
    struct model_tensor weight = {.dimensions = 3,
                                  .shape = {s->members, s->width[l + 1], s->width[l]},
                                  .at = (void **)&m->weight[l]};
    struct model_tensor bias = {
        .dimensions = 2, .shape = {s->members, s->width[l + 1]}, .at = (void **)&m->bias[l]};
    snprintf(weight.name, NAME_SIZE, "layers.%zu.weight", l);
    snprintf(bias.name, NAME_SIZE, "layers.%zu.bias", l);
    model_record_add(t, weight);
    model_record_add(t, bias);
}

/* Those of a forest. */
static void model_record_add_forest(struct model_tensors *t, struct forest_parts *p) {
    const struct model_tensor rows[] = {
        {.name = "forest.rule", .shape = {FOREST_RULES}, .at = (void **)&p->rule},
        {.name = "forest.base", .wide = true, .shape = {p->outputs}, .at = (void **)&p->base},
        {.name = "forest.root", .shape = {p->trees}, .at = (void **)&p->root},
        {.name = "forest.output", .shape = {p->trees}, .at = (void **)&p->output},
        {.name = "forest.threshold",
         .wide = true,
         .shape = {p->nodes},
         .at = (void **)&p->threshold},
        {.name = "forest.slot", .shape = {p->nodes}, .at = (void **)&p->slot},
        {.name = "forest.child", .shape = {p->nodes}, .at = (void **)&p->child},
        {.name = "forest.place",
         .optional = p->slots == 0,
         .shape = {p->slots, FOREST_SLOT_NUMBERS},
         .dimensions = 2,
         .at = (void **)&p->place}};
    for (size_t i = 0; p->trees && i < sizeof rows / sizeof *rows; i++) {
        model_record_add(t, rows[i]);
        if (!rows[i].dimensions) t->row[t->n - 1].dimensions = 1;
    }
}

/* Those of boosted trees. */
static void model_record_add_boost(struct model_tensors *t, struct boost *b) {
    const struct model_tensor column = {.name = "boost.column",
                                        .dimensions = 2,
                                        .shape = {b->trees, BOOST_DEPTH},
                                        .at = (void **)&b->column},
                              cut = {.name = "boost.cut",
                                     .wide = true,
                                     .dimensions = 2,
                                     .shape = {b->trees, BOOST_DEPTH},
                                     .at = (void **)&b->cut},
                              leaf = {.name = "boost.leaf",
                                      .wide = true,
                                      .dimensions = 2,
                                      .shape = {b->trees, BOOST_LEAVES},
                                      .at = (void **)&b->leaf};
    if (!b->trees) return;
    model_record_add(t, column);
    model_record_add(t, cut);
    model_record_add(t, leaf);
    model_record_add_doubles(t, "boost.trust", false, 1, &b->trust);
}

/* What it says of columns, and the mixture. 0.1.0 has mean, scale and mix alone. */
static void model_record_add_columns(struct model_tensors *t, struct model *m) {
    const struct model_shape *s = &m->shape;
    model_record_add_doubles(t, "mean", false, model_columns(s), &m->mean);
    model_record_add_doubles(t, "scale", false, model_columns(s), &m->scale);
    model_record_add_doubles(t, "mix", false, s->members, &m->mix);
    model_record_add_doubles(t, "lapse", true, 1, &m->lapse);
    model_record_add_doubles(t, "temperature", true, 1, &m->temperature);
    model_record_add_doubles(t, "lateness", true, MODEL_LATENESS, &m->lateness);
    model_record_add_doubles(t, "log_unit", true, model_columns(s), &m->log_unit);
    model_record_add_doubles(t, "low", true, model_columns(s), &m->low);
    model_record_add_doubles(t, "high", true, model_columns(s), &m->high);
    model_record_add_doubles(t, "code.column", true, m->codes, &m->code_column);
}

/* Every tensor of a model of this shape, in the order of the file. */
static struct model_tensors model_record_tensors(struct model *m, struct forest_parts *forest) {
    const struct model_shape *s = &m->shape;
    struct model_tensors t = {.n = 0};
    model_record_add_columns(&t, m);
    const struct model_tensor hinge = {.name = "hinge",
                                       .dimensions = 2,
                                       .shape = {HINGE_NUMBERS, s->hinges},
                                       .at = (void **)&m->hinge};
    const struct model_tensor behind[] = {
        {.name = "code.weight",
         .optional = true,
         .dimensions = 2,
         .shape = {m->codes, s->k},
         .at = (void **)&m->code_weight},
        {.name = "utility",
         .optional = true,
         .dimensions = 1,
         .shape = {MODEL_QUANTILES},
         .at = (void **)&m->utility},
        {.name = "golden.row",
         .wide = true,
         .optional = true,
         .dimensions = 2,
         .shape = {m->golden, s->d},
         .at = (void **)&m->golden_row},
        {.name = "golden.prob",
         .optional = true,
         .dimensions = 2,
         .shape = {m->golden, s->k},
         .at = (void **)&m->golden_prob},
    };
    for (size_t l = 0; l < s->layers; l++) model_record_add_layer(&t, m, l);
    if (s->hinges) model_record_add(&t, hinge);
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) model_record_add(&t, behind[i]);
    model_record_add_boost(&t, &m->boost);
    model_record_add_forest(&t, forest);
    return t;
}

static struct safetensor model_record_safetensor(const struct model_tensor *row) {
    struct safetensor t = {
        .name = row->name, .wide = row->wide, .dimensions = row->dimensions, .at = *row->at};
    memcpy(t.shape, row->shape, sizeof t.shape);
    return t;
}

/* SHA-256 in hex of the bytes of these tensors (n), one behind the other. */
static void model_record_digest(const struct text *bytes, size_t n, char out[65]) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_MD_CTX *c = xgiven(EVP_MD_CTX_new());
    CHECK(EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1);
    for (size_t i = 0; i < n; i++) CHECK(EVP_DigestUpdate(c, bytes[i].at, bytes[i].len) == 1);
    CHECK(EVP_DigestFinal_ex(c, hash, &len) == 1 && len == DIGEST_BYTES);
    EVP_MD_CTX_free(c);
    for (unsigned i = 0; i < len; i++) snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

/* ---- writing ---- */

static void model_record_add_pair(struct buf *b, const char *key, const char *format,
                                  uint64_t value) {
    buf_printf(b, ",\"%s\":\"", key);
    buf_printf(b, format, value);
    buf_str(b, "\"");
}

static void model_record_add_metadata(const struct model *m, const char *name, struct buf *b) {
    buf_printf(b, "{\"format\":\"" MODEL_FORMAT "\",\"name\":");
    buf_json_str(b, name);
    model_record_add_pair(b, "version", "%" PRIu64, m->version);
    model_record_add_pair(b, "parent", "%" PRIu64, m->parent);
    model_record_add_pair(b, "fingerprint", "%016" PRIx64, m->fingerprint);
    model_record_add_pair(b, "rows", "%" PRIu64, m->rows);
    model_record_add_pair(b, "created_ms", "%" PRIu64, (uint64_t)m->created_ms);
    buf_str(b, ",\"classes\":");
    buf_json(b, m->classes);
    buf_str(b, ",\"seen\":");
    buf_json(b, m->seen.at ? m->seen : TEXT(""));
    if (m->prior) model_record_add_pair(b, "prior", "%" PRIu64, m->prior);
    if (*m->pushed) buf_printf(b, ",\"pushed\":\"%s\"", m->pushed);
    if (m->aside.len) {
        buf_str(b, ",\"aside\":");
        buf_json(b, m->aside);
    }
    buf_printf(b, ",\"sha256\":\"%s\"}", m->digest);
}

void model_write(struct model *m, const char *name, struct buf *out) {
    struct forest_parts forest = {0};
    if (m->forest) forest_parts_of(m->forest, &forest);
    struct model_tensors table = model_record_tensors(m, &forest);
    struct safetensor tensor[TENSORS_MAX];
    struct text bytes[TENSORS_MAX];
    struct buf metadata = {0};
    size_t n = 0;
    for (size_t i = 0; i < table.n; i++) {
        struct safetensor t = model_record_safetensor(&table.row[i]);
        if (!t.at || safetensor_bytes(&t) == 0) continue;
        bytes[n] = (struct text){t.at, safetensor_bytes(&t)};
        tensor[n++] = t;
    }
    model_record_digest(bytes, n, m->digest);
    model_record_add_metadata(m, name, &metadata);
    safetensors_write(buf_view(&metadata), tensor, n, out);
    buf_release(&metadata);
    forest_parts_release(&forest);
}

/* ---- reading ---- */

struct model_reading {
    struct safetensors file;
    struct forest_parts forest;
    const char *why; // what is wrong, one sentence
};

static int model_record_refuse(struct model_reading *r, const char *why) {
    r->why = why;
    return ERR_CORRUPT;
}

static const char *model_record_metadata(const struct model_reading *r, const char *key) {
    const char *value = safetensors_metadata(&r->file, key);
    return value ? value : "";
}

/* Copies a tensor to its place in the model; *found counts those that were there. */
static int model_record_fill_one(struct model_reading *r, const struct model_tensor *row,
                                 size_t *found) {
    const struct safetensor *t = safetensors_find(&r->file, row->name);
    if (!t) return row->optional ? 0 : model_record_refuse(r, "a tensor is missing");
    if (t->wide != row->wide)
        return model_record_refuse(r, "a tensor has another type than it should");
    if (t->dimensions != row->dimensions || memcmp(t->shape, row->shape, sizeof t->shape) != 0)
        return model_record_refuse(r, "a tensor has another shape than it should");
    ++*found;
    if (safetensor_bytes(t) == 0) return 0;
    if (!*row->at) *row->at = xmalloc(safetensor_bytes(t));
    memcpy(*row->at, t->at, safetensor_bytes(t));
    return 0;
}

/* Each tensor in its place, and none left over. */
static int model_record_fill(struct model_reading *r, struct model *m) {
    struct model_tensors table = model_record_tensors(m, &r->forest);
    size_t found = 0;
    for (size_t i = 0; i < table.n; i++) TRY(model_record_fill_one(r, &table.row[i], &found));
    if (found != r->file.n)
        return model_record_refuse(r, "the header names something that no model has");
    if (m->hinge) model_settle_hinges(m);
    model_settle_members(m);
    if (m->golden && !m->golden_prob)
        return model_record_refuse(r, "golden rows without their answers");
    if (m->codes && !m->code_weight)
        return model_record_refuse(r, "columns with codes without their weights");
    return 0;
}

/* Numbers along a tensor's first dimension; 0: there is no such tensor. */
static size_t model_record_length(struct model_reading *r, const char *name) {
    const struct safetensor *t = safetensors_find(&r->file, name);
    return t ? t->shape[0] : 0;
}

static void model_record_read_forest_sizes(struct model_reading *r) {
    r->forest = (struct forest_parts){.trees = model_record_length(r, "forest.root"),
                                      .nodes = model_record_length(r, "forest.threshold"),
                                      .slots = model_record_length(r, "forest.place"),
                                      .outputs = model_record_length(r, "forest.base")};
}

/* Widths from the weights' own shapes; everything else must then agree with them. The weights are
 * no larger than the bytes that came (safetensors_open). */
static int model_record_read_shape(struct model_reading *r, struct model_shape *s, size_t *golden) {
    char name[NAME_SIZE];
    for (s->layers = 0; s->layers < MODEL_LAYERS_MAX; s->layers++) {
        snprintf(name, sizeof name, "layers.%zu.weight", s->layers);
        const struct safetensor *weight = safetensors_find(&r->file, name);
        if (!weight || weight->dimensions != SAFETENSORS_DIMENSIONS) break;
        if (s->layers && weight->shape[2] != s->width[s->layers])
            return model_record_refuse(r, "the layers do not fit together");
        s->members = weight->shape[0];
        s->width[s->layers] = weight->shape[2];
        s->width[s->layers + 1] = weight->shape[1];
    }
    if (s->layers == 0) return model_record_refuse(r, "there are no layers");
    s->k = s->width[s->layers];
    s->scores = r->forest.trees ? r->forest.outputs : 0;
    s->slots = r->forest.slots;
    const struct safetensor *hinge = safetensors_find(&r->file, "hinge");
    s->hinges = hinge ? hinge->shape[1] : 0;
    if (s->hinges > HINGES_MAX || s->scores + s->hinges >= s->width[0])
        return model_record_refuse(r, "there are no columns");
    s->d = s->width[0] - s->scores - s->hinges;
    const struct safetensor *row = safetensors_find(&r->file, "golden.row");
    *golden = row && row->dimensions == 2 ? row->shape[0] : 0;
    return *golden > MODEL_GOLDEN_MAX ? model_record_refuse(r, "too many golden rows") : 0;
}

/* What model_check multiplies for each golden row: all weights, and the exponentials of all outputs
 * and the comparisons of trees as so many weights. */
static uint64_t model_record_work(const struct model *m) {
    const struct model_shape *s = &m->shape;
    uint64_t work = (uint64_t)EXPONENTIAL_WORK * s->members * s->k;
    if (m->forest) work += EXPONENTIAL_WORK * (forest_work(m->forest) + s->scores);
    for (size_t l = 0; l < s->layers; l++)
        work += (uint64_t)s->members * s->width[l] * s->width[l + 1];
    return work;
}

/* A number of the metadata: digits and nothing else. */
static bool model_record_number(const struct model_reading *r, const char *key, int base,
                                uint64_t *out) {
    const char *text = model_record_metadata(r, key),
               *digits = base == 16 ? "0123456789abcdef" : "0123456789";
    if (!*text || text[strspn(text, digits)]) return false;
    errno = 0;
    *out = strtoull(text, NULL, base);
    return errno == 0;
}

static struct text model_record_own(const char *string) { return text_of(xstrdup(string)); }

/* What versions that were fitted on their own do not have. */
static bool model_record_optional(const struct model_reading *r, struct model *m) {
    const char *pushed = model_record_metadata(r, "pushed");
    if (*model_record_metadata(r, "prior") && !model_record_number(r, "prior", 10, &m->prior))
        return false;
    if (strlen(pushed) > MODEL_PUSH_ID || pushed[strspn(pushed, "0123456789abcdef")]) return false;
    snprintf(m->pushed, sizeof m->pushed, "%s", pushed);
    m->aside = model_record_own(model_record_metadata(r, "aside"));
    return true;
}

static int model_record_read_metadata(struct model_reading *r, struct model *m) {
    uint64_t created;
    bool fine = model_record_number(r, "version", 10, &m->version) &&
                model_record_number(r, "parent", 10, &m->parent) &&
                model_record_number(r, "rows", 10, &m->rows) &&
                model_record_number(r, "fingerprint", 16, &m->fingerprint) &&
                model_record_number(r, "created_ms", 10, &created) && created <= INT64_MAX;
    if (!fine) return model_record_refuse(r, "a number of the metadata is missing or is none");
    if (!model_record_optional(r, m))
        return model_record_refuse(r, "a number of the metadata is none");
    m->created_ms = (int64_t)created;
    m->classes = model_record_own(model_record_metadata(r, "classes"));
    m->seen = model_record_own(model_record_metadata(r, "seen"));
    return 0;
}

/* A control character takes one byte when it comes and six when it is written. */
static bool model_record_can_be_written(const struct model *m) {
    struct buf metadata = {0};
    model_record_add_metadata(m, "", &metadata);
    bool can = metadata.len <= METADATA_MAX;
    buf_release(&metadata);
    return can;
}

static int model_record_read(struct model_reading *r, struct model **out) {
    struct model_shape shape = {0};
    size_t golden = 0;
    if (strcmp(model_record_metadata(r, "format"), MODEL_FORMAT) != 0)
        return model_record_refuse(r, "it is not a winnowd model (metadata: format)");
    model_record_read_forest_sizes(r);
    TRY(model_record_read_shape(r, &shape, &golden));
    if (model_create(out, &shape) < 0)
        return model_record_refuse(r, "the shapes make no sense, or are larger than is accepted");
    (*out)->golden = golden;
    const struct safetensor *codes = safetensors_find(&r->file, "code.column");
    (*out)->codes = codes && codes->dimensions == 1 ? codes->shape[0] : 0;
    (*out)->boost.trees = model_record_length(r, "boost.leaf");
    TRY(model_record_fill(r, *out));
    if (shape.scores) TRY(forest_create(&(*out)->forest, &r->forest, shape.d, shape.k, &r->why));
    r->why = boost_fault(&(*out)->boost, shape.d, shape.k);
    if (r->why) return ERR_CORRUPT;
    boost_settle(&(*out)->boost);
    if (golden * model_record_work(*out) > MODEL_CHECK_MOST)
        return model_record_refuse(r, "its golden rows would take too long to check");
    TRY(model_record_read_metadata(r, *out));
    model_record_digest(&r->file.data, 1, (*out)->digest);
    if (!model_record_can_be_written(*out))
        return model_record_refuse(r,
                                   "written again its metadata would be larger than is accepted");
    return strcmp(model_record_metadata(r, "sha256"), (*out)->digest) == 0
               ? 0
               : model_record_refuse(r,
                                     "the tensors are not those that the metadata states (sha256)");
}

int model_read(struct model **out, struct text record, const char **why) {
    struct model_reading r = {.why = NULL};
    *out = NULL;
    int result = safetensors_open(&r.file, record);
    if (result < 0) r.why = r.file.why;
    else result = model_record_read(&r, out);
    safetensors_close(&r.file);
    forest_parts_release(&r.forest);
    if (result == 0) return 0;
    model_destroy(*out);
    *out = NULL;
    *why = r.why;
    return result;
}
