/* The task record: what is written is read back bit for bit, and it is what Label Studio takes. */
#include "route/task.h"

#include "base/json.h"
#include "base/rng.h"
#include "config/limits.h"
#include "unit/example.h"

#include <math.h>

static const struct task_style style = {"label", "event"};

static struct task plain(void) {
    static const double row[] = {12.5, 0, 1, -0.0, 0.1};
    static const float prob[] = {0.9f, 0.1f}, member[] = {0.92f, 0.08f, 0.88f, 0.12f};
    struct task t = {.sample_id = TEXT("card-17"),
                     .event = TEXT("{\"amount\": 12.50, \"country\":\"NL\"}"),
                     .row = row,
                     .d = 5,
                     .prob = prob,
                     .member = member,
                     .k = 2,
                     .members = 2,
                     .classes = TEXT("ok\nfraud"),
                     .fingerprint = 0xFEDCBA9876543210,
                     .reason = ASK_UNCERTAIN,
                     .measure = MEASURE_LOG_ODDS_MARGIN,
                     .manager = MANAGER_QUANTILE_WINDOW,
                     .by_strategy = true,
                     .utility = -2.1972245,
                     .threshold = -2.5,
                     .propensity = 1,
                     .manager_probability = 1,
                     .priority = -2.1972245,
                     .model = 7,
                     .policy = 42,
                     .topic = TEXT("samples"),
                     .partition = 3,
                     .offset = 123456,
                     .time_ms = 1795336000000,
                     .asked_ms = 1795336000250,
                     .expires_ms = 1795940800250,
                     .admitted = 61000,
                     .covered = 60990,
                     .in_capacity = true,
                     .unasked = {41, {40 * UNASKED_ONE, 65537, 3, 0}}};
    task_id(t.id, t.topic, t.partition, t.offset, t.time_ms);
    return t;
}

