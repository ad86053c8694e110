/* Bad input has the same fate with every reader: what cJSON would take, what is large, deep or cut
 * off anywhere; and none looks at a byte beyond the sample, which lies before a page that nobody
 * may read. */
#include "admit/decoder.h"

#include "base/buf.h"
#include "base/rng.h"
#include "oracle.h"
#include "unit/test.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PATHS = 4, DEPTH = 32, MEGABYTE = 1 << 20 };

static const struct text paths[PATHS] = {TEXT("/v"), TEXT("/w"), TEXT("/v/0"), TEXT("/v/x")};

static struct readers readers_of(size_t depth, size_t bytes) {
    return readers_create(paths, PATHS, depth, bytes);
}

static enum reason fate(struct readers *r, struct text json, struct value *values) {
    enum reason got;
    const char *differs = readers_read(r, json, values, PATHS, &got);
    if (differs)
        fail_msg("%s reads otherwise: %.*s", differs, (int)(json.len < 200 ? json.len : 200),
                 json.at);
    return got;
}

static void expect(struct readers *r, struct text json, enum reason expected) {
    struct value values[PATHS];
    enum reason got = fate(r, json, values);
    if (got != expected)
        fail_msg("%.*s: %s, not %s", (int)(json.len < 200 ? json.len : 200), json.at,
                 reason_name(got), reason_name(expected));
}

/* ---- where cJSON is laxer than RFC 8259 (docs/FORMATS.md, "Samples": one row each) ---- */

struct difference {
    struct text json;
    enum reason fate;
};

