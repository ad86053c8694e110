/* The map from fields to rows: every kind of column, what is refused, and a fingerprint that knows
 * all of it and nothing else. */
#include "encode/features.h"

#include "base/rng.h"
#include "unit/test.h"

#include <float.h>
#include <math.h>

/* The configuration's texts are its own and not const; those here are only read. */
#define LIST(...)                                                                                  \
    {                                                                                              \
        (char **)(const char *[]){__VA_ARGS__},                                                    \
            sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)                                 \
    }
#define FIELD(name_, path_, type_, ...)                                                            \
    { .name = (char *)name_, .path = (char *)path_, .type = type_, __VA_ARGS__ }
#define NUMBER(...) ((struct feature_config)FIELD("x", "/x", FEATURE_NUMBER, __VA_ARGS__))
#define CATEGORY(...) ((struct feature_config)FIELD("x", "/x", FEATURE_CATEGORY, __VA_ARGS__))
#define BOOLEAN(...) ((struct feature_config)FIELD("x", "/x", FEATURE_BOOLEAN, __VA_ARGS__))

enum { ROW_MAX = 64 };

static struct features *made(const struct feature_config *list, size_t n) {
    struct features *f = NULL;
    assert_int_equal(features_create(&f, list, n), 0);
    return f;
}

static struct value number(double x) {
    return (struct value){.kind = VALUE_NUMBER, .number = x, .text = TEXT("1.5")};
}
static struct value integer(const char *text) {
    return (struct value){.kind = VALUE_NUMBER, .number = atof(text), .text = text_of(text)};
}
static struct value text(const char *t) {
    return (struct value){.kind = VALUE_TEXT, .text = text_of(t)};
}
static const struct value missing = {.kind = VALUE_MISSING}, null = {.kind = VALUE_NULL},
                          other = {.kind = VALUE_OTHER}, yes = {.kind = VALUE_BOOL, .number = 1},
                          no = {.kind = VALUE_BOOL};

/* One feature, one value: the answer, and the row, into which rubbish was put before. */
static enum reason encoded(struct feature_config c, struct value v, double *row) {
    struct features *f = made(&c, 1);
    size_t field = 99;
    assert_true(features_columns(f) <= ROW_MAX);
    for (size_t i = 0; i < ROW_MAX; i++) row[i] = -77;
    enum reason reason = features_encode(f, &v, row, &field, NULL);
    if (reason == REASON_NO_FEATURE) reason = REASON_NONE; // its row is written all the same
    assert_int_equal(field, reason ? 0 : 99);
    for (size_t i = features_columns(f); i < ROW_MAX; i++) assert_true(row[i] == -77);
    features_destroy(f);
    return reason;
}

static void expect_row(struct feature_config c, struct value v, const double *expected, size_t d) {
    double row[ROW_MAX];
    assert_int_equal(encoded(c, v, row), REASON_NONE);
    for (size_t i = 0; i < d; i++)
        if (memcmp(&row[i], &expected[i], sizeof *row) != 0)
            fail_msg("column %zu: %.17g, not %.17g", i, row[i], expected[i]);
    assert_true(row[d] == -77);
}

#define EXPECT(config, value, ...)                                                                 \
    expect_row(config, value, (const double[]){__VA_ARGS__},                                       \
               sizeof((const double[]){__VA_ARGS__}) / sizeof(double))
#define REFUSED(config, value, reason)                                                             \
    do {                                                                                           \
        double row_[ROW_MAX];                                                                      \
        assert_int_equal(encoded(config, value, row_), reason);                                    \
    } while (0)

static void numbers_go_through_as_they_are(void **state) {
    (void)state;
    static const double some[] = {0, -0.0, 1.5, -1e300, DBL_MIN, 4.9e-324, DBL_MAX, 0.1};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        EXPECT(NUMBER(.log1p = false), number(some[i]), some[i]);
    EXPECT(NUMBER(.missing = true), number(2), 2, 0);
    EXPECT(NUMBER(.missing = true), null, 0, 1);
    EXPECT(NUMBER(.missing = true), missing, 0, 1);
    EXPECT(NUMBER(.missing = false), missing, 0);
    EXPECT(NUMBER(.missing = false), null, 0);
}

static void clip_comes_before_the_logarithm(void **state) {
    (void)state;
    const struct list clip = LIST("-1.5", "1e2"), positive = LIST("3", "4");
    EXPECT(NUMBER(.clip = clip), number(-2), -1.5);
    EXPECT(NUMBER(.clip = clip), number(-1.5), -1.5);
    EXPECT(NUMBER(.clip = clip), number(7), 7);
    EXPECT(NUMBER(.clip = clip), number(DBL_MAX), 100);
    EXPECT(NUMBER(.log1p = true), number(0), 0);
    EXPECT(NUMBER(.log1p = true), number(-0.0), -0.0);
    EXPECT(NUMBER(.log1p = true), number(9), log(10));
    EXPECT(NUMBER(.log1p = true), number(-9), -log(10));
    EXPECT(NUMBER(.log1p = true), number(1e-12), log1p(1e-12));
    EXPECT(NUMBER(.log1p = true), number(-DBL_MAX), -log(DBL_MAX));
    EXPECT(NUMBER(.log1p = true, .clip = clip), number(1e9), log(101));
    EXPECT(NUMBER(.log1p = true, .clip = clip), number(-5), -log(2.5));
    EXPECT(NUMBER(.log1p = true, .clip = positive, .missing = true), missing, 0,
           1); // 0 though clip would not leave it
}

