/* Completions of bash, zsh and fish from the command table.
 *
 * A shell's script is a few fixed lines around one row a command, and the rows are made here. Flags
 * that take FILE or DIR complete the names of files. The words behind the flags ("show | pause |
 * budget SCALE") complete by the first word of each alternative.
 *
 * Thread: main thread */
#include "manual.h"

#include "command.h"

static bool completion_names_file(const struct flag *f) {
    return f->argument && (strstr(f->argument, "FILE") || strstr(f->argument, "DIR") ||
                           strstr(f->argument, "OUT."));
}

/* Visits the first word of each alternative of "show | live VERSION | live newest", each once; an
 * alternative that does not begin with a small letter is an argument. */
static void completion_each_word(const struct usage *u,
                                 void (*visit)(struct text word, struct buf *out),
                                 struct buf *out) {
    struct buf seen = {0};
    buf_str(&seen, "|");
    for (const char *at = u->words; at && *at;) {
        size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-");
        char bar[64];
        snprintf(bar, sizeof bar, "|%.*s|", (int)n, at);
        if (n && n < 60 && *at >= 'a' && *at <= 'z' && !strstr(buf_string(&seen), bar)) {
            visit((struct text){at, n}, out);
            buf_printf(&seen, "%.*s|", (int)n, at);
        }
        at = strstr(at, " | ");
        if (at) at += 3;
    }
    buf_release(&seen);
}

/* Appends a text that stands inside single quotes of a shell. */
static void completion_quoted(const char *text, struct buf *out) {
    for (; *text; text++) {
        if (*text == '\'') buf_str(out, "'\\''");
        else buf_add(out, *text == '\n' ? " " : text, 1);
    }
}

static void completion_spaced_word(struct text word, struct buf *out) {
    buf_text(out, word);
    buf_str(out, " ");
}

/* ---- bash ---- */

static void completion_bash_row(const struct usage *u, void *opaque) {
    struct buf *out = opaque;
    buf_printf(out, "    %s) words='", u->command);
    completion_each_word(u, completion_spaced_word, out);
    buf_str(out, "' flags='--help ");
    for (size_t i = 0; i < u->flags_n; i++) buf_printf(out, "--%s ", u->flags[i].name);
    buf_str(out, "' files=' ");
    for (size_t i = 0; i < u->flags_n; i++) {
        if (!completion_names_file(&u->flags[i])) continue;
        buf_printf(out, "--%s ", u->flags[i].name);
        if (u->flags[i].letter) buf_printf(out, "-%c ", u->flags[i].letter);
    }
    buf_str(out, "' values=' ");
    for (size_t i = 0; i < u->flags_n; i++)
        if (u->flags[i].argument && !completion_names_file(&u->flags[i]))
            buf_printf(out, "--%s ", u->flags[i].name);
    buf_str(out, "' ;;\n");
}

