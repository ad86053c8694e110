/* What the files of the measures share. Private to the room; the interface is query/strategy.h.
 *
 * Thread: any thread */
#pragma once

#include "query/strategy.h"

/* In nats; 0 ln 0 = 0. */
double measure_entropy(const float *prob, size_t k);

/* How far a row lies from the middle of what its version was fitted on: the mean square of its
 * standardised numbers, 1 in the mean. A number that is far outside all that was seen counts as the
 * middle. */
double measure_oddness(const struct model *m, const double *row);

double measure_vote_entropy(const struct measure_input *in);
double measure_consensus_entropy(const struct measure_input *in);
double measure_kl_divergence(const struct measure_input *in);
double measure_mutual_information(const struct measure_input *in);
