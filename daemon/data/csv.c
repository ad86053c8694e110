/* One row at a time: its cells are decoded one behind the other into a buffer that the next row
 * uses again.
 *
 * Memory is therefore that of the longest row, whatever the file holds (promise I11): a quote that
 * is never closed ends the reading at CSV_ROW_BYTES. What RFC 4180 does not allow is refused,
 * because a row that can be read in two ways would be learned wrongly without anybody noticing.
 *
 * Thread: any thread (one owner at a time) */
#include "csv.h"

#include "gzip_file.h"

struct csv {
    struct gzip_file *file;
    struct buf bytes;  // the row's cells, each with a NUL behind it
    size_t *start;     // (cap) of each cell in bytes
    struct text *cell; // (cap) the same as texts
    size_t n, cap;
    uint64_t row, line;  // the row's number, and the line where it starts
    struct text *header; // (columns)
    size_t columns;      // 0: the header is being read
};

static const bool csv_plain_stops[256] = {[','] = true, ['"'] = true, ['\n'] = true, ['\r'] = true};
static const bool csv_quoted_stops[256] = {['"'] = true, ['\n'] = true};

static int csv_refuse(const struct csv *c, struct buf *why, const char *what) {
    if (c->row)
        buf_printf(why, "%s: row %llu (line %llu) %s", c->file->name, (unsigned long long)c->row,
                   (unsigned long long)c->line, what);
    else buf_printf(why, "%s: the header %s", c->file->name, what);
    return ERR_INPUT;
}

static void csv_start_cell(struct csv *c) {
    if (c->n == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 64;
        c->start = xrealloc(c->start, c->cap * sizeof *c->start);
        c->cell = xrealloc(c->cell, c->cap * sizeof *c->cell);
    }
    c->start[c->n++] = c->bytes.len;
}

/* From the opening quote to behind the closing one. NULL, or what is wrong. */
static const char *csv_read_quoted(struct csv *c) {
    gzip_file_skip(c->file);
    for (;;) {
        int byte = gzip_file_peek(c->file);
        if (byte == GZIP_FILE_END) return "has a quote that is never closed";
        if (c->bytes.len > CSV_ROW_BYTES) return "is longer than 16 MiB; is a quote not closed?";
        if (!csv_quoted_stops[byte]) {
            gzip_file_take(c->file, csv_quoted_stops, &c->bytes);
            continue;
        }
        gzip_file_skip(c->file);
        if (byte == '\n') buf_add(&c->bytes, "\n", 1);
        else if (gzip_file_peek(c->file) != '"') return NULL;
        else {
            gzip_file_skip(c->file);
            buf_add(&c->bytes, "\"", 1);
        }
    }
}

static const char *csv_read_plain(struct csv *c) {
    while (gzip_file_peek(c->file) != GZIP_FILE_END && !csv_plain_stops[gzip_file_peek(c->file)]) {
        gzip_file_take(c->file, csv_plain_stops, &c->bytes);
        if (c->bytes.len > CSV_ROW_BYTES) return "is longer than 16 MiB";
    }
    return gzip_file_peek(c->file) == '"' ? "has a quote inside a cell that does not start with one"
                                          : NULL;
}

/* Moves past what ends a cell; *last: it ended the row too. NULL, or what is wrong. */
static const char *csv_read_end(struct csv *c, bool *last) {
    int byte = gzip_file_peek(c->file);
    *last = byte != ',';
    if (byte == GZIP_FILE_END) return NULL;
    gzip_file_skip(c->file);
    if (byte == '\r') {
        if (gzip_file_peek(c->file) != '\n') return "has a carriage return without a line feed";
        gzip_file_skip(c->file);
    } else if (byte != ',' && byte != '\n') {
        return "has text behind a closing quote";
    }
    return NULL;
}

