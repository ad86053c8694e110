/* Reading a secret from its file: the only way a password comes in that leaves no copy in the
 * configuration.
 *
 * Refuses what is surely a mistake: an empty file, a NUL byte, more than 1 MiB. The text goes to
 * the caller and nowhere else; what went wrong is said without it (promise I12).
 *
 * Thread: any thread */
#include "base/whole_file.h"
#include "config/config.h"

#include <errno.h>
#include <string.h>

enum { SECRET_MAX = 1 << 20 };

static char *secret_path(const char *file) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    if (file[0] == '/' || !directory || !*directory) return xstrdup(file);
    return xasprintf("%s/%s", directory, file);
}

static size_t secret_trim(const char *text, size_t len) {
    if (len && text[len - 1] == '\n') len--;
    if (len && text[len - 1] == '\r') len--;
    return len;
}

static const char *secret_fault(const struct buf *b, int error) {
    if (error == EFBIG) return "the file is longer than 1 MiB";
    if (error) return whole_file_why(error);
    if (!secret_trim(b->at, b->len)) return "the file is empty";
    if (memchr(b->at, '\0', b->len)) return "the file holds a NUL byte";
    return NULL;
}

char *secret_read(const char *file, const char **why) {
    struct buf b = {0};
    char *path = secret_path(file);
    (void)buf_room(&b, 2 * SECRET_MAX); // so that growing leaves no copy
    *why = secret_fault(&b, whole_file_read(path, SECRET_MAX, &b));
    free(path);
    if (*why) {
        buf_release(&b);
        return NULL;
    }
    size_t kept = secret_trim(b.at, b.len);
    b.at[kept] = '\0';
    return xrealloc(b.at, kept + 1);
}
