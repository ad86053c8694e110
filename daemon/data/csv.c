/* One row at a time: its cells are decoded one behind the other into a buffer that the next row
 * uses again.
 *
 * Memory is therefore that of the longest row, whatever the file holds (promise I11): a quote that
 * is never closed ends the reading at CSV_ROW_BYTES. A row that can be read in two ways is refused,
 * because it would be learned wrongly without anybody noticing.
 *
 * Thread: any thread (one owner at a time) */
#include "csv.h"

#include "gzip_file.h"
#include "windows_1252.h"

#include <strings.h>

struct csv {
    struct gzip_file *file;
    struct csv_options options;
    struct csv_dialect dialect;
    bool plain_stops[256]; // what ends a cell without quotes
    struct buf bytes;      // the row's cells, each with a NUL behind it
    struct buf cleaned;    // a row on its way from Windows-1252
    size_t *start;         // (cap) of each cell in bytes
    struct text *cell;     // (cap) the same as texts
    size_t n, cap;
    uint64_t row, line;    // the row's number, and the line where it starts
    uint64_t foreign_line; // the first that was not UTF-8
    struct text *header;   // (columns)
    size_t columns;        // 0: the header is being read
    struct buf attributes; // names of KEEL's and ARFF's, each with a NUL behind it
    size_t attributes_n;
};

static const bool csv_quoted_stops[256] = {['"'] = true, ['\n'] = true};
static const bool csv_single_stops[256] = {['\''] = true, ['\\'] = true, ['\n'] = true};
static const bool csv_line_stops[256] = {['\n'] = true, ['\r'] = true};

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

/* A backslash before a quote or another backslash goes: so ARFF writes a quote within quotes. */
static void csv_read_escape(struct csv *c) {
    int next = gzip_file_peek(c->file);
    bool escapes = next == '\'' || next == '\\';
    if (escapes) gzip_file_skip(c->file);
    buf_add(&c->bytes, escapes ? &(char){(char)next} : "\\", 1);
}

/* From the opening quote to behind the closing one. NULL, or what is wrong. */
static const char *csv_read_quoted(struct csv *c, int quote) {
    const bool *stops = quote == '"' ? csv_quoted_stops : csv_single_stops;
    gzip_file_skip(c->file);
    for (;;) {
        int byte = gzip_file_peek(c->file);
        if (byte == GZIP_FILE_END) return "has a quote that is never closed";
        if (c->bytes.len > CSV_ROW_BYTES) return "is longer than 16 MiB; is a quote not closed?";
        if (!stops[byte]) {
            gzip_file_take(c->file, stops, &c->bytes);
            continue;
        }
        gzip_file_skip(c->file);
        if (byte == '\n') buf_add(&c->bytes, "\n", 1);
        else if (byte == '\\') csv_read_escape(c);
        else if (gzip_file_peek(c->file) != quote) return NULL;
        else {
            gzip_file_skip(c->file);
            buf_add(&c->bytes, &(char){(char)quote}, 1);
        }
    }
}

/* Blanks, unless they separate cells. Returns how many bytes were appended. */
static size_t csv_read_blanks(struct csv *c) {
    size_t n = 0;
    for (int byte; (byte = gzip_file_peek(c->file)) == ' ' || byte == '\t'; n++) {
        if (byte == c->dialect.separator) break;
        gzip_file_skip(c->file);
        buf_add(&c->bytes, &(char){(char)byte}, 1);
    }
    return n;
}

static const char *csv_read_plain(struct csv *c) {
    int byte;
    while ((byte = gzip_file_peek(c->file)) != GZIP_FILE_END && !c->plain_stops[byte]) {
        gzip_file_take(c->file, c->plain_stops, &c->bytes);
        if (c->bytes.len > CSV_ROW_BYTES) return "is longer than 16 MiB";
    }
    return NULL;
}

/* A cell, up to what ends it: blanks around quotes do not belong to it. */
static const char *csv_read_cell(struct csv *c) {
    size_t blanks = csv_read_blanks(c);
    int quote = gzip_file_peek(c->file);
    if (quote != '"' && !(quote == '\'' && c->dialect.single)) return csv_read_plain(c);
    c->bytes.len -= blanks;
    const char *wrong = csv_read_quoted(c, quote);
    c->bytes.len -= wrong ? 0 : csv_read_blanks(c);
    return wrong;
}

/* Moves past what ends a cell; *last: it ended the row too. NULL, or what is wrong. */
static const char *csv_read_end(struct csv *c, bool *last) {
    int byte = gzip_file_peek(c->file);
    *last = byte != c->dialect.separator;
    if (byte == GZIP_FILE_END) return NULL;
    if (*last && byte != '\r' && byte != '\n') return "has text behind a closing quote";
    gzip_file_skip(c->file);
    if (byte != '\r' || c->dialect.carriage) return NULL;
    if (gzip_file_peek(c->file) != '\n') return "has a carriage return without a line feed";
    gzip_file_skip(c->file);
    return NULL;
}

