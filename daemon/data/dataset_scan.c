/* The first rows decide which columns hold numbers, in which style, and what labels are called, so
 * that reading can stream and what a row becomes does not depend on rows far behind it.
 *
 * Thread: any thread (one owner at a time) */
#include "dataset_private.h"

enum {
    NUMBERS_LEAST = 20, // in a column that may hold stray texts too
    STRAY_SHARE = 100   // one stray text in so many numbers
};

struct dataset_cell_met {
    uint64_t line;
    struct buf text;
};

/* What the scan has met in the cells of a column. */
struct dataset_met {
    uint64_t point, comma, either; // numbers by that style only, or by both
    uint64_t missing, text;
    struct dataset_cell_met stray, word; // the first text; the first word for a missing number
};

static void dataset_meet_first(struct dataset_cell_met *m, struct text raw, uint64_t line) {
    buf_text(&m->text, raw);
    m->line = line;
}

static void dataset_meet(struct dataset_met *m, struct text raw, uint64_t line) {
    struct table_cell point = table_cell_read(raw, CELL_POINT);
    if (point.kind == CELL_EMPTY) return;
    bool comma = table_cell_read(raw, CELL_COMMA).kind == CELL_NUMBER;
    if (point.kind == CELL_NUMBER) *(comma ? &m->either : &m->point) += 1;
    else if (comma) m->comma++;
    else if (!table_cell_is_missing(raw)) {
        if (m->text++ == 0) dataset_meet_first(&m->stray, raw, line);
    } else if (m->missing++ == 0) {
        dataset_meet_first(&m->word, raw, line);
    }
}

/* Numbers, and not just so many texts that look like some. */
static bool dataset_is_number(const struct dataset_met *m, enum table_cell_style style) {
    uint64_t numbers = m->either + (style == CELL_COMMA ? m->comma : m->point),
             strays = m->text + (style == CELL_COMMA ? m->point : m->comma);
    if (!strays) return numbers > 0 || !m->missing;
    return numbers >= NUMBERS_LEAST && strays * STRAY_SHARE <= numbers + STRAY_SHARE - 1;
}

/* Columns that could be read both ways are written as most others of the file. */
static void dataset_settle_numbers(struct dataset *d, const struct dataset_met *met) {
    size_t points = 0, commas = 0;
    for (size_t i = 0; i < d->columns; i++) {
        points += met[i].point > met[i].comma;
        commas += met[i].comma > met[i].point;
    }
    for (size_t i = 0; i < d->columns; i++) {
        bool comma =
            met[i].comma > met[i].point || (met[i].comma == met[i].point && commas > points);
        d->column[i].style = comma ? CELL_COMMA : CELL_POINT;
        d->column[i].number = dataset_is_number(&met[i], d->column[i].style);
    }
}

static void dataset_remark_stray(struct dataset *d, const struct dataset_column *c,
                                 struct text text, uint64_t line) {
    dataset_remark(d,
                   "column \"%.*s\" holds numbers, but \"%.*s\" in line %llu: that is taken as "
                   "missing there, and so are others like it",
                   (int)c->name.len, c->name.at, (int)(text.len < 40 ? text.len : 40), text.at,
                   (unsigned long long)line);
}

void dataset_note_stray(struct dataset *d, struct dataset_column *c, struct text raw) {
    if (c->strays || table_cell_is_missing(raw)) return;
    c->strays++;
    dataset_remark_stray(d, c, raw, csv_line(d->csv));
}

/* A word for a missing number in one row of a hundred or fewer: a stray one, perhaps. */
static bool dataset_is_rare(const struct dataset_met *m) {
    return m->missing && m->missing * STRAY_SHARE <= m->either + m->point + m->comma;
}

static void dataset_remark_columns(struct dataset *d, struct dataset_met *met) {
    struct buf commas = {0};
    for (size_t i = 0; i < d->columns; i++) {
        struct dataset_column *c = &d->column[i];
        if (!c->number || c->role != COLUMN_FEATURE) continue;
        if (c->style == CELL_COMMA && met[i].comma)
            buf_printf(&commas, "%s%s", commas.len ? ", " : "", c->name.at);
        const struct dataset_cell_met *m = met[i].text ? &met[i].stray : &met[i].word;
        c->strays = met[i].text;
        if (met[i].text || dataset_is_rare(&met[i]))
            dataset_remark_stray(d, c, buf_view(&m->text), m->line);
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

static void dataset_settle(struct dataset *d, struct dataset_met *met) {
    dataset_settle_numbers(d, met);
    dataset_remark_dialect(d);
    dataset_note_foreign(d);
    dataset_remark_header(d);
    dataset_remark_columns(d, met);
    if (d->label) dataset_remark_labels(d);
}

int dataset_scan_csv(struct dataset *d, struct buf *why) {
    const struct text *cells;
    int result = 1;
    struct dataset_met *met = xcalloc(d->columns, sizeof *met);
    for (uint64_t left = dataset_scan_rows(d);
         left && (result = csv_next(d->csv, &cells, why)) == 1; left--) {
        if (d->label) label_spellings_add(d->labels, cells[d->label - d->column]);
        for (size_t i = 0; i < d->columns; i++) dataset_meet(&met[i], cells[i], csv_line(d->csv));
    }
    if (result >= 0) dataset_settle(d, met);
    for (size_t i = 0; i < d->columns; i++) {
        buf_release(&met[i].stray.text);
        buf_release(&met[i].word.text);
    }
    free(met);
    return result < 0 ? result : csv_rewind(d->csv, why);
}

int dataset_scan_json(struct dataset *d, struct buf *why) {
    struct dataset_sample s;
    int result = 1;
    for (uint64_t left = dataset_scan_rows(d);
         left && (result = json_lines_next(d->json_lines, &s, why)) == 1; left--)
        label_spellings_add(d->labels, s.label);
    if (result < 0) return result;
    dataset_remark_labels(d);
    return json_lines_rewind(d->json_lines, why);
}
