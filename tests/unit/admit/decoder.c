/* The decoder: what is refused and why, which values pointers lead to, and that neither depth nor
 * size costs anything. All of it for each reader that this processor can do. */
#include "admit/decoder.h"

#include "base/buf.h"
#include "base/cpu.h"
#include "base/rng.h"
#include "config/config.h"
#include "oracle.h"
#include "unit/test.h"

#include <math.h>
#include <sys/mman.h>

/* ---- allocations are counted, where no sanitizer does it already ---- */

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

static size_t allocations;

#ifndef SANITIZED
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void *malloc(size_t bytes) {
    allocations++;
    return __libc_malloc(bytes);
}
void *calloc(size_t count, size_t bytes) {
    allocations++;
    return __libc_calloc(count, bytes);
}
void *realloc(void *old, size_t bytes) {
    allocations++;
    return __libc_realloc(old, bytes);
}
#endif

/* ---- helpers ---- */

enum { PATHS_MAX = 8, DEPTH = 32, BYTES = 1 << 20 };

static enum json_reader kind; // of the round

struct reader {
    struct decoder *decoder;
    struct value value[PATHS_MAX];
};

static struct reader reader_of(const char *const *paths, size_t n, size_t max_depth,
                               size_t max_bytes) {
    struct text list[PATHS_MAX];
    struct reader r = {0};
    for (size_t i = 0; i < n; i++) list[i] = text_of(paths[i]);
    assert_int_equal(decoder_create(&r.decoder, &(struct decoder_options){.paths = list,
                                                                          .n = n,
                                                                          .max_depth = max_depth,
                                                                          .max_bytes = max_bytes,
                                                                          .kind = kind}),
                     0);
    return r;
}

#define READER(...)                                                                                \
    reader_of((const char *const[]){__VA_ARGS__},                                                  \
              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), DEPTH, BYTES)

static void expect_reason(struct reader *r, struct text json, enum reason reason) {
    /* On the heap without a NUL behind it, so that a sanitizer sees a step too far. */
    char *copy = json.len ? xmalloc(json.len) : NULL;
    if (json.len) memcpy(copy, json.at, json.len);
    enum reason got = decoder_read(r->decoder, (struct text){copy, json.len}, r->value);
    if (got == reason)
        got = decoder_read(r->decoder, (struct text){copy, json.len},
                           r->value); // the second time as the sample before
    if (got != reason)
        fail_msg("%.*s: %s, not %s", (int)json.len, json.at ? json.at : "", reason_name(got),
                 reason_name(reason));
    free(copy);
}

static void read_fine(struct reader *r, const char *json) {
    assert_int_equal(decoder_read(r->decoder, text_of(json), r->value), REASON_NONE);
}

static bool is_text(const struct value *v, struct text text) {
    return v->kind == VALUE_TEXT && text_equal(v->text, text);
}
static bool is_number(const struct value *v, double number, const char *text) {
    return v->kind == VALUE_NUMBER && memcmp(&v->number, &number, sizeof number) == 0 &&
           text_equal(v->text, text_of(text));
}

/* ---- pointers ---- */

static void pointers_lead_to_nested_values_and_array_entries(void **state) {
    (void)state;
    struct reader r = READER("/a", "/b/c/d", "/list/0", "/list/2/x", "/b/c", "/b/c/d", "/t", "/n");
    read_fine(&r,
              " { \"list\" : [ 7 , {\"x\":1}, {\"y\":0, \"x\": \"deep\"} ] "
              ",\r\n\t\"b\":{\"z\":[{}],\"c\":{\"d\":-2.50}},\"a\":12.0,\"t\":true,\"n\":null} ");
    assert_true(is_number(&r.value[0], 12, "12.0"));
    assert_true(is_number(&r.value[1], -2.5, "-2.50"));
    assert_true(is_number(&r.value[2], 7, "7"));
    assert_true(is_text(&r.value[3], TEXT("deep")));
    assert_int_equal(r.value[4].kind, VALUE_OTHER);
    assert_true(is_number(&r.value[5], -2.5, "-2.50")); // a pointer may be asked for twice
    assert_true(r.value[6].kind == VALUE_BOOL && r.value[6].number == 1);
    assert_int_equal(r.value[7].kind, VALUE_NULL);
    decoder_destroy(r.decoder);
}

static void array_indices_have_as_many_digits_as_they_need(void **state) {
    (void)state;
    struct reader r = READER("/v/9", "/v/10", "/v/11", "/v/100", "/v/120", "/v/999");
    struct buf json = {0};
    for (int i = 0; i < 1000; i++) buf_printf(&json, "%s%d", i ? "," : "{\"v\":[", i);
    buf_str(&json, "]}");
    read_fine(&r, buf_string(&json));
    static const double expected[] = {9, 10, 11, 100, 120, 999};
    for (size_t i = 0; i < 6; i++)
        assert_true(r.value[i].kind == VALUE_NUMBER && r.value[i].number == expected[i]);
    buf_release(&json);
    decoder_destroy(r.decoder);
}

