/* What a model must be made for is told by the configuration alone: no broker is asked. */
#include "command/command.h"

#include "unit/capture.h"
#include "unit/test.h"

#include <cjson/cJSON.h>
#include <string.h>

static char said[1 << 14], file[64];

static int run(const char *more) {
    static char name[] = "model", c[] = "-c", verb[] = "fingerprint", json[] = "--json";
    char *argv[6] = {name, verb, c, file};
    int argc = 4;
    if (*more) argv[argc++] = json;
    struct capture capture;
    capture_begin(&capture);
    int code = command_model(argc, argv);
    capture_end(&capture, said, sizeof said);
    return code;
}

static void columns_are_named_in_their_order(void **state) {
    (void)state;
    static const char yaml[] = "kafka: {brokers: '127.0.0.1:1'}\n"
                               "model: {classes: [ok, bad], upstream: {probability: /score}}\n"
                               "features:\n  - {name: amount, missing: true}\n"
                               "  - {name: country, type: category, values: [NL, DE]}\n"
                               "  - {name: shop, type: category, hash: 2, missing: true}\n  - "
                               "{name: vip, type: boolean}\n";
    static const char *const names[] = {"amount", "amount?", "country=NL", "country=DE", "shop#0",
                                        "shop#1", "shop?",   "vip",        "upstream"};
    snprintf(file, sizeof file, "/tmp/winnowd-model-%d.yaml", (int)getpid());
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs(yaml, f);
    fclose(f);
    assert_int_equal(run("json"), 0);
    cJSON *tree = cJSON_Parse(said), *columns = cJSON_GetObjectItem(tree, "columns");
    assert_int_equal(cJSON_GetArraySize(columns), sizeof names / sizeof *names);
    for (int i = 0; i < cJSON_GetArraySize(columns); i++)
        assert_string_equal(cJSON_GetArrayItem(columns, i)->valuestring, names[i]);
    const char *fingerprint = cJSON_GetStringValue(cJSON_GetObjectItem(tree, "fingerprint"));
    assert_int_equal(strlen(fingerprint), 16);
    assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(tree, "classes"), 1)->valuestring,
                        "bad");
    char copy[17];
    snprintf(copy, sizeof copy, "%s", fingerprint);
    cJSON_Delete(tree);
    assert_int_equal(run(""), 0);
    assert_non_null(strstr(said, copy));
    assert_non_null(strstr(said, "column 2     \"country=NL\"\n"));
    remove(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(columns_are_named_in_their_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
