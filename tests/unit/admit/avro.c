/* Avro behind a registry's header: bytes of the specification and bytes written by hand give the
 * event that people see, and the pointers the same values as from that event; hostile bytes and
 * schemas are refused with the reason. */
#include "admit/decoder.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "unit/test.h"

#include <cjson/cJSON.h>
#include <stdio.h>

enum { ID = 33, PATHS_MOST = 8, DEPTH = 6, BYTES = 4096 };

#define BYTES_OF(literal) ((struct text){literal, sizeof(literal) - 1})
#define FIELDS(fields) "{\"type\":\"record\",\"name\":\"T\",\"fields\":[" fields "]}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":" type "}"

struct reading {
    struct decoder *decoder, *json; // for the record; for the event
    struct value value[PATHS_MOST];
    struct text path[PATHS_MOST];
    size_t n;
    struct buf record;
};

static struct decoder *decoder_for(const struct text *path, size_t n, bool registry) {
    struct decoder *d;
    assert_int_equal(decoder_create(&d, &(struct decoder_options){.paths = path,
                                                                  .n = n,
                                                                  .max_depth = DEPTH,
                                                                  .max_bytes = BYTES,
                                                                  .registry = registry}),
                     0);
    return d;
}

static void learn_avro(struct decoder *d, uint32_t id, const char *schema) {
    const struct text text = text_of(schema);
    decoder_learn(d, id, &(struct schema_source){SCHEMA_AVRO, &text, 1});
}

/* paths: separated by blanks. */
static struct reading reading_of(const char *schema, const char *paths) {
    struct reading r = {0};
    for (struct text rest = text_of(paths); rest.len;) {
        const char *blank = memchr(rest.at, ' ', rest.len);
        size_t n = blank ? (size_t)(blank - rest.at) : rest.len;
        r.path[r.n++] = (struct text){rest.at, n};
        n += blank != NULL;
        rest = (struct text){rest.at + n, rest.len - n};
    }
    r.decoder = decoder_for(r.path, r.n, true);
    r.json = decoder_for(r.path, r.n, false);
    learn_avro(r.decoder, ID, schema);
    return r;
}

static void reading_end(struct reading *r) {
    decoder_destroy(r->decoder);
    decoder_destroy(r->json);
    buf_release(&r->record);
}

/* Each from memory of its own length, so that a sanitizer sees a look beyond. */
static enum reason read_record(struct reading *r, struct text payload) {
    buf_release(&r->record);
    buf_add(&r->record, "\0\0\0\0\x21", 5);
    buf_text(&r->record, payload);
    char *exact = xmalloc(r->record.len);
    memcpy(exact, r->record.at, r->record.len);
    free(r->record.at);
    r->record.at = exact;
    r->record.cap = r->record.len;
    return decoder_read(r->decoder, buf_view(&r->record), r->value);
}

static void expect_same_value(const struct value *a, const struct value *b, struct text path) {
    bool same = a->kind == b->kind;
    if (a->kind == VALUE_TEXT) same = same && text_equal(a->text, b->text);
    if (a->kind == VALUE_NUMBER && b->kind == VALUE_NUMBER) {
        same = a->number == b->number || (float)a->number == (float)b->number;
        if (a->text.len) same = same && text_equal(a->text, b->text);
    }
    if (a->kind == VALUE_BOOL) same = same && a->number == b->number;
    if (!same) fail_msg("%.*s: kinds %d and %d", (int)path.len, path.at, a->kind, b->kind);
}

/* The record is read, and its event says the same. */
static void expect_event(struct reading *r, struct text payload, const char *event) {
    struct value again[PATHS_MOST];
    enum reason got = read_record(r, payload);
    struct text found = decoder_found(r->decoder);
    if (got) fail_msg("%s: %.*s", reason_name(got), (int)found.len, found.at);
    struct text json = decoder_select(r->decoder, buf_view(&r->record), &(struct selection){0});
    if (!text_equal(json, text_of(event))) fail_msg("%.*s, not %s", (int)json.len, json.at, event);
    assert_int_equal(decoder_read(r->json, json, again), REASON_NONE);
    for (size_t i = 0; i < r->n; i++) expect_same_value(&r->value[i], &again[i], r->path[i]);
}

static void expect_number(const struct reading *r, size_t i, double wanted) {
    assert_int_equal(r->value[i].kind, VALUE_NUMBER);
    assert_true(r->value[i].number == wanted);
}

/* ---- what is read ---- */

struct example {
    const char *schema, *paths;
    struct text record;
    const char *event;
};

