/* `winnowd demo`: starts the parts, paces the stream, shows the figures, and clears up.
 *
 * The parts are a broker, the daemon itself (include/run/run.h, the same code as `winnowd run`), a
 * feeder, an oracle that answers tasks with the true labels, and a judge that scores predictions.
 *
 * A stream that is faster than its annotators would show only the first model. So the feeder never
 * runs more than --delay samples ahead of the mark: the sample up to which every answer is learned
 * and in force. To move the mark, three counts are read in this order: samples decided (a), labels
 * asked (q), labels settled (s). When s ≥ q, all that was asked up to a is in the live model, so
 * the mark is a. On the embedded broker the feeder also stays within what a partition keeps there
 * (5 MiB; the rest is dropped without a word).
 *
 * Refuses data that suit no configuration. Whatever happens, topics made on a real broker and the
 * state directory are removed again.
 *
 * Thread: main thread; a feeder, an oracle and a judge have their own, and the daemon brings its
 * threads */
#include "demo/demo.h"

#include "admit/reason.h"
#include "base/atomic_file.h"
#include "base/clock.h"
#include "demo/oracle.h"
#include "demo_broker.h"
#include "demo_log.h"
#include "feeder.h"
#include "metrics/metrics.h"
#include "run/run.h"
#include "screen.h"
#include "terminal/console.h"

#include <ftw.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

enum {
    LOOP_MS = 5,                 // between two looks at the mark
    TICK_MS = 100,               // between two drawings of the screen
    STALLED_MS = 120000,         // without any progress: the demo gives up (a busy disk stood still
                                 // for 30 s under the label store's commits)
    DELAY_SHARE = 40,            // part of the stream that runs ahead of the model
    DELAY_MOST = 500,            // samples of it
    DELAY_LEAST = 5,             // samples of it
    ORACLE_MS = 10,              // delay of an answer, in the mean
    INTERRUPTED = 130,           // exit code, as shells have it for SIGINT
    FEED_WINDOW_BYTES = 1 << 20, // in flight on the embedded broker, well below its 5 MiB
    PREDICTION_BYTES = 256,      // of a prediction record, about,
    PREDICTION_CLASS_BYTES = 24  // and of each class in it
};

/* A thread beside the daemon: the oracle's or the judge's. */
struct demo_helper {
    pthread_t thread;
    bool started;
    int result;
    struct buf why;
    _Atomic bool ended;
};

struct demo {
    struct demo_flags flags;

    struct samples *samples;
    struct buf positive, words; // as they may be shown
    struct demo_broker *broker;
    struct config *config;
    struct true_labels *truth;
    struct judge *judge;
    struct feeder *feeder;
    struct screen *screen;
    struct run *run;
    char *name, *state_dir;
    struct oracle_options oracle_options;
    struct oracle_figures oracle_figures;
    struct demo_helper oracle_thread, judge_thread;
    const _Atomic bool *interrupted;
    _Atomic bool stopping;
    struct buf why;

    uint64_t mark;     // samples up to which every answer is learned and live
    int64_t first_ms;  // when the first sample was decided; 0: not yet
    int64_t moved_ms;  // when anything moved last
    int64_t ticked_ms; // when the screen was drawn last
    uint64_t moved;    // a sum of counts: it changes when any of them does
    uint64_t rated;    // samples at the last tick
    struct screen_figures figures;
};

/* ---- reading the metrics ---- */

static uint64_t demo_count(enum metric m) { return (uint64_t)metric_sum(m); }

static void demo_read_estimate(struct screen_figures *f) {
    bool known = f->labelled > 0;
    for (size_t i = 0; i < ESTIMATES; i++)
        f->said[i] = (struct estimate){
            .value = known ? metric_get_by(METRIC_estimate, i) : NAN,
            .low = known ? metric_get_by(METRIC_estimate_low, i) : NAN,
            .high = known ? metric_get_by(METRIC_estimate_high, i) : NAN,
        };
}

static void demo_read_figures(struct demo *d, bool ranking) {
    struct screen_figures *f = &d->figures;
    f->dead_letters = demo_count(METRIC_dead_letters);
    f->samples = demo_count(METRIC_admitted) + f->dead_letters;
    f->asked = demo_count(METRIC_asked);
    f->labelled = demo_count(METRIC_labelled_rows);
    f->models = demo_count(METRIC_published);
    f->version = demo_count(METRIC_model_version);
    f->rows = demo_count(METRIC_model_rows);
    f->seconds = d->first_ms ? (double)(clock_ms() - d->first_ms) / 1000 : 0;
    demo_read_estimate(f);
    judge_read(d->judge, ranking, &f->score);
}

/* ---- pacing ---- */

