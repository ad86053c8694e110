/* I7: the accuracy that we report is that of all samples, and its 95 % interval keeps its word, also where a few heavy draws carry it. */
#include "base/error.h"
#include "base/rng.h"
#include "watch/prequential.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { RUNS = 1200, CLASSES = 3 };

/* ---- coverage, by simulation ---- */

/* A stream: the strategy arm asks the `hard` samples, where errors gather; the random arm asks each other one by 1/m. */
struct stream {
    double accuracy; // over all samples
    int draws;       // expected of the random arm
    int m;
    double hard;     // share of the samples that the strategy arm asks
    double gathered; // share of all errors that fall on them
};

struct outcome {
    double covered, accuracy, naive, truth;
};

static struct rng rng;

static double uniform(void) { return rng_double(&rng); }

/* Bernoulli trials by jumps from success to success: a population of 100 000 costs as much as its draws. */
static size_t binomial(size_t n, double p) {
    if (p <= 0) return 0;
    if (p >= 1) return n;
    size_t hits = 0;
    for (double at = 0; (at += 1 + floor(log1p(-uniform()) / log1p(-p))) <= (double)n; hits++) {}
    return hits;
}

static void add(struct prequential *p, size_t n, bool right, double propensity) {
    for (size_t i = 0; i < n; i++) prequential_add(p, 1, right ? 1 : 2, propensity);
}

static struct prequential_figures run(const struct stream *s, double *truth) {
    size_t rest = (size_t)s->draws * (size_t)s->m, all = (size_t)((double)rest / (1 - s->hard)), hard = all - rest;
    double wrong = (1 - s->accuracy) * (double)all;
    double hard_rate = hard ? fmin(1, wrong * s->gathered / (double)hard) : 0, rest_rate = (wrong - hard_rate * (double)hard) / (double)rest;
    size_t hard_wrong = binomial(hard, hard_rate), rest_wrong = binomial(rest, rest_rate);
    struct prequential *p = prequential_create(CLASSES, 0);
    add(p, hard - hard_wrong, true, 1);
    add(p, hard_wrong, false, 1);
    add(p, binomial(rest - rest_wrong, 1.0 / s->m), true, 1.0 / s->m);
    add(p, binomial(rest_wrong, 1.0 / s->m), false, 1.0 / s->m);
    struct prequential_figures f;
    prequential_read(p, &f);
    prequential_destroy(p);
    *truth = 1 - (double)(hard_wrong + rest_wrong) / (double)all;
    return f;
}

static struct outcome simulate(const struct stream *s) {
    struct outcome o = {0};
    int n = 0;
    rng_seed(&rng, 7, (uint64_t)s->draws);
    for (int i = 0; i < RUNS; i++) {
        double truth;
        struct prequential_figures f = run(s, &truth);
        if (!f.n) continue;
        assert_true(f.low <= f.accuracy && f.accuracy <= f.high);
        assert_true(f.low >= 0 && f.high <= 1);
        o.covered += f.low <= truth && truth <= f.high;
        o.accuracy += f.accuracy, o.naive += f.naive, o.truth += truth;
        n++;
    }
    o.covered /= n, o.accuracy /= n, o.naive /= n, o.truth /= n;
    return o;
}

static void the_interval_covers(void **state) {
    static const double accuracy[] = {0.6, 0.8, 0.9, 0.97, 0.999}, hard[] = {0, 0.002, 0.01, 0.05}, gathered[] = {0.3, 0.9};
    static const int draws[] = {5, 10, 30, 80, 200}, m[] = {100, 500};
    (void)state;
    double least = 1;
    for (size_t i = 0; i < 5 * 4 * 2 * 5 * 2; i++) {
        struct stream s = {accuracy[i % 5], draws[i / 5 % 5], m[i / 25 % 2], hard[i / 50 % 4], gathered[i / 200]};
        struct outcome o = simulate(&s);
        if (o.covered < 0.91) print_error("accuracy %g, %d draws of 1/%d, hard %g with %g of the errors: covered %.3f\n", s.accuracy, s.draws, s.m, s.hard, s.gathered, o.covered);
        if (o.covered < least) least = o.covered;
    }
    print_message("least coverage %.3f\n", least);
    assert_true(least >= 0.91);
}
