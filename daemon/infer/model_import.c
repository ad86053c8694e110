/* What other tools write is near to what we want, but not the same: names, types, the order of
 * classes, one output where we have two. This is the one place that bends it into ours.
 *
 * Layers are the tensors N.weight and N.bias, with or without "layers." in front, in the order of N
 * (PyTorch's Sequential skips numbers). The outputs are in the order that the metadata's `classes`
 * state and are put into ours: scikit-learn sorts them, and a model with two classes exchanged
 * would pass every other check. Without mean and scale the raw columns are meant: the scale is then
 * a power of two so small that no column is clipped, and the weights make up for it without losing
 * a bit. Refuses what it does not know, by name: a tensor that is left out would make another
 * function of the model.
 *
 * Thread: command line */
#include "infer/model_import.h"

#include "config/limits.h"
#include "safetensors.h"

#include <inttypes.h>
#include <stdarg.h>

enum { TENSORS_MAX = 32, DIMENSIONS = 3 };
static const double raw_scale = 0x1p-60;

struct tensor {
    const char *name;
    bool wide;
    size_t dimensions, shape[DIMENSIONS], n;
    const char *at;
    bool used;
};

struct import {
    const struct import_target *target;
    const cJSON *metadata;
    struct tensor tensor[TENSORS_MAX];
    size_t n;
    size_t theirs[CLASSES_MAX]; // of our class, the place in their order
    bool single;                // one output for two classes
    struct buf *why;
};

static int import_refuse(struct import *im, int error, const char *format, ...) PRINTF_LIKE(3, 4);
static int import_refuse(struct import *im, int error, const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_str(im->why, text);
    return error;
}

/* ---- tensors ---- */

static int read_tensor(struct import *im, const cJSON *entry, struct text data) {
    const char *dtype = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "dtype"));
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(entry, "shape"),
                *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    size_t from, to, n = 1, dimensions = (size_t)cJSON_GetArraySize(shape);
    const char *name = entry->string;
    if (im->n == TENSORS_MAX)
        return import_refuse(im, ERR_INPUT, "there are more than %d tensors", TENSORS_MAX);
    struct tensor *t = &im->tensor[im->n++];
    bool wide = dtype && strcmp(dtype, "F64") == 0;
    if (!wide && (!dtype || strcmp(dtype, "F32") != 0))
        return import_refuse(im, ERR_INPUT, "tensor %s is %s; F32 and F64 are read", name,
                             dtype ? dtype : "of no type");
    if (!cJSON_IsArray(shape) || dimensions < 1 || dimensions > DIMENSIONS)
        return import_refuse(im, ERR_INPUT, "tensor %s has not one to three dimensions", name);
    *t = (struct tensor){.name = name, .wide = wide, .dimensions = dimensions};
    for (size_t i = 0; i < dimensions; i++)
        if (!safetensors_whole(shape, (int)i, &t->shape[i]) ||
            __builtin_mul_overflow(n, t->shape[i], &n))
            return import_refuse(im, ERR_INPUT, "the shape of tensor %s makes no sense", name);
    if (cJSON_GetArraySize(offsets) != 2 || !safetensors_whole(offsets, 0, &from) ||
        !safetensors_whole(offsets, 1, &to) || from > to || to > data.len || n > data.len ||
        to - from != n * (wide ? 8 : 4))
        return import_refuse(im, ERR_INPUT, "the bytes of tensor %s are not where the header says",
                             name);
    t->at = data.at + from;
    t->n = n;
    return 0;
}

static double import_value_at(const struct tensor *t, size_t i) {
    double wide;
    float narrow;
    if (t->wide) {
        memcpy(&wide, t->at + 8 * i, 8);
        return wide;
    }
    memcpy(&narrow, t->at + 4 * i, 4);
    return (double)narrow;
}

static struct tensor *import_find(struct import *im, const char *name) {
    for (size_t i = 0; i < im->n; i++)
        if (strcmp(im->tensor[i].name, name) == 0) {
            im->tensor[i].used = true;
            return &im->tensor[i];
        }
    return NULL;
}

/* The number of a layer's tensor; false: it is none. */
static bool layer_of(const char *name, const char *part, long *number) {
    const char *at = strncmp(name, "layers.", 7) == 0 ? name + 7 : name;
    char *end;
    if (*at < '0' || *at > '9') return false;
    *number = strtol(at, &end, 10);
    return *end == '.' && strcmp(end + 1, part) == 0;
}

/* The weight with the lowest number above `after`. */
static struct tensor *next_layer(struct import *im, const char *part, long *after) {
    struct tensor *best = NULL;
    long number, lowest = 0;
    for (size_t i = 0; i < im->n; i++) {
        if (!layer_of(im->tensor[i].name, part, &number) || number <= *after ||
            (best && number >= lowest))
            continue;
        best = &im->tensor[i];
        lowest = number;
    }
    if (!best) return NULL;
    best->used = true;
    *after = lowest;
    return best;
}

/* ---- metadata ---- */