#define LAX(text, reason)                                                                          \
    { TEXT(text), REASON_##reason }

static const struct difference differences[] = {
    LAX("\xEF\xBB\xBF{}", NOT_JSON),           // a byte order mark
    LAX("{\"v\":01}", NOT_JSON),               // zeros that lead
    LAX("{\"v\":-01.5}", NOT_JSON),            //
    LAX("{\"v\":1.}", NOT_JSON),               // a point with nothing behind it
    LAX("{\"v\":-.5}", NOT_JSON),              // nothing before it
    LAX("{\"v\":\"a\tb\"}", NOT_JSON),         // control characters
    LAX("{\"v\":\"a\nb\"}", NOT_JSON),         //
    LAX("{\"v\":\"a\0b\"}", NOT_JSON),         // a NUL byte
    LAX("{\v\"v\":1}", NOT_JSON),              // any control character as a space
    LAX("{\"v\"\f:1}", NOT_JSON),              //
    LAX("{\"v\":\"\xFF\"}", NOT_UTF8),         // bytes that are not UTF-8
    LAX("{\"v\":\"\xC0\x80\"}", NOT_UTF8),     // overlong
    LAX("{\"v\":\"\xED\xA0\x80\"}", NOT_UTF8), // a surrogate as bytes
    LAX("{\"v\":\"\\u12zz\"}", NOT_JSON),      // \u with less than four digits
    LAX("{\"v\":\"\\uZZZZ\"}", NOT_JSON),      //
    LAX("{\"v\":1e400}", NOT_FINITE),          // infinite
    LAX("{\"v\":-1e309}", NOT_FINITE),         //
};

static void what_cjson_takes_and_rfc_8259_does_not(void **state) {
    (void)state;
    struct readers r = readers_of(DEPTH, MEGABYTE);
    for (size_t i = 0; i < sizeof differences / sizeof *differences; i++) {
        const struct difference *d = &differences[i];
        cJSON *root = cJSON_ParseWithLength(d->json.at, d->json.len);
        if (!root) fail_msg("cJSON refuses %s", d->json.at);
        expect(&r, d->json, d->fate);
        cJSON_Delete(root);
    }
    readers_destroy(&r);
}

/* What all of them refuse, and what cJSON reads otherwise than it is written. */
static void surrogates_nul_and_equal_keys(void **state) {
    (void)state;
    struct readers r = readers_of(DEPTH, MEGABYTE);
    struct value v[PATHS];
    expect(&r, TEXT("{\"v\":\"\\ud800\"}"), REASON_NOT_UTF8);
    expect(&r, TEXT("{\"w\":\"\\udc00\\ud800\"}"), REASON_NOT_UTF8);
    expect(&r, TEXT("{\"\\ud800\":1}"), REASON_NOT_UTF8);
    expect(&r, TEXT("{}\0"), REASON_NOT_JSON);
    expect(&r, TEXT("\0{}"), REASON_NOT_JSON);
    expect(&r, TEXT("{\"v\0\":1}"), REASON_NOT_JSON);
    expect(&r, TEXT("{\"v\":1}{"), REASON_NOT_JSON);
    assert_int_equal(
        fate(&r, TEXT("{\"v\\u0000\":1,\"v\":\"a\\u0000b\",\"v\":2,\"\\u0077\":3,\"w\":4}"), v),
        REASON_NONE);
    assert_true(v[0].kind == VALUE_TEXT &&
                text_equal(v[0].text, TEXT("a\0b"))); // cJSON: "a", and of the key the beginning
    assert_true(v[1].kind == VALUE_NUMBER && v[1].number == 3); // of equal keys the first
    assert_int_equal(fate(&r, TEXT("{\"x\":1e400,\"v\":1e-400,\"w\":-0}"), v),
                     REASON_NONE); // unmapped: as it is
    assert_true(v[0].number == 0 && signbit(v[1].number));
    readers_destroy(&r);
}

/* ---- large, deep, many ---- */

static void a_hundred_megabytes(void **state) {
    (void)state;
    enum { LARGE = 100 * MEGABYTE };
    char *json = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(json != MAP_FAILED);
    struct readers r = readers_of(DEPTH, LARGE), small = readers_of(DEPTH, MEGABYTE);
    memset(json, 'x', LARGE);
    memcpy(json, "{\"w\":7,\"v\":\"", 12);
    expect(&small, (struct text){json, LARGE}, REASON_TOO_LARGE);
    expect(&r, (struct text){json, LARGE}, REASON_NOT_JSON); // the text does not end
    memcpy(json + LARGE - 2, "\"}", 2);
    struct value v;
    for (enum json_reader k = JSON_READER_PORTABLE; k <= JSON_READER_CJSON; k++) {
        struct decoder *d;
        if (decoder_create(&d, &(struct decoder_options){.paths = paths,
                                                         .n = 1,
                                                         .max_depth = DEPTH,
                                                         .max_bytes = LARGE,
                                                         .kind = k}) != 0)
            continue;
        assert_int_equal(decoder_read(d, (struct text){json, LARGE}, &v), REASON_NONE);
        assert_true(v.kind == VALUE_TEXT && v.text.len == LARGE - 14 && v.text.at[0] == 'x' &&
                    v.text.at[LARGE - 15] == 'x');
        decoder_destroy(d);
    }
    readers_destroy(&r);
    readers_destroy(&small);
    munmap(json, LARGE);
}

static void a_million_brackets(void **state) {
    (void)state;
    enum { LEVELS = 1000000 };
    struct buf json = {0};
    struct readers r = readers_of(500, 16 * MEGABYTE), deep = readers_of(LEVELS + 1, 16 * MEGABYTE);
    buf_str(&json, "{\"v\":");
    memset(buf_room(&json, LEVELS), '[', LEVELS);
    json.len += LEVELS;
    expect(&r, buf_view(&json), REASON_TOO_DEEP);
    expect(&deep, buf_view(&json), REASON_NOT_JSON);
    memset(buf_room(&json, LEVELS), ']', LEVELS);
    json.len += LEVELS;
    buf_str(&json, "}");
    expect(&r, buf_view(&json), REASON_TOO_DEEP);
    expect(&deep, buf_view(&json), REASON_NONE); // cJSON itself ends at 1,000
    buf_release(&json);
    readers_destroy(&r);
    readers_destroy(&deep);
}

static void a_hundred_thousand_keys(void **state) {
    (void)state;
    struct buf json = {0};
    struct readers r = readers_of(DEPTH, 16 * MEGABYTE);
    struct value v[PATHS];
    buf_str(&json, "{");
    for (int i = 0; i < 100000; i++) buf_printf(&json, "\"key%d\":%d,", i % 50000, i);
    buf_str(&json, "\"w\":5,\"v\":[6]}");
    assert_int_equal(fate(&r, buf_view(&json), v), REASON_NONE);
    assert_true(v[0].kind == VALUE_OTHER && v[1].number == 5 && v[2].number == 6 &&
                v[3].kind == VALUE_MISSING);
    buf_release(&json);
    readers_destroy(&r);
}

/* ---- where the sample ends ---- */

/* The bytes before a page that cannot be read. */
struct edge {
    char *pages;
    size_t page, n;
};

static struct edge edge_create(size_t n) {
    struct edge e = {.page = (size_t)sysconf(_SC_PAGESIZE)};
    e.n = (n + e.page - 1) / e.page * e.page;
    e.pages = mmap(NULL, e.n + e.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(e.pages != MAP_FAILED);
    assert_int_equal(mprotect(e.pages + e.n, e.page, PROT_NONE), 0);
    return e;
}

static struct text edge_put(const struct edge *e, struct text json) {
    char *at = e->pages + e->n - json.len;
    memcpy(at, json.at, json.len);
    return (struct text){at, json.len};
}

static const char whole[] =
    " {\"v\":[1.5e3,-0.12345678901234567,\"\\u00e9\\ud83d\\ude00\xC3\xA9\\n\xF0\x9F\x98\x80\",true,"
    "{\"n\":null}],\"a key of more than thirty-two bytes, that is\": 12345678901234567890123,"
    "\"w\":\"a text that is longer than thirty-two bytes as well\",\"x\":false,\"y\":[[],{}] , "
    "\"z\":1} ";

static void cut_off_at_every_byte(void **state) {
    (void)state;
    struct readers r = readers_of(DEPTH, MEGABYTE);
    struct edge edge = edge_create(sizeof whole);
    struct value values[PATHS];
    for (size_t n = 0; n < sizeof whole; n++) {
        struct text json = edge_put(&edge, (struct text){whole, n});
        enum reason got = fate(&r, json, values);
        bool fine = n >= sizeof whole - 2; // but for the space at its end
        assert_true(fine     ? got == REASON_NONE
                    : n == 0 ? got == REASON_EMPTY
                             : got == REASON_NOT_JSON || got == REASON_NOT_UTF8);
        expect(&r, TEXT(whole),
               REASON_NONE); // the cut one is then compared with the layout of the whole
    }
    munmap(edge.pages, edge.n + edge.page);
    readers_destroy(&r);
}

/* Numbers, texts and words of every length, whatever byte they stop at, last in the sample. */
static void every_last_value(void **state) {
    (void)state;
    static const char *const starts[] = {"{\"v\":",  "{\"v\":[",       "{\"v\":\"", "{\"v\":\"\\",
                                         "{\"v\":-", "{\"v\":1.",      "{\"v\":1e", "{\"",
                                         "{\"v\":t", "{\"v\":[{\"x\":"};
    static const char fill[] = "0195x \"\\\xC3\xF0.eu{[,";
    struct readers r = readers_of(DEPTH, MEGABYTE);
    struct edge edge = edge_create(256);
    struct buf json = {0};
    struct value values[PATHS];
    for (size_t s = 0; s < sizeof starts / sizeof *starts; s++) {
        for (size_t f = 0; f < sizeof fill - 1; f++) {
            for (size_t n = 0; n < 70; n++) {
                buf_reset(&json);
                buf_str(&json, starts[s]);
                memset(buf_room(&json, n), fill[f], n);
                json.len += n;
                assert_int_not_equal(fate(&r, edge_put(&edge, buf_view(&json)), values),
                                     REASON_NONE);
            }
        }
    }
    buf_release(&json);
    munmap(edge.pages, edge.n + edge.page);
    readers_destroy(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cjson_takes_and_rfc_8259_does_not),
        cmocka_unit_test(surrogates_nul_and_equal_keys),
        cmocka_unit_test(a_hundred_megabytes),
        cmocka_unit_test(a_million_brackets),
        cmocka_unit_test(a_hundred_thousand_keys),
        cmocka_unit_test(cut_off_at_every_byte),
        cmocka_unit_test(every_last_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
