/* What annotators see: chosen fields as nested in the event, masked values under any spelling, and
 * bytes as they were. */
#include "admit/decoder.h"

#include "base/buf.h"
#include "base/rng.h"
#include "oracle.h"
#include "unit/test.h"

enum { TEXTS_MAX = 4 };

struct example {
    const char *event;
    const char *fields[TEXTS_MAX], *mask[TEXTS_MAX];
    const char *view;
};

static const struct example examples[] = {
    /* fields */
    {"{\"a\":1,\"b\":2,\"c\":3}", {"/c", "/a"}, {0}, "{\"a\":1,\"c\":3}"}, // in the event's order
    {"{\"a\":1.50,\"b\":1e999,\"c\":-0}",
     {"/a", "/b", "/c"},
     {0},
     "{\"a\":1.50,\"b\":1e999,\"c\":-0}"},
    {"{\"id\":12345678901234567890123,\"x\":0.10000000000000000000000001}",
     {"/id", "/x"},
     {0},
     "{\"id\":12345678901234567890123,\"x\":0.10000000000000000000000001}"},
    {"{ \"a\" : { \"x\" : 1 , \"y\" : [ 2 , 3 ] } , \"b\" : 4 }",
     {"/a"},
     {0},
     "{\"a\":{ \"x\" : 1 , \"y\" : [ 2 , 3 ] }}"},
    {"{ \"a\" : { \"x\" : 1 , \"y\" : [ 2 , 3 ] } , \"b\" : 4 }",
     {"/a/y", "/b"},
     {0},
     "{\"a\":{\"y\":[ 2 , 3 ]},\"b\":4}"},
    {"{\"a\":{\"b\":{\"c\":\"\\u00e9\",\"d\":1}}}",
     {"/a/b/c"},
     {0},
     "{\"a\":{\"b\":{\"c\":\"\\u00e9\"}}}"},
    {"{\"a\":{\"x\":1,\"y\":2}}", {"/a/x", "/a"}, {0}, "{\"a\":{\"x\":1,\"y\":2}}"},
    {"{\"list\":[10,[20],{\"x\":30,\"y\":31},40]}",
     {"/list/2/x"},
     {0},
     "{\"list\":[null,null,{\"x\":30}]}"}, // the pointer leads there still
    {"{\"list\":[10,[20],{\"x\":30,\"y\":31},40]}",
     {"/list/3", "/list/1/0"},
     {0},
     "{\"list\":[null,[20],null,40]}"},
    {"{\"list\":[10,20]}", {"/list/0", "/list/01", "/list/2"}, {0}, "{\"list\":[10]}"},
    {"{\"a/b\":1,\"m~n\":2,\"\":3,\"x\":4}",
     {"/a~1b", "/m~0n", "/"},
     {0},
     "{\"a/b\":1,\"m~n\":2,\"\":3}"},
    {"{\"\\u0061\":1,\"a\":2,\"b\":3}",
     {"/a"},
     {0},
     "{\"\\u0061\":1}"}, // the first of equal keys, as written
    {"{\"a\":{\"x\":1},\"a\":{\"y\":2}}", {"/a/y"}, {0}, "{}"},
    /* absent */
    {"{\"a\":1}", {"/b"}, {0}, "{}"},
    {"{\"a\":1,\"b\":2}", {"/a/x", "/b"}, {0}, "{\"b\":2}"}, // a scalar in the way
    {"{\"a\":{\"x\":1},\"b\":2}", {"/a/y", "/b"}, {0}, "{\"b\":2}"},
    {"{\"b\":2,\"a\":[{\"x\":{}}]}", {"/a/0/x/y", "/b"}, {0}, "{\"b\":2}"},
    {"{\"a\":{},\"b\":[],\"c\":null}", {"/a", "/b", "/c"}, {0}, "{\"a\":{},\"b\":[],\"c\":null}"},
    /* mask */
    {"{\"a\":1,\"b\":{\"c\":2.50,\"d\":[3,4]}}",
     {0},
     {"/b/c"},
     "{\"a\":1,\"b\":{\"c\":\"***\",\"d\":[3,4]}}"},
    {"{\"a\":1,\"b\":{\"c\":2.50,\"d\":[3,4]}}", {0}, {"/b"}, "{\"a\":1,\"b\":\"***\"}"},
    {"{\"a\":null,\"b\":\"text\",\"c\":{},\"d\":[true]}",
     {0},
     {"/a", "/b", "/c", "/d"},
     "{\"a\":\"***\",\"b\":\"***\",\"c\":\"***\",\"d\":\"***\"}"},
    {"{\"l\":[{\"n\":1,\"m\":2},{\"n\":3}],\"k\": [ 1 ]}",
     {0},
     {"/l/1/n", "/l/0/m"},
     "{\"l\":[{\"n\":1,\"m\":\"***\"},{\"n\":\"***\"}],\"k\":[ 1 ]}"},
    {"{\"a\":1}", {0}, {"/b", "/a/x"}, "{\"a\":1}"},
    {"{}", {0}, {"/b"}, "{}"},
    {"{\"a\":[],\"b\":{}}", {0}, {"/a/0", "/b/x"}, "{\"a\":[],\"b\":{}}"},
    {"{\"a\":{\"x\":1,\"y\":2}}", {0}, {"/a/x", "/a"}, "{\"a\":\"***\"}"},
    /* a mask hides every one of equal keys, however it is spelled */
    {"{\"n\":1,\"n\":2,\"\\u006e\":3}",
     {0},
     {"/n"},
     "{\"n\":\"***\",\"n\":\"***\",\"\\u006e\":\"***\"}"},
    {"{\"c\":1,\"c\":{\"n\":2},\"\\u0063\":{\"n\":[3]}}",
     {0},
     {"/c/n"},
     "{\"c\":1,\"c\":{\"n\":\"***\"},\"\\u0063\":{\"n\":\"***\"}}"},
    /* both */
    {"{\"c\":{\"number\":\"4111\",\"country\":\"NL\"},\"x\":1}",
     {"/c"},
     {"/c/number"},
     "{\"c\":{\"number\":\"***\",\"country\":\"NL\"}}"},
    {"{\"c\":{\"number\":\"4111\",\"country\":\"NL\"},\"x\":1}",
     {"/c/country"},
     {"/c"},
     "{\"c\":\"***\"}"},
    {"{\"c\":{\"number\":\"4111\",\"country\":\"NL\"},\"x\":1}",
     {"/c/number", "/x"},
     {"/c/number"},
     "{\"c\":{\"number\":\"***\"},\"x\":1}"},
    {"{\"c\":{\"number\":\"4111\",\"country\":\"NL\"},\"x\":1}",
     {"/x"},
     {"/c/number"},
     "{\"x\":1}"},
    {"{\"l\":[[1,2],[3,4]]}", {"/l/1"}, {"/l/1/0"}, "{\"l\":[null,[\"***\",4]]}"},
};

