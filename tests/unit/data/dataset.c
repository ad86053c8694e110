/* Files as samples: what CSV may look like and what is refused, which types cells have, ids that
 * come back as they went, and a configuration that fits. */
#include "data/dataset.h"

#include "admit/decoder.h"
#include "config/config.h"
#include "encode/features.h"
#include "unit/test.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* ---- helpers ---- */

static char directory[] = "/tmp/winnowd-dataset-XXXXXX", file[64];

static int make_directory(void **state) {
    (void)state;
    if (!mkdtemp(directory)) return -1;
    snprintf(file, sizeof file, "%s/data", directory);
    return 0;
}

static int remove_directory(void **state) {
    (void)state;
    unlink(file);
    return rmdir(directory);
}

static void write_bytes(struct text content) {
    FILE *f = fopen(file, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(content.at, 1, content.len, f), content.len);
    fclose(f);
}

static void write_gz(struct text content) {
    gzFile f = gzopen(file, "wb1");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, content.at, (unsigned)content.len), (int)content.len);
    gzclose(f);
}

static struct dataset *opened(struct text content, struct dataset_options o) {
    struct dataset *d = NULL;
    struct buf why = {0};
    write_bytes(content);
    o.file = file;
    if (dataset_open(&d, &o, &why) < 0) fail_msg("%s", buf_string(&why));
    buf_release(&why);
    return d;
}

static void expect_event(struct dataset *d, const char *event, const char *id, const char *label) {
    struct dataset_sample s;
    struct buf why = {0};
    if (dataset_next(d, &s, &why) != 1)
        fail_msg("no sample where %s should be: %s", event, buf_string(&why));
    if (!text_equal(s.event, text_of(event)))
        fail_msg("%.*s, not %s", (int)s.event.len, s.event.at, event);
    if (!text_equal(s.id, text_of(id))) fail_msg("id %.*s, not %s", (int)s.id.len, s.id.at, id);
    if (!text_equal(s.label, text_of(label)))
        fail_msg("label %.*s, not %s", (int)s.label.len, s.label.at, label);
    buf_release(&why);
}

static void expect_end(struct dataset *d) {
    struct dataset_sample s;
    struct buf why = {0};
    assert_int_equal(dataset_next(d, &s, &why), 0);
    assert_int_equal(why.len, 0);
    dataset_close(d);
}

/* Opening or reading on to the end fails with this error, and *why holds the words. */
static void expect_refusal(struct dataset_options o, int error, const char *words) {
    struct dataset *d = NULL;
    struct dataset_sample s;
    struct buf why = {0};
    o.file = file;
    int result = dataset_open(&d, &o, &why);
    assert_true(result == 0 || d == NULL);
    if (result == 0)
        while ((result = dataset_next(d, &s, &why)) == 1) {
        }
    if (result != error || !strstr(buf_string(&why), words))
        fail_msg("%d %s: \"%s\", not \"%s\"", result, error_name(result), buf_string(&why), words);
    dataset_close(d);
    buf_release(&why);
}

static bool reading_fails(void) {
    struct dataset *d = NULL;
    struct dataset_sample s;
    struct buf why = {0};
    int result = dataset_open(&d, &(struct dataset_options){.file = file}, &why);
    if (result == 0)
        while ((result = dataset_next(d, &s, &why)) == 1) {
        }
    bool told = why.len > 0;
    dataset_close(d);
    buf_release(&why);
    return (result == ERR_INPUT || result == ERR_IO) && told;
}

static void refused(struct text content, struct dataset_options o, const char *words) {
    write_bytes(content);
    expect_refusal(o, ERR_INPUT, words);
}

static const struct dataset_options plain = {0}, labelled = {.label = "y"};

/* ---- CSV ---- */

static void rows_become_flat_objects(void **state) {
    (void)state;
    struct dataset *d = opened(TEXT("a,y,b,c\n1.50,up,x,\n-2e3,down,,7\n0.1,,z,8\n"), labelled);
    expect_event(d, "{\"row\":1,\"a\":1.50,\"b\":\"x\",\"c\":null}", "1", "up");
    expect_event(d, "{\"row\":2,\"a\":-2e3,\"b\":null,\"c\":7}", "2", "down");
    expect_event(d, "{\"row\":3,\"a\":0.1,\"b\":\"z\",\"c\":8}", "3", NULL); // no label
    expect_end(d);
}

static void quotes_and_line_ends_are_those_of_rfc_4180(void **state) {
    (void)state;
    static const struct text same[] = {
        TEXT("a,b\n1,x\n2,y\n"),
        TEXT("a,b\r\n1,x\r\n2,y\r\n"),
        TEXT("a,b\n1,x\n2,y"),
        TEXT("\xEF\xBB\xBF"
             "a,b\n1,x\n2,y\n"),
        TEXT("\"a\",\"b\"\n\"1\",\"x\"\n\"2\",\"y\""),
        TEXT("a,b\n1,x\n2,y\n\n\r\n\n"),
        TEXT("a,b\n1,x\r\n2,\"y\"\r\n"),
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct dataset *d = opened(same[i], plain);
        expect_event(d, "{\"row\":1,\"a\":1,\"b\":\"x\"}", "1", NULL);
        expect_event(d, "{\"row\":2,\"a\":2,\"b\":\"y\"}", "2", NULL);
        expect_end(d);
    }
    struct dataset *d =
        opened(TEXT("t,u\n\"a,b\",\"\"\"q\"\"\"\n\"line\nbreak\r\n\",\"\"\n,\"a\"\"b\"\n"), plain);
    expect_event(d, "{\"row\":1,\"t\":\"a,b\",\"u\":\"\\\"q\\\"\"}", "1", NULL);
    expect_event(d, "{\"row\":2,\"t\":\"line\\nbreak\\r\\n\",\"u\":null}", "2", NULL);
    expect_event(d, "{\"row\":3,\"t\":null,\"u\":\"a\\\"b\"}", "3", NULL);
    expect_end(d);
    d = opened(TEXT("x\n1\n\n3\n"), plain); // in one column an empty line is an empty cell
    expect_event(d, "{\"row\":1,\"x\":1}", "1", NULL);
    expect_event(d, "{\"row\":2,\"x\":null}", "2", NULL);
    expect_event(d, "{\"row\":3,\"x\":3}", "3", NULL);
    expect_end(d);
    d = opened(TEXT("\nx\n1\n"), plain); // but not where the header is expected
    expect_event(d, "{\"row\":1,\"x\":1}", "1", NULL);
    expect_end(d);
    expect_end(opened(TEXT("a,b\n"), plain));
    expect_end(opened(TEXT("a,b"), plain));
}

static void rows_that_can_be_read_two_ways_are_refused(void **state) {
    (void)state;
    refused(TEXT("a,b\n1,2\n3\n"), plain, "row 2 (line 3) has 1 cell where the header has 2");
    refused(TEXT("a,b\n1,2\n3,4,5\n"), plain, "row 2 (line 3) has 3 cells where the header has 2");
    refused(TEXT("a,b\n1,2,\n"), plain, "row 1 (line 2) has 3 cells");
    refused(TEXT("a,b\n\"x\n\ny\",2\n3\n"), plain,
            "row 2 (line 5) has 1 cell"); // lines are counted inside quotes too
    refused(TEXT("a,b\n1,\"x\n2,y\n"), plain, "row 1 (line 2) has a quote that is never closed");
    refused(TEXT("a,b\n1,\"x\"y\n"), plain, "row 1 (line 2) has text behind a closing quote");
    refused(TEXT("a,b\n1,\"x\" z\n"), plain, "row 1 (line 2) has text behind a closing quote");
    refused(TEXT("a,b\n1,x\ry\n"), plain,
            "row 1 (line 2) has a carriage return without a line feed");
    refused(TEXT(""), plain, "is empty");
    refused(TEXT("\n\n"), plain, "is empty");
    refused(TEXT("a,b\n1\n"), ((struct dataset_options){.limit = 1}),
            "row 1"); // in the scan already
}

/* I11: a quote that is never closed must not swallow the file. */
static void memory_is_bounded_by_the_row(void **state) {
    (void)state;
    enum { LARGE = 40 << 20 };
    char *large = xmalloc(LARGE);
    memset(large, 'x', LARGE);
    memcpy(large, "a,b\n1,\"", 7);
    write_gz((struct text){large, LARGE});
    expect_refusal(plain, ERR_INPUT, "row 1 (line 2) is longer than 16 MiB");
    large[6] = 'x';
    write_gz((struct text){large, LARGE});
    expect_refusal(plain, ERR_INPUT, "row 1 (line 2) is longer than 16 MiB");
    memset(large, ',', 1 << 20);
    write_bytes((struct text){large, 1 << 20});
    expect_refusal(plain, ERR_INPUT, "the header has more than 65536 cells");
    memset(large, ' ', LARGE);
    large[0] = '{';
    write_gz((struct text){large, LARGE});
    expect_refusal(plain, ERR_INPUT, "row 1 (line 1) is longer than 16 MiB");
    free(large);
}

static void gzip_reads_the_same_and_damage_is_told(void **state) {
    (void)state;
    struct buf csv = {0};
    buf_str(&csv, "a,b\n");
    for (int i = 1; i <= 30000; i++) buf_printf(&csv, "%d,%d\n", i, i * 7919 % 10007);
    write_gz(buf_view(&csv));
    struct dataset *d = NULL;
    struct dataset_sample s;
    struct buf why = {0}, packed = {0};
    assert_int_equal(dataset_open(&d, &(struct dataset_options){.file = file}, &why), 0);
    assert_int_equal(dataset_rows(d), 30000);
    for (int i = 1; i <= 30000; i++) {
        char event[64];
        assert_int_equal(dataset_next(d, &s, &why), 1);
        snprintf(event, sizeof event, "{\"row\":%d,\"a\":%d,\"b\":%d}", i, i, i * 7919 % 10007);
        assert_true(text_equal(s.event, text_of(event)));
    }
    expect_end(d);
    FILE *f = fopen(file, "rb");
    for (int byte; (byte = fgetc(f)) != EOF;) buf_add(&packed, &(char){(char)byte}, 1);
    fclose(f);
    for (size_t cut = packed.len - 1; cut > 100; cut = cut * 2 / 3) {
        write_bytes((struct text){packed.at, cut});
        expect_refusal(plain, ERR_IO, "the compressed data is cut off");
    }
    for (size_t at = 20; at < packed.len;
         at += packed.len / 40) { // what comes out may look wrong first, or only its checksum is
        packed.at[at] ^= 0x55;
        write_bytes(buf_view(&packed));
        packed.at[at] ^= 0x55;
        assert_true(reading_fails());
    }
    unlink(file);
    expect_refusal(plain, ERR_IO, "No such file");
    assert_int_equal(mkfifo(file, 0600), 0);
    expect_refusal(plain, ERR_IO, "is a pipe"); // and does not wait for who writes into it
    unlink(file);
    buf_release(&packed);
    buf_release(&csv);
    buf_release(&why);
}

