/* Lists of words written "a|b|c", as the options table writes its choices. nearest_word and config_choice, which other
 * rooms use too, are in base/config.h. Thread: any thread */
#pragma once

#include "base/text.h"

/* Cuts the first word off *list; false when none is left. Start with *list at the list. */
bool next_word(const char **list, struct text *word);
/* Index of the word in the list, or -1. */
int word_index(const char *choices, struct text word);