static void absent_steps_are_missing_fields(void **state) {
    (void)state;
    struct reader r = READER("/a/b", "/list/3", "/list/01", "/list/-", "/list/+1", "/text/0",
                             "/list/18446744073709551616", "/a/0");
    read_fine(&r, "{\"a\":{\"0\":5},\"list\":[1,2,3],\"text\":\"abc\"}");
    for (size_t i = 0; i < 7; i++) assert_int_equal(r.value[i].kind, VALUE_MISSING);
    assert_true(is_number(&r.value[7], 5, "5")); // digits may be a name as well
    read_fine(&r, "{}");
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(r.value[i].kind, VALUE_MISSING); // nothing stays from before
    decoder_destroy(r.decoder);
}

static void pointer_escapes_name_any_key(void **state) {
    (void)state;
    struct reader r = READER("/a~1b", "/m~0n", "/~01", "/", "//x", "/\xC3\xA9", "/q\"", "/tab\t");
    read_fine(
        &r,
        "{\"a/b\":1,\"m~n\":2,\"~1\":3,\"\":{\"x\":5},\"\\u00e9\":6,\"q\\\"\":7,\"tab\\t\":8,\"/"
        "\":0}");
    for (size_t i = 0; i < 8; i++)
        if (i != 3)
            assert_true(r.value[i].kind == VALUE_NUMBER && r.value[i].number == (double)(i + 1));
    assert_int_equal(r.value[3].kind, VALUE_OTHER);
    decoder_destroy(r.decoder);
}

static void what_is_no_pointer_is_refused_at_create(void **state) {
    (void)state;
    static const char *const bad[] = {"", "a", "a/b", "/a~", "/a~2", "/~/b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct decoder *d = NULL;
        struct text path[] = {TEXT("/fine"), text_of(bad[i])};
        assert_int_equal(decoder_create(&d, &(struct decoder_options){.paths = path,
                                                                      .n = 2,
                                                                      .max_depth = DEPTH,
                                                                      .max_bytes = BYTES,
                                                                      .kind = kind}),
                         ERR_CONFIG);
        assert_null(d);
    }
}

static void of_equal_keys_the_first_counts(void **state) {
    (void)state;
    struct reader r = READER("/a", "/b/x", "/b/y");
    read_fine(&r,
              "{\"\\u0061\":1,\"a\":2,\"b\":{\"x\":3,\"x\":4},\"b\":{\"x\":5,\"y\":6},\"a\":7}");
    assert_true(is_number(&r.value[0], 1, "1"));
    assert_true(is_number(&r.value[1], 3, "3"));
    assert_int_equal(r.value[2].kind, VALUE_MISSING); // the first b has none
    read_fine(&r, "{\"b\":null,\"b\":{\"x\":1}}");
    assert_int_equal(r.value[1].kind, VALUE_MISSING);
    decoder_destroy(r.decoder);
}

static void a_key_with_nul_is_not_its_beginning(void **state) {
    (void)state;
    struct reader r = READER("/a");
    read_fine(&r, "{\"a\\u0000b\":1,\"a\":2}");
    assert_true(is_number(&r.value[0], 2, "2"));
    decoder_destroy(r.decoder);
}

/* ---- the layout of the sample before ---- */

