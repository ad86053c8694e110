/* See the header.
 *
 * Thread: the thread of their backtest */
#include "backtest_auto.h"

#include "estimate/unasked.h"

void backtest_auto_open(struct backtest_auto *a, size_t k, double error, double confidence) {
    *a = (struct backtest_auto){.certifier = certifier_create(k, error, confidence), .k = k};
}

void backtest_auto_close(struct backtest_auto *a) { certifier_destroy(a->certifier); }

void backtest_auto_sample(struct backtest_auto *a, const struct decision *d, int predicted,
                          const float *prob, int truth) {
    const struct certificate *c = certifier_look(a->certifier, (size_t)predicted);
    if (!c->granted || d->ask || !(d->propensity > 0 && d->propensity < 1) ||
        unasked_term(prob[predicted]) < c->threshold)
        return;
    a->labelled++;
    a->wrong += truth != predicted;
}

void backtest_auto_answer(struct backtest_auto *a, const struct certificate_answer *answer,
                          int64_t sample) {
    certifier_tell(a->certifier, answer);
    if (certifier_decide(a->certifier, answer->predicted, sample, 1, 0))
        a->ended += !certifier_look(a->certifier, answer->predicted)->granted;
}