static size_t texts(const char *const *from, struct text *to) {
    size_t n = 0;
    for (; n < TEXTS_MAX && from[n]; n++) to[n] = text_of(from[n]);
    return n;
}

static struct decoder *decoder_of(size_t max_depth) {
    struct decoder *d;
    assert_int_equal(
        decoder_create(&d, &(struct decoder_options){.max_depth = max_depth, .max_bytes = 1 << 20}),
        0);
    return d;
}

static void examples_come_out_byte_for_byte(void **state) {
    (void)state;
    struct decoder *d = decoder_of(32);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct example *e = &examples[i];
        struct text fields[TEXTS_MAX], mask[TEXTS_MAX];
        struct selection s = {fields, mask, texts(e->fields, fields), texts(e->mask, mask)};
        char *copy = xmalloc(strlen(e->event)); // no NUL behind it
        memcpy(copy, e->event, strlen(e->event));
        struct text view = decoder_select(d, (struct text){copy, strlen(e->event)}, &s);
        if (!text_equal(view, text_of(e->view)))
            fail_msg("%s: %.*s, not %s", e->event, (int)view.len, view.at, e->view);
        free(copy);
    }
    decoder_destroy(d);
}

static void without_fields_and_mask_the_event_itself_comes(void **state) {
    (void)state;
    static const char event[] = " { \"a\" : 1.0 } ";
    struct decoder *d = decoder_of(32);
    struct text view = decoder_select(d, TEXT(event), &(struct selection){0});
    assert_ptr_equal(view.at, event);
    assert_int_equal(view.len, sizeof event - 1);
    decoder_destroy(d);
}

/* It was admitted, so this cannot be; but if it were, no secret would get out. */
static void what_cannot_be_masked_is_not_shown(void **state) {
    (void)state;
    static const char *const bad[] = {"", "[1]", "{\"n\":\"secret\"",
                                      "{\"x\":{\"y\":{\"z\":1}},\"n\":\"secret\"}",
                                      "{\"n\":\"secret\",\"b\":\"\xFF\"}"};
    const struct text n = TEXT("/n"), broken[] = {TEXT("/n"), TEXT("n")};
    struct decoder *d = decoder_of(2);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_true(text_equal(
            decoder_select(d, text_of(bad[i]), &(struct selection){NULL, &n, 0, 1}), TEXT("null")));
    assert_true(text_equal(
        decoder_select(d, TEXT("{\"n\":\"secret\"}"), &(struct selection){NULL, broken, 0, 2}),
        TEXT("null")));
    assert_true(text_equal(
        decoder_select(d, TEXT("{\"n\":\"secret\"}"), &(struct selection){broken, NULL, 2, 0}),
        TEXT("null")));
    decoder_destroy(d);
}

/* The trees are kept between calls: another selection, also one at the same address, must not see
 * the old ones. */
