/* Normal deviates for generators and initial weights (Box and Muller 1958, one of the pair).
 *
 * Thread: any thread */
#include "base/rng.h"

#include <math.h>

double rng_next_normal(struct rng *r) {
    double u = 1.0 - rng_next_unit(r), v = rng_next_unit(r);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586477 * v);
}
