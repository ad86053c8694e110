/* What a learner does with each verdict. The election is the test's: its functions stand here. */
#include "run/office.h"

#include "base/clock.h"
#include "unit/test.h"

static struct {
    enum election_state state;
    int trouble, made, left, answer;
} election;

int election_create(struct election **out, const struct config *c, struct buf *why) {
    (void)c;
    if (election.answer < 0) {
        buf_str(why, "no");
        return election.answer;
    }
    *out = (struct election *)&election;
    election.state = ELECTION_OPEN;
    election.made++;
    return 0;
}
enum election_state election_state(const struct election *e) {
    (void)e;
    return election.state;
}
int election_trouble(const struct election *e) {
    (void)e;
    return election.trouble;
}
void election_leave(struct election *e) { election.left += e != NULL; }

static struct config *config;
static struct learning learning;

static struct office office_of(const char *learner) {
    struct buf why = {0};
    char *yaml = xasprintf("model: {classes: [a, b]}\nfeatures: [{name: x}]\n"
                           "service: {learner: %s}\n",
                           learner);
    config_destroy(config);
    if (config_parse(&config, "t", text_of(yaml), &why)) fail_msg("%s", buf_string(&why));
    free(yaml);
    learning.config = config;
    memset(&election, 0, sizeof election);
    return (struct office){.learning = &learning};
}

static void each_verdict_has_its_order(void **state) {
    (void)state;
    static const struct {
        enum election_state verdict;
        bool in_office;
        enum office_order order;
    } rows[] = {
        {ELECTION_OPEN, false, OFFICE_STAND_BY},    {ELECTION_OPEN, true, OFFICE_HOLD},
        {ELECTION_ELECTED, false, OFFICE_TAKE},     {ELECTION_ELECTED, true, OFFICE_WORK},
        {ELECTION_STANDBY, false, OFFICE_STAND_BY}, {ELECTION_STANDBY, true, OFFICE_RESIGN},
        {ELECTION_LOST, false, OFFICE_STAND_BY},    {ELECTION_LOST, true, OFFICE_RESIGN},
    };
    struct office o = office_of("auto");
    assert_int_equal(office_order(&o, false), OFFICE_STAND_BY); // does not stand yet
    assert_int_equal(office_stand(&o), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        election.state = rows[i].verdict;
        assert_int_equal(office_order(&o, rows[i].in_office), rows[i].order);
        assert_int_equal(office_stands_by(&o), rows[i].verdict == ELECTION_STANDBY);
    }
    office_leave(&o);
    assert_int_equal(office_order(&o, true), OFFICE_RESIGN); // nobody who stands not may write
}

static void true_asks_nobody(void **state) {
    (void)state;
    struct office o = office_of("true");
    assert_int_equal(office_stand(&o), 0);
    assert_int_equal(election.made, 0);
    assert_int_equal(office_order(&o, false), OFFICE_TAKE);
    assert_int_equal(office_order(&o, true), OFFICE_WORK);
    assert_false(office_refused(&o) || office_stands_by(&o));
}

static void who_lost_stands_again_later_and_anew(void **state) {
    (void)state;
    struct office o = office_of("auto");
    assert_int_equal(office_stand(&o), 0);
    election.state = ELECTION_LOST;
    assert_int_equal(office_stand(&o), 0);
    assert_int_equal(election.left, 1); // its place in the row as well
    assert_int_equal(election.made, 1);
    assert_true(o.stand_ms > clock_ms());
    int64_t first = o.wait_ms;
    office_forfeit(&o);
    assert_int_equal(o.wait_ms, 2 * first);
    for (int i = 0; i < 100; i++) office_forfeit(&o);
    assert_int_equal(o.wait_ms, 60000);
    office_proven(&o);
    office_forfeit(&o);
    assert_int_equal(o.wait_ms, first);
    o.stand_ms = clock_ms();
    assert_int_equal(office_stand(&o), 0);
    assert_int_equal(election.made, 2);
    assert_int_equal(office_stand(&o), 0); // stands already
    assert_int_equal(election.made, 2);
    office_leave(&o);
    assert_int_equal(election.left, 2);
}

static void a_refusal_is_known(void **state) {
    (void)state;
    struct office o = office_of("auto");
    assert_int_equal(office_stand(&o), 0);
    assert_false(office_refused(&o));
    election.trouble = ERR_CONFIG;
    assert_true(office_refused(&o));
    office_leave(&o);
    election.answer = ERR_FATAL; // no thread
    assert_int_equal(office_stand(&o), ERR_FATAL);
    config_destroy(config);
    config = NULL;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_verdict_has_its_order),
        cmocka_unit_test(true_asks_nobody),
        cmocka_unit_test(who_lost_stands_again_later_and_anew),
        cmocka_unit_test(a_refusal_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
