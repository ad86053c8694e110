/* What a test of a command catches of standard output and error. One capture at a time. */
#pragma once

#include "base/error.h"

#include <stdio.h>
#include <unistd.h>

struct capture {
    int keep[2];
    FILE *to;
};

static inline void capture_begin(struct capture *c) {
    fflush(NULL);
    c->to = tmpfile();
    CHECK(c->to);
    for (int i = 0; i < 2; i++) {
        c->keep[i] = dup(i + 1);
        dup2(fileno(c->to), i + 1);
    }
}

/* Gives the two back; what was printed lands in `said`, cut to size - 1. */
static inline void capture_end(struct capture *c, char *said, size_t size) {
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        dup2(c->keep[i], i + 1);
        close(c->keep[i]);
    }
    rewind(c->to);
    said[fread(said, 1, size - 1, c->to)] = '\0';
    fclose(c->to);
}
