/* Minimising a smooth function by L-BFGS. Private to the room.
 *
 * Thread: learner thread, simulation */
#pragma once

#include <stddef.h>

struct objective {
    /* The value at x (n), and the gradient there (n). */
    double (*value)(const double *x, double *gradient, void *opaque);
    /* Multiplies a gradient by a guess of the inverse Hessian, positive definite, in place; NULL:
     * none. */
    void (*precondition)(double *gradient, void *opaque);
    void *opaque; // the caller's, handed to both
};

/* Moves x (n) to a minimum of f, in place: a direction from the last ten steps (Nocedal 1980),
 * Armijo's rule for the length of a step. Where no step gains anything, x stays. */
void lbfgs_minimise(const struct objective *f, size_t n, double *x);
