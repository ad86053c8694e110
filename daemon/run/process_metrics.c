/* What the kernel says about this process, as the process_* metrics that every Prometheus user
 * knows.
 *
 * Read from /proc/self, which stays visible under systemd's ProcSubset=pid; what can not be read
 * keeps its last value.
 *
 * Thread: main thread */
#include "process_metrics.h"

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static double process_metrics_start_seconds(void) {
    static double start; // the first call is made as the process starts
    if (start == 0) start = (double)clock_wall_ms() / 1000;
    return start;
}

static size_t process_metrics_open_fds(void) {
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;
    while (dir && readdir(dir)) n++;
    if (dir) closedir(dir);
    return n > 3 ? n - 3 : 0; // without ".", ".." and the directory itself
}

static void process_metrics_read_stat(void) {
    FILE *file = fopen("/proc/self/stat", "r");
    long threads = 0, resident = 0;
    unsigned long virtual = 0;
    /* pid (name) state … 20: threads, 23: vsize, 24: rss in pages; the name is ours and has no
     * blank */
    int got = file ? fscanf(file,
                            "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
                            "%*d %*d %ld %*d %*u %lu %ld",
                            &threads, &virtual, &resident)
                   : 0;
    if (file) fclose(file);
    if (got != 3) return;
    metric_set(METRIC_process_threads, (double)threads);
    metric_set(METRIC_process_virtual, (double)virtual);
    metric_set(METRIC_process_resident, (double)resident * (double)sysconf(_SC_PAGESIZE));
}

void process_figures(void) {
    struct rusage used;
    struct rlimit fds;
    metric_set(METRIC_process_start, process_metrics_start_seconds());
    if (getrusage(RUSAGE_SELF, &used) == 0)
        metric_set(METRIC_process_cpu,
                   (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    if (getrlimit(RLIMIT_NOFILE, &fds) == 0)
        metric_set(METRIC_process_max_fds,
                   fds.rlim_cur == RLIM_INFINITY ? -1 : (double)fds.rlim_cur);
    metric_set(METRIC_process_open_fds, (double)process_metrics_open_fds());
    process_metrics_read_stat();
    metric_set_by(METRIC_log_events, LOG_ERROR, (double)log_counted(LOG_ERROR));
    metric_set_by(METRIC_log_events, LOG_WARNING, (double)log_counted(LOG_WARNING));
    metric_set(METRIC_log_lost, (double)log_lost());
}
