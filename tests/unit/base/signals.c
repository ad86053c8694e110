/* Signals are events: none is lost, none ends the process. */
#include "base/signals.h"

#include "base/clock.h"
#include "unit/test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void *send_soon(void *arg) {
    clock_sleep_ms(30);
    kill(getpid(), (int)(intptr_t)arg);
    return NULL;
}

static void signals_are_events(void **state) {
    static const struct {
        int sent;
        enum signal_kind got;
    } cases[] = {{SIGTERM, SIGNAL_STOP}, {SIGINT, SIGNAL_STOP}, {SIGHUP, SIGNAL_RELOAD}};
    (void)state;
    signals_block();
    for (size_t i = 0; i < 3; i++) {
        kill(getpid(), cases[i].sent); // pending, so that nothing is lost before the wait
        assert_int_equal(signals_wait(120000), cases[i].got);
        assert_int_equal(signals_wait(0), SIGNAL_NONE); // taken once
        pthread_t
            thread; // one that comes during the wait, taken here though another thread sends it
        pthread_create(&thread, NULL, send_soon, (void *)(intptr_t)cases[i].sent);
        int64_t before = clock_ms();
        assert_int_equal(signals_wait(120000), cases[i].got);
        assert_true(clock_ms() - before < 100000);
        pthread_join(thread, NULL);
    }
    int64_t before = clock_ms();
    assert_int_equal(signals_wait(1050), SIGNAL_NONE);
    assert_true(clock_ms() - before >= 1049);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1); // and we live
    assert_int_equal(errno, EPIPE);
    close(ends[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_are_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