/* Each is read after each other, so whatever one leaves behind is tried on all others. */
static void no_sample_is_taken_for_the_one_before(void **state) {
    (void)state;
    static const char *const samples[] = {
        "{\"a\":1,\"b\":{\"x\":\"one\",\"y\":2},\"l\":[1,2,3]}",
        "{\"a\":2.5,\"b\":{\"x\":\"tw\\u006f\",\"y\":\"3\"},\"l\":[4,5,6]}",
        "{\"b\":{\"x\":\"one\",\"y\":2},\"a\":1,\"l\":[1,2,3]}",
        "{\"a\":1,\"b\":{\"x\":\"one\",\"y\":2},\"l\":[1,2]}",
        "{\"a\":1,\"b\":{\"x\":\"one\",\"y\":2},\"l\":[1,2,3,4]}",
        "{\"a\":null,\"b\":{\"x\":true,\"y\":false},\"l\":[\"\",\"1\",null]}",
        "{\"a\":1,\"b\":{\"x\":\"one\"},\"l\":[1,2,3]}",
        "{\"a\":1,\"b\":{},\"l\":[]}",
        "{\"a\":1,\"b\":3,\"l\":4}",
        "{\"a\":[1],\"b\":{\"x\":{},\"y\":[]},\"l\":[1,2,3]}",
        "{}",
        " {\"a\":1}",
        "{\"a\":1} ",
        "{\"a\":1,\"a\":2,\"b\":{\"x\":1,\"x\":2}}",
        "{\"a\":\"\\n\",\"b\":{\"x\":\"\\ud83d\\ude00\",\"y\":2},\"l\":[1,2,\"\\\"\"]}",
        "{\"a\":1,\"b\":{\"x\":\"\xC3\xA9\",\"y\":2},\"l\":[1,2,3]}",
        "{\"a\":1e999,\"b\":{\"x\":\"one\",\"y\":2},\"l\":[1,2,3]}",
        "{\"a\":1,\"b\":{\"x\":\"one\",\"y\":2},\"l\":[1,2,3]",
        "{\"a\":1,\"b\":{\"x\":\"one\",\"y\":2},\"l\":[1,2,3]}}",
        "{\"a\":1x,\"b\":{\"x\":\"one\",\"y\":2},\"l\":[1,2,3]}",
        "{\"a\":01,\"b\":{\"x\":\"one\",\"y\":2},\"l\":[1,2,3]}",
        "{\"a\":1,\"b\":{\"x\":\"o\ne\",\"y\":2},\"l\":[1,2,3]}",
        "{\"a\":1,\"b\":{\"x\":\"\xFF\",\"y\":2},\"l\":[1,2,3]}",
        "{\"a\":truex,\"b\":{\"x\":\"one\",\"y\":2},\"l\":[1,2,3]}",
        "{\"a\":,\"b\":{\"x\":\"one\",\"y\":2},\"l\":[1,2,3]}",
        "{\"a\":1.,\"b\":{\"x\":\"one\",\"y\":2},\"l\":[1,2,3]}",
        "{\"a\":-,\"b\":{\"x\":\"one\",\"y\":2},\"l\":[1,2,3]}",
    };
    enum { N = sizeof samples / sizeof *samples };
    struct reader used = READER("/a", "/b/x", "/b/y", "/l/2", "/b", "/a", "/l/0", "/c");
    for (size_t i = 0; i < N * N; i++) {
        struct reader fresh = READER("/a", "/b/x", "/b/y", "/l/2", "/b", "/a", "/l/0", "/c");
        if (decoder_read(used.decoder, text_of(samples[i / N]), used.value) == REASON_NONE &&
            i % 3) // a layout that is there, and one that was just learned
            read_fine(&used, samples[i / N]);
        enum reason expected = decoder_read(fresh.decoder, text_of(samples[i % N]), fresh.value);
        assert_int_equal(decoder_read(used.decoder, text_of(samples[i % N]), used.value), expected);
        for (size_t v = 0; v < 8 && expected == REASON_NONE; v++)
            assert_true(same_value(&used.value[v], &fresh.value[v]));
        decoder_destroy(fresh.decoder);
    }
    decoder_destroy(used.decoder);
}

/* More values than a layout holds, and more bytes between them. */
static void samples_too_large_for_a_layout_are_read(void **state) {
    (void)state;
    struct reader r = READER("/v/4999", "/after", "/v/0");
    struct buf json = {0};
    for (int round = 0; round < 6; round++) {
        buf_reset(&json);
        buf_str(&json, "{\"v\":[");
        for (int i = 0; i < 5000; i++)
            buf_printf(&json, "%s%*d", i % 2 ? ", " : i ? "," : "", round & 1 ? 30 : 0, i + round);
        buf_printf(&json, "],\"after\":%d}", round);
        read_fine(&r, buf_string(&json));
        assert_true(r.value[0].number == 4999 + round && r.value[1].number == round &&
                    r.value[2].number == round);
    }
    buf_release(&json);
    decoder_destroy(r.decoder);
}

/* Arrays whose entries follow the same bytes are read as one run, the next like the one before:
 * numbers of one length and of any, a text or a word among them, an entry that is gone, one that
 * two pointers want. */
static void arrays_are_read_like_the_one_before(void **state) {
    (void)state;
    enum { ENTRIES = 300, ROUNDS = 200 };
    struct reader used = READER("/v/0", "/v/1", "/v/2", "/v/298", "/v/299", "/v/300", "/v/2", "/a");
    struct rng rng = {.seed = 4};
    struct buf json = {0};
    for (int round = 0; round < ROUNDS; round++) {
        struct reader fresh =
            READER("/v/0", "/v/1", "/v/2", "/v/298", "/v/299", "/v/300", "/v/2", "/a");
        size_t odd = round % 3 == 2 ? rng_below(rng_next(&rng), ENTRIES) : ENTRIES;
        buf_reset(&json);
        buf_str(&json, "{\"w\":[7,7,7,7],\"v\":[");
        for (size_t i = 0; i < ENTRIES; i++) {
            static const char *const odds[] = {"\"a\\n\"", "null", "{}", "-1e3", "1,2"};
            int decimals = round % 2 ? 5 : (int)rng_below(rng_next(&rng), 17);
            if (i) buf_str(&json, round % 5 == 4 && i == 150 ? ", " : ",");
            if (i == odd) buf_str(&json, odds[rng_below(rng_next(&rng), 5)]);
            else buf_printf(&json, "%.*f", decimals, rng_next_normal(&rng));
        }
        buf_printf(&json, "],\"a\":%d}", round);
        read_fine(&used, buf_string(&json));
        read_fine(&fresh, buf_string(&json));
        for (size_t v = 0; v < PATHS_MAX; v++)
            assert_true(same_value(&used.value[v], &fresh.value[v]));
        assert_true(used.value[7].number == round);
        decoder_destroy(fresh.decoder);
    }
    buf_release(&json);
    decoder_destroy(used.decoder);
}