static void a_listed_category_is_one_hot(void **state) {
    (void)state;
    const struct list values = LIST("NL", "DE", "", "B\xC3\x89", "5411");
    EXPECT(CATEGORY(.values = values), text("NL"), 1, 0, 0, 0, 0);
    EXPECT(CATEGORY(.values = values), text("DE"), 0, 1, 0, 0, 0);
    EXPECT(CATEGORY(.values = values), text(""), 0, 0, 1, 0, 0);
    EXPECT(CATEGORY(.values = values), text("B\xC3\x89"), 0, 0, 0, 1, 0);
    EXPECT(CATEGORY(.values = values), text("5411"), 0, 0, 0, 0, 1);
    EXPECT(CATEGORY(.values = values), integer("5411"), 0, 0, 0, 0, 1);
    EXPECT(CATEGORY(.values = values), integer("-5411"), 0, 0, 0, 0, 0);
    EXPECT(CATEGORY(.values = values), text("nl"), 0, 0, 0, 0, 0);
    EXPECT(CATEGORY(.values = values), text("N"), 0, 0, 0, 0, 0);
    EXPECT(CATEGORY(.values = values), ((struct value){.kind = VALUE_TEXT, .text = TEXT("NL\0")}),
           0, 0, 0, 0, 0);
    EXPECT(CATEGORY(.values = values, .missing = true), text("FR"), 0, 0, 0, 0, 0,
           0); // unknown is not missing
    EXPECT(CATEGORY(.values = values, .missing = true), null, 0, 0, 0, 0, 0, 1);
    EXPECT(CATEGORY(.values = values), missing, 0, 0, 0, 0, 0);
}

static size_t hot_column(const char *category, int64_t columns) {
    double row[ROW_MAX];
    size_t hot = ROW_MAX;
    assert_int_equal(encoded(CATEGORY(.hash = columns), text(category), row), REASON_NONE);
    for (size_t i = 0; i < (size_t)columns; i++) {
        if (row[i] == 0) continue;
        assert_true(row[i] == 1 && hot == ROW_MAX); // one, and only one
        hot = i;
    }
    assert_true(hot < ROW_MAX);
    return hot;
}

/* The figures are those of an independent implementation of the stated hash; models depend on
 * them. */
static void a_hashed_category_takes_the_stated_column(void **state) {
    (void)state;
    assert_int_equal(hot_column("", 32), 24);
    assert_int_equal(hot_column("NL", 32), 25);
    assert_int_equal(hot_column("NL", 5), 3);
    assert_int_equal(hot_column("electronics", 50), 12);
    assert_int_equal(hot_column("anything", 1), 0);
    EXPECT(CATEGORY(.hash = 1, .missing = true), text("a"), 1, 0);
    EXPECT(CATEGORY(.hash = 2, .missing = true), missing, 0, 0, 1);
    double as_text[ROW_MAX], as_number[ROW_MAX];
    assert_int_equal(encoded(CATEGORY(.hash = 32), text("5411"), as_text), REASON_NONE);
    assert_int_equal(encoded(CATEGORY(.hash = 32), integer("5411"), as_number), REASON_NONE);
    assert_memory_equal(as_text, as_number, sizeof as_text);
}

static void hashed_categories_spread_evenly(void **state) {
    (void)state;
    enum { COLUMNS = 32, NAMES = 32000 };
    size_t count[COLUMNS] = {0};
    struct feature_config c = CATEGORY(.hash = COLUMNS);
    struct features *f = made(&c, 1);
    for (int i = 0; i < NAMES; i++) {
        char name[16];
        double row[COLUMNS];
        size_t field;
        snprintf(name, sizeof name, "m-%d", i);
        struct value v = text(name);
        assert_int_equal(features_encode(f, &v, row, &field, NULL), REASON_NONE);
        for (size_t k = 0; k < COLUMNS; k++) count[k] += row[k] == 1;
    }
    double chi = 0;
    for (size_t k = 0; k < COLUMNS; k++) chi += pow((double)count[k] - 1000, 2) / 1000;
    assert_true(chi > 10 && chi < 60); // 31 degrees of freedom
    features_destroy(f);
}

static void booleans_are_one_or_zero(void **state) {
    (void)state;
    EXPECT(BOOLEAN(.missing = false), yes, 1);
    EXPECT(BOOLEAN(.missing = true), no, 0, 0);
    EXPECT(BOOLEAN(.missing = true), missing, 0, 1);
    EXPECT(BOOLEAN(.missing = true), null, 0, 1);
}

/* As it is written where that says it, by its value where several spellings would. */
static void a_category_may_be_a_number_or_a_boolean(void **state) {
    (void)state;
    const struct list values = LIST("1", "12.5", "true", "1000", "0.1", "0");
    EXPECT(CATEGORY(.values = values), integer("1"), 1, 0, 0, 0, 0, 0);
    EXPECT(CATEGORY(.values = values), integer("1.0"), 1, 0, 0, 0, 0, 0);
    EXPECT(CATEGORY(.values = values), integer("12.50"), 0, 1, 0, 0, 0, 0);
    EXPECT(CATEGORY(.values = values), yes, 0, 0, 1, 0, 0, 0);
    EXPECT(CATEGORY(.values = values), text("true"), 0, 0, 1, 0, 0, 0);
    EXPECT(CATEGORY(.values = values), no, 0, 0, 0, 0, 0, 0);
    EXPECT(CATEGORY(.values = values), integer("1e3"), 0, 0, 0, 1, 0, 0);
    EXPECT(CATEGORY(.values = values), integer("1e-1"), 0, 0, 0, 0, 1, 0);
    EXPECT(CATEGORY(.values = values), integer("-0.0"), 0, 0, 0, 0, 0, 1);
    REFUSED(CATEGORY(.values = values), integer("1e999"), REASON_WRONG_TYPE);
    double as_text[ROW_MAX], as_number[ROW_MAX];
    assert_int_equal(encoded(CATEGORY(.hash = 32), text("0.3"), as_text), REASON_NONE);
    assert_int_equal(encoded(CATEGORY(.hash = 32), integer("3e-1"), as_number), REASON_NONE);
    assert_memory_equal(as_text, as_number, sizeof as_text);
}

