/* A certificate is granted falsely in at most δ of all lives, however often it is looked at and
 * however unequal the propensities are; a change ends it soon; and what others wrote of one is
 * believed no further than it could be true. */
#include "base/rng.h"
#include "estimate/certificate_record.h"
#include "estimate/unasked.h"
#include "unit/test.h"

#include <math.h>

enum { RUNS = 300, ANSWERS = 1500 };
#define ERROR 0.05
#define CONFIDENCE 0.05
#define TERM 65000u // above 23 of the thresholds

static struct rng rng;

static void tell(struct certifier *c, double propensity, bool wrong, int64_t now) {
    certifier_tell(c, &(struct certificate_answer){
                          .term = TERM, .propensity = propensity, .wrong = wrong, .asked_ms = now});
}

static struct certificate certified(struct certifier *c) { return *certifier_look(c, 0); }

/* How many of n right answers it takes. */
static int clean(struct certifier *c, int64_t from) {
    int n = 0;
    while (!certified(c).granted && n < 100000) {
        tell(c, 0.01, false, from + n);
        certifier_decide(c, 0, from + ++n, 7, 0);
    }
    return n;
}

/* ---- granting ---- */

static void clean_answers_grant_after_as_many_as_are_told(void **state) {
    (void)state;
    static const double errors[] = {0.02, 0.05, 0.1};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct certifier *c = certifier_create(1, errors[i], CONFIDENCE);
        certifier_decide(c, 0, 0, 7, 0);
        double least = certificate_least(errors[i], CONFIDENCE), told = certified(c).needed;
        assert_true(told > least / 2 && told <= least);
        int n = clean(c, 1);
        assert_true(n >= least && n <= least + 2); // the first one only says what it weighs
        assert_int_equal(certified(c).threshold > 0 && certified(c).threshold <= TERM, 1);
        assert_int_equal(certified(c).wrong, 0);
        assert_int_equal(certified(c).version, 7);
        certifier_destroy(c);
    }
}

/* The wrong ones weigh twice: a test that does not weigh sees 2/3 of the error. */
static bool ever_granted(bool unequal) {
    struct certifier *c = certifier_create(1, ERROR, CONFIDENCE);
    bool granted = false;
    for (int64_t i = 1; i <= ANSWERS && !granted; i++) {
        /* Of the samples half are asked with 0.01 and wrong in 9 %, half with 0.02 and in 1 %. */
        bool seldom = rng_next_unit(&rng) < 1.0 / 3;
        double wrong = unequal ? (seldom ? 0.09 : 0.01) : ERROR;
        tell(c, unequal && !seldom ? 0.02 : 0.01, rng_next_unit(&rng) < wrong, i);
        certifier_decide(c, 0, i, 1, 0);
        granted = certified(c).granted;
    }
    certifier_destroy(c);
    return granted;
}

static void an_error_of_alpha_is_granted_in_delta_of_all_lives(void **state) {
    (void)state;
    for (int unequal = 0; unequal < 2; unequal++) {
        size_t broken = 0;
        for (size_t r = 0; r < RUNS; r++) broken += ever_granted(unequal);
        assert_true(broken <= (size_t)(CONFIDENCE * RUNS));
    }
}

static void the_strategy_arm_and_other_classes_count_for_nothing(void **state) {
    (void)state;
    struct certifier *c = certifier_create(2, ERROR, CONFIDENCE);
    for (int64_t i = 1; i <= ANSWERS; i++) {
        tell(c, 1, false, i);
        tell(c, 0, false, i);
        certifier_tell(c, &(struct certificate_answer){
                              .predicted = 1, .term = TERM, .propensity = 0.01, .asked_ms = i});
        certifier_tell(c, &(struct certificate_answer){.predicted = 2, .propensity = 0.01});
        certifier_decide(c, 0, i, 1, 0);
        certifier_decide(c, 1, i, 1, 0);
    }
    assert_false(certified(c).granted);
    assert_int_equal(certified(c).seen, 0);
    assert_true(certifier_look(c, 1)->granted);
    certifier_destroy(c);
}

