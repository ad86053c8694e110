/* Eleven detectors, one of a doubt, and what is usual in each cell.
 *
 * Answers since a change is suspected wait beside the cells: else those that are wrong would soon
 * be what is usual. Suspected is it where Page's CUSUM of the bet on a middling change is above
 * zero. In a cell without answers the model's own word is what is usual, and on top of it how much
 * more was wrong than it said, in the mean of all cells.
 *
 * Thread: one owner */
#include "estimate/alarm.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIDES = 2, // the positive class is predicted, or another one
    BANDS = 4,
    CELLS = SIDES * BANDS,
    WIDE = 3, // bets on a change in all cells
    BETS = CELLS + WIDE,
    FIRST = 30,        // answers of the random arm that say what is usual before one bets
    FIRST_DOUBT = 15,  // and before one doubts, which costs less than an alarm
    MEMORY = 2000,     // answers of a cell, about, that say what is usual
    DOUBT_ANSWERS = 15 // for which a doubt lasts
};
static const double band_end[BANDS - 1] = {0.02, 0.08, 0.2}; // of the model's doubt, 1 − p
/* A change in one cell, and changes everywhere: p₀ + step · (1 − p₀) is wrong then. */
static const double cell_step = 0.8;
static const double wide_step[WIDE] = {0.15, 0.4, 0.8};
enum { SUSPECTS = CELLS + 1 }; // the bet that suspects a change
static const double doubt_step = 0.8;
static const double doubt_level = 30; // M of its bet
static const double word_worth = 10;  // answers that the model's own word of a cell is worth
static const double few =
    5; // answers that a cell is taken to have besides, for the error of its share
static const double word_least = 0.02; // its word is heard no lower: models are too sure
static const double usual_most = 0.9;  // where more is wrong than that nothing can turn

struct alarm_cell {
    double n, wrong;
};
struct alarm_bet {
    double m;
    double cusum;  // Page's, of ln f
    uint64_t from; // the answer that it began to rise with
    int64_t from_ms;
};
/* Of a stretch of answers: by cell, and in total what the model said of being wrong. */
struct alarm_usual {
    struct alarm_cell cell[CELLS], all;
    double said;
};
struct alarm {
    double answers;
    uint64_t told, turns, since, draws, doubt_until;
    int64_t since_ms;
    struct alarm_usual usual, waiting;
    struct alarm_bet bet[BETS];
    struct alarm_bet doubt; // no evidence for an alarm
};

struct alarm *alarm_create(double answers) {
    struct alarm *a = xcalloc(1, sizeof *a);
    a->answers = answers;
    return a;
}
void alarm_destroy(struct alarm *a) { free(a); }

/* ---- what is usual ---- */

static double alarm_doubt_of(const struct asked *said) {
    return 1 - (double)said->term[UNASKED_RIGHT] / UNASKED_ONE;
}

static size_t alarm_cell_of(const struct asked *said) {
    size_t band = 0;
    while (band < BANDS - 1 && alarm_doubt_of(said) >= band_end[band]) band++;
    return band * SIDES + (said->term[UNASKED_CAUGHT] > 0);
}

/* An upper bound of how often such an answer is wrong. */
static double alarm_usual_of(const struct alarm_usual *u, size_t cell, double doubt) {
    const struct alarm_cell *c = &u->cell[cell];
    double more = fmax(0, u->all.wrong - u->said) / (u->all.n + 1),
           word = fmax(doubt + more, word_least), n = c->n + word_worth,
           p = (c->wrong + word_worth * word) / n;
    return p + sqrt(p * fmax(0, 1 - p) / (c->n + few));
}

static void alarm_add(struct alarm_cell *to, const struct alarm_cell *more) {
    to->n += more->n;
    to->wrong += more->wrong;
}

/* Answers of long ago fade. */
static double alarm_fade(struct alarm_cell *c) {
    double keep = c->n > MEMORY ? MEMORY / c->n : 1;
    c->n *= keep;
    c->wrong *= keep;
    return keep;
}