static const struct example examples[] = {
    /* the specification's own: record, array, union */
    {FIELDS(FIELD("a", "\"long\"") "," FIELD("b", "\"string\"")), "/a /b",
     BYTES_OF("\x36\x06\x66\x6f\x6f"), "{\"a\":27,\"b\":\"foo\"}"},
    {FIELDS(FIELD("x", "{\"type\":\"array\",\"items\":\"long\"}")), "/x/0 /x/1 /x/2 /x",
     BYTES_OF("\x04\x06\x36\x00"), "{\"x\":[3,27]}"},
    {FIELDS(FIELD("u", "[\"null\",\"string\"]")), "/u", BYTES_OF("\x02\x02\x61"), "{\"u\":\"a\"}"},
    {FIELDS(FIELD("u", "[\"null\",\"string\"]")), "/u", BYTES_OF("\x00"), "{\"u\":null}"},
    /* integers: ends of ranges, and widths of every kind */
    {FIELDS(FIELD("a", "\"int\"") "," FIELD("b", "\"int\"") "," FIELD("c", "\"long\"")), "/a /b /c",
     BYTES_OF("\xff\xff\xff\xff\x0f\xfe\xff\xff\xff\x0f\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
     "{\"a\":-2147483648,\"b\":2147483647,\"c\":-9223372036854775808}"},
    {FIELDS(FIELD("a", "\"long\"") "," FIELD("b", "\"long\"") "," FIELD("c", "\"long\"")), "/c /a",
     BYTES_OF("\x80\x01\x80\x80\x80\x80\x80\x80\x80\x01\xac\x02"),
     "{\"a\":64,\"b\":281474976710656,\"c\":150}"},
    /* booleans, floats, doubles, null */
    {FIELDS(FIELD("t", "\"boolean\"") "," FIELD("f", "\"boolean\"") "," FIELD("n", "\"null\"")),
     "/t /f /n", BYTES_OF("\x01\x00"), "{\"t\":true,\"f\":false,\"n\":null}"},
    {FIELDS(FIELD("s", "\"float\"") "," FIELD("d", "\"double\"") "," FIELD("e", "\"double\"")),
     "/d /e /s",
     BYTES_OF("\xcd\xcc\xcc\x3d\x9a\x99\x99\x99\x99\x99\xb9\x3f\x00\x00\x00\x00\x00\x00\xf8\xbf"),
     "{\"s\":0.1,\"d\":0.1,\"e\":-1.5}"},
    /* enum, fixed, bytes */
    {FIELDS(
         FIELD("e", "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"UP\",\"DOWN\"]}") "," FIELD(
             "x", "{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}") "," FIELD("b", "\"bytes\"")),
     "/e /x /b",
     BYTES_OF("\x02"
              "abc"
              "\x08"
              "\x00\xff\x10\x20"),
     "{\"e\":\"DOWN\",\"x\":\"YWJj\",\"b\":\"AP8QIA==\"}"},
    /* decimals: of bytes and fixed, below zero, wider than 64 bits */
    {FIELDS(FIELD(
         "p",
         "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":"
         "2}") "," FIELD("q", "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":30,"
                              "\"scale\":10}")),
     "/p /q",
     BYTES_OF("\x04\xcf\xc7"
              "\x14\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01"),
     "{\"p\":-123.45,\"q\":472236648286.9645213697}"},
    {FIELDS(FIELD("p", "{\"type\":{\"type\":\"fixed\",\"name\":\"D\",\"size\":4},\"logicalType\":"
                       "\"decimal\",\"precision\":9,\"scale\":3}")),
     "/p", BYTES_OF("\x00\x00\x00\x05"), "{\"p\":0.005}"},
    /* times, in milliseconds */
    {FIELDS(FIELD("d", "{\"type\":\"int\",\"logicalType\":\"date\"}") "," FIELD(
         "m", "{\"type\":"
              "\"long\","
              "\"logicalType\":"
              "\"timestamp-"
              "millis\"}") "," FIELD("u", "{\"type\":\"long\",\"logicalType\":\"timestamp-"
                                          "micros\"}") "," FIELD("t", "{\"type\":"
                                                                      "\"int\","
                                                                      "\"logicalType\""
                                                                      ":\"time-"
                                                                      "millis\"}")),
     "/d /m /u /t",
     BYTES_OF("\xa4\x9b\x02"
              "\xf6\xf4\xb8\xfe\xf9\x62"
              "\x9e\xb0\xd0\xec\x83\x89\x85\x06"
              "\x02"),
     "{\"d\":1566432000000,\"m\":1700000111931,\"u\":1700000111922.191,\"t\":1}"},
    /* nested, and what lies between is skipped */
    {FIELDS(FIELD("in", "{\"type\":\"record\",\"name\":\"In\",\"fields\":[" FIELD(
                            "s", "\"string\"") "," FIELD("n", "\"int\"") "]}") "," FIELD("two",
                                                                                         "\"In\"")),
     "/two/n /in/s /in /two/none",
     BYTES_OF("\x02"
              "a"
              "\x02"
              "\x04"
              "bc"
              "\x04"),
     "{\"in\":{\"s\":\"a\",\"n\":1},\"two\":{\"s\":\"bc\",\"n\":2}}"},
    /* maps: blocks with and without a size; of equal keys the first counts */
    {FIELDS(FIELD("m", "{\"type\":\"map\",\"values\":\"int\"}")), "/m/b /m/c /m",
     BYTES_OF("\x01\x06\x02"
              "a"
              "\x02"
              "\x04\x02"
              "b"
              "\x04"
              "\x02"
              "b"
              "\x06"
              "\x00"),
     "{\"m\":{\"a\":1,\"b\":2,\"b\":3}}"},
    /* arrays of records, in two blocks */
    {FIELDS(FIELD("l", "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"I\","
                       "\"fields\":[" FIELD("v", "\"int\"") "," FIELD("w", "\"string\"") "]}}")),
     "/l/2/v /l/0/w /l/5/v /l/1",
     BYTES_OF("\x02\x02\x02"
              "p"
              "\x04\x04\x02"
              "q"
              "\x06\x02"
              "r"
              "\x00"),
     "{\"l\":[{\"v\":1,\"w\":\"p\"},{\"v\":2,\"w\":\"q\"},{\"v\":3,\"w\":\"r\"}]}"},
    /* a record that contains itself */
    {FIELDS(FIELD("v", "\"int\"") "," FIELD("next", "[\"null\",\"T\"]")),
     "/next/v /v /next/next /next/next/next/v", BYTES_OF("\x02\x02\x04\x02\x06\x00"),
     "{\"v\":1,\"next\":{\"v\":2,\"next\":{\"v\":3,\"next\":null}}}"},
    {FIELDS(FIELD("v", "\"int\"") "," FIELD("next", "[\"null\",\"T\"]")), "/v",
     BYTES_OF("\x02\x02\x04\x02\x06\x00"),
     "{\"v\":1,\"next\":{\"v\":2,\"next\":{\"v\":3,\"next\":null}}}"},
    /* namespaces: a name is looked for where it stands, and by its full name */
    {"{\"type\":\"record\",\"name\":\"a.b.T\",\"fields\":[" FIELD(
         "x", "{\"type\":\"enum\","
              "\"name\":\"E\",\"symbols\":"
              "[\"Q\"]}") "," FIELD("y", "\"E\"") "," FIELD("z", "\"a.b.E\"") "]}",
     "/x /y /z", BYTES_OF("\x00\x00\x00"), "{\"x\":\"Q\",\"y\":\"Q\",\"z\":\"Q\"}"},
    /* a union of records is the value alone; of a map at the root the keys are fields */
    {"[" FIELDS(FIELD("a", "\"int\"")) ",{\"type\":\"record\",\"name\":\"U\",\"fields\":[" FIELD(
         "b", "\"int\"") "]}]",
     "/a /b", BYTES_OF("\x02\x08"), "{\"b\":4}"},
    {"{\"type\":\"map\",\"values\":\"double\"}", "/k",
     BYTES_OF("\x02\x02k\x00\x00\x00\x00\x00\x00\xf0\x3f\x00"), "{\"k\":1}"},
    {FIELDS(""), "/a", BYTES_OF(""), "{}"},
    /* text beyond ASCII, and what JSON must escape */
    {FIELDS(FIELD("s", "\"string\"") "," FIELD("t", "\"string\"")), "/s /t",
     BYTES_OF("\x18"
              "na\xc3\xafve caf\xc3\xa9"
              "\x06"
              "\"\\\n"),
     "{\"s\":\"na\xc3\xafve caf\xc3\xa9\",\"t\":\"\\\"\\\\\\n\"}"},
    /* the same path twice, and neighbours that melt into one instruction */
    {FIELDS(FIELD("a", "\"double\"") "," FIELD("b", "\"double\"")), "/a /b /a",
     BYTES_OF("\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\x40"),
     "{\"a\":1,\"b\":2}"},
};

static void records_give_the_event_and_its_values(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct example *e = &examples[i];
        struct reading r = reading_of(e->schema, e->paths);
        expect_event(&r, e->record, e->event);
        expect_event(&r, e->record, e->event); // nothing is left of the one before
        reading_end(&r);
    }
}

