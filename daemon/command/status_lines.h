/* The lines that `winnowd status` and `winnowd top` both show, of the JSON of /status.
 *
 * Thread: main thread */
#pragma once

#include "status_json.h"

enum { STATUS_LINES = 26 }; // at most, of one status

struct status_line {
    const char *title; // static
    char text[200];
    enum tone tone;
};

/* Fills the lines, in the order of the dashboard; returns how many. */
size_t status_lines(const cJSON *status, struct status_line out[STATUS_LINES]);
