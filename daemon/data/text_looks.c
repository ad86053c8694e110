/* Thread: any thread */
#include "text_looks.h"

#include "base/table_cell.h"

#include <string.h>

enum {
    AFFIX_BYTES = 6, // before or behind an amount
    AMOUNT_BYTES = 64
};

static bool text_looks_digit(char c) { return c >= '0' && c <= '9'; }
static bool text_looks_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

/* Digits off the front; how many. */
static size_t text_looks_digits(struct text *t) {
    size_t n = 0;
    while (n < t->len && text_looks_digit(t->at[n])) n++;
    *t = (struct text){t->at + n, t->len - n};
    return n;
}

/* Digits, or the three letters of a month. */
static size_t text_looks_part(struct text *t) {
    size_t n = 0;
    while (n < t->len && n < 3 && text_looks_letter(t->at[n])) n++;
    if (n != 3) return text_looks_digits(t);
    *t = (struct text){t->at + n, t->len - n};
    return n;
}

static bool text_looks_date(struct text t) {
    size_t first = text_looks_part(&t), second, third;
    if (!first || t.len < 2 || !strchr("/.- ", *t.at)) return false;
    const char sign = *t.at;
    t = (struct text){t.at + 1, t.len - 1};
    second = text_looks_part(&t);
    if (!second || second > 3 || t.len < 2 || *t.at != sign) return false;
    t = (struct text){t.at + 1, t.len - 1};
    third = text_looks_digits(&t);
    bool year = (first == 4 && third && third <= 2) || (first <= 3 && (third == 4 || third == 2));
    return year && (!t.len || strchr(" T,", *t.at));
}

/* t: with a NUL behind it. */
static bool text_looks_number(struct text t) {
    return table_cell_read(t, CELL_POINT).kind == CELL_NUMBER ||
           table_cell_read(t, CELL_COMMA).kind == CELL_NUMBER;
}

static bool text_looks_amount(struct text t) {
    char copy[AMOUNT_BYTES];
    size_t from = 0, to = t.len;
    if (t.len >= sizeof copy) return false;
    while (from < to && !text_looks_digit(t.at[from])) from++;
    while (to > from && !text_looks_digit(t.at[to - 1])) to--;
    memcpy(copy, t.at, t.len);
    copy[t.len] = '\0';
    if (text_looks_number((struct text){copy, t.len})) return false; // nothing stands around it
    if (from == to || from > AFFIX_BYTES || t.len - to > AFFIX_BYTES) return false;
    memcpy(copy, t.at + from, to - from);
    copy[to - from] = '\0';
    struct text inner = {copy, to - from};
    return strpbrk(copy, ".,") && text_looks_number(inner);
}

enum text_looks text_looks(struct text t) {
    struct text inner = table_cell_trim(t);
    if (text_looks_date(inner)) return LOOKS_DATE;
    return text_looks_amount(inner) ? LOOKS_AMOUNT : LOOKS_TEXT;
}
