/* `winnowd policy` on the embedded broker: each change is published, read back and kept
 * beside the others; nonsense changes nothing. */
#include "command/command.h"

#include "kafka/embedded_broker.h"
#include "unit/capture.h"
#include "unit/test.h"

static struct embedded_broker *broker;
static char file[] = "/tmp/winnowd-policy-XXXXXX", said[8192];

static void write_config(const char *name, const char *model) {
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fprintf(f,
            "service: {name: %s}\nkafka: {brokers: '%s'}\nmodel: {classes: [a, b]%s}\nfeatures: "
            "[{name: x}]\nbudget: {rate: 0.1}\n",
            name, embedded_broker_address(broker), model);
    fclose(f);
}

static int set_up(void **state) {
    (void)state;
    struct buf why = {0};
    assert_int_equal(embedded_broker_start(&broker, &why), 0);
    assert_int_equal(embedded_broker_create_topic(broker, "models", 1, &why), 0);
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    close(fd);
    write_config("shop", "");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    unlink(file);
    embedded_broker_stop(broker);
    return 0;
}

static int policy(const char *action, const char *word) {
    char *argv[] = {(char *)"policy", (char *)"-c", file, (char *)action, (char *)word, NULL};
    struct capture c;
    capture_begin(&c);
    int code = command_policy(word ? 5 : 4, argv);
    capture_end(&c, said, sizeof said);
    return code;
}

/* The line of `show` that starts so, or what follows it. */
static void expect(const char *row, const char *value) {
    char *line = strstr(said, row);
    if (!line || strncmp(line + strlen(row), value, strlen(value)) != 0)
        fail_msg("wanted %s%s in\n%s", row, value, said);
}

static void changes_are_read_back_and_kept(void **state) {
    (void)state;
    assert_int_equal(policy("show", NULL), EX_OK);
    expect("policy         ", "0 ");
    expect("live           ", "none");
    expect("paused         ", "no");
    assert_int_equal(policy("budget", "2.5"), EX_OK);
    expect("policy         ", "1 ");
    expect("budget scale   ", "2.5");
    assert_int_equal(policy("pause", NULL), EX_OK);
    expect("paused         ", "yes");
    expect("budget scale   ", "2.5");
    assert_int_equal(policy("explore", "on"), EX_OK);
    expect("explore only   ", "yes");
    expect("paused         ", "yes");
    assert_int_equal(policy("resume", NULL), EX_OK);
    assert_int_equal(policy("show", NULL), EX_OK); // by another process, so to say
    expect("policy         ", "4 ");
    expect("paused         ", "no");
    expect("explore only   ", "yes");
    expect("budget scale   ", "2.5");
    assert_int_equal(policy("live", "newest"), EX_OK); // nothing was pinned: said all the same
    expect("live           ", "none");
    assert_int_equal(policy("explore", "off"), EX_OK);
    expect("explore only   ", "no");
}

static void nonsense_is_64_and_changes_nothing(void **state) {
    (void)state;
    static const char *const wrong[][2] = {
        {"budget", "10.1"}, {"budget", "-1"}, {"budget", "x"},  {"budget", NULL}, {"budget", "nan"},
        {"live", "7"},      {"live", "0"},    {"live", "1x"},   {"live", NULL},   {"explore", "up"},
        {"explore", NULL},  {"show", "all"},  {"resume", "now"}};
    assert_int_equal(policy("show", NULL), EX_OK);
    char *before = xstrdup(strstr(said, "policy    "));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (policy(wrong[i][0], wrong[i][1]) != EX_USAGE)
            fail_msg("%s %s", wrong[i][0], wrong[i][1] ? wrong[i][1] : "");
    assert_int_equal(policy("show", NULL), EX_OK);
    assert_string_equal(strstr(said, "policy    "), before);
    free(before);
    assert_int_equal(policy("budget", "10"), EX_OK); // the most that is allowed: 1 / rate
    assert_int_equal(policy("budget", "0"), EX_OK);
    expect("budget scale   ", "0 ");
}

/* Nothing was said, and yet a model is in force, and cold is over. */
static void a_score_that_events_bring_is_live(void **state) {
    (void)state;
    write_config("bank", ", upstream: {probability: /score}");
    assert_int_equal(policy("show", NULL), EX_OK);
    expect("live           ", "1 ");
    expect("cold           ", "no");
    assert_non_null(strstr(said, "the score that events bring (model.upstream)"));
    assert_int_equal(policy("live", "1"), EX_OK);
    assert_int_equal(policy("live", "newest"), EX_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_read_back_and_kept),
        cmocka_unit_test(nonsense_is_64_and_changes_nothing),
        cmocka_unit_test(a_score_that_events_bring_is_live),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
