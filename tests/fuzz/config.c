/* libFuzzer target: any bytes either make a configuration, which prints to one that parses again,
 * or give error lines.
 *
 * clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/config.c; seeds: config/. */
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct config *c = NULL, *again = NULL;
    struct buf errors = {0}, printed = {0};
    int result = config_parse(&c, "fuzz", (struct text){(const char *)data, size}, &errors);
    CHECK(result == 0 ? c && !errors.len : result == ERR_CONFIG && !c && errors.len);
    if (c) {
        config_print(c, &printed);
        CHECK(config_parse(&again, "printed", buf_view(&printed), &errors) == 0);
    }
    config_destroy(c);
    config_destroy(again);
    buf_release(&errors);
    buf_release(&printed);
    return 0;
}