static void flags_are_booleans_too(void **state) {
    (void)state;
    static const char *const on[] = {"true", "True", "1", "yes", "Y", "t"}, *const off[] = {
                                                                                "false", "FALSE",
                                                                                "0",     "no",
                                                                                "N",     "f"};
    for (size_t i = 0; i < sizeof on / sizeof *on; i++) {
        EXPECT(BOOLEAN(.missing = true), text(on[i]), 1, 0);
        EXPECT(BOOLEAN(.missing = true), text(off[i]), 0, 0);
    }
    EXPECT(BOOLEAN(.missing = false), integer("1"), 1);
    EXPECT(BOOLEAN(.missing = false), integer("0"), 0);
    REFUSED(BOOLEAN(.missing = true), integer("2"), REASON_WRONG_TYPE);
    REFUSED(BOOLEAN(.missing = true), integer("-1"), REASON_WRONG_TYPE);
    REFUSED(BOOLEAN(.missing = true), text(""), REASON_WRONG_TYPE);
    REFUSED(BOOLEAN(.missing = true), text("tru"), REASON_WRONG_TYPE);
}

static void a_number_may_be_a_text_where_it_says_so(void **state) {
    (void)state;
    struct feature_config point = NUMBER(.parse = true, .missing = true),
                          comma = NUMBER(.parse = true, .decimal = DECIMAL_COMMA);
    EXPECT(point, text("12.50"), 12.5, 0);
    EXPECT(point, text(" 1,234.5 "), 1234.5, 0);
    EXPECT(point, text("$12"), 12, 0);
    EXPECT(point, text("(0.35)"), -0.35, 0);
    EXPECT(point, number(7), 7, 0);
    EXPECT(point, text(""), 0, 1);
    EXPECT(point, text("NA"), 0, 1);
    EXPECT(point, text("0.35-"), -0.35, 0);
    EXPECT(point, text("EUR 12.50"), 12.5, 0);
    EXPECT(point, text("12.50 CHF"), 12.5, 0);
    REFUSED(point, text("+1-"), REASON_WRONG_TYPE);
    char unknown[] = "unknown", not_given[] = "k.A.", *words[] = {unknown, not_given};
    struct feature_config worded = point;
    worded.null_values = (struct list){words, 2};
    EXPECT(worded, text(" unknown"), 0, 1);
    EXPECT(worded, text("k.A."), 0, 1);
    EXPECT(worded, text("2"), 2, 0);
    REFUSED(worded, text("Unknown"), REASON_WRONG_TYPE);
    EXPECT(comma, text("12,50"), 12.5);
    EXPECT(comma, text("1.234,5"), 1234.5);
    EXPECT(comma, text("1.234"), 1234);
    EXPECT(NUMBER(.parse = true, .log1p = true), text("9"), log(10));
    REFUSED(point, text("12,50"), REASON_WRONG_TYPE);
    REFUSED(point, text("twelve"), REASON_WRONG_TYPE);
    REFUSED(point, text("1e999"), REASON_WRONG_TYPE);
    REFUSED(point, yes, REASON_WRONG_TYPE);
    struct feature_config needed = point;
    needed.required = true;
    REFUSED(needed, text("?"), REASON_MISSING_FIELD);
    char digits[200];
    memset(digits, '1', sizeof digits);
    digits[sizeof digits - 1] = '\0';
    REFUSED(point, text(digits), REASON_WRONG_TYPE);
    const struct value cut = {.kind = VALUE_TEXT, .text = {"12.5999", 4}}; // no NUL behind it
    EXPECT(point, cut, 12.5, 0);
    struct features *f = made(&comma, 1);
    struct value v = text("3,5");
    double out = 0;
    assert_true(features_number(f, 0, &v, &out) && out == 3.5);
    v = text("x");
    assert_false(features_number(f, 0, &v, &out));
    features_destroy(f);
}

