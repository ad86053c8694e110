/* Words make a text alike to others that say the same; pieces of three and four letters make a
 * misspelt or inflected word alike to the right one (Cavnar and Trenkle 1994). Both are hashed
 * (Weinberger and others 2009, without the sign), so there is no dictionary to be kept.
 *
 * A word is a run of letters and digits; of what is not ASCII every byte is a letter. So "now" and
 * "now!" are the same, and case is none in ASCII only. A word's pieces are those of the word with a
 * space at both ends.
 *
 * Thread: any thread */
#include "text_columns.h"

#include "base/rng.h"

#include <math.h>

enum {
    TEXT_BYTES = 16384, // of a text that are looked at
    WORD_BYTES = 64,    // of a word; what follows is the next word
    PIECE_LEAST = 3,
    PIECE_MOST = 4
};

static bool text_columns_letter(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

static char text_columns_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static void text_columns_add(const char *at, size_t n, double *row, size_t columns) {
    row[rng_below(rng_mix(hash_bytes(at, n)), columns)] += 1;
}

/* word: (n) with a space before and behind it. A word's hash differs from that of a piece with the
 * same letters, for it has both spaces. */
static void text_columns_word(const char *word, size_t n, double *row, size_t columns) {
    text_columns_add(word, n, row, columns);
    for (size_t piece = PIECE_LEAST; piece <= PIECE_MOST && piece < n; piece++)
        for (size_t i = 0; i + piece <= n; i++) text_columns_add(word + i, piece, row, columns);
}

static void text_columns_normalise(double *row, size_t columns) {
    double sum = 0;
    for (size_t i = 0; i < columns; i++) sum += row[i] * row[i];
    for (size_t i = 0; sum > 0 && i < columns; i++) row[i] /= sqrt(sum);
}

void text_columns(struct text t, double *row, size_t columns) {
    char word[1 + WORD_BYTES + 1] = " ";
    size_t n = 1, length = t.len < TEXT_BYTES ? t.len : TEXT_BYTES;
    for (size_t i = 0; i <= length; i++) {
        char c = i < length ? text_columns_lower(t.at[i]) : ' ';
        bool letter = text_columns_letter(c);
        if (letter) word[n++] = c;
        if ((letter && n <= WORD_BYTES) || n == 1) continue;
        word[n++] = ' ';
        text_columns_word(word, n, row, columns);
        n = 1;
    }
    text_columns_normalise(row, columns);
}
