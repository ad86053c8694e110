/* The test behind certificates: see the header.
 *
 * The list of thresholds is four an octave of 1 − p, from 1 − 2⁻¹² to ½. Of each threshold two
 * wealths are kept, one that is best where a tenth of α is wrong and one where half of it is; their
 * mean is the wealth that counts. Both starts wait for a number of answers that is a multiple of
 * what a clean certificate needs: the first one serves classes that are nearly always right, the
 * second begins higher up, where a model that is often wrong is right.
 *
 * The largest weight of late fades by a part in 128 with each answer, and only answers before move
 * it, so it knows nothing of the one it scales. An answer that weighs more counts as one of that
 * weight where it speaks for the bet, and in full where it speaks against it.
 *
 * Thread: one owner */
#include "estimate/certificate.h"

#include "base/error.h"
#include "estimate/unasked.h"

#include <math.h>

enum {
    LEVELS = 45,
    STARTS = 2,
    BETS = 2,
    FADE = 128,         // answers in which the largest weight fades
    ATTEMPT_NEEDS = 100 // an attempt ends at so many times the answers of a clean certificate
};

/* 1 − 2^(−12), …, ½, of UNASKED_ONE: round(65536 · 2^(−i/4)) below it, i from 48 down to 4. */
static const uint32_t level_threshold[LEVELS] = {
    65520, 65517, 65513, 65509, 65504, 65498, 65491, 65482, 65472, 65460, 65445, 65428,
    65408, 65384, 65355, 65321, 65280, 65232, 65174, 65105, 65024, 64927, 64812, 64675,
    64512, 64318, 64088, 63814, 63488, 63101, 62640, 62092, 61440, 60665, 59743, 58647,
    57344, 55794, 53951, 51759, 49152, 46052, 42366, 37982, 32768};

/* A start is at the highest threshold with so many answers above it, once the class has so many;
 * both in answers of a clean certificate. share: of the attempt's δ. */
static const struct {
    double answers, above, share;
} start_row[STARTS] = {{2, 1, 0.2}, {8, 1.5, 0.8}};

/* The share of α that is wrong where the bet is best, and its share of the wealth. */
static const struct { double wrong, share; } bet_row[BETS] = {{0.1, 0.3}, {0.5, 0.7}};

static const double factor_least = 1e-3; // of an answer that weighs more than any of late
static const double revoke_memory = 2;   // answers that λ looks at, in 1/α
static const double revoke_gate = 1.5; // it bets where they say an error above this multiple of α
static const double revoke_most = 0.5; // and for no larger one than this

struct certificate_level {
    double wealth[BETS]; // logarithms
    double best;         // the largest logarithm of their mean so far
    double seen;         // answers by weight
    uint64_t answers, wrong;
    bool passed;
};

struct certificate_test {
    struct certificate said;
    struct certificate_level level[LEVELS];
    double seen; // of the attempt, by weight
    int start[STARTS];
    double largest;                      // weight of late; 0: no answer yet
    double bet, bet_best;                // against the certificate: logarithms
    int64_t bet_from_ms;                 // answers to what was asked before are behind it
    double recent_wrong, recent_answers; // with forgetting, that λ looks at
};

struct certifier {
    double error, confidence;
    size_t k;
    struct certificate_test test[]; // (k)
};

/* ---- numbers ---- */

static double certificate_spent(double confidence, uint32_t attempt) {
    return 6 * confidence / (M_PI * M_PI * attempt * attempt);
}

/* Answers of a clean certificate at that δ, by the one best bet. */
static double certificate_clean(double error, double spent) { return log(spent) / log1p(-error); }

/* κ of a bet, of an answer of the largest weight. */
static double certificate_kappa(double error, size_t bet) {
    return (1 - bet_row[bet].wrong) / (1 - error);
}

/* The logarithm of the wealth that counts. */
static double certificate_mean(const double wealth[BETS]) {
    double sum = 0, most = fmax(wealth[0], wealth[1]);
    for (size_t b = 0; b < BETS; b++) sum += bet_row[b].share * exp(wealth[b] - most);
    return most + log(sum);
}

/* Right answers of full weight until that wealth reaches the goal. */
static double certificate_missing(double error, const double wealth[BETS], double goal) {
    double least = INFINITY;
    for (size_t b = 0; b < BETS; b++) {
        double gap = goal - wealth[b] - log(bet_row[b].share);
        least = fmin(least, gap / log1p(certificate_kappa(error, b) * error));
    }
    return fmax(0, least);
}

/* ---- what is not promised ---- */

double certificate_hides(const struct certificate *c) {
    return c->others > 0 ? fmin(1, c->error / c->others) : 0;
}

bool certificate_is_loose(const struct certificate *c) {
    static const double most = 0.2;
    return c->granted && certificate_hides(c) > most;
}

