/* Guesses that a person would make who looks at the first lines.
 *
 * The separator is the character that stands in the header and equally often, outside quotes, in
 * the lines behind it; of several the one that makes the most cells. A decimal comma in a file of
 * semicolons does not stand in the header, so it does not mislead. A space is one where no other
 * fits: names and values have spaces in them.
 *
 * Single quotes are quotes where each name in the header has them: elsewhere they are apostrophes.
 *
 * Thread: any thread */
#include "csv_dialect.h"

#include <string.h>
#include <strings.h>

struct csv_separator {
    char at;
    const char *name;
};

static const struct csv_separator separators[] = {
    {',', "comma"}, {';', "semicolon"}, {'\t', "tab"}, {'|', "bar"}, {' ', "space"}};

enum { SEPARATORS = sizeof separators / sizeof *separators };

const char *csv_dialect_name(char separator) {
    for (size_t i = 0; i < SEPARATORS; i++)
        if (separators[i].at == separator) return separators[i].name;
    return "character";
}

char csv_dialect_separator(const char *word) {
    for (size_t i = 0; i < SEPARATORS; i++)
        if (strcasecmp(separators[i].name, word) == 0) return separators[i].at;
    bool plain = word[0] && !word[1] && word[0] != '"' && word[0] != '\n' && word[0] != '\r';
    return plain && (unsigned char)word[0] < 0x80 ? word[0] : '\0';
}

static bool csv_dialect_begins(struct text t, const char *words) {
    size_t n = strlen(words);
    return t.len >= n && strncasecmp(t.at, words, n) == 0;
}

/* Cuts the first line off, quotes and the line ends in them included; without its end. */
static struct text csv_dialect_line(struct text *rest, bool carriage) {
    bool quoted = false;
    size_t n = 0;
    const char end = carriage ? '\r' : '\n';
    for (; n < rest->len && (quoted || rest->at[n] != end); n++) quoted ^= rest->at[n] == '"';
    struct text line = {rest->at, n};
    size_t taken = n < rest->len ? n + 1 : n;
    *rest = (struct text){rest->at + taken, rest->len - taken};
    if (line.len && line.at[line.len - 1] == '\r') line.len--;
    return line;
}

static size_t csv_dialect_count(struct text line, char separator) {
    size_t n = 0;
    bool quoted = false;
    for (size_t i = 0; i < line.len; i++) {
        quoted ^= line.at[i] == '"';
        n += !quoted && line.at[i] == separator;
    }
    return n;
}

/* Cells of a row by this separator, if the header's count is that of nearly all lines; else 0. */
static size_t csv_dialect_cells(struct text start, bool carriage, char separator) {
    struct text rest = start;
    size_t header = csv_dialect_count(csv_dialect_line(&rest, carriage), separator), same = 0,
           lines = 0;
    while (rest.len && lines < CSV_DIALECT_LINES) {
        struct text line = csv_dialect_line(&rest, carriage);
        if (!line.len || !rest.len) continue; // blank, or cut off where the block ends
        lines++;
        same += csv_dialect_count(line, separator) == header;
    }
    return same * 10 >= lines * 9 ? header : 0;
}

static char csv_dialect_sniff(struct text start, bool carriage) {
    char best = ',';
    size_t most = 0;
    for (size_t i = 0; i < SEPARATORS; i++) {
        size_t cells = csv_dialect_cells(start, carriage, separators[i].at);
        if (cells <= most || (most && separators[i].at == ' ')) continue;
        most = cells;
        best = separators[i].at;
    }
    return best;
}

/* Whether each of the header's cells stands between single quotes. */
static bool csv_dialect_is_single(struct text start, bool carriage, char separator) {
    struct text line = csv_dialect_line(&start, carriage);
    bool single = line.len > 0;
    while (line.len && single) {
        const char *end = memchr(line.at, separator, line.len);
        size_t n = end ? (size_t)(end - line.at) : line.len;
        single = n >= 2 && line.at[0] == '\'' && line.at[n - 1] == '\'';
        n += end != NULL;
        line = (struct text){line.at + n, line.len - n};
    }
    return single;
}

static struct text csv_dialect_skip_blank(struct text t) {
    while (t.len && memchr(" \t\r\n", *t.at, 4)) t = (struct text){t.at + 1, t.len - 1};
    return t;
}

/* Comments may stand before the attributes. A header may begin with '%' too, so they alone say
 * nothing. */
static bool csv_dialect_is_arff(struct text start, bool carriage) {
    while (start.len && *start.at == '%') {
        const char *end = memchr(start.at, carriage ? '\r' : '\n', start.len);
        if (!end) return false;
        start = csv_dialect_skip_blank((struct text){end, (size_t)(start.at + start.len - end)});
    }
    return csv_dialect_begins(start, "@relation") || csv_dialect_begins(start, "@attribute");
}

struct csv_dialect csv_dialect_of(struct text start, char given) {
    struct csv_dialect d = {.separator = given};
    d.carriage =
        start.len && memchr(start.at, '\r', start.len) && !memchr(start.at, '\n', start.len);
    start = csv_dialect_skip_blank(start);
    d.attributes = csv_dialect_is_arff(start, d.carriage);
    d.told = csv_dialect_begins(start, "sep=") && start.len > 4;
    if (d.told && !given) d.separator = start.at[4];
    if (d.attributes && !given) d.separator = ',';
    if (!d.separator) d.separator = csv_dialect_sniff(start, d.carriage);
    d.single = d.attributes || csv_dialect_is_single(start, d.carriage, d.separator);
    return d;
}
