/* What a dataset has to say of its file: lines, each told once.
 *
 * They hold cells and names of strangers, so what steers a terminal is shown as '?'. A file of
 * which everything is remarkable makes REMARKS_MOST of them (promise I11).
 *
 * Thread: any thread (one owner at a time) */
#include "dataset_private.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    REMARKS_MOST = 50,  // lines; one more says that there are others
    REMARK_BYTES = 1000 // of a line; the rest is "…"
};

static void dataset_remark_show(struct text t, struct buf *out) {
    for (size_t n, start = out->len; t.len && out->len - start < REMARK_BYTES;
         t = (struct text){t.at + n, t.len - n}) {
        n = text_utf8(t);
        if (n && !text_steers(text_code_point(t.at, n))) buf_add(out, t.at, n);
        else buf_str(out, "?");
        if (!n) n = 1;
    }
    if (t.len) buf_str(out, "…");
    buf_str(out, "\n");
}

static bool dataset_remarked(struct dataset *d, struct text line) {
    return d->remarks.len && memmem(d->remarks.at, d->remarks.len, line.at, line.len);
}

void dataset_remark(struct dataset *d, const char *format, ...) {
    struct buf line = {0};
    if (d->remarks_n > REMARKS_MOST) return;
    va_list args;
    va_start(args, format);
    char *raw = xvasprintf(format, args);
    va_end(args);
    dataset_remark_show(d->remarks_n < REMARKS_MOST ? text_of(raw)
                                                    : TEXT("there is more to remark than this"),
                        &line);
    free(raw);
    if (!dataset_remarked(d, buf_view(&line))) {
        buf_text(&d->remarks, buf_view(&line));
        d->remarks_n++;
    }
    buf_release(&line);
}

const char *dataset_remarks(struct dataset *d) {
    const char *lines = buf_string(&d->remarks) + d->remarks_told;
    d->remarks_told = d->remarks.len;
    return lines;
}

/* ---- columns of numbers ---- */

enum {
    WORD_SHARE = 100, // words for a missing number in one row of so many, or fewer: stray ones
    WORDS_SHOWN = 8,
    CELL_SHOWN = 40 // bytes
};

void dataset_remark_stray(struct dataset *d, const char *name, struct text text, uint64_t line) {
    const struct text shown = text_first(text, CELL_SHOWN);
    dataset_remark(d,
                   "column \"%s\" holds numbers, but \"%.*s\" in line %llu: that is taken as "
                   "missing there, and so are others like it",
                   name, (int)shown.len, shown.at, (unsigned long long)line);
}

/* What is fed from CSV is null there; an event of JSON goes as it stands. */
static void dataset_remark_unlisted(struct dataset *d, const char *name,
                                    const struct number_cells *cells, enum table_cell_style style) {
    dataset_remark(d,
                   "column \"%s\" holds numbers, but %llu of its first %llu cells are texts, of "
                   "which null_values cannot list all (100, of one line and 40 bytes each): a "
                   "sample with another is a dead letter",
                   name, (unsigned long long)number_cells_strays(cells, style),
                   (unsigned long long)(number_cells_numbers(cells, style) +
                                        number_cells_strays(cells, style)));
}

static void dataset_remark_words(struct dataset *d, const char *name,
                                 const struct number_cells *cells, uint64_t numbers) {
    struct buf words = {0};
    for (size_t i = 0; i < cells->words.n && i < WORDS_SHOWN; i++)
        buf_printf(&words, "%s\"%s\" (%llu)", i ? ", " : "", cells->words.at[i].text,
                   (unsigned long long)cells->words.at[i].count);
    dataset_remark(d,
                   "column \"%s\" holds numbers, and among the first %llu cells also %s: that is "
                   "taken as missing",
                   name, (unsigned long long)(numbers + cells->text), buf_string(&words));
    buf_release(&words);
}

/* Why it is no number after all. */
static void dataset_remark_nearly(struct dataset *d, const char *name,
                                  const struct number_cells *cells, uint64_t numbers,
                                  enum table_cell_style style) {
    const struct text text = text_first(buf_view(&cells->stray.text), CELL_SHOWN);
    if (!text.len) return;
    dataset_remark(
        d,
        "column \"%s\" is no number: of its first %llu cells %llu are texts, as \"%.*s\" "
        "in line %llu; if these stand for a missing number, leave them empty",
        name, (unsigned long long)(numbers + number_cells_strays(cells, style)),
        (unsigned long long)number_cells_strays(cells, style), (int)text.len, text.at,
        (unsigned long long)cells->stray.line);
}

static void dataset_remark_filler(struct dataset *d, const char *name,
                                  const struct number_cells *cells) {
    double filler;
    uint64_t n = number_cells_filler(cells, &filler);
    if (n)
        dataset_remark(d,
                       "column \"%s\" holds %g in %llu of its first %llu cells, far from all "
                       "others: if it stands for a missing number, leave these cells empty",
                       name, filler, (unsigned long long)n,
                       (unsigned long long)(n + cells->filler.others));
}

void dataset_remark_cells(struct dataset *d, const char *name, const struct number_cells *cells,
                          enum table_cell_style style) {
    const uint64_t numbers = number_cells_numbers(cells, style);
    if (!number_cells_are_numbers(cells, style)) {
        if (number_cells_are_nearly(cells, style))
            dataset_remark_nearly(d, name, cells, numbers, style);
        return;
    }
    if (number_cells_have_words(cells, style) && cells->text > 1)
        dataset_remark_words(d, name, cells, numbers);
    else if (!d->csv && number_cells_are_unlisted(cells, style))
        dataset_remark_unlisted(d, name, cells, style);
    else if (cells->text)
        dataset_remark_stray(d, name, buf_view(&cells->stray.text), cells->stray.line);
    else if (cells->missing && cells->missing * WORD_SHARE <= numbers)
        dataset_remark_stray(d, name, buf_view(&cells->word.text), cells->word.line);
    dataset_remark_filler(d, name, cells);
}

enum { TELLS_SHOWN = 5 };

void dataset_remark_tells(struct dataset *d, const char *const *names, size_t n) {
    struct buf list = {0};
    for (size_t i = 0; i < n && i < TELLS_SHOWN; i++)
        buf_printf(&list, "%s\"%s\"", i ? ", " : "", names[i]);
    if (n > TELLS_SHOWN) buf_printf(&list, " and %zu more", n - TELLS_SHOWN);
    if (n)
        dataset_remark(d,
                       "%s %s alone tells the label: is it known when the sample comes? Else leave "
                       "it out (--drop)",
                       n > 1 ? "each of the columns" : "column", buf_string(&list));
    buf_release(&list);
}

void dataset_remark_texts(struct dataset *d, const char *name, const struct column_profile *p) {
    struct text first = buf_view(&p->first);
    if (first.len > CELL_SHOWN || !p->any) return;
    if (column_profile_times(p)) {
        if (first.len > 2 && first.at[2] == '.')
            dataset_remark(d, "column \"%s\" holds dates as %.*s: the day is read first", name,
                           (int)first.len, first.at);
    } else if (column_profile_looks(p) == LOOKS_DATE) {
        dataset_remark(d,
                       "column \"%s\" looks like dates, as \"%.*s\", but not which number is the "
                       "day and which the month: it is no time; write them as 2024-03-05",
                       name, (int)first.len, first.at);
    } else if (column_profile_looks(p) == LOOKS_AMOUNT) {
        dataset_remark(d,
                       "column \"%s\" looks like numbers, as \"%.*s\", but what stands around them "
                       "is not understood: leave it off",
                       name, (int)first.len, first.at);
    }
}
