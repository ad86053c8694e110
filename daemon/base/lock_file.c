/* Two locks on one file: flock(2) keeps others out, also a second holder in this process; fcntl(2)
 * tells others which process it is.
 *
 * What a crash leaves: a file that nobody holds; the kernel lets go of both locks.
 *
 * Thread: main thread */
#include "base/lock_file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int lock_file_hold(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return ERR_IO;
    struct flock named = {.l_type = F_WRLCK,
                          .l_whence = SEEK_SET}; // this one says to others who holds it
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fcntl(fd, F_SETLK, &named) == 0) return fd;
    int result = errno == EWOULDBLOCK ? ERR_FENCED : ERR_IO;
    close(fd);
    return result;
}

int lock_file_take(const char *dir, const char *name) {
    if (mkdir(dir, 0700) < 0 && errno != EEXIST) return ERR_IO;
    char *path = xasprintf("%s/%s.lock", dir, name);
    int fd = lock_file_hold(path);
    free(path);
    return fd < 0 ? fd : 0; // held, with the descriptor, until the process ends
}

int lock_file_holder(const char *dir, const char *name) {
    char *path = xasprintf("%s/%s.lock", dir, name);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    free(path);
    if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? ERR_MISSING : ERR_IO;
    struct flock held = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int result = ERR_IO;
    if (fcntl(fd, F_GETLK, &held) == 0) result = held.l_type == F_UNLCK ? 0 : held.l_pid;
    close(fd);
    return result;
}
