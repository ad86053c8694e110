/* The two records of the policy: as FORMATS says, there and back, and nothing half read. */
#include "query/policy.h"
#include "unit/test.h"

static void records_read_as_documented(void **state) {
    (void)state;
    struct buf b = {0};
    policy_learner_write(&(struct policy_learner){.live = 41, .full = true, .explore = 0.25}, &b);
    assert_true(text_equal(
        buf_view(&b),
        TEXT("{\"live\":41,\"cold\":false,\"full\":true,\"rolled_ms\":0,\"explore\":0.25,"
             "\"shrunken\":false,\"samples_a_day\":0,\"weighted\":false,\"rests\":0,\"doubts\":"
             "false,\"seeks\":false}")));
    buf_reset(&b);
    policy_operator_write(&(struct policy_operator){.paused = true, .budget_scale = 0.5, .pin = 7},
                          &b);
    assert_true(text_equal(
        buf_view(&b), TEXT("{\"paused\":true,\"budget_scale\":0.5,\"pin\":7,\"explore_only\":"
                           "false,\"frozen\":false,\"rollback\":0,\"rolled_ms\":0,\"accepted\":0,"
                           "\"auto_off\":false,\"per_hour\":0,\"per_day\":0,\"open_tasks\":0}")));
    buf_release(&b);
}

static void every_learner_record_comes_back(void **state) {
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct policy_learner in = {.live = i & 4 ? (uint64_t)1 << 53 : 0,
                                    .cold = i & 1,
                                    .full = i & 2,
                                    .explore = i / 7.0,
                                    .samples_a_day = 1000 * i,
                                    .weighted = i & 1,
                                    .doubts = i & 2,
                                    .seeks = i & 1,
                                    .rests = i % 3},
                              out = {.live = 9, .cold = !in.cold, .full = !in.full};
        struct buf b = {0};
        policy_learner_write(&in, &b);
        assert_int_equal(policy_learner_read(&out, buf_view(&b)), 0);
        assert_true(out.live == in.live && out.cold == in.cold && out.full == in.full &&
                    out.explore == in.explore && out.samples_a_day == in.samples_a_day &&
                    out.weighted == in.weighted && out.rests == in.rests &&
                    out.doubts == in.doubts && out.seeks == in.seeks);
        buf_release(&b);
    }
}

static void what_has_changed_is_told_but_the_share(void **state) {
    (void)state;
    const struct policy_learner one = {.live = 3, .explore = 0.2};
    struct policy_learner other[] = {one, one, one, one, one, one, one, one, one, one, one};
    other[0].explore = 0.9;
    other[1].live = 4, other[2].cold = true, other[3].full = true, other[4].rolled_ms = 1;
    other[5].shrunken = true, other[6].samples_a_day = 9, other[7].weighted = true;
    other[8].rests = 1, other[9].doubts = true, other[10].seeks = true;
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_true(policy_learner_same(&one, &other[i]) == (i == 0));
}

static void every_operator_record_comes_back(void **state) {
    (void)state;
    static const double scales[] = {0, 0.1, 1, 1.0 / 3, 20};
    for (unsigned i = 0; i < 20; i++) {
        struct policy_operator in = {.budget_scale = scales[i % 5],
                                     .pin = i & 2 ? 12 : 0,
                                     .paused = i & 1,
                                     .explore_only = i & 4,
                                     .frozen = i & 8,
                                     .rollback = i & 1 ? 3 : 0,
                                     .rolled_ms = i & 1 ? 9 : 0,
                                     .per_hour = (int64_t)(i % 3) - 1,
                                     .per_day = i,
                                     .open_tasks = -1};
        struct policy_operator out = {.budget_scale = -1,
                                      .paused = !in.paused,
                                      .explore_only = !in.explore_only,
                                      .frozen = !in.frozen,
                                      .rollback = 77};
        struct buf b = {0};
        policy_operator_write(&in, &b);
        assert_int_equal(policy_operator_read(&out, buf_view(&b)), 0);
        assert_true(out.budget_scale == in.budget_scale && out.pin == in.pin &&
                    out.paused == in.paused && out.explore_only == in.explore_only);
        assert_true(out.frozen == in.frozen && out.rollback == in.rollback &&
                    out.rolled_ms == in.rolled_ms);
        assert_true(out.per_hour == in.per_hour && out.per_day == in.per_day &&
                    out.open_tasks == in.open_tasks);
        buf_release(&b);
    }
}

static void records_of_earlier_versions_are_read(void **state) {
    (void)state;
    struct policy_operator out = {.frozen = true, .per_day = 9};
    assert_int_equal(
        policy_operator_read(
            &out, TEXT("{\"paused\":true,\"budget_scale\":2,\"pin\":0,\"explore_only\":false}")),
        0);
    assert_true(out.paused && out.budget_scale == 2 && !out.frozen && !out.rollback &&
                !out.per_hour && !out.per_day && !out.open_tasks);
    assert_int_equal(policy_operator_read(&out, TEXT("{\"paused\":true,\"budget_scale\":2,\"pin\":"
                                                     "0,\"explore_only\":false,\"per_day\":-2}")),
                     ERR_CORRUPT);
    assert_int_equal(policy_operator_read(&out, TEXT("{\"paused\":true,\"budget_scale\":2,\"pin\":"
                                                     "0,\"explore_only\":false,\"frozen\":1}")),
                     ERR_CORRUPT);
}