static void a_changed_selection_is_a_new_one(void **state) {
    (void)state;
    struct decoder *d = decoder_of(32);
    char name[] = "/a";
    struct text path = {name, 2};
    struct selection fields = {&path, NULL, 1, 0}, mask = {NULL, &path, 0, 1};
    const struct text event = TEXT("{\"a\":1,\"b\":2}");
    for (int i = 0; i < 3; i++) {
        name[1] = 'a';
        assert_true(text_equal(decoder_select(d, event, &fields), TEXT("{\"a\":1}")));
        assert_true(text_equal(decoder_select(d, event, &mask), TEXT("{\"a\":\"***\",\"b\":2}")));
        name[1] = 'b';
        assert_true(text_equal(decoder_select(d, event, &mask), TEXT("{\"a\":1,\"b\":\"***\"}")));
        assert_true(text_equal(decoder_select(d, event, &fields), TEXT("{\"b\":2}")));
    }
    const struct text two[] = {TEXT("/b"), TEXT("/a")};
    const struct selection longer = {two, NULL, 2, 0}, shorter = {two, NULL, 1, 0},
                           both = {two, two, 2, 1};
    for (int i = 0; i < 3; i++) {
        assert_true(text_equal(decoder_select(d, event, &shorter), TEXT("{\"b\":2}")));
        assert_true(text_equal(decoder_select(d, event, &longer), event));
        assert_true(text_equal(decoder_select(d, event, &both), TEXT("{\"a\":1,\"b\":\"***\"}")));
    }
    decoder_destroy(d);
}

/* ---- random events: what is masked never gets out, what is chosen does ---- */

static void write_name(struct rng *r, struct buf *out) {
    static const char *const names[] = {"a", "b", "n", "\\u006e", "\\u0061", "x y"};
    buf_printf(out, "\"%s\"", names[rng_below(rng_next(r), 6)]);
}

static void write_random(struct rng *r, int depth, struct buf *out) {
    uint64_t kind = rng_below(rng_next(r), depth < 5 ? 6 : 3), entries = rng_below(rng_next(r), 4);
    if (depth == 0) kind = 3;
    if (kind < 3) {
        static const char *const scalars[] = {"1.50", "\"t\\n\"", "null"};
        buf_str(out, scalars[kind]);
        return;
    }
    bool object = kind != 5;
    buf_str(out, object ? "{" : "[ ");
    for (uint64_t i = 0; i < entries; i++) {
        if (i) buf_str(out, " , ");
        if (object) {
            write_name(r, out);
            buf_str(out, " : ");
        }
        write_random(r, depth + 1, out);
    }
    buf_str(out, object ? " }" : "]");
}

/* Every value that the pointer leads to, over all equal keys, is "***". */
static bool all_masked(const cJSON *at, const char *const *steps) {
    const cJSON *entry;
    if (!*steps) return cJSON_IsString(at) && strcmp(at->valuestring, "***") == 0;
    if (cJSON_IsArray(at))
        return !cJSON_GetArrayItem(at, atoi(*steps)) || **steps > '9' ||
               all_masked(cJSON_GetArrayItem(at, atoi(*steps)), steps + 1);
    if (cJSON_IsObject(at))
        cJSON_ArrayForEach(entry, at) if (strcmp(entry->string, *steps) == 0 &&
                                          !all_masked(entry, steps + 1)) return false;
    return true;
}

static void random_events_keep_what_is_masked(void **state) {
    (void)state;
    static const char *const steps[][4] = {{"n"}, {"a", "n"}, {"b", "0", "a"}, {"a", "1"}};
    const struct text mask[] = {TEXT("/n"), TEXT("/a/n"), TEXT("/b/0/a"), TEXT("/a/1")},
                      fields[] = {TEXT("/a"), TEXT("/b/0"), TEXT("/n/a")};
    const struct selection masked = {NULL, mask, 0, 4}, both = {fields, mask, 3, 4};
    struct decoder *d = decoder_of(32);
    struct rng r = {.seed = 5};
    for (int i = 0; i < 5000; i++) {
        struct buf event = {0};
        write_random(&r, 0, &event);
        for (int k = 0; k < 2; k++) {
            struct text view = decoder_select(d, buf_view(&event), k ? &masked : &both);
            cJSON *root = oracle_parse(view);
            assert_true(cJSON_IsObject(root));
            for (size_t m = 0; m < 4; m++)
                if (!all_masked(root, steps[m]))
                    fail_msg("%s: %.*s", buf_string(&event), (int)view.len, view.at);
            cJSON_Delete(root);
        }
        buf_release(&event);
    }
    decoder_destroy(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_come_out_byte_for_byte),
        cmocka_unit_test(without_fields_and_mask_the_event_itself_comes),
        cmocka_unit_test(what_cannot_be_masked_is_not_shown),
        cmocka_unit_test(a_changed_selection_is_a_new_one),
        cmocka_unit_test(random_events_keep_what_is_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
