/* Decoder, feature map and section admit put together.
 *
 * Behind the pointers of the features the decoder gets those that say what the record is: of the
 * event, the id, and each entry of admit.ignore and admit.blocked. Whether a record is passed over
 * is asked first: a delete has no event, and need not have one. Whether it was blocked is asked
 * last: of a sample that could be asked else.
 *
 * Thread: worker thread (one reader each) */
#include "encode/sample.h"

#include "admit/found.h"

#include <math.h>

/* Pointers with what a field must be spelled like. */
struct sample_entries {
    size_t first, n;    // among the paths
    struct text *value; // (n) at NULL: the field must be true
};

struct sample_reader {
    const struct config *config;
    const struct features *features;
    struct arena arena; // the pointers
    struct text *path;  // (paths) whole pointers into the record
    size_t fields, paths;
    size_t event, id; // where those pointers are; SIZE_MAX: not configured
    struct sample_entries ignore, blocked;
    struct decoder *decoder;
    struct value *value; // (paths)
    struct found found;
};

/* ---- life ---- */

static struct text sample_joined(struct sample_reader *r, struct text path) {
    struct text root = text_of(r->config->admit.event);
    char *at = arena_take(&r->arena, root.len + path.len);
    memcpy(at, root.at, root.len);
    memcpy(at + root.len, path.at, path.len);
    return (struct text){at, root.len + path.len};
}

static void sample_take_entries(struct sample_reader *r, const struct list *list,
                                struct sample_entries *out) {
    *out = (struct sample_entries){r->paths, list->n,
                                   arena_take(&r->arena, list->n * sizeof *out->value)};
    for (size_t i = 0; i < list->n; i++) {
        struct text *path = &r->path[r->paths++];
        *path = text_of(list->at[i]);
        if (!text_cut(path, '=', &out->value[i])) out->value[i] = (struct text){0};
    }
}

static void sample_take_paths(struct sample_reader *r) {
    const struct config *c = r->config;
    r->fields = features_values(r->features);
    r->path = arena_take(&r->arena, (r->fields + 2 + c->admit.ignore.n + c->admit.blocked.n) *
                                        sizeof *r->path);
    for (; r->paths < r->fields; r->paths++)
        r->path[r->paths] = sample_joined(r, features_paths(r->features)[r->paths]);
    r->event = r->id = SIZE_MAX;
    if (*c->admit.event) r->path[r->event = r->paths++] = text_of(c->admit.event);
    if (*c->admit.id) r->path[r->id = r->paths++] = text_of(c->admit.id);
    sample_take_entries(r, &c->admit.ignore, &r->ignore);
    sample_take_entries(r, &c->admit.blocked, &r->blocked);
}

int sample_reader_create(struct sample_reader **out, const struct config *c,
                         const struct features *f) {
    struct sample_reader *r = xcalloc(1, sizeof *r);
    r->config = c;
    r->features = f;
    sample_take_paths(r);
    r->value = xcalloc(r->paths, sizeof *r->value);
    int result = decoder_of_samples(&r->decoder, c, r->path, r->paths);
    if (result == 0) *out = r;
    else sample_reader_destroy(r);
    return result;
}

void sample_reader_destroy(struct sample_reader *r) {
    if (!r) return;
    decoder_destroy(r->decoder);
    arena_release(&r->arena);
    buf_release(&r->found.text);
    free(r->value);
    free(r);
}

/* ---- what was found ---- */

static void sample_found(struct sample_reader *r, size_t i) {
    found_in_value(&r->found, &r->value[i], r->path[i]);
}

/* What the decoder says of a header, or of what stands behind it: no values. */
static void sample_found_behind_header(struct sample_reader *r, struct text found) {
    buf_add(&r->found.text, found.at, found.len < FOUND_BYTES ? found.len : FOUND_BYTES);
    r->found.where = r->found.text.len;
}

/* The first mapped number beyond a double. */
static void sample_found_infinite(struct sample_reader *r) {
    for (size_t i = 0; i < r->paths; i++)
        if (r->value[i].kind == VALUE_NUMBER && !isfinite(r->value[i].number)) {
            sample_found(r, i);
            return;
        }
}

/* ---- reading ---- */

static struct text sample_spelling(const struct value *v) {
    switch (v->kind) {
    case VALUE_TEXT: return v->text;
    case VALUE_NUMBER: return v->text.len ? v->text : (struct text){0}; // of Avro, not spelled
    case VALUE_BOOL: return v->number == 1 ? TEXT("true") : TEXT("false");
    case VALUE_NULL: return TEXT("null");
    default: return (struct text){0};
    }
}

static bool sample_is_ignored(const struct sample_reader *r) {
    for (size_t i = 0; i < r->ignore.n; i++)
        if (text_equal(sample_spelling(&r->value[r->ignore.first + i]), r->ignore.value[i]))
            return true;
    return false;
}

