/* Annotators on a grid of accuracies: a posterior is a list of weights, so an interval is a look,
 * and the same answers give the same bits.
 *
 * What a pair says of one reader depends on how right the other is. The expectation of a pair's
 * likelihood over the other's accuracy is that at its mean, for it is linear in it; so each reader
 * is weighed against the others' means, round by round, from the prior on. Those of whom nothing
 * was checked stay at the prior.
 *
 * Thread: one owner */
#include "estimate/annotators.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    GRID = 200,   // accuracies that are weighed
    ROUNDS = 8,   // over all annotators; later ones move nothing that is shown
    HALVINGS = 24 // of an interval in which a quantile lies
};

static const double prior_right = 8, prior_wrong = 2; // answers that the prior stands for
static const double usual = 0.8;                      // its mean, the rival of chance
static const double suspicion = 20;                   // likelihoods that are called chance
static const double tail = 0.025;                     // outside an interval, on each side
static const double jeffreys = 0.5;                   // pairs that are taken off each count
static const double least = 1e-9;                     // that a probability is off 0 and 1
static const double nothing = 1e-7;                   // weights below it move nothing that is shown
static const double deviate = 1.959964;               // of the normal distribution, at that tail

struct pair_counts {
    uint32_t n, agreed;
};
struct gold_counts {
    uint32_t n, right, certain;       // certain: of these, by what is certain
    uint32_t by[ANNOTATORS_MOST + 1]; // how often each was one of the two who agreed
};
struct annotators {
    size_t k, n;                                                       // n: told apart
    struct annotator at[ANNOTATORS_MOST + 1];                          // the last: all others
    struct pair_counts with[ANNOTATORS_MOST + 1][ANNOTATORS_MOST + 1]; // both ways
    struct gold_counts gold[ANNOTATORS_MOST + 1];
    bool stale;                       // something was told since the two below were made
    double mean[ANNOTATORS_MOST + 1]; // of each one's accuracy
    double sure[ANNOTATORS_MOST + 1]; // how probable the classes of each one's gold questions are
    double unlike; // how much oftener two readers agree than if all were as right as the mean
};

/* ---- what is told ---- */

struct annotators *annotators_create(size_t k) {
    CHECK(k >= 2);
    struct annotators *a = xcalloc(1, sizeof *a);
    a->k = k;
    a->stale = true;
    return a;
}

void annotators_destroy(struct annotators *a) { free(a); }

static size_t annotators_place(struct annotators *a, uint64_t who) {
    size_t i = 0;
    if (!who) return ANNOTATORS_MOST;
    while (i < a->n && a->at[i].who != who) i++;
    if (i == a->n && a->n < ANNOTATORS_MOST) a->at[a->n++].who = who;
    return i < a->n ? i : ANNOTATORS_MOST;
}

void annotators_answer(struct annotators *a, uint64_t who) {
    a->at[annotators_place(a, who)].answers++;
}

bool answer_pair_counts(const struct answer_pair *p) {
    return p->who[0] && p->who[1] && p->who[0] != p->who[1];
}

void annotators_pair(struct annotators *a, const struct answer_pair *p) {
    CHECK(answer_pair_counts(p));
    a->stale = true;
    size_t place[2] = {annotators_place(a, p->who[0]), annotators_place(a, p->who[1])};
    for (size_t i = 0; i < 2; i++) {
        struct pair_counts *c = &a->with[place[i]][place[1 - i]];
        c->n++, c->agreed += p->agree;
        a->at[place[i]].pairs++, a->at[place[i]].agreed += p->agree;
    }
}

void annotators_settled(struct annotators *a, uint64_t who, bool right) {
    struct annotator *of = &a->at[annotators_place(a, who)];
    a->stale = true;
    of->settled++, of->right += right;
}

