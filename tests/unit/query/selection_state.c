/* The state's text: back as it went, refused when one character is wrong; and the codes of
 * utilities. */
#include "query/selection_state.h"

#include "base/rng.h"
#include "unit/test.h"

#include <math.h>

enum { TOPIC = 4711, OFFSET = 123456 };

/* ---- text ---- */

static uint32_t word(struct rng *r) { return (uint32_t)rng_next(r); }

static struct cap_counter any_counter(struct rng *r) {
    return (struct cap_counter){.strategy = word(r) >> 8,
                                .random_ = word(r) >> 9,
                                .block = word(r) & 1,
                                .late = word(r) & 1};
}

/* Any state that a run could reach; every field is set. */
static struct partition_state any_state(uint64_t seed) {
    struct rng r = {.seed = seed};
    struct partition_state s = {0};
    s.policy = rng_next(&r) >> 24;
    s.model = rng_next(&r) >> 32;
    s.admitted = rng_next(&r) >> 16;
    s.covered = rng_below(rng_next(&r), s.admitted);
    s.asked = rng_below(rng_next(&r), s.admitted >> 16);
    s.tokens = (int64_t)(rng_next(&r) >> 11);
    s.block_start = s.admitted - rng_below(rng_next(&r), UINT32_MAX);
    s.block_size = word(&r);
    s.block_passed = (s.admitted - s.block_start) * STATE_PIECES;
    if (seed % 3 == 0) {
        s.weighted = 1;
        s.block_size = 1 + (uint32_t)rng_below(word(&r), STATE_WEIGHTED_MOST);
        s.block_passed = rng_below(rng_next(&r), (uint64_t)s.block_size * STATE_PIECES);
    }
    s.doubt = word(&r) >> 8;
    s.lent = (uint8_t)word(&r);
    s.both = word(&r) & 1;
    s.doubled = (uint8_t)(seed % OPINIONS_MAX);
    s.grant = word(&r);
    s.grant_left = s.grant - (uint32_t)rng_below(word(&r), s.grant);
    s.divisor = word(&r) >> 8;
    s.waiting = word(&r) & 1;
    s.cap_hour = word(&r) >> 8;
    s.cap_doubt = word(&r) >> 8;
    s.doubt_strategy = (uint8_t)word(&r);
    s.doubt_random = (uint8_t)word(&r);
    s.hour = any_counter(&r);
    s.day = any_counter(&r);
    s.pool_saved = word(&r);
    for (size_t i = 0; i < sizeof s.pending; i++) s.pending[i] = (uint8_t)word(&r);
    for (size_t i = 0; i < STATE_OWN; i++) s.own[i] = word(&r);
    s.memory_of = word(&r);
    for (size_t i = 0; i < STATE_SHARES; i++)
        s.window_n[i] = word(&r) % 33, s.window_at[i] = word(&r) % 32;
    for (size_t i = 0; i < STATE_WINDOW; i++) s.window[i] = (uint16_t)word(&r);
    s.unasked.n = (uint32_t)rng_below(rng_next(&r), UNASKED_MOST) + 1;
    for (size_t i = 0; i < UNASKED_SUMS; i++)
        s.unasked.sum[i] = (uint32_t)rng_below(rng_next(&r), s.unasked.n * UNASKED_ONE);
    s.capacity = (uint16_t)word(&r);
    return s;
}

static void same_counter(const struct cap_counter *a, const struct cap_counter *b) {
    assert_int_equal(a->strategy, b->strategy);
    assert_int_equal(a->random_, b->random_);
    assert_int_equal(a->block, b->block);
    assert_int_equal(a->late, b->late);
}

