/* The cells are shared out over the CPUs: a thread that is free takes the next one. Which thread
 * runs a cell changes nothing in it.
 *
 * Thread: main thread, and one thread a CPU that takes cells until none is left */
#include "comparison.h"

#include "base/clock.h"

#include <pthread.h>
#include <unistd.h>

enum {
    THREADS_MAX = 256, // CPUs that are used at most
    PROGRESS_MS = 200, // between two drawings of the bar
    BAR = 30           // characters of the bar
};

static void *comparison_fill(void *arg) {
    struct comparison *t = arg;
    for (size_t cell;
         (cell = atomic_fetch_add(&t->next, 1)) < t->cells && !atomic_load(&t->error);) {
        const struct comparison_strategy *row = &t->strategy[cell / t->seeds];
        if (row->once && cell % t->seeds) {
            atomic_fetch_add(&t->done, t->file.n);
            continue;
        }
        struct backtest_options o = {.config = &row->config,
                                     .file = &t->file,
                                     .baseline = row->baseline,
                                     .delay = t->delay,
                                     .noise = t->noise,
                                     .unanswered = t->unanswered,
                                     .samples_a_day = t->samples_a_day,
                                     .switches = t->switches,
                                     .switches_n = t->switches_n,
                                     .seed = t->first_seed + cell % t->seeds,
                                     .points = CURVE_POINTS,
                                     .trail = cell == 0 && t->trail.arm ? &t->trail : NULL,
                                     .done = &t->done};
        int result = backtest_run(&t->result[cell], &o);
        if (result < 0) atomic_store(&t->error, result);
    }
    return NULL;
}

static void comparison_show_progress(struct comparison *t, int64_t started) {
    static const char full[] = "##############################",
                      empty[] = "..............................";
    double all = (double)t->cells * (double)t->file.n, done = (double)atomic_load(&t->done),
           s = (double)(clock_ms() - started) / 1000;
    int bar = (int)(BAR * done / all);
    fprintf(stderr, "\r  [%.*s%.*s] %3.0f %%  %.0f thousand samples/s  %.0f s left   ", bar, full,
            BAR - bar, empty, 100 * done / all, done / s / 1000,
            done > 0 ? (all - done) * s / done : 0);
}

static void comparison_watch_progress(struct comparison *t) {
    if (!isatty(STDERR_FILENO)) return;
    int64_t started = clock_ms();
    while (atomic_load(&t->done) < t->cells * t->file.n && !atomic_load(&t->error)) {
        clock_sleep_ms(PROGRESS_MS);
        comparison_show_progress(t, started);
    }
    fputs("\r\033[K", stderr);
}

int comparison_run(struct comparison *t) {
    pthread_t thread[THREADS_MAX];
    size_t cpus = (size_t)sysconf(_SC_NPROCESSORS_ONLN),
           threads = cpus < t->cells ? cpus : t->cells;
    if (threads > THREADS_MAX) threads = THREADS_MAX;
    t->result = xcalloc(t->cells, sizeof *t->result);
    size_t started = 0; // with fewer it takes longer; without any this one does it all
    while (started < threads && pthread_create(&thread[started], NULL, comparison_fill, t) == 0)
        started++;
    if (!started) comparison_fill(t);
    comparison_watch_progress(t);
    for (size_t i = 0; i < started; i++) pthread_join(thread[i], NULL);
    return atomic_load(&t->error);
}

void comparison_release(struct comparison *t) {
    for (size_t i = 0; t->result && i < t->cells; i++) backtest_result_release(&t->result[i]);
    free(t->result);
    free(t->switches);
    arena_release(&t->arena);
    free(t->trail.prob);
    free(t->trail.propensity);
    free(t->trail.arm);
    encoded_file_release(&t->file);
}