/* ---- revoking ---- */

static void a_change_ends_it_and_the_next_one_is_dearer(void **state) {
    (void)state;
    struct certifier *c = certifier_create(1, ERROR, CONFIDENCE);
    int64_t now = clean(c, 1), first = now, change = 0;
    for (; certified(c).granted; change++, now++) {
        tell(c, 0.01, change % 2, now);
        certifier_decide(c, 0, now, 1, 0);
    }
    assert_true(change < 60);
    assert_int_equal(certified(c).end, CERTIFICATE_DRIFT);
    assert_int_equal(certified(c).attempt, 2);
    assert_int_equal(certified(c).ended_ms, now - 1);
    for (int i = 0; i < 500; i++) tell(c, 0.01, false, now - 2); // asked before the end
    assert_int_equal(certified(c).seen, 0);
    assert_true(clean(c, now) > first);
    certifier_destroy(c);
}

static void answers_to_earlier_tasks_do_not_bet(void **state) {
    (void)state;
    struct certifier *c = certifier_create(1, ERROR, CONFIDENCE);
    clean(c, 1000);
    for (int i = 0; i < 50; i++) tell(c, 0.01, true, 999); // asked before the grant
    assert_false(certifier_decide(c, 0, 5000, 1, 0) && !certified(c).granted);
    for (int i = 0; i < 50; i++) tell(c, 0.01, true, 4000);
    assert_true(certifier_decide(c, 0, 5000, 1, 0));
    assert_false(certified(c).granted);
    certifier_destroy(c);
}

/* A clock that was years ahead when it was granted, or when an attempt began, watches again. */
static void a_time_that_is_yet_to_come_silences_nothing(void **state) {
    (void)state;
    const int64_t ahead = INT64_C(1) << 40, now = 1000;
    for (int resumed = 0; resumed < 2; resumed++) {
        struct certifier *c = certifier_create(1, ERROR, CONFIDENCE);
        (void)clean(c, ahead);
        assert_true(certified(c).granted && certified(c).since_ms > ahead);
        if (resumed) {
            struct certificate said = certified(c);
            certifier_destroy(c);
            c = certifier_create(1, ERROR, CONFIDENCE);
            certifier_resume(c, 0, &said, now);
            tell(c, 0.01, false, now);
        } else {
            certifier_heed_clock(c, 0, now);
        }
        for (int i = 0; i < 200 && certified(c).granted; i++) {
            tell(c, 0.01, true, now + i);
            certifier_decide(c, 0, ahead + i, 7, 0); // the attempt behind it begins ahead again
        }
        assert_false(certified(c).granted);
        certifier_heed_clock(c, 0, now + 200);
        assert_true(clean(c, now + 200) < 100000);
        certifier_destroy(c);
    }
}

static void it_covers_its_own_descent_only(void **state) {
    (void)state;
    struct certificate c = {.granted = true, .version = 7, .prior = 3};
    assert_true(certificate_covers(&c, 7, 3) && certificate_covers(&c, 90, 3));
    assert_false(certificate_covers(&c, 6, 3)); // rolled back to
    assert_false(certificate_covers(&c, 8, 8)); // pushed
    c.granted = false;
    assert_false(certificate_covers(&c, 7, 3));
}

/* ---- going on ---- */

