/* Hours, weekdays and days of the month are circles: 23:59 is next to 0:00, so each is a point on
 * one. All in UTC. The age is how long before the record the moment was, in hours, as
 * sign(x)·ln(1+|x|): minutes differ where it is young, years where it is old.
 *
 * Thread: any thread */
#include "time_columns.h"

#include <math.h>
#include <stdbool.h>
#include <time.h>

static const double hour_ms = 3600000, days_of_week = 7, hours_of_day = 24;

static void time_columns_circle(double turns, double *row) {
    row[0] = sin(2 * M_PI * turns);
    row[1] = cos(2 * M_PI * turns);
}

/* Days of the month and year that tm stands in. */
static int time_columns_month_days(const struct tm *tm) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = tm->tm_year + 1900;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[tm->tm_mon] + (tm->tm_mon == 1 && leap);
}

void time_columns(int64_t moment_ms, int64_t record_ms, double *row) {
    int64_t of_second = ((moment_ms % 1000) + 1000) % 1000;
    time_t seconds = (time_t)((moment_ms - of_second) / 1000);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm)) tm = (struct tm){.tm_mday = 1};
    double hours = tm.tm_hour + (tm.tm_min + (tm.tm_sec + (double)of_second / 1000) / 60) / 60,
           days = (tm.tm_mday - 1 + hours / hours_of_day) / time_columns_month_days(&tm),
           age = record_ms > 0 ? (double)(record_ms - moment_ms) / hour_ms : 0;
    time_columns_circle(hours / hours_of_day, row);
    time_columns_circle((tm.tm_wday + hours / hours_of_day) / days_of_week, row + 2);
    time_columns_circle(days, row + 4);
    row[6] = copysign(log1p(fabs(age)), age);
}