void certificate_write_loose(const struct certificate *c, struct text class_, struct text positive,
                             struct buf *out) {
    double hides = certificate_hides(c);
    buf_str(out, "the bound permits it to close ");
    if (hides < 1) buf_printf(out, "%.0f %% of", 100 * hides);
    else buf_str(out, "all of");
    buf_str(out, text_equal(class_, positive) ? " what is not \"" : " what is \"");
    buf_text(out, positive);
    buf_str(out, "\" as \"");
    buf_text(out, class_);
    buf_printf(out,
               "\": auto.error is %.3g %%, and at most %.3g %% of the samples are so; set it well "
               "below that",
               100 * c->error, 100 * c->others);
}

double certificate_least(double error, double confidence) {
    static const double begun[BETS] = {0};
    const double spent = certificate_spent(confidence, 1);
    double first = certificate_missing(error, begun, -log(spent * start_row[0].share));
    return ceil(fmax(first, start_row[0].answers * certificate_clean(error, spent)));
}

static size_t certificate_level_of(uint32_t threshold) {
    size_t i = 0;
    while (i < LEVELS && level_threshold[i] != threshold) i++;
    return i;
}

bool certificate_possible(const struct certificate *c) {
    const double least = certificate_clean(c->error, c->confidence);
    return certificate_level_of(c->threshold) < LEVELS && c->wrong <= c->answers &&
           (double)c->answers >= least - 1 && (double)c->wrong < c->error * (double)c->answers;
}

/* ---- life ---- */

static void certifier_begin_attempt(struct certificate_test *t, uint32_t attempt, int64_t from_ms) {
    for (size_t i = 0; i < LEVELS; i++) t->level[i] = (struct certificate_level){0};
    for (size_t s = 0; s < STARTS; s++) t->start[s] = -1;
    t->seen = 0;
    t->said.attempt = attempt;
    t->said.from_ms = from_ms;
    t->said.seen = t->said.missed = 0;
}

static void certifier_begin_bet(struct certificate_test *t) {
    t->bet = t->bet_best = t->recent_wrong = t->recent_answers = 0;
}

struct certifier *certifier_create(size_t k, double error, double confidence) {
    struct certifier *c = xcalloc(1, sizeof *c + k * sizeof *c->test);
    c->error = error;
    c->confidence = confidence;
    c->k = k;
    for (size_t i = 0; i < k; i++) {
        c->test[i].said = (struct certificate){.error = error, .confidence = confidence};
        certifier_begin_attempt(&c->test[i], 1, 0);
    }
    return c;
}

void certifier_destroy(struct certifier *c) { free(c); }

bool certifier_end(struct certifier *c, size_t class_, enum certificate_end why, int64_t now_ms) {
    struct certificate_test *t = &c->test[class_];
    const bool had = t->said.granted;
    if (!had && !t->said.seen) return false;
    if (had) {
        t->said.granted = false;
        t->said.end = why;
        t->said.ended_ms = now_ms;
    }
    certifier_begin_attempt(t, t->said.attempt + 1, now_ms);
    certifier_begin_bet(t);
    return had;
}

void certifier_heed_clock(struct certifier *c, size_t class_, int64_t now_ms) {
    struct certificate_test *t = &c->test[class_];
    if (t->said.from_ms > now_ms) t->said.from_ms = now_ms;
    if (t->bet_from_ms > now_ms) t->bet_from_ms = now_ms;
}

void certifier_resume(struct certifier *c, size_t class_, const struct certificate *said,
                      int64_t now_ms) {
    struct certificate_test *t = &c->test[class_];
    t->said = *said;
    t->said.error = c->error;
    t->said.confidence = c->confidence;
    certifier_begin_attempt(t, said->attempt, said->from_ms);
    certifier_begin_bet(t);
    t->bet_from_ms = said->since_ms;
    certifier_heed_clock(c, class_, now_ms);
    if (said->error != c->error || said->confidence != c->confidence)
        certifier_end(c, class_, CERTIFICATE_TERMS, now_ms);
}

/* ---- an answer ---- */

/* The logarithm of 1 + stake · (for or against), by an answer of weight u that counts as 1 at most
 * where it gains. */
static double certifier_factor(double gain, double u) {
    return log(fmax(factor_least, 1 + gain * (gain > 0 ? fmin(u, 1) : u)));
}

static void certifier_tell_level(const struct certifier *c, struct certificate_level *l, bool wrong,
                                 double u) {
    for (size_t b = 0; b < BETS; b++)
        l->wealth[b] +=
            certifier_factor(certificate_kappa(c->error, b) * (c->error - (wrong ? 1 : 0)), u);
    l->best = fmax(l->best, certificate_mean(l->wealth));
    l->seen += fmin(u, 1);
    l->answers++;
    l->wrong += wrong;
}

static void certifier_tell_attempt(const struct certifier *c, struct certificate_test *t,
                                   const struct certificate_answer *a, double u) {
    if (a->asked_ms < t->said.from_ms) return;
    t->seen += fmin(u, 1);
    t->said.seen++;
    t->said.missed += a->wrong;
    for (size_t i = LEVELS; i-- > 0 && a->term >= level_threshold[i];)
        certifier_tell_level(c, &t->level[i], a->wrong, u);
}