static const char *csv_read_cells(struct csv *c) {
    for (bool last = false; !last;) {
        if (c->n == CSV_COLUMNS) return "has more than 65536 cells";
        csv_start_cell(c);
        const char *wrong = gzip_file_peek(c->file) == '"' ? csv_read_quoted(c) : csv_read_plain(c);
        buf_add(&c->bytes, "", 1);
        if (!wrong) wrong = csv_read_end(c, &last);
        if (wrong) return wrong;
    }
    return NULL;
}

static void csv_make_texts(struct csv *c) {
    for (size_t i = 0; i < c->n; i++) {
        size_t end = i + 1 < c->n ? c->start[i + 1] : c->bytes.len;
        c->cell[i] = (struct text){c->bytes.at + c->start[i], end - c->start[i] - 1};
    }
}

/* Moves past empty lines, behind which only the end of the file may stand. 1: a row follows; 0: the
 * end. */
static int csv_skip_empty(struct csv *c, struct buf *why) {
    bool empty = false;
    for (int byte; c->columns != 1 && ((byte = gzip_file_peek(c->file)) == '\n' || byte == '\r');
         empty = true)
        gzip_file_skip(c->file);
    if (gzip_file_peek(c->file) == GZIP_FILE_END) return gzip_file_finish(c->file, why);
    return empty ? csv_refuse(c, why, "is an empty line") : 1;
}

static int csv_check_length(const struct csv *c, struct buf *why) {
    if (!c->columns || c->n == c->columns) return 1;
    char what[96];
    snprintf(what, sizeof what, "has %zu cell%s where the header has %zu", c->n,
             c->n == 1 ? "" : "s", c->columns);
    return csv_refuse(c, why, what);
}

static int csv_read_row(struct csv *c, struct buf *why) {
    buf_reset(&c->bytes);
    c->n = 0;
    c->line = c->file->line;
    int more = csv_skip_empty(c, why);
    if (more <= 0) return more;
    const char *wrong = csv_read_cells(c);
    /* A file that is cut off looks like a short row or an open quote; saying that it is cut off
     * helps more. */
    if (gzip_file_peek(c->file) == GZIP_FILE_END) TRY(gzip_file_finish(c->file, why));
    if (wrong) return csv_refuse(c, why, wrong);
    csv_make_texts(c);
    return csv_check_length(c, why);
}

static int csv_read_header(struct csv *c, struct buf *why) {
    int result = csv_read_row(c, why);
    if (result == 0) {
        buf_printf(why, "%s: is empty; a header is expected", c->file->name);
        return ERR_INPUT;
    }
    return result < 0 ? result : 0;
}

static void csv_keep_header(struct csv *c) {
    c->columns = c->n;
    c->header = xcalloc(c->n, sizeof *c->header);
    for (size_t i = 0; i < c->n; i++) {
        char *copy = xmalloc(c->cell[i].len + 1);
        memcpy(copy, c->cell[i].at, c->cell[i].len + 1);
        c->header[i] = (struct text){copy, c->cell[i].len};
    }
}

int csv_open(struct csv **out, const char *file, struct buf *why) {
    struct csv *c = xcalloc(1, sizeof *c);
    int result = gzip_file_open(&c->file, file, why);
    if (result == 0) result = csv_read_header(c, why);
    if (result < 0) {
        csv_close(c);
        return result;
    }
    csv_keep_header(c);
    *out = c;
    return 0;
}

void csv_close(struct csv *c) {
    if (!c) return;
    for (size_t i = 0; i < c->columns; i++) free((void *)c->header[i].at);
    free(c->header);
    free(c->start);
    free(c->cell);
    buf_release(&c->bytes);
    gzip_file_close(c->file);
    free(c);
}

size_t csv_columns(const struct csv *c) { return c->columns; }
const struct text *csv_header(const struct csv *c) { return c->header; }
uint64_t csv_row(const struct csv *c) { return c->row; }

int csv_next(struct csv *c, const struct text **cells, struct buf *why) {
    c->row++;
    int result = csv_read_row(c, why);
    *cells = c->cell;
    return result;
}

int csv_rewind(struct csv *c, struct buf *why) {
    TRY(gzip_file_rewind(c->file, why));
    c->row = 0;
    return csv_read_header(c, why);
}
