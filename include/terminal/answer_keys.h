/* Which key gives which answer, for all that let a person answer tasks by keyboard: the page /label
 * and `winnowd annotate --terminal`.
 *
 * A class whose name is one character has that key: of the classes "0" and "1" the key 1 means "1",
 * wherever it stands in model.classes. The other classes have the digits in their order, then
 * letters; but where a name begins with a digit, no digit stands for a place. No key means two
 * answers, also where a letter is typed large for small; only the classes "a" and "A" are told
 * apart so.
 *
 * Thread: any thread */
#pragma once

#include "config/config.h"

/* What a person may say beside a class. */
enum answer_word { ANSWER_SKIP, ANSWER_CANNOT_TELL, ANSWER_UNDO, ANSWER_QUIT, ANSWER_WORDS };

enum { ANSWER_KEY = 5 }; // bytes of a key: a character in UTF-8, and a NUL

struct answer_keys {
    char word[ANSWER_WORDS][ANSWER_KEY];
    char (*class_)[ANSWER_KEY]; // (n); "": no key was left
    size_t n;
};

/* The caller releases it. */
void answer_keys_init(struct answer_keys *k, const struct list *classes);
void answer_keys_release(struct answer_keys *k);
/* What the first character typed means: a class, or n + an answer_word; -1: nothing. */
int answer_keys_find(const struct answer_keys *k, struct text typed);
