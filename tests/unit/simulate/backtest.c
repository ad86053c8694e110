/* The backtest's engine on generated streams: labels are late by what is said, nothing is learned
 * before it is predicted, how samples are cut into batches changes nothing, and the interval of the
 * estimate holds the truth as often as it says (promise I7). */
#include "simulate/backtest.h"

#include "base/log.h"
#include "base/rng.h"
#include "unit/test.h"

#include <math.h>
#include <stdio.h>

static const char yaml[] =
    "model: {classes: [\"0\", \"1\"]}\nfeatures: [{name: x}, {name: y}]\nbudget: {rate: 0.05}\n";

enum { N = 2000 };

static struct config *config;
static struct encoded_file encoded;

static int setup(void **state) {
    (void)state;
    log_init(LOG_LOGFMT, LOG_WARNING);
    struct buf why = {0};
    if (config_parse(&config, "test", TEXT(yaml), &why) < 0) fail_msg("%s", buf_string(&why));
    encoded = (struct encoded_file){.n = N,
                                    .d = 2,
                                    .k = 2,
                                    .positive = 1,
                                    .raw = xcalloc(N * 2, sizeof(double)),
                                    .truth = xcalloc(N, sizeof(int))};
    assert_int_equal(features_create(&encoded.features, config->features, config->features_n), 0);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    encoded_file_release(&encoded);
    config_destroy(config);
    return 0;
}

/* Streams: a line with noise; a line that turns half way; one sample in twenty, far out. */
enum stream { LINE, TURN, RARE, STREAMS };

static void generate(enum stream kind, uint64_t seed) {
    struct rng r = {.seed = rng_keyed(RNG_TEST, seed, kind, 0, 0)};
    for (size_t i = 0; i < N; i++) {
        double x = rng_next_normal(&r), y = rng_next_normal(&r), noise = rng_next_normal(&r);
        int truth = kind == LINE   ? x + y + noise > 0
                    : kind == TURN ? (i < N / 2 ? x : -x) + y + 0.3 * noise > 0
                                   : rng_next_unit(&r) < 0.05;
        if (kind == RARE && truth) x += 1.5;
        encoded.raw[2 * i] = x;
        encoded.raw[2 * i + 1] = y;
        encoded.truth[i] = truth;
    }
}

static struct backtest_result run(struct backtest_options o) {
    struct backtest_result r;
    o.file = &encoded;
    o.points = 10;
    if (!o.config) o.config = config;
    assert_int_equal(backtest_run(&r, &o), 0);
    return r;
}

/* More questions are open than a fit looks back: those before are not marked, nor written to. */
static void more_are_open_than_a_fit_looks_at(void **state) {
    (void)state;
    struct buf why = {0};
    struct config *c;
    static const char short_memory[] =
        "model: {classes: [\"0\", \"1\"]}\nfeatures: [{name: x}, {name: y}]\nbudget: {rate: "
        "0.5}\ntrain: {memories: [20], hinges: [20]}\n";
    if (config_parse(&c, "test", TEXT(short_memory), &why) < 0) fail_msg("%s", buf_string(&why));
    generate(LINE, 3);
    struct backtest_result r = run((struct backtest_options){.config = c, .delay = 1000});
    assert_true(r.models > 5 && r.asked > 900);
    backtest_result_release(&r);
    config_destroy(c);
}

/* Saying the last label, with labels that come back after a delay, is a sum that anyone can do. */
static void a_label_is_late_by_the_delay(void **state) {
    (void)state;
    generate(LINE, 1);
    for (size_t delay = 0; delay < 50; delay += 7) {
        size_t right = 0;
        for (size_t i = 0; i < N; i++)
            right += encoded.truth[i] == (i > delay ? encoded.truth[i - 1 - delay] : 0);
        struct backtest_result r =
            run((struct backtest_options){.baseline = BASELINE_LAST, .delay = delay});
        assert_true(fabs(r.score.accuracy - (double)right / N) < 1e-12);
        assert_int_equal(r.asked, N);
        assert_int_equal(r.labelled, N - delay - 1);
        backtest_result_release(&r);
    }
}

static void no_label_no_model(void **state) {
    (void)state;
    generate(LINE, 1);
    struct backtest_result r = run((struct backtest_options){.delay = N});
    assert_true(r.asked > 80);
    assert_int_equal(r.labelled, 0);
    assert_int_equal(r.models, 0);
    assert_true(isnan(r.estimate.of[ESTIMATE_ACCURACY].value));
    backtest_result_release(&r);
}

/* A stream whose truth is a coin teaches nothing: who peeks at labels is found out. */
static void nobody_peeks(void **state) {
    (void)state;
    generate(LINE, 1);
    struct rng r = {.seed = 9};
    for (size_t i = 0; i < N; i++) encoded.truth[i] = rng_next_unit(&r) < 0.5;
    struct backtest_result all = run((struct backtest_options){.baseline = BASELINE_ALL});
    assert_true(fabs(all.score.accuracy - 0.5) < 0.04);
    assert_int_equal(all.labelled, N - 1);
    backtest_result_release(&all);
}

