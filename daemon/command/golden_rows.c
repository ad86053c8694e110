/* The names of the probabilities are the classes, in the order of the model's outputs: each line
 * says them, so that nobody has to count classes from 0.
 *
 * Thread: main thread */
#include "golden_rows.h"

#include "admit/decoder.h"
#include "base/json.h"

#include <math.h>
#include <stdarg.h>

enum {
    ROOM_FIRST = 64,
    NUMBERS_MOST = 1 << 24, // of all rows together
};

struct golden_reader {
    const struct features *features;
    struct decoder *decoder;
    struct value *value; // (features_values)
    size_t k, line, room;
    struct import_golden *out;
    struct buf classes, names; // of the first line, and of this one
    struct arena arena;
    struct buf *why;
};

static int golden_rows_refuse(struct golden_reader *g, const char *format, ...) PRINTF_LIKE(2, 3);
static int golden_rows_refuse(struct golden_reader *g, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = xvasprintf(format, args);
    va_end(args);
    buf_printf(g->why, "line %zu: %s", g->line, text);
    free(text);
    return ERR_INPUT;
}

/* ---- one line ---- */

static int golden_rows_read_event(struct golden_reader *g, struct text event, double *row) {
    size_t field = 0;
    enum reason fate = decoder_read(g->decoder, event, g->value);
    if (fate == REASON_NONE) fate = features_encode(g->features, g->value, row, &field, NULL);
    else return golden_rows_refuse(g, "its event can not be read: %s", reason_text(fate));
    if (fate == REASON_NONE) return 0;
    struct text name = features_name(g->features, field);
    return golden_rows_refuse(g, "its event can not be read: %s (%.*s)", reason_text(fate),
                              (int)name.len, name.at);
}

static int golden_rows_read_row(struct golden_reader *g, const cJSON *list, double *row) {
    const cJSON *one;
    size_t d = features_columns(g->features), n = 0;
    cJSON_ArrayForEach(one, list) {
        if (!cJSON_IsNumber(one) || !isfinite(one->valuedouble) || n == d)
            return golden_rows_refuse(g, "its row is not of %zu numbers", d);
        row[n++] = one->valuedouble;
    }
    return n == d ? 0 : golden_rows_refuse(g, "its row is not of %zu numbers", d);
}

static int golden_rows_read_probabilities(struct golden_reader *g, const cJSON *object,
                                          double *prob) {
    const cJSON *one;
    size_t n = 0;
    buf_reset(&g->names);
    if (!cJSON_IsObject(object))
        return golden_rows_refuse(g, "it has no object `probabilities`: each class and its number");
    cJSON_ArrayForEach(one, object) {
        bool fits = cJSON_IsNumber(one) && one->valuedouble >= 0 && one->valuedouble <= 1;
        if (!fits) return golden_rows_refuse(g, "a probability is none");
        if (n == g->k) return golden_rows_refuse(g, "there are %zu classes, not more", g->k);
        if (n) buf_str(&g->names, "\n");
        buf_str(&g->names, one->string);
        prob[n++] = one->valuedouble;
    }
    if (n < g->k) return golden_rows_refuse(g, "it has %zu probabilities for %zu classes", n, g->k);
    if (!g->out->n) buf_text(&g->classes, buf_view(&g->names));
    return text_equal(buf_view(&g->classes), buf_view(&g->names))
               ? 0
               : golden_rows_refuse(g, "its classes are not those of the first line, in its order");
}

static int golden_rows_read_tree(struct golden_reader *g, struct text line, const cJSON *tree) {
    struct import_golden *out = g->out;
    size_t d = features_columns(g->features);
    const cJSON *row = cJSON_GetObjectItemCaseSensitive(tree, "row");
    struct text event = json_member(line, "event");
    if (cJSON_IsArray(row)) TRY(golden_rows_read_row(g, row, out->row + out->n * d));
    else if (event.at) TRY(golden_rows_read_event(g, event, out->row + out->n * d));
    else return golden_rows_refuse(g, "it has neither an `event` nor a `row`");
    TRY(golden_rows_read_probabilities(g, cJSON_GetObjectItemCaseSensitive(tree, "probabilities"),
                                       out->prob + out->n * g->k));
    out->line[out->n++] = g->line;
    return 0;
}

/* ---- all ---- */

static int golden_rows_make_room(struct golden_reader *g) {
    struct import_golden *out = g->out;
    size_t d = features_columns(g->features), most = NUMBERS_MOST / d;
    if (most > MODEL_GOLDEN_MAX) most = MODEL_GOLDEN_MAX;
    if (out->n == (most ? most : 1))
        return golden_rows_refuse(g, "of so many columns more lines are not read");
    if (out->n < g->room) return 0;
    g->room = g->room ? 2 * g->room : ROOM_FIRST;
    out->row = xrealloc(out->row, g->room * d * sizeof *out->row);
    out->prob = xrealloc(out->prob, g->room * g->k * sizeof *out->prob);
    out->line = xrealloc(out->line, g->room * sizeof *out->line);
    return 0;
}

static int golden_rows_read_line(struct golden_reader *g, struct text line) {
    TRY(golden_rows_make_room(g));
    arena_reset(&g->arena);
    cJSON *tree = json_parse(line, &g->arena);
    int result = cJSON_IsObject(tree) ? golden_rows_read_tree(g, line, tree)
                                      : golden_rows_refuse(g, "it is no JSON object");
    cJSON_Delete(tree);
    return result;
}

static bool golden_rows_blank(struct text line) {
    for (size_t i = 0; i < line.len; i++)
        if (!json_is_space(line.at[i])) return false;
    return true;
}

static int golden_rows_read_all(struct golden_reader *g, struct text lines) {
    struct text line;
    while (text_line(&lines, &line)) {
        g->line++;
        if (!golden_rows_blank(line)) TRY(golden_rows_read_line(g, line));
    }
    return g->out->n ? 0 : golden_rows_refuse(g, "there is no golden row");
}

int golden_rows_read(struct import_golden *out, struct text lines, const struct config *c,
                     const struct features *f, struct buf *why) {
    struct golden_reader g = {.features = f, .k = c->model.classes.n, .out = out, .why = why};
    *out = (struct import_golden){0};
    g.value = xcalloc(features_values(f), sizeof *g.value);
    int result = decoder_of_events(&g.decoder, c, features_paths(f), features_values(f));
    if (result == 0) result = golden_rows_read_all(&g, lines);
    decoder_destroy(g.decoder);
    arena_release(&g.arena);
    buf_release(&g.names);
    buf_string(&g.classes);
    out->classes = buf_view(&g.classes);
    free(g.value);
    if (result < 0) golden_rows_release(out);
    return result;
}

void golden_rows_release(struct import_golden *g) {
    free(g->row);
    free(g->prob);
    free(g->line);
    free((void *)g->classes.at);
    *g = (struct import_golden){0};
}
