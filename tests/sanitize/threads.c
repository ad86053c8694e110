/* For builds with ThreadSanitizer only: librdkafka starts its threads with C11's thrd_create, which
 * the sanitizer of Debian 12's compilers does not see, and then faults in them. This one stands
 * before glibc's and goes through pthread_create, which it sees.
 *
 * Thread: any thread */
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

struct start {
    thrd_start_t run;
    void *arg;
};

static void *run(void *arg) {
    struct start start = *(struct start *)arg;
    free(arg);
    return (void *)(long)start.run(start.arg);
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *arg) {
    struct start *start = malloc(sizeof *start);
    if (!start) return thrd_nomem;
    *start = (struct start){function, arg};
    pthread_t made;
    if (pthread_create(&made, NULL, run, start)) return thrd_error;
    *thread = (thrd_t)made;
    return thrd_success;
}

int thrd_join(thrd_t thread, int *result) {
    void *value = NULL;
    if (pthread_join((pthread_t)thread, &value)) return thrd_error;
    if (result) *result = (int)(long)value;
    return thrd_success;
}
