/* Model records: what is written reads back to the bit; bytes that are cut, changed or lie about
 * themselves are refused with a reason. */
#include "infer/model_record.h"

#include "models.h"

#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <string.h>

/* ---- round trip ---- */

static void assert_same_model(const struct model *a, const struct model *b) {
    const struct model_shape *s = &a->shape;
    assert_memory_equal(&a->shape, &b->shape, sizeof a->shape);
    assert_true(a->version == b->version && a->parent == b->parent &&
                a->fingerprint == b->fingerprint && a->rows == b->rows);
    assert_true(a->created_ms == b->created_ms && a->golden == b->golden);
    assert_string_equal(a->digest, b->digest);
    assert_true(text_equal(a->classes, b->classes) && text_equal(a->seen, b->seen));
    assert_memory_equal(a->mean, b->mean, s->d * sizeof *a->mean);
    assert_memory_equal(a->scale, b->scale, s->d * sizeof *a->scale);
    assert_memory_equal(a->log_unit, b->log_unit, s->d * sizeof *a->log_unit);
    assert_memory_equal(a->low, b->low, s->d * sizeof *a->low);
    assert_memory_equal(a->high, b->high, s->d * sizeof *a->high);
    assert_int_equal(a->codes, b->codes);
    if (a->codes) {
        assert_memory_equal(a->code_column, b->code_column, a->codes * sizeof *a->code_column);
        assert_memory_equal(a->code_weight, b->code_weight,
                            a->codes * s->k * sizeof *a->code_weight);
    }
    assert_int_equal(a->straight, b->straight);
    if (s->hinges)
        assert_memory_equal(a->hinge, b->hinge, HINGE_NUMBERS * s->hinges * sizeof *a->hinge);
    assert_memory_equal(a->mix, b->mix, s->members * sizeof *a->mix);
    assert_int_equal(!a->lapse, !b->lapse);
    if (a->lapse) assert_memory_equal(a->lapse, b->lapse, sizeof *a->lapse);
    assert_int_equal(!a->temperature, !b->temperature);
    if (a->temperature) assert_memory_equal(a->temperature, b->temperature, sizeof *a->temperature);
    for (size_t l = 0; l < s->layers; l++) {
        assert_memory_equal(a->weight[l], b->weight[l],
                            s->members * s->width[l] * s->width[l + 1] * sizeof(float));
        assert_memory_equal(a->bias[l], b->bias[l], s->members * s->width[l + 1] * sizeof(float));
    }
    assert_int_equal(!a->utility, !b->utility);
    if (a->utility) assert_memory_equal(a->utility, b->utility, MODEL_QUANTILES * sizeof(float));
    if (a->golden)
        assert_memory_equal(a->golden_row, b->golden_row, a->golden * s->d * sizeof(double));
    if (a->golden)
        assert_memory_equal(a->golden_prob, b->golden_prob, a->golden * s->k * sizeof(float));
}

static void check_round_trip(struct model *m) {
    struct buf bytes = {0}, again = {0};
    struct model *read = NULL;
    const char *why = NULL;
    model_write(m, "fraud \"a\"", &bytes);
    if (model_read(&read, buf_view(&bytes), &why) < 0) fail_msg("%s", why);
    assert_same_model(m, read);
    model_write(read, "fraud \"a\"", &again);
    assert_true(text_equal(buf_view(&bytes), buf_view(&again)));
    model_destroy(read);
    buf_release(&bytes);
    buf_release(&again);
}

