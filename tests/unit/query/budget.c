/* Blocks that pay for several readers: what the caps and a doubted clock allow them, and who reads
 * a sample that lies in two of them. */
#include "query/budget_caps.h"

#include "stream.h"
#include "unit/test.h"

/* A block that pays for several readers has room for all of them before it is covered, and its own
 * requests are not held against it: it is covered as a whole, or not at all. */
static void check_whole_block(const struct budget *b, struct partition_state s, uint64_t per_hour) {
    const struct cap_room before = budget_allowed_capped(b, per_hour, 0, 0, &s);
    const int asked = s.doubt_random;
    for (int i = 0; before.random_ && i < budget_block_labels(&s); i++)
        budget_charge_random(&s, true);
    const struct cap_room after = budget_allowed_capped(b, per_hour, 0, 0, &s);
    if (before.random_ != after.random_ || before.next != after.next)
        fail_msg("%d labels, %u asked: %d%d, then %d%d", budget_block_labels(&s), s.hour.random_,
                 before.random_, before.next, after.random_, after.next);
    const int next = asked + budget_block_labels(&s) + 1 + b->more; // with the next one's
    if (before.next && s.cap_doubt) assert_true(next <= UINT8_MAX);
    if (!before.random_) return;
    assert_true(s.hour.random_ <= budget_arms(b, (uint32_t)per_hour).random_);
    if (s.cap_doubt) assert_int_equal(s.doubt_random, asked + budget_block_labels(&s));
}

static void a_block_is_covered_as_a_whole(void **state) {
    (void)state;
    const struct budget b = {
        .partitions = 1, .random_share = 0.5, .second = 0.5, .more = OPINIONS_MAX - 1};
    for (uint8_t more = 0; more < OPINIONS_MAX; more++) {
        for (uint32_t asked = 0; asked <= 12; asked++)
            check_whole_block(
                &b, (struct partition_state){.divisor = 1, .doubled = more, .hour.random_ = asked},
                20);
        for (int asked = UINT8_MAX - 12; asked <= UINT8_MAX; asked++) // while the clock is doubted
            check_whole_block(
                &b,
                (struct partition_state){
                    .divisor = 1, .doubled = more, .cap_doubt = 1, .doubt_random = (uint8_t)asked},
                1000);
    }
}

/* A sample that lies in two blocks and is drawn in both is one task: its other readers are those of
 * the block that pays for more of them. */
static void of_two_blocks_the_dearer_says_who_reads(void **state) {
    (void)state;
    enum { SEEDS = 2000, LEFT = 2 * STATE_PIECES };
    struct config c = config_of(0.5, MANAGER_QUANTILE_WINDOW);
    size_t both[OPINIONS_MAX] = {0}; // by what the first block pays
    c.budget.draws = DRAWS_WEIGHTED;
    c.people.double_ = 0.5;
    c.people.opinions = OPINIONS_MAX;
    struct policy policy = POLICY_DEFAULT;
    policy.learner.weighted = true;
    const struct allowance a = {.covered = true, .next = true};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct budget b = budget_of(&c, TOPIC, 1);
        b.seed = seed;
        struct partition_state s = {.tokens = 8 * TOKEN_ONE,
                                    .admitted = 100,
                                    .block_start = 90,
                                    .block_size = 10,
                                    .block_passed = 10 * STATE_PIECES - LEFT,
                                    .weighted = 1,
                                    .doubled = seed % OPINIONS_MAX},
                               first = s;
        const struct draw of_first = budget_draw(&b, &policy, 0, &a, LEFT, &first);
        const struct draw d = budget_draw(&b, &policy, 0, &a, 2 * LEFT, &s);
        assert_int_equal(s.block_start, 100); // the next block is under way
        const uint8_t more = d.own ? s.doubled : 0;
        assert_int_equal(d.drawn, of_first.drawn || d.own);
        assert_int_equal(d.more, of_first.more > more ? of_first.more : more);
        both[first.doubled] += of_first.drawn && d.own && of_first.more != more;
    }
    for (size_t i = 0; i < OPINIONS_MAX; i++) assert_true(both[i] > 3);
}

/* The refund of a sample that both arms asked does not pay for the next block while a sample lies
 * in two of them: whether that begins would say what was drawn. */
