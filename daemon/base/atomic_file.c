/* Written beside the file, then renamed over it: a full disk, an error or ^C leaves the old one, or
 * none.
 *
 * Refuses what rename would break: a link is followed first, and what is no regular file is written
 * into.
 *
 * Thread: main thread */
#include "base/atomic_file.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int atomic_file_refuse(const char *file, struct buf *why) {
    buf_printf(why, "cannot write %s: %s", file, strerror(errno));
    return ERR_IO;
}

/* Where it leads to, or would: links resolved, also for a file that is not there yet. The caller
 * frees it; NULL with errno: there is no such directory. */
static char *atomic_file_place(const char *file) {
    char *there = realpath(file, NULL);
    if (there) return there;
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
    char *directory = slash ? xasprintf("%.*s", (int)(slash - file + 1), file) : xstrdup("."),
         *resolved = realpath(directory, NULL);
    free(directory);
    if (!resolved) return NULL;
    there = xasprintf("%s/%s", resolved, name);
    free(resolved);
    return there;
}

/* Whether writing beside it and renaming suits it. */
static bool atomic_file_is_plain(const char *place) {
    struct stat s;
    return stat(place, &s) < 0 ? errno == ENOENT : S_ISREG(s.st_mode);
}

static bool atomic_file_can_write(const char *place) {
    if (access(place, F_OK) == 0 && access(place, W_OK) < 0) return false;
    if (!atomic_file_is_plain(place)) {
        struct stat s;
        bool directory = stat(place, &s) == 0 && S_ISDIR(s.st_mode);
        if (directory) errno = EISDIR;
        return !directory;
    }
    char *directory = xasprintf("%.*s", (int)(strrchr(place, '/') - place + 1), place);
    bool can = access(directory, W_OK | X_OK) == 0;
    free(directory);
    return can;
}

int atomic_file_check(const char *file, struct buf *why) {
    char *place = atomic_file_place(file);
    int result = place && atomic_file_can_write(place) ? 0 : atomic_file_refuse(file, why);
    free(place);
    return result;
}

bool atomic_file_same(const char *a, const char *b) {
    if (!a || !b) return false;
    struct stat one, other;
    if (stat(a, &one) == 0 && stat(b, &other) == 0)
        return S_ISREG(one.st_mode) && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
    char *left = atomic_file_place(a), *right = atomic_file_place(b);
    bool same = left && right && strcmp(left, right) == 0;
    free(left);
    free(right);
    return same;
}

/* What a new file may be for whom: as the old one, else as the process is told to make files. */
static mode_t atomic_file_mode(const char *place) {
    struct stat s;
    if (stat(place, &s) == 0) return s.st_mode & 07777;
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static bool atomic_file_fill(FILE *to, struct text content) {
    bool fine = to && fwrite(content.at, 1, content.len, to) == content.len;
    return to && fclose(to) == 0 && fine;
}

static bool atomic_file_replace(const char *place, struct text content) {
    char *beside = xasprintf("%s.XXXXXX", place);
    mode_t mode = atomic_file_mode(place);
    int fd = mkstemp(beside);
    bool fine = fd >= 0 && atomic_file_fill(fdopen(fd, "w"), content) && chmod(beside, mode) == 0 &&
                rename(beside, place) == 0;
    int error = errno;
    if (fd >= 0 && !fine) unlink(beside);
    errno = error;
    free(beside);
    return fine;
}

static void atomic_file_hold_signals(sigset_t *before) {
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ending, before);
}

int atomic_file_write(const char *file, struct text content, struct buf *why) {
    sigset_t before;
    atomic_file_hold_signals(&before);
    char *place = atomic_file_place(file);
    bool fine =
        place && (atomic_file_is_plain(place) ? atomic_file_replace(place, content)
                                              : atomic_file_fill(fopen(place, "w"), content));
    int result = fine ? 0 : atomic_file_refuse(file, why);
    free(place);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}
