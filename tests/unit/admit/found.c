/* What is said of a record that cannot be read: what it is, where, and nothing of its values where
 * anyone may read it. */
#include "admit/found.h"

#include "base/error.h"
#include "unit/test.h"

enum { DEPTH = 4 };

struct found_case {
    struct text record;
    enum reason reason;
    const char *said;
};

static const struct found_case cases[] = {
    {TEXT("\x1F\x8B\x08\x00"
          "abc"),
     REASON_NOT_JSON, "gzip"},
    {TEXT("\x28\xB5\x2F\xFDxyz"), REASON_NOT_JSON, "zstd"},
    {TEXT("\x00\x00\x00\x00\x21{\"a\":1}"), REASON_NOT_JSON, "a schema-registry header, id 33"},
    {TEXT("\x00\xFF\x00\x00\x01\x02"), REASON_NOT_JSON, "a schema-registry header, id 4278190081"},
    {TEXT("\x00\x01"), REASON_NOT_JSON, "byte 0x00 at byte 0: \"\\u0000\\u0001\""},
    {TEXT("\xEF\xBB\xBF{}"), REASON_NOT_JSON, "a byte order mark"},
    {TEXT("Obj\x01\x04"), REASON_NOT_JSON, "an Avro file"},
    {TEXT("<a/>"), REASON_NOT_JSON, "XML"},
    {TEXT("[{\"a\":1}]"), REASON_NOT_JSON, "an array where one object should be"},
    {TEXT("\"{}\""), REASON_NOT_JSON, "a text where one object should be"},
    {TEXT("{\"a\":NaN}"), REASON_NOT_JSON, "NaN at byte 5"},
    {TEXT("{\"a\":-Infinity}"), REASON_NOT_JSON, "-Infinity at byte 5"},
    {TEXT("{\"a\":None}"), REASON_NOT_JSON, "None at byte 5"},
    {TEXT("{'a':1}"), REASON_NOT_JSON, "a single quote at byte 1: \"'a':1}\""},
    {TEXT("{\"a\":1,}"), REASON_NOT_JSON, "no JSON at byte 7: \"}\""},
    {TEXT("{\"a\":1} {\"b\":2}"), REASON_NOT_JSON, "no JSON at byte 8: \"{\\\"b\\\":2}\""},
    {TEXT("{\"a\":\"b"), REASON_NOT_JSON, "it ends too early, at byte 7"},
    {TEXT("{\"a\":\"\n\"}"), REASON_NOT_JSON, "byte 0x0A at byte 6: \"\\n\\\"}\""},
    {TEXT("{\"a\":\"caf\xE9\"}"), REASON_NOT_UTF8, "byte 0xE9 at byte 9: \"\xEF\xBF\xBD\\\"}\""},
    {TEXT("{\"a\":[[[[1]]]]}"), REASON_TOO_DEEP, "5 brackets inside each other at byte 8"},
    {TEXT("{\"a\":1e999}"), REASON_NOT_FINITE, ""},
};

static char *exact_copy(struct text t) {
    char *copy = xmalloc(t.len);
    memcpy(copy, t.at, t.len);
    return copy;
}

static void the_fault_is_named_with_its_place(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct found f = {0};
        char *copy = exact_copy(cases[i].record); // not one byte beyond it is looked at
        found_in_record(&f, (struct text){copy, cases[i].record.len}, cases[i].reason, DEPTH);
        if (strcmp(buf_string(&f.text), cases[i].said) != 0)
            fail_msg("case %zu: %s", i, buf_string(&f.text));
        assert_true(f.where <= f.text.len);
        const char *shown = memmem(f.text.at, f.text.len, ": ", 2);
        assert_int_equal(f.where, shown ? (size_t)(shown - f.text.at) : f.text.len);
        buf_release(&f.text);
        free(copy);
    }
}

static void expect_said(struct value v, const char *said, size_t where) {
    struct found f = {0};
    found_in_value(&f, &v, TEXT("/amount"));
    assert_string_equal(buf_string(&f.text), said);
    assert_int_equal(f.where, where);
    buf_release(&f.text);
}

static void a_value_is_named_with_its_pointer(void **state) {
    (void)state;
    expect_said((struct value){.kind = VALUE_TEXT, .text = TEXT("12.5")},
                "number as text at /amount: \"12.5\"", 25);
    expect_said((struct value){.kind = VALUE_TEXT, .text = TEXT("12,5")},
                "number as text at /amount: \"12,5\"", 25);
    expect_said((struct value){.kind = VALUE_TEXT, .text = TEXT("a\x1b[31m")},
                "text at /amount: \"a\\u001b[31m\"", 15);
    expect_said((struct value){.kind = VALUE_NUMBER, .text = TEXT("1e999")},
                "number at /amount: 1e999", 17);
    expect_said((struct value){.kind = VALUE_BOOL, .number = 1}, "true at /amount", 15);
    expect_said((struct value){.kind = VALUE_NULL}, "null at /amount", 15);
    expect_said((struct value){.kind = VALUE_MISSING}, "nothing at /amount", 18);
    expect_said((struct value){.kind = VALUE_OTHER}, "an object or array at /amount", 29);
}

static void what_is_said_is_short_and_whole_characters(void **state) {
    (void)state;
    enum { LONG = 5000 };
    char text[LONG], pointer[LONG];
    for (size_t i = 0; i + 1 < LONG; i += 2) memcpy(text + i, "\xC3\xA9", 2);
    memset(pointer, 'p', LONG);
    pointer[0] = '/';
    struct found f = {0};
    found_in_value(&f, &(struct value){.kind = VALUE_TEXT, .text = {text, LONG}},
                   (struct text){pointer, LONG});
    assert_true(f.text.len <= FOUND_BYTES);
    assert_true(text_is_utf8(buf_view(&f.text)));
    assert_non_null(strstr(buf_string(&f.text), "\xC3\xA9\"..."));
    buf_release(&f.text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fault_is_named_with_its_place),
        cmocka_unit_test(a_value_is_named_with_its_pointer),
        cmocka_unit_test(what_is_said_is_short_and_whole_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
