/* A bad configuration never starts (promise I10): every row of the options table is tried with
 * values outside its range and of the wrong type, and each is refused with its place. And what is
 * generated from the table is what stands on disk. */
#include "config_file.h"

#include "config/option_table.h"
#include "config/value.h"

/* A file that holds the option with that value, in line 3 at column 3, and else only what is
 * required. */
static void write_file(const struct option *o, const char *value, struct buf *yaml,
                       struct buf *place) {
    bool feature = strcmp(o->section, "features") == 0, model = strcmp(o->section, "model") == 0;
    bool classes = strcmp(o->path, "model.classes") == 0,
         name = strcmp(o->path, "features.name") == 0;
    buf_printf(yaml, "# %s\n%s:\n  %s%s: %s\n", o->path, o->section, feature ? "- " : "", o->key,
               value);
    buf_printf(place, "t:3:%zu: %s: ", strlen(o->key) + (feature ? 7 : 5), o->path);
    if (feature && !name) buf_str(yaml, "    name: x\n");
    if (model && !classes) buf_str(yaml, "  classes: [a, b]\n");
    if (!model) buf_str(yaml, "model:\n  classes: [a, b]\n");
    if (!feature) buf_str(yaml, "features:\n  - name: x\n");
}

static void expect_refused(const struct option *o, const char *value, const char *message) {
    struct buf yaml = {0}, place = {0}, errors = {0};
    struct config *c = (void *)1;
    write_file(o, value, &yaml, &place);
    int result = config_parse(&c, "t", buf_view(&yaml), &errors);
    const char *said = buf_string(&errors);
    if (result != ERR_CONFIG || c || strncmp(said, buf_string(&place), place.len) != 0 ||
        !strstr(said, message) || strchr(said, '\n') != said + errors.len - 1)
        fail_msg("%s\nwanted %s… %s\ngot %d: %s", buf_string(&yaml), buf_string(&place), message,
                 result, said);
    buf_release(&yaml);
    buf_release(&place);
    buf_release(&errors);
}

static const struct option *row(size_t i) {
    return i < OPTIONS ? &option_rows[i] : &feature_rows[i - OPTIONS];
}

/* A bound as text; `beyond` it by the smallest step that the type has. */
static char *bound(const struct option *o, bool upper) {
    struct buf b = {0};
    double step = o->type == TYPE_NUM ? 1e-12 : 1, value = upper ? o->most + step : o->least - step;
    if (o->type == TYPE_NUM)
        value = upper ? o->most * (1 + 1e-9) + step
                      : o->least - 1e-9 * (1 + (o->least < 0 ? -o->least : 0));
    if (o->type == TYPE_DURATION) buf_printf(&b, "%.0fms", value);
    else if (o->type == TYPE_SIZE || o->type == TYPE_INT) buf_printf(&b, "%.0f", value);
    else buf_double(&b, value);
    buf_string(&b);
    return b.at;
}

static void numbers_outside_their_range_are_refused(void **state) {
    (void)state;
    size_t tried = 0;
    for (size_t i = 0; i < OPTIONS + FEATURE_KEYS; i++) {
        const struct option *o = row(i);
        if (o->type != TYPE_INT && o->type != TYPE_NUM && o->type != TYPE_DURATION &&
            o->type != TYPE_SIZE)
            continue;
        bool negative = o->least - 1 < 0 && (o->type == TYPE_DURATION ||
                                             o->type == TYPE_SIZE); // has no sign: another message
        char *below = bound(o, false), *above = bound(o, true);
        expect_refused(o, below,
                       negative ? "does not start with a whole number" : "out of range; allowed ");
        expect_refused(o, above, "out of range; allowed ");
        free(below);
        free(above);
        tried++;
    }
    assert_true(tried > 25);
}

static void texts_and_lists_outside_their_length_are_refused(void **state) {
    (void)state;
    size_t tried = 0;
    for (size_t i = 0; i < OPTIONS + FEATURE_KEYS; i++) {
        const struct option *o = row(i);
        if (o->type != TYPE_STR && o->type != TYPE_LIST) continue;
        bool list = o->type == TYPE_LIST;
        struct buf value = {0};
        buf_str(&value, list ? "[" : "");
        for (size_t n = 0; n <= (size_t)o->most; n++) buf_str(&value, list ? "1," : "a");
        buf_str(&value, list ? "]" : "");
        expect_refused(o, buf_string(&value),
                       list ? "has too few or too many entries; allowed "
                            : "is too long; allowed ");
        if (o->least > 0) expect_refused(o, list ? "[]" : "''", "is empty; allowed ");
        buf_release(&value);
        tried++;
    }
    assert_true(tried > 20);
}

static void values_of_the_wrong_type_are_refused(void **state) {
    (void)state;
    static const char *const wrong[][3] = {
        [TYPE_STR] = {"[a]", "{a: b}", "~"},      [TYPE_BOOL] = {"1", "[true]", "yes"},
        [TYPE_INT] = {"1.5", "many", "'7'"},      [TYPE_NUM] = {"few", "{a: 1}", "1,5"},
        [TYPE_DURATION] = {"7", "[7s]", "1y"},    [TYPE_SIZE] = {"7kb", "{}", "big"},
        [TYPE_CHOICE] = {"qqqqqqqq", "[a]", "~"}, [TYPE_LIST] = {"a", "{a: b}", "~"},
        [TYPE_MAP] = {"a", "[a]", "7"},
    };
    for (size_t i = 0; i < OPTIONS + FEATURE_KEYS; i++)
        for (size_t w = 0; w < 3; w++) {
            struct buf allowed = {0};
            const struct option *o = row(i);
            value_allowed(o, &allowed);
            expect_refused(o, wrong[o->type][w], buf_string(&allowed));
            buf_release(&allowed);
        }
}