/* How many samples may be fed but not yet judged. */
static uint64_t demo_window(const struct demo *d, const struct feeder_figures *fed) {
    if (!demo_broker_embedded(d->broker)) return UINT64_MAX / 2;
    uint64_t bytes = PREDICTION_BYTES + PREDICTION_CLASS_BYTES * d->config->model.classes.n;
    if (fed->samples && fed->bytes / fed->samples > bytes) bytes = fed->bytes / fed->samples;
    return FEED_WINDOW_BYTES / bytes + 1;
}

/* Moves the mark and tells the feeder how far it may go; true when everything fed is decided,
 * judged, answered, learned and live. */
static bool demo_pace(struct demo *d) {
    /* Read before asked, so that it never counts a task that asked does not count yet. */
    uint64_t unknown = atomic_load(&d->oracle_figures.unknown);
    uint64_t dead = demo_count(METRIC_dead_letters), decided = demo_count(METRIC_admitted) + dead,
             asked = demo_count(METRIC_asked), settled = run_settled_labels(d->run);
    bool all_settled = settled + unknown >= asked;
    if (all_settled) d->mark = decided;
    struct judge_figures scores;
    judge_read(d->judge, false, &scores);
    struct feeder_figures fed = feeder_read(d->feeder);
    uint64_t judged = scores.seen + dead, done = judged < decided ? judged : decided,
             in_flight = demo_window(d, &fed), ahead = d->mark + (uint64_t)d->flags.delay;
    feeder_allow(d->feeder, ahead < done + in_flight ? ahead : done + in_flight);
    if (!d->first_ms && decided) d->first_ms = clock_ms();
    uint64_t moved =
        fed.samples + decided + judged + settled + (uint64_t)metric_get(METRIC_model_version);
    if (moved != d->moved || !d->moved_ms) {
        d->moved = moved;
        d->moved_ms = clock_ms();
    }
    return fed.ended && done >= fed.samples && all_settled;
}

/* ---- the threads beside the daemon ---- */

static struct text demo_true_label(struct text sample_id, void *opaque) {
    struct demo *d = opaque;
    int class_ = true_labels_get(d->truth, sample_id);
    return class_ < 0 ? (struct text){0} : text_of(d->config->model.classes.at[class_]);
}

static void *demo_oracle_main(void *arg) {
    struct demo *d = arg;
    d->oracle_thread.result =
        oracle_run(&d->oracle_options, &d->oracle_figures, &d->oracle_thread.why);
    atomic_store(&d->oracle_thread.ended, true);
    return NULL;
}

static void *demo_judge_main(void *arg) {
    struct demo *d = arg;
    d->judge_thread.result = judge_run(d->judge, &d->judge_thread.why);
    atomic_store(&d->judge_thread.ended, true);
    return NULL;
}

/* Appends a reason to those so far, and releases it. */
static void demo_add_reason(struct demo *d, struct buf *why) {
    if (d->why.len && why->len) buf_str(&d->why, "; ");
    buf_text(&d->why, buf_view(why));
    buf_release(why);
}

static int demo_start_helper(struct demo *d, struct demo_helper *h, void *(*run)(void *)) {
    h->started = pthread_create(&h->thread, NULL, run, d) == 0;
    if (!h->started) buf_str(&d->why, "the system has no thread that plays the annotators");
    return h->started ? 0 : ERR_FATAL;
}

static int demo_join_helper(struct demo *d, struct demo_helper *h) {
    if (!h->started) return 0;
    pthread_join(h->thread, NULL);
    demo_add_reason(d, &h->why);
    return h->result;
}

/* ---- start ---- */

static int demo_make_state_dir(struct demo *d) {
    const char *tmp = getenv("TMPDIR");
    char *path = xasprintf("%s/winnowd-demo-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(path)) {
        buf_printf(&d->why, "cannot make a directory like %s: %m", path);
        free(path);
        return ERR_IO;
    }
    d->state_dir = path;
    return 0;
}

static int demo_remove_entry(const char *path, const struct stat *info, int kind,
                             struct FTW *place) {
    (void)info, (void)kind, (void)place;
    return remove(path);
}

static int demo_write_config_out(struct demo *d) {
    struct buf yaml = {0};
    TRY(demo_config_write_own(&d->flags.options, d->samples, &yaml, &d->why));
    int result = atomic_file_write(d->flags.config_out, buf_view(&yaml), &d->why);
    buf_release(&yaml);
    return result;
}

/* The daemon's configuration is text that goes through the parser, as any other. It is parsed
 * twice: one copy is ours, *for_run is the daemon's. */
