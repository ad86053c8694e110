/* The regression estimator of survey sampling over the two arms (Cassel, Särndal and Wretman 1976;
 * as prediction-powered inference: Angelopoulos and others 2023, arXiv 2301.09633).
 *
 * The strategy arm's answers S are known. The rest R is seen through the random arm's draws D, and
 * through what the model said of each sample of R, f: a probability, which is right on average
 * where the model is. A total of R is
 *
 *     N_R · ( λ · mean of f over R  +  weighted mean of z − λ f over D )
 *
 * z being what is measured. Any λ is unbiased; the best is Cov(z, f) / Var(f), within 0 and 1.2. It
 * is fitted on the other half of the draws (cross-fitting), so it does not fit their noise. So the
 * figure is no worse than the plain ratio where the model is bad, and tighter where it is good.
 *
 * A share of all samples (accuracy, prevalence) divides by their number, which is known; its error
 * is that of the draws about their mean. A ratio of two totals (precision, recall) lets both be
 * uncertain, for a draw that is in one is not in the other: interval.c. Precision takes λ = 0: what
 * the model says of its own alarms is what is in doubt.
 *
 * All is kept as sums of z^i f^j with the weights' powers, so that the memory does not grow.
 *
 * Thread: one owner */
#include "estimate/estimator.h"

#include "base/error.h"
#include "interval.h"
#include "ranking.h"

#include <math.h>
#include <string.h>

enum {
    HALVES = 2,
    DRAWS_LEAST = 10, // of the random arm: below them nothing is claimed
    CENSUS = 100      // with so many answers and no draw among them, all is asked
};

static const double lambda_most = 1.2;
static const double varies = 1e-9; // of the squares of f: a variance below it is of roundings

static const char *const words[ESTIMATES] = {WORDS_TEXT(ESTIMATE_TABLE)};
#define IS_SHARE(constant, word, share) [constant] = share,
static const bool is_share[ESTIMATES] = {ESTIMATE_TABLE(IS_SHARE, IS_SHARE)};

const char *estimate_word(enum estimate_name e) { return words[e]; }

/* What the model says of each outcome, as a sum of the terms of UNASKED_: f. */
static const int8_t said[OUTCOMES][UNASKED_SUMS] = {
    [OUTCOME_RIGHT] = {[UNASKED_RIGHT] = 1},
    [OUTCOME_POSITIVE] = {[UNASKED_POSITIVE] = 1},
    [OUTCOME_CAUGHT] = {[UNASKED_CAUGHT] = 1},
    [OUTCOME_MISSED] = {[UNASKED_POSITIVE] = 1, [UNASKED_CAUGHT] = -1},
    [OUTCOME_CAPACITY_CAUGHT] = {[UNASKED_CAPACITY] = 1},
    [OUTCOME_CAPACITY_MISSED] = {[UNASKED_POSITIVE] = 1, [UNASKED_CAPACITY] = -1},
};

/* ---- sums ---- */

/* Exponents of z and f in a moment, and of the weight: w, w(w−1), w³. */
#define MOMENTS_TABLE(M)                                                                           \
    M(ONE, 0, 0)                                                                                   \
    M(Z, 1, 0)                                                                                     \
    M(F, 0, 1)                                                                                     \
    M(ZZ, 2, 0) M(ZF, 1, 1) M(FF, 0, 2) M(ZZZ, 3, 0) M(ZZF, 2, 1) M(ZFF, 1, 2) M(FFF, 0, 3)
enum {
#define M(name, i, j) MOMENT_##name,
    MOMENTS_TABLE(M)
#undef M
        MOMENTS
};
enum { WEIGHT, WEIGHT_VARIANCE, WEIGHT_CUBE, WEIGHTS };

struct moments {
    double of[WEIGHTS][MOMENTS];
};

struct half {
    double n;
    struct moments outcome[OUTCOMES];
};

/* One draw, and what the strategy arm answered and the tasks carried since the one before. */
struct stretch {
    double weight;
    bool half;
    double z[OUTCOMES], f[OUTCOMES];
    double known_n, known[OUTCOMES], rest_n, rest[UNASKED_SUMS];
};

struct sums {
    double known_n, known[OUTCOMES]; // answers of the strategy arm
    double asked_n;                  // its requests
    double rest_n, rest[UNASKED_SUMS];
    struct half half[HALVES];
};

