/* Ranges of a total from a few weighted draws, and of the ratio of two. Private to the room.
 *
 * Thread: any thread */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A total and how far off it may be: what the draws say of its error. */
struct total {
    double is;
    double variance, skew; // second and third cumulant of its error
    double draw;           // weight of one draw
    size_t draws;
    double renewed; // how often what the error is of was replaced by new; 0: errors only add up
    bool counts;    // no draw can lower it: the lower end needs no more of one
};

struct range {
    double low, high;
};

/* Standard deviations that an interval of 95 % reaches at one look, and at all looks together after
 * so many draws. */
double interval_deviate(void);
double interval_deviate_always(size_t draws, double renewed);

struct range interval_of_total(const struct total *t, double deviate);
/* Of a / (a + b); lows are at least what is known of each: a_least, b_least. */
struct range interval_of_share(const struct total *a, double a_least, const struct total *b,
                               double b_least, double deviate);