/* ---- another program's records ---- */

static struct text line_of(FILE *file, char *line, size_t size) {
    if (!fgets(line, (int)size, file)) return (struct text){0};
    return (struct text){line, strcspn(line, "\n")};
}

static struct text bytes_of(struct text digits, char *out) {
    for (size_t i = 0; i < digits.len; i += 2) {
        char two[3] = {digits.at[i], digits.at[i + 1]};
        out[i / 2] = (char)strtoul(two, NULL, 16);
    }
    return (struct text){out, digits.len / 2};
}

static cJSON *tree_of(struct text json) {
    cJSON *tree = cJSON_ParseWithLength(json.at, json.len);
    assert_non_null(tree);
    return tree;
}

static void records_of_fastavro_are_read(void **state) {
    (void)state;
    enum { LINE = 16384 };
    static char schema[LINE], digits[LINE], event[LINE], bytes[LINE];
    FILE *file = fopen(SOURCE_DIR "/tests/vectors/fastavro.txt", "r");
    size_t n = 0;
    assert_non_null(file);
    for (; line_of(file, schema, LINE).at; n++) {
        struct text record = bytes_of(line_of(file, digits, LINE), bytes);
        schema[strcspn(schema, "\n")] = '\0';
        struct reading r = reading_of(schema, "/f0 /f1 /f2/f0 /f0/f1 /f3/k1");
        cJSON *wanted = tree_of(line_of(file, event, LINE));
        assert_int_equal(read_record(&r, record), REASON_NONE);
        cJSON *got =
            tree_of(decoder_select(r.decoder, buf_view(&r.record), &(struct selection){0}));
        if (!cJSON_Compare(wanted, got, true)) fail_msg("record %zu: not %s", n, event);
        cJSON_Delete(wanted);
        cJSON_Delete(got);
        reading_end(&r);
    }
    fclose(file);
    assert_true(n >= 50);
}