struct estimator {
    struct sums all, now;
    double heard_n;       // of all.rest_n, what answered tasks carried
    struct stretch *ring; // (window)
    size_t window, held, at;
    struct stretch next; // under way
    struct ranking ranking;
};

struct estimator *estimator_create(size_t window) {
    struct estimator *e = xcalloc(1, sizeof *e);
    e->window = window;
    return e;
}

void estimator_destroy(struct estimator *e) {
    if (!e) return;
    free(e->ring);
    free(e);
}

static void estimator_terms(const struct asked *a, double out[UNASKED_SUMS]) {
    for (size_t i = 0; i < UNASKED_SUMS; i++) out[i] = (double)a->term[i] / UNASKED_ONE;
}

static double estimator_said(const double term[UNASKED_SUMS], size_t outcome) {
    double f = 0;
    for (size_t i = 0; i < UNASKED_SUMS; i++) f += said[outcome][i] * term[i];
    return f;
}

static void moments_add(struct moments *m, double w, double z, double f, double sign) {
    const double weight[WEIGHTS] = {w, w * (w - 1), w * w * w},
                 power[MOMENTS] = {1,     z,         f,         z * z,     z * f,
                                   f * f, z * z * z, z * z * f, z * f * f, f * f * f};
    for (size_t a = 0; a < WEIGHTS; a++)
        for (size_t b = 0; b < MOMENTS; b++) m->of[a][b] += sign * weight[a] * power[b];
}

static void sums_add_draw(struct sums *s, const struct stretch *d, double sign) {
    struct half *h = &s->half[d->half];
    h->n += sign;
    for (size_t o = 0; o < OUTCOMES; o++)
        moments_add(&h->outcome[o], d->weight, d->z[o], d->f[o], sign);
}

static void sums_add_stretch(struct sums *s, const struct stretch *d, double sign) {
    sums_add_draw(s, d, sign);
    s->known_n += sign * d->known_n;
    s->rest_n += sign * d->rest_n;
    for (size_t o = 0; o < OUTCOMES; o++) s->known[o] += sign * d->known[o];
    for (size_t i = 0; i < UNASKED_SUMS; i++) s->rest[i] += sign * d->rest[i];
}

/* The rest that a task speaks for. One that was counted among it and is known now is taken out. */
static void estimator_add_rest(const struct asked *a, double *n, double sum[UNASKED_SUMS]) {
    double term[UNASKED_SUMS];
    estimator_terms(a, term);
    *n += a->unasked.n - (double)a->in_unasked;
    for (size_t i = 0; i < UNASKED_SUMS; i++)
        sum[i] += (double)a->unasked.sum[i] / UNASKED_ONE - a->in_unasked * term[i];
}

void estimator_ask(struct estimator *e, const struct asked *a) {
    e->all.asked_n += a->propensity >= 1;
    estimator_add_rest(a, &e->all.rest_n, e->all.rest);
}

/* Puts the stretch into the ring, which grows up to the window. When it wraps, the sums are made
 * anew, so that roundings do not add up. */
static void estimator_slide(struct estimator *e) {
    if (!e->window) return;
    if (e->held < e->window) {
        if ((e->held & (e->held - 1)) == 0) { // full at each power of two
            size_t cap = e->held ? 2 * e->held : 1;
            e->ring = xrealloc(e->ring, (cap < e->window ? cap : e->window) * sizeof *e->ring);
        }
        e->ring[e->held++] = e->next;
        sums_add_stretch(&e->now, &e->next, 1);
    } else {
        sums_add_stretch(&e->now, &e->ring[e->at], -1);
        sums_add_stretch(&e->now, &e->next, 1);
        e->ring[e->at] = e->next;
        e->at = (e->at + 1) % e->window;
        if (e->at == 0) {
            e->now = (struct sums){0};
            for (size_t i = 0; i < e->held; i++) sums_add_stretch(&e->now, &e->ring[i], 1);
        }
    }
    e->next = (struct stretch){0};
}

