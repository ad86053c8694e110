/* Names of columns and members, as pointers and in messages.
 *
 * Thread: any thread */
#include "dataset_names.h"

#include "base/error.h"
#include "base/word_list.h"

enum {
    NAMES_TOLD = 12 // names that a message lists; the others are "…"
};

void dataset_names_pointer(struct text name, struct buf *out) {
    buf_str(out, "/");
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] == '~') buf_str(out, "~0");
        else if (name.at[i] == '/') buf_str(out, "~1");
        else buf_add(out, &name.at[i], 1);
    }
}

bool dataset_names_next(struct text *rest, struct text *name) {
    if (!rest->at) return false;
    const char *comma = rest->len ? memchr(rest->at, ',', rest->len) : NULL;
    *name = (struct text){rest->at, comma ? (size_t)(comma - rest->at) : rest->len};
    *rest = comma ? (struct text){comma + 1, rest->len - name->len - 1} : (struct text){0};
    return name->len > 0 || dataset_names_next(rest, name);
}

int dataset_names_refuse(const char *file, const char *what, struct text name, const char *choices,
                         struct buf *why) {
    struct text near = word_list_nearest(choices, name), one;
    buf_printf(why, "%s: there is no %s \"%.*s\"", file, what, (int)name.len, name.at);
    if (near.at) {
        buf_printf(why, "; did you mean \"%.*s\"?", (int)near.len, near.at);
        return ERR_INPUT;
    }
    buf_str(why, "; there are: ");
    for (int n = 0; (one = word_list_at(choices, n)).at && n <= NAMES_TOLD; n++) {
        if (n) buf_str(why, ", ");
        if (n == NAMES_TOLD) buf_str(why, "…");
        else buf_printf(why, "\"%.*s\"", (int)one.len, one.at);
    }
    return ERR_INPUT;
}