void completion_bash(struct buf *out) {
    buf_str(out, "# bash completion of winnowd, made by `winnowd docs bash`\n"
                 "_winnowd() {\n"
                 "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} "
                 "words='' flags='--help' files='' values=''\n"
                 "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                 "        mapfile -t COMPREPLY < <(compgen -W '--help --version");
#define COMMAND(name, word, summary) buf_str(out, " " word);
#include "command.def"
#undef COMMAND
    buf_str(out, "' -- \"$cur\")\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n");
    command_each(completion_bash_row, out);
    buf_str(out, "    esac\n"
                 "    case $files in *\" $prev \"*) compopt -o filenames; mapfile -t COMPREPLY < "
                 "<(compgen -f -- \"$cur\"); return ;; esac\n"
                 "    case $values in *\" $prev \"*) return ;; esac\n"
                 "    case $cur in\n"
                 "    -*) mapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$cur\") ;;\n"
                 "    *) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") ;;\n"
                 "    esac\n"
                 "}\n"
                 "complete -F _winnowd winnowd\n");
}

/* ---- zsh ---- */

/* Appends a text that stands in square brackets of an _arguments specification, inside single
 * quotes. */
static void completion_zsh_help(const char *text, struct buf *out) {
    struct buf safe = {0};
    for (; *text; text++) {
        if (strchr("[]:\\", *text)) buf_str(&safe, "\\");
        buf_add(&safe, text, 1);
    }
    completion_quoted(buf_string(&safe), out);
    buf_release(&safe);
}

static void completion_zsh_flag(const struct flag *f, const char *name, struct buf *out) {
    buf_printf(out, " \\\n            '%s[", name);
    completion_zsh_help(f->help, out);
    buf_str(out, "]");
    if (f->argument) {
        buf_str(out, ":");
        completion_zsh_help(f->argument, out);
        buf_str(out, completion_names_file(f) ? ":_files" : ":");
    }
    buf_str(out, "'");
}

static void completion_zsh_row(const struct usage *u, void *opaque) {
    struct buf *out = opaque;
    buf_printf(out, "        %s) _arguments '--help[tell more]'", u->command);
    for (size_t i = 0; i < u->flags_n; i++) {
        char name[64];
        snprintf(name, sizeof name, "--%s", u->flags[i].name);
        completion_zsh_flag(&u->flags[i], name, out);
        if (!u->flags[i].letter) continue;
        snprintf(name, sizeof name, "-%c", u->flags[i].letter);
        completion_zsh_flag(&u->flags[i], name, out);
    }
    if (u->words) {
        buf_str(out, " \\\n            '1:action:(");
        completion_each_word(u, completion_spaced_word, out);
        buf_str(out, ")'");
    }
    buf_str(out, " ;;\n");
}

void completion_zsh(struct buf *out) {
    buf_str(out, "#compdef winnowd\n# zsh completion of winnowd, made by `winnowd docs zsh`\n"
                 "_winnowd() {\n"
                 "    local -a commands\n"
                 "    commands=(\n");
#define COMMAND(name, word, summary)                                                               \
    buf_str(out, "        '" word ":");                                                            \
    completion_zsh_help(summary, out);                                                             \
    buf_str(out, "'\n");
#include "command.def"
#undef COMMAND
    buf_str(out, "    )\n"
                 "    if (( CURRENT == 2 )); then\n"
                 "        _describe -t commands 'winnowd command' commands\n"
                 "        return\n"
                 "    fi\n"
                 "    local command=${words[2]}\n"
                 "    shift words\n"
                 "    (( CURRENT-- ))\n"
                 "    case $command in\n");
    command_each(completion_zsh_row, out);
    buf_str(out, "    esac\n}\n_winnowd \"$@\"\n");
}

/* ---- fish ---- */

static void completion_fish_row(const struct usage *u, void *opaque) {
    struct buf *out = opaque, words = {0};
    for (size_t i = 0; i < u->flags_n; i++) {
        const struct flag *f = &u->flags[i];
        buf_printf(out, "complete -c winnowd -n '__fish_seen_subcommand_from %s' -l %s", u->command,
                   f->name);
        if (f->letter) buf_printf(out, " -s %c", f->letter);
        if (f->argument) buf_str(out, completion_names_file(f) ? " -r -F" : " -x");
        buf_str(out, " -d '");
        completion_quoted(f->help, out);
        buf_str(out, "'\n");
    }
    completion_each_word(u, completion_spaced_word, &words);
    if (words.len)
        buf_printf(out, "complete -c winnowd -n '__fish_seen_subcommand_from %s' -a '%s'\n",
                   u->command, buf_string(&words));
    buf_release(&words);
}

void completion_fish(struct buf *out) {
    buf_str(out, "# fish completion of winnowd, made by `winnowd docs fish`\ncomplete -c winnowd "
                 "-f\ncomplete -c winnowd -l help -d 'tell more'\n");
#define COMMAND(name, word, summary)                                                               \
    buf_str(out, "complete -c winnowd -n __fish_use_subcommand -a " word " -d '");                 \
    completion_quoted(summary, out);                                                               \
    buf_str(out, "'\n");
#include "command.def"
#undef COMMAND
    command_each(completion_fish_row, out);
}
