/* zlib's reader, block by block; zlib hands a plain file on as it is.
 *
 * A data set is read several times, so a pipe is refused: its second reader would wait for ever, or
 * get only what the first one left.
 *
 * Thread: any thread (one owner at a time) */
#include "gzip_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Over a UTF-8 byte order mark. */
static void gzip_file_skip_mark(struct gzip_file *s) {
    if (gzip_file_peek(s) == 0xEF && s->n >= 3 && memcmp(s->block, "\xEF\xBB\xBF", 3) == 0)
        s->at = 3;
}

static bool gzip_file_is_pipe(const char *file) {
    struct stat s;
    return stat(file, &s) == 0 && (S_ISFIFO(s.st_mode) || S_ISSOCK(s.st_mode));
}

static bool gzip_file_is_utf16(struct gzip_file *s) {
    return gzip_file_peek(s) != GZIP_FILE_END && s->n >= 2 &&
           (memcmp(s->block, "\xFF\xFE", 2) == 0 || memcmp(s->block, "\xFE\xFF", 2) == 0);
}

int gzip_file_open(struct gzip_file **out, const char *file, struct buf *why) {
    if (gzip_file_is_pipe(file)) {
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
    gzbuffer(opened, 2 * GZIP_FILE_BLOCK); // zlib takes any size before the first read
    struct gzip_file *s = xmalloc(sizeof *s);
    s->file = opened;
    s->name = xstrdup(file);
    s->at = s->n = 0;
    s->line = 1;
    gzip_file_skip_mark(s);
    if (gzip_file_is_utf16(s)) {
        buf_printf(why, "%s: the file is UTF-16; UTF-8 is expected", file);
        gzip_file_close(s);
        return ERR_INPUT;
    }
    *out = s;
    return 0;
}

void gzip_file_close(struct gzip_file *s) {
    if (!s) return;
    gzclose_r(s->file);
    free(s->name);
    free(s);
}

int gzip_file_rewind(struct gzip_file *s, struct buf *why) {
    if (gzrewind(s->file) != 0) {
        buf_printf(why, "%s: cannot be read a second time", s->name);
        return ERR_IO;
    }
    s->at = s->n = 0;
    s->line = 1;
    gzip_file_skip_mark(s);
    return 0;
}

int gzip_file_finish(struct gzip_file *s, struct buf *why) {
    int error = Z_OK;
    const char *text = gzerror(s->file, &error);
    if (error == Z_OK || error == Z_STREAM_END) return 0;
    if (error == Z_BUF_ERROR) buf_printf(why, "%s: the compressed data is cut off", s->name);
    else if (error == Z_ERRNO) buf_printf(why, "%s: %s", s->name, strerror(errno));
    else buf_str(why, text); // zlib begins it with the name
    return ERR_IO;
}

bool gzip_file_fill(struct gzip_file *s) {
    int n = gzread(s->file, s->block, GZIP_FILE_BLOCK);
    s->at = 0;
    s->n = n > 0 ? (size_t)n : 0;
    return n > 0;
}

void gzip_file_take(struct gzip_file *s, const bool stops[256], struct buf *out) {
    size_t from = s->at;
    while (s->at < s->n && !stops[s->block[s->at]]) s->at++;
    buf_add(out, s->block + from, s->at - from);
}
