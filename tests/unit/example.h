/* The examples of docs/FORMATS.md are real output: each stands in a fence behind a line "<!--
 * example: NAME -->", and the test of its writer compares them. */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "unit/test.h"

/* The lines inside the fence, joined without their newlines. The caller releases *out. */
static inline void example_read(const char *name, struct buf *out) {
    FILE *f = fopen(SOURCE_DIR "/docs/FORMATS.md", "r");
    assert_non_null(f);
    char marker[64], *line = NULL;
    size_t cap = 0;
    int fences = -1; // -1: before the marker
    snprintf(marker, sizeof marker, "<!-- example: %s -->\n", name);
    for (ssize_t n; fences < 2 && (n = getline(&line, &cap, f)) > 0;) {
        if (fences < 0) fences += strcmp(line, marker) == 0;
        else if (strncmp(line, "```", 3) == 0) fences++;
        else if (fences == 1) buf_add(out, line, (size_t)n - (line[n - 1] == '\n'));
    }
    free(line);
    fclose(f);
    if (fences != 2) fail_msg("docs/FORMATS.md has no example %s", name);
}

static inline void example_check(const char *name, const struct buf *written) {
    struct buf expected = {0};
    example_read(name, &expected);
    if (!text_equal(buf_view(&expected), buf_view(written)))
        fail_msg("docs/FORMATS.md, example %s; the writer says:\n%.*s", name, (int)written->len,
                 written->at);
    buf_release(&expected);
}
