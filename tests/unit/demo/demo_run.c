/* The whole demo as its user starts it, in a process of its own: it ends by itself with figures
 * that fit together, and at an interrupt with the summary so far; neither leaves anything behind.
 * Wants the program's path in $WINNOWD. */
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "unit/test.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAMPLES = 3000, DEADLINE_MS = 600000 };

struct child {
    pid_t pid;
    char *dir, *out; // its TMPDIR; its standard output
    bool alarms;     // said how many alarms are right, and in truth; known behind last_line
};

/* `winnowd demo --json WHAT VALUE`, and more where it is not NULL. */
static struct child begin(const char *what, const char *value, const char *more,
                          const char *more_value) {
    struct child c = {.dir = xstrdup("/tmp/winnowd-test-XXXXXX")};
    assert_non_null(mkdtemp(c.dir));
    c.out = xasprintf("%s.out", c.dir);
    c.pid = fork();
    assert_true(c.pid >= 0);
    if (c.pid) return c;
    int out = open(c.out, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    setenv("TMPDIR", c.dir, 1);
    if (out < 0 || dup2(out, STDOUT_FILENO) < 0) _exit(126);
    execl(getenv("WINNOWD"), "winnowd", "demo", "--json", "--budget", "0.05", what, value, more,
          more_value, (char *)NULL);
    _exit(127);
}

static int end_of(const struct child *c) {
    int status;
    for (int64_t until = clock_ms() + DEADLINE_MS; clock_ms() < until; clock_sleep_ms(20))
        if (waitpid(c->pid, &status, WNOHANG) == c->pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    kill(c->pid, SIGKILL);
    fail_msg("the demo does not end");
    return 0;
}

/* The last line, which must be JSON. Cleans up; nothing may be left in the directory. */
static cJSON *last_line(struct child *c) {
    FILE *f = fopen(c->out, "r");
    assert_non_null(f);
    char *line = NULL;
    size_t cap = 0;
    while (getline(&line, &cap, f) > 0)
        c->alarms |= strstr(line, "of 100 alarms ") && strstr(line, " get one, in truth ");
    cJSON *json = cJSON_Parse(line);
    if (!json) fail_msg("the last line is no JSON: %s", line);
    free(line);
    fclose(f);
    assert_int_equal(unlink(c->out), 0);
    assert_int_equal(rmdir(c->dir), 0);
    free(c->out);
    free(c->dir);
    return json;
}

static double number(const cJSON *o, const char *key) {
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, key);
    if (!cJSON_IsNumber(n)) fail_msg("no number %s", key);
    return n->valuedouble;
}

static void test_it_runs_through_and_stops_when_told(void **state) {
    (void)state;
    if (!getenv("WINNOWD")) skip();
    struct child whole = begin("--samples", "3000", NULL, NULL),
                 cut = begin("--samples", "10000000", NULL, NULL);
    assert_int_equal(end_of(&whole), 0);
    clock_sleep_ms(2000); // both shared the cores with whatever else runs here
    kill(cut.pid, SIGINT);
    assert_int_equal(end_of(&cut), 130);
    cJSON *w = last_line(&whole), *c = last_line(&cut),
          *estimate = cJSON_GetObjectItemCaseSensitive(w, "estimate");
    assert_true(number(w, "samples") == SAMPLES);
    assert_true(number(w, "asked") <= 0.05 * SAMPLES + 22 &&
                number(w, "asked") >
                    0.03 * SAMPLES); // two partitions, a burst of 10 and one more each
    assert_true(number(w, "labelled") == number(w, "asked"));
    assert_true(whole.alarms);
    assert_true(number(w, "models") > 1);
    assert_true(number(w, "accuracy") > 0.97);
    assert_true(number(estimate, "low") <= number(estimate, "accuracy") &&
                number(estimate, "accuracy") <= number(estimate, "high"));
    assert_true(isfinite(number(w, "kappa") + number(w, "average_precision") +
                         number(w, "seconds") + number(w, "dead_letters")));
    assert_true(number(c, "samples") > 0 && number(c, "samples") < 10000000);
    cJSON_Delete(w);
    cJSON_Delete(c);
}

/* What is wrong with a file is said in a sentence, and not behind sixty lines of the daemon's log.
 */
static void test_a_file_that_is_refused_is_all_that_is_told(void **state) {
    (void)state;
    static const char data[] = "/tmp/winnowd-demo-run.csv";
    char said[4096] = "";
    if (!getenv("WINNOWD")) skip();
    FILE *f = fopen(data, "w");
    assert_non_null(f);
    fputs("id,x,y\n", f);
    for (int i = 0; i < 400; i++) fprintf(f, "%d,%d,%d\n", i == 300 ? 7 : i, i * 7 % 101, i % 2);
    fclose(f);
    char *line =
        xasprintf("%s demo --data %s --label y --id id 2>&1 >/dev/null", getenv("WINNOWD"), data);
    FILE *child = popen(line, "r");
    assert_non_null(child);
    said[fread(said, 1, sizeof said - 1, child)] = '\0';
    int status = pclose(child);
    assert_int_equal(WEXITSTATUS(status), 65);
    if (strstr(said, "level=") || !strstr(said, "there was a row of id '7' before"))
        fail_msg("%s", said);
    remove(data);
    free(line);
}

/* A line separates the classes; cells are missing, quoted and decimal commas, as people have them.
 */
static char *write_rows(void) {
    char *path = xstrdup("/tmp/winnowd-test-rows-XXXXXX");
    FILE *f = fdopen(mkstemp(path), "w");
    assert_non_null(f);
    fputs("when;amount;kind;fraud\n", f);
    for (int n = 0; n < SAMPLES; n++) {
        int x = n * 7919 % 1000, y = n * 104729 % 1000;
        const char *kind = n % 97 ? n % 2 ? "web" : "\"in; shop\"" : "";
        fprintf(f, "%d,%d;%d;%s;%s\n", x, n % 10, y, kind, x + y > 1400 ? "yes" : "no");
    }
    fclose(f);
    return path;
}

static void test_it_runs_over_a_file(void **state) {
    (void)state;
    if (!getenv("WINNOWD")) skip();
    char *path = write_rows();
    struct child file = begin("--data", path, "--label", "fraud"),
                 none = begin("--data", path, "--label", "fraude");
    assert_int_equal(end_of(&file), 0);
    assert_int_equal(end_of(&none), 65);
    cJSON *f = last_line(&file);
    assert_true(number(f, "samples") == SAMPLES && number(f, "dead_letters") == 0);
    assert_true(number(f, "asked") > 0.03 * SAMPLES);
    assert_true(number(f, "labelled") == number(f, "asked"));
    assert_true(number(f, "models") >= 1 && number(f, "accuracy") > 0.85);
    assert_int_equal(unlink(none.out), 0);
    assert_int_equal(rmdir(none.dir), 0);
    free(none.out);
    free(none.dir);
    assert_int_equal(unlink(path), 0);
    free(path);
    cJSON_Delete(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_runs_through_and_stops_when_told),
        cmocka_unit_test(test_a_file_that_is_refused_is_all_that_is_told),
        cmocka_unit_test(test_it_runs_over_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
