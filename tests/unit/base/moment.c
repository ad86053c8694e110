/* Moments as others write them: what is taken, as which millisecond, and what is refused. */
#include "base/moment.h"

#include "unit/test.h"

#include <stdio.h>
#include <time.h>

#define DAY_S INT64_C(86400)

static void rfc_3339_is_read_to_the_millisecond(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
        bool zoneless;
    } moments[] = {
        {"1970-01-01T00:00:00Z", 0, false},
        {"2023-11-14T22:13:20Z", 1700000000000, false},
        {"2023-11-14t22:13:20.123456789z", 1700000000123, false},
        {"2023-11-14 23:13:20+01:00", 1700000000000, false},
        {"2023-11-14T16:43:20.5-05:30", 1700000000500, false},
        {"2024-02-29T00:00:00Z", 1709164800000, false},
        {"2000-02-29T23:59:60Z", 951868800000, false},
        {"0001-01-01T00:00:00Z", MOMENT_LEAST, false},
        {"9999-12-31T23:59:59.999Z", MOMENT_MOST, false},
        {"1969-12-31T23:59:59.9Z", -100, false},
        {"2023-11-14T22:13:20", 1700000000000, true},
        {"2023-11-14T23:13:20+0100", 1700000000000, true},
        {"2023-11-14 22:13:20,250", 1700000000250, true},
        {"2023-11-14", 1699920000000, true},
        {"2023-11-14 22:13", 1699999980000, true},
        {"2023-11-14T23:13+01:00", 1699999980000, true},
        {"14.11.2023", 1699920000000, true},
        {"14.11.2023 22:13", 1699999980000, true},
    };
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        int64_t ms = 77;
        bool read = moment_read(text_of(moments[i].text), moments[i].zoneless, &ms);
        if (!read || ms != moments[i].ms) fail_msg("%s: %lld", moments[i].text, (long long)ms);
        if (moments[i].zoneless) assert_false(moment_read(text_of(moments[i].text), false, &ms));
    }
}

static void what_is_no_moment_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "now",
        "2023-11-14T",
        "2023-11-14T22",
        "2023-11-14T22:13:",
        "14.13.2023",
        "1.2.2023",
        "14.11.23",
        "14/11/2023",
        "2023-13-01T00:00:00Z",
        "2023-00-01T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2023-04-31T00:00:00Z",
        "2023-1-1T00:00:00Z",
        "2023-11-14T24:00:00Z",
        "2023-11-14T22:60:00Z",
        "2023-11-14T22:13:61Z",
        "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20Z ",
        "2023-11-14T22:13:20+1:00",
        "2023-11-14T22:13:20+24:00",
        "2023-11-14T22:13:20+01:60",
        "2023-11-14x22:13:20Z",
        "0000-01-01T00:00:00Z",
        "+2023-11-14T22:13:20Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t ms = 77;
        if (moment_read(text_of(bad[i]), true, &ms) || ms != 77) fail_msg("%s", bad[i]);
    }
    int64_t ms = 77;
    assert_false(moment_read((struct text){0}, true, &ms));
    assert_false(moment_read(TEXT("2023-11-14T22:13:20\0"), true, &ms));
}

/* Against the C library, on days all over the calendar. */
static void days_are_those_of_the_calendar(void **state) {
    (void)state;
    for (int64_t day = -700000; day < 2900000; day += 97) {
        char text[48];
        int64_t ms;
        time_t seconds = (time_t)(day * DAY_S);
        struct tm t;
        assert_non_null(gmtime_r(&seconds, &t));
        if (t.tm_year + 1900 < 1 || t.tm_year + 1900 > 9999) continue;
        snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:00Z", t.tm_year + 1900, t.tm_mon + 1,
                 t.tm_mday);
        if (!moment_read(text_of(text), false, &ms) || ms != day * DAY_S * 1000)
            fail_msg("%s", text);
    }
}

static void numbers_have_units(void **state) {
    (void)state;
    int64_t ms = 77;
    assert_true(moment_of_number(1700000000.5, 0.001, &ms) && ms == 1700000000500);
    assert_true(moment_of_number(1700000000123, 1, &ms) && ms == 1700000000123);
    assert_true(moment_of_number(1700000000123999, 1000, &ms) && ms == 1700000000123);
    assert_true(moment_of_number(-0.5, 1, &ms) && ms == -1);
    ms = 77;
    assert_false(moment_of_number(1e300, 1, &ms));
    assert_false(moment_of_number(0.0 / 0.0, 1, &ms));
    assert_false(moment_of_number(1700000000000000, 1, &ms));
    assert_int_equal(ms, 77);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_3339_is_read_to_the_millisecond),
        cmocka_unit_test(what_is_no_moment_is_refused),
        cmocka_unit_test(days_are_those_of_the_calendar),
        cmocka_unit_test(numbers_have_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
