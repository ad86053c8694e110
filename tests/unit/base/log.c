/* Every line that is written can be read back by a machine, whole; what is held back is counted and
 * said. */
#include "base/log.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "unit/test.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- what was written ---- */

enum { LINES = 1024 };

static struct {
    char *line[LINES];
    size_t n;
} heard;

static void hear(const char *line, size_t len, void *opaque) {
    (void)opaque;
    assert_true(heard.n < LINES);
    assert_true(len > 0 && line[len - 1] == '\n');
    assert_null(memchr(line, '\n', len - 1)); // one line, whatever was in the fields
    heard.line[heard.n++] = xasprintf("%.*s", (int)len - 1, line);
}

static void forget(void) {
    while (heard.n) free(heard.line[--heard.n]);
}

/* Each test has events of its own: what was said of late is process-wide. */
static void start(enum log_format format, enum log_level level) {
    unsetenv("JOURNAL_STREAM");
    forget();
    log_init(format, level);
    log_redirect(hear, NULL);
}

static const char *only_line(void) {
    assert_int_equal(heard.n, 1);
    return heard.line[0];
}

static size_t lines_with(const char *what) {
    size_t n = 0;
    for (size_t i = 0; i < heard.n; i++) n += strstr(heard.line[i], what) != NULL;
    return n;
}

/* The value of a key of a logfmt line, read by the rules of the format: bare up to a blank, or a
 * JSON string. */
static const char *logfmt(const char *line, const char *key) {
    static char value[512];
    for (const char *p = line; *p;) {
        size_t n = strcspn(p, "= ");
        assert_int_equal(p[n], '=');
        bool found = strlen(key) == n && strncmp(p, key, n) == 0;
        const char *from = p + n + 1, *end = from;
        if (*from == '"') {
            cJSON *string = cJSON_ParseWithOpts(from, &end, 0);
            assert_true(cJSON_IsString(string));
            if (found) snprintf(value, sizeof value, "%s", string->valuestring);
            cJSON_Delete(string);
        } else {
            end = from + strcspn(from, " ");
            assert_true(end > from);
            if (found) snprintf(value, sizeof value, "%.*s", (int)(end - from), from);
        }
        if (found) return value;
        assert_true(*end == ' ' || *end == '\0');
        p = end + (*end == ' ');
    }
    return NULL;
}

static void assert_logfmt(const char *key, const char *expected) {
    const char *value = logfmt(only_line(), key);
    assert_non_null(value);
    assert_string_equal(value, expected);
}

/* ---- formats ---- */

static const struct {
    const char *raw, *read;
} nasty[] = {
    {"plain", "plain"},
    {"", ""},
    {"two words", "two words"},
    {"say \"hi\"", "say \"hi\""},
    {"\"quoted\"", "\"quoted\""},
    {"a=b", "a=b"},
    {"back\\slash", "back\\slash"},
    {"line\nfeed\r\ttab", "line\nfeed\r\ttab"},
    {"\x01\x1B[31m\x7F", "\x01\x1B[31m\x7F"},
    {"gr\xC3\xBC\xC3\x9F \xF0\x9F\x99\x82", "gr\xC3\xBC\xC3\x9F \xF0\x9F\x99\x82"},
    {"bad \xFF\xC3", "bad \xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, // a surrogate
};
enum { NASTY = sizeof nasty / sizeof *nasty };

static void logfmt_reads_back(void **state) {
    (void)state;
    for (size_t i = 0; i < NASTY; i++) {
        start(LOG_LOGFMT, LOG_INFO);
        LOG(INFO, "logfmt", nasty[i].raw, L_STR("text", nasty[i].raw), L_I64("less", -3),
            L_U64("most", UINT64_MAX), L_F64("real", 1.25), L_F64("none", NAN),
            L_F64("inf", INFINITY), L_F64("low", -INFINITY), L_BOOL("yes", true),
            L_BOOL("no", false));
        assert_logfmt("level", "info");
        assert_logfmt("event", "logfmt");
        assert_logfmt("msg", nasty[i].read);
        assert_logfmt("text", nasty[i].read);
        assert_logfmt("less", "-3");
        assert_logfmt("most", "18446744073709551615");
        assert_logfmt("real", "1.25");
        assert_logfmt("none", "nan");
        assert_logfmt("inf", "inf");
        assert_logfmt("low", "-inf");
        assert_logfmt("yes", "true");
        assert_logfmt("no", "false");
        assert_null(logfmt(only_line(), "repeated"));
        int year, used = 0;
        assert_int_equal(
            sscanf(only_line(), "ts=%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3dZ %n", &year, &used), 1);
        assert_true(year >= 2024 && used == (int)strlen("ts=2024-01-01T00:00:00.000Z "));
    }
}

static void json_reads_back(void **state) {
    (void)state;
    for (size_t i = 0; i < NASTY; i++) {
        start(LOG_JSON, LOG_INFO);
        LOG(NOTICE, "json", nasty[i].raw, L_STR("text", nasty[i].raw),
            L_TEXT("absent", ((struct text){0})), L_I64("less", -3), L_F64("real", 1.25),
            L_F64("none", NAN), L_F64("inf", -INFINITY), L_BOOL("yes", true));
        cJSON *line = cJSON_ParseWithOpts(only_line(), NULL, 1);
        assert_non_null(line);
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "level")), "notice");
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "event")), "json");
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "msg")), nasty[i].read);
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "text")), nasty[i].read);
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "absent")), "");
        assert_true(cJSON_GetObjectItem(line, "less")->valuedouble == -3);
        assert_true(cJSON_GetObjectItem(line, "real")->valuedouble == 1.25);
        assert_true(cJSON_IsNull(cJSON_GetObjectItem(line, "none")) &&
                    cJSON_IsNull(cJSON_GetObjectItem(line, "inf")));
        assert_true(cJSON_IsTrue(cJSON_GetObjectItem(line, "yes")));
        assert_int_equal(strlen(cJSON_GetStringValue(cJSON_GetObjectItem(line, "ts"))),
                         strlen("2024-01-01T00:00:00.000Z"));
        assert_int_equal(cJSON_GetArraySize(line), 11);
        cJSON_Delete(line);
    }
}

