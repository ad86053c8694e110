/* How right annotators are, from pairs and settled answers; figures freed of their errors. */
#include "estimate/annotators.h"

#include "base/rng.h"
#include "unit/test.h"

#include <math.h>

enum { RUNS = 60, TRIALS = 200 };

static bool chance(struct rng *r, double p) { return rng_next_unit(r) < p; }

/* A class of k by a reader who is right with probability a. */
static size_t reads(struct rng *r, size_t truth, size_t k, double a) {
    return chance(r, a) ? truth : (truth + 1 + rng_below(rng_next(r), k - 1)) % k;
}

static void tell_pair(struct annotators *a, uint64_t one, uint64_t other, bool agree) {
    annotators_pair(a, &(struct answer_pair){{one, other}, agree});
}

static void who_is_no_pair(void **state) {
    (void)state;
    assert_true(answer_pair_counts(&(struct answer_pair){{1, 2}, true}));
    assert_false(answer_pair_counts(&(struct answer_pair){{1, 1}, true}));
    assert_false(answer_pair_counts(&(struct answer_pair){{0, 2}, true}));
    assert_false(answer_pair_counts(&(struct answer_pair){{1, 0}, true}));
}

/* Nothing is known but the prior, Beta(8, 2). */
static void of_whom_nothing_was_checked(void **state) {
    (void)state;
    struct annotators *a = annotators_create(2);
    struct annotator list[ANNOTATORS_MOST + 1];
    annotators_answer(a, 7);
    assert_int_equal(annotators_read(a, list), 1);
    assert_int_equal(list[0].answers, 1);
    assert_true(fabs(list[0].accuracy - 0.8) < 0.002);
    assert_true(fabs(list[0].low - 0.518) < 0.005 && fabs(list[0].high - 0.972) < 0.005);
    assert_false(list[0].at_chance);
    annotators_destroy(a);
}

/* Settled answers alone: the posterior is Beta(8 + right, 2 + wrong). */
static void settled_answers_are_counted(void **state) {
    (void)state;
    struct annotators *a = annotators_create(2);
    struct annotator list[ANNOTATORS_MOST + 1];
    for (int i = 0; i < 40; i++) annotators_settled(a, 7, i < 36);
    assert_int_equal(annotators_read(a, list), 1);
    assert_true(fabs(list[0].accuracy - 44.0 / 50) < 0.002);
    assert_int_equal(list[0].settled, 40);
    assert_int_equal(list[0].right, 36);
    annotators_destroy(a);
}

/* One opinion says what it said, however little it is believed. Of two the likelier class is taken;
 * where neither is, the first one's, and it is hardly believed. */
static void opinions_make_one_label(void **state) {
    (void)state;
    struct annotators *a = annotators_create(3);
    double belief;
    for (int i = 0; i < 200; i++)
        annotators_settled(a, 1, i % 20 != 0), annotators_settled(a, 2, i % 5 == 0);
    const struct opinion of_bad[] = {{2, 1}}, agree[] = {{7, 2}, {8, 2}},
                         differ[] = {{7, 2}, {8, 0}}, better[] = {{2, 1}, {1, 0}},
                         third[] = {{7, 2}, {8, 0}, {9, 0}};
    assert_int_equal(annotators_settle(a, of_bad, 1, &belief), 1);
    assert_true(belief == ANNOTATORS_BELIEF_LEAST);
    assert_int_equal(annotators_settle(a, agree, 2, &belief), 2);
    assert_true(fabs(belief - (3 * (0.64 / 0.66) - 1) / 2) <
                0.003); // each right eight times of ten
    assert_int_equal(annotators_settle(a, differ, 2, &belief), 2);
    assert_true(fabs(belief - (3 * (0.08 / 0.17) - 1) / 2) < 0.003);
    assert_int_equal(annotators_settle(a, better, 2, &belief), 0);
    assert_true(belief > 0.8);
    assert_int_equal(annotators_settle(a, third, 3, &belief), 0);
    annotators_destroy(a);
}