static bool same_number(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void check_equal(const struct task *a, const struct task *b) {
    assert_string_equal(a->id, b->id);
    assert_true(text_equal(a->sample_id, b->sample_id) && text_equal(a->event, b->event));
    assert_true(text_equal(a->classes, b->classes) && text_equal(a->topic, b->topic));
    assert_int_equal(a->d, b->d);
    assert_int_equal(a->k, b->k);
    assert_int_equal(a->members, b->members);
    assert_memory_equal(a->row, b->row, a->d * sizeof *a->row);
    assert_int_equal(a->prob != NULL, b->prob != NULL);
    if (a->prob) assert_memory_equal(a->prob, b->prob, a->k * sizeof *a->prob);
    assert_int_equal(a->boosted != NULL, b->boosted != NULL);
    if (a->boosted) assert_memory_equal(a->boosted, b->boosted, a->k * sizeof *a->boosted);
    if (a->members)
        assert_memory_equal(a->member, b->member, a->members * a->k * sizeof *a->member);
    assert_true(a->fingerprint == b->fingerprint && a->model == b->model && a->policy == b->policy);
    assert_true(a->reason == b->reason && a->measure == b->measure && a->manager == b->manager &&
                a->by_strategy == b->by_strategy);
    assert_true(same_number(a->utility, b->utility) && same_number(a->threshold, b->threshold) &&
                same_number(a->propensity, b->propensity));
    assert_true(same_number(a->manager_probability, b->manager_probability) &&
                same_number(a->priority, b->priority));
    assert_true(a->partition == b->partition && a->offset == b->offset);
    assert_true(a->time_ms == b->time_ms && a->asked_ms == b->asked_ms &&
                a->expires_ms == b->expires_ms);
    assert_true(a->admitted == b->admitted && a->covered == b->covered);
    assert_true(a->in_capacity == b->in_capacity && a->opinions == b->opinions);
    assert_memory_equal(&a->unasked, &b->unasked, sizeof a->unasked);
}

static void check_round_trip(const struct task *t) {
    struct buf out = {0};
    struct arena arena = {0};
    struct task back;
    const char *why;
    task_write(t, &style, &out);
    if (task_read(&back, buf_view(&out), &arena, &why) < 0)
        fail_msg("%s: %s", why, buf_string(&out));
    check_equal(t, &back);
    arena_release(&arena);
    buf_release(&out);
}

static void test_round_trip(void **state) {
    (void)state;
    struct task t = plain();
    check_round_trip(&t);
    t.by_strategy = false;
    t.reason = ASK_RANDOM;
    t.measure = MEASURE_RISK;
    t.manager = MANAGER_FIXED;
    t.time_ms = -1; // a record without time
    t.threshold = NAN;
    t.offset = (int64_t)1 << 52;
    check_round_trip(&t);
}

/* The second reader's task says so where people and tools look. */
static void test_a_second_reader(void **state) {
    (void)state;
    struct task t = plain();
    struct buf out = {0};
    task_write(&t, &style, &out);
    assert_null(strstr(buf_string(&out), "\"reader\""));
    assert_int_equal(task_reader(&t), 1);
    task_id_text_read_by(t.id, 1, 2);
    t.reason = ASK_SECOND;
    t.propensity = 0;
    check_round_trip(&t);
    assert_int_equal(task_reader(&t), 2);
    buf_reset(&out);
    task_write(&t, &style, &out);
    const char *data = strstr(buf_string(&out), "\"reader\":2");
    assert_non_null(data);
    assert_non_null(strstr(data + 1, "\"reader\":2")); // in data and in meta
    assert_null(strstr(data, "\"opinions\""));
    buf_release(&out);
}

/* It says too how many answers are paid for. */
static void test_a_third_reader(void **state) {
    (void)state;
    struct task t = plain();
    struct buf out = {0};
    task_id_text_read_by(t.id, 1, 3);
    t.reason = ASK_THIRD;
    t.opinions = OPINIONS_MAX;
    check_round_trip(&t);
    assert_int_equal(task_reader(&t), 3);
    task_write(&t, &style, &out);
    const char *data = strstr(buf_string(&out), "\"reader\":3");
    assert_non_null(data);
    assert_non_null(strstr(data + 1, "\"reader\":3,\"opinions\":3"));
    buf_release(&out);
}

/* What boosted trees made of it stands in meta where there are some, and only there. */
static void test_boosted(void **state) {
    (void)state;
    static const float boosted[] = {0.1f, 0.9f}, sure[] = {0, 1};
    struct task t = plain();
    struct buf out = {0};
    task_write(&t, &style, &out);
    assert_null(strstr(buf_string(&out), "boosted"));
    t.boosted = boosted;
    check_round_trip(&t);
    buf_reset(&out);
    task_write(&t, &style, &out);
    const char *at = strstr(buf_string(&out), "\"boosted\":[0.1,0.9]");
    assert_true(at && at > strstr(buf_string(&out), "\"meta\""));
    t.boosted = sure;
    check_round_trip(&t);
    t.prob = t.member = NULL; // no other prediction is needed to read it
    t.members = 0;
    check_round_trip(&t);
    buf_release(&out);
}

/* Sums are exact, whatever their size: the store adds them up. */
static void test_every_sum_comes_back(void **state) {
    (void)state;
    struct task t = plain();
    t.unasked.n = UNASKED_MOST;
    for (uint32_t i = 0; i < UNASKED_ONE; i += 61) {
        t.unasked.sum[UNASKED_RIGHT] = UNASKED_MOST * UNASKED_ONE - i;
        t.unasked.sum[UNASKED_POSITIVE] = i;
        t.unasked.sum[UNASKED_CAUGHT] = 1000 * UNASKED_ONE + i;
        t.unasked.sum[UNASKED_CAPACITY] = 32768u * UNASKED_ONE + i;
        check_round_trip(&t);
    }
}

static void test_no_model(void **state) {
    (void)state;
    struct task t = plain();
    t.model = t.members = 0;
    t.member = NULL;
    check_round_trip(&t); // with the uniform prediction
    t.prob = NULL;
    check_round_trip(&t);
    assert_int_equal(task_predicted(&t), -1);
    struct buf out = {0};
    task_write(&t, &style, &out);
    assert_non_null(strstr(buf_string(&out), ",\"predictions\":[],"));
    buf_release(&out);
}

/* Any finite bits, sub-normal and negative zero too; of the probabilities, those from 0 to 1. */
static void fill(struct rng *rng, double *row, size_t d, float *prob, size_t n) {
    for (size_t i = 0; i < d;) {
        uint64_t bits = rng_next(rng);
        memcpy(&row[i], &bits, sizeof bits);
        if (isfinite(row[i])) i++;
    }
    for (size_t i = 0; i < n;) {
        uint32_t bits = (uint32_t)rng_next(rng);
        memcpy(&prob[i], &bits, sizeof bits);
        if (prob[i] >= 0 && prob[i] <= 1) i++;
    }
}

static void test_forty_classes(void **state) {
    (void)state;
    enum { K = 40, M = 5, D = 300 };
    struct rng rng = {.seed = 4};
    static double row[D];
    static float prob[K + K * M];
    struct buf classes = {0};
    for (int i = 0; i < K; i++)
        buf_printf(&classes, "%sclass %d \"%c", i ? "\n" : "", i, 'a' + i % 26);
    struct task t = plain();
    t.row = row;
    t.d = D;
    t.prob = prob;
    t.member = prob + K;
    t.k = K;
    t.members = M;
    t.classes = buf_view(&classes);
    for (int round = 0; round < 30; round++) {
        fill(&rng, row, D, prob, K + K * M);
        row[0] = -0.0;
        check_round_trip(&t);
    }
    buf_release(&classes);
}

static void test_odd_strings(void **state) {
    (void)state;
    static const char *const ids[] = {"",
                                      "\"",
                                      "\\",
                                      "a\nb\tc\x01\x7f",
                                      "\xF0\x9F\x92\xB3 caf\xC3\xA9",
                                      "</script>",
                                      "{\"meta\":{}}",
                                      "%s%n"};
    static const char *const events[] = {
        "{}", "{\"meta\":{\"id\":\"x\"},\"event\":1}", "{\"a\":\"}]\\\"\",\"b\":[[{}],\"\\\\\"]}",
        "{ \"n\" : 1.10e+01 }",
        "{\"n\":123456789012345678901234567890123456789012345678901234567890,\"m\":1e999}"};
    struct task t = plain();
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        t.sample_id = text_of(ids[i]);
        check_round_trip(&t);
    }
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        t.event = text_of(events[i]);
        check_round_trip(&t);
    }
    t.event = (struct text){NULL, 0};
    check_round_trip(&t);
}

