/* Records as other systems write them: which are samples, which are passed over, what people see,
 * and what is said of those that cannot be read. */
#include "encode/sample.h"

#include "unit/test.h"

#define COMMON                                                                                     \
    "model: {classes: [ok, fraud]}\n"                                                              \
    "features:\n"                                                                                  \
    "  - {name: amount, parse: true, required: true}\n"                                            \
    "  - {name: country, path: /card/country, type: category, values: [NL, DE]}\n"

enum { COLUMNS = 3 };

struct reading {
    struct config *config;
    struct features *features;
    struct sample_reader *reader;
    double row[COLUMNS];
    struct sample sample;
};

static struct reading opened(const char *yaml) {
    struct reading r = {0};
    struct buf errors = {0};
    if (config_parse(&r.config, "test", text_of(yaml), &errors) < 0)
        fail_msg("%s", buf_string(&errors));
    buf_release(&errors);
    assert_int_equal(features_create(&r.features, r.config->features, r.config->features_n), 0);
    assert_int_equal(features_columns(r.features), COLUMNS);
    assert_int_equal(sample_reader_create(&r.reader, r.config, r.features), 0);
    return r;
}

static void closed(struct reading *r) {
    sample_reader_destroy(r->reader);
    features_destroy(r->features);
    config_destroy(r->config);
}

static enum reason read_one(struct reading *r, const char *record) {
    return sample_read(r->reader, text_of(record), 0, r->row, &r->sample, NULL);
}

static void expect_text(struct text got, const char *expected) {
    if (!text_equal(got, text_of(expected)))
        fail_msg("%.*s, not %s", (int)got.len, got.at, expected);
}

static void expect_shown(struct reading *r, const char *record, const char *expected) {
    expect_text(sample_select(r->reader, text_of(record), &(struct selection){0}), expected);
}

/* Debezium: the row is in `after`; deletes and truncations have none; then comes a tombstone. */
static void debezium_is_read_without_its_envelope(void **state) {
    (void)state;
    static const char created[] =
        "{\"before\":null,\"after\":{\"id\":7,\"amount\":\"12.50\",\"card\":{\"country\":\"DE\"}},"
        "\"source\":{\"table\":\"payments\"},\"op\":\"c\",\"ts_ms\":1795336000000}",
                      deleted[] = "{\"before\":{\"id\":7},\"after\":null,\"op\":\"d\"}",
                      truncated[] = "{\"op\":\"t\"}", empty[] = "{\"after\":null,\"op\":\"u\"}";
    struct reading r =
        opened(COMMON "admit: {event: /after, id: /after/id, ignore: [/op=d, /op=t], "
                      "tombstones: ignore}\n");
    assert_int_equal(read_one(&r, created), REASON_NONE);
    expect_text(r.sample.id, "7");
    assert_true(r.row[0] == 12.5 && r.row[1] == 0 && r.row[2] == 1);
    expect_shown(&r, created, "{\"id\":7,\"amount\":\"12.50\",\"card\":{\"country\":\"DE\"}}");
    assert_int_equal(read_one(&r, deleted), REASON_IGNORED);
    assert_int_equal(read_one(&r, truncated), REASON_IGNORED);
    assert_int_equal(sample_read(r.reader, (struct text){0}, 0, r.row, &r.sample, NULL),
                     REASON_IGNORED);
    assert_int_equal(read_one(&r, empty), REASON_MISSING_FIELD); // no delete, and no row
    expect_text(r.sample.found, "null at /after");
    assert_false(r.sample.decoded);
    assert_int_equal(read_one(&r, ""), REASON_EMPTY); // no tombstone: a value of no bytes
    closed(&r);
}

