/* Rows as JSON objects: the header, the options and the first rows decide once what each column is;
 * then rows stream.
 *
 * The id is written so that the daemon reads back the very bytes of the cell: an integer as it
 * stands, everything else as text ("007"). Bytes of a cell that are not UTF-8 become U+FFFD; labels
 * and ids must be UTF-8. A column without a name is called column_N.
 *
 * Thread: any thread (one owner at a time) */
#include "data/dataset.h"

#include "base/json.h"
#include "base/word_list.h"
#include "dataset_private.h"
#include "gzip_file.h"

#include <inttypes.h>

/* ---- columns ---- */

static int dataset_refuse_column(const struct dataset *d, struct text name, const char *what,
                                 struct buf *why) {
    buf_printf(why, "%s: column \"%.*s\" %s", d->file, (int)name.len, name.at, what);
    return ERR_INPUT;
}

static struct dataset_column *dataset_find(struct dataset *d, struct text name) {
    for (size_t i = 0; i < d->columns; i++)
        if (text_equal(d->column[i].name, name)) return &d->column[i];
    return NULL;
}

/* Names are joined with '|' for word_list_nearest; a name that holds '|' is only offered in halves.
 */
static int dataset_refuse_name(const struct dataset *d, struct text name, struct buf *why) {
    struct buf choices = {0};
    if (d->columns == 1) {
        buf_printf(
            why,
            "%s: there is no column \"%.*s\"; there is only one: are its cells separated by ','?",
            d->file, (int)name.len, name.at);
        return ERR_INPUT;
    }
    for (size_t i = 0; i < d->columns; i++) {
        if (i) buf_str(&choices, "|");
        buf_text(&choices, d->column[i].name);
    }
    int result = dataset_names_refuse(d->file, "column", name, buf_string(&choices), why);
    buf_release(&choices);
    return result;
}

static int dataset_give_role(struct dataset *d, struct text name, enum dataset_role role,
                             struct buf *why) {
    struct dataset_column *c = dataset_find(d, name);
    if (!c) return dataset_refuse_name(d, name, why);
    if (c->role != COLUMN_FEATURE)
        return dataset_refuse_column(d, name, "is asked for twice (as label, id, or to be dropped)",
                                     why);
    c->role = role;
    if (role == COLUMN_LABEL) d->label = c;
    if (role == COLUMN_ID) d->id = c;
    return 0;
}

static int dataset_give_roles(struct dataset *d, const struct dataset_options *o, struct buf *why) {
    if (o->label) TRY(dataset_give_role(d, text_of(o->label), COLUMN_LABEL, why));
    if (o->id) TRY(dataset_give_role(d, text_of(o->id), COLUMN_ID, why));
    struct text name;
    for (struct text rest = text_of(o->drop); dataset_names_next(&rest, &name);)
        TRY(dataset_give_role(d, name, COLUMN_DROPPED, why));
    const struct dataset_column *row = d->id ? NULL : dataset_find(d, TEXT("row"));
    if (row && row->role != COLUMN_LABEL && row->role != COLUMN_DROPPED)
        return dataset_refuse_column(
            d, row->name, "has the name of the row's number; make it the id, or drop it", why);
    return 0;
}

/* ---- open ---- */

static int dataset_by_name(const void *left, const void *right) {
    return text_order(*(const struct text *)left, *(const struct text *)right);
}

static int dataset_refuse_repeats(const struct dataset *d, struct buf *why) {
    struct text *names = xcalloc(d->columns, sizeof *names);
    for (size_t i = 0; i < d->columns; i++) names[i] = d->column[i].name;
    qsort(names, d->columns, sizeof *names, dataset_by_name);
    int result = 0;
    for (size_t i = 1; i < d->columns && result == 0; i++)
        if (text_equal(names[i], names[i - 1]))
            result = dataset_refuse_column(d, names[i], "stands twice in the header", why);
    free(names);
    return result;
}

static int dataset_take_columns(struct dataset *d, struct buf *why) {
    d->columns = csv_columns(d->csv);
    d->column = xcalloc(d->columns, sizeof *d->column);
    for (size_t i = 0; i < d->columns; i++) {
        struct text name = csv_header(d->csv)[i];
        char *copy =
            name.len ? xasprintf("%.*s", (int)name.len, name.at) : xasprintf("column_%zu", i + 1);
        d->column[i].name = text_of(copy);
        if (!text_is_utf8(name) || d->column[i].name.len < name.len) {
            buf_printf(why, "%s: column %zu has a name that is not text in UTF-8", d->file, i + 1);
            return ERR_INPUT;
        }
        buf_json(&d->column[i].key, d->column[i].name);
        buf_str(&d->column[i].key, ":");
    }
    return dataset_refuse_repeats(d, why);
}