static void same_state(const struct partition_state *a, const struct partition_state *b) {
    const uint64_t *const whole[][2] = {{&a->policy, &b->policy},
                                        {&a->model, &b->model},
                                        {&a->admitted, &b->admitted},
                                        {&a->covered, &b->covered},
                                        {&a->asked, &b->asked},
                                        {&a->block_start, &b->block_start},
                                        {&a->block_passed, &b->block_passed}};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        assert_true(*whole[i][0] == *whole[i][1]);
    assert_true(a->tokens == b->tokens);
    assert_int_equal(a->block_size, b->block_size);
    assert_int_equal(a->lent, b->lent);
    assert_int_equal(a->weighted, b->weighted);
    assert_int_equal(a->doubt, b->doubt);
    assert_int_equal(a->both, b->both);
    assert_int_equal(a->doubled, b->doubled);
    assert_int_equal(a->grant, b->grant);
    assert_int_equal(a->grant_left, b->grant_left);
    assert_int_equal(a->divisor, b->divisor);
    assert_int_equal(a->waiting, b->waiting);
    assert_int_equal(a->cap_hour, b->cap_hour);
    assert_int_equal(a->cap_doubt, b->cap_doubt);
    assert_int_equal(a->doubt_strategy, b->doubt_strategy);
    assert_int_equal(a->doubt_random, b->doubt_random);
    same_counter(&a->hour, &b->hour);
    same_counter(&a->day, &b->day);
    assert_int_equal(a->pool_saved, b->pool_saved);
    assert_memory_equal(a->pending, b->pending, sizeof a->pending);
    assert_memory_equal(a->own, b->own, sizeof a->own);
    assert_int_equal(a->memory_of, b->memory_of);
    assert_memory_equal(a->window_n, b->window_n, sizeof a->window_n);
    assert_memory_equal(a->window_at, b->window_at, sizeof a->window_at);
    assert_memory_equal(a->window, b->window, sizeof a->window);
    assert_memory_equal(&a->unasked, &b->unasked, sizeof a->unasked);
    assert_int_equal(a->capacity, b->capacity);
}

static void what_is_written_is_read(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct partition_state s = any_state(seed), read;
        char text[STATE_TEXT_MAX + 1];
        size_t n = state_write(&s, seed, (int64_t)seed - 3, text);
        assert_true(n <= STATE_TEXT_MAX);
        for (size_t i = 0; i < n; i++)
            assert_true(text[i] > ' ' && text[i] < 127 && text[i] != '"' && text[i] != '\\');
        assert_int_equal(state_read(&read, seed, (int64_t)seed - 3, (struct text){text, n}), 0);
        same_state(&s, &read);
        assert_true(read.saving == (int64_t)read.pool_saved * SAVED_ONE && read.owed == 0);
    }
}

static void one_wrong_character_is_found(void **state) {
    (void)state;
    struct partition_state s = any_state(1), read = any_state(2), before = read;
    char text[STATE_TEXT_MAX + 1];
    size_t n = state_write(&s, TOPIC, OFFSET, text);
    for (size_t i = 0; i < n; i++)
        for (unsigned wrong = 1; wrong < 256; wrong += i < 20 ? 1 : 7) {
            text[i] = (char)(text[i] ^ wrong);
            assert_int_equal(state_read(&read, TOPIC, OFFSET, (struct text){text, n}), ERR_CORRUPT);
            text[i] = (char)(text[i] ^ wrong);
        }
    same_state(&read, &before);
    assert_int_equal(state_read(&read, TOPIC, OFFSET, (struct text){text, n}), 0);
}

/* Five digits reach beyond 32 bits: the same bytes must not have a second spelling. */
static void each_state_has_one_text(void **state) {
    (void)state;
    struct partition_state s = {0}, read;
    char text[STATE_TEXT_MAX + 1];
    size_t n = state_write(&s, TOPIC, OFFSET, text), group = 2 + 5 * 60; // of the window
    assert_memory_equal(text + group, "00000", 5);
    memcpy(text + group, "%nSc1", 5); // 2^32
    assert_int_equal(state_read(&read, TOPIC, OFFSET, (struct text){text, n}), ERR_CORRUPT);
}

static void another_length_is_refused(void **state) {
    (void)state;
    struct partition_state s = any_state(1), read;
    char text[STATE_TEXT_MAX + 2] = {0};
    size_t n = state_write(&s, TOPIC, OFFSET, text);
    for (size_t cut = 1; cut < n; cut++)
        assert_int_equal(state_read(&read, TOPIC, OFFSET, (struct text){text, cut}), ERR_CORRUPT);
    assert_int_equal(state_read(&read, TOPIC, OFFSET, (struct text){text, n + 1}), ERR_CORRUPT);
    assert_int_equal(state_read(&read, TOPIC, OFFSET, TEXT("set by a tool")), ERR_CORRUPT);
}

