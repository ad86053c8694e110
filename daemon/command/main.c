/* winnowd: finds the command in the table and runs it.
 *
 * Thread: main thread */
#include "command.h"

#include "base/blas_threads.h"
#include "base/standard_files.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
#define COMMAND(name, word, summary) {word, command_##name, summary},
#include "command.def"
#undef COMMAND
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void main_help(FILE *out) {
    fputs("winnowd: asks people about the few samples of a stream whose labels teach the model "
          "most\n\nusage: winnowd COMMAND [flags]\n\n",
          out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fputs("\nwinnowd COMMAND --help tells more.\n", out);
}

/* The exit code: a command whose output could not be written (a full disk, a closed pipe) has not
 * succeeded. */
static int main_flushed(int code) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fprintf(stderr, "winnowd: cannot write to standard output: %m\n");
    return code == EX_OK ? EX_IOERR : code;
}

int main(int argc, char **argv) {
    standard_files_take();
    blas_single_thread(argv);
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        main_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? EX_USAGE : EX_OK;
    }
    if (strcmp(argv[1], "--version") == 0) return command_version(1, argv + 1);
    struct buf names = {0};
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            buf_release(&names);
            return main_flushed(commands[i].run(argc - 1, argv + 1));
        }
        buf_printf(&names, "%s%s", i ? "|" : "", commands[i].name);
    }
    fprintf(stderr, "winnowd: there is no command '%s'%s\n", argv[1],
            cli_nearest(buf_string(&names), argv[1]));
    buf_release(&names);
    return EX_USAGE;
}
