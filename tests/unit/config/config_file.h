/* What the tests of the configuration share. */
#pragma once

#include "config/config.h"
#include "unit/test.h"

static inline struct config *parsed(const char *yaml) {
    struct config *c = NULL;
    struct buf errors = {0};
    int result = config_parse(&c, "t", text_of(yaml), &errors);
    if (result) fail_msg("%s\n%s", yaml, buf_string(&errors));
    assert_int_equal(errors.len, 0);
    buf_release(&errors);
    return c;
}

/* A file of the source tree; the caller frees. */
static inline char *file_text(const char *name) {
    char *path = xasprintf("%s/%s", SOURCE_DIR, name);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s is missing", path);
    struct buf b = {0};
    size_t n;
    while ((n = fread(buf_room(&b, 4096), 1, 4096, f)) > 0) b.len += n;
    fclose(f);
    free(path);
    buf_string(&b);
    return b.at;
}

/* An example of the source tree with brokers filled in; the caller frees. */
static inline char *example_text(const char *name) {
    static const char example[] = "kafka.example.org:9092", yours[] = "127.0.0.1:9092";
    char *text = file_text(name), *at = strstr(text, example);
    if (!at) fail_msg("%s names no brokers", name);
    memcpy(at, yours, sizeof yours - 1);
    memmove(at + sizeof yours - 1, at + sizeof example - 1, strlen(at + sizeof example - 1) + 1);
    return text;
}

static inline void expect_same(const struct config *a, const struct config *b) {
    struct buf changed = {0}, restart = {0};
    config_diff(a, b, &changed, &restart);
    assert_string_equal(buf_string(&changed), "");
    assert_string_equal(buf_string(&restart), "");
    buf_release(&changed);
    buf_release(&restart);
}
