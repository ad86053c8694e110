/* Opened without waiting: the open of a pipe that nobody writes would wait for ever, and with it
 * the command, the start of the service or its main thread.
 *
 * Thread: any thread */
#include "base/whole_file.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_BYTES = 1 << 16 }; // read at once

/* until_ms 0: for as long as it takes. A file is always ready; a pipe that nobody has opened to
 * write yet is not. */
static int whole_file_await(int fd, int64_t until_ms) {
    int64_t left_ms = until_ms ? until_ms - clock_ms() : -1;
    if (until_ms && left_ms <= 0) return ETIMEDOUT;
    int ready = poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, (int)left_ms);
    if (ready == 0) return ETIMEDOUT;
    return ready < 0 && errno != EINTR ? errno : 0;
}

static int whole_file_until(int fd, size_t most, int64_t until_ms, struct buf *out) {
    const size_t end = out->len + most;
    for (;;) {
        size_t room = end + 1 - out->len; // one byte more shows that there is more
        if (room > BLOCK_BYTES) room = BLOCK_BYTES;
        int error = whole_file_await(fd, until_ms);
        if (error) return error;
        ssize_t n = read(fd, buf_room(out, room), room);
        if (n < 0 && errno != EINTR && errno != EAGAIN) return errno;
        if (n == 0) return 0;
        if (n > 0) out->len += (size_t)n;
        if (out->len <= end) continue;
        out->len = end;
        return EFBIG;
    }
}

int whole_file_take(int fd, size_t most, struct buf *out) {
    return whole_file_until(fd, most, 0, out);
}

int whole_file_read(const char *path, size_t most, struct buf *out) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return errno;
    int error = whole_file_until(fd, most, clock_ms() + WHOLE_FILE_WAIT_MS, out);
    close(fd);
    return error;
}

const char *whole_file_why(int error) {
    if (error == EFBIG) return "it is larger than is accepted";
    return error == ETIMEDOUT ? "a pipe that nobody writes to its end" : strerrordesc_np(error);
}
