/* zlib's reader, block by block; it takes plain files as they are.
 *
 * zlib tells a cut off file only at its end, so a reader that has seen SOURCE_END must ask source_finish what it was.
 * Thread: any thread (one owner at a time) */
#include "source.h"

#include <errno.h>
#include <string.h>

/* The byte order mark stays only when the file is shorter than it. */
static void skip_mark(struct source *s) {
    if (source_peek(s) == 0xEF && s->n >= 3 && memcmp(s->block, "\xEF\xBB\xBF", 3) == 0) s->at = 3;
}

int source_open(struct source **out, const char *file, struct buf *why) {
    gzFile opened = gzopen(file, "rb");
    if (!opened) {
        buf_printf(why, "%s: %s", file, strerror(errno));
        return ERR_IO;
    }
    gzbuffer(opened, 2 * SOURCE_BLOCK); // zlib takes any size before the first read
    struct source *s = xmalloc(sizeof *s);
    s->file = opened;
    s->name = xstrdup(file);
    s->at = s->n = 0;
    s->line = 1;
    skip_mark(s);
    *out = s;
    return 0;
}

void source_close(struct source *s) {
    if (!s) return;
    gzclose_r(s->file);
    free(s->name);
    free(s);
}

int source_rewind(struct source *s, struct buf *why) {
    if (gzrewind(s->file) != 0) {
        buf_printf(why, "%s: cannot be read a second time", s->name);
        return ERR_IO;
    }
    s->at = s->n = 0;
    s->line = 1;
    skip_mark(s);
    return 0;
}

int source_finish(struct source *s, struct buf *why) {
    int error = Z_OK;
    const char *text = gzerror(s->file, &error);
    if (error == Z_OK || error == Z_STREAM_END) return 0;
    if (error == Z_BUF_ERROR) buf_printf(why, "%s: the compressed data is cut off", s->name);
    else buf_printf(why, "%s: %s", s->name, error == Z_ERRNO ? strerror(errno) : text);
    return ERR_IO;
}

bool source_fill(struct source *s) {
    int n = gzread(s->file, s->block, SOURCE_BLOCK);
    s->at = 0;
    s->n = n > 0 ? (size_t)n : 0;
    return n > 0;
}

void source_run(struct source *s, const bool stops[256], struct buf *out) {
    size_t from = s->at;
    while (s->at < s->n && !stops[s->block[s->at]]) s->at++;
    buf_add(out, s->block + from, s->at - from);
}