/* ---- texts and numbers ---- */

static void texts_come_without_their_escapes(void **state) {
    (void)state;
    struct reader r = READER("/a", "/b", "/c", "/d", "/e", "/f");
    read_fine(&r, "{\"a\":\"\\\"\\\\\\/"
                  "\\b\\f\\n\\r\\t\",\"b\":\"x\\u0000y\",\"c\":"
                  "\"\\u00E9\\u20ac\\uD83D\\ude00\\u007f\",\"d\":\"\xE2\x82\xAC plain\",\"e\":\"\","
                  "\"f\":\"\\\\u0041\"}");
    assert_true(is_text(&r.value[0], TEXT("\"\\/\b\f\n\r\t")));
    assert_true(is_text(&r.value[1], TEXT("x\0y")));
    assert_true(is_text(&r.value[2], TEXT("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F")));
    assert_true(is_text(&r.value[3], TEXT("\xE2\x82\xAC plain")));
    assert_true(is_text(&r.value[4], TEXT("")));
    assert_true(is_text(&r.value[5], TEXT("\\u0041")));
    decoder_destroy(r.decoder);
}

/* Every code point, escaped, is what UTF-8 says it is. */
static void every_escape_is_its_code_point(void **state) {
    (void)state;
    struct reader r = READER("/a");
    for (unsigned point = 1; point < 0x110000; point += point < 0x900 ? 1 : 97) {
        if (point >= 0xD800 && point < 0xE000) continue;
        char json[64];
        if (point < 0x10000) snprintf(json, sizeof json, "{\"a\":\"\\u%04x\"}", point);
        else
            snprintf(json, sizeof json, "{\"a\":\"\\u%04X\\u%04X\"}",
                     0xD800 + ((point - 0x10000) >> 10), 0xDC00 + (point & 0x3FF));
        read_fine(&r, json);
        cJSON *root = oracle_parse(text_of(json));
        assert_true(oracle_agrees(cJSON_GetObjectItem(root, "a"), &r.value[0]));
        cJSON_Delete(root);
    }
    decoder_destroy(r.decoder);
}

static void check_number(struct reader *r, const char *number) {
    char json[1200];
    snprintf(json, sizeof json, "{\"x\":[%s ],\"v\":%s}", number, number);
    read_fine(r, json);
    assert_true(is_number(&r->value[0], strtod(number, NULL), number));
    assert_true(is_number(&r->value[1], strtod(number, NULL), number));
}

static void numbers_are_what_strtod_makes_of_them(void **state) {
    (void)state;
    static const char *const some[] = {"0",
                                       "-0",
                                       "-0.0",
                                       "0e0",
                                       "1E+2",
                                       "1e-2",
                                       "123456789012345678901234567890",
                                       "2.2250738585072011e-308",
                                       "4.9e-324",
                                       "1e-999",
                                       "-1e-400",
                                       "1.7976931348623157e308",
                                       "9007199254740993",
                                       "0.1",
                                       "0.30000000000000004",
                                       "8.41e21",
                                       "1e23",
                                       "0."
                                       "00000000000000000000000000000000000000000000000000000000000"
                                       "0000000000000000000000000000000000000001"};
    struct reader r = READER("/v", "/x/0");
    struct rng rng = {.seed = 1};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) check_number(&r, some[i]);
    for (int i = 0; i < 50000; i++) {
        uint64_t bits = rng_next(&rng);
        double x;
        char text[64];
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x)) continue;
        snprintf(text, sizeof text, "%.*g", 1 + i % 20, x);
        char *plus = strstr(text, "inf"); // rounded up beyond a double
        if (!plus && isfinite(strtod(text, NULL))) check_number(&r, text);
    }
    char digits[1001] = {0};
    memset(digits, '7', 300);
    check_number(&r, digits);          // longer than any double has digits
    for (int i = 0; i < 100000; i++) { // of the lengths that are read in one go, and around them
        char text[64];
        int decimals = (int)rng_below(rng_next(&rng), 18);
        snprintf(text, sizeof text, "%.*f", decimals,
                 rng_next_normal(&rng) *
                     (double[]){0.01, 1, 1e3, 1e9}[rng_below(rng_next(&rng), 4)]);
        check_number(&r, text);
    }
    decoder_destroy(r.decoder);
}