/* Whether the entry's field says so; false also where the field is absent or null.
 * REASON_WRONG_TYPE: it should be a flag and is none. To take that for either would be wrong:
 * asked, it waits for an outcome that never comes; not asked, it is missing in every figure. */
static enum reason sample_read_flag(struct sample_reader *r, size_t i, bool *out) {
    const struct value *v = &r->value[r->blocked.first + i];
    struct text wanted = r->blocked.value[i];
    double flag = 0;
    *out = false;
    if (v->kind == VALUE_MISSING || (v->kind == VALUE_NULL && !wanted.at)) return REASON_NONE;
    if (wanted.at) flag = text_equal(sample_spelling(v), wanted);
    else if (!features_flag(v, &flag)) {
        sample_found(r, r->blocked.first + i);
        return REASON_WRONG_TYPE;
    }
    *out = flag > 0;
    return REASON_NONE;
}

static enum reason sample_read_blocked(struct sample_reader *r) {
    bool blocked = false;
    for (size_t i = 0; i < r->blocked.n; i++) {
        bool is;
        enum reason fate = sample_read_flag(r, i, &is);
        if (fate != REASON_NONE) return fate;
        blocked |= is;
    }
    return blocked ? REASON_BLOCKED : REASON_NONE;
}

static enum reason sample_read_id(struct sample_reader *r, struct sample *out) {
    if (r->id == SIZE_MAX) return REASON_NONE;
    const struct value *v = &r->value[r->id];
    if (v->kind == VALUE_MISSING || v->kind == VALUE_NULL) return REASON_NONE;
    bool integer = v->kind == VALUE_NUMBER && !memchr(v->text.at, '.', v->text.len) &&
                   !memchr(v->text.at, 'e', v->text.len) && !memchr(v->text.at, 'E', v->text.len);
    if ((v->kind != VALUE_TEXT && !integer) || v->text.len == 0 || v->text.len > SAMPLE_ID_MAX ||
        memchr(v->text.at, '\0', v->text.len)) { // readers of tasks and labels end there
        sample_found(r, r->id);
        return REASON_BAD_ID;
    }
    out->id = v->text;
    return REASON_NONE;
}

static enum reason sample_encode(struct sample_reader *r, int64_t time_ms, double *row,
                                 struct sample *out, uint64_t *absent) {
    size_t field = 0;
    if (r->event != SIZE_MAX && r->value[r->event].kind != VALUE_OTHER) {
        sample_found(r, r->event);
        return REASON_MISSING_FIELD;
    }
    out->decoded = true;
    enum reason fate = features_encode_at(r->features, r->value, time_ms, row, &field, absent);
    if (fate == REASON_NONE) fate = sample_read_id(r, out);
    else if (fate != REASON_NO_FEATURE) sample_found(r, field);
    return fate == REASON_NONE ? sample_read_blocked(r) : fate;
}

static enum reason sample_judge(struct sample_reader *r, struct text value, int64_t time_ms,
                                double *row, struct sample *out, uint64_t *absent) {
    const struct config *c = r->config;
    if (!value.at && c->admit.tombstones == TOMBSTONES_IGNORE) return REASON_IGNORED;
    if (!value.at || !value.len) return REASON_EMPTY;
    if (value.len > (size_t)c->admit.max_bytes) {
        buf_printf(&r->found.text, "%zu bytes", value.len);
        r->found.where = r->found.text.len;
        return REASON_TOO_LARGE;
    }
    enum reason fate = decoder_read(r->decoder, value, r->value);
    bool read = fate == REASON_NONE || fate == REASON_NOT_FINITE;
    if (read && sample_is_ignored(r)) return REASON_IGNORED;
    if (fate == REASON_NONE) return sample_encode(r, time_ms, row, out, absent);
    struct text found = decoder_found(r->decoder);
    if (found.len) sample_found_behind_header(r, found);
    else if (read) sample_found_infinite(r);
    else found_in_record(&r->found, value, fate, (size_t)c->admit.max_depth);
    return fate;
}

enum reason sample_read(struct sample_reader *r, struct text value, int64_t time_ms, double *row,
                        struct sample *out, uint64_t *absent) {
    *out = (struct sample){0};
    buf_reset(&r->found.text);
    r->found.where = 0;
    enum reason fate = sample_judge(r, value, time_ms, row, out, absent);
    out->found = out->where = buf_view(&r->found.text);
    out->where.len = r->found.where;
    return fate;
}

struct decoder *sample_decoder(struct sample_reader *r) {
    return r->decoder;
}

const struct value *sample_values(const struct sample_reader *r) { return r->value; }

bool sample_decode(struct sample_reader *r, struct text value) {
    return decoder_read(r->decoder, value, r->value) == REASON_NONE;
}

struct text sample_record(struct sample_reader *r, struct text value) {
    return decoder_record(r->decoder, value);
}

struct text sample_select(struct sample_reader *r, struct text value,
                          const struct selection *shown) {
    return decoder_select(r->decoder, value, shown);
}
