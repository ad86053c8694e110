/* Word lists: the right entry, the nearest entry, and no entry where nothing is near. */
#include "base/word_list.h"

#include "config/config.h"
#include "unit/test.h"

static void expect(struct text got, const char *wanted) {
    if (!wanted) {
        assert_null(got.at);
        return;
    }
    assert_non_null(got.at);
    assert_int_equal(got.len, strlen(wanted));
    assert_memory_equal(got.at, wanted, got.len);
}

static void nearest_corrects_typing_errors(void **state) {
    (void)state;
    static const struct {
        const char *choices, *word, *nearest;
    } cases[] = {
        {"run|check|topics", "chekc", "check"},  // swap: one edit
        {"run|check|topics", "topic", "topics"}, // left out
        {"run|check|topics", "runn", "run"},     // one too many
        {"exactly_once|at_least_once", "exactly-once", "exactly_once"},
        {"earliest|latest", "LATEST", "latest"}, // case is no edit
        {"rate|rates", "rate", "rate"},          // the exact one wins
        {"rates|rate", "rate", "rate"},
        {"alpha|beta", "alp", "alpha"},          // 2 of 5
        {"alpha|beta", "alwxyz", NULL},          // 4 edits
        {"abcdefghij", "abcdefg", "abcdefghij"}, // 3 edits of 10
        {"abcdefghijk", "abcdefg", NULL},        // 4 edits
        {"id", "on", NULL},                      // all letters differ
        {"run|check", "", NULL},
        {"", "run", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(word_list_nearest(cases[i].choices, text_of(cases[i].word)), cases[i].nearest);
}

static void long_words_are_left_alone(void **state) {
    (void)state;
    char word[200];
    memset(word, 'a', sizeof word);
    expect(word_list_nearest("aaaa|bbbb", (struct text){word, sizeof word}), NULL);
    char longest[65] = {0};
    memset(longest, 'a', 64);
    expect(word_list_nearest(longest, (struct text){word, 63}), longest);
}

static void choices_are_found_by_index_and_word(void **state) {
    (void)state;
    expect(word_list_at("a|bc|d", 0), "a");
    expect(word_list_at("a|bc|d", 1), "bc");
    expect(word_list_at("a|bc|d", 2), "d");
    expect(word_list_at("a|bc|d", 3), NULL);
    expect(word_list_at("a|bc|d", -1), NULL);
    assert_int_equal(word_list_index("a|bc|d", TEXT("bc")), 1);
    assert_int_equal(word_list_index("a|bc|d", TEXT("b")), -1);
    assert_int_equal(word_list_index("a|bc|d", TEXT("bcd")), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_corrects_typing_errors),
        cmocka_unit_test(long_words_are_left_alone),
        cmocka_unit_test(choices_are_found_by_index_and_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
