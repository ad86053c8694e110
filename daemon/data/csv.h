/* Comma-separated values and their kin, row after row.
 *
 * As RFC 4180 defines them, and as programs write them: another separator, a line "sep=;" or the
 * attributes of KEEL and ARFF before the rows, no header at all, blank lines, blanks around quotes,
 * a quote inside a cell that does not start with one. Bytes that are not UTF-8 are read as
 * Windows-1252, cell by cell. Refused, with the row's number: rows of another length than the
 * header, text behind a closing quote, a row larger than CSV_ROW_BYTES. (In a file of one column
 * blank lines are empty cells.)
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "csv_dialect.h"

#include <stdint.h>

enum {
    CSV_ROW_BYTES = 16 << 20, // bytes of one row at most: memory stays bounded (promise I11)
    CSV_COLUMNS = 65536       // cells of one row at most
};

struct csv;

struct csv_options {
    char separator; // 0: what the file looks like
    bool no_header; // names are column_1, column_2 ...
};

/* Opens the file and reads the header. Gives *out, which csv_close takes. ERR_IO or ERR_INPUT with
 * *why. */
int csv_open(struct csv **out, const char *file, const struct csv_options *options,
             struct buf *why) MUST_CHECK;
/* NULL is allowed. */
void csv_close(struct csv *c);
/* Cells of the header, and so of every row. */
size_t csv_columns(const struct csv *c);
/* The header's cells, (columns), blanks around them left off; borrowed until csv_close. */
const struct text *csv_header(const struct csv *c);
const struct csv_dialect *csv_dialect(const struct csv *c);
/* 1: *cells are those of the next row, (columns), each with a NUL behind it; borrowed until the
 * next call. 0: the end. ERR_IO or ERR_INPUT with *why: no further row can be asked for. */
int csv_next(struct csv *c, const struct text **cells, struct buf *why) MUST_CHECK;
/* Number of the row that csv_next gave or refused; 1 is the first behind the header. */
uint64_t csv_row(const struct csv *c);
/* The line where that row starts. */
uint64_t csv_line(const struct csv *c);
/* The first line with bytes that were no UTF-8 and were read as Windows-1252; 0: none so far. */
uint64_t csv_foreign_line(const struct csv *c);
/* The next row is the first again. ERR_IO or ERR_INPUT with *why. */
int csv_rewind(struct csv *c, struct buf *why) MUST_CHECK;