static void a_number_beyond_a_double_matters_only_where_mapped(void **state) {
    (void)state;
    struct reader r = READER("/a", "/b/c");
    expect_reason(&r, TEXT("{\"a\":1e999}"), REASON_NOT_FINITE);
    expect_reason(&r, TEXT("{\"b\":{\"c\":-1e309}}"), REASON_NOT_FINITE);
    read_fine(&r, "{\"x\":1e999,\"a\":1,\"b\":{\"d\":1e999,\"c\":2},\"a\":1e999}");
    assert_true(is_number(&r.value[0], 1, "1"));
    expect_reason(&r, TEXT("{\"a\":NaN}"), REASON_NOT_JSON);
    expect_reason(&r, TEXT("{\"a\":Infinity}"), REASON_NOT_JSON);
    decoder_destroy(r.decoder);
}

/* ---- what is refused ---- */

struct verdict {
    const char *value; // in {"v":VALUE}
    enum reason reason;
};

#define Y(text)                                                                                    \
    { text, REASON_NONE }
#define N(text)                                                                                    \
    { text, REASON_NOT_JSON }
#define U(text)                                                                                    \
    { text, REASON_NOT_UTF8 }

static const struct verdict verdicts[] = {
    /* numbers */
    Y("0"),
    Y("-0"),
    Y("10"),
    Y("-12.5"),
    Y("0.0"),
    Y("1e5"),
    Y("1E5"),
    Y("1e+5"),
    Y("1e-05"),
    Y("0e0"),
    Y("123.456e78"),
    Y("1.0E+00"),
    N("01"),
    N("-01"),
    N("00"),
    N("-"),
    N("+1"),
    N(".5"),
    N("-.5"),
    N("5."),
    N("5.e1"),
    N("1e"),
    N("1e+"),
    N("1E-"),
    N("1.2.3"),
    N("1e5.0"),
    N("0x10"),
    N("1_000"),
    N("1 2"),
    N("--1"),
    N("- 1"),
    N("1-"),
    N("NaN"),
    N("-Infinity"),
    N("inf"),
    N("1f"),
    N("1,5"),
    N("\xEF\xBC\x91"),
    N("0e"),
    /* words */
    Y("true"),
    Y("false"),
    Y("null"),
    Y(" true "),
    N("True"),
    N("TRUE"),
    N("tru"),
    N("truex"),
    N("true1"),
    N("nul"),
    N("nulll"),
    N("fals"),
    N("undefined"),
    N("t"),
    N("f"),
    N("n"),
    N("'a'"),
    N("a"),
    N(""),
    N(" "),
    N("true false"),
    N("nan"),
    /* texts */
    Y("\"\""),
    Y("\"a\""),
    Y("\" \""),
    Y("\"\\\"\""),
    Y("\"\\\\\""),
    Y("\"\\/\""),
    Y("\"/\""),
    Y("\"\\b\\f\\n\\r\\t\""),
    Y("\"\\u0000\""),
    Y("\"\\u001F\""),
    Y("\"\\uFFFF\""),
    Y("\"\\ufDd0\""),
    Y("\"\\uD800\\uDC00\""),
    Y("\"\\uDBFF\\uDFFF\""),
    Y("\"\x7F\""),
    Y("\"\xC2\x80\""),
    Y("\"\xEF\xBF\xBF\""),
    Y("\"\xF4\x8F\xBF\xBF\""),
    Y("\"{}[],:\""),
    Y("\"'\""),
    Y("\"\\\\\\\"\""),
    Y("\"\xE2\x80\xA8\""),
    Y("\"\xEF\xBB\xBF\""),
    Y("\"// no comment\""),
    N("\""),
    N("\"a"),
    N("a\""),
    N("\"\\\""),
    N("\"\\a\""),
    N("\"\\x41\""),
    N("\"\\'\""),
    N("\"\\0\""),
    N("\"\\\n\""),
    N("\"\\u\""),
    N("\"\\u1\""),
    N("\"\\u12\""),
    N("\"\\u123\""),
    N("\"\\u12G4\""),
    N("\"\\u 123\""),
    N("\"\\U0041\""),
    N("\"\\u-123\""),
    N("\"\\u+123\""),
    N("\"a\nb\""),
    N("\"a\tb\""),
    N("\"a\rb\""),
    N("\"\x01\""),
    N("\"\x1F\""),
    N("\"a\"b"),
    N("\"a\"\"b\""),
    N("\"\\ud800\\u\""),
    N("\"\\ud800\\uZZZZ\""),
    N("\"\\uD800\\u00\""),
    N("\"\\ \""),
    /* escapes and bytes that are no UTF-8 */
    U("\"\\uD800\""),
    U("\"\\uDC00\""),
    U("\"\\uDC00\\uDC00\""),
    U("\"\\uDFFF\\uDFFF\""),
    U("\"\\uDFFF\\uD800\""),
    U("\"\\uD800x\""),
    U("\"\\uD800\\n\""),
    U("\"\\uD800\\uD800\""),
    U("\"\\uD800\\u0041\""),
    U("\"\\uDBFF\\uE000\""),
    U("\"\x80\""),
    U("\"\xBF\""),
    U("\"\xC0\x80\""),
    U("\"\xC1\xBF\""),
    U("\"\xC2\""),
    U("\"\xC2 \""),
    U("\"\xE0\x9F\xBF\""),
    U("\"\xE2\x82\""),
    U("\"\xED\xA0\x80\""),
    U("\"\xED\xBF\xBF\""),
    U("\"\xF0\x8F\xBF\xBF\""),
    U("\"\xF4\x90\x80\x80\""),
    U("\"\xF5\x80\x80\x80\""),
    U("\"\xFE\""),
    U("\"\xFF\""),
    U("\"\xE9\""),
    U("\"\xF0\x9F\x98\""),
    /* outside a text they are just not JSON */
    N("\xFF"),
    N("\xC2\xA0"
      "1"),
    N("\xEF\xBB\xBF"
      "1"),
    N("\xE2\x80\xA8"),
    /* arrays */
    Y("[]"),
    Y("[ ]"),
    Y("[[]]"),
    Y("[1]"),
    Y("[1,2 , 3]"),
    Y("[null,\"a\",{},[]]"),
    Y("[\n1\t,\r2]"),
    Y("[[[[]]],[]]"),
    N("["),
    N("]"),
    N("[1"),
    N("[1,"),
    N("[1,]"),
    N("[,1]"),
    N("[,]"),
    N("[1,,2]"),
    N("[1 2]"),
    N("[1:2]"),
    N("[}"),
    N("[1}"),
    N("[\"a\":1]"),
    N("[1;2]"),
    N("[]]"),
    N("[[]"),
    N("[1,\f2]"),
    N("[1,\v2]"),
    N("[*]"),
    N("[\"a\",\n"),
    N("[#]"),
    N("[1,/**/2]"),
    /* objects */
    Y("{}"),
    Y("{ }"),
    Y("{\"\":0}"),
    Y("{\"a\":1,\"a\":2}"),
    Y("{\"a\" : {\"b\":[{}]}}"),
    Y("{\"\\u0000\":1}"),
    Y("{\"a\":1\n}"),
    N("{"),
    N("{\"a\""),
    N("{\"a\":"),
    N("{\"a\":1"),
    N("{\"a\":1,"),
    N("{\"a\":1,}"),
    N("{,}"),
    N("{\"a\"}"),
    N("{\"a\",1}"),
    N("{\"a\":}"),
    N("{a:1}"),
    N("{'a':1}"),
    N("{1:1}"),
    N("{null:1}"),
    N("{\"a\":1:2}"),
    N("{\"a\"::1}"),
    N("{\"a\":1 \"b\":2}"),
    N("{\"a\":1,,\"b\":2}"),
    N("{]"),
    N("{\"a\":1]"),
    N("{[]:1}"),
    N("{\"a\":1}}"),
    N("{:1}"),
    N("{\"a\":1,\"b\"}"),
    N("{\"a\" 1}"),
    N("{\"a\x01\":1}"),
    U("{\"\xFF\":1}"),
    U("{\"\\uD800\":1}"),
};

