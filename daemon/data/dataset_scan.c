/* The first rows decide which columns hold numbers, in which style, and what labels are called, so
 * that reading can stream and what a row becomes does not depend on rows far behind it. A column
 * that is empty in all of them begins later: the rows behind its first cell decide.
 *
 * Thread: any thread (one owner at a time) */
#include "base/json.h"
#include "dataset_private.h"
#include "json_columns.h"

enum { TELL_CELLS = 2000000 }; // of all columns, that are kept to see which tell the label

/* Columns that could be read both ways are written as most others of the file. */
static void dataset_settle_numbers(struct dataset *d) {
    int commas = 0;
    for (size_t i = 0; i < d->columns; i++) commas += number_cells_lean(&d->column[i].cells);
    for (size_t i = 0; i < d->columns; i++) {
        struct dataset_column *c = &d->column[i];
        c->style = number_cells_style(&c->cells, commas);
        c->number = number_cells_are_numbers(&c->cells, c->style);
    }
}

void dataset_note_stray(struct dataset *d, struct dataset_column *c, struct text raw) {
    if (c->strays || table_cell_is_missing(raw)) return;
    c->strays++;
    dataset_remark_stray(d, c->name.at, raw, csv_line(d->csv));
}

static void dataset_remark_columns(struct dataset *d) {
    struct buf commas = {0};
    for (size_t i = 0; i < d->columns; i++) {
        struct dataset_column *c = &d->column[i];
        if (c->role != COLUMN_FEATURE) continue;
        if (c->number && c->style == CELL_COMMA && c->cells.comma)
            buf_printf(&commas, "%s%s", commas.len ? ", " : "", c->name.at);
        if (c->number) c->strays = c->cells.text;
        dataset_remark_cells(d, c->name.at, &c->cells, c->style);
    }
    if (commas.len) dataset_remark(d, "numbers with a decimal comma: %s", buf_string(&commas));
    buf_release(&commas);
}

static void dataset_remark_labels(struct dataset *d) {
    struct buf joined = {0}, none = {0};
    label_spellings_settle(d->labels);
    label_spellings_tell(d->labels, &joined);
    label_spellings_tell_none(d->labels, &none);
    if (joined.len)
        dataset_remark(d,
                       "spellings of one label were joined: %s (--exact-labels keeps them apart)",
                       buf_string(&joined));
    if (none.len)
        dataset_remark(d,
                       "rows with these words have no label: %s (--exact-labels makes labels of "
                       "them)",
                       buf_string(&none));
    buf_release(&joined);
    buf_release(&none);
}

struct text dataset_label(struct dataset *d, struct text raw, uint64_t line) {
    struct text label = label_spellings_of(d->labels, raw);
    if (!label.at && raw.at && label_spellings_meet_none(d->labels, raw))
        dataset_remark(d, "\"%.*s\" in line %llu, and where it follows, is no label", (int)raw.len,
                       raw.at, (unsigned long long)line);
    return label;
}

static void dataset_remark_dialect(struct dataset *d) {
    const struct csv_dialect *dialect = csv_dialect(d->csv);
    if (dialect->separator != ',' && !d->separator)
        dataset_remark(d, "cells are separated by a %s%s", csv_dialect_name(dialect->separator),
                       dialect->told ? ", as the first line says" : "");
}

void dataset_note_foreign(struct dataset *d) {
    if (d->foreign || !csv_foreign_line(d->csv)) return;
    d->foreign = true;
    dataset_remark(d,
                   "not all of it is UTF-8 (first in line %llu): such cells are read as "
                   "Windows-1252",
                   (unsigned long long)csv_foreign_line(d->csv));
}

/* A header of numbers is a row. */
static void dataset_remark_header(struct dataset *d) {
    size_t numbers = 0;
    for (size_t i = 0; i < d->columns; i++)
        numbers += table_cell_read(csv_header(d->csv)[i], CELL_POINT).kind == CELL_NUMBER;
    if (!d->no_header && d->columns > 1 && numbers == d->columns)
        dataset_remark(d, "the first line holds numbers only and was taken as the header; if there "
                          "is none, say --no-header");
}

static uint64_t dataset_scan_rows(const struct dataset *d) {
    return d->limit && d->limit < DATASET_SCAN_ROWS ? d->limit : DATASET_SCAN_ROWS;
}

static void dataset_settle(struct dataset *d) {
    dataset_settle_numbers(d);
    dataset_remark_dialect(d);
    dataset_note_foreign(d);
    dataset_remark_header(d);
    dataset_remark_columns(d);
    if (d->label) dataset_remark_labels(d);
}

/* Cells that are kept of a column to see whether it tells the label: memory is bounded. */
static size_t dataset_tell_most(const struct dataset *d, size_t columns) {
    uint64_t rows = dataset_scan_rows(d), share = TELL_CELLS / (columns ? columns : 1);
    return (size_t)(rows < share ? rows : share);
}

static void dataset_scan_row(struct dataset *d, const struct text *cells,
                             struct label_classes *classes) {
    int class_ = -1;
    if (d->label) {
        struct text label = cells[d->label - d->column];
        label_spellings_add(d->labels, label);
        class_ = label_classes_take(classes, label);
    }
    for (size_t i = 0; i < d->columns; i++) {
        struct dataset_column *c = &d->column[i];
        struct table_cell cell = number_cells_take(&c->cells, cells[i], csv_line(d->csv));
        if (c->role == COLUMN_FEATURE) label_tell_take(&c->tell, &cell, class_);
    }
}