/* The delay bounds how many samples are decided in one go; with labels that never come, any cut is
 * allowed. */
static void the_cut_changes_nothing(void **state) {
    (void)state;
    generate(LINE, 2);
    struct config small = *config;
    for (size_t delay = 0; delay < 600; delay += 299) {
        struct backtest_result whole = run((struct backtest_options){.delay = delay, .seed = 4});
        small.admit.batch = 3;
        struct backtest_result cut =
            run((struct backtest_options){.config = &small, .delay = delay, .seed = 4});
        assert_string_equal(whole.decisions_sha256, cut.decisions_sha256);
        assert_memory_equal(&whole.score, &cut.score, sizeof whole.score);
        backtest_result_release(&whole);
        backtest_result_release(&cut);
    }
}

static void noise_is_of_the_labels(void **state) {
    (void)state;
    generate(LINE, 3);
    size_t truth = 0;
    for (size_t i = 0; i + 1 < N; i++) truth += (size_t)encoded.truth[i];
    struct backtest_result flipped =
                               run((struct backtest_options){.baseline = BASELINE_ALL, .noise = 1}),
                           straight = run((struct backtest_options){.baseline = BASELINE_ALL});
    assert_int_equal(straight.per_class[1], truth);
    assert_int_equal(flipped.per_class[0], truth);
    assert_true(flipped.score.accuracy < 0.4 && straight.score.accuracy > 0.7);
    backtest_result_release(&flipped);
    backtest_result_release(&straight);
    struct backtest_result some =
        run((struct backtest_options){.baseline = BASELINE_ALL, .noise = 0.2});
    assert_true(fabs((double)some.per_class[1] - (double)truth) < 0.2 * N);
    assert_true(some.score.accuracy < 1 && some.score.accuracy > 0.6);
    backtest_result_release(&some);
}

/* Half of a line is asked, so much of that by the random arm, nearly all of which two people read.
 */
static struct config read_twice(double random_share) {
    generate(LINE, 3);
    struct config c = *config;
    c.budget.rate = 0.5;
    c.budget.random_share = random_share;
    c.people.double_ = 0.9;
    return c;
}

/* Two questions are two labels of the budget; their agreement frees the figure of the noise, and
 * what is asked of the strategy arm is the stream's and not the readers'. */
static void two_readers_tell_the_noise(void **state) {
    (void)state;
    struct config c = read_twice(0.5);
    struct backtest_result r =
        run((struct backtest_options){.config = &c, .noise = 0.2, .seed = 2});
    const struct estimate *seen = &r.estimate.of[ESTIMATE_ACCURACY],
                          *freed = &r.corrected[ESTIMATE_ACCURACY];
    double truth = r.truth[ESTIMATE_ACCURACY];
    assert_true(r.worst_window_overspend == 0 && r.readers.pairs > 100);
    assert_true(r.readers.low < 0.8 && 0.8 < r.readers.high);
    assert_true(seen->high < truth && freed->low < truth && truth < freed->high);
    c.people.double_ = 0;
    struct backtest_result one = run((struct backtest_options){.config = &c, .noise = 0.2});
    assert_int_equal(one.readers.pairs, 0);
    assert_true(isnan(one.corrected[ESTIMATE_ACCURACY].value));
    backtest_result_release(&r);
    backtest_result_release(&one);
}

/* Where two disagree a third answers, as a daemon would ask him: of readers who are mostly right he
 * decides, and nobody is asked where nothing is disputed or two opinions are enough. */
static void a_third_reader_is_played(void **state) {
    (void)state;
    struct config c = read_twice(0.3);
    for (int64_t opinions = 2; opinions <= OPINIONS_MAX; opinions++) {
        c.people.opinions = opinions;
        struct backtest_result r =
            run((struct backtest_options){.config = &c, .noise = 0.03, .seed = 2});
        const uint64_t told = r.disputes.third + r.disputes.undecided;
        assert_true(r.disputed > 0 && r.disputed == r.readers.pairs - r.readers.agreed);
        assert_true(told <= r.disputed);
        if (opinions == 2) assert_true(!r.thirds && !r.disputes.third && r.disputes.undecided);
        else assert_true(r.thirds == r.disputed && r.disputes.third > 0);
        backtest_result_release(&r);
    }
    struct backtest_result sure = run((struct backtest_options){.config = &c, .seed = 2});
    assert_true(sure.readers.pairs > 50 && !sure.disputed && !sure.thirds && !sure.golds);
    backtest_result_release(&sure);
    c.people.gold = 0.5; // of those who agree, once they are known well enough
    sure = run((struct backtest_options){.config = &c, .seed = 2});
    assert_true(sure.golds > 0.3 * (double)sure.readers.pairs &&
                sure.golds < 0.6 * (double)sure.readers.pairs && !sure.thirds);
    backtest_result_release(&sure);
}

/* Of readers who err in a fifth of their answers none is known well enough to decide by two against
 * one; whoever agrees is checked, once what two say is sure; and all of it is paid. */
