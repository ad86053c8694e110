/* Whoever starts us may have closed standard input, output or error: no file of ours gets their
 * number, and writing to them fails as before. */
#include "base/standard_files.h"
#include "unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a process of its own; `closed` has a bit for each of the three. 0, or the first that is wrong.
 */
static int with_closed(unsigned closed) {
    pid_t child = fork();
    if (child == 0) {
        for (int fd = 0; fd <= 2; fd++)
            if (closed >> fd & 1) close(fd);
        standard_files_take();
        int file = open("/dev/null", O_RDWR);
        if (file <= 2) _exit(1);
        char byte = 'x';
        if (closed & 1 && (read(0, &byte, 1) >= 0 || errno != EBADF)) _exit(2);
        for (int fd = 1; fd <= 2; fd++)
            if (closed >> fd & 1 && (write(fd, &byte, 1) >= 0 || errno != EBADF)) _exit(2 + fd);
        for (int fd = 0; fd <= 2; fd++) // what is open stays what it is
            if (!(closed >> fd & 1) && fcntl(fd, F_GETFD) < 0) _exit(5 + fd);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void closed_ones_are_taken(void **state) {
    (void)state;
    for (unsigned closed = 0; closed < 8; closed++) assert_int_equal(with_closed(closed), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(closed_ones_are_taken)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