void estimator_answer(struct estimator *e, const struct asked *a, const struct outcome *o) {
    double term[UNASKED_SUMS];
    CHECK(a->propensity > 0 && a->propensity <= 1);
    ranking_add(&e->ranking, a->key >> 1, 1 / a->propensity, o->score,
                o->value[OUTCOME_POSITIVE] > 0);
    estimator_add_rest(a, &e->next.rest_n, e->next.rest);
    e->heard_n += a->unasked.n - (double)a->in_unasked;
    if (a->propensity >= 1) {
        e->all.known_n++;
        e->next.known_n++;
        for (size_t i = 0; i < OUTCOMES; i++) {
            e->all.known[i] += o->value[i];
            e->next.known[i] += o->value[i];
        }
        return;
    }
    estimator_terms(a, term);
    e->next.weight = 1 / a->propensity;
    e->next.half = a->key & 1;
    memcpy(e->next.z, o->value, sizeof e->next.z);
    for (size_t i = 0; i < OUTCOMES; i++) e->next.f[i] = estimator_said(term, i);
    sums_add_draw(&e->all, &e->next, 1);
    estimator_slide(e);
}

/* ---- outcomes ---- */

void outcome_of(struct outcome *out, bool right, bool positive, bool predicted_positive,
                bool in_capacity, double cost, double loss, float score) {
    *out = (struct outcome){.value = {[OUTCOME_RIGHT] = right,
                                      [OUTCOME_POSITIVE] = positive,
                                      [OUTCOME_CAUGHT] = positive && predicted_positive,
                                      [OUTCOME_MISSED] = positive && !predicted_positive,
                                      [OUTCOME_FALSE_ALARM] = !positive && predicted_positive,
                                      [OUTCOME_CAPACITY_CAUGHT] = positive && in_capacity,
                                      [OUTCOME_CAPACITY_MISSED] = positive && !in_capacity,
                                      [OUTCOME_CAPACITY_FALSE] = !positive && in_capacity,
                                      [OUTCOME_COST] = cost,
                                      [OUTCOME_LOSS] = loss},
                            .score = score};
}

/* A figure: the mean of one outcome (other -1), or its share in the sum of two; whether what the
 * model says is used. */
static const struct recipe {
    int of, other;
    bool regression;
} recipe[ESTIMATES] = {
    [ESTIMATE_ACCURACY] = {OUTCOME_RIGHT, -1, true},
    [ESTIMATE_PREVALENCE] = {OUTCOME_POSITIVE, -1, true},
    [ESTIMATE_PRECISION] = {OUTCOME_CAUGHT, OUTCOME_FALSE_ALARM, false},
    [ESTIMATE_RECALL] = {OUTCOME_CAUGHT, OUTCOME_MISSED, true},
    [ESTIMATE_PRECISION_AT_CAPACITY] = {OUTCOME_CAPACITY_CAUGHT, OUTCOME_CAPACITY_FALSE, false},
    [ESTIMATE_RECALL_AT_CAPACITY] = {OUTCOME_CAPACITY_CAUGHT, OUTCOME_CAPACITY_MISSED, true},
    [ESTIMATE_AVERAGE_PRECISION] = {-1, -1, false},
    [ESTIMATE_COST] = {OUTCOME_COST, -1, false},
    [ESTIMATE_LOG_LOSS] = {OUTCOME_LOSS, -1, false},
};

bool estimate_counts(enum estimate_name e) { return is_share[e] && recipe[e].of >= 0; }

int estimate_hit(enum estimate_name e, const struct outcome *o) {
    const struct recipe *r = &recipe[e];
    if (!estimate_counts(e)) return -1;
    if (o->value[r->of] > 0) return 1;
    return r->other < 0 || o->value[r->other] > 0 ? 0 : -1;
}

static double estimate_ratio(double a, double b) { return b > 0 ? a / b : NAN; }

void estimate_of_all(const double sum[OUTCOMES], double n, double out[ESTIMATES]) {
    for (size_t e = 0; e < ESTIMATES; e++) {
        const struct recipe *r = &recipe[e];
        if (r->of < 0) out[e] = NAN;
        else out[e] = estimate_ratio(sum[r->of], r->other < 0 ? n : sum[r->of] + sum[r->other]);
    }
}

/* ---- totals ---- */

/* λ of a half of the draws. */
static double half_lambda(const struct half *h, size_t outcome) {
    const double *m = h->outcome[outcome].of[WEIGHT];
    double n = m[MOMENT_ONE];
    if (!(n > 0)) return 0;
    double covariance = m[MOMENT_ZF] - m[MOMENT_Z] * m[MOMENT_F] / n,
           variance = m[MOMENT_FF] - m[MOMENT_F] * m[MOMENT_F] / n;
    if (!(variance > varies * m[MOMENT_FF])) return 0;
    return fmax(0, fmin(covariance / variance, lambda_most));
}

