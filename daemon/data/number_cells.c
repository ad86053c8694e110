/* Few spellings are kept of what may be many, so memory is bounded.
 *
 * Thread: any thread (one owner at a time) */
#include "number_cells.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

enum {
    NUMBERS_LEAST = 20, // in a column that may hold stray texts too
    STRAY_SHARE = 100,  // one stray text in so many numbers
    WORDS_SHARE = 5,    // one word for a missing number in so many cells
    WORDS_MOST = 8,     // such words
    WORDS_KEPT = 100,   // texts that are kept
    WORD_BYTES = 40,    // of such a word
    LIST_MOST = 50,     // spellings of numbers that a list of values serves as well
    FILLER_NINES = 3,   // of a number that stands for none
    FILLER_LEAST = 10   // rows with it, before it is remarked
};

void number_cells_begin(struct number_cells *c) {
    *c = (struct number_cells){.numbers.most = LIST_MOST + 1, .words.most = WORDS_KEPT};
}

void number_cells_release(struct number_cells *c) {
    value_counts_release(&c->numbers);
    value_counts_release(&c->words);
    buf_release(&c->stray.text);
    buf_release(&c->word.text);
}

static void number_cells_meet(struct number_cells_met *m, struct text raw, uint64_t line) {
    buf_text(&m->text, raw);
    m->line = line;
}

/* One line of text that can stand in a configuration. */
static bool number_cells_is_line(struct text t) {
    for (size_t i = 0; i < t.len; i++)
        if ((unsigned char)t.at[i] < 0x20 || t.at[i] == 0x7F) return false;
    return t.len <= WORD_BYTES && text_is_utf8(t);
}

static bool number_cells_has_digit(struct text t) {
    for (size_t i = 0; i < t.len; i++)
        if (t.at[i] >= '0' && t.at[i] <= '9') return true;
    return false;
}

static void number_cells_take_text(struct number_cells *c, struct text raw, uint64_t line) {
    struct text inner = table_cell_trim(raw);
    if (c->text++ == 0) number_cells_meet(&c->stray, raw, line);
    c->codes |= number_cells_has_digit(inner) || !number_cells_is_line(inner);
    if (number_cells_is_line(inner)) value_counts_add(&c->words, inner);
    else c->words.over = true;
}

/* -999, 9999, 99999 ... */
static bool number_cells_is_nines(double number) {
    double nines = 0;
    int n = 0;
    for (; nines < fabs(number) && n < 9; n++) nines = 10 * nines + 9;
    return n >= FILLER_NINES && nines == fabs(number);
}

static void number_cells_note(struct number_cells *c, double number) {
    struct number_cells_filler *f = &c->filler;
    if (number_cells_is_nines(number) && (!f->count || f->number == number)) {
        f->number = number;
        f->count++;
        return;
    }
    f->least = f->others ? fmin(f->least, number) : number;
    f->most = f->others ? fmax(f->most, number) : number;
    f->others++;
}

static void number_cells_spell(struct number_cells *c, struct text spelling) {
    if (!c->numbers.over) value_counts_add(&c->numbers, spelling);
}

/* Whether it is written as codes are not: they have digits only. */
static bool number_cells_is_quantity(struct text t) {
    for (size_t i = 0; i < t.len; i++)
        if (t.at[i] < '0' || t.at[i] > '9') return true;
    return false;
}

static void number_cells_take_spelled(struct number_cells *c, const struct table_cell *cell) {
    struct text spelling = table_cell_trim(cell->text);
    number_cells_note(c, cell->number);
    number_cells_spell(c, spelling);
    c->quantity = c->quantity || number_cells_is_quantity(spelling);
}

struct table_cell number_cells_take(struct number_cells *c, struct text raw, uint64_t line) {
    struct table_cell point = table_cell_read(raw, CELL_POINT);
    if (point.kind == CELL_EMPTY) {
        c->empty++;
        return point;
    }
    struct table_cell comma = table_cell_read(raw, CELL_COMMA),
                      *number = point.kind == CELL_NUMBER ? &point : &comma;
    if (number->kind == CELL_NUMBER) {
        number_cells_take_spelled(c, number);
        if (point.kind == comma.kind) c->either++;
        else *(number == &point ? &c->point : &c->comma) += 1;
    } else if (!table_cell_is_missing(raw)) {
        number_cells_take_text(c, raw, line);
    } else {
        if (c->missing++ == 0) number_cells_meet(&c->word, raw, line);
        number->kind = CELL_EMPTY;
    }
    return *number;
}

void number_cells_take_number(struct number_cells *c, double number) {
    struct buf spelling = {0};
    c->either++;
    c->quantity = true;
    number_cells_note(c, number);
    if (c->numbers.over) return;
    buf_double(&spelling, number);
    number_cells_spell(c, buf_view(&spelling));
    buf_release(&spelling);
}

bool number_cells_any(const struct number_cells *c) {
    return c->either || c->point || c->comma || c->text;
}

int number_cells_lean(const struct number_cells *c) {
    return (c->comma > c->point) - (c->comma < c->point);
}

enum table_cell_style number_cells_style(const struct number_cells *c, int lean) {
    int own = number_cells_lean(c);
    return own > 0 || (own == 0 && lean > 0) ? CELL_COMMA : CELL_POINT;
}

uint64_t number_cells_numbers(const struct number_cells *c, enum table_cell_style style) {
    return c->either + (style == CELL_COMMA ? c->comma : c->point);
}

uint64_t number_cells_strays(const struct number_cells *c, enum table_cell_style style) {
    return c->text + (style == CELL_COMMA ? c->point : c->comma);
}

/* Too many numbers for a list, or mostly such as no other row has. */
static bool number_cells_are_many(const struct number_cells *c, uint64_t numbers) {
    return c->numbers.over || c->numbers.n > LIST_MOST ||
           (numbers >= NUMBERS_LEAST && 2 * c->numbers.n > numbers);
}

bool number_cells_have_words(const struct number_cells *c, enum table_cell_style style) {
    uint64_t numbers = number_cells_numbers(c, style), strays = number_cells_strays(c, style);
    return strays && strays == c->text && !c->codes && c->words.n <= WORDS_MOST &&
           strays * WORDS_SHARE <= numbers + strays && number_cells_are_many(c, numbers);
}

/* Numbers, and not just so many texts that look like some. */
bool number_cells_are_numbers(const struct number_cells *c, enum table_cell_style style) {
    uint64_t numbers = number_cells_numbers(c, style), strays = number_cells_strays(c, style);
    if (!strays) return numbers > 0 || !c->missing;
    bool few = numbers >= NUMBERS_LEAST && strays * STRAY_SHARE <= numbers + STRAY_SHARE - 1;
    return few || number_cells_have_words(c, style);
}

bool number_cells_are_unlisted(const struct number_cells *c, enum table_cell_style style) {
    return c->words.over || number_cells_strays(c, style) > c->text;
}

bool number_cells_are_nearly(const struct number_cells *c, enum table_cell_style style) {
    uint64_t numbers = number_cells_numbers(c, style), strays = number_cells_strays(c, style);
    return numbers >= NUMBERS_LEAST && strays <= numbers && !number_cells_are_numbers(c, style);
}

uint64_t number_cells_filler(const struct number_cells *c, double *number) {
    const struct number_cells_filler *f = &c->filler;
    double width = f->most - f->least;
    bool far = f->number > f->most + width || f->number < f->least - width;
    *number = f->number;
    return f->count >= FILLER_LEAST && f->others > f->count && far ? f->count : 0;
}