static void journald_gets_a_priority_and_no_time(void **state) {
    static const char *const prefix[] = {"<3>", "<4>", "<5>", "<6>", "<7>"};
    (void)state;
    for (int format = LOG_LOGFMT; format <= LOG_JSON; format++)
        for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
            start(LOG_LOGFMT, LOG_DEBUG);
            setenv("JOURNAL_STREAM", "8:1234", 1);
            log_init((enum log_format)format, LOG_DEBUG);
            char text[] = {(char)('a' + format), (char)('a' + level), 0};
            log_write((enum log_level)level, "journal", "hello",
                      (const struct log_field[]){L_STR("text", text), {.key = NULL}});
            assert_memory_equal(only_line(), prefix[level], 3);
            if (format == LOG_LOGFMT) {
                assert_null(logfmt(only_line() + 3, "ts"));
                assert_string_equal(logfmt(only_line() + 3, "text"), text);
            } else {
                cJSON *line = cJSON_ParseWithOpts(only_line() + 3, NULL, 1);
                assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "text")), text);
                cJSON_Delete(line);
            }
        }
}

/* ---- levels ---- */

static size_t said_at(enum log_level most_verbose, const char *event) {
    forget();
    log_level_set(most_verbose);
    for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
        char text[] = {(char)('0' + level), 0};
        log_write((enum log_level)level, event, "hello",
                  (const struct log_field[]){L_STR("text", text), {.key = NULL}});
    }
    return heard.n;
}

static void the_level_decides_and_can_change(void **state) {
    (void)state;
    start(LOG_LOGFMT, LOG_INFO);
    assert_int_equal(said_at(LOG_ERROR, "level_1"), 1);
    assert_non_null(strstr(heard.line[0], "level=error"));
    assert_int_equal(said_at(LOG_NOTICE, "level_2"), 3);
    assert_int_equal(said_at(LOG_DEBUG, "level_3"), 5);
    assert_int_equal(said_at(LOG_WARNING, "level_4"), 2);
}

/* ---- repeats ---- */

static void trouble_repeats_by_event_message_and_first_text(void **state) {
    (void)state;
    start(LOG_LOGFMT, LOG_INFO);
    for (int i = 0; i < 5; i++)
        LOG(WARNING, "trouble", "no answer", L_U64("try", i), L_STR("topic", "a"),
            L_STR("detail", i % 2 ? "x" : "y"));
    assert_int_equal(heard.n, 1);
    LOG(WARNING, "trouble", "no answer", L_U64("try", 0),
        L_STR("topic", "b"));                                                // another first text
    LOG(WARNING, "trouble", "no way", L_U64("try", 0), L_STR("topic", "a")); // another message
    LOG(WARNING, "trouble2", "no answer", L_U64("try", 0), L_STR("topic", "a"));
    for (int i = 0; i < 2; i++)
        LOG(WARNING, "trouble3", "no answer", L_I64("partition", i)); // no text: all fields
    assert_int_equal(heard.n, 6);
    forget();
    log_flush();
    assert_logfmt("repeated", "4"); // of five, one was said
    assert_logfmt("event", "trouble");
    assert_logfmt("level", "warning");
    log_flush();
    assert_int_equal(heard.n, 1); // once
}

