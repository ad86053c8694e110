/* libFuzzer target: any bytes as a model record are refused with a reason, or make a model that can
 * be checked, scored and written, and reads back the same.
 *
 * No fuzzer finds a SHA-256 by chance, so an input whose first byte is odd gets the right one put
 * into its header before it is read. clang -fsanitize=fuzzer,address,undefined ...
 * tests/fuzz/model.c */
#include "infer/model_record.h"
#include "model_again.h"

#include <openssl/evp.h>

enum { HEX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_digest(char *record, size_t size) {
    static const char key[] = "\"sha256\":\"";
    uint64_t length = 0;
    unsigned char hash[HEX / 2];
    if (size < 8) return;
    memcpy(&length, record, sizeof length);
    if (length > size - 8) return;
    char *end = record + 8 + length, *hex = memmem(record + 8, (size_t)length, key, sizeof key - 1);
    if (!hex || end - hex < (ptrdiff_t)(sizeof key - 1 + HEX)) return;
    hex += sizeof key - 1;
    CHECK(EVP_Digest(end, size - 8 - (size_t)length, hash, NULL, EVP_sha256(), NULL) == 1);
    for (size_t i = 0; i < HEX / 2; i++) {
        hex[2 * i] = "0123456789abcdef"[hash[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
    }
}

static void score(const struct model *m) {
    const char *why = NULL;
    const struct model_shape *s = &m->shape;
    float *scratch = xmalloc((model_scratch(s) + s->k) * sizeof *scratch);
    double *row = xcalloc(s->d, sizeof *row);
    bool sound = model_check(m, s->d, m->classes, m->fingerprint, &why) == 0;
    CHECK(sound || why);
    model_predict(m, row, scratch, NULL, scratch + model_scratch(s));
    for (size_t c = 0; sound && c < s->k; c++) {
        float prob = scratch[model_scratch(s) + c];
        CHECK(prob >= 0 && prob <= 1.001f);
    }
    free(row);
    free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct model *m = NULL;
    const char *why = NULL;
    if (size < 2) return 0;
    char *record = xmalloc(size - 1); // a block of its own: a byte read beyond the record is seen
    memcpy(record, data + 1, size - 1);
    if (data[0] & 1) set_digest(record, size - 1);
    int result = model_read(&m, (struct text){record, size - 1}, &why);
    CHECK(result == 0 ? m != NULL : result == ERR_CORRUPT && !m && why);
    if (m) {
        score(m);
        model_again(m);
    }
    model_destroy(m);
    free(record);
    return 0;
}