static int demo_configure(struct demo *d, struct config **for_run) {
    struct buf yaml = {0}, errors = {0};
    d->flags.options.brokers = demo_broker_address(d->broker);
    /* The embedded broker discards offsets that are committed in a transaction. */
    d->flags.options.exactly_once = !demo_broker_embedded(d->broker);
    d->flags.options.name = d->name;
    d->flags.options.state_dir = d->state_dir;
    d->flags.options.seed = (uint64_t)d->flags.seed;
    d->flags.options.generator = !d->flags.data.data.file;
    int result = demo_config_write(&d->flags.options, d->samples, &yaml, &d->why);
    if (result == 0) result = config_parse(&d->config, "demo", buf_view(&yaml), &errors);
    if (result == 0) result = config_parse(for_run, "demo", buf_view(&yaml), &errors);
    buf_text(&d->why, buf_view(&errors));
    buf_release(&yaml);
    buf_release(&errors);
    return result;
}

static int demo_start_daemon(struct demo *d, struct config *for_run) {
    int result = demo_broker_create_topics(d->broker, d->config, &d->why);
    if (result < 0) {
        config_destroy(for_run);
        return result;
    }
    result = run_start(&d->run, for_run, &(struct run_options){.service = false});
    if (result < 0) {
        d->run = NULL;
        buf_str(&d->why, "the daemon does not start");
    }
    return result;
}

static int demo_start_helpers(struct demo *d) {
    d->truth = true_labels_create();
    d->judge = judge_create(&(struct judge_options){.config = d->config,
                                                    .truth = d->truth,
                                                    .total = samples_total(d->samples),
                                                    .stop = &d->stopping});
    d->oracle_options = (struct oracle_options){.config = d->config,
                                                .truth = demo_true_label,
                                                .opaque = d,
                                                .delay_ms = ORACLE_MS,
                                                .seed = (uint64_t)d->flags.seed,
                                                .annotator = "winnowd-demo",
                                                .stop = &d->stopping};
    TRY(demo_start_helper(d, &d->judge_thread, demo_judge_main));
    TRY(demo_start_helper(d, &d->oracle_thread, demo_oracle_main));
    struct feeder_options feeder = {
        .config = d->config, .samples = d->samples, .truth = d->truth, .stop = &d->stopping};
    return feeder_start(&d->feeder, &feeder, &d->why);
}

static void demo_open_screen(struct demo *d) {
    const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
    bool live = isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 && !d->flags.verbose;
    d->screen = screen_create(live, live && !(no_colour && *no_colour));
    buf_shown(&d->positive, text_of(d->config->model.positive));
    buf_shown(&d->words, text_of(samples_words(d->samples)));
    d->figures = (struct screen_figures){
        .words = buf_string(&d->words),
        .broker = demo_broker_embedded(d->broker) ? "an embedded broker" : "the broker given",
        .positive = buf_string(&d->positive),
        .budget = d->flags.options.budget,
        .total = samples_total(d->samples)};
}

/* If it is not given, a fortieth of the stream: on a short one the first model must come before its
 * end. */
static int demo_settle_delay(struct demo *d) {
    const uint64_t total = samples_total(d->samples), part = total / DELAY_SHARE;
    const bool given = d->flags.delay != DEMO_DELAY_USUAL;
    if (!given) {
        d->flags.delay = part < DELAY_MOST ? (int64_t)part : DELAY_MOST;
        if (part < DELAY_LEAST) d->flags.delay = DELAY_LEAST;
    }
    if ((uint64_t)d->flags.delay < total) return 0;
    if (given) buf_printf(&d->why, "--delay %lld: ", (long long)d->flags.delay);
    buf_printf(&d->why, "the stream of %llu samples would end before a model",
               (unsigned long long)total);
    return ERR_INPUT;
}

static int demo_start(struct demo *d) {
    struct config *for_run = NULL;
    d->flags.data.seed = (uint64_t)d->flags.seed;
    d->flags.data.samples = (uint64_t)d->flags.samples;
    d->name = xasprintf("demo-%lld-%d", (long long)(clock_wall_ms() / 1000), (int)getpid());
    TRY(samples_open(&d->samples, &d->flags.data, &d->why));
    TRY(demo_settle_delay(d));
    TRY(demo_make_state_dir(d));
    TRY(demo_broker_open(&d->broker, d->flags.broker_address, &d->why));
    TRY(demo_configure(d, &for_run));
    int result = d->flags.config_out ? demo_write_config_out(d) : 0;
    if (result < 0) config_destroy(for_run);
    else result = demo_start_daemon(d, for_run);
    TRY(result);
    TRY(demo_start_helpers(d));
    demo_open_screen(d);
    return 0;
}

/* ---- life ---- */

