/* Days are counted in the proleptic Gregorian calendar from 1 March, so that the leap day is a
 * year's last (Hinnant, "chrono-compatible low-level date algorithms", 2013). No time zone data
 * base and no locale is asked: RFC 3339 says its offset itself.
 *
 * Thread: any thread */
#include "base/moment.h"

#include <math.h>

enum {
    MINUTE_MS = 60000, // zones are told in minutes
    DAY_MS = 86400000  // of one without a leap second
};

static int64_t moment_days(int64_t year, int64_t month, int64_t day) {
    year -= month <= 2;
    int64_t era = year / 400, of_era = year - era * 400,
            of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t moment_month_days(int64_t year, int64_t month) {
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Takes n digits off the front. */
static bool moment_digits(struct text *t, size_t n, int64_t *out) {
    if (t->len < n) return false;
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (t->at[i] < '0' || t->at[i] > '9') return false;
        *out = *out * 10 + (t->at[i] - '0');
    }
    *t = (struct text){t->at + n, t->len - n};
    return true;
}

static bool moment_skip(struct text *t, const char *any_of) {
    if (!t->len || !*t->at || !strchr(any_of, *t->at)) return false;
    *t = (struct text){t->at + 1, t->len - 1};
    return true;
}

static bool moment_day(int64_t year, int64_t month, int64_t day, int64_t *ms) {
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > moment_month_days(year, month))
        return false;
    *ms = moment_days(year, month, day) * DAY_MS;
    return true;
}

static bool moment_date(struct text *t, int64_t *ms) {
    int64_t year, month, day;
    return moment_digits(t, 4, &year) && moment_skip(t, "-") && moment_digits(t, 2, &month) &&
           moment_skip(t, "-") && moment_digits(t, 2, &day) && moment_day(year, month, day, ms);
}

/* 05.03.2024: with points the day comes first wherever dates are written so. */
static bool moment_dotted(struct text *t, int64_t *ms) {
    int64_t year, month, day;
    return moment_digits(t, 2, &day) && moment_skip(t, ".") && moment_digits(t, 2, &month) &&
           moment_skip(t, ".") && moment_digits(t, 4, &year) && moment_day(year, month, day, ms);
}

/* Seconds and their decimals. A leap second is the second after the 59th. */
static bool moment_seconds(struct text *t, int64_t *ms) {
    int64_t second, digit;
    if (!moment_skip(t, ":") || !moment_digits(t, 2, &second) || second > 60) return false;
    *ms += second * 1000;
    if (!moment_skip(t, ".,")) return true;
    if (!moment_digits(t, 1, &digit)) return false;
    *ms += digit * 100;
    for (int scale = 10; moment_digits(t, 1, &digit); scale /= 10) *ms += digit * scale;
    return true;
}

static bool moment_time(struct text *t, bool secondless, int64_t *ms) {
    int64_t hour, minute;
    if (!moment_digits(t, 2, &hour) || !moment_skip(t, ":") || !moment_digits(t, 2, &minute))
        return false;
    if (hour > 23 || minute > 59) return false;
    *ms += (hour * 60 + minute) * INT64_C(60000);
    bool seconds = t->len && *t->at == ':';
    return seconds ? moment_seconds(t, ms) : secondless;
}

/* What is left of the text: all of it must be the zone. */
static bool moment_zone(struct text t, bool zoneless, int64_t *ms) {
    int64_t hours, minutes;
    if (!t.len) return zoneless;
    bool minus = *t.at == '-';
    if (moment_skip(&t, "Zz")) return !t.len;
    if (!moment_skip(&t, "+-") || !moment_digits(&t, 2, &hours)) return false;
    if (!moment_skip(&t, ":") && !zoneless) return false;
    if (!moment_digits(&t, 2, &minutes) || t.len || hours > 23 || minutes > 59) return false;
    *ms += (hours * 60 + minutes) * (minus ? MINUTE_MS : -MINUTE_MS);
    return true;
}

bool moment_read(struct text t, bool zoneless, int64_t *ms) {
    int64_t moment;
    bool dotted = zoneless && t.len > 2 && t.at[2] == '.';
    if (!(dotted ? moment_dotted : moment_date)(&t, &moment)) return false;
    if (t.len || !zoneless) {
        if (!moment_skip(&t, "Tt ") || !moment_time(&t, zoneless, &moment) ||
            !moment_zone(t, zoneless, &moment))
            return false;
    }
    *ms = moment;
    return true;
}

bool moment_of_number(double number, double per_ms, int64_t *ms) {
    double moment = floor(number / per_ms);
    if (!(moment >= (double)MOMENT_LEAST && moment <= (double)MOMENT_MOST)) return false;
    *ms = (int64_t)moment;
    return true;
}
