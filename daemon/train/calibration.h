/* How far the mixture is to be believed (calibration.c). Private to the room.
 *
 * Thread: learner thread, simulation */
#pragma once

#include "train/fit.h"

/* Neither corrects anything: a lapse of 0, a temperature of 1. */
struct calibration {
    double lapse;       // 0..MODEL_LAPSE_MOST
    double temperature; // 1 / MODEL_TEMPERATURE_MOST .. MODEL_TEMPERATURE_MOST
};

/* What best corrects the mixture. given: (rows, k) what it gave each class before the label was
 * learned, NaN: nothing was recorded; overwritten. k: classes. */
struct calibration calibrate(const struct fit_rows *rows, double *given, size_t k);
