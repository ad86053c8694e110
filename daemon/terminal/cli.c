/* Parsing flags from a table. Ours and not getopt's, because a wrong flag should get the nearest
 * right one and the table should also print the help. Accepts --name VALUE, --name=VALUE, -c VALUE;
 * "--" ends the flags.
 *
 * Thread: main thread */
#include "terminal/cli.h"

#include "terminal/console.h"

#include <errno.h>

const char *cli_nearest(const char *choices, const char *word) {
    static char out[160];
    struct text near = word_list_nearest(choices, text_of(word));
    out[0] = '\0';
    if (near.at) snprintf(out, sizeof out, "; did you mean %.*s?", (int)near.len, near.at);
    return out;
}

static void cli_help(const struct usage *u, FILE *out) {
    fprintf(out, "usage: winnowd %s%s", u->command, u->flags_n ? " [flags]" : "");
    if (u->words) fprintf(out, " %s", u->words);
    fprintf(out, "\n\n%s\n", u->summary);
    if (u->flags_n) fputs("\n", out);
    for (size_t i = 0; i < u->flags_n; i++) {
        const struct flag *f = &u->flags[i];
        struct buf left = {0};
        if (f->letter) buf_printf(&left, "-%c, ", f->letter);
        else buf_str(&left, "    ");
        buf_printf(&left, "--%s", f->name);
        if (f->argument) buf_printf(&left, " %s", f->argument);
        fprintf(out, "  %-32s %s%s\n", buf_string(&left), f->help,
                f->required ? " (required)" : "");
        buf_release(&left);
    }
}

static struct flag *cli_find(const struct usage *u, const char *name, size_t len) {
    for (size_t i = 0; i < u->flags_n; i++)
        if (strlen(u->flags[i].name) == len && memcmp(u->flags[i].name, name, len) == 0)
            return &u->flags[i];
    return NULL;
}

static struct flag *cli_find_letter(const struct usage *u, char letter) {
    for (size_t i = 0; i < u->flags_n; i++)
        if (u->flags[i].letter == letter) return &u->flags[i];
    return NULL;
}

static int cli_wrong(const struct usage *u, const char *format, const char *a, const char *b) {
    fputs("winnowd: ", stderr);
    fprintf(stderr, format, a, b);
    fprintf(stderr, "\n(winnowd %s --help lists what there is)\n", u->command);
    return EX_USAGE;
}

static int cli_unknown(const struct usage *u, const char *word) {
    struct buf names = {0};
    for (size_t i = 0; i < u->flags_n; i++)
        buf_printf(&names, "%s--%s", i ? "|" : "", u->flags[i].name);
    int result = cli_wrong(u, "there is no flag %s%s", word,
                           u->flags_n ? cli_nearest(buf_string(&names), word) : "");
    buf_release(&names);
    return result;
}

static int cli_store(const struct usage *u, const struct flag *f, const char *text) {
    char *end;
    errno = 0;
    switch (f->kind) {
    case FLAG_SWITCH: *(bool *)f->value = true; return CLI_GO;
    case FLAG_TEXT: *(const char **)f->value = text; return CLI_GO;
    case FLAG_COUNT:
        *(int64_t *)f->value = strtoll(text, &end, 10);
        if (!*text || *end || errno || *(int64_t *)f->value < 0)
            return cli_wrong(u, "--%s wants a whole number, 0 or more, not '%s'", f->name, text);
        return CLI_GO;
    case FLAG_NUMBER:
        *(double *)f->value = strtod(text, &end);
        if (!*text || *end || errno || !(*(double *)f->value >= 0) || *(double *)f->value > 1e300)
            return cli_wrong(u, "--%s wants a number, 0 or more, not '%s'", f->name, text);
        return CLI_GO;
    }
    return EX_SOFTWARE;
}

