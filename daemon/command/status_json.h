/* The JSON of /status (docs/FORMATS.md): its values by their paths, and numbers in words.
 *
 * Thread: main thread */
#pragma once

#include "terminal/console.h"

#include <cjson/cJSON.h>

enum { STATUS_WORD = 32 }; // bytes of a number in words, with its NUL

/* What stands at a path, "now/lag", below an object; NULL: nothing. Borrowed. */
const cJSON *status_find(const cJSON *at, const char *path);
/* A number or a text of a status. NAN and "" where there is none; a text is borrowed. */
double status_value(const cJSON *status, const char *path);
const char *status_text(const cJSON *status, const char *path);

/* The health that the daemon tells ("ok", "attention", "bad"), as a tone and in words. */
enum tone status_tone(const cJSON *status);
const char *status_word(const cJSON *status);

/* "1.2 k", "35 s", "3.0 MB", "12.50 %"; "-" for what is not finite. Written into out, which is
 * returned. */
const char *status_number(double x, char out[STATUS_WORD]);
const char *status_duration(double seconds, char out[STATUS_WORD]);
const char *status_bytes(double x, char out[STATUS_WORD]);
const char *status_percent(double share, char out[STATUS_WORD]);
