/* What a dataset has to say of its file: lines, each told once.
 *
 * They hold cells and names of strangers, so what steers a terminal is shown as '?'. A file of
 * which everything is remarkable makes REMARKS_MOST of them (promise I11).
 *
 * Thread: any thread (one owner at a time) */
#include "dataset_private.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    REMARKS_MOST = 50,  // lines; one more says that there are others
    REMARK_BYTES = 1000 // of a line; the rest is "…"
};

static void dataset_remark_show(struct text t, struct buf *out) {
    for (size_t n, start = out->len; t.len && out->len - start < REMARK_BYTES;
         t = (struct text){t.at + n, t.len - n}) {
        n = text_utf8(t);
        if (n && !text_steers(text_code_point(t.at, n))) buf_add(out, t.at, n);
        else buf_str(out, "?");
        if (!n) n = 1;
    }
    if (t.len) buf_str(out, "…");
    buf_str(out, "\n");
}

static bool dataset_remarked(struct dataset *d, struct text line) {
    return d->remarks.len && memmem(d->remarks.at, d->remarks.len, line.at, line.len);
}

void dataset_remark(struct dataset *d, const char *format, ...) {
    struct buf line = {0};
    if (d->remarks_n > REMARKS_MOST) return;
    va_list args;
    va_start(args, format);
    char *raw = xvasprintf(format, args);
    va_end(args);
    dataset_remark_show(d->remarks_n < REMARKS_MOST ? text_of(raw)
                                                    : TEXT("there is more to remark than this"),
                        &line);
    free(raw);
    if (!dataset_remarked(d, buf_view(&line))) {
        buf_text(&d->remarks, buf_view(&line));
        d->remarks_n++;
    }
    buf_release(&line);
}

const char *dataset_remarks(struct dataset *d) {
    const char *lines = buf_string(&d->remarks) + d->remarks_told;
    d->remarks_told = d->remarks.len;
    return lines;
}
