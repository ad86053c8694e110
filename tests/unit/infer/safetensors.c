/* The container: what is written reads back to the bit, and a file that lies about itself is
 * refused with the sentence and the tensor that is meant. What a model must hold is asked in
 * record.c and import.c. */
#include "infer/safetensors.h"

#include "unit/test.h"

static const double numbers[4] = {1, -2.5, 0.1, 1e300};
static const float halves[2] = {0.5f, -0.5f};

static struct buf file_of_two(void) {
    const struct safetensor tensor[] = {
        {.name = "wide", .wide = true, .dimensions = 2, .shape = {2, 2}, .at = (void *)numbers},
        {.name = "narrow", .dimensions = 1, .shape = {2}, .at = (void *)halves}};
    struct buf out = {0};
    safetensors_write(TEXT("{\"made_by\":\"a test\"}"), tensor, 2, &out);
    return out;
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    struct buf bytes = file_of_two();
    struct safetensors s;
    assert_int_equal(safetensors_open(&s, buf_view(&bytes)), 0);
    assert_int_equal(s.n, 2);
    assert_string_equal(safetensors_metadata(&s, "made_by"), "a test");
    assert_null(safetensors_metadata(&s, "made_for"));
    const struct safetensor *wide = safetensors_find(&s, "wide"),
                            *narrow = safetensors_find(&s, "narrow");
    assert_int_equal(safetensor_numbers(wide), 4);
    assert_int_equal(safetensor_bytes(narrow), sizeof halves);
    for (size_t i = 0; i < 4; i++) assert_true(safetensor_value(wide, i) == numbers[i]);
    for (size_t i = 0; i < 2; i++) assert_true(safetensor_value(narrow, i) == (double)halves[i]);
    assert_null(safetensors_find(&s, "none"));
    safetensors_close(&s);
    buf_release(&bytes);
}

#define METADATA "{\"__metadata__\":{}"
#define A(offsets) ",\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" offsets "}"
#define B(offsets) ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" offsets "}"

/* Each with eight bytes of data. */
static const struct {
    const char *header, *why, *guilty;
} files[] = {
    {METADATA A("[0,4]") B("[4,8]") "}", NULL, NULL},
    {METADATA B("[4,8]") A("[0,4]") "}", NULL, NULL}, // in whatever order
    {METADATA A("[0,4]") B("[2,6]") "}", "overlap", "b"},
    {METADATA A("[0,4]") B("[0,4]") "}", "overlap", "b"},
    {METADATA A("[0,4]") "}", "belong to no tensor", NULL},
    {METADATA A("[0,4]") A("[4,8]") "}", "twice", "a"},
    {METADATA ",\"__metadata__\":{}" A("[0,4]") B("[4,8]") "}", "metadata stand there twice", NULL},
    {METADATA A("[0,4]") B("[8,12]") "}", "not where", "b"},
    {METADATA A("[0,4]") ",\"b\":[]}", "neither of type", "b"},
    {METADATA ",\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", "neither of type",
     "a"},
    {METADATA ",\"a\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]}}", "three dimensions",
     "a"},
    {"[]", "not a JSON object", NULL},
};

static struct buf file_with(const char *header) {
    struct buf out = {0};
    const uint64_t length = strlen(header), data = 0;
    buf_add(&out, &length, sizeof length);
    buf_str(&out, header);
    buf_add(&out, &data, sizeof data);
    return out;
}

static void a_file_that_lies_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct buf bytes = file_with(files[i].header);
        struct safetensors s;
        int result = safetensors_open(&s, buf_view(&bytes));
        assert_int_equal(result, files[i].why ? ERR_CORRUPT : 0);
        if (files[i].why && !strstr(s.why, files[i].why))
            fail_msg("%s: %s", files[i].header, s.why);
        if (files[i].guilty) assert_string_equal(s.guilty, files[i].guilty);
        else assert_null(s.guilty);
        safetensors_close(&s);
        buf_release(&bytes);
    }
}

static void more_tensors_than_there_is_room_for_are_refused(void **state) {
    (void)state;
    struct buf header = {0};
    buf_str(&header, METADATA A("[0,4]") B("[4,8]"));
    for (int i = 0; i < SAFETENSORS_TENSORS; i++)
        buf_printf(&header, ",\"t%d\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[8,8]}", i);
    buf_str(&header, "}");
    struct buf bytes = file_with(buf_string(&header));
    struct safetensors s;
    assert_int_equal(safetensors_open(&s, buf_view(&bytes)), ERR_CORRUPT);
    assert_non_null(strstr(s.why, "more tensors"));
    safetensors_close(&s);
    buf_release(&bytes);
    buf_release(&header);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(a_file_that_lies_is_refused),
        cmocka_unit_test(more_tensors_than_there_is_room_for_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
