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
 * All is kept as sums (sums.h), so that the memory does not grow.
 *
 * Thread: one owner */
#include "estimate/estimator.h"

#include "base/error.h"
#include "course.h"
#include "ranking.h"
#include "recipe.h"
#include "reliability.h"
#include "response.h"
#include "sums.h"

#include <math.h>
#include <string.h>

enum {
    CENSUS = 100 // with so many answers and no draw among them, all is asked
};

static const char *const words[ESTIMATES] = {WORDS_TEXT(ESTIMATE_TABLE)};
#define IS_SHARE(constant, word, share) [constant] = share,
static const bool is_share[ESTIMATES] = {ESTIMATE_TABLE(IS_SHARE, IS_SHARE)};

const char *estimate_word(enum estimate_name e) { return words[e]; }

int estimate_digits(double low, double high) {
    double points = 100 * (high - low);
    if (points > 5) return 0;
    return points > 0.5 ? 1 : 2;
}

struct estimator {
    struct sums all, now;
    struct response response;
    struct reliability reliability; // of no part
    double heard_n;                 // of all.rest_n, what answered tasks carried
    struct stretch *ring;           // (window)
    size_t window, held, at;
    struct stretch next;          // under way
    struct ranking *ranking;      // NULL: of a part
    struct figure_course *course; // NULL: of a part
    uint64_t answers;
    const struct estimator *whole; // of which this one is a part; else NULL
};

struct estimator *estimator_create_part(size_t window, const struct estimator *whole) {
    struct estimator *e = xcalloc(1, sizeof *e);
    e->window = window;
    e->whole = whole;
    return e;
}

struct estimator *estimator_create(size_t window) {
    struct estimator *e = estimator_create_part(window, NULL);
    e->ranking = xcalloc(1, sizeof *e->ranking);
    e->course = xcalloc(1, sizeof *e->course);
    return e;
}

void estimator_destroy(struct estimator *e) {
    if (!e) return;
    free(e->ranking);
    free(e->course);
    free(e->ring);
    free(e);
}

/* The rest that a task speaks for. One that was counted among it and is known now is taken out. */
static void estimator_add_rest(const struct asked *a, double *n, double sum[UNASKED_SUMS]) {
    double term[UNASKED_SUMS];
    sums_terms(a, term);
    *n += a->unasked.n - (double)a->in_unasked;
    for (size_t i = 0; i < UNASKED_SUMS; i++)
        sum[i] += (double)a->unasked.sum[i] / UNASKED_ONE - a->in_unasked * term[i];
}