/* As a label two opinions are as often right as they are said to be, and oftener than the first. */
static void two_opinions_are_believed_as_far_as_they_are_right(void **state) {
    (void)state;
    enum { CLASSES = 2, CHECKED = 2000, SAMPLES = 20000 };
    static const double is[] = {0.9, 0.75, 0.6};
    struct annotators *a = annotators_create(CLASSES);
    struct rng r = {.seed = 31};
    double said = 0, first = 0, settled = 0;
    for (int i = 0; i < CHECKED; i++)
        for (uint64_t who = 0; who < 3; who++) annotators_settled(a, who + 1, chance(&r, is[who]));
    for (int i = 0; i < SAMPLES; i++) {
        size_t truth = rng_below(rng_next(&r), CLASSES), one = rng_below(rng_next(&r), 3),
               two = (one + 1 + rng_below(rng_next(&r), 2)) % 3;
        struct opinion o[] = {{one + 1, (int32_t)reads(&r, truth, CLASSES, is[one])},
                              {two + 1, (int32_t)reads(&r, truth, CLASSES, is[two])}};
        double belief;
        settled += annotators_settle(a, o, 2, &belief) == (int)truth;
        said += (1 + belief) / 2;
        first += o[0].class_ == (int)truth;
    }
    assert_true(settled > first + 0.08 * SAMPLES);
    assert_true(fabs(settled - said) < 0.01 * SAMPLES);
    annotators_destroy(a);
}

static void more_than_are_told_apart_are_one(void **state) {
    (void)state;
    struct annotators *a = annotators_create(2);
    struct annotator list[ANNOTATORS_MOST + 1];
    for (uint64_t i = 1; i <= 3 * ANNOTATORS_MOST; i++) annotators_answer(a, i);
    annotators_answer(a, 0);
    assert_int_equal(annotators_read(a, list), ANNOTATORS_MOST + 1);
    assert_int_equal(list[ANNOTATORS_MOST].who, 0);
    assert_int_equal(list[ANNOTATORS_MOST].answers, 2 * ANNOTATORS_MOST + 1);
    annotators_destroy(a);
}

/* One of four draws lots; all are found as they are from their pairs alone. */
static void readers_are_found_from_pairs(void **state) {
    (void)state;
    static const double is[] = {0.95, 0.9, 0.85, 0.5};
    struct annotators *a = annotators_create(2);
    struct annotator list[ANNOTATORS_MOST + 1];
    struct rng r = {.seed = 3};
    for (int i = 0; i < 3000; i++) {
        size_t one = rng_below(rng_next(&r), 4), other = (one + 1 + rng_below(rng_next(&r), 3)) % 4;
        tell_pair(a, one + 1, other + 1, reads(&r, 0, 2, is[one]) == reads(&r, 0, 2, is[other]));
    }
    size_t n = annotators_read(a, list);
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++) {
        assert_true(fabs(list[i].accuracy - is[list[i].who - 1]) < 0.04);
        assert_true(list[i].low < is[list[i].who - 1] && is[list[i].who - 1] < list[i].high);
        assert_int_equal(list[i].at_chance, is[list[i].who - 1] < 0.6);
    }
    annotators_destroy(a);
}

/* ---- gold ---- */

/* Readers 2 and 3 read until they agree; what reader 1 says of that sample. */
static struct gold_answer ask_gold(struct rng *r, double accuracy, double partners) {
    size_t one, other;
    do one = reads(r, 0, 2, partners), other = reads(r, 0, 2, partners);
    while (one != other);
    return (struct gold_answer){1, {2, 3}, reads(r, 0, 2, accuracy) == one};
}

/* n gold questions of reader 1, by two who are `partners`; the last pairs tell how right these are.
 */
