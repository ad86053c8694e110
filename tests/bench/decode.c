/* Bytes to rows: JSON, every decoder of ours beside cJSON as it is usually written (parse,
 * cJSON_GetObjectItemCaseSensitive, delete) and simdjson on demand (where it is installed), and the
 * same records in Avro behind a registry's header, numbers as doubles, texts as strings.
 *
 *   bench-decode SHAPE ROUNDS all in turn; a line "NAME ns ns ns ..." each: CPU time per sample of
 *   each round
 *   bench-decode SHAPE --instructions NAME SAMPLES samples inside counted(), for callgrind
 *   --toggle-collect=counted
 *
 * Shapes: a: id, time and 30 numbers of 2 to 4 decimals; A: the same with 17 significant digits; b:
 * nested, 12 numbers and 8 categories wanted, the rest ignored; c: id and an array of 784 numbers
 * of 5 decimals; v: the same as one feature of type vector; m: as a, its keys in two orders in turn
 * (what prediction cannot predict). Samples are generated, different, laid end to end. Before
 * anything is timed each decoder's rows are compared with cJSON's, bit for bit. */
#include "base/buf.h"
#include "base/rng.h"
#include "encode/features.h"
#include "simdjson_peer.h"

#include <cjson/cJSON.h>
#include <time.h>

enum { FIELDS_MAX = 784, HASH = 32, SAMPLES = 1000, NAMES = 6, AVRO = 4, SIMDJSON = 5 };

struct bench {
    char shape;
    struct feature_config field[FIELDS_MAX];
    size_t fields, samples, columns;
    struct features *features;
    struct decoder *decoder[NAMES];     // cJSON and simdjson have none
    struct simdjson_peer *simdjson;     // NULL: not here
    struct value value[FIELDS_MAX + 2]; // a vector's own, and one beyond its end
    struct buf json;
    struct text *sample; // (samples)
    struct buf avro;
    size_t *avro_at; // (samples + 1) where each begins
    double *row, *expected;
};

static const char *const names[NAMES] = {"cjson",        "portable", "avx2",
                                         "cjson-reader", "avro",     "simdjson"};
static const enum json_reader kinds[NAMES] = {JSON_READER_AUTO, JSON_READER_PORTABLE,
                                              JSON_READER_AVX2, JSON_READER_CJSON,
                                              JSON_READER_AUTO, JSON_READER_AUTO};

static struct rng rng = {.seed = 5};

static size_t below(size_t n) { return (size_t)rng_below(rng_next(&rng), n); }

/* ---- shapes ---- */

static void add_field(struct bench *b, int type, char *path) {
    b->field[b->fields++] = (struct feature_config){
        .name = path, .path = path, .type = type, .hash = type == FEATURE_CATEGORY ? HASH : 0};
}

static void fields_of(struct bench *b) {
    if (b->shape == 'v') {
        b->field[b->fields++] = (struct feature_config){.name = xstrdup("x"),
                                                        .path = xstrdup("/x"),
                                                        .type = FEATURE_VECTOR,
                                                        .size = FIELDS_MAX};
    } else if (b->shape == 'c') {
        for (int i = 0; i < 784; i++) add_field(b, FEATURE_NUMBER, xasprintf("/x/%d", i));
    } else if (b->shape == 'b') {
        for (int i = 0; i < 12; i++)
            add_field(b, FEATURE_NUMBER, xasprintf(i < 6 ? "/payment/n%d" : "/card/usage/n%d", i));
        for (int i = 0; i < 8; i++)
            add_field(b, FEATURE_CATEGORY, xasprintf(i < 4 ? "/merchant/c%d" : "/card/c%d", i));
    } else {
        for (int i = 0; i < 30; i++) add_field(b, FEATURE_NUMBER, xasprintf("/f%02d", i));
    }
}

static void write_flat(struct buf *j, bool long_numbers, bool backwards) {
    buf_printf(j, "{\"id\":\"p-%08zu\",\"ts\":%zu", below(100000000),
               1700000000000 + below(1000000000));
    for (int n = 0; n < 30; n++) {
        int i = backwards ? 29 - n : n;
        double x = rng_next_normal(&rng) * (i % 3 == 0 ? 100 : i % 3 == 1 ? 5 : 0.3);
        if (long_numbers) buf_printf(j, ",\"f%02d\":%.17g", i, x);
        else buf_printf(j, ",\"f%02d\":%.*f", i, 2 + (int)below(3), x);
    }
    buf_str(j, "}");
}

