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
#include "import_private.h"
#include "infer/model_record.h"

#include <inttypes.h>

/* A power of two, so that what the weights make up for it costs them no bit; so small that no
 * column of doubles is clipped. */
static const double raw_scale = 0x1p-60;

/* ---- tensors ---- */

static const struct safetensor *import_use(struct import *im, const struct safetensor *t) {
    if (t) im->used[t - im->file.tensor] = true;
    return t;
}

static const struct safetensor *import_find(struct import *im, const char *name) {
    return import_use(im, safetensors_find(&im->file, name));
}

/* The number of a layer's tensor; false: it is none. */
static bool import_layer_of(const char *name, const char *part, long *number) {
    const char *at = strncmp(name, "layers.", 7) == 0 ? name + 7 : name;
    char *end;
    if (*at < '0' || *at > '9') return false;
    *number = strtol(at, &end, 10);
    return *end == '.' && strcmp(end + 1, part) == 0;
}

/* The tensor with the lowest number above `after`, which becomes that number. */
static const struct safetensor *import_next_layer(struct import *im, const char *part,
                                                  long *after) {
    const struct safetensor *best = NULL;
    long number, lowest = 0;
    for (size_t i = 0; i < im->file.n; i++) {
        if (!import_layer_of(im->file.tensor[i].name, part, &number) || number <= *after ||
            (best && number >= lowest))
            continue;
        best = &im->file.tensor[i];
        lowest = number;
    }
    if (best) *after = lowest;
    return import_use(im, best);
}

/* ---- metadata ---- */

/* Others say what they like, or nothing; one of ours says what its tensors mean. */
static int import_read_format(struct import *im) {
    const char *said = safetensors_metadata(&im->file, "format");
    if (!said || strncmp(said, MODEL_FORMATS, sizeof MODEL_FORMATS - 1) != 0 ||
        strcmp(said, MODEL_FORMAT) == 0)
        return 0;
    return import_refuse(im, ERR_MISMATCH,
                         "it is a %.40s, of another release of winnowd; this one knows %s", said,
                         MODEL_FORMAT);
}

static int import_read_classes(struct import *im) {
    const char *said = safetensors_metadata(&im->file, "classes");
    if (said) return import_order(im, text_of(said), im->theirs);
    return import_refuse(im, ERR_INPUT,
                         "the metadata says no `classes`: their names, one a line, in the order of "
                         "the model's outputs");
}

