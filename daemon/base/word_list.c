/* Lists of words: find one, and for a misspelt one the nearest right one.
 *
 * Nearness is the edit distance with swaps of neighbours (optimal string alignment; Damerau 1964),
 * letters compared without case. At most 3 edits and at most half of the longer word: a suggestion
 * that shares less helps nobody. Refuses words over 64 bytes.
 *
 * Thread: any thread */
#include "base/word_list.h"

enum {
    WORD_MAX = 64, // bytes of a word; three rows of this size stand on the stack
    EDITS_MAX = 3  // between a word and the suggestion for it
};

bool word_list_next(const char **list, struct text *word) {
    if (!*list || !**list) return false;
    size_t n = strcspn(*list, "|");
    *word = (struct text){*list, n};
    *list += n + ((*list)[n] == '|');
    return true;
}

int word_list_index(const char *choices, struct text word) {
    struct text w;
    for (int i = 0; word_list_next(&choices, &w); i++)
        if (text_equal(w, word)) return i;
    return -1;
}

struct text word_list_at(const char *choices, int index) {
    struct text w;
    for (int i = 0; word_list_next(&choices, &w); i++)
        if (i == index) return w;
    return (struct text){0};
}

static char word_list_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c; }

static size_t word_list_least3(size_t a, size_t b, size_t c) {
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

/* Edits from a to b; both at most WORD_MAX long. Three rows of the table are enough: a swap looks
 * two rows back. */
static size_t word_list_edits(struct text a, struct text b) {
    size_t row[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) row[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *now = row[i % 3], *before = row[(i + 2) % 3], *older = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = word_list_lower(a.at[i - 1]), y = word_list_lower(b.at[j - 1]);
            now[j] = word_list_least3(before[j] + 1, now[j - 1] + 1, before[j - 1] + (x != y));
            bool swap = i > 1 && j > 1 && x == word_list_lower(b.at[j - 2]) &&
                        y == word_list_lower(a.at[i - 2]);
            if (swap && older[j - 2] + 1 < now[j]) now[j] = older[j - 2] + 1;
        }
    }
    return row[a.len % 3][b.len];
}

struct text word_list_nearest(const char *choices, struct text word) {
    struct text best = {0}, w;
    size_t best_edits = EDITS_MAX + 1;
    if (word.len > WORD_MAX) return best;
    while (word_list_next(&choices, &w)) {
        if (w.len > WORD_MAX) continue;
        size_t n = word_list_edits(word, w), longer = w.len > word.len ? w.len : word.len;
        if (n < best_edits && 2 * n <= longer) {
            best_edits = n;
            best = w;
        }
    }
    return best;
}
