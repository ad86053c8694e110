/* Cells shared out over the CPUs: whoever is free takes the next. Which thread runs a cell changes
 * nothing in it.
 *
 * Thread: main thread, and one thread a CPU that takes cells until none is left */
#include "plan.h"

#include "base/clock.h"

#include <pthread.h>
#include <unistd.h>

enum { THREADS_MAX = 256, PROGRESS_MS = 200, BAR = 30 };

static void *take_cells(void *arg) {
    struct backtest *b = arg;
    for (size_t cell;
         (cell = atomic_fetch_add(&b->next, 1)) < b->cells && !atomic_load(&b->error);) {
        const struct strategy_row *row = &b->strategy[cell / b->seeds];
        if (row->once && cell % b->seeds) {
            atomic_fetch_add(&b->done, b->series.n);
            continue;
        }
        struct simulation_options o = {.config = &row->config,
                                       .series = &b->series,
                                       .baseline = row->baseline,
                                       .delay = b->delay,
                                       .noise = b->noise,
                                       .switches = b->switches,
                                       .switches_n = b->switches_n,
                                       .seed = b->first_seed + cell % b->seeds,
                                       .points = CURVE_POINTS,
                                       .done = &b->done};
        int result = simulation_run(&b->result[cell], &o);
        if (result < 0) atomic_store(&b->error, result);
    }
    return NULL;
}

static void show_progress(struct backtest *b, int64_t started) {
    static const char full[] = "##############################",
                      empty[] = "..............................";
    double all = (double)b->cells * (double)b->series.n, done = (double)atomic_load(&b->done),
           s = (double)(clock_ms() - started) / 1000;
    int bar = (int)(BAR * done / all);
    fprintf(stderr, "\r  [%.*s%.*s] %3.0f %%  %.0f thousand samples/s  %.0f s left   ", bar, full,
            BAR - bar, empty, 100 * done / all, done / s / 1000,
            done > 0 ? (all - done) * s / done : 0);
}

static void watch_progress(struct backtest *b) {
    if (!isatty(STDERR_FILENO)) return;
    int64_t started = clock_ms();
    while (atomic_load(&b->done) < b->cells * b->series.n && !atomic_load(&b->error)) {
        clock_sleep_ms(PROGRESS_MS);
        show_progress(b, started);
    }
    fputs("\r\033[K", stderr);
}

int backtest_run(struct backtest *b) {
    pthread_t thread[THREADS_MAX];
    size_t cpus = (size_t)sysconf(_SC_NPROCESSORS_ONLN),
           threads = cpus < b->cells ? cpus : b->cells;
    if (threads > THREADS_MAX) threads = THREADS_MAX;
    b->result = xcalloc(b->cells, sizeof *b->result);
    for (size_t i = 0; i < threads; i++)
        CHECK(pthread_create(&thread[i], NULL, take_cells, b) == 0);
    watch_progress(b);
    for (size_t i = 0; i < threads; i++) pthread_join(thread[i], NULL);
    return atomic_load(&b->error);
}

void backtest_release(struct backtest *b) {
    for (size_t i = 0; b->result && i < b->cells; i++) simulation_release(&b->result[i]);
    free(b->result);
    free(b->switches);
    series_release(&b->series);
}