/* ---- types ---- */

static struct config *configured(struct dataset *d);

static void cells_are_numbers_when_they_read_as_decimals(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        // the cell, and how it is sent
        {"5", "5"},
        {"-0.50", "-0.50"},
        {"1E5", "1E5"},
        {" 5", "5"},
        {"5 \t", "5"},
        {"+5", "5"},
        {".5", "0.5"},
        {"-.5", "-0.5"},
        {"5.", "5"},
        {"007", "7"},
        {"-00.5", "-0.5"},
        {"1.e2", "100"},
        {"12345678901234567890", "12345678901234567890"},
        {"1e-400", "1e-400"},
        {"", "null"},
        {"  ", "null"},
        {"0x10", "\"0x10\""},
        {"inf", "\"inf\""},
        {"nan", "\"nan\""},
        {"1e999", "\"1e999\""},
        {"1 2", "\"1 2\""},
        {"1,5", "1.5"},
        {"1e", "\"1e\""},
        {"-", "\"-\""},
        {".", "\".\""},
        {"+", "\"+\""},
        {"e5", "\"e5\""},
        {"5x", "\"5x\""},
        {"--5", "\"--5\""},
        {"1e+", "\"1e+\""},
        {".e5", "\".e5\""},
        {"true", "\"true\""},
        {"1_000", "\"1_000\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char csv[64], event[64];
        snprintf(csv, sizeof csv, "a,b\n\"%s\",1\n", cases[i][0]);
        snprintf(event, sizeof event, "{\"row\":1,\"a\":%s,\"b\":1}", cases[i][1]);
        struct dataset *d = opened(text_of(csv), plain);
        expect_event(d, event, "1", NULL);
        expect_end(d);
    }
}

static void one_text_makes_the_whole_column_text(void **state) {
    (void)state;
    struct dataset *d = opened(TEXT("a,b\n1,1\n 2,2\n,3\nx,4\n"), plain);
    expect_event(d, "{\"row\":1,\"a\":\"1\",\"b\":1}", "1", NULL);
    expect_event(d, "{\"row\":2,\"a\":\" 2\",\"b\":2}", "2", NULL); // a text keeps its spaces
    expect_event(d, "{\"row\":3,\"a\":null,\"b\":3}", "3", NULL);
    expect_event(d, "{\"row\":4,\"a\":\"x\",\"b\":4}", "4", NULL);
    expect_end(d);
    d = opened(TEXT("a,b\n\"q\"\"\xC3\xA9\x01\t\",\"bad \xFF\"\n"), plain);
    expect_event(d, "{\"row\":1,\"a\":\"q\\\"\xC3\xA9\\u0001\\t\",\"b\":\"bad \xC3\xBF\"}", "1",
                 NULL);
    expect_end(d);
}

/* Other programs write an empty number as a word; among texts the same word may be one of them. */
static void words_for_nothing_are_empty_among_numbers(void **state) {
    (void)state;
    static const char *const words[] = {"NA", "n/a", "NaN", "null", "None", " ? ", "-inf"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char csv[64], text[64];
        snprintf(csv, sizeof csv, "a,b,y\n%s,%s,0\n2,x,1\n", words[i], words[i]);
        snprintf(text, sizeof text, "{\"row\":1,\"a\":null,\"b\":\"%s\"}", words[i]);
        struct dataset *d = opened(text_of(csv), labelled);
        struct config *c = configured(d);
        expect_event(d, text, "1", "0");
        assert_int_equal(c->features_n, 2);
        assert_true(c->features[0].type == FEATURE_NUMBER && c->features[0].missing);
        assert_true(c->features[1].type == FEATURE_CATEGORY && !c->features[1].missing);
        config_destroy(c);
        dataset_close(d);
    }
    struct dataset *d = opened(TEXT("a,b\nNA,1\nNA,2\n"), plain); // not one number: words
    expect_event(d, "{\"row\":1,\"a\":\"NA\",\"b\":1}", "1", NULL);
    dataset_close(d);
    d = opened(TEXT("a,y\n1,0\n2,1\nNA,0\n"),
               labelled); // known to be one of many before the word came
    struct config *c = configured(d);
    assert_true(c->features[0].missing);
    config_destroy(c);
    dataset_close(d);
}

/* One text among thousands of numbers is a slip, wherever it stands: it is missing, and that is
 * said. */
static void a_stray_text_among_numbers_is_missing(void **state) {
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct buf csv = {0};
        struct dataset_sample s;
        buf_str(&csv, "a,b\n");
        for (int i = 1; i <= DATASET_SCAN_ROWS + 1; i++)
            buf_str(&csv, i == DATASET_SCAN_ROWS + late ? "oops,1\n" : "5,1\n");
        struct dataset *d = opened(buf_view(&csv), plain);
        expect_event(d, "{\"row\":1,\"a\":5,\"b\":1}", "1", NULL);
        const char *early = dataset_remarks(d);
        char *line = xasprintf("\"oops\" in line %d", DATASET_SCAN_ROWS + late + 1);
        assert_int_equal(late, !strstr(early, line));
        assert_int_equal(late, !*early);
        for (int i = 2; i <= DATASET_SCAN_ROWS + late; i++)
            assert_int_equal(dataset_next(d, &s, NULL), 1);
        assert_non_null(memmem(s.event.at, s.event.len, "\"a\":null,", 9));
        assert_int_equal(late, strstr(dataset_remarks(d), line) != NULL);
        free(line);
        dataset_close(d);
        buf_release(&csv);
    }
}

/* What a column holds that begins late, as one that was added to a form, is told by its first
 * cells. */
static void a_column_that_begins_late_is_what_it_holds(void **state) {
    (void)state;
    static const char *const cells[][2] = {{"", ""}, {"NA", "NA"}, {"yes", "2.5"}, {"no", "1.5"}};
    struct buf csv = {0};
    struct dataset_sample s;
    buf_str(&csv, "a,b,none,y\n");
    for (int i = 0; i < 3 * DATASET_SCAN_ROWS; i++) {
        const char *const *c = cells[i % 2 + 2 * (i >= DATASET_SCAN_ROWS + 9)];
        buf_printf(&csv, "%s,%s,,%d\n", c[0], c[1], i % 3 == 0);
    }
    buf_str(&csv, "no,x,,1\n"); // behind all that is looked at
    struct dataset *d = opened(buf_view(&csv), labelled);
    struct config *c = configured(d);
    assert_string_equal(dataset_left_out(d), "none (is empty)");
    assert_int_equal(c->features_n, 2);
    assert_int_equal(c->features[0].type, FEATURE_CATEGORY);
    assert_int_equal(c->features[0].values.n, 3); // among texts NA may be one of them
    assert_int_equal(c->features[1].type, FEATURE_NUMBER);
    for (int i = 0; i <= DATASET_SCAN_ROWS + 9; i++) assert_int_equal(dataset_next(d, &s, NULL), 1);
    assert_non_null(memmem(s.event.at, s.event.len, "\"a\":\"no\",\"b\":1.5,", 17));
    config_destroy(c);
    dataset_close(d);
    buf_release(&csv);
}

/* What is behind the rows that a column is told by does not count, whoever else is waited for. */
static void columns_that_begin_late_are_told_one_by_one(void **state) {
    (void)state;
    struct buf csv = {0};
    buf_str(&csv, "x,a,none,y\n");
    for (int i = 0; i < 4 * DATASET_SCAN_ROWS; i++) {
        bool begun = i >= DATASET_SCAN_ROWS + 5, words = i >= 2 * DATASET_SCAN_ROWS + 50;
        buf_printf(&csv, "%d,%s,,%d\n", i % 7, !begun ? "" : words ? "word" : "2.5", i % 3 == 0);
    }
    struct dataset *d = opened(buf_view(&csv), labelled);
    struct config *c = configured(d);
    assert_int_equal(c->features_n, 2);
    assert_int_equal(c->features[1].type, FEATURE_NUMBER);
    config_destroy(c);
    dataset_close(d);
    buf_release(&csv);
}

/* ---- columns, ids, limits ---- */