static void write_numbers(struct buf *j, int from, int to) {
    for (int i = from; i < to; i++)
        buf_printf(j, "%s\"n%d\":%.*f", i == from ? "" : ",", i, 1 + (int)below(3),
                   rng_next_unit(&rng) * 1000);
}

static void write_categories(struct buf *j, int from, int to) {
    static const char *const words[] = {"groceries",   "NL",   "visa", "contactless",
                                        "electronics", "none", "DE",   "subscription",
                                        "travel",      "chip"};
    for (int i = from; i < to; i++)
        buf_printf(j, "%s\"c%d\":\"%s\"", i == from ? "" : ",", i, words[below(10)]);
}

static void write_nested(struct buf *j) {
    buf_printf(j, "{\"id\":\"p-%08zu\",\"payment\":{", below(100000000));
    write_numbers(j, 0, 6);
    buf_str(j, "},\"merchant\":{");
    write_categories(j, 0, 4);
    buf_printf(j,
               ",\"name\":\"Shop "
               "%zu\"},\"trace\":{\"host\":\"node-%zu\",\"spans\":[{\"id\":%zu,\"ms\":%zu},{\"id\":"
               "%zu,\"ms\":%zu}],\"flags\":[true,false,null],\"path\":\"\\/v1\\/"
               "pay\",\"agent\":\"terminal 4.2 "
               "(en)\",\"headers\":{\"accept\":\"application/"
               "json\",\"retry\":0,\"region\":\"eu-central\",\"session\":\"5f0c81d2\"}},\"card\":{",
               below(1000), below(10), below(100000), below(900), below(100000), below(900));
    write_categories(j, 4, 8);
    buf_str(j, ",\"usage\":{");
    write_numbers(j, 6, 12);
    buf_str(j, "}}}");
}

static void write_array(struct buf *j) {
    buf_printf(j, "{\"id\":\"p-%08zu\",\"x\":[", below(100000000));
    for (int i = 0; i < 784; i++) buf_printf(j, "%s%.5f", i ? "," : "", rng_next_unit(&rng));
    buf_str(j, "]}");
}

static void write_sample(struct bench *b, size_t i) {
    switch (b->shape) {
    case 'b': write_nested(&b->json); break;
    case 'v':
    case 'c': write_array(&b->json); break;
    default: write_flat(&b->json, b->shape == 'A', b->shape == 'm' && i % 2);
    }
}

/* ---- the same in Avro ---- */

/* Of items of several kinds only nulls and booleans are mixed here. */
static bool mixed(const cJSON *list) {
    const cJSON *item;
    cJSON_ArrayForEach(item, list) if (item->type != list->child->type) return true;
    return false;
}

static void write_schema(const cJSON *j, size_t *names_n, struct buf *out) {
    const cJSON *item;
    if (cJSON_IsString(j)) buf_str(out, "\"string\"");
    else if (cJSON_IsBool(j)) buf_str(out, "\"boolean\"");
    else if (cJSON_IsNumber(j)) buf_str(out, "\"double\"");
    else if (cJSON_IsArray(j)) {
        buf_str(out, "{\"type\":\"array\",\"items\":");
        if (mixed(j)) buf_str(out, "[\"null\",\"boolean\"]");
        else write_schema(j->child, names_n, out);
        buf_str(out, "}");
    } else {
        buf_printf(out, "{\"type\":\"record\",\"name\":\"R%zu\",\"fields\":[", (*names_n)++);
        cJSON_ArrayForEach(item, j) {
            buf_printf(out, "%s{\"name\":\"%s\",\"type\":", item->prev->next ? "," : "",
                       item->string);
            write_schema(item, names_n, out);
            buf_str(out, "}");
        }
        buf_str(out, "]}");
    }
}

static void write_long(int64_t value, struct buf *out) {
    uint64_t v = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
    for (; v > 0x7F; v >>= 7) buf_add(out, &(char){(char)(v | 0x80)}, 1);
    buf_add(out, &(char){(char)v}, 1);
}

static void write_avro(const cJSON *j, struct buf *out) {
    const cJSON *item;
    bool either = cJSON_IsArray(j) && mixed(j);
    if (cJSON_IsString(j)) {
        write_long((int64_t)strlen(j->valuestring), out);
        buf_str(out, j->valuestring);
    } else if (cJSON_IsBool(j)) {
        buf_add(out, &(char){cJSON_IsTrue(j)}, 1);
    } else if (cJSON_IsNumber(j)) {
        buf_add(out, &j->valuedouble, sizeof j->valuedouble);
    }
    if (cJSON_IsArray(j)) write_long(cJSON_GetArraySize(j), out);
    cJSON_ArrayForEach(item, j) {
        if (either) write_long(!cJSON_IsNull(item), out);
        write_avro(item, out);
    }
    if (cJSON_IsArray(j)) write_long(0, out);
}

