/* How large tasks and versions can become: counted from the columns, classes and members that the
 * configuration makes.
 *
 * A row is counted in the shorter of its two forms (docs/FORMATS.md), each number with as many
 * characters as a double may need. Real rows are shorter, so what is larger than a limit here is a
 * warning and no refusal.
 *
 * Thread: any thread */
#include "worst_size.h"

#include "base/record.h"
#include "infer/model.h"
#include "train/schedule.h"

enum {
    CLIENT_LIMIT = 1000000, // the library's message.max.bytes
    NUMBER_BYTES = 25,      // "-2.2250738585072014e-308,"
    FLAG_BYTES = 2,         // "0,", "1,"
    SHARE_BYTES = 15,       // of a probability: "1.17549435e-38,"
    SPARSE_COLUMNS = 64,    // narrower rows are lists
    SPARSE_BYTES = 40,
    PLACE_BYTES = 8,    // "1048575,"
    TASK_BYTES = 2000,  // all that does not depend on columns and classes
    NAMES_BYTES = 3000, // of the sample id, several times, and of the trace
    GOLDEN_ROWS = 8,
    VERSION_BYTES = 4096 // of the names of tensors and of what a version says of itself
};

/* ---- a row ---- */

struct worst_row {
    size_t dense, sparse, columns;
};

static struct worst_row worst_size_feature(const struct feature_config *f) {
    size_t columns = feature_columns(f) - f->missing;
    bool flags = f->type == FEATURE_CATEGORY || f->type == FEATURE_BOOLEAN;
    size_t filled = columns, bytes = flags ? FLAG_BYTES : NUMBER_BYTES;
    if (f->type == FEATURE_CATEGORY)
        filled = f->list && (size_t)f->list < columns ? (size_t)f->list : 1;
    size_t zeros = columns - filled + f->missing; // a missing value is 0, its flag 1
    return (struct worst_row){.dense = filled * bytes + zeros * FLAG_BYTES,
                              .sparse = filled * (bytes + PLACE_BYTES),
                              .columns = columns + f->missing};
}

static struct worst_row worst_size_row(const struct config *c, size_t *widest) {
    struct worst_row all = {.sparse = SPARSE_BYTES};
    size_t most = 0;
    for (size_t i = 0; i < c->features_n; i++) {
        struct worst_row one = worst_size_feature(&c->features[i]);
        if (one.dense > most) *widest = i;
        if (one.dense > most) most = one.dense;
        all.dense += one.dense;
        all.sparse += one.sparse;
        all.columns += one.columns;
    }
    const size_t score = config_upstream_columns(c);
    all.dense += score * NUMBER_BYTES;
    all.sparse += score * (NUMBER_BYTES + PLACE_BYTES);
    all.columns += score;
    return all;
}

static size_t worst_size_members(const struct config *c) {
    return c->train.memories.n + fit_hinges_of(c) + (c->train.sgd_rate > 0) + c->train.base_rates +
           (size_t)c->train.committee + (c->model.upstream.n > 0);
}

size_t worst_size_task(const struct config *c, size_t *widest) {
    *widest = 0;
    struct worst_row row = worst_size_row(c, widest);
    size_t numbers = row.dense;
    if (row.columns >= SPARSE_COLUMNS && row.sparse < row.dense) numbers = row.sparse;
    size_t names = 0, k = c->model.classes.n;
    for (size_t i = 0; i < k; i++) names += strlen(c->model.classes.at[i]) + 3;
    return RECORD_BATCH_BYTES + RECORD_FRAME_BYTES + TASK_BYTES + NAMES_BYTES + numbers + names +
           k * SHARE_BYTES * (1 + worst_size_members(c));
}

const char *worst_size_widest(const struct config *c, size_t widest) {
    return c->features_n ? c->features[widest].name : "model.upstream";
}

/* ---- a version ---- */

size_t worst_size_version(const struct config *c) {
    size_t ignored, k = c->model.classes.n, m = worst_size_members(c), floats = 0;
    size_t d = worst_size_row(c, &ignored).columns, in = d;
    if (fit_hinges_of(c) && in < FIT_HINGED_MOST) in = FIT_HINGED_MOST;
    for (size_t l = 0; l <= c->model.hidden.n; l++) {
        size_t out = l < c->model.hidden.n ? strtoul(c->model.hidden.at[l], NULL, 10) : k;
        floats += (in + 1) * out;
        in = out;
    }
    return VERSION_BYTES + m * floats * sizeof(float) + MODEL_QUANTILES * sizeof(float) +
           (2 + GOLDEN_ROWS) * d * sizeof(double) + GOLDEN_ROWS * k * sizeof(float);
}

/* ---- the client ---- */

static const char *worst_size_property(const struct map *map, const char *key) {
    for (size_t i = 0; i < map->n; i++)
        if (strcmp(map->key[i], key) == 0) return map->value[i];
    return NULL;
}

size_t worst_size_client_limit(const struct config *c) {
    const char *own = worst_size_property(&c->kafka.producer, "message.max.bytes"),
               *common = worst_size_property(&c->kafka.common, "message.max.bytes");
    const char *said = own ? own : common;
    return said ? strtoul(said, NULL, 10) : CLIENT_LIMIT;
}