/* What is at stake is told of a row as it was sent, whatever the model makes of it. */
static void an_amount_comes_back(void **state) {
    (void)state;
    static const double sent[] = {0, 12.5, -3, 1e6};
    const struct feature_config configs[] = {NUMBER(), NUMBER(.log1p = true),
                                             NUMBER(.missing = true)};
    for (size_t c = 0; c < 3; c++) {
        struct features *f = made(&configs[c], 1);
        double row[2] = {0};
        for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
            struct value v = number(sent[i]);
            size_t field;
            assert_int_equal(features_encode(f, &v, row, &field, NULL), REASON_NONE);
            assert_true(fabs(features_amount(f, 0, row) - sent[i]) <= 1e-9 * fabs(sent[i]));
        }
        features_destroy(f);
    }
    struct features *f = made(&configs[2], 1);
    const double absent[] = {7, 1}; // the column may hold anything then
    assert_true(features_amount(f, 0, absent) == 0);
    features_destroy(f);
}

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    const struct list values = LIST("a", "1.5", "true");
    const struct feature_config configs[] = {NUMBER(.missing = true), BOOLEAN(.missing = true),
                                             CATEGORY(.values = values), CATEGORY(.hash = 4)};
    for (size_t i = 0; i < 4; i++) {
        int type = configs[i].type;
        REFUSED(configs[i], other, REASON_WRONG_TYPE);
        REFUSED(configs[i], text("maybe"),
                type == FEATURE_CATEGORY ? REASON_NONE : REASON_WRONG_TYPE);
        REFUSED(configs[i], text("12.5"),
                type == FEATURE_CATEGORY ? REASON_NONE : REASON_WRONG_TYPE); // without `parse`
        REFUSED(configs[i], yes, type == FEATURE_NUMBER ? REASON_WRONG_TYPE : REASON_NONE);
        REFUSED(configs[i], number(1.5), type == FEATURE_BOOLEAN ? REASON_WRONG_TYPE : REASON_NONE);
        struct feature_config needed = configs[i];
        needed.required = true;
        REFUSED(needed, missing, REASON_MISSING_FIELD);
        REFUSED(needed, null, REASON_MISSING_FIELD);
        REFUSED(configs[i], missing, REASON_NONE);
    }
    REFUSED(configs[0], number(NAN), REASON_NOT_FINITE);
    REFUSED(NUMBER(.clip = LIST("0", "1")), number(INFINITY),
            REASON_NOT_FINITE); // clip does not hide it
}

/* ---- times, texts, vectors, lists ---- */

enum { ENTRIES_MAX = 8 };

/* One feature that reads an array: the array itself, then its entries. */
static enum reason encoded_array(struct feature_config c, struct value own,
                                 const struct value *entry, size_t entries, double *row) {
    struct features *f = made(&c, 1);
    struct value values[1 + ENTRIES_MAX + 1] = {own};
    size_t field, n = features_values(f) - 1;
    assert_true(n <= ENTRIES_MAX + 1);
    for (size_t i = 0; i < n; i++) {
        char path[32];
        snprintf(path, sizeof path, "/x/%zu", i);
        assert_string_equal(features_paths(f)[1 + i].at, path);
        values[1 + i] = i < entries ? entry[i] : missing;
    }
    for (size_t i = 0; i < ROW_MAX; i++) row[i] = -77;
    enum reason reason = features_encode(f, values, row, &field, NULL);
    assert_true(row[features_columns(f)] == -77);
    features_destroy(f);
    return reason;
}

static void a_vector_has_exactly_its_size(void **state) {
    (void)state;
    const struct feature_config c = FIELD("x", "/x", FEATURE_VECTOR, .size = 3, .missing = true);
    const struct value good[] = {integer("1.5"), integer("-2"), integer("0")},
                       longer[] = {good[0], good[1], good[2], good[0]},
                       holed[] = {good[0], null, good[2]},
                       wide[] = {good[0], integer("1e999"), good[2]};
    const double expected[] = {1.5, -2, 0, 0};
    double row[ROW_MAX];
    assert_int_equal(encoded_array(c, other, good, 3, row), REASON_NONE);
    assert_memory_equal(row, expected, sizeof expected);
    assert_int_equal(encoded_array(c, other, good, 2, row), REASON_WRONG_TYPE);
    assert_int_equal(encoded_array(c, other, longer, 4, row), REASON_WRONG_TYPE);
    assert_int_equal(encoded_array(c, other, holed, 3, row), REASON_WRONG_TYPE);
    assert_int_equal(encoded_array(c, other, wide, 3, row), REASON_NOT_FINITE);
    assert_int_equal(encoded_array(c, text("1,2,3"), good, 0, row), REASON_WRONG_TYPE);
    assert_int_equal(encoded_array(c, null, good, 0, row), REASON_NONE);
    assert_true(row[0] == 0 && row[2] == 0 && row[3] == 1);
    struct features *f = NULL;
    assert_int_equal(features_create(&f, &(struct feature_config)FIELD("x", "", FEATURE_VECTOR), 1),
                     ERR_CONFIG);
}

static void a_list_fills_a_column_for_each_category(void **state) {
    (void)state;
    const struct feature_config c = FIELD("x", "/x", FEATURE_CATEGORY, .list = 3,
                                          .values = LIST("a", "7", "true"), .missing = true);
    const struct value all[] = {yes, null, text("a"), integer("7")}, nested[] = {text("a"), other};
    double row[ROW_MAX];
    assert_int_equal(encoded_array(c, other, all, 4, row), REASON_NONE);
    assert_true(row[0] == 1 && row[1] == 0 && row[2] == 1 && row[3] == 0); // the fourth is beyond
    assert_int_equal(encoded_array(c, other, all, 0, row), REASON_NONE);
    assert_true(row[0] == 0 && row[3] == 0); // an empty list is not missing
    assert_int_equal(encoded_array(c, text("7"), all, 0, row), REASON_NONE);
    assert_true(row[1] == 1); // one alone
    assert_int_equal(encoded_array(c, other, nested, 2, row), REASON_WRONG_TYPE);
    assert_int_equal(encoded_array(c, null, all, 0, row), REASON_NONE);
    assert_true(row[3] == 1);
}

enum { TEXT_COLUMNS = 48 };

static double alike(const char *a, const char *b) {
    double left[ROW_MAX], right[ROW_MAX], sum = 0;
    const struct feature_config c = FIELD("x", "/x", FEATURE_TEXT, .hash = TEXT_COLUMNS);
    assert_int_equal(encoded(c, text(a), left), REASON_NONE);
    assert_int_equal(encoded(c, text(b), right), REASON_NONE);
    for (size_t i = 0; i < TEXT_COLUMNS; i++) sum += left[i] * right[i];
    return sum;
}