void estimator_ask(struct estimator *e, const struct asked *a) {
    if (a->propensity >= 1) e->all.asked_n++;
    else if (a->propensity > 0) e->all.drawn_n += 1 / a->propensity;
    response_ask(&e->response, a);
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

static void estimator_note_score(struct estimator *e, const struct asked *a,
                                 const struct outcome *o) {
    bool positive = o->value[OUTCOME_POSITIVE] > 0;
    ranking_add(e->ranking, a->key >> 1, 1 / a->propensity, o->score, positive);
    reliability_add(&e->reliability, 1 / a->propensity, o->score, positive);
}

void estimator_answer(struct estimator *e, const struct asked *a, const struct outcome *o) {
    double term[UNASKED_SUMS];
    CHECK(a->propensity > 0 && a->propensity <= 1);
    if (e->ranking) estimator_note_score(e, a, o);
    response_answer(&e->response, a);
    estimator_add_rest(a, &e->next.rest_n, e->next.rest);
    e->heard_n += a->unasked.n - (double)a->in_unasked;
    e->answers++;
    if (a->propensity >= 1) {
        answers_add(&e->all.known, o);
        answers_add(&e->next.known, o);
        return;
    }
    sums_terms(a, term);
    e->next.weight = 1 / a->propensity;
    e->next.half = a->key & 1;
    memcpy(e->next.z, o->value, sizeof e->next.z);
    for (size_t i = 0; i < OUTCOMES; i++) e->next.f[i] = sums_said(term, i);
    sums_add_draw(&e->all, &e->next, 1);
    if (e->course) course_add(e->course, &e->next, e->answers);
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

bool estimate_counts(enum estimate_name e) { return is_share[e] && estimate_recipe[e].of >= 0; }

int estimate_hit(enum estimate_name e, const struct outcome *o) {
    const struct recipe *r = &estimate_recipe[e];
    if (!estimate_counts(e)) return -1;
    if (o->value[r->of] > 0) return 1;
    return r->other < 0 || o->value[r->other] > 0 ? 0 : -1;
}

static double estimate_ratio(double a, double b) { return b > 0 ? a / b : NAN; }

void estimate_of_all(const double sum[OUTCOMES], double n, double out[ESTIMATES]) {
    for (size_t e = 0; e < ESTIMATES; e++) {
        const struct recipe *r = &estimate_recipe[e];
        if (r->of < 0) out[e] = NAN;
        else out[e] = estimate_ratio(sum[r->of], r->other < 0 ? n : sum[r->of] + sum[r->other]);
    }
}

/* ---- figures ---- */

static void estimate_set(struct estimate *out, double value, struct range look,
                         struct range always) {
    *out = (struct estimate){value, look.low, look.high, always.low, always.high};
}

static void sums_mean(const struct sums *s, const struct recipe *r, struct estimate *out) {
    double n = sums_samples(s);
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
    double a_least = s->known.sum[r->of], b_least = s->known.sum[r->other],
           is_a = fmax(a.is, a_least), is_b = fmax(b.is, b_least);
    estimate_set(out, estimate_ratio(is_a, is_a + is_b),
                 interval_of_share(&a, a_least, &b, b_least, interval_deviate()),
                 interval_of_share(&a, a_least, &b, b_least, interval_deviate_always(a.draws)));
}

static bool estimator_leaves(const struct estimator *e, const struct sums *s) {
    return (e->whole ? e->whole->all.rest_n : s->rest_n) >= 1;
}

/* With no draw among the answers, either everything is asked or no draw was answered yet. */
static bool estimator_unheard(const struct estimator *e, const struct sums *s) {
    size_t draws = sums_draws(s);
    return draws < ESTIMATE_DRAWS_LEAST &&
           !(draws == 0 && s->known.n >= CENSUS && !estimator_leaves(e, s));
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
    now->asked_n = s->known.n * sums_known_weight(&e->all);
    now->rest_n *= rest;
    double weight = sums_weight(&e->all);
    if (weight > 0) now->drawn_n = sums_weight(s) * fmax(1, e->all.drawn_n / weight);
    for (size_t i = 0; i < UNASKED_SUMS; i++) now->rest[i] *= rest;
    return now;
}

static void estimator_rank(const struct estimator *e, struct estimate *out) {
    const struct sums *s = &e->all;
    double weight = sums_weight(s), rest = sums_rest(s);
    ranking_read(e->ranking, sums_known_weight(s), weight > 0 ? rest / weight : 0, sums_draws(s),
                 out);
}

/* Where nothing is drawn, what is open is the newest, and no chance says what it is like. */
static void estimator_take_worst(const struct estimator *e, const struct sums *s,
                                 enum estimate_name name, struct estimate *out) {
    double worst[2];
    if (estimator_leaves(e, s)) out->value = NAN;
    response_worst(&e->response, &e->all, name, worst);
    if (!isnan(worst[0])) out->always_low = worst[0];
    if (!isnan(worst[1])) out->always_high = worst[1];
}

void estimator_read_one(const struct estimator *e, enum estimate_span span, enum estimate_name name,
                        struct estimate *out) {
    struct sums now;
    const struct sums *s = estimator_whole(e, span, &now);
    const struct recipe *r = &estimate_recipe[name];
    *out = (struct estimate){NAN, NAN, NAN, NAN, NAN};
    if ((double)sums_draws(s) + s->known.n < 0.5) return;
    if (r->of >= 0 && r->other < 0) sums_mean(s, r, out);
    else if (r->of >= 0) sums_share(s, r, out);
    else if (span == ESTIMATE_SINCE_START && e->ranking) estimator_rank(e, out);
    if (sums_draws(s) == 0) estimator_take_worst(e, s, name, out);
    estimate_bound(out, is_share[name], estimator_unheard(e, s));
}

/* The labels before the first prediction stand before the course. */
void estimator_forecast(const struct estimator *e, enum estimate_name name, double wanted,
                        double labels, double most, struct forecast *out) {
    struct forecast_point point[COURSE_PARTS];
    struct estimate whole;
    const struct recipe *r = &estimate_recipe[name];
    *out = (struct forecast){FORECAST_TOO_FEW, NAN, NAN, NAN};
    if (!e->course || r->of < 0 || name == ESTIMATE_LOG_LOSS) return;
    estimator_read_one(e, ESTIMATE_SINCE_START, name, &whole);
    double width = (whole.high - whole.low) / (2 * interval_deviate()),
           error = is_share[name] ? 1 - whole.value : whole.value;
    if (sums_draws(&e->all) < ESTIMATE_DRAWS_LEAST || !(width > 0)) return;
    size_t n = course_points(e->course,
                             &(struct course_figure){.recipe = r,
                                                     .falls = !is_share[name],
                                                     .all = &e->all,
                                                     .trials = error / (width * width)},
                             point);
    for (size_t i = 0; i < n; i++) point[i].labels += labels - (double)e->answers;
    forecast_make(&(struct forecast_question){.point = point,
                                              .n = n,
                                              .labels = labels,
                                              .most = most,
                                              .error = is_share[name] ? 1 - wanted : wanted},
                  out);
}

void estimator_scores(const struct estimator *e, struct score_bin out[SCORE_BINS]) {
    double weight = sums_weight(&e->all);
    reliability_read(&e->reliability, sums_known_weight(&e->all),
                     weight > 0 ? sums_rest(&e->all) / weight : 0, out);
}

bool estimator_chooses(const struct estimator *e) { return estimator_leaves(e, &e->all); }

void estimator_worst(const struct estimator *e, enum estimate_name name, double out[2]) {
    response_worst(&e->response, &e->all, name, out);
}

void estimator_read(const struct estimator *e, enum estimate_span span, struct estimates *out) {
    const struct sums *s = estimator_sums(e, span);
    out->drawn = sums_draws(s);
    out->answers = (uint64_t)(s->known.n + 0.5) + out->drawn;
    for (size_t i = 0; i < ESTIMATES; i++)
        estimator_read_one(e, span, (enum estimate_name)i, &out->of[i]);
}