static size_t members_of(const cJSON *o) { return (size_t)cJSON_GetArraySize(o); }

static void test_label_studio(void **state) {
    (void)state;
    struct task t = plain();
    struct buf out = {0};
    struct arena arena = {0};
    task_write(&t, &style, &out);
    cJSON *tree = json_parse(buf_view(&out), &arena);
    assert_non_null(tree);
    assert_int_equal(members_of(tree), 3);
    const cJSON *data = cJSON_GetObjectItem(tree, "data"),
                *predictions = cJSON_GetObjectItem(tree, "predictions");
    assert_true(cJSON_IsObject(data) && cJSON_IsArray(predictions) &&
                cJSON_IsObject(cJSON_GetObjectItem(tree, "meta")));
    assert_true(cJSON_IsObject(cJSON_GetObjectItem(data, "event"))); // what to_name shows
    assert_string_equal(json_text(data, "id").at, t.id);
    assert_string_equal(json_text(data, "sample_id").at, "card-17");
    assert_string_equal(json_text(data, "summary").at,
                        "card-17 of 2026-11-22 08:26:40 UTC (uncertain)");
    const cJSON *one = cJSON_GetArrayItem(predictions, 0),
                *result = cJSON_GetArrayItem(cJSON_GetObjectItem(one, "result"), 0);
    double score;
    assert_string_equal(json_text(one, "model_version").at, "7");
    assert_true(json_number(one, "score", &score) && (float)score == 0.9f);
    assert_string_equal(json_text(result, "from_name").at, "label");
    assert_string_equal(json_text(result, "to_name").at, "event");
    assert_string_equal(json_text(result, "type").at, "choices");
    const cJSON *choices = cJSON_GetObjectItem(cJSON_GetObjectItem(result, "value"), "choices");
    assert_int_equal(members_of(choices), 1);
    assert_string_equal(cJSON_GetArrayItem(choices, 0)->valuestring, "ok");
    cJSON_Delete(tree);
    arena_release(&arena);
    buf_release(&out);
}

/* Whoever is to see for himself is pre-filled nothing, whatever the tool does with it; what the
 * model said is in meta all the same. */
static void a_later_reader_is_told_nothing(void **state) {
    (void)state;
    const enum ask later[] = {ASK_SECOND, ASK_THIRD};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        struct task t = plain();
        struct buf out = {0};
        t.reason = later[i];
        task_write(&t, &style, &out);
        assert_non_null(strstr(buf_string(&out), ",\"predictions\":[],"));
        assert_non_null(strstr(buf_string(&out), ",\"probabilities\":[0."));
        buf_release(&out);
    }
}

