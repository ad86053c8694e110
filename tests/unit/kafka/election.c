/* The election on librdkafka's mock cluster, which knows groups: of two members that stand, one is
 * elected and the other stands by. That it is the elder (the mock's ids of members do not begin
 * with the client's), and what happens when one leaves or dies, is tried on a real broker
 * (tests/system/election.py). */
#include "kafka/election.h"

#include "base/clock.h"
#include "kafka/embedded_broker.h"
#include "unit/test.h"

enum {
    LIMIT_MS = 300000, // of a wait; the mock's first share-out takes 3 s
    LOOK_MS = 5
};

static struct {
    struct embedded_broker *broker;
    struct config *config;
} world;

static int set_up(void **state) {
    (void)state;
    struct buf why = {0};
    if (embedded_broker_start(&world.broker, &why)) fail_msg("%s", buf_string(&why));
    assert_int_equal(embedded_broker_create_topic(world.broker, "models", 1, &why), 0);
    char *yaml = xasprintf("model: {classes: [a, b]}\nfeatures: [{name: x}]\n"
                           "kafka: {brokers: '%s', session_timeout: 6s}\n",
                           embedded_broker_address(world.broker));
    if (config_parse(&world.config, "t", text_of(yaml), &why)) fail_msg("%s", buf_string(&why));
    free(yaml);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    config_destroy(world.config);
    embedded_broker_stop(world.broker);
    return 0;
}

static struct election *stand(void) {
    struct election *e;
    struct buf why = {0};
    if (election_create(&e, world.config, &why)) fail_msg("%s", buf_string(&why));
    return e;
}

static bool are(const struct election *one, enum election_state a, const struct election *two,
                enum election_state b) {
    return election_state(one) == a && election_state(two) == b;
}

static void of_two_one_is_elected(void **state) {
    (void)state;
    struct election *one = stand(), *two = stand();
    assert_int_equal(election_state(one), ELECTION_OPEN);
    for (int64_t until = clock_ms() + LIMIT_MS;
         !are(one, ELECTION_ELECTED, two, ELECTION_STANDBY) &&
         !are(one, ELECTION_STANDBY, two, ELECTION_ELECTED);
         clock_sleep_ms(LOOK_MS))
        if (clock_ms() > until) fail_msg("%d and %d", election_state(one), election_state(two));
    assert_int_equal(election_trouble(one), 0);
    election_leave(two);
    election_leave(one);
    election_leave(NULL);
}

static void the_group_is_the_service_s_own(void **state) {
    (void)state;
    char *group = election_group(world.config);
    assert_string_equal(group, "winnowd-learner");
    free(group);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two_one_is_elected),
        cmocka_unit_test(the_group_is_the_service_s_own),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
