/* Model versions as safetensors: any tool that reads that format can open what we publish, and what it writes we can read.
 *
 * One table names the tensors, their types and shapes; writer and reader both walk it, so they cannot disagree. The reader trusts
 * nothing: lengths, offsets, shapes and products are checked before a byte is copied, and the SHA-256 of the tensors must be the one that
 * the metadata states (a chunk that is missing or from another version changes it).
 *
 * Thread: learner and follower thread, command line */
#include "infer/model_record.h"

#include "base/json.h"

#include <inttypes.h>
#include <openssl/evp.h>

enum { TENSORS_MAX = 6 + 2 * MODEL_LAYERS_MAX, DIMENSIONS = 3, HEADER_MAX = 1 << 20, NAME_MAX_ = 40 };

static const char format_name[] = "winnowd-model-1";

/* ---- the table ---- */

struct tensor {
    char name[NAME_MAX_];
    bool wide, optional; // wide: F64, else F32
    size_t dimensions, shape[DIMENSIONS];
    void **at;           // where the model keeps it
};

static struct tensor *row_of(struct tensor *t, size_t *n, const char *name, bool wide, void **at) {
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
    char name[NAME_MAX_];
    shape_of(row_of(out, &n, "mean", true, (void **)&m->mean), 1, s->d, 0, 0);
    shape_of(row_of(out, &n, "scale", true, (void **)&m->scale), 1, s->d, 0, 0);
    shape_of(row_of(out, &n, "mix", true, (void **)&m->mix), 1, s->members, 0, 0);
    for (size_t l = 0; l < s->layers; l++) {
        snprintf(name, sizeof name, "layers.%zu.weight", l);
        shape_of(row_of(out, &n, name, false, (void **)&m->weight[l]), 3, s->members, s->width[l + 1], s->width[l]);
        snprintf(name, sizeof name, "layers.%zu.bias", l);
        shape_of(row_of(out, &n, name, false, (void **)&m->bias[l]), 2, s->members, s->width[l + 1], 0);
    }
    struct tensor *t = row_of(out, &n, "utility", false, (void **)&m->utility);
    shape_of(t, 1, MODEL_QUANTILES, 0, 0);
    t->optional = true;
    t = row_of(out, &n, "golden.row", true, (void **)&m->golden_row);
    shape_of(t, 2, m->golden, s->d, 0);
    t->optional = true;
    t = row_of(out, &n, "golden.prob", false, (void **)&m->golden_prob);
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
    buf_printf(b, ",\"sha256\":\"%s\"}", m->digest);
}

static void add_tensor(struct buf *b, const struct tensor *t, size_t from) {
    buf_printf(b, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", t->name, t->wide ? "F64" : "F32");
    for (size_t i = 0; i < t->dimensions; i++) buf_printf(b, "%s%zu", i ? "," : "", t->shape[i]);
    buf_printf(b, "],\"data_offsets\":[%zu,%zu]}", from, from + bytes_of(t));
}

static bool present(const struct tensor *t) { return *t->at && bytes_of(t) > 0; }

void model_write(struct model *m, const char *name, struct buf *out) {
    struct tensor tensor[TENSORS_MAX];
    size_t n = tensors_of(m, tensor), at = 0;
    struct buf data = {0}, header = {0};
    for (size_t i = 0; i < n; i++)
        if (present(&tensor[i])) buf_add(&data, *tensor[i].at, bytes_of(&tensor[i]));
    digest_of(buf_view(&data), m->digest);
    add_metadata(m, name, &header);
    for (size_t i = 0; i < n; i++) {
        if (!present(&tensor[i])) continue;
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

struct reading {
    const cJSON *header, *metadata;
    struct text data;
    const char *why;
};

static int refuse(struct reading *r, const char *why) {
    r->why = why;
    return ERR_CORRUPT;
}

static const char *metadata(const struct reading *r, const char *key) {
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r->metadata, key));
    return value ? value : "";
}

/* A whole number at an index of an array, 0 … 2^31. */
static bool whole(const cJSON *array, int index, size_t *out) {
    const cJSON *item = cJSON_GetArrayItem(array, index);
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= 2147483648.0) || item->valuedouble != (double)(int64_t)item->valuedouble) return false;
    *out = (size_t)item->valuedouble;
    return true;
}

static size_t dimensions(const struct reading *r, const char *name, size_t shape[DIMENSIONS]) {
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(r->header, name), "shape");
    int n = cJSON_GetArraySize(array);
    if (!cJSON_IsArray(array) || n < 1 || n > DIMENSIONS) return 0;
    for (int i = 0; i < n; i++)
        if (!whole(array, i, &shape[i])) return 0;
    return (size_t)n;
}

