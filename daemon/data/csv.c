/* One row at a time: its cells are decoded behind each other into a buffer that is used again for
 * the next.
 *
 * So memory is the longest row, whatever the file does (I11): a quote that is never closed ends at
 * CSV_ROW_BYTES. Refusals are by the letter of RFC 4180, because a row that can be read two ways
 * would silently be learned wrong.
 * Thread: any thread (one owner at a time) */
#include "csv.h"

#include "gzip_file.h"

struct csv {
    struct source *source;
    struct buf bytes;  // the row's cells, each with a NUL behind it
    size_t *start;     // (cap) of each cell in bytes
    struct text *cell; // (cap) the same as texts
    size_t n, cap;
    uint64_t row, line;  // the row's number, and the line where it starts
    struct text *header; // (columns)
    size_t columns;      // 0: the header is being read
};

static const bool plain_stops[256] = {[','] = true, ['"'] = true, ['\n'] = true, ['\r'] = true};
static const bool quoted_stops[256] = {['"'] = true, ['\n'] = true};

static int csv_refuse(const struct csv *c, struct buf *why, const char *what) {
    if (c->row)
        buf_printf(why, "%s: row %llu (line %llu) %s", c->source->name, (unsigned long long)c->row,
                   (unsigned long long)c->line, what);
    else buf_printf(why, "%s: the header %s", c->source->name, what);
    return ERR_INPUT;
}

static void start_cell(struct csv *c) {
    if (c->n == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 64;
        c->start = xrealloc(c->start, c->cap * sizeof *c->start);
        c->cell = xrealloc(c->cell, c->cap * sizeof *c->cell);
    }
    c->start[c->n++] = c->bytes.len;
}

/* From the opening quote to behind the closing one. NULL, or what is wrong. */
static const char *read_quoted(struct csv *c) {
    source_skip(c->source);
    for (;;) {
        int byte = source_peek(c->source);
        if (byte == SOURCE_END) return "has a quote that is never closed";
        if (c->bytes.len > CSV_ROW_BYTES) return "is longer than 16 MiB; is a quote not closed?";
        if (!quoted_stops[byte]) {
            source_run(c->source, quoted_stops, &c->bytes);
            continue;
        }
        source_skip(c->source);
        if (byte == '\n') buf_add(&c->bytes, "\n", 1);
        else if (source_peek(c->source) != '"') return NULL;
        else {
            source_skip(c->source);
            buf_add(&c->bytes, "\"", 1);
        }
    }
}

static const char *read_plain(struct csv *c) {
    while (source_peek(c->source) != SOURCE_END && !plain_stops[source_peek(c->source)]) {
        source_run(c->source, plain_stops, &c->bytes);
        if (c->bytes.len > CSV_ROW_BYTES) return "is longer than 16 MiB";
    }
    return source_peek(c->source) == '"' ? "has a quote inside a cell that does not start with one"
                                         : NULL;
}

/* Over what ends a cell; *last: it ended the row too. */
static const char *read_end(struct csv *c, bool *last) {
    int byte = source_peek(c->source);
    *last = byte != ',';
    if (byte == SOURCE_END) return NULL;
    source_skip(c->source);
    if (byte == '\r') {
        if (source_peek(c->source) != '\n') return "has a carriage return without a line feed";
        source_skip(c->source);
    } else if (byte != ',' && byte != '\n') {
        return "has text behind a closing quote";
    }
    return NULL;
}

static const char *read_cells(struct csv *c) {
    for (bool last = false; !last;) {
        if (c->n == CSV_COLUMNS) return "has more than 65536 cells";
        start_cell(c);
        const char *wrong = source_peek(c->source) == '"' ? read_quoted(c) : read_plain(c);
        buf_add(&c->bytes, "", 1);
        if (!wrong) wrong = read_end(c, &last);
        if (wrong) return wrong;
    }
    return NULL;
}

static void make_texts(struct csv *c) {
    for (size_t i = 0; i < c->n; i++) {
        size_t end = i + 1 < c->n ? c->start[i + 1] : c->bytes.len;
        c->cell[i] = (struct text){c->bytes.at + c->start[i], end - c->start[i] - 1};
    }
}

/* Empty lines, which only the end of the file may follow. 1: a row follows; 0: the end. */
static int skip_empty(struct csv *c, struct buf *why) {
    bool empty = false;
    for (int byte; c->columns != 1 && ((byte = source_peek(c->source)) == '\n' || byte == '\r');
         empty = true)
        source_skip(c->source);
    if (source_peek(c->source) == SOURCE_END) return source_finish(c->source, why);
    return empty ? csv_refuse(c, why, "is an empty line") : 1;
}

static int check_length(const struct csv *c, struct buf *why) {
    if (!c->columns || c->n == c->columns) return 1;
    char what[96];
    snprintf(what, sizeof what, "has %zu cell%s where the header has %zu", c->n,
             c->n == 1 ? "" : "s", c->columns);
    return csv_refuse(c, why, what);
}

static int csv_read_row(struct csv *c, struct buf *why) {
    buf_reset(&c->bytes);
    c->n = 0;
    c->line = c->source->line;
    int more = skip_empty(c, why);
    if (more <= 0) return more;
    const char *wrong = read_cells(c);
    /* A cut off file reads as a short row or an open quote: what it is says more. */
    if (source_peek(c->source) == SOURCE_END) TRY(source_finish(c->source, why));
    if (wrong) return csv_refuse(c, why, wrong);
    make_texts(c);
    return check_length(c, why);
}

static int read_header(struct csv *c, struct buf *why) {
    int result = csv_read_row(c, why);
    if (result == 0) {
        buf_printf(why, "%s: is empty; a header is expected", c->source->name);
        return ERR_INPUT;
    }
    return result < 0 ? result : 0;
}

static void keep_header(struct csv *c) {
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
    int result = source_open(&c->source, file, why);
    if (result == 0) result = read_header(c, why);
    if (result < 0) {
        csv_close(c);
        return result;
    }
    keep_header(c);
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
    source_close(c->source);
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
    TRY(source_rewind(c->source, why));
    c->row = 0;
    return read_header(c, why);
}
