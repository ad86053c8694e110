/* One table, for who estimates the figures, bounds them, and judges what they cost.
 *
 * Thread: any thread */
#include "recipe.h"

const struct recipe estimate_recipe[ESTIMATES] = {
    [ESTIMATE_ACCURACY] = {OUTCOME_RIGHT, -1, true},
    [ESTIMATE_PREVALENCE] = {OUTCOME_POSITIVE, -1, true},
    [ESTIMATE_PRECISION] = {OUTCOME_CAUGHT, OUTCOME_FALSE_ALARM, false},
    [ESTIMATE_RECALL] = {OUTCOME_CAUGHT, OUTCOME_MISSED, true},
    [ESTIMATE_PRECISION_AT_CAPACITY] = {OUTCOME_CAPACITY_CAUGHT, OUTCOME_CAPACITY_FALSE, false},
    [ESTIMATE_RECALL_AT_CAPACITY] = {OUTCOME_CAPACITY_CAUGHT, OUTCOME_CAPACITY_MISSED, true},
    [ESTIMATE_AVERAGE_PRECISION] = {-1, -1, false},
    [ESTIMATE_COST] = {OUTCOME_COST, -1, false},
    [ESTIMATE_LOG_LOSS] = {OUTCOME_LOSS, -1, false},
};