/* What the scan has met in the cells of a column. */
struct dataset_met {
    bool number, missing, text;
};

static void dataset_meet(struct dataset_met *m, struct text raw) {
    if (m->text) return;
    enum table_cell_kind kind = table_cell_read(raw).kind;
    if (kind == CELL_NUMBER) m->number = true;
    else if (kind == CELL_TEXT && table_cell_is_missing(raw)) m->missing = true;
    else if (kind == CELL_TEXT) m->text = true;
}

/* The first rows decide which columns hold numbers, so that reading can stream and what a row
 * becomes does not depend on rows far behind it. */
static int dataset_scan(struct dataset *d, struct buf *why) {
    uint64_t most = d->limit && d->limit < DATASET_SCAN_ROWS ? d->limit : DATASET_SCAN_ROWS;
    const struct text *cells;
    int result = 1;
    struct dataset_met *met = xcalloc(d->columns, sizeof *met);
    for (uint64_t row = 0; row < most && (result = csv_next(d->csv, &cells, why)) == 1; row++)
        for (size_t i = 0; i < d->columns; i++) dataset_meet(&met[i], cells[i]);
    for (size_t i = 0; i < d->columns; i++)
        d->column[i].number = !met[i].text && (met[i].number || !met[i].missing);
    free(met);
    return result < 0 ? result : csv_rewind(d->csv, why);
}

static int dataset_open_csv(struct dataset *d, const struct dataset_options *o, struct buf *why) {
    TRY(csv_open(&d->csv, o->file, why));
    TRY(dataset_take_columns(d, why));
    TRY(dataset_give_roles(d, o, why));
    return dataset_scan(d, why);
}

/* *yes: whether the first byte that is no space opens a JSON object. */
static int dataset_is_json_lines(const char *file, bool *yes, struct buf *why) {
    struct gzip_file *s;
    TRY(gzip_file_open(&s, file, why));
    int byte;
    while ((byte = gzip_file_peek(s)) != GZIP_FILE_END && json_is_space((char)byte))
        gzip_file_skip(s);
    *yes = byte == '{';
    int result = byte == GZIP_FILE_END ? gzip_file_finish(s, why) : 0;
    gzip_file_close(s);
    return result;
}

static int dataset_open_file(struct dataset *d, const struct dataset_options *o, struct buf *why) {
    bool json_lines;
    TRY(dataset_is_json_lines(o->file, &json_lines, why));
    return json_lines ? json_lines_open(&d->json_lines, o, why) : dataset_open_csv(d, o, why);
}

int dataset_open(struct dataset **out, const struct dataset_options *o, struct buf *why) {
    struct dataset *d = xcalloc(1, sizeof *d);
    d->file = xstrdup(o->file);
    d->positive = o->positive ? xstrdup(o->positive) : NULL;
    d->label_name = o->label ? xstrdup(o->label) : NULL;
    d->drop = o->drop ? xstrdup(o->drop) : NULL;
    d->limit = o->limit;
    int result = dataset_open_file(d, o, why);
    if (result < 0) {
        dataset_close(d);
        return result;
    }
    *out = d;
    return 0;
}

void dataset_close(struct dataset *d) {
    if (!d) return;
    for (size_t i = 0; i < d->columns; i++) {
        free((void *)d->column[i].name.at);
        buf_release(&d->column[i].key);
    }
    free(d->column);
    csv_close(d->csv);
    json_lines_close(d->json_lines);
    buf_release(&d->event);
    buf_release(&d->number);
    buf_release(&d->left_out);
    char *owned[] = {d->file, d->positive, d->label_name, d->drop};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    free(d);
}

/* ---- rows ---- */

struct table_cell dataset_cell(const struct dataset_column *c, struct text raw) {
    struct table_cell cell = table_cell_read(raw);
    if (c->number && c->role == COLUMN_FEATURE && cell.kind == CELL_TEXT &&
        table_cell_is_missing(raw))
        cell.kind = CELL_EMPTY;
    return cell;
}

/* Whether the daemon would read the id as this very text if it were written as a number. */
static bool dataset_is_integer(const struct table_cell *c, struct text raw) {
    return c->json && c->text.len == raw.len && strcspn(raw.at, ".eE") >= raw.len;
}

static void dataset_write_cell(const struct dataset_column *column, struct text raw,
                               struct buf *out) {
    struct table_cell c = dataset_cell(column, raw);
    bool number = column->number && c.kind == CELL_NUMBER &&
                  (column->role != COLUMN_ID || dataset_is_integer(&c, raw));
    if (number) table_cell_write_number(&c, out);
    else if (c.kind == CELL_EMPTY) buf_str(out, "null");
    else buf_json(out, raw);
}

