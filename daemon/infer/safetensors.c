/* Takes a safetensors file apart, whoever wrote it, and puts one together.
 *
 * Nothing in a file is believed: lengths, shapes, products and offsets are checked before a byte is
 * looked at, and nothing is copied. A tensor's size is bounded by the bytes that came, so a small
 * file cannot make a reader ask for much memory.
 *
 * Format: https://github.com/huggingface/safetensors ("Format"). What it demands and we check: no
 * overlap, no byte without a tensor, no name twice. What we leave out: types other than F32 and
 * F64, and tensors of no or more than three dimensions.
 *
 * Thread: learner and follower thread, command line */
#include "safetensors.h"

#include "base/json.h"

enum {
    LENGTH_BYTES = 8, // of the header's length, in front of it
    ALIGNMENT = 8,    // of the data: that of a double
};

static const double whole_max = 2147483648.0; // 2^31: largest number of a shape or an offset

/* ---- a tensor ---- */

size_t safetensor_numbers(const struct safetensor *t) {
    size_t n = 1;
    for (size_t i = 0; i < t->dimensions; i++) n *= t->shape[i];
    return n;
}

static size_t safetensors_width(const struct safetensor *t) {
    return t->wide ? sizeof(double) : sizeof(float);
}

size_t safetensor_bytes(const struct safetensor *t) {
    return safetensor_numbers(t) * safetensors_width(t);
}

double safetensor_value(const struct safetensor *t, size_t i) {
    double wide;
    float narrow;
    if (t->wide) {
        memcpy(&wide, t->at + i * sizeof wide, sizeof wide);
        return wide;
    }
    memcpy(&narrow, t->at + i * sizeof narrow, sizeof narrow);
    return (double)narrow;
}

/* ---- reading ---- */

static int safetensors_refuse(struct safetensors *s, const char *guilty, const char *why) {
    s->guilty = guilty;
    s->why = why;
    return ERR_CORRUPT;
}

static bool safetensors_split(struct text record, struct text *header, struct text *data) {
    uint64_t length = 0;
    if (record.len < LENGTH_BYTES) return false;
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        length |= (uint64_t)(unsigned char)record.at[i] << (8 * i);
    if (length > SAFETENSORS_HEADER_MAX || length > record.len - LENGTH_BYTES) return false;
    *header = (struct text){record.at + LENGTH_BYTES, (size_t)length};
    *data = (struct text){header->at + length, record.len - LENGTH_BYTES - (size_t)length};
    return true;
}

/* The whole numbers, at most whole_max, of an array of n; false: it is none such. */
static bool safetensors_numbers(const cJSON *array, size_t n, size_t *out) {
    const cJSON *item;
    if (!cJSON_IsArray(array) || (size_t)cJSON_GetArraySize(array) != n) return false;
    cJSON_ArrayForEach(item, array) {
        if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= whole_max))
            return false;
        *out = (size_t)item->valuedouble;
        if (item->valuedouble != (double)*out++) return false;
    }
    return true;
}

/* Whether the tensor takes exactly `bytes`; a product that overflows takes more than any. */
static bool safetensors_takes(const struct safetensor *t, size_t bytes) {
    size_t takes = safetensors_width(t);
    for (size_t i = 0; i < t->dimensions; i++)
        if (__builtin_mul_overflow(takes, t->shape[i], &takes)) return false;
    return takes == bytes;
}

static bool safetensors_overlaps(const struct safetensors *s, const char *from, const char *to) {
    for (size_t i = 0; i < s->n; i++) {
        const struct safetensor *t = &s->tensor[i];
        if (from < t->at + safetensor_bytes(t) && t->at < to) return true;
    }
    return false;
}

static int safetensors_read_type(struct safetensors *s, const cJSON *entry, bool *wide) {
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "dtype"));
    *wide = type && strcmp(type, "F64") == 0;
    if (*wide || (type && strcmp(type, "F32") == 0)) return 0;
    return safetensors_refuse(s, entry->string, "a tensor is neither of type F32 nor F64");
}