/* A record of 0.1.0 has mean and scale only: no logarithm and no bounds. */
static void a_version_of_0_1_0_is_read(void **state) {
    (void)state;
    struct model *m = whole_model(1, 9), *read = NULL;
    double **later[] = {&m->log_unit,    &m->low,   &m->high,
                        &m->code_column, &m->lapse, &m->temperature};
    struct buf bytes = {0};
    const char *why = NULL;
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        free(*later[i]);
        *later[i] = NULL; // not written
    }
    free(m->code_weight);
    m->code_weight = NULL;
    m->codes = 0;
    model_write(m, "old", &bytes);
    if (model_read(&read, buf_view(&bytes), &why) < 0) fail_msg("%s", why);
    assert_true(!read->lapse && !read->temperature);
    for (size_t c = 0; c < read->shape.d; c++) {
        assert_true(read->log_unit[c] == 0 && !model_is_far(read, c, 1e300));
        assert_true(model_standardised(read, c, 1e300) == MODEL_CLIP);
        assert_true(model_standardised(read, c, read->mean[c]) == 0);
    }
    buf_release(&bytes);
    model_destroy(read);
    model_destroy(m);
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    for (size_t hidden = 0; hidden < MODEL_LAYERS_MAX; hidden++) {
        struct model *m = whole_model(hidden, 9);
        check_round_trip(m);
        free(m->utility);
        m->utility = NULL;
        m->golden = 0;
        check_round_trip(m);
        model_destroy(m);
    }
}

/* 8-byte length, header padded so that doubles lie aligned, our strings in "__metadata__": any
 * safetensors reader opens it. */
static void the_format_is_safetensors(void **state) {
    (void)state;
    struct model *m = whole_model(0, 9);
    struct buf bytes = {0};
    model_write(m, "fraud", &bytes);
    uint64_t length = 0;
    memcpy(&length, bytes.at, sizeof length);
    assert_int_equal(length % 8, 0);
    cJSON *header = cJSON_ParseWithLength(bytes.at + 8, (size_t)length);
    assert_non_null(header);
    const cJSON *metadata = cJSON_GetObjectItem(header, "__metadata__"), *item;
    cJSON_ArrayForEach(item, metadata) assert_true(cJSON_IsString(item));
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(metadata, "name")), "fraud");
    const cJSON *last =
        cJSON_GetObjectItem(cJSON_GetObjectItem(header, "golden.prob"), "data_offsets");
    assert_true(cJSON_GetArrayItem(last, 1)->valuedouble == (double)(bytes.len - 8 - length));
    unsigned char hash[32];
    char hex[65];
    assert_int_equal(
        EVP_Digest(bytes.at + 8 + length, bytes.len - 8 - length, hash, NULL, EVP_sha256(), NULL),
        1);
    for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(metadata, "sha256")), hex);
    cJSON_Delete(header);
    buf_release(&bytes);
    model_destroy(m);
}

/* ---- refusals ---- */

/* The reason, or NULL when it was read. The bytes lie in a block of their own size. */
static const char *reason(struct text record) {
    struct model *m = NULL;
    const char *why = NULL;
    char *exact = xmalloc(record.len ? record.len : 1);
    if (record.len) memcpy(exact, record.at, record.len);
    int result = model_read(&m, (struct text){exact, record.len}, &why);
    free(exact);
    model_destroy(m);
    if (result == 0) return NULL;
    assert_int_equal(result, ERR_CORRUPT);
    assert_null(m);
    assert_non_null(why);
    return why;
}

static struct buf written(size_t hidden) {
    struct model *m = whole_model(hidden, 9);
    struct buf bytes = {0};
    model_write(m, "fraud", &bytes);
    model_destroy(m);
    return bytes;
}

static void every_cut_is_refused(void **state) {
    (void)state;
    struct buf bytes = written(1);
    for (size_t n = 0; n < bytes.len; n++)
        if (!reason((struct text){bytes.at, n}))
            fail_msg("the first %zu of %zu bytes were taken for a model", n, bytes.len);
    buf_add(&bytes, "\0\0\0", 4);
    assert_non_null(strstr(reason(buf_view(&bytes)), "belong to no tensor"));
    buf_release(&bytes);
}

static void every_changed_byte_of_a_tensor_is_refused(void **state) {
    (void)state;
    struct buf bytes = written(0);
    uint64_t length = 0;
    memcpy(&length, bytes.at, sizeof length);
    for (size_t at = 8 + (size_t)length; at < bytes.len; at++) {
        bytes.at[at] ^= 0x10;
        const char *why = reason(buf_view(&bytes));
        if (!why || !strstr(why, "sha256")) fail_msg("byte %zu: %s", at, why ? why : "taken");
        bytes.at[at] ^= 0x10;
    }
    assert_null(reason(buf_view(&bytes)));
    buf_release(&bytes);
}

