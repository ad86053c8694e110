/* libFuzzer target: any bytes as a labelled file.
 *
 * The first byte chooses the options, the rest is the file. It is refused with one sentence, or its
 * rows are events: of CSV each is JSON without the label, twice the same, as many as dataset_rows
 * counts. The configuration made of it is one that the parser takes, and the remarks hold nothing
 * that steers a terminal and are told once. clang -fsanitize=fuzzer,address,undefined ...
 * tests/fuzz/dataset.c */
#include "data/dataset.h"

#include "base/json.h"
#include "config/config.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HASH_START = 5381, EVENT_BYTES = 1 << 20 };

struct pass {
    uint64_t rows, hash;
    int result;
};

static void pass_take(struct pass *p, struct text t) {
    for (size_t i = 0; i < t.len; i++) p->hash = p->hash * 33 + (unsigned char)t.at[i];
    p->hash = p->hash * 33 + (t.at != NULL);
}

static void check_event(const struct dataset_options *o, const struct dataset_sample *s) {
    struct arena arena = {0};
    cJSON *tree = json_parse(s->event, &arena);
    CHECK(s->event.len > EVENT_BYTES || (cJSON_IsObject(tree) && text_is_utf8(s->event)));
    CHECK(!o->label || !cJSON_GetObjectItemCaseSensitive(tree, o->label));
    cJSON_Delete(tree);
    arena_release(&arena);
}

static struct pass read_all(struct dataset *d, const struct dataset_options *o, bool json) {
    struct pass p = {.hash = HASH_START};
    struct dataset_sample s;
    struct buf why = {0};
    while ((p.result = dataset_next(d, &s, &why)) == 1) {
        CHECK(s.row == ++p.rows && s.id.at && s.id.len);
        if (!json) check_event(o, &s);
        pass_take(&p, s.event);
        pass_take(&p, s.id);
        pass_take(&p, s.label);
    }
    CHECK((p.result == 0) == (why.len == 0));
    buf_release(&why);
    return p;
}

static void check_remarks(struct dataset *d) {
    const char *lines = dataset_remarks(d);
    for (struct text rest = text_of(lines); rest.len;) {
        size_t n = text_utf8(rest);
        CHECK(n && (*rest.at == '\n' || !text_steers(text_code_point(rest.at, n))));
        rest = (struct text){rest.at + n, rest.len - n};
    }
    CHECK(!*dataset_remarks(d));
}

static void check_config(struct dataset *d) {
    struct buf yaml = {0}, why = {0}, errors = {0};
    struct config *c = NULL;
    buf_str(&yaml, "kafka:\n  brokers: \"127.0.0.1:1\"\n");
    if (dataset_config(d, &yaml, &why) == 0)
        CHECK(config_parse(&c, "fuzz", buf_view(&yaml), &errors) == 0);
    else CHECK(why.len);
    config_destroy(c);
    buf_release(&yaml);
    buf_release(&why);
    buf_release(&errors);
}

static struct dataset_options options_of(uint8_t bits, const char *file) {
    return (struct dataset_options){.file = file,
                                    .label = bits & 1 ? "y" : NULL,
                                    .id = bits & 2 ? "id" : NULL,
                                    .drop = bits & 4 ? "a,b" : NULL,
                                    .no_header = bits & 8,
                                    .exact_labels = bits & 16,
                                    .separator = bits & 32 ? ";" : NULL,
                                    .limit = bits & 64 ? 3 : 0};
}

static bool begins_json(const uint8_t *data, size_t size) {
    size_t at = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (at < size && json_is_space((char)data[at])) at++;
    return at < size && (data[at] == '{' || data[at] == '[');
}

static void check_file(const struct dataset_options *o, bool json) {
    struct dataset *d = NULL, *again = NULL;
    struct buf why = {0};
    int result = dataset_open(&d, o, &why);
    CHECK(result == 0 ? d && !why.len : !d && why.len);
    if (result == 0) {
        if (o->label) check_config(d);
        struct pass one = read_all(d, o, json);
        check_remarks(d);
        CHECK(one.result < 0 || dataset_rows(d) == one.rows);
        CHECK(dataset_open(&again, o, &why) == 0);
        struct pass two = read_all(again, o, json);
        CHECK(one.rows == two.rows && one.hash == two.hash && one.result == two.result);
    }
    dataset_close(d);
    dataset_close(again);
    buf_release(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char file[64];
    static int fd = -1;
    if (!size) return 0;
    if (fd < 0) {
        fd = memfd_create("dataset", 0);
        snprintf(file, sizeof file, "/proc/self/fd/%d", fd);
    }
    CHECK(fd >= 0 && ftruncate(fd, 0) == 0);
    CHECK(pwrite(fd, data + 1, size - 1, 0) == (ssize_t)(size - 1));
    const struct dataset_options o = options_of(data[0], file);
    check_file(&o, begins_json(data + 1, size - 1));
    return 0;
}