static struct annotators *gold_annotators(struct rng *r, double accuracy, double partners, int n) {
    struct annotators *a = annotators_create(2);
    for (int i = 0; i < n; i++) {
        struct gold_answer g = ask_gold(r, accuracy, partners);
        annotators_answer(a, 1);
        annotators_gold(a, &g);
    }
    for (int i = 0; i < 2000; i++)
        tell_pair(a, 2, 3, reads(r, 0, 2, partners) == reads(r, 0, 2, partners));
    return a;
}

/* Also where one of 17 of the classes that two agreed on is wrong. */
static void gold_says_how_right_who_answers_is(void **state) {
    (void)state;
    enum { GOLD = 400 };
    static const double is[] = {0.95, 0.7, 0.5};
    struct rng r = {.seed = 17};
    struct annotator list[ANNOTATORS_MOST + 1];
    for (size_t i = 0; i < 3; i++) {
        int by_all = 0, by_gold = 0;
        for (int run = 0; run < TRIALS; run++) {
            struct annotators *a = gold_annotators(&r, is[i], 0.8, GOLD);
            (void)annotators_read(a, list);
            assert_true(list[0].gold == GOLD && list[0].pairs == 0 && list[0].answers == GOLD);
            by_all += list[0].low < is[i] && is[i] < list[0].high;
            by_gold += list[0].gold_low < is[i] && is[i] < list[0].gold_high;
            assert_true(list[0].gold_high - list[0].gold_low < 0.12);
            assert_int_equal(list[1].gold, 0);
            assert_true(isnan(list[1].gold_accuracy));
            annotators_destroy(a);
        }
        print_message("%.2f: by all %d, by gold %d of %d\n", is[i], by_all, by_gold, TRIALS);
        assert_true(by_all >= 0.91 * TRIALS && by_gold >= 0.91 * TRIALS);
    }
}

/* What is certain settles a question as it settles an answer. */
static void certain_gold_is_certain(void **state) {
    (void)state;
    struct annotators *a = annotators_create(2);
    struct annotator list[ANNOTATORS_MOST + 1];
    for (int i = 0; i < 40; i++)
        annotators_gold(a, &(struct gold_answer){.who = 7, .right = i < 36});
    assert_int_equal(annotators_read(a, list), 1);
    assert_true(list[0].gold == 40 && list[0].gold_right == 36 && list[0].settled == 0);
    assert_true(fabs(list[0].accuracy - 44.0 / 50) < 0.002);
    assert_true(fabs(list[0].gold_accuracy - 37.0 / 42) < 0.002);
    assert_true(annotators_known(a));
    annotators_destroy(a);
}

/* Before or behind what tells of those who agreed, once or forgotten and told anew: the same bits.
 */
