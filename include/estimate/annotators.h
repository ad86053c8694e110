/* How often the annotators are right, from samples that two of them answered without a sight of
 * each other, and from answers whose truth came to be known for certain; and figures against the
 * truth instead of against the annotators.
 *
 * One number an annotator: right with probability a, whatever the class, and each wrong class as
 * likely as the others (Dawid and Skene 1979, with one parameter). Who errs on one class only is
 * not told apart from who errs on all. Two readers of one sample agree with a·b + (1−a)(1−b)/(k−1).
 *
 * Pure; what it is told may come in any order, and is told once.
 *
 * Thread: one owner */
#pragma once

#include "estimate/estimator.h"

enum {
    ANNOTATORS_MOST = 40,       // that are told apart; all others are one
    ANNOTATORS_PAIRS_LEAST = 10 // double answers below which no figure is held against the truth
};

struct annotators;
/* k: classes. Some 80 KiB; the caller destroys it. */
struct annotators *annotators_create(size_t k);
void annotators_destroy(struct annotators *a);

/* Two answers to one sample, by two that did not see each other's. Each is known by a hash of the
 * name, 0 where there is none; the same one twice, or one without a name, is no pair. */
struct answer_pair {
    uint64_t who[2];
    bool agree;
};
bool answer_pair_counts(const struct answer_pair *p);

/* An answer that names a class; a pair that counts; an answer whose truth is certain now. */
void annotators_answer(struct annotators *a, uint64_t who);
void annotators_pair(struct annotators *a, const struct answer_pair *p);
void annotators_settled(struct annotators *a, uint64_t who, bool right);

/* An answer to a gold question: a sample whose class was settled, asked again of somebody else. */
struct gold_answer {
    uint64_t who;   // who gave it; 0: nobody yet, or nobody whose answer tells something of him
    uint64_t by[2]; // the two who agreed on the class; 0, 0: it is certain
    bool right;
};
/* Of somebody with a name, who is none of the two. Each says as much of him as a pair with a reader
 * who is right as often as such classes are. What was told before may be forgotten, to tell all
 * anew. */
void annotators_gold(struct annotators *a, const struct gold_answer *g);
void annotators_forget_gold(struct annotators *a);

struct annotator {
    uint64_t who;               // 0: all that are not told apart, or without a name
    uint64_t answers;           // that name a class
    uint64_t pairs, agreed;     // double answers of these; the other one agreed
    uint64_t settled, right;    // answers whose truth is known; that were right
    uint64_t gold, gold_right;  // answers to gold questions; that gave the settled class
    double accuracy, low, high; // posterior mean, 95 % interval, by all of these
    double gold_accuracy, gold_low, gold_high; // by gold alone, before it all accuracies alike; NaN
                                               // without any
    bool at_chance;                            // see annotators_read
};
/* Each, in the order of first appearance, those not told apart last. The prior is Beta(8, 2): right
 * eight times of ten. at_chance: what was checked is 20 times likelier of somebody who draws lots
 * than of one who is right eight times of ten (Wald 1945, Sequential tests of statistical
 * hypotheses): of those who are, one in 20 is ever called so. At most ANNOTATORS_MOST + 1; returns
 * how many. */
size_t annotators_read(struct annotators *a, struct annotator out[ANNOTATORS_MOST + 1]);

/* What one of them said of a sample. */
struct opinion {
    uint64_t who;   // 0: without a name
    int32_t class_; // -1: nothing
};
/* The opinions of one sample (n, at least one) as one label: of the classes that they name the
 * likeliest, the first one's where another is as likely. Each is right with the accuracy that is
 * known of its annotator, whatever the others say, and before them all classes are alike: what the
 * model thinks plays no part (Dawid and Skene 1979, their E-step). Of a single opinion the
 * probability of its class is that accuracy.
 *
 * *belief: how far the label is believed in a fit: (k·p − 1)/(k − 1) of that probability, which is
 * how much of the label's signal the noise leaves, at least ANNOTATORS_BELIEF_LEAST. The gradient
 * of a loss, freed of the noise, has the variance 1/belief²; weighted by its inverse that is the
 * gradient as it came, times belief. */
#define ANNOTATORS_BELIEF_LEAST 0.02
/* A class that is at least so probable is settled: nobody else needs to be asked. */
#define ANNOTATORS_SETTLED 0.95
int annotators_settle(struct annotators *a, const struct opinion *o, size_t n, double *belief);
/* The same class, with its probability. */
int annotators_likeliest(struct annotators *a, const struct opinion *o, size_t n,
                         double *probability);
/* Samples whose readers disagree: what is known of these may settle the class all the same. */
struct disputes {
    uint64_t undecided; // nobody else is asked, and no class is settled
    uint64_t third;     // of a third reader's answer, with which one is
};
/* One more of them; open: somebody may still answer, so it counts as neither. */
void annotators_dispute(struct annotators *a, const struct opinion *o, size_t n, bool open,
                        struct disputes *sum);
/* Whether somebody was checked often enough that answers may be believed unequally. */
bool annotators_known(const struct annotators *a);

/* All readers of the random arm as one, from the pairs alone, for these are drawn at random. */
struct readers {
    uint64_t pairs, agreed;
    double accuracy, low, high; // NaN below ANNOTATORS_PAIRS_LEAST pairs
};
void annotators_readers(struct annotators *a, struct readers *out);

/* The figure had no annotator ever been wrong: p = (seen − b)/(a − b), b = (1 − a)/(k − 1) (Rogan
 * and Gladen 1978), `low` to `high` with room for what is not known of a. Recall, r as it is seen:
 * r q (1 − b/p)/(q − b), q the prevalence and p the precision that are seen, for of what is called
 * positive b are errors, among alarms and elsewhere. The bands are not told: NaN. All NaN where it
 * cannot be said (cost, average precision), or below ANNOTATORS_PAIRS_LEAST pairs. */
void annotators_correct(struct annotators *a, enum estimate_name name, const struct estimates *seen,
                        struct estimate *out);
