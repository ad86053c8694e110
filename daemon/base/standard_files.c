/* A number is kept by /dev/null, opened the wrong way round: so whoever reads or writes is told
 * that nothing is there.
 *
 * Thread: main thread, before any other */
#include "base/standard_files.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* In ascending order, since a file gets the least number that is free. */
void standard_files_take(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
        int taken = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        if (taken < 0) return; // without a system that has it we go on as we are
    }
}
