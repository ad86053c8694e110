/* Options that are given and can do nothing are told: each with its place and with what is off, and
 * none that does something. */
#include "config_file.h"

#define HEAD "model: {classes: [a, b]}\nfeatures: [{name: x}]\n"

static void note(const struct config_idle *idle, void *opaque) {
    buf_printf(opaque, "%s %s: %s\n", idle->place, idle->path, idle->why);
}

static void expect_told(const char *yaml, const char *wanted) {
    struct buf told = {0};
    struct config *c = parsed(yaml);
    config_idle(c, note, &told);
    if (strcmp(buf_string(&told), wanted) != 0)
        fail_msg("%s\nwanted %s\ntold %s", yaml, wanted, buf_string(&told));
    buf_release(&told);
    config_destroy(c);
}

static void what_is_off_makes_its_settings_idle(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *told;
    } cases[] = {
        {"people: {opinions: 3}\n",
         "t:3 people.opinions: people.double is 0, so nobody is asked twice\n"},
        {"people: {double: 0.05}\nbudget: {rate: 0}\n", "t:3 people.double: budget.rate is 0\n"},
        {"auto:\n  error: 0.01\n", "t:4 auto.error: auto.enabled is false\n"},
        {"topics: {auto_labels: own}\n", "t:3 topics.auto_labels: auto.enabled is false\n"},
        {"query: {mix: {risk: 1}}\n", "t:3 query.mix: query.measure is not mix\n"},
        {"query: {threshold: 0.1}\n", "t:3 query.threshold: query.manager is not fixed\n"},
        {"query: {measure: risk, explore: 0.5}\n", "t:3 query.explore: query.measure is risk\n"},
        {"budget: {loan: 5}\nquery: {alarm: 0}\n",
         "t:3 budget.loan: query.alarm is 0, so labels are never in doubt\n"},
        {"budget: {loan: 5, per_day: 9}\n",
         "t:3 budget.loan: nothing is borrowed where labels an hour or a day are capped "
         "(budget.per_hour, budget.per_day)\n"},
        {"pool: {share: 1}\n",
         "t:3 pool.share: neither pool.window nor pool.time is set, so there is no pool\n"},
        {"pool: {time: 1m, trade: 0.1}\n", "t:3 pool.trade: pool.rule is not mmr\n"},
        {"pool: {time: 1m, synthetic: true}\n", "t:3 pool.synthetic: pool.rule is not synthesis\n"},
        {"route: {value: x}\n", "t:3 route.value: route.priority is not value_at_risk\n"},
        {"watch: {listen: \"\", recent: 5}\n", "t:3 watch.recent: watch.listen is empty\n"},
        {"bridge: {path: /in}\n", "t:3 bridge.path: bridge.tool is not http\n"},
        {"bridge: {tool: http, project: 3}\n",
         "t:3 bridge.project: bridge.tool is not label_studio\n"},
        {"bridge: {listen_token_file: t}\n",
         "t:3 bridge.listen_token_file: bridge.listen is empty\n"},
        {"admit: {format: json, registry: {url: \"http://127.0.0.1:1\"}}\n",
         "t:3 admit.registry: admit.format is json\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *yaml = xasprintf(HEAD "%s", cases[i].yaml);
        expect_told(yaml, cases[i].told);
        free(yaml);
    }
    expect_told("features: [{name: x}]\nmodel: {classes: [a, b], hidden: [4]}\n"
                "train: {hinges: [200]}\n",
                "t:3 train.hinges: model.hidden bends everywhere\n");
    expect_told("features: [{name: x}]\nmodel: {classes: [a, b, c, d, e, f, g, h, i]}\n"
                "train: {trees: 10}\n",
                "t:3 train.trees: there are more than eight classes\n");
    expect_told("features: [{name: x}]\nmodel: {classes: [a, b, c, d, e, f, g, h]}\n"
                "train: {trees: 10}\n",
                "");
    expect_told("features: [{name: x}]\nmodel: {classes: [a, b], upstream: {probability: /s}}\n"
                "train: {growth: 1}\n",
                "t:3 train.growth: model.learn is false, so the score that events bring stays the "
                "model\n");
}

static void what_does_something_is_not_told(void **state) {
    (void)state;
    expect_told(HEAD "people: {opinions: 2}\n", ""); // the default, written out
    expect_told(HEAD "people: {double: 0.05, opinions: 3}\n"
                     "auto: {enabled: true, error: 0.01}\ntopics: {auto_labels: own}\n"
                     "query: {measure: mix, mix: {risk: 1}, manager: fixed, threshold: 0.1}\n"
                     "pool: {time: 1m, rule: mmr, trade: 0.1}\n"
                     "route: {priority: value_at_risk, value: x}\n"
                     "bridge: {listen: \"127.0.0.1:1\", listen_token_file: t, project: 3}\n"
                     "watch: {listen: \"\", hosts: [h]}\n",
                "");
}

static void what_is_off_is_still_read(void **state) {
    (void)state;
    struct config *c = NULL;
    struct buf errors = {0};
    const char yaml[] = HEAD "query: {mix: {rsik: 1}}\n"; // a reload may switch measure mix on
    assert_int_equal(config_parse(&c, "t", text_of(yaml), &errors), ERR_CONFIG);
    assert_non_null(strstr(buf_string(&errors), "query.mix: \"rsik\" is not a measure"));
    buf_release(&errors);
}

static void examples_hold_none(void **state) {
    (void)state;
    static const char *const files[] = {"config/fraud.yaml", "config/minimal.yaml"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *yaml = example_text(files[i]);
        expect_told(yaml, "");
        free(yaml);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_off_makes_its_settings_idle),
        cmocka_unit_test(what_does_something_is_not_told),
        cmocka_unit_test(what_is_off_is_still_read),
        cmocka_unit_test(examples_hold_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