static void a_missing_one_is_not_a_damaged_one(void **state) {
    (void)state;
    struct partition_state read;
    assert_int_equal(state_read(&read, TOPIC, OFFSET, (struct text){NULL, 0}), ERR_MISSING);
    assert_int_equal(state_read(&read, TOPIC, OFFSET, TEXT("")), ERR_MISSING);
}

static void it_belongs_to_one_topic_and_offset(void **state) {
    (void)state;
    struct partition_state s = any_state(1), read = any_state(2), before = read;
    char text[STATE_TEXT_MAX + 1];
    size_t n = state_write(&s, TOPIC, OFFSET, text);
    assert_int_equal(state_read(&read, TOPIC + 1, OFFSET, (struct text){text, n}), ERR_MISMATCH);
    assert_int_equal(state_read(&read, TOPIC, OFFSET - 1, (struct text){text, n}), ERR_MISMATCH);
    same_state(&read, &before);
}

static void impossible_numbers_are_refused(void **state) {
    (void)state;
    enum { WRONG = 11 };
    struct partition_state wrong[WRONG];
    for (size_t i = 0; i < WRONG; i++) wrong[i] = any_state(i < 9 ? 5 : 6);
    wrong[0].covered = wrong[0].admitted + 1;
    wrong[1].asked = 44, wrong[1].admitted = 10,
    wrong[1].covered = wrong[1].block_start = 0; // a synthetic point beside each sample would be 40
    wrong[2].admitted = 10, wrong[2].covered = wrong[2].asked = 0, wrong[2].block_start = 11;
    wrong[3].tokens = -1;
    wrong[4].window_n[0] = STATE_WINDOW + 1;
    wrong[5].window_at[3] = STATE_WINDOW;
    wrong[6].tokens = INT64_MAX;
    wrong[7].grant = 5, wrong[7].grant_left = 6;
    wrong[8].unasked.sum[1] = wrong[8].unasked.n * UNASKED_ONE + 1;
    wrong[9].block_size = STATE_WEIGHTED_MOST + 1;
    wrong[10].block_size = 10, wrong[10].block_passed = 10 * STATE_PIECES + 1;
    for (size_t i = 0; i < WRONG; i++) {
        struct partition_state read;
        char text[STATE_TEXT_MAX + 1];
        size_t n = state_write(&wrong[i], TOPIC, OFFSET, text);
        assert_int_equal(state_read(&read, TOPIC, OFFSET, (struct text){text, n}), ERR_CORRUPT);
    }
}

/* ---- codes ---- */

static void every_code_comes_back(void **state) {
    (void)state;
    const uint16_t least = utility_code(-INFINITY), most = utility_code(INFINITY);
    double before = -INFINITY;
    for (uint32_t code = least; code <= most; code++) {
        double value = utility_value((uint16_t)code);
        assert_int_equal(utility_code(value), code);
        assert_true(code == least || value > before);
        before = value;
    }
}

static void codes_order_as_utilities_do(void **state) {
    (void)state;
    struct rng r = {.seed = 3};
    for (int i = 0; i < 200000; i++) {
        double a = ldexp(rng_next_normal(&r), (int)rng_below(rng_next(&r), 60) - 40),
               b = a * (1 + rng_next_unit(&r));
        if (a > b) assert_true(utility_code(a) >= utility_code(b));
        else assert_true(utility_code(a) <= utility_code(b));
        if (fabs(a) < 0x1p-40 || fabs(a) > 0x1p22) continue;
        assert_true(fabs(utility_value(utility_code(a)) - a) <= fabs(a) / 1024);
    }
}

static void odd_utilities_have_their_places(void **state) {
    (void)state;
    static const double ascending[] = {-INFINITY, -1e300, -700, -1,    -1e-12,  0,
                                       1e-12,     1,      5000, 1e300, INFINITY};
    for (size_t i = 0; i < sizeof ascending / sizeof *ascending; i++) {
        assert_true(utility_code((double)NAN) < utility_code(ascending[i]));
        if (i) assert_true(utility_code(ascending[i - 1]) < utility_code(ascending[i]));
    }
    assert_true(isnan(utility_value(utility_code((double)NAN))));
    assert_int_equal(utility_code(-0.0), utility_code(0.0));
    assert_true(utility_value(utility_code(0)) == 0);
    assert_true(isfinite(utility_value(utility_code(1e300))));
}

