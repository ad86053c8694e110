/* Picks figures out of librdkafka's statistics by their keys, without a tree: it is called by
 * threads that have better things to do.
 *
 * A key that is not there (another version of the library) gives 0.
 *
 * Thread: any thread */
#include "kafka/stats.h"

/* The number behind the next "key": from *at on, which moves behind it; -1: there is none. A tree
 * of it all would cost more than the figures are worth. */
static double stats_next_number(struct text json, size_t *at, const char *key) {
    size_t n = strlen(key);
    const char *found = *at < json.len ? memmem(json.at + *at, json.len - *at, key, n) : NULL,
               *end = json.at + json.len;
    if (!found) return -1;
    const char *digit = found + n;
    while (digit < end && (*digit == ':' || *digit == ' ')) digit++;
    double value = 0;
    for (; digit < end && *digit >= '0' && *digit <= '9'; digit++)
        value = value * 10 + (*digit - '0');
    *at = (size_t)(digit - json.at);
    return value;
}

static double stats_largest_mean(struct text json, const char *key) {
    double largest = 0, mean;
    for (size_t at = 0; stats_next_number(json, &at, key) >= 0 &&
                        (mean = stats_next_number(json, &at, "\"avg\"")) >= 0;)
        if (mean > largest) largest = mean;
    return largest;
}

void kafka_stats_read(struct kafka_stats *out, struct text json) {
    size_t at = 0;
    double n = stats_next_number(json, &at, "\"msg_cnt\"");
    *out = (struct kafka_stats){.rtt_s = stats_largest_mean(json, "\"rtt\"") / 1e6,
                                .throttle_s = stats_largest_mean(json, "\"throttle\"") / 1e3,
                                .outgoing = n > 0 ? n : 0};
    for (at = 0; (n = stats_next_number(json, &at, "\"fetchq_cnt\"")) >= 0;) out->fetched += n;
}
