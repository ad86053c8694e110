/* The model that a score is: one which events bring (model.upstream), or one that trees say.
 *
 * Thread: any thread */
#pragma once

#include "infer/model.h"

/* The number of the one that events bring: before any that is fitted, and the same for all who have
 * the configuration, so it needs no place on the models topic. */
#define SCORE_MODEL_VERSION ((uint64_t)1)

/* Where the score stands in a row, as struct features_score says it; of trees from d on. */
struct score_columns {
    size_t d, first, n;
    size_t k, positive;          // of the classes
    size_t members;              // m, all of them alike
    struct text classes;         // k names, newline-separated
    uint64_t fingerprint;        // of the feature map
    const struct forest *forest; // that says the score, n = its outputs; copied. NULL: the row does
};

/* A model of one layer that predicts the score, to the rounding of a float; no version yet. 0: *out
 * is the caller's, for model_destroy. ERR_MISMATCH: it would be beyond a bound of a model. */
int score_model_create(struct model **out, const struct score_columns *s) MUST_CHECK;