static void news_repeats_only_when_all_is_the_same(void **state) {
    (void)state;
    start(LOG_LOGFMT, LOG_INFO);
    for (int i = 0; i < 10; i++)
        LOG(INFO, "news", "taken over", L_STR("topic", "a"), L_I64("partition", i));
    for (int i = 0; i < 3; i++)
        LOG(INFO, "news", "taken over", L_STR("topic", "a"), L_F64("share", i));
    LOG(NOTICE, "news", "taken over", L_STR("topic", "a"), L_STR("by", "b"));
    LOG(NOTICE, "news", "taken over", L_STR("topic", "a"), L_STR("by", "c"));
    assert_int_equal(heard.n, 15);
    for (int i = 0; i < 3; i++)
        LOG(INFO, "news", "taken over", L_STR("topic", "a"), L_I64("partition", 4));
    assert_int_equal(heard.n, 15);
    forget();
    log_flush();
    assert_logfmt("repeated", "3");
}

static void after_a_second_it_is_said_again(void **state) {
    (void)state;
    start(LOG_LOGFMT, LOG_INFO);
    LOG(ERROR, "second", "trouble");
    LOG(ERROR, "second", "trouble");
    log_flush(); // says the count, and does not begin a new second
    assert_int_equal(lines_with("repeated=1"), 1);
    LOG(ERROR, "second", "trouble");
    LOG(ERROR, "second", "trouble");
    assert_int_equal(heard.n, 2);
    clock_sleep_ms(1010);
    LOG(ERROR, "second", "trouble");
    assert_int_equal(heard.n, 4);
    assert_int_equal(lines_with("repeated=2"), 1);
    assert_null(strstr(heard.line[3], "repeated"));
    clock_sleep_ms(1010);
    log_flush();
    LOG(ERROR, "second", "trouble");
    assert_int_equal(heard.n, 5);
}

/* More events at once than the table holds: each is said, and counts of those that gave up their
 * place too. */
static void a_full_table_loses_nothing(void **state) {
    (void)state;
    start(LOG_LOGFMT, LOG_INFO);
    for (int i = 0; i < 100; i++)
        for (int twice = 0; twice < 2; twice++) LOG(INFO, "full", "hello", L_I64("i", i));
    for (int i = 70; i < 100; i++)
        LOG(INFO, "full", "hello",
            L_I64("i", i)); // the last ones are still known: it is the oldest that go
    assert_int_equal(lines_with("i="), 100);
    log_flush();
    assert_int_equal(lines_with("i="), 100);
    assert_int_equal(lines_with("repeated=1") + lines_with("repeated=2"), 100);
    assert_int_equal(lines_with("repeated=2"), 30);
}

/* ---- where to ---- */

static void standard_error_is_the_other_way(void **state) {
    (void)state;
    int ends[2], before = dup(STDERR_FILENO);
    char line[256] = "";
    assert_int_equal(pipe(ends), 0);
    start(LOG_LOGFMT, LOG_INFO);
    log_redirect(NULL, NULL);
    dup2(ends[1], STDERR_FILENO);
    LOG(INFO, "redirect", "to the pipe");
    dup2(before, STDERR_FILENO);
    close(before), close(ends[1]);
    ssize_t n = read(ends[0], line, sizeof line - 1);
    close(ends[0]);
    assert_int_equal(heard.n, 0);
    assert_true(n > 0 && line[n - 1] == '\n');
    assert_non_null(strstr(line, " event=redirect msg=\"to the pipe\"\n"));
}

/* A datagram socket keeps the borders of writes: whatever its length, a line is one of them, so
 * that no other process can come between. */
static void a_line_is_one_write(void **state) {
    enum { MOST = 100000 };
    static char text[MOST + 1], got[MOST + 1000];
    static const size_t lengths[] = {0, 1, 5000, 70000, MOST};
    int ends[2], before = dup(STDERR_FILENO);
    size_t whole = 0;
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
    start(LOG_LOGFMT, LOG_INFO);
    log_redirect(NULL, NULL);
    dup2(ends[1], STDERR_FILENO);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        memset(text, 'a', MOST);
        text[lengths[i]] = '\0';
        LOG(INFO, "long", "hello", L_STR("text", text), L_BOOL("whole", true));
        ssize_t n = recv(ends[0], got, sizeof got - 1, 0);
        got[n > 0 ? n : 0] = '\0';
        whole += n > (ssize_t)lengths[i] && strstr(got, text) &&
                 strcmp(got + n - 12, " whole=true\n") == 0;
    }
    dup2(before, STDERR_FILENO); // first of all: cmocka speaks there
    close(before), close(ends[0]), close(ends[1]);
    assert_int_equal(whole, sizeof lengths / sizeof *lengths);
}