void annotators_gold(struct annotators *a, const struct gold_answer *g) {
    CHECK(g->who && g->who != g->by[0] && g->who != g->by[1]);
    size_t who = annotators_place(a, g->who);
    struct gold_counts *c = &a->gold[who];
    a->stale = true;
    c->n++, c->right += g->right;
    if (!g->by[0]) c->certain++;
    else
        for (size_t i = 0; i < 2; i++) c->by[annotators_place(a, g->by[i])]++;
}

void annotators_forget_gold(struct annotators *a) {
    memset(a->gold, 0, sizeof a->gold);
    a->stale = true;
}

/* ---- posteriors ---- */

static double grid_accuracy(size_t i) { return ((double)i + 0.5) / GRID; }

/* Of two readers. */
static double chance_agree(const struct annotators *a, double one, double other) {
    return one * other + (1 - one) * (1 - other) / (double)(a->k - 1);
}

static double log_likelihood(double p, double hits, double misses) {
    double sum = 0;
    if (hits != 0) sum += hits * log(p);
    if (misses != 0) sum += misses * log(1 - p);
    return sum;
}

/* Logarithms to weights that add up to 1. */
static void grid_normalise(double weight[GRID]) {
    double most = -INFINITY, sum = 0;
    for (size_t i = 0; i < GRID; i++) most = fmax(most, weight[i]);
    for (size_t i = 0; i < GRID; i++) sum += weight[i] = exp(weight[i] - most);
    for (size_t i = 0; i < GRID; i++) weight[i] /= sum;
}

/* How probable the classes are that his gold questions were settled by, on average: two who are
 * both right, over two who say the same. Who agreed is taken to be as right as the mean of them. */
static double annotators_sure(const struct annotators *a, size_t who) {
    const struct gold_counts *g = &a->gold[who];
    double n = 0, sum = 0;
    for (size_t i = 0; i <= ANNOTATORS_MOST; i++) n += g->by[i], sum += g->by[i] * a->mean[i];
    if (!(n > 0)) return 1;
    double right = sum / n;
    return (g->certain + n / 2 * right * right / chance_agree(a, right, right)) / g->n;
}

static double annotators_gold_fit(const struct annotators *a, size_t who, double accuracy) {
    const struct gold_counts *g = &a->gold[who];
    return log_likelihood(chance_agree(a, accuracy, a->sure[who]), g->right, g->n - g->right);
}

/* Of what was checked, were its accuracy this one. */
static double annotators_fit(const struct annotators *a, size_t who, double accuracy) {
    const struct annotator *of = &a->at[who];
    double sum = annotators_gold_fit(a, who, accuracy) +
                 log_likelihood(accuracy, (double)of->right, (double)(of->settled - of->right));
    for (size_t i = 0; i <= ANNOTATORS_MOST; i++) {
        const struct pair_counts *c = &a->with[who][i];
        if (c->n)
            sum +=
                log_likelihood(chance_agree(a, accuracy, a->mean[i]), c->agreed, c->n - c->agreed);
    }
    return sum;
}

static void annotators_weigh(struct annotators *a, size_t who, double weight[GRID]) {
    a->sure[who] = annotators_sure(a, who);
    for (size_t i = 0; i < GRID; i++) {
        double x = grid_accuracy(i);
        weight[i] =
            (prior_right - 1) * log(x) + (prior_wrong - 1) * log(1 - x) + annotators_fit(a, who, x);
    }
    grid_normalise(weight);
}

static double grid_mean(const double weight[GRID]) {
    double sum = 0;
    for (size_t i = 0; i < GRID; i++) sum += weight[i] * grid_accuracy(i);
    return sum;
}

/* Within its step the weight is spread evenly. */
static double grid_quantile(const double weight[GRID], double share) {
    double below = 0;
    for (size_t i = 0; i < GRID; i++) {
        if (below + weight[i] >= share)
            return ((double)i + (weight[i] > 0 ? (share - below) / weight[i] : 0)) / GRID;
        below += weight[i];
    }
    return 1;
}

static uint64_t annotators_checked(const struct annotators *a, size_t who) {
    return a->at[who].pairs + a->at[who].settled + a->gold[who].n;
}

