/* How many labels were asked for in a region of the feature space and are not learned yet.
 *
 * Labels come hours late. Until they do, an uncertain region stays uncertain, and a strategy that
 * looks at single samples asks about the same region over and over. So each request is counted in
 * its region: the signs of four random projections of the standardised row (locality-sensitive
 * hashing, Charikar 2002), sixteen counts of four bits that travel with the partition's state. A
 * worker is not told that a label came, but a new model means that labels were learned: it halves
 * the counts.
 *
 * Only requests of the strategy arm and the pool are counted: a utility that depended on the random
 * arm's draws would change the propensity (promise I5).
 *
 * Thread: worker thread, simulation */
#include "pending.h"

#include "base/rng.h"

enum {
    COUNT_MOST = 15, // of a region: four bits
    COUNT_BITS = 4,
    HALF_MASK = 0x77, // what is left of two counts that were shifted by one
};

float *pending_directions(uint64_t seed, size_t d) {
    float *direction = xcalloc(PENDING_BITS * d, sizeof *direction);
    for (size_t i = 0; i < PENDING_BITS * d; i++) {
        struct rng r = {.seed = rng_keyed(RNG_PENDING, seed, i, 0, 0)};
        direction[i] = (float)rng_next_normal(&r);
    }
    return direction;
}

unsigned pending_region(const float *direction, const struct model *m, const double *row) {
    unsigned region = 0;
    for (unsigned bit = 0; bit < PENDING_BITS; bit++) {
        const float *w = direction + bit * m->shape.d;
        double sum = 0;
        for (size_t i = 0; i < m->shape.d; i++)
            sum += (double)w[i] * model_standardised(m, i, row[i]);
        region |= (unsigned)(sum > 0) << bit;
    }
    return region;
}

static unsigned pending_shift(unsigned region) { return region % 2 * COUNT_BITS; }

unsigned pending_count(const struct partition_state *s, unsigned region) {
    return s->pending[region / 2] >> pending_shift(region) & COUNT_MOST;
}

void pending_add(struct partition_state *s, unsigned region) {
    if (pending_count(s, region) < COUNT_MOST)
        s->pending[region / 2] = (uint8_t)(s->pending[region / 2] + (1u << pending_shift(region)));
}

void pending_halve(struct partition_state *s) {
    for (size_t i = 0; i < sizeof s->pending; i++) s->pending[i] = s->pending[i] >> 1 & HALF_MASK;
}
