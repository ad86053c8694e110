/* `winnowd check`: 78 and every mistake with its place, or 0 and what is in force; nothing is
 * printed that the library does not know (I12). What --online finds needs a real broker:
 * tests/system. */
#include "command/command.h"

#include "unit/capture.h"
#include "unit/test.h"

#define LEAST "model: {classes: [a, b]}\nfeatures: [{name: x}]\n"

static char file[] = "/tmp/winnowd-check-XXXXXX", said[32768];

static int check(const char *yaml, bool online) {
    char *argv[] = {(char *)"check", (char *)"-c", file, (char *)"--online", NULL};
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs(yaml, f);
    fclose(f);
    struct capture c;
    capture_begin(&c);
    int code = command_check(online ? 4 : 3, argv);
    capture_end(&c, said, sizeof said);
    return code;
}

static int set_up(void **state) {
    (void)state;
    int fd = mkstemp(file);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state) {
    (void)state;
    return unlink(file);
}

static void what_is_in_force_is_printed_with_its_source(void **state) {
    (void)state;
    assert_int_equal(
        check(LEAST "budget: {rate: 0.25}\nkafka: {common: {sasl.password: hunter2}}\n", false),
        EX_OK);
    char *line = xasprintf("\n  rate: 0.25  # %s:3\n", file);
    assert_non_null(strstr(said, line));
    assert_non_null(strstr(said, "\n  burst: 10  # default\n"));
    assert_non_null(strstr(said, "{\"sasl.password\": \"***\"}"));
    assert_null(strstr(said, "hunter2"));
    free(line);
}

/* Served beyond loopback: allowed, and said. */
static void an_open_door_is_remarked(void **state) {
    (void)state;
    static const char *const shut[] = {"''",        "127.0.0.1:9464", "127.9.9.9:1",
                                       "'[::1]:1'", "localhost:1",    "unix:/run/w.sock"};
    static const char *const open[] = {"0.0.0.0:9464", "'[::]:9464'", "192.0.2.7:80"};
    for (size_t i = 0; i < sizeof shut / sizeof *shut; i++) {
        char *yaml = xasprintf(LEAST "watch: {listen: %s}\n", shut[i]);
        assert_int_equal(check(yaml, false), EX_OK);
        assert_null(strstr(said, "warning: "));
        free(yaml);
    }
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        char *yaml = xasprintf(LEAST "watch: {listen: %s}\n", open[i]);
        assert_int_equal(check(yaml, false), EX_OK);
        assert_non_null(strstr(said, "warning: watch.listen: "));
        free(yaml);
    }
}

static void every_mistake_is_told_with_its_place(void **state) {
    (void)state;
    assert_int_equal(check("model: {classes: [a]}\nfeatures: [{name: x}]\nbudget: {rate: "
                           "2}\nkafka: {producer: {acks: 0}}\n",
                           false),
                     EX_CONFIG);
    static const char *const wanted[] = {":1:18: model.classes: ", ":3:16: budget.rate: ",
                                         ":4:20: kafka.producer: acks: winnowd sets this itself"};
    for (size_t i = 0; i < 3; i++) {
        char *line = xasprintf("%s%s", file, wanted[i]);
        if (!strstr(said, line)) fail_msg("%s in\n%s", line, said);
        free(line);
    }
    assert_null(strstr(said, "# default"));
}

static void what_the_library_refuses_is_not_printed(void **state) {
    (void)state;
    assert_int_equal(check(LEAST "kafka: {common: {sasl.passwort: hunter2}}\n", false), EX_CONFIG);
    char *line = xasprintf("%s: kafka.common.sasl.passwort: ", file);
    assert_int_equal(strncmp(said, line, strlen(line)), 0);
    assert_null(strstr(said, "hunter2"));
    assert_null(strstr(said, "# default"));
    free(line);
}

static void a_broker_that_is_away_is_69(void **state) {
    (void)state;
    assert_int_equal(check(LEAST "kafka: {brokers: '127.0.0.1:1'}\n", true), EX_UNAVAILABLE);
    assert_non_null(strstr(said, "winnowd: no broker answers at 127.0.0.1:1"));
    assert_non_null(strstr(said, "# default")); // the file itself is fine
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_force_is_printed_with_its_source),
        cmocka_unit_test(every_mistake_is_told_with_its_place),
        cmocka_unit_test(an_open_door_is_remarked),
        cmocka_unit_test(what_the_library_refuses_is_not_printed),
        cmocka_unit_test(a_broker_that_is_away_is_69),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