/* Appends the tensor that an entry of the header describes. */
static int safetensors_read_tensor(struct safetensors *s, const cJSON *entry) {
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(entry, "shape");
    size_t end[2];
    struct safetensor t = {.name = entry->string, .dimensions = (size_t)cJSON_GetArraySize(shape)};
    if (safetensors_find(s, t.name))
        return safetensors_refuse(s, t.name, "the header names a tensor twice");
    if (s->n == SAFETENSORS_TENSORS)
        return safetensors_refuse(s, NULL, "there are more tensors than a model can have");
    TRY(safetensors_read_type(s, entry, &t.wide));
    if (t.dimensions < 1 || t.dimensions > SAFETENSORS_DIMENSIONS)
        return safetensors_refuse(s, t.name, "a tensor has not one to three dimensions");
    if (!safetensors_numbers(shape, t.dimensions, t.shape))
        return safetensors_refuse(s, t.name, "a tensor's shape is not of whole numbers");
    if (!safetensors_numbers(cJSON_GetObjectItemCaseSensitive(entry, "data_offsets"), 2, end))
        return safetensors_refuse(s, t.name, "a tensor's offsets are not two whole numbers");
    if (end[0] > end[1] || end[1] > s->data.len || !safetensors_takes(&t, end[1] - end[0]))
        return safetensors_refuse(s, t.name, "a tensor's bytes are not where the header says");
    t.at = s->data.at + end[0];
    if (safetensors_overlaps(s, t.at, s->data.at + end[1]))
        return safetensors_refuse(s, t.name, "two tensors overlap");
    s->tensor[s->n++] = t;
    return 0;
}

static int safetensors_read_header(struct safetensors *s) {
    const cJSON *entry;
    size_t covered = 0;
    cJSON_ArrayForEach(entry, s->header) {
        if (strcmp(entry->string, "__metadata__") != 0) TRY(safetensors_read_tensor(s, entry));
        else if (s->metadata) return safetensors_refuse(s, NULL, "the metadata stand there twice");
        else s->metadata = entry;
    }
    for (size_t i = 0; i < s->n; i++) covered += safetensor_bytes(&s->tensor[i]);
    if (covered == s->data.len) return 0; // they do not overlap, so they cover all
    return safetensors_refuse(s, NULL, "there are bytes that belong to no tensor");
}

int safetensors_open(struct safetensors *s, struct text record) {
    struct text header;
    struct arena arena = {0};
    *s = (struct safetensors){0};
    if (!safetensors_split(record, &header, &s->data))
        return safetensors_refuse(
            s, NULL, "the record is shorter than its header, or the header is too long");
    s->header = json_parse(header, &arena);
    arena_release(&arena);
    if (!cJSON_IsObject(s->header))
        return safetensors_refuse(s, NULL, "the header is not a JSON object");
    return safetensors_read_header(s);
}

void safetensors_close(struct safetensors *s) { cJSON_Delete(s->header); }

struct safetensor *safetensors_find(struct safetensors *s, const char *name) {
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->tensor[i].name, name) == 0) return &s->tensor[i];
    return NULL;
}

const char *safetensors_metadata(const struct safetensors *s, const char *key) {
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(s->metadata, key));
}

/* ---- writing ---- */

static void safetensors_add_entry(struct buf *header, const struct safetensor *t, size_t from) {
    buf_printf(header, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", t->name, t->wide ? "F64" : "F32");
    for (size_t i = 0; i < t->dimensions; i++)
        buf_printf(header, "%s%zu", i ? "," : "", t->shape[i]);
    buf_printf(header, "],\"data_offsets\":[%zu,%zu]}", from, from + safetensor_bytes(t));
}

void safetensors_write(struct text metadata, const struct safetensor *tensor, size_t n,
                       struct buf *out) {
    struct buf header = {0};
    unsigned char length[LENGTH_BYTES];
    size_t from = 0;
    buf_str(&header, "{\"__metadata__\":");
    buf_text(&header, metadata);
    for (size_t i = 0; i < n; i++) {
        safetensors_add_entry(&header, &tensor[i], from);
        from += safetensor_bytes(&tensor[i]);
    }
    buf_str(&header, "}");
    while (header.len % ALIGNMENT) buf_str(&header, " ");
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        length[i] = (unsigned char)((uint64_t)header.len >> (8 * i));
    buf_add(out, length, sizeof length);
    buf_text(out, buf_view(&header));
    for (size_t i = 0; i < n; i++) buf_add(out, tensor[i].at, safetensor_bytes(&tensor[i]));
    buf_release(&header);
}
