/* The figures of librdkafka's statistics: the worst broker's means, queues summed; what is missing
 * is 0. */
#include "kafka/stats.h"
#include "unit/test.h"

#include <math.h>

/* The shape that 2.0.2 writes, shortened. */
static const char real[] =
    "{ \"name\": \"winnowd#producer-1\", \"ts\":123, \"msg_cnt\":7, \"msg_size\":700, "
    "\"brokers\":{ "
    "\"127.0.0.1:9092/1\": { \"name\":\"127.0.0.1:9092/1\", \"int_latency\": { "
    "\"min\":1,\"max\":9,\"avg\":5 } , \"rtt\": { "
    "\"min\":400,\"max\":9000,\"avg\":1500,\"p99\":8000 } , "
    "\"throttle\": { \"min\":0,\"max\":9,\"avg\":3 } } ,\"127.0.0.1:9093/2\": { \"rtt\": { "
    "\"min\":1,\"max\":1,\"avg\":2500 } , \"throttle\": { \"avg\":0 } } }, "
    "\"topics\":{ \"samples\": { \"partitions\":{ \"0\": { \"fetchq_cnt\":40, \"fetchq_size\":4000 "
    "} ,\"1\": { \"fetchq_cnt\":2 } } } } }";

static void figures_are_found(void **state) {
    (void)state;
    struct kafka_stats s;
    kafka_stats_read(&s, text_of(real));
    assert_true(fabs(s.rtt_s - 0.0025) < 1e-12 && fabs(s.throttle_s - 0.003) < 1e-12);
    assert_true(s.fetched == 42 && s.outgoing == 7);
}

static void what_is_not_there_is_nothing(void **state) {
    static const char *const odd[] = {"",
                                      "{}",
                                      "{\"rtt\":",
                                      "\"rtt\" \"rtt\"",
                                      "{\"brokers\":{\"a\":{\"rtt\":{\"min\":1}}}}",
                                      "{\"msg_cnt\":\"many\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct kafka_stats s = {1, 1, 1, 1};
        kafka_stats_read(&s, text_of(odd[i]));
        assert_true(s.rtt_s == 0 && s.throttle_s == 0 && s.fetched == 0 && s.outgoing == 0);
    }
    struct kafka_stats s;
    for (size_t n = 0; n < sizeof real; n++)
        kafka_stats_read(&s, (struct text){real, n}); // cut anywhere
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(figures_are_found),
                                       cmocka_unit_test(what_is_not_there_is_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