static void make_avro(struct bench *b) {
    struct buf schema = {0};
    size_t names_n = 0;
    b->avro_at = xcalloc(b->samples + 1, sizeof *b->avro_at);
    for (size_t i = 0; i < b->samples; i++) {
        cJSON *root = cJSON_ParseWithLength(b->sample[i].at, b->sample[i].len);
        if (i == 0) write_schema(root, &names_n, &schema);
        buf_add(&b->avro, "\0\0\0\0\x21", 5);
        write_avro(root, &b->avro);
        b->avro_at[i + 1] = b->avro.len;
        cJSON_Delete(root);
    }
    const struct text text = buf_view(&schema);
    decoder_learn(b->decoder[AVRO], 33, &(struct schema_source){SCHEMA_AVRO, &text, 1});
    buf_release(&schema);
}

static void one_category(const char *text, size_t n, double *row) {
    row[rng_below(rng_mix(hash_bytes(text, n)), HASH)] = 1;
}

static void make_simdjson(struct bench *b) {
#ifdef WINNOWD_SIMDJSON
    const char *name[FIELDS_MAX];
    for (size_t i = 0; i < b->fields; i++) name[i] = b->field[i].path + 1;
    b->simdjson = simdjson_peer_create(b->shape, name, b->fields, one_category, HASH);
    memset(buf_room(&b->json, SIMDJSON_PEER_PADDING), 0, SIMDJSON_PEER_PADDING);
#else
    (void)b;
#endif
}

/* counts: instructions, for which fewer will do. */
static void make(struct bench *b, bool counts) {
    fields_of(b);
    CHECK(features_create(&b->features, b->field, b->fields) == 0);
    b->columns = features_columns(b->features);
    for (size_t k = 1; k < SIMDJSON; k++) {
        struct decoder_options o = {features_paths(b->features),
                                    features_values(b->features),
                                    32,
                                    1 << 20,
                                    kinds[k],
                                    ADMIT_FORMAT_AUTO,
                                    k == AVRO};
        if (k == AVRO && b->shape == 'm') continue; // a record's fields have one order
        if (decoder_create(&b->decoder[k], &o) != 0) b->decoder[k] = NULL; // not on this processor
    }
    bool wide = b->shape == 'c' || b->shape == 'v';
    b->samples = counts ? SAMPLES : wide ? 512 : 8192;
    size_t *at = xcalloc(b->samples + 1, sizeof *at);
    for (size_t i = 0; i < b->samples; i++) {
        write_sample(b, i);
        at[i + 1] = b->json.len;
    }
    make_simdjson(b);
    b->sample = xcalloc(b->samples, sizeof *b->sample);
    for (size_t i = 0; i < b->samples; i++)
        b->sample[i] = (struct text){b->json.at + at[i], at[i + 1] - at[i]};
    free(at);
    if (b->decoder[AVRO]) make_avro(b);
    b->row = xcalloc(b->columns, sizeof *b->row);
    b->expected = xcalloc(b->columns, sizeof *b->expected);
}

/* ---- contenders ---- */

static void set_category(const cJSON *item, double *row) {
    one_category(item->valuestring, strlen(item->valuestring), row);
}