static void dataset_remark_columns_that_tell(struct dataset *d,
                                             const struct label_classes *classes) {
    const char **names = xcalloc(d->columns, sizeof *names);
    size_t n = 0;
    for (size_t i = 0; i < d->columns; i++) {
        struct dataset_column *c = &d->column[i];
        if (!classes->over && c->tell.n && label_tell_all(&c->tell)) names[n++] = c->name.at;
        label_tell_release(&c->tell);
    }
    dataset_remark_tells(d, names, n);
    free(names);
}

/* Rows of a column that are still to be looked at: none where something is known of it. */
enum {
    LATE_DONE = 0,
    LATE_WAITS = DATASET_SCAN_ROWS + 1, // its first cell, and as many behind it
};

/* How many columns wait for their first cell. */
static size_t dataset_scan_waiting(const struct dataset *d, size_t *left) {
    size_t n = 0;
    for (size_t i = 0; i < d->columns; i++) {
        const struct dataset_column *c = &d->column[i];
        bool waits = c->role == COLUMN_FEATURE && !number_cells_any(&c->cells);
        left[i] = waits ? LATE_WAITS : LATE_DONE;
        n += waits;
    }
    return n;
}

/* How many of the columns were done with this row. */
static size_t dataset_scan_late_row(struct dataset *d, const struct text *cells, size_t *left) {
    size_t done = 0;
    for (size_t i = 0; i < d->columns; i++) {
        struct number_cells *c = &d->column[i].cells;
        if (left[i] == LATE_DONE) continue;
        number_cells_take(c, cells[i], csv_line(d->csv));
        if (number_cells_any(c)) left[i]--;
        done += left[i] == LATE_DONE;
    }
    return done;
}

/* Rows in which a column may begin: whoever waits for the first sample waits for the scan. */
enum { LATE_MOST = 1000000 };

/* row: how many were scanned. What cannot be read is said where it is read for good. */
static void dataset_scan_late(struct dataset *d, uint64_t row) {
    const struct text *cells;
    struct buf why = {0};
    size_t *left = xcalloc(d->columns, sizeof *left), n = dataset_scan_waiting(d, left);
    for (; n && row < LATE_MOST && (!d->limit || row < d->limit) &&
           csv_next(d->csv, &cells, &why) == 1;
         row++)
        n -= dataset_scan_late_row(d, cells, left);
    free(left);
    buf_release(&why);
}

int dataset_scan_csv(struct dataset *d, struct buf *why) {
    const struct text *cells;
    struct label_classes classes = {0};
    int result = 1;
    for (size_t i = 0; i < d->columns; i++)
        d->column[i].tell.most = dataset_tell_most(d, d->columns);
    for (uint64_t left = dataset_scan_rows(d);
         left && (result = csv_next(d->csv, &cells, why)) == 1; left--)
        dataset_scan_row(d, cells, &classes);
    if (result < 0) return result;
    if (result == 1) dataset_scan_late(d, dataset_scan_rows(d));
    dataset_settle(d);
    dataset_remark_columns_that_tell(d, &classes);
    return csv_rewind(d->csv, why);
}

/* ---- JSON ---- */

/* What cannot be read is said where it is read for good. */
static int dataset_scan_event(const struct dataset_sample *s, struct json_columns *columns,
                              const struct json_columns_row *row, struct arena *arena) {
    const char *twice;
    cJSON *tree = json_parse(s->event, arena);
    int result = cJSON_IsObject(tree) ? json_columns_take(columns, tree, row, &twice) : ERR_INPUT;
    cJSON_Delete(tree);
    arena_reset(arena);
    return result;
}

static void dataset_remark_fields_that_tell(struct dataset *d, struct json_columns *columns,
                                            const struct label_classes *classes) {
    const char **names = xcalloc(columns->n, sizeof *names);
    size_t n = 0;
    for (size_t i = 0; i < columns->n && !classes->over; i++) {
        struct label_tell *tell = &columns->at[i].tell;
        label_tell_fill(tell, classes);
        if (label_tell_all(tell)) names[n++] = columns->at[i].name;
        label_tell_release(tell);
    }
    dataset_remark_tells(d, names, n);
    free(names);
}

static int dataset_scan_events(struct dataset *d, struct json_columns *columns,
                               struct label_classes *classes, struct buf *why) {
    struct dataset_sample s;
    struct arena arena = {0};
    struct buf id = {0};
    int result = 1;
    if (d->id_name) dataset_names_pointer(text_of(d->id_name), &id);
    for (uint64_t left = dataset_scan_rows(d);
         left && (result = json_lines_next(d->json_lines, &s, why)) == 1; left--) {
        label_spellings_add(d->labels, s.label);
        struct json_columns_row row = {.skip = id.len ? buf_view(&id) : (struct text){0},
                                       .class_ = label_classes_take(classes, s.label),
                                       .tell_most = dataset_tell_most(d, columns->n)};
        classes->over |= dataset_scan_event(&s, columns, &row, &arena) == ERR_FULL;
    }
    arena_release(&arena);
    buf_release(&id);
    return result < 0 ? result : 0;
}

int dataset_scan_json(struct dataset *d, struct buf *why) {
    struct json_columns columns = {0};
    struct label_classes classes = {0};
    int result = dataset_scan_events(d, &columns, &classes, why);
    if (result == 0) {
        dataset_remark_labels(d);
        dataset_remark_fields_that_tell(d, &columns, &classes);
        result = json_lines_rewind(d->json_lines, why);
    }
    json_columns_release(&columns);
    return result;
}
