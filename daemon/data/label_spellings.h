/* Spellings of one label: Yes, yes and " YES" are the same answer, 1 and 1.0 the same number.
 *
 * Collected over the first rows; then each group is called by its most frequent spelling, the first
 * one met where several are. What comes later joins its group, or begins one.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

struct label_spellings;

/* exact: nothing is joined, and only an empty cell is no label. */
struct label_spellings *label_spellings_create(bool exact);
/* NULL is allowed. */
void label_spellings_destroy(struct label_spellings *s);
/* Counts a label of the first rows. */
void label_spellings_add(struct label_spellings *s, struct text label);
/* After the last of them. */
void label_spellings_settle(struct label_spellings *s);
/* What the label is called; valid until the table is destroyed. At NULL: the cell says that there
 * is no label (empty, NA, null, ?, - ...). A label that finds no room in the table is itself. */
struct text label_spellings_of(struct label_spellings *s, struct text label);
/* Appends what was joined, as one line: "ok" (9,120 rows) stands for "OK" (31), "Ok" (2). Nothing
 * if nothing was. */
void label_spellings_tell(const struct label_spellings *s, struct buf *out);
/* Appends the words among the first rows that were taken for no label: "?" (2), "NA" (31). Nothing
 * if there were none. */
void label_spellings_tell_none(const struct label_spellings *s, struct buf *out);
/* Counts a cell that says that there is no label; whether it is a word that was not met before. */
bool label_spellings_meet_none(struct label_spellings *s, struct text label);
/* Whether two labels are spellings of one. */
bool label_spellings_same(struct text a, struct text b);
