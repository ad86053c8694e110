/* Promise I13: where labels come so late that chosen questions lose their worth, that is noticed,
 * questions are drawn, and the result is that of drawn ones or better. The harm is planted: the
 * boundary swings so fast that it is elsewhere by the time that a label comes. */
#include "command/command.h"

#include "base/rng.h"
#include "unit/capture.h"
#include "unit/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 12000, PERIOD = 700, DELAY = 300 };

static char said[1 << 20], file[64], config[64];

static void make(double period) {
    snprintf(file, sizeof file, "/tmp/winnowd-late-%d.csv", (int)getpid());
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    struct rng r = {.seed = 3};
    fputs("x,y,class\n", f);
    for (int i = 0; i < ROWS; i++) {
        double at = period > 0 ? 1.5 * sin(2 * M_PI * i / period) : 0, x = rng_next_normal(&r),
               y = rng_next_normal(&r);
        bool yes = x + at + 0.2 * rng_next_normal(&r) > 0;
        fprintf(f, "%.4f,%.4f,%s\n", x, y, yes ? "yes" : "no");
    }
    fclose(f);
}

static void make_config(double explore) {
    snprintf(config, sizeof config, "/tmp/winnowd-late-%d.yaml", (int)getpid());
    FILE *f = fopen(config, "w");
    assert_non_null(f);
    fprintf(f,
            "model: {classes: [no, yes]}\nfeatures: [{name: x}, {name: y}]\n"
            "budget: {rate: 0.1}\nquery: {explore: %g}\n",
            explore);
    fclose(f);
}

/* Means over four seeds. */
struct run {
    double accuracy, random_, explore, evidence, against;
};

static double mean(const char *strategy, const char *name) {
    char key[64], of[64];
    double sum = 0;
    size_t n = 0;
    snprintf(key, sizeof key, "\"%s\":", name);
    snprintf(of, sizeof of, "{\"strategy\":\"%s\",\"seed\"", strategy);
    for (const char *at = said; (at = strstr(at, of)); n++) {
        at += strlen(of);
        sum += strtod(strstr(at, key) + strlen(key), NULL);
    }
    assert_int_equal(n, 4);
    return sum / (double)n;
}

static struct run run(double explore) {
    static char delay[8], name[] = "simulate", data[] = "--data", label[] = "--label",
                          class[] = "class", c[] = "-c", late[] = "--delay", json[] = "--json",
                          seeds[] = "--seeds", four[] = "4", against[] = "--against",
                          random_[] = "random";
    snprintf(delay, sizeof delay, "%d", DELAY);
    make_config(explore);
    char *argv[] = {name,  c,     config, data, file,    label,   class, late,
                    delay, seeds, four,   json, against, random_, NULL};
    struct capture capture;
    capture_begin(&capture);
    int code = command_simulate(sizeof argv / sizeof *argv - 1, argv);
    capture_end(&capture, said, sizeof said);
    assert_int_equal(code, 0);
    return (struct run){mean("winnowd", "accuracy"), mean("random", "accuracy"),
                        mean("winnowd", "explore"), mean("winnowd", "evidence"),
                        mean("winnowd", "against")};
}

static void harm_is_noticed_and_questions_are_drawn(void **state) {
    (void)state;
    make(PERIOD);
    struct run never = run(0), now = run(0.8);
    print_message("never %g, now %g of %g, random %g\n", never.accuracy, now.accuracy, now.explore,
                  now.random_);
    assert_true(never.explore == 0 && never.evidence >= 20); // it is told all the same
    assert_true(now.explore > 0.7 && now.evidence >= 20);
    assert_true(now.accuracy > now.random_ - 0.01);
}

static void where_nothing_moves_questions_are_chosen(void **state) {
    (void)state;
    make(0);
    struct run now = run(0.8);
    print_message("%g %g: %g, random %g\n", now.explore, now.against, now.accuracy, now.random_);
    assert_true(now.explore < 0.05);
    assert_true(now.accuracy > now.random_);
}

static int forget(void **state) {
    (void)state;
    unlink(file);
    unlink(config);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(harm_is_noticed_and_questions_are_drawn),
        cmocka_unit_test(where_nothing_moves_questions_are_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