/* The daemon reads from the event the very id that the dataset gave. */
static void a_pointer_leads_to_a_column(void **state) {
    (void)state;
    struct dataset *d = opened(TEXT("a/b,c,y,gone\n1,2,3,4\n"),
                               (struct dataset_options){.label = "y", .drop = "gone"});
    static const struct {
        const char *pointer;
        enum dataset_field csv, json;
    } cases[] = {{"/a~1b", FIELD_THERE, FIELD_THERE},
                 {"/a/b", FIELD_UNKNOWN, FIELD_THERE},
                 {"/c", FIELD_THERE, FIELD_THERE},
                 {"/row", FIELD_THERE, FIELD_THERE},
                 {"/y", FIELD_LABEL, FIELD_LABEL},
                 {"/gone", FIELD_DROPPED, FIELD_DROPPED},
                 {"/gone/on", FIELD_DROPPED, FIELD_DROPPED},
                 {"/none", FIELD_UNKNOWN, FIELD_THERE},
                 {"", FIELD_UNKNOWN, FIELD_THERE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(dataset_field(d, text_of(cases[i].pointer)), cases[i].csv);
    dataset_close(d);
    d = opened(TEXT("{\"a\":1,\"y\":3}\n"), (struct dataset_options){.label = "y", .drop = "gone"});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(dataset_field(d, text_of(cases[i].pointer)), cases[i].json);
    dataset_close(d);
}

static void ids_come_back_as_they_went(void **state) {
    (void)state;
    static const char *const columns[] = {"1,7,0,-3,12345678901234567890123",
                                          "7,007,+7,7.0, 7,1e3,-0", "a,b c,\xC3\xA9,,", "1,x,3"};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        struct buf csv = {0}, why = {0};
        struct dataset_sample s;
        struct value id;
        struct decoder *decoder;
        const struct text path = TEXT("/k~1~0");
        buf_str(&csv, "b,k/~,y\n");
        char *list = xstrdup(columns[i]), *at = list;
        for (char *one; (one = strsep(&at, ","));)
            if (*one) buf_printf(&csv, "1,%s,up\n", one);
        struct dataset *d =
            opened(buf_view(&csv), (struct dataset_options){.label = "y", .id = "k/~"});
        assert_int_equal(decoder_create(&decoder, &(struct decoder_options){.paths = &path,
                                                                            .n = 1,
                                                                            .max_depth = 32,
                                                                            .max_bytes = 1 << 20}),
                         0);
        while (dataset_next(d, &s, &why) == 1) {
            assert_int_equal(decoder_read(decoder, s.event, &id), REASON_NONE);
            assert_true(id.kind == VALUE_TEXT || !memchr(id.text.at, '.', id.text.len));
            if (!text_equal(id.text, s.id)) fail_msg("%.*s", (int)s.event.len, s.event.at);
            assert_null(memmem(s.event.at, s.event.len, "\"row\"", 5)); // an id is enough
        }
        decoder_destroy(decoder);
        dataset_close(d);
        free(list);
        buf_release(&csv);
        buf_release(&why);
    }
    struct dataset *d = opened(TEXT("k,x\n5,1\n007,2\n"), (struct dataset_options){.id = "k"});
    expect_event(d, "{\"k\":5,\"x\":1}", "5", NULL);
    expect_event(d, "{\"k\":\"007\",\"x\":2}", "007", NULL);
    expect_end(d);
    refused(TEXT("k,x\n5,1\n,2\n"), (struct dataset_options){.id = "k"}, "row 2 has an empty id");
}

static void columns_are_left_out_and_wrong_names_told(void **state) {
    (void)state;
    refused(TEXT("a:b:y\n1:2:0\n"), labelled,
            "there is no column \"y\"; there is only one: say what separates its cells");
    refused(TEXT("a,b,class\n1,2,0\n"), labelled,
            "there is no column \"y\"; there are: \"a\", \"b\", \"class\"");
    refused(TEXT("\xFF\xFE"
                 "a,b"),
            plain, "the file is UTF-16; UTF-8 is expected");
    static const struct text csv = TEXT("alpha,beta,gamma,y\n1,2,3,u\n");
    struct dataset *d = opened(csv, (struct dataset_options){.label = "y", .drop = "gamma,alpha"});
    expect_event(d, "{\"row\":1,\"beta\":2}", "1", "u");
    expect_end(d);
    d = opened(csv, (struct dataset_options){.label = "y", .id = "alpha", .drop = ",beta,,gamma,"});
    expect_event(d, "{\"alpha\":1}", "1", "u");
    expect_end(d);
    refused(csv, (struct dataset_options){.label = "Y2"}, "there is no column \"Y2\"");
    refused(csv, (struct dataset_options){.label = "gama"}, "did you mean \"gamma\"?");
    refused(csv, (struct dataset_options){.id = "alfa"},
            "there is no column \"alfa\"; did you mean \"alpha\"?");
    refused(csv, (struct dataset_options){.drop = "alpha,betta"},
            "there is no column \"betta\"; did you mean \"beta\"?");
    refused(csv, (struct dataset_options){.label = "y", .drop = "y"},
            "column \"y\" is asked for twice");
    refused(csv, (struct dataset_options){.label = "y", .id = "y"},
            "column \"y\" is asked for twice");
    refused(TEXT("a,row\n1,2\n"), plain, "column \"row\" has the name of the row's number");
    refused(TEXT("a,b\0c\n1,2\n"), plain, "has a name that is not text");
    d = opened(TEXT("a,row\n1,2\n"), (struct dataset_options){.id = "row"});
    expect_event(d, "{\"a\":1,\"row\":2}", "2", NULL);
    expect_end(d);
    d = opened(TEXT(",a,\n1,2,3\n"), (struct dataset_options){.drop = "column_3"});
    expect_event(d, "{\"row\":1,\"column_1\":1,\"a\":2}", "1", NULL);
    expect_end(d);
}

static void a_limit_ends_the_file_early(void **state) {
    (void)state;
    static const struct text csv =
        TEXT("a,b\n1,1\n2,2\n3,3\noops,4\n5\n"); // ragged beyond the limit
    struct dataset *d = opened(csv, (struct dataset_options){.limit = 3});
    expect_event(d, "{\"row\":1,\"a\":1,\"b\":1}", "1", NULL);
    assert_int_equal(dataset_rows(d), 3); // counting does not move the reader
    assert_int_equal(dataset_rows(d), 3);
    expect_event(d, "{\"row\":2,\"a\":2,\"b\":2}", "2", NULL);
    expect_event(d, "{\"row\":3,\"a\":3,\"b\":3}", "3", NULL);
    expect_end(d);
    d = opened(TEXT("a,b\n1,1\n2,2\n"), (struct dataset_options){.limit = 100});
    assert_int_equal(dataset_rows(d), 2);
    dataset_close(d);
}

/* Whoever has looked at a few rows goes back; a limit counts anew. */
static void rows_are_read_again_from_the_first(void **state) {
    (void)state;
    static const struct text files[] = {TEXT("a,b\n1,1\n2,2\n3,3\n"),
                                        TEXT("{\"row\":1,\"a\":1,\"b\":1}\n"
                                             "{\"row\":2,\"a\":2,\"b\":2}\n3\n")};
    for (size_t i = 0; i < 2; i++) {
        struct dataset *d = opened(files[i], (struct dataset_options){.limit = 2});
        struct buf why = {0};
        for (int again = 0; again < 2; again++) {
            expect_event(d, "{\"row\":1,\"a\":1,\"b\":1}", "1", NULL);
            if (again) expect_event(d, "{\"row\":2,\"a\":2,\"b\":2}", "2", NULL);
            else assert_int_equal(dataset_rewind(d, &why), 0);
        }
        expect_end(d);
        buf_release(&why);
    }
}

/* ---- configuration ---- */

static struct config *configured(struct dataset *d) {
    struct buf yaml = {0}, why = {0};
    struct config *c = NULL;
    buf_str(&yaml, "# before\n");
    if (dataset_config(d, &yaml, &why) < 0) fail_msg("%s", buf_string(&why));
    if (config_parse(&c, "made", buf_view(&yaml), &why) < 0)
        fail_msg("%s\n%s", buf_string(&why), buf_string(&yaml));
    assert_true(strncmp(buf_string(&yaml), "# before\nadmit:", 15) == 0);
    buf_release(&yaml);
    buf_release(&why);
    return c;
}

static void expect_list(const struct list *list, const char *const *texts, size_t n) {
    assert_int_equal(list->n, n);
    for (size_t i = 0; i < n; i++) assert_string_equal(list->at[i], texts[i]);
}

#define EXPECT_LIST(list, ...)                                                                     \
    expect_list(list, (const char *const[]){__VA_ARGS__},                                          \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void the_configuration_says_what_the_columns_are(void **state) {
    (void)state;
    struct dataset *d = opened(TEXT("n,gaps,same,cat,catgaps,empty,onegap,one,y,dropped,equal\n"
                                    "1,1,5,b,x10,,7,z,up,1,1\n2,,5,a,,,,z,down,2,1.0\n3,3,5,b,x9,,"
                                    "7,z,up,3,1e0\n4,4,5,c,x9,,7,z,,4,1\n"),
                               (struct dataset_options){.label = "y", .drop = "dropped"});
    struct config *c = configured(d);
    EXPECT_LIST(&c->model.classes, "down", "up");
    assert_string_equal(c->model.positive, "down"); // the rarer
    assert_string_equal(c->admit.id, "/row");
    assert_int_equal(c->features_n,
                     5); // columns that never change say nothing, nor does an empty one
    static const struct {
        const char *name;
        int type, values, missing;
    } expected[] = {{"n", FEATURE_NUMBER, 0, 0},
                    {"gaps", FEATURE_NUMBER, 0, 1},
                    {"cat", FEATURE_CATEGORY, 3, 0},
                    {"catgaps", FEATURE_CATEGORY, 2, 1},
                    {"onegap", FEATURE_NUMBER, 0, 1}};
    for (size_t i = 0; i < 5; i++) {
        const struct feature_config *f = &c->features[i];
        assert_string_equal(f->name, expected[i].name);
        assert_true(f->path[0] == '/' && strcmp(f->path + 1, expected[i].name) == 0);
        assert_int_equal(f->type, expected[i].type);
        assert_int_equal(f->values.n, expected[i].values);
        assert_int_equal(f->missing, expected[i].missing);
        assert_false(f->required);
    }
    EXPECT_LIST(&c->features[2].values, "a", "b", "c");
    EXPECT_LIST(&c->features[3].values, "x9", "x10");
    config_destroy(c);
    expect_event(d,
                 "{\"row\":1,\"n\":1,\"gaps\":1,\"same\":5,\"cat\":\"b\",\"catgaps\":\"x10\","
                 "\"empty\":null,\"onegap\":7,\"one\":\"z\",\"equal\":1}",
                 "1", "up"); // the reader did not move
    dataset_close(d);
}

static void many_values_are_hashed(void **state) {
    (void)state;
    for (int values = 50; values <= 51; values++) {
        struct buf csv = {0};
        buf_str(&csv, "t,y\n");
        for (int i = 0; i < 3 * values; i++) buf_printf(&csv, "v%d,%d\n", i % values, i % 2);
        struct dataset *d = opened(buf_view(&csv), labelled);
        struct config *c = configured(d);
        assert_int_equal(c->features[0].values.n, values == 50 ? 50 : 0);
        assert_int_equal(c->features[0].hash, values == 50 ? 0 : 64);
        if (values == 50)
            assert_string_equal(c->features[0].values.at[10], "v10"); // v2 comes before it
        config_destroy(c);
        dataset_close(d);
        buf_release(&csv);
    }
    struct dataset *d = opened(TEXT("a,b,c,y\n\"x\ny\",p,\"u\tv\",0\nz,q,r,1\n"),
                               labelled); // what cannot stand in a list
    struct config *c = configured(d);
    assert_int_equal(c->features[0].hash, 64);
    assert_int_equal(c->features[1].hash, 0);
    assert_int_equal(c->features[2].hash, 64);
    config_destroy(c);
    dataset_close(d);
}

/* A text that hardly any two rows share names the row: nothing is learned from it. */
static void names_of_rows_are_no_feature(void **state) {
    (void)state;
    for (int rows = 50; rows <= 3000; rows += rows == 50 ? 10 : 2940) {
        for (int shared = 0; shared < 2; shared++) { // one in ten, or one alone
            struct buf csv = {0};
            buf_str(&csv, "t,x,y,same\n");
            for (int i = 0; i < rows; i++)
                buf_printf(&csv, "v%d,%d,%d,k\n",
                           i > 0 && (shared ? i % 10 == 0 : i == rows / 2) ? i - 1 : i, 3 * i,
                           i % 2);
            struct dataset *d = opened(buf_view(&csv), labelled);
            struct config *c = configured(d);
            bool kept = rows == 50 || shared;
            assert_int_equal(c->features_n, kept ? 2 : 1);
            assert_string_equal(
                dataset_left_out(d),
                kept ? "same (never changes)"
                     : "t (hardly any two rows share a value), same (never changes)");
            config_destroy(c);
            dataset_close(d);
            buf_release(&csv);
        }
    }
}

/* Each of them is another text, so they were left out as names of rows. */
static void a_column_of_moments_is_a_time(void **state) {
    (void)state;
    struct buf csv = {0}, json = {0};
    buf_str(&csv, "t,u,y\n");
    for (int i = 0; i < 60; i++) {
        buf_printf(&csv, "2026-11-%02d 10:%02d:00,%s,%d\n", 1 + i % 30, i,
                   i == 7 ? "soon" : "2026-11-01", i % 2);
        buf_printf(&json, "{\"t\":\"2026-11-%02dT10:%02d:00.5Z\",\"y\":%d}\n", 1 + i % 30, i,
                   i % 2);
    }
    struct dataset *d = opened(buf_view(&csv), labelled);
    struct config *c = configured(d);
    assert_int_equal(c->features_n, 2);
    assert_int_equal(c->features[0].type, FEATURE_TIME);
    assert_int_equal(c->features[1].type, FEATURE_CATEGORY); // one of its texts is no moment
    config_destroy(c);
    dataset_close(d);
    buf_release(&csv);
    d = opened(buf_view(&json), labelled);
    c = configured(d);
    assert_int_equal(c->features_n, 1);
    assert_int_equal(c->features[0].type, FEATURE_TIME);
    config_destroy(c);
    dataset_close(d);
    buf_release(&json);
}

static void classes_stand_in_natural_order(void **state) {
    (void)state;
    struct dataset *d = opened(TEXT("x,y\n1,10\n2,9\n3,-1\n4,1e1\n5,9\n"), labelled);
    struct config *c = configured(d);
    EXPECT_LIST(&c->model.classes, "-1", "9", "10"); // 1e1 is 10
    assert_string_equal(c->model.positive, "10");    // of many, the last
    config_destroy(c);
    dataset_close(d);
    d = opened(TEXT("x,y\n1,class10\n2,class9\n3,Other\n4,class9\n"), labelled);
    c = configured(d);
    EXPECT_LIST(&c->model.classes, "Other", "class9", "class10");
    config_destroy(c);
    dataset_close(d);
    static const char *const positives[][2] = {
        {"x,y\n1,0\n2,1\n3,1\n", "0"}, {"x,y\n1,0\n2,0\n3,1\n", "1"}, {"x,y\n1,0\n2,1\n", "1"}};
    for (size_t i = 0; i < 3; i++) {
        d = opened(text_of(positives[i][0]), labelled);
        c = configured(d);
        assert_string_equal(c->model.positive, positives[i][1]);
        config_destroy(c);
        dataset_close(d);
    }
    d = opened(TEXT("x,y\n1,ok\n2,ok\n3,bad\n"),
               (struct dataset_options){.label = "y", .positive = "ok"});
    c = configured(d);
    assert_string_equal(c->model.positive, "ok");
    config_destroy(c);
    dataset_close(d);
}

/* What YAML or JSON pointers could take for something else. */
static const char *const nasty[] = {"a: b",
                                    "# c",
                                    "- d",
                                    "yes",
                                    "null",
                                    "~",
                                    "{e}",
                                    "[f",
                                    "&g",
                                    "*h",
                                    "!i",
                                    "%j",
                                    "@k",
                                    "`l",
                                    "'m'",
                                    "n\\o",
                                    "p/q",
                                    "r~s",
                                    "~1",
                                    " t ",
                                    "1.0",
                                    "0x1",
                                    "u\xC2\x85v",
                                    "w \xE2\x80\xA8 x",
                                    "w \xE2\x80\xA9 x",
                                    "\xEF\xBB\xBFy",
                                    "\xC3\xA9\xF0\x9F\x98\x80",
                                    "z|a",
                                    "=",
                                    "<<",
                                    "---",
                                    "\xEF\xBF\xBE",
                                    "\\n",
                                    "a\"b"};
enum { NASTY = sizeof nasty / sizeof *nasty };

static void add_quoted(struct buf *csv, const char *cell) {
    buf_str(csv, "\"");
    for (; *cell; cell++) buf_printf(csv, *cell == '"' ? "\"\"" : "%c", *cell);
    buf_str(csv, "\"");
}

/* A label y, a category v that is the same, and columns of numbers, each with such a name. */
static void write_nasty(struct buf *csv) {
    buf_str(csv, "y,v");
    for (size_t i = 0; i < NASTY; i++) {
        buf_str(csv, ",");
        add_quoted(csv, nasty[i]);
    }
    for (size_t row = 0; row < NASTY; row++) {
        buf_str(csv, "\n");
        add_quoted(csv, nasty[row]);
        buf_str(csv, ",");
        add_quoted(csv, nasty[row]);
        for (size_t i = 0; i < NASTY; i++) buf_printf(csv, ",%zu", row * NASTY + i);
    }
}

/* Each row is that of write_nasty, through the feature map of the configuration. */
static void expect_nasty_rows(struct dataset *d, const struct config *c) {
    struct features *f;
    struct decoder *decoder;
    struct dataset_sample s;
    struct value values[NASTY + 1];
    struct buf why = {0};
    assert_int_equal(features_create(&f, c->features, c->features_n), 0);
    assert_int_equal(decoder_create(&decoder, &(struct decoder_options){.paths = features_paths(f),
                                                                        .n = NASTY + 1,
                                                                        .max_depth = 32,
                                                                        .max_bytes = 1 << 20}),
                     0);
    double *row = xcalloc(features_columns(f), sizeof *row);
    for (size_t n = 0; n < NASTY; n++) {
        size_t field, hot = 0;
        assert_int_equal(dataset_next(d, &s, &why), 1);
        assert_true(text_equal(s.label, text_of(nasty[n])));
        assert_int_equal(decoder_read(decoder, s.event, values), REASON_NONE);
        assert_int_equal(features_encode(f, values, row, &field, NULL), REASON_NONE);
        for (size_t i = 0; i < NASTY; i++) hot += row[i] == 1;
        assert_int_equal(hot, 1);
        for (size_t i = 0; i < NASTY; i++) assert_true(row[NASTY + i] == (double)(n * NASTY + i));
    }
    free(row);
    decoder_destroy(decoder);
    features_destroy(f);
    buf_release(&why);
}

/* Names, values and classes come through whole. */
static void every_text_survives_quoting(void **state) {
    (void)state;
    struct buf csv = {0};
    write_nasty(&csv);
    struct dataset *d =
        opened(buf_view(&csv),
               (struct dataset_options){.label = "y", .positive = "a\"b", .exact_labels = true});
    struct config *c = configured(d);
    assert_int_equal(c->model.classes.n, NASTY);
    assert_string_equal(c->model.positive, "a\"b");
    assert_int_equal(c->features_n, NASTY + 1);
    assert_int_equal(c->features[0].values.n, NASTY);
    for (size_t i = 0; i < NASTY; i++) {
        const char *name = strcmp(nasty[i], " t ") == 0 ? "t" : nasty[i];
        assert_string_equal(c->features[i + 1].name, name);
    }
    expect_nasty_rows(d, c);
    config_destroy(c);
    dataset_close(d);
    buf_release(&csv);
}

static void no_configuration(struct text content, struct dataset_options o, const char *words) {
    struct buf yaml = {0}, why = {0};
    struct dataset *d = opened(content, o);
    assert_int_equal(dataset_config(d, &yaml, &why), ERR_INPUT);
    if (!strstr(buf_string(&why), words)) fail_msg("\"%s\", not \"%s\"", buf_string(&why), words);
    assert_int_equal(yaml.len, 0);
    dataset_close(d);
    buf_release(&yaml);
    buf_release(&why);
}

static void what_cannot_be_learned_gets_no_configuration(void **state) {
    (void)state;
    no_configuration(TEXT("x,y\n1,a\n"), plain, "only with a label");
    no_configuration(TEXT("{\"x\":1}\n"), plain, "only with a label");
    no_configuration(TEXT("{\"y\":1,\"x\":2}\n"), labelled, "has 1 different label;");
    no_configuration(TEXT("x,y\n1,a\n2,a\n3,\n"), labelled, "column \"y\" has 1 different label;");
    no_configuration(TEXT("x,y\n"), labelled, "column \"y\" has 0 different labels;");
    no_configuration(TEXT("x,y\n1,a\n1,b\n"), labelled, "there is nothing to learn from");
    no_configuration(TEXT("x,y\n1,a\n2,b\n"), ((struct dataset_options){.label = "y", .id = "x"}),
                     "there is nothing to learn from");
    no_configuration(TEXT("x,y\n1,good\n2,bad\n"),
                     ((struct dataset_options){.label = "y", .positive = "goood"}),
                     "there is no class \"goood\"; did you mean \"good\"?");
    no_configuration(TEXT("x,y\n1,good\n2,\"b\nad\"\n"), labelled,
                     "row 2 has a label that is not one line");
    no_configuration(TEXT("\"a\nb\",y\n1,good\n2,bad\n"), labelled,
                     "column 1 has a name that a feature cannot have");
    struct buf csv = {0};
    buf_str(&csv, "x,y\n");
    for (int i = 0; i < 1001; i++) buf_printf(&csv, "%d,c%d\n", 3 * i, i);
    no_configuration(buf_view(&csv), labelled, "more than 1000 different labels");
    struct config *c;
    struct dataset *d =
        opened((struct text){csv.at, csv.len - 11}, labelled); // without the last: a thousand
    c = configured(d);
    assert_int_equal(c->model.classes.n, 1000);
    config_destroy(c);
    dataset_close(d);
    buf_reset(&csv);
    buf_str(&csv, "x,y\n");
    for (int i = 0; i < DATASET_SCAN_ROWS + 5; i++) buf_printf(&csv, "%d,%d\n", i, i % 2);
    buf_str(&csv, "1,1,1\n");
    no_configuration(buf_view(&csv), labelled, "row 10006 (line 10007) has 3 cells");
    buf_release(&csv);
}

static void the_configuration_looks_no_further_than_the_limit(void **state) {
    (void)state;
    struct dataset *d = opened(TEXT("x,z,y\n1,5,a\n2,5,b\n,6,c\n"),
                               (struct dataset_options){.label = "y", .limit = 2});
    struct config *c = configured(d);
    assert_int_equal(c->model.classes.n, 2);
    assert_int_equal(c->features_n, 1);
    assert_false(c->features[0].missing);
    config_destroy(c);
    dataset_close(d);
}

/* ---- JSON lines ---- */

static void json_lines_pass_byte_for_byte(void **state) {
    (void)state;
    struct dataset *d = opened(
        TEXT("\n {\"a\" : 1.0, \"y\":2}\r\n\n  \t\n{\"a\":\"\\u00e9\xFF\nnot json\n[1]"), plain);
    expect_event(d, " {\"a\" : 1.0, \"y\":2}", "1", NULL);
    assert_int_equal(dataset_rows(d), 4);
    expect_event(d, "{\"a\":\"\\u00e9\xFF", "2",
                 NULL); // nothing of it was asked for: it is fed as it is
    expect_event(d, "not json", "3", NULL);
    expect_event(d, "[1]", "4", NULL);
    expect_end(d);
    d = opened(TEXT("{}\n{}\n{}\n"), (struct dataset_options){.limit = 2});
    assert_int_equal(dataset_rows(d), 2);
    expect_event(d, "{}", "1", NULL);
    expect_event(d, "{}", "2", NULL);
    expect_end(d);
    write_gz(TEXT("\xEF\xBB\xBF{\"a\":1}\n"));
    struct buf why = {0};
    assert_int_equal(dataset_open(&d, &(struct dataset_options){.file = file}, &why), 0);
    expect_event(d, "{\"a\":1}", "1", NULL);
    expect_end(d);
    buf_release(&why);
}

static void the_label_is_cut_out_of_the_event(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        // line, event, label
        {"{\"a\":1.50,\"y\":\"up\",\"b\":[2]}", "{\"a\":1.50,\"b\":[2]}", "up"},
        {"{\"y\":\"up\",\"a\":1}", "{\"a\":1}", "up"},
        {"{\"a\":1,\"y\":\"up\"}", "{\"a\":1}", "up"},
        {"{\"y\":\"up\"}", "{}", "up"},
        {" { \"a\" : 1 , \"y\" : \"up\" } ", " { \"a\" : 1 } ", "up"},
        {" { \"y\" : \"up\" , \"a\" : 1 } ", " {  \"a\" : 1 } ", "up"},
        {"{ \"y\" : 1.0 }", "{ }", "1.0"},
        {"{\"a\":{\"y\":3},\"y\":true}", "{\"a\":{\"y\":3}}", "true"},
        {"{\"a\":\"\\\"y\\\":5,\",\"y\":false}", "{\"a\":\"\\\"y\\\":5,\"}", "false"},
        {"{\"a\":1,\"y\":null}", "{\"a\":1}", NULL},
        {"{\"a\":1,\"y\":\"\"}", "{\"a\":1}", NULL},
        {"{\"a\":1}", "{\"a\":1}", NULL},
        {"{\"y\":\"\\u00e9\\n\",\"a\":1}", "{\"a\":1}", "\xC3\xA9\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char lines[128];
        snprintf(lines, sizeof lines, "{\"y\":0}\n%s\n", cases[i][0]);
        struct dataset *d = opened(text_of(lines), labelled);
        expect_event(d, "{}", "1", "0");
        expect_event(d, cases[i][1], "2", cases[i][2]);
        expect_end(d);
    }
    struct dataset *d = opened(TEXT("{\"y\":\"a\",\"k/~\":12,\"x\":1,\"z\":2}\n{\"k/"
                                    "~\":\"i\\u0064\",\"z\":{},\"w\":[],\"y\":1}\n"),
                               (struct dataset_options){.label = "y", .id = "k/~", .drop = "x,z"});
    expect_event(d, "{\"k/~\":12}", "12", "a");
    expect_event(d, "{\"k/~\":\"i\\u0064\",\"w\":[]}", "id", "1");
    expect_end(d);
}

static void long_labels_and_ids_stand_beside_each_other(void **state) {
    (void)state;
    struct buf line = {0};
    struct dataset_sample s;
    buf_str(&line, "{\"y\":1,\"k\":2}\n"); // which the look for a label has seen, and no more
    for (int i = 0; i < 5000; i++) buf_str(&line, i ? "l" : "{\"y\":\"l");
    for (int i = 0; i < 7000; i++) buf_str(&line, i ? "i" : "\",\"k\":\"i");
    buf_str(&line, "\"}\n");
    struct dataset *d = opened(buf_view(&line), (struct dataset_options){.label = "y", .id = "k"});
    expect_event(d, "{\"k\":2}", "2", "1");
    assert_int_equal(dataset_next(d, &s, NULL), 1);
    assert_true(s.label.len == 5000 && s.id.len == 7000);
    for (size_t i = 0; i < 7000; i++)
        assert_true(s.id.at[i] == 'i' && (i >= 5000 || s.label.at[i] == 'l'));
    expect_end(d);
    buf_release(&line);
}

static void a_label_that_could_stay_in_the_event_is_refused(void **state) {
    (void)state;
    refused(TEXT("{\"y\":1,\"a\":0,\"y\":2}\n"), labelled,
            "row 1 (line 1) has twice, or writes with escapes, the member y");
    refused(TEXT("{\"y\":1,\"\\u0079\":2}\n"), labelled, "has twice, or writes with escapes");
    refused(TEXT("\n{\"\\u0079\":2}\n"), labelled,
            "row 1 (line 2) has twice, or writes with escapes");
    refused(TEXT("{\"y\":1}\n{\"x\":2,\"x\":3}\n"), (struct dataset_options){.drop = "x"},
            "row 2 (line 2) has twice, or writes with escapes, the member x");
    refused(TEXT("{\"y\":[1]}\n"), labelled, "has an object or array as its label");
    refused(TEXT("{\"y\":1}\n{\"y\":1\n"), labelled,
            "row 2 (line 2) cannot be read: the value is not one well-formed JSON object");
    refused(TEXT("{\"y\":1}\n[]\n"), labelled, "row 2 (line 2) cannot be read");
    refused(TEXT("{\"a\":1}\n{\"b\":1}\n"), labelled, "none of the first rows has a member \"y\"");
    refused(TEXT("{\"a\":1,\"fraud\":0}\n"), (struct dataset_options){.label = "frad"},
            "none of the first rows has a member \"frad\"; did you mean \"fraud\"?");
    refused(TEXT("{\"k\":1}\n{\"k\":1.5}\n"), (struct dataset_options){.id = "k"},
            "row 2 (line 2) has no id that is a string or an integer");
    refused(TEXT("{\"a\":1}\n"), (struct dataset_options){.id = "k"},
            "row 1 (line 1) has no id that is a string or an integer");
    refused(TEXT("{\"k\":\"\"}\n"), (struct dataset_options){.id = "k"},
            "row 1 (line 1) has an empty id");
}

/* ---- files as programs and people write them ---- */

static void expect_remark(struct dataset *d, const char *words) {
    if (!strstr(dataset_remarks(d), words))
        fail_msg("\"%s\" holds no \"%s\"", dataset_remarks(d), words);
}

static void separators_are_seen(void **state) {
    (void)state;
    static const struct {
        struct text content;
        const char *separator, *remark;
    } same[] = {{TEXT("a;b;y\n1;x;u\n2,5;z;v\n"), NULL, "separated by a semicolon"},
                {TEXT("a\tb\ty\n1\tx\tu\n2.5\tz\tv\n"), NULL, "separated by a tab"},
                {TEXT("a|b|y\n1|x|u\n2.5|z|v\n"), NULL, "separated by a bar"},
                {TEXT("sep=;\r\na;b;y\r\n1;x;u\r\n2,5;z;v\r\n"), NULL, "as the first line says"},
                {TEXT("a:b:y\n1:x:u\n2.5:z:v\n"), ":", ""},
                {TEXT("a b y\n1 x u\n2.5 z v\n"), NULL, "separated by a space"},
                {TEXT("'a'\t'b'\t'y'\n1\t'x'\tu\n2.5\tz\t'v'\n"), NULL, "separated by a tab"},
                {TEXT("'a','b','y'\n1,'x',u\n2.5,z,'v'\n"), NULL, ""},
                {TEXT("a\tb\ty\n1\tx\tu\n2.5\tz\tv\n"), "tab", ""},
                {TEXT("a,b,y\r1,x,u\r2.5,z,v\r"), NULL, ""},
                {TEXT("\n\na, \"b\" ,y\n\n1,x,u\n\n2.5,z,v\n\n"), NULL, ""},
                {TEXT("\"a\";\"b\";\"y\"\n\"1\";\"x\";\"u\"\n\"2,5\";\"z\";\"v\"\n"), NULL,
                 "decimal comma: a"},
                {TEXT("@relation r\n@attribute a real [0,3]\n@attribute 'b' {x, z}\n"
                      "@Attribute y {u, v}\n@inputs a, b\n@data\n% no row\n1,x,u\n2.5,z,v\n"),
                 NULL, ""},
                {TEXT("@relation r\n@attribute a real\n@attribute b {'x', 'z'}\n"
                      "@attribute 'y' {'u', 'v'}\n@data\n1,'x','u'\n2.5, 'z' ,'v'\n"),
                 NULL, ""}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct dataset *d = opened(same[i].content, (struct dataset_options){
                                                        .label = "y",
                                                        .separator = same[i].separator,
                                                    });
        expect_remark(d, same[i].remark);
        expect_event(d, "{\"row\":1,\"a\":1,\"b\":\"x\"}", "1", "u");
        expect_event(d, "{\"row\":2,\"a\":2.5,\"b\":\"z\"}", "2", "v");
        expect_end(d);
    }
    refused(TEXT("a,b\n"), (struct dataset_options){.separator = "colon"},
            "is not one character, comma, semicolon, tab, bar or space");
    struct dataset *apostrophes =
        opened(TEXT("b b,y\n'tis so,u\n'twas so,u\n"), (struct dataset_options){.label = "y"});
    expect_event(apostrophes, "{\"row\":1,\"b b\":\"'tis so\"}", "1", "u");
    expect_event(apostrophes, "{\"row\":2,\"b b\":\"'twas so\"}", "2", "u");
    expect_end(apostrophes);
    struct dataset *quoted =
        opened(TEXT("@relation r\n@attribute b string\n@attribute y {u}\n@data\n"
                    "'it\\'s, \\\\ \\n','u'\n\"'\",'u'\n"),
               (struct dataset_options){.label = "y"});
    expect_event(quoted, "{\"row\":1,\"b\":\"it's, \\\\ \\\\n\"}", "1", "u");
    expect_event(quoted, "{\"row\":2,\"b\":\"'\"}", "2", "u");
    expect_end(quoted);
    refused(TEXT("@relation r\n@attribute b string\n@attribute y {u}\n@data\n'it,u\n"), plain,
            "has a quote that is never closed");
    refused(TEXT("@relation r\n@attribute a\n"), plain, "names no @attribute, or no @data follows");
}

static void a_file_may_have_no_header(void **state) {
    (void)state;
    struct dataset *d = opened(TEXT("1,x\n2,z\n"), (struct dataset_options){.no_header = true});
    expect_event(d, "{\"row\":1,\"column_1\":1,\"column_2\":\"x\"}", "1", NULL);
    expect_event(d, "{\"row\":2,\"column_1\":2,\"column_2\":\"z\"}", "2", NULL);
    expect_end(d);
    d = opened(TEXT("5.1,3.5\n4.9,3\n"), plain);
    expect_remark(d, "--no-header");
    dataset_close(d);
    refused(TEXT("14.2,1.7,0\n13.2,1.8,1\n"), (struct dataset_options){.label = "14"},
            "the first line looks like a row: if there is no header, say --no-header");
    refused(TEXT("0,1,target\n13.2,1.8,1\n"), (struct dataset_options){.label = "targett"},
            "there is no column \"targett\"; did you mean \"target\"?");
}

static void names_that_repeat_get_numbers(void **state) {
    (void)state;
    struct dataset *d = opened(TEXT("a,b,a,a\n1,2,3,4\n"), plain);
    expect_event(d, "{\"row\":1,\"a\":1,\"b\":2,\"a_2\":3,\"a_3\":4}", "1", NULL);
    expect_remark(d, "it is \"a_2\" here");
    expect_end(d);
}

static void other_bytes_are_windows_1252(void **state) {
    (void)state;
    struct dataset *d = opened(TEXT("caf\xE9,b\n1,\x80\xE4\n2,\xC3\xA4\n"), plain);
    expect_event(d, "{\"row\":1,\"caf\xC3\xA9\":1,\"b\":\"\xE2\x82\xAC\xC3\xA4\"}", "1", NULL);
    expect_event(d, "{\"row\":2,\"caf\xC3\xA9\":2,\"b\":\"\xC3\xA4\"}", "2", NULL);
    expect_remark(d, "Windows-1252");
    expect_end(d);
}

static void numbers_may_be_dressed(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"$12", "12"},
                                           {"-$12.5", "-12.5"},
                                           {"12 \xE2\x82\xAC", "12"},
                                           {"12.5%", "12.5"},
                                           {"1,234.50", "1234.5"},
                                           {"1,234,567", "1234567"},
                                           {"(0.35)", "-0.35"},
                                           {"($1,000)", "-1000"},
                                           {"12,34.5", "\"12,34.5\""},
                                           {"1,2345.0", "\"1,2345.0\""},
                                           {"$", "\"$\""},
                                           {"(1", "\"(1\""},
                                           {"1.234.567", "1234567"},
                                           {"1.234,5", "1234.5"},
                                           {"8,39", "8.39"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char csv[64], event[64];
        snprintf(csv, sizeof csv, "a,b\n\"%s\",1\n", cases[i][0]);
        snprintf(event, sizeof event, "{\"row\":1,\"a\":%s,\"b\":1}", cases[i][1]);
        struct dataset *d = opened(text_of(csv), plain);
        expect_event(d, event, "1", NULL);
        expect_end(d);
    }
    struct dataset *d = opened(TEXT("a;b\n8,39;1.234\n7,5;5.678\n"), plain);
    expect_event(d, "{\"row\":1,\"a\":8.39,\"b\":1234}", "1", NULL); // as the rest of the file
    expect_event(d, "{\"row\":2,\"a\":7.5,\"b\":5678}", "2", NULL);
    expect_end(d);
}

/* A header of n equal names must not take n² comparisons: 60,000 of them took minutes. */
static void many_equal_names_take_no_time(void **state) {
    (void)state;
    enum { NAMES = 60000 };
    struct buf csv = {0};
    for (int i = 0; i < NAMES; i++) buf_str(&csv, i ? ",a" : "a");
    buf_str(&csv, "\n");
    struct dataset *d = opened(buf_view(&csv), plain);
    assert_int_equal(dataset_field(d, TEXT("/a_60000")), FIELD_THERE);
    assert_int_equal(dataset_field(d, TEXT("/a_60001")), FIELD_UNKNOWN);
    size_t lines = 0;
    for (const char *at = dataset_remarks(d); (at = strchr(at, '\n')); at++) lines++;
    assert_int_equal(lines, 51); // a line each would bury the others
    dataset_close(d);
    buf_release(&csv);
    d = opened(TEXT("a,a_2,a,a_2\n1,2,3,4\n"), plain);
    expect_event(d, "{\"row\":1,\"a\":1,\"a_2\":2,\"a_3\":3,\"a_2_2\":4}", "1", NULL);
    expect_end(d);
}

static void a_percent_sign_begins_a_header_too(void **state) {
    (void)state;
    struct dataset *d = opened(TEXT("% fat,y\n1,u\n%,v\n"), labelled);
    expect_event(d, "{\"row\":1,\"% fat\":\"1\"}", "1", "u");
    expect_event(d, "{\"row\":2,\"% fat\":\"%\"}", "2", "v");
    expect_end(d);
    d = opened(TEXT("% about\n%\n\n % more\n@RELATION r\n@attribute a real\n@attribute y {u}\n"
                    "@data\n% no row\n1,u\n"),
               labelled);
    expect_event(d, "{\"row\":1,\"a\":1}", "1", "u");
    expect_end(d);
    refused(TEXT("@attribute a\0b real\n@data\n1\n"), plain,
            "has an attribute whose name is not text");
    d = opened(TEXT("@attribute caf\xE9 real\n@data\n1\n"), plain);
    expect_event(d, "{\"row\":1,\"caf\xC3\xA9\":1}", "1", NULL);
    expect_end(d);
}

/* Twelve rows whose cells slipped are a class that nobody meant: said aloud. */
static void a_class_of_few_rows_is_questioned(void **state) {
    (void)state;
    enum { ROWS = 1300, SLIPPED = 12 };
    for (int slipped = SLIPPED; slipped <= 3 * SLIPPED; slipped += 2 * SLIPPED) {
        struct buf csv = {0};
        buf_str(&csv, "x,y\n");
        for (int i = 0; i < ROWS; i++)
            buf_printf(&csv, "%d,%s\n", i % 7, i < slipped ? "NL" : i % 2 ? "ok" : "fraud");
        struct dataset *d = opened(buf_view(&csv), (struct dataset_options){.label = "y"});
        config_destroy(configured(d));
        bool said =
            strstr(dataset_remarks(d), "only 12 of 1300 rows have the label \"NL\"") != NULL;
        assert_int_equal(said, slipped == SLIPPED);
        dataset_close(d);
        buf_release(&csv);
    }
}

static void remarks_are_told_once_and_to_the_end(void **state) {
    (void)state;
    struct dataset_sample s;
    struct buf csv = {0};
    buf_str(&csv, "a;y\n");
    for (int i = 0; i < DATASET_SCAN_ROWS; i++)
        buf_printf(&csv, "%d;%s\n", i * 7, i % 2 ? "u" : "v");
    buf_str(&csv, "\033[2Jx;u\n3;n/a\n4;caf\xE9\n");
    struct dataset *d = opened(buf_view(&csv), labelled);
    assert_string_equal(dataset_remarks(d), "cells are separated by a semicolon\n");
    assert_string_equal(dataset_remarks(d), "");
    while (dataset_next(d, &s, NULL) == 1) {
    }
    const char *late = dataset_remarks(d);
    if (!strstr(late, "but \"?[2Jx\" in line 10002") || !strstr(late, "\"n/a\" in line 10003") ||
        !strstr(late, "not all of it is UTF-8 (first in line 10004)"))
        fail_msg("%s", late);
    config_destroy(configured(d));
    config_destroy(configured(d)); // a second pass has nothing new
    assert_null(strstr(dataset_remarks(d), "UTF-8"));
    dataset_close(d);
    buf_release(&csv);
}

static void words_for_no_label_are_told(void **state) {
    (void)state;
    struct dataset *d =
        opened(TEXT("x,y\n1,Yes\n2,NA\n3,No\n4, NA\n5,?\n6,-\n7,-\n8,\n"), labelled);
    expect_remark(d, "have no label: \"-\" (2), \"?\" (1), \"NA\" (2) (--exact-labels");
    dataset_close(d);
    d = opened(TEXT("x,y\n1,+\n2,-\n3,NA\n"), labelled);
    expect_remark(d, "have no label: \"NA\" (1)");
    dataset_close(d);
    d = opened(TEXT("x,y\n1,+\n2,\n"), labelled); // an empty cell is no word
    assert_string_equal(dataset_remarks(d), "");
    dataset_close(d);
    d = opened(TEXT("{\"y\":\"none\"}\n{\"y\":\"u\"}\n"), labelled);
    expect_remark(d, "have no label: \"none\" (1)");
    dataset_close(d);
}

static void spellings_of_a_label_are_one(void **state) {
    (void)state;
    static const struct text csv = TEXT("x,y\n1,Yes\n2,yes\n3, YES\n4,yes\n5,No\n6,NA\n7,?\n8,-\n");
    struct dataset *d = opened(csv, labelled);
    expect_remark(d, "\"yes\" (2 rows) also stands for \"Yes\" (1), \" YES\" (1)");
    static const char *const labels[] = {"yes", "yes", "yes", "yes", "No", NULL, NULL, NULL};
    for (size_t i = 0; i < 8; i++) {
        struct dataset_sample s;
        assert_int_equal(dataset_next(d, &s, NULL), 1);
        assert_true(text_equal(s.label, text_of(labels[i])));
    }
    expect_end(d);
    d = opened(csv, (struct dataset_options){.label = "y", .exact_labels = true});
    expect_event(d, "{\"row\":1,\"x\":1}", "1", "Yes");
    expect_event(d, "{\"row\":2,\"x\":2}", "2", "yes");
    dataset_close(d);
    d = opened(TEXT("x,y\n1,1\n2,1.0\n3,0\n4,1\n"), labelled);
    expect_event(d, "{\"row\":1,\"x\":1}", "1", "1");
    expect_event(d, "{\"row\":2,\"x\":2}", "2", "1");
    dataset_close(d);
    d = opened(TEXT("x,y\n1,+\n2,-\n"), labelled); // beside a plus, minus is a class
    expect_event(d, "{\"row\":1,\"x\":1}", "1", "+");
    expect_event(d, "{\"row\":2,\"x\":2}", "2", "-");
    expect_end(d);
    char *names[] = {(char *)"no", (char *)"1"};
    const struct list classes = {names, 2};
    d = opened(csv, labelled);
    assert_int_equal(dataset_class(d, &classes, TEXT(" NO")), 0);
    assert_int_equal(dataset_class(d, &classes, TEXT("1.0")), 1);
    assert_int_equal(dataset_class(d, &classes, TEXT("10")), -1);
    assert_int_equal(dataset_class(d, &classes, (struct text){0}), -1);
    dataset_close(d);
}

static void a_number_to_predict_is_no_class(void **state) {
    (void)state;
    struct buf prices = {0}, counts = {0}, ids = {0};
    buf_str(&prices, "x,y\n");
    buf_str(&counts, "x,y\n");
    buf_str(&ids, "x,y\n");
    for (int i = 0; i < 200; i++) {
        buf_printf(&prices, "%d,%d.5\n", i, i % 11);
        buf_printf(&counts, "%d,%d\n", i, i % 60);
    }
    for (int i = 0; i < 4000; i++) buf_printf(&ids, "%d,%d\n", 3 * i, i % 60);
    no_configuration(buf_view(&prices), labelled, "is it a number to predict?");
    no_configuration(buf_view(&counts), labelled, "is it a number to predict?");
    struct dataset *d = opened(buf_view(&ids), labelled); // sixty digits, many rows each
    config_destroy(configured(d));
    dataset_close(d);
    buf_release(&prices);
    buf_release(&counts);
    buf_release(&ids);
}

static void a_column_that_numbers_the_rows_is_no_feature(void **state) {
    (void)state;
    for (int slip = 0; slip < 2; slip++) {
        struct buf csv = {0};
        buf_str(&csv, "\"\",x,y\n");
        for (int i = 1; i <= 40; i++)
            buf_printf(&csv, "\"%d\",%d,%d\n", i + (slip && i == 39), i % 7, i % 2);
        struct dataset *d = opened(buf_view(&csv), labelled);
        struct config *c = configured(d);
        assert_int_equal(c->features_n, 1 + slip);
        assert_string_equal(dataset_left_out(d), slip ? "" : "column_1 (numbers the rows)");
        config_destroy(c);
        dataset_close(d);
        buf_release(&csv);
    }
    struct buf csv = {0};
    buf_str(&csv, "t,\"k\nl\",y\n");
    for (int i = 1; i <= 40; i++) buf_printf(&csv, "%d,7,%d\n", i, i > 20);
    struct dataset *d = opened(buf_view(&csv), labelled); // but where it is all there is
    struct config *c = configured(d);
    assert_int_equal(c->features_n, 1);
    assert_string_equal(c->features[0].name, "t");
    assert_string_equal(dataset_left_out(d), "k\\x0al (never changes)"); // in one line
    config_destroy(c);
    dataset_close(d);
    buf_release(&csv);
    refused(TEXT("1,x\n2,z\n"), labelled, "if there is no header, say --no-header");
}

static void a_class_of_a_few_rows_is_remarked(void **state) {
    (void)state;
    struct buf csv = {0};
    buf_str(&csv, "x,y\n");
    for (int i = 0; i < 9000; i++) buf_printf(&csv, "%d,%s\n", i, i % 2 ? "ok" : "bad");
    for (int i = 0; i < 12; i++) buf_printf(&csv, "%d,NL\n", i);
    struct dataset *d = opened(buf_view(&csv), labelled);
    config_destroy(configured(d));
    expect_remark(d, "only 12 of 9012 rows have the label \"NL\"");
    dataset_close(d);
    buf_release(&csv);
}

static void other_formats_are_named(void **state) {
    (void)state;
    refused(TEXT("PAR1\x15\x04"), plain, "is a Parquet file: turn it into CSV first");
    refused(TEXT("PK\x03\x04xx"), plain, "a spreadsheet");
}

static void json_has_a_configuration_too(void **state) {
    (void)state;
    static const struct text forms[] = {
        TEXT("{\"id\":\"a\",\"n\":1.5,\"c\":{\"k\":\"NL\"},\"v\":true,\"t\":[1],\"m\":1,\"y\":"
             "\"u\"}\n"
             "{\"id\":\"b\",\"n\":2,\"c\":{\"k\":\"DE\"},\"v\":false,\"m\":\"x\",\"y\":\"v\"}\n"
             "{\"id\":\"d\",\"n\":null,\"c\":{},\"v\":false,\"y\":\"V\"}\n"),
        TEXT(" [ "
             "{\"id\":\"a\",\"n\":1.5,\"c\":{\"k\":\"NL\"},\"v\":true,\"t\":[1],\"m\":1,\"y\":"
             "\"u\"},\n"
             "{\"id\":\"b\",\"n\":2,\"c\":{\"k\":\"DE\"},\"v\":false,\"m\":\"x\",\"y\":\"v\"} ,"
             "{\"id\":\"d\",\"n\":null,\"c\":{},\"v\":false,\"y\":\"V\"}]\n")};
    for (size_t i = 0; i < 2; i++) {
        struct dataset *d = opened(forms[i], (struct dataset_options){.label = "y", .id = "id"});
        struct config *c = configured(d);
        EXPECT_LIST(&c->model.classes, "u", "v");
        assert_string_equal(c->admit.id, "/id");
        assert_int_equal(c->features_n, 3);
        assert_true(c->features[0].type == FEATURE_NUMBER && c->features[0].missing);
        assert_string_equal(c->features[1].path, "/c/k");
        assert_string_equal(c->features[1].name, "c.k");
        assert_true(c->features[1].type == FEATURE_CATEGORY && c->features[1].missing);
        assert_true(c->features[2].type == FEATURE_BOOLEAN && !c->features[2].missing);
        assert_string_equal(dataset_left_out(d), "t (is a list), m (is of several types)");
        expect_event(d,
                     "{\"id\":\"a\",\"n\":1.5,\"c\":{\"k\":\"NL\"},\"v\":true,\"t\":[1],\"m\":1}",
                     "a", "u");
        config_destroy(c);
        dataset_close(d);
    }
    refused(TEXT("[{\"y\":1},{\"y\":2}"), labelled, "the array's bracket is missing");
    refused(TEXT("[{\"y\":1},]"), labelled, "is missing behind a comma");
    refused(TEXT("[{\"y\":1},,{\"y\":2}]"), plain, "row 2 (line 1) is empty");
    refused(TEXT("[,{\"y\":1}]"), plain, "row 1 (line 1) is empty");
    refused(TEXT("[{\"y\":1}]\n{\"y\":2}"), plain, "row 2 (line 1) follows behind the end");
    refused(TEXT("[1}]"), plain, "closes a bracket that is not open");
}

static void fields_of_json_have_one_name_each(void **state) {
    (void)state;
    no_configuration(TEXT("{\"a\":1,\"y\":\"u\"}\n{\"a\":2,\"b\":0,\"a\":3,\"y\":\"v\"}\n"),
                     labelled, "row 2 has the field \"a\" twice");
    struct dataset *d =
        opened(TEXT("{\"a.b\":1,\"a\":{\"b\":2},\"\":3,\"c\":{\"\":4},\"y\":\"u\"}\n"
                    "{\"a.b\":2,\"a\":{\"b\":1},\"\":4,\"c\":{\"\":5},\"y\":\"v\"}\n"),
               labelled);
    struct config *c = configured(d);
    assert_int_equal(c->features_n, 2);
    assert_string_equal(c->features[1].name, "a.b_2");
    assert_string_equal(c->features[1].path, "/a/b");
    expect_remark(d, "two fields are called \"a.b\": the one at /a/b is \"a.b_2\" here");
    assert_string_equal(dataset_left_out(d), " (has no name), c. (has no name)");
    config_destroy(c);
    dataset_close(d);
}

/* ---- columns of numbers with words in them ---- */

/* 400 rows in either kind of file, whose column a holds `word` in each of `every` rows and a number
 * elsewhere. */
static struct dataset *worded(bool json, const char *const *words, int n, int every,
                              const char *number) {
    struct buf b = {0}, cell = {0};
    if (!json) buf_str(&b, "a,y\n");
    for (int i = 0; i < 400; i++) {
        buf_reset(&cell);
        if (i % every == every - 1) buf_str(&cell, words[i / every % n]);
        else buf_printf(&cell, number, i % 200);
        buf_printf(&b, json ? "{\"a\":\"%s\",\"y\":\"%s\"}\n" : "\"%s\",%s\n", buf_string(&cell),
                   i * 7 % 5 < 2 ? "u" : "v");
    }
    struct dataset *d = opened(buf_view(&b), labelled);
    buf_release(&b);
    buf_release(&cell);
    return d;
}

/* A few words without a digit among numbers stand for a missing one: in both kinds of file, and the
 * daemon reads them so too. */
static void words_among_numbers_are_missing(void **state) {
    (void)state;
    static const char *const words[] = {"unknown", "k.A.", "\xE2\x80\x94"};
    for (int json = 0; json < 2; json++) {
        struct dataset *d = worded(json, words, 3, 5, "%d.25");
        struct config *c = configured(d);
        const struct feature_config *f = &c->features[0];
        assert_int_equal(f->type, FEATURE_NUMBER);
        assert_true(f->parse && f->missing);
        assert_int_equal(f->null_values.n, 3);
        expect_remark(
            d, "\"k.A.\" (27), \"unknown\" (27), \"\xE2\x80\x94\" (26): that is taken as missing");
        config_destroy(c);
        dataset_close(d);
    }
}

static void texts_that_are_no_words_keep_a_category(void **state) {
    (void)state;
    static const char *const word[] = {"unknown"}, *const code[] = {"A1"},
                             *const many[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    for (int json = 0; json < 2; json++) {
        struct dataset *const d[] = {worded(json, code, 1, 10, "%d.25"), // codes with digits
                                     worded(json, many, 9, 10, "%d.25"), // many of them
                                     worded(json, word, 1, 4, "%d.25")}; // too often
        for (size_t i = 0; i < 3; i++) {
            struct config *c = configured(d[i]);
            assert_int_equal(c->features[0].type, FEATURE_CATEGORY);
            expect_remark(d[i], "column \"a\" is no number");
            config_destroy(c);
            dataset_close(d[i]);
        }
    }
}

/* Sizes: few numbers, which a list serves as well. */
static void few_numbers_with_words_are_a_list(void **state) {
    (void)state;
    struct buf csv = {0};
    buf_str(&csv, "a,y\n");
    for (int i = 0; i < 400; i++)
        if (i % 10) buf_printf(&csv, "%d,%s\n", 36 + i % 12, i % 3 ? "u" : "v");
        else buf_printf(&csv, "XL,%s\n", i % 3 ? "u" : "v");
    struct dataset *d = opened(buf_view(&csv), labelled);
    struct config *c = configured(d);
    assert_int_equal(c->features[0].type, FEATURE_CATEGORY);
    assert_true(c->features[0].values.n == 13);
    config_destroy(c);
    dataset_close(d);
    buf_release(&csv);
}

/* Numbers in quotes are numbers in JSON too, unless they may be codes. */
static void texts_of_json_may_be_numbers(void **state) {
    (void)state;
    static const char *const none[] = {""}, *const stray[] = {"x9"};
    struct dataset *d = worded(true, none, 1, 400, "%d.25");
    struct config *c = configured(d);
    assert_true(c->features[0].type == FEATURE_NUMBER && c->features[0].parse);
    assert_true(c->features[0].missing && !c->features[0].null_values.n);
    config_destroy(c);
    dataset_close(d);
    d = worded(true, stray, 1, 400, "%d,25");
    c = configured(d);
    assert_true(c->features[0].parse && c->features[0].decimal == DECIMAL_COMMA);
    EXPECT_LIST(&c->features[0].null_values, "x9");
    config_destroy(c);
    dataset_close(d);
    d = worded(true, none, 1, 401, "10%03d");
    c = configured(d);
    assert_int_equal(c->features[0].type, FEATURE_CATEGORY);
    config_destroy(c);
    dataset_close(d);
}

#define LONG_TEXT "not known to whoever wrote it down, \xE2\x82\xAC\xE2\x82\xAC"

/* What no list of the configuration holds is missing where a file of cells is fed, and a dead
 * letter where events are: their texts go as they stand. */
static void a_text_too_long_to_be_listed_is_told(void **state) {
    (void)state;
    static const char *const texts[] = {LONG_TEXT}, *const point[] = {"1.5"};
    struct dataset *d = worded(true, texts, 1, 400, "%d.25");
    struct config *c = configured(d);
    assert_true(c->features[0].parse && !c->features[0].null_values.n);
    expect_remark(d, "1 of its first 400 cells are texts, of which null_values cannot list all");
    config_destroy(c);
    dataset_close(d);
    d = worded(true, point, 1, 400, "%d,25");
    config_destroy(configured(d));
    expect_remark(d, "a sample with another is a dead letter");
    dataset_close(d);
    d = worded(false, texts, 1, 400, "%d.25");
    expect_remark(d, "wrote it down, \xE2\x82\xAC\" in line 401: that is taken as missing");
    dataset_close(d);
}

static void a_number_of_nines_far_off_is_remarked(void **state) {
    (void)state;
    static const char *const filler[] = {"-999"}, *const near[] = {"999"};
    for (int json = 0; json < 2; json++) {
        struct dataset *d = worded(json, filler, 1, 20, "%d.5");
        config_destroy(configured(d));
        expect_remark(d, "column \"a\" holds -999 in 20 of its first 400 cells");
        dataset_close(d);
        d = worded(json, near, 1, 20, "%d3.5");
        config_destroy(configured(d));
        assert_null(strstr(dataset_remarks(d), "999"));
        dataset_close(d);
    }
}

/* ---- times and amounts ---- */

static void dates_are_times_or_remarked(void **state) {
    (void)state;
    static const struct {
        const char *number;
        int type;
        const char *remark;
    } cases[] = {
        {"2024-03-05 13:%02d", FEATURE_TIME, ""},
        {"05.03.2%03d", FEATURE_TIME, "holds dates as 05.03.2000: the day is read first"},
        {"05.03.2%03d 12:00", FEATURE_TIME, "the day is read first"},
        {"3/5/2%03d", FEATURE_CATEGORY, "looks like dates, as \"3/5/2000\", but not which number"},
        {"%d.25 kr", FEATURE_CATEGORY, "looks like numbers, as \"0.25 kr\""},
        {"%d.25-", FEATURE_NUMBER, ""},
        {"EUR %d.25", FEATURE_NUMBER, ""},
    };
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        const int n = (int)(i / 2);
        struct buf b = {0};
        if (i % 2) buf_str(&b, "a,y\n");
        for (int row = 0; row < 60; row++) {
            buf_str(&b, i % 2 ? "" : "{\"a\":\"");
            buf_printf(&b, cases[n].number, row / 2);
            buf_str(&b, i % 2 ? "," : "\",\"y\":\"");
            buf_str(&b, row % 3 ? "u" : "v");
            buf_str(&b, i % 2 ? "\n" : "\"}\n");
        }
        struct dataset *d = opened(buf_view(&b), labelled);
        struct config *c = configured(d);
        if (c->features[0].type != cases[n].type)
            fail_msg("%s is %d", cases[n].number, c->features[0].type);
        expect_remark(d, cases[n].remark);
        config_destroy(c);
        dataset_close(d);
        buf_release(&b);
    }
}

/* ---- columns that tell the label ---- */

enum telling {
    TELLS_BY_INTERVAL,
    TELLS_BY_VALUE,
    TELLS_BY_PRESENCE,
    TELLS_BY_ABSENCE, // of the field itself
    TELLS_NEARLY,
    TELLS_SOME, // where the field is, which it is in half of each class
    TELLINGS
};

static void telling_cell(struct buf *b, enum telling how, int i, bool positive) {
    if (how == TELLS_BY_ABSENCE && !positive) return;
    if (how == TELLS_SOME && i % 4 == 1) return;
    buf_str(b, ",\"a\":");
    if (how == TELLS_BY_INTERVAL)
        buf_printf(b, "%d", positive ? 100000 + i : i % 2 ? 200000 + i : i);
    else if (how == TELLS_BY_VALUE || how == TELLS_SOME)
        buf_printf(b, "\"%s\"", positive ? "shut" : i % 2 ? "open" : "new");
    else if (how == TELLS_NEARLY)
        buf_printf(b, "\"%s\"", positive != (i % 200 == 0 || i % 100 == 3) ? "shut" : "open");
    else if (positive) buf_printf(b, "\"t%d\"", i);
    else buf_str(b, "null");
}

static void a_column_that_tells_the_label_is_remarked(void **state) {
    (void)state;
    for (int how = 0; how < TELLINGS; how++) {
        struct buf b = {0};
        for (int i = 0; i < 1000; i++) {
            buf_printf(&b, i == 500 ? "{\"x\":%d,\"x\":0" : "{\"x\":%d", i * 7 % 11); // once wrong
            telling_cell(&b, (enum telling)how, i, i % 10 == 3);
            buf_printf(&b, ",\"y\":%d}\n", i % 10 == 3);
        }
        struct dataset *d = opened(buf_view(&b), labelled);
        const char *said = dataset_remarks(d);
        assert_int_equal(how < TELLS_NEARLY,
                         strstr(said, "column \"a\" alone tells the label") != NULL);
        assert_null(strstr(said, "\"x\""));
        dataset_close(d);
        buf_release(&b);
    }
    struct buf csv = {0};
    buf_str(&csv, "x,y,y\n");
    for (int i = 0; i < 200; i++)
        buf_printf(&csv, "%d,%d,%d\n", i * 7 % 11, i % 3 == 0, i % 3 != 0);
    struct dataset *d = opened(buf_view(&csv), labelled);
    expect_remark(d, "column \"y_2\" alone tells the label");
    dataset_close(d);
    buf_release(&csv);
}

static void many_rare_classes_are_one_remark(void **state) {
    (void)state;
    struct buf csv = {0};
    buf_str(&csv, "x,y\n");
    for (int i = 0; i < 3000; i++) buf_printf(&csv, "%d,c%d\n", i * 7 % 11, i % 300);
    struct dataset *d = opened(buf_view(&csv), labelled);
    config_destroy(configured(d));
    const char *said = dataset_remarks(d);
    assert_non_null(strstr(said, "300 of 300 labels have fewer than 20 of 3000 rows each"));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    dataset_close(d);
    buf_release(&csv);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_flat_objects),
        cmocka_unit_test(quotes_and_line_ends_are_those_of_rfc_4180),
        cmocka_unit_test(rows_that_can_be_read_two_ways_are_refused),
        cmocka_unit_test(memory_is_bounded_by_the_row),
        cmocka_unit_test(gzip_reads_the_same_and_damage_is_told),
        cmocka_unit_test(cells_are_numbers_when_they_read_as_decimals),
        cmocka_unit_test(one_text_makes_the_whole_column_text),
        cmocka_unit_test(words_for_nothing_are_empty_among_numbers),
        cmocka_unit_test(a_stray_text_among_numbers_is_missing),
        cmocka_unit_test(a_column_that_begins_late_is_what_it_holds),
        cmocka_unit_test(columns_that_begin_late_are_told_one_by_one),
        cmocka_unit_test(a_pointer_leads_to_a_column),
        cmocka_unit_test(ids_come_back_as_they_went),
        cmocka_unit_test(columns_are_left_out_and_wrong_names_told),
        cmocka_unit_test(a_limit_ends_the_file_early),
        cmocka_unit_test(rows_are_read_again_from_the_first),
        cmocka_unit_test(the_configuration_says_what_the_columns_are),
        cmocka_unit_test(many_values_are_hashed),
        cmocka_unit_test(names_of_rows_are_no_feature),
        cmocka_unit_test(a_column_of_moments_is_a_time),
        cmocka_unit_test(classes_stand_in_natural_order),
        cmocka_unit_test(every_text_survives_quoting),
        cmocka_unit_test(what_cannot_be_learned_gets_no_configuration),
        cmocka_unit_test(the_configuration_looks_no_further_than_the_limit),
        cmocka_unit_test(json_lines_pass_byte_for_byte),
        cmocka_unit_test(the_label_is_cut_out_of_the_event),
        cmocka_unit_test(long_labels_and_ids_stand_beside_each_other),
        cmocka_unit_test(a_label_that_could_stay_in_the_event_is_refused),
        cmocka_unit_test(separators_are_seen),
        cmocka_unit_test(a_file_may_have_no_header),
        cmocka_unit_test(names_that_repeat_get_numbers),
        cmocka_unit_test(many_equal_names_take_no_time),
        cmocka_unit_test(a_percent_sign_begins_a_header_too),
        cmocka_unit_test(a_class_of_few_rows_is_questioned),
        cmocka_unit_test(remarks_are_told_once_and_to_the_end),
        cmocka_unit_test(words_for_no_label_are_told),
        cmocka_unit_test(other_bytes_are_windows_1252),
        cmocka_unit_test(numbers_may_be_dressed),
        cmocka_unit_test(spellings_of_a_label_are_one),
        cmocka_unit_test(a_number_to_predict_is_no_class),
        cmocka_unit_test(a_column_that_numbers_the_rows_is_no_feature),
        cmocka_unit_test(a_class_of_a_few_rows_is_remarked),
        cmocka_unit_test(other_formats_are_named),
        cmocka_unit_test(json_has_a_configuration_too),
        cmocka_unit_test(fields_of_json_have_one_name_each),
        cmocka_unit_test(words_among_numbers_are_missing),
        cmocka_unit_test(texts_that_are_no_words_keep_a_category),
        cmocka_unit_test(few_numbers_with_words_are_a_list),
        cmocka_unit_test(texts_of_json_may_be_numbers),
        cmocka_unit_test(a_text_too_long_to_be_listed_is_told),
        cmocka_unit_test(a_number_of_nines_far_off_is_remarked),
        cmocka_unit_test(dates_are_times_or_remarked),
        cmocka_unit_test(a_column_that_tells_the_label_is_remarked),
        cmocka_unit_test(many_rare_classes_are_one_remark),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