/* A state as it stands in both texts below. */
static struct partition_state written_state(void) {
    struct partition_state s = {.policy = 7,
                                .model = 41,
                                .admitted = 1000000,
                                .covered = 999000,
                                .asked = 10007,
                                .tokens = 3 * TOKEN_ONE + 12345,
                                .block_start = 999900,
                                .block_size = 500,
                                .block_passed = 100 * STATE_PIECES,
                                .both = 1,
                                .grant = 3,
                                .grant_left = 3,
                                .cap_hour = 472222,
                                .hour = {5, 2, 1, 0},
                                .day = {50, 20, 1, 0},
                                .pool_saved = 77777,
                                .memory_of = 0xdeadbeef};
    for (size_t i = 0; i < sizeof s.pending; i++) s.pending[i] = (uint8_t)(17 * i);
    for (size_t i = 0; i < STATE_OWN; i++) s.own[i] = 0x01020304u * (uint32_t)(i + 1);
    for (size_t i = 0; i < STATE_SHARES; i++) {
        s.window_n[i] = (uint8_t)(10 + i);
        s.window_at[i] = (uint8_t)(20 + i);
    }
    for (size_t i = 0; i < STATE_WINDOW; i++) s.window[i] = (uint16_t)(0x8000 + 257 * i);
    return s;
}

/* What 0.1.0 wrote: a daemon that is updated must go on from it. */
static void the_format_of_0_1_0_is_read(void **state) {
    (void)state;
    static const char written[] =
        "w2Il1[&0v73C2v2B/0000000007000000000F0000001RyY0000001Rm}00000001w.00000001Yk000"
        "0301RxJ000000005(000942q&1L000f500062oXPNF05sJO02bzk^e:jE0003Ml]c201B1DT2MT#e3<3"
        "Lo5cAay)/S[83F}]06B+DU02Dy=0!yx51Cl/d289kl2.@Ut3w/7B42UHJ4VH{R5rvuZ5%i=/6Q6h[7l]"
        "S07)=588KRFg9gE[o9?sswaFf:Ebb3fMb+(PUcz-2:d5OC&dYB>}eupq3f0c.bfT0djgo&Nrg{Y0zhNL"
        "AHijy&Pi>mnXjI9X^kd%a(k!/K$lCU$6m8Iyem-v*mnxjluo36VCoV{8Kpr=ISp%R}.qQFv*rms^]r[g"
        "j1sL3T9tg)6ht?-GpuFO]xvbCtFv=p+NwAdgVx60Q+xY<3<yuYD@z0L)4zTzrcApm-kA}aesBN%OACj*"
        "1IC>VBQDII<YEewo!E/jY)0rmMFGR#E]";
    const struct partition_state s = written_state();
    struct partition_state read;
    assert_int_equal(state_read(&read, 0x0123456789abcdefu, 123456789, TEXT(written)), 0);
    same_state(&read, &s);
    assert_int_equal(state_read(&read, 0x0123456789abcdefu, 123456788, TEXT(written)),
                     ERR_MISMATCH);
}

/* Numbers that have no room are the largest that has, and not others. */
static void what_has_no_room_is_not_another(void **state) {
    (void)state;
    struct partition_state s = any_state(1), read;
    char text[STATE_TEXT_MAX + 1];
    s.model = UINT64_C(9007199254740991);
    s.hour.strategy = 20000000, s.day.random_ = UINT32_MAX; // all of a cap, from then on
    size_t n = state_write(&s, TOPIC, OFFSET, text);
    assert_int_equal(state_read(&read, TOPIC, OFFSET, (struct text){text, n}), 0);
    assert_true(read.model == UINT32_MAX && read.admitted == s.admitted);
    assert_true(read.hour.strategy == UINT32_MAX && read.day.random_ == UINT32_MAX);
    assert_true(read.hour.random_ == s.hour.random_ && read.day.strategy == s.day.strategy);
}

