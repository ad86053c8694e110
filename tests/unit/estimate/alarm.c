/* The alarm: silent on a million shuffled draws of any model, quick where labels turn, and it says
 * since when. */
#include "estimate/alarm.h"

#include "base/rng.h"
#include "unit/test.h"

#include <math.h>

enum { PRICE = 1000000 }; // draws between false alarms

/* A stream of draws. */
struct stream {
    struct rng rng;
    struct alarm *alarm;
    uint64_t told;
};

static struct stream stream_open(uint64_t seed, double price) {
    return (struct stream){.rng = {.seed = seed}, .alarm = alarm_create(price)};
}

static struct alarm_figures now(const struct stream *s) {
    struct alarm_figures f;
    alarm_read(s->alarm, &f);
    return f;
}

/* An answer about a sample that the model is wrong of with `doubt`, as it says. */
static bool tell(struct stream *s, double propensity, double doubt, bool positive, bool wrong) {
    struct asked a = {.propensity = propensity, .asked_ms = (int64_t)s->told++ * 10};
    unasked_terms_of((float)(1 - doubt), (float)(positive ? 1 - doubt : doubt), positive, false,
                     a.term);
    return alarm_answer(s->alarm, &a, wrong);
}

static bool chance(struct stream *s, double p) { return rng_next_unit(&s->rng) < p; }

/* How doubtful samples are, and how often the model is wrong when it says so. */
static double spread(struct stream *s, int shape) {
    double u = rng_next_unit(&s->rng);
    if (shape == 0) return 0.5 * u * u * u * u;
    if (shape == 1) return 0.9 * u; // of many classes
    return 0.5 * pow(10, -6 * u);   // surer than any model is
}

static double wrong_of(int model, double doubt) {
    switch (model) {
    case 0: return doubt;               // honest
    case 1: return 0.08 + 0.84 * doubt; // it knows nothing of the noise of labels
    case 2: return fmin(1, 3 * doubt);  // too sure
    case 3: return 0.0005;              // too modest
    default: return 0.3;                // says nothing
    }
}

static void a_million_shuffled_draws_raise_none(void **state) {
    (void)state;
    for (int model = 0; model < 5; model++)
        for (int shape = 0; shape < 3; shape++) {
            struct stream s = stream_open((uint64_t)(10 * model + shape), PRICE);
            for (int i = 0; i < PRICE; i++) {
                double doubt = spread(&s, shape), propensity = 0.002 + 0.1 * doubt;
                if (tell(&s, propensity, doubt, chance(&s, 0.2),
                         chance(&s, wrong_of(model, doubt))))
                    fail_msg("model %d, shape %d: an alarm at draw %d", model, shape, i);
            }
            alarm_destroy(s.alarm);
        }
}

/* What is drawn goes by what the model says, and changes; how often it is wrong then does not. */
static void another_design_is_no_turn(void **state) {
    (void)state;
    struct stream s = stream_open(3, PRICE);
    for (int i = 0; i < PRICE / 5; i++) {
        double doubt = spread(&s, 0);
        bool weighted = i / 500 % 2;
        if (weighted && !chance(&s, 0.1 + 1.8 * doubt)) continue;
        assert_false(
            tell(&s, weighted ? 0.01 : 0.02, doubt, chance(&s, 0.5), chance(&s, 0.02 + doubt)));
    }
    alarm_destroy(s.alarm);
}

static void learn(struct stream *s, int n) {
    for (int i = 0; i < n; i++) {
        double doubt = spread(s, 0);
        assert_false(tell(s, 0.01, doubt, chance(s, 0.5), chance(s, doubt + 0.01)));
    }
}

/* Draws until the alarm, labels being inverted from here on; strategy: beside each draw so many
 * answers of the other arm. */
static int invert(struct stream *s, int strategy) {
    for (int i = 1; i < 100; i++) {
        double doubt = spread(s, 0);
        for (int j = 0; j < strategy; j++) tell(s, 1, 0.45, false, true);
        if (tell(s, 0.01, doubt, chance(s, 0.5), !chance(s, doubt + 0.01))) return i;
    }
    return 100;
}

static void an_inversion_is_found_at_once(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct stream s = stream_open(seed, PRICE);
        learn(&s, 60);
        uint64_t at = s.told;
        int took = invert(&s, 4);
        assert_true(took <= 16);
        struct alarm_figures f = now(&s);
        assert_int_equal(f.turns, 1);
        assert_true(f.since >= at - 25 && f.since <= at + 20);
        assert_int_equal(f.since_ms, f.since * 10);
        assert_int_equal(f.draws, 0);
        assert_true(alarm_recent(&f, 300));
        assert_false(f.doubts);
        learn(&s, 300);
        f = now(&s);
        assert_false(alarm_recent(&f, 300));
        assert_true(invert(&s, 0) <= 16);
        assert_int_equal(now(&s).turns, 2);
        alarm_destroy(s.alarm);
    }
}

