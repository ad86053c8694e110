/* The model of a score that events bring: as many members as fits will have, one where these would
 * be too many, none where no model could be. */
#include "run/upstream.h"

#include "unit/test.h"

static struct model *model_of(size_t classes, const char *more, const char *features) {
    struct buf yaml = {0}, errors = {0};
    struct config *c;
    struct features *f;
    buf_str(&yaml, "model: {upstream: {by_class: /p}, learn: beside, classes: [");
    for (size_t i = 0; i < classes; i++) buf_printf(&yaml, "%sc%zu", i ? ", " : "", i);
    buf_printf(&yaml, "]}\n%s\nfeatures: [%s]\n", more, features);
    if (config_parse(&c, "t", buf_view(&yaml), &errors) < 0) fail_msg("%s", buf_string(&errors));
    assert_int_equal(features_of(&f, c), 0);
    struct model *m = upstream_model(c, f);
    features_destroy(f);
    config_destroy(c);
    buf_release(&yaml);
    return m;
}

static void it_has_the_members_of_the_fits(void **state) {
    (void)state;
    struct model *m = model_of(3, "train: {memories: [50, 200], sgd_rate: 0.1}", "{name: x}");
    assert_int_equal(m->shape.members, 6); // two memories, SGD, base rates, hinges, the score
    assert_int_equal(m->shape.d, 4);
    assert_true(m->version == SCORE_MODEL_VERSION && m->prior == m->version && *m->pushed);
    model_destroy(m);
    m = model_of(1000, "train: {committee: 32}", "{name: x, type: category, hash: 2000}");
    assert_int_equal(m->shape.members, 1);
    model_destroy(m);
    m = model_of(1000, "", "{name: x, type: category, hash: 1000000}");
    assert_null(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_has_the_members_of_the_fits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
