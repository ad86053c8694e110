/* Rows as JSON objects: the header, the options and the first rows decide once what each column is;
 * then rows stream.
 *
 * The id is written so that the daemon reads back the very bytes of the cell: an integer as it
 * stands, everything else as text ("007"). A column without a name is called column_N.
 *
 * Thread: any thread (one owner at a time) */
#include "data/dataset.h"

#include "base/json.h"
#include "base/word_list.h"
#include "dataset_private.h"
#include "gzip_file.h"

#include <inttypes.h>
#include <stdio.h>

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

/* A header that holds a number is a row. */
static bool dataset_begins_with_row(const struct dataset *d) {
    for (size_t i = 0; i < d->columns && !d->no_header; i++)
        if (table_cell_read(csv_header(d->csv)[i], CELL_POINT).kind == CELL_NUMBER) return true;
    return false;
}

/* Whether a name in the first line is so near that it is one, and no cell of a row. */
static bool dataset_nearly_has(const char *choices, struct text name) {
    struct text near = word_list_nearest(choices, name);
    return near.at && table_cell_read(near, CELL_POINT).kind != CELL_NUMBER;
}

/* Names are joined with '|' for word_list_nearest; a name that holds '|' is only offered in halves.
 */
static int dataset_refuse_name(const struct dataset *d, struct text name, struct buf *why) {
    struct buf choices = {0};
    int result = ERR_INPUT;
    for (size_t i = 0; i < d->columns; i++) {
        if (i) buf_str(&choices, "|");
        buf_text(&choices, d->column[i].name);
    }
    const char *all = buf_string(&choices);
    if (dataset_begins_with_row(d) && !dataset_nearly_has(all, name))
        buf_printf(why,
                   "%s: there is no column \"%.*s\", and the first line looks like a row: if there "
                   "is no header, say --no-header; columns are column_1 to column_%zu then",
                   d->file, (int)name.len, name.at, d->columns);
    else if (d->columns == 1)
        buf_printf(
            why,
            "%s: there is no column \"%.*s\"; there is only one: say what separates its cells with "
            "--separator",
            d->file, (int)name.len, name.at);
    else result = dataset_names_refuse(d->file, "column", name, all, why);
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

/* ---- columns of CSV ---- */

struct csv_options dataset_csv_options(const struct dataset *d) {
    return (struct csv_options){.separator = d->separator, .no_header = d->no_header};
}

static struct text dataset_free_name(struct dataset *d, size_t i, struct text name) {
    char *numbered = name.len ? NULL : xasprintf("column_%zu", i + 1);
    const struct text wanted = name.len ? name : text_of(numbered);
    const struct text got = name_set_take(&d->names, wanted);
    if (name.len && got.len > name.len)
        dataset_remark(d, "column %zu is called \"%.*s\" like one before it: it is \"%.*s\" here",
                       i + 1, (int)name.len, name.at, (int)got.len, got.at);
    free(numbered);
    return got;
}

static int dataset_take_columns(struct dataset *d, struct buf *why) {
    size_t n = csv_columns(d->csv);
    d->column = xcalloc(n, sizeof *d->column);
    for (size_t i = 0; i < n; i++) {
        struct text name = csv_header(d->csv)[i];
        if (name.len && memchr(name.at, '\0', name.len)) {
            buf_printf(why, "%s: column %zu has a name that is not text", d->file, i + 1);
            return ERR_INPUT;
        }
        d->column[i].name = dataset_free_name(d, i, name);
        number_cells_begin(&d->column[i].cells);
        buf_json(&d->column[i].key, d->column[i].name);
        buf_str(&d->column[i].key, ":");
        d->columns = i + 1;
    }
    return 0;
}

/* ---- open ---- */

static int dataset_open_csv(struct dataset *d, const struct dataset_options *o, struct buf *why) {
    struct csv_options options = dataset_csv_options(d);
    TRY(csv_open(&d->csv, o->file, &options, why));
    TRY(dataset_take_columns(d, why));
    TRY(dataset_give_roles(d, o, why));
    return dataset_scan_csv(d, why);
}

static int dataset_open_json(struct dataset *d, const struct dataset_options *o, struct buf *why) {
    TRY(json_lines_open(&d->json_lines, o, why));
    return o->label ? dataset_scan_json(d, why) : 0;
}

struct dataset_foreign {
    const char *start, *what;
};

/* Formats that are no text. */
static int dataset_refuse_binary(const char *file, const struct gzip_file *s, struct buf *why) {
    static const struct dataset_foreign foreign[] = {
        {"PAR1", "a Parquet file: turn it into CSV first, with python3 -c \"import pandas; "
                 "pandas.read_parquet('FILE').to_csv('FILE.csv', index=False)\""},
        {"PK\x03\x04", "a zip archive or a spreadsheet: unpack it, or save the sheet as CSV"},
        {"ORC", "an ORC file: turn it into CSV first"},
        {"Obj\x01", "an Avro file: turn it into JSON lines or CSV first"},
    };
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        size_t n = strlen(foreign[i].start);
        if (s->n < n || memcmp(s->block, foreign[i].start, n) != 0) continue;
        buf_printf(why, "%s: is %s", file, foreign[i].what);
        return ERR_INPUT;
    }
    return 0;
}

