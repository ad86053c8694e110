/* A file of certificate authorities, looked at before anybody relies on it: a wrong path would show
 * only when the first connection fails, as a server that is away.
 *
 * Thread: any thread */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { LOOKED_AT_MOST = 4 << 20 }; // bytes: twenty times what a system has

const char *authorities_fault(const char *file) {
    static const char mark[] = "CERTIFICATE-----"; // of every form of PEM that TLS libraries take
    char *text = xmalloc(LOOKED_AT_MOST);
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = -1;
    size_t len = 0;
    while (fd >= 0 && len < LOOKED_AT_MOST &&
           ((n = read(fd, text + len, LOOKED_AT_MOST - len)) > 0 || (n < 0 && errno == EINTR)))
        if (n > 0) len += (size_t)n;
    const char *why = n < 0 ? strerrordesc_np(errno) : NULL;
    if (!why && !memmem(text, len, mark, sizeof mark - 1)) why = "it holds no certificate (PEM)";
    if (fd >= 0) close(fd);
    free(text);
    return why;
}
