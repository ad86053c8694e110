/* Columns from which nothing can be learned are those that never change, those that number the
 * rows, and texts that hardly any two rows share, such as names.
 *
 * Thread: any thread (one owner at a time) */
#include "column_profile.h"

#include "base/moment.h"

enum {
    VALUE_BYTES = 255, // of a category's value, as include/config/features.def allows
    NAMES_LEAST = 50,  // distinct texts before a column can be one of names
    LOOKS_MOST = 1000, // texts of which it is asked what they look like
    LOOKS_LEAST = 20,  // of them before anything is said
    ROWS_LEAST = 20    // rows before a column can be one of their numbers
};

/* A column of texts is left out when less than this share of its rows repeats a text. Such a
 * category has so many values that hashed columns could not tell them apart either. */
static const double repeats_least = 0.05;

const char column_profile_numbers_rows[] = "numbers the rows";

void column_profile_begin(struct column_profile *p, size_t most) {
    *p = (struct column_profile){.listed = true, .moments = true, .values.most = most};
}

void column_profile_release(struct column_profile *p) {
    buf_release(&p->first);
    value_counts_release(&p->values);
}

bool column_profile_has_control(struct text t) {
    for (size_t i = 0; i < t.len; i++)
        if ((unsigned char)t.at[i] < 0x20 || t.at[i] == 0x7F) return true;
    return false;
}

void column_profile_number(struct column_profile *p, double value) {
    if (!p->any) p->number = value;
    p->counts = !p->any || (p->counts && value == p->last + 1);
    p->last = value;
    p->numbers++;
    p->any = true;
    p->varies |= p->number != value;
}

void column_profile_text(struct column_profile *p, struct text value) {
    if (!p->any) {
        buf_text(&p->first, value);
        buf_string(&p->first);
    }
    p->any = true;
    p->varies |= !text_equal(buf_view(&p->first), value);
    if (p->met < LOOKS_MOST) {
        p->met++;
        p->looks[text_looks(value)]++;
    }
    int64_t ms;
    p->moments = p->moments && moment_read(value, true, &ms);
    p->listed &=
        value.len <= VALUE_BYTES && !column_profile_has_control(value) && text_is_utf8(value);
    if (!p->listed || p->values.over) return;
    value_counts_add(&p->values, value);
    p->texts += !p->values.over;
}

const char *column_profile_useless(const struct column_profile *p, bool number) {
    if (!p->any) return "is empty";
    if (!p->varies && !p->empty) return "never changes";
    if (number && p->counts && !p->empty && p->numbers >= ROWS_LEAST &&
        (p->number == 0 || p->number == 1))
        return column_profile_numbers_rows;
    bool names = p->listed && p->values.most > NAMES_LEAST + 1 && p->values.n > NAMES_LEAST &&
                 (double)p->values.n >= (1 - repeats_least) * (double)p->texts;
    return !number && !column_profile_times(p) && names ? "hardly any two rows share a value"
                                                        : NULL;
}

bool column_profile_lists(const struct column_profile *p, size_t most) {
    return p->listed && p->values.n <= most;
}

bool column_profile_times(const struct column_profile *p) {
    return p->any && p->moments && !p->numbers;
}

enum text_looks column_profile_looks(const struct column_profile *p) {
    enum text_looks most =
        p->looks[LOOKS_DATE] > p->looks[LOOKS_AMOUNT] ? LOOKS_DATE : LOOKS_AMOUNT;
    return p->met >= LOOKS_LEAST && 10 * p->looks[most] >= 9 * p->met ? most : LOOKS_TEXT;
}
