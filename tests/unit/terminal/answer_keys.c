/* A key means one answer, and a class of one character is that key. */
#include "terminal/answer_keys.h"

#include "unit/test.h"

#include <string.h>

#define KEYS(...) keys_of((const char *[]){__VA_ARGS__, NULL})

static struct answer_keys k;

static void keys_of(const char **names) {
    struct list classes = {.at = (char **)names};
    while (names[classes.n]) classes.n++;
    answer_keys_release(&k);
    answer_keys_init(&k, &classes);
}

static int press(const char *typed) { return answer_keys_find(&k, text_of(typed)); }
static int word(enum answer_word w) { return (int)k.n + (int)w; }

static void usual_keys(void **state) {
    (void)state;
    KEYS("good", "bad");
    assert_string_equal(k.class_[0], "1");
    assert_string_equal(k.class_[1], "2");
    assert_int_equal(press("s"), word(ANSWER_SKIP));
    assert_int_equal(press("c"), word(ANSWER_CANNOT_TELL));
    assert_int_equal(press("u"), word(ANSWER_UNDO));
    assert_int_equal(press("q"), word(ANSWER_QUIT));
    assert_int_equal(press("3"), -1);
    assert_int_equal(press(""), -1);
    assert_int_equal(press("\n"), -1);
}

/* The key 1 once answered "0": it was the first class's. */
static void a_class_of_one_character_is_that_key(void **state) {
    (void)state;
    KEYS("0", "1");
    assert_int_equal(press("0"), 0);
    assert_int_equal(press("1"), 1);
    assert_int_equal(press("2"), -1);
    KEYS("low", "x", "high");
    assert_string_equal(k.class_[0], "1");
    assert_string_equal(k.class_[1], "x");
    assert_string_equal(k.class_[2], "2");
    KEYS("+", "-", "\xc3\xa4");
    assert_int_equal(press("-"), 1);
    assert_int_equal(press("\xc3\xa4 and more"), 2); // what is typed ahead is another key
    assert_int_equal(press("\xc3"), -1);
}

static void numbers_are_no_places(void **state) {
    (void)state;
    KEYS("2 stars", "1 star");
    assert_int_equal(press("1"), -1);
    assert_string_equal(k.class_[0], "a");
    KEYS("0", "1", "other");
    assert_string_equal(k.class_[2], "a");
}

static void a_class_comes_before_a_word(void **state) {
    (void)state;
    KEYS("S", "c", "other");
    assert_int_equal(press("S"), 0);
    assert_int_equal(press("s"), 0);
    assert_int_equal(press("c"), 1);
    assert_string_equal(k.word[ANSWER_SKIP], "-");
    assert_string_equal(k.word[ANSWER_CANNOT_TELL], "+");
    assert_int_equal(press("-"), word(ANSWER_SKIP));
    KEYS("a", "A");
    assert_int_equal(press("a"), 0);
    assert_int_equal(press("A"), 1);
}

/* Whatever the classes are, each key that is shown gives what it stands at. */
static void no_key_means_two_answers(void **state) {
    (void)state;
    static const char *const pool[] = {"0",  "1",   "7",  "a",        "A", "s", "-",
                                       "ok", "10",  "b",  "B",        "q", "u", "c",
                                       "?",  "yes", "no", "\xc3\xa4", " ", "ab"};
    enum { POOL = sizeof pool / sizeof *pool };
    for (uint32_t set = 1; set < 1u << POOL; set += 37) {
        const char *names[POOL + 1] = {NULL};
        for (size_t i = 0, n = 0; i < POOL; i++)
            if (set >> i & 1) names[n++] = pool[i];
        keys_of(names);
        for (size_t i = 0; i < k.n; i++) {
            assert_int_equal(press(k.class_[i]), (int)i);
            if (strlen(names[i]) == 1 && *names[i] != ' ')
                assert_string_equal(k.class_[i], names[i]);
        }
        for (size_t i = 0; i < ANSWER_WORDS; i++)
            assert_int_equal(press(k.word[i]), word((enum answer_word)i));
    }
}

static void more_classes_than_keys(void **state) {
    (void)state;
    enum { MANY = 100 };
    static char text[MANY][8];
    const char *names[MANY + 1] = {NULL};
    for (size_t i = 0; i < MANY; i++) {
        snprintf(text[i], sizeof text[i], "class%zu", i);
        names[i] = text[i];
    }
    keys_of(names);
    assert_int_equal(press(k.class_[30]), 30); // 9 digits and 22 letters
    assert_string_equal(k.class_[MANY - 1], "");
    answer_keys_release(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_keys),
        cmocka_unit_test(a_class_of_one_character_is_that_key),
        cmocka_unit_test(numbers_are_no_places),
        cmocka_unit_test(a_class_comes_before_a_word),
        cmocka_unit_test(no_key_means_two_answers),
        cmocka_unit_test(more_classes_than_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
