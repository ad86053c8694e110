/* The election on librdkafka's mock cluster, which knows groups: of two members that stand, the
 * elder is elected and the other stands by; without the topic there is no verdict. What happens
 * when one leaves or dies is tried on a real broker (tests/system/election.py). */
#include "kafka/election.h"

#include "base/clock.h"
#include "kafka/embedded_broker.h"
#include "unit/test.h"

enum {
    LIMIT_MS = 60000, // of a wait; the mock's first share-out takes 3 s
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

static void await(const struct election *e, enum election_state wanted) {
    for (int64_t until = clock_ms() + LIMIT_MS; election_state(e) != wanted;
         clock_sleep_ms(LOOK_MS))
        if (clock_ms() > until) fail_msg("state %d, wanted %d", election_state(e), wanted);
}

static void of_two_the_elder_is_elected(void **state) {
    (void)state;
    struct election *elder = stand();
    assert_int_equal(election_state(elder), ELECTION_OPEN);
    clock_sleep_ms(LOOK_MS); // another millisecond, another age
    struct election *younger = stand();
    await(elder, ELECTION_ELECTED);
    await(younger, ELECTION_STANDBY);
    assert_int_equal(election_trouble(elder), 0);
    election_leave(younger);
    election_leave(elder);
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
        cmocka_unit_test(of_two_the_elder_is_elected),
        cmocka_unit_test(the_group_is_the_service_s_own),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