static void doubtful_readers_are_checked_and_decide_nothing(void **state) {
    (void)state;
    struct config c = read_twice(0.3);
    c.people.opinions = OPINIONS_MAX;
    c.people.gold = 1;
    struct backtest_result r =
        run((struct backtest_options){.config = &c, .noise = 0.2, .seed = 4});
    const struct estimate *seen = &r.estimate.of[ESTIMATE_ACCURACY],
                          *freed = &r.corrected[ESTIMATE_ACCURACY];
    const double truth = r.truth[ESTIMATE_ACCURACY], agreed = (double)r.readers.agreed;
    assert_true(r.thirds > 50 && r.thirds == r.disputed && r.disputes.undecided == r.disputed);
    assert_true(!r.disputes.third && r.worst_window_overspend == 0);
    assert_true((double)r.golds > 0.25 * agreed && (double)r.golds < 0.9 * agreed);
    assert_true(r.readers.low < 0.8 && 0.8 < r.readers.high);
    assert_true(seen->high < truth && freed->low < truth && truth < freed->high);
    backtest_result_release(&r);
}

/* Requests that nobody answers go out and are known of, and teach nothing. */
static void what_is_not_answered_teaches_nothing(void **state) {
    (void)state;
    generate(LINE, 3);
    struct backtest_result all = run((struct backtest_options){.seed = 3}),
                           half = run((struct backtest_options){.seed = 3, .unanswered = 0.5}),
                           none = run((struct backtest_options){.seed = 3, .unanswered = 1});
    assert_true(half.estimate.drawn > all.estimate.drawn * 0.3 &&
                half.estimate.drawn < all.estimate.drawn * 0.7);
    assert_true(half.labelled < all.labelled && half.now.drawn <= half.estimate.drawn);
    assert_int_equal(none.estimate.drawn, 0);
    assert_true(none.asked_random > 0 && none.labelled < none.asked);
    backtest_result_release(&all);
    backtest_result_release(&half);
    backtest_result_release(&none);
}

/* I4 as the backtest tells it: any stretch within B·n + burst + 1, and the whole within B·n + 1
 * (whole labels). */
static void the_budget_is_kept(void **state) {
    (void)state;
    generate(TURN, 4);
    for (int manager = 0; manager < MANAGERS; manager++)
        for (size_t delay = 0; delay <= 100; delay += 100) {
            struct config c = *config;
            c.query.manager = manager;
            c.budget.upfront = 20;
            c.budget.rate = 0.04;
            struct backtest_result r =
                run((struct backtest_options){.config = &c, .delay = delay, .seed = 2});
            assert_true(r.asked <= 100);
            assert_true(r.worst_window_overspend == 0);
            assert_true(r.overspend < 1e-9);
            backtest_result_release(&r);
        }
}

/* 200 replays on each of three streams: covered in at least 91 %, and the naive figure's error for
 * comparison. */
static void the_interval_covers_the_truth(void **state) {
    (void)state;
    static const char *const name[STREAMS] = {"line", "turn", "rare"};
    enum { REPLAYS = 200 };
    for (int kind = 0; kind < STREAMS; kind++) {
        size_t covered = 0;
        double bias = 0, error = 0, naive = 0;
        for (uint64_t seed = 0; seed < REPLAYS; seed++) {
            generate((enum stream)kind, seed);
            struct backtest_result r = run((struct backtest_options){.seed = seed});
            double truth = r.score.accuracy;
            covered += r.estimate.of[ESTIMATE_ACCURACY].low <= truth &&
                       truth <= r.estimate.of[ESTIMATE_ACCURACY].high;
            bias += (r.estimate.of[ESTIMATE_ACCURACY].value - truth) / REPLAYS;
            error += pow(r.estimate.of[ESTIMATE_ACCURACY].value - truth, 2) / REPLAYS;
            naive += pow(r.plain[ESTIMATE_ACCURACY].naive - truth, 2) / REPLAYS;
            backtest_result_release(&r);
        }
        print_message("%s: covered %zu of %d; bias %+.4f, error %.4f, naive error %.4f\n",
                      name[kind], covered, REPLAYS, bias, sqrt(error), sqrt(naive));
        assert_true((double)covered >= 0.91 * REPLAYS);
        assert_true(fabs(bias) < 0.02);
        if (kind == LINE)
            assert_true(
                sqrt(naive) >
                1.5 *
                    sqrt(error)); // where doubt and error go together, the asked are the hard ones
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_label_is_late_by_the_delay),
        cmocka_unit_test(no_label_no_model),
        cmocka_unit_test(nobody_peeks),
        cmocka_unit_test(the_cut_changes_nothing),
        cmocka_unit_test(noise_is_of_the_labels),
        cmocka_unit_test(more_are_open_than_a_fit_looks_at),
        cmocka_unit_test(two_readers_tell_the_noise),
        cmocka_unit_test(a_third_reader_is_played),
        cmocka_unit_test(doubtful_readers_are_checked_and_decide_nothing),
        cmocka_unit_test(what_is_not_answered_teaches_nothing),
        cmocka_unit_test(the_budget_is_kept),
        cmocka_unit_test(the_interval_covers_the_truth),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
