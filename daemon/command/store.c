/* `winnowd store`: looks at the label store while no learner has it open: is it whole, and what
 * does it hold.
 *
 * Reads only. What it was made for stands in the store, so an old configuration that names the same
 * state directory will do. Damaged records are named on standard error and end it with 65.
 *
 * Thread: main thread */
#include "command.h"

#include "base/log.h"
#include "store/store_audit.h"
#include "terminal/console.h"

#include <inttypes.h>

enum {
    NAMED_MOST = 100, // damaged records that are named; the rest is counted
    KEY_SHOWN = 48    // bytes of a key
};

struct store_command {
    bool json;
    struct store *store;
    size_t named;
};

static void store_command_name(const struct store_damage *damage, void *opaque) {
    struct store_command *c = opaque;
    struct buf key = {0};
    if (c->named++ >= NAMED_MOST) return;
    for (size_t i = 0; i < damage->key.len && i < KEY_SHOWN; i++)
        buf_printf(&key, "%02x", (unsigned char)damage->key.at[i]);
    if (damage->key.len > KEY_SHOWN) buf_str(&key, "...");
    if (key.len)
        console_fail(EX_DATAERR, "table %s, key %s: %s", damage->table, buf_string(&key),
                     damage->what);
    else console_fail(EX_DATAERR, "table %s: %s", damage->table, damage->what);
    buf_release(&key);
}

/* The exit code, after the rest was counted. */
static int store_command_judge(const struct store_command *c) {
    if (c->named > NAMED_MOST)
        console_fail(EX_DATAERR, "and %zu more", c->named - (size_t)NAMED_MOST);
    return c->named ? EX_DATAERR : EX_OK;
}

/* ---- check ---- */

static void store_command_print(const struct store_audit *a) {
    for (size_t i = 0; store_audit_table(i); i++)
        printf("%-14s %zu\n", store_audit_table(i), a->records[i]);
    char damaged[24];
    snprintf(damaged, sizeof damaged, "%zu", a->damaged);
    printf("%-14s ", "damaged");
    console_word(stdout, a->damaged ? TONE_BAD : TONE_GOOD, 0, damaged);
    putchar('\n');
}

static void store_command_print_json(const struct store_audit *a) {
    printf("{\"records\":{");
    for (size_t i = 0; store_audit_table(i); i++)
        printf("%s\"%s\":%zu", i ? "," : "", store_audit_table(i), a->records[i]);
    printf("},\"damaged\":%zu}\n", a->damaged);
}

static int store_command_check(struct store_command *c) {
    struct store_audit audit;
    store_audit_check(c->store, store_command_name, c, &audit);
    (c->json ? store_command_print_json : store_command_print)(&audit);
    return store_command_judge(c);
}

/* ---- export ---- */

static void store_command_line(struct text json, void *opaque) {
    (void)opaque;
    fwrite(json.at, 1, json.len, stdout);
    putchar('\n');
}

static int store_command_export(struct store_command *c) {
    (void)store_audit_export(c->store, store_command_line, store_command_name, c);
    return store_command_judge(c);
}

/* ---- the table ---- */

static const struct store_action {
    struct verb verb;
    int (*run)(struct store_command *c);
} actions[] = {{{"check", 0}, store_command_check}, {{"export", 0}, store_command_export}};

static int store_command_code(int error) {
    if (error == ERR_MISSING) return EX_NOINPUT;
    return error == ERR_MISMATCH || error == ERR_CORRUPT ? EX_DATAERR : console_exit(error);
}

static int store_command_with_store(struct store_command *c, const struct config *config,
                                    const struct store_action *action) {
    char *dir = xasprintf("%s/" STORE_DIRECTORY, config->service.state_dir);
    const char *why = NULL;
    int result = store_audit_open(&c->store, dir, &why);
    int code = result < 0 ? console_fail(store_command_code(result), "%s: %s (%s)", dir, why,
                                         error_text(result))
                          : action->run(c);
    if (result == 0) store_audit_close(c->store);
    free(dir);
    return code;
}

int command_store(int argc, char **argv) {
    struct store_command c = {0};
    const char *file = NULL;
    struct flag flags[] = {{"config", 'c', FLAG_TEXT, &file, "FILE", "the configuration", true},
                           {"json", 0, FLAG_SWITCH, &c.json, NULL,
                            "check: one JSON object instead of lines for people", false}};
    struct usage usage = {"store", "check | export",
                          "Looks at the label store while no learner has it open: whether it is "
                          "whole, and all that it holds, as JSON lines.",
                          flags, sizeof flags / sizeof *flags};
    size_t chosen;
    int words, code = cli_parse_verb(&usage, VERBS(actions), argc, argv, &words, &chosen);
    if (code != CLI_GO) return code;
    const struct store_action *action = &actions[chosen];
    struct config *config;
    code = cli_config(&config, file);
    if (code != CLI_GO) return code;
    log_init(LOG_LOGFMT, LOG_ERROR);
    code = store_command_with_store(&c, config, action);
    config_destroy(config);
    return code;
}
