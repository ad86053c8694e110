/* Reading a secret from its file: the only way a password comes in that leaves no copy in the
 * configuration.
 *
 * Refuses what is surely a mistake: an empty file, a NUL byte, more than 1 MiB. The text goes to
 * the caller and nowhere else; what went wrong is said without it (promise I12).
 *
 * Thread: any thread */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { SECRET_MAX = 1 << 20 };

static char *secret_path(const char *file) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    if (file[0] == '/' || !directory || !*directory) return xstrdup(file);
    return xasprintf("%s/%s", directory, file);
}

/* Reads at most SECRET_MAX + 1 bytes; the length, or -1 with errno. */
static ssize_t secret_read_bytes(const char *path, char *out) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    size_t len = 0;
    ssize_t n = 1;
    while (n && len <= SECRET_MAX) {
        n = read(fd, out + len, SECRET_MAX + 1 - len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        len += (size_t)n;
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return n < 0 ? -1 : (ssize_t)len;
}

static size_t secret_trim(const char *text, size_t len) {
    if (len && text[len - 1] == '\n') len--;
    if (len && text[len - 1] == '\r') len--;
    return len;
}

static const char *secret_fault(const char *text, ssize_t len) {
    if (len < 0) return strerrordesc_np(errno);
    if (len > SECRET_MAX) return "the file is longer than 1 MiB";
    if (!secret_trim(text, (size_t)len)) return "the file is empty";
    if (memchr(text, '\0', (size_t)len)) return "the file holds a NUL byte";
    return NULL;
}

char *secret_read(const char *file, const char **why) {
    char *path = secret_path(file), *text = xmalloc(SECRET_MAX + 2);
    ssize_t len = secret_read_bytes(path, text);
    *why = secret_fault(text, len);
    free(path);
    if (*why) {
        free(text);
        return NULL;
    }
    size_t kept = secret_trim(text, (size_t)len);
    text[kept] = '\0';
    return xrealloc(text, kept + 1);
}