static int import_read_fingerprint(struct import *im) {
    const char *said = safetensors_metadata(&im->file, "fingerprint");
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

/* ---- trees ---- */

/* Copies a tensor of n floats. */
static float *import_floats(struct import *im, const char *name, size_t *n) {
    const struct safetensor *t = import_find(im, name);
    *n = t ? safetensor_numbers(t) : 0;
    float *out = xcalloc(*n + 1, sizeof *out);
    for (size_t i = 0; i < *n; i++) out[i] = (float)safetensor_value(t, i);
    return out;
}

static double *import_doubles(struct import *im, const char *name, size_t *n) {
    const struct safetensor *t = import_find(im, name);
    *n = t ? safetensor_numbers(t) : 0;
    double *out = xcalloc(*n + 1, sizeof *out);
    for (size_t i = 0; i < *n; i++) out[i] = safetensor_value(t, i);
    return out;
}

/* What the forest's tensors say, if there are any. */
static int import_read_forest(struct import *im) {
    struct forest_parts *p = &im->forest;
    size_t rules, outputs, slots, children, places;
    if (!safetensors_find(&im->file, "forest.root")) return 0;
    p->rule = import_floats(im, "forest.rule", &rules);
    p->root = import_floats(im, "forest.root", &p->trees);
    p->output = import_floats(im, "forest.output", &outputs);
    p->slot = import_floats(im, "forest.slot", &slots);
    p->child = import_floats(im, "forest.child", &children);
    p->place = import_floats(im, "forest.place", &places);
    p->slots = places / FOREST_SLOT_NUMBERS;
    p->threshold = import_doubles(im, "forest.threshold", &p->nodes);
    p->base = import_doubles(im, "forest.base", &p->outputs);
    bool fits = rules == FOREST_RULES && outputs == p->trees && slots == p->nodes &&
                children == p->nodes && places % FOREST_SLOT_NUMBERS == 0 && p->trees &&
                p->outputs && p->outputs <= CLASSES_MAX;
    return fits ? 0 : import_refuse(im, ERR_INPUT, "the forest's tensors do not fit together");
}

/* ---- layers ---- */

static size_t import_rows_of(const struct safetensor *t) { return t->shape[t->dimensions - 2]; }
static size_t import_columns_of(const struct safetensor *t) { return t->shape[t->dimensions - 1]; }
static size_t import_members_of(const struct safetensor *t, size_t usual) {
    return t->dimensions > usual ? t->shape[0] : 1;
}

/* Columns and outputs of the layers, and whether they are those that are wanted. */
static int import_fit_shape(struct import *im, struct model_shape *s) {
    s->scores = im->forest.outputs;
    s->slots = im->forest.slots;
    const struct safetensor *hinge = safetensors_find(&im->file, "hinge");
    s->hinges = hinge ? hinge->shape[1] : 0;
    s->d = s->width[0] > s->scores ? s->width[0] - s->scores : 0;
    s->d = s->d > s->hinges ? s->d - s->hinges : 0;
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

static int import_read_shape(struct import *im, struct model_shape *s,
                             const struct safetensor *weight[MODEL_LAYERS_MAX],
                             const struct safetensor *bias[MODEL_LAYERS_MAX]) {
    long w = -1, b = -1;
    for (const struct safetensor *t; (t = import_next_layer(im, "weight", &w)); s->layers++) {
        if (s->layers == MODEL_LAYERS_MAX)
            return import_refuse(im, ERR_INPUT, "there are more than %d layers", MODEL_LAYERS_MAX);
        const struct safetensor *u = import_next_layer(im, "bias", &b);
        if (!u || b != w)
            return import_refuse(im, ERR_INPUT, "layer %ld has a weight and no bias", w);
        if (t->dimensions < 2 || u->dimensions != t->dimensions - 1)
            return import_refuse(im, ERR_INPUT, "%s is not a matrix, or its bias not a row",
                                 t->name);
        if (s->layers == 0) s->members = import_members_of(t, 2);
        if (import_members_of(t, 2) != s->members || import_members_of(u, 1) != s->members ||
            u->shape[u->dimensions - 1] != import_rows_of(t) ||
            (s->layers && import_columns_of(t) != s->width[s->layers]))
            return import_refuse(im, ERR_INPUT,
                                 "%s does not fit to the layer before, or to its bias", t->name);
        s->width[s->layers] = import_columns_of(t);
        s->width[s->layers + 1] = import_rows_of(t);
        weight[s->layers] = t;
        bias[s->layers] = u;
    }
    if (!s->layers)
        return import_refuse(im, ERR_INPUT,
                             "there are no layers: tensors layers.0.weight and layers.0.bias");
    return import_fit_shape(im, s);
}

/* Copies row `from` (of `rows` a member) of their tensors to row `to` of ours, times `factor`. */
static void import_fill_output(const struct model *m, size_t l, size_t member, size_t to,
                               const struct safetensor *weight, const struct safetensor *bias,
                               size_t from, size_t rows, double factor) {
    size_t in = m->shape.width[l], out = m->shape.width[l + 1];
    for (size_t i = 0; i < in; i++)
        m->weight[l][(member * out + to) * in + i] =
            (float)(factor * safetensor_value(weight, (member * rows + from) * in + i));
    m->bias[l][member * out + to] = (float)(factor * safetensor_value(bias, member * rows + from));
}

/* The last layer in our order of classes. A single output is the log odds of their second class:
 * half of it for that class, half of it against the other. */
static void import_fill_last(const struct import *im, struct model *m, size_t l, size_t member,
                             const struct safetensor *weight, const struct safetensor *bias) {
    for (size_t o = 0; o < m->shape.k; o++) {
        size_t theirs = im->theirs[o];
        if (im->single)
            import_fill_output(m, l, member, o, weight, bias, 0, 1, theirs == 1 ? 0.5 : -0.5);
        else import_fill_output(m, l, member, o, weight, bias, theirs, m->shape.k, 1);
    }
}

static void import_fill_layer(const struct import *im, struct model *m, size_t l,
                              const struct safetensor *weight, const struct safetensor *bias) {
    size_t out = m->shape.width[l + 1];
    bool last = l + 1 == m->shape.layers;
    for (size_t member = 0; member < m->shape.members; member++) {
        if (last) import_fill_last(im, m, l, member, weight, bias);
        for (size_t o = 0; !last && o < out; o++)
            import_fill_output(m, l, member, o, weight, bias, o, out, 1);
    }
}

/* ---- the rest ---- */

static int import_fill_doubles(struct import *im, const char *name, size_t n, double *out) {
    const struct safetensor *t = import_find(im, name);
    if (!t) return ERR_MISSING;
    if (safetensor_numbers(t) != n)
        return import_refuse(im, ERR_INPUT, "tensor %s has %zu numbers, not %zu", name,
                             safetensor_numbers(t), n);
    for (size_t i = 0; i < n; i++) out[i] = safetensor_value(t, i);
    return 0;
}

/* What a version of ours says of its columns besides mean and scale. */
static int import_fill_columns(struct import *im, struct model *m) {
    const struct {
        const char *name;
        double *at;
    } own[] = {{"log_unit", m->log_unit}, {"low", m->low}, {"high", m->high}};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        int result = import_fill_doubles(im, own[i].name, model_columns(&m->shape), own[i].at);
        if (result < 0 && result != ERR_MISSING) return result;
    }
    return 0;
}

static int import_fill_standardisation(struct import *im, struct model *m) {
    size_t columns = model_columns(&m->shape);
    int mean = import_fill_doubles(im, "mean", columns, m->mean),
        scale = import_fill_doubles(im, "scale", columns, m->scale);
    if (mean == 0 && scale == 0) return import_fill_columns(im, m);
    if (mean != ERR_MISSING || scale != ERR_MISSING)
        return im->why->len ? ERR_INPUT
                            : import_refuse(im, ERR_INPUT,
                                            "mean and scale go together; one of them is missing");
    if (m->shape.hinges)
        return import_refuse(im, ERR_INPUT,
                             "hinges are of standardised columns: mean and scale "
                             "are missing");
    size_t first = m->shape.members * m->shape.width[1] * columns;
    for (size_t i = 0; i < columns; i++) m->scale[i] = raw_scale;
    for (size_t i = 0; i < first; i++)
        m->weight[0][i] = (float)((double)m->weight[0][i] / raw_scale);
    return 0;
}

/* Of a version of ours: where columns bend. */
static int import_fill_hinges(struct import *im, struct model *m) {
    const struct safetensor *hinge = import_find(im, "hinge");
    if (!hinge) return 0;
    if (hinge->dimensions != 2 || hinge->shape[0] != HINGE_NUMBERS || m->shape.hinges == 0)
        return import_refuse(im, ERR_INPUT, "hinge is not (%d, hinges)", (int)HINGE_NUMBERS);
    size_t n = HINGE_NUMBERS * m->shape.hinges;
    m->hinge = xcalloc(n, sizeof *m->hinge);
    for (size_t i = 0; i < n; i++) m->hinge[i] = (float)safetensor_value(hinge, i);
    model_settle_hinges(m);
    return 0;
}

/* Of a version of ours: the trees that correct what it says, in our order of classes. One output is
 * of their second class: where that is our first, what it adds counts the other way. */
static int import_fill_boost(struct import *im, struct model *m) {
    const struct safetensor *column = import_find(im, "boost.column"),
                            *cut = import_find(im, "boost.cut"),
                            *leaf = import_find(im, "boost.leaf"),
                            *trust = import_find(im, "boost.trust");
    size_t k = m->shape.k, outputs = boost_outputs(k), trees;
    if (!column && !cut && !leaf && !trust) return 0;
    trees = leaf ? leaf->shape[0] : 0;
    if (!column || !cut || !trust || trees % outputs || !trees || trees > BOOST_TREES_MAX ||
        safetensor_numbers(column) != trees * BOOST_DEPTH ||
        safetensor_numbers(cut) != trees * BOOST_DEPTH ||
        safetensor_numbers(leaf) != trees * BOOST_LEAVES || safetensor_numbers(trust) != 1)
        return import_refuse(im, ERR_INPUT,
                             "boost.column and boost.cut (trees, %d), boost.leaf (trees, %d) and "
                             "boost.trust (1) do not fit together",
                             (int)BOOST_DEPTH, (int)BOOST_LEAVES);
    boost_create(&m->boost, trees);
    *m->boost.trust = safetensor_value(trust, 0);
    double sign = outputs == 1 && im->theirs[0] == 1 ? -1 : 1;
    for (size_t t = 0; t < trees; t++) {
        size_t from = outputs == 1 ? t : t - t % outputs + im->theirs[t % outputs];
        for (size_t i = 0; i < BOOST_DEPTH; i++) {
            m->boost.column[t * BOOST_DEPTH + i] =
                (float)safetensor_value(column, from * BOOST_DEPTH + i);
            m->boost.cut[t * BOOST_DEPTH + i] = safetensor_value(cut, from * BOOST_DEPTH + i);
        }
        for (size_t i = 0; i < BOOST_LEAVES; i++)
            m->boost.leaf[t * BOOST_LEAVES + i] =
                sign * safetensor_value(leaf, from * BOOST_LEAVES + i);
    }
    const char *fault = boost_fault(&m->boost, m->shape.d, k);
    if (fault) return import_refuse(im, ERR_INPUT, "%s", fault);
    boost_settle(&m->boost);
    return 0;
}

/* Of a version of ours: what far numbers say. */
static int import_fill_codes(struct import *im, struct model *m) {
    const struct safetensor *column = import_find(im, "code.column"),
                            *weight = import_find(im, "code.weight");
    size_t k = m->shape.k;
    if (!column && !weight) return 0;
    if (!column || !weight || column->dimensions != 1 || weight->dimensions != 2 ||
        weight->shape[0] != column->shape[0] || weight->shape[1] != k)
        return import_refuse(im, ERR_INPUT,
                             "code.column (codes) and code.weight (codes, %zu) do not fit together",
                             k);
    m->codes = column->shape[0];
    m->code_column = xcalloc(m->codes + 1, sizeof *m->code_column);
    m->code_weight = xcalloc(m->codes * k + 1, sizeof *m->code_weight);
    for (size_t e = 0; e < m->codes; e++) m->code_column[e] = safetensor_value(column, e);
    for (size_t e = 0; e < m->codes; e++)
        for (size_t c = 0; c < k; c++)
            m->code_weight[e * k + c] = (float)safetensor_value(weight, e * k + im->theirs[c]);
    return 0;
}

static int import_fill_golden(struct import *im, struct model *m) {
    const struct safetensor *row = import_find(im, "golden.row"),
                            *prob = import_find(im, "golden.prob");
    if (!row && !prob) return 0;
    size_t d = m->shape.d, k = m->shape.k;
    if (!row || !prob || row->dimensions != 2 || prob->dimensions != 2 || row->shape[1] != d ||
        prob->shape[1] != k || row->shape[0] != prob->shape[0] || row->shape[0] > MODEL_GOLDEN_MAX)
        return import_refuse(
            im, ERR_INPUT, "golden.row (rows, %zu) and golden.prob (rows, %zu) do not fit together",
            d, k);
    m->golden = row->shape[0];
    m->golden_row = xcalloc(m->golden * d, sizeof *m->golden_row);
    m->golden_prob = xcalloc(m->golden * k, sizeof *m->golden_prob);
    for (size_t i = 0; i < m->golden * d; i++) m->golden_row[i] = safetensor_value(row, i);
    for (size_t g = 0; g < m->golden; g++)
        for (size_t c = 0; c < k; c++)
            m->golden_prob[g * k + c] = (float)safetensor_value(prob, g * k + im->theirs[c]);
    return 0;
}

/* What every file of tensors may hold; each of them must have found its place. */
static int import_finish(struct import *im, struct model *m) {
    TRY(import_fill_golden(im, m));
    (void)import_find(im, "utility"); // the learner measures it anew
    for (size_t i = 0; i < im->file.n; i++)
        if (!im->used[i])
            return import_refuse(im, ERR_INPUT, "tensor %.100s is none that a model has",
                                 im->file.tensor[i].name);
    return 0;
}

static int import_fill(struct import *im, struct model *m, const struct safetensor *weight[],
                       const struct safetensor *bias[]) {
    const char *why;
    for (size_t l = 0; l < m->shape.layers; l++) import_fill_layer(im, m, l, weight[l], bias[l]);
    TRY(import_fill_hinges(im, m));
    model_settle_members(m);
    TRY(import_fill_standardisation(im, m));
    if (im->forest.trees &&
        forest_create(&m->forest, &im->forest, m->shape.d, m->shape.k, &why) < 0)
        return import_refuse(im, ERR_INPUT, "%s", why);
    int mix = import_fill_doubles(im, "mix", m->shape.members, m->mix);
    if (mix < 0 && mix != ERR_MISSING) return mix;
    m->lapse = xcalloc(1, sizeof *m->lapse);
    int lapse = import_fill_doubles(im, "lapse", 1, m->lapse);
    if (lapse < 0 && lapse != ERR_MISSING) return lapse;
    m->temperature = xmalloc(sizeof *m->temperature);
    *m->temperature = 1;
    int temperature = import_fill_doubles(im, "temperature", 1, m->temperature);
    if (temperature < 0 && temperature != ERR_MISSING) return temperature;
    double lateness[MODEL_LATENESS]; // of the stream that it was pulled from: read, and left out
    int late = import_fill_doubles(im, "lateness", MODEL_LATENESS, lateness);
    if (late < 0 && late != ERR_MISSING) return late;
    TRY(import_fill_boost(im, m));
    return import_fill_codes(im, m);
}

static int import_layers(struct import *im, struct model **out) {
    struct model_shape shape = {0};
    const struct safetensor *weight[MODEL_LAYERS_MAX], *bias[MODEL_LAYERS_MAX];
    TRY(import_read_shape(im, &shape, weight, bias));
    if (model_create(out, &shape) < 0)
        return import_refuse(im, ERR_INPUT, "its shapes make no sense");
    return import_fill(im, *out, weight, bias);
}

static bool import_has_layers(const struct import *im) {
    long number;
    for (size_t i = 0; i < im->file.n; i++)
        if (import_layer_of(im->file.tensor[i].name, "weight", &number)) return true;
    return false;
}

static int import_tensors(struct import *im, struct model **out) {
    TRY(import_read_format(im));
    TRY(import_read_classes(im));
    TRY(import_read_fingerprint(im));
    TRY(import_read_forest(im));
    if (im->forest.trees && !import_has_layers(im)) TRY(tree_import_forest(im, out));
    else TRY(import_layers(im, out));
    return import_finish(im, *out);
}

static int import_open(struct import *im, struct text record) {
    if (safetensors_open(&im->file, record) == 0) return 0;
    if (im->file.guilty)
        return import_refuse(im, ERR_INPUT, "%s (tensor %.100s)", im->file.why, im->file.guilty);
    return import_refuse(im, ERR_INPUT,
                         "it is neither XGBoost's JSON or UBJSON nor LightGBM's text, and not a "
                         "safetensors file: %s",
                         im->file.why);
}

static void import_sign(const struct import *im, struct model *m) {
    free((void *)m->classes.at);
    char *classes = xcalloc(im->target->classes.len + 1, 1);
    memcpy(classes, im->target->classes.at, im->target->classes.len);
    m->classes = text_of(classes);
    m->seen = text_of(xstrdup(""));
    m->fingerprint = im->target->fingerprint;
}

static int import_model(struct import *im, struct text record, struct model **out) {
    const char *why = NULL;
    if (tree_import_knows(record)) TRY(tree_import(im, record, out));
    else {
        TRY(import_open(im, record));
        TRY(import_tensors(im, out));
    }
    import_sign(im, *out);
    TRY(tree_import_golden(im, *out));
    int result =
        model_check(*out, im->target->d, im->target->classes, im->target->fingerprint, &why);
    return result < 0 ? import_refuse(im, result, "%s", why) : 0;
}

int model_import(struct model **out, struct text record, const struct import_target *target,
                 struct buf *why) {
    struct import *im = xcalloc(1, sizeof *im);
    *im = (struct import){.target = target, .why = why};
    CHECK(target->k <= CLASSES_MAX);
    *out = NULL;
    int result = import_model(im, record, out);
    if (result < 0) {
        model_destroy(*out);
        *out = NULL;
    }
    safetensors_close(&im->file);
    forest_parts_release(&im->forest);
    free(im);
    return result;
}