static void texts_that_say_the_same_are_alike(void **state) {
    (void)state;
    assert_true(fabs(alike("send it now", "Send it NOW!") - 1) < 1e-12);
    assert_true(fabs(alike("now", "  now...") - 1) < 1e-12);
    assert_true(fabs(alike("a b", "a,b") - 1) < 1e-12);
    assert_true(alike("transfer refused", "transfers refused") > 0.8);
    assert_true(alike("transfer refused", "transfer refused") >
                alike("transfer refused", "gift card"));
    assert_true(alike("transfer refused", "gift card") < 0.6);
    double row[ROW_MAX], sum = 0;
    const struct feature_config c =
        FIELD("x", "/x", FEATURE_TEXT, .hash = TEXT_COLUMNS, .missing = true);
    assert_int_equal(encoded(c, text("?!"), row), REASON_NONE);
    for (size_t i = 0; i < TEXT_COLUMNS; i++) sum += row[i];
    assert_true(sum == 0 && row[TEXT_COLUMNS] == 0);
    assert_int_equal(encoded(c, number(5), row), REASON_WRONG_TYPE);
    char word[500];
    memset(word, 'w', sizeof word);
    word[sizeof word - 1] = '\0';
    assert_int_equal(encoded(c, text(word), row), REASON_NONE); // longer than any word
}

static void encoded_time(struct value v, int unit, int64_t record_ms, double *row) {
    struct feature_config c = FIELD("x", "/x", FEATURE_TIME, .unit = unit);
    struct features *f = made(&c, 1);
    size_t field;
    assert_int_equal(features_columns(f), TIME_COLUMNS);
    assert_int_equal(features_encode_at(f, &v, record_ms, row, &field, NULL), REASON_NONE);
    features_destroy(f);
}

static void near(double got, double expected) {
    if (fabs(got - expected) > 1e-9) fail_msg("%.17g, not %.17g", got, expected);
}

static void a_time_is_three_circles_and_an_age(void **state) {
    (void)state;
    double row[ROW_MAX], same[ROW_MAX];
    /* Thursday, 1 January 1970, 6:00; asked 9 hours later. */
    encoded_time(integer("21600000"), TIME_MILLISECONDS, 54000000, row);
    near(row[0], 1);
    near(row[1], 0);
    near(row[2], sin(2 * M_PI * 4.25 / 7));
    near(row[3], cos(2 * M_PI * 4.25 / 7));
    near(row[4], sin(2 * M_PI * 0.25 / 31));
    near(row[5], cos(2 * M_PI * 0.25 / 31));
    near(row[6], log(10));
    encoded_time(integer("21600"), TIME_SECONDS, 54000000, same);
    assert_memory_equal(row, same, TIME_COLUMNS * sizeof *row);
    encoded_time(text("1970-01-01T07:00:00+01:00"), TIME_SECONDS, 54000000, same);
    assert_memory_equal(row, same, TIME_COLUMNS * sizeof *row);
    encoded_time(text("1970-01-01 06:00:00"), TIME_SECONDS, 0, same);
    near(same[6], 0); // no time of the record, no age
    encoded_time(integer("54000000000000"), TIME_NANOSECONDS, 21600000, same);
    near(same[6], -log(10)); // it lies ahead
    encoded_time(text("2024-02-29T12:00:00Z"), TIME_SECONDS, 0, row);
    near(row[4], sin(2 * M_PI * 28.5 / 29));
    const struct feature_config c = FIELD("x", "/x", FEATURE_TIME, .missing = true);
    REFUSED(c, text("yesterday"), REASON_WRONG_TYPE);
    REFUSED(c, yes, REASON_WRONG_TYPE);
    REFUSED(c, integer("1e300"), REASON_WRONG_TYPE);
    EXPECT(c, null, 0, 0, 0, 0, 0, 0, 0, 1);
}

/* ---- several ---- */

static const struct feature_config several[] = {
    FIELD("amount", "/amount", FEATURE_NUMBER, .missing = true),
    FIELD("country", "/card/country", FEATURE_CATEGORY, .values = LIST("NL", "DE")),
    FIELD("shop", "", FEATURE_CATEGORY, .hash = 3, .missing = true),
    FIELD("online", "/online", FEATURE_BOOLEAN, .required = true),
};
/* amount, amount missing, country NL, country DE, three buckets of shop, shop missing, online */
enum { SEVERAL = 4, COLUMNS = 9 };

static void columns_stand_in_order_of_configuration(void **state) {
    (void)state;
    struct features *f = made(several, SEVERAL);
    assert_int_equal(features_columns(f), COLUMNS);
    assert_int_equal(features_fields(f), SEVERAL);
    for (size_t i = 0; i < SEVERAL; i++)
        assert_int_equal(features_field(f, several[i].name), (int)i);
    assert_int_equal(features_field(f, "amoun"), -1);
    assert_string_equal(features_paths(f)[1].at, "/card/country");
    assert_string_equal(features_paths(f)[2].at, "/shop");
    const struct value values[] = {number(2.5), text("DE"), missing, yes};
    const double expected[] = {2.5, 0, 0, 1, 0, 0, 0, 1, 1};
    double row[COLUMNS];
    size_t field = 99;
    for (size_t i = 0; i < COLUMNS; i++) row[i] = -77;
    assert_int_equal(features_encode(f, values, row, &field, NULL), REASON_NONE);
    assert_memory_equal(row, expected, sizeof row);
    features_destroy(f);
}

