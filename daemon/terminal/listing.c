/* Tables that align and scripts that parse, from the same rows.
 *
 * What others wrote (ids, class names, field values) reaches the terminal only through
 * buf_shown: a record must not be able to move someone's cursor or write to their clipboard.
 * Colours are of cells, never part of the width.
 *
 * Thread: main thread */
#include "terminal/listing.h"

#include <math.h>
#include <time.h>

enum { ROWS_FIRST = 64 };

void listing_begin(struct listing *l, const struct column *column, size_t columns) {
    *l = (struct listing){.column = column, .columns = columns};
}

void listing_end(struct listing *l) {
    arena_release(&l->arena);
    free(l->cell);
    *l = (struct listing){0};
}

/* ---- cells ---- */

void listing_text(struct listing *l, struct text t) {
    if (l->n % (ROWS_FIRST * l->columns) == 0)
        l->cell = xrealloc(l->cell, (l->n + ROWS_FIRST * l->columns) * sizeof *l->cell);
    l->cell[l->n++] = (struct cell){.text = arena_text(&l->arena, t)};
}

static void listing_add(struct listing *l, struct buf *b) {
    listing_text(l, b->len ? buf_view(b) : (struct text){0});
    buf_release(b);
}

void listing_count(struct listing *l, uint64_t n) {
    struct buf b = {0};
    buf_printf(&b, "%llu", (unsigned long long)n);
    listing_add(l, &b);
}

void listing_number(struct listing *l, double v) {
    struct buf b = {0};
    if (isfinite(v)) buf_printf(&b, "%.6g", v);
    listing_add(l, &b);
}

void listing_time(struct listing *l, int64_t ms) {
    struct buf b = {0};
    if (ms > 0) buf_i64(&b, ms);
    listing_add(l, &b);
}

void listing_tone(struct listing *l, enum tone tone) { l->cell[l->n - 1].tone = tone; }

/* ---- text ---- */

size_t listing_width(struct text t) {
    size_t n = 0;
    for (size_t i = 0; i < t.len; i++) n += ((unsigned char)t.at[i] & 0xc0) != 0x80;
    return n;
}

struct text listing_cut(struct arena *a, struct text t, size_t most) {
    static const char dots[] = "\xe2\x80\xa6";
    if (!most || listing_width(t) <= most) return t;
    size_t bytes = 0;
    for (size_t n = 0; bytes < t.len; bytes++)
        if (((unsigned char)t.at[bytes] & 0xc0) != 0x80 && n++ == most - 1) break;
    char *cut = arena_take(a, bytes + sizeof dots);
    memcpy(cut, t.at, bytes);
    memcpy(cut + bytes, dots, sizeof dots);
    return (struct text){cut, bytes + sizeof dots - 1};
}

void listing_when(struct buf *out, int64_t ms) {
    char text[32];
    time_t seconds = (time_t)(ms / 1000);
    struct tm t;
    if (ms > 0 && gmtime_r(&seconds, &t) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &t))
        buf_str(out, text);
    else buf_str(out, "-");
}

/* ---- printing ---- */

static struct text listing_shown(const struct column *c, const struct cell *cell, struct arena *a) {
    struct buf b = {0};
    if (!cell->text.at) return TEXT("-");
    if (c->kind == COLUMN_TIME) listing_when(&b, strtoll(cell->text.at, NULL, 10));
    else buf_shown(&b, cell->text);
    struct text t = listing_cut(a, arena_text(a, buf_view(&b)), c->most);
    buf_release(&b);
    return t.at ? t : TEXT("");
}

static void listing_print_cell(FILE *out, struct text t, size_t width, bool right, bool last,
                               enum tone tone) {
    int pad = (int)(width - listing_width(t));
    if (right) fprintf(out, "%*s", pad, "");
    console_word(out, tone, 0, t.at);
    if (!right && !last) fprintf(out, "%*s", pad, "");
    fputs(last ? "\n" : "  ", out);
}

/* Behind it the row is empty, and no padding is printed. */
static size_t listing_last_text(const struct listing *l, const struct text *row) {
    size_t last = 0;
    for (size_t c = 0; c < l->columns; c++)
        if (l->column[c].title && row[c].len) last = c;
    return last;
}

static void listing_print_table(const struct listing *l, FILE *out) {
    struct arena arena = {0};
    size_t rows = l->n / l->columns;
    struct text *text = xcalloc(l->n + l->columns, sizeof *text);
    size_t *width = xcalloc(l->columns, sizeof *width);
    for (size_t c = 0; c < l->columns; c++) {
        if (!l->column[c].title) continue;
        text[c] = text_of(l->column[c].title);
        for (size_t r = 0; r < rows; r++)
            text[(r + 1) * l->columns + c] =
                listing_shown(&l->column[c], &l->cell[r * l->columns + c], &arena);
        for (size_t r = 0; r <= rows; r++)
            if (listing_width(text[r * l->columns + c]) > width[c])
                width[c] = listing_width(text[r * l->columns + c]);
    }
    for (size_t r = 0; r <= rows; r++)
        for (size_t c = 0, last = listing_last_text(l, text + r * l->columns); c <= last; c++) {
            if (!l->column[c].title) continue;
            enum tone tone = r ? l->cell[(r - 1) * l->columns + c].tone : TONE_PLAIN;
            listing_print_cell(out, text[r * l->columns + c], width[c],
                               l->column[c].kind == COLUMN_NUMBER, c == last, tone);
        }
    free(text);
    free(width);
    arena_release(&arena);
}

/* The rows, without the end of the array. */
static void listing_print_rows(const struct listing *l, FILE *out) {
    struct buf b = {0};
    const char *begin = l->paged ? ",\n {" : "[{";
    for (size_t i = 0; i < l->n; i++) {
        const struct column *c = &l->column[i % l->columns];
        bool first = i % l->columns == 0; // of its row
        if (first) buf_str(&b, i ? "},\n {" : begin);
        else buf_str(&b, ",");
        buf_json_str(&b, c->key);
        buf_str(&b, ":");
        if (!l->cell[i].text.at) buf_str(&b, "null");
        else if (c->kind == COLUMN_TEXT) buf_json(&b, l->cell[i].text);
        else buf_text(&b, l->cell[i].text);
    }
    if (l->n) buf_str(&b, "}");
    fwrite(b.at, 1, b.len, out);
    buf_release(&b);
}

void listing_page(struct listing *l, FILE *out, bool json) {
    if (!l->n) return;
    if (json) listing_print_rows(l, out);
    else listing_print_table(l, out);
    arena_reset(&l->arena);
    l->n = 0;
    l->paged = true;
}

void listing_print(const struct listing *l, FILE *out, bool json, const char *none) {
    if (json && l->n) listing_print_rows(l, out);
    if (json) fputs(l->n || l->paged ? "]\n" : "[]\n", out);
    else if (l->n) listing_print_table(l, out);
    else if (!l->paged) fprintf(out, "%s\n", none);
}
