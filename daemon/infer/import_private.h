/* What the files of an import share: model_import.c knows tensors, tree_import.c trees, import.c
 * both. Private to the room.
 *
 * Thread: command line */
#pragma once

#include "infer/model_import.h"
#include "safetensors.h"

struct import {
    const struct import_target *target;
    struct safetensors file;
    bool used[SAFETENSORS_TENSORS]; // tensors that found their place in the model
    size_t theirs[CLASSES_MAX];     // of our class, the place in their order
    size_t golden[CLASSES_MAX];     // and in that of the golden rows
    bool single;                    // one output for two classes
    struct forest_parts forest;     // trees 0: there are none
    struct buf *why;
};

/* Says the sentence; returns the error. */
int import_refuse(struct import *im, int error, const char *format, ...) PRINTF_LIKE(3, 4);
/* Of each class of ours the place among names that are said, one a line. */
int import_order(struct import *im, struct text said, size_t theirs[CLASSES_MAX]) MUST_CHECK;

/* Whether the file is XGBoost's or LightGBM's. */
bool tree_import_knows(struct text file);
/* Makes a model of such a file, whose golden rows say the order of its classes. */
int tree_import(struct import *im, struct text file, struct model **out) MUST_CHECK;
/* Makes a model of im->forest (outputs in their order): it predicts what the trees say. */
int tree_import_forest(struct import *im, struct model **out) MUST_CHECK;
/* Compares the model with the golden rows of the target, if there are any, and gives it some of
 * them. ERR_CORRUPT: it says something else, or has trees and no golden rows at all. */
int tree_import_golden(struct import *im, struct model *m) MUST_CHECK;