static void gold_may_be_told_at_any_time(void **state) {
    (void)state;
    struct annotators *first = annotators_create(2), *last = annotators_create(2);
    struct annotator one[ANNOTATORS_MOST + 1], other[ANNOTATORS_MOST + 1];
    for (int i = 0; i < 100; i++)
        annotators_gold(first, &(struct gold_answer){1, {2, 3}, i % 4 != 0}),
            annotators_gold(last, &(struct gold_answer){1, {2, 3}, false});
    for (int i = 0; i < 100; i++) {
        tell_pair(first, 2, 3, i % 5 != 0);
        tell_pair(last, 2, 3, i % 5 != 0);
        (void)annotators_read(last, other);
    }
    annotators_forget_gold(last);
    for (int i = 0; i < 100; i++)
        annotators_gold(last, &(struct gold_answer){1, {3, 2}, i % 4 != 3});
    assert_int_equal(annotators_read(first, one), 3);
    assert_int_equal(annotators_read(last, other), 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(one[i].accuracy == other[i].accuracy && one[i].low == other[i].low &&
                    one[i].at_chance == other[i].at_chance);
    struct readers r, s;
    annotators_readers(first, &r);
    assert_true(r.pairs == 100 && r.agreed == 80); // gold is drawn from what is agreed: no pairs
    annotators_readers(last, &s);
    assert_true(r.accuracy == s.accuracy);
    annotators_destroy(first);
    annotators_destroy(last);
}

/* Half of the samples are hard: who is right 80 times of 100 looks as if he were so 83 or 84 times,
 * by gold as by pairs. */
static void what_is_agreed_on_is_easy(void **state) {
    (void)state;
    enum { SAMPLES = 40000 };
    struct annotators *a = annotators_create(2);
    struct annotator list[ANNOTATORS_MOST + 1];
    struct rng r = {.seed = 23};
    for (int i = 0; i < SAMPLES; i++) {
        const double is = i % 2 ? 0.65 : 0.95;
        const size_t one = reads(&r, 0, 2, is), other = reads(&r, 0, 2, is);
        tell_pair(a, 2, 3, one == other);
        if (one == other)
            annotators_gold(a, &(struct gold_answer){1, {2, 3}, reads(&r, 0, 2, is) == one});
    }
    assert_int_equal(annotators_read(a, list), 3);
    struct readers paired;
    annotators_readers(a, &paired);
    for (size_t i = 0; i < 3; i++)
        if (list[i].who == 1) assert_true(fabs(list[i].gold_accuracy - 0.835) < 0.01);
    assert_true(fabs(paired.accuracy - 0.835) < 0.01);
    annotators_destroy(a);
}

/* ---- who draws lots ---- */

/* Gold questions until reader 1 is called at chance. */
static int until_flagged_by_gold(struct rng *r, double accuracy, int most) {
    struct annotators *a = gold_annotators(r, accuracy, 0.85, 0);
    struct annotator list[ANNOTATORS_MOST + 1];
    bool flagged = false;
    int n = 0;
    while (!flagged && n++ < most) {
        struct gold_answer g = ask_gold(r, accuracy, 0.85);
        annotators_gold(a, &g);
        size_t of = annotators_read(a, list);
        for (size_t i = 0; i < of; i++) flagged |= list[i].who == 1 && list[i].at_chance;
    }
    annotators_destroy(a);
    return n;
}

static void who_draws_lots_is_flagged_by_gold(void **state) {
    (void)state;
    struct rng r = {.seed = 19};
    int lots = 0, good = 0, sum = 0;
    for (int run = 0; run < RUNS; run++) {
        int n = until_flagged_by_gold(&r, 0.5, 40);
        lots += n <= 40;
        sum += n;
        good += until_flagged_by_gold(&r, 0.8, 40) <= 40;
    }
    print_message("within 40: lots %d, good %d of %d; on average %d\n", lots, good, RUNS,
                  sum / RUNS);
    assert_true(lots >= 0.88 * RUNS && good <= 0.05 * RUNS);
}

/* Checked answers until one is called at chance; at most `most`, else most + 1. */
static int until_flagged(struct rng *r, double accuracy, double partner, int most) {
    struct annotators *a = annotators_create(2);
    struct annotator list[ANNOTATORS_MOST + 1];
    int n = 0;
    for (int i = 0; i < 300 && partner < 1; i++) // the others know each other
        tell_pair(a, 2, 3, reads(r, 0, 2, partner) == reads(r, 0, 2, partner));
    bool flagged = false;
    while (!flagged && n++ < most) {
        bool right = chance(r, accuracy);
        if (partner < 1) tell_pair(a, 1, 2 + (uint64_t)(n % 2), right == chance(r, partner));
        else annotators_settled(a, 1, right);
        size_t of = annotators_read(a, list);
        for (size_t i = 0; i < of; i++) flagged |= list[i].who == 1 && list[i].at_chance;
    }
    annotators_destroy(a);
    return n;
}

static double share_flagged(double accuracy, double partner, int most) {
    struct rng r = {.seed = 11};
    int flagged = 0;
    for (int run = 0; run < RUNS; run++)
        flagged += until_flagged(&r, accuracy, partner, most) <= most;
    return (double)flagged / RUNS;
}

/* Within 40 answers that were checked; and who is right eight times of ten is seldom called so. */
static void who_draws_lots_is_flagged_soon(void **state) {
    (void)state;
    double settled = share_flagged(0.5, 1, 40), paired = share_flagged(0.5, 0.95, 40),
           less = share_flagged(0.5, 0.85, 40), good = share_flagged(0.8, 1, 100),
           better = share_flagged(0.9, 0.9, 100);
    print_message("settled %.3f, paired %.3f, less surely %.3f, good %.3f, better %.3f\n", settled,
                  paired, less, good, better);
    assert_true(settled >= 0.9 && paired >= 0.85 && less >= 0.6 && less < paired);
    assert_true(good <= 0.05 && better <= 0.02);
}

/* ---- figures ---- */

struct trial {
    size_t k, readers, draws, pairs;
    double is[4]; // of the readers
    double truth; // of the figure
};

/* What two agreed on, asked of whoever is left. */
static void tell_gold(struct annotators *a, struct rng *r, const struct trial *t, size_t one,
                      size_t other, size_t truth, size_t settled) {
    size_t third = 0;
    while (third == one || third == other) third++;
    annotators_gold(a, &(struct gold_answer){third + 1,
                                             {one + 1, other + 1},
                                             reads(r, truth, t->k, t->is[third]) == settled});
}

/* Seen: a plain binomial share. Whether the truth lies within what is said of it. gold: each double
 * answer that agreed becomes a gold question. */
static bool covers(struct rng *r, const struct trial *t, bool gold, double *seen_low,
                   double *seen_high) {
    struct annotators *a = annotators_create(t->k);
    double hits = 0, n = (double)t->draws;
    for (size_t i = 0; i < t->draws; i++) {
        size_t right = chance(r, t->truth) ? 0 : 1; // the model says 0
        size_t one = rng_below(rng_next(r), t->readers),
               other = (one + 1 + rng_below(rng_next(r), t->readers - 1)) % t->readers;
        size_t first = reads(r, right, t->k, t->is[one]);
        hits += first == 0;
        if (i >= t->pairs) continue;
        const bool agree = first == reads(r, right, t->k, t->is[other]);
        tell_pair(a, one + 1, other + 1, agree);
        if (gold && agree) tell_gold(a, r, t, one, other, right, first);
    }
    double p = (hits + 2) / (n + 4), reach = 1.96 * sqrt(p * (1 - p) / (n + 4));
    struct estimates seen = {.of[ESTIMATE_ACCURACY] = {hits / n, p - reach, p + reach, NAN, NAN}};
    struct estimate out;
    annotators_correct(a, ESTIMATE_ACCURACY, &seen, &out);
    annotators_destroy(a);
    *seen_low = p - reach, *seen_high = p + reach;
    assert_true(out.low <= out.value && out.value <= out.high);
    return out.low <= t->truth && t->truth <= out.high;
}

static double coverage(const struct trial *t, bool gold, double *plain) {
    struct rng r = {.seed = 5};
    int held = 0, seen = 0;
    for (int run = 0; run < TRIALS; run++) {
        double low, high;
        held += covers(&r, t, gold, &low, &high);
        seen += low <= t->truth && t->truth <= high;
    }
    *plain = (double)seen / TRIALS;
    return (double)held / TRIALS;
}

/* At 5, 10 and 20 % of wrong answers, with few pairs and many, two classes and five, readers alike
 * and not, and whether or not what two agreed on is gold. The interval that believes the annotators
 * seldom holds the truth. */
static void the_corrected_interval_holds_the_truth(void **state) {
    (void)state;
    static const struct trial trials[] = {{2, 4, 400, 20, {0.95, 0.95, 0.95, 0.95}, 0.867},
                                          {2, 4, 400, 20, {0.9, 0.9, 0.9, 0.9}, 0.867},
                                          {2, 4, 400, 20, {0.8, 0.8, 0.8, 0.8}, 0.867},
                                          {2, 4, 2000, 100, {0.95, 0.95, 0.95, 0.95}, 0.867},
                                          {2, 4, 2000, 100, {0.9, 0.9, 0.9, 0.9}, 0.867},
                                          {2, 4, 2000, 100, {0.8, 0.8, 0.8, 0.8}, 0.867},
                                          {2, 4, 2000, 400, {0.8, 0.8, 0.8, 0.8}, 0.6},
                                          {2, 4, 2000, 400, {0.95, 0.95, 0.9, 0.5}, 0.867},
                                          {2, 3, 2000, 200, {0.95, 0.95, 0.6}, 0.867},
                                          {5, 4, 2000, 100, {0.9, 0.9, 0.8, 0.8}, 0.7},
                                          {2, 4, 2000, 100, {1, 1, 1, 1}, 0.9}};
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++) {
        double plain, held = coverage(&trials[i], false, &plain),
                      with_gold = coverage(&trials[i], true, &plain);
        print_message("trial %zu: corrected %.3f, with gold %.3f, as seen %.3f\n", i, held,
                      with_gold, plain);
        assert_true(held >= 0.91 && with_gold >= 0.91);
    }
}

