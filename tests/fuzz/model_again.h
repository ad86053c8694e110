/* A version that was read is written and read once more: the same bytes. Thread: any thread */
#pragma once

#include "infer/model_record.h"

static void model_again(struct model *m) {
    struct model *again = NULL;
    struct buf first = {0}, second = {0};
    const char *why = NULL;
    model_write(m, "fuzz", &first);
    CHECK(model_read(&again, buf_view(&first), &why) == 0);
    model_write(again, "fuzz", &second);
    CHECK(text_equal(buf_view(&first), buf_view(&second)));
    model_destroy(again);
    buf_release(&first);
    buf_release(&second);
}