/* Every prefix, and the record with any one byte changed, is read or refused: never a crash, never
 * another shape than it says. */
static void test_damaged(void **state) {
    (void)state;
    struct task t = plain(), back;
    struct buf out = {0};
    struct arena arena = {0};
    const char *why;
    task_write(&t, &style, &out);
    for (size_t n = 0; n < out.len; n++) {
        assert_int_equal(task_read(&back, (struct text){out.at, n}, &arena, &why), ERR_INPUT);
        assert_non_null(why);
        arena_reset(&arena);
    }
    for (size_t n = 0; n < out.len; n++) {
        char was = out.at[n];
        for (size_t i = 0; i < 4; i++) {
            out.at[n] = "\"]9\0"[i];
            if (task_read(&back, buf_view(&out), &arena, &why) == 0)
                assert_true(back.k >= 1 && back.d >= 1);
            arena_reset(&arena);
        }
        out.at[n] = was;
    }
    arena_release(&arena);
    buf_release(&out);
}

/* ---- wide rows ---- */

static void replace(struct buf *out, const struct buf *in, const char *from, const char *to);

enum { WIDE = 600000 }; // columns of a hashed feature

/* A row of 600,000 columns with two numbers in it is as short as two numbers. */
static void test_wide_row_is_written_sparse(void **state) {
    (void)state;
    struct task t = plain();
    struct buf out = {0};
    double *row = xcalloc(WIDE, sizeof *row);
    row[0] = -0.0;
    row[77] = 1;
    row[WIDE - 1] = 0x1.fffffffffffffp-3;
    t.row = row;
    t.d = WIDE;
    check_round_trip(&t);
    task_write(&t, &style, &out);
    assert_in_range(out.len, 100, 2000);
    assert_non_null(strstr(buf_string(&out), "\"row\":{\"columns\":600000,\"at\":[0,77,599999],"
                                             "\"value\":[-0,1,"));
    buf_release(&out);
    free(row);
}

/* The shorter form is taken, and only in wide rows. */
static void test_full_and_short_rows_are_lists(void **state) {
    (void)state;
    struct task t = plain();
    struct buf out = {0};
    double row[300] = {0};
    t.row = row;
    for (t.d = 1; t.d <= 300; t.d++) {
        check_round_trip(&t);
        buf_reset(&out);
        task_write(&t, &style, &out);
        assert_int_equal(strstr(buf_string(&out), "\"columns\"") != NULL, t.d >= 64);
    }
    t.d = 300;
    for (size_t i = 0; i < 300; i++) row[i] = i % 2; // half of it full: places cost more
    check_round_trip(&t);
    buf_reset(&out);
    task_write(&t, &style, &out);
    assert_null(strstr(buf_string(&out), "\"columns\""));
    buf_release(&out);
}

static void check_sparse(const char *row, bool taken) {
    struct task t = plain(), back;
    struct buf out = {0}, changed = {0};
    struct arena arena = {0};
    const char *why;
    task_write(&t, &style, &out);
    replace(&changed, &out, "[12.5,0,1,-0,0.1]", row);
    if ((task_read(&back, buf_view(&changed), &arena, &why) == 0) != taken)
        fail_msg("%s: %s", row, taken ? why : "taken");
    if (!taken) assert_string_equal(why, "the row is missing or not finite");
    arena_release(&arena);
    buf_release(&out);
    buf_release(&changed);
}