/* Connect's JSON converter with schemas: {"schema": ..., "payload": ...}. */
static void connect_and_cloudevents_are_read(void **state) {
    (void)state;
    static const char connect[] =
        "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"field\":\"amount\"}]},"
        "\"payload\":{\"amount\":3,\"card\":{\"country\":\"NL\"}}}",
                      cloud[] = "{\"specversion\":\"1.0\",\"id\":\"A-1\",\"type\":\"card.paid\","
                                "\"data\":{\"amount\":4,\"card\":null}}",
                      beat[] = "{\"specversion\":\"1.0\",\"id\":\"A-2\",\"type\":\"heartbeat\"}";
    struct reading r = opened(COMMON "admit: {event: /payload}\n");
    assert_int_equal(read_one(&r, connect), REASON_NONE);
    assert_null(r.sample.id.at);
    assert_true(r.row[0] == 3 && r.row[1] == 1);
    closed(&r);
    r = opened(COMMON "admit: {event: /data, id: /id, ignore: [/type=heartbeat]}\n");
    assert_int_equal(read_one(&r, cloud), REASON_NONE);
    expect_text(r.sample.id, "A-1");
    expect_shown(&r, cloud, "{\"amount\":4,\"card\":null}");
    assert_int_equal(read_one(&r, beat), REASON_IGNORED);
    closed(&r);
}

static void an_event_is_chosen_and_masked_inside_its_envelope(void **state) {
    (void)state;
    static const char record[] =
        "{\"data\":{\"amount\":4,\"card\":{\"country\":\"NL\",\"pan\":\"4929\"}},"
        "\"data\":{\"amount\":5}}";
    const struct text fields[] = {TEXT("/card")}, mask[] = {TEXT("/card/pan")};
    struct reading r = opened(COMMON "admit: {event: /data}\n");
    expect_text(sample_select(r.reader, TEXT(record), &(struct selection){fields, mask, 1, 1}),
                "{\"card\":{\"country\":\"NL\",\"pan\":\"***\"}}");
    expect_text(sample_select(r.reader, TEXT("{\"data\":7}"), &(struct selection){0}), "7");
    expect_text(sample_select(r.reader, TEXT("{\"dat\":{}}"), &(struct selection){0}), "null");
    closed(&r);
    r = opened(COMMON "admit: {event: /rows/1/after}\n");
    expect_shown(&r, "{\"rows\":[1,{\"after\":{\"a\":[]}}]}", "{\"a\":[]}");
    expect_shown(&r, "{\"rows\":{\"1\":[]}}", "null");
    closed(&r);
}