/* The record with `from` in its header replaced by `to`, its length set right again. */
static struct buf changed(const struct buf *bytes, const char *from, const char *to) {
    struct buf out = {0};
    uint64_t length = 0;
    memcpy(&length, bytes->at, sizeof length);
    char *header = bytes->at + 8, *found = memmem(header, (size_t)length, from, strlen(from));
    if (!found) fail_msg("the header has no %s", from);
    size_t before = (size_t)(found - header), after = (size_t)length - before - strlen(from);
    uint64_t now = before + strlen(to) + after;
    buf_add(&out, &now, sizeof now);
    buf_add(&out, header, before);
    buf_str(&out, to);
    buf_add(&out, found + strlen(from), after);
    buf_add(&out, header + length, bytes->len - 8 - (size_t)length);
    return out;
}

#define OFFSETS "\"data_offsets\":"
#define WEIGHT0 "\"layers.0.weight\":{\"dtype\":\"F32\",\"shape\":"

/* A model of 4 columns, 3 classes, 2 members, one hidden layer of 5: mean 0-32, scale 32-64, mix
 * 64-80, weight 80-240, bias 240-280. */
static const struct lie {
    const char *from, *to, *why;
} lies[] = {
    {"winnowd-model-1", "winnowd-model-2", "not a winnowd model"},
    {"\"format\"", "\"farmat\"", "not a winnowd model"},
    {"{\"__metadata__\"", "{{\"__metadata__\"", "not a JSON object"},
    {"{\"__metadata__\"", "[]{\"__metadata__\"", "not a JSON object"},
    {WEIGHT0 "[2,5,4]", WEIGHT0 "[2,5,5]", "not where the header says"},
    {WEIGHT0 "[2,5,4]", WEIGHT0 "[2,4,5]", "do not fit together"},
    {WEIGHT0 "[2,5,4]", WEIGHT0 "[40]", "no layers"},
    {WEIGHT0 "[2,5,4]", WEIGHT0 "[2,5,4,1]", "three dimensions"},
    {WEIGHT0 "[2,5,4]", WEIGHT0 "[2,5,-4]", "whole numbers"},
    {WEIGHT0 "[2,5,4]", WEIGHT0 "[2,5,4.5]", "whole numbers"},
    {WEIGHT0 "[2,5,4]", WEIGHT0 "[2,5,1e999]", "whole numbers"},
    {WEIGHT0 "[2,5,4]", WEIGHT0 "[2,5,\"4\"]", "whole numbers"},
    {WEIGHT0 "[2,5,4]", WEIGHT0 "[2,5,0]", "not where the header says"},
    {WEIGHT0 "[2,5,4]", WEIGHT0 "[2,5,1000]", "not where the header says"},
    {WEIGHT0 "[2,5,4]", WEIGHT0 "[2147483648,2147483648,4]", "not where the header says"},
    {WEIGHT0 "[2,5,4]", WEIGHT0 "[2147483648,2147483648,2147483648]", "not where the header says"},
    {WEIGHT0 "[2,5,4]", WEIGHT0 "[1,5,4]", "not where the header says"},
    {WEIGHT0, "\"layers.0.weights\":{\"dtype\":\"F32\",\"shape\":", "no layers"},
    {"\"mean\":{\"dtype\":\"F64\"", "\"mean\":{\"dtype\":\"F32\"", "not where the header says"},
    {"\"mean\":{\"dtype\":\"F64\",\"shape\":[4]", "\"mean\":{\"dtype\":\"F32\",\"shape\":[8]",
     "another type"},
    {"\"mean\":{\"dtype\":\"F64\",\"shape\":[4]", "\"mean\":{\"dtype\":\"F64\",\"shape\":[2,2]",
     "another shape"},
    {"\"mean\":{\"dtype\":\"F64\"", "\"mean\":{\"dtype\":64", "neither of type"},
    {"\"mean\":", "\"moan\":", "tensor is missing"},
    {"\"mean\":", "\"mean\":1,\"more\":", "neither of type"},
    {OFFSETS "[0,32]", OFFSETS "[-32,0]", "two whole numbers"},
    {OFFSETS "[0,32]", OFFSETS "[0.5,32.5]", "two whole numbers"},
    {OFFSETS "[0,32]", OFFSETS "[0]", "two whole numbers"},
    {OFFSETS "[0,32]", OFFSETS "[0,32,0]", "two whole numbers"},
    {OFFSETS "[0,32]", OFFSETS "{\"a\":0,\"b\":32}", "two whole numbers"},
    {OFFSETS "[0,32]", OFFSETS "[18446744073709551584,18446744073709551616]", "two whole numbers"},
    {OFFSETS "[0,32]", OFFSETS "[0,31]", "not where the header says"},
    {OFFSETS "[0,32]", OFFSETS "[32,0]", "not where the header says"},
    {OFFSETS "[0,32]", OFFSETS "[1000000,1000032]", "not where the header says"},
    {OFFSETS "[0,32]", OFFSETS "[1,33]", "overlap"},
    {OFFSETS "[0,32]", OFFSETS "[32,64]", "overlap"},
    {"\"mean\":", "\"extra\":{},\"mean\":", "neither of type"},
    {"\"mean\":", "\"scale\":{\"dtype\":\"F64\",\"shape\":[4]," OFFSETS "[32,64]},\"mean\":",
     "names a tensor twice"},
    {"\"low\":{\"dtype\":\"F64\",\"shape\":[4]", "\"low\":{\"dtype\":\"F64\",\"shape\":[2,2]",
     "another shape"},
    {"\"high\":{\"dtype\":\"F64\",\"shape\":[4]", "\"high\":{\"dtype\":\"F32\",\"shape\":[8]",
     "another type"},
    {"\"log_unit\":", "\"log_units\":", "something that no model has"},
    {"\"code.column\":{\"dtype\":\"F64\",\"shape\":[2]",
     "\"code.column\":{\"dtype\":\"F64\",\"shape\":[1,2]", "another shape"},
    {"\"code.weight\":{\"dtype\":\"F32\",\"shape\":[2,3]",
     "\"code.weight\":{\"dtype\":\"F32\",\"shape\":[3,2]", "another shape"},
    {"\"code.column\":", "\"code.columns\":", "another shape"},
    {"\"code.weight\":", "\"code.weights\":", "something that no model has"},
    {"\"utility\":", "\"futility\":", "something that no model has"},
    {"\"golden.prob\":", "\"golden.probe\":", "something that no model has"},
    {"\"golden.row\":{\"dtype\":\"F64\",\"shape\":[3,4]",
     "\"golden.row\":{\"dtype\":\"F64\",\"shape\":[5000,4]", "not where the header says"},
    {"\"version\":\"12345678901234567\"", "\"version\":\"99999999999999999999\"",
     "number of the metadata"},
    {"\"version\":\"12345678901234567\"", "\"version\":\"-1\"", "number of the metadata"},
    {"\"version\":\"12345678901234567\"", "\"version\":12", "number of the metadata"},
    {"\"rows\":\"321\"", "\"rows\":\"\"", "number of the metadata"},
    {"\"rows\":\"321\"", "\"rows\":\" 321\"", "number of the metadata"},
    {"\"fingerprint\":\"f", "\"fingerprint\":\"g", "number of the metadata"},
    {"\"created_ms\":\"1700000000123\"", "\"created_ms\":\"9999999999999999999\"",
     "number of the metadata"},
    {"\"sha256\":\"", "\"sha256\":\"0", "sha256"},
    {"\"sha256\":\"", "\"sha257\":\"", "sha256"},
};

