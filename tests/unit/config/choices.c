/* The '|' lists that the YAML knows must name the enums in their order. */
#include "config/choices.h"

#include "config/config.h"
#include "unit/test.h"

static void expect_word(const char *choices, int index, const char *name) {
    struct text word = word_list_at(choices, index);
    assert_int_equal(word.len, strlen(name));
    assert_memory_equal(word.at, name, word.len);
}

static void lists_match_the_enums(void **state) {
    (void)state;
    for (int m = 0; m < MEASURES; m++)
        expect_word(MEASURE_CHOICES, m, measure_name((enum measure)m));
    for (int m = 0; m < MANAGERS; m++)
        expect_word(MANAGER_CHOICES, m, manager_name((enum manager)m));
    assert_null(word_list_at(MEASURE_CHOICES, MEASURES).at);
    assert_null(word_list_at(MANAGER_CHOICES, MANAGERS).at);
}

static void names_are_those_of_the_records(void **state) {
    (void)state;
    assert_string_equal(measure_name(MEASURE_LOG_ODDS_MARGIN), "log_odds_margin");
    assert_string_equal(manager_name(MANAGER_QUANTILE_WINDOW), "quantile_window");
    assert_string_equal(ask_name(ASK_UNCERTAIN), "uncertain");
    assert_string_equal(ask_name(ASK_UPFRONT), "upfront");
    assert_string_equal(ask_name(ASKS), "?");
    assert_string_equal(measure_name(MEASURES), "?");
    assert_string_equal(manager_name(MANAGERS), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_match_the_enums),
        cmocka_unit_test(names_are_those_of_the_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