static void what_a_record_lacks_is_missing_whatever_came_before(void **state) {
    (void)state;
    struct reading r = reading_of(
        FIELDS(FIELD("o", "[\"null\",{\"type\":\"record\",\"name\":\"O\",\"fields\":[" FIELD(
                              "v", "\"int\"") "]}]")),
        "/o/v /absent");
    expect_event(&r, BYTES_OF("\x02\x0a"), "{\"o\":{\"v\":5}}");
    expect_number(&r, 0, 5);
    expect_event(&r, BYTES_OF("\x00"), "{\"o\":null}");
    assert_int_equal(r.value[0].kind, VALUE_MISSING);
    assert_int_equal(r.value[1].kind, VALUE_MISSING);
    reading_end(&r);
}

static void an_alias_finds_a_field_that_was_renamed(void **state) {
    (void)state;
    struct reading r = reading_of(
        FIELDS("{\"name\":\"amt\",\"aliases\":[\"amount\",\"b\"],\"type\":\"int\"}," FIELD(
            "b", "\"int\"")),
        "/amount /b");
    assert_int_equal(read_record(&r, BYTES_OF("\x02\x04")), REASON_NONE);
    expect_number(&r, 0, 1);
    expect_number(&r, 1, 2);
    reading_end(&r);
}

static void a_schema_is_read_with_those_that_it_refers_to(void **state) {
    (void)state;
    struct reading r = reading_of(FIELDS(""), "/in/v");
    const struct text texts[] = {TEXT("{\"type\":\"record\",\"name\":\"n.In\",\"fields\":["
                                      "{\"name\":\"v\",\"type\":\"int\"}]}"),
                                 TEXT(FIELDS(FIELD("in", "\"n.In\"")))};
    decoder_learn(r.decoder, ID, &(struct schema_source){SCHEMA_AVRO, texts, 2});
    expect_event(&r, BYTES_OF("\x0e"), "{\"in\":{\"v\":7}}");
    reading_end(&r);
}

/* ---- what is refused ---- */

struct fault {
    const char *schema;
    struct text record;
    enum reason reason;
    const char *said;
};

#define LIST(items) FIELDS(FIELD("x", "{\"type\":\"array\",\"items\":" items "}"))

