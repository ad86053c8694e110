/* `winnowd status`: is the daemon of this configuration well? For people, and for scripts by its
 * exit code.
 *
 * Asks the process itself over the address it listens on, so it tells what is and not what should
 * be; nothing is asked of Kafka.
 *
 * Thread: main thread */
#include "command.h"

#include "http_client.h"
#include "status_lines.h"
#include "terminal/console.h"

enum { TIMEOUT_MS = 5000, UNHEALTHY = 1 };

static void status_print(const cJSON *s) {
    struct status_line line[STATUS_LINES];
    const cJSON *note;
    size_t n = status_lines(s, line);
    printf("%s / %s: ", ask_text(s, "name"), ask_text(s, "instance"));
    console_word(stdout, status_tone(s), 0, status_word(s));
    printf(", up %s\n",
           status_duration((ask_number(s, "time_ms") - ask_number(s, "started_ms")) / 1000,
                           (char[STATUS_WORD]){0}));
    cJSON_ArrayForEach(note, cJSON_GetObjectItemCaseSensitive(s, "notes"))
        printf("  %s\n", cJSON_GetStringValue(note));
    for (size_t i = 0; i < n; i++) printf("%-10s %s\n", line[i].title, line[i].text);
}

static int status_report(const char *listen, bool json) {
    struct buf why = {0};
    cJSON *s = ask_status(listen, TIMEOUT_MS, &why);
    int code = !s ? EX_UNAVAILABLE : status_tone(s) == TONE_BAD ? UNHEALTHY : EX_OK;
    if (!s) console_fail(code, "%s", buf_string(&why));
    if (s && json) {
        char *text = cJSON_PrintUnformatted(s);
        puts(text);
        cJSON_free(text);
    } else if (s) {
        status_print(s);
    }
    cJSON_Delete(s);
    buf_release(&why);
    return code;
}

int cli_listen(const char *file, const char *listen, char **out) {
    struct config *c;
    if (listen) {
        *out = xstrdup(listen);
        return CLI_GO;
    }
    if (!file)
        return console_fail(EX_USAGE, "which daemon? Give --config FILE or --listen ADDRESS");
    int code = cli_config(&c, file);
    if (code != CLI_GO) return code;
    *out = xstrdup(c->watch.listen);
    config_destroy(c);
    if (**out) return CLI_GO;
    free(*out);
    return console_fail(EX_UNAVAILABLE, "that daemon listens nowhere: watch.listen is empty");
}

int command_status(int argc, char **argv) {
    const char *file = NULL, *listen = NULL;
    bool json = false;
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &file, "FILE",
         "the daemon's configuration: watch.listen says where it answers", false},
        {"listen", 0, FLAG_TEXT, &listen, "ADDRESS",
         "or that address itself: HOST:PORT or unix:/PATH", false},
        {"json", 0, FLAG_SWITCH, &json, NULL, "everything, as one JSON object", false},
    };
    struct usage usage = {"status", NULL,
                          "Tells how the running daemon is. Exit code: 0 it works, 1 it does not "
                          "(not ready, or stalled), 69 it does not answer.",
                          flags, sizeof flags / sizeof *flags};
    int words, code = cli_parse(&usage, argc, argv, &words);
    char *where;
    if (code == CLI_GO) code = cli_listen(file, listen, &where);
    if (code != CLI_GO) return code;
    code = status_report(where, json);
    free(where);
    return code;
}
