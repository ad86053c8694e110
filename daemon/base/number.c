/* One pass that collects digits and exponent; what does not fit goes to strtod (the process keeps the C locale).
 *
 * Thread: any thread */
#include "base/number.h"

#include <stdint.h>
#include <stdlib.h>

enum { DIGITS_MOST = 18, POWER_MOST = 22, EXPONENT_DIGITS = 4 };

static const double power[POWER_MOST + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                             1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct decimal {
    uint64_t digits;
    int used, exponent; // used: significant digits
};

static const char *take_digits(struct decimal *d, const char *at, const char *end, int step) {
    for (; at < end && is_digit(*at); at++) {
        d->digits = d->digits * 10 + (uint64_t)(*at - '0');
        d->used += d->digits > 0;
        d->exponent += step;
        if (d->used > DIGITS_MOST) return NULL;
    }
    return at;
}

static bool take_exponent(struct decimal *d, const char *at, const char *end) {
    bool minus = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    int value = 0;
    if (end - at > EXPONENT_DIGITS) return false;
    for (; at < end; at++) value = value * 10 + (*at - '0');
    d->exponent += minus ? -value : value;
    return true;
}

static bool take(struct decimal *d, const char *at, const char *end) {
    if (!(at = take_digits(d, at, end, 0))) return false;
    if (at < end && *at == '.' && !(at = take_digits(d, at + 1, end, -1))) return false;
    return at == end || take_exponent(d, at + 1, end);
}

double number_read(struct text t) {
    struct decimal d = {0};
    const char *at = t.at, *end = t.at + t.len;
    bool minus = t.len && *at == '-';
    at += t.len && (*at == '-' || *at == '+');
    bool easy = take(&d, at, end) && d.digits <= (uint64_t)1 << 53 && d.exponent >= -POWER_MOST && d.exponent <= POWER_MOST;
    if (!easy) return strtod(t.at, NULL);
    double value = d.exponent < 0 ? (double)d.digits / power[-d.exponent] : (double)d.digits * power[d.exponent];
    return minus ? -value : value;
}
