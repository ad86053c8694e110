/* Problems are collected in any order and told in the order of the file, one a line.
 *
 * At most PROBLEMS_MAX are kept: more help nobody, and a hostile file must not fill the memory.
 * What the file says is shown in quotes, escaped and cut, so that a message is always one line.
 *
 * Thread: any thread (one owner at a time) */
#include "problem.h"

#include "base/word_list.h"

#include <stdarg.h>
#include <stdint.h>

enum {
    PROBLEMS_MAX = 1000, // the rest is counted
    SHOWN_MAX = 80       // bytes of a word of the file
};

struct problem_line {
    struct mark mark;
    size_t order;
    const char *text;
};

void problem(struct problems *p, struct mark mark, const char *path, const char *format, ...) {
    if (p->n == PROBLEMS_MAX) {
        p->left_off++;
        return;
    }
    if (p->n == p->cap)
        p->at = xrealloc(p->at, (p->cap = p->cap ? 2 * p->cap : 16) * sizeof *p->at);
    va_list args;
    va_start(args, format);
    char *message = xvasprintf(format, args);
    va_end(args);
    struct buf b = {0};
    if (path) buf_printf(&b, "%s: ", path);
    buf_str(&b, message);
    p->at[p->n] = (struct problem_line){mark, p->n, arena_string(p->arena, buf_view(&b))};
    p->n++;
    buf_release(&b);
    free(message);
}

const char *shown(struct problems *p, struct text word) {
    struct buf b = {0};
    size_t len = word.len;
    if (len > SHOWN_MAX)
        for (len = SHOWN_MAX; len && ((unsigned char)word.at[len] & 0xC0) == 0x80;) len--;
    buf_json(&b, (struct text){word.at, len});
    if (len < word.len) buf_str(&b, "...");
    const char *text = arena_string(p->arena, buf_view(&b));
    buf_release(&b);
    return text;
}

const char *suggested(struct problems *p, const char *choices, struct text word) {
    struct text near = word_list_nearest(choices, word);
    if (!near.at) return "";
    struct buf b = {0};
    buf_str(&b, "; did you mean ");
    buf_text(&b, near);
    const char *text = arena_string(p->arena, buf_view(&b));
    buf_release(&b);
    return text;
}

static int problem_by_place(const void *left, const void *right) {
    const struct problem_line *a = left, *b = right;
    if (a->mark.line != b->mark.line) return a->mark.line < b->mark.line ? -1 : 1;
    if (a->mark.column != b->mark.column) return a->mark.column < b->mark.column ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

void problems_write(struct problems *p, struct buf *out) {
    if (p->n) qsort(p->at, p->n, sizeof *p->at, problem_by_place);
    for (size_t i = 0; i < p->n; i++)
        buf_printf(out, "%s:%zu:%zu: %s\n", p->file, p->at[i].mark.line, p->at[i].mark.column,
                   p->at[i].text);
    if (p->left_off) buf_printf(out, "%s:1:1: and %zu more\n", p->file, p->left_off);
    free(p->at);
    p->at = NULL;
    p->n = p->cap = p->left_off = 0;
}