/* A model that is not fitted anew stays as wrong as the turn made it, and that is no second turn.
 */
static void what_is_wrong_ever_since_turned_once(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct stream s = stream_open(seed, PRICE);
        learn(&s, 200);
        for (int i = 0; i < 2000; i++)
            tell(&s, 0.01, spread(&s, 0), chance(&s, 0.5), chance(&s, 0.6));
        assert_int_equal(now(&s).turns, 1);
        alarm_destroy(s.alarm);
    }
}

/* It comes well before the alarm, and ends by itself. */
static void a_doubt_comes_first_and_ends(void **state) {
    (void)state;
    struct stream s = stream_open(8, PRICE);
    int doubted = 0;
    learn(&s, 100);
    assert_false(now(&s).doubts);
    tell(&s, 0.01, 0.001, true, true); // so sure was none of a hundred that were wrong
    assert_true(now(&s).doubts);
    assert_int_equal(now(&s).turns, 0);
    for (; now(&s).doubts; doubted++) tell(&s, 0.01, 0.001, true, false);
    assert_in_range(doubted, 10, 20);
    assert_true(now(&s).evidence < 100);
    alarm_destroy(s.alarm);
}

/* Half as many answers must have said what is usual as for an alarm; and it is none of its
 * evidence.
 */
static void a_doubt_may_come_early(void **state) {
    (void)state;
    for (int before = 10; before <= 20; before += 10) {
        struct stream s = stream_open(8, PRICE);
        for (int i = 0; i < before; i++) tell(&s, 0.01, 0.001, true, false);
        for (int i = 0; i < 4; i++) tell(&s, 0.01, 0.001, true, true);
        assert_true(now(&s).doubts == (before > 15));
        assert_true(now(&s).evidence == 0);
        alarm_destroy(s.alarm);
    }
}

static void only_chance_bets(void **state) {
    (void)state;
    struct stream s = stream_open(9, PRICE), off = stream_open(9, 0);
    learn(&s, 100);
    double before = now(&s).evidence;
    for (int i = 0; i < 100; i++) assert_false(tell(&s, 1, 0.001, true, true));
    assert_true(now(&s).evidence == before);
    assert_int_equal(now(&s).draws, 100);
    for (int i = 0; i < 100; i++) // nothing was predicted
        assert_false(
            alarm_answer(s.alarm, &(struct asked){.propensity = 0.01, .predicted = -1}, true));
    assert_true(now(&s).evidence == before);
    for (int i = 0; i < 200; i++) assert_false(tell(&off, 0.01, 0.001, true, i > 100));
    assert_false(now(&off).doubts);
    assert_false(alarm_recent(&(struct alarm_figures){0}, 300));
    alarm_destroy(s.alarm);
    alarm_destroy(off.alarm);
}

/* SEA (Street and Kim 2001): x + y ≤ θ, a tenth of the labels wrong. The model is the one of the θ
 * before, and stands still: one that learns on is wrong for a few answers only. Draws from the
 * change to the alarm; -1: a false one. */
static int find_change(uint64_t seed, double before, double after) {
    enum { BEFORE = 1000, MOST = 1000 };
    struct stream s = stream_open(seed, PRICE);
    bool found = false;
    int i = 0;
    for (; i < BEFORE + MOST && !found; i++) {
        double sum = 10 * rng_next_unit(&s.rng) + 10 * rng_next_unit(&s.rng),
               yes = 1 / (1 + exp(1.5 * (sum - before)));
        bool is = sum <= (i < BEFORE ? before : after), says = yes > 0.5;
        if (chance(&s, 0.1)) is = !is;
        found = tell(&s, 0.01, fmin(yes, 1 - yes), says, says != is);
    }
    alarm_destroy(s.alarm);
    return i <= BEFORE ? -1 : i - BEFORE;
}

static void the_changes_of_sea_are_found(void **state) {
    (void)state;
    static const double theta[] = {8, 9, 7, 9.5};
    for (int change = 0; change < 3; change++) {
        int soon = 0, sum = 0;
        for (uint64_t seed = 1; seed <= 20; seed++) {
            int took = find_change(seed, theta[change], theta[change + 1]);
            assert_true(took > 0);
            soon += took <= 300;
            sum += took;
        }
        assert_true(sum / 20 < 250);
        assert_true(soon >= 17);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_shuffled_draws_raise_none),
        cmocka_unit_test(another_design_is_no_turn),
        cmocka_unit_test(an_inversion_is_found_at_once),
        cmocka_unit_test(what_is_wrong_ever_since_turned_once),
        cmocka_unit_test(a_doubt_comes_first_and_ends),
        cmocka_unit_test(a_doubt_may_come_early),
        cmocka_unit_test(only_chance_bets),
        cmocka_unit_test(the_changes_of_sea_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
