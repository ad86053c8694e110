/* Model versions as safetensors: any tool that reads that format can open what we publish, and what
 * it writes we can read.
 *
 * One table names the tensors, their types and shapes; writer and reader both walk it, so they
 * cannot disagree. The reader trusts nothing: lengths, offsets, shapes and products are checked
 * before a byte is copied, the tensors must cover the bytes exactly, and their SHA-256 must be the
 * one that the metadata states (a chunk that is missing or from another version changes it). What
 * numbers mean (finite, shares, golden rows) is model_check's question.
 *
 * Thread: learner and follower thread, command line */
#include "infer/model_record.h"

#include "safetensors.h"

#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>

enum { TENSORS_MAX = 6 + 2 * MODEL_LAYERS_MAX, DIMENSIONS = 3, NAME_SIZE = 40, GOLDEN_MAX = 4096 };

static const char format_name[] = "winnowd-model-1";

/* ---- the table ---- */

struct tensor {
    char name[NAME_SIZE];
    bool wide, optional; // wide: F64, else F32
    size_t dimensions, shape[DIMENSIONS];
    void **at; // where the model keeps it
};

static struct tensor *model_record_row_of(struct tensor *t, size_t *n, const char *name, bool wide,
                                          void **at) {
    t = &t[(*n)++];
    *t = (struct tensor){.wide = wide, .at = at};
    snprintf(t->name, sizeof t->name, "%s", name);
    return t;
}

static void shape_of(struct tensor *t, size_t dimensions, size_t a, size_t b, size_t c) {
    t->dimensions = dimensions;
    t->shape[0] = a;
    t->shape[1] = b;
    t->shape[2] = c;
}

/* Every tensor of a model of this shape, in file order. */
static size_t tensors_of(struct model *m, struct tensor out[TENSORS_MAX]) {
    const struct model_shape *s = &m->shape;
    size_t n = 0;
    char name[NAME_SIZE];
    shape_of(model_record_row_of(out, &n, "mean", true, (void **)&m->mean), 1, s->d, 0, 0);
    shape_of(model_record_row_of(out, &n, "scale", true, (void **)&m->scale), 1, s->d, 0, 0);
    shape_of(model_record_row_of(out, &n, "mix", true, (void **)&m->mix), 1, s->members, 0, 0);
    for (size_t l = 0; l < s->layers; l++) {
        snprintf(name, sizeof name, "layers.%zu.weight", l);
        shape_of(model_record_row_of(out, &n, name, false, (void **)&m->weight[l]), 3, s->members,
                 s->width[l + 1], s->width[l]);
        snprintf(name, sizeof name, "layers.%zu.bias", l);
        shape_of(model_record_row_of(out, &n, name, false, (void **)&m->bias[l]), 2, s->members,
                 s->width[l + 1], 0);
    }
    struct tensor *t = model_record_row_of(out, &n, "utility", false, (void **)&m->utility);
    shape_of(t, 1, MODEL_QUANTILES, 0, 0);
    t->optional = true;
    t = model_record_row_of(out, &n, "golden.row", true, (void **)&m->golden_row);
    shape_of(t, 2, m->golden, s->d, 0);
    t->optional = true;
    t = model_record_row_of(out, &n, "golden.prob", false, (void **)&m->golden_prob);
    shape_of(t, 2, m->golden, s->k, 0);
    t->optional = true;
    return n;
}

static size_t bytes_of(const struct tensor *t) {
    size_t bytes = t->wide ? 8 : 4;
    for (size_t i = 0; i < t->dimensions; i++) bytes *= t->shape[i];
    return bytes;
}

static void digest_of(struct text bytes, char out[65]) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    CHECK(EVP_Digest(bytes.at, bytes.len, hash, &n, EVP_sha256(), NULL) == 1 && n == 32);
    for (unsigned i = 0; i < n; i++) snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

/* ---- writing ---- */

static void add_pair(struct buf *b, const char *key, const char *format, uint64_t value) {
    buf_printf(b, ",\"%s\":\"", key);
    buf_printf(b, format, value);
    buf_str(b, "\"");
}

static void add_metadata(const struct model *m, const char *name, struct buf *b) {
    buf_printf(b, "{\"__metadata__\":{\"format\":\"%s\",\"name\":", format_name);
    buf_json_str(b, name);
    add_pair(b, "version", "%" PRIu64, m->version);
    add_pair(b, "parent", "%" PRIu64, m->parent);
    add_pair(b, "fingerprint", "%016" PRIx64, m->fingerprint);
    add_pair(b, "rows", "%" PRIu64, m->rows);
    add_pair(b, "created_ms", "%" PRIu64, (uint64_t)m->created_ms);
    buf_str(b, ",\"classes\":");
    buf_json(b, m->classes);
    buf_str(b, ",\"seen\":");
    buf_json(b, m->seen.at ? m->seen : TEXT(""));
    if (m->prior) add_pair(b, "prior", "%" PRIu64, m->prior);
    if (*m->pushed) buf_printf(b, ",\"pushed\":\"%s\"", m->pushed);
    if (m->aside.len) {
        buf_str(b, ",\"aside\":");
        buf_json(b, m->aside);
    }
    buf_printf(b, ",\"sha256\":\"%s\"}", m->digest);
}

