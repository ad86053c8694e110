/* Names to indices and back, by walking the list: only asked samples and labels need it.
 *
 * Thread: any thread */
#include "route/classes.h"

#include "base/buf.h"
#include "base/error.h"

char *class_list(const struct list *names) {
    struct buf out = {0};
    for (size_t i = 0; i < names->n; i++) {
        if (i) buf_str(&out, "\n");
        buf_str(&out, names->at[i]);
    }
    buf_string(&out);
    return out.at;
}

/* Cuts the first name off; false when none is left. */
static bool class_next_name(struct text *rest, struct text *name) {
    if (!rest->at) return false;
    const char *newline = memchr(rest->at, '\n', rest->len);
    *name = (struct text){rest->at, newline ? (size_t)(newline - rest->at) : rest->len};
    if (newline) *rest = (struct text){newline + 1, rest->len - name->len - 1};
    else *rest = (struct text){NULL, 0};
    return true;
}

struct text class_name(struct text classes, size_t index) {
    struct text name;
    do CHECK(class_next_name(&classes, &name));
    while (index--);
    return name;
}

int class_index(struct text classes, struct text name) {
    struct text at;
    for (int i = 0; class_next_name(&classes, &at); i++)
        if (text_equal(at, name)) return i;
    return -1;
}

int class_predicted(const float *prob, size_t k) {
    size_t best = 0;
    for (size_t i = 1; i < k; i++)
        if (prob[i] > prob[best]) best = i;
    return (int)best;
}