static void a_refund_does_not_begin_a_block_within_a_sample(void **state) {
    (void)state;
    struct config c = config_of(0.5, MANAGER_QUANTILE_WINDOW);
    c.budget.draws = DRAWS_WEIGHTED;
    const struct budget b = budget_of(&c, TOPIC, 1);
    struct policy policy = POLICY_DEFAULT;
    policy.learner.weighted = true;
    const struct allowance a = {.covered = true, .next = true};
    for (uint8_t both = 0; both < 2; both++) {
        struct partition_state s = {.admitted = 100,
                                    .block_start = 90,
                                    .block_size = 10,
                                    .block_passed = 9 * STATE_PIECES,
                                    .weighted = 1,
                                    .both = both};
        const struct draw d = budget_draw(&b, &policy, 0, &a, 2 * STATE_PIECES, &s);
        assert_true(d.propensity == 0.1);
        assert_int_equal(s.block_start, 90);
    }
}

/* What the next block pays back of a loan is not the strategy arm's. */
static void what_is_to_be_paid_back_stays(void **state) {
    (void)state;
    struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW);
    c.budget.loan = 20;
    const struct budget b = budget_of(&c, TOPIC, 1);
    for (uint8_t lent = 0; lent <= 20; lent += 20) {
        struct partition_state s = {.tokens = 3 * TOKEN_ONE,
                                    .divisor = 1,
                                    .block_size = 100,
                                    .block_passed = 99 * STATE_PIECES,
                                    .lent = lent};
        assert_true(budget_open(&b, &POLICY_DEFAULT, 0, 0, false, &s).strategy == !lent);
    }
}

/* While the clock is doubted requests go into a counter of a byte: a window asks no more than it
 * can count, or the hour that is believed at last would give more than the cap. */
static void a_window_asks_what_a_doubt_can_count(void **state) {
    (void)state;
    enum { HOUR_MS = 3600000, UNITS = 6, COUNTED = 1000, FAR = 5000, ASKED = UINT8_MAX - 5 };
    struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW);
    c.budget.per_hour = 100000;
    const struct budget b = budget_of(&c, TOPIC, 1);
    for (int doubted = 0; doubted < 2; doubted++) {
        struct partition_state s = {.tokens = 40 * TOKEN_ONE,
                                    .saving = 30 * TOKEN_ONE,
                                    .divisor = 1,
                                    .cap_hour = COUNTED,
                                    .cap_doubt = doubted ? FAR * UNITS : 0,
                                    .doubt_strategy = doubted ? ASKED : 0};
        const int64_t hour = doubted ? FAR : COUNTED;
        assert_int_equal(budget_window(&b, &POLICY_DEFAULT, 0, hour * HOUR_MS, &s),
                         doubted ? UINT8_MAX - ASKED : 30);
    }
}

/* The refund of a sample of the block under way waits for its end, also of the first: else the
 * tokens would say what was drawn. */
static void the_present_block_keeps_its_refund(void **state) {
    (void)state;
    for (uint64_t sample = 99; sample <= 101; sample++) {
        struct partition_state s = {
            .tokens = TOKEN_ONE, .saving = TOKEN_ONE, .block_start = 100, .block_size = 10};
        budget_charge_window(&s, true, sample);
        assert_int_equal(s.both, sample >= 100);
        assert_int_equal(s.owed, sample < 100);
    }
}

/* Where the random arm may have all of the rate, a block earns what all its readers cost. */
static void a_block_of_several_readers_earns_them_all(void **state) {
    (void)state;
    struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW);
    c.query.measure = MEASURE_ENTROPY;
    c.people.double_ = 1;
    struct policy policy = POLICY_DEFAULT;
    for (uint8_t readers = 1; readers <= OPINIONS_MAX; readers++) {
        c.people.opinions = readers;
        const struct budget b = budget_of(&c, TOPIC, 1);
        for (int doubts = 0; doubts < 2; doubts++) {
            struct partition_state s = {.tokens = 8 * TOKEN_ONE, .divisor = 1};
            policy.learner.explore = !doubts;
            policy.learner.doubts = doubts;
            (void)budget_open(&b, &policy, 0, 0, false, &s);
            assert_int_equal(s.block_size, 20 * readers);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_is_covered_as_a_whole),
        cmocka_unit_test(of_two_blocks_the_dearer_says_who_reads),
        cmocka_unit_test(a_refund_does_not_begin_a_block_within_a_sample),
        cmocka_unit_test(a_block_of_several_readers_earns_them_all),
        cmocka_unit_test(what_is_to_be_paid_back_stays),
        cmocka_unit_test(a_window_asks_what_a_doubt_can_count),
        cmocka_unit_test(the_present_block_keeps_its_refund),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
