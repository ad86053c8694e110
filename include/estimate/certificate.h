/* Certificates: whether the model's own answer may stand for a person's, class by class.
 *
 * A certificate says: of the samples that the model predicts to be of this class, with a
 * probability at or above the threshold, and that nobody is asked about, at most the share `error`
 * (α) is wrong; this is said falsely with a probability of at most `confidence` (δ) in the life of
 * the service, however often it is looked at. It is earned by the answers of the random arm, which
 * goes on drawing among those samples, and the same answers bet against it from then on.
 *
 * Granting. For each threshold of a fixed list a wealth begins at 1 and bets on each answer of the
 * random arm above it that the error is below α: × (1 + κ u (α − e)), where e is 1 if the model was
 * wrong and u the answer's weight 1/propensity over the largest of late. Were the error α or more,
 * the wealth would be a supermartingale, and would ever reach 1/δ with a probability of at most δ
 * (Ville 1939; Waudby-Smith and Ramdas 2024, Estimating means of bounded random variables by
 * betting). So it may be looked at after each answer, and unequal propensities need nothing more.
 * The thresholds are gone through from the highest down, each by the share of δ that is left to it:
 * fixed-sequence testing (Angelopoulos and others 2021, Learn then Test, arXiv 2110.01052), with
 * two starts and the share of a passed threshold handed down to the next (Wiens 2003, the fallback
 * procedure). Where the two starts are says the number of answers above each threshold, and not
 * what they said.
 *
 * Attempts. An attempt ends with a revocation, or when it has had many times the answers that a
 * grant needs: what was true of a model long ago stands in the way then. The j-th attempt spends
 * δ_j = 6δ / (π² j²), which add up to δ.
 *
 * Revoking. From the grant on a second wealth bets that the error is above α, on the answers to
 * tasks that were asked since: × (1 + λ u (e − α)), where λ looks at the last 2/α of them. While
 * the error is at most α it ever reaches 1/δ with a probability of at most δ. There, the
 * certificate ends.
 *
 * Versions. The rule "predicted so, with that probability, by the version that lived then" is what
 * is certified, over versions that learned from each other: a new one every minute would else never
 * have enough answers. What differs is caught by the bet. A version of another descent (pushed,
 * rolled back to) is not covered: certificate_covers.
 *
 * What is not promised. α is of what is answered for the class. Where samples of another class are
 * rarer than that, all of them may be among the wrong answers, and the promise holds:
 * certificate_hides.
 *
 * Pure: no clock, no Kafka.
 *
 * Thread: one owner */
#pragma once

#include "base/buf.h"
#include "base/word_list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a class has no certificate (any more). */
#define CERTIFICATE_END_TABLE(FIRST, NEXT)                                                         \
    FIRST(CERTIFICATE_NEVER, "never") /* none was granted yet */                                   \
    NEXT(CERTIFICATE_DRIFT, "drift")  /* the bet against it was won: too many were wrong */        \
    NEXT(CERTIFICATE_MODEL, "model")  /* the model in force is not one of its descent */           \
    NEXT(CERTIFICATE_TERMS, "terms")  /* the configuration asks for another error or confidence */ \
    NEXT(CERTIFICATE_OFF, "off")      /* auto.enabled is false */
enum certificate_end { WORDS_ENUM(CERTIFICATE_END_TABLE) CERTIFICATE_ENDS };

/* Of one class: the certificate, if one is granted, and how the present attempt stands. */
struct certificate {
    bool granted;
    uint32_t threshold;       // of UNASKED_ONE (estimate/unasked.h)
    double error, confidence; // α, δ
    uint64_t answers, wrong;  // behind it, when it was granted
    int64_t since_ms;         // when
    uint64_t version, prior;  // the model then, and the pushed one that it descends from (0: none)
    uint32_t attempt;         // the present one, from 1
    int64_t from_ms;          // answers to tasks asked before are not of it
    enum certificate_end end; // of the last one; CERTIFICATE_NEVER: there was none
    int64_t ended_ms;
    uint64_t seen, missed; // so far: answers of the present attempt, and wrong ones of them
    double needed; // at least so many more, all of them right, for a first grant; 0 if granted
    double others; // share of the samples that are of the positive class, or if it is of that one:
                   // that are not; 0: not known
};

/* A certificate says nothing of versions that did not learn from the one it was granted by. prior:
 * of that version, as above. */
static inline bool certificate_covers(const struct certificate *c, uint64_t version,
                                      uint64_t prior) {
    return c->granted && version >= c->version && prior == c->prior;
}

/* The largest part of the others' samples that may be answered wrongly within the promise: α of at
 * most all samples. 0: not known. */
double certificate_hides(const struct certificate *c);
/* Whether α is not well below how often the others come: more than a fifth of these may be hidden.
 */
bool certificate_is_loose(const struct certificate *c);
/* What is to be said of it then, of both classes by their names, for people. */
void certificate_write_loose(const struct certificate *c, struct text class_, struct text positive,
                             struct buf *out);
/* Answers that a first grant needs at least: all right, equally weighted, and above one threshold.
 */
double certificate_least(double error, double confidence);
/* Whether anything of what is granted is no result of the test: too few answers, too many wrong
 * ones. A record on a topic may say anything. */
bool certificate_possible(const struct certificate *c);

/* An answer, as the test wants it. */
struct certificate_answer {
    size_t predicted;  // class
    uint32_t term;     // its probability, of UNASKED_ONE
    double propensity; // of the task; 1, the strategy arm's: it says nothing of the rest
    bool wrong;
    int64_t asked_ms;
};

struct certifier;

/* k classes; error, confidence in (0, 1). Four KiB a class. The caller destroys it. */
struct certifier *certifier_create(size_t k, double error, double confidence);
void certifier_destroy(struct certifier *c);
/* Goes on from what was said of a class before; told before any answer. Another error or confidence
 * ends a certificate, and the attempt. */
void certifier_resume(struct certifier *c, size_t class_, const struct certificate *said,
                      int64_t now_ms);
/* Times that are still to come were told by a clock that was wrong: what is asked from now on
 * counts again, for an attempt and against a certificate. now_ms: of the wall. */
void certifier_heed_clock(struct certifier *c, size_t class_, int64_t now_ms);
void certifier_tell(struct certifier *c, const struct certificate_answer *a);
/* Grants, lowers a threshold or revokes by what it was told; version, prior: of the model in force.
 * Whether the certificate changed. */
bool certifier_decide(struct certifier *c, size_t class_, int64_t now_ms, uint64_t version,
                      uint64_t prior);
/* Ends the certificate of a class, if it has one, and the attempt, if it has seen an answer.
 * Whether there was a certificate. */
bool certifier_end(struct certifier *c, size_t class_, enum certificate_end why, int64_t now_ms);
/* As it stands; valid until the next call. */
const struct certificate *certifier_look(struct certifier *c, size_t class_);
