/* libFuzzer target: any bytes as a label record are refused with a reason, or read to what,
 * written, reads back the same. clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/label.c */
#include "store/label.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena = {0};
    struct buf out = {0};
    struct label l, back;
    const char *why = NULL;
    if (label_read(&l, NULL, (struct text){(const char *)data, size}, (struct text){0}, 5, &arena,
                   &why) < 0) {
        CHECK(why && *why);
    } else {
        label_write(&l, &out);
        CHECK(label_read(&back, NULL, buf_view(&out), (struct text){0}, 5, &arena, &why) == 0);
        CHECK(back.outcome == l.outcome && back.revision == l.revision &&
              text_equal(back.data, l.data));
    }
    buf_release(&out);
    arena_release(&arena);
    return 0;
}