/* Σ w(w−1)·r², r = z − λf − c. */
static double moments_square(const double *m, double l, double c) {
    return m[MOMENT_ZZ] + l * l * m[MOMENT_FF] + c * c * m[MOMENT_ONE] - 2 * l * m[MOMENT_ZF] -
           2 * c * m[MOMENT_Z] + 2 * l * c * m[MOMENT_F];
}

/* Σ w³·r³. */
static double moments_cube(const double *m, double l, double c) {
    double zzz = m[MOMENT_ZZZ] - 3 * l * m[MOMENT_ZZF] + 3 * l * l * m[MOMENT_ZFF] -
                 l * l * l * m[MOMENT_FFF];
    double zz = m[MOMENT_ZZ] - 2 * l * m[MOMENT_ZF] + l * l * m[MOMENT_FF];
    return zzz - 3 * c * zz + 3 * c * c * (m[MOMENT_Z] - l * m[MOMENT_F]) -
           c * c * c * m[MOMENT_ONE];
}

static double sums_weight(const struct sums *s) {
    double weight = 0;
    for (size_t h = 0; h < HALVES; h++) weight += s->half[h].outcome[0].of[WEIGHT][MOMENT_ONE];
    return weight;
}

static size_t sums_draws(const struct sums *s) {
    return (size_t)(s->half[0].n + s->half[1].n + 0.5);
}

/* How many the rest are, and the mean over them of what the model said of an outcome. Where tasks
 * carried no sums (they are of a release before, or the states were lost) the draws speak for
 * themselves: the figure is then the plain one. */
static double sums_rest(const struct sums *s, size_t outcome, double *mean) {
    double weight = sums_weight(s), f = 0;
    if (s->rest_n * 2 >= weight && s->rest_n > 0) {
        *mean = estimator_said(s->rest, outcome) / s->rest_n;
        return s->rest_n;
    }
    for (size_t h = 0; h < HALVES; h++) f += s->half[h].outcome[outcome].of[WEIGHT][MOMENT_F];
    *mean = weight > 0 ? f / weight : 0;
    return weight;
}

/* What an answer of the strategy arm stands for: its requests that were not answered are as those
 * that were. */
static double sums_known_weight(const struct sums *s) {
    return s->known_n > 0 ? fmax(1, s->asked_n / s->known_n) : 1;
}

/* The total of an outcome over all samples. centred: for a mean over a known number. */
static struct total sums_total(const struct sums *s, size_t outcome, bool regression,
                               bool centred) {
    double f_mean, rest = sums_rest(s, outcome, &f_mean), weight = sums_weight(s), mean = 0,
                   squares = 0;
    struct total t = {.draws = sums_draws(s), .counts = !regression && !centred};
    t.is = sums_known_weight(s) * s->known[outcome];
    if (!(weight > 0)) return t;
    for (size_t h = 0; h < HALVES; h++) {
        const struct moments *m = &s->half[h].outcome[outcome];
        double n = s->half[h].n, w = m->of[WEIGHT][MOMENT_ONE];
        if (!(n > 0.5)) continue;
        double l = regression ? half_lambda(&s->half[1 - h], outcome) : 0,
               r = (m->of[WEIGHT][MOMENT_Z] - l * m->of[WEIGHT][MOMENT_F]) / w, c = centred ? r : 0;
        mean += w / weight * (r + l * f_mean);
        t.variance += fmax(0, moments_square(m->of[WEIGHT_VARIANCE], l, c)) *
                      (centred && n > 1.5 ? n / (n - 1) : 1);
        t.skew += moments_cube(m->of[WEIGHT_CUBE], l, c);
        squares += m->of[WEIGHT_VARIANCE][MOMENT_ONE];
    }
    double scale = rest / weight;
    t.is += rest * mean;
    t.variance *= scale * scale;
    t.skew *= scale * scale * scale;
    t.draw = scale * (1 + squares / weight); // Kish's mean weight
    return t;
}

/* ---- figures ---- */

static void estimate_set(struct estimate *out, double value, struct range look,
                         struct range always) {
    *out = (struct estimate){value, look.low, look.high, always.low, always.high};
}

