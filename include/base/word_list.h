/* Lists of words written "a|b|c", as the options table writes its choices. Thread: any thread */
#pragma once

#include "base/text.h"

/* Cuts the first word off *list; false when none is left. Start with *list at the list. */
bool next_word(const char **list, struct text *word);
/* Index of the word in the list, or -1. */
int word_index(const char *choices, struct text word);
/* The word at an index, e.g. word_at("exactly_once|at_least_once", 1); at NULL: there is none. A
 * text into `list`. */
struct text word_at(const char *list, int index);
/* The entry of the list nearest to `word` (edit distance ≤ 3), or none (at NULL). */
struct text nearest_word(const char *list, struct text word);