static void test_sparse_rows_are_not_trusted(void **state) {
    (void)state;
    check_sparse("{\"columns\":3,\"at\":[0,2],\"value\":[0,1.5]}", true);
    check_sparse("{\"columns\":0,\"at\":[],\"value\":[]}", true);
    static const char *const bad[] = {
        "{\"columns\":3,\"at\":[0,3],\"value\":[1,1]}",          // beyond the row
        "{\"columns\":3,\"at\":[2,0],\"value\":[1,1]}",          // not ascending
        "{\"columns\":3,\"at\":[1,1],\"value\":[1,1]}",          // twice
        "{\"columns\":3,\"at\":[-1],\"value\":[1]}",             // before it
        "{\"columns\":3,\"at\":[0.5],\"value\":[1]}",            // between
        "{\"columns\":3,\"at\":[1e999],\"value\":[1]}",          // nowhere
        "{\"columns\":3,\"at\":[\"0\"],\"value\":[1]}",          // no number
        "{\"columns\":3,\"at\":[0,1],\"value\":[1]}",            // more places than values
        "{\"columns\":3,\"at\":[0],\"value\":[1,1]}",            // fewer
        "{\"columns\":3,\"at\":[0],\"value\":[null]}",           // not finite
        "{\"columns\":3,\"at\":[0],\"value\":[1e999]}",          //
        "{\"columns\":3,\"at\":{},\"value\":[]}",                // no list
        "{\"columns\":3,\"at\":[],\"value\":{}}",                //
        "{\"columns\":1048577,\"at\":[],\"value\":[]}",          // more than a row may have
        "{\"columns\":9007199254740992,\"at\":[],\"value\":[]}", //
        "{\"columns\":-1,\"at\":[],\"value\":[]}",               //
        "{\"at\":[],\"value\":[]}",                              //
        "\"row\"",                                               //
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check_sparse(bad[i], false);
}

/* ---- without the event ---- */

static void check_dropped(const struct task *t, bool dropped) {
    struct buf whole = {0}, rest = {0};
    struct arena arena = {0};
    struct task back, wanted = *t;
    const char *why;
    task_write(t, &style, &whole);
    assert_int_equal(task_drop_event(buf_view(&whole), &rest), dropped);
    assert_int_equal(rest.len > 0, dropped);
    if (dropped) {
        assert_int_equal(task_read(&back, buf_view(&rest), &arena, &why), 0);
        wanted.event = (struct text){0};
        check_equal(&wanted, &back);
        assert_true(back.event_left_out);
        wanted.event_left_out = true; // written so from the start, it is the same record
        buf_reset(&whole);
        task_write(&wanted, &style, &whole);
        assert_true(text_equal(buf_view(&whole), buf_view(&rest)));
        assert_false(task_drop_event(buf_view(&whole), &rest));
    }
    arena_release(&arena);
    buf_release(&whole);
    buf_release(&rest);
}

static void test_event_is_dropped_from_a_record(void **state) {
    (void)state;
    struct task t = plain();
    check_dropped(&t, true);
    t.event = TEXT("{\"meta\":{\"event\":[\"}\",1]},\"data\":{\"event\":null}}");
    check_dropped(&t, true);
    t.event = (struct text){0};
    check_dropped(&t, false);
    struct buf out = {0};
    assert_false(task_drop_event(TEXT("{}"), &out));
    assert_false(task_drop_event(TEXT(""), &out));
    assert_false(task_drop_event(TEXT("{\"data\":{\"event\":1},\"meta\":7}"), &out));
    assert_int_equal(out.len, 0);
    buf_release(&out);
}

/* ---- refusals ---- */

static void replace(struct buf *out, const struct buf *in, const char *from, const char *to) {
    const char *at = memmem(in->at, in->len, from, strlen(from));
    assert_non_null(at);
    buf_reset(out);
    buf_add(out, in->at, (size_t)(at - in->at));
    buf_str(out, to);
    buf_add(out, at + strlen(from), in->len - (size_t)(at - in->at) - strlen(from));
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *from, *to, *why;
    } cases[] = {
        {"\"format\":1", "\"format\":2", "format"},
        {"\"sample_id\":\"card-17\",\"reason\":\"unc", "\"reason\":\"unc", "sample_id"},
        {"\"fingerprint\":\"f", "\"fingerprint\":\"g", "fi"},
        {"\"offset\":123456", "\"offset\":-1", "source"},
        {"\"partition\":3", "\"partition\":3e9", "source"},
        {"\"offset\":123456", "\"offset\":0.5", "source"},
        {"\"measure\":\"log", "\"measure\":\"lag", "measure"},
        {"\"utility\":-2.1972245,\"thr", "\"thr", "figure"},
        {"\"model\":7", "\"model\":-7", "figure"},
        {"\"model\":7", "\"model\":1e17", "figure"},
        {"[\"ok\",\"fraud\"]", "[\"ok\\nfraud\",\"x\"]", "classes"},
        {"[\"ok\",\"fraud\"]", "[\"ok\"]", "probabilities"},
        {"[\"ok\",\"fraud\"]", "[]", "classes"},
        {"[0.92,0.08]", "[0.92]", "members"},
        {"\"probabilities\":[0.9", "\"probabilities\":[1e99", "members"},
        {"\"row\":[12.5", "\"row\":[null", "row"},
        {"\"row\":[12.5", "\"row\":[1e999", "row"},
        {"\"meta\":{", "\"meta\":[{", "meta"},
        {"\"propensity\":1,", "\"propensity\":1e300,",
         "propensity"}, // ended the learner at each start
        {"\"propensity\":1,", "\"propensity\":1e-300,", "propensity"},
        {"\"propensity\":1,", "\"propensity\":-0.5,", "propensity"},
        {"\"propensity\":1,", "\"propensity\":null,", "propensity"},
        {"\"probabilities\":[0.9", "\"probabilities\":[-5", "probability"},
        {"[0.92,0.08]", "[1e30,0.08]", "probability"},
        {"\"arm\":\"strategy\"", "\"arm\":\"strategy\",\"opinions\":4", "opinions"},
        {"\"arm\":\"strategy\"", "\"arm\":\"strategy\",\"opinions\":\"3\"", "opinions"},
        {"\"sample_id\":\"card-17\",\"reason\":\"unc", // longer when it is written again
         "\"sample_id\":\"card-\xff\",\"reason\":\"unc", "UTF-8"},
        {"\"covered\":60990", "\"covered\":61001", "covered"},
        {"\"unasked\":{\"n\":41,", "\"unasked\":{\"n\":65536,", "unasked"}, // beyond any state's
        {"\"unasked\":{\"n\":41,", "\"unasked\":{\"n\":-1,", "unasked"},
        {"\"unasked\":{\"n\":41,", "\"unasked\":{\"n\":39,", "unasked"}, // fewer than are right
        {"\"unasked\":{\"n\":41,", "\"unasked\":{", "unasked"},
        {"\"unasked\":{\"n\":41,\"right\":40,", "\"unasked\":{\"n\":41,\"right\":-1,", "unasked"},
        {"\"unasked\":{\"n\":41,\"right\":40,", "\"unasked\":{\"n\":41,\"right\":null,", "unasked"},
        {"\"unasked\":{\"n\":41,\"right\":40,", "\"unasked\":{\"n\":41,", "unasked"},
        {"\"time_ms\":1795336000000", "\"time_ms\":9007199254740991", "year"},
        {"\"expires_ms\":1795940800250", "\"expires_ms\":9007199254740991", "year"},
    };
    struct task t = plain(), back = {.d = 77};
    struct buf out = {0}, bad = {0};
    struct arena arena = {0};
    const char *why;
    task_write(&t, &style, &out);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        replace(&bad, &out, cases[i].from, cases[i].to);
        if (task_read(&back, buf_view(&bad), &arena, &why) != ERR_INPUT)
            fail_msg("taken: %s", cases[i].to);
        if (!strstr(why, cases[i].why)) fail_msg("%s: %s", cases[i].to, why);
        assert_int_equal(back.d, 77);
    }
    arena_release(&arena);
    buf_release(&bad);
    buf_release(&out);
}