static void a_rollback_holds_until_the_learner_has_gone_on(void **state) {
    (void)state;
    struct policy p = {.learner = {.live = 9}, .operator_ = {.rollback = 6, .rolled_ms = 1000}};
    assert_int_equal(policy_live(&p), 6);
    p.learner.live = 10; // was under way when it was said
    assert_int_equal(policy_live(&p), 6);
    p.learner = (struct policy_learner){.live = 11, .rolled_ms = 1000};
    assert_int_equal(policy_live(&p), 11);
    p.operator_.rolled_ms = 2000; // another one, to the same version
    assert_int_equal(policy_live(&p), 6);
    p.operator_.rolled_ms = 1000;
    p.operator_.pin = 4;
    assert_int_equal(policy_live(&p), 4);
    assert_int_equal(policy_cap(0, 50), 50);
    assert_int_equal(policy_cap(7, 50), 7);
    assert_int_equal(policy_cap(-1, 50), 0);
}

static void members_of_later_versions_do_not_matter(void **state) {
    (void)state;
    struct policy_learner out;
    assert_int_equal(policy_learner_read(
                         &out, TEXT(" {\"new\":[1,{}],\"full\":true,\"cold\":false,\"live\":3} ")),
                     0);
    assert_true(out.live == 3 && out.full && !out.cold && out.explore == 0);
}

static void what_is_no_record_changes_nothing(void **state) {
    (void)state;
    static const char *const learners[] = {
        "",
        "null",
        "[]",
        "3",
        "{}",
        "{\"live\":1,\"cold\":true}",
        "{\"live\":1,\"cold\":true,\"full\":0}",
        "{\"live\":-1,\"cold\":true,\"full\":false}",
        "{\"live\":1.5,\"cold\":true,\"full\":false}",
        "{\"live\":1e300,\"cold\":true,\"full\":false}",
        "{\"live\":\"1\",\"cold\":true,\"full\":false}",
        "{\"live\":null,\"cold\":true,\"full\":false}",
        "{\"live\":1,\"cold\":null,\"full\":false}",
        "{\"live\":1,\"cold\":true,\"full\":false}x",
        "{\"live\":1,\"cold\":true,\"full\":false",
        "{\"Live\":1,\"cold\":true,\"full\":false}",
        "{\"live\":1,\"cold\":true,\"full\":false,\"explore\":1e308}",
        "{\"live\":1,\"cold\":true,\"full\":false,\"explore\":1.01}",
    };
    static const char *const operators[] = {
        "{\"paused\":true,\"budget_scale\":-0.1,\"pin\":0,\"explore_only\":false}",
        "{\"paused\":true,\"budget_scale\":1e999,\"pin\":0,\"explore_only\":false}",
        "{\"paused\":true,\"budget_scale\":1e308,\"pin\":0,\"explore_only\":false}",
        "{\"paused\":true,\"budget_scale\":null,\"pin\":0,\"explore_only\":false}",
        "{\"paused\":true,\"budget_scale\":1,\"explore_only\":false}",
        "{\"paused\":\"no\",\"budget_scale\":1,\"pin\":0,\"explore_only\":false}",
        "{\"live\":1,\"cold\":true,\"full\":false}",
    };
    for (size_t i = 0; i < sizeof learners / sizeof *learners; i++) {
        struct policy_learner out = {.live = 9, .full = true};
        assert_int_equal(policy_learner_read(&out, text_of(learners[i])), ERR_CORRUPT);
        assert_true(out.live == 9 && !out.cold && out.full);
    }
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        struct policy_operator out = {.budget_scale = 0.25, .pin = 3};
        assert_int_equal(policy_operator_read(&out, text_of(operators[i])), ERR_CORRUPT);
        assert_true(out.budget_scale == 0.25 && out.pin == 3 && !out.paused);
    }
    assert_int_equal(policy_learner_read(&(struct policy_learner){0}, (struct text){NULL, 0}),
                     ERR_CORRUPT);
}

static void the_operator_pins_over_the_learner(void **state) {
    (void)state;
    struct policy p = POLICY_DEFAULT;
    assert_true(p.learner.cold && p.operator_.budget_scale == 1 && policy_live(&p) == 0);
    p.learner.live = 5;
    assert_int_equal(policy_live(&p), 5);
    p.operator_.pin = 2;
    assert_int_equal(policy_live(&p), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_read_as_documented),
        cmocka_unit_test(every_learner_record_comes_back),
        cmocka_unit_test(what_has_changed_is_told_but_the_share),
        cmocka_unit_test(every_operator_record_comes_back),
        cmocka_unit_test(records_of_earlier_versions_are_read),
        cmocka_unit_test(a_rollback_holds_until_the_learner_has_gone_on),
        cmocka_unit_test(members_of_later_versions_do_not_matter),
        cmocka_unit_test(what_is_no_record_changes_nothing),
        cmocka_unit_test(the_operator_pins_over_the_learner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
