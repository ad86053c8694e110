/* No secret is ever printed (promise I12): planted secrets stay out of the printed configuration,
 * of the documents, of every error of thousands of broken files, of what librdkafka says, and of
 * the log. */
#include "unit/config/config_file.h"

#include "base/log.h"
#include "kafka/client.h"

#include <unistd.h>

#define SECRET "h4nter2"

/* Every way in: properties by name, a key in PEM, an address with a password, and files. */
static const char whole[] = "service: {name: shop, instance: i}\n"
                            "kafka:\n"
                            "  brokers: 127.0.0.1:1\n"
                            "  common:\n"
                            "    sasl.username: u\n"
                            "    sasl.password: " SECRET "\n"
                            "    ssl.key.password: \"" SECRET "\"\n"
                            "    ssl.key.pem: '-----BEGIN PRIVATE KEY-----" SECRET "'\n"
                            "    ssl.certificate.pem: '-----BEGIN EC KEY-----" SECRET "'\n"
                            "    sasl.oauthbearer.client.secret: " SECRET "\n"
                            "    sasl.oauthbearer.config: scope=" SECRET "\n"
                            "    sasl.oauthbearer.token.endpoint.url: https://u:" SECRET "@h/t\n"
                            "  producer: {ssl.keystore.password: " SECRET ", linger.ms: 1}\n"
                            "model: {classes: [good, bad]}\n"
                            "budget: {rate: 0.1}\n"
                            "features:\n"
                            "  - {name: x}\n";

static bool holds_secret(struct buf *b) { return strstr(buf_string(b), SECRET) != NULL; }

static void the_printed_configuration_masks_them(void **state) {
    (void)state;
    struct config *c = parsed(whole);
    assert_string_equal(c->kafka.common.value[1], SECRET); // the daemon itself has it
    struct config *copy = config_reloaded(c, c);
    struct buf out = {0};
    config_print(c, &out);
    config_print(copy, &out);
    config_diff(c, copy, &out, &out);
    assert_false(holds_secret(&out));
    const char *masked = out.at;
    for (int i = 0; i < 16; i++)
        assert_non_null(masked = strstr(masked, "\"***\"") ? strstr(masked, "\"***\"") + 1 : NULL);
    assert_null(strstr(masked, "\"***\""));
    assert_non_null(strstr(out.at, "\"sasl.username\": \"u\""));
    buf_release(&out);
    config_destroy(copy);
    config_destroy(c);
}

static void documents_hold_none(void **state) {
    (void)state;
    struct config *c = parsed(whole);
    struct buf out = {0};
    config_markdown(&out);
    config_template(&out);
    assert_false(holds_secret(&out));
    buf_release(&out);
    config_destroy(c);
}

static int library_says(const char *yaml, struct buf *errors) {
    struct config *c = parsed(yaml);
    int result = kafka_check(c, errors);
    config_destroy(c);
    return result;
}

/* One broken file. Errors never repeat the secret; a misspelt property may hide it from the mask,
 * but then the library does not know that property, and what it does not know is not printed:
 * `winnowd check` asks it first. */
static void try_broken(struct buf *yaml, size_t *refused) {
    struct config *c = NULL;
    struct buf said = {0}, printed = {0};
    if (config_parse(&c, "t", buf_view(yaml), &said) < 0) {
        ++*refused;
        if (holds_secret(&said)) fail_msg("%s\n%s", buf_string(yaml), said.at);
    } else {
        config_print(c, &printed);
        if (holds_secret(&printed) && kafka_check(c, &said) == 0)
            fail_msg("%s\n%s", buf_string(yaml), printed.at);
        if (holds_secret(&said)) fail_msg("%s\n%s", buf_string(yaml), said.at);
    }
    config_destroy(c);
    buf_release(&said);
    buf_release(&printed);
}

/* At every place of the file, outside the secrets: a byte left out, or one of some bytes put in. */
static void errors_of_broken_files_do_not_repeat_them(void **state) {
    (void)state;
    static const char spice[] = "\n :-[{!'\"#";
    struct buf yaml = {0};
    size_t refused = 0;
    for (size_t at = 0; at < sizeof whole - 1; at++) {
        for (size_t i = at % 2; i < sizeof spice; i += 2) { // every other: the test is to stay fast
            bool cut = spice[i] == '\0';                    // the last
            buf_reset(&yaml);
            buf_add(&yaml, whole, at);
            if (!cut) buf_add(&yaml, &spice[i], 1);
            buf_str(&yaml, whole + at + cut);
            if (memmem(yaml.at, yaml.len, SECRET, sizeof SECRET - 1)) try_broken(&yaml, &refused);
        }
    }
    assert_true(refused > 1500);
    buf_release(&yaml);
}

static void in_a_wrong_place_they_are_not_repeated(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "kafka: {brokers: 'sasl_ssl://u:" SECRET "@h:9092'}\n",
        "kafka: {brokers: 'ssl://u:" SECRET "@h'}\n",
        "kafka: {common: " SECRET "}\n",
        "kafka: {common: [" SECRET "]}\n",
        "kafka: {common: {sasl.password: [" SECRET "]}}\n",
        "kafka: {password_file: [" SECRET "]}\n",
        "kafka: {password_file: \"" SECRET "\\n\"}\n",
        "kafka: {password: " SECRET "}\n",
        "kafka: {common: {sasl.password: &a " SECRET "}}\n",
        "kafka: {common: {sasl.password: a, sasl.password: " SECRET "}}\n",
        "watch: {listen: 'http://u:" SECRET "@h:80'}\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct config *c = NULL;
        struct buf yaml = {0}, errors = {0};
        buf_printf(&yaml, "model: {classes: [a, b]}\nfeatures: [{name: x}]\n%s", wrong[i]);
        assert_int_equal(config_parse(&c, "t", buf_view(&yaml), &errors), ERR_CONFIG);
        if (holds_secret(&errors)) fail_msg("%s", buf_string(&errors));
        buf_release(&yaml);
        buf_release(&errors);
    }
}

