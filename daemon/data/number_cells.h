/* What the cells of one column say about whether it holds numbers: one rule for CSV and JSON.
 *
 * A column holds numbers where all its texts read as such; where but one in a hundred does not; or
 * where four in five do and the others are a few words without a digit ("unknown", "k.A."). Those
 * then stand for a missing number. By words alone no column turns that a list of values serves as
 * well: so codes, sizes and grades stay categories.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/table_cell.h"
#include "value_counts.h"

struct number_cells_met {
    uint64_t line;
    struct buf text;
};

/* The number that programs write for none: nines only. */
struct number_cells_filler {
    double number;      // the first that was met
    uint64_t count;     // of it
    double least, most; // of all others
    uint64_t others;
};

struct number_cells {
    uint64_t point, comma, either; // numbers by that style only, or by both
    uint64_t missing, text, empty; // words for a missing number; other texts; blank
    bool codes;                    // a text is no word
    bool quantity;                 // a number is written as no code is: with a fraction, a sign ...
    struct value_counts numbers;   // spellings, of which few are kept
    struct value_counts words;     // the texts, of which some are kept
    struct number_cells_met stray, word; // the first text; the first word for a missing number
    struct number_cells_filler filler;
};

void number_cells_begin(struct number_cells *c);
void number_cells_release(struct number_cells *c);
/* Takes a cell, and gives what it holds; a word for a missing number is empty. raw: with a NUL
 * behind it. line: where it stands. */
struct table_cell number_cells_take(struct number_cells *c, struct text raw, uint64_t line);
/* Takes a number that is one already. */
void number_cells_take_number(struct number_cells *c, double number);
/* Whether it took a number or a text. */
bool number_cells_any(const struct number_cells *c);
/* 1: more of its numbers have a decimal comma than a point; -1: fewer; 0: as many. */
int number_cells_lean(const struct number_cells *c);
/* What divides its whole numbers from fractions. lean: of all columns of the file, summed up. */
enum table_cell_style number_cells_style(const struct number_cells *c, int lean);
/* Cells that are a number in that style. */
uint64_t number_cells_numbers(const struct number_cells *c, enum table_cell_style style);
/* Texts that are no number in that style. */
uint64_t number_cells_strays(const struct number_cells *c, enum table_cell_style style);
bool number_cells_are_numbers(const struct number_cells *c, enum table_cell_style style);
/* Whether its texts are a few words that stand for a missing number. */
bool number_cells_have_words(const struct number_cells *c, enum table_cell_style style);
/* Whether a text that is no number in that style is none of the words that were kept. */
bool number_cells_are_unlisted(const struct number_cells *c, enum table_cell_style style);
/* Whether at least half are numbers, though the column holds none. */
bool number_cells_are_nearly(const struct number_cells *c, enum table_cell_style style);
/* A frequent number of nines far from all others; 0: there is none. */
uint64_t number_cells_filler(const struct number_cells *c, double *number);