static bool annotators_at_chance(const struct annotators *a, size_t who) {
    return annotators_fit(a, who, 1 / (double)a->k) - annotators_fit(a, who, usual) >=
           log(suspicion);
}

/* The mean over all pairs of how likely they agree, without what it were if each reader were as
 * right as the mean of those who read: with a few readers, none paired with himself, it is less. */
static double annotators_unlike(const struct annotators *a) {
    double agree = 0, right = 0, n = 0;
    for (size_t i = 0; i <= ANNOTATORS_MOST; i++)
        for (size_t j = 0; j <= ANNOTATORS_MOST; j++) {
            double pairs = a->with[i][j].n;
            n += pairs;
            right += pairs * a->mean[i];
            agree += pairs * chance_agree(a, a->mean[i], a->mean[j]);
        }
    return n > 0 ? agree / n - chance_agree(a, right / n, right / n) : 0;
}

static void annotators_judge_gold(struct annotators *a, size_t who) {
    double weight[GRID];
    struct annotator *of = &a->at[who];
    of->gold = a->gold[who].n, of->gold_right = a->gold[who].right;
    of->gold_accuracy = of->gold_low = of->gold_high = NAN;
    if (!of->gold) return;
    for (size_t i = 0; i < GRID; i++) weight[i] = annotators_gold_fit(a, who, grid_accuracy(i));
    grid_normalise(weight);
    of->gold_accuracy = grid_mean(weight);
    of->gold_low = grid_quantile(weight, tail);
    of->gold_high = grid_quantile(weight, 1 - tail);
}

static void annotators_judge(struct annotators *a, size_t who) {
    double weight[GRID];
    struct annotator *of = &a->at[who];
    annotators_weigh(a, who, weight);
    of->accuracy = grid_mean(weight);
    of->low = grid_quantile(weight, tail);
    of->high = grid_quantile(weight, 1 - tail);
    of->at_chance = annotators_at_chance(a, who);
    annotators_judge_gold(a, who);
}

static void annotators_refresh(struct annotators *a) {
    double weight[GRID];
    if (!a->stale) return;
    a->stale = false;
    for (size_t i = 0; i <= ANNOTATORS_MOST; i++) a->mean[i] = usual;
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i <= ANNOTATORS_MOST; i++) {
            if (!annotators_checked(a, i)) continue;
            annotators_weigh(a, i, weight);
            a->mean[i] = grid_mean(weight);
        }
    a->unlike = annotators_unlike(a);
    for (size_t i = 0; i <= ANNOTATORS_MOST; i++) annotators_judge(a, i);
}

size_t annotators_read(struct annotators *a, struct annotator out[ANNOTATORS_MOST + 1]) {
    annotators_refresh(a);
    memcpy(out, a->at, a->n * sizeof *out);
    bool others = a->at[ANNOTATORS_MOST].answers > 0;
    if (others) out[a->n] = a->at[ANNOTATORS_MOST];
    return a->n + others;
}

static double annotators_accuracy(struct annotators *a, uint64_t who) {
    size_t i = 0;
    annotators_refresh(a);
    while (i < a->n && a->at[i].who != who) i++;
    return a->at[i < a->n ? i : ANNOTATORS_MOST].accuracy;
}

/* Of what all say, were it this class. */
static double annotators_likelihood(struct annotators *a, const struct opinion *o, size_t n,
                                    int32_t class_) {
    double product = 1;
    for (size_t i = 0; i < n; i++) {
        double right = annotators_accuracy(a, o[i].who);
        product *= o[i].class_ == class_ ? right : (1 - right) / (double)(a->k - 1);
    }
    return product;
}

static bool opinion_is_first(const struct opinion *o, size_t i) {
    for (size_t j = 0; j < i; j++)
        if (o[j].class_ == o[i].class_) return false;
    return true;
}

