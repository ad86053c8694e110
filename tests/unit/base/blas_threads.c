/* OpenBLAS is told its number of threads before it is loaded. */
#include "base/blas_threads.h"

#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs this program again in a child: with "blas" as argument it says the count it was started
 * with. */
static void blas_is_told_before_it_loads(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        int ends[2];
        char said[32] = "";
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
            char *argv[] = {(char[]){"service"}, (char[]){"blas"}, NULL};
            dup2(ends[1], STDOUT_FILENO);
            if (i == 0) unsetenv("OPENBLAS_NUM_THREADS");
            else setenv("OPENBLAS_NUM_THREADS", i == 1 ? "8" : "1", 1);
            execv("/proc/self/exe", argv);
            _exit(1);
        }
        close(ends[1]);
        size_t n = 0;
        for (ssize_t got;
             n < sizeof said - 1 && (got = read(ends[0], said + n, sizeof said - 1 - n)) > 0;)
            n += (size_t)got;
        close(ends[0]);
        waitpid(pid, NULL, 0);
        assert_string_equal(said, "blas 1\n");
    }
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "blas") == 0) {
        blas_single_thread(argv);
        printf("%s %s\n", argv[1], getenv("OPENBLAS_NUM_THREADS"));
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blas_is_told_before_it_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
