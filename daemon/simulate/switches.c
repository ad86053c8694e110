/* The switch points of a daemon's run, from a file: so a backtest can prove that it decides as the
 * daemon did (promise I6).
 *
 * Thread: main thread */
#include "plan.h"

#include <string.h>

enum { LINE_BYTES = 128 };

/* The rest of a line: a share, or nothing, which is 0. */
static bool read_share(const char *rest, double *out) {
    char *end = (char *)rest;
    *out = *rest ? strtod(rest, &end) : 0;
    return !end[strspn(end, " \t\r\n")] && (end > rest || !*rest) && *out >= 0 && *out <= 1;
}

/* 0, or what is wrong with a line. */
static const char *switches_read_line(const char *line, struct simulation_switch *out,
                                      size_t after) {
    char word[8];
    int end = 0;
    if (sscanf(line, "%zu %zu %zu %7s %n", &out->sample, &out->tasks, &out->labels, word, &end) !=
            4 ||
        !read_share(line + end, &out->explore))
        return "is not \"SAMPLE TASKS LABELS cold|warm [EXPLORE]\"";
    if (strcmp(word, "cold") != 0 && strcmp(word, "warm") != 0) return "says neither cold nor warm";
    out->cold = strcmp(word, "cold") == 0;
    return out->sample < after ? "goes back to an earlier sample" : NULL;
}

static int read_lines(struct backtest *b, const char *file, FILE *in, struct buf *why) {
    char line[LINE_BYTES];
    size_t cap = 0, after = 0;
    for (; fgets(line, sizeof line, in); b->switches_n++) {
        if (b->switches_n == cap)
            b->switches = xrealloc(b->switches, (cap = cap ? cap * 2 : 64) * sizeof *b->switches);
        const char *wrong = switches_read_line(line, &b->switches[b->switches_n], after);
        if (wrong) {
            buf_printf(why, "%s: line %zu %s", file, b->switches_n + 1, wrong);
            return ERR_INPUT;
        }
        after = b->switches[b->switches_n].sample;
    }
    if (b->switches_n) return 0;
    buf_printf(why, "%s: holds no switch", file);
    return ERR_INPUT;
}

int simulate_switches(struct backtest *b, const char *file, struct buf *why) {
    FILE *in = fopen(file, "r");
    if (!in) {
        buf_printf(why, "%s: %m", file);
        return ERR_IO;
    }
    int result = read_lines(b, file, in, why);
    fclose(in);
    return result;
}