/* Classes that nobody named are all as likely. */
int annotators_likeliest(struct annotators *a, const struct opinion *o, size_t n,
                         double *probability) {
    double best = 0, sum = 0;
    int32_t class_ = o[0].class_;
    size_t named = 0;
    for (size_t i = 0; i < n; i++) {
        if (!opinion_is_first(o, i)) continue;
        double one = annotators_likelihood(a, o, n, o[i].class_);
        named++;
        sum += one;
        if (one > best) best = one, class_ = o[i].class_;
    }
    sum += (double)(a->k - named) * annotators_likelihood(a, o, n, -1);
    *probability = best / sum;
    return class_;
}

int annotators_settle(struct annotators *a, const struct opinion *o, size_t n, double *belief) {
    double k = (double)a->k, right;
    int class_ = annotators_likeliest(a, o, n, &right);
    *belief = fmax(ANNOTATORS_BELIEF_LEAST, (k * right - 1) / (k - 1));
    return class_;
}

void annotators_dispute(struct annotators *a, const struct opinion *o, size_t n, bool open,
                        struct disputes *sum) {
    double probability;
    if (open) return;
    (void)annotators_likeliest(a, o, n, &probability);
    if (probability < ANNOTATORS_SETTLED) sum->undecided++;
    else if (n > 2) sum->third++;
}

bool annotators_known(const struct annotators *a) {
    for (size_t i = 0; i <= ANNOTATORS_MOST; i++)
        if (annotators_checked(a, i) >= ANNOTATORS_PAIRS_LEAST) return true;
    return false;
}

/* ---- all readers as one ---- */

/* Pairs, each once. */
static struct pair_counts annotators_pairs(const struct annotators *a) {
    uint64_t n = 0, agreed = 0;
    for (size_t i = 0; i <= ANNOTATORS_MOST; i++) n += a->at[i].pairs, agreed += a->at[i].agreed;
    return (struct pair_counts){(uint32_t)(n / 2), (uint32_t)(agreed / 2)};
}

/* Weights of the accuracies above chance; false: too few pairs. Before, the agreement is as
 * Jeffreys (1946) has a share: so the interval covers about as often as it says, also where nearly
 * all pairs agree. Below chance the agreement would be the same again, and who reads would call
 * each class by another's name. */
static bool annotators_weigh_readers(struct annotators *a, double weight[GRID]) {
    struct pair_counts p = annotators_pairs(a);
    if (p.n < ANNOTATORS_PAIRS_LEAST) return false;
    annotators_refresh(a);
    for (size_t i = 0; i < GRID; i++) {
        double x = grid_accuracy(i), agree = chance_agree(a, x, x) + a->unlike,
               slope = x - (1 - x) / (double)(a->k - 1); // half of what agreement gains by x
        agree = fmax(least, fmin(agree, 1 - least));
        weight[i] = -INFINITY;
        if (slope > 0)
            weight[i] =
                log(slope) + log_likelihood(agree, p.agreed - jeffreys, p.n - p.agreed - jeffreys);
    }
    grid_normalise(weight);
    return true;
}

void annotators_readers(struct annotators *a, struct readers *out) {
    double weight[GRID];
    struct pair_counts p = annotators_pairs(a);
    *out = (struct readers){p.n, p.agreed, NAN, NAN, NAN};
    if (!annotators_weigh_readers(a, weight)) return;
    out->accuracy = grid_quantile(weight, 0.5);
    out->low = grid_quantile(weight, tail);
    out->high = grid_quantile(weight, 1 - tail);
}

/* ---- figures against the truth ---- */

static bool estimate_is_corrected(enum estimate_name name) {
    return name == ESTIMATE_ACCURACY || name == ESTIMATE_PREVALENCE || name == ESTIMATE_PRECISION ||
           name == ESTIMATE_PRECISION_AT_CAPACITY;
}

/* The chance that what is seen, were it drawn again, lies below x: normal on either side of the
 * estimate, as wide as its interval. */
static double seen_below(const struct estimate *seen, double x) {
    double reach = x < seen->value ? seen->value - seen->low : seen->high - seen->value;
    if (!(reach > 0)) return x < seen->value ? 0 : 1;
    return 0.5 * erfc(-(x - seen->value) / reach * deviate * M_SQRT1_2);
}