/* Where a tensor's bytes are; 0 when it is there as the table says. */
static int locate(struct reading *r, const struct tensor *t, const char **bytes) {
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(r->header, t->name), *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    const char *dtype = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "dtype"));
    size_t shape[DIMENSIONS] = {0}, from, to;
    *bytes = NULL;
    if (!entry) return t->optional ? 0 : refuse(r, "a tensor is missing");
    if (!dtype || strcmp(dtype, t->wide ? "F64" : "F32") != 0) return refuse(r, "a tensor has another type than it should");
    if (dimensions(r, t->name, shape) != t->dimensions || memcmp(shape, t->shape, t->dimensions * sizeof *shape) != 0) return refuse(r, "a tensor has another shape than it should");
    if (!whole(offsets, 0, &from) || !whole(offsets, 1, &to) || from > to || to > r->data.len || to - from != bytes_of(t))
        return refuse(r, "a tensor's bytes are not where the header says");
    *bytes = r->data.at + from;
    return 0;
}

static int fill(struct reading *r, struct model *m) {
    struct tensor tensor[TENSORS_MAX];
    size_t n = tensors_of(m, tensor);
    for (size_t i = 0; i < n; i++) {
        const char *bytes;
        TRY(locate(r, &tensor[i], &bytes));
        if (!bytes || bytes_of(&tensor[i]) == 0) continue;
        if (!*tensor[i].at) *tensor[i].at = xmalloc(bytes_of(&tensor[i]));
        memcpy(*tensor[i].at, bytes, bytes_of(&tensor[i]));
    }
    if (m->golden && (!m->golden_row || !m->golden_prob)) return refuse(r, "golden rows without their answers");
    return 0;
}

/* Widths from the weights' own shapes; everything else must then agree with them. */
static int read_shape(struct reading *r, struct model_shape *s, size_t *golden) {
    size_t shape[DIMENSIONS];
    char name[NAME_MAX_];
    for (s->layers = 0; s->layers < MODEL_LAYERS_MAX; s->layers++) {
        snprintf(name, sizeof name, "layers.%zu.weight", s->layers);
        if (dimensions(r, name, shape) != 3) break;
        if (s->layers && shape[2] != s->width[s->layers]) return refuse(r, "the layers do not fit together");
        s->members = shape[0];
        s->width[s->layers] = shape[2];
        s->width[s->layers + 1] = shape[1];
    }
    if (s->layers == 0) return refuse(r, "there are no layers");
    s->d = s->width[0];
    s->k = s->width[s->layers];
    *golden = dimensions(r, "golden.row", shape) == 2 ? shape[0] : 0;
    return *golden > 4096 ? refuse(r, "too many golden rows") : 0;
}

static struct text own(const char *string) { return text_of(xstrdup(string)); }

static void read_metadata(const struct reading *r, struct model *m) {
    m->version = strtoull(metadata(r, "version"), NULL, 10);
    m->parent = strtoull(metadata(r, "parent"), NULL, 10);
    m->fingerprint = strtoull(metadata(r, "fingerprint"), NULL, 16);
    m->rows = strtoull(metadata(r, "rows"), NULL, 10);
    m->created_ms = (int64_t)strtoull(metadata(r, "created_ms"), NULL, 10);
    m->classes = own(metadata(r, "classes"));
    m->seen = own(metadata(r, "seen"));
}

static int read_model(struct reading *r, struct model **out) {
    struct model_shape shape = {0};
    size_t golden = 0;
    if (strcmp(metadata(r, "format"), format_name) != 0) return refuse(r, "it is not a winnowd model (metadata: format)");
    TRY(read_shape(r, &shape, &golden));
    bool absurd = shape.d > r->data.len || shape.k > r->data.len || shape.members > r->data.len; // more than the record can hold
    if (absurd || model_create(out, &shape) < 0) return refuse(r, "the shapes make no sense");
    (*out)->golden = golden;
    TRY(fill(r, *out));
    read_metadata(r, *out);
    digest_of(r->data, (*out)->digest);
    return strcmp(metadata(r, "sha256"), (*out)->digest) == 0 ? 0 : refuse(r, "the tensors are not those that the metadata states (sha256)");
}

int model_read(struct model **out, struct text record, const char **why) {
    uint64_t length = 0;
    struct reading r = {.why = "the record is shorter than its header"};
    *out = NULL;
    for (size_t i = 0; i < 8 && record.len >= 8; i++) length |= (uint64_t)(unsigned char)record.at[i] << (8 * i);
    struct arena arena = {0};
    int result = ERR_CORRUPT;
    if (record.len >= 8 && length <= HEADER_MAX && length <= record.len - 8) {
        cJSON *header = json_parse((struct text){record.at + 8, (size_t)length}, &arena);
        r = (struct reading){.header = header, .metadata = cJSON_GetObjectItemCaseSensitive(header, "__metadata__"), .data = {record.at + 8 + length, record.len - 8 - (size_t)length}};
        result = cJSON_IsObject(header) ? read_model(&r, out) : refuse(&r, "the header is not JSON");
        cJSON_Delete(header);
    }
    arena_release(&arena);
    if (result == 0) return 0;
    model_destroy(*out);
    *out = NULL;
    *why = r.why;
    return result;
}
