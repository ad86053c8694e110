/* A status in words: the same lines for `winnowd status` and `winnowd top`.
 * Thread: main thread */
#pragma once

#include "base/buf.h"
#include "terminal/console.h"

#include <cjson/cJSON.h>

enum { STATUS_LINES = 12 };

struct status_line {
    const char *title;
    char text[200];
    enum tone tone;
};

/* Fills the lines; returns how many. */
size_t status_lines(const cJSON *status, struct status_line out[STATUS_LINES]);
/* "ok", "attention", "bad" as a tone and as words for people. */
enum tone status_tone(const cJSON *status);
const char *status_word(const cJSON *status);
/* "1.2 k", "35 s", "5.00 %"; "-" where there is no number. Into out, which is returned. */
enum { STATUS_WORD = 32 };
const char *status_number(double x, char out[STATUS_WORD]);
const char *status_duration(double seconds, char out[STATUS_WORD]);
const char *status_percent(double share, char out[STATUS_WORD]);
