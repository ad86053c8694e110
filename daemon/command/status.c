/* `winnowd status`: whether the daemon of this configuration works, for people, and for scripts by
 * the exit code.
 *
 * The daemon itself is asked, at the address it listens on, so the answer is what it really does.
 * Kafka is not asked.
 *
 * Thread: main thread */
#include "command.h"

#include "http_client.h"
#include "status_lines.h"
#include "terminal/console.h"

enum {
    TIMEOUT_MS = 5000, // for an answer
    UNHEALTHY = 1      // exit code: it answers, but does not work (exit.def)
};

static void status_print(const cJSON *s) {
    struct status_line line[STATUS_LINES];
    const cJSON *note;
    size_t n = status_lines(s, line);
    console_print("%s / %s: ", status_text(s, "name"), status_text(s, "instance"));
    console_word(stdout, status_tone(s), 0, status_word(s));
    console_print(
        ", up %s\n",
        status_duration((status_value(s, "time_ms") - status_value(s, "started_ms")) / 1000,
                        (char[STATUS_WORD]){0}));
    cJSON_ArrayForEach(note, cJSON_GetObjectItemCaseSensitive(s, "notes"))
        console_print("  %s\n", cJSON_GetStringValue(note));
    for (size_t i = 0; i < n; i++) console_print("%-10s %s\n", line[i].title, line[i].text);
}

static int status_report(const char *listen, const char *name, bool json) {
    struct buf why = {0};
    cJSON *s = http_client_status(listen, name, TIMEOUT_MS, &why);
    int code = EX_OK;
    if (!s) code = console_fail(EX_UNAVAILABLE, "%s", buf_string(&why));
    else if (status_tone(s) == TONE_BAD) code = UNHEALTHY;
    if (s && json) {
        char *text = cJSON_PrintUnformatted(s);
        struct buf shown = {0};
        buf_json_shown(&shown, text_of(text));
        puts(buf_string(&shown));
        buf_release(&shown);
        cJSON_free(text);
    } else if (s) {
        status_print(s);
    }
    cJSON_Delete(s);
    buf_release(&why);
    return code;
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
    char *where, *name;
    if (code == CLI_GO) code = command_listen(file, listen, &where, &name);
    if (code != CLI_GO) return code;
    code = status_report(where, name, json);
    free(where);
    free(name);
    return code;
}