static void a_new_owner_goes_on_where_the_last_one_stopped(void **state) {
    (void)state;
    struct certifier *c = certifier_create(1, ERROR, CONFIDENCE);
    int64_t now = clean(c, 1);
    struct certificate said = certified(c);
    struct certifier *next = certifier_create(1, ERROR, CONFIDENCE);
    certifier_resume(next, 0, &said, now);
    assert_true(certified(next).granted);
    assert_int_equal(certified(next).since_ms, said.since_ms);
    assert_true(certifier_end(next, 0, CERTIFICATE_MODEL, now));
    assert_false(certifier_end(next, 0, CERTIFICATE_MODEL, now)); // no answer since
    assert_int_equal(certified(next).attempt, 2);
    for (int i = 0; i < 3; i++) tell(next, 0.01, false, now);
    assert_false(certifier_end(next, 0, CERTIFICATE_MODEL, now + 1)); // an attempt, no certificate
    assert_int_equal(certified(next).attempt, 3);
    assert_int_equal(certified(next).from_ms, now + 1);
    said = certified(next);
    certifier_resume(c, 0, &said, now);
    assert_int_equal(certified(c).attempt, 3);
    assert_true(clean(c, now + 1) > certificate_least(ERROR, CONFIDENCE));
    certifier_destroy(c);
    certifier_destroy(next);
}

static void other_terms_end_it(void **state) {
    (void)state;
    struct certifier *c = certifier_create(1, ERROR, CONFIDENCE),
                     *stricter = certifier_create(1, ERROR / 2, CONFIDENCE);
    int64_t now = clean(c, 1);
    struct certificate said = certified(c);
    certifier_resume(stricter, 0, &said, now);
    assert_false(certified(stricter).granted);
    assert_int_equal(certified(stricter).end, CERTIFICATE_TERMS);
    assert_int_equal(certified(stricter).attempt, 2);
    certifier_destroy(c);
    certifier_destroy(stricter);
}

/* ---- the record ---- */

static int read_back(const struct certificate *c, struct certificate *out, const char *from,
                     const char *to) {
    struct buf b = {0}, bent = {0};
    uint64_t terms = 0;
    certificate_write(c, 0xFEDCBA9876543210u, 123, &b);
    const char *text = buf_string(&b), *at = from ? strstr(text, from) : NULL;
    assert_true(!from || at);
    if (at) buf_printf(&bent, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    else buf_str(&bent, text);
    int result = certificate_read(out, &terms, buf_view(&bent));
    if (result == 0) assert_true(terms == 0xFEDCBA9876543210u);
    buf_release(&b);
    buf_release(&bent);
    return result;
}

static void a_record_is_read_as_it_was_written(void **state) {
    (void)state;
    struct certifier *c = certifier_create(1, ERROR, CONFIDENCE);
    struct certificate out, said;
    clean(c, 1795336000000);
    said = certified(c);
    assert_int_equal(read_back(&said, &out, NULL, NULL), 0);
    assert_true(out.granted && out.threshold == said.threshold && out.error == said.error &&
                out.confidence == said.confidence && out.answers == said.answers &&
                out.since_ms == said.since_ms && out.version == 7 && out.attempt == 1);
    certifier_destroy(c);
}

/* Missing of a release before, or none: nothing is decided by it. */
static void how_often_others_come_travels_and_may_be_missing(void **state) {
    (void)state;
    struct certifier *c = certifier_create(1, ERROR, CONFIDENCE);
    struct certificate out, said;
    clean(c, 1795336000000);
    said = certified(c);
    said.others = 0.25;
    assert_int_equal(read_back(&said, &out, NULL, NULL), 0);
    assert_true(out.others == 0.25);
    static const char *const to[] = {"", "\"others\":-1,", "\"others\":2,", "\"others\":\"x\","};
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        assert_int_equal(read_back(&said, &out, "\"others\":0.25,", to[i]), 0);
        assert_true(out.granted && out.others == 0);
    }
    certifier_destroy(c);
}

/* ---- what is not promised ---- */

static const char *words_of(double error, double others, const char *class_) {
    static char out[256];
    struct buf b = {0};
    certificate_write_loose(
        &(struct certificate){.granted = true, .error = error, .others = others}, text_of(class_),
        TEXT("1"), &b);
    snprintf(out, sizeof out, "%s", buf_string(&b));
    buf_release(&b);
    return out;
}

