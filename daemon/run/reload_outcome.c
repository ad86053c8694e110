/* The file DIR/NAME.reload: "STARTED_NS TAKEN" in the first line, then the text. Written beside it
 * and renamed over it, so a reader finds all of one answer.
 *
 * What a crash leaves: the last answer, or a file DIR/NAME.reload.new that the next one writes
 * over.
 *
 * Thread: any thread (one writer) */
#include "run/reload_outcome.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

enum { TEXT_MAX = 16384 }; // bytes that are read: more errors than anyone reads at a time

int reload_outcome_write(const char *dir, const char *name, const struct reload_outcome *o) {
    char *path = xasprintf("%s/%s.reload", dir, name), *fresh = xasprintf("%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool written =
        fd >= 0 && dprintf(fd, "%" PRId64 " %d\n%s", o->started_ns, o->taken, o->said) > 0;
    if (fd >= 0) written &= close(fd) == 0;
    int result = written && rename(fresh, path) == 0 ? 0 : ERR_IO;
    free(path);
    free(fresh);
    return result;
}

int reload_outcome_read(const char *dir, const char *name, struct reload_outcome *o) {
    char *path = xasprintf("%s/%s.reload", dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), taken = 0, at = 0;
    free(path);
    if (fd < 0) return ERR_MISSING;
    char text[TEXT_MAX];
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    if (sscanf(text, "%" SCNd64 " %d%n", &o->started_ns, &taken, &at) != 2 || text[at] != '\n')
        return ERR_MISSING;
    o->taken = taken;
    o->said = xstrdup(text + at + 1);
    return 0;
}