static void the_first_guilty_field_is_named(void **state) {
    (void)state;
    struct features *f = made(several, SEVERAL);
    struct value values[] = {number(1), text("NL"), other, missing};
    double row[COLUMNS];
    size_t field = 99;
    assert_int_equal(features_encode(f, values, row, &field, NULL), REASON_WRONG_TYPE);
    assert_int_equal(field, 2);
    values[2] = text("m");
    assert_int_equal(features_encode(f, values, row, &field, NULL), REASON_MISSING_FIELD);
    assert_int_equal(field, 3);
    features_destroy(f);
}

/* A row that no field of the record is in is none; what is absent is counted field by field. */
static void absent_fields_are_counted(void **state) {
    (void)state;
    struct features *f = made(several, SEVERAL - 1); // without the required one
    struct value values[] = {missing, missing, missing};
    uint64_t absent[SEVERAL] = {0};
    double row[COLUMNS];
    size_t field = 99;
    assert_int_equal(features_encode(f, values, row, &field, absent), REASON_NO_FEATURE);
    assert_int_equal(field, 99);
    values[1] = null; // its writer knows the field
    assert_int_equal(features_encode(f, values, row, &field, absent), REASON_NONE);
    values[1] = text("NL");
    assert_int_equal(features_encode(f, values, row, &field, absent), REASON_NONE);
    values[0] = text("much"); // wrong, and the one behind it is looked at all the same
    assert_int_equal(features_encode(f, values, row, &field, absent), REASON_WRONG_TYPE);
    const uint64_t expected[] = {4, 2, 4, 0};
    assert_memory_equal(absent, expected, sizeof absent);
    features_destroy(f);
}

static void nothing_of_the_configuration_is_borrowed(void **state) {
    (void)state;
    char name[] = "amount", path[] = "/sum", value[] = "NL";
    char *values[] = {value};
    struct feature_config list[] = {
        {.name = name, .path = path, .type = FEATURE_NUMBER},
        FIELD("c", "/c", FEATURE_CATEGORY, .values = {values, 1}),
    };
    struct features *f = made(list, 2);
    name[0] = path[1] = value[0] = 'z';
    memset(list, 0xFF, sizeof list);
    assert_int_equal(features_field(f, "amount"), 0);
    assert_string_equal(features_paths(f)[0].at, "/sum");
    struct value v[] = {number(1), text("NL")};
    double row[2];
    size_t field;
    assert_int_equal(features_encode(f, v, row, &field, NULL), REASON_NONE);
    assert_true(row[1] == 1);
    features_destroy(f);
}

static void a_mapping_that_cannot_be_is_refused(void **state) {
    (void)state;
    const struct feature_config bad[] = {
        NUMBER(.clip = LIST("1")),      NUMBER(.clip = LIST("1", "x")),
        NUMBER(.clip = LIST("", "1")),  NUMBER(.clip = LIST("2", "1")),
        NUMBER(.clip = LIST("1", "1")), NUMBER(.clip = LIST("1", "inf")),
        CATEGORY(.missing = true),      CATEGORY(.hash = 2, .values = LIST("a"))};
    struct features *f = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(features_create(&f, &bad[i], 1), ERR_CONFIG);
    assert_int_equal(features_create(&f, bad, 0), ERR_CONFIG);
    assert_null(f);
}

/* ---- probabilities, and a score of the event's own ---- */

static void probabilities_become_log_odds_or_logarithms(void **state) {
    (void)state;
    static const struct feature_config odds =
                                           FIELD("p", "/p", FEATURE_PROBABILITY, .missing = false),
                                       logarithm = FIELD("p", "/p", FEATURE_LOG_PROBABILITY,
                                                         .missing = false);
    double row[ROW_MAX];
    assert_int_equal(encoded(odds, number(0.9), row), REASON_NONE);
    assert_true(fabs(row[0] - log(9)) < 1e-12);
    assert_int_equal(encoded(odds, number(0), row), REASON_NONE);
    assert_true(isfinite(row[0]) && row[0] < -27);
    assert_int_equal(encoded(odds, number(1), row), REASON_NONE);
    assert_true(isfinite(row[0]) && row[0] > 27);
    assert_int_equal(encoded(logarithm, number(0.25), row), REASON_NONE);
    assert_true(fabs(row[0] - log(0.25)) < 1e-12);
    static const double bad[] = {-1e-9, 1.0000001, 93, -5};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(encoded(odds, number(bad[i]), row), REASON_NOT_PROBABILITY);
        assert_int_equal(encoded(logarithm, number(bad[i]), row), REASON_NOT_PROBABILITY);
    }
    assert_int_equal(encoded(odds, text("0.9"), row), REASON_WRONG_TYPE);
    assert_int_equal(encoded(odds, yes, row), REASON_WRONG_TYPE);
}

static struct features *of(const char *model, struct config **c) {
    struct buf yaml = {0}, errors = {0};
    struct features *f = NULL;
    buf_printf(&yaml, "kafka: {brokers: '127.0.0.1:1'}\nmodel: %s\nfeatures: [{name: x}]\n", model);
    if (config_parse(c, "t", buf_view(&yaml), &errors) < 0) fail_msg("%s", buf_string(&errors));
    assert_int_equal(features_of(&f, *c), 0);
    buf_release(&yaml);
    return f;
}