static void every_lie_of_the_header_is_refused(void **state) {
    (void)state;
    struct buf bytes = written(1);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct buf bad = changed(&bytes, lies[i].from, lies[i].to);
        const char *why = reason(buf_view(&bad));
        if (!why || !strstr(why, lies[i].why))
            fail_msg("%s -> %s: %s", lies[i].from, lies[i].to, why ? why : "taken for a model");
        buf_release(&bad);
    }
    buf_release(&bytes);
}

/* The same of a model of one layer with three hinges. */
static const struct lie lies_of_hinges[] = {
    {"\"hinge\":{\"dtype\":\"F32\",\"shape\":[3,3]", "\"hinge\":{\"dtype\":\"F32\",\"shape\":[9]",
     "another shape"},
    {"\"hinge\":{\"dtype\":\"F32\",\"shape\":[3,3]", "\"hinge\":{\"dtype\":\"F32\",\"shape\":[9,1]",
     "another shape"},
    {"\"hinge\":", "\"hinges\":", "another shape"},
};

static void every_lie_of_hinges_is_refused(void **state) {
    (void)state;
    struct buf bytes = written(0);
    for (size_t i = 0; i < sizeof lies_of_hinges / sizeof *lies_of_hinges; i++) {
        struct buf bad = changed(&bytes, lies_of_hinges[i].from, lies_of_hinges[i].to);
        const char *why = reason(buf_view(&bad));
        if (!why || !strstr(why, lies_of_hinges[i].why))
            fail_msg("%s: %s", lies_of_hinges[i].to, why ? why : "taken for a model");
        buf_release(&bad);
    }
    buf_release(&bytes);
}