static void values_conform_to_rfc_8259(void **state) {
    (void)state;
    struct reader r = READER("/v");
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        char json[128];
        int n = snprintf(json, sizeof json, "{\"v\":%s}", verdicts[i].value);
        expect_reason(&r, (struct text){json, (size_t)n}, verdicts[i].reason);
        n = snprintf(json, sizeof json, "{\"w\":[0,{\"x\":%s}],\"v\":1}",
                     verdicts[i].value); // unmapped is no less strict
        expect_reason(&r, (struct text){json, (size_t)n}, verdicts[i].reason);
    }
    decoder_destroy(r.decoder);
}

static void a_sample_is_one_object_and_nothing_else(void **state) {
    (void)state;
    static const char *const bad[] = {
        " ",     "\n",   "[]",        "[{}]",       "1",  "\"a\"", "null", "true",
        "{} {}", "{}x",  "{},",       "{}}",        "}",  "{",     "x{}",  "\xEF\xBB\xBF{}",
        "{}\f",  "\v{}", "// {}\n{}", "{}\xC2\xA0", "]{}"};
    struct reader r = READER("/v");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_reason(&r, text_of(bad[i]), REASON_NOT_JSON);
    expect_reason(&r, TEXT("{}"), REASON_NONE);
    expect_reason(&r, TEXT(" \t\r\n{ \t\r\n} \t\r\n"), REASON_NONE);
    expect_reason(&r, (struct text){NULL, 0}, REASON_EMPTY);
    expect_reason(&r, TEXT(""), REASON_EMPTY);
    decoder_destroy(r.decoder);
}