static const cJSON *get(const cJSON *object, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static void cjson_nested(const cJSON *root, double *row) {
    static const char *const numbers[] = {"n0", "n1", "n2", "n3", "n4",  "n5",
                                          "n6", "n7", "n8", "n9", "n10", "n11"};
    static const char *const categories[] = {"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"};
    const cJSON *payment = get(root, "payment"), *card = get(root, "card"),
                *usage = get(card, "usage"), *merchant = get(root, "merchant");
    for (int i = 0; i < 12; i++) row[i] = get(i < 6 ? payment : usage, numbers[i])->valuedouble;
    for (int i = 0; i < 8; i++)
        set_category(get(i < 4 ? merchant : card, categories[i]), row + 12 + HASH * i);
}

static void by_cjson(struct bench *b, struct text json, double *row) {
    cJSON *root = cJSON_ParseWithLength(json.at, json.len);
    const cJSON *item;
    CHECK(root);
    memset(row, 0, b->columns * sizeof *row);
    if (b->shape == 'b') cjson_nested(root, row);
    else if (b->shape == 'c' || b->shape == 'v')
        cJSON_ArrayForEach(item, get(root, "x")) *row++ = item->valuedouble;
    else
        for (size_t i = 0; i < b->fields; i++)
            row[i] = get(root, b->field[i].path + 1)->valuedouble;
    cJSON_Delete(root);
}

static void by_decoder(struct bench *b, size_t name, struct text json, double *row) {
    size_t field;
    CHECK(decoder_read(b->decoder[name], json, b->value) == REASON_NONE);
    CHECK(features_encode(b->features, b->value, row, &field, NULL) == REASON_NONE);
}

static void by_simdjson(struct bench *b, struct text json, double *row) {
#ifdef WINNOWD_SIMDJSON
    memset(row, 0, b->columns * sizeof *row);
    CHECK(simdjson_peer_read(b->simdjson, json.at, json.len, row));
#else
    (void)b, (void)json, (void)row;
#endif
}

static void decode(struct bench *b, size_t name, size_t i, double *row) {
    struct text value = b->sample[i];
    if (name == AVRO)
        value = (struct text){b->avro.at + b->avro_at[i], b->avro_at[i + 1] - b->avro_at[i]};
    if (name == 0) by_cjson(b, value, row);
    else if (name == SIMDJSON) by_simdjson(b, value, row);
    else by_decoder(b, name, value, row);
}

static bool here(const struct bench *b, size_t name) {
    return name == 0 || (name == SIMDJSON ? b->simdjson != NULL : b->decoder[name] != NULL);
}

/* ---- measuring ---- */

static void compare(struct bench *b) {
    for (size_t i = 0; i < b->samples; i++) {
        by_cjson(b, b->sample[i], b->expected);
        for (size_t name = 1; name < NAMES; name++) {
            if (!here(b, name)) continue;
            decode(b, name, i, b->row);
            CHECK(memcmp(b->row, b->expected, b->columns * sizeof *b->row) == 0);
        }
    }
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double one_round(struct bench *b, size_t name) {
    size_t passes = name == 0 || kinds[name] == JSON_READER_CJSON ? 1 : 8; // about as long, whoever
    double from = now();
    for (size_t p = 0; p < passes; p++)
        for (size_t i = 0; i < b->samples; i++) decode(b, name, i, b->row);
    return (now() - from) / (double)(passes * b->samples);
}

static void measure(struct bench *b, int rounds) {
    double *ns = xcalloc((size_t)rounds * NAMES, sizeof *ns);
    for (int r = -1; r < rounds; r++) // the first is to warm up
        for (size_t name = 0; name < NAMES; name++)
            if (here(b, name)) ns[(r < 0 ? 0 : (size_t)r) * NAMES + name] = one_round(b, name);
    double bytes = (double)b->json.len / (double)b->samples;
    printf("bytes %.0f\n", bytes);
    printf("bytes-avro %.0f\n", (double)b->avro.len / (double)b->samples);
    for (size_t name = 0; name < NAMES; name++) {
        if (!here(b, name)) continue;
        printf("%s", names[name]);
        for (int r = 0; r < rounds; r++) printf(" %.1f", ns[(size_t)r * NAMES + name]);
        printf("\n");
    }
    free(ns);
}

void counted(struct bench *b, size_t name);
__attribute__((noinline)) void counted(struct bench *b, size_t name) {
    for (size_t i = 1; i <= SAMPLES; i++) decode(b, name, i % b->samples, b->row);
}

int main(int argc, char **argv) {
    static struct bench b;
    if (argc < 3 || strlen(argv[1]) != 1 || !strchr("aAbcvm", *argv[1])) {
        fprintf(stderr, "usage: bench-decode a|A|b|c|v|m ROUNDS | --instructions NAME\n");
        return 64;
    }
    b.shape = *argv[1];
    bool counts = strcmp(argv[2], "--instructions") == 0;
    make(&b, counts);
    if (!counts) {
        compare(&b);
        measure(&b, atoi(argv[2]));
        return 0;
    }
    for (size_t name = 0; argc > 3 && name < NAMES; name++) {
        if (strcmp(argv[3], names[name]) != 0) continue;
        if (!here(&b, name)) return 69;
        decode(&b, name, 0, b.row);
        counted(&b, name);
        printf("%d samples\n", SAMPLES);
        return 0;
    }
    return 64;
}