/* *yes: whether the first byte that is no space opens a JSON object or an array of them. */
static int dataset_is_json(const char *file, bool *yes, struct buf *why) {
    struct gzip_file *s;
    TRY(gzip_file_open(&s, file, why));
    int byte;
    while ((byte = gzip_file_peek(s)) != GZIP_FILE_END && json_is_space((char)byte))
        gzip_file_skip(s);
    *yes = byte == '{' || byte == '[';
    int result = byte == GZIP_FILE_END ? gzip_file_finish(s, why) : 0;
    if (result == 0) result = dataset_refuse_binary(file, s, why);
    gzip_file_close(s);
    return result;
}

static int dataset_open_file(struct dataset *d, const struct dataset_options *o, struct buf *why) {
    bool json;
    TRY(dataset_is_json(o->file, &json, why));
    return json ? dataset_open_json(d, o, why) : dataset_open_csv(d, o, why);
}

static int dataset_take_separator(struct dataset *d, const struct dataset_options *o,
                                  struct buf *why) {
    d->separator = o->separator ? csv_dialect_separator(o->separator) : '\0';
    if (d->separator || !o->separator) return 0;
    buf_printf(why, "--separator \"%s\" is not one character, comma, semicolon, tab, bar or space",
               o->separator);
    return ERR_INPUT;
}

int dataset_open(struct dataset **out, const struct dataset_options *o, struct buf *why) {
    struct dataset *d = xcalloc(1, sizeof *d);
    d->file = xstrdup(o->file);
    d->positive = o->positive ? xstrdup(o->positive) : NULL;
    d->label_name = o->label ? xstrdup(o->label) : NULL;
    d->id_name = o->id ? xstrdup(o->id) : NULL;
    d->drop = o->drop ? xstrdup(o->drop) : NULL;
    d->limit = o->limit;
    d->no_header = o->no_header;
    d->exact_labels = o->exact_labels;
    if (o->label) d->labels = label_spellings_create(o->exact_labels);
    int result = dataset_take_separator(d, o, why);
    if (result == 0) result = dataset_open_file(d, o, why);
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
        buf_release(&d->column[i].key);
        number_cells_release(&d->column[i].cells);
        label_tell_release(&d->column[i].tell);
    }
    name_set_release(&d->names);
    free(d->column);
    csv_close(d->csv);
    json_lines_close(d->json_lines);
    buf_release(&d->event);
    buf_release(&d->number);
    buf_release(&d->left_out);
    buf_release(&d->remarks);
    label_spellings_destroy(d->labels);
    char *owned[] = {d->file, d->positive, d->label_name, d->id_name, d->drop};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    free(d);
}

/* ---- rows ---- */

struct table_cell dataset_cell(const struct dataset_column *c, struct text raw) {
    struct table_cell cell = table_cell_read(raw, c->style);
    if (c->number && c->role == COLUMN_FEATURE && cell.kind == CELL_TEXT) cell.kind = CELL_EMPTY;
    return cell;
}

