/* The record of an auto-label, written without a tree: there may be one for nearly every sample.
 *
 * Thread: workers write */
#include "route/auto_label.h"

#include <inttypes.h>

void auto_label_write(const struct auto_label *a, struct buf *out) {
    buf_printf(out, "{\"id\":\"%s\",\"sample_id\":", a->id);
    buf_json(out, a->sample_id);
    buf_printf(
        out, ",\"partition\":%" PRId32 ",\"offset\":%" PRId64 ",\"time_ms\":%" PRId64 ",\"class\":",
        a->partition, a->offset, a->time_ms);
    buf_json(out, a->class_);
    buf_str(out, ",\"probability\":");
    buf_float(out, a->probability);
    buf_printf(out, ",\"model\":%" PRIu64 ",\"certificate\":%" PRId64 "}", a->model,
               a->certificate);
}