/* What a figure looks like from the annotators' side. */
struct sight {
    const struct annotators *a;
    const double *weight;                          // (GRID) of accuracies
    const struct estimate *seen;                   // the figure
    const struct estimate *precision, *prevalence; // the same; only of a recall
};

/* The chance that a share of the truth lies below, with readers of that accuracy. */
static double share_below(const struct sight *s, double right, double truth) {
    double wrong = (1 - right) / (double)(s->a->k - 1);
    return seen_below(s->seen, truth * right + (1 - truth) * wrong);
}

static double estimate_deviation(const struct estimate *e) {
    return (e->high - e->low) / 2 / deviate;
}

/* Normal about what it were with readers of that accuracy. How far recall and precision are off
 * adds up, for they share the caught; the prevalence is on its own. Where it is hardly above what
 * wrong answers make, nothing is known. */
static double recall_below(const struct sight *s, double right, double truth) {
    const double wrong = (1 - right) / (double)(s->a->k - 1), q = s->prevalence->value,
                 p = s->precision->value, gap = q - wrong,
                 off_q = estimate_deviation(s->prevalence);
    if (!(gap > off_q) || !(p > wrong)) return truth;
    const double scale = q * (1 - wrong / p) / gap, recall = s->seen->value * scale,
                 by_p =
                     s->seen->value * q * wrong / (p * p * gap) * estimate_deviation(s->precision),
                 by_q = recall * wrong / (q * gap) * off_q;
    struct estimate at = {.value = recall};
    at.low =
        recall - hypot(scale * (s->seen->value - s->seen->low) + deviate * by_p, deviate * by_q);
    at.high =
        recall + hypot(scale * (s->seen->high - s->seen->value) + deviate * by_p, deviate * by_q);
    return seen_below(&at, truth);
}

/* The same over all accuracies. */
static double truth_below(const struct sight *s, double truth) {
    double sum = 0;
    for (size_t i = 0; i < GRID; i++) {
        if (s->weight[i] < nothing) continue;
        double right = grid_accuracy(i);
        sum += s->weight[i] *
               (s->precision ? recall_below(s, right, truth) : share_below(s, right, truth));
    }
    return sum;
}

/* Between 0 and 1; what lies beyond is at its end. */
static double truth_quantile(const struct sight *s, double share) {
    double low = 0, high = 1;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        if (truth_below(s, middle) < share) low = middle;
        else high = middle;
    }
    return (low + high) / 2;
}

/* False: it cannot be said. */
static bool sight_of(struct sight *s, const struct estimates *seen, enum estimate_name name) {
    s->seen = &seen->of[name];
    if (name == ESTIMATE_RECALL) s->precision = &seen->of[ESTIMATE_PRECISION];
    else if (name == ESTIMATE_RECALL_AT_CAPACITY)
        s->precision = &seen->of[ESTIMATE_PRECISION_AT_CAPACITY];
    else if (!estimate_is_corrected(name)) return false;
    if (s->precision) s->prevalence = &seen->of[ESTIMATE_PREVALENCE];
    if (s->precision && (isnan(s->precision->value) || isnan(s->prevalence->value))) return false;
    return !isnan(s->seen->value);
}

void annotators_correct(struct annotators *a, enum estimate_name name, const struct estimates *seen,
                        struct estimate *out) {
    double weight[GRID];
    struct sight s = {.a = a, .weight = weight};
    *out = (struct estimate){NAN, NAN, NAN, NAN, NAN};
    if (!sight_of(&s, seen, name) || !annotators_weigh_readers(a, weight)) return;
    if (truth_below(&s, 1) - truth_below(&s, 0) < 2 * tail)
        return; // no truth looks like that to
                // readers who are alike
    out->value = truth_quantile(&s, 0.5);
    out->low = truth_quantile(&s, tail);
    out->high = truth_quantile(&s, 1 - tail);
}
