/* JSON from anyone makes a tree of bounded size, or none. */
#include "base/json.h"

#include "base/buf.h"
#include "unit/test.h"

static struct arena arena;

static bool is_read(struct text json, size_t values) {
    cJSON *tree = json_parse_most(json, values, &arena);
    bool read = tree != NULL;
    cJSON_Delete(tree);
    arena_reset(&arena);
    return read;
}

static void values_are_counted_before_a_tree_is_made(void **state) {
    (void)state;
    struct buf json = {0};
    buf_str(&json, "[0");
    for (size_t i = 1; i < JSON_VALUES_MAX - 1; i++) buf_str(&json, ",0");
    buf_str(&json, "]");
    assert_true(is_read(buf_view(&json), JSON_VALUES_MAX));
    json.at[json.len - 1] = ',';
    buf_str(&json, "0]");
    assert_false(is_read(buf_view(&json), JSON_VALUES_MAX));
    assert_null(json_parse(buf_view(&json), &arena));
    buf_release(&json);
}

/* What stands in a string is no value, whatever it looks like. */
static void strings_are_one_value(void **state) {
    (void)state;
    assert_true(is_read(TEXT("\",,,,,[[[[{{{{\""), 1));
    assert_true(is_read(TEXT("\"\\\",,,\\\\\""), 1));
    assert_true(is_read(TEXT("{\"a,\":1,\"b\":\"[,]\"}"), 3));
    assert_false(is_read(TEXT("{\"a\":1,\"b\":2}"), 2));
    assert_false(is_read(TEXT("\"a"), 9));
    assert_false(is_read((struct text){0}, 9));
}

static void depth_is_bounded(void **state) {
    (void)state;
    struct buf json = {0};
    for (size_t i = 0; i < 2000; i++) buf_str(&json, "[");
    for (size_t i = 0; i < 2000; i++) buf_str(&json, "]");
    assert_false(is_read(buf_view(&json), JSON_VALUES_MAX));
    buf_release(&json);
}

/* "bad" and "bad\\u0000" are two names; a tree of C strings would know one. */
static void no_string_ends_at_a_nul(void **state) {
    (void)state;
    static const char bare[] = "{\"a\":\"x\0y\"}", blank[] = "{\"a\":1,\0\"b\":\"x\\u0000y\"}",
                      behind[] = "{\"a\":1}\0\0";
    cJSON *tree = json_parse(TEXT("{\"a\":\"x\\u0000y\",\"b\\u0000\":\"\\\\u0000\"}"), &arena);
    assert_string_equal(json_text(tree, "a").at, "x\xef\xbf\xbdy");
    assert_string_equal(json_text(tree, "b\xef\xbf\xbd").at, "\\u0000"); // a backslash and letters
    cJSON_Delete(tree);
    assert_false(is_read((struct text){bare, sizeof bare - 1}, 9));
    assert_false(is_read((struct text){blank, sizeof blank - 1}, 9));
    assert_false(is_read((struct text){behind, sizeof behind - 1}, 9));
    assert_false(is_read(TEXT("\"a\\"), 9));
}

static int end(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_counted_before_a_tree_is_made),
        cmocka_unit_test(strings_are_one_value),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(no_string_ends_at_a_nul),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