/* Texts, numbers as written, true, false and null are compared; what is absent is never equal. */
static void values_to_be_ignored_are_spelled_as_in_the_record(void **state) {
    (void)state;
    static const struct {
        const char *record;
        enum reason fate;
    } cases[] = {
        {"{\"amount\":1,\"kind\":7}", REASON_IGNORED},
        {"{\"amount\":1,\"kind\":7.0}", REASON_NONE},
        {"{\"amount\":1,\"kind\":\"7\"}", REASON_IGNORED},
        {"{\"amount\":1,\"kind\":true}", REASON_IGNORED},
        {"{\"amount\":1,\"kind\":false}", REASON_NONE},
        {"{\"amount\":1,\"kind\":null}", REASON_IGNORED},
        {"{\"amount\":1,\"kind\":{}}", REASON_NONE},
        {"{\"amount\":1}", REASON_NONE},
        {"{\"amount\":1e999,\"kind\":7}", REASON_IGNORED}, // whatever else is in it
        {"{\"amount\":1,\"test\":\"yes=no\"}", REASON_IGNORED},
    };
    struct reading r =
        opened(COMMON "admit: {ignore: [/kind=7, /kind=true, /kind=null, /test=yes=no]}\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (read_one(&r, cases[i].record) != cases[i].fate) fail_msg("%s", cases[i].record);
    closed(&r);
}

/* A flag is read as a feature of type boolean is; what is absent blocks nothing. */
static void a_field_says_that_a_sample_was_blocked(void **state) {
    (void)state;
    static const struct {
        const char *record;
        enum reason fate;
    } cases[] = {
        {"{\"amount\":1}", REASON_NONE},
        {"{\"amount\":1,\"stop\":null}", REASON_NONE},
        {"{\"amount\":1,\"stop\":false}", REASON_NONE},
        {"{\"amount\":1,\"stop\":0}", REASON_NONE},
        {"{\"amount\":1,\"stop\":\"No\"}", REASON_NONE},
        {"{\"amount\":1,\"stop\":true}", REASON_BLOCKED},
        {"{\"amount\":1,\"stop\":1}", REASON_BLOCKED},
        {"{\"amount\":1,\"stop\":\"TRUE\"}", REASON_BLOCKED},
        {"{\"amount\":1,\"stop\":2}", REASON_WRONG_TYPE},
        {"{\"amount\":1,\"stop\":\"maybe\"}", REASON_WRONG_TYPE},
        {"{\"amount\":1,\"stop\":{}}", REASON_WRONG_TYPE},
        {"{\"amount\":1,\"status\":\"declined\"}", REASON_BLOCKED},
        {"{\"amount\":1,\"status\":\"paid\"}", REASON_NONE},
        {"{\"amount\":1,\"status\":true}", REASON_NONE},
        {"{\"amount\":1,\"status\":\"declined\",\"stop\":false}", REASON_BLOCKED},
        {"{\"amount\":1,\"status\":\"declined\",\"stop\":[]}", REASON_WRONG_TYPE},
        {"{\"status\":\"declined\"}", REASON_MISSING_FIELD}, // no sample at all
    };
    struct reading r = opened(COMMON "admit: {blocked: [/stop, /status=declined]}\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (read_one(&r, cases[i].record) != cases[i].fate) fail_msg("%s", cases[i].record);
    assert_int_equal(read_one(&r, "{\"amount\":7,\"stop\":true}"), REASON_BLOCKED);
    assert_true(r.row[0] == 7 && r.sample.decoded && !r.sample.found.len);
    (void)read_one(&r, "{\"amount\":1,\"stop\":\"maybe\"}");
    expect_text(r.sample.found, "text at /stop: \"maybe\"");
    closed(&r);
}

static void a_dead_letter_says_what_was_found(void **state) {
    (void)state;
    static const struct {
        const char *record, *found, *where;
        enum reason fate;
    } cases[] = {
        {"{\"d\":{\"amount\":\"12,5x\"}}", "text at /d/amount: \"12,5x\"", "text at /d/amount",
         REASON_WRONG_TYPE},
        {"{\"d\":{\"amount\":1e999}}", "number at /d/amount: 1e999", "number at /d/amount",
         REASON_NOT_FINITE},
        {"{\"d\":{\"amount\":null}}", "null at /d/amount", "null at /d/amount",
         REASON_MISSING_FIELD},
        {"{\"d\":{\"amount\":1},\"id\":{}}", "an object or array at /id",
         "an object or array at /id", REASON_BAD_ID},
        {"{\"d\":{\"amount\":NaN}}", "NaN at byte 15", "NaN at byte 15", REASON_NOT_JSON},
        {"{\"d\":{\"amount\":01}}", "no JSON at byte 16: \"1}}\"", "no JSON at byte 16",
         REASON_NOT_JSON},
        {"{\"d\":{}}", "nothing at /d/amount", "nothing at /d/amount", REASON_MISSING_FIELD},
    };
    struct reading r = opened(COMMON "admit: {event: /d, id: /id, max_bytes: 100}\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_one(&r, cases[i].record), cases[i].fate);
        expect_text(r.sample.found, cases[i].found);
        expect_text(r.sample.where, cases[i].where);
    }
    char large[101] = {0};
    memset(large, ' ', sizeof large);
    assert_int_equal(sample_read(r.reader, (struct text){large, 101}, 0, r.row, &r.sample, NULL),
                     REASON_TOO_LARGE);
    expect_text(r.sample.found, "101 bytes");
    assert_int_equal(sample_read(r.reader, (struct text){0}, 0, r.row, &r.sample, NULL),
                     REASON_EMPTY);
    closed(&r);
}

#define ROW                                                                                        \
    "{\"type\":\"record\",\"name\":\"Row\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},"       \
    "{\"name\":\"amount\",\"type\":\"double\"},{\"name\":\"card\",\"type\":{\"type\":\"record\","  \
    "\"name\":\"Card\",\"fields\":[{\"name\":\"country\",\"type\":\"string\"}]}}]}"
#define BYTES_OF(literal) ((struct text){literal, sizeof(literal) - 1})

/* Debezium with Avro: the envelope is a record too. */
static void an_envelope_may_be_avro(void **state) {
    (void)state;
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"Envelope\",\"fields\":[{\"name\":\"before\",\"type\":["
        "\"null\"," ROW "]},{\"name\":\"after\",\"type\":[\"null\",\"Row\"]},{\"name\":\"op\","
        "\"type\":\"string\"}]}";
    const struct text text = TEXT(schema), hide[] = {TEXT("/card/country")},
                      created = BYTES_OF("\0\0\0\0\x21\0\x02\x0e\0\0\0\0\0\0\x29\x40\x04"
                                         "DE\x02"
                                         "c"),
                      infinite = BYTES_OF("\0\0\0\0\x21\0\x02\x0e\0\0\0\0\0\0\xf0\x7f\x04"
                                          "DE\x02"
                                          "c"),
                      deleted = BYTES_OF("\0\0\0\0\x21\0\0\x02"
                                         "d"),
                      cut = BYTES_OF("\0\0\0\0\x21\0"), other = BYTES_OF("\0\0\0\0\x22\0");
    struct reading r =
        opened(COMMON "admit: {event: /after, id: /after/id, ignore: [/op=d, /after/amount=], "
                      "registry: {url: \"http://127.0.0.1:1\"}}\n");
    uint32_t id = 0;
    assert_true(decoder_lacks(sample_decoder(r.reader), created, &id));
    assert_int_equal(id, 0x21);
    decoder_learn(sample_decoder(r.reader), id, &(struct schema_source){SCHEMA_AVRO, &text, 1});
    assert_int_equal(sample_read(r.reader, created, 0, r.row, &r.sample, NULL), REASON_NONE);
    expect_text(r.sample.id, "7");
    assert_true(r.row[0] == 12.5 && r.row[1] == 0 && r.row[2] == 1);
    expect_text(sample_select(r.reader, created, &(struct selection){NULL, hide, 0, 1}),
                "{\"id\":7,\"amount\":12.5,\"card\":{\"country\":\"***\"}}");
    assert_int_equal(sample_read(r.reader, deleted, 0, r.row, &r.sample, NULL), REASON_IGNORED);
    assert_int_equal(sample_read(r.reader, infinite, 0, r.row, &r.sample, NULL), REASON_NOT_FINITE);
    expect_text(r.sample.found, "number at /after/amount: inf");
    expect_text(r.sample.where, "number at /after/amount");
    assert_int_equal(sample_read(r.reader, cut, 0, r.row, &r.sample, NULL), REASON_NOT_AVRO);
    expect_text(r.sample.found, "schema id 33: it ends in the middle of a value, at byte 6");
    expect_text(r.sample.where, "schema id 33: it ends in the middle of a value, at byte 6");
    assert_int_equal(sample_read(r.reader, other, 0, r.row, &r.sample, NULL),
                     REASON_UNKNOWN_SCHEMA);
    expect_text(r.sample.found, "a schema-registry header, id 34");
    closed(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(debezium_is_read_without_its_envelope),
        cmocka_unit_test(connect_and_cloudevents_are_read),
        cmocka_unit_test(an_event_is_chosen_and_masked_inside_its_envelope),
        cmocka_unit_test(values_to_be_ignored_are_spelled_as_in_the_record),
        cmocka_unit_test(a_field_says_that_a_sample_was_blocked),
        cmocka_unit_test(a_dead_letter_says_what_was_found),
        cmocka_unit_test(an_envelope_may_be_avro),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
