/* Comma-separated values as RFC 4180 defines them, row after row.
 *
 * Rows end with LF or CRLF; cells may be quoted and then hold commas, quotes ("") and line ends.
 * Refused, with the row's number: rows of another length than the header, text beside quotes, a
 * bare carriage return, a row larger than CSV_ROW_BYTES. Empty lines may stand at the end only (in
 * a file of one column they are empty cells).
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

enum {
    CSV_ROW_BYTES = 16 << 20, // bytes of one row at most: memory stays bounded (promise I11)
    CSV_COLUMNS = 65536       // cells of one row at most
};

struct csv;

/* Opens the file and reads the header. Gives *out, which csv_close takes. ERR_IO or ERR_INPUT with
 * *why. */
int csv_open(struct csv **out, const char *file, struct buf *why) MUST_CHECK;
/* NULL is allowed. */
void csv_close(struct csv *c);
/* Cells of the header, and so of every row. */
size_t csv_columns(const struct csv *c);
/* The header's cells, (columns); borrowed until csv_close. */
const struct text *csv_header(const struct csv *c);
/* 1: *cells are those of the next row, (columns), each with a NUL behind it; borrowed until the
 * next call. 0: the end. ERR_IO or ERR_INPUT with *why: no further row can be asked for. */
int csv_next(struct csv *c, const struct text **cells, struct buf *why) MUST_CHECK;
/* Number of the row that csv_next gave or refused; 1 is the first behind the header. */
uint64_t csv_row(const struct csv *c);
/* The next row is the first again. ERR_IO or ERR_INPUT with *why. */
int csv_rewind(struct csv *c, struct buf *why) MUST_CHECK;
