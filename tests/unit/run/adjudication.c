/* Whom a third reader's task is made for: once, with all that the second reader saw and nothing
 * that he said, and remembered until it was read back. */
#include "run/adjudication.h"

#include "base/clock.h"
#include "base/log.h"
#include "route/task.h"
#include "unit/store/opened.h"

#include <cjson/cJSON.h>
#include <math.h>

enum { D = 2, ROOM = 1 << 20 };
static const double row[D] = {1.5, -2};
static const float prob[2] = {0.75f, 0.25f};

struct fixture {
    struct opened at;
    struct config config;
    struct learning learning;
    struct adjudication *a;
    struct annotators *known;
    struct buf record;
};

static void begin(struct fixture *f) {
    f->a = adjudication_create(&f->learning);
    adjudication_allow(f->a, ROOM);
}

static int setup(void **state) {
    static char control[] = "label", object[] = "event";
    struct fixture *f = opened_fixture(sizeof *f, D);
    if (!f) return -1;
    f->config.route.label_control = control;
    f->config.route.label_object = object;
    f->config.route.expiry = 3600000;
    f->learning.config = &f->config;
    begin(f);
    f->known = annotators_create(2);
    opened_again(&f->at, NULL);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    adjudication_destroy(f->a);
    annotators_destroy(f->known);
    buf_release(&f->record);
    return opened_teardown(state);
}

static struct task second_of(int i) {
    struct task t = home_task(TEXT("s"), i * 8, row, D, prob);
    task_id_text_read_by(t.id, 1, 2);
    t.event = TEXT("{\"card\": \"1\",  \"x\":1.50, \"note\": \"byte for byte, as it stands\"}");
    t.reason = ASK_SECOND;
    t.propensity = 0;
    t.opinions = OPINIONS_MAX;
    return t;
}

static struct dispute dispute_of(struct fixture *f, int i, uint64_t one, uint64_t other) {
    const struct task_style style = {f->config.route.label_control, f->config.route.label_object};
    struct task t = second_of(i);
    struct dispute d = {.said = {{one, 1}, {other, 0}}, .n = 2};
    buf_reset(&f->record);
    task_write(&t, &style, &f->record);
    d.record = buf_view(&f->record);
    assert_int_equal(task_id_parse(d.id, text_of(t.id)), 0);
    return d;
}

static bool consider(struct fixture *f, int i) {
    const struct dispute d = dispute_of(f, i, 1, 2);
    return adjudication_consider(f->a, f->known, &d);
}

/* What a progress record would say: how many; its text is the test's. */
static int asked_at(struct fixture *f, struct buf *progress, int64_t now_ms) {
    buf_reset(progress);
    buf_str(progress, "{\"by\":\"x\"");
    adjudication_write_asked(f->a, f->at.s, now_ms, progress);
    buf_str(progress, "}");
    cJSON *json = cJSON_Parse(buf_string(progress));
    assert_non_null(json);
    int n = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "opinions"));
    cJSON *until = cJSON_GetObjectItemCaseSensitive(json, "opinions_until_ms");
    assert_int_equal(cJSON_GetArraySize(until), n);
    cJSON_Delete(json);
    return n;
}
static int asked(struct fixture *f, struct buf *progress) {
    return asked_at(f, progress, clock_wall_ms());
}

static void he_sees_what_the_second_saw(void **state) {
    struct fixture *f = *state;
    struct arena arena = {0};
    struct task t, before = second_of(1);
    const char *why;
    consider(f, 1);
    assert_int_equal(adjudication_collect(f->a), 1);
    struct producer_record r = adjudication_task(f->a, 0);
    assert_int_equal(task_read(&t, r.value, &arena, &why), 0);
    assert_int_equal(task_reader(&t), 3);
    assert_true(text_equal(r.key, text_of(t.id)) && text_equal(t.event, before.event));
    assert_memory_equal(t.row, row, sizeof row);
    assert_memory_equal(t.prob, prob, sizeof prob);
    assert_true(t.propensity == 0 && t.offset == before.offset && t.time_ms == before.time_ms);
    assert_int_equal(t.opinions, 0);
    assert_int_equal(t.expires_ms - t.asked_ms, f->config.route.expiry);
    assert_true(t.asked_ms > before.asked_ms && t.asked_ms <= clock_wall_ms());
    task_id_text_read_by(t.id, 3, 2);
    assert_string_equal(t.id, before.id);
    arena_release(&arena);
}

/* From the moment it is in a transaction until it is read back; whoever takes over goes by what
 * stands on the topic. */