static int import_read_classes(struct import *im) {
    const char *said =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(im->metadata, "classes"));
    if (!said)
        return import_refuse(
            im, ERR_INPUT,
            "the metadata says no `classes`: their names, one a line, in the order of "
            "the model's outputs");
    const char *at = im->target->classes.at;
    size_t lines = 1, found = 0;
    for (const char *c = said; *c; c++) lines += *c == '\n';
    for (size_t k = 0; k < im->target->k; k++) {
        size_t len = strcspn(at, "\n"), place = 0;
        for (const char *line = said; line;
             line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL, place++) {
            if (strcspn(line, "\n") != len || memcmp(line, at, len) != 0) continue;
            im->theirs[k] = place;
            found++;
            break;
        }
        at += len + (at[len] == '\n');
    }
    if (found != im->target->k || lines != found)
        return import_refuse(im, ERR_MISMATCH, "its classes are not those of model.classes");
    return 0;
}

static int read_fingerprint(struct import *im) {
    const char *said =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(im->metadata, "fingerprint"));
    char ours[17];
    snprintf(ours, sizeof ours, "%016" PRIx64, im->target->fingerprint);
    if (!said)
        return import_refuse(
            im, ERR_INPUT,
            "the metadata says no `fingerprint` of the feature map; tasks that it may "
            "learn from say it in meta.fingerprint (here %s)",
            ours);
    return strcmp(said, ours) == 0
               ? 0
               : import_refuse(im, ERR_MISMATCH,
                               "it was made for another feature map (%.16s; here it is %s)", said,
                               ours);
}

/* ---- layers ---- */

static size_t rows_of(const struct tensor *t) { return t->shape[t->dimensions - 2]; }
static size_t columns_of(const struct tensor *t) { return t->shape[t->dimensions - 1]; }
static size_t members_of(const struct tensor *t, size_t usual) {
    return t->dimensions > usual ? t->shape[0] : 1;
}

static int import_read_shape(struct import *im, struct model_shape *s,
                             struct tensor *weight[MODEL_LAYERS_MAX],
                             struct tensor *bias[MODEL_LAYERS_MAX]) {
    long w = -1, b = -1;
    for (struct tensor *t; (t = next_layer(im, "weight", &w)); s->layers++) {
        if (s->layers == MODEL_LAYERS_MAX)
            return import_refuse(im, ERR_INPUT, "there are more than %d layers", MODEL_LAYERS_MAX);
        struct tensor *u = next_layer(im, "bias", &b);
        if (!u || b != w)
            return import_refuse(im, ERR_INPUT, "layer %ld has a weight and no bias", w);
        if (t->dimensions < 2 || u->dimensions != t->dimensions - 1)
            return import_refuse(im, ERR_INPUT, "%s is not a matrix, or its bias not a row",
                                 t->name);
        if (s->layers == 0) s->members = members_of(t, 2);
        if (members_of(t, 2) != s->members || members_of(u, 1) != s->members ||
            u->shape[u->dimensions - 1] != rows_of(t) ||
            (s->layers && columns_of(t) != s->width[s->layers]))
            return import_refuse(im, ERR_INPUT,
                                 "%s does not fit to the layer before, or to its bias", t->name);
        s->width[s->layers] = columns_of(t);
        s->width[s->layers + 1] = rows_of(t);
        weight[s->layers] = t;
        bias[s->layers] = u;
    }
    if (!s->layers)
        return import_refuse(im, ERR_INPUT,
                             "there are no layers: tensors layers.0.weight and layers.0.bias");
    s->d = s->width[0];
    im->single = s->width[s->layers] == 1 && im->target->k == 2;
    if (im->single) s->width[s->layers] = 2;
    s->k = s->width[s->layers];
    if (s->d != im->target->d)
        return import_refuse(im, ERR_MISMATCH, "it has %zu columns, and the feature map makes %zu",
                             s->d, im->target->d);
    return s->k == im->target->k
               ? 0
               : import_refuse(im, ERR_MISMATCH, "it has %zu outputs, and there are %zu classes",
                               s->k, im->target->k);
}

/* One output is the log odds of their second class: half of it for that class, half of it against
 * the other. */
static void fill_layer(const struct import *im, struct model *m, size_t l,
                       const struct tensor *weight, const struct tensor *bias) {
    const struct model_shape *s = &m->shape;
    size_t in = s->width[l], out = s->width[l + 1];
    bool last = l + 1 == s->layers;
    for (size_t member = 0; member < s->members; member++)
        for (size_t o = 0; o < out; o++) {
            size_t from = last ? im->theirs[o] : o, rows = last && im->single ? 1 : out;
            double half = last && im->single ? (from ? 0.5 : -0.5) : 1;
            if (last && im->single) from = 0;
            for (size_t i = 0; i < in; i++)
                m->weight[l][(member * out + o) * in + i] =
                    (float)(half * import_value_at(weight, (member * rows + from) * in + i));
            m->bias[l][member * out + o] =
                (float)(half * import_value_at(bias, member * rows + from));
        }
}

/* ---- the rest ---- */

