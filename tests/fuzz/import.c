/* libFuzzer target: any bytes as a model from elsewhere are refused with one sentence, or make a
 * model that passes its check and can be scored. clang -fsanitize=fuzzer,address,undefined ...
 * tests/fuzz/import.c */
#include "infer/model_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const classes[] = {"no\nyes", "a\nb\nc"};
    for (size_t k = 2; k <= 3; k++) {
        const struct import_target target = {
            .d = 3, .k = k, .classes = text_of(classes[k - 2]), .fingerprint = 0xabc};
        struct model *m = NULL;
        struct buf why = {0};
        int result = model_import(&m, (struct text){(const char *)data, size}, &target, &why);
        CHECK(result == 0 ? m != NULL : !m && why.len);
        if (m) {
            const double row[3] = {1, -1e300, 1e300};
            float *scratch = xmalloc((model_scratch(&m->shape) + k) * sizeof *scratch);
            float *prob = scratch + model_scratch(&m->shape);
            model_predict(m, row, scratch, NULL, prob);
            for (size_t c = 0; c < k; c++) CHECK(prob[c] >= 0 && prob[c] <= 1.001f);
            free(scratch);
        }
        model_destroy(m);
        buf_release(&why);
    }
    return 0;
}