/* Draws of which `positive` in 100 are so, that have an alarm as often as said, and readers of one
 * accuracy; the shares are plain ones. */
struct recall_trial {
    double right, positive, recall, false_alarms;
    size_t draws, pairs;
};

static struct estimate seen_share(double hits, double n) {
    double p = (hits + 2) / (n + 4), reach = 1.96 * sqrt(p * (1 - p) / (n + 4));
    return (struct estimate){n > 0 ? hits / n : NAN, p - reach, p + reach, NAN, NAN};
}

/* 1: the truth is within what is said, with the width; 0: it is not. */
static bool recall_covers(struct rng *r, const struct recall_trial *t, bool capacity,
                          struct estimate *out, bool *plain) {
    struct annotators *a = annotators_create(2);
    double caught = 0, alarms = 0, called = 0;
    for (size_t i = 0; i < t->draws; i++) {
        bool is = chance(r, t->positive), alarm = chance(r, is ? t->recall : t->false_alarms),
             said = chance(r, t->right) == is;
        caught += said && alarm, alarms += alarm, called += said;
        if (i < t->pairs) tell_pair(a, 1, 2, said == (chance(r, t->right) == is));
    }
    enum estimate_name name = capacity ? ESTIMATE_RECALL_AT_CAPACITY : ESTIMATE_RECALL,
                       other = capacity ? ESTIMATE_PRECISION_AT_CAPACITY : ESTIMATE_PRECISION;
    struct estimates seen = {.of = {[ESTIMATE_PREVALENCE] = seen_share(called, (double)t->draws)}};
    seen.of[name] = seen_share(caught, called);
    seen.of[other] = seen_share(caught, alarms);
    annotators_correct(a, name, &seen, out);
    annotators_destroy(a);
    *plain = seen.of[name].low <= t->recall && t->recall <= seen.of[name].high;
    assert_true(out->low <= out->value && out->value <= out->high && isnan(out->always_low));
    return out->low <= t->recall && t->recall <= out->high;
}