static void dataset_write_event(struct dataset *d, const struct text *cells, uint64_t row) {
    buf_reset(&d->event);
    buf_str(&d->event, "{");
    if (!d->id) buf_printf(&d->event, "\"row\":%" PRIu64, row);
    for (size_t i = 0; i < d->columns; i++) {
        const struct dataset_column *c = &d->column[i];
        if (c->role == COLUMN_LABEL || c->role == COLUMN_DROPPED) continue;
        if (d->event.len > 1) buf_str(&d->event, ",");
        buf_text(&d->event, buf_view(&c->key));
        dataset_write_cell(c, cells[i], &d->event);
    }
    buf_str(&d->event, "}");
}

/* Whether a pointer of one step names that member. */
static bool dataset_points_to(struct text step, struct text name) {
    struct buf pointer = {0};
    dataset_names_pointer(name, &pointer);
    bool same = text_equal(buf_view(&pointer), step);
    buf_release(&pointer);
    return same;
}

enum dataset_field dataset_field(struct dataset *d, struct text pointer) {
    const char *next = pointer.len ? memchr(pointer.at + 1, '/', pointer.len - 1) : NULL;
    struct text name, rest = text_of(d->drop),
                      step = {pointer.at, next ? (size_t)(next - pointer.at) : pointer.len};
    if (d->label_name && dataset_points_to(step, text_of(d->label_name))) return FIELD_LABEL;
    while (dataset_names_next(&rest, &name))
        if (dataset_points_to(step, name)) return FIELD_DROPPED;
    if (!d->csv || (!d->id && dataset_points_to(pointer, TEXT("row")))) return FIELD_THERE;
    for (size_t i = 0; !next && i < d->columns; i++)
        if (dataset_points_to(step, d->column[i].name)) return FIELD_THERE;
    return FIELD_UNKNOWN;
}

static int dataset_refuse_cell(const struct dataset *d, uint64_t row, const char *what,
                               struct buf *why) {
    buf_printf(why, "%s: row %" PRIu64 " %s", d->file, row, what);
    return ERR_INPUT;
}

static int dataset_next_csv(struct dataset *d, struct dataset_sample *out, struct buf *why) {
    const struct text *cells;
    int result = csv_next(d->csv, &cells, why);
    if (result <= 0) return result;
    *out = (struct dataset_sample){.row = csv_row(d->csv)};
    if (d->label) out->label = cells[d->label - d->column];
    if (d->id) out->id = cells[d->id - d->column];
    if (table_cell_read(out->label).kind == CELL_EMPTY) out->label = (struct text){0};
    if (!text_is_utf8(out->label))
        return dataset_refuse_cell(d, out->row, "has a label that is not UTF-8", why);
    if (d->id && table_cell_read(out->id).kind == CELL_EMPTY)
        return dataset_refuse_cell(d, out->row, "has an empty id", why);
    if (!text_is_utf8(out->id))
        return dataset_refuse_cell(d, out->row, "has an id that is not UTF-8", why);
    dataset_write_event(d, cells, out->row);
    out->event = buf_view(&d->event);
    return 1;
}

int dataset_next(struct dataset *d, struct dataset_sample *out, struct buf *why) {
    if (d->limit && d->given == d->limit) return 0;
    int result = d->csv ? dataset_next_csv(d, out, why) : json_lines_next(d->json_lines, out, why);
    if (result <= 0) return result;
    d->given++;
    if (out->id.at) return 1;
    buf_reset(&d->number);
    buf_i64(&d->number, (int64_t)out->row);
    out->id = buf_view(&d->number);
    return 1;
}

static bool dataset_has_row(struct csv *csv, struct json_lines *json_lines, struct buf *why) {
    const struct text *cells;
    struct dataset_sample sample;
    return (csv ? csv_next(csv, &cells, why) : json_lines_next(json_lines, &sample, why)) == 1;
}

uint64_t dataset_rows(struct dataset *d) {
    struct csv *csv = NULL;
    struct json_lines *json_lines = NULL;
    struct buf why = {0}; // dropped: dataset_next says what is wrong with a row
    const struct dataset_options plain = {.file = d->file};
    if (d->rows) return d->rows;
    int opened =
        d->csv ? csv_open(&csv, d->file, &why) : json_lines_open(&json_lines, &plain, &why);
    while (opened == 0 && (!d->limit || d->rows < d->limit) &&
           dataset_has_row(csv, json_lines, &why))
        d->rows++;
    csv_close(csv);
    json_lines_close(json_lines);
    buf_release(&why);
    return d->rows;
}