/* Whoever reads standard error stops, as a log collector that hangs does: nobody waits for him, and
 * what he missed is said when he goes on. */
static void a_reader_who_stops_holds_nobody_up(void **state) {
    enum { LINES_SAID = 3000, BYTES = 1 << 20 };
    static char got[BYTES];
    int ends[2], before = dup(STDERR_FILENO);
    (void)state;
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0); // as we get it from whoever starts us
    start(LOG_LOGFMT, LOG_INFO);
    log_redirect(NULL, NULL);
    dup2(ends[1], STDERR_FILENO);
    int64_t began_ms = clock_ms();
    uint64_t lost = log_lost();
    for (int i = 0; i < LINES_SAID; i++) LOG(INFO, "deaf", "is there anybody?", L_I64("i", i));
    int64_t took_ms = clock_ms() - began_ms;
    lost = log_lost() - lost;
    ssize_t n = read(ends[0], got, sizeof got - 1), more;
    LOG(INFO, "deaf_no_more", "there you are");
    while (n > 0 && (more = read(ends[0], got + n, sizeof got - 1 - (size_t)n)) > 0) n += more;
    dup2(before, STDERR_FILENO); // first of all: cmocka speaks there
    close(before), close(ends[0]), close(ends[1]);
    assert_true(n > 0 && took_ms < 60000);
    got[n] = '\0';
    size_t whole = 0;
    for (const char *at = got; (at = strstr(at, " event=deaf msg=\"is there anybody?\" i=")); at++)
        whole++;
    assert_int_equal(whole + lost, LINES_SAID);
    char *said = strstr(got, " level=warning event=log_lost "),
         *line = strchr(said ? said : "\n", '\n');
    assert_true(line[1] != '\0');
    *line = '\0';
    assert_int_equal(atoll(logfmt(said + 1, "lines")), lost);
    assert_non_null(strstr(line + 1, " event=deaf_no_more "));
}

/* ---- threads ---- */

enum { THREADS = 8, EACH = 2000, LONG = 300 };

static void *talk(void *arg) {
    char text[LONG + 1];
    int thread = (int)(intptr_t)arg;
    memset(text, 'a' + thread, LONG);
    text[LONG] = '\0';
    for (int i = 0; i < EACH; i++) {
        LOG(INFO, "threads", "all at once", L_I64("thread", thread), L_I64("i", i),
            L_STR("text", text));
        if (i % 500 == 0) log_flush();
        if (i % 100 == 0) log_level_set(i % 200 ? LOG_DEBUG : LOG_INFO);
    }
    return NULL;
}

static void check_line_of_thread(const char *line, int next[THREADS]) {
    const char *value = logfmt(line, "thread");
    assert_non_null(value);
    int thread = atoi(value);
    assert_int_equal(atoi(logfmt(line, "i")), next[thread]++); // in order, none missing
    value = logfmt(line, "text");
    for (int i = 0; i < LONG; i++) assert_int_equal(value[i], 'a' + thread);
    assert_int_equal(value[LONG], '\0');
}

static void threads_write_whole_lines(void **state) {
    (void)state;
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO), next[THREADS] = {0}, lines = 0;
    start(LOG_LOGFMT, LOG_INFO);
    log_redirect(NULL, NULL);
    dup2(fileno(file), STDERR_FILENO);
    pthread_t thread[THREADS];
    for (intptr_t i = 0; i < THREADS; i++) pthread_create(&thread[i], NULL, talk, (void *)i);
    for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    char line[1024];
    for (; fgets(line, sizeof line, file); lines++) {
        line[strcspn(line, "\n")] = '\0';
        check_line_of_thread(line, next);
    }
    fclose(file);
    assert_int_equal(lines, THREADS * EACH);
}

static int end(void **state) {
    (void)state;
    forget();
    log_redirect(NULL, NULL);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logfmt_reads_back),
        cmocka_unit_test(json_reads_back),
        cmocka_unit_test(journald_gets_a_priority_and_no_time),
        cmocka_unit_test(the_level_decides_and_can_change),
        cmocka_unit_test(trouble_repeats_by_event_message_and_first_text),
        cmocka_unit_test(news_repeats_only_when_all_is_the_same),
        cmocka_unit_test(after_a_second_it_is_said_again),
        cmocka_unit_test(a_full_table_loses_nothing),
        cmocka_unit_test(standard_error_is_the_other_way),
        cmocka_unit_test(a_line_is_one_write),
        cmocka_unit_test(a_reader_who_stops_holds_nobody_up),
        cmocka_unit_test(threads_write_whole_lines),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