/* At 5, 10 and 20 % of wrong answers, of classes that are common and rare. What is called positive
 * by mistake has hardly an alarm, so the recall that is seen is far too low. Where errors are as
 * many as positives it is said that nothing is known. */
static void the_corrected_recall_holds_the_truth(void **state) {
    (void)state;
    static const struct recall_trial trials[] = {
        {0.95, 0.5, 0.7, 0.1, 2000, 100},  {0.9, 0.5, 0.7, 0.1, 400, 20},
        {0.8, 0.5, 0.7, 0.1, 2000, 100},   {0.95, 0.2, 0.7, 0.05, 2000, 100},
        {0.9, 0.2, 0.7, 0.05, 2000, 100},  {0.8, 0.2, 0.9, 0.05, 2000, 100},
        {0.95, 0.1, 0.7, 0.03, 2000, 100}, {0.9, 0.03, 0.7, 0.01, 2000, 100}};
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++) {
        struct rng r = {.seed = 7};
        double held = 0, plain = 0, width = 0;
        for (int run = 0; run < TRIALS; run++) {
            struct estimate out;
            bool one;
            held += recall_covers(&r, &trials[i], run % 2, &out, &one);
            plain += one, width += out.high - out.low;
        }
        print_message("recall %zu: corrected %.3f, as seen %.3f, width %.2f\n", i, held / TRIALS,
                      plain / TRIALS, width / TRIALS);
        assert_true(held >= 0.91 * TRIALS && plain < 0.7 * TRIALS);
        if (trials[i].positive >= 0.5) assert_true(width < 0.45 * TRIALS);
    }
}