/* Shares of each class, or an empty array, which is none. */
static void test_boosted_is_not_trusted(void **state) {
    (void)state;
    static const struct {
        const char *to, *why; // NULL: it is taken
    } cases[] = {{"[0.1,0.9]", NULL},
                 {"[]", NULL},
                 {"[0.1]", "boosted"},
                 {"[0.1,0.9,0]", "boosted"},
                 {"[[0.1,0.9]]", "boosted"},
                 {"[0.1,\"0.9\"]", "boosted"},
                 {"[0.1,null]", "boosted"},
                 {"[0.1,1e99]", "boosted"},
                 {"null", "boosted"},
                 {"0.5", "boosted"},
                 {"{\"a\":0.1,\"b\":0.9}", "boosted"},
                 {"[0.1,1.5]", "no probability"},
                 {"[-0.1,0.9]", "no probability"}};
    static const float boosted[] = {0.25f, 0.75f};
    struct task t = plain(), back;
    struct buf out = {0}, other = {0};
    struct arena arena = {0};
    const char *why;
    t.boosted = boosted;
    task_write(&t, &style, &out);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        replace(&other, &out, "[0.25,0.75]", cases[i].to);
        int result = task_read(&back, buf_view(&other), &arena, &why);
        assert_int_equal(result, cases[i].why ? ERR_INPUT : 0);
        if (cases[i].why && !strstr(why, cases[i].why)) fail_msg("%s: %s", cases[i].to, why);
        if (!cases[i].why) assert_int_equal(back.boosted != NULL, i == 0);
    }
    arena_release(&arena);
    buf_release(&other);
    buf_release(&out);
}

