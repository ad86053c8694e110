/* The JSON of /status (docs/FORMATS.md): its values, and the lines that `winnowd status` and
 * `winnowd top` both show.
 *
 * Thread: main thread */
#pragma once

#include "base/buf.h"
#include "terminal/console.h"

#include <cjson/cJSON.h>

enum {
    STATUS_LINES = 25, // at most, of one status
    STATUS_WORD = 32   // bytes of a number in words, with its NUL
};

struct status_line {
    const char *title; // static
    char text[200];
    enum tone tone;
};

/* A number or a text of a status by its path, "now/lag". NAN and "" where there is none; a text is
 * borrowed from the status. */
double status_value(const cJSON *status, const char *path);
const char *status_text(const cJSON *status, const char *path);

/* Fills the lines, in the order of the dashboard; returns how many. */
size_t status_lines(const cJSON *status, struct status_line out[STATUS_LINES]);
/* The health that the daemon tells ("ok", "attention", "bad"), as a tone and in words. */
enum tone status_tone(const cJSON *status);
const char *status_word(const cJSON *status);
/* "1.2 k", "35 s"; "-" for what is not finite. Written into out, which is returned. */
const char *status_number(double x, char out[STATUS_WORD]);
const char *status_duration(double seconds, char out[STATUS_WORD]);