static void a_score_stands_behind_the_features(void **state) {
    (void)state;
    struct config *c;
    struct features *f = of("{classes: [ok, bad], upstream: {probability: /m/score}}", &c);
    struct features_score score = features_score(f);
    double row[8];
    size_t field = 99;
    assert_true(score.first == 1 && score.n == 1 && features_columns(f) == 2);
    assert_string_equal(features_paths(f)[1].at, "/m/score");
    assert_int_equal(
        features_encode(f, (struct value[]){number(3), number(0.2)}, row, &field, NULL),
        REASON_NONE);
    assert_true(fabs(row[1] - log(0.25)) < 1e-12);
    assert_int_equal(features_score_class(f, row), 0);
    row[1] = 0.1;
    assert_int_equal(features_score_class(f, row), 1);
    row[1] = 0; // of equals the first
    assert_int_equal(features_score_class(f, row), 0);
    static const struct value *const gone[] = {&missing, &null};
    for (size_t i = 0; i < 2; i++) { // without it there is no prediction
        assert_int_equal(
            features_encode(f, (struct value[]){number(3), *gone[i]}, row, &field, NULL),
            REASON_MISSING_FIELD);
        assert_int_equal(field, 1);
    }
    assert_int_equal(
        features_encode(f, (struct value[]){number(3), number(1.5)}, row, &field, NULL),
        REASON_NOT_PROBABILITY);
    features_destroy(f);
    config_destroy(c);
    f = of("{classes: [bad, ok], positive: bad, upstream: {logit: /z}}", &c);
    assert_int_equal(features_score_class(f, (double[]){0, 2}), 0);
    assert_int_equal(features_score_class(f, (double[]){0, -2}), 1);
    assert_int_equal(features_score_class(f, (double[]){0, 0}), 0);
    features_destroy(f);
    config_destroy(c);
}

static void a_score_of_each_class_has_a_column_each(void **state) {
    (void)state;
    struct config *c;
    struct features *f = of("{classes: [a, b/c, d], upstream: {probabilities: /p}}", &c);
    assert_string_equal(features_paths(f)[1].at, "/p/0");
    assert_string_equal(features_paths(f)[3].at, "/p/2");
    assert_int_equal(features_score(f).n, 3);
    assert_int_equal(features_score_class(f, (double[]){9, -1, -0.5, -3}), 1);
    const uint64_t array = features_fingerprint(f);
    features_destroy(f);
    config_destroy(c);
    f = of("{classes: [a, b/c, d], upstream: {by_class: /p}}", &c);
    assert_string_equal(features_paths(f)[2].at, "/p/b~1c");
    assert_true(features_fingerprint(f) != array);
    features_destroy(f);
    config_destroy(c);
    f = of("{classes: [a, b/c, d]}", &c);
    struct features *plain = made(c->features, c->features_n);
    assert_true(features_fingerprint(f) == features_fingerprint(plain)); // as ever
    assert_int_equal(features_score_class(f, (double[]){1}), -1);
    features_destroy(plain);
    features_destroy(f);
    config_destroy(c);
}

/* ---- fingerprint ---- */

static uint64_t fingerprint(const struct feature_config *list, size_t n) {
    struct features *f = made(list, n);
    uint64_t fingerprint = features_fingerprint(f);
    features_destroy(f);
    return fingerprint;
}

static void the_fingerprint_changes_with_every_part_of_the_mapping(void **state) {
    (void)state;
    /* All of these encode differently; none may have the fingerprint of another. */
    const struct feature_config one[] = {
        NUMBER(.log1p = false),
        NUMBER(.log1p = true),
        NUMBER(.missing = true),
        FIELD("x", "/x", FEATURE_TIME),
        FIELD("x", "/x", FEATURE_TIME, .unit = TIME_SECONDS),
        FIELD("x", "/x", FEATURE_VECTOR, .size = 2),
        FIELD("x", "/x", FEATURE_VECTOR, .size = 3),
        FIELD("x", "/x", FEATURE_TEXT, .hash = 2),
        FIELD("x", "/x", FEATURE_TEXT, .hash = 3),
        CATEGORY(.list = 2, .values = LIST("a", "b")),
        CATEGORY(.list = 3, .values = LIST("a", "b")),
        NUMBER(.parse = true),
        NUMBER(.parse = true, .decimal = DECIMAL_COMMA),
        NUMBER(.clip = LIST("0", "1")),
        NUMBER(.clip = LIST("0", "2")),
        NUMBER(.clip = LIST("-1", "1")),
        NUMBER(.log1p = true, .clip = LIST("0", "1")),
        BOOLEAN(.missing = false),
        BOOLEAN(.missing = true),
        CATEGORY(.hash = 1),
        CATEGORY(.hash = 2),
        CATEGORY(.hash = 2, .missing = true),
        CATEGORY(.values = LIST("a")),
        CATEGORY(.values = LIST("b")),
        CATEGORY(.values = LIST("a", "b")),
        CATEGORY(.values = LIST("b", "a")),
        CATEGORY(.values = LIST("a", "b"), .missing = true),
        CATEGORY(.values = LIST("a b")),
        CATEGORY(.values = LIST("a", "b", "c")),
        CATEGORY(.values = LIST("a 1 1:b")),
        CATEGORY(.values = LIST("ab")),
        FIELD("x", "/y", FEATURE_NUMBER, .required = false),
        FIELD("x", "/x/", FEATURE_NUMBER, .required = false),
        FIELD("x", "/x/y", FEATURE_NUMBER, .required = false),
        FIELD("x", "/x 0 0", FEATURE_NUMBER, .required = false),
        FIELD("x", "/x\n0 0 2:/x 0 0", FEATURE_NUMBER, .required = false),
    };
    enum { N = sizeof one / sizeof *one };
    uint64_t seen[N + 5];
    size_t n = 0;
    for (; n < N; n++) seen[n] = fingerprint(&one[n], 1);
    struct feature_config two[] = {several[0], several[1], several[2]};
    seen[n++] = fingerprint(two, 3);
    seen[n++] = fingerprint(two, 2);
    seen[n++] = fingerprint((struct feature_config[]){two[1], two[0]}, 2);
    seen[n++] = fingerprint((struct feature_config[]){one[0], one[0]}, 2);
    seen[n++] = fingerprint((struct feature_config[]){one[0], one[0], one[0]}, 3);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (seen[i] == seen[k]) fail_msg("%zu and %zu", i, k);
}

