/* Other readers of a backtest (people.double, people.opinions, people.gold): who they are, what
 * they say, and what becomes of what they dispute, by the rules of the daemon's learner
 * (daemon/run/adjudication.c). But each sample is looked at once, when two have answered it, where
 * the learner looks again until the second reader's task closes.
 *
 * Thread: the thread of their backtest */
#pragma once

#include "backtest_answers.h"

#include "estimate/annotators.h"

struct backtest_dispute {
    struct opinion said[OPINIONS_MAX];
    size_t n;
};

struct backtest_readers {
    struct annotators *annotators;
    struct backtest_dispute *at; // (n), owned
    size_t n, cap;
    size_t thirds, golds; // that were asked: of these, and of what two agree on
};

void backtest_readers_open(struct backtest_readers *r, size_t k);
void backtest_readers_close(struct backtest_readers *r);
/* Two answered that sample: two of four who are alike. Where they disagree, three are paid, and
 * what is known of the two settles no class, another one of the four answers too, at once; and
 * where they agree, it does, and the sample is drawn as a gold question. */
void backtest_readers_answer(struct backtest_readers *r, const struct backtest_options *o,
                             size_t sample, int first, int second);
/* Into readers, corrected and disputes of the result, whose estimate was read. */
void backtest_readers_read(const struct backtest_readers *r, struct backtest_result *out);