static void nul_bytes_are_not_json(void **state) {
    (void)state;
    struct reader r = READER("/v");
    expect_reason(&r, TEXT("{}\0"), REASON_NOT_JSON);
    expect_reason(&r, TEXT("\0{}"), REASON_NOT_JSON);
    expect_reason(&r, TEXT("{\"v\":\"a\0b\"}"), REASON_NOT_JSON);
    expect_reason(&r, TEXT("{\"v\0\":1}"), REASON_NOT_JSON);
    expect_reason(&r, TEXT("{\"v\":1\0}"), REASON_NOT_JSON);
    expect_reason(&r, TEXT("{\"v\":\"\\\0\"}"), REASON_NOT_JSON);
    decoder_destroy(r.decoder);
}

static void every_cut_off_sample_is_refused(void **state) {
    (void)state;
    static const char whole[] =
        "{\"v\":[1.5e3,\"\\u00e9\\ud83d\\ude00\xC3\xA9\",true,{\"n\":null}]}";
    struct reader r = READER("/v");
    expect_reason(&r, TEXT(whole), REASON_NONE);
    for (size_t n = 1; n < sizeof whole - 1; n++) {
        char *copy = xmalloc(n);
        memcpy(copy, whole, n);
        enum reason got = decoder_read(r.decoder, (struct text){copy, n}, r.value);
        assert_true(got == REASON_NOT_JSON || got == REASON_NOT_UTF8);
        free(copy);
    }
    decoder_destroy(r.decoder);
}

/* ---- bounds ---- */

static struct text nested(const char *open, const char *middle, const char *close, size_t levels) {
    size_t a = strlen(open), m = strlen(middle), z = strlen(close), len = levels * (a + z) + m;
    char *json = xmalloc(len);
    for (size_t i = 0; i < levels; i++) memcpy(json + i * a, open, a);
    memcpy(json + levels * a, middle, m);
    for (size_t i = 0; i < levels; i++) memcpy(json + levels * a + m + i * z, close, z);
    return (struct text){json, len};
}

static void depth_is_counted_from_the_outer_object(void **state) {
    (void)state;
    static const char *const path[] = {"/a/a/a"};
    struct reader r = reader_of(path, 1, 3, BYTES);
    expect_reason(&r, TEXT("{\"a\":{\"a\":[]}}"), REASON_NONE);
    expect_reason(&r, TEXT("{\"a\":[{}],\"b\":[{}],\"c\":{\"d\":{}}}"), REASON_NONE);
    expect_reason(&r, TEXT("{\"a\":{\"a\":[[]]}}"), REASON_TOO_DEEP);
    expect_reason(&r, TEXT("{\"a\":{\"a\":{\"a\":{}}}}"), REASON_TOO_DEEP);
    expect_reason(&r, TEXT("{\"a\":\"[[[[[\"}"), REASON_NONE);
    decoder_destroy(r.decoder);
    r = reader_of(path, 1, 1, BYTES);
    expect_reason(&r, TEXT("{\"a\":1}"), REASON_NONE);
    expect_reason(&r, TEXT("{\"a\":[]}"), REASON_TOO_DEEP);
    decoder_destroy(r.decoder);
}

/* A million levels would need a gigabyte of stack, were there a call for each. */
static void deep_nesting_takes_no_stack(void **state) {
    (void)state;
    enum { LEVELS = 1000000 };
    static const char *const path[] = {"/a/a", "/a/b"};
    struct text objects = nested("{\"a\":", "1", "}", LEVELS),
                arrays = nested("[", "", "]", LEVELS);
    struct text open = nested("{\"a\":", "", "", 100000);
    struct reader r = reader_of(path, 2, DEPTH, 1 << 30);
    expect_reason(&r, objects, REASON_TOO_DEEP);
    expect_reason(&r, open, REASON_TOO_DEEP);
    expect_reason(&r, arrays, REASON_NOT_JSON);
    decoder_destroy(r.decoder);
    r = reader_of(path, 2, LEVELS + 1, 1 << 30);
    assert_int_equal(decoder_read(r.decoder, objects, r.value), REASON_NONE);
    assert_int_equal(r.value[0].kind, VALUE_OTHER);
    assert_int_equal(r.value[1].kind, VALUE_MISSING);
    expect_reason(&r, open, REASON_NOT_JSON);
    decoder_destroy(r.decoder);
    free((void *)objects.at);
    free((void *)arrays.at);
    free((void *)open.at);
}