/* What was written between 0.1.0 and the figures. */
static void the_format_without_figures_is_read(void **state) {
    (void)state;
    static const char written[] =
        "w3Il1[&2v2B/000l704v)F0000001RyYk3d^+0000f001w.05czk000930001f0005(0009o00093000"
        "0000+uL0000000005000020000O0000k00a+2gA)zhCv<&y0rJua0T5Yk0%P5u1pbzE?MsJX4gAQK7zW"
        "-1FDpo3G9cYbG:0bjHx&LrI3X$zIWLyHJsy*PJ$mlXKR9V^Lm%8(L[/I$MLU@6NhIweN&v!mOGjjuPc6"
        "TCP={6KQA=GSR6R].RZFt*Svs+]T1gh1TU3R9Up)4hU}-EpVOO)xWkCrFW(p-NXJdeVYf0O+Y/<1<ZDY"
        "B@.9L>4.:zpc-ymZk:4acs:W%MA+s/#I+$VzQ=RI?Y^nwm!^]jW)!M79#/h{K7/&=%f*GSxn?cF/v?^t"
        "kD&BgUL<747T<Z)H->v-{?(1Pu{(UC^2)qqia)@dSi[P15q]k<Fy](Y[G{JMsO}fz:W}*nf=@EaP>%9$"
        "2%g(U=O";
    const struct partition_state s = written_state();
    struct partition_state read;
    assert_int_equal(state_read(&read, 0x0123456789abcdefu, 123456789, TEXT(written)), 0);
    same_state(&read, &s);
}

/* A block that has paid for a third reader is told by the name, so all others are read by the
 * release before; and neither name is taken for the other. */
static void only_a_third_reader_wants_another_name(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct partition_state s = any_state(seed), read;
        char text[STATE_TEXT_MAX + 1];
        size_t n = state_write(&s, TOPIC, OFFSET, text);
        assert_int_equal(memcmp(text, s.doubled > 1 ? "w6" : "w5", 2), 0);
        assert_int_equal(state_read(&read, TOPIC, OFFSET, (struct text){text, n}), 0);
        assert_int_equal(read.doubled, s.doubled);
        text[1] = text[1] == '6' ? '5' : '6';
        assert_int_equal(state_read(&read, TOPIC, OFFSET, (struct text){text, n}), ERR_CORRUPT);
    }
}

/* What was written between the figures and the weighted draws. */
static void the_format_without_weights_is_read(void **state) {
    (void)state;
    static const char written[] =
        "w4Il1[&2v2B/000l704v)F0000001RyYk3d^+0000f001w.05czk000930001f0005(0009o00093000"
        "0000+uL00000%nSc0000020000O0000k00a+2gA)zhCv<&y0rJua0T5Yk0%P5u1pbzE?MsJX4gAQK7zW"
        "-1FDpo3G9cYbG:0bjHx&LrI3X$zIWLyHJsy*PJ$mlXKR9V^Lm%8(L[/I$MLU@6NhIweN&v!mOGjjuPc6"
        "TCP={6KQA=GSR6R].RZFt*Svs+]T1gh1TU3R9Up)4hU}-EpVOO)xWkCrFW(p-NXJdeVYf0O+Y/<1<ZDY"
        "B@.9L>4.:zpc-ymZk:4acs:W%MA+s/#I+$VzQ=RI?Y^nwm!^]jW)!M79#/h{K7/&=%f*GSxn?cF/v?^t"
        "kD&BgUL<747T<Z)H->v-{?(1Pu{(UC^2)qqia)@dSi[P15q]k<Fy](Y[G{JMsO}fz:W}*nf=@EaP>%9$"
        "2%Hm!I)4l%)]LI=Ay8H}!<5rW1$kk$9]";
    struct partition_state s = written_state(), read;
    s.unasked = (struct unasked){37, {100000, 200000, 300000, 400000}};
    s.capacity = 4242;
    s.hour.strategy = UINT32_MAX;
    assert_int_equal(state_read(&read, 0x0123456789abcdefu, 123456789, TEXT(written)), 0);
    same_state(&read, &s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_format_of_0_1_0_is_read),
        cmocka_unit_test(the_format_without_figures_is_read),
        cmocka_unit_test(the_format_without_weights_is_read),
        cmocka_unit_test(only_a_third_reader_wants_another_name),
        cmocka_unit_test(what_has_no_room_is_not_another),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(one_wrong_character_is_found),
        cmocka_unit_test(each_state_has_one_text),
        cmocka_unit_test(another_length_is_refused),
        cmocka_unit_test(a_missing_one_is_not_a_damaged_one),
        cmocka_unit_test(it_belongs_to_one_topic_and_offset),
        cmocka_unit_test(impossible_numbers_are_refused),
        cmocka_unit_test(every_code_comes_back),
        cmocka_unit_test(codes_order_as_utilities_do),
        cmocka_unit_test(odd_utilities_have_their_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