static int demo_check_threads(struct demo *d) {
    if (atomic_load(&d->oracle_thread.ended))
        return d->oracle_thread.result < 0 ? d->oracle_thread.result : ERR_FATAL;
    if (atomic_load(&d->judge_thread.ended))
        return d->judge_thread.result < 0 ? d->judge_thread.result : ERR_FATAL;
    if (clock_ms() - d->moved_ms < STALLED_MS) return 0;
    buf_printf(&d->why, "nothing has moved for %d s", STALLED_MS / 1000);
    return ERR_RETRY;
}

/* Samples a second: an exponential mean over about a second. */
static void demo_rate(struct demo *d, int64_t passed_ms) {
    struct screen_figures *f = &d->figures;
    double now = 1000 * (double)(f->samples - d->rated) / (double)passed_ms,
           weight = 1 - exp(-(double)passed_ms / 1000);
    f->rate = f->rate > 0 ? f->rate + weight * (now - f->rate) : now;
    d->rated = f->samples;
}

static int demo_tick(struct demo *d) {
    int64_t now = clock_ms(), passed = now - d->ticked_ms;
    if (passed < TICK_MS) return 0;
    int result = run_tick(d->run);
    if (result < 0) buf_str(&d->why, "the daemon has ended");
    TRY(result);
    TRY(demo_check_threads(d));
    demo_read_figures(d, false);
    if (d->ticked_ms) demo_rate(d, passed);
    d->ticked_ms = now;
    screen_show(d->screen, &d->figures);
    return ferror(stdout) ? ERR_STOPPED : 0; // the reader of our output is gone
}

static int demo_live(struct demo *d) {
    int result = 0;
    while (result == 0 && !demo_pace(d) && !atomic_load(d->interrupted)) {
        clock_sleep_ms(LOOP_MS);
        result = demo_tick(d);
    }
    if (result == 0) demo_read_figures(d, true);
    d->figures.stopped = atomic_load(d->interrupted);
    return result;
}

/* The first error is the one that is told. */
static int demo_first_error(int result, int other) { return result ? result : other; }

static int demo_stop(struct demo *d, int result) {
    struct buf feeder = {0}, topics = {0};
    atomic_store(&d->stopping, true);
    if (d->feeder) result = demo_first_error(result, feeder_join(d->feeder, &feeder));
    demo_add_reason(d, &feeder);
    result = demo_first_error(result, demo_join_helper(d, &d->judge_thread));
    result = demo_first_error(result, demo_join_helper(d, &d->oracle_thread));
    if (d->run) result = demo_first_error(result, run_stop(d->run));
    if (d->broker && d->config)
        result = demo_first_error(result, demo_broker_delete_topics(d->broker, d->config, &topics));
    demo_add_reason(d, &topics);
    demo_broker_close(d->broker);
    if (d->state_dir && nftw(d->state_dir, demo_remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0) {
        buf_printf(&d->why, "%s%s stays: %m", d->why.len ? "; " : "", d->state_dir);
        result = demo_first_error(result, ERR_IO);
    }
    return result;
}

static void demo_release(struct demo *d) {
    screen_destroy(d->screen);
    judge_destroy(d->judge);
    true_labels_destroy(d->truth);
    config_destroy(d->config);
    samples_close(d->samples);
    free(d->name);
    free(d->state_dir);
    buf_release(&d->positive);
    buf_release(&d->words);
    buf_release(&d->why);
}

static void demo_print_end(struct demo *d) {
    screen_summary(d->screen, &d->figures);
    if (d->flags.config_out) printf("\nThe configuration is in %s.\n", d->flags.config_out);
    if (!d->flags.json) return;
    struct buf json = {0};
    screen_json(&d->figures, &json);
    fwrite(json.at, 1, json.len, stdout);
    buf_release(&json);
}

static int demo_play(struct demo *d) {
    signal(SIGPIPE, SIG_IGN); // a closed pipe must not leave topics and files behind
    d->interrupted = console_stop();
    demo_log_open(d->flags.verbose);
    int result = demo_start(d);
    bool no_input = result == ERR_IO && !d->samples;
    if (result == 0) result = demo_live(d);
    result = demo_stop(d, result);
    bool interrupted = atomic_load(d->interrupted);
    samples_tell(d->samples);
    if (result < 0 && result != ERR_STOPPED && result != ERR_INPUT) demo_log_show();
    demo_log_close();
    if (result == 0) demo_print_end(d);
    else if (result != ERR_STOPPED)
        return console_fail(no_input ? EX_NOINPUT : console_exit(result), "%s",
                            d->why.len ? buf_string(&d->why) : error_text(result));
    if (interrupted) return INTERRUPTED;
    return result ? EX_IOERR : EX_OK;
}

int demo_run(const struct demo_flags *flags) {
    struct demo d = {.flags = *flags};
    int code = demo_play(&d);
    demo_release(&d);
    return code;
}
