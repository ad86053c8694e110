/* Paths of the answer of /status, and units.
 *
 * Thread: main thread */
#include "status_json.h"

#include <math.h>
#include <string.h>

/* ---- values ---- */

const cJSON *status_find(const cJSON *at, const char *path) {
    char part[64];
    while (at && *path) {
        size_t n = strcspn(path, "/");
        snprintf(part, sizeof part, "%.*s", (int)n, path);
        at = cJSON_GetObjectItemCaseSensitive(at, part);
        path += n + (path[n] == '/');
    }
    return at;
}

double status_value(const cJSON *status, const char *path) {
    const cJSON *number = status_find(status, path);
    return cJSON_IsNumber(number) ? number->valuedouble : NAN;
}

const char *status_text(const cJSON *status, const char *path) {
    const char *text = cJSON_GetStringValue(status_find(status, path));
    return text ? text : "";
}

/* ---- words ---- */

const char *status_number(double x, char out[STATUS_WORD]) {
    static const struct {
        double from;
        const char *suffix;
    } steps[] = {{1e9, "G"}, {1e6, "M"}, {1e4, "k"}};
    bool whole = x == floor(x) || fabs(x) >= 100;
    if (isfinite(x)) snprintf(out, STATUS_WORD, whole ? "%.0f" : "%.1f", x);
    else snprintf(out, STATUS_WORD, "-");
    for (size_t i = 0; isfinite(x) && i < sizeof steps / sizeof *steps; i++) {
        if (fabs(x) < steps[i].from) continue;
        snprintf(out, STATUS_WORD, "%.1f %s", x / (steps[i].from == 1e4 ? 1e3 : steps[i].from),
                 steps[i].suffix);
        break;
    }
    return out;
}

const char *status_bytes(double x, char out[STATUS_WORD]) {
    char number[STATUS_WORD];
    const char *text = status_number(x, number);
    bool scaled = text[0] && strchr("kMG", text[strlen(text) - 1]);
    snprintf(out, STATUS_WORD, "%.20s%sB", text, scaled ? "" : " ");
    return out;
}

const char *status_duration(double s, char out[STATUS_WORD]) {
    static const struct {
        double unit;
        const char *word;
    } steps[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}, {0.001, "ms"}};
    snprintf(out, STATUS_WORD, isfinite(s) && s >= 0 ? "0 s" : "-");
    for (size_t i = 0; isfinite(s) && i < sizeof steps / sizeof *steps; i++) {
        if (s < steps[i].unit) continue;
        snprintf(out, STATUS_WORD, s / steps[i].unit < 10 && i < 4 ? "%.1f %s" : "%.0f %s",
                 s / steps[i].unit, steps[i].word);
        break;
    }
    return out;
}

const char *status_percent(double share, char out[STATUS_WORD]) {
    snprintf(out, STATUS_WORD, isfinite(share) ? "%.2f %%" : "-", 100 * share);
    return out;
}

enum tone status_tone(const cJSON *status) {
    const char *health = status_text(status, "health");
    if (strcmp(health, "ok") == 0) return TONE_GOOD;
    return strcmp(health, "attention") == 0 ? TONE_DOUBT : TONE_BAD;
}

const char *status_word(const cJSON *status) {
    static const char *const word[] = {
        [TONE_GOOD] = "healthy", [TONE_DOUBT] = "works, but look", [TONE_BAD] = "not working"};
    return word[status_tone(status)];
}
