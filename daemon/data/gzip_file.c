/* zlib's reader, block by block; it takes plain files as they are. A data set is read several
 * times, so a pipe is refused: its second reader would wait for ever, or get the rest.
 *
 * zlib tells a cut off file only at its end, so a reader that has seen SOURCE_END must ask
 * source_finish what it was.
 * Thread: any thread (one owner at a time) */
#include "gzip_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* The byte order mark stays only when the file is shorter than it. */
static void skip_mark(struct source *s) {
    if (source_peek(s) == 0xEF && s->n >= 3 && memcmp(s->block, "\xEF\xBB\xBF", 3) == 0) s->at = 3;
}

static bool is_pipe(const char *file) {
    struct stat s;
    return stat(file, &s) == 0 && (S_ISFIFO(s.st_mode) || S_ISSOCK(s.st_mode));
}

static bool is_utf16(struct source *s) {
    return source_peek(s) != SOURCE_END && s->n >= 2 &&
           (memcmp(s->block, "\xFF\xFE", 2) == 0 || memcmp(s->block, "\xFE\xFF", 2) == 0);
}

int source_open(struct source **out, const char *file, struct buf *why) {
    if (is_pipe(file)) {
        buf_printf(why,
                   "%s: is a pipe, and the data is read more than once; write it to a file first",
                   file);
        return ERR_IO;
    }
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
    if (is_utf16(s)) {
        buf_printf(why, "%s: the file is UTF-16; UTF-8 is expected", file);
        source_close(s);
        return ERR_INPUT;
    }
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
    else if (error == Z_ERRNO) buf_printf(why, "%s: %s", s->name, strerror(errno));
    else buf_str(why, text); // zlib begins it with the name
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