static void add_tensor(struct buf *b, const struct tensor *t, size_t from) {
    buf_printf(b, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", t->name, t->wide ? "F64" : "F32");
    for (size_t i = 0; i < t->dimensions; i++) buf_printf(b, "%s%zu", i ? "," : "", t->shape[i]);
    buf_printf(b, "],\"data_offsets\":[%zu,%zu]}", from, from + bytes_of(t));
}

static bool model_record_present(const struct tensor *t) { return *t->at && bytes_of(t) > 0; }

void model_write(struct model *m, const char *name, struct buf *out) {
    struct tensor tensor[TENSORS_MAX];
    size_t n = tensors_of(m, tensor), at = 0;
    struct buf data = {0}, header = {0};
    for (size_t i = 0; i < n; i++)
        if (model_record_present(&tensor[i])) buf_add(&data, *tensor[i].at, bytes_of(&tensor[i]));
    digest_of(buf_view(&data), m->digest);
    add_metadata(m, name, &header);
    for (size_t i = 0; i < n; i++) {
        if (!model_record_present(&tensor[i])) continue;
        add_tensor(&header, &tensor[i], at);
        at += bytes_of(&tensor[i]);
    }
    buf_str(&header, "}");
    while (header.len % 8) buf_str(&header, " "); // doubles lie aligned behind it
    unsigned char length[8];
    for (size_t i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)header.len >> (8 * i));
    buf_add(out, length, sizeof length);
    buf_text(out, buf_view(&header));
    buf_text(out, buf_view(&data));
    buf_release(&data);
    buf_release(&header);
}

/* ---- reading ---- */

struct span {
    size_t from, to;
};

struct reading {
    const cJSON *header, *metadata;
    struct text data;
    struct span span[TENSORS_MAX]; // of the tensors found so far
    size_t found;
    const char *why;
};

static int model_record_refuse(struct reading *r, const char *why) {
    r->why = why;
    return ERR_CORRUPT;
}

static const char *model_record_metadata(const struct reading *r, const char *key) {
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r->metadata, key));
    return value ? value : "";
}

/* How many dimensions a tensor has, and which; 0: it is not there, or its shape is none. */
static size_t model_record_dimensions(const struct reading *r, const char *name,
                                      size_t shape[DIMENSIONS]) {
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(r->header, name), "shape");
    int n = cJSON_GetArraySize(array);
    if (!cJSON_IsArray(array) || n < 1 || n > DIMENSIONS) return 0;
    for (int i = 0; i < n; i++)
        if (!safetensors_whole(array, i, &shape[i])) return 0;
    return (size_t)n;
}

static bool model_record_overlaps(const struct reading *r, struct span s) {
    for (size_t i = 0; i < r->found; i++)
        if (s.from < r->span[i].to && r->span[i].from < s.to) return true;
    return false;
}

/* Where a tensor's bytes are; 0 when it is there as the table says, or is optional and absent
 * (*bytes is then NULL). */
static int model_record_locate(struct reading *r, const struct tensor *t, const char **bytes) {
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(r->header, t->name);
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    const char *dtype = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "dtype"));
    size_t shape[DIMENSIONS] = {0};
    struct span s;
    *bytes = NULL;
    if (!entry) return t->optional ? 0 : model_record_refuse(r, "a tensor is missing");
    if (!dtype || strcmp(dtype, t->wide ? "F64" : "F32") != 0)
        return model_record_refuse(r, "a tensor has another type than it should");
    if (model_record_dimensions(r, t->name, shape) != t->dimensions ||
        memcmp(shape, t->shape, t->dimensions * sizeof *shape) != 0)
        return model_record_refuse(r, "a tensor has another shape than it should");
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !safetensors_whole(offsets, 0, &s.from) || !safetensors_whole(offsets, 1, &s.to))
        return model_record_refuse(r, "a tensor's offsets are not two whole numbers");
    if (s.from > s.to || s.to > r->data.len || s.to - s.from != bytes_of(t))
        return model_record_refuse(r, "a tensor's bytes are not where the header says");
    if (model_record_overlaps(r, s)) return model_record_refuse(r, "two tensors overlap");
    r->span[r->found++] = s;
    *bytes = r->data.at + s.from;
    return 0;
}

/* Each tensor in its place; nothing may be left over, neither a name nor a byte. */
static int model_record_fill(struct reading *r, struct model *m) {
    struct tensor tensor[TENSORS_MAX];
    size_t n = tensors_of(m, tensor), bytes = 0;
    for (size_t i = 0; i < n; i++) {
        const char *from;
        TRY(model_record_locate(r, &tensor[i], &from));
        if (!from || bytes_of(&tensor[i]) == 0) continue;
        if (!*tensor[i].at) *tensor[i].at = xmalloc(bytes_of(&tensor[i]));
        memcpy(*tensor[i].at, from, bytes_of(&tensor[i]));
        bytes += bytes_of(&tensor[i]);
    }
    if ((size_t)cJSON_GetArraySize(r->header) != r->found + 1)
        return model_record_refuse(
            r, "the header names something twice, or something that no model has");
    if (bytes != r->data.len)
        return model_record_refuse(r, "there are bytes that belong to no tensor");
    return m->golden && !m->golden_prob
               ? model_record_refuse(r, "golden rows without their answers")
               : 0;
}

