/* Rows as a table and as JSON; what strangers wrote does nothing to a terminal. */
#include "terminal/listing.h"
#include "unit/test.h"

static const struct column columns[] = {{"name", "name", COLUMN_TEXT, 6},
                                        {"n", "n", COLUMN_NUMBER, 0},
                                        {"time_ms", "when", COLUMN_TIME, 0},
                                        {"secret", NULL, COLUMN_TEXT, 0}};

static char *printed(bool json, size_t rows) {
    struct listing l;
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    listing_begin(&l, columns, 4);
    for (size_t i = 0; i < rows; i++) {
        listing_text(&l, i ? TEXT("a\x1b[2Jb\"") : TEXT("\xc3\xa9"));
        listing_count(&l, i ? 12345 : 7);
        listing_time(&l, i ? 1700000000000 : 0);
        listing_text(&l, i ? TEXT("x") : (struct text){0});
    }
    listing_print(&l, f, json, "nothing");
    listing_end(&l);
    fclose(f);
    return text;
}

static void tables_align(void **state) {
    (void)state;
    char *text = printed(false, 2);
    assert_string_equal(text, "name        n  when\n"
                              "\xc3\xa9           7  -\n"
                              "a\\x1b\xe2\x80\xa6  12345  2023-11-14 22:13:20\n");
    free(text);
    text = printed(false, 0);
    assert_string_equal(text, "nothing\n");
    free(text);
}

static void scripts_get_json(void **state) {
    (void)state;
    char *text = printed(true, 2);
    assert_string_equal(text,
                        "[{\"name\":\"\xc3\xa9\",\"n\":7,\"time_ms\":null,\"secret\":null},\n "
                        "{\"name\":\"a\\u001b[2Jb\\\"\",\"n\":12345,\"time_ms\":1700000000000,"
                        "\"secret\":\"x\"}]\n");
    free(text);
    text = printed(true, 0);
    assert_string_equal(text, "[]\n");
    free(text);
    text = printed(false, 500); // more rows than the first block holds
    assert_non_null(text);
    free(text);
}

/* A list longer than memory: one array in JSON, however it is cut; in a table each page has a head.
 */
static void pages_are_one_list(void **state) {
    (void)state;
    for (size_t page = 1; page <= 4; page++) {
        struct listing l;
        char *text[2] = {NULL, NULL};
        size_t size;
        for (int json = 0; json < 2; json++) {
            FILE *f = open_memstream(&text[json], &size);
            listing_begin(&l, columns, 1);
            for (size_t i = 0; i < 3; i++) {
                if (i && i % page == 0) listing_page(&l, f, json);
                listing_text(&l, TEXT("a"));
            }
            listing_page(&l, f, json);
            listing_page(&l, f, json); // nothing more
            listing_print(&l, f, json, "nothing");
            listing_end(&l);
            fclose(f);
        }
        assert_string_equal(text[1],
                            "[{\"name\":\"a\"},\n {\"name\":\"a\"},\n {\"name\":\"a\"}]\n");
        assert_int_equal(strlen(text[0]), (3 + page - 1) / page * 5 + 3 * 2);
        free(text[0]);
        free(text[1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(tables_align),
                                       cmocka_unit_test(scripts_get_json),
                                       cmocka_unit_test(pages_are_one_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
