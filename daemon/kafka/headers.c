/* The headers of a record that was read: from whoever may write to its topic, so nothing about them
 * is believed but their sizes, which the library has checked. A name may come twice, be empty, or
 * be another program's; a value may be absent or any bytes.
 *
 * Thread: that of the record's reader */
#include "kafka/consumer.h"
#include "kafka/topic_reader.h"

#include <librdkafka/rdkafka.h>

static void headers_visit(const rd_kafka_message_t *m,
                          void (*visit)(struct text, struct text, void *), void *opaque) {
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t size;
    if (!m || rd_kafka_message_headers(m, &headers)) return;
    for (size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &value, &size); i++)
        visit(text_of(name), (struct text){value, size}, opaque);
}

void record_headers(const struct record *r, void (*visit)(struct text, struct text, void *),
                    void *opaque) {
    headers_visit(r->message, visit, opaque);
}

void reader_headers(const struct reader_record *r, void (*visit)(struct text, struct text, void *),
                    void *opaque) {
    headers_visit(r->message, visit, opaque);
}

struct text reader_header(const struct reader_record *r, const char *name) {
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    if (rd_kafka_message_headers(r->message, &headers) ||
        rd_kafka_header_get_last(headers, name, &value, &size))
        return (struct text){0};
    return (struct text){value, size};
}