static void an_error_that_others_are_rarer_than_is_loose(void **state) {
    (void)state;
    static const struct {
        double error, others, hides;
        bool loose;
    } rows[] = {{0.02, 0.007, 1, true}, // a fraud detector and the default: all may be closed
                {0.02, 0.04, 0.5, true},     {0.02, 0.099, 0.2020, true},
                {0.02, 0.101, 0.198, false}, {0.0005, 0.007, 0.0714, false},
                {0.02, 0, 0, false}}; // the last: not known
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct certificate c = {.granted = true, .error = rows[i].error, .others = rows[i].others};
        assert_true(fabs(certificate_hides(&c) - rows[i].hides) < 1e-3);
        assert_int_equal(certificate_is_loose(&c), rows[i].loose);
        c.granted = false;
        assert_false(certificate_is_loose(&c));
    }
    assert_string_equal(words_of(0.02, 0.007, "0"),
                        "the bound permits it to close all of what is \"1\" as \"0\": auto.error "
                        "is 2 %, and at most "
                        "0.7 % of the samples are so; set it well below that");
    assert_non_null(strstr(words_of(0.02, 0.04, "0"), "close 50 % of what is"));
    assert_non_null(strstr(words_of(0.02, 0.01, "1"), "close all of what is not \"1\" as \"1\""));
}

static void a_forged_record_is_refused(void **state) {
    (void)state;
    struct certifier *c = certifier_create(1, ERROR, CONFIDENCE);
    clean(c, 1);
    struct certificate said = certified(c), out = {.attempt = 99}, few = said;
    static const char *const bent[][2] = {
        {"\"error\":0.05", "\"error\":0"},
        {"\"error\":0.05", "\"error\":1e-9"},
        {"\"confidence\":0.05", "\"confidence\":2"},
        {"\"threshold\":", "\"threshold\":1"},
        {"\"threshold\":", "\"threshold\":-"},
        {"\"wrong\":0", "\"wrong\":100000"},
        {"\"attempt\":1", "\"attempt\":0"},
        {"\"since_ms\":", "\"since_ms\":-"},
        {"\"end\":\"never\"", "\"end\":\"x\""},
        {"\"granted\":true", "\"granted\":1"},
        {"\"terms\":\"f", "\"terms\":\"x"},
        {"\"needed\":0", "\"needed\":null"},
        {"{", "["},
        {"\"seen\":", "\"unseen\":"},
    };
    for (size_t i = 0; i < sizeof bent / sizeof *bent; i++)
        assert_int_equal(read_back(&said, &out, bent[i][0], bent[i][1]), ERR_CORRUPT);
    few.answers = 10; // no ten answers could have earned it
    assert_int_equal(read_back(&few, &out, NULL, NULL), ERR_CORRUPT);
    assert_int_equal(out.attempt, 99);
    certifier_destroy(c);
}

int main(void) {
    rng = (struct rng){.seed = 3};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_answers_grant_after_as_many_as_are_told),
        cmocka_unit_test(an_error_of_alpha_is_granted_in_delta_of_all_lives),
        cmocka_unit_test(the_strategy_arm_and_other_classes_count_for_nothing),
        cmocka_unit_test(a_change_ends_it_and_the_next_one_is_dearer),
        cmocka_unit_test(answers_to_earlier_tasks_do_not_bet),
        cmocka_unit_test(a_time_that_is_yet_to_come_silences_nothing),
        cmocka_unit_test(it_covers_its_own_descent_only),
        cmocka_unit_test(a_new_owner_goes_on_where_the_last_one_stopped),
        cmocka_unit_test(other_terms_end_it),
        cmocka_unit_test(a_record_is_read_as_it_was_written),
        cmocka_unit_test(how_often_others_come_travels_and_may_be_missing),
        cmocka_unit_test(an_error_that_others_are_rarer_than_is_loose),
        cmocka_unit_test(a_forged_record_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
