/* Runs of a model that is surer than it should be, against the test of certificates, with what is
 * true known: one line of numbers a run, for tests/bench/auto.py.
 *
 * A sample is a log-odds z of its class, normal with a deviation of `spread`; the model decides by
 * its sign, is right with the probability σ(|z|), and says σ(2|z|). The random arm answers with
 * equal propensities, or with such as fall to half where the model says that it is sure. */
#include "estimate/certificate.h"
#include "base/error.h"
#include "base/rng.h"
#include "estimate/unasked.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    TRUTHS = 400000, // samples that say what is true
    LOOK = 1000,     // coverage is told after so many answers, and at the end
    DRIFTED = 2000   // answers behind the drift, at most
};

static const double sure = 2;       // times the log-odds that the model says
static const double uniform = 0.01; // propensity of the random arm
static const double doubt = 0.2;    // about the mean of √(p(1 − p))

struct world {
    double error, confidence, spread, drift;
    size_t runs, answers;
    bool unequal;
};

struct truth {
    uint32_t term;
    float wrong; // probability
};

static struct rng rng;
static struct truth truth[TRUTHS];

static struct truth world_sample(const struct world *w) {
    double z = fabs(w->spread * rng_next_normal(&rng));
    return (struct truth){unasked_term((float)(1 / (1 + exp(-sure * z)))),
                          (float)(1 / (1 + exp(z)))};
}

/* The share of the samples at or above a threshold, and of them the share of wrong ones. */
static double world_covered(uint32_t threshold, double *wrong) {
    double n = 0, sum = 0;
    for (size_t i = 0; i < TRUTHS; i++) {
        if (truth[i].term < threshold) continue;
        n++;
        sum += (double)truth[i].wrong;
    }
    *wrong = n > 0 ? sum / n : 0;
    return n / TRUTHS;
}

static double world_propensity(const struct world *w, uint32_t term) {
    double p = (double)term / UNASKED_ONE;
    return w->unequal ? uniform * fmin(2, 0.5 + 0.5 * sqrt(p * (1 - p)) / doubt) : uniform;
}

/* A sample that the random arm drew: rejection by its propensity. */
static struct truth world_draw(const struct world *w) {
    for (;;) {
        struct truth t = world_sample(w);
        if (rng_next_unit(&rng) * 2 * uniform < world_propensity(w, t.term)) return t;
    }
}

static void world_answer(const struct world *w, struct certifier *c, double wrong_more,
                         int64_t now) {
    struct truth t = world_draw(w);
    double wrong = fmax((double)t.wrong, wrong_more);
    certifier_tell(c, &(struct certificate_answer){.term = t.term,
                                                   .propensity = world_propensity(w, t.term),
                                                   .wrong = rng_next_unit(&rng) < wrong,
                                                   .asked_ms = now});
}

static double world_now_covered(struct certifier *c, double *wrong) {
    const struct certificate *s = certifier_look(c, 0);
    *wrong = 0;
    return s->granted ? world_covered(s->threshold, wrong) : 0;
}

static void world_run(const struct world *w) {
    struct certifier *c = certifier_create(1, w->error, w->confidence);
    double wrong, worst = 0;
    size_t granted = 0, revoked = 0, i = 0, drift = 0;
    for (; i < w->answers; i++) {
        world_answer(w, c, 0, (int64_t)i);
        bool was = certifier_look(c, 0)->granted;
        if (certifier_decide(c, 0, (int64_t)i + 1, 1, 0)) {
            bool is = certifier_look(c, 0)->granted;
            if (was && !is) revoked++;
            if (is && !granted) granted = i + 1;
            world_now_covered(c, &wrong);
            worst = fmax(worst, wrong);
        }
        if ((i + 1) % LOOK == 0) printf("%.4f ", world_now_covered(c, &wrong));
    }
    bool held = certifier_look(c, 0)->granted;
    for (; held && drift < DRIFTED && certifier_look(c, 0)->granted; drift++, i++) {
        world_answer(w, c, w->drift, (int64_t)i);
        certifier_decide(c, 0, (int64_t)i + 1, 1, 0);
    }
    printf("%.5f %zu %zu %d %zu\n", worst, granted, revoked, held, drift);
    certifier_destroy(c);
}

/* The largest share that any threshold could have with that error. */
static double world_oracle(const struct world *w) {
    double most = 0, wrong;
    for (uint32_t t = UNASKED_ONE / 2; t < UNASKED_ONE; t += 256) {
        double covered = world_covered(t, &wrong);
        if (wrong <= w->error) most = fmax(most, covered);
    }
    return most;
}

int main(int argc, char **argv) {
    struct world w = {0};
    unsigned unequal = 0;
    CHECK(argc == 8);
    w.runs = strtoul(argv[1], NULL, 10);
    w.answers = strtoul(argv[2], NULL, 10);
    w.error = strtod(argv[3], NULL);
    w.confidence = strtod(argv[4], NULL);
    w.spread = strtod(argv[5], NULL);
    w.drift = strtod(argv[6], NULL);
    unequal = (unsigned)strtoul(argv[7], NULL, 10);
    w.unequal = unequal != 0;
    for (size_t i = 0; i < TRUTHS; i++) truth[i] = world_sample(&w);
    printf("%.4f %.0f\n", world_oracle(&w), certificate_least(w.error, w.confidence));
    for (size_t r = 0; r < w.runs; r++) world_run(&w);
    return 0;
}