static const char *csv_read_cells(struct csv *c) {
    for (bool last = false; !last;) {
        if (c->n == CSV_COLUMNS) return "has more than 65536 cells";
        csv_start_cell(c);
        const char *wrong = csv_read_cell(c);
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

static void csv_skip_line(struct csv *c) {
    struct buf unused = {0};
    while (gzip_file_peek(c->file) != GZIP_FILE_END && gzip_file_peek(c->file) != '\n') {
        gzip_file_take(c->file, csv_line_stops, &unused);
        if (gzip_file_peek(c->file) == '\r') gzip_file_skip(c->file);
        buf_reset(&unused);
    }
    if (gzip_file_peek(c->file) == '\n') gzip_file_skip(c->file);
    buf_release(&unused);
}

/* Moves past empty lines and ARFF's comments; in one column an empty line is a row, but not the
 * header. 1: a row follows; 0: the end. */
static int csv_skip_empty(struct csv *c, struct buf *why) {
    for (int byte; c->columns != 1 || !c->row;) {
        byte = gzip_file_peek(c->file);
        if (c->dialect.attributes && byte == '%') csv_skip_line(c);
        else if (byte == '\n' || byte == '\r') gzip_file_skip(c->file);
        else break;
    }
    c->line = c->file->line;
    return gzip_file_peek(c->file) == GZIP_FILE_END ? gzip_file_finish(c->file, why) : 1;
}

static bool csv_is_ascii(struct text t) {
    uint64_t any = 0, word;
    for (; t.len >= sizeof word; t = (struct text){t.at + sizeof word, t.len - sizeof word}) {
        memcpy(&word, t.at, sizeof word);
        any |= word;
    }
    for (size_t i = 0; i < t.len; i++) any |= (unsigned char)t.at[i];
    return !(any & 0x8080808080808080u);
}

/* Reads cells that are not UTF-8 as Windows-1252. */
static void csv_clean_row(struct csv *c) {
    if (csv_is_ascii(buf_view(&c->bytes))) return;
    buf_reset(&c->cleaned);
    for (size_t i = 0; i < c->n; i++) {
        struct text cell = c->cell[i];
        bool foreign = cell.len && !text_is_utf8(cell);
        if (foreign && !c->foreign_line) c->foreign_line = c->line;
        c->start[i] = c->cleaned.len;
        if (foreign) windows_1252_read(cell, &c->cleaned);
        else if (cell.len) buf_text(&c->cleaned, cell);
        buf_add(&c->cleaned, "", 1);
    }
    struct buf unclean = c->bytes;
    c->bytes = c->cleaned;
    c->cleaned = unclean;
    csv_make_texts(c);
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
    int more = csv_skip_empty(c, why);
    if (more <= 0) return more;
    const char *wrong = csv_read_cells(c);
    /* A file that is cut off looks like a short row or an open quote; saying that it is cut off
     * helps more. */
    if (gzip_file_peek(c->file) == GZIP_FILE_END) TRY(gzip_file_finish(c->file, why));
    if (wrong) return csv_refuse(c, why, wrong);
    csv_make_texts(c);
    csv_clean_row(c);
    return csv_check_length(c, why);
}

/* ---- what stands before the rows ---- */

/* The name in a line "@attribute NAME TYPE"; at NULL: the line is another one. */
static struct text csv_attribute_name(struct text line) {
    static const struct text word = TEXT("@attribute");
    if (line.len <= word.len || strncasecmp(line.at, word.at, word.len) != 0)
        return (struct text){0};
    struct text rest = {line.at + word.len, line.len - word.len};
    while (rest.len && (*rest.at == ' ' || *rest.at == '\t'))
        rest = (struct text){rest.at + 1, rest.len - 1};
    char quote = rest.len && (*rest.at == '\'' || *rest.at == '"') ? *rest.at : '\0';
    size_t from = quote != '\0', n = from;
    while (n < rest.len && (quote ? rest.at[n] != quote : !memchr(" \t{", rest.at[n], 3))) n++;
    return (struct text){rest.at + from, n - from};
}

/* name: at NULL where the line is another one. NULL, or what is wrong. */
static const char *csv_take_attribute(struct csv *c, struct text name) {
    if (!name.at) return NULL;
    if (c->attributes_n == CSV_COLUMNS) return "has more than 65536 attributes";
    if (c->attributes.len + name.len > CSV_ROW_BYTES) return "is longer than 16 MiB";
    if (name.len && memchr(name.at, '\0', name.len))
        return "has an attribute whose name is not text";
    if (text_is_utf8(name)) buf_text(&c->attributes, name);
    else windows_1252_read(name, &c->attributes);
    buf_add(&c->attributes, "", 1);
    c->attributes_n++;
    return NULL;
}

/* Takes the names up to the line "@data". */
static int csv_read_attributes(struct csv *c, struct buf *why) {
    struct buf line = {0};
    bool data = false;
    buf_reset(&c->attributes);
    c->attributes_n = 0;
    const char *wrong = NULL;
    while (!data && !wrong && gzip_file_peek(c->file) != GZIP_FILE_END) {
        buf_reset(&line);
        while (gzip_file_peek(c->file) != GZIP_FILE_END &&
               !csv_line_stops[gzip_file_peek(c->file)] && line.len <= CSV_ROW_BYTES)
            gzip_file_take(c->file, csv_line_stops, &line);
        if (gzip_file_peek(c->file) != GZIP_FILE_END) gzip_file_skip(c->file);
        wrong = line.len > CSV_ROW_BYTES
                    ? "is longer than 16 MiB"
                    : csv_take_attribute(c, csv_attribute_name(buf_view(&line)));
        data = line.len >= 5 && strncasecmp(line.at, "@data", 5) == 0;
    }
    buf_release(&line);
    if (!wrong && !(data && c->attributes_n)) wrong = "names no @attribute, or no @data follows";
    return wrong ? csv_refuse(c, why, wrong) : 0;
}

static int csv_skip_preamble(struct csv *c, struct buf *why) {
    c->row = 0;
    if (c->dialect.attributes) return csv_read_attributes(c, why);
    if (!c->dialect.told) return 0;
    while (gzip_file_peek(c->file) == '\n' || gzip_file_peek(c->file) == '\r')
        gzip_file_skip(c->file);
    csv_skip_line(c);
    return 0;
}

/* ---- the header ---- */

static void csv_keep_name(struct csv *c, size_t i, struct text name) {
    while (name.len && (*name.at == ' ' || *name.at == '\t'))
        name = (struct text){name.at + 1, name.len - 1};
    while (name.len && (name.at[name.len - 1] == ' ' || name.at[name.len - 1] == '\t')) name.len--;
    char *copy = xmalloc(name.len + 1);
    if (name.len) memcpy(copy, name.at, name.len);
    copy[name.len] = '\0';
    c->header[i] = (struct text){copy, name.len};
}

static void csv_keep_attributes(struct csv *c) {
    const char *at = c->attributes.at;
    c->columns = c->attributes_n;
    c->header = xcalloc(c->columns, sizeof *c->header);
    for (size_t i = 0; i < c->columns; i++, at += strlen(at) + 1) csv_keep_name(c, i, text_of(at));
}

static bool csv_has_header_row(const struct csv *c) {
    return !c->dialect.attributes && !c->options.no_header;
}

/* The first row, which is the header or tells how many columns there are. */
static int csv_read_first(struct csv *c, struct buf *why) {
    int result = csv_read_row(c, why);
    if (result == 0) {
        buf_printf(why, "%s: is empty; a header is expected", c->file->name);
        return ERR_INPUT;
    }
    return result < 0 ? result : 0;
}

static int csv_read_header(struct csv *c, struct buf *why) {
    if (c->dialect.attributes) {
        csv_keep_attributes(c);
        return 0;
    }
    TRY(csv_read_first(c, why));
    c->header = xcalloc(c->n, sizeof *c->header);
    for (size_t i = 0; i < c->n; i++)
        csv_keep_name(c, i, c->options.no_header ? TEXT("") : c->cell[i]);
    c->columns = c->n;
    return c->options.no_header ? csv_rewind(c, why) : 0;
}

static void csv_look(struct csv *c) {
    gzip_file_peek(c->file);
    struct text start = {(const char *)c->file->block + c->file->at, c->file->n - c->file->at};
    c->dialect = csv_dialect_of(start, c->options.separator);
    memcpy(c->plain_stops, csv_line_stops, sizeof c->plain_stops);
    c->plain_stops[(unsigned char)c->dialect.separator] = true;
}

int csv_open(struct csv **out, const char *file, const struct csv_options *options,
             struct buf *why) {
    struct csv *c = xcalloc(1, sizeof *c);
    c->options = *options;
    int result = gzip_file_open(&c->file, file, why);
    if (result == 0) {
        csv_look(c);
        result = csv_skip_preamble(c, why);
    }
    if (result == 0) result = csv_read_header(c, why);
    if (result < 0) {
        csv_close(c);
        return result;
    }
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
    buf_release(&c->cleaned);
    buf_release(&c->attributes);
    gzip_file_close(c->file);
    free(c);
}

size_t csv_columns(const struct csv *c) { return c->columns; }
const struct text *csv_header(const struct csv *c) { return c->header; }
const struct csv_dialect *csv_dialect(const struct csv *c) { return &c->dialect; }
uint64_t csv_row(const struct csv *c) { return c->row; }
uint64_t csv_line(const struct csv *c) { return c->line; }
uint64_t csv_foreign_line(const struct csv *c) { return c->foreign_line; }

int csv_next(struct csv *c, const struct text **cells, struct buf *why) {
    c->row++;
    int result = csv_read_row(c, why);
    *cells = c->cell;
    return result;
}

int csv_rewind(struct csv *c, struct buf *why) {
    TRY(gzip_file_rewind(c->file, why));
    TRY(csv_skip_preamble(c, why));
    return csv_has_header_row(c) ? csv_read_first(c, why) : 0;
}