/* Half of the pairs agree, so readers are at chance or little above it, and yet all answers are as
 * the model said: not of readers who are alike. No certainty is made of that. */
static void what_no_truth_explains_is_not_known(void **state) {
    (void)state;
    struct annotators *a = annotators_create(2);
    struct estimates seen = {.of[ESTIMATE_ACCURACY] = {1, 0.99, 1, NAN, NAN}};
    struct estimate out;
    for (int i = 0; i < 200; i++) tell_pair(a, 1, 2, i % 2);
    annotators_correct(a, ESTIMATE_ACCURACY, &seen, &out);
    assert_true(isnan(out.value) && isnan(out.low) && isnan(out.high));
    annotators_destroy(a);
}

static void too_few_pairs_say_nothing(void **state) {
    (void)state;
    struct annotators *a = annotators_create(2);
    struct estimates seen = {.of[ESTIMATE_ACCURACY] = {0.8, 0.75, 0.85, 0.7, 0.9},
                             .of[ESTIMATE_COST] = {0.8, 0.75, 0.85, 0.7, 0.9},
                             .of[ESTIMATE_RECALL] = {0.8, 0.75, 0.85, 0.7, 0.9},
                             .of[ESTIMATE_PRECISION].value = NAN};
    struct estimate out;
    struct readers readers;
    for (int i = 0; i < ANNOTATORS_PAIRS_LEAST; i++) {
        annotators_correct(a, ESTIMATE_ACCURACY, &seen, &out);
        annotators_readers(a, &readers);
        assert_true(isnan(out.value) && isnan(out.low) && isnan(out.high));
        assert_true(isnan(readers.accuracy) && readers.pairs == (uint64_t)i);
        tell_pair(a, 1, 2, true);
    }
    annotators_correct(a, ESTIMATE_ACCURACY, &seen, &out);
    assert_true(out.low <= 0.8 && 0.8 <= out.high && isnan(out.always_low));
    annotators_correct(a, ESTIMATE_COST, &seen, &out);
    assert_true(isnan(out.value));
    annotators_correct(a, ESTIMATE_RECALL, &seen, &out);
    assert_true(isnan(out.value)); // nobody knows of what is an alarm
    annotators_destroy(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_truth_explains_is_not_known),
        cmocka_unit_test(who_is_no_pair),
        cmocka_unit_test(of_whom_nothing_was_checked),
        cmocka_unit_test(settled_answers_are_counted),
        cmocka_unit_test(opinions_make_one_label),
        cmocka_unit_test(two_opinions_are_believed_as_far_as_they_are_right),
        cmocka_unit_test(more_than_are_told_apart_are_one),
        cmocka_unit_test(readers_are_found_from_pairs),
        cmocka_unit_test(gold_says_how_right_who_answers_is),
        cmocka_unit_test(certain_gold_is_certain),
        cmocka_unit_test(gold_may_be_told_at_any_time),
        cmocka_unit_test(what_is_agreed_on_is_easy),
        cmocka_unit_test(who_draws_lots_is_flagged_by_gold),
        cmocka_unit_test(who_draws_lots_is_flagged_soon),
        cmocka_unit_test(the_corrected_interval_holds_the_truth),
        cmocka_unit_test(the_corrected_recall_holds_the_truth),
        cmocka_unit_test(too_few_pairs_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