static void sums_mean(const struct sums *s, const struct recipe *r, struct estimate *out) {
    double ignored, n = sums_known_weight(s) * s->known_n + sums_rest(s, 0, &ignored);
    struct total t = sums_total(s, (size_t)r->of, r->regression, true);
    t.is /= n;
    t.variance /= n * n;
    t.skew /= n * n * n;
    t.draw /= n;
    estimate_set(out, t.is, interval_of_total(&t, interval_deviate()),
                 interval_of_total(&t, interval_deviate_always(t.draws)));
}

static void sums_share(const struct sums *s, const struct recipe *r, struct estimate *out) {
    struct total a = sums_total(s, (size_t)r->of, r->regression, false),
                 b = sums_total(s, (size_t)r->other, r->regression, false);
    double a_least = s->known[r->of], b_least = s->known[r->other], is_a = fmax(a.is, a_least),
           is_b = fmax(b.is, b_least);
    estimate_set(out, estimate_ratio(is_a, is_a + is_b),
                 interval_of_share(&a, a_least, &b, b_least, interval_deviate()),
                 interval_of_share(&a, a_least, &b, b_least, interval_deviate_always(a.draws)));
}

/* With no draw among the answers, either everything is asked or no draw was answered yet. */
static bool sums_unheard(const struct sums *s) {
    size_t draws = sums_draws(s);
    return draws < DRAWS_LEAST && !(draws == 0 && s->known_n >= CENSUS && s->rest_n < 1);
}

static void estimate_bound(struct estimate *e, bool share, bool unheard) {
    double most = share ? 1 : INFINITY;
    double *of[] = {&e->value, &e->low, &e->high, &e->always_low, &e->always_high};
    if (unheard) e->low = e->always_low = 0, e->high = e->always_high = most;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        if (!isnan(*of[i])) *of[i] = fmax(0, fmin(*of[i], most));
    if (e->always_low > e->low) e->always_low = e->low;
    if (e->always_high < e->high) e->always_high = e->high;
}

static const struct sums *estimator_sums(const struct estimator *e, enum estimate_span span) {
    return span == ESTIMATE_NOW && e->window ? &e->now : &e->all;
}

/* Of now only tasks that were answered are known. How many each of them stands for is as it is
 * since the start: else an arm that is answered seldom would count for less. */
static const struct sums *estimator_whole(const struct estimator *e, enum estimate_span span,
                                          struct sums *now) {
    const struct sums *s = estimator_sums(e, span);
    if (s == &e->all) return s;
    double rest = e->heard_n > 0 ? fmax(1, e->all.rest_n / e->heard_n) : 1;
    *now = *s;
    now->asked_n = s->known_n * sums_known_weight(&e->all);
    now->rest_n *= rest;
    for (size_t i = 0; i < UNASKED_SUMS; i++) now->rest[i] *= rest;
    return now;
}

static void estimator_rank(const struct estimator *e, struct estimate *out) {
    const struct sums *s = &e->all;
    double ignored, weight = sums_weight(s), rest = sums_rest(s, 0, &ignored);
    ranking_read(&e->ranking, sums_known_weight(s), weight > 0 ? rest / weight : 0, sums_draws(s),
                 out);
}

void estimator_read_one(const struct estimator *e, enum estimate_span span, enum estimate_name name,
                        struct estimate *out) {
    struct sums now;
    const struct sums *s = estimator_whole(e, span, &now);
    const struct recipe *r = &recipe[name];
    *out = (struct estimate){NAN, NAN, NAN, NAN, NAN};
    if ((double)sums_draws(s) + s->known_n < 0.5) return;
    if (r->of >= 0 && r->other < 0) sums_mean(s, r, out);
    else if (r->of >= 0) sums_share(s, r, out);
    else if (span == ESTIMATE_SINCE_START) estimator_rank(e, out);
    estimate_bound(out, is_share[name], sums_unheard(s));
}

void estimator_read(const struct estimator *e, enum estimate_span span, struct estimates *out) {
    const struct sums *s = estimator_sums(e, span);
    out->drawn = sums_draws(s);
    out->answers = (uint64_t)(s->known_n + 0.5) + out->drawn;
    for (size_t i = 0; i < ESTIMATES; i++)
        estimator_read_one(e, span, (enum estimate_name)i, &out->of[i]);
}
