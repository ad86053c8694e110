/* The model of model.upstream: that of the score which events bring.
 *
 * Thread: any thread */
#pragma once

#include "encode/features.h"
#include "infer/score_model.h"

/* Gives the model, which the caller (or a registry) destroys: with as many members, all alike, as
 * fits will have, so that these are compared with it. NULL: no score is the model, or rows and
 * classes are so many that no model of them can be. f: of c. */
struct model *upstream_model(const struct config *c, const struct features *f);