static void he_is_asked_once(void **state) {
    struct fixture *f = *state;
    struct buf progress = {0};
    for (int i = 1; i <= 3; i++) consider(f, i), consider(f, i);
    assert_int_equal(asked(f, &progress), 0);
    assert_int_equal(adjudication_collect(f->a), 3);
    assert_int_equal(asked(f, &progress), 3);
    adjudication_written(f->a, true);
    for (int i = 1; i <= 4; i++) consider(f, i);
    assert_int_equal(adjudication_collect(f->a), 1); // the fourth
    adjudication_resume(f->a, buf_view(&progress));  // the fourth was not written
    for (int i = 1; i <= 4; i++) consider(f, i);
    assert_int_equal(adjudication_collect(f->a), 1);
    adjudication_written(f->a, true);
    struct task t = second_of(2);
    task_id_text_read_by(t.id, 2, 3);
    t.reason = ASK_THIRD;
    assert_int_equal(opened_put_task(&f->at, &t, NULL, NULL), 0);
    assert_int_equal(asked(f, &progress), 3); // it was read back
    adjudication_resume(f->a, TEXT(""));
    assert_int_equal(asked(f, &progress), 0);
    for (int i = 0; i < 1000; i++) consider(f, i); // a transaction has its bound
    assert_in_range(adjudication_collect(f->a), 1, 100);
    buf_release(&progress);
}

static void what_was_not_written_is_due_again(void **state) {
    struct fixture *f = *state;
    struct buf progress = {0};
    consider(f, 1);
    assert_int_equal(adjudication_collect(f->a), 1);
    adjudication_written(f->a, false);
    assert_int_equal(asked(f, &progress), 0);
    consider(f, 1);
    assert_int_equal(adjudication_collect(f->a), 0); // not at once
    adjudication_destroy(f->a);
    begin(f);
    consider(f, 1);
    assert_int_equal(adjudication_collect(f->a), 1);
    buf_release(&progress);
}

/* A progress record is anyone's who may write the topic. */
static void a_hostile_list_is_bounded(void **state) {
    struct fixture *f = *state;
    struct buf progress = {0}, out = {0};
    static const char *const odd[] = {"", "{", "[]", "{\"opinions\":7}",
                                      "{\"opinions\":[1,null,\"x\"]}"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        adjudication_resume(f->a, text_of(odd[i]));
        assert_int_equal(asked(f, &out), 0);
    }
    buf_str(&progress, "{\"opinions\":[\"\"");
    for (int i = 0; i < 5000; i++) buf_printf(&progress, ",\"%s\"", second_of(i).id);
    buf_str(&progress, "]}");
    adjudication_resume(f->a, buf_view(&progress));
    assert_in_range(asked(f, &out), 1, 1000);
    consider(f, 9999);
    assert_int_equal(adjudication_collect(f->a), 0); // there is no room to remember one
    buf_release(&progress);
    buf_release(&out);
}

/* Considers ten more; how many warnings come of it. */
static uint64_t warnings_of_ten(struct fixture *f) {
    const uint64_t before = log_counted(LOG_WARNING);
    for (int i = 2000; i < 2010; i++) assert_true(consider(f, i));
    assert_int_equal(adjudication_collect(f->a), 0);
    return log_counted(LOG_WARNING) - before;
}

/* Once for as long as it lasts, however many disputes wait meanwhile. */
static void that_there_is_no_room_is_said_once(void **state) {
    struct fixture *f = *state;
    struct buf full = {0}, out = {0};
    buf_str(&full, "{\"opinions\":[\"\"");
    for (int i = 0; i < 1000; i++) buf_printf(&full, ",\"%s\"", second_of(i).id);
    buf_str(&full, "]}");
    adjudication_resume(f->a, buf_view(&full));
    assert_int_equal(warnings_of_ten(f), 1);
    (void)asked(f, &out); // none was read back, none has closed
    assert_int_equal(warnings_of_ten(f), 0);
    assert_int_equal(asked_at(f, &out, INT64_MAX), 0); // all have closed
    adjudication_resume(f->a, buf_view(&full));
    assert_int_equal(warnings_of_ten(f), 1);
    buf_release(&full);
    buf_release(&out);
}

