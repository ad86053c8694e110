/* Lists of words: "a|b|c", as the options table and the metrics table write them, and the tables of
 * words that code has names for.
 *
 * A table names each word once, with its enum constant, and makes the enum, the texts and the list:
 *
 *   #define FRUIT_TABLE(FIRST, NEXT) FIRST(FRUIT_APPLE, "apple") NEXT(FRUIT_PEAR, "pear")
 *   enum fruit { WORDS_ENUM(FRUIT_TABLE) FRUITS };
 *   static const char *const fruits[FRUITS] = {WORDS_TEXT(FRUIT_TABLE)};
 *   WORDS_LIST(FRUIT_TABLE)    "apple|pear", a string literal: FIRST has no '|' before its word
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"

#define WORDS_ENUM(TABLE) TABLE(WORD_CONSTANT_, WORD_CONSTANT_)
#define WORDS_TEXT(TABLE) TABLE(WORD_TEXT_, WORD_TEXT_)
#define WORDS_LIST(TABLE) TABLE(WORD_FIRST_, WORD_NEXT_)

/* What the three make of one row; a table may have more columns behind the word. */
#define WORD_CONSTANT_(constant, ...) constant,
#define WORD_TEXT_(constant, word, ...) [constant] = word,
#define WORD_FIRST_(constant, word, ...) word
#define WORD_NEXT_(constant, word, ...) "|" word

/* Cuts the first word off *list, which then points at the rest; false when none is left. The word
 * borrows the list's bytes. */
bool word_list_next(const char **list, struct text *word);
/* Index of the word in the list, compared byte by byte, or -1. */
int word_list_index(const char *list, struct text word);
/* The word at an index from 0, e.g. word_list_at("exactly_once|at_least_once", 1); at NULL: the
 * list is shorter. The text borrows the list's bytes. */
struct text word_list_at(const char *list, int index);
/* The word of the list that needs the fewest edits to become `word`, of equally near ones the
 * first; at NULL: all need more than 3, or more than half of the longer one's bytes. The text
 * borrows the list's bytes. */
struct text word_list_nearest(const char *list, struct text word);