/* The bounds themselves are inside, so the refusals above are the table's and not the grammar's. */
static void the_bounds_are_allowed(void **state) {
    (void)state;
    for (size_t i = 0; i < 2 * (OPTIONS + FEATURE_KEYS); i++) {
        const struct option *o = row(i / 2);
        if (o->type != TYPE_INT && o->type != TYPE_NUM && o->type != TYPE_DURATION &&
            o->type != TYPE_SIZE)
            continue;
        if (o == &feature_rows[FEATURE_KEY_hash] || o == &feature_rows[FEATURE_KEY_list] ||
            o == &feature_rows[FEATURE_KEY_size])
            continue; // only with a type of their own
        if (o == &option_rows[OPTION_pool_window] || o == &option_rows[OPTION_pool_top])
            continue; // large ones need a token bucket and candidates to match
        struct buf value = {0}, yaml = {0}, place = {0}, errors = {0};
        struct config *c = NULL;
        scalar_number_write(o->type, i % 2 ? o->most : o->least, &value);
        write_file(o, buf_string(&value), &yaml, &place);
        if (config_parse(&c, "t", buf_view(&yaml), &errors))
            fail_msg("%s%s", buf_string(&yaml), buf_string(&errors));
        config_destroy(c);
        buf_release(&value);
        buf_release(&yaml);
        buf_release(&place);
        buf_release(&errors);
    }
}

static void expect_current(const char *name, void (*make)(struct buf *)) {
    char *kept = file_text(name);
    struct buf made = {0};
    make(&made);
    if (strcmp(kept, buf_string(&made)) != 0)
        fail_msg("%s is not what the options table makes; write it anew", name);
    buf_release(&made);
    free(kept);
}

static void generated_files_are_current(void **state) {
    (void)state;
    expect_current("docs/OPTIONS.md", config_markdown);
    expect_current("config/winnowd.yaml", config_template);
}

static void every_option_is_documented(void **state) {
    (void)state;
    struct buf docs = {0};
    config_markdown(&docs);
    for (size_t i = 0; i < OPTIONS + FEATURE_KEYS; i++) {
        const struct option *o = i < OPTIONS ? &option_rows[i] : &feature_rows[i - OPTIONS];
        char *heading = xasprintf("\n## %s\n", o->section),
             *row = xasprintf("\n| `%s` | %s | ", o->key, type_name(o->type));
        const char *section = strstr(buf_string(&docs), heading);
        assert_non_null(section);
        const char *found = strstr(section, row), *next = strstr(section + 1, "\n## ");
        assert_true(found && (!next || found < next));
        free(heading);
        free(row);
    }
    buf_release(&docs);
}

/* The template with all its keys commented in says what the table's defaults say. */
static void template_shows_the_defaults(void **state) {
    (void)state;
    struct buf template = {0}, active = {0};
    config_template(&template);
    struct config *a = parsed("model: {classes: [good, fraud]}\nfeatures: [{name: amount}, {name: "
                              "country, path: /card/country, type: category, values: [DE, FR, "
                              "NL]}]\n");
    for (size_t i = 0; i < template.len; i++)
        if (template.at[i] != '#' || template.at[i + 1] == ' ')
            buf_add(&active, template.at + i, 1);
    struct config *b = parsed(buf_string(&active));
    for (size_t i = 0; i < OPTIONS; i++) assert_string_not_equal(b->source[i].text, "default");
    b->service.instance = a->service.instance; // empty in both, so resolved in both
    expect_same(a, b);
    config_destroy(a);
    config_destroy(b);
    buf_release(&template);
    buf_release(&active);
}

static void expect_example_refused(const char *file, const char *because) {
    char *path = xasprintf("%s/%s", SOURCE_DIR, file);
    struct config *c = NULL;
    struct buf errors = {0};
    assert_int_equal(config_load(&c, path, &errors), ERR_CONFIG);
    if (!strstr(buf_string(&errors), because)) fail_msg("%s", buf_string(&errors));
    buf_release(&errors);
    free(path);
}

/* What is shipped starts no service before somebody has filled it in. */
static void untouched_examples_are_refused(void **state) {
    (void)state;
    expect_example_refused("config/winnowd.yaml", "model.classes: is missing");
    expect_example_refused("config/winnowd.yaml", "features: must be a list");
    expect_example_refused("config/minimal.yaml", "\"kafka.example.org:9092\" is an example's");
    expect_example_refused("config/fraud.yaml", "\"kafka.example.org:9092\" is an example's");
}

static void filled_in_examples_load(void **state) {
    (void)state;
    static const char *const examples[] = {"config/minimal.yaml", "config/fraud.yaml"};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char *text = example_text(examples[i]);
        config_destroy(parsed(text));
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_outside_their_range_are_refused),
        cmocka_unit_test(texts_and_lists_outside_their_length_are_refused),
        cmocka_unit_test(values_of_the_wrong_type_are_refused),
        cmocka_unit_test(the_bounds_are_allowed),
        cmocka_unit_test(generated_files_are_current),
        cmocka_unit_test(every_option_is_documented),
        cmocka_unit_test(template_shows_the_defaults),
        cmocka_unit_test(untouched_examples_are_refused),
        cmocka_unit_test(filled_in_examples_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
