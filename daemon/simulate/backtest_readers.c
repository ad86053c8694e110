/* Fits learn first answers only, as figures count them: what other readers say is told and not
 * learned here.
 *
 * Thread: the thread of their backtest */
#include "backtest_readers.h"

#include "base/rng.h"

enum {
    READERS = 4,        // who share the answers
    FIRST_DISPUTES = 64 // room at first; it doubles
};

void backtest_readers_open(struct backtest_readers *r, size_t k) {
    *r = (struct backtest_readers){.annotators = annotators_create(k)};
}

void backtest_readers_close(struct backtest_readers *r) {
    annotators_destroy(r->annotators);
    free(r->at);
}

/* The reader of that sample, from 1: three of the four, none twice. */
static void backtest_readers_draw(size_t sample, uint64_t who[OPINIONS_MAX]) {
    uint64_t one = rng_below(rng_mix(sample), READERS),
             other = (one + 1 + rng_below(rng_mix(~sample), READERS - 1)) % READERS, third = 0;
    while (third == one || third == other) third++;
    who[0] = one + 1, who[1] = other + 1, who[2] = third + 1;
}

static struct backtest_dispute *backtest_readers_new(struct backtest_readers *r) {
    if (r->n == r->cap)
        r->at = xrealloc(r->at, (r->cap = r->cap ? 2 * r->cap : FIRST_DISPUTES) * sizeof *r->at);
    return &r->at[r->n++];
}

/* What is known of the two settles it, and three are paid. */
static void backtest_readers_ask_gold(struct backtest_readers *r, const struct backtest_options *o,
                                      size_t sample, const uint64_t who[OPINIONS_MAX], int class_) {
    const struct opinion said[] = {{who[0], class_}, {who[1], class_}};
    double probability;
    if (o->config->people.opinions < OPINIONS_MAX ||
        rng_unit(rng_keyed(RNG_GOLD, o->seed, sample, 0, 0)) >= o->config->people.gold)
        return;
    (void)annotators_likeliest(r->annotators, said, 2, &probability);
    if (probability < ANNOTATORS_SETTLED) return;
    annotators_gold(
        r->annotators,
        &(struct gold_answer){who[2], {who[0], who[1]}, backtest_answer(o, sample, 2) == class_});
    r->golds++;
}

void backtest_readers_answer(struct backtest_readers *r, const struct backtest_options *o,
                             size_t sample, int first, int second) {
    uint64_t who[OPINIONS_MAX];
    double probability;
    backtest_readers_draw(sample, who);
    annotators_pair(r->annotators, &(struct answer_pair){{who[0], who[1]}, first == second});
    if (first == second) {
        backtest_readers_ask_gold(r, o, sample, who, first);
        return;
    }
    struct backtest_dispute *d = backtest_readers_new(r);
    *d = (struct backtest_dispute){{{who[0], first}, {who[1], second}}, 2};
    if (o->config->people.opinions < OPINIONS_MAX) return;
    (void)annotators_likeliest(r->annotators, d->said, d->n, &probability);
    if (probability >= ANNOTATORS_SETTLED) return;
    d->said[d->n++] = (struct opinion){who[2], backtest_answer(o, sample, 2)};
    r->thirds++;
}

void backtest_readers_read(const struct backtest_readers *r, struct backtest_result *out) {
    annotators_readers(r->annotators, &out->readers);
    for (size_t e = 0; e < ESTIMATES; e++)
        annotators_correct(r->annotators, (enum estimate_name)e, &out->estimate,
                           &out->corrected[e]);
    for (size_t i = 0; i < r->n; i++)
        annotators_dispute(r->annotators, r->at[i].said, r->at[i].n, false, &out->disputes);
    out->disputed = r->n;
    out->thirds = r->thirds;
    out->golds = r->golds;
}
