/* Which pointers a record has, which of them was meant, and that hostile keys show nothing
 * unsafe. */
#include "admit/outline.h"

#include "unit/test.h"

#include <stdio.h>

enum { MOST = 16 };

static struct arena arena;
static struct text pointer[MOST];

static size_t read(const char *json) {
    return outline_read(text_of(json), 8, pointer, MOST, &arena);
}

static void expect(size_t i, const char *wanted) {
    if (!text_equal(pointer[i], text_of(wanted)))
        fail_msg("pointer %zu: %.*s, not %s", i, (int)pointer[i].len, pointer[i].at, wanted);
}

static void expect_near(const char *json, const char *path, const char *wanted) {
    struct text near = outline_near(pointer, read(json), text_of(path));
    if (!text_equal(near, text_of(wanted)))
        fail_msg("%s: %.*s, not %s", path, (int)near.len, near.at ? near.at : "",
                 wanted ? wanted : "none");
}

static void values_are_found_in_their_order(void **state) {
    (void)state;
    assert_int_equal(read(" {\"a\":1,\"b\":{\"c\":{\"d\":null},\"e\":[{\"f\":1}],\"g\":{}},"
                          "\"s/l\":true,\"t~\":\"x\",\"\":2} "),
                     7);
    expect(0, "/a");
    expect(1, "/b/c/d");
    expect(2, "/b/e");
    expect(3, "/b/g");
    expect(4, "/s~1l");
    expect(5, "/t~0");
    expect(6, "/");
}

static void what_is_no_record_has_none(void **state) {
    (void)state;
    assert_int_equal(read(""), 0);
    assert_int_equal(read("[1]"), 0);
    assert_int_equal(read("{\"a\":"), 0);
    assert_int_equal(read("{}"), 0);
    assert_int_equal(read("{\"a\":[[[[[[[[[1]]]]]]]]]}"), 0); // deeper than 8
}

static void no_more_than_asked_for(void **state) {
    (void)state;
    char json[1000];
    size_t at = 0;
    for (int i = 0; i < 60; i++)
        at += (size_t)snprintf(json + at, sizeof json - at, "%c\"k%d\":1", i ? ',' : '{', i);
    snprintf(json + at, sizeof json - at, "}");
    assert_int_equal(read(json), MOST);
}

static void hostile_keys_are_safe_to_show(void **state) {
    (void)state;
    read("{\"a\\u001b[31m\":1,\"b\\u0085\":1,\"c\\u202ed\":1,\"e\\u2067\":1,\"f\\u200f\":1,"
         "\"g\\u2028\":1,\"h\\u0000\":1,\"\xC3\xA9\":1}");
    expect(0, "/a?[31m");
    expect(1, "/b?");
    expect(2, "/c?d");
    expect(3, "/e?");
    expect(4, "/f?");
    expect(5, "/g?");
    expect(6, "/h?");
    expect(7, "/\xC3\xA9");
}

static void the_pointer_that_was_meant_is_found(void **state) {
    (void)state;
    const char *debezium = "{\"before\":null,\"after\":{\"card\":{\"country\":\"NL\"},"
                           "\"amount\":3},\"op\":\"c\"}";
    expect_near(debezium, "/amount", "/after/amount");
    expect_near(debezium, "/card/country", "/after/card/country");
    expect_near(debezium, "/kart/country", "/after/card/country");
    expect_near("{\"amuont\":1,\"x|y\":2}", "/amount", "/amuont");
    expect_near("{\"Amount\":1}", "/amount", "/Amount");
    expect_near(debezium, "/merchant", NULL);
    expect_near("{}", "/x", NULL);
    expect_near(debezium, "", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_in_their_order),
        cmocka_unit_test(what_is_no_record_has_none),
        cmocka_unit_test(no_more_than_asked_for),
        cmocka_unit_test(hostile_keys_are_safe_to_show),
        cmocka_unit_test(the_pointer_that_was_meant_is_found),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