static void golden_rows_need_their_answers(void **state) {
    (void)state;
    struct model *m = whole_model(0, 9);
    struct buf bytes = {0};
    float *prob = m->golden_prob;
    m->golden_prob = NULL;
    model_write(m, "fraud", &bytes);
    assert_non_null(strstr(reason(buf_view(&bytes)), "without their answers"));
    m->golden_prob = prob;
    model_destroy(m);
    buf_release(&bytes);
}

static void golden_rows_are_bounded(void **state) {
    (void)state;
    struct model *m = whole_model(0, 9);
    struct buf bytes = {0};
    m->golden = MODEL_GOLDEN_MAX + 1;
    m->golden_row = xrealloc(m->golden_row, m->golden * m->shape.d * sizeof *m->golden_row);
    m->golden_prob = xrealloc(m->golden_prob, m->golden * m->shape.k * sizeof *m->golden_prob);
    memset(m->golden_row, 0, m->golden * m->shape.d * sizeof *m->golden_row);
    memset(m->golden_prob, 0, m->golden * m->shape.k * sizeof *m->golden_prob);
    model_write(m, "fraud", &bytes);
    assert_non_null(strstr(reason(buf_view(&bytes)), "too many golden rows"));
    model_destroy(m);
    buf_release(&bytes);
}

/* One layer, so many members: the record that a stranger may write. */
static struct buf record_of_members(size_t members, size_t golden) {
    struct buf header = {0}, out = {0};
    const size_t parts[] = {8, 8, 8 * members, 8 * members, 8 * members, 8 * golden, 8 * golden};
    static const char *const names[] = {
        "mean", "scale", "mix", "layers.0.weight", "layers.0.bias", "golden.row", "golden.prob"};
    size_t from = 0;
    buf_str(&header, "{\"__metadata__\":{\"format\":\"winnowd-model-1\"}");
    for (size_t i = 0; i < 7; i++) {
        bool wide = i < 3 || i == 5;
        buf_printf(&header, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", names[i],
                   wide ? "F64" : "F32");
        if (i < 2) buf_str(&header, "1");
        if (i == 2) buf_printf(&header, "%zu", members);
        if (i == 3) buf_printf(&header, "%zu,2,1", members);
        if (i == 4) buf_printf(&header, "%zu,2", members);
        if (i > 4) buf_printf(&header, "%zu,%d", golden, i == 5 ? 1 : 2);
        buf_printf(&header, "],\"data_offsets\":[%zu,%zu]}", from, from + parts[i]);
        from += parts[i];
    }
    buf_str(&header, "}");
    uint64_t length = header.len;
    buf_add(&out, &length, sizeof length);
    buf_text(&out, buf_view(&header));
    memset(buf_room(&out, from), 0, from);
    out.len += from;
    buf_release(&header);
    return out;
}

/* 80 MB: 2.5 million members, each computed 4,096 times, held the follower for longer than its
 * watchdog waits. */