static int fill_doubles(struct import *im, const char *name, size_t n, double *out) {
    const struct tensor *t = import_find(im, name);
    if (!t) return ERR_MISSING;
    if (t->n != n)
        return import_refuse(im, ERR_INPUT, "tensor %s has %zu numbers, not %zu", name, t->n, n);
    for (size_t i = 0; i < n; i++) out[i] = import_value_at(t, i);
    return 0;
}

static int fill_standardisation(struct import *im, struct model *m) {
    int mean = fill_doubles(im, "mean", m->shape.d, m->mean),
        scale = fill_doubles(im, "scale", m->shape.d, m->scale);
    if (mean == 0 && scale == 0) return 0;
    if (mean != ERR_MISSING || scale != ERR_MISSING)
        return im->why->len ? ERR_INPUT
                            : import_refuse(im, ERR_INPUT,
                                            "mean and scale go together; one of them is missing");
    size_t first = m->shape.members * m->shape.width[1] * m->shape.d;
    for (size_t i = 0; i < m->shape.d; i++) m->scale[i] = raw_scale;
    for (size_t i = 0; i < first; i++)
        m->weight[0][i] = (float)((double)m->weight[0][i] / raw_scale);
    return 0;
}

static int fill_golden(struct import *im, struct model *m) {
    const struct tensor *row = import_find(im, "golden.row"),
                        *prob = import_find(im, "golden.prob");
    if (!row && !prob) return 0;
    size_t d = m->shape.d, k = m->shape.k;
    if (!row || !prob || row->dimensions != 2 || prob->dimensions != 2 || row->shape[1] != d ||
        prob->shape[1] != k || row->shape[0] != prob->shape[0] || row->shape[0] > 4096)
        return import_refuse(
            im, ERR_INPUT, "golden.row (rows, %zu) and golden.prob (rows, %zu) do not fit together",
            d, k);
    m->golden = row->shape[0];
    m->golden_row = xcalloc(m->golden * d, sizeof *m->golden_row);
    m->golden_prob = xcalloc(m->golden * k, sizeof *m->golden_prob);
    for (size_t i = 0; i < m->golden * d; i++) m->golden_row[i] = import_value_at(row, i);
    for (size_t g = 0; g < m->golden; g++)
        for (size_t c = 0; c < k; c++)
            m->golden_prob[g * k + c] = (float)import_value_at(prob, g * k + im->theirs[c]);
    return 0;
}

static int import_fill(struct import *im, struct model *m, struct tensor *weight[],
                       struct tensor *bias[]) {
    for (size_t l = 0; l < m->shape.layers; l++) fill_layer(im, m, l, weight[l], bias[l]);
    TRY(fill_standardisation(im, m));
    int mix = fill_doubles(im, "mix", m->shape.members, m->mix);
    if (mix < 0 && mix != ERR_MISSING) return mix;
    TRY(fill_golden(im, m));
    (void)import_find(im, "utility"); // the learner measures it anew
    for (size_t i = 0; i < im->n; i++)
        if (!im->tensor[i].used)
            return import_refuse(im, ERR_INPUT, "tensor %.100s is none that a model has",
                                 im->tensor[i].name);
    m->fingerprint = im->target->fingerprint;
    char *classes = xcalloc(im->target->classes.len + 1, 1);
    memcpy(classes, im->target->classes.at, im->target->classes.len);
    m->classes = text_of(classes);
    m->seen = text_of(xstrdup(""));
    return 0;
}

static int import_import(struct import *im, const cJSON *tree, struct text data,
                         struct model **out) {
    const cJSON *entry;
    struct model_shape shape = {0};
    struct tensor *weight[MODEL_LAYERS_MAX], *bias[MODEL_LAYERS_MAX];
    im->metadata = cJSON_GetObjectItemCaseSensitive(tree, "__metadata__");
    cJSON_ArrayForEach(entry, tree) {
        if (strcmp(entry->string, "__metadata__") != 0) TRY(read_tensor(im, entry, data));
    }
    TRY(import_read_classes(im));
    TRY(read_fingerprint(im));
    TRY(import_read_shape(im, &shape, weight, bias));
    if (model_create(out, &shape) < 0)
        return import_refuse(im, ERR_INPUT, "its shapes make no sense");
    TRY(import_fill(im, *out, weight, bias));
    const char *why = NULL;
    int result =
        model_check(*out, im->target->d, im->target->classes, im->target->fingerprint, &why);
    return result < 0 ? import_refuse(im, result, "%s", why) : 0;
}

int model_import(struct model **out, struct text record, const struct import_target *target,
                 struct buf *why) {
    struct text header, data;
    struct arena arena = {0};
    struct import *im = xcalloc(1, sizeof *im);
    *im = (struct import){.target = target, .why = why};
    *out = NULL;
    cJSON *tree = safetensors_split(record, &header, &data) ? json_parse(header, &arena) : NULL;
    int result = cJSON_IsObject(tree)
                     ? import_import(im, tree, data, out)
                     : import_refuse(im, ERR_INPUT, "it is not a safetensors file");
    if (result < 0) {
        model_destroy(*out);
        *out = NULL;
    }
    cJSON_Delete(tree);
    arena_release(&arena);
    free(im);
    return result;
}