static void the_fingerprint_does_not_change_otherwise(void **state) {
    (void)state;
    const struct feature_config number_ = NUMBER(.clip = LIST("0", "100")),
                                renamed =
                                    FIELD("z", "/x", FEATURE_NUMBER, .clip = LIST("0", "100"));
    const struct feature_config spelled = NUMBER(.clip = LIST("0.0", "1e2")),
                                needed = NUMBER(.clip = LIST("0", "100"), .required = true);
    const struct feature_config plain = FIELD("x", "", FEATURE_NUMBER, .clip = LIST("0", "100"));
    uint64_t same = fingerprint(&number_, 1);
    assert_true(fingerprint(&number_, 1) == same); // not of an address
    assert_true(fingerprint(&renamed, 1) == same);
    assert_true(fingerprint(&spelled, 1) == same);
    assert_true(fingerprint(&needed, 1) == same);
    assert_true(fingerprint(&plain, 1) == same); // the default path, written out
}

/* Models carry it: a new build must not disown them. */
static void the_fingerprint_stays_over_builds(void **state) {
    (void)state;
    assert_true(fingerprint(several, SEVERAL) == 0x201B5B7C37AF5879);
}

/* ---- decode ---- */

/* An event that is encoded and decoded is the event, as far as a row can tell; a row between two of
 * them becomes one that an event can have. */
static void rows_become_events_again(void **state) {
    (void)state;
    const struct feature_config list[] = {
        FIELD("amount", "", FEATURE_NUMBER, .log1p = true),
        FIELD("y", "", FEATURE_NUMBER, .missing = true), FIELD("new", "", FEATURE_BOOLEAN),
        FIELD("kind", "", FEATURE_CATEGORY, .values = LIST("b", "a\"c")),
        FIELD("shop", "", FEATURE_CATEGORY, .hash = 3)};
    struct features *f = made(list, 5);
    double row[] = {-log1p(12.5), 3, 0.2, 0.6, 0.4, 0.7, 0.1, 0.3, 0.2},
           gone[] = {0, 5, 0.9, 1, 0.1, 0.6, 0, 0, 1};
    struct buf out = {0};
    assert_int_equal(features_columns(f), 9);
    features_decode(f, row, &out);
    const double settled[] = {row[0], 3, 0, 1, 0, 1, 0, 1, 0};
    for (size_t i = 0; i < 9; i++) assert_true(row[i] == settled[i]);
    assert_true(fabs(strtod(strstr(buf_string(&out), "amount\":") + 8, NULL) + 12.5) < 1e-12);
    assert_non_null(
        strstr(buf_string(&out), ",\"y\":3,\"new\":true,\"kind\":\"a\\\"c\",\"shop\":null}"));
    buf_reset(&out);
    features_decode(f, gone, &out);
    assert_string_equal(buf_string(&out), "{\"synthetic\":true,\"amount\":0,\"y\":null,\"new\":"
                                          "true,\"kind\":\"a\\\"c\",\"shop\":null}");
    assert_true(gone[1] == 0 && gone[2] == 1 && gone[8] == 1);
    buf_release(&out);
    features_destroy(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_events_again),
        cmocka_unit_test(numbers_go_through_as_they_are),
        cmocka_unit_test(clip_comes_before_the_logarithm),
        cmocka_unit_test(a_listed_category_is_one_hot),
        cmocka_unit_test(a_hashed_category_takes_the_stated_column),
        cmocka_unit_test(hashed_categories_spread_evenly),
        cmocka_unit_test(booleans_are_one_or_zero),
        cmocka_unit_test(a_category_may_be_a_number_or_a_boolean),
        cmocka_unit_test(flags_are_booleans_too),
        cmocka_unit_test(a_number_may_be_a_text_where_it_says_so),
        cmocka_unit_test(an_amount_comes_back),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_vector_has_exactly_its_size),
        cmocka_unit_test(a_list_fills_a_column_for_each_category),
        cmocka_unit_test(texts_that_say_the_same_are_alike),
        cmocka_unit_test(a_time_is_three_circles_and_an_age),
        cmocka_unit_test(columns_stand_in_order_of_configuration),
        cmocka_unit_test(the_first_guilty_field_is_named),
        cmocka_unit_test(absent_fields_are_counted),
        cmocka_unit_test(nothing_of_the_configuration_is_borrowed),
        cmocka_unit_test(a_mapping_that_cannot_be_is_refused),
        cmocka_unit_test(the_fingerprint_changes_with_every_part_of_the_mapping),
        cmocka_unit_test(probabilities_become_log_odds_or_logarithms),
        cmocka_unit_test(a_score_stands_behind_the_features),
        cmocka_unit_test(a_score_of_each_class_has_a_column_each),
        cmocka_unit_test(the_fingerprint_does_not_change_otherwise),
        cmocka_unit_test(the_fingerprint_stays_over_builds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