/* Whether the daemon would read the id as this very text if it were written as a number. */
static bool dataset_is_integer(const struct table_cell *c, struct text raw) {
    return c->json && c->text.len == raw.len && strcspn(raw.at, ".eE") >= raw.len;
}

static void dataset_write_cell(struct dataset *d, struct dataset_column *column, struct text raw) {
    struct table_cell c = table_cell_read(raw, column->style);
    bool feature = column->role == COLUMN_FEATURE,
         number =
             column->number && c.kind == CELL_NUMBER && (feature || dataset_is_integer(&c, raw)),
         stray = column->number && feature && c.kind == CELL_TEXT;
    if (stray) dataset_note_stray(d, column, raw);
    if (number) table_cell_write_number(&c, &d->event);
    else if (stray || c.kind == CELL_EMPTY) buf_str(&d->event, "null");
    else buf_json(&d->event, raw);
}

static void dataset_write_event(struct dataset *d, const struct text *cells, uint64_t row) {
    buf_reset(&d->event);
    buf_str(&d->event, "{");
    if (!d->id) buf_printf(&d->event, "\"row\":%" PRIu64, row);
    for (size_t i = 0; i < d->columns; i++) {
        struct dataset_column *c = &d->column[i];
        if (c->role == COLUMN_LABEL || c->role == COLUMN_DROPPED) continue;
        if (d->event.len > 1) buf_str(&d->event, ",");
        buf_text(&d->event, buf_view(&c->key));
        dataset_write_cell(d, c, cells[i]);
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

void dataset_near(const struct dataset *d, struct text pointer, struct buf *out) {
    struct buf pointers = {0};
    for (size_t i = 0; i < d->columns; i++) {
        if (i) buf_str(&pointers, "|");
        dataset_names_pointer(d->column[i].name, &pointers);
    }
    struct text near = word_list_nearest(buf_string(&pointers), pointer);
    if (near.at) buf_printf(out, "; did you mean %.*s?", (int)near.len, near.at);
    buf_release(&pointers);
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
    dataset_note_foreign(d);
    if (d->label) out->label = dataset_label(d, cells[d->label - d->column], csv_line(d->csv));
    if (d->id) out->id = cells[d->id - d->column];
    if (d->id && !table_cell_trim(out->id).len)
        return dataset_refuse_cell(d, out->row, "has an empty id", why);
    dataset_write_event(d, cells, out->row);
    out->event = buf_view(&d->event);
    return 1;
}

int dataset_next(struct dataset *d, struct dataset_sample *out, struct buf *why) {
    if (d->limit && d->given == d->limit) return 0;
    int result = d->csv ? dataset_next_csv(d, out, why) : json_lines_next(d->json_lines, out, why);
    if (result <= 0) return result;
    if (!d->csv && d->labels)
        out->label = dataset_label(d, out->label, json_lines_line(d->json_lines));
    d->given++;
    if (out->id.at) return 1;
    buf_reset(&d->number);
    buf_i64(&d->number, (int64_t)out->row);
    out->id = buf_view(&d->number);
    return 1;
}

int dataset_rewind(struct dataset *d, struct buf *why) {
    d->given = 0;
    return d->csv ? csv_rewind(d->csv, why) : json_lines_rewind(d->json_lines, why);
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
    const struct csv_options options = dataset_csv_options(d);
    int opened = d->csv ? csv_open(&csv, d->file, &options, &why)
                        : json_lines_open(&json_lines, &plain, &why);
    while (opened == 0 && (!d->limit || d->rows < d->limit) &&
           dataset_has_row(csv, json_lines, &why))
        d->rows++;
    csv_close(csv);
    json_lines_close(json_lines);
    buf_release(&why);
    return d->rows;
}

int dataset_class(const struct dataset *d, const struct list *classes, struct text label) {
    if (!label.at) return -1;
    for (size_t i = 0; i < classes->n; i++)
        if (text_equal(text_of(classes->at[i]), label)) return (int)i;
    for (size_t i = 0; i < classes->n && !d->exact_labels; i++)
        if (label_spellings_same(text_of(classes->at[i]), label)) return (int)i;
    return -1;
}