/* The bet against the certificate: λ is that of the alternative that the last answers speak for. */
static void certifier_tell_bet(const struct certifier *c, struct certificate_test *t,
                               const struct certificate_answer *a, double u) {
    const double error = c->error, stays = 1 - error / revoke_memory;
    if (!t->said.granted || a->term < t->said.threshold || a->asked_ms < t->bet_from_ms) return;
    double alternative =
        fmin(revoke_most, (t->recent_wrong + 0.5) / (t->recent_answers + 0.5 / error));
    if (alternative >= revoke_gate * error) {
        double lambda = (alternative - error) / (error * (1 - error));
        t->bet += certifier_factor(lambda * ((a->wrong ? 1 : 0) - error), u);
    }
    t->bet_best = fmax(t->bet_best, t->bet);
    t->recent_wrong = t->recent_wrong * stays + (a->wrong ? fmin(u, 1) : 0);
    t->recent_answers = t->recent_answers * stays + fmin(u, 1);
}

void certifier_tell(struct certifier *c, const struct certificate_answer *a) {
    if (a->predicted >= c->k || !(a->propensity > 0 && a->propensity < 1)) return;
    struct certificate_test *t = &c->test[a->predicted];
    const double weight = 1 / a->propensity;
    if (t->largest > 0) { // the first one only says how large weights are
        certifier_tell_attempt(c, t, a, weight / t->largest);
        certifier_tell_bet(c, t, a, weight / t->largest);
    }
    t->largest = fmax(weight, t->largest * (1 - 1.0 / FADE));
}

/* ---- what follows ---- */

/* The starts whose time has come. They look at how many answers there are, never at what they say.
 */
static void certifier_place_starts(struct certificate_test *t, double clean) {
    for (size_t s = 0; s < STARTS; s++) {
        int i = 0;
        if (t->start[s] >= 0 || t->seen < start_row[s].answers * clean) continue;
        while (i < LEVELS && t->level[i].seen < start_row[s].above * clean) i++;
        if (i < LEVELS) t->start[s] = i;
    }
}

/* The share of δ that begins at a threshold. */
static double certifier_share_at(const struct certificate_test *t, int level) {
    double share = 0;
    for (size_t s = 0; s < STARTS; s++)
        if (t->start[s] == level) share += start_row[s].share;
    return share;
}

/* The lowest threshold that has passed; −1: none has. *needed: right answers until the next could.
 */
static int certifier_go_down(const struct certifier *c, struct certificate_test *t,
                             double *needed) {
    const double spent = certificate_spent(c->confidence, t->said.attempt);
    double left = 0;
    int lowest = -1;
    for (int i = 0; i < LEVELS; i++) {
        struct certificate_level *l = &t->level[i];
        left += certifier_share_at(t, i);
        if (!(left > 0) && !l->passed) continue;
        double goal = -log(left * spent);
        l->passed |= left > 0 && l->best >= goal;
        if (l->passed) lowest = i;
        else {
            *needed = fmin(*needed, certificate_missing(c->error, l->wealth, goal));
            left = 0;
        }
    }
    return lowest;
}

static void certifier_grant(struct certificate_test *t, int level, int64_t now_ms, uint64_t version,
                            uint64_t prior) {
    struct certificate *said = &t->said;
    said->granted = true;
    said->threshold = level_threshold[level];
    said->answers = t->level[level].answers;
    said->wrong = t->level[level].wrong;
    said->since_ms = t->bet_from_ms = now_ms;
    said->version = version;
    said->prior = prior;
    said->needed = 0;
    certifier_begin_bet(t);
}

/* Answers until something may be granted, all of them right. */
static double certifier_needed(const struct certificate_test *t, double clean, double nearest) {
    double waits = start_row[0].answers * clean - t->seen;
    if (t->start[0] < 0 && t->start[1] < 0) return ceil(fmax(waits, 1));
    return ceil(fmax(1, nearest));
}

bool certifier_decide(struct certifier *c, size_t class_, int64_t now_ms, uint64_t version,
                      uint64_t prior) {
    struct certificate_test *t = &c->test[class_];
    const double clean =
        certificate_clean(c->error, certificate_spent(c->confidence, t->said.attempt));
    const double won = -log(c->confidence);
    double nearest = INFINITY;
    if (t->bet_best >= won) return certifier_end(c, class_, CERTIFICATE_DRIFT, now_ms);
    certifier_place_starts(t, clean);
    int lowest = certifier_go_down(c, t, &nearest);
    bool lower = lowest >= 0 && (!t->said.granted || level_threshold[lowest] < t->said.threshold) &&
                 t->bet < won / 2; // not while the bet against it is half won
    if (lower) certifier_grant(t, lowest, now_ms, version, prior);
    else if (!t->said.granted) t->said.needed = certifier_needed(t, clean, nearest);
    if (t->seen >= ATTEMPT_NEEDS * clean) certifier_begin_attempt(t, t->said.attempt + 1, now_ms);
    return lower;
}

const struct certificate *certifier_look(struct certifier *c, size_t class_) {
    return &c->test[class_].said;
}