/* One flag at argv[*i]; moves *i past its argument. */
static int cli_take(const struct usage *u, int argc, char **argv, int *i) {
    const char *word = argv[*i], *equals = strchr(word, '=');
    bool is_long = word[1] == '-';
    struct flag *f = NULL;
    if (is_long) f = cli_find(u, word + 2, strcspn(word + 2, "="));
    else if (word[2] == '\0') f = cli_find_letter(u, word[1]);
    if (!f) return cli_unknown(u, word);
    if (f->kind == FLAG_SWITCH)
        return equals ? cli_wrong(u, "--%s takes no value%s", f->name, "") : cli_store(u, f, "");
    if (is_long && equals) return cli_store(u, f, equals + 1);
    if (*i + 1 >= argc) return cli_wrong(u, "--%s wants %s", f->name, f->argument);
    return cli_store(u, f, argv[++*i]);
}

static bool cli_given(const struct flag *f, char **argv, int argc) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        size_t n = strlen(f->name);
        if (f->letter && argv[i][0] == '-' && argv[i][1] == f->letter && !argv[i][2]) return true;
        if (strncmp(argv[i], "--", 2) == 0 && strncmp(argv[i] + 2, f->name, n) == 0 &&
            (argv[i][2 + n] == '\0' || argv[i][2 + n] == '='))
            return true;
    }
    return false;
}

/* The first required flag that is not there; NULL: all are. */
static const struct flag *cli_missing(const struct usage *u, int argc, char **argv) {
    for (size_t i = 0; i < u->flags_n; i++)
        if (u->flags[i].required && !cli_given(&u->flags[i], argv, argc)) return &u->flags[i];
    return NULL;
}

static struct {
    void (*visit)(const struct usage *usage, void *opaque);
    void *opaque;
} describing;

void cli_describe(int (*run)(int argc, char **argv), const char *name,
                  void (*visit)(const struct usage *usage, void *opaque), void *opaque) {
    char *argv[] = {(char *)name, NULL};
    describing.visit = visit;
    describing.opaque = opaque;
    run(1, argv);
    describing.visit = NULL;
}

int cli_parse(const struct usage *u, int argc, char **argv, int *words_n) {
    int words = 0;
    if (describing.visit) {
        describing.visit(u, describing.opaque);
        return EX_OK;
    }
    const struct flag *missing = cli_missing(u, argc, argv);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            cli_help(u, stdout);
            return EX_OK;
        }
        if (strcmp(argv[i], "--") == 0) {
            while (++i < argc) argv[1 + words++] = argv[i];
            break;
        }
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[1 + words++] = argv[i];
            continue;
        }
        int result = cli_take(u, argc, argv, &i);
        if (result != CLI_GO) return result;
    }
    if (missing) // only now: a misspelt flag is told as such
        return cli_wrong(u, "--%s %s is missing", missing->name, missing->argument);
    *words_n = words;
    if (words && !u->words) return cli_wrong(u, "'%s' is not understood here%s", argv[1], "");
    return CLI_GO;
}

static const struct verb *cli_verb(struct verbs table, size_t i) {
    return (const struct verb *)((const char *)table.row + i * table.size);
}

static int cli_no_verb(const struct usage *u, struct verbs table, const char *word) {
    struct buf names = {0};
    for (size_t i = 0; i < table.n; i++)
        buf_printf(&names, "%s%s", i ? "|" : "", cli_verb(table, i)->name);
    console_fail(EX_USAGE, "%s wants one of: %s%s", u->command, u->words,
                 word ? cli_nearest(buf_string(&names), word) : "");
    buf_release(&names);
    return EX_USAGE;
}

int cli_parse_verb(const struct usage *u, struct verbs table, int argc, char **argv, int *words_n,
                   size_t *chosen) {
    int code = cli_parse(u, argc, argv, words_n);
    if (code != CLI_GO) return code;
    const char *word = *words_n ? argv[1] : NULL;
    size_t i = 0;
    while (word && i < table.n && strcmp(cli_verb(table, i)->name, word) != 0) i++;
    if (!word || i == table.n) return cli_no_verb(u, table, word);
    const struct verb *verb = cli_verb(table, i);
    if (*words_n - 1 > verb->most)
        return console_fail(EX_USAGE, "'%s' is too much after %s", argv[verb->most + 2],
                            verb->name);
    *chosen = i;
    return CLI_GO;
}

int cli_config(struct config **out, const char *file) {
    struct buf errors = {0};
    int result = config_load(out, file, &errors);
    if (errors.len) fputs(buf_string(&errors), stderr);
    buf_release(&errors);
    return result < 0 ? EX_CONFIG : CLI_GO;
}
