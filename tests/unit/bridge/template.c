/* What a task may put into a path and a header, and what it may not; and the figures' record. */
#include "bridge/template.h"

#include "bridge/figures.h"
#include "bridge/token.h"
#include "unit/test.h"

static void check_filled(const char *template_, const char *meta, bool path, const char *wanted) {
    struct arena arena = {0};
    struct buf out = {0};
    cJSON *json = json_parse(text_of(meta), &arena);
    template_fill(template_, json, "t0k3n", path, &out);
    assert_string_equal(buf_string(&out), wanted);
    cJSON_Delete(json);
    buf_release(&out);
    arena_release(&arena);
}

static void places_are_filled_from_the_task(void **state) {
    (void)state;
    const char *meta = "{\"id\":\"01a2\",\"sample_id\":\"a/b ?\\r\\nX: 1\",\"priority\":-2.5,"
                       "\"row\":[1],\"model\":7}";
    check_filled("/cases/{id}", meta, true, "/cases/01a2");
    check_filled("/q/{sample_id}/x", meta, true, "/q/a%2Fb%20%3F%0D%0AX%3A%201/x");
    check_filled("{sample_id}", meta, false, "a/b ?%0D%0AX: 1"); // no second header
    check_filled("p={priority} m={model}", meta, false, "p=-2.5 m=7");
    check_filled("[{reason}{row}]", meta, false, "[]"); // a task lacks it, or it is no scalar
    check_filled("[{measure}]", "{\"measure\":null}", false, "[]");
    check_filled("Bearer {token}", meta, false, "Bearer t0k3n");
    check_filled("{", meta, false, "{");
    check_filled("{a name that is longer than any that is allowed}", meta, false,
                 "{a name that is longer than any that is allowed}");
    check_filled("/x/{id}", "[]", true, "/x/");
}

static void token_fits_into_a_header(void **state) {
    (void)state;
    assert_true(token_is_plain(TEXT("abc.DEF-123_~")));
    static const char *const bad[] = {"", "a b", "a\nb", "a\r", "\xc3\xa4", "\x7f"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(token_is_plain(text_of(bad[i])));
}

static void figures_are_read_back_and_foreign_ones_refused(void **state) {
    (void)state;
    struct buf out = {0};
    struct bridge_figures f = {.open = 3, .lag_ms = 4, .time_ms = 5, .away = true}, g = {0};
    for (int i = 0; i < BRIDGE_COUNTS; i++) f.count[i] = (uint64_t)i * 10;
    buf_str(&out, "{\"figures\":");
    bridge_figures_write(&f, &out);
    buf_str(&out, "}");
    assert_true(bridge_figures_read(&g, buf_view(&out)));
    assert_memory_equal(g.count, f.count, sizeof f.count);
    assert_true(g.open == 3 && g.lag_ms == 4 && g.time_ms == 5 && g.away);
    static const char *const bad[] = {
        "",
        "{}",
        "{\"figures\":5}",
        "{\"figures\":{\"open\":-2,\"lag_ms\":0,\"time_ms\":0}}",
        "{\"figures\":{\"open\":1e300,\"lag_ms\":0,\"time_ms\":0}}",
        "{\"figures\":{\"open\":1,\"lag_ms\":\"0\",\"time_ms\":0}}",
        "{\"figures\":{\"imported\":-1,\"open\":1,\"lag_ms\":0,\"time_ms\":0}}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(bridge_figures_read(&g, text_of(bad[i])));
    assert_int_equal(g.open, 3); // untouched
    buf_release(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_filled_from_the_task),
        cmocka_unit_test(token_fits_into_a_header),
        cmocka_unit_test(figures_are_read_back_and_foreign_ones_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