static void alarm_settle(struct alarm *a) {
    struct alarm_usual *u = &a->usual;
    for (size_t i = 0; i < CELLS; i++) {
        alarm_add(&u->cell[i], &a->waiting.cell[i]);
        alarm_fade(&u->cell[i]);
    }
    alarm_add(&u->all, &a->waiting.all);
    u->said = (u->said + a->waiting.said) * alarm_fade(&u->all);
    a->waiting = (struct alarm_usual){0};
}

/* ---- bets ---- */

/* An answer under way. */
struct alarm_step {
    size_t cell;
    double usual;
    bool wrong;
    int64_t asked_ms;
};

static void alarm_bet(struct alarm *a, struct alarm_bet *b, const struct alarm_step *t,
                      double step) {
    double usual = t->usual, p = usual + step * (1 - usual),
           f = t->wrong ? p / usual : (1 - p) / (1 - usual);
    b->m = (1 + b->m) * f;
    if (!(b->cusum > 0)) b->cusum = 0, b->from = a->told - 1, b->from_ms = t->asked_ms;
    b->cusum += log(f);
}

static void alarm_bet_all(struct alarm *a, const struct alarm_step *t) {
    if (t->usual >= usual_most) return;
    if (a->usual.all.n >= FIRST_DOUBT) alarm_bet(a, &a->doubt, t, doubt_step);
    if (a->usual.all.n < FIRST) return;
    alarm_bet(a, &a->bet[t->cell], t, cell_step);
    for (size_t i = 0; i < WIDE; i++) alarm_bet(a, &a->bet[CELLS + i], t, wide_step[i]);
}

static double alarm_evidence(const struct alarm *a) {
    double sum = 0;
    for (size_t i = 0; i < BETS; i++) sum += a->bet[i].m;
    return sum / BETS;
}

/* The change is where the bet that won began to win. What was usual is not any more. */
static void alarm_raise(struct alarm *a) {
    size_t won = 0;
    for (size_t i = 1; i < BETS; i++)
        if (a->bet[i].m > a->bet[won].m) won = i;
    a->turns++;
    a->since = a->bet[won].from;
    a->since_ms = a->bet[won].from_ms;
    a->draws = a->doubt_until = 0;
    a->usual = a->waiting = (struct alarm_usual){0};
    memset(a->bet, 0, sizeof a->bet);
    a->doubt = (struct alarm_bet){0};
}

static void alarm_note(struct alarm *a, size_t cell, double doubt, bool wrong) {
    const struct alarm_cell one = {1, wrong};
    alarm_add(&a->waiting.cell[cell], &one);
    alarm_add(&a->waiting.all, &one);
    a->waiting.said += doubt;
    if (a->usual.all.n < FIRST || !(a->bet[SUSPECTS].cusum > 0)) alarm_settle(a);
}

bool alarm_answer(struct alarm *a, const struct asked *said, bool wrong) {
    a->told++;
    if (!(a->answers > 0 && said->propensity > 0 && said->propensity < 1) || said->predicted < 0)
        return false;
    const size_t cell = alarm_cell_of(said);
    const double doubt = alarm_doubt_of(said);
    a->draws++;
    alarm_bet_all(a, &(struct alarm_step){cell, alarm_usual_of(&a->usual, cell, doubt), wrong,
                                          said->asked_ms});
    alarm_note(a, cell, doubt, wrong);
    if (a->doubt.m >= doubt_level && a->told > a->doubt_until)
        a->doubt_until = a->told + DOUBT_ANSWERS;
    bool turned = alarm_evidence(a) >= a->answers;
    if (turned) alarm_raise(a);
    return turned;
}

void alarm_read(const struct alarm *a, struct alarm_figures *out) {
    *out = (struct alarm_figures){.turns = a->turns,
                                  .since = a->since,
                                  .since_ms = a->since_ms,
                                  .draws = a->draws,
                                  .evidence = alarm_evidence(a),
                                  .doubts = a->told < a->doubt_until};
}

size_t alarm_since(double answers, const struct asked *said, const int *label, size_t n) {
    struct alarm a = {.answers = answers};
    for (size_t i = 0; i < n; i++) (void)alarm_answer(&a, &said[i], label[i] != said[i].predicted);
    return a.since;
}