/* Who is right 19 times of 20 settles it against one who draws lots. */
static void what_is_known_of_them_may_settle_it(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 200; i++) {
        annotators_settled(f->known, 1, i % 20 > 0);
        annotators_settled(f->known, 2, i % 2);
    }
    const struct dispute settled = dispute_of(f, 1, 1, 2);
    assert_true(adjudication_consider(f->a, f->known, &settled));
    assert_int_equal(adjudication_collect(f->a), 1); // 0.941
    adjudication_written(f->a, true);
    for (int i = 0; i < 400; i++) annotators_settled(f->known, 1, true);
    const struct dispute more = dispute_of(f, 2, 1, 2);
    assert_true(adjudication_consider(f->a, f->known, &more));
    assert_int_equal(adjudication_collect(f->a), 0);
    struct disputes sum = {0};
    annotators_dispute(f->known, more.said, 2, true, &sum);
    annotators_dispute(f->known, more.said, 2, false, &sum);
    assert_true(!sum.undecided && !sum.third);
    annotators_dispute(f->known, (struct opinion[]){{1, 1}, {2, 0}, {1, 1}}, 3, false, &sum);
    annotators_dispute(f->known, (struct opinion[]){{3, 1}, {4, 0}, {5, 1}}, 3, false, &sum);
    assert_true(sum.undecided == 1 && sum.third == 1);
}

/* The topic's limit may be lower than when the second reader's task was taken. */
static void a_task_that_has_grown_too_large_goes_without_its_event(void **state) {
    struct fixture *f = *state;
    struct arena arena = {0};
    struct task t;
    const char *why;
    consider(f, 1);
    assert_int_equal(adjudication_collect(f->a), 1);
    struct producer_record r = adjudication_task(f->a, 0);
    size_t whole = record_batch_bytes(&r);
    adjudication_destroy(f->a);
    begin(f);
    adjudication_allow(f->a, whole - 1);
    consider(f, 1);
    assert_int_equal(adjudication_collect(f->a), 1);
    r = adjudication_task(f->a, 0);
    assert_int_equal(task_read(&t, r.value, &arena, &why), 0);
    assert_true(t.event_left_out && !t.event.at);
    arena_release(&arena);
    adjudication_written(f->a, true);
}

/* They are let go, so that they are in nobody's way; what can be made is. */
static void what_can_not_be_made_is_let_go(void **state) {
    struct fixture *f = *state;
    adjudication_allow(f->a, 100);
    for (int i = 0; i < 1000; i++) assert_false(consider(f, i));
    assert_int_equal(adjudication_collect(f->a), 0);
    adjudication_allow(f->a, ROOM);
    for (int i = 0; i < 1000; i++) {
        struct dispute d = dispute_of(f, i, 1, 2);
        d.record.len /= 2;
        assert_false(adjudication_consider(f->a, f->known, &d));
    }
    assert_true(consider(f, 1));
    assert_int_equal(adjudication_collect(f->a), 1);
}

/* What is due then waits in the store, not here. */
static void nobody_is_asked_while_nobody_may_be(void **state) {
    struct fixture *f = *state;
    struct buf progress = {0};
    adjudication_destroy(f->a);
    f->a = adjudication_create(&f->learning);
    assert_true(consider(f, 1));
    assert_int_equal(adjudication_collect(f->a), 0);
    adjudication_allow(f->a, ROOM);
    assert_true(consider(f, 1));
    adjudication_allow(f->a, 0);
    assert_int_equal(adjudication_collect(f->a), 0);
    assert_int_equal(asked(f, &progress), 0);
    adjudication_allow(f->a, ROOM);
    assert_int_equal(adjudication_collect(f->a), 0); // the store tells again
    assert_true(consider(f, 1));
    assert_int_equal(adjudication_collect(f->a), 1);
    buf_release(&progress);
}

/* A task that is never read back, as where its topic was made anew, is remembered for as long as
 * somebody could be asked the same: until both tasks have closed. */
static void what_never_comes_back_is_forgotten_in_time(void **state) {
    struct fixture *f = *state;
    struct buf progress = {0};
    struct task t;
    struct arena arena = {0};
    const char *why;
    for (int life = 0; life < 2; life++) {
        consider(f, 1);
        assert_int_equal(adjudication_collect(f->a), 1);
        assert_int_equal(task_read(&t, adjudication_task(f->a, 0).value, &arena, &why), 0);
        assert_int_equal(asked_at(f, &progress, t.expires_ms - 1), 1);
        adjudication_written(f->a, true);
        if (life) adjudication_resume(f->a, buf_view(&progress));
        assert_int_equal(asked_at(f, &progress, t.expires_ms - 1), 1);
        assert_int_equal(asked_at(f, &progress, t.expires_ms), 0);
    }
    arena_release(&arena);
    struct dispute d = dispute_of(f, 2, 1, 2); // the second reader's closes later than his
    f->config.route.expiry = HOME_MS - clock_wall_ms();
    assert_true(adjudication_consider(f->a, f->known, &d));
    assert_int_equal(adjudication_collect(f->a), 1);
    adjudication_written(f->a, true);
    assert_int_equal(asked_at(f, &progress, second_of(2).expires_ms - 1), 1);
    assert_int_equal(asked_at(f, &progress, second_of(2).expires_ms), 0);
    buf_release(&progress);
}

