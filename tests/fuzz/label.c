/* libFuzzer target: any bytes as a label record, of our own shape and of one that section labels
 * tells, are refused with a reason, or read to what, written, reads back the same. clang
 * -fsanitize=fuzzer,address,undefined ... tests/fuzz/label.c */
#include "store/label.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char shape[] =
    "model: {classes: [a, b]}\nfeatures: [{name: x}]\n"
    "labels: {id: /i, sample_id: /s/0, label: /v/c, values: [true=a, 1=b, u=cannot_tell], "
    "time: /t, time_unit: us, annotator: /~1/~0, outcome: /o, source: /i}\n";

/* What label_write makes of it is of our own shape. */
static void read_back(const struct label *l, struct arena *arena) {
    struct buf out = {0};
    struct label back;
    const char *why = NULL;
    label_write(l, &out);
    CHECK(label_read(&back, NULL, buf_view(&out), (struct text){0}, 5, arena, &why) == 0);
    CHECK(back.outcome == l->outcome && back.revision == l->revision &&
          text_equal(back.data, l->data));
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct config *config;
    struct arena arena = {0};
    struct buf errors = {0};
    if (!config) CHECK(config_parse(&config, "shape", text_of(shape), &errors) == 0);
    const struct config *configs[] = {NULL, config};
    for (size_t i = 0; i < 2; i++) {
        struct label l;
        const char *why = NULL;
        struct text record = {(const char *)data, size};
        if (label_read(&l, configs[i], record, (struct text){0}, 5, &arena, &why) < 0)
            CHECK(why && *why);
        else read_back(&l, &arena);
    }
    buf_release(&errors);
    arena_release(&arena);
    return 0;
}