/* Its pages cannot be read: looking at one byte would be the end. */
static void a_too_large_value_is_not_looked_at(void **state) {
    (void)state;
    enum { LARGE = 100 << 20 };
    struct reader r = READER("/v");
    char *large = mmap(NULL, LARGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(large != MAP_FAILED);
    assert_int_equal(decoder_read(r.decoder, (struct text){large, LARGE}, r.value),
                     REASON_TOO_LARGE);
    munmap(large, LARGE);
    char *edge = xmalloc(BYTES + 1);
    memset(edge, ' ', BYTES + 1);
    memcpy(edge, "{}", 2);
    assert_int_equal(decoder_read(r.decoder, (struct text){edge, BYTES}, r.value), REASON_NONE);
    assert_int_equal(decoder_read(r.decoder, (struct text){edge, BYTES + 1}, r.value),
                     REASON_TOO_LARGE);
    free(edge);
    decoder_destroy(r.decoder);
}

/* Texts of one sample stand beside each other, whatever came before. */
static void texts_stay_until_the_next_read(void **state) {
    (void)state;
    struct reader r = READER("/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7");
    for (size_t size = 1; size < 60000; size = size * 3 + 1) {
        struct buf json = {0};
        for (int i = 0; i < 8; i++) {
            buf_printf(&json, "%s\"%d\":\"\\n", i ? "," : "{", i);
            for (size_t k = 0; k < size; k++) buf_printf(&json, "%d", i);
            buf_str(&json, "\"");
        }
        buf_str(&json, "}");
        assert_int_equal(decoder_read(r.decoder, buf_view(&json), r.value), REASON_NONE);
        for (int i = 0; i < 8; i++) {
            assert_int_equal(r.value[i].text.len, size + 1);
            assert_true(r.value[i].text.at[0] == '\n' && r.value[i].text.at[1] == '0' + i &&
                        r.value[i].text.at[size] == '0' + i);
        }
        buf_release(&json);
    }
    decoder_destroy(r.decoder);
}

/* I11: after warm-up nothing is allocated. */
static void reading_and_selecting_allocate_nothing(void **state) {
    (void)state;
    if (kind == JSON_READER_CJSON) return; // as cJSON does
    static const char event[] =
        "{\"\\u0061\":1.5,\"b\":{\"x\":\"l\\u00e9\",\"secret\":\"s\"},\"list\":[1,2,3],\"n\":null}";
    const struct text fields[] = {TEXT("/b"), TEXT("/list/1"), TEXT("/n"), TEXT("/1"),
                                  TEXT("/2"), TEXT("/3"),      TEXT("/4"), TEXT("/5")},
                      mask[] = {TEXT("/b/secret")};
    const struct selection selection = {fields, mask, 8, 1};
    struct reader r = READER("/a", "/b/x", "/list/2", "/n");
    size_t before = 0;
    for (int i = 0; i < 1000; i++) {
        if (i == 1) before = allocations;
        read_fine(&r, event);
        if (decoder_select(r.decoder, TEXT(event), &selection).len < 10) fail();
    }
    assert_int_equal(allocations, before);
#ifndef SANITIZED
    assert_true(before > 0); // they are counted
#endif
    decoder_destroy(r.decoder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pointers_lead_to_nested_values_and_array_entries),
        cmocka_unit_test(array_indices_have_as_many_digits_as_they_need),
        cmocka_unit_test(absent_steps_are_missing_fields),
        cmocka_unit_test(pointer_escapes_name_any_key),
        cmocka_unit_test(what_is_no_pointer_is_refused_at_create),
        cmocka_unit_test(of_equal_keys_the_first_counts),
        cmocka_unit_test(a_key_with_nul_is_not_its_beginning),
        cmocka_unit_test(no_sample_is_taken_for_the_one_before),
        cmocka_unit_test(samples_too_large_for_a_layout_are_read),
        cmocka_unit_test(arrays_are_read_like_the_one_before),
        cmocka_unit_test(texts_come_without_their_escapes),
        cmocka_unit_test(every_escape_is_its_code_point),
        cmocka_unit_test(numbers_are_what_strtod_makes_of_them),
        cmocka_unit_test(a_number_beyond_a_double_matters_only_where_mapped),
        cmocka_unit_test(values_conform_to_rfc_8259),
        cmocka_unit_test(a_sample_is_one_object_and_nothing_else),
        cmocka_unit_test(nul_bytes_are_not_json),
        cmocka_unit_test(every_cut_off_sample_is_refused),
        cmocka_unit_test(depth_is_counted_from_the_outer_object),
        cmocka_unit_test(deep_nesting_takes_no_stack),
        cmocka_unit_test(a_too_large_value_is_not_looked_at),
        cmocka_unit_test(texts_stay_until_the_next_read),
        cmocka_unit_test(reading_and_selecting_allocate_nothing),
    };
    int failed = 0;
    for (kind = JSON_READER_AUTO; kind <= JSON_READER_CJSON; kind++) {
        print_message("admit.json_reader %.*s\n",
                      (int)word_list_at(WORDS_LIST(JSON_READER_TABLE), (int)kind).len,
                      word_list_at(WORDS_LIST(JSON_READER_TABLE), (int)kind).at);
        if (kind == JSON_READER_AVX2 && !cpu_has_avx2())
            print_message("left out: this processor lacks AVX2\n");
        else failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
    return failed;
}