static void members_are_bounded(void **state) {
    (void)state;
    struct buf bytes = record_of_members(2500000, MODEL_GOLDEN_MAX);
    assert_non_null(strstr(reason(buf_view(&bytes)), "larger than is accepted"));
    buf_release(&bytes);
    bytes = record_of_members(MEMBERS_MAX + 1, 1);
    assert_non_null(strstr(reason(buf_view(&bytes)), "larger than is accepted"));
    buf_release(&bytes);
    bytes = record_of_members(MEMBERS_MAX, 1); // as far as its metadata, which are missing
    assert_non_null(strstr(reason(buf_view(&bytes)), "metadata"));
    buf_release(&bytes);
}

static struct buf record_of_golden(size_t golden) {
    struct model_shape shape = shape_of_layers(4096, 3, 40, 1, 8);
    struct model *m = random_model(&shape, 3);
    struct buf bytes = {0};
    m->classes = owned(CLASSES_OF_3);
    m->golden = golden;
    m->golden_row = xcalloc(golden * shape.d, sizeof *m->golden_row);
    m->golden_prob = xcalloc(golden * shape.k, sizeof *m->golden_prob);
    model_write(m, "fraud", &bytes);
    model_destroy(m);
    return bytes;
}

static void the_work_of_a_check_is_bounded(void **state) {
    (void)state;
    const size_t weights = 40 * 8 * (4096 + 3), most = MODEL_CHECK_MOST / (weights + 40 * 3 * 8);
    struct buf bytes = record_of_golden(most + 1);
    assert_non_null(strstr(reason(buf_view(&bytes)), "too long to check"));
    buf_release(&bytes);
    bytes = record_of_golden(most);
    assert_null(reason(buf_view(&bytes)));
    buf_release(&bytes);
}

/* A control character is one byte when it comes, unescaped, and six when it is written. */
static void metadata_that_grow_when_written_are_refused(void **state) {
    (void)state;
    struct model *m = whole_model(0, 9), *back = NULL;
    const char *why = NULL;
    static const size_t lengths[] = {100000, 300000};
    for (size_t i = 0; i < 2; i++) {
        struct buf bytes = {0}, raw = {0};
        char *seen = xcalloc(lengths[i] + 1, 1);
        memset(seen, '~', lengths[i]);
        free((void *)m->seen.at);
        m->seen = text_of(seen);
        model_write(m, "fraud", &bytes);
        for (char *c = bytes.at; c < bytes.at + bytes.len; c++)
            if (*c == '~' && c[1] == '~') *c = '\1';
        assert_int_equal(model_read(&back, buf_view(&bytes), &why), i ? ERR_CORRUPT : 0);
        if (i) assert_non_null(strstr(why, "written again"));
        else {
            model_write(back, "fraud", &raw);
            model_destroy(back);
            assert_int_equal(model_read(&back, buf_view(&raw), &why), 0);
            model_destroy(back);
        }
        buf_release(&bytes);
        buf_release(&raw);
    }
    model_destroy(m);
}

static void a_header_length_that_lies_is_refused(void **state) {
    (void)state;
    struct buf bytes = written(0);
    const uint64_t lengths[] = {
        0,          1,         bytes.len - 8,  bytes.len - 7, bytes.len, 1u << 20, (1u << 20) + 1,
        UINT32_MAX, INT64_MAX, UINT64_MAX - 7, UINT64_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        memcpy(bytes.at, &lengths[i], sizeof lengths[i]);
        assert_non_null(reason(buf_view(&bytes)));
    }
    assert_non_null(reason((struct text){NULL, 0}));
    buf_release(&bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(a_version_of_0_1_0_is_read),
        cmocka_unit_test(the_format_is_safetensors),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(every_changed_byte_of_a_tensor_is_refused),
        cmocka_unit_test(every_lie_of_the_header_is_refused),
        cmocka_unit_test(every_lie_of_hinges_is_refused),
        cmocka_unit_test(golden_rows_need_their_answers),
        cmocka_unit_test(golden_rows_are_bounded),
        cmocka_unit_test(members_are_bounded),
        cmocka_unit_test(the_work_of_a_check_is_bounded),
        cmocka_unit_test(metadata_that_grow_when_written_are_refused),
        cmocka_unit_test(a_header_length_that_lies_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
