/* Which segments a row is in: by its value, bounded whatever the configuration lists. */
#include "encode/segments.h"

#include "unit/test.h"

static struct config *c;
static struct features *f;

static struct segment_list *of(const char *watch, const char *features) {
    struct buf yaml = {0}, errors = {0};
    buf_printf(&yaml, "model: {classes: [ok, bad]}\nwatch: {segments: %s}\nfeatures: [%s]\n", watch,
               features);
    if (config_parse(&c, "t", buf_view(&yaml), &errors) < 0) fail_msg("%s", buf_string(&errors));
    assert_int_equal(features_of(&f, c), 0);
    buf_release(&yaml);
    return segments_create(f, c);
}

static void end(struct segment_list *s) {
    segments_destroy(s);
    features_destroy(f);
    config_destroy(c);
}

static void names(const struct segment_list *s, const char *const *wanted, size_t n) {
    assert_int_equal(segments_n(s), n);
    for (size_t i = 0; i < n; i++) assert_true(text_equal(segments_name(s, i), text_of(wanted[i])));
}

/* Features in the order of the option, values in the order in which they are listed. */
static void a_row_is_in_one_segment_of_each_feature(void **state) {
    (void)state;
    struct segment_list *s = of("[channel, country]",
                                "{name: country, type: category, values: [PL, DE], missing: true}, "
                                "{name: x}, {name: channel, type: category, values: [web]}");
    static const char *const wanted[] = {"channel=web", "channel, others", "country=PL",
                                         "country=DE", "country, others"};
    names(s, wanted, 5);
    const struct {
        double row[5]; // PL, DE, it is missing, x, web
        uint8_t channel, country;
    } rows[] = {{{1, 0, 0, 7, 1}, 1, 3}, {{0, 1, 0, 1, 0}, 2, 4}, {{0, 0, 1, 1, 1}, 1, 5}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t is[SEGMENTS_MAX];
        segments_of(s, rows[i].row, is);
        assert_int_equal(is[0], rows[i].channel);
        assert_int_equal(is[1], rows[i].country);
        assert_int_equal(is[2], 0);
    }
    end(s);
}

static void what_is_listed_last_is_with_the_others(void **state) {
    enum { VALUES = SEGMENT_VALUES_MAX + 3 };
    (void)state;
    struct segment_list *s =
        of("[c]", "{name: c, type: category, values: [a, b, c, d, e, f, g, h, i, "
                  "j, k, l, m, n, o]}");
    assert_int_equal(features_columns(f), VALUES);
    assert_int_equal(segments_n(s), SEGMENT_VALUES_MAX + 1);
    for (size_t value = 0; value < VALUES; value++) {
        double row[VALUES] = {0};
        uint8_t is[SEGMENTS_MAX];
        row[value] = 1;
        segments_of(s, row, is);
        assert_int_equal(is[0], value < SEGMENT_VALUES_MAX ? value + 1 : SEGMENT_VALUES_MAX + 1);
    }
    end(s);
}

static void without_the_option_there_are_none(void **state) {
    (void)state;
    struct segment_list *s = of("[]", "{name: x}");
    uint8_t is[SEGMENTS_MAX];
    assert_null(s);
    assert_int_equal(segments_n(s), 0);
    segments_of(s, (double[]){1}, is);
    for (size_t i = 0; i < SEGMENTS_MAX; i++) assert_int_equal(is[i], 0);
    end(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_in_one_segment_of_each_feature),
        cmocka_unit_test(what_is_listed_last_is_with_the_others),
        cmocka_unit_test(without_the_option_there_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