static struct buf logged;
static void keep_line(const char *line, size_t len, void *opaque) {
    (void)opaque;
    buf_add(&logged, line, len);
}

#define BASE "model: {classes: [a, b]}\nfeatures: [{name: x}]\nkafka:\n  brokers: 127.0.0.1:1\n"

/* What the library refuses: properties set one by one, and what it says when a handle is made of
 * them. */
static void the_library_does_not_repeat_them(void **state) {
    (void)state;
    char name[] = "/tmp/winnowd-secret-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, SECRET "\n", sizeof SECRET), sizeof SECRET);
    close(fd);
    static const char *const wrong[] = {
        "  common: {sasl.passwort: " SECRET "}\n",
        "  common: {ssl.key.pem: '" SECRET "', security.protocol: ssl}\n",
        "  common: {sasl.password: " SECRET
        ", sasl.username: u, security.protocol: sasl_plaintext, sasl.mechanisms: QQ}\n",
        "  common: {linger.ms: '@%s'}\n",
        "  common: {security.protocol: '@%s'}\n",
        "  common: {ssl.key.pem: '@%s', security.protocol: ssl}\n",
        "  common: {linger.ms: x}\n  password_file: %s\n",
        "  common: {linger.ms: x}\n  key_password_file: %s\n",
    };
    log_redirect(keep_line, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct buf yaml = {0}, errors = {0};
        const char *hole = strstr(wrong[i], "%s");
        buf_printf(&yaml, "%s%.*s%s%s", BASE, hole ? (int)(hole - wrong[i]) : (int)strlen(wrong[i]),
                   wrong[i], hole ? name : "", hole ? hole + 2 : "");
        if (library_says(buf_string(&yaml), &errors) != ERR_CONFIG)
            fail_msg("not refused:\n%s", yaml.at);
        if (!errors.len || holds_secret(&errors)) fail_msg("%s\n%s", yaml.at, buf_string(&errors));
        buf_release(&yaml);
        buf_release(&errors);
    }
    log_redirect(NULL, NULL);
    if (logged.len) assert_false(holds_secret(&logged));
    buf_release(&logged);
    unlink(name);
}

/* And a file's secret does reach the library: the same file is fine where it belongs, and its
 * absence is said by name only. */
static void secret_files_are_read(void **state) {
    (void)state;
    char name[] = "/tmp/winnowd-secret-XXXXXX", yaml[512];
    const char *why;
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, SECRET "\r\n", sizeof SECRET + 1), sizeof SECRET + 1);
    close(fd);
    char *secret = secret_read(name, &why);
    assert_string_equal(secret, SECRET);
    free(secret);
    setenv("CREDENTIALS_DIRECTORY", "/tmp", 1);
    secret = secret_read(name + 5, &why);
    assert_string_equal(secret, SECRET);
    free(secret);
    struct buf errors = {0};
    snprintf(yaml, sizeof yaml,
             BASE "  common: {security.protocol: sasl_plaintext, sasl.mechanisms: SCRAM-SHA-256, "
                  "sasl.username: u}\n  password_file: %s\n",
             name + 5);
    if (library_says(yaml, &errors)) fail_msg("%s", buf_string(&errors));
    unsetenv("CREDENTIALS_DIRECTORY");
    unlink(name);
    snprintf(yaml, sizeof yaml, BASE "  password_file: %s\n", name);
    assert_int_equal(library_says(yaml, &errors), ERR_CONFIG);
    assert_non_null(strstr(buf_string(&errors),
                           "kafka.password_file: sasl.password: cannot read /tmp/winnowd-secret-"));
    buf_release(&errors);
}

static void secret_files_that_are_surely_wrong_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *why;
    } wrong[] = {{"", 0, "empty"}, {"\n", 1, "empty"}, {"a\0b", 3, "NUL"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char name[] = "/tmp/winnowd-secret-XXXXXX";
        const char *why = NULL;
        int fd = mkstemp(name);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, wrong[i].bytes, wrong[i].n), (int)wrong[i].n);
        close(fd);
        assert_null(secret_read(name, &why));
        assert_non_null(strstr(why, wrong[i].why));
        unlink(name);
    }
    const char *why = NULL;
    assert_null(secret_read("/dev/zero", &why));
    assert_non_null(strstr(why, "longer than 1 MiB"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_printed_configuration_masks_them),
        cmocka_unit_test(documents_hold_none),
        cmocka_unit_test(errors_of_broken_files_do_not_repeat_them),
        cmocka_unit_test(in_a_wrong_place_they_are_not_repeated),
        cmocka_unit_test(the_library_does_not_repeat_them),
        cmocka_unit_test(secret_files_are_read),
        cmocka_unit_test(secret_files_that_are_surely_wrong_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
