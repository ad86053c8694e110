/* How the loss of a linear network curves, as a guess that L-BFGS starts from (lbfgs.h): one matrix
 * over the weights and the bias of a class, the same for each class. Private to the room.
 *
 * Thread: learner thread, simulation */
#pragma once

#include "loss_and_gradient.h"

struct preconditioner;

/* Taken at the parameters where loss_and_gradient was asked last with s. NULL where it would cost
 * more than it saves (many columns) or say little (hidden layers). The caller destroys it. Time
 * O(n d² + d³). */
struct preconditioner *preconditioner_create(const struct network *w, const struct examples *e,
                                             const struct penalty *p, const struct workspace *s);
void preconditioner_destroy(struct preconditioner *c);

/* Multiplies a gradient (network_size) by the inverse of the guess, in place. */
void preconditioner_solve(const struct preconditioner *c, double *gradient);
