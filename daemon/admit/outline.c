/* An outline of one record, made when a person must be told which fields there are.
 *
 * Envelopes (Debezium, CloudEvents) put the same names one step deeper, so a pointer that ends with
 * the one that was looked for is the best guess, then one with the same last step, then a
 * misspelling.
 *
 * Thread: any thread */
#include "admit/outline.h"

#include "base/buf.h"
#include "base/word_list.h"
#include "json_check.h"
#include "json_walk.h"

struct outline {
    struct text *out; // (most)
    size_t n, most;
    struct buf path; // of the value that is looked at
    struct arena *arena;
};

/* One step of a pointer (RFC 6901: ~0 is '~', ~1 is '/'). */
static void outline_add_step(struct outline *o, struct text key) {
    char *plain = arena_take(o->arena, key.len + 1);
    struct text t = {plain, json_unescape(key, plain)};
    buf_str(&o->path, "/");
    while (t.len) {
        size_t n = text_utf8(t), taken = n ? n : 1;
        if (!n || text_steers(text_code_point(t.at, n))) buf_str(&o->path, "?");
        else if (*t.at == '~') buf_str(&o->path, "~0");
        else if (*t.at == '/') buf_str(&o->path, "~1");
        else buf_add(&o->path, t.at, n);
        t.at += taken;
        t.len -= taken;
    }
}

/* The object at `value`; returns where it ends. At most max_depth deep, which json_check saw. */
static const char *outline_object(struct outline *o, const char *value) {
    struct json_walk w = json_enter(value);
    struct json_entry e;
    while (json_next(&w, &e)) {
        size_t before = o->path.len;
        outline_add_step(o, e.key);
        struct json_walk inner = json_enter(e.value);
        bool nested = *e.value == '{' && json_next(&inner, &(struct json_entry){0});
        if (!nested && o->n < o->most) o->out[o->n++] = arena_text(o->arena, buf_view(&o->path));
        w.at = nested ? outline_object(o, e.value) : json_end(e.value);
        o->path.len = before;
    }
    return w.at;
}

size_t outline_read(struct text json, size_t max_depth, struct text *out, size_t most,
                    struct arena *arena) {
    struct outline o = {.out = out, .most = most, .arena = arena};
    char *open = arena_take(arena, max_depth);
    if (!json.len || json_check(json, max_depth, open)) return 0;
    while (*json.at != '{') json.at++; // white space
    outline_object(&o, json.at);
    buf_release(&o.path);
    return o.n;
}

/* ---- the nearest ---- */

static bool outline_ends_with(struct text pointer, struct text end) {
    return pointer.len >= end.len &&
           memcmp(pointer.at + pointer.len - end.len, end.at, end.len) == 0;
}

static struct text outline_ending(const struct text *pointers, size_t n, struct text end) {
    for (size_t i = 0; i < n; i++)
        if (outline_ends_with(pointers[i], end)) return pointers[i];
    return (struct text){0};
}

static struct text outline_last_step(struct text path) {
    size_t from = path.len;
    while (from > 0 && path.at[from - 1] != '/') from--;
    return from ? (struct text){path.at + from - 1, path.len - from + 1} : path;
}

/* The text of `pointers` whose words are equal to those of a list's word. */
static struct text outline_misspelt(const struct text *pointers, size_t n, struct text path) {
    struct buf list = {0};
    struct text found = {0};
    for (size_t i = 0; i < n; i++) {
        if (memchr(pointers[i].at, '|', pointers[i].len)) continue; // would be two words
        if (list.len) buf_str(&list, "|");
        buf_text(&list, pointers[i]);
    }
    struct text near = word_list_nearest(buf_string(&list), path);
    for (size_t i = 0; near.at && i < n; i++)
        if (text_equal(pointers[i], near)) found = pointers[i];
    buf_release(&list);
    return found;
}

struct text outline_near(const struct text *pointers, size_t n, struct text path) {
    if (!path.len || !n) return (struct text){0};
    struct text found = outline_ending(pointers, n, path);
    if (!found.at) found = outline_ending(pointers, n, outline_last_step(path));
    return found.at ? found : outline_misspelt(pointers, n, path);
}
