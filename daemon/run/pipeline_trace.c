/* Trace context through the queue: a task carries the `traceparent` and `tracestate` of the sample
 * it asks about, so that whoever traces the event finds the question and the answer in the same
 * trace. (Dead letters carry every header anyway.)
 *
 * Values pass unread: what they mean is the tracer's business. A value beyond 1 KiB is left out,
 * and a state without its parent, as the W3C recommendation "Trace Context" allows; a repeated
 * header counts by its last value. Only samples that somebody is asked about are looked at.
 *
 * Thread: worker thread */
#include "pipeline_private.h"

#include "kafka/consumer.h"

enum { VALUE_MAX = 1024 };

static const char *const name_of[TRACE_FIELDS] = {"traceparent", "tracestate"};

static void pipeline_trace_visit(struct text name, struct text value, void *opaque) {
    struct trace *t = opaque;
    for (size_t f = 0; f < TRACE_FIELDS; f++)
        if (text_equal(name, text_of(name_of[f])))
            t->field[f] = value.len && value.len <= VALUE_MAX ? value : (struct text){0};
}

struct trace trace_of(const struct record *r) {
    struct trace t = {0};
    record_headers(r, pipeline_trace_visit, &t);
    return t.field[TRACE_PARENT].at ? t : (struct trace){0};
}

void trace_put(const struct trace *t, struct cycle *cycle, struct producer_record *out) {
    if (!t->field[TRACE_PARENT].at) return;
    struct header *header = arena_take(&cycle->arena, TRACE_FIELDS * sizeof *header);
    size_t n = 0;
    for (size_t f = 0; f < TRACE_FIELDS; f++)
        if (t->field[f].at)
            header[n++] =
                (struct header){text_of(name_of[f]), arena_text(&cycle->arena, t->field[f])};
    out->header = header;
    out->headers = n;
}