/* Tasks of 0.1.0 wait in the topic when the learner is updated. */
static void test_without_sums(void **state) {
    (void)state;
    struct task t = plain(), back;
    struct buf out = {0}, former = {0};
    struct arena arena = {0};
    const char *why;
    task_write(&t, &style, &out);
    const char *from = strstr(buf_string(&out), ",\"in_capacity\":true,\"unasked\":{");
    assert_non_null(from);
    const char *to = strchr(from, '}') + 1;
    buf_add(&former, out.at, (size_t)(from - out.at));
    buf_str(&former, to);
    assert_int_equal(task_read(&back, buf_view(&former), &arena, &why), 0);
    t.in_capacity = false;
    t.unasked = (struct unasked){0};
    check_equal(&t, &back);
    arena_release(&arena);
    buf_release(&former);
    buf_release(&out);
}

/* A record is small on the wire and large when it is read: what it may hold is bounded. */
static void test_bounds(void **state) {
    (void)state;
    struct task t = plain(), back;
    struct buf out = {0}, bad = {0}, part = {0};
    struct arena arena = {0};
    const char *why = "";
    task_write(&t, &style, &out);
    buf_str(&part, "\"members\":[[0.92,0.08]");
    for (size_t m = 0; m < MEMBERS_MAX; m++) buf_str(&part, ",[0.92,0.08]");
    replace(&bad, &out, "\"members\":[[0.92,0.08]", buf_string(&part));
    assert_int_equal(task_read(&back, buf_view(&bad), &arena, &why), ERR_INPUT);
    assert_non_null(strstr(why, "more members"));
    buf_reset(&part);
    for (size_t i = 0; i <= TASK_SAMPLE_MAX; i++) buf_str(&part, "c");
    t.sample_id = buf_view(&part);
    buf_reset(&bad);
    task_write(&t, &style, &bad);
    assert_int_equal(task_read(&back, buf_view(&bad), &arena, &why), ERR_INPUT);
    assert_non_null(strstr(why, "sample id"));
    buf_reset(&part);
    buf_str(&part, "\"more\":[0");
    for (size_t i = 0; i < COLUMNS_MAX + JSON_VALUES_MAX; i++) buf_str(&part, ",0");
    buf_str(&part, "],\"format\":1");
    replace(&bad, &out, "\"format\":1", buf_string(&part));
    assert_int_equal(task_read(&back, buf_view(&bad), &arena, &why), ERR_INPUT);
    assert_non_null(strstr(why, "meta"));
    arena_release(&arena);
    buf_release(&part);
    buf_release(&bad);
    buf_release(&out);
}

/* Written again, the record needs no memory: nothing on the worker's path allocates after
 * warm-up. */
static void test_no_growth(void **state) {
    (void)state;
    struct task t = plain();
    struct buf out = {0};
    task_write(&t, &style, &out);
    char *at = out.at;
    size_t cap = out.cap, len = out.len;
    buf_reset(&out);
    task_write(&t, &style, &out);
    assert_true(out.at == at && out.cap == cap && out.len == len);
    buf_release(&out);
}

static void test_example(void **state) {
    (void)state;
    struct task t = plain(), back;
    struct buf out = {0}, example = {0};
    struct arena arena = {0};
    const char *why;
    task_write(&t, &style, &out);
    example_check("task", &out);
    example_read("task", &example);
    assert_int_equal(task_read(&back, buf_view(&example), &arena, &why), 0);
    check_equal(&t, &back);
    arena_release(&arena);
    buf_release(&example);
    buf_release(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_a_second_reader),
        cmocka_unit_test(test_a_third_reader),
        cmocka_unit_test(test_boosted),
        cmocka_unit_test(test_boosted_is_not_trusted),
        cmocka_unit_test(test_every_sum_comes_back),
        cmocka_unit_test(test_no_model),
        cmocka_unit_test(test_forty_classes),
        cmocka_unit_test(test_odd_strings),
        cmocka_unit_test(test_label_studio),
        cmocka_unit_test(a_later_reader_is_told_nothing),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_wide_row_is_written_sparse),
        cmocka_unit_test(test_full_and_short_rows_are_lists),
        cmocka_unit_test(test_sparse_rows_are_not_trusted),
        cmocka_unit_test(test_event_is_dropped_from_a_record),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_without_sums),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_no_growth),
        cmocka_unit_test(test_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
