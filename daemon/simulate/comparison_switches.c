/* The model switches of a daemon's run, from a file, so that a backtest can repeat that run and
 * show that it decides as the daemon did (promise I6).
 *
 * Thread: main thread */
#include "comparison.h"

#include <string.h>

enum {
    LINE_BYTES = 128,   // of a line, far more than four numbers and a word take
    FIRST_SWITCHES = 64 // room at first; it doubles
};

/* Whether the next word is that one; it is passed then. */
static bool switches_read_word(char **at, const char *word) {
    *at += strspn(*at, " \t\r\n");
    bool is = strncmp(*at, word, strlen(word)) == 0;
    if (is) *at += strlen(word);
    return is;
}

/* The rest of a line: a share, and the words "weighted", "doubts" and "seeks". Without a word
 * false, without all 0. */
static bool switches_read_rest(const char *rest, struct backtest_switch *out) {
    char *end = (char *)rest;
    out->explore = *rest ? strtod(rest, &end) : 0;
    if (end == rest && *rest) return false;
    out->weighted = switches_read_word(&end, "weighted");
    out->doubts = switches_read_word(&end, "doubts");
    out->seeks = switches_read_word(&end, "seeks");
    return !end[strspn(end, " \t\r\n")] && out->explore >= 0 && out->explore <= 1;
}

/* NULL, or what is wrong with the line. after: the sample of the switch before it; n: samples of
 * the file, behind whose last one nothing would switch. */
static const char *switches_read_line(const char *line, struct backtest_switch *out, size_t after,
                                      size_t n) {
    char word[8];
    int end = 0;
    if (sscanf(line, "%zu %zu %zu %7s %n", &out->sample, &out->tasks, &out->labels, word, &end) !=
            4 ||
        !switches_read_rest(line + end, out))
        return "is not \"SAMPLE TASKS LABELS cold|warm [EXPLORE [weighted] [doubts] [seeks]]\"";
    if (strcmp(word, "cold") != 0 && strcmp(word, "warm") != 0) return "says neither cold nor warm";
    out->cold = strcmp(word, "cold") == 0;
    if (out->sample < after) return "goes back to an earlier sample";
    return out->sample < n ? NULL : "names a sample behind the last one (from 0 on)";
}

static int switches_read_lines(struct comparison *t, const char *file, FILE *in, struct buf *why) {
    char line[LINE_BYTES];
    size_t cap = 0, after = 0;
    for (; fgets(line, sizeof line, in); t->switches_n++) {
        if (t->switches_n == cap)
            t->switches =
                xrealloc(t->switches, (cap = cap ? cap * 2 : FIRST_SWITCHES) * sizeof *t->switches);
        const char *wrong = switches_read_line(line, &t->switches[t->switches_n], after, t->file.n);
        if (wrong) {
            buf_printf(why, "%s: line %zu %s", file, t->switches_n + 1, wrong);
            return ERR_INPUT;
        }
        after = t->switches[t->switches_n].sample;
    }
    if (t->switches_n) return 0;
    buf_printf(why, "%s: holds no switch", file);
    return ERR_INPUT;
}

int comparison_switches_read(struct comparison *t, const char *file, struct buf *why) {
    FILE *in = fopen(file, "r");
    if (!in) {
        buf_printf(why, "%s: %m", file);
        return ERR_IO;
    }
    int result = switches_read_lines(t, file, in, why);
    fclose(in);
    return result;
}