static const struct fault faults[] = {
    {FIELDS(FIELD("x", "\"long\"")), BYTES_OF(""), REASON_NOT_AVRO, "middle of a value, at byte 5"},
    {FIELDS(FIELD("x", "\"long\"")), BYTES_OF("\x80"), REASON_NOT_AVRO, "middle of a value"},
    {FIELDS(FIELD("x", "\"long\"")), BYTES_OF("\x80\x80\x80\x80\x80\x80\x80\x80"), REASON_NOT_AVRO,
     "middle of a value"},
    {FIELDS(FIELD("x", "\"long\"")), BYTES_OF("\x80\x00"), REASON_NOT_AVRO, "more bytes than it"},
    {FIELDS(FIELD("x", "\"long\"")), BYTES_OF("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
     REASON_NOT_AVRO, "more bytes than it"},
    {FIELDS(FIELD("x", "\"long\"")), BYTES_OF("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
     REASON_NOT_AVRO, "more bytes than it"},
    {FIELDS(FIELD("x", "\"int\"")), BYTES_OF("\x80\x80\x80\x80\x10"), REASON_NOT_AVRO,
     "beyond 32 bits"},
    {FIELDS(FIELD("y", "\"int\"")), BYTES_OF("\x80\x80\x80\x80\x10"), REASON_NOT_AVRO,
     "beyond 32 bits"},
    {FIELDS(FIELD("x", "\"boolean\"")), BYTES_OF("\x02"), REASON_NOT_AVRO, "neither 0 nor 1"},
    {FIELDS(FIELD("y", "\"boolean\"")), BYTES_OF(""), REASON_NOT_AVRO, "middle of a value"},
    {FIELDS(FIELD("x", "\"double\"")), BYTES_OF("\0\0\0\0\0\0\0"), REASON_NOT_AVRO, "middle"},
    {FIELDS(FIELD("y", "\"double\"")), BYTES_OF("\0\0\0\0\0\0\0"), REASON_NOT_AVRO, "middle"},
    {FIELDS(FIELD("x", "\"double\"")), BYTES_OF("\0\0\0\0\0\0\xf8\x7f"), REASON_NOT_FINITE, ""},
    {FIELDS(FIELD("x", "\"float\"")), BYTES_OF("\0\0\x80\xff"), REASON_NOT_FINITE, ""},
    {FIELDS(FIELD("y", "\"double\"")), BYTES_OF("\0\0\0\0\0\0\xf8\x7f"), REASON_NONE, ""},
    {FIELDS(FIELD("x", "\"string\"")),
     BYTES_OF("\x04"
              "a"),
     REASON_NOT_AVRO, "middle of a value"},
    {FIELDS(FIELD("x", "\"string\"")),
     BYTES_OF("\x01"
              "a"),
     REASON_NOT_AVRO, "length is negative"},
    {FIELDS(FIELD("y", "\"string\"")),
     BYTES_OF("\x04\xc3"
              "a"),
     REASON_NOT_UTF8, "not UTF-8"},
    {FIELDS(FIELD("y", "\"string\"")),
     BYTES_OF("\x12"
              "12345678\xff"),
     REASON_NOT_UTF8, "not UTF-8"},
    {FIELDS(FIELD("y", "\"bytes\"")), BYTES_OF("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
     REASON_NOT_AVRO, "middle of a value"},
    {FIELDS(FIELD("x", "[\"null\",\"int\"]")), BYTES_OF("\x04\x02"), REASON_NOT_AVRO,
     "no such branch"},
    {FIELDS(FIELD("x", "[\"null\",\"int\"]")), BYTES_OF("\x01\x02"), REASON_NOT_AVRO,
     "no such branch"},
    {FIELDS(FIELD("x", "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}")), BYTES_OF("\x02"),
     REASON_NOT_AVRO, "no such symbol"},
    {LIST("\"int\""), BYTES_OF("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"), REASON_NOT_AVRO,
     "more entries than"},
    {LIST("\"int\""), BYTES_OF("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02"), REASON_NOT_AVRO,
     "more entries than"},
    {LIST("\"null\""), BYTES_OF("\xfe\xff\xff\xff\x0f\x00"), REASON_NOT_AVRO, "more entries than"},
    {LIST("\"int\""), BYTES_OF("\x01\x06\x02\x00"), REASON_NOT_AVRO, "another size"},
    {LIST("\"int\""), BYTES_OF("\x01\x01\x02\x00"), REASON_NOT_AVRO, "another size"},
    {LIST("\"int\""), BYTES_OF("\x02\x02"), REASON_NOT_AVRO, "middle of a value"},
    {FIELDS(FIELD("x", "\"int\"")), BYTES_OF("\x02\x00"), REASON_NOT_AVRO, "behind the record"},
    {FIELDS(FIELD("y", "[\"null\",\"T\"]")), BYTES_OF("\x02\x02\x02\x02\x02\x02\x00"),
     REASON_TOO_DEEP, "deeper"},
    {FIELDS(FIELD("y", "[\"null\",\"T\"]")), BYTES_OF("\x02\x02\x02\x02\x02\x00"), REASON_NONE, ""},
    {FIELDS(FIELD("x", "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":4}")),
     BYTES_OF("\x00"), REASON_NOT_AVRO, "decimal has no bytes"},
    {"[\"null\"," FIELDS("") "]", BYTES_OF("\x00"), REASON_NOT_AVRO, "no record"},
};

static void expect_found(struct decoder *d, enum reason got, enum reason wanted, const char *said) {
    struct text found = decoder_found(d);
    if (got != wanted || (!*said) != (!found.len) ||
        (*said && !memmem(found.at, found.len, said, strlen(said))))
        fail_msg("%s: %.*s, not %s: %s", reason_name(got), (int)found.len, found.at,
                 reason_name(wanted), said);
}

static void faulty_records_are_refused_and_it_is_said_why(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const struct fault *f = &faults[i];
        struct reading r = reading_of(f->schema, "/x");
        expect_found(r.decoder, read_record(&r, f->record), f->reason, f->said);
        if (f->reason && f->reason != REASON_NOT_FINITE)
            assert_true(
                text_equal(decoder_select(r.decoder, buf_view(&r.record), &(struct selection){0}),
                           TEXT("null")));
        reading_end(&r);
    }
}

/* Every beginning of a record is cut, whatever it ends in. */
static void no_beginning_of_a_record_is_one(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct example *e = &examples[i];
        struct reading r = reading_of(e->schema, e->paths);
        for (size_t n = 0; n < e->record.len; n++)
            assert_int_equal(read_record(&r, (struct text){e->record.at, n}), REASON_NOT_AVRO);
        reading_end(&r);
    }
}

struct bad_schema {
    const char *schema, *said;
};

static const struct bad_schema bad_schemas[] = {
    {"", "no JSON"},
    {"{\"type\":\"record\"", "no JSON"},
    {FIELDS(FIELD("x", "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"\xff\"]}")), "no JSON"},
    {"\"string\"", "no records"},
    {"7", "neither name, list nor object"},
    {"\"T\"", "does not define: \"T\""},
    {"{\"type\":\"record\",\"name\":\"T\"}", "no list of fields"},
    {"{\"type\":\"record\",\"fields\":[]}", "no name"},
    {FIELDS("{\"name\":\"x\"}"), "no name or no type"},
    {FIELDS(FIELD("x", "\"int\"") "," FIELD("x", "\"int\"")), "two fields of one name: \"x\""},
    {FIELDS(FIELD("x", "\"T\"")), "contains itself"},
    {FIELDS(FIELD("x", "[\"T\"]")), "contains itself"},
    {FIELDS(FIELD("x", "[]")), "no branch"},
    {FIELDS(FIELD("x", "[[\"int\"]]")), "branch of a union"},
    {FIELDS(FIELD("x", "{\"type\":\"array\"}")), "does not say of what"},
    {FIELDS(FIELD("x", "{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}")), "no size"},
    {FIELDS(FIELD("x", "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2000000000}")), "no size"},
    {FIELDS(FIELD("x", "{\"type\":\"enum\",\"name\":\"E\"}")), "no list of symbols"},
    {FIELDS(FIELD("x", "{\"type\":\"enum\",\"name\":\"T\",\"symbols\":[]}")), "defined twice"},
};

static void faulty_schemas_are_refused_and_it_is_said_why(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad_schemas / sizeof *bad_schemas; i++) {
        struct reading r = reading_of(bad_schemas[i].schema, "/x");
        expect_found(r.decoder, read_record(&r, BYTES_OF("\x00")), REASON_BAD_SCHEMA,
                     bad_schemas[i].said);
        reading_end(&r);
    }
}

/* A repeated part of a schema's text, n times inside itself. */
static void nest(struct buf *out, size_t n, const char *open, const char *core, const char *close) {
    for (size_t i = 0; i < n; i++) buf_str(out, open);
    buf_str(out, core);
    for (size_t i = 0; i < n; i++) buf_str(out, close);
}

static void large_schemas_are_bounded(void **state) {
    (void)state;
    struct buf s = {0};
    buf_str(&s, "{\"type\":\"map\",\"values\":");
    nest(&s, 200, "{\"type\":\"array\",\"items\":", "\"int\"", "}");
    buf_str(&s, "}");
    struct reading r = reading_of(buf_string(&s), "/x");
    expect_found(r.decoder, read_record(&r, BYTES_OF("\x00")), REASON_BAD_SCHEMA, "nest deeper");
    reading_end(&r);
    /* Each record holds the one before ten times: 10^9 in all, and not one byte. */
    buf_reset(&s);
    buf_str(&s, "{\"type\":\"record\",\"name\":\"R9\",\"fields\":[");
    for (int i = 8; i >= 0; i--)
        buf_printf(
            &s, "{\"name\":\"f\",\"type\":{\"type\":\"record\",\"name\":\"R%d\",\"fields\":[", i);
    for (int i = 0; i <= 8; i++) {
        buf_str(&s, "]}}");
        for (int k = 0; k < 9; k++) buf_printf(&s, ",{\"name\":\"g%d\",\"type\":\"R%d\"}", k, i);
    }
    buf_str(&s, "]}");
    r = reading_of(buf_string(&s), "/x");
    decoder_destroy(r.decoder);
    assert_int_equal(decoder_create(&r.decoder, &(struct decoder_options){.paths = r.path,
                                                                          .n = 1,
                                                                          .max_depth = 32,
                                                                          .max_bytes = BYTES,
                                                                          .registry = true}),
                     0);
    learn_avro(r.decoder, ID, buf_string(&s));
    expect_found(r.decoder, read_record(&r, BYTES_OF("")), REASON_NOT_AVRO, "more entries than");
    reading_end(&r);
    buf_release(&s);
}

/* A union along a pointer that names a record of nothing but nulls, again and again: no instruction
 * comes of it, so what is counted is work. */
static void the_work_of_compiling_is_bounded(void **state) {
    (void)state;
    enum { MANY = 20000 };
    struct buf s = {0};
    buf_str(&s,
            "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":["
            "{\"type\":\"record\",\"name\":\"N\",\"fields\":[{\"name\":\"f\",\"type\":\"null\"}");
    for (int i = 0; i < MANY; i++) buf_printf(&s, ",{\"name\":\"f%d\",\"type\":\"null\"}", i);
    buf_str(&s, "]}");
    for (int i = 0; i < MANY; i++) buf_str(&s, ",\"N\"");
    buf_str(&s, "]}]}");
    struct reading r = reading_of(buf_string(&s), "/a/x");
    expect_found(r.decoder, read_record(&r, BYTES_OF("\x00")), REASON_BAD_SCHEMA, "larger than");
    reading_end(&r);
    buf_release(&s);
}

/* ---- the header ---- */

static void a_header_is_told_from_json(void **state) {
    (void)state;
    static const struct text framed = TEXT("\0\0\0\0\x21{\"x\":1}"), plain = TEXT("{\"x\":1}"),
                             avro = TEXT("\0\0\0\0\x21\x02"), torn = TEXT("\0\0\0\0");
    static const struct text path = TEXT("/x");
    struct value v;
    uint32_t id;
    struct decoder *d;
    const struct {
        enum admit_format format;
        struct text value;
        enum reason reason;
        const char *said;
    } rows[] = {
        {ADMIT_FORMAT_AUTO, framed, REASON_NONE, ""},
        {ADMIT_FORMAT_AUTO, plain, REASON_NONE, ""},
        {ADMIT_FORMAT_AUTO, avro, REASON_UNKNOWN_SCHEMA,
         "a schema-registry header, id 33, and no admit.registry to ask"},
        {ADMIT_FORMAT_AUTO, torn, REASON_NOT_JSON, ""},
        {ADMIT_FORMAT_JSON, framed, REASON_NOT_JSON, "a schema-registry header, id 33"},
        {ADMIT_FORMAT_JSON, plain, REASON_NONE, ""},
        {ADMIT_FORMAT_REGISTRY, plain, REASON_UNKNOWN_SCHEMA, "no schema-registry header"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decoder_options o = {&path,          1,    DEPTH, BYTES, JSON_READER_AUTO,
                                    rows[i].format, false};
        assert_int_equal(decoder_create(&d, &o), 0);
        assert_false(decoder_lacks(d, rows[i].value, &id));
        expect_found(d, decoder_read(d, rows[i].value, &v), rows[i].reason, rows[i].said);
        decoder_destroy(d);
    }
}

static void a_schema_is_lacked_until_it_is_taught(void **state) {
    (void)state;
    static const struct text path = TEXT("/x"), framed = TEXT("\0\0\0\x01\x02{\"x\":1}");
    struct decoder *d = decoder_for(&path, 1, true);
    struct value v;
    uint32_t id = 0;
    assert_false(decoder_lacks(d, TEXT("{\"x\":1}"), &id));
    assert_true(decoder_lacks(d, framed, &id));
    assert_int_equal(id, 258);
    decoder_refuse(d, id, REASON_UNKNOWN_SCHEMA, "the registry knows no such schema");
    assert_false(decoder_lacks(d, framed, &id));
    expect_found(d, decoder_read(d, framed, &v), REASON_UNKNOWN_SCHEMA,
                 "schema id 258: the registry knows no such schema");
    decoder_tidy(d); // a refusal is asked about again
    assert_true(decoder_lacks(d, framed, &id));
    decoder_learn(d, id, &(struct schema_source){.kind = SCHEMA_JSON});
    assert_int_equal(decoder_read(d, framed, &v), REASON_NONE);
    assert_true(text_equal(decoder_select(d, framed, &(struct selection){0}), TEXT("{\"x\":1}")));
    decoder_tidy(d);
    assert_false(decoder_lacks(d, framed, &id));
    learn_avro(d, id, "[");
    decoder_tidy(d); // a schema never changes, so it is not read again
    assert_false(decoder_lacks(d, framed, &id));
    expect_found(d, decoder_read(d, framed, &v), REASON_BAD_SCHEMA, "schema id 258: it is no JSON");
    decoder_destroy(d);
}

static void those_used_longest_ago_are_forgotten(void **state) {
    (void)state;
    enum { MANY = 400 };
    static const struct text path = TEXT("/x");
    struct decoder *d = decoder_for(&path, 1, true);
    struct value v;
    char record[6] = {0, 0, 0, 0, 0, 2};
    struct text value = {record, sizeof record};
    uint32_t id;
    for (uint32_t i = 0; i < MANY; i++) learn_avro(d, i, FIELDS(FIELD("x", "\"int\"")));
    assert_int_equal(decoder_read(d, value, &v), REASON_NONE); // id 0, just used
    decoder_tidy(d);
    assert_false(decoder_lacks(d, value, &id));
    record[4] = 1;
    assert_true(decoder_lacks(d, value, &id));
    record[3] = MANY / 256;
    record[4] = (char)(MANY % 256 - 1);
    assert_false(decoder_lacks(d, value, &id));
    decoder_destroy(d);
}

/* A few large ones are as much as many small ones. */
static void those_that_weigh_too_much_are_forgotten(void **state) {
    (void)state;
    enum { MANY = 200, WIDE = 4000, KEPT_AT_LEAST = 20 };
    static const struct text path = TEXT("/x");
    struct decoder *d = decoder_for(&path, 1, true);
    struct buf schema = {0};
    char record[6] = {0, 0, 0, 0, 0, 2};
    uint32_t id, kept = 0;
    buf_str(&schema, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[");
    for (int i = 0; i < WIDE; i++)
        buf_printf(&schema, "{\"name\":\"a_long_name_of_a_field_%d\",\"type\":\"long\"},", i);
    buf_str(&schema, "{\"name\":\"x\",\"type\":\"int\"}]}");
    for (uint32_t i = 0; i < MANY; i++) learn_avro(d, i, buf_string(&schema));
    decoder_tidy(d);
    for (int i = 0; i < MANY; i++) {
        record[4] = (char)i;
        bool is_kept = !decoder_lacks(d, (struct text){record, sizeof record}, &id);
        if (kept) assert_true(is_kept); // the newest ones
        kept += is_kept;
    }
    assert_in_range(kept, KEPT_AT_LEAST, MANY - KEPT_AT_LEAST);
    buf_release(&schema);
    decoder_destroy(d);
}

static void fields_are_chosen_and_masked_as_in_json(void **state) {
    (void)state;
    struct reading r = reading_of(
        FIELDS(FIELD("a", "\"int\"") "," FIELD("b", "\"string\"") "," FIELD("c", "\"int\"")), "/a");
    static const struct text fields[] = {TEXT("/a"), TEXT("/b")}, mask[] = {TEXT("/b")};
    assert_int_equal(read_record(&r, BYTES_OF("\x02\x02"
                                              "s"
                                              "\x04")),
                     REASON_NONE);
    struct text shown =
        decoder_select(r.decoder, buf_view(&r.record), &(struct selection){fields, mask, 2, 1});
    assert_true(text_equal(shown, TEXT("{\"a\":1,\"b\":\"***\"}")));
    reading_end(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_give_the_event_and_its_values),
        cmocka_unit_test(records_of_fastavro_are_read),
        cmocka_unit_test(what_a_record_lacks_is_missing_whatever_came_before),
        cmocka_unit_test(an_alias_finds_a_field_that_was_renamed),
        cmocka_unit_test(a_schema_is_read_with_those_that_it_refers_to),
        cmocka_unit_test(faulty_records_are_refused_and_it_is_said_why),
        cmocka_unit_test(no_beginning_of_a_record_is_one),
        cmocka_unit_test(faulty_schemas_are_refused_and_it_is_said_why),
        cmocka_unit_test(large_schemas_are_bounded),
        cmocka_unit_test(the_work_of_compiling_is_bounded),
        cmocka_unit_test(a_header_is_told_from_json),
        cmocka_unit_test(a_schema_is_lacked_until_it_is_taught),
        cmocka_unit_test(those_used_longest_ago_are_forgotten),
        cmocka_unit_test(those_that_weigh_too_much_are_forgotten),
        cmocka_unit_test(fields_are_chosen_and_masked_as_in_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