/* Bytes of the weights in a layer, added to *sum; false: more than a record can hold. */
static bool add_layer(const size_t shape[DIMENSIONS], size_t *sum) {
    size_t bytes = sizeof(float);
    for (size_t i = 0; i < DIMENSIONS; i++)
        if (__builtin_mul_overflow(bytes, shape[i], &bytes)) return false;
    return !__builtin_add_overflow(*sum, bytes, sum);
}

/* Widths from the weights' own shapes; everything else must then agree with them. What they say is
 * no larger than the bytes that came, so a small record can't make us ask for much memory. */
static int model_record_read_shape(struct reading *r, struct model_shape *s, size_t *golden) {
    size_t shape[DIMENSIONS], bytes = 0;
    char name[NAME_SIZE];
    for (s->layers = 0; s->layers < MODEL_LAYERS_MAX; s->layers++) {
        snprintf(name, sizeof name, "layers.%zu.weight", s->layers);
        if (model_record_dimensions(r, name, shape) != DIMENSIONS) break;
        if (s->layers && shape[2] != s->width[s->layers])
            return model_record_refuse(r, "the layers do not fit together");
        if (!add_layer(shape, &bytes) || bytes > r->data.len)
            return model_record_refuse(r, "the layers are larger than the record");
        s->members = shape[0];
        s->width[s->layers] = shape[2];
        s->width[s->layers + 1] = shape[1];
    }
    if (s->layers == 0) return model_record_refuse(r, "there are no layers");
    s->d = s->width[0];
    s->k = s->width[s->layers];
    *golden = model_record_dimensions(r, "golden.row", shape) == 2 ? shape[0] : 0;
    return *golden > GOLDEN_MAX ? model_record_refuse(r, "too many golden rows") : 0;
}

/* A number of the metadata: digits and nothing else. */
static bool model_record_number(const struct reading *r, const char *key, int base, uint64_t *out) {
    const char *text = model_record_metadata(r, key),
               *digits = base == 16 ? "0123456789abcdef" : "0123456789";
    if (!*text || text[strspn(text, digits)]) return false;
    errno = 0;
    *out = strtoull(text, NULL, base);
    return errno == 0;
}

static struct text model_record_own(const char *string) { return text_of(xstrdup(string)); }

/* What versions that were fitted on their own do not have. */
static bool model_record_optional(const struct reading *r, struct model *m) {
    const char *pushed = model_record_metadata(r, "pushed");
    if (*model_record_metadata(r, "prior") && !model_record_number(r, "prior", 10, &m->prior))
        return false;
    if (strlen(pushed) > MODEL_PUSH_ID || pushed[strspn(pushed, "0123456789abcdef")]) return false;
    snprintf(m->pushed, sizeof m->pushed, "%s", pushed);
    m->aside = model_record_own(model_record_metadata(r, "aside"));
    return true;
}

static int read_metadata(struct reading *r, struct model *m) {
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

static int read_model(struct reading *r, struct model **out) {
    struct model_shape shape = {0};
    size_t golden = 0;
    if (strcmp(model_record_metadata(r, "format"), format_name) != 0)
        return model_record_refuse(r, "it is not a winnowd model (metadata: format)");
    TRY(model_record_read_shape(r, &shape, &golden));
    if (model_create(out, &shape) < 0) return model_record_refuse(r, "the shapes make no sense");
    (*out)->golden = golden;
    TRY(model_record_fill(r, *out));
    TRY(read_metadata(r, *out));
    digest_of(r->data, (*out)->digest);
    return strcmp(model_record_metadata(r, "sha256"), (*out)->digest) == 0
               ? 0
               : model_record_refuse(r,
                                     "the tensors are not those that the metadata states (sha256)");
}

int model_read(struct model **out, struct text record, const char **why) {
    struct text header, data;
    *out = NULL;
    if (!safetensors_split(record, &header, &data)) {
        *why = "the record is shorter than its header, or the header is too long";
        return ERR_CORRUPT;
    }
    struct arena arena = {0};
    cJSON *tree = json_parse(header, &arena);
    struct reading r = {.header = tree,
                        .metadata = cJSON_GetObjectItemCaseSensitive(tree, "__metadata__"),
                        .data = data};
    int result = cJSON_IsObject(tree) ? read_model(&r, out)
                                      : model_record_refuse(&r, "the header is not a JSON object");
    cJSON_Delete(tree);
    arena_release(&arena);
    if (result == 0) return 0;
    model_destroy(*out);
    *out = NULL;
    *why = r.why;
    return result;
}