/* Times of a record that is anyone's; one of a release that wrote none counts from now. */
static void odd_times_are_now(void **state) {
    struct fixture *f = *state;
    struct buf progress = {0}, out = {0};
    static const char *const odd[] = {"",
                                      ",\"opinions_until_ms\":7",
                                      ",\"opinions_until_ms\":[]",
                                      ",\"opinions_until_ms\":[\"x\"]",
                                      ",\"opinions_until_ms\":[1e300]",
                                      ",\"opinions_until_ms\":[-1]"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        const int64_t before = clock_wall_ms() + f->config.route.expiry;
        buf_reset(&progress);
        buf_printf(&progress, "{\"opinions\":[\"%s\"]%s}", second_of(1).id, odd[i]);
        adjudication_resume(f->a, buf_view(&progress));
        const int64_t after = clock_wall_ms() + f->config.route.expiry;
        assert_int_equal(asked_at(f, &out, before - 1), 1);
        assert_int_equal(asked_at(f, &out, after), 0);
    }
    buf_release(&progress);
    buf_release(&out);
}

/* A gold question: where two who are known well enough agree, or what is certain is known; the same
 * task as any third reader's, asked once and named as theirs are. */
static void what_is_settled_is_asked_as_gold(void **state) {
    struct fixture *f = *state;
    struct buf progress = {0};
    struct arena arena = {0};
    struct task t;
    const char *why;
    struct dispute agreed = dispute_of(f, 1, 1, 2);
    agreed.said[1].class_ = 1;
    agreed.settled = true;
    assert_true(adjudication_consider(f->a, f->known, &agreed)); // 0.941: it waits
    assert_int_equal(adjudication_collect(f->a), 0);
    for (int i = 0; i < 20; i++)
        annotators_settled(f->known, 1, true), annotators_settled(f->known, 2, true);
    for (int i = 0; i < 2; i++) assert_true(adjudication_consider(f->a, f->known, &agreed));
    consider(f, 2);
    struct dispute certain = dispute_of(f, 3, 1, 2);
    certain.settled = certain.certain = true;
    certain.n = 0;
    assert_true(adjudication_consider(f->a, f->known, &certain));
    assert_int_equal(adjudication_collect(f->a), 3);
    assert_int_equal(adjudication_golds(f->a), 2);
    struct producer_record r = adjudication_task(f->a, 0);
    assert_int_equal(task_read(&t, r.value, &arena, &why), 0);
    assert_int_equal(t.reason, ASK_THIRD);
    assert_int_equal(t.opinions, 0);
    assert_int_equal(asked(f, &progress), 3);
    adjudication_written(f->a, true);
    assert_true(adjudication_consider(f->a, f->known, &agreed));
    adjudication_resume(f->a, buf_view(&progress)); // whoever takes over
    assert_true(adjudication_consider(f->a, f->known, &agreed));
    assert_int_equal(adjudication_collect(f->a), 0);
    buf_release(&progress);
    arena_release(&arena);
}

/* Of many so large a share; none by default; the same for whoever has the same seed. */
static void gold_is_drawn_by_key(void **state) {
    struct fixture *f = *state;
    enum { MANY = 4000 };
    struct config other = f->config;
    uint8_t id[TASK_ID_BYTES] = {0};
    size_t drawn = 0, differ = 0;
    f->config.people.gold = 0.25;
    other.people.gold = 0.25, other.service.seed = 1;
    for (size_t i = 0; i < MANY; i++) {
        memcpy(id, &i, sizeof i);
        bool is = adjudication_draws_gold(&f->config, id);
        drawn += is;
        assert_int_equal(is, adjudication_draws_gold(&f->config, id));
        differ += is != adjudication_draws_gold(&other, id);
        assert_false(adjudication_draws_gold(&(struct config){0}, id));
    }
    assert_true(fabs((double)drawn / MANY - 0.25) < 0.03);
    assert_true(differ > MANY / 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_settled_is_asked_as_gold, setup, teardown),
        cmocka_unit_test_setup_teardown(gold_is_drawn_by_key, setup, teardown),
        cmocka_unit_test_setup_teardown(he_sees_what_the_second_saw, setup, teardown),
        cmocka_unit_test_setup_teardown(he_is_asked_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_not_written_is_due_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hostile_list_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(that_there_is_no_room_is_said_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_known_of_them_may_settle_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_task_that_has_grown_too_large_goes_without_its_event,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_can_not_be_made_is_let_go, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_is_asked_while_nobody_may_be, setup, teardown),
        cmocka_unit_test_setup_teardown(what_never_comes_back_is_forgotten_in_time, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(odd_times_are_now, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
